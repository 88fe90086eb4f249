"""The benchmark of ways to infer counts the seconds of training, and of nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import inference_curves
from benchmarks.inference_curves import COLUMNS, Clock, curve
from sklearn_helmholtz._monitor import Monitor
from sklearn_helmholtz.learning.fused import FusedReweightedWakeSleep
from tests.cases import make_rows


def test_clocks_stand_while_somebody_looks(monkeypatch):
    now, held_out = [0.0], object()

    def look(seconds, figures):
        def method(X):
            assert X is held_out
            now[0] += seconds
            return figures

        return method

    net = SimpleNamespace(free_energy=look(5, np.array([20.0, 22.0])), score=look(7, -20.0))
    monkeypatch.setattr(inference_curves, "time", SimpleNamespace(process_time=lambda: now[0]))
    clock = Clock("NVIL", held_out, 10)
    for epoch, (seconds, done) in enumerate([(3, False), (2, False), (6, True)], 1):
        now[0] += seconds
        assert clock(net, epoch, None) == done
    assert [row["seconds"] for row in clock.rows] == [3, 5, 11]
    assert [row["bound"] for row in clock.rows] == [-21] * 3


@pytest.mark.parametrize("method", ["reweighted wake-sleep", "VIMCO"])
def test_runs_neither_validate_nor_compile_on_the_way(method, monkeypatch):
    called = []
    for owner, name in ((FusedReweightedWakeSleep, "prepare"), (Monitor, "_validate")):
        monkeypatch.setattr(owner, name, lambda *args, name=name: called.append(name))
    X = make_rows(9, "binary", 50)
    (row,) = curve(method, X[:40], X[40:], 0.0)
    assert called == (["prepare"] if method == "reweighted wake-sleep" else [])
    assert (row["method"], row["epoch"]) == (method, 1)
    assert tuple(row) == COLUMNS
