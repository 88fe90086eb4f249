"""Model selection and pipelines, with joblib's backends."""

import functools
import warnings

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_helmholtz import HelmholtzMachine

BACKENDS = ["sequential", "threading", "loky"]
GRID = {"hidden_layer_sizes": [(4,), (20,), (6, 3)]}


def labelled_data(n=90, d=8):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    X = (rng.random((n, d)) < np.where(y[:, None], 0.85, 0.15)).astype(np.uint8)
    return X, y


def machine(**params):
    return HelmholtzMachine((4,), **{"max_iter": 8, "random_state": 0, **params})


def on(backend):
    if backend != "loky":
        n_jobs = 1 if backend == "sequential" else 2
        return joblib.parallel_config(backend=backend, n_jobs=n_jobs)
    # Workers leave after five minutes without work: a call at that moment can wait for ever.
    return joblib.parallel_config(backend=backend, n_jobs=2, idle_worker_timeout=3600)


def search(backend):
    X, _ = labelled_data()
    with on(backend):
        found = GridSearchCV(machine(n_importance_samples=20), GRID, cv=3).fit(X)
    return found.cv_results_["mean_test_score"], found.score(X), found.best_params_


def pipeline_search(backend):
    X, y = labelled_data()
    pipeline = make_pipeline(machine(), LogisticRegression())
    grid = {"helmholtzmachine__hidden_layer_sizes": [(4,), (6,)], "logisticregression__C": [1.0]}
    with on(backend):
        found = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    return found.cv_results_["mean_test_score"], found.score(X, y), found.best_params_


def nested(backend):
    X, _ = labelled_data()
    with on(backend):
        inner = GridSearchCV(machine(), {"hidden_layer_sizes": [(2,), (4,)]}, cv=2, n_jobs=2)
        scores = cross_val_score(inner, X, cv=2)
    return scores, scores.mean(), None


def cross_validation(backend):
    X, _ = labelled_data()
    with on(backend):
        scores = cross_val_score(machine(), X, cv=KFold(3))
    return scores, scores.mean(), None


TASKS = [search, pipeline_search, nested, cross_validation]


@functools.cache
def expected(task):
    return task("sequential")


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("task", TASKS)
def test_backends_agree(task, backend):
    with warnings.catch_warnings():
        # Python 3.12 warns when a process with threads forks, which is for joblib to avoid.
        warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)
        scores, final, best = task(backend)
    np.testing.assert_array_equal(scores, expected(task)[0])
    assert (final, best) == expected(task)[1:]


def test_grid_search_maximises_the_held_out_log_likelihood():
    X, _ = labelled_data()
    scores, _, best = expected(search)
    assert np.isfinite(scores).all()
    assert best["hidden_layer_sizes"] == GRID["hidden_layer_sizes"][int(np.argmax(scores))]
    means = []
    for sizes in GRID["hidden_layer_sizes"]:
        model = machine(n_importance_samples=20).set_params(hidden_layer_sizes=sizes)
        means.append(np.mean([model.fit(X[a]).score(X[b]) for a, b in KFold(3).split(X)]))
    np.testing.assert_allclose(scores, means, rtol=1e-12)


def test_features_help_a_classifier():
    X, y = labelled_data()
    pipeline = make_pipeline(machine(max_iter=40, learning_rate_init=0.02), LogisticRegression())
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    model = pipeline.fit(X, y)
    assert list(model[:-1].get_feature_names_out()) == [f"helmholtzmachine{i}" for i in range(4)]


def test_pipeline_offers_scores():
    X, _ = labelled_data()
    pipeline = make_pipeline(machine()).fit(X)
    assert pipeline.score(X) == pipeline[-1].score(X)
    np.testing.assert_array_equal(pipeline.score_samples(X), pipeline[-1].score_samples(X))
    np.testing.assert_array_equal(
        pipeline.inverse_transform(pipeline.transform(X)),
        pipeline[-1].inverse_transform(pipeline[-1].transform(X)),
    )
