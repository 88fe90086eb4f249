"""What Boltzmann machines of real data answer, against the mixture of normals that they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from scipy.special import expit
from scipy.stats import kstest, norm

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.learning import SGD
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


def test_gibbs_steps_are_those_of_both_conditionals():
    n, start = 20_000, X[0]
    drawn = estimator().gibbs(np.repeat(start[None], n, axis=0), 1, random_state=0)
    assert drawn.dtype == np.float32
    p = expit(C + (start / S) @ W)
    expected = B + W @ p
    variance = S + (W**2) @ (p * (1 - p))
    assert_allclose((drawn.mean(axis=0) - expected) / np.sqrt(variance), 0, atol=4 / np.sqrt(n))
    assert_allclose(drawn.var(axis=0) / variance, 1, atol=6 / np.sqrt(n))
    twice = estimator().gibbs(np.repeat(start[None], n, axis=0), 2, random_state=0)
    assert (drawn != twice).any()


def test_effects_are_in_the_units_of_the_data():
    found = estimator().top_features(1, N_VISIBLE)
    order = np.argsort(found.features)
    assert_allclose(found.weights[order], W[:, 1], rtol=1e-5)
    assert_allclose(found.importance, (W[found.features, 1] ** 2 / S[found.features]), rtol=1e-4)


def test_scores_and_answers_do_not_depend_on_other_rows():
    found = estimator()
    for answer in (
        found.score_samples,
        found.transform,
        lambda rows: found.impute(rows, strategy="mode"),
        lambda rows: found.impute(rows, strategy="median"),
    ):
        assert_array_equal(answer(GAPS[::-1])[::-1], answer(GAPS))
        assert_array_equal(answer(GAPS[3:8]), answer(GAPS)[3:8])


def test_sparse_rows_are_the_same_rows():
    found = estimator()
    assert_allclose(found.score_samples(csr_matrix(X)), found.score_samples(X), rtol=1e-6)


@pytest.mark.parametrize(
    ("rows", "visible"), [(X, "gaussian"), (X > 0, "bernoulli"), (expit(X), "bernoulli")]
)
def test_auto_chooses_by_the_values(rows, visible):
    machine = RestrictedBoltzmannMachine(2, n_iter=1, random_state=0).fit(rows)
    assert machine.visible_ == visible
    assert hasattr(machine, "noise_variance_") == (visible == "gaussian")


def test_bits_may_be_taken_for_real_numbers():
    rows = (np.median(X, axis=0) < X).astype(float)
    machine = RestrictedBoltzmannMachine(2, visible="gaussian", n_iter=2, random_state=0).fit(rows)
    assert machine.visible_ == "gaussian"
    assert np.isfinite(machine.score(rows))


def test_training_goes_on_in_the_same_units():
    machine = RestrictedBoltzmannMachine(3, n_iter=2, random_state=0).fit(X)
    scaling = machine._model.encoding.scaling
    machine.partial_fit(GAPS[1:-1] * 2)
    assert machine._model.encoding.scaling is scaling
    assert machine.n_iter_ == 3
    with pytest.raises(ValueError, match="visible"):
        machine.set_params(visible="bernoulli").partial_fit(X)


@pytest.mark.parametrize(("visible", "share"), [("gaussian", 0.25), ("bernoulli", 1)])
def test_real_features_learn_at_a_quarter_of_the_rate(monkeypatch, visible, share):
    rates, move = [], SGD.move

    def noted(self, parameters, gradient, scale, rate, *others):
        rates.append(rate)
        move(self, parameters, gradient, scale, rate, *others)

    monkeypatch.setattr(SGD, "move", noted)
    params = {"visible": visible, "learning_rate": 0.2, "random_state": 0}
    machine = RestrictedBoltzmannMachine(3, n_iter=1, **params).fit(expit(X))
    machine.partial_fit(expit(X))
    assert rates == [0.2 * share] * 2


def test_parameters_that_do_not_go_together():
    make = RestrictedBoltzmannMachine.from_parameters
    with pytest.raises(ValueError, match="noise_variance must hold a number between"):
        make(W.T, C, B, noise_variance=S[:-1])
    with pytest.raises(ValueError, match="visible='gaussian'"):
        make(W.T, C, B, noise_variance=S, visible="bernoulli")
    with pytest.raises(ValueError, match="visible='bernoulli'"):
        make(W.T, C, B, visible="gaussian")


def test_weights_are_repetitions_to_the_bit():
    weights = np.array([1, 2, 3] * 4)
    one = RestrictedBoltzmannMachine(3, n_iter=3, random_state=0).fit(X, sample_weight=weights)
    other = RestrictedBoltzmannMachine(3, n_iter=3, random_state=0).fit(np.repeat(X, weights, 0))
    assert_array_equal(one.components_, other.components_)
    assert_array_equal(one.noise_variance_, other.noise_variance_)


def test_early_stopping_keeps_the_best_machine():
    data = np.random.default_rng(0).normal(size=(120, 5))
    machine = RestrictedBoltzmannMachine(
        4, n_iter=40, early_stopping=True, n_iter_no_change=5, random_state=0
    ).fit(data)
    assert max(machine.validation_scores_) == machine.best_validation_score_


def test_what_is_not_exact_names_the_hidden_side():
    params = {"random_state": 0, "n_iter": 1}
    rows = X.copy()
    rows[3, 0] = np.nan
    with pytest.raises(ValueError, match="rows such as 3, which misses values, where more than 14"):
        RestrictedBoltzmannMachine(16, **params).fit(X).posterior(rows, method="exact")
    with pytest.raises(ValueError, match="allows at most 25 units"):
        RestrictedBoltzmannMachine(30, **params).fit(X).log_likelihood(X, method="exact")
