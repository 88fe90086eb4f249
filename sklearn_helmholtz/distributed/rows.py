"""Rows of a collection as training reads them: by number, a few chunks at a time."""

import threading
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import scipy.sparse

from ..rows import ChunkOrder, chunks_together
from .library import current_client
from .losses import losses_told
from .reductions import by_chunk, computed, summed


class ChunkedRows:
    """Rows in chunks, which are fetched when they are asked for, and of which few are held.

    It has of an array what reading rows takes: ``shape``, ``dtype`` and rows by number or slice.

    parts : a Delayed of each chunk, an array or CSR matrix of validated rows; summary : the
    `TableSummary` of those that count, or whatever has a ``shape`` and ``dtype``; limits :
    (n_chunks + 1,), where chunks begin and end.
    """

    ndim = 2

    def __init__(self, parts, summary, limits):
        self.parts, self.summary, self.limits = parts, summary, limits
        self.shape, self.dtype = (int(limits[-1]), summary.shape[1]), summary.dtype
        self._held, self._most, self._lock = OrderedDict(), chunks_together(0) + 1, threading.Lock()
        self._client = current_client()

    def order(self, batch_size):
        """The `ChunkOrder` in which training goes through the rows, which holds chunks from now on.

        Those that minibatches of this size go through side by side, and one that comes.
        """
        self._most = chunks_together(batch_size) + 1
        return ChunkOrder(self.limits)

    def mapped(self, function):
        """The rows that a pure function makes of those of chunks: one of each, all of one type."""
        empty = function(np.empty((0, self.shape[1]), self.dtype))
        of_all = SimpleNamespace(shape=(len(self), empty.shape[1]), dtype=empty.dtype)
        found = ChunkedRows(by_chunk(function, self.parts), of_all, self.limits)
        found._most = self._most
        return found

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, asked):
        """Some rows, by numbers, flags or slice, and of these some columns."""
        asked, columns = asked if isinstance(asked, tuple) else (asked, slice(None))
        numbers = self._numbers(asked)
        chunks = self.chunk_of(numbers)
        own = np.unique(chunks)
        if len(own) == 1:
            return self._chunk(own[0])[numbers - self.limits[own[0]]][:, columns]
        parts = [part[:, columns] for part in self._parts(own, chunks, numbers)]
        back = np.argsort(np.argsort(chunks, kind="stable"))
        if not parts:
            return np.empty((0, self.shape[1]), self.dtype)[:, columns]
        if scipy.sparse.issparse(parts[0]):
            return scipy.sparse.vstack(parts, format="csr")[back]
        return np.concatenate(parts)[back]

    def _parts(self, own, chunks, numbers):
        """Rows by chunk; of more chunks than a minibatch is of, the rows alone travel.

        own : numbers of the chunks; chunks : of each row; numbers : of the rows.
        """
        places = [numbers[chunks == k] - self.limits[k] for k in own]
        if len(own) >= 2 * self._most:  # more than a minibatch has rows of
            return self._computed(by_chunk(_rows_at, [self.parts[k] for k in own], places))
        # Chunks that are held come first: those that are fetched now take their places.
        order = sorted(range(len(own)), key=lambda i: own[i] not in self._held)
        found = {i: self._chunk(own[i])[places[i]] for i in order}
        return [found[i] for i in range(len(own))]

    def _numbers(self, asked):
        """Numbers of rows that are asked for; nothing is made that is as long as the table."""
        if isinstance(asked, slice):
            return np.arange(*asked.indices(len(self)))
        return np.flatnonzero(asked) if asked.dtype == bool else asked

    def chunk_of(self, numbers):
        """The number of the chunk of each row."""
        return np.searchsorted(self.limits, numbers, side="right") - 1

    def reduced(self, function, add, indices, weights=None, **constants):
        """Whatever a function makes of some rows of each chunk, added, see `rows.reduced`."""
        ends, rows, own, parts = np.searchsorted(indices, self.limits), [], [], []
        for k in np.flatnonzero(np.diff(ends)):
            numbers = indices[ends[k] : ends[k + 1]]
            flags = np.zeros(self.limits[k + 1] - self.limits[k], bool)
            flags[numbers - self.limits[k]] = True
            rows.append(np.packbits(flags))  # a bit of each row travels to where the chunk is
            own.append(None if weights is None else weights[numbers])
            parts.append(self.parts[k])
        given = {"make": function, "constants": constants}
        return self._computed([summed(by_chunk(_of_chunk, parts, rows, own, **given), add)])[0]

    def _computed(self, tasks):
        with losses_told(self._client):
            return computed(tasks)

    def _chunk(self, number):
        """The rows of a chunk, which stay for a while."""
        with self._lock:
            if number not in self._held:
                (self._held[number],) = self._computed([self.parts[number]])
                if len(self._held) > self._most:
                    self._held.popitem(last=False)
            self._held.move_to_end(number)
            return self._held[number]


def _rows_at(data, places):
    """Some rows of a chunk."""
    return data[places]


def _of_chunk(data, rows, weights, make, constants):
    """Whatever a function makes of some rows of a chunk, which packed bits tell."""
    chosen, of_all = np.flatnonzero(np.unpackbits(rows, count=data.shape[0])), None
    if weights is not None:
        of_all = np.zeros(data.shape[0])
        of_all[chosen] = weights
    return make(data, chosen, of_all, **constants)
