"""Likelihoods of Boltzmann machines of real data by annealing, against exact ones."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.inference import HiddenSide
from sklearn_helmholtz.likelihood import (
    annealing_log_density,
    partition_of,
    score_undirected,
    undirected,
)
from sklearn_helmholtz.rows import Scaling, Table
from tests import cases
from tests.gaussian_boltzmann_machines import Mixture, all_patterns, make_gaussian_boltzmann

MACHINE = make_gaussian_boltzmann(4, 3)
TRUTH = Mixture.of(MACHINE)
EXACT = HiddenSide.of(MACHINE).log_partition()
ROWS = np.random.default_rng(1).normal(size=(8, 4))


def table_of(rows, scaling=None):
    scaling = scaling or Scaling(np.zeros(rows.shape[1]), np.ones(rows.shape[1]))
    fill_values = np.zeros(rows.shape[1], np.float32) if np.isnan(rows).any() else None
    return Table(rows, False, scaling, fill_values=fill_values)


def test_few_hidden_units_are_summed_out_however_many_features_there_are():
    machine = make_gaussian_boltzmann(60, 5, 0.2)
    found = partition_of(machine)
    assert found.is_exact
    assert found.value == pytest.approx(Mixture.of(machine).log_partition, abs=1e-9)
    many = make_gaussian_boltzmann(3, 26, 0.2)
    with pytest.raises(ValueError, match="allows at most 25 units"):
        partition_of(many, "exact")
    assert partition_of(many, n_temperatures=20).method == "annealed"


def test_annealing_covers_the_truth_from_both_sides():
    errors, lower, upper = [], [], []
    for seed in range(30):
        found = partition_of(MACHINE, "annealed", (seed, 0, 0, 0), 50, 30)
        errors.append((found.value - EXACT) / found.standard_error)
        lower.append(found.lower - EXACT)
        upper.append(found.upper - EXACT)
    assert np.mean(np.abs(errors) < 2) > 0.8
    for sign, ends in ((1, lower), (-1, upper)):
        assert sign * np.mean(ends) < 3 * np.std(ends) / np.sqrt(30)
    assert np.abs(np.mean(errors)) < 1


def test_threads_change_no_bit():
    found = [partition_of(MACHINE, "annealed", cases.SEED, 100, 20, n_threads=n) for n in (1, 2)]
    assert found[0] == found[1]


@pytest.mark.parametrize("scaling", [None, Scaling(np.full(4, 2.0), np.array([1, 2, 0.5, 3]))])
def test_annealed_scores_of_rows_with_gaps(monkeypatch, scaling):
    monkeypatch.setattr(undirected, "MAX_GAP_SIDE", 0)
    rows = all_patterns(ROWS)
    data = rows if scaling is None else scaling.restore(rows)
    partition = partition_of(MACHINE)
    found, _ = score_undirected(
        MACHINE, table_of(data, scaling), partition, cases.SEED, n_chains=200, n_temperatures=30
    )
    lost = np.zeros(len(rows)) if scaling is None else scaling.log_volumes(rows)
    expected = [TRUTH.log_prob(row) if np.isfinite(row).any() else 0.0 for row in rows] - lost
    assert found.bound == "lower"
    assert_allclose(found.per_sample[:1], expected[:1], atol=1e-5)
    errors = np.sqrt(found.variance) + 1e-6
    assert (np.abs(found.per_sample - expected) < 5 * errors + np.abs(found.bias)).all()
    assert found.per_sample[-1] == 0


def test_the_density_of_the_annealed_sampler_is_normalised():
    """By importance sampling of its integral: a chain's weight is unbiased for it."""
    rng, n = np.random.default_rng(0), 20_000
    rows = rng.normal(size=(n, 4)) * 2
    log_q = norm(0, 2).logpdf(rows).sum(axis=1)
    weights = np.exp(annealing_log_density(MACHINE, table_of(rows), 3, cases.SEED) - log_q)
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(n)


def test_the_density_of_the_annealed_sampler_comes_near_and_knows_units():
    scaling = Scaling(np.full(4, 2.0), np.array([1, 2, 0.5, 3]))
    bounds = annealing_log_density(
        MACHINE, table_of(scaling.restore(ROWS), scaling), 300, cases.SEED, n_chains=50
    )
    expected = [TRUTH.log_prob(row) for row in ROWS] - scaling.log_volume()
    assert_allclose(bounds, expected, atol=0.1)
    gaps = ROWS.copy()
    gaps[0, 0] = np.nan
    assert np.isnan(annealing_log_density(MACHINE, table_of(gaps), 2)[0])


def large(**params):
    machine = make_gaussian_boltzmann(30, 24, 0.2)
    return RestrictedBoltzmannMachine.from_parameters(
        machine.weights.T, machine.hidden_intercept, machine.visible_intercept,
        noise_variance=machine.variance, n_temperatures=200, **params,
    )  # fmt: skip


def test_machines_of_many_hidden_units_are_annealed():
    found, X = large(), np.random.default_rng(0).normal(size=(5, 30))
    known = found.log_partition_
    assert (known.method, known.reliable) == ("annealed", True)
    sides = HiddenSide.of(found._model.machine)
    volume = found._model.encoding.scaling.log_volume()
    truth = sides.log_partition() + volume
    assert abs(known.value - truth) < 5 * known.standard_error
    bounds = found.log_likelihood_bounds(X)
    assert abs(bounds.gap) < 0.3
    X[::2, :20] = np.nan
    whole = found.score_samples(X)
    assert_array_equal(found.score_samples(X[::-1])[::-1], whole)
    assert_array_equal(found.transform(X[::-1])[::-1], found.transform(X))
    filled = [found.impute(X, strategy=name) for name in ("mean", "median", "mode")]
    seen = ~np.isnan(X)
    for each in filled:
        assert_allclose(each[seen], X[seen], rtol=1e-6)
    assert np.abs(filled[0] - filled[1])[~seen].max() < 0.5
    drawn = found.sample(300, random_state=0)
    assert drawn.shape == (300, 30)


def test_pseudo_likelihoods_are_refused():
    with pytest.raises(ValueError, match="pseudo_log_likelihood needs binary features"):
        large().pseudo_log_likelihood(np.zeros((2, 30)))
