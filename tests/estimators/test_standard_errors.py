"""Standard errors of factor analysis: beside numerical derivatives, refits and bootstraps."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz.factors import METHODS, Parameters, Pattern, rotate
from tests.factor_models import rows_with_moments

PATTERN = np.array([[0.8, 0], [0.7, 0.1], [0.6, 0], [0.1, 0.7], [0, 0.8], [0, 0.5]])
CORRELATION = np.array([[1, 0.4], [0.4, 1]])
UNITS = np.array([1, 2, 3, 1, 1, 10.0])
ROTATIONS = [None, *METHODS]
FIELDS = "loadings", "noise_variance", "factor_correlation", "mean", "communalities"


def covariance():
    """Of features in units of their own, of two factors."""
    shared = PATTERN @ CORRELATION @ PATTERN.T
    np.fill_diagonal(shared, 1)
    return shared * UNITS * UNITS[:, None]


def draw(n_rows, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    x = rng.multivariate_normal(np.full(6, 5.0), covariance(), n_rows)
    x[rng.random(x.shape) < missing] = np.nan
    return x


def fitted(X, rotation="oblimin", n_components=2, **params):
    weight = params.pop("sample_weight", None)
    return FactorAnalysis(n_components, rotation=rotation, **params).fit(X, sample_weight=weight)


def values(model):
    """What has standard errors, by name."""
    deviations = np.sqrt(np.diag(model.get_covariance()))
    return {
        "standardized_loadings": model.loadings_ / deviations[:, None],
        **{name: np.asarray(getattr(model, f"{name}_")) for name in FIELDS},
    }


def turned(model, rotation, like):
    """The `values` of a model that is not rotated, once it is.

    Factors are in the order and with the signs of another one's. A single start: whatever is near
    ends where the other did.
    """
    found = values(model)
    if rotation is None:
        L, correlation = found["standardized_loadings"], np.eye(2)
    else:
        rotated = rotate(found["standardized_loadings"], rotation, n_starts=1)
        L, correlation = rotated.loadings, rotated.factor_correlation
    inner = values(like)["standardized_loadings"].T @ L
    order = np.abs(inner).argmax(axis=1)
    signs = np.sign(inner[np.arange(len(order)), order])
    L = L[:, order] * signs
    deviations = np.sqrt(np.diag(model.get_covariance()))
    return {
        **found,
        "standardized_loadings": L,
        "loadings": L * deviations[:, None],
        "factor_correlation": correlation[np.ix_(order, order)] * signs * signs[:, None],
    }


# By refits: a sandwich is the sum over rows of squared changes with the weight of the row.


def changes_with_weights(X, model, rotation, weights, step=1e-2):
    """Derivatives of `values` by the weight of each row, times that weight; (n_rows, ...)."""
    result = []
    for row in range(len(X)):
        ends = []
        for sign in (1, -1):
            moved = weights.copy()
            moved[row] *= 1 + sign * step
            ends.append(turned(fitted(X, None, sample_weight=moved), rotation, model))
        result.append({k: (ends[0][k] - ends[1][k]) / (2 * step) for k in ends[0]})
    return {name: np.array([row[name] for row in result]) for name in result[0]}


@pytest.mark.parametrize("rotation", [None, "varimax", "promax", "oblimin", "geomin"])
def test_sandwich_is_what_refits_with_other_weights_make(rotation):
    X, weights = draw(40), np.random.default_rng(1).uniform(0.5, 2, 40)
    model = fitted(X, rotation, sample_weight=weights)
    errors = model.standard_errors(X, weights)
    assert errors.method == "sandwich"
    changes = changes_with_weights(X, model, rotation, weights)
    for name, moved in changes.items():
        expected = np.sqrt((moved**2).sum(axis=0))
        assert_allclose(errors[name], expected, rtol=2e-3, atol=1e-6 * expected.max(), err_msg=name)


def test_scale_of_weights_does_not_matter_to_a_sandwich():
    X, weights = draw(50), np.random.default_rng(1).uniform(0.5, 2, 50)
    one, other = (fitted(X, sample_weight=w).standard_errors(X, w) for w in (weights, 7 * weights))
    for name in FIELDS:
        assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-12)


# By numerical derivatives of the likelihood, as scipy has it


def log_likelihood(vector, X, k):
    """Of rows with gaps, given mean, loadings row by row, and noise variances."""
    p = X.shape[1]
    mean, A, noise = np.split(vector, [p, p + p * k])
    C = A.reshape(p, k) @ A.reshape(p, k).T + np.diag(noise)
    total = 0.0
    for x in X:
        o = np.flatnonzero(~np.isnan(x))
        if len(o):
            total += stats.multivariate_normal(mean[o], C[np.ix_(o, o)]).logpdf(x[o])
    return total


def test_observed_information_is_the_hessian_of_the_log_likelihood():
    X, rng = draw(6, missing=0.3)[:, :4] / UNITS[:4], np.random.default_rng(2)
    mean, parameters = X[0].copy(), Parameters(rng.normal(size=(4, 2)), rng.uniform(0.5, 1, 4))
    mean[np.isnan(mean)] = 1.0
    point = np.concatenate([mean, parameters.loadings.ravel(), parameters.noise])
    steps = 1e-3 * np.eye(len(point))
    f = {
        (i, j, s, t): log_likelihood(point + s * steps[i] + t * steps[j], X, 2)
        for i in range(len(point)) for j in range(i + 1) for s in (1, -1) for t in (1, -1)
    }  # fmt: skip
    hessian = np.zeros((len(point), len(point)))
    for i in range(len(point)):
        for j in range(i + 1):
            hessian[i, j] = hessian[j, i] = (
                f[i, j, 1, 1] - f[i, j, 1, -1] - f[i, j, -1, 1] + f[i, j, -1, -1]
            ) / 4e-6
    patterns, slopes = [], 0.0
    for x in X:
        o = np.flatnonzero(~np.isnan(x))
        d = (x - mean)[o]
        patterns.append(Pattern(o, 1.0, d, np.outer(d, d)))
        row = parameters.row_slopes(o, d[None])[0]
        assert_allclose(parameters.slopes(patterns[-1]), row, atol=1e-12)
        slopes = slopes + row
    assert_allclose(-parameters.observed(patterns), hessian, atol=2e-4 * np.abs(hessian).max())
    gradient = [
        (log_likelihood(point + s, X, 2) - log_likelihood(point - s, X, 2)) / 2e-3 for s in steps
    ]
    assert_allclose(slopes, gradient, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_where_the_model_is_right_observed_is_expected(rotation):
    X = rows_with_moments(covariance(), 200) + 3
    model = fitted(X, rotation)
    expected, observed = (model.standard_errors(method=m) for m in ("expected", "observed"))
    for name in FIELDS:
        assert_allclose(expected[name], observed[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
def test_errors_are_the_spread_of_estimates(noise):
    """A parametric bootstrap, to the precision that 100 samples have."""
    C = PATTERN @ PATTERN.T + 0.4 * np.eye(6)
    rng = np.random.default_rng(0)
    model = fitted(rng.multivariate_normal(np.zeros(6), C, 400) * UNITS, noise=noise)
    if noise == "isotropic":
        model = fitted(rng.multivariate_normal(np.zeros(6), C, 400), noise=noise)
    errors = model.standard_errors()
    law = stats.multivariate_normal(model.mean_, model.get_covariance())
    samples = [
        turned(fitted(law.rvs(400, random_state=seed), None, noise=noise), "oblimin", model)
        for seed in range(100)
    ]
    for name in samples[0]:
        spread = np.std([sample[name] for sample in samples], axis=0)
        assert_allclose(errors[name], spread, rtol=0.35, atol=1e-9, err_msg=name)


# What has to hold


def test_communalities_and_noise_do_not_know_of_rotations():
    X = draw(100)
    found = [fitted(X, rotation).standard_errors(X, method="sandwich") for rotation in ROTATIONS]
    for name in "communalities", "noise_variance", "mean":
        for other in found[1:]:
            assert_allclose(other[name], found[0][name], rtol=1e-5)


def test_units_of_features_do_not_matter():
    X = draw(100)
    plain, scaled = (fitted(x).standard_errors() for x in (X / UNITS, X))
    assert_allclose(scaled.standardized_loadings, plain.standardized_loadings, rtol=1e-5)
    assert_allclose(scaled.loadings, plain.loadings * UNITS[:, None], rtol=1e-5)
    assert_allclose(scaled.noise_variance, plain.noise_variance * UNITS**2, rtol=1e-5)
    assert_allclose(scaled.mean, plain.mean * UNITS, rtol=1e-5)


def test_whole_weights_count_rows_unless_a_sandwich_is_asked_for():
    X, weights = draw(60), np.repeat([1, 2, 3], 20)
    repeated = fitted(np.repeat(X, weights, axis=0)).standard_errors()
    for method in "expected", "observed":
        weighted = fitted(X, sample_weight=weights).standard_errors(X, weights, method=method)
        alone = fitted(X, sample_weight=weights).standard_errors(method=method)
        assert_allclose(weighted.loadings, alone.loadings, rtol=1e-6)
    assert_allclose(alone.loadings, repeated.loadings, rtol=0.2)


def test_settings_for_another_fit_do_not_matter():
    X = draw(60)
    model = fitted(X, "varimax")
    before = model.standard_errors()
    after = model.set_params(noise="isotropic", n_components=1).standard_errors()
    assert_allclose(after.noise_variance, before.noise_variance)


def test_gaps_that_say_nothing_change_nothing():
    X = draw(60)
    more = np.vstack([X, np.full((5, 6), np.nan)])
    plain, padded = fitted(X), fitted(more)
    one = plain.standard_errors(method="observed")
    two = padded.standard_errors(more)
    assert two.method == "observed"
    assert_allclose(two.loadings, one.loadings, rtol=1e-3)


def test_covariance_holds_all_errors():
    X = draw(100)
    result = fitted(X).standard_errors(return_covariance=True)
    for name, place in result.places.items():
        variances = np.diag(result.covariance)[place]
        assert_allclose(np.sqrt(variances), np.ravel(result[name]), atol=1e-8)
    correlation = result.covariance[result.places["factor_correlation"]][:, result.places["mean"]]
    assert_allclose(correlation, 0, atol=1e-9)


def test_one_factor_and_none():
    X = draw(100)
    one = fitted(X, n_components=1).standard_errors()
    assert one.loadings.shape == (6, 1)
    assert (one.loadings > 0).all()
    none = fitted(X, n_components=0).standard_errors()
    assert none.loadings.shape == (6, 0)
    assert_allclose(none.noise_variance, X.var(axis=0) * np.sqrt(2 / 100))
    assert_allclose(none.mean, X.std(axis=0) / 10)
    assert_allclose(none.communalities, 0)


def test_constant_features_have_none():
    X = draw(100)
    wider = np.insert(X, 2, 7.0, axis=1)
    with pytest.warns(UserWarning, match=r"Constant features \(columns 2\)"):
        found = fitted(wider).standard_errors()
    expected = fitted(X).standard_errors()
    assert np.isnan(found.loadings[2]).all()
    assert np.isnan(found.mean[2])
    kept = [0, 1, 3, 4, 5, 6]
    assert_allclose(found.loadings[kept], expected.loadings, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Heywood case. the noise variance:UserWarning")
def test_heywood_cases_are_held_at_their_bound():
    X = draw(100)
    X = np.column_stack([X, X[:, 0]])
    model = fitted(X)
    with pytest.warns(UserWarning, match="held there"):
        found = model.standard_errors()
    at_bound = model.heywood_
    assert at_bound.any()
    for name in "noise_variance", "communalities":
        assert (np.isnan(found[name]) == at_bound).all()
    assert np.isfinite(found.loadings).all()
    assert (found.loadings > 0).all()


# Refusals


def with_a_gap(X):
    X = X.copy()
    X[0, 0] = np.nan
    return X


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (lambda X: fitted(X).standard_errors(method="sandwich"), "give X"),
        (lambda X: fitted(X).standard_errors(method="robust"), "method must be one of"),
        (lambda X: fitted(X).standard_errors(sample_weight=np.ones(len(X))), "give X"),
        (lambda X: fitted(X, sample_weight=np.ones(len(X))).standard_errors(), "count equal rows"),
        (lambda X: fitted(X[:, :4]).standard_errors(), "11 parameters"),
        (lambda X: fitted(X).standard_errors(with_a_gap(X), method="expected"), "complete rows"),
    ],
)  # fmt: skip
def test_what_has_no_standard_errors_is_refused(refused, sentence):
    with pytest.raises(ValueError, match=sentence):
        refused(draw(80))


def test_given_parameters_have_none_unless_they_are_a_rotation_of_the_likeliest():
    X = draw(200)
    model = fitted(X)
    given = FactorAnalysis.from_parameters(
        model.components_, model.noise_variance_, model.mean_,
        factor_correlation=model.factor_correlation_, rotation="oblimin",
    )  # fmt: skip
    with pytest.raises(ValueError, match="needs the training rows X"):
        given.standard_errors()
    assert_allclose(given.standard_errors(X).loadings, model.standard_errors().loadings, rtol=1e-5)
    for rotation in "geomin", "promax", "varimax", None:
        with pytest.raises(ValueError, match=f"not those of rotation={rotation!r}"):
            given.set_params(rotation=rotation).standard_errors(X)


def test_other_rows_are_noticed():
    with pytest.warns(UserWarning, match="not those of the highest likelihood"):
        fitted(draw(80)).standard_errors(draw(80, seed=3))


def test_factors_that_nothing_tells_apart_are_refused():
    X = rows_with_moments(np.kron(np.eye(2), np.full((3, 3), 0.5) + 0.5 * np.eye(3)), 100)
    with pytest.raises(ValueError, match="does not decide"):
        fitted(X, None).standard_errors()
    assert np.isfinite(fitted(X, "varimax").standard_errors().loadings).all()


def test_factors_without_loadings_are_refused():
    X = rows_with_moments(np.eye(6), 100)
    with pytest.raises(ValueError, match=r"no loadings|other ones are as likely"):
        FactorAnalysis(1).fit(X).standard_errors()


@pytest.mark.parametrize("rotation", ["oblimin", "promax", "varimax"])
def test_correlations_of_factors_with_themselves_are_known(rotation):
    errors = FactorAnalysis(2, rotation=rotation).fit(draw(200)).standard_errors()
    known = np.diag(errors.factor_correlation)
    assert_array_equal(known, 0)
    assert (errors.factor_correlation[0, 1] > 0.01) == (rotation != "varimax")
