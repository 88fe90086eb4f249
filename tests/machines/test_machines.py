"""Chains and machines against enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import _tree
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import Bernoulli
from tests import cases, exact, naive
from tests.blocks import as_block
from tests.cases import CASES, NETS, make_case, make_draws


def total(log_prob):
    return np.exp(log_prob).sum()


def hidden_of(n_units):
    """All joint hidden states, from the first hidden layer upward, uint8."""
    return [np.ascontiguousarray(h, np.uint8) for h in exact.hidden_states(n_units)]


def test_a_machine_knows_its_units_and_weights():
    machine, _, _ = make_case((3, 2, 4, 1), "binary")
    assert machine.n_units == (3, 2, 4, 1)
    assert machine.n_weights == 2 * (6 + 8 + 4)
    assert machine.visible is machine.generation.conditionals[-1]
    assert machine.generation.layers == (3, 2, 1, 0)
    assert machine.recognition.layers == (1, 2, 3)
    assert not machine.is_autoregressive
    ordered, _, _ = make_case((3, 2, 4, 1), "ordered binary")
    laterals = [c.lateral.n_weights for c in ordered.generation.conditionals]
    assert sum(laterals) == 3 + 1 + 6
    assert ordered.n_weights == machine.n_weights + 2 * (3 + 1 + 6)
    assert ordered.is_autoregressive


@pytest.mark.parametrize("visible", ["binary", "ordered binary"])
@pytest.mark.parametrize("n_units", NETS)
def test_probabilities_of_all_states_sum_to_one(n_units, visible):
    machine, _, _ = make_case(n_units, visible)
    hidden, X = hidden_of(n_units), cases.all_rows(n_units[0])
    joint = 0.0
    for x in X:
        tiled = np.tile(x, (len(hidden[0]), 1))
        joint += total(sum(machine.log_parts((as_block(tiled), *hidden))))
        log_q = np.zeros(len(hidden[0]))
        machine.recognition.log_prob((tiled, *hidden), log_q)
        assert total(log_q) == pytest.approx(1, abs=1e-5)
    assert joint == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
@pytest.mark.parametrize("shared", [False, True])
def test_log_parts_add_up_to_that_of_enumeration(n_units, visible, shared):
    machine, params, X = make_case(n_units, visible)
    hidden = hidden_of(n_units)
    for x in X:
        rows = x[None] if shared else np.tile(x, (len(hidden[0]), 1))
        log_p = sum(machine.log_parts((as_block(rows), *hidden)))
        assert_allclose(log_p, exact.log_joint(params, x, hidden), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_recognition_samples_come_with_their_log_probability(n_units, visible):
    machine, params, X = make_case(n_units, visible)
    values, log_q = machine.recognise(as_block(X), make_draws(len(X), n_particles=20))
    assert values[0].values is X
    for row, x in enumerate(X):
        mine = slice(20 * row, 20 * row + 20)
        hidden = [h[mine].astype(np.float64) for h in values[1:]]
        assert_allclose(log_q[mine], exact.log_recognition(params, x, hidden), rtol=1e-5, atol=1e-5)


def assert_frequencies(numbers, probabilities):
    """A chi-square test of state numbers; states expected less than 5 times count together."""
    expected = probabilities * len(numbers)
    observed = np.bincount(numbers, minlength=len(expected))
    rare = expected < 5
    pools = [
        np.append(counts[~rare], counts[rare].sum())[: (~rare).sum() + (expected[rare].sum() > 5)]
        for counts in (observed, expected)
    ]
    statistic = ((pools[0] - pools[1]) ** 2 / pools[1]).sum()
    assert stats.chi2.sf(statistic, len(pools[0]) - 1) > 1e-3


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_recognition_samples_have_the_enumerated_frequencies(n_units, visible):
    machine, params, X = make_case(n_units, visible)
    values, _ = machine.recognise(as_block(X), make_draws(len(X), n_particles=20_000))
    numbers = cases.state_numbers(np.hstack(values[1:])).reshape(len(X), -1)
    for row, x in enumerate(X):
        assert_frequencies(numbers[row], exact.recognition(params, x))


@pytest.mark.parametrize("visible", ["binary", "ordered binary"])
@pytest.mark.parametrize("n_units", NETS)
def test_dreams_have_the_enumerated_frequencies(n_units, visible):
    machine, params, _ = make_case(n_units, visible)
    values, log_p = machine.dream(make_draws(50_000, purpose=Purpose.DREAM))
    assert [v.shape[1] for v in values] == list(n_units)
    hidden = exact.hidden_states(n_units)
    table = np.exp([exact.log_joint(params, x, hidden) for x in exact.all_states(n_units[0])])
    x, h = cases.state_numbers(values[0]), cases.state_numbers(np.hstack(values[1:]))
    assert_frequencies(x * len(hidden[0]) + h, table.ravel())
    assert_allclose(log_p, np.log(table[x, h]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("visible", ["gaussian", "ordered gaussian"])
@pytest.mark.parametrize("n_units", NETS)
def test_gaussian_dreams_are_normal_around_the_enumerated_states(n_units, visible):
    machine, params, _ = make_case(n_units, visible)
    values, log_p = machine.dream(make_draws(50_000, purpose=Purpose.DREAM))
    mean = exact.generative_inputs(params, values, 0)
    normalised = (values[0] - mean) / np.sqrt(params.noise_variance)
    for column in normalised.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
    hidden = [h[:200].astype(np.float64) for h in values[1:]]
    for row in range(200):
        expected = exact.log_joint(params, values[0][row], [h[row] for h in hidden])
        assert log_p[row] == pytest.approx(expected, rel=1e-4, abs=1e-4)
    first = exact.all_states(n_units[1])
    numbers = cases.state_numbers(values[1])
    assert_frequencies(numbers, first_layer_probabilities(params, first))


def first_layer_probabilities(params, first):
    """P(h_1) of states of the first hidden layer: those above are a machine of their own."""
    if len(params.generative_coefs) == 1:
        return np.exp(exact.log_joint(above(params), first, []))
    return np.exp(exact.log_likelihood(above(params), first))


def above(params):
    laterals = params.generative_lateral_coefs
    return exact.Parameters(
        params.generative_coefs[1:],
        params.generative_intercepts[1:],
        params.recognition_coefs[1:],
        params.recognition_intercepts[1:],
        generative_lateral_coefs=laterals and laterals[1:],
    )


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_means_pass_probabilities(n_units, visible):
    machine, params, X = make_case(n_units, visible)
    values = X.astype(np.float64)
    coefs, intercepts = params.recognition_coefs, params.recognition_intercepts
    means = machine.recognition.means(X)
    assert len(means) == len(coefs)
    for mean, weights, intercept in zip(means, coefs, intercepts, strict=True):
        values = exact.sigmoid(values @ weights + intercept)
        assert_allclose(mean, values, rtol=1e-5)


@pytest.mark.parametrize("visible", cases.ORDERED)
def test_means_of_units_in_order_pass_the_means_of_earlier_ones(visible):
    machine, params, _ = make_case((4, 3, 2), visible)
    mean, nothing = np.zeros(0), np.zeros((0, 2))
    for layer, actual in zip((2, 1, 0), machine.generation.means(None), strict=True):
        coefs = [*params.generative_coefs, nothing][layer]
        eta = naive.product([mean], coefs, params.generative_intercepts[layer])[0]
        real = layer == 0 and params.noise_variance is not None
        mean, _ = naive.complete_in_order(
            np.full(len(eta), np.nan), params.generative_lateral_coefs[layer], eta,
            (lambda i, eta: eta) if real else (lambda i, eta: naive.sigmoid(eta)),
        )  # fmt: skip
        assert_allclose(actual[0], mean, rtol=1e-5)


@pytest.mark.parametrize("visible", cases.ORDERED)
@pytest.mark.parametrize("n_particles", [1, 4])
def test_observing_completes_rows_and_scores_what_is_observed(n_particles, visible):
    machine, params, X = make_case((4, 3), visible, n_rows=5)
    gaps = np.random.default_rng(0).random(X.shape) < 0.5
    gaps[0], gaps[1] = False, True
    x = Block(np.where(gaps, np.nan, X).astype(np.float32), np.zeros(4, np.float32))
    draws = make_draws(5, n_particles)
    values, _ = machine.recognise(x, draws)
    log_prior, log_visible, (completed, *hidden) = machine.observe(values, draws)
    completed = completed.values
    gaps, X = np.repeat(gaps, n_particles, axis=0), np.repeat(X, n_particles, axis=0)
    assert_array_equal(completed[~gaps], X[~gaps].astype(np.float32))
    layers = [completed.astype(np.float64), *(h.astype(np.float64) for h in hidden)]
    eta = exact.generative_inputs(params, layers, 0)
    for row in range(len(X)):
        seen = np.where(gaps[row], np.nan, layers[0][row])
        expected = naive.observed_log_prob(seen, eta[row], params.noise_variance)
        assert log_visible[row] == pytest.approx(expected, rel=1e-5, abs=1e-5)
    joint = exact.log_joint(params, layers[0], layers[1:])
    whole = [
        naive.observed_log_prob(*row, params.noise_variance)
        for row in zip(layers[0], eta, strict=True)
    ]
    assert_allclose(log_prior, joint - whole, rtol=1e-5, atol=1e-5)


def test_a_fresh_machine_has_small_random_weights_and_the_given_intercept():
    units, intercept = Bernoulli(), np.linspace(-1, 1, 30)
    machine = initialise((30, 20, 10), units, intercept, np.random.default_rng(0))
    assert machine.n_units == (30, 20, 10)
    assert_allclose(machine.visible.map.intercept, intercept, rtol=1e-6)
    leaves = _tree.leaves(machine)
    assert all(leaf.dtype == np.float32 and leaf.flags.c_contiguous for leaf in leaves)
    for leaf in (leaf for leaf in leaves if leaf.ndim == 2):
        limit = np.sqrt(6 / sum(leaf.shape))
        assert 0.9 * limit < np.abs(leaf).max() <= limit
        assert abs(leaf.mean()) < 5 * limit / np.sqrt(3 * leaf.size)
    others = [leaf for leaf in leaves if leaf.ndim == 1 and len(leaf) != 30]
    assert not any(leaf.any() for leaf in others)
    assert len({id(leaf) for leaf in leaves}) == len(leaves)


def test_a_fresh_machine_of_units_in_order_begins_as_one_of_any_units():
    sizes, intercept = (30, 20, 10), np.linspace(-1, 1, 30)
    plain, ordered = (
        initialise(sizes, Bernoulli(), intercept, np.random.default_rng(0), autoregressive)
        for autoregressive in (False, True)
    )
    for one, other in zip(
        plain.generation.conditionals, ordered.generation.conditionals, strict=True
    ):
        assert other.lateral.weights.shape == (len(one.map.intercept),) * 2
        assert other.lateral.weights.dtype == np.float32
        assert not other.lateral.weights.any()
        for leaf, twin in zip(_tree.leaves(one.map), _tree.leaves(other.map), strict=True):
            assert_array_equal(leaf, twin)
