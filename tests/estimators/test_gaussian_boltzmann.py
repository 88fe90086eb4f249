"""What Boltzmann machines of real data answer, against the mixture of normals that they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit
from scipy.stats import kstest, norm

from sklearn_helmholtz import RestrictedBoltzmannMachine
from tests.boltzmann_machines import states
from tests.gaussian_boltzmann_machines import Mixture, all_patterns

N_VISIBLE, N_HIDDEN = 4, 3
RNG = np.random.default_rng(3)
SCALE, CENTRE = np.array([1.0, 10.0, 0.1, 3.0]), np.array([0.0, 50.0, -2.0, 7.0])
S = RNG.uniform(0.3, 1.5, N_VISIBLE) * SCALE**2
W = RNG.normal(0, 0.7, (N_VISIBLE, N_HIDDEN)) * SCALE[:, None]
B = CENTRE + RNG.normal(0, 0.7, N_VISIBLE) * SCALE
C = RNG.normal(0, 0.7, N_HIDDEN) - (B / S) @ W
TRUTH = Mixture(W, C, B, S)
X = B + RNG.normal(0, 1.5, (12, N_VISIBLE)) * SCALE
GAPS = all_patterns(X)


def estimator(**params):
    return RestrictedBoltzmannMachine.from_parameters(W.T, C, B, noise_variance=S, **params)


@pytest.mark.parametrize("rows", [X, GAPS], ids=["complete", "all patterns of gaps"])
def test_scores_are_densities_in_the_units_of_the_data(rows):
    found = estimator()
    assert_allclose(found.score_samples(rows), [TRUTH.log_prob(row) for row in rows], atol=2e-6)
    result = found.log_likelihood(rows)
    assert (result.method, result.bound, result.monte_carlo_error) == ("exact", "exact", 0)


def test_the_partition_function_is_that_of_the_energy_in_the_units_of_the_data():
    found = estimator()
    assert found.log_partition_.value == pytest.approx(TRUTH.log_partition, abs=1e-5)
    energies = -0.5 * ((X - B) ** 2 / S).sum(axis=1)
    energies += np.logaddexp(0, C + (X / S) @ W).sum(axis=1)
    assert_allclose(found.unnormalized_log_prob(X), energies, atol=1e-5)
    difference = found.unnormalized_log_prob(X) - found.log_partition_.value
    assert_allclose(difference, found.score_samples(X), atol=1e-5)


def test_attributes_are_in_the_units_of_the_data():
    found = estimator()
    assert_allclose(found.components_, W.T, rtol=1e-6)
    assert_allclose(found.intercept_hidden_, C, rtol=1e-5)
    assert_allclose(found.intercept_visible_, B, rtol=1e-6)
    assert_allclose(found.noise_variance_, S, rtol=1e-6)
    assert found.visible_ == "gaussian"
    h = states(N_HIDDEN)
    assert_allclose(found.inverse_transform(h), TRUTH.means, rtol=1e-5)
    assert_allclose(found.transform(X), expit(C + (X / S) @ W), atol=1e-5)


def test_fitted_attributes_tell_the_conditionals():
    data = TRUTH.means[RNG.integers(8, size=60)] + RNG.normal(size=(60, 4)) * np.sqrt(S)
    found = RestrictedBoltzmannMachine(3, n_iter=30, random_state=0).fit(data)
    eta = found.intercept_hidden_ + (data / found.noise_variance_) @ found.components_.T
    assert_allclose(found.transform(data), expit(eta), atol=1e-4)
    h = states(3)
    expected = found.intercept_visible_ + h @ found.components_
    assert_allclose(found.inverse_transform(h), expected, rtol=1e-5)
    assert_allclose(found.feature_means_, data.mean(axis=0), rtol=1e-5)
    again = RestrictedBoltzmannMachine.from_parameters(
        found.components_, found.intercept_hidden_, found.intercept_visible_,
        noise_variance=found.noise_variance_,
    )  # fmt: skip
    assert_allclose(again.score_samples(data), found.score_samples(data), atol=1e-3)


def test_means_of_gaps_and_of_hidden_units():
    found = estimator()
    expected = [TRUTH.expected(row) for row in GAPS]
    assert_allclose(found.transform(GAPS), [hidden for _, hidden in expected], atol=2e-6)
    filled = (found.impute(GAPS, strategy="mean") - B) / SCALE
    assert_allclose(filled, ([row for row, _ in expected] - B) / SCALE, atol=2e-6)
    assert_allclose(found.posterior(GAPS).mean[0], [h for _, h in expected], atol=2e-6)


def test_medians_and_modes_are_those_of_mixtures():
    rows = GAPS[1:]
    medians, modes = (estimator().impute(rows, strategy=name) for name in ("median", "mode"))
    for row, median, mode in zip(rows, medians, modes, strict=True):
        for column in np.flatnonzero(np.isnan(row)):
            assert TRUTH.cdf(row, column, median[column]) == pytest.approx(0.5, abs=1e-6)
            grid = B[column] + np.linspace(-6, 6, 4001) * SCALE[column]
            best = TRUTH.density(row, column, grid).max()
            assert TRUTH.density(row, column, mode[column])[0] >= best * (1 - 1e-4)


def test_joint_probabilities():
    found, h = estimator(), states(N_HIDDEN)
    for row in GAPS[[0, 5, 9, 15]]:
        rows = np.repeat(row[None], len(h), axis=0)
        assert_allclose(found.log_joint(rows, h), TRUTH.log_joint(row), atol=2e-6)


def fits(drawn, row, column):
    """Whether draws of a column that a row misses are of its mixture."""
    return kstest(drawn, lambda values: TRUTH.cdf(row, column, values)).pvalue > 1e-3


def test_draws_have_the_distribution_of_the_mixture():
    drawn, hidden = estimator().sample(20_000, random_state=0, return_latents=True)
    assert drawn.dtype == np.float32
    p, nothing = np.exp(TRUTH.log_prior), np.full(N_VISIBLE, np.nan)
    numbers = hidden[0].astype(int) @ [4, 2, 1]
    frequencies = np.bincount(numbers, minlength=8) / len(numbers)
    assert_allclose(frequencies, p, atol=4 * np.sqrt(0.25 / len(numbers)))
    for column in range(N_VISIBLE):
        assert fits(drawn[:, column], nothing, column)
        noise = (drawn[:, column] - TRUTH.means[numbers, column]) / np.sqrt(S[column])
        assert kstest(noise, norm.cdf).pvalue > 1e-3


@pytest.mark.parametrize("row", GAPS[[1, 6, 11, 15]])
def test_draws_given_some_values(row):
    found = estimator()
    ways = [found.impute(np.repeat(row[None], 4000, axis=0), strategy="sample", random_state=1)]
    if not np.isnan(row).all():
        ways.append(found.sample(4000, given=row, random_state=0))
    for drawn in ways:
        seen = ~np.isnan(row)
        assert_allclose(drawn[:, seen], np.repeat(row[None, seen], 4000, axis=0), rtol=1e-6)
        for column in np.flatnonzero(~seen):
            assert fits(drawn[:, column], row, column)
