"""Nets and bounds that tests of mean field share."""

import numpy as np
from scipy.special import logsumexp

from sklearn_helmholtz._kernels.families import GAUSSIAN
from sklearn_helmholtz.inference import MeanField
from sklearn_helmholtz.machines import BeliefNet
from sklearn_helmholtz.rows import Block
from tests import cases, exact, naive
from tests.cases import make_case

NETS = [(4, 3), (4, 3, 2), (3, 2, 2, 2), (3, 6, 5)]  # the last with more parents than factors
CASES = [(visible, gaps) for visible in cases.VISIBLES + cases.ORDERED for gaps in (False, True)]
CASES.remove(("ordered gaussian", True))  # there is no bound


def make_net(n_units, visible, gaps=False, n_rows=3, scale=1.0, seed=0):
    """A net without recognition, the parameters of its oracle, and rows: as they are and float64.

    With gaps any value may be missing but the last of all rows but one, which is empty.
    """
    machine, _, x = make_case(n_units, visible, n_rows, scale, seed)
    net = BeliefNet(machine.generation)
    values = x.astype(np.float64)
    if gaps:
        missing = np.random.default_rng(seed).uniform(size=x.shape) < 0.4
        missing[:-1, -1], missing[-1] = False, True
        values[missing] = np.nan
        x = Block(values.astype(np.float32), np.full(n_units[0], 0.3, np.float32))
    return net, oracle_of(net), x, values


def oracle_of(net):
    """The generative parameters of a net for the oracles, the precisions as kernels hold them."""
    down = net.generation.conditionals[::-1]
    units, ordered = net.visible.units, net.is_autoregressive
    is_gaussian = MeanField.of(net).family == GAUSSIAN
    return exact.Parameters(
        [c.map.weights.astype(np.float64) for c in down[:-1]],
        [c.map.intercept.astype(np.float64) for c in down],
        [],
        [],
        1 / (1 / units.variance).astype(np.float64) if is_gaussian else None,
        [c.lateral.weights.astype(np.float64) for c in down] if ordered else None,
    )


def log_p(params, values):
    """Log p of what is observed of each row, by enumeration."""
    if not np.isnan(values).any():
        return exact.log_likelihood(params, values)
    return np.array([logsumexp(exact.log_joint_observed(params, row)) for row in values])


def twin_bounds(params, values, means, xi):
    rows = zip(values, means, xi, strict=True)
    return np.array([naive.mean_field_terms(params, *row).sum() for row in rows])


def best_xi(params, row, means):
    """The xi of all units at once, by golden section: what units add is concave in them."""
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.zeros_like(means), np.ones_like(means)
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        at_left, at_right = (naive.mean_field_terms(params, row, means, xi) for xi in (left, right))
        rising = at_right > at_left
        low, high = np.where(rising, left, low), np.where(rising, high, right)
    return (low + high) / 2
