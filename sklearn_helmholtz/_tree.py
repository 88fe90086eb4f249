"""Values made of frozen dataclasses, tuples and arrays: their leaves, and their vector."""

import dataclasses
import functools

import numpy as np

_ALIGNED = 16  # float32 numbers in a cache line, and in the vectors of the kernels

# Groups of parameters by the penalty that they have, in the order in which they are packed.
CONNECTIONS, LATERAL, UNPENALISED = range(3)


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
    """A value whose arrays are views of one float32 vector, the penalised ones first.

    vector : its entries; tree : the value; ends : (2,) int64, where weights between layers end, and
    where lateral ones do: the parts that penalties apply to; starts : where each array begins, in
    the order of `leaves`; counts : how many weights each of the two parts has. One pass over the
    vector updates, adds, copies or checks everything. Every array starts at a multiple of 16
    entries; what lies between them is zero and stays zero.

    Who owns an array names its group: ``penalty_groups`` of a class is a dictionary of the names of
    its fields that are penalised; ``is_penalised = False`` of a class exempts all that it holds.
    An owner of arrays of which not every entry is a weight has ``n_weights``.
    """

    vector: np.ndarray
    tree: object
    ends: np.ndarray
    starts: np.ndarray
    counts: tuple


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
    arrays, owned = leaves(tree), _groups(tree)
    groups = [group for group, _ in owned]
    starts, end, ends = {}, 0, np.zeros(2, np.int64)
    for i in sorted(range(len(arrays)), key=lambda i: groups[i]):
        starts[i] = end
        end += -(-arrays[i].size // _ALIGNED) * _ALIGNED
        ends[groups[i] :] = end
    counts = tuple(sum(n for group, n in owned if group == part) for part in (CONNECTIONS, LATERAL))
    vectors = _aligned_zeros(n_parts, end)
    order_of_leaves = np.array([starts[i] for i in range(len(arrays))], np.int64)
    parts = []
    for vector in vectors:
        views = [
            vector[starts[i] : starts[i] + array.size].reshape(array.shape)
            for i, array in enumerate(arrays)
        ]
        parts.append(Packed(vector, with_leaves(tree, views), ends, order_of_leaves, counts))
    return vectors, parts


def _groups(tree, owner=None, name=None):
    """Group of each leaf, and its number of weights; owner, name : whose field the tree is."""
    if isinstance(tree, np.ndarray):
        group = getattr(owner, "penalty_groups", {}).get(name, UNPENALISED)
        return [(group, getattr(owner, "n_weights", tree.size))]
    if isinstance(tree, tuple):
        return [pair for part in tree for pair in _groups(part, owner, name)]
    pairs = [p for field in _names(type(tree)) for p in _groups(getattr(tree, field), tree, field)]
    if not getattr(tree, "is_penalised", True):
        return [(UNPENALISED, n) for _, n in pairs]
    return pairs


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
