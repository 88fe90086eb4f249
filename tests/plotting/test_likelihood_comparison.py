"""Means, their errors and paired differences are those of plain calculations."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, compare_log_likelihood
from sklearn_helmholtz.plotting import LikelihoodComparisonDisplay

RNG = np.random.default_rng(0)
SCORES = {"a": RNG.normal(-3, 2, 30)}
SCORES["b"] = SCORES["a"] + RNG.normal(0.5, 0.1, 30)
SCORES["a long name of a model that was hard to fit"] = SCORES["a"] - RNG.normal(1, 1, 30)


def test_means_and_differences_are_drawn_with_their_errors(style):
    display = LikelihoodComparisonDisplay.from_predictions(SCORES, reference="b")
    display.figure_.canvas.draw()
    scores = np.array(list(SCORES.values()))
    means, errors = scores.mean(axis=1), scores.std(axis=1, ddof=1) / np.sqrt(30)
    points, _, (bars,) = display.errorbar_
    assert_allclose(points.get_xdata(), means)
    assert_array_equal(points.get_ydata(), [0, 1, 2])
    ends = np.array([bar[:, 0] for bar in bars.get_segments()])
    assert_allclose(ends, np.stack([means - errors, means + errors], axis=1))
    differences = (scores - scores[1])[[0, 2]]
    paired = differences.std(axis=1, ddof=1) / np.sqrt(30)
    assert_allclose(display.differences_[[0, 2]], differences.mean(axis=1))
    assert_allclose(display.difference_errors_[[0, 2]], paired)
    ends = np.array([bar[:, 0] for bar in display.intervals_.get_segments()])
    middle = means[1] + differences.mean(axis=1)
    assert_allclose(ends, np.stack([middle - 2 * paired, middle + 2 * paired], axis=1))
    assert paired[0] < errors[0] / 5
    assert_allclose(display.reference_line_.get_xdata(), means[1])
    assert display.ax_.get_xlabel() == "log-likelihood, nats per row"


def test_differences_are_written_with_two_digits_of_the_error():
    ax = LikelihoodComparisonDisplay({"a": [0.0, 0.0], "b": [1.0, 1.5]}).plot().ax_
    assert [text.get_text() for text in ax.texts] == ["reference", "Δ +1.25 ± 0.25"]
    one = LikelihoodComparisonDisplay.from_predictions({"a": [-2.0], "b": [-3.5]})
    assert [text.get_text() for text in one.ax_.texts] == ["reference", "Δ -1.5 ± unknown"]


def test_names_are_no_formulas_and_may_begin_with_anything(style):
    scores = {"_a": [0.0, 0.0], "cost in $ of {x^ in $": [1.0, 1.5]}
    display = LikelihoodComparisonDisplay(scores).plot()
    display.figure_.canvas.draw()
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend[1] == "reference: _a"


def test_weights_are_those_of_repeated_rows():
    weights = RNG.integers(1, 4, 30)
    weighted = LikelihoodComparisonDisplay(SCORES, sample_weight=weights)
    repeated = LikelihoodComparisonDisplay({k: np.repeat(v, weights) for k, v in SCORES.items()})
    assert_allclose(weighted.means_, repeated.means_)
    assert_allclose(weighted.differences_, repeated.differences_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")
def test_estimators_compare_as_in_numbers(weighted):
    X = np.repeat(RNG.integers(0, 2, (10, 4)), 5, axis=0).astype(np.uint8)
    weights = RNG.uniform(1, 2, 50) if weighted else None
    options = {"n_importance_samples": 20, "random_state": 0, "max_iter": 1}
    models = [(str(n), HelmholtzMachine(n, **options).fit(X)) for n in (3, 15, 16)]
    display = LikelihoodComparisonDisplay.from_estimators(
        models, X, reference="15", sample_weight=weights
    )
    for number, (_, model) in enumerate(models):
        found = model.log_likelihood(X, sample_weight=weights)
        assert display.means_[number] == pytest.approx(found.mean)
        assert display.standard_errors_[number] == pytest.approx(found.standard_error)
    for number in (0, 2):
        found = compare_log_likelihood(models[number][1], models[1][1], X, weights)
        assert display.differences_[number] == pytest.approx(found.difference)
        assert display.difference_errors_[number] == pytest.approx(found.standard_error)
    assert display.differences_[1] == display.difference_errors_[1] == 0


def test_other_libraries_take_part():
    X = RNG.normal(size=(40, 2))
    models = {"factors": FactorAnalysis(1).fit(X), "mixture": GaussianMixture(1).fit(X)}
    display = LikelihoodComparisonDisplay.from_estimators(models, X)
    assert_allclose(display.means_, [model.score(X) for model in models.values()])


def test_a_single_row_has_no_errors(style):
    display = LikelihoodComparisonDisplay({"a": [1.0], "b": [2.0]}).plot()
    display.figure_.canvas.draw()
    assert np.isnan(display.standard_errors_).all()


def test_bad_input_is_named():
    model, X = GaussianMixture().fit(RNG.normal(size=(9, 2))), np.zeros((3, 2))
    from_estimators = LikelihoodComparisonDisplay.from_estimators
    with pytest.raises(ValueError, match=r"reference must be one of \['a'\], got 'c'"):
        from_estimators({"a": model}, X, reference="c")
    with pytest.raises(ValueError, match="estimators must have names that differ, got 'a' twice"):
        from_estimators([("a", model), ("a", model)], X)
    for estimators in ({}, [model], model, {1: model}):
        with pytest.raises(ValueError, match="estimators must be a dict of names, or a list of"):
            from_estimators(estimators, X)
    with pytest.raises(NotFittedError):
        from_estimators({"a": model, "b": GaussianMixture()}, X)
    with pytest.raises(TypeError, match="must be fitted and have score_samples, got 3"):
        from_estimators({"a": 3}, X)
    with pytest.raises(ValueError, match="sample_weight must hold"):
        from_estimators({"a": model}, X, sample_weight=[0, 0, 0])
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes"):
        from_estimators({"a": model}, X, ax=3)
    with pytest.raises(ValueError, match=r"scores\['b'\] must hold 2 numbers, got 1"):
        LikelihoodComparisonDisplay({"a": [1, 2], "b": [1]})
    with pytest.raises(ValueError, match=r"scores\['a'\] must hold finite .*, got -inf for row 1"):
        LikelihoodComparisonDisplay({"a": [1, -np.inf]})
    assert not plt.get_fignums()
