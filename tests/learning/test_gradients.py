"""Gradients of minibatches in pieces: the same sums, whoever adds them."""

import math

import numpy as np
import pytest

from sklearn_helmholtz import _tree
from sklearn_helmholtz._gradients import BlockGradients, PieceSum, sum_of_pieces, summed_blocks
from sklearn_helmholtz.learning import ReweightedWakeSleep, WakeSleep
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.rows import Batch, Table, limits
from sklearn_helmholtz.units import Bernoulli
from tests import cases

RULES = [WakeSleep(1), ReweightedWakeSleep(4)]


def setting(rule, n_threads=1):
    rng = np.random.default_rng(0)
    machine = initialise((30, 9, 4), Bernoulli(), np.zeros(30), rng)
    rows = Table(rng.random((900, 30)) < 0.3, True, weights=rng.random(900))
    return BlockGradients(machine, rule, cases.SEED, n_threads), _tree.pack(machine), rows


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_pieces_add_up_to_the_whole(monkeypatch, rule):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    gradients, parameters, rows = setting(rule)
    numbers = np.random.default_rng(1).permutation(900)[:700]
    found = {}
    for ends in ((700,), (1, 64, 65, 700), (350, 700)):
        parts, bound = gradients.of(parameters, rows, Batch(numbers, ends), 3)
        found[ends] = parts.sum(axis=0), bound
    whole, bound = found.pop((700,))
    for other, own in found.values():
        np.testing.assert_allclose(other, whole, rtol=1e-4, atol=1e-3)
        assert own == pytest.approx(bound, rel=1e-12)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_pieces_apart_have_the_bits_of_pieces_together(monkeypatch, rule):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    gradients, parameters, rows = setting(rule, n_threads=3)
    batch = Batch(np.arange(900)[::-1], (10, 600, 900))
    known, bound = gradients.of(parameters, rows, batch, 5)
    known, apart = known.copy(), []
    for piece in reversed(batch.pieces):
        others = setting(rule)[0]
        parts, own = others.of_piece(parameters, rows, piece, 5)
        apart.insert(0, PieceSum(summed_blocks(parts), (own,)))
    found = sum_of_pieces(apart)
    np.testing.assert_array_equal(found.vector[None], known)
    assert math.fsum(found.bounds) == bound


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 11, 13])
def test_neighbours_may_be_added_beforehand_in_powers_of_two(n):
    rng = np.random.default_rng(n)
    pieces = [PieceSum(v, (k,)) for k, v in enumerate(rng.normal(size=(n, 40)).astype(np.float32))]
    known = sum_of_pieces(pieces)
    assert known.bounds == tuple(range(n))
    for size in (2, 4, 8, 16):
        groups = [sum_of_pieces(pieces[a : a + size]) for a in range(0, n, size)]
        found = sum_of_pieces(groups)
        np.testing.assert_array_equal(found.vector, known.vector)
        assert found.bounds == known.bounds
