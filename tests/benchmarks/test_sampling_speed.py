"""Benchmarks of draws, and of a deep belief net of many pixels, on few."""

import numpy as np

from benchmarks import deep_belief_mnist, sampling_speed


def test_ratios_are_of_the_times_beside_them(monkeypatch):
    for name, value in (("SIZES", (6, 4)), ("N_DRAWS", 20), ("N_SWEEPS", 3)):
        monkeypatch.setattr(sampling_speed, name, value)
    seconds = {"ours": [2.0], "loop over draws": [0.5], "sweeps, together": [4.0]}
    monkeypatch.setattr(sampling_speed, "turns", lambda parties, *_: seconds)
    loop, together = sampling_speed.measure(1)
    assert loop == ("loop over draws", "2.000", "5.00", "2", 100)  # 2 of 20 draws took 0.5 s
    assert together == ("sweeps, together", "2.000", "4.00", "2", "")


def test_both_machines_have_the_same_distribution(monkeypatch):
    monkeypatch.setattr(sampling_speed, "SIZES", (3, 2))
    ours, theirs = sampling_speed.machines()
    rows = np.array([[0, 0, 1], [1, 1, 0]])
    energies = ours.unnormalized_log_prob(rows) + theirs._free_energy(rows)
    np.testing.assert_allclose(energies, 0, atol=1e-5)


def test_nets_are_scored_from_below_and_by_both_errors(monkeypatch):
    for name, value in (("UNITS", 4), ("LOWER_ROWS", 10), ("SAMPLES", 20)):
        monkeypatch.setattr(deep_belief_mnist, name, value)
    rows = np.random.default_rng(0).integers(0, 2, (60, 6)).astype(np.uint8)
    models = deep_belief_mnist.models(2, 1)
    assert list(models) == ["machine", "greedy net", "reweighted net"]
    found = [deep_belief_mnist.scores(model.fit(rows), rows) for model in models.values()]
    assert all(
        {*scores, "model", "cpu_minutes"} == set(deep_belief_mnist.COLUMNS) for scores in found
    )
    assert all(scores["lower"] <= scores["test"] + 1e-9 for scores in found)
