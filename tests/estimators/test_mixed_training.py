"""Training of machines of mixed tables: weights, held-out rows, going on, searches."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_helmholtz import SigmoidBeliefNet
from tests.estimators.test_mixed import ORDERS, machine
from tests.mixed_machines import table


def test_bits_alone_are_a_bernoulli_machine():
    rng = np.random.default_rng(0)
    X = (rng.random((70, 5)) < 0.4).astype(float)
    X[rng.random(X.shape) < 0.1] = np.nan
    for autoregressive in (False, True):
        mixed = machine(visible="mixed", autoregressive=autoregressive).fit(X)
        plain = machine(visible="bernoulli", autoregressive=autoregressive).fit(X)
        assert (mixed.visible_, plain.visible_) == ("mixed", "bernoulli")
        assert mixed.kinds_.tolist() == ["bernoulli"] * 5
        assert_array_equal(mixed.score_samples(X), plain.score_samples(X))
        assert_array_equal(mixed.transform(X), plain.transform(X))
        assert_array_equal(mixed.sample(9, random_state=0), plain.sample(9, random_state=0))
        assert_allclose(mixed.predict_proba_missing(X, 2), plain.predict_proba_missing(X, 2))
        for strategy in ("mode", "sample"):
            filled = [m.impute(X, strategy, random_state=0) for m in (mixed, plain)]
            assert_array_equal(*filled)


def test_weights_of_rows_are_rows_to_what_columns_say_of_their_code():
    frame = table(60)
    weights = np.random.default_rng(0).integers(1, 4, 60)
    repeated = frame.loc[np.repeat(frame.index, weights)]
    one, two = machine().fit(frame, sample_weight=weights), machine().fit(repeated)
    assert_array_equal(one.code_names_, two.code_names_)
    assert_allclose(one.code_means_, two.code_means_, rtol=1e-6, atol=1e-7)
    assert_array_equal(one.resolution_, two.resolution_)
    heavy = machine().fit(frame, sample_weight=1000.0 * weights)
    assert heavy.score(frame) == one.score(frame)  # only ratios of weights matter
    assert machine().fit(frame).score(frame) != one.score(frame)
    zero = np.where(np.arange(60) < 50, 1, 0)
    assert machine().fit(frame, sample_weight=zero).score(frame) == machine().fit(
        frame.iloc[:50]
    ).score(frame)


def test_held_out_rows_may_be_a_table():
    frame = table(120, missing=0.05)
    model = machine(early_stopping=True, max_iter=6).fit(frame)
    assert len(model.validation_scores_) == model.n_iter_
    model = machine(early_stopping=True, max_iter=6).fit(frame[:90], X_val=frame[90:])
    assert model.best_validation_score_ == max(model.validation_scores_)
    with pytest.raises(ValueError, match="'q', but its levels are 'a', 'b', 'c'"):
        machine(early_stopping=True).fit(
            frame[:90], X_val=frame[90:].assign(job=pd.Categorical(["q"] * 30))
        )


def test_training_goes_on():
    frame = table(60, missing=0.05)
    model = machine(warm_start=True).fit(frame)
    first = model.score(frame)
    assert model.fit(frame).n_iter_ == 6
    assert model.score(frame) != first
    model = machine().partial_fit(frame[:40])
    names = model.code_names_
    model.partial_fit(frame[40:])
    assert_array_equal(model.code_names_, names)
    with pytest.raises(ValueError, match="its levels are"):
        model.partial_fit(frame.assign(job=pd.Categorical(["z"] * 60)))
    assert np.isfinite(model.score(frame))


def test_searches_and_pipelines_take_tables():
    frame = table(90, missing=0.05)
    search = GridSearchCV(machine(max_iter=2), {"hidden_layer_sizes": [1, 2]}, cv=2).fit(frame)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    y = frame["flag"]
    pipeline = make_pipeline(machine(max_iter=5), LogisticRegression())
    X = frame.drop(columns="flag")
    assert pipeline.fit(X, y).predict_proba(X).shape == (90, 2)


@ORDERS
def test_belief_nets_learn_mixed_tables_by_reward(autoregressive):
    frame = table(50, missing=0.1)
    for n_particles in (1, 3):
        net = SigmoidBeliefNet(
            3, inference="nvil", n_particles=n_particles, autoregressive=autoregressive,
            max_iter=2, random_state=0,
        ).fit(frame)  # fmt: skip
        assert np.isfinite(net.score(frame))
        assert (net.sample(5, random_state=0).dtypes == frame.dtypes).all()
        assert net.transform(frame).shape == (50, 3)
