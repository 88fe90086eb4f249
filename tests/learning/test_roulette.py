"""Russian roulette among particles: cheaper steps that have the same expectation.

Whether a particle stays is decided by one number: below its weight over the threshold, or above.
With numbers of our own, all outcomes of a few particles can be gone through.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _tree
from sklearn_helmholtz._kernels.particles import ROULETTE
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._workspace import Workspace
from sklearn_helmholtz.learning import ReweightedWakeSleep, reweighted
from sklearn_helmholtz.learning.kept import keep
from sklearn_helmholtz.learning.passes import (
    first_recognition_gradient,
    generation_gradient,
    higher_recognition_gradient,
    wake_and_dream,
)
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.rows import Block, Lists
from sklearn_helmholtz.units import Bernoulli
from tests import cases, naive
from tests.cases import CASES, make_case, make_draws

PLAIN = [case for case in CASES if "ordered" not in case[1]]


def step(rule, machine, block, work=np):
    """The bound of a block and its step, flat, float64."""
    out, n = cases.empty_gradient(machine), len(block)
    wake = make_draws(n, rule.n_particles)
    dream = make_draws(n, purpose=Purpose.DREAM)
    bound = rule.gradient(machine, block, wake, dream, out, work)
    return bound, np.concatenate([leaf.ravel().astype(np.float64) for leaf in _tree.leaves(out)])


def weights_of(rule, machine, block, monkeypatch):
    """The self-normalised weights of the particles that `step` draws, (n_rows, n_particles)."""
    seen = []

    def look(numbers, threshold, weights):
        seen.append(weights.copy())

    with monkeypatch.context() as patch:
        patch.setattr(reweighted, "prune", look)
        step(rule, machine, block)
    return seen[0]


def with_numbers(monkeypatch, numbers):
    """Let the numbers of the roulette be these, (n_rows, n_particles)."""

    def write(key, addresses, n_particles, first, layer, out):
        out[...] = numbers

    monkeypatch.setattr(reweighted, "uniform_rows", write)


def expected_step(rule, machine, block, monkeypatch):
    """The mean step over all outcomes of the roulette, and how many there are."""
    weights = weights_of(rule, machine, block, monkeypatch).astype(np.float64)
    stays = np.minimum(weights / float(rule.threshold), 1)
    open_ones = np.argwhere(stays < 1)
    total, mass = 0.0, 0.0
    for outcome in itertools.product([True, False], repeat=len(open_ones)):
        numbers, probability = np.full(weights.shape, 0.5, np.float32), 1.0
        for (i, k), kept in zip(open_ones, outcome, strict=True):
            numbers[i, k] = 2.0**-25 if kept else 1 - 2.0**-24
            probability *= stays[i, k] if kept else 1 - stays[i, k]
        with monkeypatch.context() as patch:
            with_numbers(patch, numbers)
            total += probability * step(rule, machine, block)[1]
        mass += probability
    assert mass == pytest.approx(1)
    return total, 2 ** len(open_ones)


def blocks(machine, visible, X):
    """Rows of a case; the same with weights, with a gap and as lists."""
    values = np.asarray(X, np.float32).copy()
    values[0, 1] = np.nan
    fills = np.full(X.shape[1], 0.4, np.float32)
    weighted = replace(Block(X), weights=np.array([0.0, 2.5]))
    found = [Block(X), weighted, Block(values, fills)]
    if visible != "gaussian":
        found.append(Block(Lists.from_csr(scipy.sparse.csr_array(np.asarray(X, np.float32)))))
    return found


@pytest.mark.parametrize(("n_units", "visible"), PLAIN)
def test_the_expected_step_is_that_of_all_particles(n_units, visible, monkeypatch):
    machine, _, X = make_case(n_units, visible, n_rows=2, scale=1.5)
    for block in blocks(machine, visible, X):
        for rule in (ReweightedWakeSleep(3, roulette=1.0), ReweightedWakeSleep(4)):
            bound, plain = step(replace(rule, roulette=0.0), machine, block)
            found, n_outcomes = expected_step(rule, machine, block, monkeypatch)
            assert step(rule, machine, block)[0] == bound
            assert 2 <= n_outcomes <= 64
            assert_allclose(found, plain, rtol=1e-5, atol=1e-5 * np.abs(plain).max())


@pytest.mark.parametrize(("n_units", "visible"), PLAIN)
def test_passes_of_kept_particles_have_the_gradients_of_weights_that_are_zero(n_units, visible):
    machine, _, X = make_case(n_units, visible, n_rows=2, scale=1.5)
    weights = np.array([[0.5, 0, 0.3, 0.2], [0, 0, 0, 1.5]], np.float32)
    kept = np.flatnonzero(weights)
    for block in blocks(machine, visible, X):
        found = []
        for chosen in (False, True):
            out, own = cases.empty_gradient(machine), weights
            wake, dream = make_draws(2, 4), make_draws(2, purpose=Purpose.DREAM)
            passes = wake_and_dream(machine, block, wake, dream)
            first_recognition_gradient(machine, passes, weights, out.recognition)
            if chosen:
                passes, own = keep(passes, kept), weights.reshape(-1)[kept]
            generation_gradient(machine, passes, own, out.generation)
            higher_recognition_gradient(machine, passes, own, out.recognition)
            found.append(np.concatenate([leaf.ravel() for leaf in _tree.leaves(out)]))
        assert_allclose(*found, rtol=1e-5, atol=1e-6)


def test_the_mean_step_over_random_numbers_is_that_of_all_particles(monkeypatch):
    """By the numbers that training has, for ever other rows of the minibatch."""
    machine, _, _ = make_case((4, 3, 2), "binary", scale=1.5)
    block = Block(np.tile(np.array([1, 0, 0, 1], np.uint8), (3000, 1)))
    (_, pruned), (_, plain) = (
        step(ReweightedWakeSleep(5, share), machine, block) for share in (1.0, 0.0)
    )
    alone = step_of_each_row(machine, block)
    spread = (alone[0] - alone[1]).std(axis=0) * np.sqrt(len(block))
    moved = spread > 0
    assert moved.mean() > 0.5
    assert np.abs((pruned - plain)[moved] / spread[moved]).max() < 4.5
    assert_allclose(pruned[~moved], plain[~moved], rtol=1e-5, atol=1e-3)


def step_of_each_row(machine, block, n=200):
    """Steps of some rows alone with and without the roulette, (2, n, n_entries)."""
    found = []
    for share in (1.0, 0.0):
        rule, own = ReweightedWakeSleep(5, share), []
        for row in range(n):
            out = cases.empty_gradient(machine)
            wake = make_draws(1, 5, start=row)
            dream = make_draws(1, purpose=Purpose.DREAM, start=row)
            rule.gradient(machine, Block(block.values[row : row + 1]), wake, dream, out)
            own.append(np.concatenate([leaf.ravel() for leaf in _tree.leaves(out)]))
        found.append(np.array(own, np.float64))
    return found


@pytest.mark.parametrize("rule", [ReweightedWakeSleep(n, roulette=1.0) for n in (1, 6)], ids=str)
def test_particles_of_one_weight_are_all_kept(rule, monkeypatch):
    """Where nothing depends on hidden units that are as likely as their guess."""
    machine = initialise((5, 4, 3), Bernoulli(), np.zeros(5), np.random.default_rng(0))
    if rule.n_particles > 1:
        for leaf in _tree.leaves(machine):
            leaf[...] = 0
    block = Block(cases.make_rows(5, "binary", 9))
    weights = weights_of(rule, machine, block, monkeypatch)
    assert (weights == rule.threshold).all()
    (bound, found), (same_bound, expected) = (
        step(each, machine, block) for each in (rule, replace(rule, roulette=0.0))
    )
    assert bound == same_bound
    assert_array_equal(found, expected)


def test_one_particle_of_each_row_is_kept_however_the_numbers_are(monkeypatch):
    machine, _, X = make_case((4, 3, 2), "binary", n_rows=7, scale=3.0)
    rule, kept = ReweightedWakeSleep(4, roulette=1.0), []
    chosen = reweighted.ReweightedWakeSleep._prune

    def look(self, *given):
        kept.append(chosen(self, *given))
        return kept[-1]

    monkeypatch.setattr(reweighted.ReweightedWakeSleep, "_prune", look)
    with_numbers(monkeypatch, np.full((7, 4), 1 - 2.0**-24, np.float32))
    step(rule, machine, Block(X))
    assert sorted(set(kept[0] // 4)) == list(range(7))
    assert len(kept[0]) < 28


def test_the_numbers_are_those_of_an_address_of_their_own(monkeypatch):
    machine, _, X = make_case((4, 3), "binary", n_rows=3)
    seen = []
    monkeypatch.setattr(reweighted, "prune", lambda numbers, *others: seen.append(numbers.copy()))
    step(ReweightedWakeSleep(3), machine, Block(X))
    wake = make_draws(3)
    for own, address in zip(seen[0], wake.addresses.tolist(), strict=True):
        counters = [(unit, ROULETTE, address & 0xFFFFFFFF, address >> 32) for unit in range(3)]
        words = [naive.philox4x32_10(counter, wake.key.tolist())[0] for counter in counters]
        assert own.tolist() == [(word >> 8) * 2.0**-24 for word in words]


@pytest.mark.parametrize("work", [np, Workspace()], ids=["numpy", "workspace"])
def test_machines_with_lateral_weights_keep_all_particles(work):
    machine, _, X = make_case((4, 3, 2), "ordered binary", n_rows=20, scale=1.5)
    (_, found), (_, expected) = (
        step(ReweightedWakeSleep(5, share), machine, Block(X), work) for share in (1.0, 0.0)
    )
    assert_array_equal(found, expected)
    plain, _, _ = make_case((4, 3, 2), "binary", scale=1.5)
    (_, pruned), (_, all_kept) = (
        step(ReweightedWakeSleep(5, share), plain, Block(X), work) for share in (1.0, 0.0)
    )
    assert (pruned != all_kept).any()


@pytest.mark.parametrize("is_fused", [False, True])
def test_a_machine_that_is_no_longer_finite_is_noticed(is_fused):
    machine, _, X = make_case((4, 3, 2), "binary", n_rows=6)
    machine.visible.map.intercept[2] = np.nan
    rule, packed = ReweightedWakeSleep(5), _tree.pack(machine)
    wake, dream = make_draws(6, 5), make_draws(6, purpose=Purpose.DREAM)
    if is_fused:
        out, (part,) = _tree.parts_like(machine, 1)
        fused = rule.fused(machine)
        (bound,) = fused.gradients(packed, Block(X), wake, dream, (0, 6), out, np)
        out = part.tree
    else:
        out = cases.empty_gradient(machine)
        bound = rule.gradient(packed.tree, Block(X), wake, dream, out)
    assert np.isnan(bound)
    assert np.isnan(out.visible.map.weights).any()


@pytest.mark.parametrize("roulette", [-0.1, 1.1, np.nan])
def test_thresholds_above_the_mean_weight_are_refused(roulette):
    with pytest.raises(ValueError, match="roulette must be in"):
        ReweightedWakeSleep(5, roulette)
