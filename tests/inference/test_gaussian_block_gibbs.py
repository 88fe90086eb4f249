"""Chains of Boltzmann machines of real data: what they leave invariant, and what they weigh."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest, norm

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import AnnealedSides, GaussianBlockGibbs
from sklearn_helmholtz.rows import Block
from tests import cases
from tests.gaussian_boltzmann_machines import (
    Mixture,
    make_gaussian_boltzmann,
    parameters,
)

N = 16_000
MACHINE = make_gaussian_boltzmann(3, 2)
GAPS = np.array([[0.5, np.nan, np.nan], [np.nan, -1.0, 0.3]], np.float32)


def draws_of(n_rows, n_chains, first=0):
    key = _keys.key(cases.SEED, Purpose.CHAINS)
    return Draws(key, np.arange(n_rows, dtype=np.uint64), n_chains, first)


def path(machine, beta):
    """The mixture at an inverse temperature, from what its docstring says of it.

    With the precision r of a visible unit, W and s of the machine there are those of
    ``r = (1 - beta) / t + beta / s``: weights ``beta W / s / r`` and means likewise.
    """
    W, c, b, s = parameters(machine)
    t, a = (x.astype(float) for x in (machine.base.variances, machine.base.means))
    r = (1 - beta) / t + beta / s
    mean = ((1 - beta) * a / t + beta * b / s) / r
    return Mixture(beta * W / (s * r)[:, None], beta * c, mean, 1 / r)


def log_total(machine, beta):
    """Log of the integral of f at an inverse temperature, by that mixture."""
    _, _, b, s = parameters(machine)
    t, a = (x.astype(float) for x in (machine.base.variances, machine.base.means))
    r = (1 - beta) / t + beta / s
    mean = ((1 - beta) * a / t + beta * b / s) / r
    constant = r * mean**2 - (1 - beta) * a**2 / t - beta * b**2 / s
    return path(machine, beta).log_partition + 0.5 * constant.sum()


def block_of(rows):
    return Block(rows, np.zeros(rows.shape[1], np.float32))


def fits(drawn, truth):
    """Whether every column of draws has the distribution that it has in a mixture."""
    nothing = np.full(drawn.shape[1], np.nan)
    return all(
        kstest(drawn[:, i], lambda x, i=i: truth.cdf(nothing, i, x)).pvalue > 1e-3
        for i in range(drawn.shape[1])
    )


def from_mixture(truth, n, seed=0):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(truth.h), n, p=np.exp(truth.log_prior))
    noise = rng.normal(size=(n, len(truth.variance))) * np.sqrt(truth.variance)
    return (truth.means[chosen] + noise).astype(np.float32)


def test_chains_begin_in_the_base():
    visible = GaussianBlockGibbs(MACHINE).start(draws_of(1, N))
    for column, mean, variance in zip(
        visible.T, MACHINE.base.means, MACHINE.base.variances, strict=True
    ):
        assert kstest(column, norm(mean, np.sqrt(variance)).cdf).pvalue > 1e-3


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_sweeps_leave_the_path_invariant(beta):
    truth = path(MACHINE, beta)
    visible = from_mixture(truth, N)
    assert fits(visible, truth)
    hidden = GaussianBlockGibbs(MACHINE).sweep(visible, draws_of(1, N), 0, 3, beta)
    assert fits(visible, truth)
    p = np.bincount(hidden.astype(int) @ [2, 1], minlength=4) / N
    assert_allclose(p, np.exp(truth.log_prior), atol=4 * np.sqrt(0.25 / N))


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_chains_go_where_they_should(beta):
    visible = np.full((N, 3), 2, np.float32)
    GaussianBlockGibbs(MACHINE).sweep(visible, draws_of(4, N // 4), 0, 60, beta)
    assert fits(visible, path(MACHINE, beta))


def test_the_path_is_a_density_of_known_total():
    gibbs, visible = GaussianBlockGibbs(MACHINE), from_mixture(path(MACHINE, 0.6), 5)
    truth = path(MACHINE, 0.6)
    found = gibbs.log_path(visible, 0.6) - log_total(MACHINE, 0.6)
    expected = [truth.log_prob(row) for row in visible.astype(float)]
    assert_allclose(found, expected, atol=1e-5)


def test_the_base_has_a_known_total():
    gibbs = GaussianBlockGibbs(MACHINE)
    found = gibbs.log_base(gibbs.everywhere())[0]
    assert found == pytest.approx(log_total(MACHINE, 0.0), abs=1e-6)


def test_weights_are_unbiased_for_the_ratio_of_totals():
    gibbs, draws = GaussianBlockGibbs(MACHINE), draws_of(1, N // 2)
    visible = gibbs.start(draws)
    weights = np.exp(gibbs.anneal(visible, draws, np.linspace(0, 1, 6)))
    ratio = np.exp(log_total(MACHINE, 1.0) - log_total(MACHINE, 0.0))
    assert abs(weights.mean() - ratio) < 4 * weights.std() / np.sqrt(len(weights))


def test_weights_of_rows_with_gaps_are_unbiased():
    gibbs, draws = GaussianBlockGibbs(MACHINE), draws_of(2, N // 2)
    clamped = gibbs.clamp(block_of(GAPS))
    visible = gibbs.start(draws, clamped)
    log_weights = gibbs.anneal(visible, draws, np.linspace(0, 1, 6), 0, clamped)
    truth, total = Mixture.of(MACHINE), log_total(MACHINE, 1.0)
    observed = MACHINE.log_energy(GAPS.astype(float))
    for row, weights, base, own in zip(
        GAPS.astype(float), np.exp(log_weights).reshape(2, -1), gibbs.log_base(clamped), observed,
        strict=True,
    ):  # fmt: skip
        expected = np.exp(truth.log_prob(row) + total - base - own)
        assert abs(weights.mean() - expected) < 4 * weights.std() / np.sqrt(len(weights))
    assert not visible[: N // 2, 0].any()


def test_the_way_back_is_the_reversal():
    gibbs, draws = GaussianBlockGibbs(MACHINE), draws_of(1, N // 2)
    visible = from_mixture(path(MACHINE, 1.0), N // 2)
    weights = np.exp(gibbs.anneal(visible, draws, np.linspace(1, 0, 6)))
    ratio = np.exp(log_total(MACHINE, 0.0) - log_total(MACHINE, 1.0))
    assert abs(weights.mean() - ratio) < 4 * weights.std() / np.sqrt(len(weights))


def test_bits_of_a_chain_are_its_own():
    gibbs, betas = GaussianBlockGibbs(MACHINE), np.linspace(0, 1, 11)
    draws = draws_of(2, 4)
    whole = gibbs.start(draws)
    log_weights = gibbs.anneal(whole, draws, betas)
    part = gibbs.start(draws_of(2, 2, first=1))
    own = gibbs.anneal(part, draws_of(2, 2, first=1), betas[:6])
    own += gibbs.anneal(part, draws_of(2, 2, first=1), betas[5:], 5)
    assert_array_equal(part, whole.reshape(2, 4, 3)[:, 1:3].reshape(4, 3))
    assert_allclose(own, log_weights.reshape(2, 4)[:, 1:3].ravel(), rtol=1e-12)


def test_too_many_chains_are_refused():
    gibbs, draws = GaussianBlockGibbs(MACHINE), draws_of(1, 2**14 + 1)
    with pytest.raises(ValueError, match="more than the 16384 chains"):
        gibbs.start(draws)


def test_annealed_sides_come_near_the_truth():
    truth, addresses = Mixture.of(MACHINE), np.arange(2, dtype=np.uint64)
    sides = AnnealedSides(MACHINE, cases.SEED, n_chains=200, n_temperatures=50, n_sweeps=50)
    visible, hidden = sides.means(block_of(GAPS), addresses)
    expected = [truth.expected(row) for row in GAPS.astype(float)]
    assert_allclose(visible, [v for v, _ in expected], atol=0.06)
    assert_allclose(hidden, [h for _, h in expected], atol=0.06)
    drawn, _ = sides.sample(block_of(GAPS), addresses, 4000)
    weights, means = sides.components(block_of(GAPS), addresses, 4000)
    assert_allclose(weights.sum(axis=1), 1)
    for row, own, w, m in zip(
        GAPS.astype(float), drawn.reshape(2, 4000, 3), weights, means, strict=True
    ):
        missing = np.isnan(row)
        assert_array_equal(own[:, ~missing], np.repeat(row[None, ~missing], 4000, 0).astype("f4"))
        assert_allclose(w @ m[:, missing], truth.expected(row)[0][missing], atol=0.06)
        for column in np.flatnonzero(missing):
            cdf = lambda x, row=row, i=column: truth.cdf(row, i, x)  # noqa: E731
            assert kstest(own[:, column], cdf).statistic < 0.05
