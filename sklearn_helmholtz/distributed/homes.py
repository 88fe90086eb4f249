"""Homes of chunks among the workers of a cluster."""

from collections import OrderedDict


class ChunkHomes:
    """Homes of chunks: which worker keeps which while it is gone through.

    Neighbouring chunks are at home together, so that neighbouring pieces of a minibatch are. It is
    a wish and no more: where its worker is gone or busy, a chunk is made by another one.
    """

    def __init__(self, client):
        self._client, self._threads, self._futures = client, [], OrderedDict()

    def of(self, data, chunks):
        """Futures of some chunks, and the workers, once for each of their threads."""
        if any(number not in self._futures for number in chunks):
            self._threads = [
                worker for worker, n in sorted(self._client.ncores().items()) for _ in range(n)
            ]
        return [self._future(data, number, 2 * len(chunks)) for number in chunks], self._threads

    def place(self, data, number):
        """Where tasks that need a chunk are to be computed, as arguments of Dask."""
        if not self._threads:  # workers may yet come
            return {}
        home = number * len(self._threads) // len(data.parts)
        return {"workers": [self._threads[home]], "allow_other_workers": True}

    def _future(self, data, number, most):
        if number not in self._futures:
            place = self.place(data, number)
            self._futures[number] = self._client.compute(data.parts[number], **place)
            while len(self._futures) > most:
                self._futures.popitem(last=False)
        self._futures.move_to_end(number)
        return self._futures[number]
