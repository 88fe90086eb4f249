"""The benchmark of learning against time: how it ends, and how it resumes."""

import copy
import pathlib
import pickle

import matplotlib as mpl
import numpy as np
import pytest

from benchmarks import learning_curve
from benchmarks.kept_machines import parameters_of
from benchmarks.learning_curve import (
    COLUMNS,
    CURVE_SAMPLES,
    MODELS,
    Run,
    draw,
    go_on,
)


def few_rows(n_test=20):
    """Three splits of independent features."""
    rows = (np.random.default_rng(0).random((100 + n_test, 5)) < 0.3).astype(np.uint8)
    return {"train": rows[:80], "valid": rows[80:100], "test": rows[100:]}


def short_run():
    """A run of hardly any time, with enough hidden units for scores by sampling."""
    run = Run("autoregressive", 2e-3, 0)
    run.machine.set_params(hidden_layer_sizes=15)
    run.samples = 300, 400
    return run


def test_a_run_goes_on_as_what_it_was_begun():
    run = Run("plain", 60, 0)
    run.machine.set_params(learning_rate_init=1e-4, n_particles=50)  # as after some time
    run.check(Run("plain", 60, 0))
    with pytest.raises(ValueError, match="a run with minutes=60, got minutes=30"):
        run.check(Run("plain", 30, 0))
    with pytest.raises(ValueError, match="a run with random_state=0, got random_state=1"):
        run.check(Run("plain", 60, 1))


def test_a_run_does_not_go_on_when_its_settings_have_changed(monkeypatch):
    run = Run("plain", 60, 0)
    changed = copy.deepcopy(MODELS)
    changed["plain"]["machine"]["alpha"] = 7
    changed["plain"]["rate"] = ((0, 8),)
    monkeypatch.setattr(learning_curve, "MODELS", changed)
    with pytest.raises(
        ValueError, match=r"alpha=\S+ and rate=.*, got alpha=7 and rate=\[\[0, 8\]\]"
    ):
        run.check(Run("plain", 60, 0))


def test_a_run_ends_with_a_last_look_and_stays_ended(tmp_path):
    data = few_rows()
    run = short_run()
    go_on(run, data, tmp_path, "curve")
    assert run.progress >= 1
    closer = [look["samples"] for look in run.curve if look["samples"] != CURVE_SAMPLES]
    assert closer == [300, 400]
    ended = pickle.loads((tmp_path / "curve.pickle").read_bytes())
    assert ended.curve == run.curve
    go_on(ended, data, tmp_path, "curve")
    assert (ended.curve, ended.epochs) == (run.curve, run.epochs)
    assert len((tmp_path / "curve.csv").read_text().splitlines()) == 1 + len(run.curve)


def test_the_rate_falls_to_zero_in_every_cycle():
    run, X = Run("autoregressive", 1, 0), np.eye(8, 5, dtype=np.uint8)
    run.machine.set_params(hidden_layer_sizes=(4, 3))
    (_, first), (start, second) = run.rate
    rates = {}
    for cycle, share in ((0, 0), (0, start / 2), (0, start), (1, start), (1, 1)):
        run.cycle, run.seconds = cycle, 60 * share
        run.epoch(X)
        rates[cycle, share] = run.machine.learning_rate_init
    least = 1e-6
    expected = [first, first / 2, least, second, least]
    assert list(rates.values()) == pytest.approx(expected)


def test_a_cycle_begins_from_a_kept_machine_as_it_goes_on(tmp_path):
    data = few_rows()
    run = Run("autoregressive", 1, 0)
    run.machine.set_params(hidden_layer_sizes=(8, 7))
    for share in (0, 0.3, 0.5):
        run.seconds = 60 * share
        run.epoch(data["train"])
    run.seconds = 60 * run.cycle_end
    run.look_closely(data, lambda: None)
    run.keep(tmp_path / "kept.npz")
    run.begin_cycle()
    other = Run("autoregressive", 1, 0)
    other.begin_from(tmp_path / "kept.npz")
    assert (other.cycle, other.epochs, other.curve) == (1, 3, run.curve)
    for each in (run, other):
        each.epoch(data["train"])
    assert run.machine.get_params() == other.machine.get_params()
    assert run.machine.random_state == 1  # other random numbers than in the cycle before
    assert run.machine.autoregressive
    for one, two in zip(*(parameters_of(r.machine).values() for r in (run, other)), strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="a run with random_state=0, got random_state=1"):
        Run("autoregressive", 1, 1).begin_from(tmp_path / "kept.npz")


def test_the_machine_of_an_ended_run_is_kept_as_it_was_scored(tmp_path):
    data = few_rows()
    run = short_run()
    go_on(run, data, tmp_path, "curve")
    kept = short_run()
    kept.begin_from(tmp_path / "curve.npz")
    assert kept.ended
    scored = kept.machine.log_likelihood(data["test"], n_importance_samples=400)
    assert scored.mean == pytest.approx(run.curve[-1]["test"], rel=1e-12)


def test_lateral_weights_follow_when_hidden_units_have_learnt(tmp_path):
    rows = (np.random.default_rng(0).random((200, 5)) < 0.3).astype(np.uint8)
    rows[:, 1] = rows[:, 0]
    run = Run("autoregressive", 1, 0)
    run.machine.set_params(hidden_layer_sizes=(4, 3))
    start, changes = run.lateral
    for share, is_lateral in ((0, False), (start - 0.01, False), (start, True), (0.9, True)):
        before = run.machine
        run.seconds = 60 * share
        run.epoch(rows)
        assert run.machine.autoregressive == is_lateral
        assert (run.machine is before) == (share != start)
        run.check(Run("autoregressive", 1, 0))
    assert run.machine.get_params().items() >= changes.items()
    assert run.machine.alpha == before.alpha == MODELS["autoregressive"]["machine"]["alpha"]
    assert run.machine.generative_lateral_coefs_[0][0, 1] != 0
    assert run.epochs == 4


def test_lateral_weights_of_zero_change_no_likelihood():
    rows = (np.random.default_rng(0).random((50, 5)) < 0.3).astype(np.uint8)
    machine = learning_curve.HelmholtzMachine((4, 3), max_iter=3, random_state=0).fit(rows)
    other = learning_curve.with_lateral_weights(machine, lateral_alpha=7)
    np.testing.assert_allclose(
        other.log_likelihood(rows, method="exact").per_sample,
        machine.log_likelihood(rows, method="exact").per_sample,
        rtol=1e-6,
    )
    assert other.lateral_alpha == 7


def test_the_last_look_is_at_all_test_rows_and_can_be_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(learning_curve, "_FINAL_ROWS", 20)
    data = few_rows(n_test=50)
    run = Run("plain", 2e-3, 0)
    run.machine.set_params(hidden_layer_sizes=15)
    run.samples = (300,)
    go_on(run, data, tmp_path, "whole")
    cut, n_parts = copy.deepcopy(run), []
    cut.cycle, cut.final = 0, ()
    del cut.curve[-1]

    def write():
        n_parts.append(len(cut.final))
        if len(n_parts) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut.look_closely(data, write)
    cut.look_closely(data, write)
    assert n_parts == [1, 2, 3]
    assert cut.curve == run.curve
    last = run.curve[-1]
    at_once = run.machine.log_likelihood(data["test"], n_importance_samples=300)
    assert last["samples"] == 300
    assert last["test"] == pytest.approx(at_once.mean, rel=1e-12)
    parts = [run.machine.log_likelihood(X, n_importance_samples=300) for X in cut_up(data["test"])]
    shares = [len(part.per_sample) * part.monte_carlo_error / 50 for part in parts]
    assert last["monte_carlo_error"] == pytest.approx(np.linalg.norm(shares), rel=1e-9)
    # Rows of one content share random numbers, and errors, which parts cannot know of each other.
    assert last["standard_error"] == pytest.approx(at_once.standard_error, rel=0.1)
    assert last["monte_carlo_error"] < at_once.monte_carlo_error


def cut_up(rows):
    return np.split(rows, [20, 40])


def test_pictures_have_the_curves_of_a_folder_and_their_targets(tmp_path):
    mpl.use("agg")
    with pytest.raises(ValueError, match="holds no curve of plain or autoregressive"):
        draw(tmp_path, tmp_path / "curves.png")
    rows = [dict.fromkeys(COLUMNS, 0) | {"minutes": m, "test": -100 + m} for m in (1, 2, 4)]
    rows.append(rows[-1] | {"test": -95, "samples": 50_000})
    lines = [COLUMNS, *(row.values() for row in rows)]
    text = "\n".join(",".join(map(str, line)) for line in lines)
    (tmp_path / "plain.csv").write_text(text)
    curve, end, target = draw(tmp_path, tmp_path / "curves.png").get_lines()
    assert curve.get_label() == "plain"
    assert curve.get_xydata().tolist() == [[1, -99], [2, -98], [4, -96]]
    assert end.get_xydata().tolist() == [[4, -95]]
    assert set(target.get_ydata()) == {MODELS["plain"]["target"]}
    assert (tmp_path / "curves.png").stat().st_size > 0


@pytest.mark.parametrize("name", MODELS)
def test_pages_say_how_the_curve_beside_them_ends(name):
    root = pathlib.Path(learning_curve.__file__).parents[1]
    table = root / "benchmarks" / "results" / "learning_curve" / f"{name}.csv"
    last = learning_curve.read(table)[-1]
    test, error = f"{float(last['test']):.2f}", f"{float(last['standard_error']):.2f}"
    page = (root / "doc" / "benchmarks" / "binarized_mnist.rst").read_text()
    assert f"{test} +- {error}" in page


def test_the_machine_that_is_kept_is_that_of_the_end_of_its_curve():
    folder = pathlib.Path(learning_curve.__file__).parent / "results" / "learning_curve"
    run = Run("autoregressive", 180, 0)
    run.begin_from(folder / "autoregressive.npz")
    assert run.ended
    last = learning_curve.read(folder / "autoregressive.csv")[-1]
    assert run.curve[-1]["test"] == pytest.approx(float(last["test"]), rel=1e-4)
    sizes = [len(b) for b in run.machine.generative_intercepts_]
    assert sizes == [784, *MODELS["autoregressive"]["machine"]["hidden_layer_sizes"]]
