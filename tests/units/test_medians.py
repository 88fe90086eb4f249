"""Medians of mixtures against their distribution functions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from sklearn_helmholtz.columns import weighted_medians
from sklearn_helmholtz.units import Bernoulli, Gaussian, Poisson
from tests.shells import real_rows

rng = np.random.default_rng(0)
WEIGHTS, MEANS = rng.dirichlet(np.ones(5), 20), 2 * rng.normal(size=(20, 5, 3))
VARIANCES = rng.uniform(0.01, 2, (20, 3))


def mixed(each):
    return np.einsum("nk,nkd->nd", WEIGHTS, each)


def test_half_of_a_mixture_of_gaussians_lies_below_its_median():
    units = Gaussian.from_variance(np.ones(3))
    medians = units.mixture_medians(WEIGHTS, MEANS, VARIANCES)
    below = mixed(stats.norm.cdf(medians[:, None], MEANS, np.sqrt(VARIANCES)[:, None]))
    assert_allclose(below, 0.5, atol=1e-12)


@pytest.mark.parametrize("scale", [0.01, 1, 1000])
def test_the_median_of_counts_is_the_first_that_half_does_not_exceed(scale):
    rates = scale * np.exp(MEANS)
    medians = Poisson().mixture_medians(WEIGHTS, rates, None)
    assert (mixed(stats.poisson.cdf(medians[:, None], rates)) >= 0.5).all()
    assert (mixed(stats.poisson.cdf(medians[:, None] - 1, rates)) < 0.5).all()


def test_medians_of_weighted_values():
    values = rng.integers(0, 5, (20, 5, 3)).astype(float)
    for found in (
        weighted_medians(WEIGHTS, values),
        Poisson().mixture_medians(WEIGHTS, values, np.zeros((20, 3))),
    ):
        assert (mixed(values <= found[:, None]) >= 0.5 - 1e-12).all()
        assert (mixed(values < found[:, None]) < 0.5).all()


def test_the_median_of_a_bit_is_its_mode():
    p = rng.random((20, 5, 3))
    assert_array_equal(Bernoulli().mixture_medians(WEIGHTS, p, None), mixed(p) >= 0.5)


def test_medians_are_filled_in_by_every_estimator():
    X = real_rows()
    X[::3, 1] = np.nan
    for model in (FactorAnalysis(1), HelmholtzMachine(3, max_iter=3, random_state=0)):
        filled = model.fit(X).impute(X, "median")
        assert np.isfinite(filled).all()
        assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
    model = FactorAnalysis(1).fit(X)  # whose medians are means
    assert_array_equal(model.impute(X), model.impute(X, "median"))
