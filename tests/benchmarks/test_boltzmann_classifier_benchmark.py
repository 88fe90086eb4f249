"""The benchmark of Boltzmann classifiers: it chooses by validation rows alone."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Bunch

from benchmarks import boltzmann_classifier as benchmark


def test_settings_are_chosen_by_validation_rows(monkeypatch):
    rng = np.random.default_rng(0)
    X = (rng.random((120, 4)) < 0.5).astype(np.uint8)
    y = X[:, 0].astype(int)
    parts = {"X_train": X[:40], "y_train": y[:40], "X_valid": X[40:80], "y_valid": y[40:80]}
    data = Bunch(**parts, X_test=X[80:], y_test=1 - y[80:])
    kind = LogisticRegression(), {"C": (1e-6, 1.0, 100.0)}
    monkeypatch.setitem(benchmark.KINDS, "small", kind)
    setting, lines = benchmark.grid("small", data)
    assert setting == {"C": 100.0}  # as right as C=1, and surer
    assert [line[5] for line in lines] == [None] * 3  # test rows are not looked at
    final = list(benchmark.final("small", setting, data))
    assert [line[2] for line in final] == list(benchmark.SEEDS)
    assert all(line[3] == 1 and line[5] == 0 for line in final)
