"""The classifier by a Boltzmann machine where values are missing: everything by enumeration."""

import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax, logsumexp, softmax

from sklearn_helmholtz import RestrictedBoltzmannClassifier
from tests.estimators.test_restricted_boltzmann_classifier import BITS, REALS, Y, arrays_of, fitted
from tests.labelled_machines import (
    log_joint_observed,
    log_partition_observed,
    log_table_observed,
    states,
)

RNG = np.random.default_rng(3)


def with_gaps(X, share=0.4):
    gappy = np.where(RNG.random(X.shape) < share, np.nan, X)
    gappy[0], gappy[1] = np.nan, X[1]
    return gappy


GAPPY = {"bits": with_gaps(BITS), "fractions": with_gaps(0.8 * BITS), "reals": with_gaps(REALS)}
DATA = {"bits": BITS, "fractions": 0.8 * BITS, "reals": REALS}
LABELS = {"bits": Y, "fractions": Y, "reals": np.digitize(REALS[:, 0], [0.5, 3.5])}


def oracle(classifier, X):
    """Arrays and rows in which energies of real data are those of standardised ones, and a flag."""
    model = classifier._model
    if classifier.visible_ == "bernoulli":
        return arrays_of(classifier), X, True
    scaling, machine = model.encoding.scaling, model.machine
    own = machine.boltzmann
    arrays = (
        own.weights, own.hidden_intercept, own.visible_intercept, machine.labels.weights,
        machine.labels.intercept,
    )  # fmt: skip
    return [np.asarray(a, np.float64) for a in arrays], (X - scaling.centre) / scaling.scale, False


@pytest.fixture(scope="module", params=list(DATA))
def case(request):
    name = request.param
    return fitted(DATA[name], LABELS[name], generative=1.0), GAPPY[name]


def test_probabilities_have_the_gaps_summed_out(case):
    classifier, X = case
    expected = log_softmax(log_joint_observed(*oracle(classifier, X)), axis=1)
    assert np.exp(expected).std(axis=0).max() > 0.05
    assert_allclose(classifier.predict_log_proba(X), expected, atol=2e-5)
    assert_array_equal(classifier.predict(X), classifier.classes_[expected.argmax(axis=1)])
    assert_allclose(classifier.predict_proba(X[2:5]), classifier.predict_proba(X)[2:5], rtol=1e-12)


def test_densities_have_the_gaps_summed_out(case):
    classifier, X = case
    arrays, own, is_binary = oracle(classifier, X)
    expected = log_joint_observed(arrays, own, is_binary)
    expected -= log_partition_observed(arrays, is_binary)
    if not is_binary:
        lost = np.log(classifier._model.encoding.scaling.scale)
        expected -= np.where(np.isnan(X), 0, lost).sum(axis=1)[:, None]
    assert_allclose(classifier.joint_log_likelihood(X), expected, atol=5e-5)
    assert_allclose(classifier.score_samples(X), logsumexp(expected, axis=1), atol=5e-5)
    assert abs(classifier.score_samples(X)[0]) < 1e-6  # nothing is known


def test_features_have_gaps_and_label_summed_out(case):
    classifier, X = case
    table = log_table_observed(*oracle(classifier, X))
    h = states(classifier.n_components)
    expected = softmax(logsumexp(table, axis=1), axis=1) @ h
    assert_allclose(classifier.transform(X), expected, atol=2e-5)


@pytest.mark.parametrize("name", ["bits", "reals"])
def test_annealed_sums_come_near(name, monkeypatch):
    classifier, X = fitted(DATA[name], LABELS[name], generative=1.0), GAPPY[name][:12]
    exact = classifier.predict_proba(X), classifier.transform(X)
    for module in ("likelihood.undirected", "models.boltzmann"):
        monkeypatch.setattr(sys.modules[f"sklearn_helmholtz.{module}"], "MAX_GAP_SIDE", 0)
    classifier = classifier.set_params(n_annealing_chains=500, n_temperatures=200)
    found = classifier.predict_proba(X), classifier.transform(X)
    for one, other in zip(exact, found, strict=True):
        assert_allclose(other, one, atol=0.06)
        assert (one != other).any()
    assert_array_equal(classifier.predict_proba(X[3:5]), found[0][3:5])
    classifier.set_params(n_annealing_chains=20)  # four chains of a row
    assert (classifier.predict_proba(X) != found[0]).any()


def test_rows_with_gaps_teach():
    """Half of the values are missing, and classes are still told apart as well as may be."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 800)
    prototypes = np.array([[1] * 5 + [0] * 5, [0] * 5 + [1] * 5])
    X = (prototypes[y] ^ (rng.random((800, 10)) < 0.2)).astype(float)
    X[rng.random(X.shape) < 0.5] = np.nan
    params = {"n_components": 5, "n_iter": 30, "random_state": 0, "learning_rate": 0.02}
    classifier = RestrictedBoltzmannClassifier(**params, generative=0.1).fit(X[:400], y[:400])
    observed = np.where(np.isnan(X[400:]), 0.5, X[400:])
    best = ((observed[:, 5:] - observed[:, :5]).sum(axis=1) > 0).astype(int)
    assert classifier.score(X[400:], y[400:]) > (best == y[400:]).mean() - 0.04


def test_gaps_are_taken_wherever_rows_are():
    X = GAPPY["bits"]
    settings = {"early_stopping": True, "n_iter": 3, "generative": 0.5}
    classifier = fitted(X, **settings)
    assert len(classifier.validation_scores_) == 3
    classifier.set_params(early_stopping=False).partial_fit(X[:30], Y[:30])
    assert np.isfinite(classifier.predict_log_proba(X)).all()


@pytest.mark.parametrize("container", [pd.DataFrame, scipy.sparse.csr_matrix])
def test_forms_of_rows_with_gaps_learn_the_same(container):
    X = GAPPY["bits"]
    one, other = (fitted(form, n_iter=3, generative=0.5) for form in (X, container(X)))
    assert_allclose(one.predict_proba(X), other.predict_proba(container(X)), atol=1e-4)


def test_columns_without_a_value_are_named():
    X = BITS.copy()
    X[:, 2] = np.nan
    with pytest.raises(ValueError, match=r"[Cc]olumn 2"):
        fitted(X)
