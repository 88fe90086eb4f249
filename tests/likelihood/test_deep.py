"""log p of rows under deep Boltzmann machines against enumeration of all layers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _keys
from sklearn_helmholtz.inference import side_means
from sklearn_helmholtz.likelihood import (
    SideProposal,
    mean_field_bounds_of,
    partition_of,
    score_deep,
    score_undirected,
    side_bounds,
    side_log_weights,
    tail_shapes,
)
from sklearn_helmholtz.machines import assemble_boltzmann
from tests import cases
from tests.boltzmann_machines import log_probabilities, states
from tests.deep_boltzmann_machines import (
    SIZES,
    block_of,
    gappy_rows,
    make_deep,
    of_arrays,
    table_of,
    unseen_table_of,
)

SAMPLED = {"most": -1}  # nothing is summed out


def score(machine, rows, partition=None, **settings):
    partition = partition_of(machine) if partition is None else partition
    return score_deep(machine, unseen_table_of(machine, rows), partition, cases.SEED, **settings)[0]


@pytest.mark.parametrize("sizes", SIZES)
def test_rows_have_their_exact_probabilities(sizes):
    machine, layers = make_deep(sizes)
    assert partition_of(machine).value == pytest.approx(layers.log_partition, rel=1e-6)
    found = score(machine, states(sizes[0]))
    assert found.bound == "exact"
    assert_allclose(found.per_sample, layers.log_probabilities(states(sizes[0])), atol=2e-6)
    assert np.exp(found.per_sample).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("sizes", SIZES)
def test_gaps_are_summed_out(sizes):
    machine, layers = make_deep(sizes)
    rows = gappy_rows(sizes[0])
    found = score(machine, rows)
    assert_allclose(found.per_sample, layers.log_probabilities(rows), atol=2e-6)
    assert found.per_sample[-1] == found.free_energy[-1] == 0  # nothing is known of it


@pytest.mark.parametrize("sizes", SIZES)
def test_samples_agree_with_enumeration_within_their_errors(sizes):
    machine, layers = make_deep(sizes, scale=1.5)
    rows = np.concatenate([states(sizes[0]), gappy_rows(sizes[0])[:-1]])
    found = score(machine, rows, n_samples=500, tails=tail_shapes, **SAMPLED)
    assert found.bound == "lower"
    truth, errors = layers.log_probabilities(rows), np.sqrt(found.variance)
    z = (found.per_sample - found.bias - truth) / errors
    assert np.abs(z).max() < 4.5
    assert 0.8 < np.sqrt((z**2).mean()) < 1.25
    assert not np.isposinf(found.pareto_k).any()


@pytest.mark.parametrize("n_samples", [1, 3, 20])
def test_samples_are_unbiased_however_few(n_samples):
    """The mean weight over many keys is p*(v), with both proposals and with one."""
    machine, layers = make_deep(scale=1.5)
    rows, partition = np.repeat(states(5)[[3, 20]], 2000, axis=0), partition_of(machine)
    key = _keys.key(cases.SEED, _keys.Purpose.SCORE)
    addresses = np.arange(len(rows), dtype=np.uint64)
    proposal = SideProposal(side_means(machine, block_of(rows)))
    log_weights = side_log_weights(proposal, key, addresses, n_samples)
    truth = np.repeat(layers.log_probabilities(rows[::2000]), 2000) + partition.value
    ratios = np.exp(log_weights - truth[:, None]).mean(axis=1).reshape(2, -1)
    errors = ratios.std(axis=1) / np.sqrt(ratios.shape[1])
    assert (np.abs(ratios.mean(axis=1) - 1) < 4 * errors).all()


def test_states_are_told_by_the_proposal_that_made_them():
    """The probability of the softened one, in the mean over the mixture of both, is its share."""
    proposal = SideProposal(side_means(make_deep(scale=2.0)[0], block_of(states(5)[[9]])))
    key, share = _keys.key(cases.SEED, _keys.Purpose.SCORE), 0.2
    draws = _keys.Draws(key, np.zeros(1, np.uint64), 20_000)
    found = [proposal.sample(draws, softened) for softened in (0, 1)]
    means = [proposal.from_softened(odd, share).mean() for odd in found]
    assert (1 - share) * means[0] + share * means[1] == pytest.approx(share, abs=0.005)
    assert means[1] > means[0]


@pytest.mark.parametrize("sizes", SIZES)
def test_free_energies_are_those_of_mean_field(sizes):
    machine, layers = make_deep(sizes)
    rows = states(sizes[0])
    for settings in ({}, SAMPLED):
        found = score(machine, rows, **settings)
        gaps = found.free_energy + layers.log_probabilities(rows)
        assert (gaps > -1e-5).all()
        bounds = mean_field_bounds_of(machine, table_of(rows), 1) - layers.log_partition
        assert_allclose(found.free_energy, -bounds, atol=1e-5)


def test_without_upper_weights_it_is_a_restricted_machine():
    layers = make_deep()[1]
    machine, layers = of_arrays([layers.weights[0], np.zeros((4, 3))], layers.biases)
    restricted = assemble_boltzmann(layers.weights[0], *layers.biases[1::-1], layers.biases[0])
    expected = log_probabilities(restricted)
    assert_allclose(score(machine, states(5)).per_sample, expected, atol=2e-6)
    sampled = score(machine, states(5), **SAMPLED)
    # The first proposal is the posterior itself; the other one makes what error there is.
    assert np.abs(sampled.per_sample - expected).max() < 0.05


@pytest.mark.parametrize("sizes", SIZES)
def test_annealing_finds_log_z_from_both_sides(sizes):
    machine, layers = make_deep(sizes)
    found = partition_of(machine, "annealed", cases.SEED, n_chains=200, n_temperatures=200)
    assert abs(found.value - layers.log_partition) < 3 * found.standard_error
    assert abs(found.upper - layers.log_partition) < 4 * found.standard_error


def test_errors_of_log_z_are_common_to_all_rows():
    machine, layers = make_deep()
    partition = partition_of(machine, "annealed", cases.SEED, n_temperatures=50)
    for settings, bound in (({}, "upper"), (SAMPLED, "none")):
        found = score(machine, states(5), partition, **settings)
        assert found.bound == bound
        assert found.common_variance == partition.variance > 0
        error = np.sqrt(found.variance + found.common_variance)
        assert (np.abs(found.per_sample - layers.log_probabilities(states(5))) < 4 * error).all()


def test_annealed_chains_of_rows_agree():
    machine, layers = make_deep()
    rows = unseen_table_of(machine, states(5))
    found, _ = score_undirected(
        machine, rows, partition_of(machine), cases.SEED, n_temperatures=100, most=-1
    )
    error = np.abs(found.per_sample - layers.log_probabilities(states(5)))
    assert (error < 4.5 * np.sqrt(found.variance)).all()


@pytest.mark.parametrize("settings", [{}, SAMPLED])
def test_scores_depend_on_nothing_but_the_row(settings):
    machine = make_deep((5, 4, 6))[0]
    rows = np.concatenate([states(5), gappy_rows(5)])
    whole = score(machine, rows, n_samples=7, **settings)
    order = np.random.default_rng(0).permutation(len(rows))
    some = score(machine, rows[order][:20], n_samples=7, n_threads=2, **settings)
    for name in ("per_sample", "free_energy", "variance"):
        assert_array_equal(getattr(some, name), getattr(whole, name)[order][:20])


@pytest.mark.parametrize("n_samples", [4, 30])
def test_dreamt_rows_are_bounded_from_both_sides(n_samples):
    """In expectation over rows and states of the machine."""
    machine, layers = make_deep(scale=2.0)
    rng, own = np.random.default_rng(0), layers.all_states
    p = np.exp(layers.energy(own) - layers.log_partition)
    chosen = rng.choice(len(p), 4000, p=p / p.sum())
    rows, odd = own[0][chosen], own[1][chosen].astype(np.uint8)
    addresses = np.arange(len(rows), dtype=np.uint64)
    lower, upper = side_bounds(machine, block_of(rows), odd, cases.SEED, addresses, n_samples)
    by_row = dict(zip(map(tuple, states(5)), layers.log_probabilities(states(5)), strict=True))
    truth = np.array([by_row[tuple(row)] for row in rows]) + layers.log_partition
    for sign, bound in ((-1, lower), (1, upper)):
        excess = sign * (bound - truth)
        assert excess.mean() > -3 * excess.std() / np.sqrt(len(rows))
    assert upper.mean() - lower.mean() > 0
    # Weights of true states are the inverse of unbiased ones: E[1 / w] = 1 / p.
    inverse = np.exp(truth - upper)
    assert abs(inverse.mean() - 1) < 4 * inverse.std() / np.sqrt(len(rows))
