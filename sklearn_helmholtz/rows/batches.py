"""Minibatches of an epoch: which rows, in which order, and in which pieces."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .limits import minibatches

CHUNKS_TOGETHER = 8  # that are gone through side by side


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

    Gradients are added piece by piece: pieces, and not who computes them, decide the result.
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

    limits : (n_chunks + 1,), where chunks begin and end. Chunks come in a random order, some side
    by side: each minibatch has rows of all of these, in proportion to how many they have, and in a
    random order in each. With one chunk it is a `WholeOrder`.
    """

    limits: np.ndarray

    def batches(self, indices, batch_size, permute):
        """The batches of an epoch, as of `WholeOrder`."""
        if len(self.limits) <= 2:
            return WholeOrder().batches(indices, batch_size, permute)
        order = [indices] if permute is None else self._shuffled(indices, permute)
        return map(self._batch, _cut(order, batch_size))

    def _shuffled(self, indices, permute):
        """Numbers of rows, those of some chunks at a time, mixed."""
        ends = np.searchsorted(indices, self.limits)
        chunks = permute(len(self.limits) - 1)
        for start in range(0, len(chunks), CHUNKS_TOGETHER):
            rows = [
                indices[ends[k] : ends[k + 1]][permute(ends[k + 1] - ends[k], 1 + k)]
                for k in chunks[start : start + CHUNKS_TOGETHER]
            ]
            places = [(np.arange(len(own)) + 0.5) / max(len(own), 1) for own in rows]
            mixed = np.argsort(np.concatenate(places), kind="stable")
            yield np.concatenate(rows)[mixed]

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
