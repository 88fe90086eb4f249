"""Rules of deep Boltzmann machines: expected steps are those that enumeration has."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import _tree
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz.inference import side_means
from sklearn_helmholtz.learning import DeepGibbsLearning, DeepMeanFieldLearning, TiedLearning
from sklearn_helmholtz.learning.chains import Centre, Share
from sklearn_helmholtz.learning.memory import Place, RowState
from sklearn_helmholtz.machines import assemble_boltzmann
from tests import cases
from tests.boltzmann_machines import log_probabilities, states
from tests.boltzmann_steps import draws_of, flat, step_of
from tests.deep_boltzmann_machines import (
    SIZES,
    block_of,
    make_deep,
    of_arrays,
    table_of,
)
from tests.learning.test_learning import assert_expectation

N_STEPS = 300
ROWS = {5: np.array([[1, 0, 0, 1, 1], [0, 1, 0, 1, 0]]), 4: np.array([[1, 0, 0, 1], [0, 1, 1, 1]])}
WEIGHTS = np.array([1.5, 0.75])
GAPS = np.array([[1, np.nan, 0, np.nan, 1], [np.nan, 1, 0, 1, 0]])


def drawn(layers, machine, row, rng, n):
    """States of the odd side given a row, (n, n_odd) uint8, by enumeration."""
    p = layers.posterior(row)
    odd = np.concatenate(layers.all_states[1::2], axis=1)
    return odd[rng.choice(len(p), n, p=p)].astype(np.uint8)


def steps_of(rule, machine, layers, rows, weights=None, n_chains=30, offsets=None, gaps=True):
    """Steps from chains, and from chains of rows, that are drawn by enumeration."""
    rng, nothing = np.random.default_rng(1), np.full(rows.shape[1], np.nan)
    hidden = drawn(layers, machine, nothing, rng, N_STEPS * n_chains)
    hidden = hidden.reshape(N_STEPS, n_chains, -1)
    own = np.stack([drawn(layers, machine, row, rng, N_STEPS) for row in rows], axis=1)
    steps, x = [], block_of(rows, weights)
    for number in range(N_STEPS):
        state = RowState(np.ones(len(rows), bool), [own[number]]) if gaps else None
        share = Share(hidden[number].copy(), gaps=state, centre=offsets)
        steps.append(step_of(rule, machine, x, share, number)[0])
    return np.array(steps)


def flat_slope(machine, by_weights, by_biases):
    """A gradient by layers in the order of a machine's arrays."""
    return flat(of_arrays(by_weights, by_biases)[0])


@pytest.mark.parametrize(
    ("rows", "n_inference_steps"), [("complete", 1), ("weighted", 3), ("gaps", 2)]
)
@pytest.mark.parametrize("sizes", SIZES)
def test_expected_gibbs_steps_are_the_slope(sizes, rows, n_inference_steps):
    machine, layers = make_deep(sizes)
    data, weights = ROWS[sizes[0]].astype(float), WEIGHTS if rows == "weighted" else None
    if rows == "gaps":
        data = GAPS[:, : sizes[0]]
    rule = DeepGibbsLearning(n_inference_steps=n_inference_steps)
    steps = steps_of(rule, machine, layers, data, weights)
    assert_expectation(steps, flat_slope(machine, *layers.slope(data, weights)))


def test_the_slope_of_the_oracle_is_that_of_the_log_likelihood():
    layers, rows = make_deep((5, 3, 2))[1], ROWS[5]
    by_weights, by_biases = layers.slope(rows)
    arrays = [*layers.weights, *layers.biases]
    for array, slope in zip(arrays, [*by_weights, *by_biases], strict=True):
        for place in itertools.product(*(range(n) for n in array.shape)):
            kept, ends = array[place], []
            for move in (1e-5, -1e-5):
                array[place] = kept + move
                ends.append(layers.log_probabilities(rows).sum())
            array[place] = kept
            assert slope[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-6)


def mean_field_slope(machine, rows, weights):
    """Finite differences of the bound of mean field, which finds its means anew each time."""
    found = _tree.copy(machine)
    for leaf, slope in zip(_tree.leaves(machine), _tree.leaves(found), strict=True):
        for place in itertools.product(*(range(n) for n in leaf.shape)):
            kept, ends = leaf[place], []
            for move in (2e-2, -2e-2):
                leaf[place] = kept + np.float32(move)
                bound = side_means(machine, block_of(rows), 100).bound
                ends.append((weights * bound).sum())
            leaf[place] = kept
            slope[place] = (ends[0] - ends[1]) / 4e-2
    if machine.present is not None:
        found.upward.weights[...] *= machine.present
    return flat(found)


@pytest.mark.parametrize(
    ("sizes", "rows"), [(SIZES[0], "weighted"), (SIZES[0], "gaps"), (SIZES[1], "complete")]
)
def test_expected_mean_field_steps_are_the_slope_of_the_bound(sizes, rows):
    machine, layers = make_deep(sizes, scale=0.6)
    data, weights = ROWS[sizes[0]].astype(float), WEIGHTS if rows == "weighted" else np.ones(2)
    if rows == "gaps":
        data = GAPS[:, : sizes[0]]
    rule = DeepMeanFieldLearning(n_inference_steps=100)
    steps = steps_of(rule, machine, layers, data, weights, gaps=False)
    nothing = np.full((1, sizes[0]), np.nan)
    negative = [  # the slope of log Z: of a row that is all missing, and the machine's own
        [np.einsum("r,ri,rj->ij", layers.posterior(nothing[0]), *pair)
         for pair in itertools.pairwise(layers.all_states)],
        [layers.posterior(nothing[0]) @ layer for layer in layers.all_states],
    ]  # fmt: skip
    expected = mean_field_slope(machine, data, weights)
    expected = expected - weights.sum() * flat_slope(machine, *negative)
    assert_expectation(steps, expected)


def centred_by_definition(machine, layers, rows, visible, hidden):
    """The centred step of each layer by its definition, of an exact slope by enumeration."""
    by_weights, by_biases = layers.slope(rows)
    centres = [visible, *hidden]
    own = [
        slope - np.outer(centres[k], by_biases[k + 1]) - np.outer(by_biases[k], centres[k + 1])
        for k, slope in enumerate(by_weights)
    ]
    biases = []
    for k, slope in enumerate(by_biases):
        above = own[k] @ centres[k + 1] if k < len(own) else 0
        below = own[k - 1].T @ centres[k - 1] if k else 0
        biases.append(slope - above - below)
    return flat_slope(machine, own, biases)


@pytest.mark.parametrize("sizes", SIZES)
def test_centred_steps_are_those_of_neighbouring_layers(sizes):
    machine, layers = make_deep(sizes)
    visible = np.linspace(0.1, 0.9, sizes[0])
    hidden = [np.linspace(0.2, 0.7, n) for n in sizes[1:]]
    unseen, odd = machine.of_layers([means[None] for means in hidden])
    offsets = Centre(visible, np.concatenate([odd[0], unseen[0]]))
    rule = DeepGibbsLearning(centred=True, n_inference_steps=1)
    steps = steps_of(rule, machine, layers, ROWS[sizes[0]].astype(float), offsets=offsets)
    expected = centred_by_definition(machine, layers, ROWS[sizes[0]], visible, hidden)
    assert_expectation(steps, expected)


@pytest.mark.parametrize("rule", [DeepGibbsLearning, DeepMeanFieldLearning])
def test_memory_goes_on_where_it_was(rule):
    machine = make_deep((5, 3, 4, 2))[0]
    rows = table_of(ROWS[5])
    memory = rule(centred=True).make_memory(machine, rows)
    memory.begin(machine, machine, cases.SEED, 2)
    assert memory.hidden.shape == (2, 5)
    place = Place(np.arange(2), 0, 2, 2)
    share = memory.take(place)
    assert not share.gaps.seen.any()
    step, _ = step_of(rule(centred=True), machine, rows.take(slice(0, 2)), share)
    assert np.isfinite(step).all()
    memory.put(place, share)
    memory.end_step(machine, machine)
    again = memory.take(place)
    assert again.gaps.seen.all()
    assert again.gaps.arrays[0].dtype == rule.keeps
    assert again.centre.hidden.shape == (9,)
    carried = memory.carry_over
    assert carried.hidden_mean.shape == (9,)


def test_mean_field_goes_on_from_the_means_it_kept():
    machine = make_deep(scale=2.0)[0]
    x, state = block_of(ROWS[5]), RowState(np.zeros(2, bool), [np.zeros((2, 4), np.float32)])
    rule, draws = DeepMeanFieldLearning(n_inference_steps=3), draws_of(2, 1, Purpose.WAKE)
    for _ in range(2):
        filled = rule._fill(machine, x, draws, state, np)
        filled.remember(machine, None)
        state.seen[:] = True
    assert_array_equal(filled.x.values, side_means(machine, x, 6).even)


@pytest.mark.parametrize("axis", [0, 1])
def test_tied_steps_are_slopes_by_shared_parameters(axis):
    """Half the slope of log p by what both copies share, and both copies the same."""
    rng = np.random.default_rng(0)
    W, c, b = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=3)

    def machine_of(W, c, b):
        if axis:
            return assemble_boltzmann(np.hstack([W, W]), np.hstack([c, c]), b, b)
        return assemble_boltzmann(np.vstack([W, W]), c, np.hstack([b, b]), np.hstack([b, b]))

    machine = machine_of(W, c, b)
    n = machine.n_units[0]
    chosen = rng.integers(0, 2**n, 3)
    rows, weights = states(n)[chosen], np.array([1.0, 2.0, 0.5])
    p = np.exp(log_probabilities(machine))
    data, hidden = states(n)[rng.choice(len(p), 300 * 40, p=p / p.sum())], []
    eta = machine.hidden_intercept + data @ machine.weights
    hidden = (rng.random(eta.shape) < 1 / (1 + np.exp(-eta))).astype(np.uint8)
    hidden = hidden.reshape(300, 40, -1)
    steps = np.array([
        step_of(TiedLearning(axis=axis), machine, block_of(rows, weights), Share(hidden[t]), t)[0]
        for t in range(300)
    ])  # fmt: skip
    expected = [np.zeros_like(array) for array in (W, c, b)]
    for array, slope in zip((W, c, b), expected, strict=True):
        for place in itertools.product(*(range(k) for k in array.shape)):
            kept, ends = array[place], []
            for move in (1e-3, -1e-3):
                array[place] = kept + move
                ends.append(weights @ log_probabilities(machine_of(W, c, b))[chosen])
            array[place] = kept
            slope[place] = (ends[0] - ends[1]) / 2e-3
    # By each copy half of what both say together.
    by_w, by_c, by_b = expected
    halves = (by_w / 2, by_c / 2, by_b) if axis else (by_w / 2, by_c, by_b / 2)
    assert_expectation(steps, flat(machine_of(*halves)))
