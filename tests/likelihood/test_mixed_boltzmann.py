"""log Z and log p of Boltzmann machines of mixed columns, against enumeration and quadrature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz.inference import ColumnEnumeration
from sklearn_helmholtz.inference.column_states import Configurations, HiddenStates, smaller_side
from sklearn_helmholtz.likelihood import (
    annealing_log_density,
    partition_of,
    score_undirected,
)
from sklearn_helmholtz.models import Encoding, MixedBoltzmannModel
from sklearn_helmholtz.units import OneHot
from tests.mixed_boltzmann_machines import (
    LEVELS,
    SCALE,
    WITH_A_REAL,
    Oracle,
    gappy_rows,
    make_mixed_boltzmann,
    users,
)

TABLES = pytest.mark.parametrize("levels", [LEVELS, WITH_A_REAL, (2, 2), (3,), (None, 2, 1)])


def model_of(machine):
    layout = machine.layout
    return MixedBoltzmannModel(Encoding(OneHot, layout, layout.code_means), machine)


def volume(levels, rows):
    """Nats that densities of rows lose in the user's units."""
    real = np.array([n is None for n in levels])
    return (~np.isnan(rows) & real).sum(axis=1) * np.log(SCALE)


@TABLES
@pytest.mark.parametrize("n_hidden", [1, 3, 7])
def test_the_partition_function_is_that_of_all_states(levels, n_hidden):
    machine = make_mixed_boltzmann(levels, n_hidden)
    found = partition_of(machine)
    assert found.method == "exact"
    assert found.value == pytest.approx(Oracle.of(machine, levels).log_partition, abs=1e-10)


@pytest.mark.parametrize("side", [HiddenStates, Configurations])
def test_either_side_may_be_enumerated(side, monkeypatch):
    monkeypatch.setattr("sklearn_helmholtz.inference.column_states._LOW", 4)  # in pieces
    machine = make_mixed_boltzmann(LEVELS, 5)
    both = ColumnEnumeration(machine)
    both.side = side(machine)
    assert both.side.n_pieces > 1
    assert both.log_partition() == pytest.approx(Oracle.of(machine).log_partition, abs=1e-10)
    terms = both.side.log_terms(both.inputs)
    assert np.logaddexp.reduce(terms) == pytest.approx(Oracle.of(machine).log_partition)


def test_the_side_of_fewer_states_is_enumerated():
    few, many = (make_mixed_boltzmann(LEVELS, n) for n in (5, 6))  # beside 48 configurations
    assert (few.n_enumerable, many.n_enumerable) == (5, 6)
    assert isinstance(smaller_side(few), HiddenStates)
    assert isinstance(smaller_side(many), Configurations)
    assert isinstance(smaller_side(few, [0, 1]), Configurations)  # of which there are 6
    assert isinstance(smaller_side(make_mixed_boltzmann(WITH_A_REAL, 9)), HiddenStates)


@TABLES
@pytest.mark.parametrize("n_hidden", [2, 6])
def test_scores_sum_out_all_patterns_of_gaps(levels, n_hidden):
    machine = make_mixed_boltzmann(levels, n_hidden)
    oracle = Oracle.of(machine, levels)
    rows = gappy_rows(oracle)
    table = model_of(machine).table(users(rows, levels))
    found, _ = score_undirected(machine, table, partition_of(machine))
    truth = np.array([oracle.log_prob(row) for row in rows]) - volume(levels, rows)
    assert_allclose(found.per_sample, truth, atol=1e-6)
    assert found.per_sample[-1] == 0
    assert found.bound == "exact"


@pytest.mark.parametrize("levels", [LEVELS, WITH_A_REAL])
def test_annealing_is_right_within_its_errors(levels):
    machine = make_mixed_boltzmann(levels, 4, scale=1.2)
    truth = Oracle.of(machine, levels).log_partition
    found = partition_of(machine, "annealed", n_temperatures=200)
    assert found.standard_error > 1e-3
    assert abs(found.value - truth) < 3 * found.standard_error
    assert found.lower - 3 * found.standard_error < truth < found.upper + 3 * found.standard_error
    few = [partition_of(machine, "annealed", (1, 2, 3, k), 2, 3).value for k in range(100)]
    assert_allclose(np.mean(np.exp(np.array(few) - truth)), 1, atol=5 * _error(few, truth))


def _error(values, truth):
    return np.std(np.exp(np.array(values) - truth)) / np.sqrt(len(values))


@pytest.mark.parametrize("levels", [LEVELS, WITH_A_REAL])
def test_gaps_are_annealed_as_they_are_summed_out(levels, monkeypatch):
    monkeypatch.setattr("sklearn_helmholtz.likelihood.undirected.MAX_GAP_SIDE", 0)
    machine = make_mixed_boltzmann(levels, 3)
    oracle = Oracle.of(machine, levels)
    rows = gappy_rows(oracle)[1:]
    table = model_of(machine).table(users(rows, levels))
    found, _ = score_undirected(
        machine, table, partition_of(machine), n_chains=100, n_temperatures=50
    )
    truth = np.array([oracle.log_prob(row) for row in rows]) - volume(levels, rows)
    assert found.bound == "lower"
    errors = np.sqrt(found.variance)
    assert (errors[:-1] > 0).all()
    assert (np.abs(found.per_sample - truth) < 4 * errors + 1e-6).all()


@pytest.mark.parametrize("levels", [LEVELS, WITH_A_REAL])
def test_bounds_from_below_are_those_of_what_annealing_draws(levels):
    """They sum to 1 over all rows, here in the mean over random numbers."""
    machine = make_mixed_boltzmann(levels, 2)
    oracle, step = Oracle.of(machine, levels), 1 if None not in levels else 11
    rows = oracle.all[::step]
    table = model_of(machine).table(users(rows, levels))
    n_chains = 400 if step == 1 else 50
    found = annealing_log_density(machine, table, 3, n_chains=n_chains) + volume(levels, rows)
    assert np.exp(found + oracle.log_weights[0]).sum() * step == pytest.approx(1, abs=0.03)
    longer = annealing_log_density(machine, table, 300) + volume(levels, rows)
    assert_allclose(longer, [oracle.log_prob(row) for row in rows], atol=0.5)
