"""Factor analysis as an estimator: beside scikit-learn, on hard data, and its contract."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn import decomposition
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sklearn_helmholtz import FactorAnalysis, compare_log_likelihood
from sklearn_helmholtz.estimators import published
from sklearn_helmholtz.factors import LinearGaussian, profile, rotations
from tests import harman74
from tests.factor_models import make_machine, make_rows, rows_with_moments
from tests.factors.test_rotations import R_PROMAX, R_UNIQUENESSES, R_VARIMAX, assert_published

HEYWOOD = pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")


def with_gaps(X, share=0.1, seed=0):
    X = np.array(X, float)
    X[np.random.default_rng(seed).random(X.shape) < share] = np.nan
    return X


def correlation_of(C):
    scale = np.sqrt(np.diag(C))
    return C / np.outer(scale, scale)


def pca_by_maximum_likelihood(X, n_components):
    """scikit-learn's, whose covariances have n - 1 as the divisor, with n."""
    pca, n = decomposition.PCA(n_components).fit(X), len(X)
    pca.explained_variance_ *= (n - 1) / n
    pca.noise_variance_ *= (n - 1) / n
    return pca


# Beside scikit-learn


def data_sets():
    digits = load_digits().data
    yield "iris", load_iris().data, 2
    yield "wine", load_wine().data, 2
    yield "breast cancer", load_breast_cancer().data, 2
    yield "digits", digits[:, digits.var(axis=0) > 0], 2
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n, p, k = int(rng.integers(30, 300)), int(rng.integers(4, 25)), int(rng.integers(1, 4))
        x = rng.normal(size=(n, k)) @ rng.normal(size=(k, p))
        x = (x + rng.normal(size=(n, p)) * rng.uniform(0.1, 2, p)) * 3 + 5
        yield f"random {seed}", x, k


def few_rows(X):
    """Twice as many rows as columns, with the mean and the covariance of X.

    No more than those makes the likelihood of a factor model, and scikit-learn decomposes all rows
    thousands of times.
    """
    mean, n_columns = X.mean(axis=0), X.shape[1]
    triangle = np.linalg.qr(X - mean, mode="r") * np.sqrt(n_columns / len(X))
    return np.vstack([mean + triangle, mean - triangle])


@HEYWOOD
def test_no_likelihood_is_below_that_of_scikit_learn():
    compared = []
    for name, X, k in data_sets():
        rows = few_rows(X) if len(X) > 2 * X.shape[1] else X
        tol = 1e-8 * len(rows) / len(X)  # it is of the sum over rows
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            theirs = decomposition.FactorAnalysis(
                k, tol=tol, max_iter=1000 if name == "digits" else 3000, svd_method="lapack"
            ).fit(rows)
        ours = FactorAnalysis(k).fit(X)
        difference = ours.score(X) - theirs.score(X)
        assert difference >= -1e-8, name
        if difference < 1e-9:
            C = theirs.get_covariance()
            assert_allclose(ours.get_covariance(), C, atol=1e-4 * abs(C).max(), err_msg=name)
            compared.append(name)
    assert len(compared) >= 15


@pytest.mark.parametrize(
    ("load", "n_components", "tolerance"),
    [(load_iris, 2, 1e-8), (load_wine, 2, 1e-8), (load_breast_cancer, 20, 1e-4)],
)
def test_the_isotropic_likelihood_is_that_of_pca(load, n_components, tolerance):
    X = load().data
    n, d = X.shape
    ours = FactorAnalysis(n_components, noise="isotropic").fit(X)
    pca = decomposition.PCA(n_components).fit(X)
    assert pca.score(X) <= ours.score(X) + tolerance
    assert ours.score(X) <= pca.score(X) + d / (2 * n**2) + tolerance
    pca = pca_by_maximum_likelihood(X, n_components)
    assert ours.score(X) == pytest.approx(pca.score(X), abs=tolerance)
    C = pca.get_covariance()
    assert_allclose(ours.get_covariance(), C, atol=1e-10 * C.max())
    assert ours.noise_variance_ == pytest.approx(pca.noise_variance_, rel=1e-4)
    assert not ours.heywood_.any()


@pytest.mark.parametrize("scale", [1e-25, 1, 1e25])
def test_many_features_without_structure_have_the_likelihood_of_pca(scale):
    X = np.random.default_rng(0).normal(size=(300, 200))
    pca = pca_by_maximum_likelihood(X, 10)
    ours = FactorAnalysis(10, noise="isotropic").fit(X * scale)
    shift = 200 * np.log(scale)
    assert ours.score(X * scale) + shift == pytest.approx(pca.score(X), abs=1e-8)
    C = pca.get_covariance()
    assert_allclose(ours.get_covariance() / scale**2, C, rtol=1e-7, atol=1e-9)
    other = FactorAnalysis(10, noise="isotropic", random_state=1).fit(X * scale)
    assert_array_equal(other.components_, ours.components_)


def test_isotropic_noise_of_all_factors_makes_the_normal_distribution():
    X = load_iris().data
    model = FactorAnalysis(noise="isotropic").fit(X)
    assert_allclose(model.get_covariance(), np.cov(X.T, bias=True), rtol=1e-9)
    assert not model.heywood_.any()


def test_what_scikit_learns_own_tests_ask_for_holds():
    """The behaviours that both classes share, on data as its tests make them."""
    rng = np.random.RandomState(0)
    W, h = rng.randn(3, 5), rng.randn(20, 3)
    X = h @ W + rng.gamma(1, size=5) * rng.randn(20, 5)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Heywood case")
        model = FactorAnalysis(3).fit(X)
        assert model.transform(X).shape == (20, 3)
        assert model.loglike_[-1] == pytest.approx(model.score_samples(X).sum())
        assert (np.diff(model.loglike_) > 0).all()
        difference = abs(np.cov(X.T, bias=True) - model.get_covariance()).sum()
        assert difference / W.size < 0.2
        for n in (0, 2, 5):
            model = FactorAnalysis(n).fit(X)
            product = model.get_covariance() @ model.get_precision()
            assert_allclose(product, np.eye(5), atol=1.5e-12)
        turned = [FactorAnalysis(2, rotation=r).fit(X) for r in (None, "varimax", "quartimax")]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        a, b = turned[first], turned[second]
        assert not np.allclose(a.transform(X), b.transform(X))
        assert_allclose(a.get_covariance(), b.get_covariance())


# Harman's tests


def test_harmans_tests_have_the_published_varimax_loadings():
    X = rows_with_moments(harman74.correlations(), harman74.N_PUPILS)
    model = FactorAnalysis(4, rotation="varimax").fit(X)
    assert_published(model.noise_variance_, R_UNIQUENESSES)
    assert_published(model.loadings_, R_VARIMAX)


def test_harmans_tests_have_the_published_promax_loadings():
    X = rows_with_moments(harman74.correlations(), harman74.N_PUPILS)
    model = FactorAnalysis(5, rotation="promax").fit(X)
    assert_published(model.loadings_, R_PROMAX, atol=4e-3)
    assert_allclose(model.get_covariance(), FactorAnalysis(5).fit(X).get_covariance(), rtol=1e-9)


# Hard data


@pytest.mark.parametrize("gap", [False, True])
def test_features_that_were_constant_cost_a_finite_price(gap):
    X = load_digits().data
    train = X[:100].copy()
    constant = train.var(axis=0) == 0
    if gap:
        train[0, 30] = np.nan
    model = FactorAnalysis(5).fit(train)
    assert model.score(X[100:]) > -1000
    assert_allclose(model.noise_variance_[constant], train[:, ~constant][1:].var(0).mean() / 101,
                    rtol=0.05)  # fmt: skip
    assert (model.components_[:, constant] == 0).all()
    assert not model.heywood_[constant].any()


def test_as_many_factors_as_features_score_held_out_rows():
    X = load_digits().data
    assert FactorAnalysis().fit(X[:100]).score(X[100:]) > -1000


@HEYWOOD
@pytest.mark.parametrize("shape", [(100, 5), (7001, 5), (20, 30)])
@pytest.mark.parametrize("gap", [False, True])
def test_constants_are_recognised_though_their_mean_is_rounded(shape, gap):
    X = np.random.default_rng(0).normal(size=shape)
    X[:, 1], X[:, 2] = 0.1, 1e15 / 3
    if gap:
        X[0, 3] = np.nan
    held_out = np.nan_to_num(X)
    held_out[:, 1:3] += 0.25
    model = FactorAnalysis(1).fit(X)
    assert model.score(held_out) > -1e4
    assert_array_equal(model.mean_[1:3], [0.1, 1e15 / 3])
    assert not model.heywood_[1:3].any()


def test_nothing_but_constants_is_a_model_too():
    X = np.full((10, 3), 0.1)
    for noise in ("diagonal", "isotropic"):
        for data in (X, np.where(np.eye(10, 3), np.nan, X)):
            model = FactorAnalysis(2, noise=noise).fit(data)
            assert_allclose(model.noise_variance_, 1)
            assert_array_equal(model.components_, np.zeros((2, 3)))
            value = model.score_samples(data).sum()
            assert model.loglike_ == [pytest.approx(value)]


def test_constants_have_the_noise_that_all_features_share():
    X = load_iris().data
    X = np.concatenate([X, np.full((150, 2), 3.0)], axis=1)
    model = FactorAnalysis(1, noise="isotropic").fit(X)
    pca = pca_by_maximum_likelihood(X, 1)
    assert model.noise_variance_ == pytest.approx(pca.noise_variance_)
    assert model.score(X) == pytest.approx(pca.score(X))


def test_duplicated_features_are_heywood_cases():
    X = load_wine().data
    X = np.concatenate([X, X[:, :1]], axis=1)
    with pytest.warns(
        UserWarning, match=r"Heywood case.*2 feature\(s\).*columns 0, 13\)"
    ) as record:
        model = FactorAnalysis(2).fit(X)
    assert record[0].filename == __file__
    assert_array_equal(np.flatnonzero(model.heywood_), [0, 13])
    assert np.isfinite(model.score_samples(X)).all()


def test_isotropic_noise_that_vanishes_is_reported():
    X = np.random.default_rng(0).normal(size=(5, 10))
    X[:, 3] = 1
    with pytest.warns(UserWarning, match="Heywood case"):
        model = FactorAnalysis(4, noise="isotropic").fit(X)
    assert_array_equal(model.heywood_, np.arange(10) != 3)
    assert np.isfinite(model.score(X))


@HEYWOOD
@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
@pytest.mark.parametrize(("shape", "n"), [((3, 10), 3), ((50, 60), None)])
def test_factors_beyond_the_rank_have_no_loadings(shape, n, noise):
    X = np.random.default_rng(0).normal(size=shape)
    model = FactorAnalysis(n, noise=noise).fit(X)
    n = shape[1] if n is None else n
    assert model.components_.shape == (n, shape[1])
    assert (model.components_[shape[0] - 1 :] == 0).all()
    assert model.transform(X).shape == (shape[0], n)
    assert len(model.get_feature_names_out()) == n


@HEYWOOD
@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
@pytest.mark.parametrize("gaps", [False, True])
def test_no_factor_at_all_is_a_model(noise, gaps):
    X = load_wine().data
    X = with_gaps(X) if gaps else X
    model = FactorAnalysis(0, noise=noise).fit(X)
    mean = np.nanmean(X, axis=0)
    variance = np.nanvar(X, axis=0)
    if noise == "isotropic":
        seen = (~np.isnan(X)).sum(axis=0)
        variance = np.full(13, seen @ variance / seen.sum())
    expected = np.nansum(stats.norm(mean, np.sqrt(variance)).logpdf(X), axis=1)
    assert_allclose(model.score_samples(X), expected, rtol=1e-6)
    Z = model.transform(X)
    assert Z.shape == (178, 0)
    assert_allclose(model.inverse_transform(Z), np.tile(mean, (178, 1)), rtol=1e-6)
    assert model.sample(3, random_state=0).shape == (3, 13)
    assert model.posterior(X[:2]).covariance[0].shape == (2, 0, 0)


@pytest.mark.parametrize("gap", [False, True])
def test_far_from_zero_and_in_other_units_the_model_is_the_same(gap):
    X = make_rows(make_machine(2, 6), 200, missing=0.1 if gap else 0.0)
    model, scale = FactorAnalysis(2).fit(X), np.array([1e3, 1e-3, 1, 1e6, 10, 1])
    other = FactorAnalysis(2).fit(X * scale + 1e6 * scale)
    C = model.get_covariance() * np.outer(scale, scale)
    assert_allclose(correlation_of(other.get_covariance()), correlation_of(C), atol=1e-5)
    assert_allclose(other.noise_variance_, model.noise_variance_ * scale**2, rtol=1e-4)


def test_shared_noise_stays_shared_and_keeps_proportions_with_gaps():
    X = make_rows(make_machine(2, 6), 300) * [1, 2, 3, 4, 5, 6]
    whole = FactorAnalysis(2, noise="isotropic").fit(X)
    X = np.concatenate([X, [[np.nan] * 6]])
    model = FactorAnalysis(2, noise="isotropic").fit(X)
    assert isinstance(model.noise_variance_, float)
    assert model.noise_variance_ == pytest.approx(whole.noise_variance_, rel=1e-5)
    assert_allclose(model.get_covariance(), whole.get_covariance(), rtol=1e-3, atol=1e-3)
    assert_allclose(abs(model.components_), abs(whole.components_), atol=1e-3)


@pytest.mark.parametrize("size", [1e160, 1e-160, 1e-180])
@pytest.mark.parametrize("how", ["moments", "few rows", "gaps"])
def test_columns_whose_squares_are_no_numbers_are_refused_by_name(size, how):
    X = np.random.default_rng(0).normal(size=(10, 20) if how == "few rows" else (30, 4))
    X[:, 2] *= size
    if how == "gaps":
        X[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"Column 2 of X has a magnitude outside \[1e-100, 1e"):
        FactorAnalysis(1).fit(X)
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])
    with pytest.raises(ValueError, match=r"Column 2 \('c2'\) of X has a magnitude"):
        FactorAnalysis(1).fit(frame)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
@pytest.mark.parametrize("scale", [1e-90, 1e90])
def test_large_and_small_units_change_nothing(scale, noise, gaps):
    X = load_wine().data
    X = with_gaps(X) if gaps else X
    model = FactorAnalysis(2, noise=noise).fit(X)
    other = FactorAnalysis(2, noise=noise).fit(X * scale)
    shift = (~np.isnan(X)).sum(axis=1).mean() * np.log(scale)
    assert other.score(X * scale) + shift == pytest.approx(model.score(X), abs=1e-7)


# Weights and pieces


@HEYWOOD
@pytest.mark.parametrize("settings", [{}, {"noise": "isotropic"}, {"rotation": "varimax"}])
@pytest.mark.parametrize("gaps", [False, True])
def test_weights_count_as_repetitions(settings, gaps):
    X, w = load_iris().data.copy(), np.random.default_rng(0).integers(0, 4, 150)
    if gaps:
        X[::3, 1] = X[::7, 2] = np.nan
    weighted = FactorAnalysis(1, **settings).fit(X, sample_weight=w)
    repeated = FactorAnalysis(1, **settings).fit(np.repeat(X, w, axis=0))
    C, tolerance = repeated.get_covariance(), 1e-4 if gaps else 1e-9
    assert_allclose(weighted.get_covariance(), C, atol=tolerance * C.max())
    assert_allclose(weighted.mean_, repeated.mean_, rtol=tolerance)
    assert weighted.loglike_[-1] == pytest.approx(repeated.loglike_[-1], rel=1e-7)


@HEYWOOD
def test_rows_without_weight_are_as_if_they_were_not_there():
    X = load_iris().data
    expected = FactorAnalysis(1).fit(X[1:])
    w = np.ones(150)
    w[0] = 0
    for value in (1e10, 1e120, np.nan):
        other = X.copy()
        other[0] = value
        model = FactorAnalysis(1).fit(other, sample_weight=w)
        assert_allclose(model.get_covariance(), expected.get_covariance(), rtol=1e-9)


@HEYWOOD
def test_pieces_make_the_model_of_the_whole():
    X = load_wine().data
    w = np.random.default_rng(0).uniform(0.5, 2, 178)
    for weights in (None, w):
        whole, pieces = FactorAnalysis(3).fit(X, sample_weight=weights), FactorAnalysis(3)
        for start in range(0, 178, 30):
            place = slice(start, start + 30)
            pieces.partial_fit(X[place], sample_weight=None if weights is None else w[place])
        assert_allclose(pieces.get_covariance(), whole.get_covariance(), rtol=1e-8, atol=1e-8)
        assert pieces.loglike_[-1] == pytest.approx(whole.loglike_[-1])


@HEYWOOD
def test_pieces_go_on_after_a_fit_of_enough_whole_rows_only():
    X = load_wine().data
    model = FactorAnalysis(2).fit(X[:100]).partial_fit(X[100:])
    expected = FactorAnalysis(2).fit(X)
    assert_allclose(model.get_covariance(), expected.get_covariance(), rtol=1e-8, atol=1e-8)
    given = FactorAnalysis.from_parameters(model.components_, model.noise_variance_)
    for other in (FactorAnalysis(2).fit(with_gaps(X)), FactorAnalysis(2).fit(X[:10]), given):
        with pytest.raises(ValueError, match="partial_fit cannot go on from a fit to missing"):
            other.partial_fit(X)


def test_pieces_that_are_refused_are_not_counted():
    X = load_wine().data
    model = FactorAnalysis(2).partial_fit(X)
    before = model.get_covariance()
    with pytest.raises(ValueError, match="magnitude"):
        model.partial_fit(X * 1e160)
    model.partial_fit(X)
    assert_allclose(model.get_covariance(), before, rtol=1e-7)
    assert model.loglike_[-1] == pytest.approx(2 * 178 * model.score(X))


def test_pieces_warn_of_heywood_cases_once():
    X = load_wine().data
    X = np.concatenate([X, X[:, :1]], axis=1)
    with pytest.warns(UserWarning, match="Heywood case"):
        model = FactorAnalysis(2).partial_fit(X[:150])
    model.partial_fit(X[150:])
    assert model.heywood_.sum() == 2


@HEYWOOD
def test_pieces_end_at_the_maximum_of_the_whole_where_there_are_several():
    differing = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 8)) + rng.normal(size=(40, 8))
        X[20:] = X[20:, ::-1]  # of the first half the best model is another one
        first, whole = (FactorAnalysis(3).fit(rows) for rows in (X[:20], X))
        pieces = FactorAnalysis(3).partial_fit(X[:20]).partial_fit(X[20:])
        assert pieces.score(X) == pytest.approx(whole.score(X), abs=1e-6)
        differing += abs(first.score(X) - whole.score(X)) > 1e-3
    assert differing > 30


# Gaps


def test_planted_loadings_are_found_though_a_third_is_missing():
    machine = make_machine(3, 20, 4)
    X = make_rows(machine, 5000, missing=0.3)
    model = FactorAnalysis(3).fit(X)
    C = machine.covariance()
    scale = np.sqrt(np.diag(C))
    assert_allclose(correlation_of(model.get_covariance()), correlation_of(C), atol=0.08)
    left, _, right = np.linalg.svd(model.components_ @ machine.loadings.T)
    turned = (left @ right).T @ model.components_
    assert_allclose(turned / scale, machine.loadings / scale, atol=0.06)
    assert_allclose(model.noise_variance_, machine.noise, rtol=0.25)
    assert model.score(X) > float(machine.log_prob(X).mean())


@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
def test_factors_from_rows_with_gaps_are_in_order_too(noise):
    X = make_rows(make_machine(3, 8, 4), 400, missing=0.2)
    model = FactorAnalysis(3, noise=noise).fit(X)
    information = (model.components_ / model.noise_variance_) @ model.components_.T
    assert_allclose(information, np.diag(np.diag(information)), atol=1e-8 * information.max())
    assert (np.diff(np.diag(information)) < 0).all()
    assert (model.components_.sum(axis=1) >= 0).all()


def test_a_gap_changes_little():
    X = load_wine().data
    model = FactorAnalysis(2).fit(X)
    X[0, 3] = np.nan
    other = FactorAnalysis(2).fit(X)
    assert_allclose(correlation_of(other.get_covariance()),
                    correlation_of(model.get_covariance()), atol=0.02)  # fmt: skip
    assert other.score(X[1:]) == pytest.approx(model.score(X[1:]), abs=1e-3)


# Rotations


@pytest.mark.parametrize("rotation", [None, "varimax", "promax", "oblimin", "geomin"])
@pytest.mark.parametrize("scores", ["regression", "bartlett"])
def test_factors_that_are_turned_make_the_same_data(rotation, scores):
    X = load_wine().data
    plain = FactorAnalysis(3, scores=scores).fit(X)
    model = FactorAnalysis(3, rotation=rotation, scores=scores).fit(X)
    assert_allclose(model.get_covariance(), plain.get_covariance(), rtol=1e-9)
    assert_allclose(
        model.inverse_transform(model.transform(X)), plain.inverse_transform(plain.transform(X)),
        rtol=1e-7,
    )  # fmt: skip
    explained = model.components_.T @ model.factor_correlation_ @ model.components_
    assert_allclose(explained + np.diag(model.noise_variance_), plain.get_covariance(), rtol=1e-7)
    assert_allclose(np.diag(model.factor_correlation_), 1)


def test_latents_have_the_correlations_of_the_factors():
    model = FactorAnalysis(3, rotation="promax").fit(load_wine().data)
    X, (Z,) = model.sample(100_000, random_state=0, return_latents=True)
    assert_allclose(np.corrcoef(Z.T), model.factor_correlation_, atol=0.02)
    residual = X - model.inverse_transform(Z)
    assert_allclose(residual.var(axis=0), model.noise_variance_, rtol=0.03)


def test_posteriors_are_published_in_the_rotated_factors():
    X = load_wine().data[:4].copy()
    model = FactorAnalysis(3, rotation="oblimin").fit(load_wine().data)
    X[0, 3] = np.nan
    found = model.posterior(X, n_samples=20_000, random_state=0)
    (mean,), (covariance,), (samples,) = found.mean, found.covariance, found.samples
    assert covariance.shape == (4, 3, 3)
    assert_allclose(mean, model.transform(X))
    P, phi = model.loadings_, model.factor_correlation_
    for row, seen in ((0, np.arange(13) != 3), (1, np.ones(13, bool))):
        information = (P[seen].T / model.noise_variance_[seen]) @ P[seen]
        expected = np.linalg.inv(np.linalg.inv(phi) + information)
        assert_allclose(covariance[row], expected, rtol=1e-6)
        assert_allclose(np.cov(samples[row].T), expected, atol=0.05 * expected.max())
        assert_allclose(samples[row].mean(axis=0), mean[row], atol=0.05)
    assert found.method == "exact"
    assert np.isinf(found.effective_sample_size).all()
    with pytest.raises(ValueError, match="method must be one of"):
        model.posterior(X, method="gibbs")


def test_rotations_that_do_not_converge_are_reported(monkeypatch):
    X = load_wine().data
    with monkeypatch.context() as patch:
        patch.setattr(rotations, "_MOST_STEPS", 1)
        with pytest.warns(
            ConvergenceWarning, match="rotation 'oblimin' did not converge"
        ) as record:
            FactorAnalysis(3, rotation="oblimin").fit(X)
    assert record[0].filename == __file__
    monkeypatch.setattr(rotations, "_towards_powers", lambda loadings, power: None)
    with pytest.warns(ConvergenceWarning, match="rotation 'promax' .* no oblique factors"):
        model = FactorAnalysis(3, rotation="promax").fit(X)
    assert_allclose(model.factor_correlation_, np.eye(3), atol=1e-12)


# The contract


def test_parameters_make_the_model_they_came_from():
    X = load_wine().data * 1e12
    model = FactorAnalysis(3, rotation="promax").fit(X)
    copy = FactorAnalysis.from_parameters(
        model.components_, model.noise_variance_, model.mean_,
        factor_correlation=model.factor_correlation_,
    )  # fmt: skip
    assert (copy.n_iter_, copy.loglike_) == (0, [])
    assert_allclose(copy.score_samples(X), model.score_samples(X))
    assert_allclose(copy.transform(X), model.transform(X), atol=1e-8)
    plain = FactorAnalysis.from_parameters(model.components_, 2.0)
    assert plain.noise_variance_ == 2
    assert_array_equal(plain.mean_, np.zeros(13))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"noise_variance": [1.0, -1.0]}, r"noise_variance must be positive, got \[1.0, -1.0\]"),
        ({"noise_variance": [1.0, 1.0, 1.0]}, r"noise_variance must have the shape \(2,\), got"),
        ({"noise_variance": "x"}, "noise_variance must hold real numbers"),
        ({"noise_variance": [1.0, np.nan]}, "noise_variance must be finite"),
        ({"mean": [0.0]}, r"mean must have the shape \(2,\), got \(1,\)"),
        ({"mean": [0.0, 1j]}, "mean must hold real numbers: complex numbers"),
        ({"components": [1.0, 2.0]}, "components must have two dimensions"),
        ({"components": [[1.0], [2.0, 3.0]]}, "components must hold real numbers"),
        ({"factor_correlation": [[1.0]]}, r"factor_correlation must have the shape \(2, 2\)"),
        ({"factor_correlation": [[1, 0.5], [0, 1]]}, "factor_correlation must be symmetric"),
        ({"factor_correlation": [[2, 0.5], [0.5, 1]]}, "factor_correlation must have ones on"),
        ({"factor_correlation": [[1, 2], [2, 1]]}, "factor_correlation must be positive definite"),
        ({"noise": "isotropic"}, "noise='diagonal'"),
        ({"n_components": 1}, "n_components=2"),
    ],
)
def test_parameters_that_make_no_model_are_named(params, message):
    given = {"components": [[1.0, 2.0], [0.0, 1.0]], "noise_variance": [1.0, 1.0]}
    with pytest.raises(ValueError, match=message):
        FactorAnalysis.from_parameters(**{**given, **params})


def test_imputations_are_conditional_expectations_and_draws(monkeypatch):
    X = load_wine().data
    model = FactorAnalysis(2).fit(X)
    X = X[:20].copy()
    X[3, [2, 5]] = X[7, 0] = np.nan
    filled = model.impute(X)
    missing = np.isnan(X)
    assert_array_equal(filled[~missing], X[~missing])
    assert_allclose(filled[missing], model.inverse_transform(model.transform(X))[missing])
    assert_array_equal(model.impute(X, "mode", n_imputations=2), np.stack([filled, filled]))
    inferred, infer = [], LinearGaussian.infer

    def count(self, x):
        inferred.append(len(x))
        return infer(self, x)

    monkeypatch.setattr(LinearGaussian, "infer", count)
    draws = model.impute(X, "sample", n_imputations=4000, random_state=0)
    assert sum(inferred) == 2
    for place in ((3, 2), (3, 5), (7, 0)):
        drawn = draws[(slice(None), *place)]
        assert abs(drawn.mean() - filled[place]) < 4.5 * drawn.std() / np.sqrt(4000)
    given = model.sample(5, given=X[3], random_state=0)
    assert_array_equal(given[:, 0], np.full(5, X[3, 0]))
    assert len(np.unique(given[:, 2])) == 5
    assert_array_equal(model.impute(X[:3]), X[:3])


@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
def test_criteria_count_the_free_parameters(noise):
    X = load_iris().data
    counts = {"diagonal": (8, 12, 14), "isotropic": (5, 9, 14)}[noise]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Heywood case")
        models = [FactorAnalysis(n, noise=noise).fit(X) for n in (0, 1, 4)]
    for model, n_parameters in zip(models, counts, strict=True):
        value = -2 * 150 * model.score(X)
        assert model.aic(X) == pytest.approx(value + 2 * n_parameters)
        assert model.bic(X.tolist()) == pytest.approx(value + np.log(150) * n_parameters)
        model.set_params(noise="isotropic")
        assert model.aic(X) == pytest.approx(value + 2 * n_parameters)


@HEYWOOD
def test_two_factors_of_iris_have_no_more_parameters_than_a_normal_distribution():
    X = load_iris().data
    model = FactorAnalysis(2).fit(X)
    assert model.aic(X) == pytest.approx(-300 * model.score(X) + 2 * 14)


@HEYWOOD
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("how", ["moments", "few rows", "gaps"])
@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
def test_likelihoods_of_steps_rise_to_that_of_the_model(noise, how, constant):
    X = load_wine().data[: 10 if how == "few rows" else 178].copy()
    X = with_gaps(X) if how == "gaps" else X
    if constant:
        X[:, 4] = 0.1
    w = np.random.default_rng(0).uniform(0.5, 2, len(X))
    model = FactorAnalysis(2, noise=noise).fit(X, sample_weight=w)
    assert (np.diff(model.loglike_) > 0).all()
    assert 1 <= len(model.loglike_) <= model.n_iter_ + 1
    assert model.loglike_[-1] == pytest.approx(w @ model.score_samples(X), rel=1e-7)
    if (noise, how) != ("isotropic", "moments") and (noise, how) != ("isotropic", "few rows"):
        assert len(model.loglike_) > 3


@HEYWOOD
@pytest.mark.parametrize("how", ["moments", "few rows", "gaps", "very many features"])
def test_training_that_ends_early_is_reported(how, monkeypatch):
    X = load_wine().data[: 10 if how == "few rows" else 178]
    X = with_gaps(X) if how == "gaps" else X
    if how == "very many features":
        monkeypatch.setattr(profile, "_NEWTON", 5)
    with pytest.warns(ConvergenceWarning, match="after 1 steps. Raise max_iter=1") as record:
        model = FactorAnalysis(2, max_iter=1).fit(X)
    assert record[-1].filename == __file__
    assert model.n_iter_ == 1
    assert np.isfinite(model.score(X))


def test_very_many_features_have_the_same_maximum(monkeypatch):
    X = load_wine().data
    expected = FactorAnalysis(2).fit(X)
    monkeypatch.setattr(profile, "_NEWTON", 5)
    model = FactorAnalysis(2).fit(X)
    assert model.score(X) == pytest.approx(expected.score(X), abs=1e-9)
    assert (np.diff(model.loglike_) > 0).all()


def test_a_krylov_space_leads_to_the_maximum():
    """With more features than are decomposed as a whole; the same in the dual, which is exact."""
    X = make_rows(make_machine(3, 200, 1), 150)
    wide = FactorAnalysis(3).fit(X)
    model = FactorAnalysis(3).partial_fit(X)
    assert model.score(X) == pytest.approx(wide.score(X), abs=1e-8)
    assert_allclose(correlation_of(model.get_covariance()),
                    correlation_of(wide.get_covariance()), atol=1e-5)  # fmt: skip
    again = FactorAnalysis(3, random_state=5).partial_fit(X)
    assert again.score(X) == pytest.approx(model.score(X), abs=1e-10)


@HEYWOOD
def test_what_cannot_be_is_refused_in_a_sentence():
    X = load_iris().data
    with pytest.raises(
        ValueError, match="n_components=5 must be at most the number of features, 4"
    ):
        FactorAnalysis(5).fit(X)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        FactorAnalysis(1).fit(X[:1])
    empty = X.copy()
    empty[:, 2] = np.nan
    with pytest.raises(ValueError, match="column 2 of X is missing"):
        FactorAnalysis(1).fit(empty)
    with pytest.raises(ValueError, match="NaN"):
        FactorAnalysis(1).partial_fit(np.where(X > 7, np.nan, X))
    with pytest.raises(ValueError, match="non-zero"):
        FactorAnalysis(1).fit(X, sample_weight=np.zeros(150))
    with pytest.raises(ValueError, match="columns, but transform returns 1"):
        FactorAnalysis(1).fit(X).inverse_transform(X)
    with pytest.raises(ValueError, match=r"scores must be one of .*, got 'bartlet'"):
        FactorAnalysis(1).fit(X).set_params(scores="bartlet").transform(X)
    with pytest.raises(ValueError, match="given holds infinity in column 1"):
        FactorAnalysis(1).fit(X).sample(given=[1, np.inf, 1, 1])


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 1500])  # in what is looked at first, and after it
@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("kind", [np.asarray, np.float32, scipy.sparse.csr_array])
def test_infinity_is_refused_wherever_it_stands(value, row, gap, kind):
    X = np.random.default_rng(0).normal(size=(1600, 4))
    X[row, 2] = value
    if gap:
        X[5, 1] = np.nan
    X, w = kind(X), np.ones(1600)
    w[row] = 0
    for fit in (FactorAnalysis(1).fit, FactorAnalysis(1).partial_fit):
        for weights in (None, w):
            with pytest.raises(ValueError, match="X contains infinity"):
                fit(X, sample_weight=weights)
    few = X[row : row + 2]
    with pytest.raises(ValueError, match="X contains infinity"):
        FactorAnalysis(1).fit(few)


def test_parameters_of_a_singular_covariance_are_refused():
    components = [[1.0, 1.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match="noise_variance, 1e-20 at least, is too small"):
        FactorAnalysis.from_parameters(components, 1e-20)
    model = FactorAnalysis.from_parameters(components, 1e-12)
    assert np.isfinite(model.score([[1.0, 2.0]]))


def test_infinities_that_would_sum_to_a_gap_are_refused():
    X = scipy.sparse.csr_matrix(np.random.default_rng(0).normal(size=(60, 4)))
    data, indices = np.r_[np.inf, -np.inf, X.data[1:]], np.r_[0, 0, X.indices[1:]]
    X = scipy.sparse.csr_matrix((data, indices, np.r_[0, X.indptr[1:] + 1]), shape=X.shape)
    with pytest.raises(ValueError, match="X contains infinity"):
        FactorAnalysis(1).fit(X)


@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_a_refusal_changes_nothing(how):
    X = np.random.default_rng(0).normal(size=(60, 5))
    X += X[:, :1] / 2
    model = FactorAnalysis(1).fit(X)
    score = model.score(X)
    other = np.random.default_rng(1).normal(size=(60, 7 if how == "fit" else 5))
    other[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        getattr(model, how)(other)
    with pytest.raises(ValueError, match="n_components=6"):
        model.set_params(n_components=6).fit(X[:, :4])
    assert model.n_features_in_ == 5
    assert model.score(X) == score
    new = FactorAnalysis(1)
    with pytest.raises(ValueError, match="infinity"):
        getattr(new, how)(other)
    assert vars(new) == vars(FactorAnalysis(1))


def test_rows_that_are_far_away_and_weigh_nothing_cost_no_digits():
    X = np.random.default_rng(0).normal(size=(200, 5))
    X[:, 1:] += X[:, :1]
    expected = FactorAnalysis(1).fit(X)
    rows = np.concatenate([np.tile(X, (6, 1)) + 1e8, X])
    weights = np.concatenate([np.full(1200, 1e-30), np.ones(200)])
    for data in (rows, scipy.sparse.csr_array(rows)):
        model = FactorAnalysis(1).fit(data, sample_weight=weights)
        assert_allclose(model.get_covariance(), expected.get_covariance(), rtol=1e-9)
        assert model.score(X) == pytest.approx(expected.score(X), rel=1e-9)


def test_what_to_do_where_rounding_ends_the_steps_is_said():
    model = FactorAnalysis(1, max_iter=7)
    for n_steps, remedy in ((7, "Raise max_iter=7, or tol"), (3, "take fewer components")):
        model._publish({"n_iter_": n_steps})
        with pytest.warns(ConvergenceWarning, match=f"after {n_steps} steps. .*{remedy}"):
            model._warn_of_steps()


def test_weights_that_are_all_zero_are_refused_whatever_scikit_learn_does(monkeypatch):
    name = "sklearn_helmholtz.estimators.weights._check_sample_weight"
    monkeypatch.setattr(name, lambda weights, X, **settings: weights)
    with pytest.raises(ValueError, match="sample_weight must hold at least one non-zero number"):
        FactorAnalysis(1).fit(load_iris().data, sample_weight=np.zeros(150))


@HEYWOOD
def test_a_fit_that_fails_leaves_what_was_there():
    X = load_iris().data
    model = FactorAnalysis(5)
    with pytest.raises(ValueError, match="n_components"):
        model.fit(X)
    with pytest.raises(NotFittedError):
        model.score(X)
    model.set_params(n_components=2).fit(X)
    before = model.score(X)
    with pytest.raises(ValueError, match="magnitude"):
        model.fit(X * 1e160)
    assert model.score(X) == before
    model.partial_fit(X)
    assert model.loglike_[-1] == pytest.approx(300 * before)


def test_data_are_taken_as_they_are_and_answers_have_their_precision():
    X = (load_digits().data[:300, 2:12] > 8).astype(np.uint8)
    X = X[:, X.var(axis=0) > 0]
    model = FactorAnalysis(2).fit(X.astype(np.float64))
    for dtype in (np.uint8, np.bool_, np.float32, np.int64):
        other = FactorAnalysis(2).fit(X.astype(dtype))
        assert_array_equal(other.components_, model.components_)
        assert other.components_.dtype == np.float64
        expected = np.float64 if dtype == np.int64 else np.float32
        Z = other.transform(X.astype(dtype))
        assert Z.dtype == other.inverse_transform(Z).dtype == expected
        assert other.impute(X.astype(dtype)).dtype == expected
        assert other.score_samples(X.astype(dtype)).dtype == np.float64
        assert_allclose(Z, model.transform(X.astype(float)), atol=1e-5)
    frame = pd.DataFrame(X.astype(float), columns=[f"pixel{i}" for i in range(X.shape[1])])
    assert_array_equal(FactorAnalysis(2).fit(frame).components_, model.components_)


def test_sparse_data_are_the_same_data():
    X = load_digits().data[:200]
    for data in (X, with_gaps(X)):
        sparse = scipy.sparse.csr_array(data)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Heywood case")
            model, other = FactorAnalysis(2).fit(data), FactorAnalysis(2).fit(sparse)
        assert_allclose(other.get_covariance(), model.get_covariance(), rtol=1e-9, atol=1e-9)
        assert_allclose(model.score_samples(sparse), model.score_samples(data))
        assert_allclose(model.transform(sparse), model.transform(data))
        filled = model.impute(sparse, n_imputations=2)
        assert scipy.sparse.issparse(filled[0])
        assert_allclose(filled[1].toarray(), model.impute(data))
    assert_allclose(FactorAnalysis(2).partial_fit(scipy.sparse.csr_array(X)).mean_, X.mean(axis=0))


@pytest.mark.filterwarnings("ignore:The likelihood had not:sklearn.exceptions.ConvergenceWarning")
def test_fits_make_no_copy_of_the_data():
    X = np.random.default_rng(0).normal(size=(200_000, 20)).astype(np.float32)
    X += X[:, :1]
    gappy = X.copy()
    gappy[::7, 3] = gappy[5, 0] = np.nan
    for data, share in ((X, 0.6), (gappy, 1.2)):
        FactorAnalysis(1).fit(data[:1000])
        tracemalloc.start()
        FactorAnalysis(1, max_iter=11, tol=1).fit(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < share * data.nbytes


def test_exact_likelihoods_answer_as_those_of_other_models():
    X = load_wine().data
    model, other = FactorAnalysis(2).fit(X), FactorAnalysis(1).fit(X)
    for method in ("auto", "exact"):
        result = model.log_likelihood(X, method=method, n_importance_samples=5, random_state=0)
        assert result.mean == pytest.approx(model.score(X))
        error = model.score_samples(X).std(ddof=1) / np.sqrt(178)
        assert result.standard_error == pytest.approx(error)
        assert (result.monte_carlo_error, result.bias, result.method) == (0, 0, "exact")
        assert result.reliable
        assert result.bound == "exact"
        assert np.isinf(result.effective_sample_size).all()
        assert_array_equal(result.per_sample, model.score_samples(X))
    with pytest.raises(ValueError, match="method must be one of"):
        model.log_likelihood(X, method="annealed")
    assert_array_equal(model.free_energy(X), -model.score_samples(X))
    assert_array_equal(model.kl_gap(X), np.zeros(178))
    bounds = model.log_likelihood_bounds(2000, random_state=0)
    entropy = 0.5 * (np.linalg.slogdet(model.get_covariance())[1] + 13 * (1 + np.log(2 * np.pi)))
    assert bounds.lower == bounds.upper == pytest.approx(-entropy, abs=0.3)
    assert bounds.gap == 0
    difference = compare_log_likelihood(model, other, X)
    assert difference.difference == pytest.approx(model.score(X) - other.score(X))


def test_pickles_keep_the_model_and_say_which_version_made_them(monkeypatch):
    X = load_wine().data
    model = FactorAnalysis(2, rotation="promax").fit(X)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.score_samples(X), model.score_samples(X))
    assert_array_equal(copy.transform(X), model.transform(X))
    copy.partial_fit(X)
    assert copy.loglike_[-1] == pytest.approx(2 * model.loglike_[-1])
    with monkeypatch.context() as patch:
        patch.setattr(published, "__version__", "0.0.1")
        old = pickle.dumps(model)
    with pytest.warns(UserWarning, match=r"FactorAnalysis was saved by sklearn_helmholtz 0\.0\.1"):
        pickle.loads(old)


UNUSED = {
    "n_importance_samples": [
        lambda model, X, n: model.log_likelihood(X, n_importance_samples=n).per_sample,
        lambda model, X, n: (
            model.log_likelihood_bounds(9, n_importance_samples=n, random_state=0).lower_per_sample
        ),
        lambda model, X, n: model.posterior(X, n_importance_samples=n).mean[0],
        lambda model, X, n: model.impute(X, n_importance_samples=n),
    ],
    "n_temperatures": [
        lambda model, X, n: model.log_likelihood(X, n_temperatures=n).per_sample,
        lambda model, X, n: (
            model.log_likelihood_bounds(9, n_temperatures=n, random_state=0).lower_per_sample
        ),
    ],
    "n_sweeps": [lambda model, X, n: model.posterior(X, n_sweeps=n).mean[0]],
}


@pytest.mark.parametrize("name", UNUSED)
def test_counts_that_a_closed_form_does_not_need_are_checked_all_the_same(name):
    X = load_wine().data
    X[0, 3] = np.nan
    model = FactorAnalysis(2).fit(load_wine().data)
    for call in UNUSED[name]:
        for bad in (0, -1, 1.5, True, "a"):
            with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got"):
                call(model, X, bad)
        expected = call(model, X, 1)
        for good in (7, np.int64(3), *([None] if name == "n_importance_samples" else [])):
            assert_array_equal(call(model, X, good), expected)


@pytest.mark.filterwarnings("ignore:Heywood")
def test_correlations_in_the_place_of_rows_are_noticed():
    R = np.array([[1, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 1]])
    with pytest.warns(UserWarning, match="looks like a matrix of correlations.*from_covariance"):
        FactorAnalysis(1).fit(pd.DataFrame(R, columns=list("abc")))
    others = R + np.diag([0, 0, 0.1]), R + np.triu(R, 1), np.vstack([R, R]), 5 * R - 4 * np.eye(3)
    for X in (*others, np.eye(3), scipy.sparse.csr_array(R)):
        FactorAnalysis(1).fit(X)  # warnings are errors
