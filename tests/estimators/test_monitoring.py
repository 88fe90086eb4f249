"""Monitors of `fit`: what they see, what they change, and what `HeldOutLikelihood` keeps."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from sklearn_helmholtz import HeldOutLikelihood, HelmholtzMachine

RNG = np.random.default_rng(0)
X = (RNG.random((120, 8)) < RNG.random((120, 1))).astype(np.uint8)
X_VAL = (RNG.random((40, 8)) < RNG.random((40, 1))).astype(np.uint8)


FIGURES = ["epoch", "mean", "standard_error", "monte_carlo_error", "bias"]


def machine(sizes=(4, 3), max_iter=6, **settings):
    return HelmholtzMachine(sizes, **{"max_iter": max_iter, "random_state": 0, **settings})


def assert_same_result(look, expected):
    for name, value in expected.items():
        assert_array_equal(look[name], value, err_msg=name)
    assert set(look) == {*expected, "epoch"}


@pytest.mark.parametrize("method", ["auto", "exact", "importance", "annealed"])
def test_looks_are_log_likelihoods_of_fits_of_that_length(method):
    options = {"method": method, "n_importance_samples": 60, "n_temperatures": 20}
    monitor = HeldOutLikelihood(every=2, **options)
    machine().fit(X, X_val=X_VAL, monitor=monitor)
    assert [look.epoch for look in monitor.history] == [2, 4, 6]
    for look in monitor.history:
        fitted = machine(max_iter=look.epoch).fit(X)
        assert_same_result(look, fitted.log_likelihood(X_VAL, **options))


def test_looks_are_in_the_units_of_the_user():
    real, held_out = (
        [3, 50] + np.array([0.1, 20]) * RNG.normal(size=(n, 2)) * RNG.choice([1, 3], (n, 1))
        for n in (100, 30)
    )
    monitor = HeldOutLikelihood(every=3)
    fitted = machine(max_iter=3).fit(real, X_val=held_out, monitor=monitor)
    (look,) = monitor.history
    assert_same_result(look, fitted.log_likelihood(held_out))


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True, "n_iter_no_change": 3}])
def test_a_monitor_does_not_change_the_fit(settings):
    given = {} if settings else {"X_val": X_VAL}
    plain = machine((20,), 20, **settings).fit(X, **given)
    monitor = HeldOutLikelihood(every=1, n_importance_samples=20)
    watched = machine((20,), 20, **settings).fit(X, monitor=monitor, **given)
    assert len(monitor.history) == plain.n_iter_ == watched.n_iter_
    assert plain.loss_curve_ == watched.loss_curve_
    assert plain.validation_scores_ == watched.validation_scores_
    for name in ("generative_coefs_", "generative_intercepts_", "recognition_coefs_"):
        for left, right in zip(getattr(plain, name), getattr(watched, name), strict=True):
            assert_array_equal(left, right)


def test_with_early_stopping_the_rows_held_out_are_looked_at():
    monitor, seen = HeldOutLikelihood(), []

    def watch(estimator, epoch, held_out):
        seen.append(held_out)
        return monitor(estimator, epoch, held_out)

    numbered = X * np.linspace(0.5, 1, len(X))[:, None]
    machine(early_stopping=True, validation_fraction=0.25).fit(numbered, monitor=watch)
    assert all(rows is seen[0] or (rows == seen[0]).all() for rows in seen)
    assert len(seen[0]) == 30
    assert len(np.unique(np.vstack([numbered, seen[0]]), axis=0)) == len(
        np.unique(numbered, axis=0)
    )
    assert len(monitor.history[0].per_sample) == 30


def test_looks_that_cannot_be_trusted_do_not_warn():
    monitor = HeldOutLikelihood(n_importance_samples=2)
    machine((20,), 2).fit(X, X_val=X_VAL, monitor=monitor)
    assert [look.reliable for look in monitor.history] == [False, False]


def test_rows_to_look_at_are_needed():
    with pytest.raises(ValueError, match="needs validation rows: give fit X_val, or set early_st"):
        machine().fit(X, monitor=HeldOutLikelihood())


@pytest.mark.parametrize("bad", [3, "often", [print], HeldOutLikelihood])
def test_what_cannot_be_called_is_no_monitor(bad):
    model = machine()
    with pytest.raises(TypeError, match=r"monitor must be called as .* or be None, got"):
        model.fit(X, X_val=X_VAL, monitor=bad)
    assert not hasattr(model, "n_features_in_")


# As DataFrames


def test_looks_make_a_frame():
    monitor = HeldOutLikelihood(every=2)
    assert list(monitor.to_frame()) == [*FIGURES, "bound", "method", "reliable"]
    machine().fit(X, X_val=X_VAL, monitor=monitor)
    frame = monitor.to_frame()
    assert list(frame["epoch"]) == [2, 4, 6]
    for name in frame:
        assert list(frame[name]) == [look[name] for look in monitor.history]


def test_records_of_a_training_make_a_frame():
    model = machine(max_iter=2, warm_start=True)
    with pytest.raises(NotFittedError):
        model.history_frame()
    frame = model.fit(X).history_frame()
    assert list(frame) == ["loss"]
    model.fit(X, X_val=X_VAL).partial_fit(X).fit(X, X_val=X_VAL)
    frame = pickle.loads(pickle.dumps(model)).history_frame()
    assert frame.index.name == "epoch"
    assert list(frame.index) == [1, 2, 3, 4, 5, 6, 7]
    assert list(frame["loss"]) == model.loss_curve_
    scored = [False, False, True, True, False, True, True]
    assert_array_equal(frame["validation_score"].notna(), scored)
    assert list(frame["validation_score"].dropna()) == model.validation_scores_
    assert list(model.set_params(warm_start=False).fit(X).history_frame()["loss"]) == (
        model.loss_curve_
    )


def test_given_parameters_have_an_empty_record():
    made = HelmholtzMachine.from_parameters([[[1, 1]]], [[0, 0], [0]], [[[1], [1]]], [[0]])
    assert made.history_frame().shape == (0, 1)
    assert list(made.partial_fit([[0, 1], [1, 1]]).history_frame().index) == [1]


def test_monitors_see_the_record_so_far():
    seen = []
    machine(max_iter=2).fit(
        X, X_val=X_VAL, monitor=lambda model, epoch, _: seen.append(model.history_frame())
    )
    assert [len(frame) for frame in seen] == [1, 2]
    assert seen[1].notna().all(axis=None)


@pytest.mark.parametrize("bad", [0, -1, 1.5, "often"])
def test_bad_intervals_are_refused(bad):
    with pytest.raises(ValueError, match=f"every must be an integer of at least 1, got {bad!r}"):
        HeldOutLikelihood(every=bad)


def test_a_monitor_that_returns_true_stops_the_fit():
    stopped = machine().fit(X, monitor=lambda estimator, epoch, X_val: epoch == 2)
    assert stopped.n_iter_ == 2
    shorter = machine(max_iter=2).fit(X)
    assert_array_equal(stopped.generative_coefs_[0], shorter.generative_coefs_[0])


def test_a_monitor_may_return_nothing():
    epochs = []
    fitted = machine().fit(X, monitor=lambda estimator, epoch, X_val: epochs.append(epoch))
    assert epochs == [1, 2, 3, 4, 5, 6]
    assert fitted.n_iter_ == 6


def test_monitors_get_copies():
    def spoil(estimator, epoch, X_val):
        assert X_val is None
        for array in (*estimator.generative_coefs_, *estimator.recognition_coefs_):
            array.flags.writeable = True
            array[...] = 1e6
        estimator._machine.visible.map.weights[...] = 1e6

    spoilt, plain = machine().fit(X, monitor=spoil), machine().fit(X)
    assert_array_equal(spoilt.generative_coefs_[0], plain.generative_coefs_[0])


def test_a_warm_start_goes_on_with_the_history():
    monitor = HeldOutLikelihood(every=2)
    fitted = machine(max_iter=2, warm_start=True)
    for _ in range(2):
        fitted.fit(X, X_val=X_VAL, monitor=monitor)
        assert monitor.history[-1].mean == fitted.log_likelihood(X_VAL).mean
    assert [look.epoch for look in monitor.history] == [2, 2]  # in its fit
    assert fitted.n_iter_ == 4


def test_a_monitor_without_rows_to_look_at_is_refused_before_training():
    calls = []

    class Watching(HeldOutLikelihood):
        def __call__(self, estimator, epoch, X_val):
            calls.append(epoch)

    with pytest.raises(ValueError, match="needs validation rows"):
        HelmholtzMachine(2, max_iter=2).fit(np.eye(5), monitor=Watching())
    assert not calls


def test_held_out_rows_of_a_frame_keep_their_names():
    frame = pd.DataFrame(X, columns=[f"q{number}" for number in range(8)])
    monitor, seen = HeldOutLikelihood(every=2), []
    machine(early_stopping=True, max_iter=4).fit(
        frame, monitor=lambda *look: seen.append(look[2]) or monitor(*look)
    )
    assert [look.epoch for look in monitor.history] == [2, 4]
    assert all(list(rows.columns) == list(frame.columns) for rows in seen)
    assert len(seen[0]) == 12


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "guess"}, "method must be one of"),
        ({"every": 0}, "every must be an integer"),
        ({"n_temperatures": 0}, "n_temperatures must be an integer"),
    ],
)
def test_a_monitor_refuses_what_log_likelihood_would(settings, message):
    with pytest.raises(ValueError, match=message):
        HeldOutLikelihood(**settings)
