"""Benchmarks of Boltzmann machines: what they choose by, what they write, and how they resume."""

import pickle

import numpy as np
import pytest

from benchmarks import boltzmann, boltzmann_comparison, boltzmann_mnist
from sklearn_helmholtz import RestrictedBoltzmannMachine

rng = np.random.default_rng(0)
ROWS = (rng.random((180, 1)) < 0.5) ^ (rng.random((180, 24)) < 0.15)
PARTS = [part.astype(np.uint8) for part in (ROWS[:100], ROWS[100:140], ROWS[140:])]


@pytest.fixture
def small(monkeypatch):
    """A search in which nothing takes long."""
    for name, value in {
        "RATES": (0.05, 0.2), "ALPHAS": (1e-3,), "SIZES": (21, 22), "FIRST_SIZE": 22,
        "WAYS": ({"centred": True},), "LOWER_ROWS": 10, "LOWER_VALID": 10,
        "TEMPERATURES": {"choice": 30, "test": 60},
    }.items():  # fmt: skip
        monkeypatch.setattr(boltzmann, name, value)
    fit = boltzmann.fitted

    def quickly(machine, train, seed):
        return fit(machine.set_params(n_iter=3), train, seed)

    monkeypatch.setattr(boltzmann, "fitted", quickly)


def test_the_table_has_what_was_chosen_and_the_defaults_from_both_sides(
    small, tmp_path, monkeypatch, capsys
):
    table, choices = boltzmann.tables(tmp_path)
    boltzmann.measure("digits", PARTS, table, choices)
    rows = boltzmann.read(table.path)
    assert [(row["model"], row["seed"]) for row in rows] == [
        ("chosen", "0"), ("chosen", "1"), ("defaults", "0"), ("defaults", "1"),
        ("defaults, not centred", "0"), ("defaults, not centred", "1"),
    ]  # fmt: skip
    assert {tuple(row) for row in rows} == {boltzmann.COLUMNS}
    assert all(-20 < float(row["test"]) < -5 and row["n_temperatures"] == "60" for row in rows)
    tried = boltzmann.read(choices.path)
    best = max((row for row in tried if row["averaging"] == "True"), key=worth)
    assert {name: rows[0][name] for name in boltzmann.SETTINGS} == {
        name: best[name] for name in boltzmann.SETTINGS
    }
    assert [row["n_components"] for row in tried] == ["22", "22", "22", "21", "22"]
    assert [row["centred"] for row in tried][:3] == ["False", "False", "True"]
    assert [row["averaging"] for row in tried] == 4 * ["True"] + ["False"]

    capsys.readouterr()
    boltzmann.measure("digits", PARTS, table, choices)  # all is there already
    assert capsys.readouterr().out == ""
    assert boltzmann.read(table.path) == rows

    monkeypatch.setattr(boltzmann_comparison, "RESULTS", tmp_path)
    monkeypatch.setattr(boltzmann_comparison, "plain", lambda name: None)
    monkeypatch.setattr(boltzmann_comparison, "FIRST_SIZE", 22)
    monkeypatch.setattr(boltzmann_comparison, "_CHANGES", ("centred=True", "averaging=False"))
    monkeypatch.setattr(boltzmann_comparison, "RATES", (0.05, 0.2))
    monkeypatch.setattr(boltzmann_comparison, "ALPHAS", (1e-3,))
    boltzmann_comparison.main()
    (beside,) = boltzmann.read(tmp_path / "boltzmann_comparison.csv")
    expected = (float(rows[0]["test"]) + float(rows[1]["test"])) / 2
    assert float(beside["AIS"]) == pytest.approx(expected, abs=0.006)
    behind = boltzmann.read(tmp_path / "boltzmann_settings.csv")
    assert max(float(row["mean"]) for row in behind[:2]) == 0
    assert all(row["mean"] == row["worst"] == row["digits"] for row in behind)
    ahead = worth(tried[2]) - max(worth(row) for row in tried[:2])
    assert (behind[2]["also"], float(behind[2]["mean"])) == (
        "centred=True", pytest.approx(ahead, abs=0.006),
    )  # fmt: skip


def worth(row):
    return float(row["lower"])


def test_lower_bounds_are_those_of_the_rows(small, monkeypatch):
    monkeypatch.setattr(boltzmann, "LOWER_VALID", 40)
    monkeypatch.setattr(boltzmann, "LOWER_ROWS", 40)
    machine = RestrictedBoltzmannMachine(22, visible="bernoulli", n_temperatures=30, n_jobs=1)
    found = boltzmann.validated(machine, *PARTS[:2])
    row = boltzmann.tested(machine, 0, *PARTS, ())
    machine = boltzmann.fitted(machine, PARTS[0], 0)[0]
    for given, rows, upper in ((found, PARTS[1], "valid"), (row, PARTS[2], "test")):
        bounds = machine.log_likelihood_bounds(rows)
        assert given[upper] == pytest.approx(bounds.upper, abs=1e-5)
        assert given["lower"] == pytest.approx(bounds.lower, abs=1e-5)
        assert bounds.gap != pytest.approx(0, abs=1e-4)


def test_what_was_chosen_is_scored_with_more_temperatures_where_bounds_are_apart(
    small, monkeypatch
):
    machine = RestrictedBoltzmannMachine(22, visible="bernoulli", n_temperatures=30, n_jobs=1)
    monkeypatch.setattr(boltzmann, "_APART", np.inf)
    assert boltzmann.tested(machine, 0, *PARTS, (40,))["n_temperatures"] == 30
    monkeypatch.setattr(boltzmann, "_APART", 0)
    assert boltzmann.tested(machine, 0, *PARTS, (40,))["n_temperatures"] == 40
    assert boltzmann.tested(machine, 0, *PARTS, ())["n_temperatures"] == 30


def test_few_hidden_units_have_an_exact_score(small, monkeypatch):
    monkeypatch.setattr(boltzmann, "FEW", 21)
    machine = RestrictedBoltzmannMachine(21, visible="bernoulli", n_jobs=1)
    row = boltzmann.tested(machine, 0, *PARTS, ())
    assert row["partition_error"] == 0
    assert row["lower"] == row["test"]
    machine = boltzmann.fitted(machine, PARTS[0], 0)[0]
    exact = machine.log_likelihood(PARTS[2], method="exact")
    assert row["test"] == exact.mean
    assert row["test"] != machine.score(PARTS[2])


def test_tables_keep_the_order_of_the_sets_and_replace_what_is_no_longer_chosen(tmp_path):
    table = boltzmann.Table(
        tmp_path / "t.csv", ("set", "alpha", "test"), ("set", "alpha"), ("set",)
    )
    table.line(lambda: {"test": -1.23456}, set="dna", alpha=0.1)
    table.line(lambda: {"test": -3.0}, set="digits", alpha=0.1)
    assert table.line(lambda: {"test": -4.0}, set="digits", alpha=0.1)["test"] == "-3.0"
    table.line(lambda: {"test": -5.0}, set="digits", alpha=0.2)
    assert [tuple(row.values()) for row in boltzmann.read(table.path)] == [
        ("digits", "0.2", "-5.0"), ("dna", "0.1", "-1.2346"),
    ]  # fmt: skip


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
