"""Densities of sources: against scipy, finite differences, numerical integrals and draws."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from sklearn_helmholtz.sources import Adaptive, Mixture, Samples, Student
from tests.source_models import MAKERS, naive_log_densities, samples

RNG = np.random.default_rng(0)
VALUES = 3 * RNG.normal(size=(4, 32))
VALUES[0, 0], VALUES[3, 1] = 60.0, -90.0  # far tails
WEIGHTS = RNG.random(32)
NAMES = sorted(MAKERS)


def one(density, number, values):
    """Log-densities of one source."""
    return density.chosen(np.array([number])).log_prob(np.ascontiguousarray(values))


@pytest.mark.parametrize("name", NAMES)
def test_log_densities_are_those_of_scipy(name):
    density = MAKERS[name](4)
    values = VALUES / 10 if name in ("mixture", "several", "adaptive") else VALUES
    expected = naive_log_densities(density, values).sum(axis=0)
    assert_allclose(density.log_prob(values), expected, rtol=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_slopes_of_log_densities(name):
    density, step = MAKERS[name](4), 1e-4
    values = VALUES[:, 2:18] / 2
    weights = WEIGHTS[:16]
    found = density.scores(values, weights)
    ends = [naive_log_densities(density, values + sign * step) for sign in (-1, 0, 1)]
    assert_allclose(found.scores, -(ends[2] - ends[0]) / (2 * step), atol=1e-6)
    assert_allclose(found.log_densities, ends[1] @ weights, rtol=1e-11)
    if name == "laplace":  # whose slopes are those that are expected
        return
    bends = -(ends[2] - 2 * ends[1] + ends[0]) / step**2
    assert_allclose(found.slopes, bends @ weights, atol=1e-5)
    assert_allclose(found.curved, (bends * values**2) @ weights, atol=1e-4)


def test_expected_slopes_of_laplace_are_the_information():
    density = MAKERS["laplace"](2)
    draws = density.draw(160_000, np.random.RandomState(0))
    found = density.scores(draws, np.full(160_000, 1 / 160_000))
    assert_allclose(found.slopes, (found.scores**2).mean(axis=1))


@pytest.mark.parametrize("name", NAMES)
def test_densities_integrate_to_one(name):
    density = MAKERS[name](3)
    for number in range(3):

        def height(x, number=number):
            return np.exp(one(density, number, np.full((1, 16), x))[0])

        assert_allclose(integrate.quad(height, -300, 300, points=[0], limit=400)[0], 1, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_draws_have_the_distribution_and_the_moments(name):
    density = MAKERS[name](3)
    draws = density.draw(4000, np.random.RandomState(0))
    means, variances = density.moments()
    for number in range(3):
        grid = np.linspace(-80, 80, 64_000)
        heights = np.exp(one(density, number, grid[None]))
        below = integrate.cumulative_trapezoid(heights, grid, initial=0)
        found = stats.kstest(draws[number], lambda x, b=below, g=grid: np.interp(x, g, b))
        assert found.pvalue > 1e-3
        assert_allclose(means[number], integrate.trapezoid(heights * grid, grid), atol=1e-3)
        spread = integrate.trapezoid(heights * (grid - means[number]) ** 2, grid)
        assert_allclose(variances[number], spread, rtol=3e-2)


@pytest.mark.parametrize("name", NAMES)
def test_scaled_and_chosen_densities_are_those_of_scaled_and_chosen_sources(name):
    density, factors, order = MAKERS[name](4), np.array([2.0, -0.5, 1.5, -3.0]), np.array([3, 1, 0])
    values = VALUES[:, 2:18] / 3
    expected = density.log_prob(values) - np.log(np.abs(factors)).sum()
    assert_allclose(density.scaled(factors).log_prob(factors[:, None] * values), expected)
    chosen = density.chosen(order).log_prob(values[order])
    assert_allclose(chosen, naive_log_densities(density, values)[order].sum(axis=0), rtol=1e-11)


@pytest.mark.parametrize("name", ["mixture", "student", "adaptive"])
@pytest.mark.parametrize("shrinkage", [0.0, 0.3, 1.0])
def test_learning_never_lowers_the_objective(name, shrinkage):
    sources = samples(shrinkage=shrinkage).sources(np.eye(3))
    density = MAKERS[name](3)
    before = sources.objective(density)
    for _ in range(12):
        density = density.improved(sources, 1)
        now = sources.objective(density)
        assert now >= before - 1e-10
        before = now


def naive_em(density, sources):
    """A step of EM of mixtures with priors, by loops."""
    values, shares = zip(*sources.parts(), strict=True)
    values, shares = np.hstack(values), np.concatenate(shares)
    n_all = sources.samples.n_all_rows
    known = 1 / n_all + 0.01 * (1 - sources.samples.shrinkage)
    result = []
    for i in range(len(values)):
        parts = density.weights[i] * stats.norm.pdf(
            values[i][:, None], density.means[i], np.sqrt(density.variances[i])
        )
        r = shares[:, None] * parts / parts.sum(axis=1, keepdims=True)
        n = r.sum(axis=0)
        means = r.T @ values[i] / n
        spread = (r * (values[i][:, None] - means) ** 2).sum(axis=0)
        weights = (n + 1 / n_all) / (n + 1 / n_all).sum()
        result.append((weights, means, (spread + 0.01 * known) / (n + known)))
    return [np.array(each) for each in zip(*result, strict=True)]


def test_a_step_of_em_is_its_naive_twin():
    sources, density = samples().sources(np.eye(3)), MAKERS["mixture"](3)
    found, _ = density.stepped(sources)
    for array, expected in zip(found.arrays().values(), naive_em(density, sources), strict=True):
        assert_allclose(array, expected, rtol=1e-10)


def test_mixtures_learn_to_the_maximum_of_the_objective():
    sources = samples().sources(np.eye(3))
    density = Mixture.start(sources).improved(sources, 300)
    best, rng = sources.objective(density), np.random.default_rng(0)
    for _ in range(40):
        means = density.means + 0.01 * rng.normal(size=density.means.shape)
        variances = density.variances * np.exp(0.01 * rng.normal(size=means.shape))
        assert sources.objective(Mixture(density.weights, means, variances)) <= best + 1e-9


def test_students_learn_to_the_maximum_of_the_likelihood():
    sources = samples(n_rows=400).sources(np.eye(3))
    density = Student.start(sources).improved(sources, 500)
    best = sources.objective(density)
    for name in ("places", "scales", "df"):
        for step in (-0.02, 0.02):
            moved = {**density.arrays(), name: density.arrays()[name] + step}
            assert sources.objective(Student(**moved)) < best + 1e-12


def test_pseudo_rows_alone_make_normal_densities():
    sources = samples(shrinkage=1.0).sources(np.eye(3))
    values = VALUES[:3, 2:18] / 3
    expected = stats.norm.logpdf(values).sum(axis=0)
    mixture = Mixture.start(sources).improved(sources, 300)
    assert_allclose(mixture.log_prob(values), expected, atol=0.02)
    student = Student.start(sources).improved(sources, 300)
    assert_allclose(student.log_prob(values), expected, atol=0.02)


def test_kinds_are_chosen_by_likelihood_and_price_and_not_by_the_prior_of_mixtures():
    rng = np.random.default_rng(0)
    humps = np.sign(rng.normal(size=3000)) + 0.2 * rng.normal(size=3000)
    values = np.stack([humps, rng.laplace(size=3000)])
    values = (values - values.mean(axis=1)[:, None]) / values.std(axis=1)[:, None]
    given = Samples.of(values, np.ones(3000), 0.0).sources(np.eye(2))
    found = Adaptive.start(given).improved(given, 20)
    assert found.is_mixture.tolist() == [True, False]
