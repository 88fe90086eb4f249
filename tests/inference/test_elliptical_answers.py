"""What models of Gaussian latents answer: posteriors, imputations, draws given some values."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz.models import BeliefNetModel, Encoding, most_probable
from sklearn_helmholtz.rows import Scaling
from sklearn_helmholtz.units import Gaussian
from tests import cases
from tests.latent_grids import (
    FAMILIES,
    dream,
    linear_normal,
    linear_posterior,
    log_density,
    make_net,
)

NAN = np.nan
N_DRAWS = 3000


def rng_of(seed=0):
    return np.random.RandomState(seed)


def posterior(net, rows, method, n_samples=10, n_pool=50, n_sweeps=20, n_threads=1):
    table = net.model.table(rows)
    return net.model.posterior(table, method, n_samples, n_pool, n_sweeps, rng_of(), n_threads)


# Posteriors


def test_models_know_the_words_for_what_their_units_allow():
    latent = make_net("bernoulli").model
    assert latent.posterior_methods == ("auto", "recognition", "importance", "elliptical")
    assert latent.likelihood_methods == ("auto", "importance", "annealed")
    binary = cases.small_machine((4, 3), "binary")[0]._model
    assert "elliptical" not in binary.posterior_methods
    assert {"exact", "mean-field", "gibbs"} < set(binary.posterior_methods)
    assert "exact" in binary.likelihood_methods


@pytest.mark.parametrize("method", ["exact", "mean-field", "gibbs"])
def test_other_methods_are_refused_by_name(method):
    net = make_net("bernoulli")
    with pytest.raises(ValueError, match=rf"^method='{method}' needs "):
        posterior(net, np.zeros((2, 4)), method)


def test_binary_machines_refuse_elliptical_slice_sampling():
    model = cases.small_machine((4, 3), "binary")[0]._model
    with pytest.raises(ValueError, match=r"^method='elliptical' needs elliptical slice sampling"):
        model.posterior(model.table(np.zeros((2, 4))), "elliptical", 5, 10, 2, rng_of(), 1)


@pytest.mark.parametrize("n_missing", [0, 2])
@pytest.mark.parametrize("family", FAMILIES)
def test_elliptical_draws_have_the_posterior_of_the_grid(family, n_missing):
    net, n = make_net(family, scale=1.2, seed=3), 1500
    row = dream(net, 1, n_missing, seed=3)
    points, weights = net.grid[0][:, 0], net.posterior(row[0])
    mean = weights @ points
    error = np.sqrt(weights @ (points - mean) ** 2 / n)
    found = posterior(net, np.repeat(row, n, axis=0), "elliptical", n_samples=1, n_pool=20)
    draws = found["samples"][0][:, 0, 0]
    assert found["method"] == "elliptical"
    assert draws.dtype == np.float32
    assert stats.kstest(draws, net.cdf(row[0])).pvalue > 1e-3
    assert abs(found["mean"][0].mean() - mean) < 3.5 * error
    assert (found["effective_sample_size"] <= 20).all()
    found = posterior(net, row, "importance", n_pool=8000)
    assert abs(found["mean"][0][0, 0] - mean) < 4 * error * np.sqrt(n / 2000)


def test_means_of_recognition_are_its_own():
    net, k = make_net("gaussian", 2), 2
    rows = dream(net, 3)
    found = posterior(net, rows, "recognition", n_samples=400)
    x = rows
    for number, each in enumerate(net.machine.encoder.maps):
        x = np.tanh(x) if number else x
        x = each.intercept.astype(float) + x @ each.weights.astype(float)
    assert_allclose(found["mean"][0], x[:, :k], rtol=1e-4, atol=1e-5)
    deviations = found["samples"][0].mean(axis=1) - x[:, :k]
    assert (abs(deviations) < 4.5 * np.exp(x[:, k:]) / 20).all()
    assert (deviations != 0).all()


@pytest.mark.parametrize("n_missing", [0, 2])
def test_elliptical_posteriors_of_a_linear_model_are_exact(n_missing):
    net, n = make_net("gaussian", 2, hidden=(), scale=0.8, seed=3), 800
    rows = dream(net, 2, n_missing)
    found = posterior(net, np.repeat(rows, n, axis=0), "elliptical", n_samples=1, n_pool=20)
    for row, z in zip(rows, found["samples"][0].reshape(2, n, 2), strict=True):
        mean, covariance = linear_posterior(net, row)
        assert_allclose(z.mean(axis=0), mean, atol=3.7 * np.sqrt(covariance.max() / n))
        assert_allclose(np.cov(z.T), covariance, atol=5 * covariance.max() * np.sqrt(2 / n))


def test_no_bit_of_a_posterior_depends_on_threads():
    net = make_net("bernoulli", 2)
    rows = dream(net, 200, 1)
    one, two = (posterior(net, rows, "elliptical", n_threads=n) for n in (1, 2))
    assert_array_equal(one["samples"][0], two["samples"][0])


# Missing values


def joint_probabilities(net, row, columns, values):
    """p(two columns = values | the rest of a row) of all combinations, by the grid."""
    tables = []
    for column, own in zip(columns, values, strict=True):
        only = np.full(len(row), NAN)
        logs = []
        for only[column] in own:
            logs.append(net.log_visible(only, net.grid[0]))
        tables.append(np.exp(logs))
    return ((tables[0] * net.posterior(row)) @ tables[1].T).ravel()


VALUES = {"bernoulli": (0, 1), "poisson": range(40), "mixed": range(3)}


def state_numbers(drawn, values):
    """Numbers of combinations of drawn values, (n_rows, n_columns), in the order of products."""
    return np.ravel_multi_index(drawn.T.astype(int), [len(each) for each in values])


def missing_pair(family):
    """A net, a row that misses two values, and what these may be."""
    net = make_net(family, scale=1.0, seed=5)
    row = dream(net, 1, seed=6)[0]
    columns = (0, 1) if family == "mixed" else (1, 3)
    row[list(columns)] = NAN
    n_values = (3, 4) if family == "mixed" else (len(VALUES[family]),) * 2
    return net, row, columns, [range(n) for n in n_values]


@pytest.mark.parametrize("family", VALUES)
def test_imputed_draws_have_their_joint_distribution(family):
    net, row, columns, values = missing_pair(family)
    probabilities = joint_probabilities(net, row, columns, values)
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)
    rows = net.model.table(np.tile(row, (N_DRAWS, 1)))
    drawn = net.model.impute(rows, "sample", 1, 20, rng_of(), 1)[:, 0].reshape(N_DRAWS, 2)
    numbers = state_numbers(drawn, values)
    cases.assert_frequencies(numbers, probabilities / probabilities.sum())


@pytest.mark.parametrize("family", VALUES)
def test_draws_given_some_values_have_their_joint_distribution(family):
    net, row, columns, values = missing_pair(family)
    probabilities = joint_probabilities(net, row, columns, values)
    data, hidden = net.model.draw_given(row, N_DRAWS, 1, rng_of(1), 1)  # sweeps do all the work
    numbers = state_numbers(data[:, list(columns)], values)
    cases.assert_frequencies(numbers, probabilities / probabilities.sum())
    assert_array_equal(data[:, ~np.isnan(row)], np.tile(row[~np.isnan(row)], (N_DRAWS, 1)))
    assert hidden[0].dtype == np.float32
    assert stats.kstest(hidden[0][:, 0], net.cdf(row)).pvalue > 1e-3


@pytest.mark.parametrize("family", ["bernoulli", "poisson", "gaussian"])
def test_imputed_means_are_those_of_the_grid(family):
    net = make_net(family, 2, scale=0.8, seed=5)
    rows = dream(net, 3, 2)
    found = net.model.impute(net.model.table(rows), "mean", 1, 4000, None, 1)[:, 0]
    expected = []
    for row in rows:
        means, weights = net.means(net.grid[0]), net.posterior(row)
        expected.extend((weights @ means)[np.isnan(row)])
    assert_allclose(found, expected, rtol=0.04, atol=0.02)


@pytest.mark.parametrize("strategy", ["median", "mode"])
def test_imputed_medians_and_modes_are_those_of_the_grid(strategy):
    net = make_net("bernoulli", 2, scale=1.3, seed=5)
    rows = dream(net, 12, 2)
    found = net.model.impute(net.model.table(rows), strategy, 1, 400, None, 1)[:, 0]
    means = np.concatenate([
        (net.posterior(row) @ net.means(net.grid[0]))[np.isnan(row)] for row in rows
    ])  # fmt: skip
    clear = abs(means - 0.5) > 0.05
    assert clear.sum() > 8
    assert_array_equal(found[clear], means[clear] > 0.5)
    net = make_net("gaussian", 2, hidden=(), scale=0.8, seed=3)
    row, normal = dream(net, 1, 2)[0], linear_normal(net)
    (middle,) = [linear_posterior(net, row)[0]]
    expected = net.means(middle[None])[0][np.isnan(row)]
    found = net.model.impute(net.model.table(row[None]), strategy, 1, 4000, None, 1)[:, 0]
    deviations = np.sqrt(np.diag(normal.cov))[np.isnan(row)]
    share = {"median": 0.25, "mode": 0.8}[strategy]  # 64 components have a rugged density
    assert_allclose(found, expected, atol=share * deviations.max())


def test_imputed_draws_of_a_linear_model_are_normal_in_the_units_of_the_user():
    net = make_net("gaussian", 2, hidden=(), scale=0.8, seed=3)
    centre, scale = np.array([1.0, -2.0, 0.0, 5.0]), np.array([2.0, 0.5, 1.0, 3.0])
    encoding = Encoding(Gaussian, Scaling(centre, scale), np.zeros(4, np.float32))
    model, row = BeliefNetModel(encoding, net.machine), dream(net, 1)[0]
    row[[0, 2]] = NAN
    normal, seen = linear_normal(net), ~np.isnan(row)
    gain = normal.cov[np.ix_(~seen, seen)] @ np.linalg.inv(normal.cov[np.ix_(seen, seen)])
    mean = normal.mean[~seen] + gain @ (row - normal.mean)[seen]
    covariance = normal.cov[np.ix_(~seen, ~seen)] - gain @ normal.cov[np.ix_(seen, ~seen)]
    rows = model.table(np.tile(centre + scale * row, (1500, 1)))
    drawn = model.impute(rows, "sample", 1, 20, rng_of(), 1)[:, 0].reshape(1500, 2)
    drawn = (drawn - centre[~seen]) / scale[~seen]
    whitened = np.linalg.solve(np.linalg.cholesky(covariance), (drawn - mean).T)
    for each in whitened:
        assert stats.kstest(each, "norm").pvalue > 1e-3
    assert_allclose(np.cov(whitened), np.eye(2), atol=4 * np.sqrt(2 / 1500))


# Evidence


def limited_net():
    """Zeros and ones whose inputs tanh units limit: the last column is hardly ever 1."""
    net = make_net("bernoulli", hidden=(2,))
    last = net.machine.decoder.maps[-1]
    last.weights[:, 3], last.intercept[3] = 1, -40
    return net


def test_values_that_no_latents_make_possible_are_refused():
    net = limited_net()
    assert net.model.draw_given(np.array([1, NAN, NAN, 0]), 5, 20, rng_of(), 1)[0].shape == (5, 4)
    with pytest.raises(ValueError, match="impossible that column 3 is 1, as given says"):
        net.model.draw_given(np.array([1, NAN, NAN, 1]), 5, 20, rng_of(), 1)


@pytest.mark.parametrize(("family", "largest"), [("bernoulli", 1.0), ("poisson", 30.0)])
def test_no_value_is_impossible_where_latents_move_it_without_limits(family, largest):
    net = make_net(family, hidden=())
    for value in (0.0, largest):
        data, _ = net.model.draw_given(np.array([NAN, NAN, value, NAN]), 5, 20, rng_of(), 1)
        assert_array_equal(data[:, 2], value)


def test_a_gaussian_value_far_from_all_means_is_refused():
    net = make_net("gaussian", hidden=(2,))
    weights, centre = (each.astype(float) for each in net.machine.decoder.maps[-1].coefficients)
    highest = centre[1] + abs(weights[:, 1]).sum()
    deviation = np.sqrt(net.units.variance[1])
    near, far = highest + 7.3 * deviation, highest + 7.5 * deviation  # exp(-27.6) is 1e-12
    net.model.draw_given(np.array([NAN, near, NAN, NAN]), 3, 20, rng_of(), 1)
    with pytest.raises(ValueError, match="impossible that column 1"):
        net.model.draw_given(np.array([NAN, far, NAN, NAN]), 3, 20, rng_of(), 1)


# Other answers


@pytest.mark.parametrize("family", FAMILIES)
def test_log_joint_takes_any_latents(family):
    net = make_net(family, 2)
    rows, z = dream(net, 5, 1), np.random.default_rng(0).normal(scale=2, size=(5, 2))
    net.model.check_hidden([z])
    found = net.model.log_joint(net.model.table(rows), [z], 1)
    expected = [
        stats.norm.logpdf(own).sum() + net.log_visible(row, own[None])[0]
        for row, own in zip(rows, z, strict=True)
    ]
    if net.columns:  # of which the last is real, in units of measurement of its own
        expected -= np.where(np.isnan(rows[:, 3]), 0, np.log(net.columns[3].scale))
    assert_allclose(found, expected, rtol=1e-6)


def test_states_of_binary_units_are_still_zeros_and_ones():
    model = cases.small_machine((4, 3), "binary")[0]._model
    with pytest.raises(ValueError, match=r"H must hold zeros and ones, but unit 1 of hidden"):
        model.check_hidden([np.array([[0, 0.5, 1]])])


def test_effects_of_a_linear_model_are_its_loadings():
    net = make_net("gaussian", 2, hidden=(), scale=0.8)
    scale = np.array([2.0, 0.5, 1.0, 3.0])
    encoding = Encoding(Gaussian, Scaling(np.zeros(4), scale), np.zeros(4, np.float32))
    effects = BeliefNetModel(encoding, net.machine).effects(1)
    weights = net.machine.decoder.maps[0].weights.astype(float)
    assert_allclose(effects.changes, weights * scale, rtol=1e-6)
    assert_allclose(effects.importance, weights**2 / net.units.variance, rtol=1e-6)


def test_effects_of_a_curved_decoder_are_those_of_a_step_of_one():
    net = make_net("bernoulli", 2)
    found = net.model.effects(1).changes
    expected = net.eta(np.eye(2)) - net.eta(np.zeros((2, 2)))
    assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("missing", [False, True])
def test_rows_are_recorded_and_scored_as_densities_or_probabilities(missing):
    rows = np.array([[0, 1, 1, NAN if missing else 0]])
    for family, expected in (("bernoulli", 0.0), ("gaussian", NAN)):
        model = make_net(family).model
        assert_array_equal(model.recorded(model.table(rows), np.zeros(1)), [expected])


def test_what_needs_states_of_hidden_units_refuses_latents():
    net = make_net("bernoulli")
    rows = net.model.table(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="aic needs exact probabilities, which machines with G"):
        net.model.check_exact("aic", rows)
    with pytest.raises(ValueError, match="state needs enumeration of the hidden states"):
        most_probable(net.model, rows, 10, 1)


def test_levels_of_a_column_have_the_probabilities_of_the_grid():
    net = make_net("bernoulli", 2, scale=0.8)
    rows = dream(net, 3)
    found = net.model.level_probabilities(rows, 2, 2, 4000, 1)
    for row, p in zip(rows, found, strict=True):
        given = np.where(np.arange(4) == 2, NAN, row)
        expected = net.posterior(given) @ net.means(net.grid[0])[:, 2]
        assert p[1] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("n_missing", [0, 2])
def test_free_energies_of_a_linear_model_are_those_of_its_recognition(n_missing):
    net = make_net("gaussian", 2, hidden=(), scale=0.8, seed=3)
    rows, normal = dream(net, 3, n_missing), linear_normal(net)
    found = net.model.estimate(net.model.table(rows), "auto", 8000, 1, None, 1)[0]
    only = net.machine.encoder.maps[0]
    eta = only.intercept.astype(float) + np.nan_to_num(rows) @ only.weights.astype(float)
    for row, own, energy in zip(rows, eta, found.free_energy, strict=True):
        mean, covariance = linear_posterior(net, row)
        precision, difference = np.linalg.inv(covariance), own[:2] - mean
        divergence = 0.5 * (
            np.trace(precision @ np.diag(np.exp(2 * own[2:]))) + difference @ precision @ difference
            - 2 - 2 * own[2:].sum() + np.linalg.slogdet(covariance)[1]
        )  # fmt: skip
        assert energy == pytest.approx(divergence - log_density(normal, row), rel=0.05)
