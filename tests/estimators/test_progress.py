"""Lines of ``verbose`` say how far work is and why nothing happens, and change nothing else."""

import re
import types

import numba
import numpy as np
import pytest
from numba.core import event
from numpy.testing import assert_array_equal

from sklearn_helmholtz import FactorAnalysis, HeldOutLikelihood, HelmholtzMachine, SigmoidBeliefNet
from sklearn_helmholtz._kernels.dense import dense_product
from sklearn_helmholtz._threads import observed, run_blocks
from sklearn_helmholtz.estimators import progress
from sklearn_helmholtz.estimators.progress import (
    BlockLines,
    Compilation,
    EpochLines,
    duration,
    with_progress,
)
from tests.fresh_kernels import fresh_mean_kernel
from tests.shells import FEW, binary_rows, real_rows

X = binary_rows()
GAPS = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)


class Clock:
    """Seconds that pass by command only."""

    def __init__(self):
        self.seconds = 0.0

    def perf_counter(self):
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def often(monkeypatch):
    """Lines after every block, however soon."""
    monkeypatch.setattr(progress, "_PAUSE", 0.0)
    monkeypatch.setattr(progress, "_SHARE", 0.0)


@pytest.fixture(scope="module")
def large():
    """A machine that estimates, on one thread, whose every block is told of."""
    return HelmholtzMachine(20, n_importance_samples=20, n_jobs=1, **FEW).fit(X)


CALLS = {
    "score_samples": lambda m: m.score_samples(GAPS),
    "log_likelihood": lambda m: m.log_likelihood(X, method="annealed", n_temperatures=3).per_sample,
    "log_likelihood_bounds": lambda m: m.log_likelihood_bounds(40, random_state=0).lower_per_sample,
    "impute": lambda m: m.impute(GAPS, "sample", random_state=0),
    "sample": lambda m: m.sample(40, given=[1, np.nan, np.nan, 0], random_state=0),
    "posterior": lambda m: m.posterior(X, n_samples=3, random_state=0).mean[0],
    "transform": lambda m: m.transform(X),
}


@pytest.mark.parametrize("name", CALLS)
def test_work_on_rows_is_told_of_and_stays_the_same(large, often, capsys, name):
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn_helmholtz.estimators.scoring.notify", lambda *_: None)
        expected = CALLS[name](large)
        assert capsys.readouterr().out == ""
        found = CALLS[name](large.set_params(verbose=1))
        large.set_params(verbose=0)
    assert_array_equal(found, expected)
    *lines, last = capsys.readouterr().out.splitlines()
    words = rf"HelmholtzMachine\.{name}"
    assert lines
    for line in lines:
        assert re.fullmatch(words + r": \d+ of \d+ blocks of rows, \d+:\d\d left", line)
    assert re.fullmatch(words + r": \d+:\d\d in all", last)


def test_calls_within_calls_are_told_of_once(capsys):
    class Estimator:
        verbose = 1

        @with_progress
        def outer(self):
            self.inner()

        @with_progress
        def inner(self):
            data = {"dispatcher": types.SimpleNamespace(py_func=dense_product._function)}
            with event.trigger_event("numba:compile", data):
                pass

    Estimator().outer()
    assert capsys.readouterr().out.count("Compil") == 2  # that kernels are, and how many were


def test_quick_work_is_not_told_of(large, capsys):
    large.set_params(verbose=1).score(X)
    large.set_params(verbose=0)
    assert "blocks" not in capsys.readouterr().out


def test_fits_stay_the_same(capsys):
    for make in (
        lambda verbose: HelmholtzMachine(3, verbose=verbose, **FEW).fit(X, X_val=X),
        lambda verbose: SigmoidBeliefNet(3, verbose=verbose, **FEW).fit(X),
    ):
        one, other = make(0), make(1)
        assert one.loss_curve_ == other.loss_curve_
        assert_array_equal(one.generative_coefs_[0], other.generative_coefs_[0])
    assert "Epoch 2/2" in capsys.readouterr().out


def test_the_likelihood_of_a_monitor_is_shown_after_its_epochs(capsys):
    monitor = HeldOutLikelihood(every=2)
    machine = HelmholtzMachine(3, max_iter=3, verbose=1, random_state=0)
    machine.fit(X, X_val=X, monitor=monitor)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Epoch")]
    look = monitor.history[0]
    shown = f"held-out log-likelihood {look.mean:.4f} +- {look.standard_error:.4f} nats per row"
    assert [shown in line for line in lines] == [False, True, False]


def test_a_training_that_ends_early_says_so(capsys):
    HelmholtzMachine(3, max_iter=9, verbose=1, random_state=0).fit(
        X, monitor=lambda estimator, epoch, X_val: epoch == 2
    )
    assert re.search(r"Ended after 2 of 9 epochs, \d+:\d\d in all\n$", capsys.readouterr().out)


def test_the_progress_bar_of_scikit_learn_goes_with_lines(capsys):
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")
    pytest.importorskip("rich")
    machine = HelmholtzMachine(3, max_iter=2, verbose=1).set_callbacks(callback.ProgressBar())
    machine.fit(X)
    printed = capsys.readouterr().out
    assert "HelmholtzMachine - fit" in printed
    assert "Epoch 2/2: bound" in printed


# Factor analysis


def test_factor_analysis_tells_of_its_steps(often, capsys):
    R = real_rows()
    R[::5, 0] = np.nan
    quiet, loud = FactorAnalysis(1, tol=1e-3).fit(R), FactorAnalysis(1, tol=1e-3, verbose=1).fit(R)
    assert_array_equal(quiet.components_, loud.components_)
    lines = [line for line in capsys.readouterr().out.splitlines() if "kernel" not in line]
    values = [float(re.search(r"log-likelihood (-\d+\.\d+) nats", line)[1]) for line in lines]
    assert lines[0].startswith("Step 0: ")
    steps = [int(re.match(r"Step (\d+): ", line)[1]) for line in lines[:-1]]
    assert steps == sorted(set(steps))
    assert re.match(rf"Fitted in {loud.n_iter_} steps?: ", lines[-1])
    assert values[0] == pytest.approx(loud.loglike_[0] / 60, abs=1e-4)
    assert values[-1] == pytest.approx(loud.score(R), abs=1e-4)
    assert values == sorted(values)


@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
def test_factor_analysis_tells_of_every_fit(capsys, noise):
    weights = np.linspace(1, 2, 60)
    model = FactorAnalysis(1, noise=noise, verbose=1).fit(real_rows(), sample_weight=weights)
    value = model.score(real_rows(), sample_weight=weights)
    assert f"log-likelihood {value:.4f} nats per row, 0:" in capsys.readouterr().out
    model.set_params(verbose=0).partial_fit(real_rows(), sample_weight=weights)
    assert capsys.readouterr().out == ""


# Clocks


def test_time_left_and_rows_a_second(clock, capsys):
    lines = EpochLines(4, 600, Compilation(), lambda: None)
    records = type("Records", (), {"losses": [2.0], "scores": []})()
    for passed, validated in ((2, 1), (4, 5)):
        lines.begin_epoch()
        clock.seconds += passed
        lines.end_pass()
        clock.seconds += validated
        lines.end_epoch(records)
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1/4: bound -2.0000 nats per row, 300 rows/s, 0:09 left",
        "Epoch 2/4: bound -2.0000 nats per row, 150 rows/s, 0:12 left",
    ]


def test_compilation_is_told_of_and_takes_no_time(clock, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    compilation = Compilation()
    compilers = numba.core.dispatcher._FunctionCompiler

    def slow(*arguments, real=compilers.compile):
        clock.seconds += 61
        return real(*arguments)

    monkeypatch.setattr(compilers, "compile", slow)
    with compilation.watched():
        fresh_mean_kernel().compile()
        clock.seconds += 3
        fresh_mean_kernel().compile()  # from disk
    passed = clock.seconds
    assert passed > 61
    assert compilation.now() == 3
    compilation.tell()
    compilation.tell()  # there is nothing new
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Compiling kernels for this processor, which takes up to a minute; ")
    assert second == f"Compiled 1 kernel in {duration(passed - 3)}."


def test_lines_become_rarer(clock, capsys):
    lines = BlockLines("Work", Compilation())
    lines(0, 1000)
    for n_done in range(1, 1001):
        clock.seconds += 1
        lines(n_done, 1000)
    lines.end()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Work: 2 of 1000 blocks of rows, 16:38 left"
    assert printed[-1] == "Work: 16:40 in all"
    assert 20 < len(printed) < 60


def test_time_left_is_that_of_the_part_at_hand(clock, capsys):
    lines = BlockLines("Work", Compilation())
    for seconds in (1, 10):
        lines(0, 4)
        for n_done in (1, 2):
            clock.seconds += seconds
            lines(n_done, 4)
    assert capsys.readouterr().out.splitlines() == [
        "Work: 2 of 4 blocks of rows, 0:02 left",
        "Work: 1 of 4 blocks of rows, 0:30 left",
        "Work: 2 of 4 blocks of rows, 0:20 left",
    ]


def test_durations():
    seconds = (0, 7.4, 59.6, 3599.4, 3661)
    assert [*map(duration, seconds)] == ["0:00", "0:07", "1:00", "59:59", "1:01:01"]


# Blocks


@pytest.mark.parametrize("n_threads", [1, 2])
def test_blocks_within_blocks_are_not_counted(n_threads):
    seen = []
    with observed(lambda *counts: seen.append(counts)):
        run_blocks(lambda block: run_blocks(lambda inner: None, 3, n_threads), 5, n_threads)
    assert seen[0] == (0, 5)
    assert {n_blocks for _, n_blocks in seen} == {5}
    assert [n_done for n_done, _ in seen] == sorted({n_done for n_done, _ in seen})
    run_blocks(lambda block: None, 2, n_threads)
    assert {n_blocks for _, n_blocks in seen} == {5}


def test_errors_go_on(often):
    def fail(block):
        raise ZeroDivisionError

    with observed(lambda *counts: None), pytest.raises(ZeroDivisionError):
        run_blocks(fail, 3, 2)
