"""Tempered chains: their equilibrium is that of the machines, and modes get their mass."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.learning import SGD, PersistentLearning, TemperedLearning
from sklearn_helmholtz.rows import Block, Table
from tests import cases
from tests.boltzmann_machines import log_joint_table, log_probabilities, make_boltzmann, states
from tests.boltzmann_steps import share_of, slope, step_of
from tests.learning.test_learning import assert_expectation


def tempered_tables(machine, n_tempered):
    """``p_beta(v, h)`` of all states at each inverse temperature, by enumeration."""
    v, base = states(machine.n_units[0]), machine.base.logits.astype(np.float64)
    for beta in np.linspace(0, 1, n_tempered):
        table = np.exp((1 - beta) * (v @ base)[:, None] + beta * log_joint_table(machine))
        yield table / table.sum()


def equilibrium(machine, n_tempered, n_chains, rng):
    """Hidden states, (n_chains, n_tempered, n_hidden) uint8, each drawn at its temperature."""
    h, drawn = states(machine.n_units[1]).astype(np.uint8), []
    for table in tempered_tables(machine, n_tempered):
        p = table.sum(axis=0)
        drawn.append(h[rng.choice(len(p), n_chains, p=p)])
    return np.stack(drawn, axis=1)


@pytest.mark.parametrize("n_steps", [1, 2])
@pytest.mark.parametrize("n_tempered", [2, 5])
def test_exchanges_leave_every_temperature_in_equilibrium(n_tempered, n_steps):
    machine, n_chains = make_boltzmann(4, 3, 1.5), 6000
    hidden = equilibrium(machine, n_tempered, n_chains, np.random.default_rng(0))
    before = hidden.copy()
    x = Block(np.zeros((1, 4), np.uint8))
    step_of(TemperedLearning(n_steps, n_tempered=n_tempered), machine, x, share_of(hidden))
    assert (hidden != before).any()
    for level, table in enumerate(tempered_tables(machine, n_tempered)):
        own = np.ascontiguousarray(hidden[:, level])
        cases.assert_frequencies(cases.state_numbers(own), table.sum(axis=0))


@pytest.mark.parametrize("form", [np.uint8, np.float32])
def test_the_expected_step_of_stationary_chains_is_the_slope(form):
    machine, rng, steps = make_boltzmann(), np.random.default_rng(0), []
    X, rule = rng.integers(0, 2, (3, 6)).astype(form), TemperedLearning(n_tempered=4)
    hidden = equilibrium(machine, 4, 300 * 20, rng).reshape(300, 20, 4, -1)
    steps = [step_of(rule, machine, Block(X), share_of(own), t)[0] for t, own in enumerate(hidden)]
    assert_expectation(np.array(steps), slope(machine, X))


def two_modes(rule, seed):
    """Probabilities of states near 0000... and 1111... after training on rows 9 : 1 of them."""
    X = np.repeat(np.array([[0], [1]], np.uint8), 12, axis=1)[np.repeat([0, 1], [90, 10])]
    rows, rates = Table(X, True), (X.sum(axis=0) + 1) / 102
    machine = make_boltzmann(12, 4, 0.01, base=np.log(rates / (1 - rates)))
    training = Training(machine, rule, SGD(0.0), 1, Past((seed,)), averages=True)
    training.begin(rows, 100)
    for _ in range(3000):
        training.step(rows, np.arange(100), 0.05)
    p, ones = np.exp(log_probabilities(training.machine)), states(12).sum(axis=1)
    return p[ones < 4].sum(), p[ones > 8].sum()


def test_modes_far_apart_have_the_mass_that_the_rows_give_them():
    low, high = two_modes(TemperedLearning(n_chains=300), 0)
    assert abs(low - 0.9) < 0.03
    assert abs(high - 0.1) < 0.03


def test_threads_change_no_bit():
    rng, ends = np.random.default_rng(0), []
    rows = Table((rng.random((400, 200)) < 0.4).astype(np.uint8), True)
    for n_threads in (1, 2):
        machine, rule = make_boltzmann(200, 150, 0.02), TemperedLearning(n_tempered=3)
        training = Training(machine, rule, SGD(0.0), n_threads, Past((0,)))
        training.begin(rows, 400)
        assert len(rule.limits(machine, 400)) > 2
        bounds = [training.step(rows, np.arange(400), 0.1) for _ in range(2)]
        ends.append([training.result.vector, bounds, training._memory.hidden])
    for one, two in zip(*ends, strict=True):
        assert_array_equal(one, two)


def test_chains_go_on_among_rules_of_the_same_kind_only():
    machine, rows = make_boltzmann(), Table(np.eye(6, dtype=np.uint8), True)
    training = Training(machine, PersistentLearning(n_chains=4), SGD(0.0), 1, Past((0,)))
    training.begin(rows)
    for n_tempered in (3, 5):
        rule = TemperedLearning(1, 4, n_tempered=n_tempered)
        again = Training(machine, rule, SGD(0.0), 1, training.past)
        again.begin(rows)
        assert again._memory.hidden.shape == (4, n_tempered, 5)
