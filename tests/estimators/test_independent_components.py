"""Independent components: the shell, its answers, and what it refuses."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sklearn_helmholtz import FactorAnalysis, IndependentComponents
from tests.source_models import planted

QUICK = {"n_init": 1, "max_iter": 60, "tol": 1e-4, "shrinkage": 0.02}
LAPLACE = {"kind": "laplace", "scale": 1.0}


def fitted(X, *args, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return IndependentComponents(*args, **{**QUICK, **params}).fit(X)


@pytest.fixture(scope="module")
def rows():
    return planted(600)


@pytest.fixture(scope="module")
def model(rows):
    return fitted(rows[0])


def test_sources_are_found(rows, model):
    X, S = rows
    correlations = np.abs(np.corrcoef(model.transform(X).T, S.T)[:3, 3:])
    assert correlations.max(axis=0).min() > 0.98
    assert (np.diff(model.negentropy_) <= 0).all()
    assert (stats.skew(model.transform(X)) > 0).all()
    assert_allclose((model.transform(X) ** 2).mean(axis=0), 1)


def test_attributes_are_those_of_fast_ica(rows, model):
    X, _ = rows
    assert_allclose(model.transform(X), (X - model.mean_) @ model.components_.T)
    assert_allclose(model.mixing_, np.linalg.pinv(model.components_))
    assert_allclose(model.inverse_transform(model.transform(X)), X)
    white = (X - model.mean_) @ model.whitening_.T
    assert_allclose(white.T @ white / len(X), np.eye(3), atol=1e-9)
    unmixing = model.components_ @ np.linalg.pinv(model.whitening_)
    assert_allclose(unmixing @ model.whitening_, model.components_)
    assert model.n_components_ == 3
    assert model.noise_variance_ == 0
    assert len(model.objective_curve_) == model.n_iter_ + 1


@pytest.mark.parametrize("n_components", [3, 2])
def test_parameters_make_the_same_model(rows, n_components):
    X, _ = rows
    model = fitted(X, n_components)
    rest = None if n_components == 3 else model.noise_variance_
    again = IndependentComponents.from_parameters(
        model.components_, list(model.source_densities_), model.mean_, noise_variance=rest
    )
    assert_array_equal(again.score_samples(X), model.score_samples(X))
    assert_array_equal(again.sample(9, random_state=0), model.sample(9, random_state=0))
    assert again.n_parameters_ == model.n_parameters_


def test_density_is_that_of_the_published_sources(rows, model):
    X, _ = rows
    log_prob = np.full(len(X), np.log(abs(np.linalg.det(model.components_))))
    for s, density in zip(model.transform(X).T, model.source_densities_, strict=True):
        if density["kind"] == "mixture":
            scales = np.sqrt(density["variances"])
            parts = density["weights"] * stats.norm.pdf(s[:, None], density["means"], scales)
            log_prob += np.log(parts.sum(axis=1))
        else:
            log_prob += stats.t.logpdf(s, density["df"], density["loc"], density["scale"])
    assert_allclose(model.score_samples(X), log_prob, rtol=1e-9)
    assert_allclose(model.score(X), log_prob.mean())
    assert {density["kind"] for density in model.source_densities_} == {"mixture", "student"}


def test_linear_maps_of_the_data_change_nothing_but_the_volume(rows, model):
    X, _ = rows
    B = np.random.default_rng(3).normal(size=(3, 3)) * [1, 100, 0.01]
    other = fitted(X @ B, tol=1e-7, max_iter=300)
    same = fitted(X, tol=1e-7, max_iter=300)
    volume = np.log(abs(np.linalg.det(B)))
    assert_allclose(other.transform(X @ B), same.transform(X), atol=2e-3)
    assert_allclose(other.score_samples(X @ B), same.score_samples(X) - volume, atol=5e-3)


@pytest.mark.parametrize("n_components", [1, 3, None])
def test_full_shrinkage_is_probabilistic_pca(n_components):
    rng = np.random.default_rng(0)
    X = rng.standard_t(5, size=(200, 4)) @ rng.normal(size=(4, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fitted(X, n_components, shrinkage=1.0)
    expected = FactorAnalysis(n_components or 3, noise="isotropic").fit(X)
    assert_allclose(model.score(X), expected.score(X), atol=0.02)


def test_likelihood_chooses_the_number_of_sources():
    rng = np.random.default_rng(0)
    S = rng.laplace(size=(600, 2))
    X = S @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(600, 5))
    search = GridSearchCV(IndependentComponents(**QUICK), {"n_components": [1, 2, 4]}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X)
    assert search.best_params_ == {"n_components": 2}
    assert search.best_score_ > FactorAnalysis(2).fit(X[:300]).score(X[300:])


def test_criteria_count_means_unmixing_shapes_and_rest(rows):
    X, _ = rows
    models = [fitted(X, density="logistic"), fitted(X, 2, density="student")]
    assert [model.n_parameters_ for model in models] == [3 + 9, 3 + 6 + 1 + 2]
    assert fitted(X, density="mixture").n_parameters_ == 3 + 9 + 18
    model = models[1]
    assert_allclose(model.aic(X), -2 * model.score(X) * len(X) + 24)


def test_order_of_rows_does_not_matter(rows, model):
    X, _ = rows
    turned = fitted(X[::-1])
    assert_array_equal(turned.components_, model.components_)


def test_weights_are_rows(rows):
    X = rows[0][:200]
    weights = np.arange(200) % 3
    one = IndependentComponents(**QUICK).fit(X, sample_weight=weights)
    two = IndependentComponents(**QUICK).fit(np.repeat(X, weights, axis=0))
    assert_allclose(one.components_, two.components_, rtol=1e-8)
    assert_allclose(one.score(X, sample_weight=weights), two.score(np.repeat(X, weights, axis=0)))


def test_sources_are_certain(rows, model):
    X, _ = rows
    found = model.posterior(X[:5], n_samples=2, random_state=0)
    assert_allclose(found.mean[0], model.transform(X[:5]))
    assert_array_equal(found.covariance[0], 0)
    assert_array_equal(found.samples[0][:, 1], found.mean[0])
    result = model.log_likelihood(X)
    assert result.bound == "exact"
    assert_array_equal(result.kl_gap, 0)
    features = model.top_features(0, 3)
    assert_allclose(np.abs(features.weights), np.abs(model.mixing_[features.features, 0]))


def test_what_has_no_meaning_is_not_there(model):
    for name in ("impute", "log_joint", "predict_proba_missing"):
        assert not hasattr(model, name)
    with pytest.raises(AttributeError, match="no impute: its conditionals"):
        _ = model.impute
    with pytest.raises(ValueError, match="no closed form of some columns"):
        model.sample(given=[0.0, np.nan, np.nan])


def test_missing_values_are_refused_with_a_remedy(rows, model):
    X = rows[0][:50].copy()
    X[3, 1] = np.nan
    for method in (IndependentComponents().fit, model.score, model.transform):
        with pytest.raises(ValueError, match=r"contains NaN.*FactorAnalysis\(...\)\.impute"):
            method(X)


def test_too_many_components_are_refused_or_left_out(rows):
    X, _ = rows
    with pytest.raises(ValueError, match="at most the number of features, 3, got 4"):
        fitted(X, 4)
    wide = np.column_stack([X, X[:, 0] - X[:, 1], np.full(len(X), 5.0)])
    with pytest.warns(UserWarning, match=r"only 3 dimensions \(1 of 5 columns are constant"):
        model = fitted(wide)
    assert model.n_components_ == 3
    assert model.noise_variance_ > 0
    assert np.isfinite(model.score_samples(wide + 1)).all()
    assert_allclose(model.inverse_transform(model.transform(wide)), wide, atol=1e-8)
    with pytest.raises(ValueError, match="All columns of X are constant"):
        fitted(np.ones((9, 2)))


@pytest.mark.filterwarnings("default:. of 3 sources cannot be told:UserWarning")
def test_few_rows_and_normal_sources_are_told():
    rng = np.random.default_rng(0)
    with pytest.warns(UserWarning, match="12 rows are few for 3 sources"):
        fitted(rng.laplace(size=(12, 3)) ** 3)
    with pytest.warns(UserWarning, match="3 of 3 sources cannot be told from normal ones"):
        fitted(rng.normal(size=(1000, 3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        IndependentComponents().fit(rng.laplace(size=(1000, 3)))


def test_rounds_that_were_not_enough_are_told(rows):
    with pytest.warns(ConvergenceWarning, match="after 1 rounds. Raise max_iter=1"):
        IndependentComponents(max_iter=1).fit(rows[0])


def test_a_line_says_when_a_fit_is_done(rows, capsys):
    model = fitted(rows[0], verbose=1)
    assert f"Fitted in {model.n_iter_} rounds: objective " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"components": [[1.0, 2], [2, 4]]}, "of full rank"),
        ({"components": [[1.0], [2]]}, "no more rows than columns"),
        ({"source_densities": [LAPLACE]}, "an entry for each of 2 components, got 1"),
        ({"source_densities": LAPLACE}, "must be a list"),
        ({"source_densities": [LAPLACE, {"kind": "normal"}]}, "'kind' is one of"),
        ({"source_densities": [LAPLACE, {"kind": "laplace"}]}, "must have the entries"),
        ({"source_densities": [LAPLACE, {"kind": "laplace", "scale": -1}]}, "must be positive"),
        ({"noise_variance": 1.0}, "fewer sources than features"),
        ({"n_components": 1}, "make n_components=2, got 1"),
        ({"mean": [0.0]}, r"mean must have the shape \(2,\)"),
    ],
)
def test_parameters_that_make_no_model(changes, message):
    given = {"components": [[1.0, 0], [1, 1]], "source_densities": [LAPLACE] * 2, **changes}
    with pytest.raises(ValueError, match=message):
        IndependentComponents.from_parameters(**given)


def test_mixtures_need_weights_that_sum_to_one():
    density = {"kind": "mixture", "weights": [0.5, 0.4], "means": [0, 1], "variances": [1, 1]}
    with pytest.raises(ValueError, match=r"must sum to 1, got 0\.9"):
        IndependentComponents.from_parameters([[1.0]], [density])
    other = {"kind": "mixture", "weights": [1.0], "means": [0], "variances": [1]}
    with pytest.raises(ValueError, match=r"same number of normals, got \[1, 2\]"):
        IndependentComponents.from_parameters(
            np.eye(2), [{**density, "weights": [0.5, 0.5]}, other]
        )
