"""Answers of factor models have their digits wherever the covariance of the features has them.

Noise may all but vanish beside the loadings: then what is inverted must not be what says so.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz.factors import LinearGaussian
from sklearn_helmholtz.factors.em import expect
from sklearn_helmholtz.factors.patterned import PatternedRows
from sklearn_helmholtz.factors.reflections import Reflections
from tests.rational import FactorModel

WELL = 1e4  # condition numbers of correlations: answers have twelve digits
DIGITS = 1e-8


@st.composite
def models(draw):
    """Loadings, noise, and a row with gaps: noise of any size, in any units."""
    k, p = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    small = st.integers(-4, 4)
    loads = np.array(draw(st.lists(st.lists(small, min_size=p, max_size=p), min_size=k,
                                   max_size=k))) / 2  # fmt: skip
    kinds = st.sampled_from([0, 0, 0, -1, -3, -5, -8, -12, -14, -16, -20, -30])
    exponents = np.array(draw(st.lists(kinds, min_size=p, max_size=p)), float)
    scale = 10.0 ** np.array(draw(st.lists(st.sampled_from([0, 0, 0, -6, 3, 9]), min_size=p,
                                           max_size=p)))  # fmt: skip
    row = np.array(draw(st.lists(small, min_size=p, max_size=p)), float)
    seen = np.array(draw(st.lists(st.sampled_from([True, True, False]), min_size=p, max_size=p)))
    assume(seen.any())
    return loads * scale, 10.0**exponents * scale**2, np.where(seen, row * scale, np.nan)


def well_conditioned(model):
    """Its exact answers, where its correlations are well conditioned."""
    exact = FactorModel(*model)
    assume(exact.condition() < WELL)
    return exact


def close(actual, expected, unit):
    assert_allclose(actual / unit, expected / unit, rtol=DIGITS, atol=DIGITS * size(expected, unit))


def size(expected, unit):
    return max(1, np.abs(expected / unit).max(initial=0))


@given(models())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_what_is_known_of_the_factors_has_its_digits(model):
    loads, noise, row = model
    exact, machine = well_conditioned(model), LinearGaussian(np.zeros(len(row)), loads, noise)
    found = machine.infer(np.tile(row, (2, 1)))
    for number in range(2):
        close(found.means[number], exact.means(), 1.0)
        assert found.log_prob[number] == pytest.approx(exact.log_prob(), rel=DIGITS, abs=DIGITS)
    close(found.covariances[0], exact.covariance(), 1.0)
    scores, condition = exact.bartlett()
    if condition < WELL:
        close(machine.bartlett(row[None])[0], scores, 1.0)


@given(models())
@settings(derandomize=True, deadline=None, max_examples=60)
def test_answers_of_given_parameters_have_their_digits(model):
    loads, noise, row = model
    exact, whole = well_conditioned(model), FactorModel(loads, noise, np.zeros(len(row)))
    assume(whole.condition() < WELL)
    fitted, X = FactorAnalysis.from_parameters(loads, noise), row[None]
    deviations = np.sqrt((loads**2).sum(axis=0) + noise)
    log_prob = pytest.approx(exact.log_prob(), rel=DIGITS, abs=DIGITS)
    assert fitted.score(X) == log_prob
    assert -fitted.free_energy(X)[0] == log_prob
    assert fitted.log_likelihood(X).mean == log_prob
    close(fitted.transform(X)[0], exact.means(), 1.0)
    close(fitted.posterior(X).covariance[0][0], exact.covariance(), 1.0)
    for strategy in ("mean", "mode"):
        expected = np.where(np.isnan(row), exact.expected(), row)
        close(fitted.impute(X, strategy)[0], expected, deviations)
    close(fitted.get_precision() * deviations, whole.precision() * deviations, 1 / deviations)


@pytest.mark.parametrize("correlation", [0.0, 0.5])
@pytest.mark.parametrize("tight", [1e-14, 1e-30])
def test_draws_have_the_moments_of_exact_answers(tight, correlation):
    turn = np.linalg.cholesky([[1, correlation], [correlation, 1]]).T
    components, noise = np.array([[1, 0.5, 2], [0.5, 1, -1]]), np.array([tight, tight, 1])
    row, n = np.array([1.0, np.nan, np.nan]), 20_000
    model = FactorAnalysis.from_parameters(
        components, noise, factor_correlation=[[1, correlation], [correlation, 1]]
    )
    C = components.T @ turn.T @ turn @ components + np.diag(noise)
    mean = FactorModel(turn @ components, noise, row).expected()[1:]
    covariance = C[1:, 1:] - np.outer(C[1:, 0], C[0, 1:]) / C[0, 0]
    draws = [
        model.sample(n, given=row, random_state=0),
        model.impute(np.tile(row, (n, 1)), "sample", random_state=0),
    ]
    for x in draws:
        assert_allclose(x[:, 0], 1)
        assert (abs(x[:, 1:].mean(axis=0) - mean) < 5 * np.sqrt(np.diag(covariance) / n)).all()
        assert_allclose(np.cov(x[:, 1:].T), covariance, atol=0.1)
    z = model.posterior(row[None], n_samples=n, random_state=0)
    assert_allclose(z.samples[0][0] @ components[:, 0], 1, atol=10 * np.sqrt(tight) + 1e-12)
    assert_allclose(np.cov(z.samples[0][0].T), z.covariance[0][0], atol=0.05)


def many_rows(n_rows, missing):
    """A model of which two features have no noise to speak of, and its rows in many patterns."""
    rng = np.random.default_rng(0)
    loads, noise = rng.normal(size=(3, 8)), np.full(8, 0.5)
    noise[[2, 5]] = 1e-14, 1e-25
    machine = LinearGaussian(rng.normal(size=8), loads, noise)
    x, _ = machine.sample(n_rows, rng)
    x[rng.random(x.shape) < missing] = np.nan
    return machine, x


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_rows_are_explained_together_as_one_by_one(missing, monkeypatch):
    machine, x = many_rows(400, missing)
    one_by_one = [machine.infer(row[None]) for row in x]
    for entries in (2**22, 100):
        monkeypatch.setattr("sklearn_helmholtz.factors.linear_gaussian._ENTRIES", entries)
        found = machine.infer(x)
        expected = [each.means[0] for each in one_by_one]
        assert_allclose(found.means, expected, rtol=1e-9, atol=1e-10)
        expected = [each.log_prob[0] for each in one_by_one]
        assert_allclose(found.log_prob, expected, rtol=1e-9, atol=1e-10)
        expected = [each.covariances[0] for each in one_by_one]
        assert_allclose(found.covariances[found.numbers], expected, atol=1e-10)
        expected = [machine.bartlett(row[None])[0] for row in x]
        assert_allclose(machine.bartlett(x), expected, rtol=1e-7, atol=1e-7)


def test_small_noise_of_many_features_costs_no_digits():
    """The covariance is singular to rounding, but what is known of the factors is not."""
    rng = np.random.default_rng(0)
    loads, z = rng.integers(-2, 3, size=(2, 60)).astype(float), np.array([[0.75, -1.5]])
    for noise in (1e-8, 1e-13, 1e-20, 1e-30):
        found = LinearGaussian(np.zeros(60), loads, np.full(60, noise)).infer(z @ loads)
        assert_allclose(found.means, z, rtol=1e-7)
        expected = np.linalg.inv(np.eye(2) + loads @ loads.T / noise)
        assert_allclose(found.covariances[0], expected, rtol=1e-9)


def test_reflections_solve_least_squares():
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(3, 9, 4)), rng.normal(size=(3, 9))
    A[1, :, 3] = A[1, :, 0]
    found = Reflections.of(A, 1e-12)
    turned = found.turn(b, np.arange(3))
    assert found.rank.tolist() == [4, 3, 4]
    for i in range(3):
        expected, *_ = np.linalg.lstsq(A[i], b[i], rcond=1e-10)
        actual = turned[i, :4] @ found.shortest()[i]
        assert_allclose(actual, expected, atol=1e-12)
        rest = b[i] - A[i] @ expected
        assert (turned[i, found.rank[i] :] ** 2).sum() == pytest.approx(rest @ rest)
    for i in (0, 2):
        inverse = found.roots[i].T @ found.roots[i]
        assert_allclose(inverse, np.linalg.inv(A[i].T @ A[i]), atol=1e-12)
        alike = Reflections.of(A[i : i + 1]).turn(np.tile(b[i], (12, 1)), np.zeros(12, int))
        assert_allclose(alike, np.tile(turned[i], (12, 1)), atol=1e-12)


@pytest.mark.parametrize("noise", [1e-8, 1e-14, 1e-25])
def test_sums_over_patterns_are_those_of_their_rows_to_the_last_digits(noise):
    machine = LinearGaussian(
        np.array([0.5, -1, 0, 2]), np.array([[1, 0.5, 2, 0], [0.5, 1, -1, 0]]),
        np.array([noise, noise, 1, 0.5]),
    )  # fmt: skip
    x, _ = machine.sample(60, np.random.default_rng(0))
    x[::2, 1] = x[::3, 0] = np.nan
    w = np.random.default_rng(1).uniform(0.5, 2, 60)
    data = PatternedRows.of(x, w, lambda rows: rows, 4)
    assert len(data.seen) == 4
    none = np.empty((0, 4), bool), np.empty(0), np.empty((0, 4)), np.empty((0, 4, 4))
    found, expected = expect(machine, data), expect(machine, PatternedRows(x, w, *none))
    assert found.log_likelihood == pytest.approx(w @ machine.log_prob(x), rel=DIGITS)
    for name, value in vars(expected).items():
        assert_allclose(getattr(found, name), value, rtol=DIGITS, atol=DIGITS)


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@pytest.mark.filterwarnings("ignore:The likelihood had not:sklearn.exceptions.ConvergenceWarning")
@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(derandomize=True, deadline=None, max_examples=10)
def test_likelihoods_of_fits_in_many_units_are_those_of_their_rows(seed, is_often):
    rng = np.random.default_rng(seed)
    n, p = 60, int(rng.integers(3, 7))
    k = int(rng.integers(1, p))
    X = rng.normal(size=(n, k + 1)) @ rng.normal(size=(k + 1, p)) + 0.3 * rng.normal(size=(n, p))
    X *= 10.0 ** rng.integers(-6, 9, p)
    if is_often:
        X[::3, 0] = X[1::3, p - 1] = np.nan
    else:
        X[rng.random(X.shape) < 0.15] = np.nan
    model = FactorAnalysis(k, noise="isotropic", max_iter=50).fit(X)
    assert model.loglike_[-1] == pytest.approx(model.score(X) * n, rel=DIGITS)


def test_parameters_are_refused_for_their_covariance_not_for_their_noise():
    for noise in (1e-16, 1e-30, 1e-300, 5e-324):
        model = FactorAnalysis.from_parameters([[1, 0.5], [0.5, 1]], noise)
        assert model.impute([[1, np.nan]])[0, 1] == pytest.approx(0.8, abs=1e-8)
        with pytest.raises(ValueError, match="to rounding, the covariance of the features is"):
            FactorAnalysis.from_parameters([[1, 1], [1, 1]], noise)
