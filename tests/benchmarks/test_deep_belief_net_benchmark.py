"""The benchmark of deep belief nets: what it chooses by, what it writes, and how it resumes."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from benchmarks import deep_belief_net as benchmark
from sklearn_helmholtz import DeepBeliefNet, RestrictedBoltzmannMachine

rng = np.random.default_rng(0)
ROWS = ((rng.random((180, 1)) < 0.5) ^ (rng.random((180, 8)) < 0.15)).astype(np.uint8)
DATA = Bunch(X_train=ROWS[:100], X_valid=ROWS[100:140], X_test=ROWS[140:])


@pytest.fixture
def small(monkeypatch):
    """A search in which nothing takes long."""
    for name, value in {
        "SIZES": ((5, 4), (6, 4, 3)), "COMPONENTS": (4,), "CENTRED": (True,), "RATES": (0.1,),
        "SEEDS": (0, 1), "TEMPERATURES": {"choice": 20, "test": 30},
    }.items():  # fmt: skip
        monkeypatch.setattr(benchmark, name, value)
    fit, few = benchmark.fitted, {"n_iter": 2, "max_iter": 2, "pretrain_max_iter": 2}

    def quickly(estimator, *others):
        own = {name: n for name, n in few.items() if name in estimator.get_params()}
        return fit(estimator.set_params(**own), *others)

    monkeypatch.setattr(benchmark, "fitted", quickly)


def test_the_best_of_each_model_is_scored_on_test_rows_once(small, tmp_path, capsys):
    benchmark.measure(DATA, tmp_path)
    tried = benchmark.read(tmp_path / "deep_belief_net_choices.csv")
    rows = benchmark.read(tmp_path / "deep_belief_net.csv")
    models = ["machine", "greedy", "reweighted", "up-down"]
    assert [row["model"] for row in rows] == [name for name in models for _ in range(2)]
    assert [row["model"] for row in tried] == ["machine", *(m for m in models[1:] for _ in "ab")]
    for model in models[1:]:
        own = [row for row in tried if row["model"] == model]
        best = max(own, key=lambda row: float(row["valid"]))
        assert {row["sizes"] for row in rows if row["model"] == model} == {best["sizes"]}
    assert all(-7 < float(row["test"]) < -3 for row in rows)
    assert [bool(row["first_layer"]) for row in rows] == [False] * 2 + [True] * 2 + [False] * 4
    capsys.readouterr()
    benchmark.measure(DATA, tmp_path)  # all is there already
    assert capsys.readouterr().out == ""
    assert benchmark.read(tmp_path / "deep_belief_net.csv") == rows


def test_machines_have_two_finalists():
    worth = {("100", True, 0.1): -3.0, ("100", False, 0.1): -2.0, ("256", True, 0.1): -1.0}
    wanted = [("100", False, 0.1), ("256", True, 0.1)]
    assert benchmark.finalists("machine", worth) == wanted
    assert benchmark.finalists("greedy", worth) == wanted[1:]


def test_a_net_without_its_top_has_independent_units_there():
    net = DeepBeliefNet((5, 4), pretrain_max_iter=2, max_iter=2, random_state=0).fit(ROWS)
    found = benchmark.without_top(net, ROWS)
    assert found.hidden_layer_sizes == (5,)
    rates = 1 / (1 + np.exp(-found.generative_intercepts_[-1]))
    np.testing.assert_allclose(rates, found.transform(ROWS).mean(axis=0), atol=0.01)
    machine = benchmark.first_layer(net)
    assert isinstance(machine, RestrictedBoltzmannMachine)
    np.testing.assert_array_equal(machine.components_, net.generative_coefs_[0])
