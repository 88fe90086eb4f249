"""Products of states near to known ones, whose sums they share but for the units that are flipped.

Where recognition is sure, all particles of a row are near its most probable states. Their sums are
those of that *reference*, plus or minus a row of the matrix for each flip, from the first to the
last. Where so many are flipped that `tables` are faster, and of rows without a reference, sums come
from these. Which it is depends on a row and its reference alone, and so do the bits of its sums:
they are others than those of the tables, but the same whatever rows are near.
"""

import numpy as np
from llvmlite import ir
from numba import float32, int64, types, uint8, uint32

from .arithmetic import fill, select, total
from .exponential import exp_minus_size
from .intrinsics import intrinsic
from .kernel import helper, kernel, opaque_true, reads, routine, writes
from .lanes import I64, LANES, first, load, load_first, load_same, store, store_first
from .tables import SPAN, WIDTH, add_tables, aligned, row_words, start_of, table_room

FEWEST_NEAR = 4  # rows of a reference that pay for its own sums
FEWEST_INPUTS = 64  # of products that gain by it
_INPUTS_OF_A_FLIP = 12  # sums of tables cost as much as flips of one input in so many
_INPUTS_OF_AN_EXPECTED_FLIP = 16  # of a reference that is worth its own sums
_PANEL, _HALF_PANEL = 8 * LANES, 4 * LANES  # columns at a time
_ZERO, _ONE, _MINUS_ONE, _BIT = np.float32(0), np.float32(1), np.float32(-1), np.uint32(1)


@intrinsic
def lowest_bit(context, word):
    """The number of the lowest bit that is set in a word which is not zero."""

    def generate(context, builder, signature, arguments):
        return builder.zext(builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1)), I64)

    return types.int64(types.uint32), generate


@intrinsic
def count_bits(context, word):
    """The number of bits that are set in a word."""

    def generate(context, builder, signature, arguments):
        return builder.zext(builder.ctpop(arguments[0]), I64)

    return types.int64(types.uint32), generate


def _choose_references(eta, references, are_sure):
    """Write the most probable states of rows of which few units are expected to differ.

    eta : inputs of Bernoulli units, (n_rows, n_units); references : as many; are_sure : (n_rows,),
    0 where a row has no reference, as others get here.
    """
    n_rows, n_units = references.shape
    a, target = eta.reshape(-1), references.reshape(-1)
    for i in range(n_rows):
        if are_sure[i] == 0:
            continue
        expected = fill(_ZERO)
        for j in range(0, n_units, LANES):
            n = min(n_units - j, LANES)
            x = load_first(a, i * n_units + j, n)
            grown = exp_minus_size(x)
            expected += select(first(n), grown / (_ONE + grown), _ZERO)
            store_first(target, i * n_units + j, fill(_ZERO) < x, n)
        is_sure = total(expected) * _INPUTS_OF_AN_EXPECTED_FLIP <= n_units
        are_sure[i] = uint8(is_sure and n_units >= FEWEST_INPUTS)


@routine
def _list_flips(
    words, references, are_sure, n_near, limit, flips, signs, starts, listed, plain
):  # fmt: skip
    """Write which inputs of rows are flipped, and their signs, unless they are too many.

    words : (n_spans, n_rows) of `tables.row_words`, and those of the references, each of ``n_near``
    rows, the first ones, (n_spans, n_references); starts : where the flips of a row start. Numbers
    of rows go to ``listed``, or to ``plain`` where they have no list. Returns how many do either.
    """
    n_spans, n_rows = words.shape
    n_first, n_listed, n_plain, t = references.shape[1] * n_near, 0, 0, 0
    for m in range(n_rows):
        n_flips, r = limit + 1, m // n_near
        if m < n_first and are_sure[r] != 0:
            n_flips = 0
            for s in range(n_spans):
                n_flips += count_bits(words[s, m] ^ references[s, r])
        if n_flips > limit:
            plain[n_plain] = m
            n_plain += 1
            continue
        listed[n_listed], starts[n_listed] = m, t
        n_listed += 1
        for s in range(n_spans):
            word = words[s, m]
            left = word ^ references[s, r]
            while left != 0:
                bit = lowest_bit(left)
                flips[t] = SPAN * s + bit
                signs[t] = _ONE if word >> uint32(bit) & _BIT else _MINUS_ONE
                left &= left - _BIT
                t += 1
    starts[n_listed] = t
    return n_listed, n_plain


@helper
def _flip_panel(matrix, n_units, j0, flips, signs, start, stop, sums, s, out, o):
    """Write the sums of a panel of columns from j0 on, of a row whose reference has some sums."""
    a = load(sums, s)
    b = load(sums, s + LANES)
    c = load(sums, s + 2 * LANES)
    d = load(sums, s + 3 * LANES)
    e = load(sums, s + 4 * LANES)
    f = load(sums, s + 5 * LANES)
    g = load(sums, s + 6 * LANES)
    h = load(sums, s + 7 * LANES)
    for t in range(start, stop):
        w, sign = flips[t] * n_units + j0, load_same(signs, t)
        a += sign * load(matrix, w)
        b += sign * load(matrix, w + LANES)
        c += sign * load(matrix, w + 2 * LANES)
        d += sign * load(matrix, w + 3 * LANES)
        e += sign * load(matrix, w + 4 * LANES)
        f += sign * load(matrix, w + 5 * LANES)
        g += sign * load(matrix, w + 6 * LANES)
        h += sign * load(matrix, w + 7 * LANES)
    store(out, o, a)
    store(out, o + LANES, b)
    store(out, o + 2 * LANES, c)
    store(out, o + 3 * LANES, d)
    store(out, o + 4 * LANES, e)
    store(out, o + 5 * LANES, f)
    store(out, o + 6 * LANES, g)
    store(out, o + 7 * LANES, h)


@helper
def _flip_half(matrix, n_units, j0, flips, signs, start, stop, sums, s, out, o):
    """As `_flip_panel`, of half as many columns."""
    a = load(sums, s)
    b = load(sums, s + LANES)
    c = load(sums, s + 2 * LANES)
    d = load(sums, s + 3 * LANES)
    for t in range(start, stop):
        w, sign = flips[t] * n_units + j0, load_same(signs, t)
        a += sign * load(matrix, w)
        b += sign * load(matrix, w + LANES)
        c += sign * load(matrix, w + 2 * LANES)
        d += sign * load(matrix, w + 3 * LANES)
    store(out, o, a)
    store(out, o + LANES, b)
    store(out, o + 2 * LANES, c)
    store(out, o + 3 * LANES, d)


@helper
def _flip_few(matrix, n_units, j0, n, flips, signs, start, stop, sums, s, out, o):
    """As `_flip_panel`, of at most as many columns as there are lanes."""
    a = load_first(sums, s, n)
    for t in range(start, stop):
        a += load_same(signs, t) * load_first(matrix, flips[t] * n_units + j0, n)
    store_first(out, o, a, n)


@routine
def _flip_rows(listed, n_near, flips, signs, starts, matrix, references, out):
    """Write the sums of rows with lists of flips, row by row: lines of the matrix as they lie.

    references : the sums of these, (n_references, n_units).
    """
    n_units = matrix.shape[1]
    entries, sums, target = matrix.reshape(-1), references.reshape(-1), out.reshape(-1)
    full, half = n_units - n_units % _PANEL, n_units - n_units % _HALF_PANEL
    for i in range(listed.shape[0]):
        start, stop, m = starts[i], starts[i + 1], listed[i]
        s, o = m // n_near * n_units, m * n_units
        for j in range(0, full, _PANEL):
            _flip_panel(entries, n_units, j, flips, signs, start, stop, sums, s + j, target, o + j)
        for j in range(full, half, _HALF_PANEL):
            _flip_half(entries, n_units, j, flips, signs, start, stop, sums, s + j, target, o + j)
        for j in range(half, n_units, LANES):
            n = min(n_units - j, LANES)
            _flip_few(
                entries, n_units, j, n, flips, signs, start, stop, sums, s + j, target, o + j
            )  # fmt: skip


@routine
def _write_row(sums, s, out, o, width):
    for v in range(0, width, LANES):
        store_first(out, o + v, load(sums, s + v), min(width - v, LANES))


@routine
def _table_rows(words, plain, references, sure, matrix, intercept, out, reference_out):
    """Write the sums of plain rows and of sure references, from tables."""
    n_plain, n_sure, (n_inputs, n_units) = plain.shape[0], sure.shape[0], matrix.shape
    chosen = np.empty((words.shape[0], n_plain + n_sure), np.uint32)
    for s in range(words.shape[0]):
        for i in range(n_plain):
            chosen[s, i] = words[s, plain[i]]
        for i in range(n_sure):
            chosen[s, n_plain + i] = references[s, sure[i]]
    entries, target = matrix.reshape(-1), out.reshape(-1)
    reference_target = reference_out.reshape(-1)
    tables, sums = table_room(), aligned(chosen.shape[1] * WIDTH)
    fresh, zero = opaque_true(n_plain), n_plain - n_plain
    stride = zero + WIDTH  # no constants: see `opaque_true`
    for j0 in range(0, n_units, WIDTH):
        width = min(WIDTH, n_units - j0)
        low, high = start_of(intercept, j0, width)
        add_tables(
            chosen, entries, n_inputs, n_units, j0, low, high, fresh, tables, sums, zero, stride
        )  # fmt: skip
        for i in range(n_plain):
            _write_row(sums, i * WIDTH, target, plain[i] * n_units + j0, width)
        for i in range(n_sure):
            s = (n_plain + i) * WIDTH
            _write_row(sums, s, reference_target, sure[i] * n_units + j0, width)


@routine
def _numbers(flags):
    """The numbers of those that are not zero."""
    n, numbers = 0, np.empty(flags.shape[0], np.int64)
    for i in range(flags.shape[0]):
        if flags[i] != 0:
            numbers[n] = i
            n += 1
    return numbers[:n]


def _near_product(
    states, references, are_sure, n_near, matrix, intercept, out, reference_out
):  # fmt: skip
    """``intercept + states @ matrix`` for states of which many are near a reference.

    states : (n_rows, n_inputs) in {0, 1}, the first ``n_near`` times as many rows as there are
    references, in their order; references : (n_references, n_inputs); are_sure : (n_references,), 0
    of what is none; matrix : (n_inputs, n_units); intercept : (n_units,); out : (n_rows, n_units);
    reference_out : (n_references, n_units), of those that are sure.
    """
    n_rows, n_first, n_inputs = states.shape[0], references.shape[0] * n_near, matrix.shape[0]
    words, reference_words = row_words(states), row_words(references)
    limit = n_inputs // _INPUTS_OF_A_FLIP
    flips, signs = np.empty(n_first * limit, np.int64), np.empty(n_first * limit, np.float32)
    starts, listed = np.empty(n_first + 1, np.int64), np.empty(n_first, np.int64)
    plain = np.empty(n_rows, np.int64)
    n_listed, n_plain = _list_flips(
        words, reference_words, are_sure, n_near, limit, flips, signs, starts, listed, plain
    )
    sure = _numbers(are_sure)
    _table_rows(
        words, plain[:n_plain], reference_words, sure, matrix, intercept, out, reference_out
    )
    _flip_rows(listed[:n_listed], n_near, flips, signs, starts, matrix, reference_out, out)


choose_references = kernel(
    reads(float32, "n m"), writes(uint8, "n m"), writes(uint8, "n")
)(_choose_references)  # fmt: skip
near_product = kernel(
    reads(uint8, "n k"), reads(uint8, "r k"), reads(uint8, "r"), int64, reads(float32, "k m"),
    reads(float32, "m"), writes(float32, "n m"), writes(float32, "r m"),
)(_near_product)  # fmt: skip
choose, product = routine(_choose_references), routine(_near_product)  # for kernels that do more
