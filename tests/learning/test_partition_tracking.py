"""Log Z of machines that learn, against enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz._monitor import Monitor
from sklearn_helmholtz._training import Past, Plan, Training, train
from sklearn_helmholtz.learning import (
    SGD,
    Constant,
    ContrastiveDivergence,
    PersistentLearning,
    overfitting_gap,
    partition_tracking,
)
from sklearn_helmholtz.learning.partition_tracking import ExactPartition, PartitionChains
from sklearn_helmholtz.machines import initialise_boltzmann
from sklearn_helmholtz.rows import Table
from tests.boltzmann_machines import log_partition, log_probabilities, make_boltzmann


@pytest.fixture
def by_chains(monkeypatch):
    """Log Z is followed by chains where it would be enumerated."""
    monkeypatch.setattr(partition_tracking, "_MOST_INPUTS", 0)


@pytest.mark.parametrize("sizes", [(6, 5), (3, 7), (7, 1), (1, 1)])
def test_small_machines_are_enumerated(sizes):
    machine = make_boltzmann(*sizes, scale=2.0)
    partition = partition_tracking.follow_partition(machine, (0,))
    assert isinstance(partition, ExactPartition)
    assert partition.log_partition(machine) == pytest.approx(log_partition(machine), abs=1e-5)


def test_large_machines_are_followed_by_chains():
    rng = np.random.default_rng(0)
    machine = initialise_boltzmann(784, 12, np.zeros(784), rng)
    assert isinstance(partition_tracking.follow_partition(machine, (0,)), PartitionChains)


def test_chains_come_from_the_base_rates_with_the_right_mean_weight():
    """The mean of Z is unbiased, and errors are about as large as the variance says."""
    machine = make_boltzmann(8, 6, 1.0)
    starts = [PartitionChains.start(machine, (seed,)) for seed in range(200)]
    errors = np.array([chains.log_partition(machine) for chains in starts]) - log_partition(machine)
    ratio = np.exp(errors)
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / np.sqrt(len(ratio))
    told = np.mean([chains.total_variance for chains in starts])
    assert 0.4 < errors.var() / told < 2.5


def make_rows(n_rows, n_visible, n_causes, seed):
    """Rows that a few hidden causes make, the same whatever the seed."""
    loadings = 3 * np.random.default_rng(9).normal(size=(n_causes, n_visible))
    rng = np.random.default_rng(seed)
    eta = (rng.random((n_rows, n_causes)) < 0.5) @ loadings - 1
    return Table((rng.random(eta.shape) < 1 / (1 + np.exp(-eta))).astype(np.uint8), True)


def mean_log_p(machine, rows):
    """The mean of log p(x), by enumeration."""
    numbers = rows.data @ (1 << np.arange(rows.data.shape[1])[::-1])
    return log_probabilities(machine)[numbers].mean()


def machine_for(rows, n_hidden, seed=0):
    rates = (rows.data.sum(axis=0) + 1) / (len(rows) + 2)
    rng = np.random.default_rng(seed)
    return initialise_boltzmann(rows.data.shape[1], n_hidden, np.log(rates / (1 - rates)), rng)


@pytest.mark.parametrize("rule", [PersistentLearning(n_chains=50), ContrastiveDivergence()])
def test_log_z_of_the_average_is_followed_along_a_training(rule, by_chains):
    errors, _ = errors_along_a_training(rule, averages=True)
    assert np.abs(errors).max() < 0.1


def test_log_z_of_parameters_that_circle_around_is_followed_as_well_as_is_told(by_chains):
    errors, told = errors_along_a_training(PersistentLearning(n_chains=50), averages=False)
    assert (np.abs(errors) < 4 * told).all()
    assert np.abs(errors).max() < 0.4


def errors_along_a_training(rule, averages):
    """Errors of log Z of what comes of training, and their standard deviations as told, nats."""
    rows = make_rows(400, 12, 4, 0)
    machine, errors, told = machine_for(rows, 10), [], []
    training = Training(machine, rule, SGD(0.0), 1, Past((0,)), averages=averages)
    training.begin(rows, 50)
    for step in range(1, 1601):
        training.step(rows, np.arange(50) + step % 8 * 50, 0.1)
        if step in (12, 25, 50, 110, 200, 400, 800, 1600):
            found = training._memory.log_partition_of(training.machine)
            errors.append(found - log_partition(training.machine))
            told.append(training._memory._partition.total_variance**0.5)
    assert np.abs(training.machine.weights).mean() > 0.2
    return np.array(errors), np.array(told)


def test_scores_of_a_training_are_log_likelihoods_and_early_stopping_finds_their_best(by_chains):
    """A machine that learns 40 rows by heart."""
    rows, held_out = make_rows(40, 12, 4, 0), make_rows(200, 12, 4, 1)
    monitor = Monitor(validation=held_out, keeps_best=True)
    machine, exact, gaps = machine_for(rows, 10), [], []
    training = Training(
        machine, PersistentLearning(n_chains=100), SGD(0.0), 1, Past((0,)), averages=True
    )

    class Watch:
        def begin_epoch(self):
            pass

        def end_epoch(self, training, monitor):
            net = training.machine
            means = [mean_log_p(net, table) for table in (held_out, rows)]
            exact.append(means[0])
            gap = overfitting_gap(net, rows, held_out, (0,))
            gaps.append([gap, means[1] - means[0]])
            return False

    monitor.callbacks = Watch()
    train(training, rows, Plan(np.arange(40), 20, 60, Constant(0.3)), monitor)
    scores = np.array(monitor.scores)
    assert_allclose(monitor.scores, exact, atol=0.15)
    assert max(exact) - exact[int(scores.argmax())] < 0.1
    assert_allclose(*np.transpose(gaps), atol=1e-4)
