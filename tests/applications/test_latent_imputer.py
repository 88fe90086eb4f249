"""Imputation as a transformer: what is filled in, what stays, and where it works."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, LatentImputer
from tests.mixed_frames import typed_frame
from tests.shells import FEW, fitted_state, real_rows


def gappy(X, share=0.2, seed=0):
    return np.where(np.random.default_rng(seed).random(X.shape) < share, np.nan, X)


X = gappy(real_rows())
NAMES = list("abcd")


@pytest.fixture(scope="module")
def imputer():
    return LatentImputer(FactorAnalysis(1), random_state=0).fit(X)


@pytest.fixture(scope="module")
def people():
    return typed_frame(n_rows=80, gaps=0.2).set_index(np.arange(80) + 100)


@pytest.fixture(scope="module")
def mixed_imputer(people):
    machine = HelmholtzMachine(2, autoregressive=True, n_importance_samples=5, **FEW)
    return LatentImputer(machine, random_state=0).fit(people)


def test_gaps_hold_conditional_means(imputer):
    """The formula of the normal distribution."""
    filled, model = imputer.transform(X), imputer.estimator_
    covariance, mean = model.get_covariance(), model.mean_
    for row, given in zip(filled, X, strict=True):
        m = np.isnan(given)
        gain = covariance[np.ix_(m, ~m)] @ np.linalg.inv(covariance[np.ix_(~m, ~m)])
        expected = mean[m] + gain @ (given[~m] - mean[~m])
        np.testing.assert_allclose(row[m], expected, rtol=1e-8)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("strategy", ["mean", "median", "mode", "sample"])
def test_what_is_observed_stays_to_the_bit(imputer, strategy, dtype):
    given = X.astype(dtype) * 1.1
    filled = clone(imputer).set_params(strategy=strategy).fit(given).transform(given)
    known = ~np.isnan(given)
    assert filled.dtype == dtype
    assert np.isfinite(filled).all()
    assert np.array_equal(filled[known].view(np.uint8), given[known].view(np.uint8))


def test_new_rows_teach_nothing(imputer):
    imputer.transform(X)  # models keep sums that do not depend on rows
    before = fitted_state(imputer)
    imputer.transform(X[::-1] * 100)
    assert fitted_state(imputer) == before


def test_draws_are_repeated_by_a_seed_and_vary_with_the_global_generator(imputer):
    drawn = clone(imputer).set_params(strategy="sample").fit(X)
    assert np.array_equal(drawn.transform(X), drawn.transform(X))
    free = drawn.set_params(random_state=None)
    assert not np.array_equal(free.transform(X), free.transform(X))


@pytest.mark.parametrize("params", [{}, {"keep_empty_features": True}, {"add_indicator": True}])
@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_matrix, pd.DataFrame])
@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_columns_are_those_of_simple_imputer(params, form):
    """Those that held nothing in training, and the indicators."""
    table = np.insert(X, [1, 3], np.nan, axis=1)
    table[:, -1] = 1 + np.arange(len(X)) % 3  # without gaps: no indicator
    new = table[:9].copy()
    new[:2, 1], new[0, -1] = 7, np.nan
    ours = LatentImputer(FactorAnalysis(1), **params).fit(form(table))
    theirs = SimpleImputer(**params).fit(form(table))
    found, expected = ours.transform(form(new)), theirs.transform(form(new))
    if scipy.sparse.issparse(found):
        found, expected = found.toarray(), expected.toarray()
    assert found.shape == expected.shape
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())
    kept = new[:, [0, 1, 2, 3, 4, 5]] if params.get("keep_empty_features") else new[:, [0, 2, 4, 5]]
    same = np.insert(~np.isnan(kept), kept.shape[1], True, axis=1)[:, :-1]
    same = np.pad(same, ((0, 0), (0, found.shape[1] - kept.shape[1])), constant_values=True)
    assert np.array_equal(found[same], expected[same])
    if params.get("keep_empty_features"):
        assert np.array_equal(found[:, [1, 4]], expected[:, [1, 4]])


def test_columns_without_values_are_told_of():
    frame = pd.DataFrame(X, columns=NAMES).assign(e=np.nan)
    with pytest.warns(UserWarning, match=r"without any observed values: \['e'\]"):
        imputer = LatentImputer(FactorAnalysis(1)).fit(frame)
    assert imputer.score(frame) == imputer.score(frame.assign(e=1.0))
    with pytest.raises(ValueError, match="nothing to learn from"):
        LatentImputer(FactorAnalysis(1)).fit(X * np.nan)


def test_rows_without_values_get_the_means(imputer):
    rows = np.full((2, 4), np.nan)
    np.testing.assert_allclose(imputer.transform(rows), [imputer.estimator_.mean_] * 2)
    rest = np.vstack([X, rows])
    again = clone(imputer).fit(rest).transform(rest)
    np.testing.assert_allclose(again[:-2], imputer.transform(X), rtol=1e-5)


def test_scores_are_those_of_the_model(imputer):
    weights = np.arange(60.0)
    alone = FactorAnalysis(1).fit(X)
    assert imputer.score(X) == alone.score(X)
    assert imputer.score(X, sample_weight=weights) == alone.score(X, sample_weight=weights)


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_output_of_numbers(output):
    frame = pd.DataFrame(X, columns=NAMES, index=np.arange(60) + 7)
    imputer = LatentImputer(FactorAnalysis(1), add_indicator=True).set_output(transform=output)
    filled = imputer.fit_transform(frame)
    tables = imputer.multiple_imputations(frame, 2, random_state=0)
    assert {type(table) for table in tables} == {type(filled)}
    if output == "default":
        assert isinstance(filled, np.ndarray)
        return
    assert list(filled.columns) == [*NAMES, *(f"missingindicator_{name}" for name in NAMES)]
    if output == "pandas":
        assert filled.index.equals(frame.index)
        assert tables[0].index.equals(frame.index)


def test_mixed_tables_keep_their_types(mixed_imputer, people):
    filled = mixed_imputer.transform(people)
    assert not filled.isna().any(axis=None)
    assert filled.index.equals(people.index)
    assert filled.dtypes.equals(people.dtypes)
    assert people.where(people.isna(), filled).equals(people)
    flags = clone(mixed_imputer).set_params(add_indicator=True).fit(people).transform(people)
    assert list(flags.columns[:5]) == list(people.columns)
    assert np.array_equal(flags.to_numpy()[:, 5:].astype(bool), people.isna())


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("given", ["pandas", "polars"])
def test_output_of_mixed_tables(mixed_imputer, people, given, output):
    levels = {"sex": pl.Enum(["f", "m"]), "job": pl.Enum(["a", "b", "c"])}
    polars = pl.DataFrame(
        {name: [None if pd.isna(value) else value for value in people[name]] for name in people},
        schema_overrides={**levels, "grade": pl.Float64},
    )
    frame = people if given == "pandas" else polars
    imputer = clone(mixed_imputer).fit(frame)
    expected = imputer.transform(frame)
    filled = imputer.set_output(transform=output).transform(frame)
    assert isinstance(filled, pd.DataFrame if output == "pandas" else pl.DataFrame)
    assert list(filled.columns) == list(people.columns)
    assert filled["job"].to_list() == expected["job"].to_list()
    assert filled["x"].to_list() == expected["x"].to_list()


def test_indicators_stand_beside_their_rows_whatever_is_configured(people):
    imputer = LatentImputer(HelmholtzMachine(1, **FEW), add_indicator=True)
    expected = imputer.fit(people).transform(people)
    with sklearn.config_context(transform_output="pandas"):
        found = imputer.fit(people).transform(people)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_mixed_tables_with_columns_without_values(mixed_imputer, people):
    table = people.assign(none=np.nan)[["sex", "none", "job", "grade", "n", "x"]]
    kept = clone(mixed_imputer).set_params(keep_empty_features=True, add_indicator=True).fit(table)
    filled = kept.transform(table)
    assert list(filled.columns) == list(kept.get_feature_names_out())
    assert (filled["none"] == 0).all()
    assert filled["job"].dtype == people["job"].dtype
    assert list(clone(mixed_imputer).fit_transform(table).columns) == list(people.columns)
    table["none"] = pd.Categorical([None] * len(table), ["a"])
    with pytest.raises(ValueError, match=r"'none'.* of X holds categories, none of which"):
        clone(kept).fit(table)
    named = HelmholtzMachine(2, visible={"none": "real"}, **FEW)
    with pytest.raises(ValueError, match=r"columns \['none'\] of X hold no observed value"):
        LatentImputer(named).fit(table)


def test_a_pipeline_into_bits(mixed_imputer, people):
    bits = make_pipeline(clone(mixed_imputer), OneHotEncoder(sparse_output=False))
    columns = ["sex", "job"]
    encoded = bits.fit_transform(people[columns])
    assert encoded.shape == (80, 5)
    assert (encoded.sum(axis=1) == 2).all()


def test_some_columns_of_a_frame():
    frame = pd.DataFrame(X, columns=NAMES).assign(label="text")
    choice = ColumnTransformer([("filled", LatentImputer(FactorAnalysis(1)), ["a", "c", "d"])])
    filled = choice.fit_transform(frame)
    expected = LatentImputer(FactorAnalysis(1)).fit_transform(X[:, [0, 2, 3]])
    np.testing.assert_allclose(filled, expected)
    assert list(choice.get_feature_names_out()) == ["filled__a", "filled__c", "filled__d"]


def test_grid_searches_by_a_classifier_and_by_density():
    y = (real_rows()[:, 0] > 5).astype(int)
    machine = HelmholtzMachine(1, visible="gaussian", **FEW)
    piped = make_pipeline(LatentImputer(machine), StandardScaler(), LogisticRegression())
    grid = {"latentimputer__estimator__hidden_layer_sizes": [1, 2]}
    search = GridSearchCV(piped, grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.7
    factors = GridSearchCV(LatentImputer(FactorAnalysis()), {"estimator__n_components": [1, 4]})
    alone = GridSearchCV(FactorAnalysis(), {"n_components": [1, 4]}).fit(X)
    assert factors.fit(X).best_score_ == alone.best_score_


def test_weights_are_routed():
    weights = np.arange(60.0)
    with sklearn.config_context(enable_metadata_routing=True):
        imputer = LatentImputer(FactorAnalysis(1)).set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        piped = make_pipeline(imputer, scaler).fit(X, sample_weight=weights)
    alone = FactorAnalysis(1).fit(X, sample_weight=weights)
    np.testing.assert_allclose(piped[0].estimator_.components_, alone.components_)
    frame = pd.DataFrame(X)
    labelled = pd.Series(weights).iloc[::-1]
    again = LatentImputer(FactorAnalysis(1)).fit(frame, sample_weight=labelled)
    np.testing.assert_allclose(again.estimator_.components_, alone.components_)


def test_weights_go_by_the_labels_of_rows_in_training_and_scores(imputer):
    frame = pd.DataFrame(X, index=np.arange(len(X)) + 100)
    weights = pd.Series(np.linspace(0, 1, len(X)), index=frame.index)
    array = weights.to_numpy()
    expected = imputer.estimator_.score(X, sample_weight=array)
    assert imputer.score(frame, sample_weight=weights[::-1]) == expected
    again = LatentImputer(FactorAnalysis(1)).fit(frame, sample_weight=weights[::-1])
    assert again.score(X) == FactorAnalysis(1).fit(X, sample_weight=array).score(X)


def test_estimators_without_weights_refuse_them():
    class Plain(FactorAnalysis):
        def fit(self, X, y=None):
            return super().fit(X)

    with pytest.raises(ValueError, match="the estimator Plain takes none"):
        LatentImputer(Plain(1)).fit(X, sample_weight=np.ones(60))


def test_several_imputations_vary_as_the_model_says(imputer):
    tables = np.stack(imputer.multiple_imputations(X[:1], 2000, random_state=0))[:, 0]
    missing, model = np.isnan(X[0]), imputer.estimator_
    assert missing.sum() == 2  # of the row that the seed has made
    assert np.array_equal(tables[:, ~missing], np.tile(X[0, ~missing], (2000, 1)))
    covariance = model.get_covariance()
    inverse = np.linalg.inv(covariance[np.ix_(~missing, ~missing)])
    gain = covariance[np.ix_(missing, ~missing)] @ inverse
    expected = covariance[np.ix_(missing, missing)] - gain @ covariance[np.ix_(~missing, missing)]
    np.testing.assert_allclose(np.cov(tables[:, missing].T), expected, atol=0.15)
    np.testing.assert_allclose(
        tables[:, missing].mean(axis=0), imputer.transform(X[:1])[0, missing], atol=0.12
    )


def test_several_imputations_are_repeated_by_a_seed(imputer):
    first = imputer.multiple_imputations(X, 2, random_state=3)
    again = imputer.multiple_imputations(X, 2, random_state=3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    with pytest.raises(ValueError, match="n_imputations must be an integer"):
        imputer.multiple_imputations(X, 0)


@pytest.mark.parametrize(
    ("table", "visible"), [(X, "gaussian"), (gappy(np.eye(4)[[0, 1, 2, 3, 1]]), "bernoulli")]
)
def test_the_default_is_chosen_by_the_table(table, visible, monkeypatch):
    monkeypatch.setattr(HelmholtzMachine, "fit", lambda self, X: self)
    model = LatentImputer(random_state=3).fit(table).estimator_
    assert model.visible == visible
    assert model.autoregressive
    assert isinstance(model.random_state, int)


def test_rows_of_weight_zero_do_not_choose_the_default():
    bits = np.random.default_rng(0).integers(0, 2, (20, 2)).astype(float)
    table = np.vstack([bits, [[0.5, 7.0]]])
    imputer = LatentImputer(random_state=0).fit(table, sample_weight=np.arange(21) < 20)
    assert imputer.estimator_.visible_ == "bernoulli"


def test_seeds_leave_those_of_the_estimator():
    imputer = LatentImputer(FactorAnalysis(1, random_state=7), random_state=3).fit(X)
    assert imputer.estimator_.random_state == 7
    assert imputer.estimator.random_state == 7


def test_clones_and_pickles(imputer):
    assert not hasattr(clone(imputer), "estimator_")
    again = pickle.loads(pickle.dumps(imputer))
    assert np.array_equal(again.transform(X), imputer.transform(X))


def test_a_failed_fit_changes_nothing():
    imputer = LatentImputer(FactorAnalysis(1)).fit(X)
    before = fitted_state(imputer)
    with pytest.raises(ValueError, match="sample_weight"):
        imputer.fit(X[:, :3], sample_weight=-np.ones(60))
    assert fitted_state(imputer) == before


def test_what_is_not_fitted_says_so():
    imputer = LatentImputer()
    for call in (imputer.transform, imputer.score, imputer.multiple_imputations):
        with pytest.raises(NotFittedError):
            call(X)
