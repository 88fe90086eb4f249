"""Learning of labels: gradients by finite differences, expected steps by enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from sklearn_helmholtz import _tree
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.learning import SGD, LabelledLearning
from sklearn_helmholtz.learning.label_chains import LabelShare, sample_labels
from sklearn_helmholtz.rows import Block, LabelledBlock, LabelledTable, Lists, Table
from tests import cases
from tests.boltzmann_steps import draws_of
from tests.labelled_machines import (
    arrays_of,
    flat,
    log_posterior,
    log_table,
    make_labelled,
    slopes,
    states,
)
from tests.learning.test_learning import assert_expectation

ROWS = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [1, 1, 1, 0], [0, 0, 1, 0]], np.uint8)
CODES, SOME = np.array([0, 2, 1, 1]), np.array([0, -1, 2, -1])
WEIGHTS = np.array([0.5, 2.0, 1.25, 0.25])
LABELS = [CODES, SOME, np.full(4, -1)]
FORMS = {
    "binary": ROWS,
    "fractions": np.float32(0.1 + 0.7 * ROWS),
    "listed": Lists.from_dense(ROWS),
}


def step_of(rule, machine, x, share, step=1):
    """The step of a block as one vector, divided by the weight of its rows, and its objective."""
    out = cases.empty_gradient(machine)
    wake, dream = (draws_of(len(x), step, p) for p in (Purpose.WAKE, Purpose.DREAM))
    found = rule.gradient(machine, x, wake, dream, out, np, share)
    total = len(x) if x.rows.weights is None else x.rows.weights.sum()
    return flat(arrays_of(out)) / total, found


def share_of(codes, weights, hidden=None):
    weights = np.ones(len(codes)) if weights is None else weights
    return LabelShare(hidden, 0, weights[codes >= 0].sum() / weights.sum())


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("codes", LABELS[:2])
def test_the_discriminative_step_is_the_slope_of_log_p_of_labels(form, codes, weights):
    machine, values = make_labelled(), FORMS[form]
    x = LabelledBlock(Block(values, None, weights), codes)
    found, objective = step_of(LabelledLearning(0.0), machine, x, share_of(codes, weights))
    X = np.asarray(values.toarray() if form == "listed" else values, np.float64)
    own = np.ones(4) if weights is None else weights
    expected = flat(slopes(arrays_of(machine), X, codes, own, 0.0))
    assert_allclose(found, expected, atol=2e-5)
    known = codes >= 0
    each = log_posterior(arrays_of(machine), X)[known, codes[known]]
    mean = (own[known] * each).sum() / own[known].sum()
    assert_allclose(objective / own.sum(), mean, rtol=1e-5)


def stationary_hidden(machine, n_chains, rng):
    """Hidden states drawn by enumeration of rows, labels and hidden states."""
    table = log_table(arrays_of(machine), states(machine.n_units[0]))
    p = softmax(table.ravel()).reshape(table.shape).sum(axis=(0, 1))
    return states(machine.n_units[1])[rng.choice(len(p), n_chains, p=p)].astype(np.uint8)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("n_steps", [1, 3])
@pytest.mark.parametrize("generative", [0.5, 4.0, np.inf])
@pytest.mark.parametrize("codes", LABELS)
def test_the_expected_step_of_stationary_chains_is_the_slope(generative, codes, n_steps, weights):
    machine, rng = make_labelled(), np.random.default_rng(0)
    x = LabelledBlock(Block(ROWS, None, weights), codes)
    rule, found = LabelledLearning(generative, n_steps), []
    for step in range(300):
        share = share_of(codes, weights, stationary_hidden(machine, 25, rng))
        found.append(step_of(rule, machine, x, share, step)[0])
    own = np.ones(4) if weights is None else weights
    expected = slopes(arrays_of(machine), ROWS.astype(float), codes, own, generative)
    assert_expectation(np.array(found), flat(expected))


def test_steps_of_real_rows_have_the_moments_of_the_machine():
    """Given hidden states, real rows are normal around ``b + W h``: by many chains of one state."""
    machine, n = make_labelled(is_binary=False), 400
    hidden = np.repeat(np.array([[1, 0, 1]], np.uint8), n, axis=0)
    X = np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    x = LabelledBlock(Block(X), np.zeros(n, int))
    W, _, b, _, _ = arrays_of(machine)
    means = []
    for step in range(50):
        found, _ = step_of(LabelledLearning(np.inf), machine, x, LabelShare(hidden.copy()), step)
        means.append(X.mean(axis=0) - found[15:19])
    assert_expectation(np.array(means), b + W @ [1, 0, 1])


def test_labels_are_drawn_by_their_softmax():
    eta = np.repeat(np.array([[0.3, -1.0, 1.2]], np.float32), 20_000, axis=0)
    drawn = sample_labels(eta, draws_of(len(eta), 1, Purpose.DREAM))
    shares = np.bincount(drawn, minlength=3) / len(eta)
    assert_allclose(shares, softmax(eta[0]), atol=0.015)


def trained(n_threads, generative=0.5, n_rows=700, codes=None, weights=None):
    """Parameters after some steps."""
    rng = np.random.default_rng(1)
    X = (rng.random((n_rows, 4)) < 0.5).astype(np.uint8)
    codes = rng.integers(-1, 3, n_rows) if codes is None else codes
    rows = LabelledTable(Table(X, True, weights=weights), codes)
    rule = LabelledLearning(generative, n_chains=150)
    training = Training(make_labelled(), rule, SGD(0.0), n_threads, Past(cases.SEED))
    training.begin(rows, n_rows)
    for _ in range(4):
        training.step(rows, np.arange(n_rows), 0.1)
    return training.parameters.vector.copy()


@pytest.mark.parametrize("generative", [0.0, 0.5])
def test_threads_change_no_bit(generative):
    assert_array_equal(trained(1, generative), trained(3, generative))


def test_whole_weights_are_repeated_rows():
    """Of the discriminative part, which is not random, but for rounding."""
    machine, codes = make_labelled(), np.array([0, 2, -1, 1])
    weights = np.array([2.0, 1.0, 3.0, 1.0])
    rule, again = LabelledLearning(0.0), np.repeat(np.arange(4), weights.astype(int))
    x = LabelledBlock(Block(ROWS, None, weights), codes)
    repeated = LabelledBlock(Block(np.ascontiguousarray(ROWS[again])), codes[again])
    one = step_of(rule, machine, x, share_of(codes, weights))
    other = step_of(rule, machine, repeated, share_of(codes[again], None))
    assert_allclose(one[0], other[0], atol=1e-6)
    assert_allclose(one[1], other[1], rtol=1e-6)


def test_the_objective_is_the_mean_log_p_of_labels():
    machine, rule = make_labelled(), LabelledLearning()
    rows = LabelledTable(Table(ROWS, True, weights=WEIGHTS), SOME)
    own = log_posterior(arrays_of(machine), ROWS.astype(float))[[0, 2], SOME[[0, 2]]]
    expected = np.average(own, weights=WEIGHTS[[0, 2]])
    assert_allclose(rule.objective(machine, rows, cases.SEED, 1, 1), expected, rtol=1e-5)
    without = LabelledTable(Table(ROWS, True), np.full(4, -1))
    assert rule.objective(machine, without, cases.SEED, 1, 1) == 0


def test_values_between_objectives():
    assert LabelledLearning(0.0).shares == (1, 0)
    assert LabelledLearning(1.0).shares == (0.5, 0.5)
    assert LabelledLearning(np.inf).shares == (0, 1)
    assert len(_tree.leaves(make_labelled())) == 5
