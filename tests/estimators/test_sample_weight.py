"""Weights of rows: what they mean in learning, in means and in their errors."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_helmholtz import (
    FactorAnalysis,
    HelmholtzMachine,
    SigmoidBeliefNet,
    compare_log_likelihood,
)
from sklearn_helmholtz.likelihood import Estimate

RULES = [
    HelmholtzMachine(4),
    HelmholtzMachine((4, 2), algorithm="wake-sleep"),
    HelmholtzMachine(3, autoregressive=True),
    SigmoidBeliefNet(3, inference="exact"),
    SigmoidBeliefNet(4, inference="mean-field"),
    SigmoidBeliefNet(4, inference="gibbs", n_particles=2),
    SigmoidBeliefNet(4, inference="nvil"),
    SigmoidBeliefNet(4, inference="nvil", n_particles=3),
]
each_rule = pytest.mark.parametrize("estimator", RULES, ids=str)


def rows(n=40, d=6, seed=0):
    rng = np.random.default_rng(seed)
    causes = rng.random((n, 2)) < 0.4
    odds = causes @ rng.normal(0, 3, (2, d)) - 0.3
    return (rng.random((n, d)) < 1 / (1 + np.exp(-odds))).astype(np.float64)


def kinds():
    X, rng = rows(), np.random.default_rng(1)
    return {
        "binary": X,
        "missing": np.where(rng.random(X.shape) < 0.15, np.nan, X),
        "real": X + rng.normal(size=X.shape),
        "fractions": rng.random(X.shape),
        "sparse": scipy.sparse.csr_matrix(X),
    }


def whole_weights(n=40, seed=2):
    return np.random.default_rng(seed).integers(0, 4, n).astype(float)


def parameters(model):
    found = [*model.generative_coefs_, *model.generative_intercepts_]
    found += getattr(model, "generative_lateral_coefs_", [])
    found += getattr(model, "recognition_coefs_", [])
    return [*found, getattr(model, "noise_variance_", np.zeros(1))]


def fitted(estimator, X, sample_weight=None, **params):
    params = {"max_iter": 3, "batch_size": 16, "random_state": 0, **params}
    model = clone(estimator).set_params(**params)
    return model.fit(X, sample_weight=sample_weight)


def assert_same_bits(a, b):
    for first, second in zip(parameters(a), parameters(b), strict=True):
        assert_array_equal(first, second)
    assert a.loss_curve_ == b.loss_curve_


@each_rule
def test_weights_of_one_are_no_weights_to_the_bit(estimator):
    X = rows()
    assert_same_bits(fitted(estimator, X, np.ones(len(X))), fitted(estimator, X))


@pytest.mark.parametrize("kind", ["binary", "missing", "real", "fractions", "sparse"])
@pytest.mark.parametrize("autoregressive", [False, True])
def test_whole_weights_are_repetitions_where_learning_is_deterministic(kind, autoregressive):
    X, weights = kinds()[kind], whole_weights()
    repeated = X[np.repeat(np.arange(40), weights.astype(int))]
    settings = {
        "batch_size": 1000, "alpha": 1e-3, "autoregressive": autoregressive, "shuffle": False,
        "averaging": False, "max_iter": 5, "learning_rate_init": 0.05, "visible": "auto",
    }  # fmt: skip
    if kind in ("missing", "fractions", "sparse"):
        settings["visible"] = "bernoulli"
    net = SigmoidBeliefNet((3, 2), inference="exact")
    a, b = fitted(net, X, weights, **settings), fitted(net, repeated, **settings)
    for first, second in zip(parameters(a), parameters(b), strict=True):
        assert_allclose(first, second, rtol=1e-5, atol=1e-6)
    assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-6)
    assert a.score(X, sample_weight=weights) == pytest.approx(b.score(repeated), abs=1e-6)


def test_mean_field_follows_weights_as_repetitions():
    X, weights = rows(), whole_weights()
    repeated = np.repeat(X, weights.astype(int), axis=0)
    settings = {"batch_size": 1000, "alpha": 1e-3, "shuffle": False, "learning_rate_init": 0.05}
    for data, again in ((X, repeated), (X - 0.3, repeated - 0.3)):
        visible = "bernoulli" if data is X else "gaussian"
        a = fitted(SigmoidBeliefNet(4, visible=visible), data, weights, **settings)
        b = fitted(SigmoidBeliefNet(4, visible=visible), again, **settings)
        for first, second in zip(parameters(a), parameters(b), strict=True):
            assert_allclose(first, second, atol=2e-4)
        assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-4)


def test_minibatches_of_unequal_weights_add_up_to_the_weighted_objective():
    """A heavy row keeps its weight, whatever the others of its minibatch weigh."""
    X, weights = rows(), np.where(np.arange(40) < 3, 50.0, 1.0)
    settings = {
        "solver": "sgd", "momentum": 0, "alpha": 0, "learning_rate_init": 1e-4, "max_iter": 1,
        "averaging": False,
    }  # fmt: skip
    net = SigmoidBeliefNet(3, inference="exact")
    start = fitted(net, X, weights, **{**settings, "learning_rate_init": 1e-30})
    whole = fitted(net, X, weights, batch_size=1000, **settings)
    parts = fitted(net, X, weights, batch_size=8, **settings)
    for first, one, five in zip(*map(parameters, (start, whole, parts)), strict=True):
        assert_allclose((five - first) / 5, one - first, rtol=0.02, atol=2e-7)


@pytest.mark.parametrize("estimator", [*RULES[:2], RULES[4]], ids=str)
def test_only_ratios_of_weights_matter_but_for_the_first_intercepts(estimator):
    """Those of real features do not know the number of rows either."""
    X, weights = kinds()["real"], 1 + whole_weights()
    a, b = fitted(estimator, X, weights), fitted(estimator, X, weights * 1e4)
    for first, second in zip(parameters(a), parameters(b), strict=True):
        assert_allclose(first, second, rtol=1e-4, atol=1e-5)
    assert a.score(X, sample_weight=weights) == pytest.approx(b.score(X, sample_weight=7 * weights))


def test_partial_fit_weighs_rows_against_all_rows_so_far():
    """A second piece of light rows moves the model less than one of rows as heavy as the first."""
    X = rows(60)
    common = {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.1, "random_state": 0}
    net = SigmoidBeliefNet(3, inference="exact", **common)
    first = clone(net).partial_fit(X[:30], sample_weight=np.full(30, 10.0))
    moves = []
    for weight in (10.0, 1.0):
        model = clone(net).partial_fit(X[:30], sample_weight=np.full(30, 10.0))
        model.partial_fit(X[30:], sample_weight=np.full(30, weight))
        moves.append(np.abs(model.generative_coefs_[0] - first.generative_coefs_[0]).sum())
    assert moves[1] == pytest.approx(moves[0] * 1 / 5.5, rel=0.05)


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@pytest.mark.parametrize("model", [HelmholtzMachine(3, max_iter=2), FactorAnalysis(1)], ids=str)
def test_weighted_means_and_their_errors(model):
    X, weights = kinds()["real"], 1 + whole_weights()
    model.fit(X)
    per_sample = model.score_samples(X)
    expected = np.average(per_sample, weights=weights)
    assert model.score(X, sample_weight=weights) == pytest.approx(expected)
    result = model.log_likelihood(X, sample_weight=weights)
    shares, n = weights / weights.sum(), len(X)
    linearised = n / (n - 1) * (shares**2 * (per_sample - expected) ** 2).sum()
    assert result.mean == pytest.approx(expected)
    assert result.standard_error == pytest.approx(np.sqrt(linearised))
    equal = model.log_likelihood(X, sample_weight=np.full(n, 3.0))
    assert equal.standard_error == pytest.approx(model.log_likelihood(X).standard_error)


def test_weighted_errors_are_those_of_resampling():
    """Samples with unequal probabilities: means scatter as their standard errors say."""
    rng = np.random.default_rng(0)
    population = rng.normal(size=20_000) ** 2
    chances = 0.004 * (1 + 4 * (population > 1))
    means, errors = [], []
    for _ in range(600):
        drawn = rng.random(len(population)) < chances
        values, weights = population[drawn], 1 / chances[drawn]
        means.append(np.average(values, weights=weights))
        errors.append(np.sqrt(Estimate.variance_of_mean(values, weights)))
    assert np.mean(means) == pytest.approx(population.mean(), abs=4 * np.std(means) / 24)
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.08)


def test_equal_rows_share_their_noise_with_weights_too():
    n, rng = 6, np.random.default_rng(0)
    variance = rng.random(n)
    addresses = np.array([0, 1, 1, 2, 2, 2])
    variance = variance[np.array([0, 1, 1, 3, 3, 3])]
    weights = rng.random(n)
    nothing = np.zeros(n)
    estimate = Estimate(rng.normal(size=n), variance, nothing, nothing, nothing, nothing)
    result = estimate.summary(addresses, weights)
    noise = np.zeros(n)
    for address in range(3):
        same = addresses == address
        noise[same] = weights[same].sum()
    expected = (weights * noise * variance).sum() / weights.sum() ** 2
    assert result["monte_carlo_error"] == pytest.approx(np.sqrt(expected))
    same = estimate.summary(addresses, np.ones(n))
    assert same["monte_carlo_error"] == pytest.approx(
        estimate.summary(addresses)["monte_carlo_error"]
    )


def test_an_error_that_all_rows_share_does_not_vanish_with_their_number():
    n = 1000
    zeros = np.zeros(n)
    estimate = Estimate(zeros, zeros, zeros, zeros, zeros, zeros, "upper", common_variance=0.04)
    for weights in (None, np.ones(n)):
        result = estimate.summary(np.arange(n), weights)
        assert result["monte_carlo_error"] == pytest.approx(0.2)
        assert result["standard_error"] == pytest.approx(0.2)
        assert result["bound"] == "upper"


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
def test_criteria_count_weights_as_rows():
    X, weights = kinds()["real"], 1 + whole_weights()
    model = FactorAnalysis(1).fit(X)
    repeated = np.repeat(X, weights.astype(int), axis=0)
    assert model.aic(X, sample_weight=weights) == pytest.approx(model.aic(repeated))
    assert model.bic(X, sample_weight=weights) == pytest.approx(model.bic(repeated))


BAD = {
    "negative": (np.where(np.arange(40) == 3, -1.0, 1.0), "Negative"),
    "NaN": (np.where(np.arange(40) == 3, np.nan, 1.0), "NaN"),
    "infinite": (np.where(np.arange(40) == 3, np.inf, 1.0), "infinity"),
    "all zero": (np.zeros(40), "zero"),
    "short": (np.ones(39), r"\(39,\)"),
    "wide": (np.ones((40, 2)), "1D"),
    "words": (np.full(40, "heavy"), "number"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("call", ["fit", "partial_fit", "score", "log_likelihood", "compare"])
def test_bad_weights_are_refused_by_name(what, call):
    weights, word = BAD[what]
    X = rows()
    model = HelmholtzMachine(2, max_iter=1).fit(X)
    calls = {
        "fit": lambda: model.fit(X, sample_weight=weights),
        "partial_fit": lambda: clone(model).partial_fit(X, sample_weight=weights),
        "score": lambda: model.score(X, sample_weight=weights),
        "log_likelihood": lambda: model.log_likelihood(X, sample_weight=weights),
        "compare": lambda: compare_log_likelihood(model, model, X, sample_weight=weights),
    }
    with pytest.raises(ValueError, match=f"(?i)sample_weight(.|\n)*{word}"):
        calls[call]()


def test_weights_are_routed_through_pipelines_and_searches():
    X, weights = rows(), 1 + whole_weights()
    with config_context(enable_metadata_routing=True):
        machine = HelmholtzMachine(3, max_iter=2, random_state=0)
        machine.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        direct = clone(machine).fit(X, sample_weight=weights)
        pipeline = make_pipeline(FunctionTransformer(), clone(machine))
        pipeline.fit(X, sample_weight=weights)
        assert_array_equal(pipeline[-1].generative_coefs_[0], direct.generative_coefs_[0])
        search = GridSearchCV(clone(machine), {"hidden_layer_sizes": [2, 3]}, cv=2)
        search.fit(X, sample_weight=weights)
        plain = GridSearchCV(clone(machine), {"hidden_layer_sizes": [2, 3]}, cv=2).fit(X)
    assert not np.allclose(
        search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


def test_weighted_rows_are_worth_no_whole_number_of_rows_and_teach_on():
    """The size of minibatches of autoregressive machines goes by that number."""
    rng = np.random.default_rng(0)
    X, weights = (rng.random((2500, 3)) < 0.4).astype(np.uint8), rng.random(2500) + 0.1
    machine = HelmholtzMachine(1, autoregressive=True, max_iter=1, random_state=0)
    machine.fit(X, sample_weight=weights).partial_fit(X[:50], sample_weight=weights[:50])
    assert machine.n_iter_ == 2
