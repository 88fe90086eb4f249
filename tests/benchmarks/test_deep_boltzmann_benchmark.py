"""The benchmark of deep Boltzmann machines: what it chooses by, and what it writes."""

import numpy as np
import pytest
from sklearn.base import clone

from benchmarks import deep_boltzmann
from sklearn_helmholtz import DeepBoltzmannMachine

rng = np.random.default_rng(0)
ROWS = (rng.random((180, 1)) < 0.5) ^ (rng.random((180, 6)) < 0.15)
PARTS = [part.astype(np.uint8) for part in (ROWS[:100], ROWS[100:140], ROWS[140:])]


@pytest.fixture
def small(monkeypatch):
    """A search in which nothing takes long."""
    monkeypatch.setattr(deep_boltzmann, "SIZES", (4, 3))
    monkeypatch.setattr(deep_boltzmann, "RATES", (0.1, 0.2))
    fit = deep_boltzmann.fitted

    def quickly(machine, train):
        return fit(clone(machine).set_params(n_iter=3), train)

    monkeypatch.setattr(deep_boltzmann, "fitted", quickly)


def test_the_table_has_what_validation_rows_chose(small, tmp_path, capsys):
    deep_boltzmann.measure(tmp_path, *PARTS)
    tried = deep_boltzmann.read(tmp_path / "deep_boltzmann_choices.csv")
    table = deep_boltzmann.read(tmp_path / "deep_boltzmann.csv")
    assert [len([r for r in tried if r["model"] == name]) for name in deep_boltzmann.models()] == [
        4, 4, 4, 2, 2,
    ]  # fmt: skip
    assert [(row["model"], row["seed"]) for row in table] == [
        (name, seed) for name in deep_boltzmann.models() for seed in "01"
    ]
    for row in table:
        own = [r for r in tried if r["model"] == row["model"]]
        best = max(own, key=lambda r: float(r["valid"]))
        assert (row["learning_rate"], row["centred"]) == (best["learning_rate"], best["centred"])
        if row["seed"] == "0":
            assert row["valid"] == best["valid"]
        assert (row["W2"] == "") == row["model"].startswith("RBM")
        assert -5 < float(row["test"]) < -2
    rates = {r["learning_rate"] for r in tried if r["model"].startswith("DBM")}
    assert rates == {"0.1", "0.2"}  # all of the first, one of them of the others
    capsys.readouterr()
    deep_boltzmann.measure(tmp_path, *PARTS)  # all is there already
    assert capsys.readouterr().out == ""


def test_what_is_left_without_the_upper_layer_is_a_restricted_machine():
    machine = DeepBoltzmannMachine((4, 3), n_iter=2, random_state=0).fit(PARTS[0])
    alone = deep_boltzmann.first(machine)
    weights = [machine.coefs_[0], np.zeros((4, 3))]
    other = DeepBoltzmannMachine.from_parameters(weights, machine.intercepts_)
    assert alone.score(PARTS[2]) == pytest.approx(other.score(PARTS[2]), abs=1e-5)
