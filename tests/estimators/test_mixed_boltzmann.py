"""Restricted Boltzmann machines of mixed tables, against enumeration of all rows and states."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_helmholtz import RestrictedBoltzmannMachine, load, save
from sklearn_helmholtz.models import boltzmann as models_boltzmann
from tests.mixed_boltzmann_machines import (
    CENTRE,
    LEVELS,
    SCALE,
    WITH_A_REAL,
    Oracle,
    gappy_rows,
    make_mixed_boltzmann,
    users,
)
from tests.mixed_frames import typed_frame

TABLES = pytest.mark.parametrize("levels", [LEVELS, WITH_A_REAL])
FEW = {"n_iter": 2, "batch_size": 50, "random_state": 0}
FRAME = typed_frame(n_rows=200, gaps=0.1)[["job", "sex", "x", "grade"]]


def parameters(levels, seed=0, n_hidden=3):
    """A machine, and what makes an estimator of it, in the user's units."""
    machine = make_mixed_boltzmann(levels, n_hidden, seed=seed).in_gauge()
    n_bits, s = machine.layout.n_bits, machine.units.variance
    W, b = machine.weights.T.astype(float), machine.visible_intercept.astype(float)
    c = machine.hidden_intercept - CENTRE / SCALE * (W[:, n_bits:] / s).sum(axis=1)
    W[:, n_bits:] *= SCALE
    b[n_bits:] = CENTRE + SCALE * b[n_bits:]
    variance = np.full(len(levels), np.nan)
    variance[[n is None for n in levels]] = s * SCALE**2
    return machine, (W, c, b), {"noise_variance": variance, "categories": list(levels)}


def estimator(levels, **options):
    machine, arrays, more = parameters(levels)
    return machine, RestrictedBoltzmannMachine.from_parameters(*arrays, **more, **options)


def volume(levels, rows):
    real = np.array([n is None for n in levels])
    return (~np.isnan(rows) & real).sum(axis=1) * np.log(SCALE)


@TABLES
def test_scores_and_features_of_all_patterns_of_gaps(levels):
    machine, found = estimator(levels)
    oracle = Oracle.of(machine, levels)
    rows = gappy_rows(oracle)
    X = users(rows, levels)
    truth = np.array([oracle.log_prob(row) for row in rows]) - volume(levels, rows)
    assert_allclose(found.score_samples(X), truth, atol=1e-5)
    assert_allclose(found.free_energy(X), -truth, atol=1e-5)
    hidden = np.array([oracle.expected(row)[1] for row in rows])
    assert_allclose(found.transform(X), hidden, atol=1e-5)
    result = found.posterior(X, n_samples=2000, random_state=0)
    assert_allclose(result.mean[0], hidden, atol=1e-5)
    assert_allclose(result.samples[0].mean(axis=1), hidden, atol=0.06)
    assert result.method == found.log_likelihood(X).method == "exact"
    real = volume(levels, np.zeros((1, len(levels))))[0]
    assert found.log_partition_.value == pytest.approx(oracle.log_partition + real, abs=1e-5)


@TABLES
def test_gaps_are_filled_in_by_means_modes_and_medians(levels):
    machine, found = estimator(levels)
    oracle = Oracle.of(machine, levels)
    rows = gappy_rows(oracle)
    X = users(rows, levels)
    filled = {s: found.impute(X, s) for s in ("mean", "median", "mode")}
    for number, row in enumerate(rows):
        completions, p = oracle.given(row)
        p = p.sum(axis=1)
        for j in np.flatnonzero(np.isnan(row)):
            values = completions[:, j]
            if levels[j] is not None:
                masses = np.bincount(values.astype(int), p, levels[j])
                assert all(answer[number, j] == masses.argmax() for answer in filled.values())
                continue
            grid, places = np.unique(values, return_inverse=True)
            masses = np.bincount(places, p)
            assert filled["mean"][number, j] == pytest.approx(CENTRE + SCALE * (values @ p))
            median = grid[np.searchsorted(np.cumsum(masses), 0.5)]
            assert filled["median"][number, j] == pytest.approx(CENTRE + SCALE * median, abs=0.2)
            mode = CENTRE + SCALE * grid[masses.argmax()]
            assert filled["mode"][number, j] == pytest.approx(mode, abs=0.2)
    assert_array_equal(filled["mean"][~np.isnan(X)], X[~np.isnan(X)])


def test_levels_alone_are_filled_in_beside_many_hidden_units():
    _, arrays, more = parameters(WITH_A_REAL, n_hidden=40)
    found = RestrictedBoltzmannMachine.from_parameters(*arrays, **more)
    X = users(np.array([[np.nan, 1, 0.3, 2], [0, np.nan, -1, np.nan]]), WITH_A_REAL)
    p = found.predict_proba_missing(X[:1], 0)[0]
    for strategy in ("mean", "median", "mode"):
        filled = found.impute(X, strategy)
        assert filled[0, 0] == p.argmax()
        assert_allclose(filled[~np.isnan(X)], X[~np.isnan(X)])


@TABLES
@pytest.mark.parametrize("way", ["exact", "annealed"])
def test_draws_have_the_frequencies_of_the_model(levels, way, monkeypatch):
    if way == "annealed":
        monkeypatch.setattr(models_boltzmann, "MAX_AUTOMATIC_SIDE", 0)
        monkeypatch.setattr(models_boltzmann, "MAX_GAP_SIDE", 0)
    n = 5000 if way == "exact" else 300
    machine, found = estimator(levels)
    oracle = Oracle.of(machine, levels)
    X, (H,) = found.sample(n, random_state=0, return_latents=True)
    assert_moments(X, H, oracle, np.full(len(levels), np.nan))
    row = gappy_rows(oracle)[10]
    X, (H,) = found.sample(n, given=users(row, levels), random_state=0, return_latents=True)
    seen = ~np.isnan(row)
    assert_allclose(X[:, seen], np.tile(users(row, levels)[seen], (n, 1)))
    assert_moments(X, H, oracle, row)
    if way == "exact":
        X = found.impute(np.tile(users(row, levels), (500, 1)), "sample", random_state=0)
        assert_moments(X, None, oracle, row)


def assert_moments(X, H, oracle, row):
    """Draws have the moments that they should, products of both sides among them."""
    rows, p = oracle.given(row)
    real = np.array([n is None for n in oracle.levels])
    entries, x = oracle.entries(rows), oracle.entries(np.where(real, (X - CENTRE) / SCALE, X))
    error = 5 * np.sqrt(1 / len(X))
    assert_allclose(x.mean(axis=0), p.sum(axis=1) @ entries, atol=error)
    assert_allclose(
        x.T @ x / len(x), entries.T @ (p.sum(axis=1)[:, None] * entries), atol=2 * error
    )
    if H is not None:
        assert_allclose(x.T @ H / len(x), entries.T @ p @ oracle.h, atol=error)


@TABLES
def test_joint_and_unnormalized_probabilities(levels):
    machine, found = estimator(levels)
    oracle = Oracle.of(machine, levels)
    rows = gappy_rows(oracle)
    for number in (0, 3, 9):
        h = oracle.h[number % 8]
        completions, log_weights = oracle.completions(rows[number])
        table = oracle.table(completions)[:, number % 8] + log_weights
        truth = np.logaddexp.reduce(table) - oracle.log_partition
        given = users(rows[number : number + 1], levels)
        truth -= volume(levels, rows[number : number + 1])[0]
        assert found.log_joint(given, [h[None]]) == pytest.approx(truth, abs=1e-5)
    truth = np.logaddexp.reduce(oracle.table(rows[:1]), axis=1)
    assert_allclose(found.unnormalized_log_prob(users(rows[:1], levels)), truth, atol=1e-4)


def test_pseudo_log_likelihood_changes_every_column():
    machine, found = estimator(LEVELS)
    oracle = Oracle.of(machine)
    rows = oracle.all[::5]
    truth = np.zeros(len(rows))
    for j in range(len(LEVELS)):
        others = [oracle.log_prob(np.where(np.arange(4) == j, np.nan, row)) for row in rows]
        truth += np.array([oracle.log_prob(row) for row in rows]) - others
    assert_allclose(found.pseudo_log_likelihood(rows), truth, atol=1e-6)
    with pytest.raises(ValueError, match="column 2 is real"):
        estimator(WITH_A_REAL)[1].pseudo_log_likelihood([[0, 1, 2.5, 3]])


@TABLES
def test_probabilities_of_missing_levels(levels):
    machine, found = estimator(levels)
    oracle = Oracle.of(machine, levels)
    rows = gappy_rows(oracle)[:4]
    for j in (0, 1):
        p = found.predict_proba_missing(users(rows, levels), j)
        for row, own in zip(rows, p, strict=True):
            completions, given = oracle.given(np.where(np.arange(4) == j, np.nan, row))
            truth = np.bincount(completions[:, j].astype(int), given.sum(axis=1), levels[j])
            assert_allclose(own, truth, atol=1e-6)


@TABLES
def test_bounds_and_annealed_scores(levels):
    machine, found = estimator(levels, n_temperatures=300)
    oracle = Oracle.of(machine, levels)
    rows = gappy_rows(oracle)[:1]
    truth = oracle.log_prob(rows[0]) - volume(levels, rows)[0]
    X = users(rows, levels)
    assert found.log_likelihood_bounds(X).gap == 0
    result = found.log_likelihood(X, method="annealed")
    assert abs(result.mean - truth) < 3 * result.monte_carlo_error
    assert result.bound == "upper"


def test_gibbs_leaves_the_model_as_it_is():
    machine, found = estimator(LEVELS)
    X = found.sample(10_000, random_state=0)
    assert_moments(found.gibbs(X, 2, random_state=1), None, Oracle.of(machine), np.full(4, np.nan))


@TABLES
def test_parameters_in_the_users_units_come_back(levels):
    machine, arrays, more = parameters(levels)
    found = RestrictedBoltzmannMachine.from_parameters(*arrays, **more)
    again = RestrictedBoltzmannMachine.from_parameters(
        found.components_, found.intercept_hidden_, found.intercept_visible_,
        noise_variance=getattr(found, "noise_variance_", None), categories=found.categories_,
    )  # fmt: skip
    rows = users(gappy_rows(Oracle.of(machine, levels)), levels)
    assert_allclose(found.components_, again.components_, atol=1e-5)
    assert_allclose(found.score_samples(rows), again.score_samples(rows), atol=1e-4)
    for j, n in enumerate(levels):
        if n not in (None, 2):
            own = machine.layout.codes_of(j)
            assert_allclose(found.components_[:, own].sum(axis=1), 0, atol=1e-5)
            assert found.intercept_visible_[own].sum() == pytest.approx(0, abs=1e-5)


def test_what_all_levels_of_a_column_have_alike_changes_nothing():
    machine, (W, c, b), more = parameters(LEVELS)
    own = machine.layout.codes_of(2)
    moved, free = W.copy(), np.array([0.3, -2.0, 1.0])
    moved[:, own] += free[:, None]
    shifted = b + np.where(np.isin(np.arange(len(b)), own), 1.7, 0)
    X = Oracle.of(machine).all
    one, two = (
        RestrictedBoltzmannMachine.from_parameters(*arrays, **more)
        for arrays in ((W, c, b), (moved, c - free, shifted))
    )
    assert_allclose(one.score_samples(X), two.score_samples(X), atol=1e-5)
    assert_allclose(one.components_, two.components_, atol=1e-6)
    assert_allclose(one.intercept_hidden_, two.intercept_hidden_, atol=1e-6)


def test_two_levels_are_a_bit():
    """``b x`` is half of it for each level, with opposite signs, but for what has no x."""
    machine, (W, c, b), _ = parameters((2, 2, 2))
    bits = RestrictedBoltzmannMachine.from_parameters(W, c, b)
    pairs = np.stack([-W / 2, W / 2], axis=2).reshape(len(W), -1)
    levels = RestrictedBoltzmannMachine.from_parameters(
        pairs, c + W.sum(axis=1) / 2, np.stack([-b / 2, b / 2], axis=1).ravel(),
        categories=[2, 2, 2], visible=["categorical"] * 3,
    )  # fmt: skip
    X = gappy_rows(Oracle.of(machine, (2, 2, 2)))
    assert levels.kinds_.tolist() == ["categorical"] * 3
    assert_allclose(levels.score_samples(X), bits.score_samples(X), atol=1e-6)
    assert_allclose(levels.transform(X), bits.transform(X), atol=1e-6)
    assert levels.n_parameters_ == bits.n_parameters_


def test_tables_come_and_go_in_the_users_words():
    found = RestrictedBoltzmannMachine(3, **FEW).fit(FRAME)
    assert found.visible_ == "mixed"
    assert found.kinds_.tolist() == ["categorical", "bernoulli", "real", "ordinal"]
    assert found.code_names_.tolist() == [
        "sex", "job=a", "job=b", "job=c", "grade=0", "grade=1", "grade=2", "grade=3", "grade=4", "x"
    ]  # fmt: skip
    assert found.components_.shape == (3, 10)
    assert found.code_names_.tolist() == found.input_names_.tolist()
    assert not hasattr(found, "feature_means_")
    drawn = found.sample(5, given={"job": "b"}, random_state=0)
    assert (drawn.dtypes == FRAME.dtypes).all()
    assert (drawn["job"] == "b").all()
    for strategy in ("mean", "median", "mode", "sample"):
        filled = found.impute(FRAME, strategy, random_state=0)
        assert (filled.dtypes == FRAME.dtypes).all()
        assert not filled.isna().any(axis=None)
        assert filled.where(FRAME.notna()).equals(FRAME)
    complete = found.impute(FRAME)
    assert (found.gibbs(complete).dtypes == FRAME.dtypes).all()
    assert np.isfinite(found.score_samples(FRAME)).all()
    assert "RestrictedBoltzmannMachine" in found._repr_html_()
    assert found.get_feature_names_out()[0] == "restrictedboltzmannmachine0"
    arrays = RestrictedBoltzmannMachine(3, visible={0: "categorical"}, **FEW).fit(
        np.column_stack([[1, 2, 4] * 20, np.tile([0.0, 1.0], 30)])
    )
    assert set(arrays.sample(20, random_state=0)[:, 0]) <= {1, 2, 4}


@pytest.mark.parametrize(
    "kinds", [{}, {"x": "gaussian"}, ["categorical", "bernoulli", "real", "ordinal"]]
)
def test_kinds_may_be_said(kinds):
    found = RestrictedBoltzmannMachine(3, visible=kinds or "mixed", **FEW).fit(FRAME)
    assert found.components_.shape == (3, 10)
    assert np.isfinite(found.noise_variance_).tolist() == [False, False, True, False]
    assert_array_equal(found.fit(FRAME).components_, found.components_)


def test_columns_of_two_values_are_bits():
    frame = FRAME[["sex"]].assign(other=FRAME["job"] == "a")
    found = RestrictedBoltzmannMachine(2, **FEW).fit(frame)
    assert set(found.kinds_) == {"bernoulli"}
    assert found.components_.shape == (2, 2)
    assert set(found.sample(9, random_state=0)["sex"]) <= {"f", "m"}


@pytest.mark.parametrize("names", [["job", "sex"], ["job", "x"], ["x", "sex"]])
@pytest.mark.parametrize("phase", ["pcd", "cd"])
def test_training_takes_gaps_weights_and_validation(names, phase, monkeypatch):
    X = FRAME[names]
    weights = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    machine = RestrictedBoltzmannMachine(
        4, negative_phase=phase, early_stopping=True, visible="mixed", **{**FEW, "n_iter": 20}
    )
    found = machine.fit(X, sample_weight=weights)
    assert found.best_validation_score_ == max(found.validation_scores_)
    assert np.isfinite(found.loss_curve_).all()
    known = X[X.notna().all(axis=1)]
    losses = machine.set_params(early_stopping=False).fit(known).loss_curve_
    assert losses[-1] == pytest.approx(-machine.score(known), abs=0.05)


def test_training_goes_on_from_where_it_was(tmp_path):
    once = RestrictedBoltzmannMachine(4, warm_start=True, **FEW).fit(FRAME)
    save(once, tmp_path / "model.zip")
    again, loaded = pickle.loads(pickle.dumps(once)), load(tmp_path / "model.zip")
    assert_array_equal(loaded.score_samples(FRAME), once.score_samples(FRAME))
    assert loaded.sample(3, random_state=0).equals(once.sample(3, random_state=0))
    for other in (again, loaded):
        assert_array_equal(other.fit(FRAME).components_, clone_of(once).components_)
    once.partial_fit(FRAME)
    assert once.n_iter_ == 3
    with pytest.raises(ValueError, match="visible is"):
        once.set_params(visible={"x": "ordinal"}).partial_fit(FRAME)


def clone_of(fitted):
    """The same estimator, fitted on."""
    return pickle.loads(pickle.dumps(fitted)).fit(FRAME)


@pytest.mark.parametrize(
    ("params", "X", "error", "match"),
    [
        ({}, FRAME.assign(n=range(200)), ValueError, "Column 4 \\('n'\\) of X holds counts"),
        ({"visible": {"x": ("real", 0.1)}}, FRAME, ValueError, "a resolution for column 'x'"),
        ({"negative_phase": "tempered"}, FRAME, ValueError, "some are real here"),
        ({"negative_phase": "tempered"}, np.random.normal(size=(20, 2)), ValueError, "are real"),
        ({"visible": "poisson"}, FRAME, ValueError, "'visible' parameter of Restricted"),
        ({"visible": {"y": "real"}}, FRAME, ValueError, "names the column 'y'"),
    ],
)
def test_what_cannot_be_learnt_is_refused(params, X, error, match):
    with pytest.raises(error, match=match):
        RestrictedBoltzmannMachine(2, **params, **FEW).fit(X)


def test_answers_that_there_are_not_are_refused():
    found = RestrictedBoltzmannMachine(2, **FEW).fit(FRAME)
    assert not hasattr(found, "inverse_transform")  # whose error says why
    with pytest.raises(ValueError, match="no order of mixed columns"):
        found.top_features(0)
    with pytest.raises(ValueError, match="its levels are 'a', 'b', 'c'"):
        found.sample(given={"job": "d"})
    for name in ("unnormalized_log_prob", "gibbs", "log_likelihood_bounds"):
        with pytest.raises(ValueError, match="needs complete rows, but row"):
            getattr(found, name)(FRAME)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"categories": [3, 2]}, "components must have 4 columns"),
        ({"categories": [3, 2, None]}, "noise_variance must hold a number for each real column"),
        ({"categories": [3, 2, "a"]}, "got 'a' for column 2"),
        ({"categories": [3, 2, [1, 1]]}, "each once"),
        ({"categories": [3, 2], "visible": ["real", "bernoulli"]}, "column 0 is 'real'"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(more, match):
    with pytest.raises(ValueError, match=match):
        RestrictedBoltzmannMachine.from_parameters(np.ones((2, 5)), [0, 0], np.zeros(5), **more)


def test_a_column_of_one_level_tells_nothing_and_may_be_missing():
    X = np.column_stack([[7.0, np.nan, 7.0, 7.0] * 10, [0.0, 1.0, 2.0, np.nan] * 10])
    found = RestrictedBoltzmannMachine(2, visible=["categorical"] * 2, **FEW).fit(X)
    assert found.score_samples(X)[1] == found.score_samples(np.nan_to_num(X, nan=7.0)[:2])[1]
    assert np.isfinite(found.transform(X)).all()
    for strategy in ("mean", "sample"):
        assert (found.impute(X, strategy, random_state=0)[:, 0] == 7).all()


def test_hidden_units_know_what_levels_go_together():
    rng = np.random.default_rng(0)
    cause = rng.random(1000) < 0.5
    words = np.where(cause[:, None], ["a", "x"], ["b", "y"])
    noise = rng.random((1000, 2)) < 0.1
    X = pd.DataFrame(np.where(noise, ["c", "z"], words), columns=["one", "two"]).astype("category")
    found = RestrictedBoltzmannMachine(1, n_iter=60, learning_rate=0.8, random_state=0).fit(X)
    share = found.transform(X)[:, 0]
    assert abs(np.corrcoef(share, cause)[0, 1]) > 0.85
    p = found.predict_proba_missing(
        pd.DataFrame({"one": ["a"], "two": ["x"]}).astype(X.dtypes), "two"
    )
    assert_allclose(p[0], [0.85, 0.05, 0.1], atol=0.06)
    assert clone(found).get_params() == found.get_params()
