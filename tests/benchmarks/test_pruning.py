"""The benchmark of Russian roulette among particles: its tables, and what it says of weights."""

import csv

import numpy as np
import pytest

from benchmarks import pruning
from sklearn_helmholtz._kernels.particles import prune


@pytest.mark.parametrize("table", ["speed", "choice", "scores"])
def test_tables_are_written(tmp_path, monkeypatch, table):
    X = (np.random.default_rng(0).random((600, 6)) < 0.4).astype(np.uint8)
    splits = {"train": X, "valid": X[:9], "test": X[:9]}
    monkeypatch.setattr(pruning, "load", lambda *given: splits)
    settings = {"LAYERS": ((3,), (3, 2)), "PARTICLES": (5,), "N_STEPS": 2, "N_EPOCHS": 1}
    for name, value in settings.items():
        monkeypatch.setattr(pruning, name, value)
    monkeypatch.setattr(pruning, "large_digits", lambda: X)
    options = ["--data", "nowhere", "--repeats", "1", "--seeds", "2", "--sets", "plants"]
    pruning.main([table, *options, "--folder", str(tmp_path)])
    with (tmp_path / f"pruning_{table}.csv").open() as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == pruning.COLUMNS[table]
    assert len(rows) == {"speed": 2 * 2 * 2 * 3, "choice": 2, "scores": 1}[table]
    assert all(len(row) == len(header) for row in rows)


def test_what_comes_of_the_roulette_is_what_is_expected():
    weights = np.random.default_rng(0).dirichlet(np.full(4, 0.3), 3)
    numbers = np.random.default_rng(1).random((20_000, 4), np.float32)
    kept, noise = pruning.outcome(weights, 0.8)
    left = np.repeat(weights[None], len(numbers), axis=0).astype(np.float32)
    for row in range(3):
        own = np.ascontiguousarray(left[:, row])
        prune(numbers, np.float32(0.2), own)
        left[:, row] = own
    assert (left > 0).sum(axis=2).mean() == pytest.approx(kept, rel=0.01)
    assert left.var(axis=0).sum(axis=1).mean() == pytest.approx(noise, rel=0.03)
    assert pruning.outcome(weights, 0.0) == (4, 0)
