"""Values made of frozen dataclasses, tuples and arrays: their leaves, and their vector."""

import dataclasses
import functools

import numpy as np

_ALIGNED = 16  # float32 numbers in a cache line, and in the vectors of the kernels


def leaves(tree):
    """The arrays of a value, in the order of its fields."""
    if isinstance(tree, np.ndarray):
        return [tree]
    if isinstance(tree, tuple):
        return [leaf for part in tree for leaf in leaves(part)]
    return [leaf for name in _names(type(tree)) for leaf in leaves(getattr(tree, name))]


def with_leaves(tree, arrays):
    """The value with its arrays replaced, in the order of `leaves`."""
    return _rebuild(tree, iter(arrays))


def copy(tree):
    """A value with arrays of its own."""
    return with_leaves(tree, [leaf.copy() for leaf in leaves(tree)])


@dataclasses.dataclass(frozen=True)
class Packed:
    """A value whose arrays are views of one float32 vector, the matrices first.

    vector : its entries; tree : the value; ends : (2,) int64, where the matrices end that are not
    lateral, and where the lateral ones do: the parts that penalties apply to; starts : where each
    array begins, in the order of `leaves`. One pass over the vector updates, adds, copies or checks
    everything. Every array starts at a multiple of 16 entries; the gaps are zero and stay zero.
    """

    vector: np.ndarray
    tree: object
    ends: np.ndarray
    starts: np.ndarray


def pack(tree):
    """A packed copy of a value."""
    packed = zeros_like(tree)
    for target, source in zip(leaves(packed.tree), leaves(tree), strict=True):
        target[...] = source
    return packed


def zeros_like(tree):
    """A packed value of the same shape whose entries are all zero."""
    return parts_like(tree, 1)[1][0]


def parts_like(tree, n_parts):
    """Packed zeros of the same shape whose vectors are the rows of one matrix, and the matrix."""
    arrays, groups = leaves(tree), _groups(tree)
    starts, end, ends = {}, 0, np.zeros(2, np.int64)
    for i in sorted(range(len(arrays)), key=lambda i: groups[i]):
        starts[i] = end
        end += -(-arrays[i].size // _ALIGNED) * _ALIGNED
        ends[groups[i] :] = end
    vectors = _aligned_zeros(n_parts, end)
    order_of_leaves = np.array([starts[i] for i in range(len(arrays))], np.int64)
    parts = []
    for vector in vectors:
        views = [
            vector[starts[i] : starts[i] + array.size].reshape(array.shape)
            for i, array in enumerate(arrays)
        ]
        parts.append(Packed(vector, with_leaves(tree, views), ends, order_of_leaves))
    return vectors, parts


def _groups(tree, group=0):
    """Of each leaf: 0 for a matrix, or the ``penalty_group`` of its value, and 2 for a vector."""
    if isinstance(tree, np.ndarray):
        return [2 if tree.ndim != 2 else group]
    if isinstance(tree, tuple):
        return [number for part in tree for number in _groups(part, group)]
    group = getattr(tree, "penalty_group", group)
    names = _names(type(tree))
    return [number for name in names for number in _groups(getattr(tree, name), group)]


def _aligned_zeros(n_rows, n_columns):
    """A float32 matrix of zeros that starts at a multiple of 64 bytes."""
    memory = np.zeros(n_rows * n_columns + _ALIGNED, np.float32)
    start = -(memory.ctypes.data // memory.itemsize) % _ALIGNED
    return memory[start : start + n_rows * n_columns].reshape(n_rows, n_columns)


@functools.cache
def _names(kind):
    """The fields of a dataclass; none for any other type."""
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(field.name for field in dataclasses.fields(kind))


def _rebuild(tree, arrays):
    if isinstance(tree, np.ndarray):
        return next(arrays)
    if isinstance(tree, tuple):
        return tuple(_rebuild(part, arrays) for part in tree)
    names = _names(type(tree))
    if names:
        return type(tree)(**{name: _rebuild(getattr(tree, name), arrays) for name in names})
    return tree
