"""`score_samples`, `score` and `free_energy`: enumeration, and nothing but the row matters."""

import itertools
import pickle

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from tests import exact
from tests.estimators.helmholtz_machine.builders import (
    DATA,
    FRACTIONAL,
    SCORING,
    as_oracle,
    machine,
)


def test_exact_scores_equal_enumeration_of_the_public_attributes(fitted):
    model, X = fitted
    oracle = as_oracle(model)
    scores = model.score_samples(X)
    assert_allclose(scores, exact.log_likelihood(oracle, X), rtol=1e-4, atol=1e-4)
    assert_allclose(model.free_energy(X), exact.free_energy(oracle, X), rtol=1e-4, atol=1e-4)
    assert (model.free_energy(X) >= -scores - 1e-9).all()


def test_score_is_the_mean_of_the_rows(fitted, wide):
    for model, X in (fitted, wide):
        score = model.score(X)
        assert type(score) is float
        assert_allclose(score, model.score_samples(X).mean(), rtol=1e-14)
        assert model.score(X, np.zeros(len(X))) == score


def check_purity(model, X):
    rng = np.random.default_rng(0)
    order = rng.permutation(len(X))
    for method in SCORING:
        function = getattr(model, method)
        whole = function(X)
        assert_array_equal(function(X), whole)
        assert_array_equal(function(X[order]), whole[order])
        cuts = [0, 1, 2, 40, len(X)]
        for start, stop in itertools.pairwise(cuts):
            assert_array_equal(function(X[start:stop]), whole[start:stop])


def test_scoring_is_a_pure_function_of_the_row(wide):
    check_purity(*wide)


def test_exact_scoring_is_a_pure_function_of_the_row(fitted):
    check_purity(*fitted)


def test_binary_rows_score_alike_beside_fractional_ones():
    X = FRACTIONAL.copy()
    X[:30] = X[:30] < 0.5
    for sizes in ((4, 3), (20, 10)):
        model = machine(sizes).fit(X)
        for method in SCORING:
            function = getattr(model, method)
            assert_array_equal(function(X)[:30], function(X[:30]))


def test_scoring_changes_nothing(fitted):
    model, X = fitted
    before = pickle.dumps(model)
    for method in (*SCORING, "log_likelihood", "score"):
        getattr(model, method)(X)
    model.sample(3, random_state=0)
    model.inverse_transform(model.transform(X))
    assert pickle.dumps(model) == before


def test_negative_zero_is_zero():
    X = np.where(DATA["bernoulli"] == 0, -0.0, DATA["bernoulli"])
    for scale in (1, 0.5):
        model = machine((9, 8)).fit(np.abs(X) * scale)
        for method in SCORING:
            function = getattr(model, method)
            assert_array_equal(function(X * scale), function(np.abs(X) * scale))
