"""Tallies and censuses of the parts of a table are united into those of the whole."""

import collections

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz.columns import Census, Tally, united_levels
from sklearn_helmholtz.columns.marginal import _thinned, fit_marginal

ENDS = (0, 40, 40, 41, 130)


def column(seed=0, n_rows=200):
    rng = np.random.default_rng(seed)
    values = rng.integers(-3, 9, n_rows) / 4
    values[rng.random(n_rows) < 0.2] = np.nan
    return values, rng.integers(1, 4, n_rows).astype(float)


def parts(*arrays):
    return zip(*(np.split(array, ENDS) for array in arrays), strict=True)


@pytest.mark.parametrize("weighted", [False, True])
def test_values_are_counted(weighted):
    values, weights = column()
    weights = weights if weighted else np.ones(200)
    counted = collections.Counter()
    for value, weight in zip(values, weights, strict=True):
        if not np.isnan(value):
            counted[value] += weight
    whole = Tally.of(values, weights if weighted else None)
    assert dict(zip(whole.values.tolist(), whole.weights.tolist(), strict=True)) == counted
    assert whole.values.tolist() == sorted(counted)
    assert whole.n_rows == np.isfinite(values).sum() == pytest.approx(whole.counts.sum())
    united = Tally.united([Tally.of(*part) for part in parts(values, weights)])
    twice = Tally.united([united])
    for name in ("values", "weights", "n_rows"):
        assert_array_equal(getattr(united, name), getattr(whole, name))
        assert_array_equal(getattr(twice, name), getattr(whole, name))


@pytest.mark.parametrize("values", [
    column()[0], np.rint(column()[0]), np.full(200, np.nan), np.arange(200.0) % 255,
    np.repeat([3.0, np.nan], 100), np.linspace(0, 1, 200), -np.arange(200.0),
], ids=["quarters", "whole", "none", "many", "one", "fractions", "negative"])  # fmt: skip
def test_censuses_say_what_values_there_are(values):
    known = np.unique(values[~np.isnan(values)])
    odd = known[known % 1 != 0]
    whole = Census.of(values)
    united = Census.united([Census.of(part) for (part,) in parts(values)])
    for census in (whole, united):
        assert census.n_known == np.isfinite(values).sum()
        assert_array_equal(census.distinct, known)
        ends = [known[0], odd[0] if len(odd) else np.nan, known[-1]] if len(known) else [np.nan] * 3
        assert_array_equal([census.low, census.fraction, census.high], ends)
        assert census.is_whole == (not len(odd))
        assert_array_equal(census.extremes, [end for end in ends if end == end])


def test_censuses_give_up_on_too_many_values():
    values = np.arange(256.0)
    assert Census.of(values).distinct is None
    assert len(Census.of(values[1:]).distinct) == 255
    halves = [Census.of(values[:200]), Census.of(values[56:])]
    assert Census.united(halves).distinct is None
    assert Census.united([Census.united(halves), Census.of(values[:3])]).distinct is None
    late = np.concatenate([np.zeros(2**16), values])
    assert Census.of(late).distinct is None


def test_levels_come_as_they_are_first_listed():
    lists = [np.array(own, object) for own in (["b", "a"], ["c", "a"], ["d", "b"])]
    assert united_levels(lists).tolist() == ["b", "a", "c", "d"]
    numbers = united_levels([np.array([3, 1]), np.array([2, 1])])
    assert (numbers.tolist(), numbers.dtype) == ([3, 1, 2], np.int64)


def test_every_so_many_th_value_is_taken_of_many():
    rng = np.random.default_rng(0)
    values = np.sort(rng.integers(0, 9000, 50_001) / 8)
    distinct, counts = np.unique(values, return_counts=True)
    own, taken = _thinned(distinct, counts.astype(float))
    known, often = np.unique(values[::3], return_counts=True)
    assert_array_equal(own, known)
    assert_array_equal(taken, often)
    few = counts[:100] + 0.5
    assert _thinned(distinct[:100], few)[1] is few


def test_marginals_are_those_of_tallies():
    values = np.round(np.random.default_rng(1).normal(size=30_000), 3)
    tally = Tally.of(values)
    one = fit_marginal(values, np.ones(30_000), 0.001)
    other = fit_marginal(tally.values, tally.counts, 0.001)
    for name in ("knots", "below", "above", "lower", "upper"):
        assert_array_equal(getattr(one, name), getattr(other, name))
