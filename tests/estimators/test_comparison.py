"""Comparing the log-likelihoods of two models row by row."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import FunctionTransformer

from sklearn_helmholtz import (
    FactorAnalysis,
    HelmholtzMachine,
    TransformedDensity,
    _keys,
    compare_log_likelihood,
)
from tests import cases
from tests.estimators.test_scoring import estimator


class Fixed:
    """A density estimator that scores a row by its first column, times a factor."""

    def __init__(self, factor):
        self.factor = factor

    def score_samples(self, X):
        return self.factor * X[:, 0]


def test_the_difference_is_that_of_paired_rows():
    X = np.random.default_rng(0).normal(5, 1, (40, 1))
    result = compare_log_likelihood(Fixed(3), Fixed(1), X)
    assert result.difference == pytest.approx(2 * X.mean())
    assert result.standard_error == pytest.approx(2 * X.std(ddof=1) / np.sqrt(40))
    assert isinstance(result.difference, float)
    assert isinstance(result.standard_error, float)


def test_comparisons_are_antisymmetric():
    a, b = estimator(seed=0), estimator(seed=1)
    X = a.sample(50, random_state=0)
    there, back = compare_log_likelihood(a, b, X), compare_log_likelihood(b, a, X)
    assert there.difference == -back.difference == pytest.approx(a.score(X) - b.score(X))
    assert there.standard_error == back.standard_error > 0
    assert there.summary.startswith("The first model is better by ")
    assert there.summary.replace("first", "second") == back.summary
    assert "on 50 rows" in there.summary


@pytest.mark.parametrize("n_units", [(6, 5, 4), (6, 16)])
def test_a_model_does_not_differ_from_itself(n_units):
    model = estimator(n_units)
    X = np.unique(model.sample(50, random_state=0), axis=0)
    result = compare_log_likelihood(model, estimator(n_units), X)
    assert result.difference == 0
    assert result.standard_error == 0
    assert result.summary.startswith("The two models cannot be told apart")


def test_standard_errors_are_calibrated_over_samples_of_rows():
    a = estimator((6, 4), 1.0)
    b = HelmholtzMachine.from_parameters(
        a.generative_coefs_, [1.2 * v for v in a.generative_intercepts_], a.recognition_coefs_,
        a.recognition_intercepts_,
    )  # fmt: skip
    rows = cases.all_rows(6)
    log_a, log_b = a.score_samples(rows), b.score_samples(rows)
    truth = (np.exp(log_a) * (log_a - log_b)).sum()
    z, naive_error = [], []
    for seed in range(300):
        X = a.sample(60, random_state=seed)
        result = compare_log_likelihood(a, b, X)
        z.append((result.difference - truth) / result.standard_error)
        naive_error.append(np.hypot(*(m.log_likelihood(X).standard_error for m in (a, b))))
    assert abs(np.mean(z)) < 0.3
    assert 0.85 < np.std(z) < 1.2
    assert result.standard_error < 0.5 * np.mean(naive_error)


@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")
def test_noise_that_equal_rows_share_is_counted(monkeypatch):
    a, b = estimator((6, 16), seed=0), estimator((6, 17), seed=1)
    X = np.repeat(a.sample(3, random_state=0), 30, axis=0)
    for model in (a, b):
        model.set_params(n_importance_samples=100)
    differences, errors = [], []
    for number in range(120):
        monkeypatch.setattr(_keys, "_SCORING_SEED", (number, 0, 0, 0))
        result = compare_log_likelihood(a, b, X)
        differences.append(result.difference)
        scores = a.score_samples(X) - b.score_samples(X)
        errors.append(result.standard_error**2 - scores.var(ddof=1) / len(X))
    assert np.sqrt(np.mean(errors)) == pytest.approx(np.std(differences), rel=0.25)


def test_a_machine_is_compared_with_a_mixture_of_gaussians():
    rng = np.random.default_rng(0)
    X = 10 * rng.integers(0, 2, (400, 1)) + rng.normal(size=(400, 3)) * [1, 2, 30]
    machine = HelmholtzMachine((2,), max_iter=200, random_state=0).fit(X[:300])
    mixture = GaussianMixture(2, covariance_type="diag", random_state=0).fit(X[:300])
    result = compare_log_likelihood(machine, mixture, X[300:])
    expected = machine.score(X[300:]) - mixture.score(X[300:])
    assert result.difference == pytest.approx(expected)
    assert abs(result.difference) < 1  # the same units
    paired = machine.score_samples(X[300:]) - mixture.score_samples(X[300:])
    assert result.standard_error == pytest.approx(paired.std(ddof=1) / 10)


def test_one_row_has_no_standard_error():
    X = np.ones((1, 1))
    result = compare_log_likelihood(Fixed(3), Fixed(1), X)
    assert result.difference == 2
    assert np.isnan(result.standard_error)
    assert result.summary.startswith("The two models cannot be told apart")


def test_scores_of_other_rows_are_refused():
    class Short(Fixed):
        def score_samples(self, X):
            return X[1:, 0]

    with pytest.raises(ValueError, match=r"the same rows, .* \(4,\) and \(3,\)"):
        compare_log_likelihood(Fixed(1), Short(1), np.ones((4, 1)))


@pytest.mark.parametrize("bad", [[Fixed(1), Fixed(1)], {"a": Fixed(1)}, Fixed, None, "model"])
def test_only_two_models_are_compared(bad):
    rows = np.zeros((3, 1))
    for pair, name in (((bad, Fixed(1)), "a"), ((Fixed(1), bad), "b")):
        with pytest.raises(TypeError, match=f"^{name} must be a fitted estimator with score_samp"):
            compare_log_likelihood(*pair, rows)


@pytest.mark.parametrize("order", [1, -1])
def test_rows_of_density_zero_are_refused_unless_they_count_nowhere(order):
    X = np.random.default_rng(0).lognormal(size=(20, 2))
    logarithms = TransformedDensity(FunctionTransformer(np.log)).fit(X)
    models = [logarithms, FactorAnalysis(1).fit(X)][::order]
    rows = np.vstack([[[-1.0, 1.0]], X])
    name = "ab"[order < 0]
    with pytest.raises(ValueError, match=f"score_samples of {name} is -inf for row 0 of X"):
        compare_log_likelihood(*models, rows)
    weights = np.arange(21) > 0
    result = compare_log_likelihood(*models, rows, sample_weight=weights)
    expected = compare_log_likelihood(*models, X)
    assert result.difference == pytest.approx(expected.difference)
    assert result.standard_error == pytest.approx(expected.standard_error)
