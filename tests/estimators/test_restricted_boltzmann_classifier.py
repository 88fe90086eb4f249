"""The classifier by a Boltzmann machine: probabilities and densities by enumeration, and labels."""

import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logsumexp
from sklearn.base import clone

from sklearn_helmholtz import RestrictedBoltzmannClassifier, load, save
from tests.labelled_machines import log_joint, log_partition, log_posterior, states
from tests.persistence.fitted import CLASSIFIERS, difference

FEW = {"n_components": 4, "n_iter": 3, "random_state": 0, "n_jobs": 1}
RNG = np.random.default_rng(0)
REALS = RNG.normal(2, 3, (90, 3))
BITS = (RNG.random((90, 5)) < 0.4).astype(np.float64)
Y = np.array(["a", "b", "c"])[(BITS[:, 0] + BITS[:, 1]).astype(int)]
STRONG = {**FEW, "n_iter": 40, "learning_rate": 0.1, "alpha": 0.0, "batch_size": 10}


def fitted(X=BITS, y=Y, **params):
    return RestrictedBoltzmannClassifier(**{**STRONG, **params}).fit(X, y)


def arrays_of(classifier):
    """W, c, b, U' and d as published, float64."""
    found = (
        classifier.components_.T, classifier.intercept_hidden_, classifier.intercept_visible_,
        classifier.weights_class_.T, classifier.intercept_class_,
    )  # fmt: skip
    return [np.asarray(array, np.float64) for array in found]


@pytest.mark.parametrize("X", [BITS, 0.8 * BITS, REALS], ids=["bits", "fractions", "reals"])
@pytest.mark.parametrize("generative", [0.0, 0.1, np.inf])
def test_probabilities_of_labels_are_those_of_enumeration(X, generative):
    rate = 0.5 if np.isinf(generative) else 0.1
    classifier = fitted(X, generative=generative, learning_rate=rate)
    assert np.abs(classifier.components_).max() > 0.1
    expected = log_posterior(arrays_of(classifier), X)
    assert_allclose(classifier.predict_log_proba(X), expected, atol=2e-5)
    assert_allclose(classifier.predict_proba(X), np.exp(expected), atol=1e-5)
    assert_array_equal(classifier.predict(X), classifier.classes_[expected.argmax(axis=1)])
    assert_allclose(classifier.decision_function(X), expected, atol=2e-5)


def test_two_classes_have_one_decision():
    classifier = fitted(y=Y == "b")
    expected = log_posterior(arrays_of(classifier), BITS)
    assert_allclose(classifier.decision_function(BITS), np.diff(expected)[:, 0], atol=2e-5)


def test_densities_are_those_of_enumeration():
    classifier = fitted(generative=1.0)
    everything, arrays = states(5), arrays_of(classifier)
    expected = log_joint(arrays, everything) - log_partition(arrays)
    found = classifier.joint_log_likelihood(everything)
    assert_allclose(found, expected, atol=2e-5)
    assert_allclose(logsumexp(found), 0, atol=1e-5)  # one label of each row
    scores = classifier.score_samples(everything)
    assert_allclose(scores, logsumexp(expected, axis=1), atol=2e-5)
    assert_allclose(classifier.log_partition_.value, log_partition(arrays), rtol=1e-6)


def test_densities_of_reals_with_many_hidden_units_are_annealed():
    classifier = fitted(REALS, n_components=22, n_iter=2, n_temperatures=200)
    known = classifier.log_partition_
    assert (known.method, known.reversed_from) == ("annealed", "annealing")
    few = fitted(REALS, n_components=22, n_iter=2)
    assert np.isfinite(few.set_params(n_temperatures=20).score_samples(REALS)).all()
    assert classifier.sample(3, random_state=0)[0].dtype == np.float32


@pytest.mark.parametrize("y", [None, "b"])
def test_draws_have_the_frequencies_of_enumeration(y):
    classifier, n = fitted(generative=1.0), 20_000
    table = np.exp(classifier.joint_log_likelihood(states(5)))
    table = table if y is None else table * (classifier.classes_ == y)
    X, labels = classifier.sample(n, y, random_state=0)
    assert X.dtype == np.uint8
    numbers = X @ (1 << np.arange(5)[::-1]) * 3 + np.searchsorted(classifier.classes_, labels)
    found = np.bincount(numbers, minlength=table.size) / n
    expected = table.ravel() / table.sum()
    assert np.abs(found - expected).max() < 4.5 * np.sqrt(expected.max() / n)
    assert_array_equal(X[:50], classifier.sample(n, y, random_state=0)[0][:50])


@pytest.mark.parametrize("y", [None, "far"])
def test_real_draws_have_the_moments_of_the_density(y):
    x = np.linspace(-12, 12, 101)[:, None]
    labels = np.where(x[:, 0] ** 2 > 30, "far", "near")
    classifier, grid = fitted(x, labels, generative=1.0), np.linspace(-80, 80, 20_001)
    table = np.exp(classifier.joint_log_likelihood(grid[:, None]))
    table = (table if y is None else table * (classifier.classes_ == y)) * (grid[1] - grid[0])
    X, drawn = classifier.sample(20_000, y, random_state=0)
    p = table.sum(axis=1) / table.sum()
    mean, square = p @ grid, p @ grid**2
    assert abs(X.mean() - mean) < 4.5 * np.sqrt(square / 20_000)
    assert_allclose((X.astype(float) ** 2).mean(), square, rtol=0.05)
    assert_allclose((drawn == "far").mean(), table[:, 0].sum() / table.sum(), atol=0.015)


def test_features_have_the_label_summed_out():
    classifier = fitted()
    W, c, _, U, _ = arrays_of(classifier)
    given = expit(c + (BITS @ W)[:, None, :] + U.T)
    expected = np.einsum("ny,nyj->nj", classifier.predict_proba(BITS), given)
    assert_allclose(classifier.transform(BITS), expected, atol=1e-5)
    assert classifier.transform(BITS.astype(np.uint8)).dtype == np.float32


@pytest.mark.parametrize("X", [BITS, REALS], ids=["bits", "reals"])
def test_annealing_agrees_with_the_sum_over_all_states(X, monkeypatch):
    module = sys.modules["sklearn_helmholtz.likelihood.labelled_partition"]
    classifier = fitted(X, generative=1.0)
    exact = classifier.log_partition_
    anneal = module.partition_of
    monkeypatch.setattr(
        module, "partition_of", lambda machine, **more: anneal(machine, "annealed", **more)
    )
    found = clone(classifier).set_params(n_temperatures=500)
    vars(found).update({k: v for k, v in vars(classifier).items() if k.endswith("_")})
    found._model = type(classifier._model)(classifier._model.encoding, classifier._machine)
    annealed = found.log_partition_
    assert annealed.method == "annealed"
    assert 0 < annealed.standard_error < 0.2
    assert abs(annealed.value - exact.value) < 4 * annealed.standard_error + 0.01


def test_densities_of_reals_integrate():
    x = np.linspace(-12, 12, 1001)[:, None]
    y = np.where(x[:, 0] ** 2 > 3, "far", "near")
    classifier = fitted(x[::10], y[::10], generative=1.0)
    grid = np.linspace(-80, 80, 20_001)[:, None]
    density = np.exp(classifier.joint_log_likelihood(grid))
    assert_allclose(np.trapezoid(density.sum(axis=1), grid[:, 0]), 1, atol=1e-6)


def test_a_generative_machine_learns_the_distribution_of_rows_and_labels():
    """Every state is a row as often as it should be: the cross-entropy comes near the entropy."""
    X = np.repeat(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), [40, 10, 10, 40], axis=0)
    y = X.max(axis=1)
    params = {"n_iter": 1500, "learning_rate": 0.3, "n_components": 8}
    params |= {"batch_size": 100, "n_chains": 500}
    classifier = fitted(X, y, generative=np.inf, **params)
    joint = classifier.joint_log_likelihood(X)[np.arange(100), y]
    p = np.array([0.4, 0.1, 0.1, 0.4])
    assert joint.mean() > (p * np.log(p)).sum() - 0.05
    assert classifier.score(X, y) == 1


def two_blobs(n, rng):
    """Rows of two prototypes with noise, and the prototype of each."""
    y = rng.integers(0, 2, n)
    prototypes = np.array([[1] * 6 + [0] * 6, [0] * 6 + [1] * 6])
    return prototypes[y] ^ (rng.random((n, 12)) < 0.35), y


def test_rows_without_labels_teach():
    """Two clusters, of which two rows each have a label: the others tell where the clusters are."""
    rng = np.random.default_rng(2)
    X, y = two_blobs(600, rng)
    test, truth = two_blobs(1000, rng)
    chosen = np.concatenate([np.flatnonzero(y == k)[:2] for k in (0, 1)])
    some = np.full(600, -1)
    some[chosen] = y[chosen]
    params = {**STRONG, "n_iter": 60, "learning_rate": 0.02, "batch_size": 20, "generative": 1.0}
    alone = RestrictedBoltzmannClassifier(**params).fit(X[chosen], y[chosen])
    together = RestrictedBoltzmannClassifier(**params).fit(X, some)
    assert together.classes_.tolist() == [0, 1]
    assert together.score(test, truth) > alone.score(test, truth) + 0.05


@pytest.mark.parametrize("missing", [-1, None, np.nan])
def test_all_spellings_of_a_missing_label_are_the_same(missing):
    y = (Y == "a").astype(int)
    gaps = np.arange(90) % 4 == 0
    reference = fitted(y=np.where(gaps, -1, y), n_iter=3)
    labels = [missing if gap else int(label) for gap, label in zip(gaps, y, strict=True)]
    other = fitted(y=np.array(labels, dtype=object), n_iter=3)
    assert_array_equal(reference.predict_proba(BITS), other.predict_proba(BITS))
    assert reference.classes_.tolist() == other.classes_.tolist() == [0, 1]


def test_words_may_have_minus_one_beside_them():
    y = Y.astype(object)
    y[::4] = -1
    assert fitted(y=y, n_iter=1).classes_.tolist() == ["a", "b", "c"]


def test_rows_without_labels_teach_nothing_discriminatively():
    y = np.where(np.arange(90) % 3 == 0, -1, (Y == "a").astype(int))
    with pytest.warns(UserWarning, match=r"y has 30 missing label\(s\), and generative=0"):
        fitted(y=y, generative=0, n_iter=1)


WRONG = [
    ({"y": np.zeros(90)}, r"y holds one class only, but a classifier needs two"),
    ({"y": np.repeat([-1, 1], 45)}, r"one class only.*-1 is none, but means that a label is"),
    ({"y": np.full(90, -1)}, r"y holds no class only"),
    ({"y": np.full(90, np.nan)}, "y holds no labels, all of them are missing"),
    ({"y": None}, "requires y to be passed, but the target y is None"),
    ({"generative": -0.1}, "'generative' parameter"),
    ({"generative": True}, "must be a number"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_what_cannot_be_learnt_is_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        fitted(**wrong)


def test_answers_refuse_what_the_fit_did_not_know():
    frame = pd.DataFrame(BITS, columns=list("abcde"))
    classifier = fitted(frame, n_iter=1)
    outside = frame.assign(c=1.5)
    with pytest.raises(ValueError, match=r"Column 2 \('c'\) of X holds the value 1.5"):
        classifier.predict(outside)
    with pytest.raises(ValueError, match="X has 4 features"):
        fitted(n_iter=1).predict(BITS[:, :4])


def test_learning_in_pieces():
    classifier = RestrictedBoltzmannClassifier(**FEW)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        classifier.partial_fit(BITS, Y)
    with pytest.raises(ValueError, match="classes must not hold -1"):
        classifier.partial_fit(BITS, Y, classes=[-1, 1])
    classifier.partial_fit(BITS[:30], np.full(30, None), classes=["c", "b", "a"])
    assert classifier.classes_.tolist() == ["a", "b", "c"]
    classifier.partial_fit(BITS[30:], Y[30:]).partial_fit(BITS, Y, classes=["a", "b", "c"])
    assert classifier.n_iter_ == 3
    with pytest.raises(ValueError, match="y must be one of the classes, 'a', 'b', 'c', got 'z'"):
        classifier.partial_fit(BITS[:2], ["a", "z"])
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        classifier.partial_fit(BITS, Y, classes=["a", "b"])


def test_a_warm_start_goes_on():
    whole = RestrictedBoltzmannClassifier(**{**FEW, "n_iter": 6}, averaging=False).fit(BITS, Y)
    parts = RestrictedBoltzmannClassifier(**FEW, averaging=False, warm_start=True)
    parts.fit(BITS, Y).fit(BITS, Y)
    assert parts.n_iter_ == 6
    assert_allclose(parts.loss_curve_[:4], whole.loss_curve_[:4], rtol=1e-6)
    with pytest.raises(ValueError, match="y must be one of the classes"):
        parts.fit(BITS, np.where(Y == "a", "q", Y))


def test_early_stopping_holds_out_rows_with_labels_by_class():
    y = np.where(np.arange(90) % 2 == 0, (Y == "a").astype(int), -1)
    params = {"early_stopping": True, "n_iter": 30, "n_iter_no_change": 3}
    classifier = fitted(y=y, validation_fraction=0.3, **params)
    assert classifier.best_validation_score_ == max(classifier.validation_scores_)
    assert classifier.n_iter_ == len(classifier.validation_scores_)
    with pytest.raises(ValueError, match="leaves no training rows out of 2 with a label"):
        fitted(y=np.where(np.arange(90) < 2, np.arange(90), -1), validation_fraction=0.9, **params)


@pytest.mark.parametrize("container", [scipy.sparse.csr_matrix, pd.DataFrame])
def test_forms_of_the_same_rows_learn_the_same(container):
    found = fitted(container(BITS), n_iter=3).predict_proba(container(BITS))
    assert_allclose(found, fitted(n_iter=3).predict_proba(BITS), atol=1e-4)


def test_rows_of_weight_zero_are_left_out():
    weights = (np.arange(90) % 3 > 0).astype(float)
    kept = weights > 0
    one = RestrictedBoltzmannClassifier(**FEW).fit(BITS, Y, sample_weight=weights)
    other = RestrictedBoltzmannClassifier(**FEW).fit(BITS[kept], Y[kept], weights[kept])
    assert_array_equal(one.predict_proba(BITS), other.predict_proba(BITS))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_an_archive_holds_all_of_it(name, tmp_path):
    make, X, y = CLASSIFIERS[name]
    classifier = make().fit(X, y)
    save(classifier, tmp_path / "classifier.npz")
    again = load(tmp_path / "classifier.npz")
    assert difference(classifier, again) is None
    for each in (again, classifier):
        each.set_params(early_stopping=False).partial_fit(X, y)
    assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))


def test_lines_tell_of_epochs(capsys):
    fitted(n_iter=1, verbose=1)
    assert "log p(y | x) -" in capsys.readouterr().out
