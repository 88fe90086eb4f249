"""Normal units of recognition, and standard normal ones, against SciPy and slow twins."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import _tree
from sklearn_helmholtz._keys import Draws
from sklearn_helmholtz.units import (
    Ability,
    DiagonalNormal,
    FullNormal,
    StandardNormal,
    standard_noise,
)
from tests import cases
from tests.gaussian_latents import hermite, log_normal, normal_parameters

FAMILIES = {"diag": DiagonalNormal(), "full": FullNormal()}
each_family = pytest.mark.parametrize("covariance", FAMILIES)
each_size = pytest.mark.parametrize("k", [1, 2, 3, 7])
shared = pytest.mark.parametrize("n_eta", [1, 2, 6], ids=["one eta", "particles", "each"])
N_ROWS, SPREAD = 6, 1.3


def make_eta(covariance, k, n=N_ROWS, seed=0, scale=0.8):
    rng = np.random.default_rng(seed)
    return rng.normal(0, scale, (n, FAMILIES[covariance].n_inputs(k))).astype(np.float32)


def make_values(k, n=N_ROWS, seed=1):
    return np.random.default_rng(seed).normal(size=(n, k)).astype(np.float32)


def parameters(eta, k, covariance, n=N_ROWS, spread=1.0):
    """Means and L of ``n`` rows, of which neighbours share a row of eta."""
    mean, lower = normal_parameters(np.float64(eta), k, covariance, spread)
    return [np.repeat(part, n // len(eta), axis=0) for part in (mean, lower)]


def log_densities(eta, values, covariance, spread=1.0):
    """By the oracle, (n_rows,)."""
    rows = parameters(eta, values.shape[1], covariance, len(values), spread)
    return log_normal(np.float64(values)[:, None], *rows)[:, 0]


def by_scipy(eta, values, covariance, spread=1.0):
    rows = parameters(eta, values.shape[1], covariance, len(values), spread)
    return [
        stats.multivariate_normal(mean, lower @ lower.T).logpdf(x)
        for x, mean, lower in zip(values, *rows, strict=True)
    ]


def numerical(function, eta, step=1e-5):
    """Central differences of a sum over rows by each entry of eta."""
    eta, found = np.float64(eta), np.empty(eta.shape)
    for index in np.ndindex(eta.shape):
        ends = []
        for sign in (1, -1):
            moved = eta.copy()
            moved[index] += sign * step
            ends.append(function(moved))
        found[index] = (ends[0] - ends[1]) / (2 * step)
    return found


@each_family
def test_numbers_of_inputs_and_values(covariance):
    for k in range(1, 51):
        expected = {"diag": 2 * k, "full": k + k * (k + 1) // 2}[covariance]
        assert FAMILIES[covariance].n_inputs(k) == expected
        assert FAMILIES[covariance].n_values(expected) == k
        eta = np.zeros((2, expected), np.float32)
        assert FAMILIES[covariance].mean(eta).shape == (2, k)
        assert FAMILIES[covariance].scales(eta).shape == (2, k)


@each_family
@each_size
@shared
def test_densities_are_those_of_scipy(covariance, k, n_eta):
    eta, values, units = make_eta(covariance, k, n_eta), make_values(k), FAMILIES[covariance]
    for spread in (1.0, SPREAD):
        wide, found = units.widened(spread), np.full(N_ROWS, 0.5)
        wide.log_prob(values, eta, found)
        expected = np.array(by_scipy(eta, values, covariance, spread))
        assert_allclose(found, 0.5 + expected, rtol=2e-5, atol=2e-5)
        of_noise = np.full(N_ROWS, 0.5)
        wide.log_prob_of_noise(eta, wide.noise_of(values, eta), of_noise)
        assert_allclose(of_noise, found, rtol=1e-6)


@each_family
@each_size
@shared
def test_moves_of_noise_are_those_of_the_oracle(covariance, k, n_eta):
    eta, noise = make_eta(covariance, k, n_eta), make_values(k)
    units = FAMILIES[covariance].widened(SPREAD)
    mean, lower = parameters(eta, k, covariance, spread=SPREAD)
    values = mean + np.einsum("nij,nj->ni", lower, noise)
    assert_allclose(units.transport(eta, noise), values, rtol=1e-5, atol=1e-5)
    assert_allclose(units.noise_of(values.astype(np.float32), eta), noise, rtol=1e-3, atol=2e-4)
    inverse = np.linalg.inv(lower)
    whitened = np.einsum("nji,nj->ni", inverse, noise)
    assert_allclose(units.whiten(eta, noise), whitened, rtol=1e-4, atol=1e-4)
    scales = np.sqrt(np.einsum("nij,nij->ni", lower, lower))
    assert_allclose(units.scales(eta), scales[:: N_ROWS // n_eta], rtol=1e-5)
    assert_array_equal(units.mean(eta), eta[:, :k])
    assert_array_equal(units.mode(eta), eta[:, :k])


@each_family
@pytest.mark.parametrize("k", [1, 3])
def test_whitened_noise_is_minus_the_slope_of_the_density(covariance, k):
    eta, noise, units = make_eta(covariance, k), make_values(k), FAMILIES[covariance]
    values = np.float64(units.transport(eta, noise))
    slopes = np.empty(values.shape)
    for j in range(k):
        ends = [log_densities(eta, values + sign * 1e-5 * np.eye(k)[j], covariance)
                for sign in (1, -1)]  # fmt: skip
        slopes[:, j] = (ends[0] - ends[1]) / 2e-5
    assert_allclose(units.whiten(eta, noise), -slopes, rtol=2e-4, atol=2e-4)


@each_family
@each_size
@shared
def test_scores_are_slopes(covariance, k, n_eta):
    eta, values, units = make_eta(covariance, k, n_eta), make_values(k), FAMILIES[covariance]
    expected = numerical(lambda moved: log_densities(moved, values, covariance).sum(), eta)
    log_prob, own = np.zeros(N_ROWS), eta.copy()
    assert units.score(values, own, log_prob) is own
    assert_allclose(own, expected, rtol=2e-3, atol=2e-4 * max(1, abs(expected).max()))
    assert_allclose(log_prob, log_densities(eta, values, covariance), rtol=2e-5, atol=2e-5)


@each_family
@pytest.mark.parametrize("k", [1, 3])
@shared
def test_errors_are_weighted_slopes(covariance, k, n_eta):
    eta, values, units = make_eta(covariance, k, n_eta), make_values(k), FAMILIES[covariance]
    weights = np.linspace(0, 2, N_ROWS)
    expected = numerical(lambda moved: weights @ log_densities(moved, values, covariance), eta)
    found = units.errors(values, eta.copy(), weights.astype(np.float32), units)
    assert_allclose(found, expected, rtol=2e-3, atol=2e-4 * max(1, abs(expected).max()))


@each_family
@each_size
@shared
def test_derivatives_are_pulled_back_through_draws(covariance, k, n_eta):
    """Of a function with the derivatives ``slopes`` by the values, for given noise."""
    eta, noise, slopes = make_eta(covariance, k, n_eta), make_values(k), make_values(k, seed=2)
    units = FAMILIES[covariance].widened(SPREAD)

    def total(moved):
        mean, lower = parameters(moved, k, covariance, spread=SPREAD)
        return (slopes * (mean + np.einsum("nij,nj->ni", lower, noise))).sum()

    expected, before = numerical(total, eta), slopes.copy()
    assert_allclose(units.pull(eta, noise, slopes), expected, rtol=1e-4, atol=1e-4)
    assert_array_equal(slopes, before)


@each_family
@each_size
def test_divergences_from_the_prior(covariance, k):
    """KL(N(m, S) || N(0, 1)) = (tr S + m'm - k - log det S) / 2."""
    eta, units = make_eta(covariance, k), FAMILIES[covariance].widened(SPREAD)

    def divergences(moved):
        mean, lower = parameters(moved, k, covariance, spread=SPREAD)
        spread = lower @ lower.transpose(0, 2, 1)
        traces = np.trace(spread, axis1=1, axis2=2) + (mean**2).sum(axis=1)
        return 0.5 * (traces - k - np.linalg.slogdet(spread)[1])

    found, derivatives = units.divergence_from_prior(eta)
    assert found.dtype == np.float64
    assert_allclose(found, divergences(eta), rtol=1e-5, atol=1e-5)
    slopes = numerical(lambda moved: divergences(moved).sum(), eta)
    assert_allclose(derivatives, slopes, rtol=1e-4, atol=1e-4)


@each_family
@pytest.mark.parametrize("k", [1, 2])
def test_divergences_are_expected_differences_of_densities(covariance, k):
    eta, units = make_eta(covariance, k, seed=3), FAMILIES[covariance]
    noise, probabilities = hermite(k, 6)
    expected = []
    for row in range(N_ROWS):
        one = eta[row : row + 1]
        mean, lower = (part[0] for part in parameters(one, k, covariance, 1))
        values = mean + noise @ lower.T
        log_prior = stats.norm.logpdf(values).sum(axis=1)
        expected.append(probabilities @ (log_densities(one, values, covariance) - log_prior))
    assert_allclose(units.divergence_from_prior(eta)[0], expected, rtol=1e-4, atol=1e-5)


# The limits of scales

LOWEST, HIGHEST = -6.0, 3.0


@each_family
@pytest.mark.parametrize(("log_scale", "limit"), [(-30, LOWEST), (-6.01, LOWEST), (3.01, HIGHEST),
                                                  (88, HIGHEST)])  # fmt: skip
def test_scales_stop_at_their_limits(covariance, log_scale, limit):
    k, units = 3, FAMILIES[covariance]
    eta, at_limit = (make_eta(covariance, k, 2, scale=0.1) for _ in range(2))
    eta[:, k : 2 * k], at_limit[:, k : 2 * k] = log_scale, limit
    if covariance == "full":
        eta[:, 2 * k :] = at_limit[:, 2 * k :] = 0
    assert_allclose(units.scales(eta), np.exp(limit), rtol=1e-5)
    noise = make_values(k, 4)
    assert_array_equal(units.transport(eta, noise), units.transport(at_limit, noise))
    assert_allclose(units.transport(eta, noise), np.repeat(eta[:, :k], 2, axis=0)
                    + np.exp(limit) * noise, rtol=1e-5)  # fmt: skip
    for own in (eta, at_limit):
        found = np.zeros(4)
        units.log_prob_of_noise(own, noise, found)
        expected = -0.5 * (noise**2).sum(axis=1) - k * (limit + 0.5 * np.log(2 * np.pi))
        assert_allclose(found, expected, rtol=1e-5)
    divergence = 0.5 * ((eta[:, :k] ** 2).sum(axis=1) + k * (np.exp(2 * limit) - 1 - 2 * limit))
    assert_allclose(units.divergence_from_prior(eta)[0], divergence, rtol=1e-5)


@each_family
@pytest.mark.parametrize(("log_scale", "outward"), [(-6, -1), (-7, -1), (3, 1), (4, 1)])
def test_derivatives_lead_inward_at_the_limits(covariance, log_scale, outward):
    k, units = 2, FAMILIES[covariance]
    eta = make_eta(covariance, k, 1, scale=0.1)
    eta[:, k] = log_scale  # of the first unit; the second is inside
    limit = np.clip(log_scale, LOWEST, HIGHEST)
    noise = np.array([[1.0, 1.0]], np.float32)
    for slope in (1, -1):
        slopes = np.full((1, k), slope, np.float32)
        found = units.pull(eta, noise, slopes)[0]
        expected = 0 if slope == outward else slope * np.exp(limit)
        assert found[k] == pytest.approx(expected, rel=1e-5)
        assert found[k + 1] == pytest.approx(slope * np.exp(eta[0, k + 1]), rel=1e-5)
        assert_array_equal(found[:k], [slope, slope])
    for size, sign in ((0.5, -1), (3, 1)):  # d log q / d log s = noise^2 - 1
        values = units.transport(eta, np.array([[size, 0.0]], np.float32))
        own = units.score(values, eta.copy(), np.zeros(1))[0, k]
        assert own == pytest.approx(0 if sign == outward else size**2 - 1, rel=1e-3)
    derivative = units.divergence_from_prior(eta)[1][0, k]  # which is to fall: never outward
    assert derivative == pytest.approx(np.exp(2 * limit) - 1, rel=1e-5)


@each_family
def test_divergences_that_fall_outward_have_no_derivative(covariance):
    """As those of a wider proposal do: its scales have limits of their own."""
    k, units = 2, FAMILIES[covariance].widened(np.exp(-4.0))
    eta = make_eta(covariance, k, 1, scale=0.1)
    eta[:, k] = HIGHEST
    found, inside = units.divergence_from_prior(eta)[1][0, k : k + 2]
    assert found == 0
    assert inside == pytest.approx(np.exp(2 * (eta[0, k + 1] - 4)) - 1, rel=1e-5)


@each_family
def test_units_grow_wider_and_wider(covariance):
    eta = make_eta(covariance, 3)
    units = FAMILIES[covariance].widened(1.5).widened(2.0)
    assert units.spread == 3.0
    assert_allclose(units.scales(eta), 3 * FAMILIES[covariance].scales(eta), rtol=1e-5)
    assert FAMILIES[covariance].spread == 1.0
    assert _tree.leaves(units) == []


# Draws


@each_family
def test_draws_have_the_moments_of_their_distribution(covariance):
    k, n, units = 3, 20000, FAMILIES[covariance]
    eta, draws = make_eta(covariance, k, 2), cases.make_draws(2, n)
    log_prob = np.zeros(2 * n)
    values = units.sample(eta, draws, 1, log_prob)
    assert values.dtype == np.float32
    some = np.arange(0, 2 * n, 997)
    expected = [log_densities(eta[[i // n]], values[[i]], covariance)[0] for i in some]
    assert_allclose(log_prob[some], expected, atol=1e-3)
    out = np.empty_like(values)
    assert units.draw(eta, draws, 1, out=out) is out
    assert_array_equal(out, values)
    for row, (mean, lower) in enumerate(zip(*parameters(eta, k, covariance, 2), strict=True)):
        own, spread = values[row * n : row * n + n] - mean, lower @ lower.T
        error = np.sqrt(np.diag(spread) / n)
        assert (abs(own.mean(axis=0)) < 4 * error).all()
        found = own.T @ own / n
        error = np.sqrt((spread**2 + np.outer(np.diag(spread), np.diag(spread))) / n)
        assert (abs(found - spread) < 4 * error).all()


def test_noise_is_standard_normal_and_a_matter_of_addresses():
    draws = cases.make_draws(5, 4000)
    noise = standard_noise(draws, 1, 3)
    assert (noise.shape, noise.dtype) == ((20000, 3), np.float32)
    places = np.floor(stats.norm.cdf(noise) * 4).astype(int)
    assert stats.chisquare(np.bincount(places @ [16, 4, 1], minlength=64)).pvalue > 1e-3
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    lagged = (noise[1:] * noise[:-1]).mean(axis=0)
    assert (abs(lagged) < 4 / np.sqrt(len(noise))).all()
    own = Draws(draws.key, draws.addresses[2:3], 7, 11)
    assert_array_equal(standard_noise(own, 1, 3), noise[8011:8018])
    assert (standard_noise(own, 0, 3) != standard_noise(own, 1, 3)).all()
    assert_array_equal(
        DiagonalNormal().sample(np.zeros((1, 6), np.float32), own, 1, np.zeros(7)), noise[8011:8018]
    )


def test_draws_of_standard_normal_units_are_their_means_and_noise():
    draws, eta = cases.make_draws(2, 3), make_values(2, 2)
    noise, log_prob = standard_noise(draws, 1, 2), np.zeros(6)
    values = StandardNormal().sample(eta, draws, 1, log_prob)
    assert_allclose(values, np.repeat(eta, 3, axis=0) + noise, rtol=1e-6)
    assert_allclose(log_prob, stats.norm.logpdf(noise).sum(axis=1), rtol=1e-5)


def test_standard_normal_units_are_those_of_scipy():
    units, eta, values = StandardNormal(), make_values(3, 2), make_values(3, 6, seed=2)
    each = np.repeat(eta, 3, axis=0)
    expected, log_prob = stats.norm.logpdf(values, each), np.full(6, 0.5)
    units.log_prob(values, eta, log_prob)
    assert_allclose(log_prob, 0.5 + expected.sum(axis=1), rtol=1e-5)
    log_prob, own = np.zeros(6), each.copy()
    assert units.score(values, own, log_prob) is own
    assert_allclose(log_prob, expected.sum(axis=1), rtol=1e-5)
    assert_allclose(own, values - each, rtol=1e-6)
    table = np.empty((6, 2))
    units.table(np.float64(values), np.ascontiguousarray(np.float64(eta).T), table)
    pairs = [
        stats.norm.logpdf(x, mean).sum() for x, mean in itertools.product(np.float64(values), eta)
    ]
    assert_allclose(table.ravel(), pairs, rtol=1e-6)
    assert units.mean(eta) is eta
    assert units.mode(eta) is eta
    assert _tree.leaves(units) == []
    assert units.hidden_abilities == {Ability.ANNEAL, Ability.ELLIPTICAL}
