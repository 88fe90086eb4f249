"""Partition functions of Boltzmann machines: exactly, and by annealing there and back."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.likelihood import Partition, partition_of
from sklearn_helmholtz.likelihood import partition as partition_module
from sklearn_helmholtz.machines import BaseRates, assemble_boltzmann
from tests import cases
from tests.boltzmann_machines import log_partition, log_probabilities, make_boltzmann, states


def seed_of(number):
    return number, 2, 3, 4


def annealed(machine, n_temperatures=100, seed=0, **settings):
    return partition_of(
        machine, "annealed", seed_of(seed), n_temperatures=n_temperatures, **settings
    )


@pytest.mark.parametrize("sizes", [(6, 5), (8, 6), (6, 8)])
def test_exact_values_are_those_of_enumeration(sizes):
    machine = make_boltzmann(*sizes, scale=1.5)
    for method in ("auto", "exact"):
        found = partition_of(machine, method)
        assert_allclose(found.value, log_partition(machine), atol=1e-10)
        assert found.value == found.lower == found.upper
        assert (found.variance, found.bias, found.gap) == (0, 0, 0)
        assert (found.method, found.reliable) == ("exact", True)


@pytest.mark.parametrize("sizes", [(6, 5), (8, 6), (6, 8)])
def test_annealed_values_are_within_their_errors(sizes):
    machine = make_boltzmann(*sizes, scale=1.2)
    found, exact = annealed(machine, 500), log_partition(machine)
    assert found.reliable
    assert abs(found.value - exact) < 3 * found.standard_error + abs(found.bias)
    assert 0 < found.standard_error < 0.1
    assert abs(found.gap) < 0.2
    assert found.lower == min(found.value, found.back)


def test_stated_errors_are_those_that_are_made():
    machine = make_boltzmann(8, 6, scale=1.2)
    exact = log_partition(machine)
    runs = [annealed(machine, 60, seed) for seed in range(60)]
    errors = np.array([run.value - run.bias - exact for run in runs])
    z = errors / np.sqrt([run.variance - run.excess for run in runs])
    assert 0.8 < np.std(z) < 1.25
    assert np.mean(np.abs(z) < 1.96) >= 0.9
    wide = errors / [run.standard_error for run in runs]
    assert 0.6 < np.std(wide) < np.std(z)


def test_the_way_there_is_too_low_and_the_way_back_too_high_on_average():
    machine = make_boltzmann(8, 6, scale=1.2)
    exact = log_partition(machine)
    runs = [annealed(machine, 20, seed, n_chains=4) for seed in range(150)]
    for sign, side in ((-1, "value"), (1, "back")):
        excess = sign * (np.array([getattr(run, side) for run in runs]) - exact)
        assert excess.mean() > 3 * excess.std() / np.sqrt(len(runs))


@pytest.mark.parametrize("sizes", [(5, 4), (4, 5)])
def test_the_means_of_weights_are_unbiased(sizes):
    machine = make_boltzmann(*sizes, scale=1.5)
    exact = log_partition(machine)
    found = annealed(machine, 8, n_chains=8000)
    assert abs(np.exp(found.value - exact) - 1) < 4 * found.standard_error
    rng = np.random.default_rng(0)
    table = states(sizes[0]).astype(np.uint8)
    chains = table[rng.choice(len(table), 8000, p=np.exp(log_probabilities(machine)))]
    found = annealed(machine, 8, n_chains=8000, chains=chains)
    back = np.exp(exact - found.back)  # the mean weight of the way back, relative to its own mean
    assert abs(back - 1) < 4 * found.standard_error * 1.5


def test_values_depend_on_the_seed_and_on_nothing_else():
    machine = make_boltzmann(12, 9)
    one, again, other = (annealed(machine, 30, seed) for seed in (0, 0, 1))
    assert one == again
    assert one.value != other.value
    assert annealed(machine, 30, n_threads=2) == one
    assert annealed(machine, 30, n_threads=3) == one
    fixed = partition_of(machine, "annealed", n_temperatures=30)
    assert fixed == partition_of(machine, "annealed", n_temperatures=30)


def test_temperatures_are_doubled_until_both_ways_agree(monkeypatch):
    machine = make_boltzmann(12, 9, scale=1.5)
    monkeypatch.setattr(partition_module, "FEWEST_TEMPERATURES", 4)
    found = partition_of(machine, "annealed", cases.SEED)
    assert found.gap <= 0.2
    assert found.effective_sample_size >= 20
    n = found.n_temperatures
    assert n in 4 * 2 ** np.arange(14)
    assert n > 4
    assert found == partition_of(machine, "annealed", cases.SEED, n_temperatures=n)
    before = partition_of(machine, "annealed", cases.SEED, n_temperatures=n // 2)
    assert before.gap > 0.2 or before.effective_sample_size < 20


def test_temperatures_have_a_cap_and_what_reaches_it_may_be_unreliable(monkeypatch):
    monkeypatch.setattr(partition_module, "FEWEST_TEMPERATURES", 2)
    monkeypatch.setattr(partition_module, "MOST_TEMPERATURES", 6)
    found = partition_of(make_boltzmann(12, 9, scale=4), "annealed", cases.SEED)
    assert found.n_temperatures == 6
    assert not found.reliable


@pytest.mark.parametrize(("n_temperatures", "reliable"), [(3, False), (3000, True)])
def test_few_temperatures_are_called_unreliable(n_temperatures, reliable):
    machine = make_boltzmann(10, 8, scale=2.5)
    assert annealed(machine, n_temperatures).reliable is reliable


def test_the_way_back_begins_in_given_states():
    machine = make_boltzmann(8, 6, scale=1.5)
    stuck = np.zeros((20, 8), np.uint8)  # no samples of the machine at all
    found, usual = annealed(machine, 20, chains=stuck), annealed(machine, 20)
    assert found.value == usual.value
    assert found.back != usual.back


def test_chains_go_back_from_where_their_weights_say():
    # All units are on or all are off, and sweeps do not lead from one to the other.
    machine = assemble_boltzmann(np.full((8, 1), 20.0), [-80], np.full(8, -10.0), np.zeros(8))
    walk = partition_module._Walk(machine, cases.SEED, 400, 10, 1)
    visible = np.repeat(np.array([[0], [1]], np.uint8), 8, axis=1).repeat(200, axis=0)
    walk.resample(visible, np.log(np.repeat([9.0, 1.0], 200)))
    walk.settle(visible)
    assert abs(visible.mean() - 0.1) < 0.01
    assert set(visible.sum(axis=1).tolist()) == {0, 8}


def machine_with_a_mode_that_annealing_misses():
    """All units are on or all are off, the former e times as probable; and where it begins, off."""
    return assemble_boltzmann(np.full((8, 1), 20.0), [-79], np.full(8, -10.0), np.full(8, -3.0))


def drawn_from(machine, n):
    """Exact draws of the visible side, (n, n_visible) uint8."""
    p = np.exp(log_probabilities(machine))
    return states(8).astype(np.uint8)[np.random.default_rng(0).choice(len(p), n, p=p)]


def test_chains_that_know_the_machine_tell_of_modes_that_annealing_misses():
    machine = machine_with_a_mode_that_annealing_misses()
    exact, chains = log_partition(machine), drawn_from(machine, 100)
    alone = annealed(machine, 500)
    assert alone.reliable  # both directions miss it
    assert not alone.is_witnessed
    assert alone.upper < exact - 1
    found = annealed(machine, 500, chains=chains)
    assert found.is_witnessed
    assert not found.reliable
    assert found.lower == found.value == alone.value
    assert abs(found.upper - exact) < 0.3
    assert abs(found.value - exact) < 1.96 * found.standard_error


def test_chains_that_know_less_than_annealing_finds_widen_both_sides():
    machine = machine_with_a_mode_that_annealing_misses()
    machine = replace(machine, base=BaseRates(np.zeros(8)))
    seeds = [annealed(machine, 500, seed, chains=np.zeros((50, 8), np.uint8)) for seed in range(5)]
    for found in seeds:  # all chains are off, where a quarter of the mass is
        assert not found.reliable
        assert found.back == found.lower < found.upper == found.value


def test_few_chains_are_no_witnesses_and_many_are_chosen_from_evenly():
    machine = make_boltzmann(8, 6)
    chains = drawn_from(machine, 300)
    assert annealed(machine, 30, chains=chains[:19]) == annealed(machine, 30)
    assert annealed(machine, 30, chains=chains[:20]).is_witnessed
    found = annealed(machine, 30, chains=chains, n_chains=100)
    assert found == annealed(machine, 30, chains=chains[::3], n_chains=100)
    assert_array_equal(partition_module.spread(chains, 300), chains)


def test_what_both_ways_are_apart_beyond_chance_is_a_part_of_the_error():
    machine = make_boltzmann(10, 8, scale=2.5)
    found = [annealed(machine, 5, seed) for seed in range(20)]
    for run in found:
        own = run.variance - run.excess
        assert run.bias == -own / 2
        assert run.excess >= 0
        assert run.variance <= max(own, run.gap**2)
    assert any(run.excess > 0 for run in found)


def test_sides_beyond_enumeration_are_annealed_and_refused_where_exactness_is_asked_for():
    rng, n = np.random.default_rng(0), 26
    machine = assemble_boltzmann(rng.normal(0, 0.1, (n, n)), *np.zeros((3, n)))
    with pytest.raises(ValueError, match=r"here 2\^26 of 26 units, and allows at most 25 units"):
        partition_of(machine, "exact")
    assert partition_of(machine, n_temperatures=10).method == "annealed"
    with pytest.raises(ValueError, match="method must be one of"):
        partition_of(machine, "bridge")


def test_exact_partitions_compare_equal():
    assert Partition.exactly(1.0).is_exact
    assert not annealed(make_boltzmann(3, 3), 5).is_exact
