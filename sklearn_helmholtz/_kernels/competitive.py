"""Competing causes of binary units: what their parents add up to, and the derivatives of it.

A parent k of the strength ``theta_kj`` that is on with probability q_k leaves unit j off, by
itself, with probability ``1 - x_kj``, ``x_kj = q_k theta_kj / (1 + theta_kj)``. Nothing is taken
from 1 that may be close to it: the probabilities that no parent turns the unit on, and that some
do, are carried along side by side.
"""

import numpy as np
from numba import float64

from .kernel import kernel, reads, writes


@kernel(
    reads(float64, "n k"), reads(float64, "k m"), reads(float64, "m"), writes(float64, "n m"),
    writes(float64, "n m"), writes(float64, "n m"),
)  # fmt: skip
def competitive_parts(parents, theta, always, total, some, none):
    """Sums of the parents of each unit, and what these leave on and off, in float64.

    ``total = always + sum_k q_k theta_kj``; ``none = 1 / (1 + always) prod_k (1 - x_kj)``;
    ``some = 1 - none``.

    parents : (n_rows, n_parents), from 0 to 1; theta : (n_parents, n_units); always : (n_units,) of
    a parent that is always on; total, some, none : (n_rows, n_units).
    """
    n_rows, n_parents = parents.shape
    n_units = len(always)
    share = np.empty(theta.shape, np.float64)
    for k in range(n_parents):
        for j in range(n_units):
            share[k, j] = 1.0 / (1.0 + theta[k, j])
    for r in range(n_rows):
        s, b, c = total[r], some[r], none[r]
        for j in range(n_units):
            s[j], c[j] = always[j], 1.0 / (1.0 + always[j])
            b[j] = always[j] * c[j]
        for k in range(n_parents):
            q, t, w = parents[r, k], theta[k], share[k]
            rest = 1.0 - q
            if q != 0:
                for j in range(n_units):
                    s[j] += q * t[j]
                    b[j] += c[j] * (q * t[j] * w[j])
                    c[j] *= (1.0 + rest * t[j]) * w[j]


@kernel(
    reads(float64, "n k"), reads(float64, "m k"), reads(float64, "n m"), reads(float64, "n m"),
    writes(float64, "m k"), writes(float64, "n k"),
)  # fmt: skip
def competitive_slopes(parents, theta, by_total, by_log_none, by_theta, by_parents):
    """Derivatives by the strengths and by the parents, from those by ``total`` and ``log none``.

    parents : (n_rows, n_parents); theta : (n_units, n_parents), transposed; by_total, by_log_none :
    (n_rows, n_units), the latter with the opposite sign; by_theta, by_parents : like theta and
    parents.
    """
    n_rows, n_parents = parents.shape
    n_units = theta.shape[0]
    share = np.empty(theta.shape, np.float64)
    for j in range(n_units):
        for k in range(n_parents):
            share[j, k] = 1.0 / (1.0 + theta[j, k])
            by_theta[j, k] = 0.0
    for r in range(n_rows):
        q, up = parents[r], by_parents[r]
        for k in range(n_parents):
            up[k] = 0.0
        for j in range(n_units):
            a, b = by_total[r, j], by_log_none[r, j]
            t, w, down = theta[j], share[j], by_theta[j]
            for k in range(n_parents):
                slope = b / (1.0 + t[k] * (1.0 - q[k]))
                up[k] += t[k] * (a + slope)
                down[k] += q[k] * (a + slope * w[k])
