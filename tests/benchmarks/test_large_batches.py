"""The benchmark of large minibatches: its tables are written, and rows are drawn as it says."""

import csv

import numpy as np
import pytest

from benchmarks import large_batches


def few_rows(folder, name, most):
    """Rows of a small planted net in the place of the benchmark's tables."""
    X = (np.random.default_rng(0).random((most + 50, 6)) < 0.4).astype(np.uint8)
    return X[:50], X[50:], -4.0


@pytest.mark.filterwarnings("ignore:This log-likelihood")
@pytest.mark.parametrize(("table", "n_rows"), [("rates", 8), ("defaults", 2)])
def test_tables_are_written(tmp_path, monkeypatch, table, n_rows):
    monkeypatch.setattr(large_batches, "drawn", few_rows)
    learners = {"wake-sleep": large_batches.LEARNERS["wake-sleep"]}
    settings = {
        "LEARNERS": learners, "COMPARED": ("wake-sleep",), "SIZES": {300: 2, 600: 2},
        "LENGTHS": (1,),
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setattr(large_batches, name, value)
    large_batches.main(["nowhere", table, "--epochs", "4", "--folder", str(tmp_path)])
    with (tmp_path / f"large_batches_{table}.csv").open() as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == large_batches.COLUMNS[table]
    assert len(rows) == n_rows
    assert all(len(row) == len(header) for row in rows)
    if table == "defaults":  # of small tables they are the same fits
        assert [row[-4:-2] for row in rows] == [["0.00", "0.00"]] * 2
    else:
        assert [(row[2], row[4]) for row in rows[2:4]] == [("400", "0.02"), ("400", "0.04")]


def test_rows_of_the_planted_net_are_worth_what_it_says():
    valid, X, truth = large_batches.drawn("nowhere", "planted", 100)
    assert (valid.shape, X.shape, valid.dtype) == ((4000, 100), (100, 100), np.uint8)
    assert -44.5 < truth < -42


def test_differences_are_those_of_seeds():
    pairs = [[([-10.0], 2.0), ([-10.1], 1.0)], [([-20.0], 2.0), ([-20.2], 1.0)]]
    assert large_batches.compared(pairs, -9.0) == (
        "-9.000", "-15.000", "-15.150", "1.00", "0.33", "2.00000", "1.00000",
    )  # fmt: skip
