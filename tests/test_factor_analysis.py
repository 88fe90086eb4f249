"""Factor analysis: likelihoods, their maxima, gaps, weights, posteriors; and scikit-learn."""

import itertools
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn import decomposition
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz.learning.em import _slopes, expect, maximise_expected
from sklearn_helmholtz.learning.factors import (
    DualSpace,
    LeadingSpace,
    _hessian,
    first_noise,
    isotropic,
    maximise,
    profile,
)
from sklearn_helmholtz.learning.moments import SecondMoments
from sklearn_helmholtz.machines import LinearGaussian


def make_machine(n_factors=2, n_features=6, seed=0):
    rng = np.random.default_rng(seed)
    return LinearGaussian(
        rng.normal(size=n_features),
        rng.normal(size=(n_factors, n_features)),
        rng.uniform(0.3, 1, n_features),
    )


def make_rows(machine, n_rows, seed=1, missing=0.0):
    rng = np.random.default_rng(seed)
    x, _ = machine.sample(n_rows, rng)
    x[rng.random(x.shape) < missing] = np.nan
    return x


def normal(machine, columns):
    """The distribution of some features, by scipy."""
    covariance = machine.covariance()[np.ix_(columns, columns)]
    return stats.multivariate_normal(machine.mean[columns], covariance)


def joint_covariance(machine):
    """Of the factors and the features."""
    n = len(machine.loadings)
    top = np.concatenate([np.eye(n), machine.loadings], axis=1)
    return np.concatenate([top, np.concatenate([machine.loadings.T, machine.covariance()], axis=1)])


# The machine


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_log_densities_are_those_of_a_normal_distribution(missing):
    machine = make_machine()
    x = make_rows(machine, 40, missing=missing)
    x[0] = np.nan
    for row, actual in zip(x, machine.explain(x).log_prob, strict=True):
        seen = np.flatnonzero(~np.isnan(row))
        expected = normal(machine, seen).logpdf(row[seen]) if len(seen) else 0.0
        assert actual == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_posteriors_are_those_of_the_joint_normal_distribution(missing):
    machine = make_machine()
    x = make_rows(machine, 20, missing=missing)
    found, joint = machine.explain(x), joint_covariance(machine)
    for row, mean, number in zip(x, found.means, found.numbers, strict=True):
        seen = 2 + np.flatnonzero(~np.isnan(row))
        gain = joint[:2, seen] @ np.linalg.inv(joint[np.ix_(seen, seen)])
        assert_allclose(mean, gain @ (row - machine.mean)[seen - 2], atol=1e-10)
        assert_allclose(found.covariances[number], np.eye(2) - gain @ joint[seen, :2], atol=1e-10)


def test_precision_is_the_inverse_of_the_covariance():
    machine = make_machine()
    assert_allclose(machine.precision() @ machine.covariance(), np.eye(6), atol=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_bartlett_scores_are_generalised_least_squares(missing):
    machine = make_machine()
    x = make_rows(machine, 10, missing=missing)
    for row, actual in zip(x, machine.bartlett(x), strict=True):
        seen = ~np.isnan(row)
        root = 1 / np.sqrt(machine.noise[seen])
        expected, *_ = np.linalg.lstsq(
            (machine.loadings[:, seen] * root).T, (row - machine.mean)[seen] * root, rcond=None
        )
        assert_allclose(actual, expected, atol=1e-10)


def test_draws_have_the_moments_of_the_model():
    machine, n = make_machine(), 200_000
    x, z = machine.sample(n, np.random.default_rng(0))
    both = np.concatenate([z, x], axis=1)
    covariance = joint_covariance(machine)
    errors = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / n)
    assert (abs(np.cov(both.T) - covariance) < 4.5 * errors).all()
    assert (abs(x.mean(axis=0) - machine.mean) < 4.5 * np.sqrt(np.diag(covariance)[2:] / n)).all()


def test_completions_have_the_moments_of_what_is_missing_given_the_rest():
    machine, n = make_machine(), 200_000
    row = make_rows(machine, 1)[0]
    row[[1, 4, 5]] = np.nan
    seen, gaps = np.array([0, 2, 3]), np.array([1, 4, 5])
    x, _ = machine.complete(np.tile(row, (n, 1)), np.random.default_rng(0))
    C = machine.covariance()
    gain = C[np.ix_(gaps, seen)] @ np.linalg.inv(C[np.ix_(seen, seen)])
    mean = machine.mean[gaps] + gain @ (row - machine.mean)[seen]
    covariance = C[np.ix_(gaps, gaps)] - gain @ C[np.ix_(seen, gaps)]
    assert_array_equal(x[:, seen], np.tile(row[seen], (n, 1)))
    assert_allclose(x[:, gaps].mean(axis=0), mean, atol=4.5 * np.sqrt(covariance.max() / n))
    assert_allclose(np.cov(x[:, gaps].T), covariance, atol=0.02)


# The profile


def problems():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        machine = make_machine(2, 7, seed)
        x = make_rows(machine, 200, seed) * rng.uniform(0.1, 10, 7)
        yield np.cov(x.T, bias=True), rng


def test_the_profile_is_the_likelihood_of_the_best_loadings():
    for S, rng in problems():
        noise = np.diag(S) * rng.uniform(0.05, 1, 7)
        found = profile(LeadingSpace(S, 2, rng), noise, 2)
        gains = np.sqrt(np.maximum(found.values[:2] - 1, 0))
        loads = (found.vectors[:, :2] * gains).T * np.sqrt(noise)

        def cost(loads, noise=noise, S=S):
            C = loads.T @ loads + np.diag(noise)
            return np.linalg.slogdet(C)[1] + np.trace(np.linalg.solve(C, S))

        assert found.value == pytest.approx(cost(loads), rel=1e-10)
        for _ in range(20):
            assert cost(loads + 0.01 * rng.normal(size=loads.shape)) > found.value


def test_derivatives_of_the_profile_are_finite_differences():
    for S, rng in problems():
        space, logs = LeadingSpace(S, 2, rng), np.log(np.diag(S) * rng.uniform(0.05, 0.9, 7))
        found = profile(space, np.exp(logs), 2)
        hessian = _hessian(np.diag(S) / np.exp(logs), 2, found)
        for i in range(7):
            step = np.zeros(7)
            step[i] = 1e-5
            up, down = (profile(space, np.exp(logs + s * step), 2) for s in (1, -1))
            assert (up.value - down.value) / 2e-5 == pytest.approx(found.gradient[i], abs=1e-6)
            slopes = (up.gradient - down.gradient) / 2e-5
            assert_allclose(slopes, hessian[i], atol=1e-5 * abs(hessian).max())


def test_krylov_and_dual_spaces_find_what_a_whole_decomposition_finds():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(150, 5)) @ rng.normal(size=(5, 300)) + rng.normal(size=(150, 300))
    rows = (rows - rows.mean(axis=0)) / np.sqrt(150)
    S = rows.T @ rows
    krylov, dual = LeadingSpace(S, 5, rng), DualSpace(rows)
    scale = np.ones(300)
    for _ in range(6):
        values, vectors = np.linalg.eigh(S * scale * scale[:, None])
        for space in (krylov, dual):
            found, directions = space.find(scale)
            assert_allclose(found[:5], values[:-6:-1], rtol=1e-6)
            overlap = abs((directions[:, :5] * vectors[:, :-6:-1]).sum(axis=0))
            assert_allclose(overlap, 1, atol=1e-5)
        scale = scale * np.exp(0.05 * rng.normal(size=300))


def test_no_start_ends_higher():
    for S, rng in problems():
        space, floor = LeadingSpace(S, 2, rng), 1e-8 * np.diag(S)
        values = [
            maximise(space, 2, floor, start, 1e-12)[1].value
            for start in (first_noise(S, np.diag(S), 2), *(np.diag(S) * rng.uniform(0.01, 1, 7)
                                              for _ in range(10)))
        ]  # fmt: skip
        assert values[0] < min(values) + 1e-6


def test_isotropic_noise_is_the_best_there_is():
    for S, rng in problems():
        noise, loads = isotropic(LeadingSpace(S, 2, rng), 2, 0.0)

        def cost(loads, noise, S=S):
            C = loads.T @ loads + noise * np.eye(7)
            return np.linalg.slogdet(C)[1] + np.trace(np.linalg.solve(C, S))

        best = cost(loads, noise)
        for _ in range(30):
            other = loads * (1 + 0.02 * rng.normal(size=loads.shape))
            assert cost(other, noise * np.exp(0.02 * rng.normal())) > best


# Moments and gaps


def test_moments_do_not_depend_on_how_rows_come():
    rng = np.random.default_rng(0)
    x, w = 1e4 + rng.normal(size=(5000, 4)), rng.integers(0, 4, 5000).astype(float)
    whole = SecondMoments.about(x).add(x, w)
    parts = SecondMoments.about(x[:7])
    for start, stop in itertools.pairwise([0, 7, 8, 1000, 5000]):
        parts.add(x[start:stop], w[start:stop])
    repeated = np.repeat(x, w.astype(int), axis=0)
    for moments in (whole, parts):
        assert_allclose(moments.mean(), repeated.mean(axis=0), rtol=1e-13)
        assert_allclose(moments.covariance(), np.cov(repeated.T, bias=True), rtol=1e-9, atol=1e-12)


def test_slopes_of_the_likelihood_are_finite_differences():
    machine = make_machine()
    x, w = make_rows(machine, 50, missing=0.3), np.random.default_rng(3).uniform(0.5, 2, 50)
    slopes = _slopes(machine, expect(machine, x, w))
    parts = [machine.mean, machine.loadings, np.log(machine.noise)]
    for number, (part, slope) in enumerate(zip(parts, slopes, strict=True)):
        for place in np.ndindex(part.shape):
            values = []
            for sign in (1, -1):
                moved = [array.copy() for array in parts]
                moved[number][place] += sign * 1e-6
                other = LinearGaussian(moved[0], moved[1], np.exp(moved[2]))
                values.append(w @ other.explain(x).log_prob)
            assert (values[0] - values[1]) / 2e-6 == pytest.approx(slope[place], abs=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_a_step_of_em_never_lowers_the_likelihood(shared):
    x, w = make_rows(make_machine(), 60, missing=0.4), np.ones(60)
    machine, before = make_machine(seed=5), -np.inf
    for _ in range(50):
        moments = expect(machine, x, w)
        assert moments.log_likelihood > before - 1e-9
        before = moments.log_likelihood
        machine = maximise_expected(moments, np.full(6, 1e-6), shared)
        assert len(np.unique(machine.noise)) == (1 if shared else 6)


# The estimator beside scikit-learn


def data_sets():
    digits = load_digits().data
    yield "iris", load_iris().data
    yield "wine", load_wine().data
    yield "breast cancer", load_breast_cancer().data
    yield "digits", digits[:, digits.var(axis=0) > 0]
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n, p, k = int(rng.integers(30, 300)), int(rng.integers(4, 25)), int(rng.integers(1, 4))
        x = rng.normal(size=(n, k)) @ rng.normal(size=(k, p))
        yield f"random {seed}", (x + rng.normal(size=(n, p)) * rng.uniform(0.1, 2, p)) * 3 + 5


@pytest.mark.parametrize(
    ("name", "X"), list(data_sets()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_no_likelihood_is_below_that_of_scikit_learn(name, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = decomposition.FactorAnalysis(
            2, tol=1e-8, max_iter=1000 if name == "digits" else 3000, svd_method="lapack"
        ).fit(X)
        ours = FactorAnalysis(2).fit(X)
    assert ours.score(X) >= theirs.score(X) - 1e-8
    if abs(ours.score(X) - theirs.score(X)) < 1e-9:
        C = theirs.get_covariance()
        assert_allclose(ours.get_covariance(), C, atol=1e-4 * abs(C).max())


def test_the_isotropic_likelihood_is_that_of_pca():
    for X in (load_iris().data, load_wine().data):
        n, d = X.shape
        pca = decomposition.PCA(2).fit(X)
        ours = FactorAnalysis(2, noise="isotropic").fit(X)
        assert pca.score(X) <= ours.score(X) + 1e-12
        assert ours.score(X) <= pca.score(X) + d / (2 * n**2)
        pca.explained_variance_ *= (n - 1) / n
        pca.noise_variance_ *= (n - 1) / n
        assert ours.score(X) == pytest.approx(pca.score(X), abs=1e-8)
        assert_allclose(ours.get_covariance(), pca.get_covariance(), rtol=1e-8, atol=1e-10)


def test_features_that_were_constant_cost_a_finite_price():
    X = load_digits().data
    assert FactorAnalysis(5).fit(X[:100]).score(X[100:]) > -1000
    assert FactorAnalysis().fit(X[:100]).score(X[100:]) > -1000


def test_duplicated_features_are_heywood_cases():
    X = load_wine().data
    with pytest.warns(UserWarning, match="Heywood case"):
        model = FactorAnalysis(2).fit(np.concatenate([X, X[:, :1]], axis=1))
    assert model.heywood_[[0, 13]].all()
    assert np.isfinite(model.score_samples(np.concatenate([X, X[:, :1]], axis=1))).all()


# Weights, pieces, gaps


def test_weights_count_as_repetitions():
    X, w = load_iris().data, np.random.default_rng(0).integers(0, 4, 150)
    for settings in ({}, {"noise": "isotropic"}):
        weighted = FactorAnalysis(1, **settings).fit(X, sample_weight=w)
        repeated = FactorAnalysis(1, **settings).fit(np.repeat(X, w, axis=0))
        assert_allclose(weighted.get_covariance(), repeated.get_covariance(), rtol=1e-6)
        assert_allclose(weighted.mean_, repeated.mean_)


def test_weights_count_as_repetitions_with_gaps():
    X, w = load_wine().data[:, :5].copy(), np.random.default_rng(0).integers(0, 4, 178)
    X[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
    weighted = FactorAnalysis(1).fit(X, sample_weight=w)
    repeated = FactorAnalysis(1).fit(np.repeat(X, w, axis=0))
    C = repeated.get_covariance()
    scale = np.sqrt(np.outer(np.diag(C), np.diag(C)))
    assert_allclose(weighted.get_covariance() / scale, C / scale, atol=1e-3)


def test_pieces_make_the_model_of_the_whole():
    X = load_wine().data
    whole, pieces = FactorAnalysis(3).fit(X), FactorAnalysis(3)
    for start in range(0, 178, 30):
        pieces.partial_fit(X[start : start + 30])
    assert_allclose(pieces.get_covariance(), whole.get_covariance(), rtol=1e-8, atol=1e-8)


def test_data_wider_than_long_have_the_same_model_by_either_way():
    X = load_digits().data[:50, :60]
    X = X[:, X.var(axis=0) > 0]
    model = FactorAnalysis(3).fit(X[:30])
    other = FactorAnalysis(3).partial_fit(X[:30])
    assert model.score(X[:30]) == pytest.approx(other.score(X[:30]), abs=1e-4)


def test_planted_loadings_are_found_though_a_third_is_missing():
    machine = make_machine(3, 20, 4)
    X = make_rows(machine, 5000, missing=0.3)
    model = FactorAnalysis(3).fit(X)
    C = machine.covariance()
    scale = np.sqrt(np.outer(np.diag(C), np.diag(C)))
    assert_allclose(model.get_covariance() / scale, C / scale, atol=0.08)
    assert model.score(X) > float(machine.explain(X).log_prob.mean())


def test_likelihoods_with_gaps_are_at_a_maximum():
    X = make_rows(make_machine(2, 8, 4), 300, missing=0.3)
    model, rng = FactorAnalysis(2).fit(X), np.random.default_rng(0)
    best = model.score(X)
    for _ in range(30):
        m = model._machine
        other = LinearGaussian(
            m.mean + 0.01 * rng.normal(size=8), m.loadings + 0.01 * rng.normal(size=(2, 8)),
            m.noise * np.exp(0.01 * rng.normal(size=8)),
        )  # fmt: skip
        assert other.explain(X).log_prob.mean() < best


# The contract


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
    X, Z = model.sample(100_000, random_state=0, return_latents=True)
    assert_allclose(np.corrcoef(Z.T), model.factor_correlation_, atol=0.02)
    residual = X - model.inverse_transform(Z)
    assert_allclose(residual.var(axis=0), model.noise_variance_, rtol=0.03)


def test_posteriors_are_published_in_the_rotated_factors():
    X = load_wine().data[:4].copy()
    model = FactorAnalysis(3, rotation="oblimin").fit(load_wine().data)
    X[0, 3] = np.nan
    found = model.posterior(X)
    assert found.covariance.shape == (4, 3, 3)
    assert_allclose(found.mean, model.transform(X))
    P, phi = model.loadings_, model.factor_correlation_
    expected = np.linalg.inv(np.linalg.inv(phi) + (P.T / model.noise_variance_) @ P)
    assert_allclose(found.covariance[1], expected, rtol=1e-6)


def test_parameters_make_the_model_they_came_from():
    X = load_wine().data
    model = FactorAnalysis(3, rotation="promax").fit(X)
    copy = FactorAnalysis.from_parameters(
        model.components_, model.noise_variance_, model.mean_,
        factor_correlation=model.factor_correlation_,
    )  # fmt: skip
    assert copy.n_iter_ == 0
    assert_allclose(copy.score_samples(X), model.score_samples(X))
    assert_allclose(copy.transform(X), model.transform(X), atol=1e-8)
    with pytest.raises(ValueError, match="positive"):
        FactorAnalysis.from_parameters(model.components_, -model.noise_variance_)
    with pytest.raises(ValueError, match="noise='isotropic'"):
        FactorAnalysis.from_parameters(model.components_, 1.0, noise="diagonal")


def test_imputations_are_conditional_expectations_and_draws():
    X = load_wine().data.copy()
    model = FactorAnalysis(2).fit(X)
    X[3, [2, 5]] = np.nan
    filled = model.impute(X)
    assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
    draws = model.impute(X, "sample", n_imputations=4000, random_state=0)
    error = draws[:, 3, [2, 5]].std(axis=0) / np.sqrt(4000)
    assert (abs(draws[:, 3, [2, 5]].mean(axis=0) - filled[3, [2, 5]]) < 4.5 * error).all()
    given = model.sample(5, given=X[3], random_state=0)
    assert_array_equal(given[:, 0], np.full(5, X[3, 0]))


def test_criteria_count_the_free_parameters():
    X = load_iris().data
    for noise, n_noise in (("diagonal", 4), ("isotropic", 1)):
        model = FactorAnalysis(2, noise=noise).fit(X)
        n_parameters = 4 + 2 * 4 - 1 + n_noise
        assert model.aic(X) == pytest.approx(-2 * 150 * model.score(X) + 2 * n_parameters)
        expected = -2 * 150 * model.score(X) + np.log(150) * n_parameters
        assert model.bic(X) == pytest.approx(expected)


def test_likelihoods_rise_from_step_to_step():
    X = load_wine().data
    model = FactorAnalysis(2).fit(X)
    assert (np.diff(model.loglike_) >= 0).all()
    assert len(model.loglike_) == model.n_iter_ + 1
    assert model.loglike_[-1] / len(X) == pytest.approx(model.score(X), abs=1e-8)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        FactorAnalysis(2, max_iter=1).fit(X)


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
    with pytest.raises(NotFittedError):
        FactorAnalysis(1).score(X)
    with pytest.raises(ValueError, match="columns, but there are 1 factors"):
        FactorAnalysis(1).fit(X).inverse_transform(X)


def models():
    """One estimator for each kind."""
    made = [FactorAnalysis(), FactorAnalysis(1), FactorAnalysis(1, noise="isotropic")]
    return [*made, FactorAnalysis(1, scores="bartlett"), FactorAnalysis(2, rotation="varimax")]


@parametrize_with_checks(models())
def test_check_estimator(estimator, check):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Heywood case")
        check(estimator)
