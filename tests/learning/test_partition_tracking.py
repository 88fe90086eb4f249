"""Log Z of machines that learn, against enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz._monitor import Monitor
from sklearn_helmholtz._plan import Plan
from sklearn_helmholtz._training import Past, Training, train
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
from tests.boltzmann_machines import (
    log_partition,
    log_probabilities,
    log_probability,
    make_boltzmann,
)


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
    machine = make_boltzmann(8, 6, 2.0)
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


def mean_of(log_p, rows):
    """The mean over rows of what is known of all states."""
    return log_p[rows.data @ (1 << np.arange(rows.data.shape[1])[::-1])].mean()


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


class Watch:
    """What enumeration says after each epoch: of held-out rows, and how far rows are above them."""

    def __init__(self, rows, held_out):
        self._tables, self.scores, self.gaps = (rows, held_out), [], []

    def begin_epoch(self):
        """There is nothing to say."""

    def end_epoch(self, training, monitor):
        log_p = log_probabilities(training.machine)
        learnt, held_out = (mean_of(log_p, table) for table in self._tables)
        self.scores.append(held_out)
        gap = overfitting_gap(training.machine, *self._tables, (0,))
        self.gaps.append([gap, learnt - held_out])
        return False


def test_scores_of_a_training_are_log_likelihoods_and_early_stopping_finds_their_best(by_chains):
    """A machine that learns 60 rows by heart."""
    rows, held_out = make_rows(60, 12, 2, 0), make_rows(200, 12, 2, 1)
    watch, rule = Watch(rows, held_out), PersistentLearning(n_chains=100)
    monitor = Monitor(validation=held_out, keeps_best=True, callbacks=watch)
    training = Training(machine_for(rows, 10), rule, SGD(0.0), 1, Past((0,)), averages=True)
    indices = np.tile(np.arange(60), 20)
    train(training, rows, Plan(indices, 20, 30, Constant(0.3)), monitor)
    exact = np.array(watch.scores)
    assert_allclose(monitor.scores, exact, atol=0.1)
    assert exact.max() - exact[np.argmax(monitor.scores)] < 0.03
    assert exact.max() > max(exact[0], exact[-1]) + 0.1
    assert_allclose(*np.transpose(watch.gaps), atol=1e-4)
    best = mean_of(log_probabilities(training.machine), held_out)
    assert best == exact[np.argmax(monitor.scores)]


def test_the_objective_of_rows_with_gaps_is_below_what_enumeration_has_and_near():
    machine = make_boltzmann(6, 5)
    rng = np.random.default_rng(0)
    X = (rng.random((40, 6)) < 0.5).astype(np.float32)
    X[rng.random(X.shape) < 0.25] = np.nan
    X[3] = np.nan
    weights = rng.uniform(0.5, 2, 40)
    rows = Table(X, False, fill_values=np.full(6, 0.5, np.float32), weights=weights)
    exact = np.average([log_probability(machine, row) for row in X], weights=weights)
    found = [PersistentLearning().objective(machine, rows, (seed,), 50, 1) for seed in range(20)]
    assert exact - 0.2 < np.mean(found) < exact + 0.005
