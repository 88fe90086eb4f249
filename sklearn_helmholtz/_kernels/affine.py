"""Products with a float32 matrix: of states in {0, 1} without multiplication, and of real numbers.

Both products add in one order, so a row of zeros and ones has the same product, to the bit, through
either: groups of 4 inputs are summed from left to right, 8 groups by a balanced tree, and each span
of 32 inputs is then added to the running sum, which starts at the intercept.
"""

import numpy as np
from numba import float32, uint8

from .kernel import helper, kernel, reads, writes

GROUP = 4  # inputs that share a table of 16 sums
SPAN = 32  # inputs added to the running sum at a time: 8 groups
COLUMNS = 128  # columns at a time, so that the tables of a span (64 KB) stay near the core
_ENTRIES = 16  # sums of a table
_LINE = 64  # bytes of a cache line: tables that straddle lines cost a third
_FLOAT = 4  # bytes of a float32


@kernel(reads(uint8, 2), writes(uint8, 2))
def pack_rows(states, codes):
    """Bits of 4 neighbouring units of a row as a number below 16.

    states : (n_rows, n_units), zeros and ones; codes : (n_rows, 8 * ceil(n_units / 32)).
    """
    n_rows, n_units = states.shape
    full = n_units // GROUP
    for m in range(n_rows):
        for g in range(full):
            k = GROUP * g
            low = states[m, k] | states[m, k + 1] << 1
            codes[m, g] = low | states[m, k + 2] << 2 | states[m, k + 3] << 3
        for g in range(full, codes.shape[1]):
            code = 0
            for k in range(GROUP * g, min(GROUP * g + GROUP, n_units)):
                code |= states[m, k] << (k - GROUP * g)
            codes[m, g] = code


@kernel(reads(uint8, 2), writes(uint8, 2))
def pack_columns(states, codes):
    """Bits of 4 neighbouring rows of a unit as a number below 16.

    states : (n_rows, n_units), zeros and ones; codes : (n_units, 8 * ceil(n_rows / 32)).
    """
    n_rows, n_units = states.shape
    line = np.empty(n_units, np.uint8)
    for g in range(codes.shape[1]):
        for k in range(n_units):
            line[k] = 0
        for i in range(GROUP):
            m = GROUP * g + i
            if m < n_rows:
                for k in range(n_units):
                    line[k] |= states[m, k] << i
        for k in range(n_units):
            codes[k, g] = line[k]


@helper
def _aligned(n):
    """``n`` zeros of float32 that start at a cache line."""
    memory = np.zeros(n + _LINE // _FLOAT, np.float32)
    start = (-memory.ctypes.data % _LINE) // _FLOAT
    return memory[start : start + n]


@helper
def _column_width(n_units):
    """The width of equal column blocks of at most `COLUMNS`, in whole cache lines."""
    n_blocks = -(-n_units // COLUMNS)
    lanes = _LINE // _FLOAT
    return min(COLUMNS, -(-n_units // (n_blocks * lanes)) * lanes)


@helper
def _start_sums(intercept, j0, width, out):
    start = intercept[j0 : j0 + width]
    for m in range(out.shape[0]):
        row = out[m, j0 : j0 + width]
        for j in range(width):
            row[j] = start[j]


@helper
def _tabulate(matrix, k, j0, width, table):
    """All sums of rows k to k+3 of the matrix, rows past its end being zero.

    table : (16 * COLUMNS,), flat: with strides known when compiling, LLVM vectorises.
    """
    for i in range(GROUP):
        n = (1 << i) * COLUMNS
        source, target = table[:n], table[n : 2 * n]
        if k + i < matrix.shape[0]:
            row = matrix[k + i, j0 : j0 + width]
            for entry in range(1 << i):
                o = entry * COLUMNS
                for j in range(width):
                    target[o + j] = source[o + j] + row[j]
        else:
            for j in range(n):
                target[j] = source[j]


@kernel(reads(uint8, 2), reads(float32, 2), reads(float32, 1), writes(float32, 2))
def table_product(codes, matrix, intercept, out):
    """``intercept + states @ matrix`` for packed states, without multiplication.

    For every 4 rows of the matrix the 16 possible sums are tabulated; the 4 state bits of a row
    choose one. codes : (n_rows, 8 * ceil(n_inputs / 32)); matrix : (n_inputs, n_units);
    intercept : (n_units,); out : (n_rows, n_units).
    """
    n_rows = codes.shape[0]
    n_inputs, n_units = matrix.shape
    size = _ENTRIES * COLUMNS
    tables = _aligned(SPAN // GROUP * size)
    step = _column_width(n_units)
    for j0 in range(0, n_units, step):
        width = min(step, n_units - j0)
        _start_sums(intercept, j0, width, out)
        for k0 in range(0, n_inputs, SPAN):
            for t in range(SPAN // GROUP):
                _tabulate(matrix, k0 + GROUP * t, j0, width, tables[t * size : (t + 1) * size])
            g = k0 // GROUP
            for m in range(n_rows):
                row = out[m, j0 : j0 + width]
                a, b = codes[m, g] * COLUMNS, codes[m, g + 1] * COLUMNS + size
                c, d = codes[m, g + 2] * COLUMNS + 2 * size, codes[m, g + 3] * COLUMNS + 3 * size
                e, f = codes[m, g + 4] * COLUMNS + 4 * size, codes[m, g + 5] * COLUMNS + 5 * size
                p, q = codes[m, g + 6] * COLUMNS + 6 * size, codes[m, g + 7] * COLUMNS + 7 * size
                for j in range(width):
                    low = (tables[a + j] + tables[b + j]) + (tables[c + j] + tables[d + j])
                    high = (tables[e + j] + tables[f + j]) + (tables[p + j] + tables[q + j])
                    row[j] += low + high


@helper
def _quad(values, block, i, j):
    """The sum of 4 neighbouring products, from left to right, as in a table."""
    total = values[i] * block[i, j]
    total += values[i + 1] * block[i + 1, j]
    total += values[i + 2] * block[i + 2, j]
    return total + values[i + 3] * block[i + 3, j]


@kernel(reads(float32, 2), reads(float32, 2), reads(float32, 1), writes(float32, 2))
def dense_product(inputs, matrix, intercept, out):
    """``intercept + inputs @ matrix`` for real inputs, added in the order of `table_product`.

    inputs : (n_rows, n_inputs); matrix : (n_inputs, n_units); intercept : (n_units,);
    out : (n_rows, n_units).
    """
    n_inputs, n_units = matrix.shape
    block = np.zeros((SPAN, COLUMNS), np.float32)
    values = np.zeros(SPAN, np.float32)
    step = _column_width(n_units)
    for j0 in range(0, n_units, step):
        width = min(step, n_units - j0)
        _start_sums(intercept, j0, width, out)
        for k0 in range(0, n_inputs, SPAN):
            for i in range(SPAN):
                for j in range(width):
                    block[i, j] = matrix[k0 + i, j0 + j] if k0 + i < n_inputs else 0
            for m in range(inputs.shape[0]):
                for i in range(SPAN):
                    values[i] = inputs[m, k0 + i] if k0 + i < n_inputs else 0
                row = out[m, j0 : j0 + width]
                for j in range(width):
                    a, b = _quad(values, block, 0, j), _quad(values, block, 4, j)
                    c, d = _quad(values, block, 8, j), _quad(values, block, 12, j)
                    e, f = _quad(values, block, 16, j), _quad(values, block, 20, j)
                    p, q = _quad(values, block, 24, j), _quad(values, block, 28, j)
                    row[j] += ((a + b) + (c + d)) + ((e + f) + (p + q))
