"""Incomplete rows of factor models in chunks: an E-step is a task for each, and a sum."""

from functools import reduce

import numpy as np

from ..factors import Moments, PatternedRows, mean_products
from .library import current_client, dask_module
from .reductions import by_chunk, computed, summed


class PatternedChunks:
    """`PatternedRows` of each chunk, as factor models learn from them.

    parts : a Delayed of each; weight : of all rows. Workers of a cluster keep them; without one
    they are made of the chunks in each step, so that memory holds a few at a time.
    """

    def __init__(self, parts, weight):
        self._parts, self.weight = parts, weight

    @classmethod
    def of(cls, data, weights, standardise, n_features):
        """The rows of `ChunkedRows` that have a weight, as of `PatternedRows.of`."""
        own, filled = np.split(weights, data.limits[1:-1]), np.diff(data.limits) > 0
        chunks = [pair for pair, is_filled in zip(zip(data.parts, own, strict=True), filled,
                                                  strict=True) if is_filled]  # fmt: skip
        parts = by_chunk(
            PatternedRows.of, *zip(*chunks, strict=True), standardise=standardise,
            n_features=n_features,
        )  # fmt: skip
        if current_client() is not None:
            parts = list(dask_module("dask").persist(*parts))
        return cls(parts, float(weights.sum()))

    def covariance(self):
        """Mean products of standardised features over the rows that have both."""
        (products,) = computed([summed(by_chunk(PatternedRows.products, self._parts), _both)])
        return mean_products(*products)

    def expect(self, machine):
        """The `Moments` that a machine expects of the rows."""
        terms = by_chunk(PatternedRows.expect, self._parts, machine=machine)
        return computed([summed(terms, _moments)])[0]


def _both(pairs):
    """The sums of the first and of the second of some pairs."""
    return tuple(reduce(np.add, terms) for terms in zip(*pairs, strict=True))


def _moments(terms):
    """The sum of some moments, which stay as they are."""
    return reduce(Moments.plus, terms)
