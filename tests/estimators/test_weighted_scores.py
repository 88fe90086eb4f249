"""Weights of rows wherever rows are scored: monitors, callbacks, searches, comparisons."""

import functools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_helmholtz import (
    FactorAnalysis,
    HeldOutLikelihood,
    HelmholtzMachine,
    SigmoidBeliefNet,
    compare_log_likelihood,
)
from sklearn_helmholtz.likelihood import Estimate
from tests.shells import binary_rows, real_rows

X, X_VAL = binary_rows(60), binary_rows(30)[::-1]
WEIGHTS_VAL = np.random.default_rng(3).integers(0, 4, 30)
FEW = {"max_iter": 2, "batch_size": 20, "random_state": 0}
TRAINED = [HelmholtzMachine(3, **FEW), SigmoidBeliefNet(3, inference="exact", **FEW)]
each_trained = pytest.mark.parametrize("model", TRAINED, ids=str)


class Scored:
    """A density estimator that scores rows by their first column."""

    def score_samples(self, X):
        return np.asarray(X)[:, 0]


class ZerosLike:
    """A density estimator for which all rows have log p = 0."""

    def score_samples(self, X):
        return np.zeros(len(X))


# Monitors


@each_trained
def test_monitors_weigh_the_rows_to_validate_on(model):
    weighted, repeated = HeldOutLikelihood(), HeldOutLikelihood()
    fitted = clone(model).fit(X, X_val=X_VAL, sample_weight_val=WEIGHTS_VAL, monitor=weighted)
    again = X_VAL.repeat(WEIGHTS_VAL, axis=0)
    clone(model).fit(X, X_val=again, monitor=repeated)
    expected = fitted.log_likelihood(X_VAL, sample_weight=WEIGHTS_VAL)
    assert weighted.history[-1].mean == expected.mean
    assert weighted.history[-1].standard_error == expected.standard_error
    assert weighted.history[-1].mean != pytest.approx(fitted.score(X_VAL), rel=1e-6)
    for look, same in zip(weighted.history, repeated.history, strict=True):
        assert look.mean == pytest.approx(same.mean, rel=1e-6)


@each_trained
def test_rows_that_early_stopping_holds_out_are_weighed(model):
    rows = np.random.default_rng(0).random((60, 4))  # all different
    weights, seen = np.arange(60.0), []

    def watch(estimator, epoch, X_val, sample_weight):
        seen.append((X_val, sample_weight))

    model = clone(model).set_params(early_stopping=True, validation_fraction=0.25)
    model.fit(rows, sample_weight=weights, monitor=watch)
    for held_out, given in seen:
        own = [int(np.flatnonzero((rows == row).all(axis=1))[0]) for row in held_out]
        assert len(own) == 15
        assert_array_equal(given, weights[own])
        assert given.all()


def test_weights_of_monitors_go_by_the_labels_of_the_rows():
    frame = pd.DataFrame(X_VAL, index=np.arange(30) * 7)
    weights, monitor = pd.Series(WEIGHTS_VAL, index=frame.index), HeldOutLikelihood()
    turned = weights.sample(frac=1, random_state=0)
    model = HelmholtzMachine(3, **FEW).fit(
        X, X_val=frame, sample_weight_val=turned, monitor=monitor
    )
    expected = model.log_likelihood(X_VAL, sample_weight=WEIGHTS_VAL)
    assert monitor.history[-1].mean == expected.mean


def test_monitors_get_weights_only_where_they_have_a_parameter_for_them():
    calls = []

    def plain(estimator, epoch, X_val):
        calls.append("plain")

    def with_weights(estimator, epoch, X_val, sample_weight="none"):
        calls.append(sample_weight)

    class Built:
        __signature__ = "unknown"  # as of what is written in C

        def __call__(self, estimator, epoch, X_val):
            calls.append("built")

    model = HelmholtzMachine(2, **{**FEW, "max_iter": 1})
    weights = np.ones(30)
    for monitor in (plain, with_weights, functools.partial(with_weights), Built()):
        model.fit(X, X_val=X_VAL, sample_weight_val=weights, monitor=monitor)
    assert [call if isinstance(call, str) else len(call) for call in calls] == [
        "plain", 30, 30, "built"
    ]  # fmt: skip
    model.fit(X, X_val=X_VAL, monitor=with_weights)
    model.fit(X, sample_weight=np.ones(60), monitor=with_weights)  # nothing is held out
    assert calls[-2:] == ["none", "none"]


def test_callbacks_get_the_weights_of_the_training_rows():
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")
    told = []

    class Recorder:
        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context, *, X, metadata):
            told.append((X, metadata))

        def on_fit_task_end(self, estimator, context, *, X, metadata):
            told.append((X, metadata))

    weights = np.where(np.arange(60) % 3, 2.0, 0.0)
    HelmholtzMachine(2, **FEW).set_callbacks(Recorder()).fit(X, sample_weight=weights)
    assert len(told) == 6  # a fit and two epochs
    for rows, metadata in told:
        assert_array_equal(rows, X[weights > 0])
        assert_array_equal(metadata["sample_weight"], weights[weights > 0])
    HelmholtzMachine(2, **FEW).set_callbacks(Recorder()).fit(X)
    assert told[-1][1] == {"sample_weight": None}


# Searches


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@pytest.mark.parametrize(
    ("model", "name"),
    [*((model, "hidden_layer_sizes") for model in TRAINED), (FactorAnalysis(), "n_components")],
    ids=str,
)
def test_searches_fit_and_score_with_weights(model, name):
    rows = real_rows(60) if name == "n_components" else X
    weights, folds = np.random.default_rng(0).uniform(0.5, 3, 60), KFold(2)
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {name: [1, 2]}, cv=folds).fit(rows, sample_weight=weights)
    for value, found in zip([1, 2], search.cv_results_["mean_test_score"], strict=True):
        scores = []
        for train, test in folds.split(rows):
            own = clone(model).set_params(**{name: value})
            own.fit(rows[train], sample_weight=weights[train])
            each = own.score_samples(rows[test])
            scores.append((weights[test] * each).sum() / weights[test].sum())
        assert found == pytest.approx(np.mean(scores), rel=1e-12)


# Means and what is said of them


def test_whole_weights_are_repetitions_in_all_that_is_said_of_given_rows():
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(60):
        n = rng.integers(2, 30)
        sizes, shapes = rng.uniform(9, 30, n), rng.normal(0.4, 0.2, n)
        shapes[rng.random(n) < 0.05], shapes[rng.random(n) < 0.1] = np.inf, np.nan
        sizes[rng.random(n) < 0.9] += 1
        each = [rng.normal(size=n), rng.random(n), rng.normal(size=n), sizes, rng.normal(size=n)]
        estimate = Estimate(*each, shapes)
        weights = rng.integers(0, 5, n)
        if not weights.any():
            continue
        numbers = np.repeat(np.arange(n), weights)
        one = estimate.summary(np.arange(n), weights.astype(float))
        other = estimate.choose(numbers).summary(numbers)
        for name in ("mean", "monte_carlo_error", "bias"):
            assert_allclose(one[name], other[name], rtol=1e-12)
        assert one["reliable"] == other["reliable"]
        verdicts.append(one["reliable"])
    assert 10 < sum(verdicts) < 50


@pytest.mark.parametrize(
    ("shapes", "reliable"), [([0.3, 0.6], True), ([0.3, 0.8], False), ([0.3, 0.3, 0.8], True)]
)
def test_medians_of_an_even_number_lie_in_the_middle(shapes, reliable):
    n = len(shapes)
    sizes = np.full(n, 50.0)
    estimate = Estimate(*np.zeros((3, n)), sizes, np.zeros(n), np.array(shapes))
    for weights in (None, np.ones(n), np.full(n, 2.0)):
        assert estimate.summary(np.arange(n), weights)["reliable"] == reliable


def test_rows_of_little_weight_do_not_decide_on_reliability():
    sizes, shapes = np.repeat([2.0, 50.0], 10), np.full(20, np.nan)
    estimate = Estimate(*np.zeros((3, 20)), sizes, np.zeros(20), shapes)
    heavy = np.repeat([0.01, 9.0], 10)
    assert estimate.summary(np.arange(20), heavy)["reliable"]
    assert not estimate.summary(np.arange(20), heavy[::-1])["reliable"]


def test_comparisons_are_weighted_by_hand():
    scores, weights = np.array([[1.0], [2], [4], [9]]), np.array([1.0, 3, 2, 0])
    found = compare_log_likelihood(Scored(), ZerosLike(), scores, sample_weight=weights)
    assert found.difference == pytest.approx((1 + 6 + 8) / 6)
    squares = (1 * 1.5) ** 2 + (3 * 0.5) ** 2 + (2 * 1.5) ** 2
    assert found.standard_error == pytest.approx(np.sqrt(3 / 2 * squares) / 6)


def test_rows_of_weight_zero_count_nowhere_whatever_their_scores():
    scores = np.array([[1.0], [-np.inf], [3.0]])
    found = compare_log_likelihood(Scored(), ZerosLike(), scores, sample_weight=[1, 0, 1])
    assert found.difference == 2
    assert found.standard_error == pytest.approx(1)
    model = FactorAnalysis.from_parameters([[1.0, 1]], [1.0, 1.0])
    rows = np.array([[0.0, 0], [1, 1], [1e200, -1e200]])
    with np.errstate(over="ignore"):
        assert model.score_samples(rows)[2] == -np.inf
        for criterion in (model.aic, model.bic, model.score):
            weighted = criterion(rows, sample_weight=[2, 3, 0])
            assert weighted == pytest.approx(criterion(rows[[0, 0, 1, 1, 1]]))
