"""Machines of a categorical, an ordinal and a binary column against all their 24 rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import mixed_machines
from tests.cases import assert_frequencies
from tests.mixed_machines import all_rows, given, make_machine, numbers_of, probabilities

ORDERS = pytest.mark.parametrize("autoregressive", [False, True], ids=["plain", "lateral"])
N_IDLE = pytest.mark.parametrize("n_idle", [0, 13])
GAPS = [[0], [1], [2], [0, 1], [0, 2], [1, 2]]


def with_gaps(columns):
    """All rows that are different where some columns are missing."""
    rows = all_rows()
    rows[:, columns] = np.nan
    return np.unique(rows, axis=0)


@ORDERS
def test_probabilities_of_all_rows_sum_to_one(autoregressive):
    machine = make_machine(autoregressive)
    found = np.exp(machine.score_samples(all_rows()))
    assert found.sum() == pytest.approx(1, abs=2e-5)
    assert_allclose(found, probabilities(machine), rtol=2e-5)
    assert probabilities(machine).sum() == pytest.approx(1, abs=1e-12)
    assert found.max() / found.min() > 20  # the weights do something


@ORDERS
@N_IDLE
def test_importance_sampling_finds_the_same(autoregressive, n_idle):
    machine = make_machine(autoregressive, n_idle)
    result = machine.log_likelihood(all_rows(), method="importance", n_importance_samples=4000)
    error = 1 / np.sqrt(result.effective_sample_size)
    z = (np.exp(result.per_sample) / probabilities(machine) - 1) / error
    assert abs(z).max() < 4
    assert np.exp(result.per_sample).sum() == pytest.approx(1, abs=3 * error.max())


@ORDERS
@N_IDLE
@pytest.mark.parametrize("columns", GAPS, ids=str)
def test_rows_with_gaps_have_the_sum_over_what_is_missing(autoregressive, n_idle, columns):
    machine = make_machine(autoregressive, n_idle, n_importance_samples=4000)
    rows, p = with_gaps(columns), probabilities(machine)
    expected = np.array([
        p[(all_rows()[:, ~np.isnan(x)] == x[~np.isnan(x)]).all(axis=1)].sum() for x in rows
    ])  # fmt: skip
    result = machine.log_likelihood(rows)
    if not n_idle:
        assert result.method == "exact"
        assert_allclose(np.exp(result.per_sample), expected, rtol=2e-5)
        result = machine.log_likelihood(rows, method="importance")
    assert result.method == "importance"
    z = (np.exp(result.per_sample) / expected - 1) * np.sqrt(result.effective_sample_size)
    assert abs(z).max() < 4


@ORDERS
@N_IDLE
def test_rows_of_which_nothing_is_known_have_probability_one(autoregressive, n_idle):
    machine = make_machine(autoregressive, n_idle)
    x = np.full((2, 3), np.nan)
    assert_allclose(machine.score_samples(x), 0, atol=1e-9)
    assert_allclose(machine.log_likelihood(x).log_probability, 0, atol=1e-9)


@ORDERS
def test_samples_have_the_enumerated_probabilities(autoregressive):
    machine = make_machine(autoregressive)
    X, (hidden,) = machine.sample(8000, random_state=0, return_latents=True)
    p = probabilities(machine)
    assert_frequencies(numbers_of(X), p / p.sum())
    joint = np.exp(mixed_machines.log_joint(machine, all_rows()))
    states = hidden @ (1 << np.arange(3)[::-1])
    assert_frequencies(numbers_of(X) * 8 + states, joint.ravel() / joint.sum())


@ORDERS
@N_IDLE
@pytest.mark.parametrize("x", [(np.nan, 1, np.nan), (2, np.nan, np.nan)], ids=str)
def test_samples_given_a_part_have_the_conditional_probabilities(autoregressive, n_idle, x):
    machine = make_machine(autoregressive, n_idle)
    X = machine.sample(1000, given=list(x), random_state=0)
    assert_frequencies(numbers_of(X), given(machine, np.array(x)))


@ORDERS
@N_IDLE
@pytest.mark.parametrize("x", [(np.nan, 1, np.nan), (2, np.nan, np.nan)], ids=str)
def test_imputed_draws_have_the_conditional_probabilities(autoregressive, n_idle, x):
    machine = make_machine(autoregressive, n_idle)
    X = machine.impute(np.tile(x, (1000, 1)), "sample", random_state=0)
    assert_frequencies(numbers_of(X), given(machine, np.array(x)))


@ORDERS
@N_IDLE
@pytest.mark.parametrize("strategy", ["mean", "median", "mode"])
def test_imputed_levels_are_the_most_probable(autoregressive, n_idle, strategy):
    machine = make_machine(autoregressive, n_idle, n_importance_samples=1000)
    rows = np.concatenate([with_gaps(columns) for columns in GAPS])
    filled = machine.impute(rows, strategy)
    for x, found in zip(rows, filled, strict=True):
        p = given(machine, x)
        for j in np.flatnonzero(np.isnan(x)):
            shares = np.bincount(all_rows()[:, j].astype(int), p)
            assert shares[int(found[j])] > shares.max() - 0.05
        assert_array_equal(found[~np.isnan(x)], x[~np.isnan(x)])


@ORDERS
@N_IDLE
@pytest.mark.parametrize("column", [0, 1, 2])
def test_probabilities_of_missing_levels_are_enumerated_ones(autoregressive, n_idle, column):
    machine = make_machine(autoregressive, n_idle, n_importance_samples=2000)
    others = [c for c in range(3) if c != column]
    rows = np.concatenate([with_gaps([column]), with_gaps([column, others[0]])])
    rows[::2, column] = 0  # what stands there is not looked at
    found = machine.predict_proba_missing(rows, column)
    assert_allclose(found.sum(axis=1), 1)
    for x, shares in zip(rows, found, strict=True):
        x[column] = np.nan
        p = np.bincount(all_rows()[:, column].astype(int), given(machine, x))
        exact = not n_idle and not (autoregressive and np.isnan(x[others]).any())
        assert_allclose(shares, p, atol=2e-5 if exact else 0.05)


@ORDERS
def test_free_energies_bound_log_probabilities(autoregressive):
    machine, rows = make_machine(autoregressive), all_rows()
    energy = machine.free_energy(rows)
    assert (energy > -machine.score_samples(rows) - 1e-6).all()
    assert (machine.kl_gap(rows) > 0).all()
    bounds = machine.log_likelihood_bounds(400, random_state=0)
    assert bounds.gap > -3 * bounds.gap_standard_error
    entropy = -(p := probabilities(machine)) @ np.log(p)
    spread = 4 * bounds.upper_per_sample.std() / 20
    assert bounds.lower - spread < -entropy < bounds.upper + spread


@ORDERS
def test_posteriors_are_enumerated_ones(autoregressive):
    machine, rows = make_machine(autoregressive), all_rows()
    joint = np.exp(mixed_machines.log_joint(machine, rows))
    expected = joint / joint.sum(axis=1, keepdims=True) @ mixed_machines.exact.all_states(3)
    assert_allclose(machine.posterior(rows).mean[0], expected, atol=1e-5)
    found = machine.posterior(rows, method="importance", n_importance_samples=4000).mean[0]
    assert_allclose(found, expected, atol=0.06)
