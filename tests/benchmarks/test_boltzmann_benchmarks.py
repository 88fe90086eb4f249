"""Benchmarks of Boltzmann machines: what they choose by, what they write, and how they resume."""

import csv
import pickle

import numpy as np
import pytest

from benchmarks import boltzmann, boltzmann_mnist

rng = np.random.default_rng(0)
ROWS = (rng.random((180, 1)) < 0.5) ^ (rng.random((180, 24)) < 0.15)
PARTS = [part.astype(np.uint8) for part in (ROWS[:100], ROWS[100:140], ROWS[140:])]


@pytest.fixture
def small(monkeypatch):
    """A search in which nothing takes long."""
    for name, value in {
        "RATES": (0.05, 0.2), "ALPHAS": (1e-3,), "SIZES": (21, 22), "FIRST_SIZE": 22,
        "TEMPERATURES": {"choice": 30, "test": 60}, "LOWER_ROWS": 10, "LOWER_VALID": 10,
    }.items():  # fmt: skip
        monkeypatch.setattr(boltzmann, name, value)
    fit = boltzmann.fitted

    def quickly(machine, train, seed):
        return fit(machine.set_params(n_iter=3), train, seed)

    monkeypatch.setattr(boltzmann, "fitted", quickly)


def test_the_table_has_what_was_chosen_and_the_defaults_from_both_sides(small):
    table, choices = boltzmann.measure("digits", PARTS)
    assert [(row["model"], row["seed"]) for row in table] == [
        ("chosen", 0), ("chosen", 1), ("defaults", 0), ("defaults", 1),
    ]  # fmt: skip
    assert {tuple(row) for row in table} == {boltzmann.COLUMNS}
    assert all(-20 < row["test"] < -5 and row["n_temperatures"] == 60 for row in table)
    best = max((row for row in choices if row["averaging"]), key=lambda row: row["middle"])
    for name in ("n_components", "learning_rate", "alpha"):
        assert table[0][name] == best[name]
    assert [row["n_components"] for row in choices[:3]] == [22, 22, 21]
    assert [row["averaging"] for row in choices] == [True, True, True, False]
    for row in choices:
        assert row["middle"] == pytest.approx((row["valid"] + row["lower"]) / 2)


def test_few_hidden_units_have_an_exact_score(small, monkeypatch):
    monkeypatch.setattr(boltzmann, "FEW", 21)
    machine = boltzmann.RestrictedBoltzmannMachine(21, visible="bernoulli", n_jobs=1)
    row = boltzmann.line("uci_adult", "few", machine, 0, PARTS)
    assert row["partition_error"] == 0
    assert row["lower"] == row["test"]
    machine = boltzmann.fitted(machine, PARTS[0], 0)[0]
    exact = machine.log_likelihood(PARTS[2], method="exact")
    assert row["test"] == exact.mean
    assert row["test"] != machine.score(PARTS[2])


def test_tables_keep_the_order_of_the_sets(tmp_path):
    for name in ("dna", "digits"):
        boltzmann.add(tmp_path / "table.csv", ("set", "test"), [{"set": name, "test": -1.23456}])
    with (tmp_path / "table.csv").open() as file:
        found = [tuple(row.values()) for row in csv.DictReader(file)]
    assert found == [("digits", "-1.2346"), ("dna", "-1.2346")]


def test_a_run_ends_with_both_bounds_and_goes_on_where_it_was(tmp_path, monkeypatch):
    data = dict(zip(("train", "valid", "test"), PARTS, strict=True))
    monkeypatch.setattr(boltzmann_mnist, "PART", 15)
    monkeypatch.setattr(boltzmann_mnist, "TEMPERATURES", 50)
    run = boltzmann_mnist.Run(2e-4, n_components=22)
    boltzmann_mnist.go_on(run, data, tmp_path, 1)
    assert run.progress >= 1
    assert run.curve[-1]["rows"] == 15
    again = pickle.loads((tmp_path / "checkpoint.pickle").read_bytes())
    boltzmann_mnist.go_on(again, data, tmp_path, 3)
    assert again.epochs == run.epochs
    assert again.curve[-1]["rows"] == 40
    assert (again.parts[0] == run.parts[0]).all()
    last = again.curve[-1]
    order = boltzmann_mnist.in_random_order(data["test"])
    bounds = run.machine.log_likelihood_bounds(data["test"][order])
    assert last["test"] == pytest.approx(bounds.upper, abs=1e-5)
    assert last["lower"] == pytest.approx(bounds.lower, abs=1e-5)
