"""Answers about the rows of a collection: lazy collections of the same kind."""

from dataclasses import dataclass

import numpy as np

from .chunks import checked_partition, kind_of
from .library import dask_module
from .reductions import by_chunk


@dataclass(frozen=True)
class Call:
    """Call of a method of an estimator for the rows of a chunk.

    options : arguments by name; seed : None, or a whole number, with which each chunk has a
    ``random_state`` of its own.
    """

    method: str
    options: dict
    seed: int | None = None

    def answer(self, shipment, rows, number):
        """The answer of the estimator of a `Shipment` about the rows of the chunk of a number."""
        options = self.options
        if self.seed is not None:
            options = {**options, "random_state": chunk_seed(self.seed, number)}
        return getattr(shipment.estimator, self.method)(rows, **options)


def chunk_seed(seed, number):
    """The seed of the chunk of a number, a whole number of 32 bits."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])


def mapped(X, call, shipment, empty):
    """The answers of a `Call` about all rows of a collection, as a lazy one of the same kind.

    shipment : a Delayed, see `shipped`; empty : the answer about no rows: an array or CSR matrix of
    no rows for arrays, a Series or DataFrame for DataFrames.
    """
    if kind_of(X) == "frame":
        return _mapped_frame(X, call, shipment, empty)
    columns = {"drop_axis": 1} if empty.ndim == 1 else {"chunks": (X.chunks[0], empty.shape[1:])}
    return X.map_blocks(
        _of_chunk, call=call, shipment=shipment, empty=empty, dtype=empty.dtype, meta=empty,
        **columns,
    )  # fmt: skip


def _mapped_frame(X, call, shipment, empty):
    """The same of a DataFrame.

    Where partitions have seeds they are told apart by their numbers in X, which Dask would lose
    when some of them are chosen later.
    """
    if call.seed is None:
        return X.map_partitions(
            _of_partition, shipment, call, empty, X._meta, meta=empty, enforce_metadata=False,
            token=call.method,
        )  # fmt: skip
    parts, n = X.to_delayed(), X.npartitions
    constants = {"shipment": shipment, "call": call, "empty": empty, "declared": X._meta}
    return dask_module("dask.dataframe").from_delayed(
        by_chunk(_of_numbered, parts, range(n), **constants),
        meta=empty, divisions=X.divisions if X.known_divisions else None, verify_meta=False,
        prefix=call.method,
    )  # fmt: skip


def _of_chunk(rows, call, shipment, empty, block_id):
    """The answer about the rows of a chunk of an array."""
    return call.answer(shipment, rows, block_id[0]) if rows.shape[0] else empty


def _of_partition(frame, shipment, call, empty, declared, number=None):
    """The answer about the rows of a partition, with its index."""
    checked_partition(frame, declared)
    if not len(frame):
        return empty
    found = call.answer(shipment, frame, number)
    if hasattr(found, "iloc"):
        return found
    names = {"name": empty.name} if empty.ndim == 1 else {"columns": empty.columns}
    return type(empty)(found, index=frame.index, **names)


def _of_numbered(frame, number, **constants):
    """The same of a partition that has a number."""
    return _of_partition(frame, number=number, **constants)
