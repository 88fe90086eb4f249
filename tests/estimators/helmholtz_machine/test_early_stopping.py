"""`early_stopping` and `X_val`: which rows are held out, and what is kept."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_helmholtz import HelmholtzMachine, _monitor, _training
from sklearn_helmholtz.estimators import defaults, trained
from tests.estimators.helmholtz_machine.builders import DATA, binary_data, machine, same_bits


def held_out_by(model, X, monkeypatch):
    """Fit; returns the rows that each epoch was validated on."""
    seen, original = [], _training.Training.objective

    def spy(self, machine, rows, n_samples):
        if n_samples == _monitor.VALIDATION_SAMPLES:
            seen.append(rows.take(slice(None)).values)
        return original(self, machine, rows, n_samples)

    monkeypatch.setattr(_training.Training, "objective", spy)
    model.fit(X)
    return seen


@pytest.mark.parametrize("visible", DATA)
def test_early_stopping_keeps_the_best(visible):
    train, test = DATA[visible][:40], DATA[visible][40:]
    model = machine(
        early_stopping=True, max_iter=200, learning_rate_init=0.3, n_iter_no_change=4
    ).fit(train, X_val=test)
    scores = model.validation_scores_
    best = int(np.argmax(scores))
    assert len(scores) == model.n_iter_ == len(model.loss_curve_) < 200
    assert best < len(scores) - 1
    assert model.best_validation_score_ == max(scores)
    # The same fit, stopped at the best epoch, ends with the parameters that were kept.
    again = clone(model).set_params(max_iter=best + 1).fit(train, X_val=test)
    assert again.validation_scores_ == scores[: best + 1]
    assert same_bits(again, model)
    longer = clone(model).set_params(max_iter=best + 1, early_stopping=False)
    assert same_bits(longer.fit(train), model)
    result = model.log_likelihood(test, method="importance", n_importance_samples=500)
    best_score = model.best_validation_score_
    assert abs(result.mean - best_score) < 6 * result.monte_carlo_error + 1e-6


def test_early_stopping_stops_by_patience_and_tolerance():
    X = binary_data(100)
    params = {"early_stopping": True, "max_iter": 40, "learning_rate_init": 3e-4}
    lengths = {n: machine(**params, tol=0.3, n_iter_no_change=n).fit(X).n_iter_ for n in (2, 3, 7)}
    # The first epoch improves on nothing, later ones by less than the tolerance.
    assert lengths == {2: 3, 3: 4, 7: 8}
    params["learning_rate_init"] = 3e-3
    model = machine(**params, tol=0, n_iter_no_change=2).set_params(random_state=1).fit(X)
    scores = model.validation_scores_
    records = [epoch for epoch, score in enumerate(scores) if score == max(scores[: epoch + 1])]
    assert len(records) > 2
    assert (np.diff(records) <= 2).all()
    assert model.n_iter_ == min(records[-1] + 1 + 2, 40)


def test_scores_on_own_rows_without_early_stopping():
    X = DATA["bernoulli"]
    plain = machine().fit(X[:40])
    watched = machine().fit(X[:40], X_val=X[40:])
    assert same_bits(plain, watched)
    assert len(watched.validation_scores_) == 5
    assert watched.best_validation_score_ == max(watched.validation_scores_)


@pytest.mark.parametrize(
    ("n", "fraction", "expected"), [(60, 0.1, 6), (60, 0.5, 30), (60, 0.001, 1), (2, 0.1, 1)]
)
def test_size_of_the_held_out_share(n, fraction, expected, monkeypatch):
    X = np.arange(2.0 * n).reshape(n, 2) / (2 * n)
    model = machine(early_stopping=True, validation_fraction=fraction, max_iter=2)
    seen = held_out_by(model, X, monkeypatch)
    assert [len(rows) for rows in seen] == [expected] * 2
    assert_array_equal(seen[0], seen[1])


@pytest.mark.usefixtures("step_by_step")
def test_held_out_rows_are_not_trained_on(monkeypatch):
    X = np.arange(80.0).reshape(40, 2) / 80
    model = machine(early_stopping=True, validation_fraction=0.25, max_iter=3)
    trained, step = set(), _training.Training.step

    def spy(self, rows, batch, rate):
        trained.update(batch.numbers.tolist())
        return step(self, rows, batch, rate)

    monkeypatch.setattr(_training.Training, "step", spy)
    held_out = held_out_by(model, X, monkeypatch)[0]
    numbers = set(np.rint(held_out[:, 0] * 40).astype(int).tolist())
    assert len(numbers) == 10
    assert trained == set(range(40)) - numbers


@pytest.mark.parametrize("autoregressive", [False, True])
def test_machines_of_wide_tables_stop_early(autoregressive, monkeypatch):
    X = DATA["bernoulli"]
    monkeypatch.setattr(defaults, "_MANY_COLUMNS", X.shape[1])
    monkeypatch.setattr(defaults, "_ROWS_TO_STOP_BY", len(X))
    settings = {"autoregressive": autoregressive, "max_iter": 2, "n_iter_no_change": 1}
    early = machine(**settings).fit(X)
    assert same_bits(early, machine(**settings, early_stopping=True).fit(X))
    assert len(early.validation_scores_) == 2
    for fewer in (X[:, 1:], X[1:]):
        assert machine(**settings).fit(fewer).validation_scores_ is None
    assert machine(**settings, early_stopping=False).fit(X).validation_scores_ is None
    assert machine(**settings).set_params(n_iter_no_change=2).fit(X).validation_scores_ is None
    # Rows of one's own stop it just as well, and none of the table is then held out.
    early, own = machine(**settings, tol=1e6).set_params(max_iter=9), X[:9]
    assert early.fit(X, X_val=own).n_iter_ == 2 + autoregressive  # a penalty is let go first
    early.set_params(early_stopping=False)
    assert early.fit(X, X_val=own).n_iter_ == 9
    machine(**settings).partial_fit(X)  # which cannot stop early, and need not be told so


def test_machines_with_conditional_units_stop_early(monkeypatch):
    X = DATA["bernoulli"]
    monkeypatch.setattr(defaults, "_ROWS_TO_STOP_BY", len(X))
    settings = {"autoregressive": True, "max_iter": 2, "n_iter_no_change": 1}
    assert machine(**settings).fit(X).validation_scores_ is None
    settings["n_conditional_units"] = 2
    assert len(machine(**settings).fit(X).validation_scores_) == 2
    assert machine(**settings).fit(X[1:]).validation_scores_ is None


def test_as_many_rows_are_held_out_as_are_needed(monkeypatch):
    monkeypatch.setattr(defaults, "_MOST_HELD_OUT", 9)
    for asked, n_rows, n in (("auto", 50, 5), ("auto", 200, 9), (True, 200, 20), (True, 3, 1)):
        assert defaults.n_held_out(machine(early_stopping=asked), n_rows) == n


def test_metadata_routing_of_the_validation_rows():
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        model = machine().set_fit_request(X_val=True)
        weights = {"sample_weight": None, "sample_weight_val": None}
        expected = {"X_val": True, "monitor": None, **weights}
        assert model.get_metadata_routing().fit.requests == expected


def told(model, X):
    """How a fit was planned: its most epochs, its patience, and whether it holds rows out."""
    seen = []

    def spy(training, rows, plan, monitor):
        seen.append((plan.max_iter, monitor.patience, monitor.validation is not None))
        return _training.Outcome(_training.End.FINISHED)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trained, "train", spy)
        model.fit(X)
    return seen[0]


BITS = np.random.default_rng(0).random((4000, 5)) < 0.3
LEFT = 100, None, False  # a hundred epochs for all rows


@pytest.mark.parametrize(
    ("given", "X", "expected"),
    [
        ({}, BITS[:199], LEFT),
        ({}, BITS[:200], (1000, 250, True)),
        ({}, BITS, (556, 20, True)),
        ({}, np.repeat(BITS, 20, axis=0), (100, 20, True)),
        ({"max_iter": 7}, BITS, (7, None, False)),
        ({"max_iter": 7, "early_stopping": True}, BITS, (7, 10, True)),
        ({"n_iter_no_change": 3}, BITS, (556, 3, True)),
        ({"early_stopping": False}, BITS, LEFT),
        ({"batch_size": 200}, BITS, (1000, 28, True)),
        ({"learning_rate": "cosine"}, BITS, LEFT),
        ({"learning_rate": "adaptive"}, BITS, (100, 20, False)),
        ({"autoregressive": True}, BITS, LEFT),
        ({"autoregressive": True}, BITS[:200], (500, None, False)),
        ({"autoregressive": True}, BITS[:30], (1000, None, False)),
        ({"autoregressive": True, "visible": "gaussian"}, BITS[:200], LEFT),
        ({"visible": "gaussian"}, BITS, LEFT),
        ({}, BITS / 2, LEFT),
        ({}, BITS * 0.7, LEFT),
        ({}, np.where(BITS, np.nan, 0.0), (556, 20, True)),
        ({"autoregressive": True}, np.tile(BITS[:400], 80), (1000, 28, True)),
    ],
)  # fmt: skip
def test_length_follows_the_table(given, X, expected):
    model = HelmholtzMachine(2, random_state=0, **given)
    assert told(model, X) == expected


def test_callbacks_hear_of_as_many_epochs_as_there_can_be():
    pytest.importorskip("sklearn.callback")
    from sklearn.callback import ProgressBar

    X = binary_data(2500)  # of which the rows held out are no part of an epoch
    model = HelmholtzMachine(2, tol=0, n_iter_no_change=1000, random_state=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defaults, "_STEPS", 2300)
        patch.setattr(defaults, "_EPOCH_LIMITS", (1, 1000))
        model.set_callbacks(ProgressBar()).fit(X)
    assert model.n_iter_ == 100
