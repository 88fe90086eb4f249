"""The headlines of the README are what the tables of the benchmarks say."""

import csv
import json
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
README = " ".join((ROOT / "README.md").read_text("utf-8").split())


def table(name):
    with (RESULTS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_mixed_tables():
    assert "ahead of latent class models on all of eight public tables" in README
    assert "nowhere behind a chain of boosted trees by two standard errors" in README
    densities = [
        parts["densities"] for parts in json.loads((RESULTS / "mixed.json").read_text()).values()
    ]
    assert len(densities) == 8
    for models in densities:
        ours = np.array(models["machine"]["rows"])
        for name in {"latent-z", "latent-bins", "latent-raw", "stepmix", "boosted-chain"} & set(
            models
        ):
            ahead = ours - np.array(models[name]["rows"])
            error = ahead.std(ddof=1) / np.sqrt(len(ahead))
            assert ahead.mean() > (-2 if name == "boosted-chain" else 2) * error, name


def test_boltzmann_machines():
    assert "of 200 units are 1.5 and 0.9 nats ahead of the best published figure" in README
    assert "after six seconds of one thread" in README
    rows = {row["set"]: row for row in table("boltzmann_comparison.csv")}
    for name, ahead in (("bnetflix", 1.5), ("jester", 0.9)):
        row = rows[name]
        assert row["units"] == "200"
        assert round(float(row["RAISE"]) - float(row["best published"]), 1) == ahead
        assert round(float(row["CPU s"])) == 6


def test_speed():
    assert "between a third and a fifth of the time of hand-written PyTorch" in README
    ratios = [
        float(row["Ratio"]) for row in table("speed.csv")
        if row["Against"] == "PyTorch by hand" and "step" in row["Work"]
    ]  # fmt: skip
    assert len(ratios) == 3
    assert min(ratios) > 3
    assert round(max(ratios)) == 5


def test_errors():
    assert "cover the exact value in 93 % of 10,000 runs" in README
    shares = [float(row["fixed"]) for row in table("calibration.csv")]
    assert len(shares) == 50
    assert round(100 * np.mean(shares)) == 93
