"""Rows of items, whose levels are counted: all that factor models of items ask of them."""

from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from scipy.special import ndtri

_ENTRIES = 2**21  # float64 that are held for some rows


class CrossTables:
    """Tables of the levels of all pairs of items: what polychoric correlations depend on.

    Subclasses have the attributes.

    Attributes
    ----------
    products : ndarray of shape (n_items, most, n_items, most)
        Weights of the rows in each cell of the table of each item with each.
    n_levels : ndarray of shape (n_items,)
        How many levels each item has.
    n_rows, weight : int, float
        Rows, and the sum of their weights.
    """

    @property
    def pairs(self):
        """Numbers of two items each, the lower first: two arrays (n_pairs,)."""
        return np.triu_indices(len(self.n_levels), 1)

    @property
    def most(self):
        """The most levels of an item."""
        return int(self.n_levels.max())

    @cached_property
    def counts(self):
        """Weights of the rows of each level, (n_items, most)."""
        tables = self.products
        return np.einsum("ikil->ik", tables) if len(tables) else np.zeros((0, self.most))

    def tables(self):
        """Weights of the rows in each cell of each pair, (n_pairs, most, most)."""
        first, second = self.pairs
        return self.products[first, :, second]

    def thresholds(self):
        """Limits of the levels, (n_items, most + 1) from minus infinity to infinity.

        Items with fewer levels have more infinities.
        """
        shares = np.cumsum(self.counts, axis=1)
        shares /= shares[:, -1:]
        inner = np.arange(self.most) < self.n_levels[:, None] - 1
        inner &= shares < 1
        above = np.where(inner, ndtri(np.where(inner, shares, 0.5)), np.inf)
        return np.concatenate([np.full((len(above), 1), -np.inf), above], axis=1)


@dataclass(frozen=True)
class Items(CrossTables):
    """Codes of rows (n_rows, n_items) int64, -1 where a value is missing, and weights (n_rows,).

    n_levels : (n_items,), how many codes each item has.
    """

    codes: np.ndarray
    weights: np.ndarray
    n_levels: np.ndarray

    @property
    def n_rows(self):
        """Number of rows."""
        return len(self.codes)

    @property
    def weight(self):
        """Sum of the weights."""
        return float(self.weights.sum())

    @cached_property
    def products(self):
        """Tables of each item with each, see `CrossTables`."""
        p, most = self.codes.shape[1], self.most
        total = np.zeros((p * most, p * most))
        for place in self.places(p * most):
            flags = (self.codes[place, :, None] == np.arange(most)).reshape(-1, p * most)
            flags = flags.astype(np.float64)
            total += flags.T @ (flags * self.weights[place, None])
        return total.reshape(p, most, p, most)

    def places(self, width):
        """Slices of the rows, so few that something of a width may be held for each."""
        size = max(_ENTRIES // max(width, 1), 1)
        return (slice(start, start + size) for start in range(0, len(self.codes), size))

    def counted(self):
        """The tables alone, as `CountedItems`."""
        return CountedItems(self.products, self.n_levels, self.n_rows, self.weight)

    def distinct(self):
        """The different rows, with sums of the weights."""
        return Items(*distinct_rows(self.codes, self.weights), self.n_levels)

    @classmethod
    def united(cls, parts):
        """The different rows of several."""
        codes = np.concatenate([part.codes for part in parts])
        return cls(codes, np.concatenate([part.weights for part in parts]), parts[0].n_levels
                   ).distinct()  # fmt: skip


@dataclass(frozen=True)
class CountedItems(CrossTables):
    """Tables of items whose rows are elsewhere; fields as of `CrossTables`."""

    products: np.ndarray
    n_levels: np.ndarray
    n_rows: int
    weight: float

    @classmethod
    def united(cls, parts):
        """The tables of the rows of several."""
        products = reduce(np.add, [part.products for part in parts])
        n_rows, weight = (sum(getattr(p, name) for p in parts) for name in ("n_rows", "weight"))
        return cls(products, parts[0].n_levels, n_rows, weight)


def distinct_rows(codes, weights):
    """Different rows of codes, and the sums of their weights."""
    codes, numbers = np.unique(codes, axis=0, return_inverse=True)
    return codes, np.bincount(numbers.reshape(-1), weights, len(codes))
