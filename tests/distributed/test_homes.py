"""Homes of chunks, and what of a minibatch is one task."""

import numpy as np
import pytest

from sklearn_helmholtz.distributed import gradients
from sklearn_helmholtz.distributed.homes import ChunkHomes


class Cluster:
    """A client that computes nothing, of workers with some threads each."""

    def __init__(self, threads):
        self.threads, self.asked = threads, 0

    def ncores(self):
        self.asked += 1
        return self.threads

    def compute(self, part, **place):
        return part, place


class Chunks:
    """Data in some chunks, which are their numbers."""

    def __init__(self, n):
        self.parts = list(range(n))


def test_neighbouring_chunks_are_at_home_together():
    homes = ChunkHomes(Cluster({"b": 1, "a": 1}))
    futures, workers = homes.of(Chunks(10), np.arange(10))
    assert workers == ["a", "b"]
    places = [place["workers"] for _, place in futures]
    assert places == [["a"]] * 5 + [["b"]] * 5
    assert all(place["allow_other_workers"] for _, place in futures)
    assert homes.place(Chunks(10), 9) == futures[9][1]


def test_a_worker_has_as_many_chunks_as_threads_say():
    homes = ChunkHomes(Cluster({"a": 3, "b": 1}))
    futures, workers = homes.of(Chunks(8), np.arange(8))
    assert workers == ["a", "a", "a", "b"]
    assert [place["workers"] for _, place in futures] == [["a"]] * 6 + [["b"]] * 2


def test_chunks_that_are_no_longer_gone_through_are_let_go():
    cluster = Cluster({"a": 1})
    homes = ChunkHomes(cluster)
    for start in range(0, 12, 3):
        homes.of(Chunks(12), np.arange(start, start + 3))
        homes.of(Chunks(12), np.arange(start, start + 3))
    assert list(homes._futures) == list(range(6, 12))
    assert cluster.asked == 4  # only where a chunk was new


def test_a_cluster_without_workers_may_yet_get_some():
    homes = ChunkHomes(Cluster({}))
    assert homes.of(Chunks(2), np.arange(2)) == ([(0, {}), (1, {})], [])


@pytest.mark.parametrize(
    ("n_pieces", "n_threads", "expected"),
    [(8, 1, 8), (8, 2, 4), (8, 3, 1), (8, 4, 2), (8, 8, 1), (8, 100, 1), (16, 3, 2), (5, 2, 1),
     (1, 2, 1), (8, 0, 8), (7, 2, 4)],
)  # fmt: skip
def test_tasks_are_as_large_as_keeps_all_workers_busy(n_pieces, n_threads, expected):
    assert gradients.pieces_of_a_task(n_pieces, n_threads) == expected
