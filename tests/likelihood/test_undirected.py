"""log p of rows under Boltzmann machines against enumeration of both sides."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_expit, logsumexp

from sklearn_helmholtz.likelihood import (
    annealing_log_density,
    partition_of,
    pseudo_log_likelihood,
    score_undirected,
)
from sklearn_helmholtz.likelihood import undirected as undirected_module
from sklearn_helmholtz.machines import assemble_boltzmann
from sklearn_helmholtz.rows import Table
from tests import cases
from tests.boltzmann_machines import (
    log_joint_table,
    log_partition,
    log_probabilities,
    log_probability,
    make_boltzmann,
    states,
)


def table_of(rows):
    """A `Table` of an array or a CSR matrix as estimators make them."""
    dense = rows.toarray() if scipy.sparse.issparse(rows) else rows
    is_binary = not scipy.sparse.issparse(rows) and bool(np.isin(dense, (0, 1)).all())
    data = rows if is_binary or scipy.sparse.issparse(rows) else np.asarray(rows, np.float64)
    fills = np.full(rows.shape[1], 0.5, np.float32)
    return Table(data, is_binary).with_fill_values(fills)


def all_patterns(n):
    values = np.random.default_rng(0).integers(0, 2, (2**n, n)).astype(float)
    return np.where(states(n).astype(bool), np.nan, values)


def score(machine, rows, partition=None, **settings):
    partition = partition_of(machine) if partition is None else partition
    return score_undirected(machine, table_of(rows), partition, cases.SEED, **settings)


def annealed(machine, n_temperatures=300, **settings):
    return partition_of(machine, "annealed", cases.SEED, n_temperatures=n_temperatures, **settings)


@pytest.fixture
def nothing_is_enumerated(monkeypatch):
    monkeypatch.setattr(undirected_module, "MAX_GAP_SIDE", 0)


@pytest.mark.parametrize("sizes", [(6, 5), (8, 6), (6, 8)])
def test_complete_rows_have_their_exact_probabilities(sizes):
    machine = make_boltzmann(*sizes)
    found, keys = score(machine, states(sizes[0]).astype(np.uint8))
    assert_allclose(found.per_sample, log_probabilities(machine), atol=1e-10)
    assert_allclose(found.free_energy, -found.per_sample)
    assert found.bound == "exact"
    assert found.common_variance == 0
    assert len(np.unique(keys)) == len(keys)


@pytest.mark.parametrize("sizes", [(6, 5), (8, 6), (6, 8)])
def test_rows_with_any_pattern_of_gaps_have_their_exact_probabilities(sizes):
    machine, rows = make_boltzmann(*sizes), all_patterns(sizes[0])
    found, _ = score(machine, rows)
    expected = [log_probability(machine, row) for row in rows]
    assert_allclose(found.per_sample, expected, atol=1e-10)
    assert found.per_sample[-1] == 0  # of nothing
    assert found.bound == "exact"


def test_probabilities_of_what_is_observed_sum_to_one():
    machine, rows = make_boltzmann(7, 5), np.full((8, 7), np.nan)
    rows[:, [1, 4, 5]] = states(3)
    assert_allclose(logsumexp(score(machine, rows)[0].per_sample), 0, atol=1e-12)


@pytest.mark.parametrize("form", ["lists", "real"])
def test_other_forms_of_rows_have_the_same_probabilities(form):
    machine, rows = make_boltzmann(6, 5), all_patterns(6)
    expected = score(machine, rows)
    if form == "lists":
        found = score(machine, scipy.sparse.csr_matrix(rows))
    else:
        found = score(machine, states(6).astype(np.float64))
        expected = score(machine, states(6).astype(np.uint8))
    assert_allclose(found[0].per_sample, expected[0].per_sample, atol=1e-10)
    assert_array_equal(found[1], expected[1])


def test_fractions_are_expectations():
    machine, rows = make_boltzmann(4, 3), np.array([[0.25, 1, 0.5, 0], [0.75, np.nan, 0, 1]])
    W, c, b = (
        np.asarray(a, float)
        for a in (machine.weights, machine.hidden_intercept, machine.visible_intercept)
    )

    def log_star(v):
        return v @ b + np.logaddexp(0, c + v @ W).sum(axis=-1)

    both = np.repeat(rows[1:], 2, axis=0)
    both[:, 1] = 0, 1
    expected = np.array([log_star(rows[0]), logsumexp(log_star(both))]) - log_partition(machine)
    assert_allclose(score(machine, rows)[0].per_sample, expected, atol=1e-10)


def test_an_annealed_partition_function_makes_upper_bounds_with_an_error_common_to_all():
    machine, rows = make_boltzmann(6, 5), all_patterns(6)
    partition = annealed(machine)
    assert partition.reliable
    found, _ = score(machine, rows, partition)
    exact = np.array([log_probability(machine, row) for row in rows])
    error = log_partition(machine) - partition.value
    assert_allclose(found.per_sample[:-1], (exact + error)[:-1], atol=1e-5)
    assert found.per_sample[-1] == found.bias[-1] == 0
    assert found.bound == "upper"
    assert found.common_variance == partition.variance > 0
    assert_allclose(found.bias[:-1], partition.variance / 2)
    assert (found.variance == 0).all()
    assert_allclose(found.effective_sample_size[:-1], partition.effective_sample_size)
    assert found.summary(np.arange(64))["reliable"]


def test_an_unreliable_partition_function_refutes_all_that_needs_it():
    machine, rows = make_boltzmann(10, 8, scale=2.5), np.zeros((3, 10), np.uint8)
    partition = annealed(machine, 3)
    assert not partition.reliable
    assert not score(machine, rows, partition)[0].summary(np.arange(3))["reliable"]
    # Where only the way there and the way back disagree, chains may seem to be worth enough.
    good = annealed(machine, 2000)
    assert score(machine, rows, good)[0].summary(np.arange(3))["reliable"]
    parted = replace(good, reliable=False)
    assert not score(machine, rows, parted)[0].summary(np.arange(3))["reliable"]


@pytest.mark.usefixtures("nothing_is_enumerated")
def test_rows_with_many_gaps_are_annealed_within_their_errors():
    machine, rows = make_boltzmann(8, 6), all_patterns(8)[::5]
    found, keys = score(machine, rows, n_temperatures=200)
    exact = np.array([log_probability(machine, row) for row in rows])
    missing = np.isnan(rows).sum(axis=1)
    sampled = (missing > 0) & (missing < 8)
    assert (found.variance[sampled] > 0).all()
    assert_allclose(found.per_sample[~sampled], exact[~sampled], atol=1e-10)
    z = (found.per_sample - found.bias - exact)[sampled] / np.sqrt(found.variance[sampled])
    assert np.abs(z).max() < 4.5
    assert 0.7 < z.std() < 1.4
    assert found.bound == "lower"
    assert (found.bias[sampled] < 0).all()
    assert_array_equal(keys, score(machine, rows)[1])


@pytest.mark.usefixtures("nothing_is_enumerated")
def test_rows_and_a_partition_function_that_are_both_annealed_bound_nothing():
    machine, rows = make_boltzmann(8, 6), all_patterns(8)[3:30:5]
    partition = annealed(machine)
    found, _ = score(machine, rows, partition)
    assert found.bound == "none"
    alone = score(machine, rows)[0]
    sampled = alone.variance > 0
    assert_allclose((found.bias - alone.bias)[sampled], partition.variance / 2, rtol=1e-6)
    assert (found.effective_sample_size <= partition.effective_sample_size).all()


@pytest.mark.usefixtures("nothing_is_enumerated")
def test_weights_of_rows_with_gaps_are_unbiased():
    machine, row = make_boltzmann(6, 5, scale=1.2), np.array([[1, np.nan, 0, np.nan, np.nan, 1]])
    found, _ = score(machine, row, n_chains=8000, n_temperatures=6)
    ratio = np.exp(found.per_sample[0] - log_probability(machine, row[0]))
    assert abs(ratio - 1) < 4 * np.sqrt(found.variance[0])
    assert found.variance[0] > 1e-6


@pytest.mark.parametrize("enumerated", [True, False])
@pytest.mark.parametrize("is_exact", [True, False])
def test_bits_depend_on_rows_alone(enumerated, is_exact, monkeypatch):
    if not enumerated:
        monkeypatch.setattr(undirected_module, "MAX_GAP_SIDE", 0)
    machine, rows = make_boltzmann(37, 9, scale=0.5), np.empty((40, 37))
    rng = np.random.default_rng(0)
    rows[:] = rng.integers(0, 2, rows.shape)
    rows[5:][rng.random((35, 37)) < rng.random((35, 1))] = np.nan
    partition = partition_of(machine) if is_exact else annealed(machine, 20)
    whole, keys = score(machine, rows, partition, n_temperatures=20)
    order = rng.permutation(40)
    for chosen, n_threads in ((order, 2), (order[:7], 1), (order[3:4], 1), (np.r_[1, 1, 9], 1)):
        part, own = score(machine, rows[chosen], partition, n_temperatures=20, n_threads=n_threads)
        assert_array_equal(part.per_sample, whole.per_sample[chosen])
        assert_array_equal(part.variance, whole.variance[chosen])
        assert_array_equal(own, keys[chosen])


# What annealing draws


def reachable(machine, betas):
    """Probabilities of what annealing draws, by multiplying all transitions."""
    W, c, b, a = (
        np.asarray(array, float)
        for array in (
            machine.weights, machine.hidden_intercept, machine.visible_intercept,
            machine.base.logits,
        )
    )  # fmt: skip
    v, h = states(len(b)), states(len(c))
    p = np.exp(v @ a - np.logaddexp(0, a).sum())
    for beta in betas:
        up, down = beta * (c + v @ W), a + beta * (b - a + h @ W.T)
        to_h = np.exp(up @ h.T - np.logaddexp(0, up).sum(axis=1)[:, None])
        to_v = np.exp(down @ v.T - np.logaddexp(0, down).sum(axis=1)[:, None])
        p = p @ to_h @ to_v
    return p


def test_the_way_back_from_rows_is_unbiased_for_the_density_of_what_annealing_draws():
    machine = make_boltzmann(4, 3, scale=1.5)
    rows, n = states(4).astype(np.uint8), 4000
    expected = reachable(machine, np.linspace(0, 1, 5)[1:])
    assert_allclose(expected.sum(), 1)
    found = annealing_log_density(machine, table_of(rows), 4, cases.SEED, n)
    single = annealing_log_density(machine, table_of(np.repeat(rows, 1, axis=0)), 4, cases.SEED, n)
    assert_array_equal(found, single)
    batches = [
        annealing_log_density(machine, table_of(rows), 4, (k, 0, 0, 0), 200) for k in range(20)
    ]
    error = np.exp(batches).std(axis=0) / np.sqrt(20)  # of 4,000 chains
    assert (np.abs(np.exp(found) - expected) < 4.5 * error).all()


def test_the_density_of_what_annealing_draws_bounds_log_p_from_below():
    machine = make_boltzmann(6, 5, scale=1.5)
    rows, p = states(6).astype(np.uint8), np.exp(log_probabilities(machine))
    exact = (p * log_probabilities(machine)).sum()
    for n in (3, 30):
        drawn = (p * np.log(reachable(machine, np.linspace(0, 1, n + 1)[1:]))).sum()
        found = [
            (p * annealing_log_density(machine, table_of(rows), n, (seed, 0, 0, 0))).sum()
            for seed in range(30)
        ]
        assert drawn < exact
        assert np.mean(found) + 3 * np.std(found) / np.sqrt(30) < drawn


def test_rows_in_which_no_chain_can_start_have_no_density_of_annealing():
    machine = make_boltzmann(4, 3)
    rows = np.array([[0, 1, 1, 0], [0, 0.5, 1, 0], [0, np.nan, 1, 0], [1, 1, 1, 1.0]])
    found = annealing_log_density(machine, table_of(rows), 20, cases.SEED)
    assert_array_equal(np.isnan(found), [False, True, True, False])
    alone = annealing_log_density(machine, table_of(rows[[3, 0]]), 20, cases.SEED, n_threads=2)
    assert_array_equal(found[[3, 0]], alone)


# Pseudo-likelihood


def test_pseudo_likelihoods_are_those_of_conditional_probabilities():
    machine = make_boltzmann(6, 5)
    log_p, rows = log_probabilities(machine), states(6)
    numbers = np.arange(64)
    expected = sum(log_expit(log_p - log_p[numbers ^ (1 << i)]) for i in range(6))
    found = pseudo_log_likelihood(machine, table_of(rows.astype(np.uint8)), 2)
    assert_allclose(found, expected, atol=1e-5)
    lists = table_of(scipy.sparse.csr_matrix(rows))
    assert_allclose(pseudo_log_likelihood(machine, lists), expected, atol=1e-5)


def test_pseudo_likelihoods_need_complete_rows():
    machine = make_boltzmann(3, 3)
    with pytest.raises(ValueError, match="complete rows, but 1 of 2 miss values"):
        pseudo_log_likelihood(machine, table_of(np.array([[0, 1, np.nan], [0, 1, 1]])))


def test_log_joints_of_the_oracle_are_finite():
    assert np.isfinite(log_joint_table(assemble_boltzmann(*map(np.zeros, ((2, 2), 2, 2, 2))))).all()
