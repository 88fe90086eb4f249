"""Ordered columns of all sorts, and their cells, for the tests of columns and of their units."""

import numpy as np

from sklearn_helmholtz.columns import Ordered


def ones(values):
    return np.ones(len(values))


def reals(values, given=None):
    values = np.asarray(values, np.float64)
    return Ordered.fit_reals(values, ones(values), given)


def counts(values):
    values = np.asarray(values, np.float64)
    return Ordered.fit_counts(values, ones(values))


def levels(shares, n=200, seed=0):
    values = np.random.default_rng(seed).choice(len(shares), n, p=shares).astype(np.float64)
    return Ordered.fit_levels(values, ones(values), len(shares))


def _make():
    rng = np.random.default_rng(0)
    normal, skew = rng.normal(size=300), rng.lognormal(3, 1.5, 400)
    tenths, weights = np.round(rng.normal(20, 5, 250), 1), rng.exponential(size=250)
    spikes = np.concatenate([np.zeros(200), rng.exponential(size=200), np.full(60, 1.5)])
    close = np.concatenate([np.zeros(99), 2e-4 * rng.normal(size=60), rng.normal(size=190)])
    return {
        "counts": counts(rng.poisson(3, 200)),
        "counts far from 0": counts(100 + rng.poisson(5, 200)),
        "counts with zeros": counts(rng.poisson(np.repeat([0.01, 40], 100))),
        "ordinal": levels([0.1, 0.5, 0.15, 0.25]),
        "ordinal, a level unseen": levels([0.5, 0, 0.3, 0.2]),
        "ordinal, one level": levels([1.0]),
        "tenths": reals(tenths),
        "tenths, weighted": Ordered.fit_reals(tenths, weights),
        "hundreds, handed in": reals(skew, 100.0),
        "skew": reals(np.round(skew)),
        "continuous": reals(normal),
        "spikes": reals(spikes),
        "spikes with close neighbours": reals(close),
        "one value": reals(np.full(9, 5.0)),
        "one row": reals([5.0]),
        "three values": reals([3.0, 7.0, 7.5]),
        "huge": reals(1e200 * np.round(normal, 1)),
        "tiny": reals(1e-200 * np.round(normal, 1)),
        "far from zero": reals(1e7 + np.round(normal, 2)),
    }


ORDERED = _make()


def all_cells(column, widths=3.0, most=20_000):
    """Values of neighbouring cells, of all from below the lowest knot to above the highest one.

    widths : how far into the tails, in their scales; most : of a column with more cells than that,
    about the lowest ones only.
    """
    m = column.marginal
    low = m.knots[0] - widths * m.lower
    high = m.knots[-1] + widths * m.upper
    steps = np.round((np.array([low, high]) - m.origin) / m.resolution)
    values = m.origin + np.arange(steps[0], min(steps[1] + 1, steps[0] + most)) * m.resolution
    half = m.resolution / 2
    inside = (values - half > m.knots[0] - 1e-6 * half) | (m.lower > 0)
    inside &= (values + half < m.knots[-1] + 1e-6 * half) | (m.upper > 0)
    return values[inside]


def random_eta(n, seed=0):
    """Locations and log-scales, (n, 2)."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(scale=2, size=n), rng.uniform(-3, 2, n)])
