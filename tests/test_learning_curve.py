"""The benchmark of learning against time: how it ends, and how it resumes."""

import pickle

import numpy as np
import pytest

from benchmarks.learning_curve import FINAL_SAMPLES, Run, go_on


def test_a_run_goes_on_as_what_it_was_begun():
    run = Run("plain", 60, 0)
    run.check(60, 0)
    for minutes, random_state in ((30, 0), (60, 1)):
        with pytest.raises(ValueError, match="minutes=60 and random_state=0, got"):
            run.check(minutes, random_state)


def test_a_run_ends_with_a_last_look_and_stays_ended(tmp_path):
    rows = (np.random.default_rng(0).random((120, 5)) < 0.3).astype(np.uint8)
    data = {"train": rows[:80], "valid": rows[80:100], "test": rows[100:]}
    run = Run("autoregressive", 2e-3, 0)
    run.machine.set_params(hidden_layer_sizes=15)
    go_on(run, data, tmp_path, "curve")
    assert run.progress >= 1
    assert [look["samples"] for look in run.curve].count(FINAL_SAMPLES) == 1
    ended = pickle.loads((tmp_path / "curve.pickle").read_bytes())
    assert ended.curve == run.curve
    go_on(ended, data, tmp_path, "curve")
    assert (ended.curve, ended.epochs) == (run.curve, run.epochs)
    assert len((tmp_path / "curve.csv").read_text().splitlines()) == 1 + len(run.curve)
