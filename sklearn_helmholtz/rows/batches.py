"""Minibatches of an epoch: which rows, in which order, and in which pieces."""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .limits import minibatches

_FEWEST_TOGETHER = 8
_ROWS_OF_A_PIECE = 512  # or fewer: they are work enough for one worker


def chunks_together(batch_size):
    """Number of chunks that are gone through side by side by minibatches of a size.

    It grows with the minibatch, and with it the number of workers that share one.
    """
    return max(_FEWEST_TOGETHER, batch_size // _ROWS_OF_A_PIECE)


@dataclass(frozen=True)
class Piece:
    """Piece of a minibatch, whose rows lie in one chunk.

    numbers : (n_rows,), of the rows in the table; start : the place of the first in the minibatch;
    size : rows of the minibatch.
    """

    numbers: np.ndarray
    start: int
    size: int


@dataclass(frozen=True)
class Batch:
    """Minibatch of rows by number, (n_rows,), and where its pieces end.

    Pieces decide in which order gradients are added, and not who computes them.
    """

    numbers: np.ndarray
    ends: tuple

    @classmethod
    def of(cls, numbers):
        """A batch of one piece."""
        return cls(numbers, (len(numbers),))

    def __len__(self):
        return len(self.numbers)

    @cached_property
    def pieces(self):
        """The `Piece`s, in their order."""
        starts = (0, *self.ends[:-1])
        return [
            Piece(self.numbers[start:end], start, len(self))
            for start, end in zip(starts, self.ends, strict=True)
        ]


class WholeOrder:
    """Order of the rows of a table that is one whole: any row may come after any other."""

    def batches(self, indices, batch_size, permute):
        """The batches of an epoch.

        indices : numbers of its rows, rising; permute : a function of a number n and of counters
        that tell permutations apart to one of n things, or None for the order of the table.
        """
        order = indices if permute is None else indices[permute(len(indices))]
        return map(Batch.of, minibatches(order, batch_size))


@dataclass(frozen=True)
class ChunkOrder:
    """Order of the rows of a table that comes in chunks, of which few are wanted at a time.

    limits : (n_chunks + 1,), where chunks begin and end. The table is cut into as many stretches of
    neighbouring chunks as are gone through side by side, one of each: whatever a table is sorted
    by, a minibatch has of all of it. Chunks of a stretch come in a random order. A minibatch has
    rows of all chunks that are gone through, in proportion to how many they have, and in a random
    order in each. With one chunk it is a `WholeOrder`.
    """

    limits: np.ndarray

    def batches(self, indices, batch_size, permute):
        """The batches of an epoch, as of `WholeOrder`."""
        if len(self.limits) <= 2:
            return WholeOrder().batches(indices, batch_size, permute)
        order = [indices]
        if permute is not None:
            order = self._shuffled(indices, permute, chunks_together(batch_size))
        return map(self._batch, _cut(order, batch_size))

    def _shuffled(self, indices, permute, n_together):
        """Numbers of rows, those of some chunks at a time, mixed."""
        ends = np.searchsorted(indices, self.limits)
        for chunks in self._side_by_side(permute, n_together):
            rows = [
                indices[ends[k] : ends[k + 1]][permute(ends[k + 1] - ends[k], 1 + k)]
                for k in chunks
            ]
            places = [(np.arange(len(own)) + 0.5) / max(len(own), 1) for own in rows]
            mixed = np.argsort(np.concatenate(places), kind="stable")
            yield np.concatenate(rows)[mixed]

    def _side_by_side(self, permute, n_together):
        """Lists of the numbers of chunks that are gone through at the same time."""
        n_chunks = len(self.limits) - 1
        stretches = np.array_split(np.arange(n_chunks), min(n_together, n_chunks))
        stretches = [
            chunks[permute(len(chunks), 1 + n_chunks + k)] for k, chunks in enumerate(stretches)
        ]
        for chunks in itertools.zip_longest(*stretches):
            yield [chunk for chunk in chunks if chunk is not None]

    def _batch(self, numbers):
        """A batch of rows, those of a chunk side by side."""
        chunks = np.searchsorted(self.limits, numbers, side="right")
        order = np.argsort(chunks, kind="stable")
        ends = np.flatnonzero(np.diff(chunks[order])) + 1
        return Batch(numbers[order], (*ends.tolist(), len(numbers)))


def _cut(parts, batch_size):
    """The numbers of some parts in pieces of ``batch_size``, of which the last has what is left."""
    left = np.empty(0, np.int64)
    for part in parts:
        left = np.concatenate([left, part]) if len(left) else part
        n_whole = len(left) - len(left) % batch_size
        yield from minibatches(left[:n_whole], batch_size)
        left = left[n_whole:]
    if len(left):
        yield left
