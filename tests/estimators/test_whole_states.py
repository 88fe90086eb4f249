"""Whatever is raised in a fit, wherever: an estimator is wholly old or wholly new."""

import contextlib
import copy
import functools
import os
import pathlib
import signal
import sys
import threading

import numpy as np
import pytest

import sklearn_helmholtz
from sklearn_helmholtz import FactorAnalysis, _training
from tests.shells import BINARY, FEW, REAL, binary_rows, fitted_state, real_rows

PACKAGE = str(pathlib.Path(sklearn_helmholtz.__file__).parent)
KERNELS = str(pathlib.Path(PACKAGE) / "_kernels")
SHELLS = {
    **{name: (make, binary_rows) for name, make in BINARY.items()},
    "gaussian": (REAL["machine"], real_rows),
    "factors": (REAL["factors"], real_rows),
    "rotated": (lambda: FactorAnalysis(2, rotation="oblimin"), real_rows),
}
EVERY = 61  # of the lines that a fit goes through, one in so many is tried
OLD, NEW = 4, 5  # features


class InjectedError(Exception):
    """What a test raises in the middle of a fit."""


def lines_of(call):
    """Places in the package, (file, line), that a call goes through on this thread."""
    seen = {}

    def trace(frame, event, arg):
        name = frame.f_code.co_filename
        if not name.startswith(PACKAGE) or name.startswith(KERNELS):
            return None
        if event == "line":
            seen.setdefault((name, frame.f_lineno))
        return trace

    with tracing(trace), contextlib.suppress(Exception):
        call()
    return list(seen)


@functools.cache
def old_and_places(name):
    """A fitted estimator, and the lines that another fit of it goes through."""
    make, rows = SHELLS[name]
    old, X = make().fit(rows(40, OLD)), rows(40, NEW)
    fit(copy.deepcopy(old), X, lambda *_: None)  # compiles
    return old, lines_of(lambda: fit(copy.deepcopy(old), X, lambda *_: None))


@contextlib.contextmanager
def tracing(trace):
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@contextlib.contextmanager
def raising_at(place, error):
    """A context in which an error is raised where a line is about to run, once."""
    done, (name, line) = [], place

    def trace(frame, event, arg):
        if done or frame.f_code.co_filename != name:  # which is traced no further
            return None
        if event == "line" and frame.f_lineno == line:
            done.append(True)
            raise error
        return trace

    with tracing(trace):
        yield


def fit(model, X, monitored):
    """A fit with all that can be going on: rows held out, a monitor."""
    if hasattr(model, "max_iter") and "early_stopping" in model.get_params():
        model.set_params(early_stopping=True, n_jobs=1)
        model.fit(X, monitor=monitored)
    else:
        model.fit(X)


def is_whole(model, n_features):
    """Whether an estimator of a number of features answers for these, and for no others."""
    X = np.zeros((2, n_features))
    assert model.n_features_in_ == n_features
    assert np.isfinite(model.score_samples(X)).all()
    assert model.inverse_transform(model.transform(X)).shape == X.shape
    assert model.sample(2, random_state=0).shape == X.shape
    with pytest.raises(ValueError, match="features"):
        model.transform(np.zeros((2, OLD + NEW - n_features)))
    return True


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("error", [InjectedError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("name", SHELLS)
def test_an_error_at_any_line_leaves_a_whole_estimator(name, error):
    make, rows = SHELLS[name]
    old, places = old_and_places(name)
    X = rows(40, NEW)
    assert len(places) > 100
    offset = [InjectedError, KeyboardInterrupt, MemoryError].index(error) * (EVERY // 3)
    for place in places[offset::EVERY]:
        model = copy.deepcopy(old)
        before = fitted_state(model)
        raised = False
        with raising_at(place, error):
            try:
                fit(model, X, lambda *_: None)
            except error:
                raised = True
        if fitted_state(model) != before:
            # Only an interrupt may keep what was learnt; others may have come after the end.
            assert is_whole(model, NEW), place
        else:
            assert raised, place
        first = make()
        with raising_at(place, error), contextlib.suppress(error):
            fit(first, X, lambda *_: None)
        assert not fitted_state(first) or is_whole(first, NEW), place


@pytest.mark.parametrize("name", BINARY)
def test_what_a_monitor_or_a_print_raises(name, monkeypatch):
    X, W = binary_rows(40, OLD), binary_rows(40, NEW)
    model = BINARY[name]().fit(X)
    score = model.score(X)
    before = fitted_state(model)

    def prune(*_):
        raise InjectedError

    with pytest.raises(InjectedError):
        model.fit(W, monitor=prune)
    assert fitted_state(model) == before

    def broken(*_):
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", broken)
    with pytest.raises(BrokenPipeError):
        model.set_params(verbose=1).fit(W)
    with pytest.raises(BrokenPipeError):
        model.partial_fit(X)
    assert fitted_state(model) == before
    assert model.score(X) == score
    first = BINARY[name]()
    with pytest.raises(InjectedError):
        first.fit(W, monitor=prune)
    assert not fitted_state(first)


def _coefs(model):
    if hasattr(model, "components_"):
        return [model.components_]
    names = "generative_coefs_", "decoder_coefs_", "coefs_"
    return next(getattr(model, name) for name in names if hasattr(model, name))


def _with_epochs(model, n):
    return model.set_params(**{"max_iter" if hasattr(model, "max_iter") else "n_iter": n})


@pytest.mark.parametrize("name", BINARY)
def test_an_interrupt_goes_on_and_the_machine_stays(name):
    X = binary_rows()
    expected = _with_epochs(BINARY[name](), 2).fit(X)
    model = _with_epochs(BINARY[name](), 50)

    def interrupt(machine, epoch, X_val):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(X, monitor=interrupt)
    (note,) = caught.value.__notes__
    assert note == f"The {type(model).__name__} keeps what it learnt in 2 epochs."
    assert model.n_iter_ == 2
    # Penalties and rates know max_iter.
    knows_end = name in ("autoregressive", "conditional units", "latents")
    pairs = zip(_coefs(model), _coefs(expected), strict=True)
    assert knows_end or all(np.array_equal(*pair) for pair in pairs)
    assert np.isfinite(model.partial_fit(X).score(X))


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("name", ["machine", "mean-field", "factors"])
def test_signals_at_any_time(name):
    make, rows = SHELLS[name]
    X, W = rows(40, OLD), rows(40, NEW)
    kept = 0
    make().fit(W).score(W)
    for delay in np.linspace(1e-4, 2e-2, 6):
        model = make().set_params(**({} if name == "factors" else {"max_iter": 200})).fit(X)
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()
            model.fit(W)
            timer.join()
            for _ in range(1000):  # where the fit was quicker, the signal comes here
                pass
        except KeyboardInterrupt:
            kept += 1
        finally:
            timer.join()
            signal.signal(signal.SIGINT, handler)
        assert is_whole(
            model,
            model.components_.shape[1]
            if name == "factors"
            else model.generative_coefs_[0].shape[1],
        )
    assert kept


@pytest.mark.parametrize("name", BINARY)
def test_the_model_of_a_monitor_has_the_records_of_this_fit(name):
    X, W = binary_rows(40, OLD), binary_rows(50, NEW)
    looks = []

    def look(model, epoch, X_val):
        looks.append(epoch)
        assert model is not estimator
        assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_) == epoch
        assert model.best_validation_score_ == max(model.validation_scores_)
        assert model.n_features_in_ == NEW
        assert not hasattr(model, "feature_names_in_")
        assert np.isfinite(model.score(X_val))
        assert model.sample(1).shape == (1, NEW)
        model.set_params(early_stopping=False).partial_fit(X_val)
        assert np.isfinite(model.score(X_val))

    for estimator in (BINARY[name](), BINARY[name]().fit(X)):
        estimator.set_params(early_stopping=True)
        estimator.fit(W, monitor=look)
    assert looks == [1, 2, 1, 2]


def test_a_monitor_changes_nothing_of_a_fit():
    X = binary_rows()

    def train_on(model, epoch, X_val):
        model.partial_fit(X)

    one, other = (BINARY["machine"]().fit(X, monitor=m) for m in (None, train_on))
    assert fitted_state(one) == fitted_state(other)


@pytest.mark.parametrize("name", SHELLS)
def test_widths_are_checked_whatever_the_estimator_thinks_that_it_has_seen(name):
    make, rows = SHELLS[name]
    model = make().fit(rows(40, OLD))
    model.n_features_in_ = 60_000
    for method in ("transform", "score_samples", "impute", "posterior"):
        with pytest.raises(ValueError, match="60000 features, but the model has 4"):
            getattr(model, method)(np.zeros((2, 60_000)))


def test_parameters_are_never_overwritten():
    given = {
        "n_particles": np.int16(3),
        "learning_rate_init": np.float32(0.01),
        "n_jobs": np.int8(1),
    }
    model = BINARY["machine"]().set_params(**given).fit(binary_rows())
    for name, value in given.items():
        assert getattr(model, name) is value
    assert model.max_iter is FEW["max_iter"]
    with contextlib.suppress(_training.DivergenceError):
        model.partial_fit(binary_rows())
    assert model.n_particles is given["n_particles"]
