"""The benchmarks of partition functions ask the right questions, and small versions hold."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logsumexp

from benchmarks import (
    annealing_speed,
    numpy_annealing,
    partition_coverage,
    partition_seeds,
    partition_witnesses,
    tempered_modes,
)
from sklearn_helmholtz.likelihood import Partition, partition_of
from tests.boltzmann_machines import log_partition, make_boltzmann


def test_machines_are_those_that_the_benchmark_describes():
    machines = [partition_coverage.random_machine(number) for number in range(50)]
    sizes = np.array([machine.n_units for machine, _ in machines])
    assert (sizes.min(axis=0) >= (20, 12)).all()
    assert (sizes.max(axis=0) <= (40, 20)).all()
    spreads = np.array([sd for _, sd in machines])
    assert 0.5 < spreads.min() < 0.6
    assert 2.5 < spreads.max() < 3
    for machine, sd in machines:
        assert abs(machine.weights.std() / sd - 1) < 4 / np.sqrt(2 * machine.weights.size)


def test_intervals_cover_what_is_near():
    found = Partition(5.0, 0.04, 50.0, 5.0, 5.0, "annealed", 10, True)
    assert partition_coverage.covers(found, 5.02 + 1.95 * 0.2)
    assert not partition_coverage.covers(found, 5.02 + 1.97 * 0.2)
    assert not partition_coverage.covers(found, 5.02 - 1.97 * 0.2)


def test_stated_errors_hold_on_some_of_the_machines(capsys, monkeypatch):
    monkeypatch.setattr(partition_coverage, "N_TEMPERATURES", 100)
    monkeypatch.setattr(partition_coverage, "N_ROWS", 5)
    found = [line for number in (6, 26) for line in partition_coverage.examine(number, [(200, 20)])]
    hits, reliable = (np.concatenate([each[k] for each in found]) for k in (1, 2))
    assert reliable.mean() > 0.9
    assert hits[reliable].mean() >= 0.8
    assert all(set(row) == set(partition_coverage.COLUMNS) for row, *_ in found)
    partition_coverage.report(200, found)
    assert "40 runs are called reliable" in capsys.readouterr().out


def test_what_the_benchmark_calls_exact_is():
    machine = make_boltzmann(8, 6)
    assert_allclose(partition_of(machine, "exact").value, log_partition(machine), atol=1e-10)


def test_runs_tell_how_often_they_are_right():
    def run(value, variance, excess, reliable):
        return Partition(
            value, variance, 50.0, value, value, "annealed", 10, reliable, back=0.1, excess=excess
        )

    runs = [run(0.0, 0.01, 0.0, True), run(0.3, 0.09, 0.08, True), run(-1.0, 0.01, 0.0, False)]
    columns = partition_witnesses.COLUMNS[3:]
    found = dict(zip(columns, partition_witnesses.told(runs, 0.0), strict=True))
    assert (found["reliable"], found["wrong"]) == (2 / 3, 2 / 3)
    assert (found["covers"], found["covers_all"], found["delta"]) == (1, 2 / 3, 1 / 3)
    assert found["wrong_reliable"] == 1 / 2
    assert_allclose((found["lower"], found["upper"]), (-0.7 / 3, 0.1))


def test_machines_of_the_table_are_fitted_again(monkeypatch):
    monkeypatch.setattr(partition_seeds, "TEMPERATURES", (5,))
    monkeypatch.setattr(partition_seeds, "SEEDS", range(2))
    monkeypatch.setattr(partition_seeds, "N_CHAINS", 20)
    X = (np.random.default_rng(0).random((100, 22)) < 0.3).astype(np.uint8)
    row = {
        "n_components": "22", "learning_rate": "0.05", "alpha": "auto", "n_steps": "2", "seed": "1",
        "centred": "False", "schedule": "cosine",
    }  # fmt: skip
    machine = partition_seeds.machine_of(row, X)
    assert (machine.n_steps, machine.centred, machine.schedule) == (2, False, "cosine")
    lines = list(partition_seeds.examine(machine, X[:20], -9.0))
    assert [len(line) + 3 for line in lines] == [len(partition_seeds.COLUMNS)] * 2
    for _, _, there, worth, from_ends, from_training, from_rows, score in lines:
        assert 0 < worth <= 20
        assert np.ptp([there, from_ends, from_training, from_rows]) < 5
        assert score == -9.0 - from_training


def test_tempered_chains_are_asked_for_the_mass_of_the_rarer_mode(monkeypatch):
    monkeypatch.setattr(tempered_modes, "STEPS", 20)
    assert tempered_modes.rows().mean() == 0.1
    found = tempered_modes.line(2, negative_phase="pcd", n_chains=10)
    assert len(found) == len(tempered_modes.COLUMNS)
    assert -0.1 <= found[4] <= 0.9


# The twin in NumPy


def test_a_program_that_estimates_something_else_is_found(monkeypatch):
    annealing_speed.check(np.random.default_rng(0))
    right = numpy_annealing.annealed_log_weights
    for module in (numpy_annealing, annealing_speed):
        if hasattr(module, "annealed_log_weights"):
            monkeypatch.setattr(module, "annealed_log_weights", lambda *args: right(*args) + 2)
    with pytest.raises(AssertionError, match="nats off"):
        annealing_speed.check(np.random.default_rng(0))


def test_weights_of_the_program_in_numpy_are_unbiased():
    machine, rng = make_boltzmann(6, 5), np.random.default_rng(0)
    biases = machine.hidden_intercept, machine.visible_intercept, machine.base.logits
    betas = np.linspace(0, 1, 11).astype(np.float32)
    log_weights = numpy_annealing.annealed_log_weights(machine.weights, *biases, 20_000, betas, rng)
    log_base = 5 * np.log(2) + np.logaddexp(0, machine.base.logits).sum()
    error = log_weights.std() / np.sqrt(20_000)
    found = logsumexp(log_weights) - np.log(20_000) + log_base
    assert abs(np.expm1(found - log_partition(machine))) < 5 * error


def test_states_of_the_program_in_numpy_have_their_probabilities():
    eta = np.linspace(-3, 3, 7).astype(np.float32)
    drawn = numpy_annealing.fires(np.tile(eta, (20_000, 1)), np.random.default_rng(0))
    assert_allclose(drawn.mean(axis=0), expit(eta), atol=0.015)
    assert_allclose(numpy_annealing.softplus_sums(eta[None]), np.logaddexp(0, eta).sum(), rtol=1e-6)
