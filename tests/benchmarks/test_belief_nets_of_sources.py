"""The benchmark of nets that learn what known ones dream: sources, scores, how it resumes."""

import numpy as np
import pytest

from benchmarks import belief_nets
from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet

SIZES = (6, 3)


@pytest.fixture
def few_rows(monkeypatch):
    """Sources with few rows, and two methods."""
    monkeypatch.setattr(belief_nets, "N_TRAIN", 40)
    monkeypatch.setattr(belief_nets, "N_TEST", 20)
    methods = {
        "Gibbs": lambda: SigmoidBeliefNet(inference="gibbs"),
        "wake-sleep": lambda: HelmholtzMachine(algorithm="wake-sleep"),
    }
    monkeypatch.setattr(belief_nets, "METHODS", methods)


def test_sources_are_random_nets_and_their_dreams(few_rows):
    net, train, test = belief_nets.source(SIZES, 3)
    assert (train.shape, test.shape) == ((40, 6), (20, 6))
    (weights,) = net.generative_coefs_
    assert weights.shape == (3, 6)
    assert 1 < np.abs(weights).max() < 2
    assert not any(intercept.any() for intercept in net.generative_intercepts_)
    again = belief_nets.source(SIZES, 3)[1]
    assert (again == train).all()
    assert (belief_nets.source(SIZES, 4)[1] != train).any()


def test_scores_are_in_bits(few_rows):
    net, _, test = belief_nets.source(SIZES, 3)
    found = belief_nets.score(net, test)
    assert found["reliable"]
    assert found["log_likelihood"] == pytest.approx(
        -np.log2(np.exp(net.score_samples(test))).mean()
    )


def test_what_is_measured_stays_and_the_rest_follows(few_rows, tmp_path, monkeypatch):
    fit, fitted = belief_nets.fit, []

    def cut(method, *given):
        fitted.append(method)
        if len(fitted) == 2:
            raise KeyboardInterrupt
        return fit(method, *given)

    monkeypatch.setattr(belief_nets, "fit", cut)
    with pytest.raises(KeyboardInterrupt):
        belief_nets.measure(tmp_path, SIZES, 0, 2)
    records = belief_nets.measure(tmp_path, SIZES, 0, 2)
    assert fitted == ["Gibbs", "wake-sleep", "wake-sleep"]
    assert list(records) == ["source", "Gibbs", "wake-sleep"]
    assert records["Gibbs"]["coding_cost"] is None  # it has no bound
    assert records["wake-sleep"]["epochs"] == 2
    wake_sleep = records["wake-sleep"]
    assert wake_sleep["coding_cost"] >= wake_sleep["log_likelihood"] - 1e-6
    assert belief_nets.measure(tmp_path, SIZES, 0, 2) == records
    assert len(fitted) == 3


def test_the_table_has_medians_and_distances_from_the_entropy(few_rows):
    def record(entropy, cost, bits):
        source = {"log_likelihood": entropy, "coding_cost": None, "seconds": None}
        gibbs = {"log_likelihood": bits, "coding_cost": None, "seconds": 5.0}
        machine = {"log_likelihood": bits, "coding_cost": cost, "seconds": 7.0}
        return {"source": source, "Gibbs": gibbs, "wake-sleep": machine}

    records = [record(60, 62, 61), record(50, 57, 51.5), record(70, 71.5, 73)]
    heads, source, gibbs, machine = belief_nets.table(records, 0)
    assert {len(row) for row in (heads, source, gibbs, machine)} == {7}
    assert source == ["source", "", "", "60.00", "0.00", "", "63.50"]
    assert gibbs == ["Gibbs", "", "", "61.00", "1.50", "5.00", "63.90"]
    assert machine == ["wake-sleep", "62.00", "2.00", "61.00", "1.50", "7.00", "65.20"]
