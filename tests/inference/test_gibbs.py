"""Gibbs sampling of the hidden layers: its decisions, what it leaves invariant, its reversal."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import Gibbs
from sklearn_helmholtz.inference import gibbs as gibbs_module
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import Bernoulli
from tests import cases, exact, exact_gaps, naive
from tests.blocks import as_block
from tests.cases import make_case

KEY = _keys.key(cases.SEED, Purpose.SWEEP)
PATH = np.array([0.0, 0.3, 1.0])
GAPS = np.array([0.3, 0.5, 0.2])
NETS = [(5, 3), (4, 3, 2), (3, 2, 2, 2), (19, 17, 2)]


def draws_of(n_rows, n_chains, first=0):
    return Draws(KEY, np.arange(7, 7 + n_rows, dtype=np.uint64) << np.uint64(30), n_chains, first)


def uniforms_of(draws, row, chain, n_sweeps, n_hidden):
    """The numbers of all sweeps of a chain, from philox itself, (n_sweeps, n_hidden)."""
    address = int(draws.addresses[row])
    result = np.empty((n_sweeps, n_hidden))
    for t, u in itertools.product(range(n_sweeps), range(n_hidden)):
        counter = (u // 64 * 16 + u % 16, chain * n_sweeps + t, address & naive.WORD, address >> 32)
        result[t, u] = (naive.philox4x32_10(counter, KEY)[u // 16 % 4] >> 8) * 2.0**-24
    return result


def random_states(n_chains, n_hidden, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (n_chains, n_hidden)).astype(np.uint8)


def with_gaps(x):
    values = x.astype(np.float32)
    values[:, 0] = np.nan
    values[0, 1] = np.nan
    return Block(values, np.zeros(values.shape[1], np.float32))


def with_some_gaps(x, seed=0):
    """The rows with gaps anywhere, but for the last one, and what they hold in all."""
    values = x.astype(np.float32)
    missing = np.random.default_rng(seed).uniform(size=x.shape) < 0.4
    missing[:-1, -1], missing[-1] = True, False
    values[missing] = np.nan
    return Block(values, np.zeros(x.shape[1], np.float32)), values


def random_completions(values, n_chains, visible, seed=1):
    """The data of each chain, something in the gaps."""
    completed = np.repeat(values, n_chains, axis=0)
    anything = cases.make_rows(values.shape[1], visible.replace("fractional", "binary"), 99, seed)
    return np.where(np.isnan(completed), anything[: len(completed)], completed).astype(np.float32)


# The decisions


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("visible", cases.VISIBLES)
@pytest.mark.parametrize("n_units", NETS)
def test_chains_are_the_naive_ones(n_units, visible, gaps, direction):
    machine, params, x = make_case(n_units, visible, n_rows=2)
    values = with_gaps(x) if gaps else x
    n_chains, n_hidden, draws = 3, sum(n_units[1:]), draws_of(2, 3)
    start = random_states(2 * n_chains, n_hidden)
    states = start.copy()
    log_weights = Gibbs.of(machine).anneal(
        as_block(values), states, draws, GAPS, PATH, direction < 0
    )
    rows = values.values if gaps else x
    for chain in range(2 * n_chains):
        row, number = divmod(chain, n_chains)
        twin, log_weight, closest = naive.gibbs_chain(
            params.generative_coefs, params.generative_intercepts, params.noise_variance,
            rows[row].astype(float), start[chain], GAPS, PATH, direction,
            uniforms_of(draws, row, number, len(PATH), n_hidden),
        )  # fmt: skip
        assert closest > 2e-6  # or rounding may decide
        assert_array_equal(states[chain], twin)
        assert log_weights[chain] == pytest.approx(log_weight, rel=2e-6, abs=1e-5)


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("visible", cases.ORDERED)
@pytest.mark.parametrize("n_units", NETS)
def test_chains_of_units_in_order_are_the_naive_ones(n_units, visible, gaps, direction):
    machine, params, x = make_case(n_units, visible, n_rows=2, scale=0.7)
    given, rows = with_some_gaps(x) if gaps else (x, x.astype(np.float32))
    n_chains, n_hidden, draws = 3, sum(n_units[1:]), draws_of(2, 3)
    states, completed = random_states(6, n_hidden), random_completions(rows, n_chains, visible)
    start, start_completed = states.copy(), completed.copy()
    log_weights = Gibbs.of(machine).anneal(
        as_block(given), states, draws, GAPS, PATH, direction < 0, completed if gaps else None
    )
    for chain in range(2 * n_chains):
        row, number = divmod(chain, n_chains)
        data, twin, log_weight, closest = naive.gibbs_chain_in_order(
            params, rows[row], start_completed[chain], start[chain], GAPS, PATH, direction,
            uniforms_of(draws, row, number, len(PATH), n_hidden + 2 * n_units[0]),
        )  # fmt: skip
        assert closest > 2e-6
        assert_array_equal(states[chain], twin)
        assert_allclose(completed[chain], data, rtol=2e-5, atol=2e-5)
        assert log_weights[chain] == pytest.approx(log_weight, rel=1e-5, abs=1e-5)
    assert (completed != start_completed).any() == gaps
    assert_array_equal(
        completed[~np.isnan(rows).repeat(n_chains, axis=0)],
        start_completed[~np.isnan(rows).repeat(n_chains, axis=0)],
    )


def test_chains_of_a_long_path_stay_the_naive_ones():
    machine, params, x = make_case((6, 5, 3), "binary", n_rows=1, scale=2)
    path = np.linspace(0, 1, 41)
    draws, states = draws_of(1, 1), np.zeros((1, 8), np.uint8)
    log_weight = Gibbs.of(machine).anneal(as_block(x), states, draws, np.diff(path), path[1:])
    twin, expected, closest = naive.gibbs_chain(
        params.generative_coefs, params.generative_intercepts, None, x[0].astype(float),
        np.zeros(8), np.diff(path), path[1:], 1, uniforms_of(draws, 0, 0, 40, 8),
    )  # fmt: skip
    assert closest > 1e-5
    assert_array_equal(states[0], twin)
    assert log_weight[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("visible", cases.VISIBLES + cases.ORDERED)
def test_chains_do_not_depend_on_how_they_are_split_into_calls(visible):
    machine, _, x = make_case((19, 9, 4), visible, n_rows=5)
    gibbs, n_chains, values = Gibbs.of(machine), 6, with_some_gaps(x)[1]
    start, start_completed = random_states(30, 13), random_completions(values, n_chains, visible)
    whole, whole_completed = start.copy(), start_completed.copy()

    def anneal(place, states, draws, completed):
        rows = Block(values[place], np.zeros(19, np.float32))
        return gibbs.anneal(as_block(rows), states, draws, GAPS, PATH, completed=completed)

    log_weights = anneal(slice(None), whole, draws_of(5, n_chains), whole_completed)
    chains = np.arange(5 * n_chains).reshape(5, n_chains)
    for rows, part in itertools.product((slice(0, 1), slice(1, 5)), (slice(0, 2), slice(2, 6))):
        place = chains[rows, part].ravel()
        states, n, completed = start[place], part.stop - part.start, start_completed[place]
        draws = Draws(KEY, draws_of(5, 1).addresses[rows], n, part.start)
        assert_array_equal(anneal(rows, states, draws, completed), log_weights[place])
        assert_array_equal(states, whole[place])
        assert_array_equal(completed, whole_completed[place])


def test_sweeps_are_steps_at_temperature_one_that_weigh_nothing():
    machine, _, x = make_case((4, 3, 2), "binary", n_rows=3)
    gibbs, states = Gibbs.of(machine), random_states(6, 5)
    again = states.copy()
    gibbs.sweep(as_block(x), states, draws_of(3, 2), 4)
    log_weights = gibbs.anneal(as_block(x), again, draws_of(3, 2), np.zeros(4), np.ones(4))
    assert_array_equal(states, again)
    assert not log_weights.any()
    assert [part.shape for part in gibbs.split(states)] == [(6, 3), (6, 2)]


def test_starts_are_dreams_of_the_hidden_layers():
    machine, params, _ = make_case((3, 2, 2), "binary")
    states = Gibbs.of(machine).start(draws_of(1, 20_000))
    counts = np.bincount(cases.state_numbers(states), minlength=16)
    prior = np.exp([
        naive.log_parts(params.generative_coefs, params.generative_intercepts, np.zeros(3), h)[0]
        for h in exact.all_states(4)
    ])  # fmt: skip
    assert stats.chisquare(counts, prior * 20_000).pvalue > 1e-3


@pytest.mark.parametrize("visible", ["ordered binary", "ordered fractional"])
def test_starts_of_machines_in_order_are_dreams_given_what_is_observed(visible):
    machine, params, x = make_case((4, 2, 1), visible, n_rows=1, seed=2)
    values = np.where([True, False, True, False], np.nan, x).astype(np.float32)
    rows = Block(values, np.zeros(4, np.float32))
    gibbs, draws = Gibbs.of(machine), draws_of(1, 20_000)
    states = gibbs.start(draws)
    completed = gibbs.complete(as_block(rows), states, draws)
    numbers = cases.state_numbers(np.hstack([completed[:, ::2], states]))
    cases.assert_frequencies(numbers, target(params, values[0], 0.0))
    assert gibbs.complete(as_block(x), states, draws) is None
    plain, _, _ = make_case((4, 2, 1), "binary")
    assert Gibbs.of(plain).complete(as_block(rows), states, draws) is None


def test_starts_and_sweeps_share_no_random_numbers():
    machine, _, _ = make_case((3, 3, 2), "ordered binary", scale=0.0)
    rows = Block(np.full((1, 3), np.nan, np.float32), np.zeros(3, np.float32))
    gibbs, draws = Gibbs.of(machine), draws_of(1, 10_000)
    states = gibbs.start(draws)
    completed = gibbs.complete(as_block(rows), states, draws)
    seen = [completed.copy(), states.copy()]
    for _ in range(2):
        gibbs.sweep(as_block(rows), states, draws, 1, completed)
        seen += [completed.copy(), states.copy()]
    columns = np.hstack(seen[:4])  # a second call of one sweep has the numbers of the first
    correlations = np.corrcoef(columns.T) - np.eye(16)
    assert abs(correlations).max() < 0.05
    assert_array_equal(seen[4], seen[2])


@pytest.mark.parametrize("visible", cases.ORDERED)
def test_machines_in_order_need_their_own_data_where_values_are_missing(visible):
    machine, _, x = make_case((4, 3), visible)
    gibbs, states = Gibbs.of(machine), random_states(3, 3)
    with pytest.raises(ValueError, match="completed must hold the data of each chain"):
        gibbs.sweep(as_block(with_some_gaps(x)[0]), states, draws_of(3, 1), 2)
    gibbs.sweep(as_block(x), states, draws_of(3, 1), 2)


def test_more_sweeps_than_can_be_numbered_are_refused():
    machine, _, x = make_case((4, 3), "binary", n_rows=1)
    gaps = np.broadcast_to(0.0, 2**31)
    with pytest.raises(ValueError, match=r"3 chains of 2147483648 sweeps each .* 4294967296"):
        Gibbs.of(machine).anneal(as_block(x), random_states(3, 3), draws_of(1, 3), gaps, gaps)


# The distribution


def target(params, x, temperature):
    """p(h) p(x | h)^temperature, normalised, of all hidden states, by enumeration.

    If units are in order, p(h) p(missing | h) p(observed | missing, h)^temperature of all states of
    missing values and hidden layers.
    """
    if params.generative_lateral_coefs is not None:
        if params.noise_variance is None:
            log_weights = exact_gaps.bernoulli_log_target(params, x, temperature)
        else:
            log_weights = exact_gaps.log_joint(params, x, temperature)
        weights = np.exp(log_weights - log_weights.max())
        return weights / weights.sum()
    parts = [
        naive.log_parts(
            params.generative_coefs, params.generative_intercepts, x, h, params.noise_variance
        )
        for h in exact.all_states(sum(exact.units_of(params)[1:]))
    ]
    log_prior, log_visible = np.array(parts).T
    weights = np.exp(log_prior + temperature * log_visible)
    return weights / weights.sum()


def chi_square(counts, probabilities):
    """The p-value, with states expected less than five times put together."""
    expected = probabilities * counts.sum()
    rare = expected < 5
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    kept = expected > 1e-9
    assert not counts[~kept].any()
    return stats.chisquare(counts[kept], expected[kept]).pvalue if kept.sum() > 1 else 1.0


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    ("n_units", "visible"),
    [((4, 3), "gaussian"), ((3, 2, 2), "binary"), ((3, 2, 2, 1), "fractional")],
)
def test_sweeps_leave_the_enumerated_frequencies(n_units, visible, temperature, direction):
    machine, params, x = make_case(n_units, visible, n_rows=1, seed=3)
    n_chains, n_hidden = 10_000, sum(n_units[1:])
    probabilities = target(params, x[0].astype(float), temperature)
    drawn = np.random.default_rng(5).choice(len(probabilities), n_chains, p=probabilities)
    states = exact.all_states(n_hidden)[drawn].astype(np.uint8)
    assert chi_square(np.bincount(drawn, minlength=len(probabilities)), probabilities) > 1e-3
    path = np.full(4, temperature)
    Gibbs.of(machine).anneal(
        as_block(x), states, draws_of(1, n_chains), 0 * path, path, direction < 0
    )
    numbers = cases.state_numbers(states)
    counts = np.bincount(numbers, minlength=len(probabilities))
    assert chi_square(counts, probabilities) > 1e-3
    assert (numbers != drawn).mean() > 0.05


GAPPY = [
    ((4, 3), "ordered binary", [1, 1, 0, 0]), ((4, 2, 2), "ordered fractional", [0, 1, 0, 1]),
    ((3, 2, 2), "ordered binary", [0, 0, 0]), ((4, 2, 1), "ordered binary", [1, 1, 1, 1]),
    ((20, 2, 1), "ordered binary", [1, *[0] * 9, 1, *[0] * 8, 1]),
]  # fmt: skip


@pytest.mark.parametrize(("temperature", "direction"), [(0.0, 1), (0.3, -1), (1.0, 1)])
@pytest.mark.parametrize(("n_units", "visible", "missing"), GAPPY)
def test_sweeps_in_order_leave_the_enumerated_frequencies(
    n_units, visible, missing, temperature, direction
):
    machine, params, x = make_case(n_units, visible, n_rows=1, seed=4)
    n_chains, missing = 10_000, np.array(missing, bool)
    values = np.where(missing, np.nan, x).astype(np.float32)
    probabilities = target(params, values[0], temperature)
    drawn = np.random.default_rng(5).choice(len(probabilities), n_chains, p=probabilities)
    start = exact.all_states(sum(missing) + sum(n_units[1:]))[drawn]
    completed = np.repeat(values, n_chains, axis=0)
    completed[:, missing] = start[:, : sum(missing)]
    states = start[:, sum(missing) :].astype(np.uint8)
    path, rows = np.full(4, temperature), Block(values, np.zeros_like(values[0]))
    Gibbs.of(machine).anneal(
        as_block(rows), states, draws_of(1, n_chains), 0 * path, path, direction < 0, completed
    )
    assert_array_equal(completed[:, ~missing], np.repeat(values[:, ~missing], n_chains, axis=0))
    numbers = cases.state_numbers(np.hstack([completed[:, missing], states]))
    cases.assert_frequencies(numbers, probabilities)
    assert (numbers != drawn).mean() > 0.05


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("temperature", [0.3, 1.0])
@pytest.mark.parametrize("missing", [[0, 0, 0, 0], [1, 0, 1, 0], [0, 1, 1, 1], [1, 1, 1, 1]])
def test_sweeps_in_order_leave_the_distribution_of_gaussian_data(missing, temperature, direction):
    machine, params, x = make_case((4, 3), "ordered gaussian", n_rows=1, scale=0.5, seed=3)
    n_chains, missing = 10_000, np.array(missing, bool)
    values = np.where(missing, np.nan, x).astype(np.float32)
    probabilities = target(params, values[0], temperature)
    rng = np.random.default_rng(6)
    drawn = rng.choice(8, n_chains, p=probabilities)
    states = exact.all_states(3)[drawn].astype(np.uint8)
    means, covariance = exact_gaps.gaussian_completions(
        params, values[0], exact.all_states(3), temperature
    )
    root = np.linalg.cholesky(covariance)
    completed = np.repeat(values, n_chains, axis=0)
    noise = rng.standard_normal((n_chains, sum(missing)))
    completed[:, missing] = means[drawn] + noise @ root.T
    path, rows = np.full(3, temperature), Block(values, np.zeros(4, np.float32))
    Gibbs.of(machine).anneal(
        as_block(rows), states, draws_of(1, n_chains), 0 * path, path, direction < 0, completed
    )
    numbers = cases.state_numbers(states)
    cases.assert_frequencies(numbers, probabilities)
    white = np.linalg.solve(root, (completed[:, missing] - means[numbers]).T)
    for once in white:
        assert stats.kstest(once, "norm").pvalue > 1e-3
        assert abs(np.corrcoef(once, noise.T)[0, 1:]).max() < 0.95
    moments = white @ white.T / n_chains - np.eye(len(white))
    assert abs(moments).max(initial=0) < 0.05
    assert abs(white @ states / n_chains).max(initial=0) < 0.04


@pytest.mark.parametrize("visible", ["ordered binary", "ordered gaussian"])
def test_long_chains_in_order_reach_the_posterior(visible):
    machine, params, x = make_case((5, 2, 2), visible, n_rows=1, seed=6)
    missing, n_chains = np.array([1, 0, 1, 0, 0], bool), 10_000
    values = np.where(missing, np.nan, x).astype(np.float32)
    gibbs, draws = Gibbs.of(machine), draws_of(1, n_chains)
    rows = Block(values, np.zeros(5, np.float32))
    states, completed = gibbs.start(draws), np.repeat(np.nan_to_num(values), n_chains, axis=0)
    gibbs.sweep(rows, states, draws, 40, completed)
    numbers = states
    if visible == "ordered binary":
        numbers = np.hstack([completed[:, missing], states])
    cases.assert_frequencies(cases.state_numbers(numbers), target(params, values[0], 1.0))


def transitions(probabilities, n_hidden, order):
    """P(h -> h') of a sweep over the units in an order, from the conditionals of a target."""
    n, states = len(probabilities), exact.all_states(n_hidden).astype(int)
    total = np.eye(n)
    for u in order:
        step = np.zeros((n, n))
        for number, state in enumerate(states):
            pair = [state.copy(), state.copy()]
            pair[0][u], pair[1][u] = 0, 1
            places = cases.state_numbers(np.array(pair))
            step[number, places] = probabilities[places] / probabilities[places].sum()
        total = total @ step
    return total


@pytest.mark.parametrize("temperature", [0.3, 1.0])
@pytest.mark.parametrize("n_units", [(3, 3), (2, 2, 1)])
def test_the_opposite_order_is_the_reversal(n_units, temperature):
    machine, params, x = make_case(n_units, "binary", n_rows=1, scale=3, seed=3)
    n_hidden, n_chains = sum(n_units[1:]), 4000
    pi = target(params, x[0].astype(float), temperature)
    up = transitions(pi, n_hidden, range(n_hidden))
    down = transitions(pi, n_hidden, range(n_hidden)[::-1])
    assert_allclose(pi[:, None] * up, (pi[:, None] * down).T, rtol=1e-12)
    assert abs(up - down).max() > 0.05  # or the order would not show
    for number, expected, reverse in ((0, up, False), (1, down, True)):
        start = np.repeat(exact.all_states(n_hidden), n_chains, axis=0).astype(np.uint8)
        moved, path = start.copy(), np.array([temperature])
        draws = draws_of(1, len(start), number * len(start))
        Gibbs.of(machine).anneal(as_block(x), moved, draws, 0 * path, path, reverse)
        joint = np.zeros((len(pi), len(pi)), int)
        np.add.at(joint, (cases.state_numbers(start), cases.state_numbers(moved)), 1)
        pvalues = [chi_square(*pair) for pair in zip(joint, expected, strict=True)]
        assert min(pvalues) > 1e-4


@pytest.mark.parametrize("temperature", [0.3, 1.0])
@pytest.mark.parametrize(("n_units", "missing"), [((3, 2), [1, 0, 1]), ((2, 2, 1), [0, 1])])
def test_the_opposite_order_is_the_reversal_of_units_in_order(n_units, missing, temperature):
    machine, params, x = make_case(n_units, "ordered binary", n_rows=1, scale=2, seed=5)
    missing, n_chains, n_sites = np.array(missing, bool), 4000, 4
    values = np.where(missing, np.nan, x).astype(np.float32)
    pi = target(params, values[0], temperature)
    up = transitions(pi, n_sites, range(n_sites))
    down = transitions(pi, n_sites, range(n_sites)[::-1])
    assert_allclose(pi[:, None] * up, (pi[:, None] * down).T, rtol=1e-12)
    assert abs(up - down).max() > 0.05
    rows = Block(values, np.zeros_like(values[0]))
    for number, expected, reverse in ((0, up, False), (1, down, True)):
        start = np.repeat(exact.all_states(n_sites), n_chains, axis=0)
        completed = np.repeat(values, len(start), axis=0)
        completed[:, missing] = start[:, : sum(missing)]
        states, path = start[:, sum(missing) :].astype(np.uint8), np.array([temperature])
        draws = draws_of(1, len(start), number * len(start))
        Gibbs.of(machine).anneal(as_block(rows), states, draws, 0 * path, path, reverse, completed)
        joint = np.zeros((16, 16), int)
        ends = cases.state_numbers(np.hstack([completed[:, missing], states]))
        np.add.at(joint, (cases.state_numbers(start), ends), 1)
        pvalues = [chi_square(*pair) for pair in zip(joint, expected, strict=True)]
        assert min(pvalues) > 1e-4


@pytest.mark.parametrize("visible", ["binary", *cases.ORDERED])
@pytest.mark.parametrize("reverse", [False, True])
def test_sweeps_in_pieces_are_the_same_sweeps(reverse, visible, monkeypatch):
    machine, _, x = make_case((9, 6, 4), visible, n_rows=3)
    X, values = with_some_gaps(x)
    gibbs, draws = Gibbs.of(machine), draws_of(3, 5)
    path = np.linspace(0, 1, 11) ** 2
    gaps, path = np.diff(path), path[1:]
    whole, whole_completed = random_states(15, 10), random_completions(values, 5, visible)
    expected = gibbs.anneal(as_block(X), whole, draws, gaps, path, reverse, whole_completed)
    for sweeps in (1, 3):
        monkeypatch.setattr(gibbs_module, "_SWEEPS_WORK", sweeps * 15 * len(gibbs.weights))
        parts, completed = random_states(15, 10), random_completions(values, 5, visible)
        log_weights = gibbs.anneal(as_block(X), parts, draws, gaps, path, reverse, completed)
        assert_array_equal(log_weights, expected)
        assert_array_equal(parts, whole)
        assert_array_equal(completed, whole_completed)


def test_unknown_families_are_refused():
    machine, _, _ = make_case((4, 3), "binary")

    class Poisson(Bernoulli):
        name = "poisson"
        visible_abilities = frozenset()

    *hidden, visible = machine.generation.conditionals
    chain = replace(machine.generation, conditionals=(*hidden, replace(visible, units=Poisson())))
    sentence = (
        "needs Gibbs sampling, which the layer of the data does not allow: its units are Poisson"
    )
    with pytest.raises(ValueError, match=sentence):
        Gibbs.of(replace(machine, generation=chain))
