"""Gibbs sampling of nets of mixed columns: its decisions, and what it leaves invariant."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz._keys import Draws
from sklearn_helmholtz.inference import ChainPosterior, Gibbs, MovedPosterior
from tests import cases, exact
from tests.inference.test_gibbs import (
    GAPS,
    PATH,
    chi_square,
    draws_of,
    random_states,
    transitions,
    uniforms_of,
)
from tests.mixed_nets import (
    KINDS,
    gibbs_chain,
    log_visible,
    make_net,
    make_values,
    states_of,
    target,
)

MANY = KINDS * 7  # more columns of each kind than lanes, and fewer
ORDERED = KINDS[:5]
HIDDEN = [(3,), (2, 1)]
ways = pytest.mark.parametrize(
    ("autoregressive", "share_missing"), [(False, 0.0), (False, 0.4), (True, 0.0)],
    ids=["plain", "with gaps", "autoregressive"],
)  # fmt: skip


def block_and_values(net, n_rows, share_missing, seed=1):
    values = make_values(net, n_rows, share_missing, seed)
    return net.block(values), values


# The decisions


@pytest.mark.parametrize("direction", [1, -1])
@ways
@pytest.mark.parametrize(
    ("n_hidden", "kinds"), [((3,), ORDERED), ((3, 2), ORDERED), ((17, 2), MANY), ((2, 2, 1), MANY)]
)
def test_chains_of_mixed_columns_are_the_naive_ones(
    n_hidden, kinds, autoregressive, share_missing, direction
):
    net = make_net(n_hidden, kinds, autoregressive, scale=0.8)
    n_rows = 2 if len(kinds) < len(MANY) else 1  # the naive twin of many columns is slow
    x, values = block_and_values(net, n_rows, share_missing)
    n_chains, n = 1, sum(n_hidden)
    states, draws = random_states(n_rows * n_chains, n), draws_of(n_rows, n_chains)
    start = states.copy()
    log_weights = Gibbs.of(net.machine).anneal(x, states, draws, GAPS, PATH, direction < 0)
    for chain in range(n_rows * n_chains):
        row, number = divmod(chain, n_chains)
        uniforms = uniforms_of(draws, row, number, len(PATH), n)
        twin, log_weight, closest = gibbs_chain(
            net, values[row], start[chain], GAPS, PATH, direction, uniforms
        )
        assert closest > 2e-6  # or rounding may decide
        assert_array_equal(states[chain], twin)
        assert log_weights[chain] == pytest.approx(log_weight, rel=1e-5, abs=1e-4)


@ways
def test_chains_of_mixed_columns_do_not_depend_on_how_they_are_split(autoregressive, share_missing):
    net = make_net((9, 4), ORDERED, autoregressive)
    gibbs, n_chains, values = Gibbs.of(net.machine), 6, make_values(net, 5, share_missing)
    start = random_states(30, 13)
    whole = start.copy()
    log_weights = gibbs.anneal(net.block(values), whole, draws_of(5, n_chains), GAPS, PATH)
    chains = np.arange(30).reshape(5, n_chains)
    for rows in (slice(0, 1), slice(1, 5)):
        for part in (slice(0, 2), slice(2, 6)):
            place, n = chains[rows, part].ravel(), part.stop - part.start
            draws = Draws(draws_of(5, 1).key, draws_of(5, 1).addresses[rows], n, part.start)
            states = start[place]
            found = gibbs.anneal(net.block(values[rows]), states, draws, GAPS, PATH)
            assert_array_equal(found, log_weights[place])
            assert_array_equal(states, whole[place])


# The distribution


@pytest.mark.parametrize(("temperature", "direction"), [(0.0, 1), (0.3, -1), (1.0, 1)])
@ways
@pytest.mark.parametrize("n_hidden", HIDDEN)
def test_sweeps_leave_the_frequencies_of_mixed_nets(
    n_hidden, autoregressive, share_missing, temperature, direction
):
    net = make_net(n_hidden, ORDERED, autoregressive, seed=3)
    x, values = block_and_values(net, 1, share_missing, seed=2)
    n_chains, probabilities = 10_000, target(net, values[0], temperature)
    drawn = np.random.default_rng(5).choice(len(probabilities), n_chains, p=probabilities)
    states = states_of(net)[drawn].astype(np.uint8)
    path = np.full(4, temperature)
    Gibbs.of(net.machine).anneal(x, states, draws_of(1, n_chains), 0 * path, path, direction < 0)
    numbers = cases.state_numbers(states)
    cases.assert_frequencies(numbers, probabilities)
    assert (numbers != drawn).mean() > 0.05


@ways
@pytest.mark.parametrize("n_hidden", HIDDEN)
def test_sweeps_of_mixed_nets_are_transitions_of_their_order(
    n_hidden, autoregressive, share_missing
):
    net, n_chains, temperature = make_net(n_hidden, ORDERED, autoregressive, seed=4), 4000, 0.7
    x, values = block_and_values(net, 1, share_missing, seed=3)
    pi = target(net, values[0], temperature)
    for number, reverse in enumerate((False, True)):
        order = range(3)[:: -1 if reverse else 1]
        start = np.repeat(exact.all_states(3), n_chains, axis=0).astype(np.uint8)
        moved, path = start.copy(), np.array([temperature])
        draws = draws_of(1, len(start), number * len(start))
        Gibbs.of(net.machine).anneal(x, moved, draws, 0 * path, path, reverse)
        joint = np.zeros((8, 8), int)
        np.add.at(joint, (cases.state_numbers(start), cases.state_numbers(moved)), 1)
        expected = transitions(pi, 3, order)
        assert min(chi_square(*pair) for pair in zip(joint, expected, strict=True)) > 1e-4


@ways
@pytest.mark.parametrize("n_hidden", HIDDEN)
def test_chains_from_the_prior_reach_the_posterior_of_mixed_nets(
    n_hidden, autoregressive, share_missing
):
    net = make_net(n_hidden, ORDERED, autoregressive, scale=1.0, seed=6)
    x, values = block_and_values(net, 1, share_missing, seed=4)
    gibbs, draws = Gibbs.of(net.machine), draws_of(1, 4000)
    states = gibbs.start(draws)
    assert gibbs.complete(x, states, draws) is None
    gibbs.sweep(x, states, draws, 40)
    cases.assert_frequencies(cases.state_numbers(states), target(net, values[0]))


# Posteriors


@ways
@pytest.mark.parametrize("n_hidden", HIDDEN)
def test_posterior_means_of_mixed_nets_are_the_enumerated_ones(
    n_hidden, autoregressive, share_missing
):
    net = make_net(n_hidden, ORDERED, autoregressive, scale=1.0, seed=8)
    x, values = block_and_values(net, 4, share_missing, seed=5)
    addresses = np.arange(4, dtype=np.uint64)
    expected = np.stack([target(net, row) @ states_of(net) for row in values])
    n = 1000
    means, samples, _ = MovedPosterior(net.machine, cases.SEED, n, 20, 20).infer(x, addresses, n)
    assert_allclose(np.hstack(means), expected, atol=4.5 / 2 / np.sqrt(n))
    assert [len(states) for states in samples] == [4 * n] * len(n_hidden)
    chains = ChainPosterior(net.machine, 100, 200).hidden_means(x, addresses)
    assert_allclose(np.hstack(chains), expected, atol=0.03)
    assert abs(expected - 0.5).max() > 0.2


def test_draws_of_missing_mixed_data_follow_their_mixture():
    net = make_net((3,), ("categorical", "ordinal", "bit"), seed=9)
    values = np.array([[np.nan, 2.0, np.nan]])
    n = 20_000
    posterior = MovedPosterior(net.machine, cases.SEED, n, 30, 20)
    _, data = posterior.complete(net.block(values), np.zeros(1, np.uint64), n)
    probabilities, weights = np.zeros((3, 2)), target(net, values[0])
    for level, bit in np.ndindex(3, 2):
        terms = log_visible(net, np.array([level, 2.0, bit]), states_of(net))
        probabilities[level, bit] = weights @ np.exp(terms[:, 0] + terms[:, 2])
    numbers = (2 * data[:, 0] + data[:, 2]).astype(int)
    cases.assert_frequencies(numbers, probabilities.ravel())


# What is refused


def test_missing_mixed_data_that_others_depend_on_have_no_draws():
    net = make_net((3,), autoregressive=True)
    x, gibbs, draws = net.block(make_values(net, 3, 0.4)), Gibbs.of(net.machine), draws_of(3, 1)
    states = gibbs.start(draws)
    sentence = r"Gibbs sampling has no draws where values of Mixed features .* missing \(NaN\)\.$"
    for call in (
        lambda: gibbs.complete(x, states, draws),
        lambda: gibbs.sweep(x, states, draws, 2),
        lambda: gibbs.sweep(replace(x, fill_values=None), states, draws, 2),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
