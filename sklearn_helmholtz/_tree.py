"""Values made of frozen dataclasses, tuples and arrays: their leaves, and their vector."""

import dataclasses
import functools

import numpy as np


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


def empty_like(tree, work=np):
    """A value of the same shape with undefined entries."""
    return with_leaves(tree, [work.empty(leaf.shape, leaf.dtype) for leaf in leaves(tree)])


@dataclasses.dataclass(frozen=True)
class Packed:
    """A value whose arrays are views of one float32 vector, the matrices first.

    vector : (n_parameters,); tree : the value; n_weights : entries of the vector that belong to
    matrices, the ones a penalty applies to. One pass over the vector updates, adds, copies or
    checks everything.
    """

    vector: np.ndarray
    tree: object
    n_weights: int


def pack(tree):
    """A packed copy of a value."""
    packed = zeros_like(tree)
    for target, source in zip(leaves(packed.tree), leaves(tree), strict=True):
        target[...] = source
    return packed


def zeros_like(tree):
    """A packed value of the same shape whose entries are all zero."""
    arrays = leaves(tree)
    order = sorted(range(len(arrays)), key=lambda i: arrays[i].ndim != 2)
    vector = np.zeros(sum(array.size for array in arrays), np.float32)
    views, start = [None] * len(arrays), 0
    for i in order:
        views[i] = vector[start : start + arrays[i].size].reshape(arrays[i].shape)
        start += arrays[i].size
    n_weights = sum(array.size for array in arrays if array.ndim == 2)
    return Packed(vector, with_leaves(tree, views), n_weights)


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
