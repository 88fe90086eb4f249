"""Rows of a collection as training reads them: by number, a few chunks at a time."""

import threading
from collections import OrderedDict

import numpy as np
import scipy.sparse

from ..rows import ChunkOrder, chunks_together
from .reductions import computed


class ChunkedRows:
    """Rows in chunks, which are fetched when they are asked for, and of which few are held.

    It has of an array what reading rows takes: ``shape``, ``dtype`` and rows by number or slice.

    parts : a Delayed of each chunk, an array or CSR matrix of validated rows; summary : their
    `TableSummary`; limits : (n_chunks + 1,), where chunks begin and end.
    """

    ndim = 2

    def __init__(self, parts, summary, limits):
        self.parts, self.summary, self.limits = parts, summary, limits
        self.shape, self.dtype = summary.shape, summary.dtype
        self._held, self._most, self._lock = OrderedDict(), 1, threading.Lock()

    def order(self, batch_size):
        """The `ChunkOrder` in which training goes through the rows, which holds chunks from now on.

        Those that minibatches of this size go through side by side, and one that comes.
        """
        self._most = chunks_together(batch_size) + 1
        return ChunkOrder(self.limits)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, asked):
        """Some rows, by numbers, flags or slice, and of these some columns."""
        asked, columns = asked if isinstance(asked, tuple) else (asked, slice(None))
        numbers = np.arange(len(self))[asked]
        chunks = self.chunk_of(numbers)
        own = np.unique(chunks)
        if len(own) == 1:
            return self._chunk(own[0])[numbers - self.limits[own[0]]][:, columns]
        parts = [self._chunk(k)[numbers[chunks == k] - self.limits[k]][:, columns] for k in own]
        back = np.argsort(np.argsort(chunks, kind="stable"))
        if not parts:
            return np.empty((0, self.shape[1]), self.dtype)[:, columns]
        if scipy.sparse.issparse(parts[0]):
            return scipy.sparse.vstack(parts, format="csr")[back]
        return np.concatenate(parts)[back]

    def chunk_of(self, numbers):
        """The number of the chunk of each row."""
        return np.searchsorted(self.limits, numbers, side="right") - 1

    def _chunk(self, number):
        """The rows of a chunk, which stay for a while."""
        with self._lock:
            if number not in self._held:
                (self._held[number],) = computed([self.parts[number]])
                if len(self._held) > self._most:
                    self._held.popitem(last=False)
            self._held.move_to_end(number)
            return self._held[number]
