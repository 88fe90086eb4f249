"""Orders of epochs: every row once, few chunks at a time, and pieces that lie in one chunk."""

import itertools

import numpy as np
import pytest

from sklearn_helmholtz.rows import Batch, ChunkOrder, WholeOrder, chunks_together

LIMITS = np.array([0, 0, 40, 100, 101, 101, 160, *range(200, 1000, 50)])


def permutation(n, *counters):
    return np.random.default_rng((7, *counters)).permutation(n)


def known_rows():
    """Numbers of rows, of which some are left out."""
    return np.flatnonzero(np.random.default_rng(0).random(LIMITS[-1]) < 0.9)


@pytest.mark.parametrize("permute", [permutation, None], ids=["shuffled", "in order"])
@pytest.mark.parametrize("batch_size", [1, 33, 10_000])
def test_every_row_comes_once_in_batches_of_a_size(permute, batch_size):
    known = known_rows()
    batches = list(ChunkOrder(LIMITS).batches(known, batch_size, permute))
    np.testing.assert_array_equal(np.sort(np.concatenate([b.numbers for b in batches])), known)
    sizes = [len(batch) for batch in batches]
    assert sizes == [len(b) for b in WholeOrder().batches(known, batch_size, permute)]
    for batch in batches:
        np.testing.assert_array_equal(
            np.concatenate([piece.numbers for piece in batch.pieces]), batch.numbers
        )
        starts = [piece.start for piece in batch.pieces]
        assert starts == [0, *batch.ends[:-1]]
        assert {piece.size for piece in batch.pieces} == {len(batch)}
        for piece in batch.pieces:
            assert len(np.unique(np.searchsorted(LIMITS, piece.numbers, side="right"))) == 1


def test_minibatches_have_their_share_of_the_chunks_beside_each_other():
    limits = np.array([0, 1000, 3000, 7000])
    for batch in ChunkOrder(limits).batches(np.arange(7000), 700, permutation):
        assert [len(piece.numbers) for piece in batch.pieces] == [100, 200, 400]


def test_few_chunks_are_wanted_at_a_time():
    limits = np.arange(0, 4001, 50)
    seen, last = [], set()
    for batch in ChunkOrder(limits).batches(np.arange(4000), 40, permutation):
        own = {int(piece.numbers[0]) // 50 for piece in batch.pieces}
        assert len(own) <= 2 * chunks_together(40)
        if own - last:
            seen.append(own - last)
        last |= own
    assert len(set.union(*seen)) == sum(map(len, seen)) == 80  # each is wanted for one while


def test_epochs_without_order_are_in_that_of_the_table():
    batches = ChunkOrder(LIMITS).batches(np.arange(1, 160), 50, None)
    assert [batch.numbers[0] for batch in batches] == [1, 51, 101, 151]
    first = next(iter(ChunkOrder(LIMITS).batches(np.arange(1, 160), 50, None)))
    assert first.ends == (39, 50)


def test_a_table_of_one_chunk_is_a_whole():
    one = ChunkOrder(np.array([0, 50])).batches(np.arange(50), 20, permutation)
    for batch, other in zip(one, WholeOrder().batches(np.arange(50), 20, permutation), strict=True):
        np.testing.assert_array_equal(batch.numbers, other.numbers)
        assert batch.ends == other.ends == (len(batch),)


def test_batches_of_numbers_are_one_piece():
    batch = Batch.of(np.array([5, 3]))
    assert (len(batch), len(batch.pieces)) == (2, 1)


@pytest.mark.parametrize("batch_size", [100, 10_240])
def test_minibatches_have_rows_of_all_of_a_table_whatever_it_is_sorted_by(batch_size):
    limits, n_together = np.arange(0, 400_001, 5000), chunks_together(batch_size)
    assert n_together == (8 if batch_size == 100 else 20)
    stretch = 400_000 // n_together
    order = ChunkOrder(limits).batches(np.arange(400_000), batch_size, permutation)
    for batch in itertools.islice(order, 3):
        own = [piece.numbers[0] // stretch for piece in batch.pieces]
        assert own == list(range(n_together))
