"""The benchmark of collections: its tables are rows that exist, and data that are what they say."""

import csv

import numpy as np
import pytest

from benchmarks import beyond_one_machine
from benchmarks.beyond_one_machine import generated


@pytest.mark.parametrize(
    ("table", "options", "n_rows"),
    [("answers", ["--rows", "400"], 3), ("memory", ["--gigabytes", "0.0003"], 5)],
)
@pytest.mark.filterwarnings("ignore:This log-likelihood")
def test_tables_are_written(tmp_path, table, options, n_rows):
    beyond_one_machine.main([table, "--folder", str(tmp_path), *options])
    with (tmp_path / f"beyond_{table}.csv").open() as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == beyond_one_machine.COLUMNS[table]
    assert len(rows) == n_rows
    assert all(len(row) == len(header) for row in rows)


def test_rows_are_made_by_chunk_and_always_the_same(monkeypatch):
    monkeypatch.setattr(beyond_one_machine, "ROWS_OF_A_CHUNK", 700)
    X = generated(1500)
    assert X.chunks[0] == (700, 700, 100)
    rows = X.compute()
    np.testing.assert_array_equal(rows[700:1400], X.blocks[1].compute())
    assert (rows[:100] != rows[700:800]).all()
    values = np.linalg.eigvalsh(np.cov(rows[:, :50].T))
    assert values[-3] > 5 > values[-4]  # three factors, and noise of variance one
    assert np.isnan(generated(1500, gaps=0.05).compute()).mean() == pytest.approx(0.05, abs=0.002)
