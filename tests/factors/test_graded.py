"""Graded responses beside adaptive quadrature, enumeration and finite differences."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats
from scipy.special import ndtr

from sklearn_helmholtz.factors import Ogives, OgiveUncertainty, infer, is_coarse, rotate
from sklearn_helmholtz.factors.graded import slopes_of_likelihood
from sklearn_helmholtz.factors.turned import TurnedDerivatives

INF = np.inf
THRESHOLDS = np.array([[-INF, 0.3, INF, INF], [-INF, -0.8, 0.5, INF], [-INF, -0.2, 0.1, INF]])
LEVELS = (2, 3, 3)
LOADINGS = np.array([[0.7, 0.2], [0.5, -0.4], [0.3, 0.8]])


def ogives(n_factors):
    return Ogives.of(LOADINGS[:, :n_factors], THRESHOLDS)


def every_row():
    """All rows of levels, and some with values missing."""
    rows = [*itertools.product(*(range(n) for n in LEVELS)), (-1, 2, -1), (1, -1, 0), (-1, -1, -1)]
    return np.array(rows)


def test_one_factor_beside_adaptive_quadrature():
    model, rows = ogives(1), every_row()[::3]
    a, noise = LOADINGS[:, 0], np.sqrt(1 - LOADINGS[:, 0] ** 2)

    def integrand(z, row, power):
        value = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * z**power
        for item, code in enumerate(row):
            if code >= 0:
                ends = (THRESHOLDS[item, code : code + 2] - a[item] * z) / noise[item]
                value *= np.diff(ndtr(ends))[0]
        return value

    found = infer(model, rows)
    for number, row in enumerate(rows):
        mass, first, second = (
            integrate.quad(integrand, -9, 9, (row, power), epsabs=1e-13)[0] for power in range(3)
        )
        assert_allclose(found.log_prob[number], np.log(mass), atol=1e-8)
        assert_allclose(found.means[number], first / mass, atol=1e-8)
        variance = second / mass - (first / mass) ** 2
        assert_allclose(found.covariances[number, 0, 0], variance, atol=1e-6)
    assert not is_coarse(model, found.covariances)


def test_two_factors_beside_rectangles_of_the_normal_distribution():
    rows = every_row()
    C = LOADINGS @ LOADINGS.T
    np.fill_diagonal(C, 1)
    law = stats.multivariate_normal(np.zeros(3), C)
    for row, log_prob in zip(rows, infer(ogives(2), rows).log_prob, strict=True):
        low = np.array([-9.0 if c < 0 else THRESHOLDS[j, c] for j, c in enumerate(row)])
        high = np.array([9.0 if c < 0 else THRESHOLDS[j, c + 1] for j, c in enumerate(row)])
        mass = law.cdf(np.clip(high, -9, 9), lower_limit=np.clip(low, -9, 9))
        assert_allclose(np.exp(log_prob), mass, atol=2e-5)


@pytest.mark.parametrize("n_factors", [0, 1, 2])
def test_probabilities_of_all_rows_sum_to_one_and_posteriors_to_the_prior(n_factors):
    model, rows = ogives(n_factors), np.array(list(itertools.product(*map(range, LEVELS))))
    found = infer(model, rows)
    masses = np.exp(found.log_prob)
    assert_allclose(masses.sum(), 1, atol=1e-12)
    second = found.covariances + found.means[:, :, None] * found.means[:, None]
    assert_allclose(masses @ found.means, np.zeros(n_factors), atol=1e-12)
    # What lies beyond the grid is 1e-7 of the variance.
    assert_allclose(np.einsum("r,rkl->kl", masses, second), np.eye(n_factors), atol=1e-6)


@pytest.mark.parametrize("n_factors", [1, 2])
def test_slopes_are_finite_differences(n_factors):
    model, rows = ogives(n_factors), every_row()[::3]
    weights = np.random.default_rng(0).uniform(0.5, 2, len(rows))
    value, by_slope, by_cut = slopes_of_likelihood(model, rows, weights)
    assert_allclose(value, weights @ infer(model, rows).log_prob)
    step = 1e-5

    def moved(item, place, sign, is_slope):
        slopes, cuts = model.slopes.copy(), model.cuts.copy()
        if is_slope:
            slopes[item, place] += sign * step
        else:
            cuts[item, place + 1] += sign * step
        return infer(Ogives(slopes, cuts), rows).log_prob

    for item in range(3):
        for factor in range(n_factors):
            change = (moved(item, factor, 1, True) - moved(item, factor, -1, True)) / (2 * step)
            assert_allclose(by_slope[item, factor], weights @ change, atol=1e-7)
        for cut in range(LEVELS[item] - 1):
            change = (moved(item, cut, 1, False) - moved(item, cut, -1, False)) / (2 * step)
            assert_allclose(by_cut[item, cut], weights @ change, atol=1e-7)


def test_levels_in_the_tails_keep_their_digits():
    far = Ogives(np.zeros((2, 1)), np.array([[-INF, 10, INF], [-INF, -10, INF]]))
    rare = infer(far, np.array([[1, -1], [-1, 0]])).log_prob
    assert_allclose(rare, np.log(ndtr(-10)), rtol=1e-12)


@pytest.mark.parametrize("slope", [5.0, 12.0, 15.0, 20.0])
def test_grids_that_are_not_said_to_be_coarse_are_right(slope):
    """Of two steep items and another, beside a grid that is 500 times as fine."""
    line = np.linspace(-8, 8, 64_001)
    density = stats.norm.pdf(line) * (line[1] - line[0])
    rows = np.array(list(itertools.product([0, 1], repeat=3)))
    largest = 0.0
    for cut in (-1.03, -0.2, 0.05, 0.52, 1.37):
        inner = np.array([[cut * slope], [0.3], [cut * slope + 0.3]])
        cuts = np.hstack([np.full((3, 1), -INF), inner, np.full((3, 1), INF)])
        model = Ogives(np.array([[slope], [1.0], [slope]]), cuts)
        found, masses = infer(model, rows), model.probabilities(line[:, None])
        exact = np.prod(masses[np.arange(3), rows], axis=1) @ density
        largest = max(largest, np.abs(found.log_prob - np.log(exact)).max())
    assert is_coarse(model, found.covariances) or largest < 2e-3
    assert is_coarse(model, found.covariances) == (slope > 12)


def test_loadings_and_slopes_are_the_same_model():
    model = ogives(2)
    assert_allclose(model.loadings, LOADINGS)
    assert_allclose(model.thresholds, THRESHOLDS)


def test_grids_that_are_too_coarse_are_noticed():
    sharp = Ogives(np.full((40, 1), 5.0), np.tile([-INF, 0, INF], (40, 1)))
    assert is_coarse(sharp, infer(sharp, np.tile([0, 1], (1, 20))).covariances)
    steep = Ogives(np.array([[25.0]]), np.array([[-INF, 0, INF]]))
    assert is_coarse(steep, np.ones((1, 1, 1)))
    assert not is_coarse(Ogives(steep.slopes / 2, steep.cuts), np.ones((1, 1, 1)))


def test_published_derivatives_are_finite_differences():
    """By slopes and cuts, through an oblique rotation."""
    A = np.array([[0.8, 0.1], [0.7, 0], [0.6, 0.2], [0.1, 0.7], [0, 0.8], [0.1, 0.5]])
    model = Ogives.of(A, np.tile([-INF, 0.3, INF], (6, 1)))
    first = rotate(A, "oblimin")
    uncertainty = OgiveUncertainty(model, np.eye(18), 0.0)
    found = uncertainty.published(first.transformation, "oblimin")
    found["thresholds"] = uncertainty.thresholds()
    step = 1e-5
    for number in range(18):
        ends = []
        for sign in (1, -1):
            slopes, cuts = model.slopes.copy(), model.cuts.copy()
            if number < 12:
                slopes.ravel()[number] += sign * step
            else:
                cuts[number - 12, 1] += sign * step
            other = Ogives(slopes, cuts)
            turned = rotate(other.loadings, "oblimin", n_starts=1)
            noise = 1 - (other.loadings**2).sum(axis=1)
            ends.append({
                "loadings": turned.loadings, "noise_variance": noise, "communalities": 1 - noise,
                "factor_correlation": turned.factor_correlation,
                "thresholds": other.thresholds[:, 1],
            })  # fmt: skip
        for name, values in ends[0].items():
            change = (values - ends[1][name]) / (2 * step)
            assert_allclose(found[name][..., number], change, atol=2e-3, err_msg=name)
    slopes = TurnedDerivatives.of(A, 1 - (A**2).sum(axis=1), first.transformation, "oblimin")
    assert slopes.loadings.shape == (6, 2, 18)
