"""Missing values: what is observed decides, and nothing else, in every form that data come in."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_helmholtz import HelmholtzMachine
from tests import cases, exact
from tests.cases import small_machine

NETS = [(5, 3), (5, 3, 2), (4, 2, 2, 2)]


def with_gaps(X, share=0.3, seed=0):
    """Data as float64, with some entries missing; the first row loses all, the second none."""
    gaps = np.random.default_rng(seed).random(X.shape) < share
    gaps[0], gaps[1] = True, False
    return np.where(gaps, np.nan, X)


def marginal(params, x):
    """Log p of the observed entries of a row, by brute force: a sum over all completions."""
    missing = np.flatnonzero(np.isnan(x))
    if params.noise_variance is not None:
        return exact.log_likelihood(exact.without(params, np.isnan(x)), x[None, ~np.isnan(x)])[0]
    completions = np.repeat(x[None], 2 ** len(missing), axis=0)
    completions[:, missing] = exact.all_states(len(missing))
    return np.logaddexp.reduce(exact.log_likelihood(params, completions))


def rows_of(n_features, visible, n_rows=12):
    return with_gaps(cases.make_rows(n_features, visible, n_rows).astype(float))


@pytest.mark.parametrize("n_units", NETS)
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_marginals_are_sums_over_all_completions(n_units, visible):
    model, params = small_machine(n_units, visible)
    X = rows_of(n_units[0], visible)
    expected = [marginal(params, x) for x in X]
    assert_allclose(model.score_samples(X), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_importance_samples_agree_with_the_marginals(visible):
    model, _ = small_machine((5, 3, 2), visible, scale=0.5)
    X = rows_of(5, visible)
    result = model.log_likelihood(X, method="importance", n_importance_samples=20000)
    exactly = model.log_likelihood(X, method="exact")
    error = 3 * result.monte_carlo_error + abs(result.bias)
    assert abs(result.mean - exactly.mean) < error
    assert error < 0.02


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("method", ["exact", "importance"])
@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")  # of so few samples
def test_a_row_of_nothing_scores_exactly_zero(visible, method):
    model, _ = small_machine((5, 3, 2), visible, scale=3.0)
    X = np.full((3, 5), np.nan)
    X[1, 0] = 1
    result = model.log_likelihood(X, method=method, n_importance_samples=40)
    assert_array_equal(result.per_sample[[0, 2]], 0)
    assert_array_equal(result.effective_sample_size[[0, 2]], np.inf)
    assert result.per_sample[1] != 0
    assert_array_equal(model.kl_gap(X)[[0, 2]], model.free_energy(X)[[0, 2]])


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_the_free_energy_of_nothing_is_what_recognition_makes_of_it(visible):
    model, params = small_machine((4, 3, 2), visible)
    hidden = exact.hidden_states((4, 3, 2))
    log_q = exact.log_recognition(params, model.feature_means_, hidden)
    above = exact.Parameters(params.generative_coefs[1:], params.generative_intercepts[1:], [], [])
    log_p = np.array([exact.log_joint(above, h[0], [h[1]]) for h in zip(*hidden, strict=True)])
    divergence = np.sum(np.exp(log_q) * (log_q - log_p))
    assert model.free_energy(np.full((1, 4), np.nan))[0] == pytest.approx(divergence, rel=1e-5)
    assert divergence > 0.1


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_a_free_energy_is_that_of_the_observed_part(visible):
    model, params = small_machine((4, 3, 2), visible)
    X = rows_of(4, visible, 6)[1:]
    hidden = exact.hidden_states((4, 3, 2))
    for x, energy in zip(X, model.free_energy(X), strict=True):
        kept = ~np.isnan(x)
        seen = np.where(kept, x, model.feature_means_)
        log_q = exact.log_recognition(params, seen, hidden)
        eta = hidden[0] @ params.generative_coefs[0] + params.generative_intercepts[0]
        if visible == "gaussian":
            variance = params.noise_variance
            terms = -0.5 * (np.log(2 * np.pi * variance) + (x - eta) ** 2 / variance)
        else:
            terms = x * eta - np.logaddexp(0, eta)
        others = exact.Parameters(
            params.generative_coefs[1:], params.generative_intercepts[1:], [], []
        )
        log_p = np.where(kept, terms, 0).sum(axis=1)
        log_p += np.array([
            exact.log_joint(others, h[0], [h[1]]) for h in zip(*hidden, strict=True)
        ])  # fmt: skip
        expected = np.sum(np.exp(log_q) * (log_q - log_p))
        assert energy == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("layer", [1, 2])
def test_recognition_sees_means_in_the_gaps(layer):
    X = cases.make_rows(6, "binary", 40).astype(float)
    model = HelmholtzMachine((4, 3), max_iter=2, random_state=0, transform_layer=layer)
    gaps = with_gaps(X)
    model.fit(gaps)
    assert_allclose(model.feature_means_, np.nanmean(gaps, axis=0), rtol=1e-6)
    filled = np.where(np.isnan(gaps), model.feature_means_, gaps)
    assert_allclose(model.transform(gaps), model.transform(filled), rtol=1e-6)


FORMS = {
    "float64": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "frame": lambda X: pd.DataFrame(X, columns=list("abcdef")),
    "nullable": lambda X: pd.DataFrame(X, columns=list("abcdef")).convert_dtypes(),
    "csr": scipy.sparse.csr_array,
    "csc": scipy.sparse.csc_matrix,
}


@pytest.mark.filterwarnings("ignore:X has feature names:UserWarning")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_all_forms_of_a_row_score_alike(form, visible):
    model, _ = small_machine((6, 12, 4), visible, scale=0.5)
    X = rows_of(6, visible)
    if visible == "gaussian":
        X = X.astype(np.float32).astype(np.float64)
    expected = model.score_samples(X)
    assert_allclose(model.score_samples(FORMS[form](X)), expected, rtol=1e-5, atol=1e-5)
    assert_allclose(model.transform(FORMS[form](X)), model.transform(X), atol=1e-6)


@pytest.mark.parametrize("form", ["float64", "csr"])
@pytest.mark.parametrize("density", [0.05, 0.4])
def test_complete_rows_do_not_notice_the_gaps_of_others(form, density):
    rng = np.random.default_rng(0)
    X = (rng.random((60, 40)) < density).astype(float)
    make = FORMS[form]
    model = HelmholtzMachine((20, 5), max_iter=2, random_state=0).fit(make(X))
    gaps = with_gaps(X, 0.02)
    complete = ~np.isnan(gaps).any(axis=1)
    assert 5 < complete.sum() < 55
    for function in (model.score_samples, model.transform, model.free_energy):
        assert_array_equal(function(make(gaps))[complete], function(make(X))[complete])


@pytest.mark.parametrize("form", ["float64", "csr"])
@pytest.mark.parametrize("density", [0.05, 0.4])
def test_scores_with_gaps_do_not_depend_on_the_batch(form, density):
    rng = np.random.default_rng(1)
    X = with_gaps((rng.random((60, 40)) < density).astype(float), 0.1)
    make = FORMS[form]
    model = HelmholtzMachine((20, 5), max_iter=2, random_state=0).fit(make(X))
    whole, order = model.score_samples(make(X)), rng.permutation(60)
    assert_array_equal(model.score_samples(make(X[order])), whole[order])
    parts = [model.score_samples(make(X[i : i + 7])) for i in range(0, 60, 7)]
    assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
def test_fits_have_the_same_bits_for_any_number_of_threads(visible, algorithm):
    X = with_gaps(cases.make_rows(30, visible, 150).astype(float))
    models = [
        HelmholtzMachine((8, 4), algorithm=algorithm, max_iter=3, random_state=0, n_jobs=n).fit(X)
        for n in (1, 2, 8)
    ]
    for model in models[1:]:
        for one, other in zip(
            model.generative_coefs_ + model.recognition_coefs_,
            models[0].generative_coefs_ + models[0].recognition_coefs_, strict=True,
        ):  # fmt: skip
            assert_array_equal(one, other)


def test_gaps_teach_nothing_about_a_column_that_nobody_sees_again():
    rng = np.random.default_rng(0)
    X = (rng.random((200, 6)) < 0.3).astype(float)
    plain = {"solver": "sgd", "momentum": 0, "alpha": 0, "averaging": False, "random_state": 0}
    model = HelmholtzMachine((4,), **plain).partial_fit(X)
    before = model.generative_coefs_[0].copy(), model.generative_intercepts_[0].copy()
    X[:, 2] = np.nan
    model.partial_fit(X)
    for old, new in zip(
        before, (model.generative_coefs_[0], model.generative_intercepts_[0]), strict=False
    ):
        assert_array_equal(new[..., 2], old[..., 2])
        assert not np.isclose(new[..., 3], old[..., 3], rtol=1e-6).any()


def test_a_fit_finds_the_truth_behind_the_gaps():
    rng = np.random.default_rng(0)
    cause = rng.random(4000) < 0.5
    X = (rng.random((4000, 8)) < np.where(cause, 0.9, 0.1)[:, None]).astype(float)
    gaps = np.where(rng.random(X.shape) < 0.3, np.nan, X)
    fits = [
        HelmholtzMachine(2, max_iter=60, learning_rate="cosine", random_state=0).fit(data)
        for data in (X, gaps)
    ]
    complete, incomplete = (model.score(X) for model in fits)
    log_p = np.log(0.9) * X + np.log(0.1) * (1 - X), np.log(0.1) * X + np.log(0.9) * (1 - X)
    truth = np.logaddexp(*(part.sum(axis=1) for part in log_p)).mean() - np.log(2)
    assert truth - complete < 0.05
    assert truth - incomplete < 0.1


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_losses_and_validation_scores_are_in_the_units_of_the_user(visible):
    X = with_gaps(cases.make_rows(8, visible, 300).astype(float) * 1.0)
    scale = 100.0 if visible == "gaussian" else 1.0
    fits = [
        HelmholtzMachine(3, max_iter=3, random_state=0).fit(c * X, X_val=c * X[:50])
        for c in (1.0, scale)
    ]
    seen, seen_val = (np.isnan(part).size - np.isnan(part).sum() for part in (X, X[:50]))
    lost = np.log(scale) * seen / (len(X) - 1)  # the first row teaches nothing
    assert_allclose(np.subtract(fits[1].loss_curve_, fits[0].loss_curve_), lost, atol=1e-3)
    lost = -np.log(scale) * seen_val / 50
    assert_allclose(
        np.subtract(fits[1].validation_scores_, fits[0].validation_scores_), lost, atol=0.1
    )  # other contents, other random numbers


def test_partial_fit_takes_gaps_and_keeps_the_first_means():
    X = with_gaps(cases.make_rows(6, "binary", 60).astype(float))
    model = HelmholtzMachine(3, random_state=0).partial_fit(X[:30])
    means = model.feature_means_.copy()
    model.partial_fit(X[30:])
    assert_array_equal(model.feature_means_, means)
    assert np.isfinite(model.score(X))


def test_visible_units_are_chosen_by_what_is_observed():
    X = with_gaps(cases.make_rows(6, "binary", 30).astype(float))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert HelmholtzMachine(2, max_iter=1).fit(X).visible_ == "bernoulli"
    with pytest.warns(UserWarning, match="all values but 2.5 lie in"):
        assert HelmholtzMachine(2, max_iter=1).fit(2.5 * X).visible_ == "gaussian"
    bad = X.copy()
    bad[3, 2] = 7
    for data in (bad, scipy.sparse.csr_array(bad)):
        with pytest.raises(ValueError, match=r"Column 2 of X holds the value 7\.0"):
            HelmholtzMachine(2, visible="bernoulli").fit(data)


# Wherever data with gaps may go


def binary_gaps(n_features=6, n_rows=60):
    return with_gaps(cases.make_rows(n_features, "binary", n_rows).astype(float))


def quick(sizes=(3,), **params):
    return HelmholtzMachine(sizes, **{"max_iter": 2, "random_state": 0, **params})


def test_gaps_go_through_pipelines_and_searches():
    X, y = binary_gaps(), np.arange(60) % 2
    pipeline = make_pipeline(MinMaxScaler(), quick(), LogisticRegression())
    assert pipeline.fit(X, y).predict(X).shape == (60,)
    search = GridSearchCV(quick(), {"hidden_layer_sizes": [(2,), (16,)]}, cv=3).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    features = quick().set_output(transform="pandas").fit_transform(frame)
    assert not features.isna().any(axis=None)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_copies_of_a_machine_answer_alike(visible):
    X = with_gaps(cases.make_rows(6, visible, 60).astype(float))
    model = quick((12, 4)).fit(X)
    loaded = pickle.loads(pickle.dumps(model))
    fresh = clone(model).fit(X)
    for other in (loaded, fresh):
        assert_array_equal(other.impute(X), model.impute(X))
        assert_array_equal(other.score_samples(X), model.score_samples(X))


def test_data_that_cannot_be_written_to_are_left_alone(tmp_path):
    X = binary_gaps()
    X.tofile(tmp_path / "X")
    mapped = np.memmap(tmp_path / "X", dtype=X.dtype, mode="r", shape=X.shape)
    model = quick().fit(mapped)
    assert_array_equal(model.impute(mapped), quick().fit(X).impute(X))
    assert_array_equal(model.sample(2, given=mapped[2], random_state=0)[0, 0], X[2, 0])


def object_frame(X):
    return pd.DataFrame(np.where(np.isnan(X), None, X.astype(object)))


def polars_frame(X):
    polars = pytest.importorskip("polars")
    return polars.DataFrame(X, schema=[str(i) for i in range(X.shape[1])]).fill_nan(None)


@pytest.mark.parametrize("form", [object_frame, polars_frame, np.asfortranarray, np.longdouble])
def test_whatever_means_missing_elsewhere_means_missing_here(form):
    X = binary_gaps()
    model = quick().fit(form(X))
    assert_array_equal(model.impute(form(X)), quick().fit(X).impute(X))


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array], ids=["dense", "csr"])
def test_gaps_may_be_in_the_training_rows_or_in_the_others_or_change(make, visible):
    X = cases.make_rows(6, visible, 60).astype(float)
    gaps, other = make(with_gaps(X)), make(with_gaps(X, seed=1))
    X = make(X)
    for train, validation in ((X, gaps), (gaps, X), (gaps, other)):
        scores = quick().fit(train, X_val=validation).validation_scores_
        assert np.isfinite(scores).all()
    assert np.isfinite(quick(early_stopping=True).fit(gaps).validation_scores_).all()
    warm = quick(warm_start=True)
    going_on = quick()
    for part in (gaps, X, other):
        assert np.isfinite(warm.fit(part).loss_curve_).all()
        assert np.isfinite(going_on.partial_fit(part).loss_curve_).all()
    assert len(warm.loss_curve_) == 6


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("shape", [(1, 6), (30, 1), (1, 1), (3, 3000)])
def test_tables_may_have_any_shape(shape, visible):
    X = cases.make_rows(shape[1], visible, shape[0]).astype(float) - (visible == "gaussian")
    gaps = X.copy()
    gaps[1:, -1] = np.nan
    model = quick((20,), visible=visible.replace("binary", "bernoulli")).fit(gaps)
    gaps[0, -1] = np.nan
    for strategy in ("mean", "mode", "sample"):
        imputed = model.impute(gaps, strategy)
        assert np.isfinite(imputed).all()
        assert_array_equal(imputed[:, :-1], X[:, :-1])
    assert np.isfinite(model.score(gaps))
    assert model.posterior(gaps).mean[0].shape == (len(X), 20)
    assert model.sample(2, given=gaps[0]).shape == (2, shape[1])


@pytest.mark.parametrize("form", ["float64", "csr"])
@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
def test_rows_of_nothing_teach_nothing(form, algorithm):
    X = rows_of(6, "binary", 40)[1:]
    nothing = np.full((60, 6), np.nan)
    mixed = np.insert(np.vstack([X, nothing[:50]]), [0, 7, 7, 20], nothing[0], axis=0)
    make = FORMS[form]
    params = {"algorithm": algorithm, "max_iter": 3, "random_state": 0, "shuffle": False}
    fits = [HelmholtzMachine((4, 3), **params).fit(make(data)) for data in (X, mixed)]
    for one, other in zip(*(model.generative_coefs_ for model in fits), strict=True):
        assert_array_equal(one, other)
    assert fits[0].loss_curve_ == fits[1].loss_curve_
    early = HelmholtzMachine(3, early_stopping=True, max_iter=2, random_state=0).fit(make(mixed))
    assert np.isfinite(early.validation_scores_).all()
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=r"Every value of X is missing \(NaN\)"):
            getattr(HelmholtzMachine(3), method)(make(nothing))
