"""The competitive map of Dayan, Hinton, Neal & Zemel (1995): causes that explain a unit alone."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from .._kernels.competitive import competitive_parts, competitive_slopes
from .._kernels.tables import table_product
from ..rows import Lists
from .map import Map

_LOWEST, _HIGHEST = -60.0, 1e15  # of free parameters: strengths are numbers above 0 in float32


@dataclass(frozen=True)
class Competitive(Map):
    """Parents of strengths ``theta >= 0`` that compete: each can turn a unit on by itself.

    The unit j is on with the probability

        p_j = [1 - 1 / (1 + theta_0j + sum_k q_k theta_kj)]
              * [1 - 1 / (1 + theta_0j) * prod_k (1 - q_k theta_kj / (1 + theta_kj))]

    where q_k, from 0 to 1, are the parents, and ``theta_0j > 0`` is the strength of one that is
    always on, so that p lies between 0 and 1. What the map makes is the logit of p. Strengths are
    softplus of free parameters.

    weights : (n_parents, n_units), intercept : (n_units,), free parameters, float32 (or float64,
    for `doubles` alone). They have no penalty: a free parameter of zero is a strength of log 2,
    which means nothing.

    References
    ----------
    Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904.
    """

    weights: np.ndarray
    intercept: np.ndarray

    kind = "competitive"

    @classmethod
    def of_strengths(cls, theta, always):
        """The map of strengths (n_parents, n_units) and (n_units,), as near as free ones can be."""
        return cls(*(_free(array).astype(np.float32) for array in (theta, always)))

    @property
    def n_inputs(self):
        """Number of parents."""
        return len(self.weights)

    @property
    def n_outputs(self):
        """Number of units."""
        return len(self.intercept)

    @property
    def n_products(self):
        """Number of strengths."""
        return self.weights.size

    @property
    def n_terms(self):
        """A strength for each parent, and one for that which is always on."""
        return 1 + self.n_inputs

    @property
    def published(self):
        """Strengths of the parents and of the one that is always on, float32."""
        return tuple(np.ascontiguousarray(array, np.float32) for array in self._strengths())

    def forward(self, parents, work=np, out=None):
        """Logits of the units, (n_rows, n_units) float32: a new array, or ``out``."""
        if out is None:
            out = work.empty((len(parents), self.n_outputs), np.float32)
        if isinstance(parents, Lists):
            parents = parents.toarray()
        if parents.dtype == np.uint8:
            self._of_bits(parents, out, work)
        else:
            out[...] = self.doubles(parents)
        return out

    def gradient(self, parents, error, out, add=False):
        """Write, or add, derivatives by the free parameters to ``out``, a map of the same shape."""
        slopes = self.slopes(parents, error)
        if add:
            slopes = slopes + np.concatenate([out.intercept[None], out.weights])
        out.write_slopes(slopes)

    def pullback(self, parents, error, work=np, out=None):
        """Derivatives by the parents, (n_rows, n_parents) float32."""
        found = self.derivatives(parents, error)[1]
        if out is None:
            out = work.empty(found.shape, np.float32)
        out[...] = found
        return out

    def doubles(self, parents):
        """Logits of the units in float64, (n_rows, n_units)."""
        total, some, none = self._parts(self._reals(parents))
        return np.log(total) + np.log(some) - np.log1p(total * none)

    def slopes(self, parents, error):
        """Derivatives by the free parameters in float64, (1 + n_parents, n_units).

        Those of the parent that is always on come first. error : (n_rows, n_units), by the logits.
        """
        return self.derivatives(parents, error)[0]

    def derivatives(self, parents, error):
        """Derivatives as of `slopes`, and those by the parents, (n_rows, n_parents) float64."""
        parents = self._reals(parents)
        theta, always = self._strengths()
        total, some, none = self._parts(parents)
        share = error / (1 + total * none)
        by_total = share / total
        by_log_none = share * none * (1 + total) / some
        by_theta, by_parents = np.empty(theta.shape[::-1]), np.empty(parents.shape)
        competitive_slopes(
            parents, np.ascontiguousarray(theta.T), by_total, by_log_none, by_theta, by_parents
        )
        by_always = by_total.sum(axis=0) + by_log_none.sum(axis=0) / (1 + always)
        slopes = np.concatenate([by_always[None], by_theta.T])
        return slopes * expit(np.concatenate([self.intercept[None], self.weights])), by_parents

    def write_slopes(self, slopes):
        """Take a sum of derivatives as of `slopes`, in place."""
        self.intercept[...] = slopes[0]
        self.weights[...] = slopes[1:]

    def extremes(self, lowest=0.0, highest=1.0):
        """Bounds of the logits over all parents between two limits: they rise with each."""
        limits = (np.broadcast_to(limit, (1, self.n_inputs)) for limit in (lowest, highest))
        return tuple(self.doubles(limit)[0] for limit in limits)

    def _strengths(self):
        return tuple(
            np.logaddexp(0, np.clip(array.astype(np.float64), _LOWEST, _HIGHEST))
            for array in (self.weights, self.intercept)
        )

    def _of_bits(self, parents, out, work):
        """Logits where all parents are 0 or 1: log none is a sum over those that are on."""
        self._check_width(parents)
        theta, always = self._strengths()
        log_none = work.empty(out.shape, np.float32)
        pairs = ((theta, always), out), ((np.log1p(theta), np.log1p(always)), log_none)
        for arrays, sums in pairs:
            table_product(parents, *(array.astype(np.float32) for array in arrays), sums)
        off = np.log1p(out * np.exp(-log_none))
        np.log(out, out=out)
        out += np.log(-np.expm1(-log_none))
        out -= off

    def _parts(self, parents):
        theta, always = self._strengths()
        parts = tuple(np.empty((len(parents), self.n_outputs)) for _ in range(3))
        competitive_parts(parents, theta, always, *parts)
        return parts

    def _reals(self, parents):
        """Parents as C-ordered float64, of the width that there are strengths for."""
        if isinstance(parents, Lists):
            parents = parents.toarray()
        self._check_width(parents)
        return np.ascontiguousarray(parents, np.float64)

    def _check_width(self, parents):
        """Refuse rows of another width than the strengths, beyond which kernels would read."""
        if parents.shape[1] != len(self.weights):
            raise ValueError(
                f"parents have {parents.shape[1]} columns, but the strengths are for "
                f"{len(self.weights)}."
            )


def _free(theta):
    """Free parameters whose softplus are some strengths, float64: the lowest where it is 0."""
    theta = np.asarray(theta, np.float64)
    with np.errstate(divide="ignore"):
        return np.clip(theta + np.log(-np.expm1(-theta)), _LOWEST, _HIGHEST)
