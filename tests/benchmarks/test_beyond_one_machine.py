"""The benchmark of collections: its tables are rows that exist, and data that are what they say."""

import csv

import numpy as np
import pytest

from benchmarks import beyond_one_machine, cluster_costs
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


def test_costs_of_clusters_are_predicted_from_constants(tmp_path):
    lines = ["What,How much,Unit", "row,0.1,ms", "step,4,ms", "task,1,ms", "megabyte,2,ms"]
    (tmp_path / cluster_costs.CONSTANTS).write_text("\n".join(lines))
    cluster_costs.main(["predict", "--folder", str(tmp_path)])
    with (tmp_path / "cluster_predictions.csv").open() as file:
        rows = {tuple(row[:3]): [float(value) for value in row[3:]] for row in csv.reader(file)
                if row[0].isdigit()}  # fmt: skip
    assert len(rows) == 18
    # Eight workers at 10 Gbit/s: 3 hops out, 8 sums back, of 1.58 MB, 2.8 ms each.
    assert rows["512", "8", "10"] == pytest.approx([51.2, 12, 48.7, 409.6 / 111.9, 0.458], rel=5e-3)
    # 64: 8 sums of workers, of which 7 vectors each come over the network, at the same time.
    assert rows["4096", "64", "10"][1:3] == pytest.approx([76, (6 + 7 + 8) * 4.427], rel=5e-3)
