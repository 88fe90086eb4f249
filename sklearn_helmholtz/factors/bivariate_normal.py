"""Probabilities of two normal variables that are correlated.

By Owen's T function, T(h, a) = P(X > h, 0 < Y < a X) of independent X and Y, which scipy has to
the precision of float64: what is below h in one and below k in the other of two correlated
variables is made of two wedges (Owen 1956, table of integrals 10,010.1; Patefield & Tandy 2000).

References
----------
Owen (1956), Tables for computing bivariate normal probabilities, Annals of Mathematical Statistics
27, 1075-1090.
Patefield & Tandy (2000), Fast and accurate calculation of Owen's T function, Journal of Statistical
Software 5(5).
"""

import numpy as np
from scipy.special import ndtr, owens_t


def bivariate_normal_cdf(h, k, correlation):
    """P(X <= h, Y <= k) of standard normal X and Y; arrays of shapes that go together.

    Errors are absolute, about 1e-16. correlation : between -1 and 1, neither of which is allowed.

    Examples
    --------
    >>> from sklearn_helmholtz.factors.bivariate_normal import bivariate_normal_cdf
    >>> round(float(bivariate_normal_cdf(0.0, 0.0, 0.5)), 12)  # 1/4 + asin(1/2) / (2 pi)
    0.333333333333
    """
    h, k, r = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (h, k, correlation)))
    with np.errstate(all="ignore"):
        spread = np.sqrt((1 - r) * (1 + r))
        wedges = owens_t(h, (k / h - r) / spread) + owens_t(k, (h / k - r) / spread)
        half = np.where((h * k > 0) | ((h * k == 0) & (h + k >= 0)), 0.0, 0.5)
    result = (ndtr(h) + ndtr(k)) / 2 - wedges - half
    result = np.where((h == 0) & (k == 0), 0.25 + np.arcsin(r) / (2 * np.pi), result)
    result = np.where(h == np.inf, ndtr(k), np.where(k == np.inf, ndtr(h), result))
    return np.where((h == -np.inf) | (k == -np.inf), 0.0, np.clip(result, 0, 1))


def bivariate_normal_pdf(h, k, correlation):
    """The density at (h, k), which is the derivative of the probability by the correlation.

    Zero where h or k is infinite (Plackett 1954).
    """
    spread = (1 - correlation) * (1 + correlation)
    finite = np.isfinite(h) & np.isfinite(k)
    h, k = np.where(finite, h, 0.0), np.where(finite, k, 0.0)
    exponent = -(h * h - 2 * correlation * h * k + k * k) / (2 * spread)
    return np.where(finite, np.exp(exponent) / (2 * np.pi * np.sqrt(spread)), 0.0)


def conditional_slopes(h, k, correlation):
    """The derivative of the probability by h, ``phi(h) P(Y <= k | X = h)``; 0 for infinite h."""
    spread = np.sqrt((1 - correlation) * (1 + correlation))
    finite = np.isfinite(h)
    at = np.where(finite, h, 0.0)
    density = np.exp(-at * at / 2) / np.sqrt(2 * np.pi)
    return np.where(finite, density * ndtr((k - correlation * at) / spread), 0.0)
