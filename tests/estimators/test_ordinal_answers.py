"""Answers of factor models of items: enumeration of all rows, integrals, and draws."""

import copy
import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare, kstest, multivariate_normal, norm

from sklearn_helmholtz import OrdinalFactorAnalysis, polychoric_correlation
from sklearn_helmholtz.estimators import published
from tests.estimators.test_whole_states import InjectedError, lines_of, raising_at
from tests.shells import fitted_state

COMPONENTS = [[0.8, 0.6, 0.1, 0.0], [0.0, 0.2, 0.7, 0.5]]
THRESHOLDS = [[0.3], [-0.5, 0.8], [-0.2], [-1.0, 0.1, 0.9]]
PHI = np.array([[1, 0.4], [0.4, 1]])
GAPS = [[1, np.nan, 0, 3], [np.nan, 2, np.nan, 0], [np.nan] * 4, [0, 0, 1, np.nan]]


@pytest.fixture(scope="module")
def model():
    return OrdinalFactorAnalysis.from_parameters(COMPONENTS, THRESHOLDS, factor_correlation=PHI)


@pytest.fixture(scope="module")
def rows():
    """Every row of levels."""
    return np.array(list(itertools.product(range(2), range(3), range(2), range(4))), float)


@pytest.fixture(scope="module")
def masses(rows):
    """Probabilities of the rows, by rectangles of the normal distribution of what is behind."""
    L = np.array(COMPONENTS).T
    R = L @ PHI @ L.T
    np.fill_diagonal(R, 1)
    cuts = [[-8, *own, 8] for own in THRESHOLDS]
    normal = multivariate_normal(np.zeros(4), R, abseps=1e-7, releps=1e-7, maxpts=30_000, seed=0)
    places = list(itertools.product(*(range(len(own)) for own in cuts)))
    below = {place: normal.cdf([cuts[j][c] for j, c in enumerate(place)]) for place in places}
    corners = list(itertools.product((0, 1), repeat=4))
    return np.array([
        sum((-1) ** (4 - sum(up)) * below[tuple(int(c) + u for c, u in zip(row, up, strict=True))]
            for up in corners)
        for row in rows
    ])  # fmt: skip


def fits(rows, row):
    """Rows that agree with one that has gaps."""
    return (np.isnan(row) | (rows == row)).all(axis=1)


def conditional(rows, masses, row, column):
    """Probabilities of the levels of a column given what is observed of a row."""
    row = np.where(np.arange(4) == column, np.nan, row)
    kept = np.where(fits(rows, row), masses, 0.0)
    found = np.bincount(rows[:, column].astype(int), kept)
    return found / found.sum()


def test_probabilities_are_those_of_rectangles(model, rows, masses):
    result = model.log_likelihood(rows, sample_weight=masses)
    assert_allclose(np.exp(result.per_sample), masses, atol=5e-6)
    assert_allclose(np.exp(result.per_sample).sum(), 1, atol=1e-12)
    assert_allclose(result.mean, (masses * np.log(masses)).sum(), atol=1e-4)
    assert_array_equal(result.log_probability, result.per_sample)
    assert_array_equal(result.per_sample, model.score_samples(rows))
    assert (result.bound, result.method, result.reliable) == ("exact", "exact", True)
    assert_allclose(model.kl_gap(rows), 0, atol=1e-12)
    bounds = model.log_likelihood_bounds(50, random_state=0)
    assert bounds.gap == 0


def test_probabilities_of_levels_are_those_of_enumeration(model, rows, masses):
    for column in range(4):
        expected = [conditional(rows, masses, np.array(row), column) for row in GAPS]
        found = model.predict_proba_missing(GAPS, column)
        assert_allclose(found, expected, atol=1e-4)
    with pytest.raises(ValueError, match="column must be one of a number below 4"):
        model.predict_proba_missing(GAPS, 4)


@pytest.mark.parametrize("strategy", ["mean", "mode", "median"])
def test_imputations_are_those_of_enumeration(model, rows, masses, strategy):
    found, expected = model.impute(GAPS, strategy), np.array(GAPS)
    for i, j in np.argwhere(np.isnan(expected)):
        levels = conditional(rows, masses, np.array(GAPS[i]), j)
        median = (np.cumsum(levels) < 0.5).sum()
        expected[i, j] = median if strategy == "median" else levels.argmax()
    assert_array_equal(found, expected)


def test_medians_are_no_modes():
    model = OrdinalFactorAnalysis.from_parameters([[0.5, 0.5]], [[0.0], [-0.2, 0.3]])
    row = [[np.nan, np.nan]]
    assert_array_equal(model.impute(row, "median"), [[0, 1]])
    assert_array_equal(model.predict_proba_missing(row, 1).argmax(), 0)


def counts_of(rows, drawn):
    return (drawn[:, None] == rows).all(axis=2).sum(axis=0)


def test_draws_are_as_frequent_as_probable(model, rows, masses):
    drawn = model.sample(20_000, random_state=0)
    assert chisquare(counts_of(rows, drawn), 20_000 * masses / masses.sum()).pvalue > 1e-3
    bounds = model.log_likelihood(drawn)
    assert abs(bounds.mean - (masses * np.log(masses)).sum()) < 4 * bounds.standard_error


@pytest.mark.parametrize("way", ["sample", "impute"])
@pytest.mark.parametrize("row", GAPS)
def test_draws_given_some_items_are_as_frequent_as_probable(model, rows, masses, row, way):
    if way == "sample":
        drawn = model.sample(8000, given=row, random_state=0)
    else:
        drawn = model.impute(np.tile(row, (8000, 1)), "sample", random_state=1)
    kept = fits(rows, np.array(row))
    counts = counts_of(rows[kept], drawn)
    assert counts.sum() == 8000
    expected = masses[kept] / masses[kept].sum()
    assert kept.sum() == 1 or chisquare(counts, 8000 * expected).pvalue > 1e-3


def test_several_imputations_are_drawn_together(model):
    found = model.impute(GAPS, "sample", n_imputations=3, random_state=0)
    assert found.shape == (3, 4, 4)
    seen = ~np.isnan(GAPS)
    assert all(np.array_equal(table[seen], np.array(GAPS)[seen]) for table in found)
    assert (found[0] != found[1]).any()
    again = model.impute(GAPS, "sample", n_imputations=3, random_state=0)
    assert_array_equal(found, again)


# Factors


def test_factors_are_drawn_from_their_posterior():
    """One factor, whose distribution function is a sum over a fine grid."""
    model = OrdinalFactorAnalysis.from_parameters([[0.9, 0.7, -0.6]], [[0.5], [-0.2], [-0.5, 0.5]])
    row, z = np.array([1, np.nan, 2]), np.linspace(-7, 7, 20_001)
    density = norm.pdf(z) * norm.cdf((0.9 * z - 0.5) / np.sqrt(1 - 0.81))
    density *= norm.cdf((-0.6 * z - 0.5) / 0.8)
    below = np.cumsum(density) / density.sum()
    draws = model.posterior([row], n_samples=4000, random_state=0).samples[0].ravel()
    assert len(np.unique(draws)) == 4000
    assert kstest(draws, lambda x: np.interp(x, z, below)).pvalue > 1e-3
    X, (factors,) = model.sample(4000, given=row, random_state=1, return_latents=True)
    assert kstest(factors.ravel(), lambda x: np.interp(x, z, below)).pvalue > 1e-3
    assert_array_equal(X[:, [0, 2]], np.tile([1, 2], (4000, 1)))


def test_draws_of_two_factors_have_the_moments_of_the_posterior(model):
    found = model.posterior(GAPS, n_samples=5000, random_state=0)
    for mean, covariance, draws in zip(
        found.mean[0], found.covariance[0], found.samples[0], strict=True
    ):
        assert_allclose(draws.mean(axis=0), mean, atol=0.05)
        assert_allclose(np.cov(draws.T), covariance, atol=0.06)
    _, (factors,) = model.sample(20_000, random_state=0, return_latents=True)
    assert_allclose(np.cov(factors.T), PHI, atol=0.03)


def test_the_joint_density_sums_to_the_probability(model):
    line = np.linspace(-7, 7, 57)
    H = np.array(list(itertools.product(line, line)))
    for row in GAPS[:2]:
        logs = model.log_joint(np.tile(row, (len(H), 1)), H)
        total = np.exp(logs).sum() * (line[1] - line[0]) ** 2
        assert_allclose(np.log(total), model.score_samples([row])[0], atol=1e-8)


def test_top_features_are_by_loadings(model):
    found = model.top_features(1, 2)
    assert_array_equal(found.features, [2, 3])
    assert_allclose(found.weights, [0.7, 0.5])


# Criteria


def test_criteria_count_thresholds_and_loadings(model):
    X = model.sample(200, random_state=0)
    fitted = OrdinalFactorAnalysis(estimation="likelihood").fit(X)
    assert fitted.n_parameters_ == 7 + 4
    total = 200 * fitted.score(X)
    assert_allclose(fitted.aic(X), -2 * total + 2 * 11)
    assert_allclose(fitted.bic(X), -2 * total + np.log(200) * 11)
    weights = np.arange(200) % 3
    assert_allclose(fitted.bic(X, sample_weight=weights), fitted.bic(np.repeat(X, weights, axis=0)))
    quick = OrdinalFactorAnalysis().fit(X)
    for name in "aic", "bic":
        with pytest.raises(ValueError, match=f"{name} needs parameters of the highest likelihood"):
            getattr(quick, name)(X)


@pytest.mark.parametrize(
    ("n_items", "n_factors", "n_free"), [(2, 1, 3), (3, 1, 6), (4, 2, 10), (5, 2, 14)]
)
def test_no_model_has_more_parameters_than_thresholds_and_correlations(n_items, n_factors, n_free):
    given = np.full((n_factors, n_items), 0.3), [[0.0]] * n_items
    assert OrdinalFactorAnalysis.from_parameters(*given).n_parameters_ == n_free


# Tables, and what is refused


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning", "ignore:Items are so steep")
def test_tables_come_back_as_they_came():
    kind = pd.CategoricalDtype(["no", "maybe", "yes"], ordered=True)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 60), "b": rng.integers(1, 4, 60)})
    frame["c"] = pd.Categorical.from_codes(rng.integers(0, 3, 60), dtype=kind)
    gaps = frame.copy()
    gaps.loc[::5, "c"] = np.nan
    model = OrdinalFactorAnalysis().fit(gaps)
    assert model.sample(3, random_state=0).dtypes.equals(frame.dtypes)
    filled = model.impute(gaps)
    assert filled.dtypes["c"] == kind
    assert not filled.isna().any(axis=None)
    kept = model.sample(5, given={"c": "yes", "b": 3}, random_state=0)
    assert (kept["c"] == "yes").all()
    assert (kept["b"] == 3).all()
    assert model.predict_proba_missing(gaps, "c").shape == (60, 3)


def test_four_factors_are_drawn_from_and_no_more():
    model = OrdinalFactorAnalysis.from_parameters(0.5 * np.eye(4), [[0.0]] * 4)
    X = model.sample(10, random_state=0)
    assert X.shape == (10, 4)
    for ask in (
        model.score_samples, model.impute, model.posterior, model.log_likelihood, model.transform,
        lambda X: model.sample(given=X[0]), lambda X: model.predict_proba_missing(X, 0),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="at most 3 of them, but the model has 4"):
            ask(X)


def test_there_are_no_expected_levels(model):
    with pytest.raises(AttributeError) as caught:
        _ = model.inverse_transform
    assert "a mean of levels is nothing" in str(caught.value.__cause__)


def test_impossible_levels_tell_nothing(rows):
    """A level of the type that nobody has in training."""
    frame = pd.DataFrame(rows[:, [1, 2]], columns=list("ab"))
    kind = pd.CategoricalDtype([0, 1, 2, 3], ordered=True)
    frame["a"] = frame["a"].astype(kind)
    frame["b"] = (frame["b"] + (frame.index % 5 == 0)) % 2
    model = OrdinalFactorAnalysis().fit(frame)
    asked = pd.DataFrame({"a": pd.Categorical([3], dtype=kind), "b": [np.nan]})
    without = asked.assign(a=pd.Categorical([None], dtype=kind))
    assert model.score_samples(asked) < -600
    assert_allclose(model.transform(asked), model.transform(without), atol=1e-12)
    assert np.isfinite(model.posterior(asked, random_state=0).samples[0]).all()


@pytest.mark.parametrize(("components", "thresholds", "match"), [
    ([0.5, 0.5], [[0], [0]], "two dimensions"),
    ([[0.5, 1.1]], [[0], [0]], r"explain 1\.21 of item 1"),
    ([[0.5, 0.5]], [[0]], "each of the 2 items, got 1"),
    ([[0.5, 0.5]], [[0], [1, 1]], r"thresholds\[1\] must hold from 1 to 29 numbers that rise"),
    ([[0.5, 0.5]], [[0], []], r"thresholds\[1\]"),
    ([[0.5, np.nan]], [[0], [0]], "components must be finite"),
    ([[0.5, 0.5]], 3, "list of arrays"),
])  # fmt: skip
def test_given_parameters_are_checked(components, thresholds, match):
    with pytest.raises(ValueError, match=match):
        OrdinalFactorAnalysis.from_parameters(components, thresholds)


# Weights


def test_rows_without_weight_do_not_count():
    """Levels that only they have are not known."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(60, 1)) + rng.normal(size=(60, 4))
    X = np.column_stack([y[:, :3] > [0, 0.5, 1.0], np.digitize(y[:, 3], [-0.5, 0.5])]).astype(int)
    more, weights = np.vstack([X, [[0, 0, 0, 7]]]), np.append(rng.integers(1, 4, 60), 0)
    for params in {}, {"estimation": "likelihood"}:
        weighted = OrdinalFactorAnalysis(**params).fit(more, sample_weight=weights)
        repeated = OrdinalFactorAnalysis(**params).fit(np.repeat(X, weights[:-1], axis=0))
        assert_array_equal(weighted.levels_[3], [0, 1, 2])
        assert_allclose(weighted.correlation_, repeated.correlation_, atol=1e-12)
        assert_allclose(weighted.loadings_, repeated.loadings_, atol=1e-6)
    errors = weighted.standard_errors(more, weights).loadings
    assert_allclose(errors, repeated.standard_errors(np.repeat(X, weights[:-1], axis=0)).loadings,
                    rtol=1e-4)  # fmt: skip


def test_empty_cells_are_corrected_as_those_of_so_many_rows():
    X, weights = np.array([[0, 0], [0, 1], [1, 0]]), [20, 6, 5]
    weighted = polychoric_correlation(X, sample_weight=weights).correlation
    repeated = polychoric_correlation(np.repeat(X, weights, axis=0)).correlation
    assert_allclose(weighted, repeated, atol=1e-12)
    other = polychoric_correlation(X, sample_weight=weights, correction=0.1).correlation
    assert abs(other - weighted).max() > 0.1


def test_pickles_of_other_versions_are_told_of(model, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(published, "__version__", "0.0.7")
        text = pickle.dumps(model)
    with pytest.warns(UserWarning, match=r"This OrdinalFactorAnalysis was saved by .* 0\.0\.7"):
        again = pickle.loads(text)
    assert_array_equal(again.score_samples(GAPS), model.score_samples(GAPS))
    with pytest.raises(AttributeError, match="loadings_ of OrdinalFactorAnalysis cannot be set"):
        again.loadings_ = model.loadings_
    with pytest.raises(ValueError, match="read-only"):
        again.loadings_[0] = 0


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_error_at_any_line_of_a_fit_leaves_what_was_there(model):
    X = model.sample(40, random_state=0)
    old = OrdinalFactorAnalysis(estimation="likelihood", max_iter=2).fit(X)
    before, places = fitted_state(old), lines_of(lambda: copy.deepcopy(old).fit(X[:, :3]))
    assert len(places) > 100
    for place in places[::23]:
        again, raised = copy.deepcopy(old), False
        with raising_at(place, InjectedError):
            try:
                again.fit(X[:, :3])
            except InjectedError:
                raised = True
        is_new = again.n_features_in_ == 3
        assert is_new or (raised and fitted_state(again) == before), place
        assert np.isfinite(again.score_samples(X[:, : 3 if is_new else 4])).all()
