"""One-hot units against scipy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, log_expit, logsumexp, softmax
from scipy.stats import norm

from sklearn_helmholtz._keys import Draws
from sklearn_helmholtz.columns import Binary, Categorical, Normal
from sklearn_helmholtz.units import Gaussian, OneHot, centre_levels, level_log_sums, level_shares

LAYOUT = OneHot.of([Categorical(np.ones(3) / 3, 9.0), Normal(5.0, 2.0), Binary(0.25, 9.0)])[
    0
].layout
UNITS = OneHot(LAYOUT, Gaussian.from_variance([0.49]))
RNG = np.random.default_rng(0)
ETA = RNG.normal(0, 1.5, (4, 5)).astype(np.float32)  # a bit, three levels, a number


def draws_of(n):
    return Draws(np.array([1, 2], np.uint32), np.arange(4, dtype=np.uint64), n)


def test_means_are_those_of_logistic_and_softmax():
    found, wide = UNITS.mean(ETA), ETA.astype(float)
    assert_allclose(found[:, 0], expit(wide[:, 0]), rtol=1e-6)
    assert_allclose(found[:, 1:4], softmax(wide[:, 1:4], axis=1), rtol=1e-6)
    assert_allclose(found[:, 4], ETA[:, 4])


def test_log_probabilities_are_those_of_scipy_and_of_draws():
    log_q = np.zeros(12)
    values = UNITS.sample(ETA, draws_of(3), 0, log_q)
    eta = np.repeat(ETA, 3, axis=0).astype(float)
    truth = log_expit((2 * values[:, 0] - 1) * eta[:, 0])
    truth += (values[:, 1:4] * eta[:, 1:4]).sum(axis=1) - logsumexp(eta[:, 1:4], axis=1)
    gaussian = norm(eta[:, 4], 0.7).logpdf(values[:, 4])
    found = np.ones(12)
    UNITS.log_prob(values, eta, found)
    assert_allclose(found, 1 + truth + gaussian, rtol=1e-5)
    assert_allclose(log_q, truth + gaussian, rtol=1e-4, atol=1e-4)
    values[:, [1, 2, 3, 4]] = np.nan
    found = np.zeros(12)
    UNITS.log_prob(values, eta, found)
    assert_allclose(found, log_expit((2 * values[:, 0] - 1) * eta[:, 0]), rtol=1e-5)


def test_draws_have_their_means_and_one_level():
    n = 20_000
    values = UNITS.draw(ETA, draws_of(n), 3).reshape(4, n, 5)
    assert_allclose(values.mean(axis=1), UNITS.mean(ETA), atol=5 * 0.7 / np.sqrt(n))
    assert (values[..., 1:4].sum(axis=2) == 1).all()
    assert_allclose(values[..., 4].std(axis=1), 0.7, rtol=0.03)
    own = values[..., 4] - values[..., 4].mean(axis=1, keepdims=True)
    share = values[..., 0] - values[..., 0].mean(axis=1, keepdims=True)
    assert np.abs((own * share).mean(axis=1)).max() < 5 * 0.35 / np.sqrt(n)  # independent


def test_sums_over_a_part_are_sums_and_integrals():
    b, grid = ETA[0].astype(float), np.linspace(-12, 12, 2001)
    u, wide = ETA[:, 4] - b[4], ETA.astype(float)
    own = -0.5 * (grid - b[4]) ** 2 / 0.49 + grid * u[:, None] / 0.49
    real = logsumexp(own, axis=1) + np.log(grid[1] - grid[0])
    whole = np.logaddexp(0, wide[:, 0]) + logsumexp(wide[:, 1:4], axis=1) + real
    assert_allclose(UNITS.log_sums(wide, LAYOUT.part(), b), whole, rtol=1e-6)
    part = LAYOUT.part([1])
    assert_allclose(UNITS.log_sums(wide[:, part.codes], part, b[part.codes]), real, rtol=1e-6)


def test_divergences_of_columns():
    other = ETA[::-1].copy()
    found, p, q = UNITS.divergence(ETA, other), UNITS.mean(ETA), UNITS.mean(other)
    assert found.shape == (4, 3)
    p, q = p[:, 1:4], q[:, 1:4]
    kl = (p * np.log(p / q) + q * np.log(q / p)).sum(axis=1)
    assert_allclose(found[:, 0], kl, rtol=1e-4)
    assert_allclose(found[:, 1], (ETA - other)[:, 4] ** 2 / 0.49, rtol=1e-5)


@pytest.mark.parametrize("starts", [[0], [0, 1], [0, 3, 4, 9]])
def test_groups_of_levels(starts):
    starts, values = np.array(starts), RNG.normal(0, 3, (5, starts[-1]))
    groups = np.split(values, starts[1:-1], axis=1) if len(starts) > 1 else []
    sums = [logsumexp(g, axis=1) for g in groups]
    assert_allclose(level_log_sums(values, starts), np.array(sums).reshape(-1, 5).T, atol=1e-12)
    shares = [softmax(g, axis=1) for g in groups]
    assert_allclose(level_shares(values, starts), np.hstack([np.empty((5, 0)), *shares]))
    turned = values.T.copy()
    means = centre_levels(turned, starts)
    assert_allclose(means, np.array([g.mean(axis=1) for g in groups]).reshape(-1, 5))
    assert_allclose(
        turned.T, np.hstack([np.empty((5, 0)), *(g - g.mean(axis=1)[:, None] for g in groups)])
    )
