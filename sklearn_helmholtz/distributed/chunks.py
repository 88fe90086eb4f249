"""Chunks of rows of Dask's arrays and DataFrames, and weights that go with them."""

import math
import sys

import numpy as np

from .library import dask_module


def kind_of(X):
    """``"array"`` or ``"frame"`` for such a collection of Dask, None for anything else."""
    for module, name, kind in (
        ("dask.array", "Array", "array"),
        ("dask.dataframe", "DataFrame", "frame"),
    ):
        if isinstance(X, getattr(sys.modules.get(module), name, ())):
            return kind
    return None


def check_chunks(X):
    """Refuse an array that is no table, and one whose rows are in more than one chunk."""
    if kind_of(X) == "frame":
        return
    if X.ndim != 2:
        raise ValueError(
            f"Expected 2D array, got {X.ndim}D array instead: X must have rows and columns."
        )
    if len(X.chunks[1]) > 1 or math.isnan(X.chunks[1][0]):
        raise ValueError(
            f"X is cut along its columns, into chunks of {_shown(X.chunks[1])}, but rows have to "
            "be whole. Use X.rechunk({1: -1})."
        )


def n_chunks(X):
    """Number of chunks of rows."""
    return X.npartitions if kind_of(X) == "frame" else len(X.chunks[0])


def chunks_of(X):
    """The chunks of rows of a collection as a list of Delayed; partitions as they declare to be."""
    if kind_of(X) == "array":
        return list(X.to_delayed().ravel())
    check = dask_module("dask").delayed(checked_partition, pure=True)
    return [check(part, X._meta) for part in X.to_delayed()]


def checked_partition(frame, declared):
    """A partition, or a ValueError if its columns or their types are not those that X declares.

    declared : an empty DataFrame. Levels of categories may differ: models know them by name.
    """
    own, names = list(frame.columns), list(declared.columns)
    if own != names:
        raise ValueError(
            f"A partition of X has the columns {_shown(own)}, but X declares {_shown(names)}: all "
            "partitions need the same columns in the same order."
        )
    for name, found, wanted in zip(names, frame.dtypes, declared.dtypes, strict=True):
        if found != wanted and not str(found) == str(wanted) == "category":
            raise ValueError(
                f"Column {name!r} of a partition of X has the type {found}, but X declares "
                f"{wanted}: all partitions need the same types. Use X.astype."
            )
    return frame


def sizes_of(X):
    """Numbers of rows of the chunks as a tuple, or None where they are not known."""
    if kind_of(X) == "frame" or any(map(math.isnan, X.chunks[0])):
        return None
    return X.chunks[0]


def weights_by_chunk(weights, X, name="sample_weight"):
    """Weights of the rows of each chunk of a collection as a list, Delayed or arrays.

    weights : a Dask array or Series that is cut like X, or anything of a length where the sizes of
    the chunks are known; name : of the parameter.
    """
    sizes = sizes_of(X)
    if not hasattr(weights, "to_delayed"):
        return _cut(np.asanyarray(weights), sizes, name)  # what is masked is refused with its chunk
    if sizes is not None:
        if not hasattr(weights, "rechunk"):
            weights = weights.to_dask_array(lengths=True)
        if weights.shape == (sum(sizes),):
            weights = weights.rechunk((sizes,))
    parts = weights.to_delayed()
    parts = parts if isinstance(parts, list) else list(parts.ravel())
    if len(parts) != n_chunks(X):
        raise ValueError(
            f"{name} has {len(parts)} chunks, but X has {n_chunks(X)}: cut both alike."
        )
    return parts


def _cut(weights, sizes, name):
    """Weights in memory as a list of arrays, one for each chunk."""
    if sizes is None:
        raise ValueError(
            f"{name} is in memory, but the sizes of the chunks of X are not known. Give a "
            "Dask array or Series that is cut like X, or use X.compute_chunk_sizes() on an array."
        )
    if weights.shape != (sum(sizes),):
        raise ValueError(
            f"{name} must hold a number for each row: it has the shape {weights.shape}, "
            f"and X has {sum(sizes)} rows."
        )
    return np.split(weights, np.cumsum(sizes)[:-1])


def _shown(values, most=6):
    values = [str(value) for value in values]
    return ", ".join(values[:most]) + (", ..." if len(values) > most else "")
