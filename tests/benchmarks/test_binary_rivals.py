"""Rivals on binary tables: they are densities; their table is resumed and tells what stopped."""

import csv
import sys
import types

import numpy as np
import pytest

from benchmarks import binary_rivals
from tests import cases
from tests.benchmarks.test_density_benchmark import dependent_rows


class Shares:
    """Classes by the first column, as a fitted model of StepMix would give them."""

    def __init__(self, n_components, **settings):
        self._n = n_components

    def fit(self, X):
        """What it is fitted to does not matter."""
        return self

    def predict_proba(self, X):
        """Probabilities of the classes, (n_rows, n_classes)."""
        of_ones = np.linspace(0.2, 0.9, self._n)
        p = np.where(X[:, :1] > 0, of_ones, 1 - of_ones)
        return p / p.sum(axis=1, keepdims=True)


@pytest.fixture
def splits(monkeypatch):
    module = types.SimpleNamespace(StepMix=Shares)
    monkeypatch.setitem(sys.modules, "stepmix", types.SimpleNamespace(stepmix=module))
    monkeypatch.setitem(sys.modules, "stepmix.stepmix", module)
    rows = dependent_rows()
    return {"train": rows, "valid": rows[:100], "test": cases.all_rows(4).astype(np.uint8)}


@pytest.mark.parametrize("model", binary_rivals.MODELS)
def test_rivals_are_normalised(model, splits):
    valid, test, _ = binary_rivals.MODELS[model](splits, np.inf)
    assert np.exp(test).sum() == pytest.approx(1)
    assert len(valid) == 100


def test_a_chain_knows_how_columns_depend_on_earlier_ones(splits):
    valid, _, _ = binary_rivals.boosted(splits, np.inf)
    means = splits["train"].mean(axis=0)
    entropy = -(means * np.log(means) + (1 - means) * np.log1p(-means)).sum()
    assert valid.mean() > -entropy + 0.1


def test_sets_of_a_table_are_left_and_a_chain_out_of_time_is_told(tmp_path, splits, monkeypatch):
    path, asked = tmp_path / "table.csv", []
    monkeypatch.setattr(binary_rivals, "load", lambda folder, name: asked.append(name) or splits)
    given = ["-", "--data", "", "--models", "boosted", "--csv", str(path), "--minutes"]
    for minutes, name in (("1", "nltcs"), ("-1", "nltcs"), ("-1", "dna")):
        monkeypatch.setattr(sys, "argv", [*given, minutes, "--sets", name])
        binary_rivals.main()
    assert asked == ["nltcs", "dna"]
    with path.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert float(first["Valid"]) < 0
    assert second["Test"] == ""
    assert "0 of 4 columns" in second["Choice"]
