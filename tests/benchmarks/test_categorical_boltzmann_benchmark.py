"""The benchmark of categorical columns: what it makes of bits, and what it writes."""

import csv

import numpy as np
import pytest

from benchmarks import boltzmann, categorical_boltzmann
from tests import mixed_frames


def one_hot_rows(n_rows=120, seed=0):
    """Bits of a category of three, one of four of which the last has no bit, and a bit alone."""
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 3, n_rows), rng.integers(0, 4, n_rows)
    bits = [first == k for k in range(3)] + [second == k for k in range(3)]
    return np.column_stack([*bits, rng.random(n_rows) < 0.5]).astype(np.uint8)


def test_bits_are_put_together_again():
    rows = one_hot_rows()
    assert categorical_boltzmann.groups(rows) == [(0, 3), (3, 6), (6, 7)]
    train, test = categorical_boltzmann.as_levels([rows, one_hot_rows(seed=1)])
    assert [len(column.cat.categories) for _, column in train.items()] == [3, 4, 2]
    back = np.concatenate(
        [
            np.eye(n + 1, n, dtype=np.uint8)[test[name].cat.codes]
            for name, n in (("0", 3), ("3", 3))
        ],
        axis=1,
    )
    np.testing.assert_array_equal(back, one_hot_rows(seed=1)[:, :6])
    np.testing.assert_array_equal(test["6"].cat.codes, 1 - one_hot_rows(seed=1)[:, 6])


def test_rows_of_no_level_are_refused():
    odd = one_hot_rows()
    odd[0, :2] = 1
    with pytest.raises(ValueError, match="Columns 0 to 2 are one-hot in training alone"):
        categorical_boltzmann.as_levels([one_hot_rows(), odd])


def test_tables_are_written_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(categorical_boltzmann, "SIZES", (3, 30))
    monkeypatch.setattr(categorical_boltzmann, "FEW", (3,))
    monkeypatch.setattr(categorical_boltzmann, "TEMPERATURES", {"choice": 20, "test": 30})
    parts = dict(zip(("train", "valid", "test"), map(one_hot_rows, (90, 40, 50)), strict=True))
    monkeypatch.setattr(categorical_boltzmann, "load", lambda folder, name: parts)
    levels = mixed_frames.only_levels(mixed_frames.table(n_rows=120))
    monkeypatch.setattr(categorical_boltzmann.mixed_tables, "load", lambda folder, name: levels)
    monkeypatch.setattr(categorical_boltzmann, "ahead", lambda *arguments: (0.0, 0.0))
    fit = categorical_boltzmann.fitted
    monkeypatch.setattr(
        categorical_boltzmann, "fitted", lambda m, *rest: fit(m.set_params(n_iter=2), *rest)
    )
    command = ["", str(tmp_path), "--sets", "dna", "--tables", "chile", "--folder", str(tmp_path)]
    monkeypatch.setattr("sys.argv", command)
    categorical_boltzmann.main()
    assert capsys.readouterr().out
    for name, columns in (("categorical", "COLUMNS"), ("mixed", "MIXED")):
        with open(tmp_path / f"{name}_boltzmann.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["seed"] for row in rows] == ["0", "1"]
        assert {tuple(row) for row in rows} == {getattr(categorical_boltzmann, columns)}
        assert all(-12 < float(row["test"]) < -1 for row in rows)
    categorical_boltzmann.main()
    assert capsys.readouterr().out == ""
    assert len(boltzmann.read(tmp_path / "mixed_boltzmann.csv")) == 2
