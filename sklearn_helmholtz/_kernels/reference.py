"""Twins of all intrinsics in plain Python: what kernels call where Numba is disabled.

Sixteen numbers are an array of NumPy's; results are those of the compiled code to rounding, since a
processor may round a product and a sum once. What would read or write beyond an array is an
IndexError here.
"""

import operator
import threading
import time

import numpy as np

LANES = 16
_atomic = threading.Lock()


class Lanes:
    """Sixteen numbers of one type that operators take side by side, with equal ones for scalars."""

    __slots__ = ("values",)
    __array_ufunc__ = None  # NumPy's scalars leave their operators to those below

    def __init__(self, values):
        self.values = values

    def like(self, other):
        """Another operand, in the type of these numbers."""
        return other.values if isinstance(other, Lanes) else self.values.dtype.type(other)


def _operators(apply):
    """A binary operator of lanes, and the one for lanes on its right."""
    return (
        lambda x, y: Lanes(apply(x.values, x.like(y))),
        lambda y, x: Lanes(apply(y.like(x), y.values)),
    )


# Those in place (+=) are made of these: lanes are values, and never change.
for _name in ("add", "sub", "mul", "truediv", "xor"):
    _forward, _backward = _operators(getattr(operator, _name))
    setattr(Lanes, f"__{_name}__", _forward)
    setattr(Lanes, f"__r{_name}__", _backward)
Lanes.__lt__, Lanes.__gt__ = _operators(operator.lt)


def _alike(*operands):
    """Operands in the type they make together: float64 where lanes are, else float32."""
    kinds = [one.values.dtype for one in operands if isinstance(one, Lanes)]
    kind = max(kinds, default=np.dtype(np.float32), key=lambda dtype: dtype.itemsize).type
    return [one.values if isinstance(one, Lanes) else kind(one) for one in operands]


# Numbers


def minimum(x, y):
    x, y = _alike(x, y)
    return Lanes(np.where(y < x, y, x))


def maximum(x, y):
    x, y = _alike(x, y)
    return Lanes(np.where(y > x, y, x))


def select(condition, x, y):
    return Lanes(np.where(condition.values, *_alike(x, y)))


def floor(x):
    return Lanes(np.floor(x.values))


def absolute(x):
    return Lanes(np.abs(x.values))


def square_root(x):
    return Lanes(np.sqrt(x.values))


def multiply_add(x, y, z):
    x, y, z = _alike(x, y, z)
    return Lanes((np.float64(x) * y + z).astype(z.dtype))


def fill(x):
    return Lanes(np.full(LANES, x, np.float32))


def fill_doubles(x):
    return Lanes(np.full(LANES, x, np.float64))


def fill_words(x):
    return Lanes(np.full(LANES, x, np.uint32))


def count_from(start):
    return Lanes(np.uint32(start) + np.arange(LANES, dtype=np.uint32))


def total(x):
    values = x.values.astype(np.float64)
    while len(values) > 1:
        low, high = np.split(values, 2)
        values = low + high
    return values[0]


_LAYOUTS = {"float32": (np.int32, 127, 23), "float64": (np.int64, 1023, 52)}
# Of each kind: words of its width, the bias of its exponent, and the bits below that.


def power_of_two(n):
    word, bias, below = _LAYOUTS[n.values.dtype.name]
    return Lanes(((n.values.astype(word) + word(bias)) << word(below)).view(n.values.dtype))


def exponent(x):
    word, bias, below = _LAYOUTS[x.values.dtype.name]
    return Lanes(((x.values.view(word) >> word(below)) - word(bias)).astype(x.values.dtype))


def multiply_wide(x, y):
    product = x.values.astype(np.uint64) * np.uint64(y)
    return Lanes((product >> np.uint64(32)).astype(np.uint32)), Lanes(product.astype(np.uint32))


def fraction(x):
    return Lanes((x.values >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24))


def float_as_bits(value):
    return np.float32(value).view(np.int32)


# Arrays


def _part(array, index, count):
    part = array[index : index + count]
    if index < 0 or len(part) < count:
        raise IndexError(f"{count} entries from {index} on, of {len(array)}")
    return part


def load(array, index):
    return load_first(array, index, LANES)


def load_first(array, index, count):
    kind, n = np.float32 if array.dtype == np.uint8 else array.dtype, min(max(count, 0), LANES)
    values = np.zeros(LANES, kind)
    if n:
        values[:n] = _part(array, index, n)
    return Lanes(values)


def load_same(array, index):
    return fill(_part(array, index, 1)[0])


def store(array, index, value):
    _part(array, index, LANES)[:] = value.values


def store_first(array, index, value, count):
    n = min(max(count, 0), LANES)
    if n:
        _part(array, index, n)[:] = value.values[:n]


def first(count):
    return Lanes(np.arange(LANES) < count)


def gather_flags(values):
    return np.uint32((values.values << np.arange(LANES)).sum())


def lowest_bit(word):
    return (int(word) & -int(word)).bit_length() - 1


def count_bits(word):
    return int(word).bit_count()


def load_eight(array, index):
    return np.uint64(int.from_bytes(_part(array, index, 8).tobytes(), "little"))


def turn(source, s0, source_stride, target, t0, target_stride):
    for m in range(LANES):
        for i, value in enumerate(_part(source, s0 + m * source_stride, LANES)):
            target[t0 + i * target_stride + m] = value


def turn_first(source, s0, source_stride, target, t0, target_stride, n_rows, n_columns):
    for m in range(LANES):
        row = load_first(source, s0 + m * source_stride, n_columns if m < n_rows else 0)
        for i, value in enumerate(row.values):
            target[t0 + i * target_stride + m] = value


def prefetch(array, index):
    pass


def read_only(array):
    return array


# Tiles


def tile_height():
    return 3


def multiply_tile(values, v, stride, n_groups, panel, p, fresh, start, sums, s, sums_stride):
    of_panel = n_groups, panel, p, fresh, start, sums
    for m in range(tile_height()):
        multiply_row(values, v + m * stride, 0, *of_panel, s + m * sums_stride, 0)


def multiply_row(values, v, stride, n_groups, panel, p, fresh, start, sums, s, sums_stride):
    total = start if fresh else load(sums, s)
    for first in range(0, n_groups, 8):
        of_span = fill(0)
        for group in range(first, min(first + 8, n_groups)):
            product = fill(0)
            for k in range(4 * group, 4 * group + 4):
                x = load(panel, p + k * 2 * LANES)
                product = multiply_add(load_same(values, v + k), x, product)
            of_span = of_span + product
        total = total + of_span
    store(sums, s, total)


# Counters that threads share


def add(array, index, number):
    with _atomic:
        before = array[index]
        array[index] += number
    return before


def read(array, index):
    return array[index]


def swap(array, index, expected, new):
    with _atomic:
        is_expected = array[index] == expected
        if is_expected:
            array[index] = new
    return is_expected


def pause():
    pass


def give_way():
    time.sleep(0)
