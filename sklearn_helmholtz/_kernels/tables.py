"""Products of states in {0, 1} with a float32 matrix, without multiplication: tables of sums.

Groups of 4 inputs are summed from left to right, and the sums of 8 groups, from left to right, are
added to the running sum, which starts at the intercept. Real inputs go through `dense`, which adds
in the same order: a row of zeros and ones has the same product, to the bit, through either.

A gradient is a product as well: of the transposed inputs with the errors of the units. States are
packed along the units for one and along the rows for the other.
"""

import numpy as np
from numba import boolean, float32, int64, uint8, uint32

from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .lanes import LANES, load, load_eight, load_first, store, store_first
from .transposition import turn_square

GROUP = 4  # inputs that share a table of 16 sums
SPAN = 32  # inputs whose tables are made together: 8 groups
WIDTH = 2 * LANES  # columns at a time, so that the tables of a span (16 KB) stay near the core
N_GROUPS = SPAN // GROUP
_TABLE = 16 * WIDTH
_LINE = 64  # bytes of a cache line: lanes that straddle lines cost twice
_FLOAT = 4  # bytes of a float32
_MANY_SPANS = 5  # from which on it pays to keep the sums of all rows together
_ZERO = np.float32(0)
_NIBBLE = np.uint32(15)
_G1, _G2, _G3, _G4, _G5, _G6, _G7 = (np.uint32(GROUP * g) for g in range(1, N_GROUPS))
_GATHER, _TOP_BYTE = np.uint64(0x0102040810204080), np.uint64(56)


@helper
def aligned(n):
    """``n`` zeros of float32 that start at a cache line."""
    memory = np.zeros(n + _LINE // _FLOAT, np.float32)
    start = (-memory.ctypes.data % _LINE) // _FLOAT
    return memory[start : start + n]


@helper
def table_room():
    """Memory for the tables of a span."""
    return aligned(N_GROUPS * _TABLE)


@routine
def write_row_words(states, words, m0):
    """The states of 32 neighbouring units of a row as the bits of a word, in zeros from m0 on.

    states : (n_rows, n_units), zeros and ones; words : (n_spans, _). Multiplication puts the bits
    of 8 bytes side by side in the highest byte.
    """
    n_rows, n_units = states.shape
    flat = states.reshape(-1)
    full = n_units - n_units % 8
    for m in range(n_rows):
        for k in range(0, full, 8):
            bits = load_eight(flat, m * n_units + k) * _GATHER >> _TOP_BYTE
            words[k // SPAN, m0 + m] |= uint32(bits) << uint32(k % SPAN)
        for k in range(full, n_units):
            words[k // SPAN, m0 + m] |= uint32(states[m, k]) << uint32(k % SPAN)


@helper
def zero_words(n_units, n_rows):
    """Words (n_spans, n_rows) uint32 without a bit; a span of them where there are no units."""
    return np.zeros((max(-(-n_units // SPAN), 1), n_rows), np.uint32)


@routine
def row_words(states):
    """The states of rows as words, (n_spans, n_rows) uint32, as of `write_row_words`."""
    words = zero_words(states.shape[1], states.shape[0])
    write_row_words(states, words, states.shape[0] - states.shape[0])
    return words


@routine
def column_words(states):
    """The states of a unit in 32 neighbouring rows as the bits of a word: (n_spans, n_units)."""
    n_rows, n_units = states.shape
    words = np.zeros((max(-(-n_rows // SPAN), 1), n_units), np.uint32)
    for m in range(n_rows):
        row, target, place = states[m], words[m // SPAN], uint32(m % SPAN)
        for k in range(n_units):
            target[k] |= uint32(row[k]) << place
    return words


@helper
def _tabulate(x, y, z, w, table, t):
    """All sums of 4 vectors, each added from left to right, at every WIDTH-th place from t on."""
    xy, xz, yz = x + y, x + z, y + z
    xyz = xy + z
    store(table, t + WIDTH, x)
    store(table, t + 2 * WIDTH, y)
    store(table, t + 3 * WIDTH, xy)
    store(table, t + 4 * WIDTH, z)
    store(table, t + 5 * WIDTH, xz)
    store(table, t + 6 * WIDTH, yz)
    store(table, t + 7 * WIDTH, xyz)
    store(table, t + 8 * WIDTH, w)
    store(table, t + 9 * WIDTH, x + w)
    store(table, t + 10 * WIDTH, y + w)
    store(table, t + 11 * WIDTH, xy + w)
    store(table, t + 12 * WIDTH, z + w)
    store(table, t + 13 * WIDTH, xz + w)
    store(table, t + 14 * WIDTH, yz + w)
    store(table, t + 15 * WIDTH, xyz + w)


@helper
def _tabulate_span(matrix, n_rows, stride, k0, j0, width, tables):
    """Tables of 8 groups of rows from k0 on, for the columns j0 to j0 + width - 1."""
    for g in range(N_GROUPS):
        k = k0 + GROUP * g
        if k >= n_rows:
            break
        for v in range(0, width, LANES):
            t, a, n = g * _TABLE + v, k * stride + j0 + v, min(width - v, LANES)
            if k + GROUP <= n_rows and n == LANES:
                x, y = load(matrix, a), load(matrix, a + stride)
                z, w = load(matrix, a + 2 * stride), load(matrix, a + 3 * stride)
            else:
                x = load_first(matrix, a, n)
                y = load_first(matrix, a + stride, n if k + 1 < n_rows else 0)
                z = load_first(matrix, a + 2 * stride, n if k + 2 < n_rows else 0)
                w = load_first(matrix, a + 3 * stride, n if k + 3 < n_rows else 0)
            _tabulate(x, y, z, w, tables, t)


@helper
def _fill_transposed(matrix, n_inputs, n_units, k0, j0, width, panel):
    """Copy inputs k0 to k0 + 31 of WIDTH units from j0 on, zeros past the matrix's edges.

    matrix : (n_units, n_inputs), flat; panel : (SPAN, WIDTH), flat: the other way round.
    """
    n = min(SPAN, n_inputs - k0)
    if n < SPAN or width < WIDTH:
        panel[:] = _ZERO
    for j in range(0, width, LANES):
        for i in range(0, n, LANES):
            turn_square(matrix, n_units, n_inputs, j0 + j, k0 + i, panel, i * WIDTH + j, WIDTH)


@helper
def _chosen(tables, t, a, b, c, d, e, f, g, h):
    """The sum of one entry from each of 8 tables, from left to right."""
    low = load(tables, a + t) + load(tables, b + t) + load(tables, c + t) + load(tables, d + t)
    low = low + load(tables, e + t) + load(tables, f + t)
    return low + load(tables, g + t) + load(tables, h + t)


@routine
def _look_up(words, tables, low, high, fresh, sums, s0, stride):
    """Add to WIDTH sums of each row what its states choose; fresh sums start at low and high."""
    for m in range(words.shape[0]):
        word = words[m]
        o = s0 + m * stride
        p0 = int64(word & _NIBBLE) * WIDTH
        p1 = int64(word >> _G1 & _NIBBLE) * WIDTH + _TABLE
        p2 = int64(word >> _G2 & _NIBBLE) * WIDTH + 2 * _TABLE
        p3 = int64(word >> _G3 & _NIBBLE) * WIDTH + 3 * _TABLE
        p4 = int64(word >> _G4 & _NIBBLE) * WIDTH + 4 * _TABLE
        p5 = int64(word >> _G5 & _NIBBLE) * WIDTH + 5 * _TABLE
        p6 = int64(word >> _G6 & _NIBBLE) * WIDTH + 6 * _TABLE
        p7 = int64(word >> _G7 & _NIBBLE) * WIDTH + 7 * _TABLE
        for t in range(0, WIDTH, LANES):
            start = high if t else low
            if not fresh:
                start = load(sums, o + t)
            store(sums, o + t, start + _chosen(tables, t, p0, p1, p2, p3, p4, p5, p6, p7))


@routine
def _look_up_two(words, tables, low, high, fresh, sums, s0, stride):
    """As `_look_up`, where only the first 2 groups have inputs."""
    for m in range(words.shape[0]):
        word = words[m]
        o = s0 + m * stride
        p0 = int64(word & _NIBBLE) * WIDTH
        p1 = int64(word >> _G1 & _NIBBLE) * WIDTH + _TABLE
        for t in range(0, WIDTH, LANES):
            start = high if t else low
            if not fresh:
                start = load(sums, o + t)
            store(sums, o + t, start + (load(tables, p0 + t) + load(tables, p1 + t)))


@helper
def start_of(intercept, j0, width):
    """The intercepts of the columns from j0 on, zeros past the width."""
    n = min(width, LANES)
    return load_first(intercept, j0, n), load_first(intercept, j0 + LANES, width - n)


@routine
def add_tables(words, matrix, n_inputs, n_units, j0, low, high, fresh, tables, sums, s0, stride):
    """Sums of the columns from j0 on, for all rows, span by span.

    Each span overwrites ``tables`` and is looked up by all rows before the next is made. Row m has
    its sums at ``s0 + m * stride``; the first span writes them where they are fresh, starting from
    low and high, and adds like all later ones where they are not. ``tables`` keeps entries of the
    span before for groups past the matrix's edge: their bits in ``words`` are zero, which choose
    the entry that stays 0.
    """
    width = min(WIDTH, n_units - j0)
    for s in range(words.shape[0]):
        _tabulate_span(matrix, n_inputs, n_units, SPAN * s, j0, width, tables)
        first, left = fresh and s == 0, n_inputs - SPAN * s
        if left <= 2 * GROUP:
            _look_up_two(words[s], tables, low, high, first, sums, s0, stride)
        else:
            _look_up(words[s], tables, low, high, first, sums, s0, stride)


@routine
def add_transposed(words, matrix, n_inputs, n_units, j0, low, high, panel, tables, sums):
    """As `add_tables`, for a matrix (n_units, n_inputs); the sums are fresh, and lie together."""
    width = min(WIDTH, n_units - j0)
    for s in range(words.shape[0]):
        _fill_transposed(matrix, n_inputs, n_units, SPAN * s, j0, width, panel)
        _tabulate_span(panel, SPAN, WIDTH, 0, 0, WIDTH, tables)
        if n_inputs - SPAN * s <= 2 * GROUP:
            _look_up_two(words[s], tables, low, high, s == 0, sums, 0, WIDTH)
        else:
            _look_up(words[s], tables, low, high, s == 0, sums, 0, WIDTH)


@helper
def copy_columns(source, s0, source_stride, target, t0, target_stride, n_rows, width):
    """Copy up to WIDTH columns."""
    for m in range(n_rows):
        s, t = s0 + m * source_stride, t0 + m * target_stride
        if width == WIDTH:
            store(target, t, load(source, s))
            store(target, t + LANES, load(source, s + LANES))
        else:
            n = min(width, LANES)
            store_first(target, t, load_first(source, s, n), n)
            store_first(target, t + LANES, load_first(source, s + LANES, width - n), width - n)


@routine
def _table_sums(words, matrix, intercept, fresh, out):
    """``out = intercept + states @ matrix``, or ``out += states @ matrix`` if it is not fresh."""
    n_rows = words.shape[1]
    n_inputs, n_units = matrix.shape
    entries, target = matrix.reshape(-1), out.reshape(-1)
    tables = table_room()
    apart = aligned(n_rows * WIDTH)  # room for sums that are not added up where they belong
    for j0 in range(0, n_units, WIDTH):
        width = min(WIDTH, n_units - j0)
        whole = width == WIDTH and words.shape[0] < _MANY_SPANS
        sums, s0, stride = target, j0, n_units
        if not whole:
            sums, s0, stride = apart, 0, WIDTH
            if not fresh:
                copy_columns(target, j0, n_units, apart, 0, WIDTH, n_rows, width)
        low, high = start_of(intercept, j0, width)
        add_tables(
            words, entries, n_inputs, n_units, j0, low, high, fresh, tables, sums, s0, stride
        )
        if not whole:
            copy_columns(apart, 0, WIDTH, target, j0, n_units, n_rows, width)


def _table_product(states, matrix, intercept, out):
    """``intercept + states @ matrix`` for states in {0, 1}, without multiplication.

    For every 4 rows of the matrix the 16 possible sums are tabulated; the 4 state bits of a row
    choose one. states : (n_rows, n_inputs); matrix : (n_inputs, n_units); intercept : (n_units,);
    out : (n_rows, n_units).
    """
    # A copy of the intercept is not read-only, like the zeros of a gradient: one type for both.
    _table_sums(row_words(states), matrix, intercept.copy(), opaque_true(out.shape[0]), out)


def _table_gradient(states, error, fresh, by_matrix, by_intercept):
    """The derivatives ``states.T @ error`` and ``sum error``; added to the outputs if not fresh.

    states : (n_rows, n_inputs) in {0, 1}; error : (n_rows, n_units); by_matrix :
    (n_inputs, n_units); by_intercept : (n_units,).
    """
    zeros = np.zeros(error.shape[1], np.float32)
    _table_sums(column_words(states), error, zeros, fresh, by_matrix)
    add_rows(error, fresh, by_intercept)


table_product = kernel(
    reads(uint8, "n k"), reads(float32, "k m"), reads(float32, "m"), writes(float32, "n m")
)(_table_product)  # fmt: skip
table_gradient = kernel(
    reads(uint8, "n k"), reads(float32, "n m"), boolean, writes(float32, "k m"),
    writes(float32, "m"),
)(_table_gradient)  # fmt: skip


@kernel(reads(uint8, "n k"), reads(float32, "m k"), reads(float32, "m"), writes(float32, "n m"))
def table_product_transposed(states, matrix, intercept, out):
    """``intercept + states @ matrix.T`` for states in {0, 1}, with the bits of `table_product`.

    The matrix is turned over a panel at a time, on the way into the tables: no copy of it is made.
    states : (n_rows, n_inputs); matrix : (n_units, n_inputs); intercept : (n_units,);
    out : (n_rows, n_units).
    """
    n_rows, (n_units, n_inputs) = states.shape[0], matrix.shape
    words, entries, target = row_words(states), matrix.reshape(-1), out.reshape(-1)
    panel, tables, sums = aligned(SPAN * WIDTH), table_room(), aligned(n_rows * WIDTH)
    for j0 in range(0, n_units, WIDTH):
        width = min(WIDTH, n_units - j0)
        low, high = start_of(intercept, j0, width)
        add_transposed(words, entries, n_inputs, n_units, j0, low, high, panel, tables, sums)
        copy_columns(sums, 0, WIDTH, target, j0, n_units, n_rows, width)


product, gradient = routine(_table_product), routine(_table_gradient)


@routine
def add_rows(matrix, fresh, out):
    """The sum of the rows of (n_rows, n_units), in their order, in float64; added if not fresh."""
    n_rows, n_units = matrix.shape
    total = np.zeros(n_units, np.float64)
    for m in range(n_rows):
        row = matrix[m]
        for j in range(n_units):
            total[j] += row[j]
    for j in range(n_units):
        out[j] = total[j] if fresh else out[j] + total[j]
