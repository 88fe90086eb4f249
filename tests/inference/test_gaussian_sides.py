"""Both sides of Boltzmann machines of real data by enumeration, against mixtures of normals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from sklearn_helmholtz.inference import GaussianSides, HiddenSide, totals_of_rows
from sklearn_helmholtz.inference.gaussian_sides import pair_terms
from sklearn_helmholtz.rows import Block
from tests import cases
from tests.boltzmann_machines import states
from tests.gaussian_boltzmann_machines import Mixture, all_patterns, make_gaussian_boltzmann

MACHINE = make_gaussian_boltzmann(4, 3)
TRUTH = Mixture.of(MACHINE)
ROWS = all_patterns(np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32))


def block_of(rows):
    return Block(rows.astype(np.float32), np.zeros(rows.shape[1], np.float32))


def test_terms_of_pairs():
    rng = np.random.default_rng(0)
    J = rng.normal(size=(5, 5))
    J += J.T
    h = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(float)
    assert_allclose(pair_terms(J), 0.5 * np.einsum("si,ij,sj->s", h, J, h), atol=1e-12)


def test_terms_of_all_states():
    found = HiddenSide.of(MACHINE).log_terms()
    number = states(3).astype(int) @ [1, 2, 4]
    assert_allclose(found[number], TRUTH.log_prior + TRUTH.log_partition, rtol=1e-12)


@pytest.mark.parametrize("n_hidden", [0, 1, 11, 12, 13, 15])
def test_log_partition_in_parts_is_that_of_all_terms(n_hidden):
    machine = make_gaussian_boltzmann(6, n_hidden, 0.3)
    side = HiddenSide.of(machine)
    found = [side.log_partition(n) for n in (1, 2)]
    assert found[0] == found[1] == pytest.approx(logsumexp(side.log_terms()), rel=1e-13)
    if n_hidden < 12:
        assert found[0] == pytest.approx(Mixture.of(machine).log_partition, rel=1e-12)


def test_totals_of_rows_with_gaps():
    rows = ROWS[1:].astype(float)
    inputs = MACHINE.hidden_doubles(np.nan_to_num(rows))
    found = MACHINE.log_energy(rows) + totals_of_rows(MACHINE, inputs, np.isnan(rows))
    assert_allclose(found - TRUTH.log_partition, [TRUTH.log_prob(r) for r in rows], atol=1e-9)


def test_means_given_what_is_observed():
    visible, hidden = GaussianSides(MACHINE).means(block_of(ROWS))
    expected = [TRUTH.expected(row) for row in ROWS.astype(float)]
    assert_allclose(visible, [v for v, _ in expected], atol=1e-9)
    assert_allclose(hidden, [h for _, h in expected], atol=1e-9)


@pytest.mark.parametrize("number", [3, 9, 15])
def test_draws_given_what_is_observed(number):
    row, n = ROWS[number].astype(float), 40_000
    sides = GaussianSides(MACHINE, cases.SEED)
    visible, hidden = sides.sample(block_of(row[None]), np.array([7], np.uint64), n)
    p = np.bincount(hidden.astype(int) @ [4, 2, 1], minlength=8) / n
    assert_allclose(p, TRUTH.given(row), atol=4 * np.sqrt(0.25 / n))
    missing = np.isnan(row)
    assert_array_equal(visible[:, ~missing], np.repeat(row[None, ~missing], n, 0).astype("f4"))
    noise = visible - TRUTH.means[hidden.astype(int) @ [4, 2, 1]]
    covariance = np.cov(noise[:, missing].T)
    scale = np.sqrt(np.outer(TRUTH.variance[missing], TRUTH.variance[missing]))
    assert_allclose(covariance / scale, np.eye(missing.sum()), atol=6 / np.sqrt(n))


def test_draws_belong_to_addresses():
    rows, addresses = block_of(ROWS), np.arange(len(ROWS), dtype=np.uint64)
    sides = GaussianSides(MACHINE, cases.SEED)
    whole, part = sides.sample(rows, addresses, 3), block_of(ROWS[4:6])
    for one, other in zip(whole, sides.sample(part, addresses[4:6], 3), strict=True):
        assert_array_equal(one[12:18], other)


def test_components_are_the_heaviest_of_the_mixture():
    rows = ROWS[1:]
    weights, means = GaussianSides(MACHINE).components(block_of(rows), None, 8)
    for row, w, m in zip(rows.astype(float), weights, means, strict=True):
        order = np.argsort(w)
        assert_allclose(w[order], np.sort(TRUTH.given(row)), atol=1e-9)
        assert_allclose(w @ m, TRUTH.given(row) @ TRUTH.means, atol=1e-8)
    few, _ = GaussianSides(MACHINE).components(block_of(rows), None, 2)
    for row, w in zip(rows.astype(float), few, strict=True):
        best = np.sort(TRUTH.given(row))[-2:]
        assert_allclose(np.sort(w), best / best.sum(), atol=1e-9)
