"""The table of `benchmarks.prior_shares`, of next to nothing."""

import csv

import numpy as np

from benchmarks import prior_shares


def test_estimates_are_beside_the_truth_for_every_share(monkeypatch, tmp_path):
    X = (np.random.default_rng(0).random((60, 6)) < 0.3).astype(np.uint8)
    monkeypatch.setattr(prior_shares, "load", lambda *given: {"train": X, "valid": X})
    few = {"max_iter": 1}
    machines = {
        "small": {"hidden_layer_sizes": (3,), **few}, "other": {"hidden_layer_sizes": (15,), **few},
    }  # fmt: skip
    monkeypatch.setattr(prior_shares, "MACHINES", machines)
    for name, value in {"N_ROWS": 4, "MANY": 400, "REPEATS": 2}.items():
        monkeypatch.setattr(prior_shares, name, value)
    prior_shares.main(
        ["--data", "none", "--sets", "one", "--seeds", "1", "--folder", str(tmp_path)]
    )
    with open(tmp_path / "prior_shares.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = [(kind, share) for kind in ("small", "small, too sure", "other") for share in range(4)]
    assert len(rows) == 2 * len(kinds)
    assert {row["Machine"] for row in rows} == {kind for kind, _ in kinds}
    # Of so small a machine 200 particles tell nearly all.
    assert all(abs(float(row["Low (nats)"])) < 0.2 for row in rows if row["Machine"] != "other")


def test_shares_of_the_prior_take_part():
    X = (np.random.default_rng(1).random((40, 6)) < 0.3).astype(np.uint8)
    machine = prior_shares.HelmholtzMachine(3, max_iter=1, random_state=0).fit(X)
    found = [prior_shares.estimates(machine, X[:3], share, 50) for share in (0.0, 0.2)]
    assert (found[0] != found[1]).all()
    np.testing.assert_array_equal(
        found[1],
        machine.log_likelihood(X[:3], method="importance", n_importance_samples=50).per_sample,
    )
