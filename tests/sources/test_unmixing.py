"""The machine: its density by numerical integrals, changes of variables, and the normal case."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz.factors import SecondMoments
from sklearn_helmholtz.sources import Mixture, Spectrum, Unmixing
from tests.source_models import MAKERS, naive_log_densities


def machine(n_sources, n_features, name="several", seed=0):
    rng = np.random.default_rng(seed)
    components = rng.normal(size=(n_sources, n_features))
    rest = 0.7 if n_sources < n_features else 0.0
    return Unmixing(rng.normal(size=n_features), components, rest, MAKERS[name](n_sources))


def normal_sources(n):
    """Mixtures that are standard normal."""
    weights, means = np.full((n, 3), 1 / 3), np.zeros((n, 3))
    return Mixture(weights, means, np.ones((n, 3)))


@pytest.mark.parametrize("n_sources", [1, 2])
@pytest.mark.parametrize("name", ["mixture", "student", "logistic", "laplace", "several"])
def test_density_integrates_to_one_in_two_dimensions(n_sources, name):
    one = machine(n_sources, 2, name)
    side = np.linspace(-60, 60, 1201)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    total = np.exp(one.log_prob(grid)).sum() * (side[1] - side[0]) ** 2
    assert_allclose(total, 1, atol=0.01)


def test_density_is_the_change_of_variables():
    one = machine(3, 3)
    X = one.sample(20, np.random.RandomState(0))[0]
    S = (X - one.mean) @ one.components.T
    expected = naive_log_densities(one.density, S.T).sum(axis=0)
    expected += np.log(abs(np.linalg.det(one.components)))
    assert_allclose(one.log_prob(X), expected, rtol=1e-10)


def test_rest_is_a_normal_distribution_across():
    one = machine(2, 5)
    X = one.sample(20, np.random.RandomState(0))[0] + np.random.default_rng(0).normal(size=(20, 5))
    U = np.linalg.svd(one.components.T)[0]
    inside, outside = U[:, :2], U[:, 2:]
    d = X - one.mean
    expected = naive_log_densities(one.density, (d @ one.components.T).T).sum(axis=0)
    expected += np.log(abs(np.linalg.det(one.components @ inside)))
    rest = d @ outside
    expected -= (rest**2).sum(axis=1) / 1.4 + 1.5 * np.log(2 * np.pi * 0.7)
    assert_allclose(one.log_prob(X), expected, rtol=1e-10)


@pytest.mark.parametrize(("n_sources", "n_features"), [(3, 3), (2, 5)])
def test_draws_come_from_their_sources(n_sources, n_features):
    one = machine(n_sources, n_features, "mixture")
    X, S = one.sample(20_000, np.random.RandomState(0))
    assert_allclose(one.sources(X), S, atol=1e-9)
    assert_allclose(one.mixing, np.linalg.pinv(one.components), atol=1e-10)
    variances = one.variances()
    assert_allclose(X.var(axis=0), variances, rtol=0.05)
    means, _ = one.density.moments()
    assert_allclose(X.mean(axis=0), one.mean + one.mixing @ means, atol=0.1)
    rest = X - one.expected(S)
    assert_allclose((rest**2).sum(axis=1).mean(), (n_features - n_sources) * one.rest_variance,
                    rtol=0.05)  # fmt: skip


@pytest.mark.parametrize("n_components", [1, 2, 4])
def test_normal_sources_are_probabilistic_pca(n_components):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) + 5
    whitening = Spectrum.of(SecondMoments.about(X).plus(X)).whitening(n_components)
    turn, _ = np.linalg.qr(rng.normal(size=(n_components, n_components)))
    one = Unmixing(
        whitening.mean, turn @ whitening.matrix, whitening.rest_variance,
        normal_sources(n_components),
    )  # fmt: skip
    # Of all four directions of a normal distribution, three factors and noise say the same.
    expected = FactorAnalysis(min(n_components, 3), noise="isotropic").fit(X)
    assert_allclose(one.log_prob(X), expected.score_samples(X), rtol=1e-9)


def test_whitening_is_white_and_knows_the_rank():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 5)) * 10.0 ** np.arange(-4, 6, 2)
    X[:, 1] = 7
    spectrum = Spectrum.of(SecondMoments.about(X).plus(X))
    assert spectrum.rank == 3
    Z = spectrum.whitening(3).rows(X)
    assert_allclose(Z @ Z.T / 60, np.eye(3), atol=1e-3)
    Y = np.delete(X, (1, 2), axis=1)
    Z = Spectrum.of(SecondMoments.about(Y).plus(Y)).whitening(3).rows(Y)
    assert_allclose(Z @ Z.T / 60, np.eye(3), atol=1e-8)
