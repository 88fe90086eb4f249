"""Machines with a hidden layer of Gaussian units: what is refused, and what is answered."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz.inference import ExactPosterior, Gibbs, MeanField
from sklearn_helmholtz.layers import Affine, Conditional
from sklearn_helmholtz.likelihood import Enumeration, units_to_sum_out
from sklearn_helmholtz.machines import BeliefNet, Chain, Helmholtz
from sklearn_helmholtz.models import BeliefNetModel, Encoding
from sklearn_helmholtz.rows import Scaling, Table
from sklearn_helmholtz.units import Ability, Bernoulli, Gaussian
from tests import cases

N_UNITS = (4, 3, 2)


def affine(n_in, n_out, rng, scale=0.6):
    weights = None if n_in is None else rng.normal(scale=scale, size=(n_in, n_out))
    weights = None if weights is None else weights.astype(np.float32)
    return Affine(weights, rng.normal(scale=scale, size=n_out).astype(np.float32))


def generation(families, n_units=N_UNITS, seed=0):
    """A generative chain; families : of the units of each layer, from the data upward."""
    rng, top = np.random.default_rng(seed), len(n_units) - 1
    parents = [*n_units[1:], None]
    conditionals = [
        Conditional(affine(parents[layer], n_units[layer], rng), families[layer](n_units[layer]))
        for layer in range(top, -1, -1)
    ]
    return Chain(tuple(conditionals), tuple(range(top, -1, -1)))


def zeros_and_ones(n):
    return Bernoulli()


def real(n):
    return Gaussian.from_variance(np.linspace(0.5, 1.5, n))


WHERE = {
    "the first": ([zeros_and_ones, real, zeros_and_ones], 1),
    "the second": ([zeros_and_ones, zeros_and_ones, real], 2),
    "both": ([real, real, real], 1),
}
each_place = pytest.mark.parametrize(("families", "layer"), WHERE.values(), ids=WHERE)


@each_place
@pytest.mark.parametrize(
    ("algorithm", "ability"),
    [
        (Enumeration, "enumeration of the hidden states"),
        (ExactPosterior, "enumeration of the hidden states"),
        (Gibbs.of, "Gibbs sampling"),
        (MeanField.of, "mean field"),
    ],
)
def test_algorithms_refuse_layers_that_do_not_allow_them(algorithm, ability, families, layer):
    net = BeliefNet(generation(families))
    sentence = f"needs {ability}, which hidden layer {layer} does not allow: its units are Gaussian"
    with pytest.raises(ValueError, match=rf"{sentence}\.$"):
        algorithm(net)


@each_place
def test_machines_say_what_they_can(families, layer):
    net, plain = BeliefNet(generation(families)), BeliefNet(generation([zeros_and_ones] * 3))
    for ability in set(Ability) - {Ability.ELLIPTICAL}:
        assert not net.can(ability)
        assert plain.can(ability)
        plain.require(ability)
        with pytest.raises(ValueError, match=rf"^method='x' needs {ability}, .*layer {layer} "):
            net.require(ability, "method='x'")


@each_place
def test_states_that_cannot_be_enumerated_count_as_infinitely_many(families, layer):
    x = cases.make_rows(4, "gaussian" if families[0] is real else "binary", 5)
    units = units_to_sum_out(BeliefNet(generation(families)), cases.rows_of(x))
    assert units.shape == (5,)
    assert (units == np.inf).all()


# Linear-Gaussian machines


def linear_gaussian(n_units=(3, 2), seed=1):
    """A model of one Gaussian layer, with recognition a little wider than p(h | x); its normal."""
    chain = generation([real, real], n_units, seed)
    prior, visible = chain.conditionals
    weights, centre = (np.float64(array) for array in visible.map.coefficients)
    noise, spread = np.float64(visible.units.variance), np.float64(prior.units.variance)
    mean = np.float64(prior.map.intercept)
    covariance = weights.T @ np.diag(spread) @ weights + np.diag(noise)
    gain = np.diag(spread) @ weights @ np.linalg.inv(covariance)
    posterior = np.diag(spread) - gain @ weights.T @ np.diag(spread)
    centre = mean @ weights + centre
    guess = Affine(
        np.ascontiguousarray(gain.T, np.float32), (mean - centre @ gain.T).astype(np.float32)
    )
    recognition = Conditional(guess, Gaussian.from_variance(1.5 * np.diag(posterior)))
    machine = Helmholtz(chain, Chain((recognition,), (1,)))
    scaling = Scaling(np.zeros(n_units[0]), np.ones(n_units[0]))
    encoding = Encoding(Gaussian, scaling, np.zeros(n_units[0], np.float32))
    return BeliefNetModel(encoding, machine), stats.multivariate_normal(centre, covariance)


def estimate(model, rows, method, n_samples=4000):
    return model.estimate(rows, method, n_samples, 10, None, 1)


def test_dreams_of_a_linear_gaussian_model_are_normal():
    model, normal = linear_gaussian()
    (x, h), log_joint = model.machine.dream(cases.make_draws(20_000, purpose=Purpose.DREAM))
    assert x.dtype == h.dtype == np.float32
    z = np.linalg.solve(np.linalg.cholesky(normal.cov), (x - normal.mean).T)
    for column in z:
        assert stats.kstest(column, "norm").pvalue > 1e-3
    assert_allclose(np.corrcoef(z), np.eye(3), atol=5 / np.sqrt(20_000))
    prior, visible = model.machine.generation.conditionals
    expected = sum(
        stats.norm(mean, np.sqrt(c.units.variance)).logpdf(values).sum(axis=1)
        for c, values, mean in (
            (prior, h, prior.map.intercept), (visible, x, visible.map.doubles(h.astype(float))),
        )
    )  # fmt: skip
    assert_allclose(log_joint, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("missing", [False, True])
def test_automatic_scores_are_sampled_and_agree_with_the_normal(missing):
    model, normal = linear_gaussian()
    x = normal.rvs(30, random_state=0)
    if missing:
        x[np.random.default_rng(0).random(x.shape) < 0.3] = np.nan
        x[:, 0] = np.nan_to_num(x[:, 0])
    result, keys, method = estimate(model, model.table(x), "auto")
    assert method == "importance"
    assert result.bound == "lower"
    truth = np.array([of_observed(normal, row) for row in np.float64(np.float32(x))])
    error = np.sqrt(result.variance)
    assert 0 < error.max() < 0.05
    assert (abs(result.per_sample - truth) < 4.5 * error + abs(result.bias) + 1e-5).all()
    summary = result.summary(keys)
    difference = summary["mean"] - truth.mean()
    assert abs(difference) < 3 * summary["monte_carlo_error"] + abs(summary["bias"])


def of_observed(normal, x):
    """The log-density of what is observed of a row."""
    seen = ~np.isnan(x)
    cov = normal.cov[np.ix_(seen, seen)]
    return stats.multivariate_normal(normal.mean[seen], cov).logpdf(x[seen])


@pytest.mark.parametrize(
    ("method", "ability"),
    [("exact", "enumeration of the hidden states"), ("annealed", "annealing")],
)
def test_methods_that_a_layer_does_not_allow_are_refused_by_their_names(method, ability):
    model, _ = linear_gaussian()
    rows = Table(np.zeros((2, 3)), False, model.encoding.scaling)
    with pytest.raises(ValueError, match=rf"^method='{method}' needs {ability}, .* layer 1 "):
        estimate(model, rows, method)
