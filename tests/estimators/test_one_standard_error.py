"""The simplest of several models that cross-validation cannot tell from the best."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import FactorAnalysis, one_standard_error
from tests.factor_models import make_machine, make_rows


def results(scores, **params):
    """A dictionary as searches make it. scores : (n_candidates, n_folds)."""
    found = {f"split{i}_test_score": column for i, column in enumerate(np.transpose(scores))}
    values = {name: np.ma.array(column, dtype=object) for name, column in params.items()}
    return {**found, **{f"param_{name}": column for name, column in values.items()}}


def test_the_simplest_within_one_standard_error_is_chosen():
    scores = np.array([[2.8, 3.8, 4.8], [3, 4, 5], [3.6, 4.5, 5.7], [3, 4.5, 5.4]])
    error = np.std(scores[2], ddof=1) / np.sqrt(3)
    assert scores[1].mean() > scores[2].mean() - error > scores[0].mean()
    found = results(scores, n_components=[1, 2, 3, 4])
    assert one_standard_error(found) == 1
    far = scores - np.array([[0], [5], [0], [0]])
    assert one_standard_error(results(far, n_components=[1, 2, 3, 4])) == 2
    assert one_standard_error(results(far, n_components=[4, 3, 2, 1])) == 3
    assert one_standard_error(results(scores, n_components=[1, None, 7, None])) == 2
    ties = results(scores, n_components=[1, 2, 2, 2])
    assert one_standard_error(ties) == 2
    failed = np.vstack([scores, [[np.nan] * 3]])
    assert one_standard_error(results(failed, n_components=[1, 2, 3, 4, 0])) == 1
    sizes = results(scores, hidden_layer_sizes=[(1,), (9, 9), (3,), (4,)])
    chosen = one_standard_error(sizes, parameter="hidden_layer_sizes", complexity=sum)
    assert chosen == 2


def test_a_search_refits_the_model_that_was_chosen():
    X = make_rows(make_machine(2, 6, 4), 200)
    pipe = make_pipeline(StandardScaler(), FactorAnalysis(noise="isotropic"))
    grid = {"factoranalysis__n_components": [1, 2, 3, 4]}
    search = GridSearchCV(pipe, grid, refit=one_standard_error, cv=4).fit(X)
    folds = [search.cv_results_[f"split{i}_test_score"] for i in range(4)]
    means, errors = np.mean(folds, axis=0), np.std(folds, axis=0, ddof=1) / 2
    expected = np.flatnonzero(means >= means.max() - errors[means.argmax()])[0]
    assert search.best_index_ == expected
    assert len(search.best_estimator_[-1].components_) == expected + 1


@pytest.mark.parametrize(
    ("changed", "settings", "message"),
    [
        ({}, {"parameter": "alpha"}, "parameter='alpha' must name one of .*: n_components"),
        ({}, {"metric": "r2"}, "at least 2 folds for the metric 'r2', got 0"),
        ({"split1_test_score": None}, {}, "at least 2 folds for the metric 'score', got 1"),
        ({"param_n_components": ["a", "b"]}, {}, "n_components='[ab]' is no number: give complex"),
        ({"split0_test_score": [np.nan] * 2}, {}, "no score that is a number"),
    ],
)
def test_results_that_leave_no_choice_are_refused(changed, settings, message):
    found = {**results(np.ones((2, 2)), n_components=[1, 2]), **changed}
    found = {name: value for name, value in found.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        one_standard_error(found, **settings)
