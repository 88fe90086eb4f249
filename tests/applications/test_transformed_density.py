"""Densities behind transformers: slopes by differences, mass by quadrature, and closed forms."""

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.decomposition import PCA, FastICA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_helmholtz import (
    FactorAnalysis,
    GenerativeClassifier,
    HelmholtzMachine,
    TransformedDensity,
    compare_log_likelihood,
)
from sklearn_helmholtz.applications.functions import FUNCTIONS
from sklearn_helmholtz.applications.jacobians import inverse, log_abs_det


class Cubic(TransformerMixin, BaseEstimator):
    """A transformer with a Jacobian of its own."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X**3 + X

    def log_abs_det_jacobian(self, X):
        return np.log(3 * X**2 + 1).sum(axis=1)


class Doubling(StandardScaler):
    """A scaler with a map of its own, whose Jacobian nobody knows."""

    def transform(self, X):
        return 2 * super().transform(X)


def rows(n=40, p=3, seed=0):
    """Skewed positive rows, whose columns depend on each other."""
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) / 2) + 0.1


ONE_FACTOR = FactorAnalysis(1, noise="isotropic")
PER_COLUMN = [
    StandardScaler(),
    StandardScaler(with_std=False),
    MinMaxScaler((-1, 3)),
    MinMaxScaler(clip=True),
    MaxAbsScaler(),
    RobustScaler(unit_variance=True),
    RobustScaler(with_scaling=False),
    PowerTransformer(),
    PowerTransformer(standardize=False),
    PowerTransformer("box-cox"),
    PowerTransformer("box-cox", standardize=False),
    QuantileTransformer(n_quantiles=7),
    QuantileTransformer(n_quantiles=7, output_distribution="normal"),
    FunctionTransformer(),
    FunctionTransformer(np.log),
    make_pipeline(FunctionTransformer(np.log1p), "passthrough", StandardScaler()),
    ColumnTransformer([("a", StandardScaler(), [2])], remainder="passthrough"),
    make_column_transformer((FunctionTransformer(np.sqrt), [2, 0]), (MinMaxScaler(), [1])),
    make_pipeline(
        make_column_transformer((PowerTransformer(), slice(1, 3)), remainder=RobustScaler()),
        StandardScaler(),
    ),
    Cubic(),
]
ROTATIONS = [
    PCA(),
    PCA(whiten=True),
    FastICA(random_state=0, whiten="unit-variance"),
    FastICA(random_state=0, whiten=False, max_iter=20),
    make_pipeline(FunctionTransformer(np.log), PCA(whiten=True), PowerTransformer()),
]


def jacobian(transform, row, step=1e-5):
    """The matrix of central differences of a transformer at a row."""
    steps = step * np.eye(len(row))
    return (transform(row + steps) - transform(row - steps)) / (2 * step)


@pytest.mark.filterwarnings("ignore:FastICA did not converge")
@pytest.mark.parametrize("transformer", PER_COLUMN + ROTATIONS, ids=str)
def test_determinants_are_those_of_differences(transformer):
    X = rows()
    fitted = clone(transformer).fit(X)
    places = X[5:9] + 0.01  # between quantiles
    differences = [jacobian(fitted.transform, row) for row in places]
    expected = np.linalg.slogdet(np.array(differences))[1]
    np.testing.assert_allclose(log_abs_det(fitted, places), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:FastICA did not converge")
@pytest.mark.parametrize("transformer", [*PER_COLUMN[:-1], *ROTATIONS], ids=str)
def test_inverses_lead_back(transformer):
    X = rows()
    fitted = clone(transformer).fit(X)
    np.testing.assert_allclose(inverse(fitted, fitted.transform(X)), X, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_functions_have_their_slopes_and_inverses(function):
    x, step = np.array([0.2, 0.5, 0.9]), 1e-6
    slope = (function(x + step) - function(x - step)) / (2 * step)
    known = FUNCTIONS[function]
    np.testing.assert_allclose(known.log_slope(x), np.log(np.abs(slope)), atol=1e-8)
    np.testing.assert_allclose(known.inverse(function(x)), x)


@settings(max_examples=10, deadline=None)
@given(
    power=st.floats(-3, 5),
    x=st.floats(-50, 50).filter(lambda x: abs(x) > 1e-3),
    method=st.sampled_from(["yeo-johnson", "box-cox"]),
)
def test_slopes_of_powers_on_both_sides_of_zero(power, x, method):
    x = abs(x) if method == "box-cox" else x
    transformer = PowerTransformer(method, standardize=False).fit([[1.0], [2.0], [4.0]])
    transformer.lambdas_ = np.array([power])
    step = 1e-5 * abs(x)
    ends = transformer.transform([[x - step], [x + step]])
    slope = (ends[1, 0] - ends[0, 0]) / (2 * step)
    if slope > 1e-3:
        found = log_abs_det(transformer, np.array([[x]]))[0]
        assert found == pytest.approx(np.log(slope), abs=1e-3)


LINES = [
    (PowerTransformer(), 1e-4),
    (PowerTransformer("box-cox"), 1e-4),
    (MinMaxScaler(), 1e-6),
    (FunctionTransformer(np.log), 1e-6),
    (make_pipeline(FunctionTransformer(np.arcsinh), RobustScaler()), 1e-6),
]


@pytest.mark.parametrize(("transformer", "tolerance"), LINES, ids=str)
def test_the_density_of_one_column_integrates_to_one(transformer, tolerance):
    X = rows(60, 1)
    model = TransformedDensity(transformer).fit(X)
    steps = np.geomspace(1e-9, 1e6, 80000)
    places = np.concatenate([-steps[::-1], steps])
    if isinstance(transformer, PowerTransformer) and transformer.method == "box-cox":
        places = places[places > 0]
    density = np.exp(model.score_samples(places[:, None]))
    assert np.trapezoid(density, places) == pytest.approx(1, abs=tolerance)


@pytest.mark.parametrize("output", ["uniform", "normal"])
def test_densities_of_quantiles_integrate_to_what_the_normal_has_between_the_ends(output):
    X = rows(60, 1)
    transformer = QuantileTransformer(n_quantiles=10, output_distribution=output)
    model = TransformedDensity(transformer).fit(X)
    knots = model.transformer_.quantiles_[:, 0]
    mass, shares = 0, (1 - np.cos(np.linspace(0, np.pi, 5001))) / 2  # close at the ends
    for low, high in pairwise(knots):
        places = (low + (high - low) * shares)[1:-1]
        mass += np.trapezoid(np.exp(model.score_samples(places[:, None])), places)
    low, high = model.transformer_.transform(knots[[0, -1], None])[:, 0]
    mean, variance = model.estimator_.mean_, model.estimator_.get_covariance()
    expected = np.diff(stats.norm.cdf([low, high], mean[0], np.sqrt(variance[0, 0])))[0]
    assert expected < (0.95 if output == "uniform" else 1)
    assert mass == pytest.approx(expected, abs=1e-3)


def test_the_logarithm_of_a_normal_column_is_lognormal():
    X = rows(60, 1)
    model = TransformedDensity(FunctionTransformer(np.log)).fit(X)
    known = stats.lognorm(np.log(X).std(), scale=np.exp(np.log(X).mean()))
    places = np.array([-1.0, 0.0, 0.3, 1.0, 20.0])
    np.testing.assert_allclose(model.score_samples(places[:, None]), known.logpdf(places))
    assert model.score(X) == pytest.approx(known.logpdf(X).mean())


@pytest.mark.parametrize("transformer", [StandardScaler(), PCA(), PCA(whiten=True)], ids=str)
def test_affine_maps_change_nothing_of_a_whole_covariance(transformer):
    X = rows()
    alone = FactorAnalysis().fit(X)
    model = TransformedDensity(transformer, FactorAnalysis()).fit(X)
    np.testing.assert_allclose(model.score_samples(X), alone.score_samples(X), atol=1e-4)


@pytest.mark.parametrize("output", ["uniform", "normal"])
def test_densities_of_quantiles_end_where_training_rows_do(output):
    X = np.sort(rows(30, 1), axis=0)
    model = TransformedDensity(
        QuantileTransformer(n_quantiles=30, output_distribution=output), FactorAnalysis()
    ).fit(X)
    scores = model.score_samples([X[0] - 1, X[0], X[3], X[-1], X[-1] + 1])
    assert np.isneginf(scores[[0, 4]]).all()
    assert np.isfinite(scores[1:4]).all()
    assert np.isfinite(model.score(X))  # all of which are knots
    sides = np.exp(model.score_samples([X[3] - 1e-6, X[3] + 1e-6]))
    assert np.exp(scores[2]) == pytest.approx(sides.mean(), rel=1e-3)


def test_clipped_values_have_no_density():
    X = rows(30, 2)
    for transformer in (MinMaxScaler(clip=True), make_pipeline(MinMaxScaler(clip=True), PCA())):
        model = TransformedDensity(transformer).fit(X)
        assert np.isneginf(model.score_samples([X[0], X.max(axis=0) + 1])).tolist() == [0, 1]


def test_missing_values_have_no_part_in_the_density():
    X = rows()
    X[::3, 1] = np.nan
    model = TransformedDensity(PowerTransformer(), FactorAnalysis(0)).fit(X)
    gappy = X.copy()
    gappy[:, [0, 2]] = np.nan
    column = X[1::3, 1:2]
    alone = TransformedDensity(PowerTransformer(), FactorAnalysis(0)).fit(
        X[~np.isnan(X[:, 1]), 1:2]
    )
    np.testing.assert_allclose(model.score_samples(gappy[1::3]), alone.score_samples(column))
    np.testing.assert_array_equal(model.score_samples(gappy[::3]), 0)
    with pytest.raises(ValueError, match="NaN"):
        TransformedDensity(PCA(), ONE_FACTOR).fit(X)


def test_a_given_determinant_takes_the_place_of_what_is_known():
    X = rows()
    transformer = FunctionTransformer(lambda x: x**3, inverse_func=np.cbrt)
    model = TransformedDensity(transformer, log_det=lambda x: np.log(3 * x**2).sum(axis=1)).fit(X)
    known = TransformedDensity(FunctionTransformer(lambda x: x**3, inverse_func=np.cbrt))
    with pytest.raises(TypeError, match="slope of the function <lambda>"):
        known.fit(X)
    normal = FactorAnalysis().fit(X**3)
    expected = normal.score_samples(X**3) + np.log(3 * X**2).sum(axis=1)
    np.testing.assert_allclose(model.score_samples(X), expected)
    assert model.sample(3, random_state=0).shape == (3, 3)


def test_errors_of_log_likelihoods_stay_and_means_move():
    X = rows(30)
    weights = np.arange(30) % 3 + 1.0
    machine = HelmholtzMachine(16, max_iter=2, n_importance_samples=10, random_state=0)
    model = TransformedDensity(PowerTransformer(), machine).fit(X)
    result = model.log_likelihood(X, sample_weight=weights, n_importance_samples=200)
    inner = model.estimator_.log_likelihood(
        model.transformer_.transform(X), sample_weight=weights, n_importance_samples=200
    )
    shift = log_abs_det(model.transformer_, X)
    np.testing.assert_allclose(result.per_sample, inner.per_sample + shift)
    assert result.mean == pytest.approx(np.average(result.per_sample, weights=weights))
    assert result.monte_carlo_error == inner.monte_carlo_error > 0
    share = weights / weights.sum()
    between = 30 / 29 * (share**2 * (result.per_sample - result.mean) ** 2).sum()
    assert result.standard_error == pytest.approx(np.sqrt(between), rel=1e-6)
    assert result.standard_error != pytest.approx(inner.standard_error, rel=1e-3)
    np.testing.assert_allclose(result.free_energy, inner.free_energy - shift)
    np.testing.assert_allclose(result.kl_gap, result.free_energy + result.per_sample)
    assert np.isnan(result.log_probability).all()
    assert repr(result).startswith("LogLikelihoodResult: ")
    assert model.estimator_.visible_ == "gaussian"
    with pytest.raises(ValueError, match="Row 1 of X has no density"):
        TransformedDensity(FunctionTransformer(np.log)).fit(X).log_likelihood(
            X * np.resize([[1], [-1]], (30, 1))
        )


def test_draws_are_of_the_density_of_the_rows():
    X = rows(200, 2)
    model = TransformedDensity(FunctionTransformer(np.log), FactorAnalysis()).fit(X)
    drawn = model.sample(4000, random_state=0)
    np.testing.assert_array_equal(drawn, model.sample(4000, random_state=0))
    deviations = np.log(X).std(axis=0)
    np.testing.assert_allclose(np.log(drawn).mean(axis=0), np.log(X).mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.log(drawn).std(axis=0), deviations, rtol=0.06)


@pytest.mark.parametrize(
    "transformer",
    [QuantileTransformer(n_quantiles=20), PowerTransformer(), MinMaxScaler(clip=True)],
)
@pytest.mark.parametrize("density", [FactorAnalysis(), KernelDensity(bandwidth=0.5)])
def test_draws_lie_where_the_density_does(transformer, density):
    X = rows(100, 1) ** 3
    model = TransformedDensity(transformer, density).fit(X)
    drawn = model.sample(300, random_state=0)
    assert np.isfinite(model.score_samples(drawn)).all()
    assert len(np.unique(drawn)) == 300  # none heaped at a bound


def test_medians_and_draws_fill_gaps():
    X = rows(60, 2)
    model = TransformedDensity(FunctionTransformer(np.log), FactorAnalysis()).fit(X)
    gappy = X.copy()
    gappy[:5, 1] = np.nan
    logs = np.log(X)
    slope = np.cov(logs.T, ddof=0)[0, 1] / logs[:, 0].var()
    expected = np.exp(logs[:, 1].mean() + slope * (logs[:5, 0] - logs[:, 0].mean()))
    filled = model.impute(gappy)
    np.testing.assert_allclose(filled[:5, 1], expected, rtol=1e-3)
    np.testing.assert_array_equal(filled[~np.isnan(gappy)], gappy[~np.isnan(gappy)])
    draws = model.impute(gappy, "sample", n_imputations=400, random_state=0)
    assert draws.shape == (400, 60, 2)
    np.testing.assert_allclose(np.median(draws[:, :5, 1], axis=0), expected, rtol=0.25)
    with pytest.raises(ValueError, match="strategy must be one of"):
        model.impute(gappy, "mean")


def test_frames_keep_names_and_index():
    frame = pd.DataFrame(rows(30), columns=["a", "b", "c"], index=range(100, 130))
    columns = make_column_transformer((FunctionTransformer(np.log), ["c", "a"]), (PCA(), ["b"]))
    model = TransformedDensity(columns, ONE_FACTOR).fit(frame)
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    array = TransformedDensity(
        make_column_transformer((FunctionTransformer(np.log), [2, 0]), (PCA(), [1])),
        ONE_FACTOR,
    ).fit(frame.to_numpy())
    np.testing.assert_allclose(model.score_samples(frame), array.score_samples(frame.to_numpy()))
    np.testing.assert_allclose(model.sample(5, random_state=0), array.sample(5, random_state=0))
    features = model.set_output(transform="pandas").transform(frame)
    assert features.index.equals(frame.index)
    assert list(features) == ["factoranalysis0"]
    scaled = TransformedDensity(StandardScaler(), ONE_FACTOR).fit(frame)
    assert list(scaled.estimator_.feature_names_in_) == ["a", "b", "c"]
    filled = scaled.set_output(transform="pandas").impute(frame.mask(frame > 2))
    assert filled.index.equals(frame.index)
    assert filled.notna().all(axis=None)
    assert list(scaled.sample(2, random_state=0).columns) == ["a", "b", "c"]
    from_polars = TransformedDensity(columns, ONE_FACTOR).fit(pl.DataFrame(frame))
    np.testing.assert_allclose(from_polars.score(pl.DataFrame(frame)), model.score(frame))


def test_gaps_of_nullable_frames_are_gaps():
    X = rows(30)
    X[::4, 1] = np.nan
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).convert_dtypes()
    assert frame["b"].hasnans
    for transformer in (StandardScaler(), PowerTransformer()):
        model = TransformedDensity(transformer, FactorAnalysis(0)).fit(frame)
        array = TransformedDensity(transformer, FactorAnalysis(0)).fit(X)
        np.testing.assert_allclose(model.score_samples(frame), array.score_samples(X))
        np.testing.assert_allclose(model.impute(frame), array.impute(X))


def test_comparisons_doubt_what_the_density_estimator_would():
    X = rows(30)
    machine = HelmholtzMachine(16, max_iter=1, n_importance_samples=2, random_state=0)
    models = [TransformedDensity(StandardScaler(), one).fit(X) for one in (machine, ONE_FACTOR)]
    scaled = models[0].transformer_.transform(X)
    inner = compare_log_likelihood(*(model.estimator_ for model in models), scaled)
    result = compare_log_likelihood(*models, X)
    assert not result.reliable
    assert result.remedy == inner.remedy
    assert result.difference == pytest.approx(inner.difference)
    assert result.standard_error == pytest.approx(inner.standard_error)


@pytest.mark.parametrize("function", [np.log, np.reciprocal, np.negative, np.exp])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "Int8", "polars"])
def test_whole_numbers_of_frames_are_real_ones(function, dtype):
    X = np.random.default_rng(0).integers(1, 30, (40, 2))
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame = pl.DataFrame(frame).cast(pl.UInt8) if dtype == "polars" else frame.astype(dtype)
    density = TransformedDensity(FunctionTransformer(function), FactorAnalysis(1))
    expected = density.fit(X / 1.0).score_samples(X / 1.0)
    np.testing.assert_allclose(density.fit(frame).score_samples(frame), expected)


def test_only_what_the_density_has_is_there():
    model = TransformedDensity(StandardScaler(), KernelDensity()).fit(rows())
    assert hasattr(model, "sample")
    for name in ("transform", "fit_transform", "impute", "log_likelihood", "set_output"):
        assert not hasattr(model, name)
        assert hasattr(TransformedDensity(), name)
    with pytest.raises(NotFittedError):
        TransformedDensity().score_samples(rows())


# Refusals


@pytest.mark.parametrize(
    ("transformer", "error", "match"),
    [
        (Doubling(), TypeError, "Jacobian of Doubling is not known, only those of StandardScaler"),
        (TruncatedSVD(3), TypeError, "Jacobian of TruncatedSVD"),
        (PCA(2), ValueError, "PCA keeps 2 of 3 dimensions"),
        (make_column_transformer((PCA(), [0, 1])), ValueError, "uses column 2 0 times"),
        (
            make_column_transformer((PCA(), [0, 1]), (StandardScaler(), [1, 2])),
            ValueError,
            "uses column 1 2 times",
        ),
        (FunctionTransformer(np.log, kw_args={"dtype": float}), TypeError, "without kw_args"),
        (FunctionTransformer(np.square), TypeError, "slope of the function square"),
        (KernelDensity(), ValueError, "'transform'"),
    ],
    ids=str,
)
def test_transformers_without_a_known_determinant_are_refused(transformer, error, match):
    with pytest.raises(error, match=match):
        TransformedDensity(transformer).fit(rows())


def test_rows_without_a_density_are_refused_in_training():
    X = rows()
    X[7, 1] = -2
    with pytest.raises(ValueError, match=r"Row 7 of X has no density.*-2\.0"):
        TransformedDensity(FunctionTransformer(np.log)).fit(X)
    X[7, 1] = 0
    with pytest.raises(ValueError, match="no finite slope at row 7"):
        TransformedDensity(FunctionTransformer(np.sqrt)).fit(X)


@pytest.mark.parametrize("form", [np.asarray, lambda X: pd.DataFrame(X, columns=["a", "b", "c"])])
def test_columns_without_values_are_refused(form):
    X = rows(10)
    X[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"Every value of column 1.* of X is missing"):
        TransformedDensity().fit(form(X))


def test_ties_of_quantiles_are_refused():
    frame = pd.DataFrame(np.round(rows(), 1), columns=["a", "b", "c"])
    with pytest.raises(ValueError, match=r"Column 0 \('a'\) has more than one quantile at"):
        TransformedDensity(QuantileTransformer(n_quantiles=40)).fit(frame)


@pytest.mark.parametrize(
    "log_det", [lambda X: np.zeros(3), lambda X: X, lambda X: np.full(len(X), np.nan)]
)
def test_determinants_are_a_number_for_each_row(log_det):
    with pytest.raises(ValueError, match=r"log_det, or log_abs|no finite slope"):
        TransformedDensity(StandardScaler(), log_det=log_det).fit(rows())


def test_probabilities_have_no_slopes():
    X = rows() > 1
    few = {"max_iter": 1, "random_state": 0}
    with pytest.raises(ValueError, match="has learnt 'bernoulli' units, which have probabilities"):
        TransformedDensity(MinMaxScaler(), HelmholtzMachine(2, visible="bernoulli", **few)).fit(X)
    auto = TransformedDensity(MinMaxScaler(), HelmholtzMachine(2, **few)).fit(rows())
    assert auto.estimator_.visible_ == "gaussian"  # though all values lie in [0, 1]
    with pytest.raises(ValueError, match="has taken column 0 for 'bernoulli'"):
        TransformedDensity(StandardScaler(), HelmholtzMachine(2, visible="mixed", **few)).fit(X)


def test_weights_and_inverses_that_are_not_there_are_refused():
    X = rows()
    with pytest.raises(ValueError, match="GaussianMixture learns from rows without weights"):
        TransformedDensity(StandardScaler(), GaussianMixture()).fit(X, sample_weight=np.ones(40))
    with pytest.raises(ValueError, match="Cubic has no inverse_transform"):
        TransformedDensity(Cubic()).fit(X).sample()
    function = FunctionTransformer(lambda x: x + 1)
    model = TransformedDensity(function, log_det=lambda X: np.zeros(len(X))).fit(X)
    with pytest.raises(ValueError, match="inverse of the function <lambda> is not known"):
        model.sample()
    uniform = QuantileTransformer(n_quantiles=10)
    model = TransformedDensity(uniform, FactorAnalysis()).fit(X[:, :1])
    model.estimator_ = FactorAnalysis().fit(X[:, :1] + 50)
    with pytest.raises(ValueError, match="leads to 4 of 4 draws from no row"):
        model.sample(4)


# As a part of scikit-learn


def test_searches_compare_transformers_in_the_units_of_the_data():
    X = rows(60)
    grid = {"transformer": [StandardScaler(), FunctionTransformer(np.log), MinMaxScaler()]}
    search = GridSearchCV(TransformedDensity(StandardScaler()), grid, n_jobs=2, cv=3).fit(X)
    assert search.best_params_["transformer"].func is np.log
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] == pytest.approx(scores[2], abs=1e-3)


def test_it_works_in_pipelines_columns_and_classifiers():
    X = rows(60)
    y = (X[:, 0] > np.median(X[:, 0])).astype(int)
    density = TransformedDensity(FunctionTransformer(np.log), ONE_FACTOR)
    pipeline = make_pipeline(MinMaxScaler((1, 2)), density).fit(X)
    assert np.isfinite(pipeline.score(X))
    columns = make_column_transformer((density, [0, 1]), remainder="passthrough").fit(X)
    assert columns.transform(X).shape == (60, 2)
    classifier = GenerativeClassifier(TransformedDensity(PowerTransformer(), ONE_FACTOR))
    assert classifier.fit(X, y).score(X, y) > 0.9


def test_copies_answer_the_same_and_failures_leave_nothing():
    X = rows()
    model = TransformedDensity().fit(X)
    scores = model.score_samples(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).score_samples(X), scores)
    np.testing.assert_array_equal(clone(model).fit(X).score_samples(X), scores)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="infinity"):
        model.fit(np.full((5, 2), np.inf))
    assert vars(model) == before


def test_weights_are_repetitions_where_the_transformer_takes_them():
    X = rows(20)
    weights = np.arange(20) % 3
    weighted = TransformedDensity(StandardScaler(), ONE_FACTOR).fit(X, sample_weight=weights)
    repeated = TransformedDensity(StandardScaler(), ONE_FACTOR).fit(np.repeat(X, weights, 0))
    np.testing.assert_allclose(weighted.score_samples(X), repeated.score_samples(X), rtol=1e-7)
    assert weighted.score(X, sample_weight=weights) == pytest.approx(
        repeated.score(np.repeat(X, weights, 0))
    )


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(0.01, 100), shift=st.floats(-10, 10), seed=st.integers(0, 1000))
def test_units_of_measurement_move_scores_by_their_logarithm(scale, shift, seed):
    X = special.logit(np.random.default_rng(seed).uniform(0.1, 0.9, (25, 2)))
    one = TransformedDensity(RobustScaler(), FactorAnalysis(0)).fit(X)
    other = TransformedDensity(RobustScaler(), FactorAnalysis(0)).fit(scale * X + shift)
    expected = one.score_samples(X) - 2 * np.log(scale)
    np.testing.assert_allclose(other.score_samples(scale * X + shift), expected, atol=1e-6)
