"""Learning of labels from rows with gaps: expected steps by enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp, softmax

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.learning import SGD, LabelledLearning
from sklearn_helmholtz.learning.label_chains import LabelShare
from sklearn_helmholtz.learning.label_gaps import complete_labelled, log_posterior_observed
from sklearn_helmholtz.learning.memory import RowState
from sklearn_helmholtz.rows import Block, LabelledBlock, LabelledTable, Table
from tests import cases
from tests.boltzmann_steps import draws_of
from tests.labelled_machines import (
    arrays_of,
    flat,
    log_joint_observed,
    log_table_observed,
    make_labelled,
    objective_observed,
    slopes,
    states,
)
from tests.learning.test_labelled import stationary_hidden
from tests.learning.test_learning import assert_expectation

_ = np.nan
BITS = np.array([[1, 0, _, 1], [0, _, _, 1], [1, 1, 1, 0], [_, _, 1, 0], [_, 0, 0, 1]], np.float32)
REALS = np.float32(1.5) * BITS - np.float32(0.5)
ALL, SOME, NONE = np.array([0, 2, 1, 1, 0]), np.array([0, -1, 2, -1, 2]), np.full(5, -1)
WEIGHTS = np.array([0.5, 2.0, 1.25, 0.25, 1.0])


def block(X, codes, weights=None):
    return LabelledBlock(Block(X, np.zeros(4, np.float32), weights), codes)


def stationary_gaps(machine, X, codes, is_binary, rng):
    """Hidden states of both chains of each row, by enumeration: given its label, and without."""
    table = log_table_observed(arrays_of(machine), X.astype(float), is_binary)
    h, found = states(machine.n_units[1]).astype(np.uint8), []
    for given in (codes, np.full(len(codes), -1)):
        own = [
            softmax(logsumexp(terms, axis=0) if code < 0 else terms[code])
            for terms, code in zip(table, given, strict=True)
        ]
        found.append(np.array([h[rng.choice(len(h), p=p)] for p in own]))
    return RowState(np.ones(len(X), bool), found)


def real_chains(machine, n_chains, rng):
    """Hidden states of a machine of real rows, drawn by enumeration."""
    nothing = np.full((1, 4), np.nan)
    table = log_table_observed(arrays_of(machine), nothing, False)[0]
    h = states(machine.n_units[1]).astype(np.uint8)
    return h[rng.choice(len(h), n_chains, p=softmax(logsumexp(table, axis=0)))]


def steps_of(rule, machine, X, codes, weights, is_binary, n_steps=150):
    """Steps of stationary chains, (n_steps, n_parameters)."""
    rng, found = np.random.default_rng(0), []
    own = np.ones(len(codes)) if weights is None else weights
    chains_of = stationary_hidden if is_binary else real_chains
    for step in range(n_steps):
        share = LabelShare(chains_of(machine, 30, rng), 0, own[codes >= 0].sum() / own.sum())
        share.gaps = stationary_gaps(machine, X, codes, is_binary, rng)
        out = cases.empty_gradient(machine)
        wake, dream = (draws_of(len(X), step, p) for p in (Purpose.WAKE, Purpose.DREAM))
        rule.gradient(machine, block(X, codes, weights), wake, dream, out, np, share)
        found.append(flat(arrays_of(out)) / own.sum())
    return np.array(found)


@pytest.mark.parametrize(("X", "is_binary"), [(BITS, True), (REALS, False)], ids=["bits", "reals"])
@pytest.mark.parametrize(
    ("codes", "weights", "generative"),
    [(ALL, None, 0.0), (SOME, WEIGHTS, 0.0), (SOME, WEIGHTS, 0.7), (ALL, None, np.inf),
     (NONE, None, 1.0)],
)  # fmt: skip
def test_the_expected_step_is_the_slope_of_what_is_observed(
    codes, weights, generative, X, is_binary
):
    machine = make_labelled(scale=0.7, is_binary=is_binary)
    found = steps_of(LabelledLearning(generative), machine, X, codes, weights, is_binary)
    own = np.ones(len(codes)) if weights is None else weights
    rows = X.astype(float), codes, own, generative, is_binary
    expected = flat(slopes(arrays_of(machine), *rows, objective=objective_observed))
    assert_expectation(found, expected)


@pytest.mark.parametrize(("X", "is_binary"), [(BITS, True), (REALS, False)], ids=["bits", "reals"])
def test_chains_of_gaps_stay_where_they_should_be(X, is_binary):
    """After a sweep the states of stationary chains have the same means."""
    machine, rng = make_labelled(is_binary=is_binary), np.random.default_rng(1)
    table = log_table_observed(arrays_of(machine), X.astype(float), is_binary)
    h, moved = states(machine.n_units[1]), []
    for step in range(400):
        state = stationary_gaps(machine, X, SOME, is_binary, rng)
        x, draws = block(X, SOME), draws_of(len(X), step, Purpose.WAKE)
        completed = complete_labelled(machine, x, draws, state)
        eta = machine.hidden_eta(completed.values)
        completed.remember(machine, eta, machine.log_posterior(eta))
        moved.append(np.concatenate([array.ravel() for array in state.arrays]))
    free = softmax(logsumexp(table, axis=1), axis=1) @ h
    given = np.array([softmax(table[i, code]) @ h for i, code in enumerate(SOME)])
    given[SOME < 0] = free[SOME < 0]
    twice = np.isnan(X).any(axis=1) & (SOME >= 0)  # no others have a chain without their label
    keep = np.concatenate([np.ones(15, bool), np.repeat(twice, 3)])
    expected = np.concatenate([given.ravel(), free.ravel()])
    assert_expectation(np.array(moved)[:, keep].astype(float), expected[keep])


def test_a_row_with_a_label_has_two_chains_with_random_numbers_of_their_own():
    machine = make_labelled(scale=0.0)
    X = np.full((400, 4), np.nan, np.float32)
    X[:, 0] = 1
    draws = draws_of(400, 1, Purpose.WAKE)
    completed = complete_labelled(machine, block(X, np.zeros(400, int)), draws, None)
    given, free = completed.values[:400], completed.values[400:]
    assert_array_equal(completed.free, np.arange(400, 800))
    assert (given[:, 0] == 1).all()
    assert 0.4 < (given[:, 1:] == free[:, 1:]).mean() < 0.6


@pytest.mark.parametrize(("X", "is_binary"), [(BITS, True), (REALS, False)], ids=["bits", "reals"])
def test_probabilities_that_are_watched_come_near(X, is_binary):
    machine, n = make_labelled(is_binary=is_binary), 400
    table = log_joint_observed(arrays_of(machine), X.astype(float), is_binary)
    many = np.repeat(X, n, axis=0)
    key = _keys.key(cases.SEED, Purpose.VALIDATE)
    addresses = np.arange(len(many), dtype=np.uint64)
    found = log_posterior_observed(machine, block(many, None).rows, key, addresses)
    means = np.exp(found).reshape(len(X), n, 3).mean(axis=1)
    assert_allclose(means, softmax(table, axis=1), atol=0.03)
    complete = machine.log_posterior(machine.hidden_eta(X[2:3]))
    assert_allclose(found[2 * n], complete[0], rtol=1e-6)


def trained(n_threads, generative):
    """Parameters after some steps on rows with gaps."""
    rng = np.random.default_rng(1)
    X = np.where(rng.random((700, 4)) < 0.3, np.nan, rng.random((700, 4)) < 0.5).astype(np.float32)
    X[np.isnan(X).all(axis=1), 0] = 1
    table = Table(X, False, fill_values=np.zeros(4, np.float32))
    rows = LabelledTable(table, rng.integers(-1, 3, 700))
    rule = LabelledLearning(generative, n_chains=150)
    training = Training(make_labelled(), rule, SGD(0.0), n_threads, Past(cases.SEED))
    training.begin(rows, 700)
    for _ in range(3):
        training.step(rows, np.arange(700), 0.1)
    return training.parameters.vector.copy()


@pytest.mark.parametrize("generative", [0.0, 0.5])
def test_threads_change_no_bit(generative):
    assert_array_equal(trained(1, generative), trained(3, generative))
