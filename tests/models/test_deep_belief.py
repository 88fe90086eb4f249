"""Deep belief nets by enumeration: scores, posteriors, draws, and what they refuse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from sklearn_helmholtz.inference import ExactPosterior
from sklearn_helmholtz.machines import initialise_deep_belief, stack
from sklearn_helmholtz.models import Ways
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import Ability, Bernoulli
from tests import deep_belief_nets as nets
from tests.boltzmann_machines import log_probabilities, make_boltzmann

ARRAYS = nets.random_arrays()
X = nets.states(4)
GAPS = np.where([[1, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1]], np.nan, X[[3, 6, 9]])


def truth(arrays, rows):
    return np.array([nets.log_probability(arrays, row) for row in rows])


@pytest.mark.parametrize("n_units", [(4, 3, 2), (4, 3, 3, 2), (3, 2, 2, 3, 2)])
def test_probabilities_are_those_of_enumeration_and_sum_to_one(n_units):
    arrays = nets.random_arrays(n_units, 1.3)
    rows = nets.states(n_units[0])
    model = nets.model_of(arrays)
    found, _, method = model.estimate(model.table(rows), "auto", 10, None, None, 1)
    assert method == found.bound == "exact"
    assert_allclose(found.per_sample, truth(arrays, rows), atol=1e-6)
    assert np.exp(found.per_sample).sum() == pytest.approx(1, abs=1e-6)
    energies = [nets.free_energy(arrays, row) for row in rows]
    assert_allclose(found.free_energy, energies, atol=1e-5)


def test_log_z_is_that_of_enumeration():
    found = nets.model_of(ARRAYS).partition(10, "auto", 1)
    assert found.method == "exact"
    assert found.value == pytest.approx(nets.log_partition(ARRAYS), abs=1e-6)


def test_gaps_are_summed_out_and_rows_of_nothing_else_have_0():
    model = nets.model_of(ARRAYS)
    expected = truth(ARRAYS, GAPS)
    assert expected[2] == pytest.approx(0, abs=1e-9)
    found = model.estimate(model.table(GAPS), "auto", 10, None, None, 1)[0]
    assert_allclose(found.per_sample, expected, atol=1e-6)
    found = model.estimate(model.table(GAPS), "importance", 20000, None, None, 1)[0]
    assert found.per_sample[2] == 0
    assert found.bound == "lower"
    gaps = np.abs(found.per_sample - expected)
    assert (gaps <= 4 * np.sqrt(found.variance) + np.abs(found.bias) + 1e-6).all()


def test_importance_sampling_finds_the_same():
    model = nets.model_of(ARRAYS)
    found, _, method = model.estimate(model.table(X), "importance", 4000, None, None, 1)
    assert (method, found.bound) == ("importance", "lower")
    z = (found.per_sample - found.bias - truth(ARRAYS, X)) / np.sqrt(found.variance)
    assert np.abs(z).max() < 4
    assert np.sqrt((z**2).mean()) < 1.7
    energies = np.array([nets.free_energy(ARRAYS, row) for row in X])
    assert_allclose(found.free_energy, energies, atol=0.2)


def test_no_particle_comes_from_a_prior_that_cannot_be_drawn_from():
    machine = nets.machine_of(ARRAYS)
    assert not machine.is_normalised
    for ability in set(Ability) - {Ability.ENUMERATE}:
        assert not machine.can(ability)
    with pytest.raises(ValueError, match="its prior is undirected"):
        machine.require(Ability.GIBBS)


def test_annealed_log_z_agrees_within_its_error_and_is_no_bound():
    rng = np.random.default_rng(3)
    arrays = nets.random_arrays((4, 21, 22), 0.4, 1)
    model = nets.model_of(arrays)
    exact = model.partition(10, "auto", 1, "exact")
    annealing = Ways(100, 500)
    found = annealing.partition_of(model)
    assert found.method == "annealed"
    assert abs(found.value - exact.value) < 3 * found.standard_error + abs(found.bias)
    rows = model.table(X[rng.permutation(16)[:6]])
    estimate = model.estimate(rows, "auto", 300, annealing, None, 1)[0]
    assert estimate.bound == "none"
    assert estimate.common_variance == found.variance > 0
    free, gaps = estimate.per_sample + found.value, []
    for annealing in (Ways(100, 500), Ways(10, 3), Ways(10, 4)):
        found = annealing.partition_of(model)
        lower, method = model.lower_bounds(rows, 300, annealing, None, 1)
        assert (lower.bound, method) == ("lower", "importance")
        assert_allclose(lower.per_sample, free - max(found.lower, found.upper), atol=1e-9)
        gaps.append(found.back - found.value)
    assert min(gaps) < 0 < max(gaps)


def test_posteriors_are_those_of_enumeration():
    model, hidden = nets.model_of(ARRAYS), nets.all_hidden(ARRAYS)
    rows = model.table(np.concatenate([X[[2, 9]], GAPS]))
    rng = np.random.RandomState(0)
    exact = model.posterior(rows, "auto", 3000, 10, 1, rng, 1)
    weighted = model.posterior(rows, "importance", 3, 3000, 1, rng, 1)
    assert (exact["method"], weighted["method"]) == ("exact", "importance")
    for number, row in enumerate(np.concatenate([X[[2, 9]], GAPS])):
        p = nets.posterior(ARRAYS, row)
        for layer, states in enumerate(hidden):
            expected = p @ states
            assert_allclose(exact["mean"][layer][number], expected, atol=1e-6)
            assert_allclose(weighted["mean"][layer][number], expected, atol=0.08)
            drawn = exact["samples"][layer][number]
            assert_allclose(drawn.mean(axis=0), expected, atol=0.045)
    # The topmost layer goes with the one below, draw by draw.
    below, top = (layer[0].astype(float) for layer in exact["samples"][-2:])
    means = nets.top_given(ARRAYS, below)
    assert_allclose((below.T @ (top - means)) / len(top), 0, atol=0.04)


def test_recognition_guesses_all_layers_and_knows_the_topmost():
    model = nets.model_of(ARRAYS)
    rng = np.random.RandomState(0)
    found = model.posterior(model.table(X[:3]), "recognition", 4000, 10, 1, rng, 1)
    below = X[:3]
    first = expit(below @ ARRAYS.up[0] + ARRAYS.up_intercepts[0])
    assert_allclose(found["mean"][0], first, atol=0.035)
    states = [layer.reshape(-1, layer.shape[2]).astype(float) for layer in found["samples"]]
    expected = nets.top_given(ARRAYS, states[1]).reshape(3, 4000, -1).mean(axis=1)
    assert_allclose(found["mean"][2], expected, atol=1e-5)


def test_draws_have_the_right_frequencies_in_all_layers_together():
    model, n = nets.model_of(ARRAYS), 20000
    drawn, hidden = model.draw(n, np.random.RandomState(0), 1)
    numbers = drawn @ (1 << np.arange(3, -1, -1))
    p = np.exp(truth(ARRAYS, X))
    assert_allclose(np.bincount(numbers, minlength=16) / n, p, atol=0.015)
    for row in (5, 10):
        own = numbers == row
        expected = nets.posterior(ARRAYS, X[row])
        for layer, states in zip(hidden, nets.all_hidden(ARRAYS), strict=True):
            assert_allclose(layer[own].mean(axis=0), expected @ states, atol=0.08)


def test_conditional_draws_and_imputations_are_those_of_enumeration():
    model = nets.model_of(ARRAYS)
    evidence = np.array([1.0, np.nan, 0.0, np.nan])
    fits = X[(X[:, 0] == 1) & (X[:, 2] == 0)]
    p = np.exp(truth(ARRAYS, fits))
    p /= p.sum()
    drawn, hidden = model.draw_given(evidence, 4000, 10, np.random.RandomState(1), 1)
    assert_allclose(drawn.mean(axis=0), p @ fits, atol=0.04)
    assert_allclose(
        hidden[-1].mean(axis=0), nets.posterior(ARRAYS, evidence) @ nets.all_hidden(ARRAYS)[-1],
        atol=0.04,
    )  # fmt: skip
    filled = model.impute(model.table(evidence[None]), "mean", 1, 10, None, 1)
    assert_allclose(filled[:, 0], (p @ fits)[[1, 3]], atol=1e-6)


def test_log_joint_of_all_layers_is_that_of_the_definition():
    model, hidden = nets.model_of(ARRAYS), nets.all_hidden(ARRAYS)
    own = [layer[::7] for layer in hidden]
    for row in (X[6], GAPS[1]):
        rows = model.table(np.repeat(row[None], len(own[0]), axis=0))
        found = model.log_joint(rows, own, 1, nets.log_partition(ARRAYS))
        expected = nets.log_unnormalized(ARRAYS, row, own) - nets.log_partition(ARRAYS)
        assert_allclose(found, expected, atol=1e-5)


def test_parameters_are_counted_once_and_never_beyond_a_table_of_states():
    machine = nets.machine_of(nets.random_arrays((20, 4, 3)))
    assert machine.n_parameters == 2**4 - 1 + 20 * 5
    machine = nets.machine_of(nets.random_arrays((20, 9, 3)))
    assert machine.n_parameters == (9 * 3 + 9 + 3) + 20 * 10


def test_a_machine_with_its_own_transpose_on_top_has_its_probabilities():
    below = make_boltzmann(4, 3, 1.5)
    transposed = make_boltzmann(3, 4)
    transposed.weights[:] = below.weights.T
    transposed.hidden_intercept[:] = below.visible_intercept
    transposed.visible_intercept[:] = below.hidden_intercept
    machine = stack([below, transposed])
    model = nets.model_of(ARRAYS)
    model = type(model)(model.encoding, machine)
    found = model.estimate(model.table(X), "auto", 10, None, None, 1)[0]
    assert_allclose(found.per_sample, log_probabilities(below), atol=1e-6)
    # Recognition is the exact posterior of that machine: the bound is tight, with any particle.
    assert_allclose(found.free_energy, -found.per_sample, atol=1e-6)
    rough = model.estimate(model.table(X), "importance", 1, None, None, 1)[0]
    assert_allclose(rough.per_sample, found.per_sample, atol=1e-4)


def test_new_machines_have_the_layers_that_were_asked_for():
    rng = np.random.default_rng(0)
    machine = initialise_deep_belief((6, 5, 4, 3), Bernoulli(), np.zeros(6, np.float32), rng)
    assert machine.n_units == (6, 5, 4)
    assert machine.hidden_sizes == (5, 4, 3)
    assert machine.top.n_units == (4, 3)
    assert ExactPosterior(machine).log_prior.shape == (16, 32)
    assert [len(layer[0]) for layer in machine.all_means(Block(np.eye(6, dtype=np.uint8)))] == [
        5,
        4,
        3,
    ]
