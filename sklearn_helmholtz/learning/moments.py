"""Means, variances and second moments of rows that come in pieces."""

import functools
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse

from .._batches import dense_rows
from .blas import add_squares, product

_ROWS = 1024  # of a first glance
_ENTRIES = 2**19  # of the rows of a product, which caches hold
_FEWEST = 1024  # rows of a product: with fewer BLAS is slow
_EPS = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Columns:
    """What is known of each feature by itself; all (n_features,) float64.

    mean, variance : over the rows that have it; weight : the sum of their weights; n_rows : how
    many rows there were to add up.
    """

    mean: np.ndarray
    variance: np.ndarray
    weight: np.ndarray
    n_rows: int

    @functools.cached_property
    def constant(self):
        """Features that vary no more than rounding makes them, (n_features,) bool."""
        return self.variance <= (self.n_rows * self.mean * _EPS) ** 2

    def stand_in(self):
        """A variance for each feature, were it constant, (n_features,).

        That which one row more would give it if it deviated by the mean size of the deviations of
        features that vary; 1 where none does.
        """
        if self.constant.all():
            return np.ones(len(self.mean))
        return self.variance[~self.constant].mean() / (self.weight + 1)


@dataclass(frozen=True)
class SecondMoments:
    """Sums over rows of d and of d'd, where d is a row less a fixed shift.

    shift : (n_features,), near the means, so that little is lost in differences; n_rows : how many
    rows; weight : the sum of their weights; first : (n_features,); second : (n_features,
    n_features). float64. Rows are taken in blocks, one after the other: however they come, sums
    differ by rounding only.
    """

    shift: np.ndarray
    n_rows: int
    weight: float
    first: np.ndarray
    second: np.ndarray

    @classmethod
    def about(cls, rows, weights=None):
        """No rows yet, and a shift near the means of some.

        Without weights those of the first rows will do. With weights it is the mean of all: the
        first rows may be far away, and weigh next to nothing.
        """
        n = rows.shape[1]
        if weights is None:
            shift = dense_rows(rows, slice(_ROWS)).mean(axis=0, dtype=np.float64)
        else:
            shares = weights / weights.sum()
            shift = sum(product(dense_rows(rows, p).T, shares[p]) for p in _places(rows.shape))
        return cls(shift, 0, 0.0, np.zeros(n), np.zeros((n, n)))

    def plus(self, rows, weights=None):
        """The moments with some more rows, (n_rows, n_features), of weights (n_rows,), or 1."""
        first, second = self.first.copy(), self.second.copy(order="F")
        shares = np.ones(rows.shape[0]) if weights is None else weights
        for place, d in self._deviations(rows):
            w = shares[place]
            first += product(d.T, w)
            if weights is not None:
                d *= np.sqrt(w)[:, None]
            second = add_squares(d, second)
        second = np.tril(second) + np.tril(second, -1).T
        more = {"n_rows": self.n_rows + len(shares), "weight": self.weight + float(shares.sum())}
        return replace(self, first=first, second=second, **more)

    def _deviations(self, rows):
        """Places of blocks of rows, and the rows less the shift, which may be overwritten."""
        room = None
        for place in _places(rows.shape):
            x = rows[place]
            room = np.empty(x.shape) if room is None else room
            x = x.toarray() if scipy.sparse.issparse(x) else x
            yield place, np.subtract(x, self.shift, out=room[: len(x)])

    def columns(self):
        """The `Columns` of the rows."""
        first, n = self.first / self.weight, len(self.first)
        variance = np.maximum(np.diag(self.second) / self.weight - first**2, 0)
        return Columns(self.shift + first, variance, np.full(n, self.weight), self.n_rows)

    def covariance(self):
        """The covariance, (n_features, n_features), for the weight of all rows as divisor."""
        first = self.first / self.weight
        result = self.second / self.weight
        result -= np.outer(first, first)
        return result


def _places(shape):
    """Slices of the rows of a table, of a size that caches hold."""
    size = max(_ENTRIES // shape[1], _FEWEST)
    return (slice(start, start + size) for start in range(0, shape[0], size))


def centred(data, weights=None):
    """Rows of data less their mean, times the roots of their shares of the weight; and `Columns`.

    The sum of the squares of a column is its variance. (n_rows, n_features) float64.
    """
    n = data.shape[0]
    shares = np.full(n, 1 / n) if weights is None else weights / weights.sum()
    x = dense_rows(data, slice(None))
    shift = product(x.T, shares)
    rows = x - shift
    drift = product(rows.T, shares)
    rows -= drift
    rows *= np.sqrt(shares)[:, None]
    total = np.full(len(shift), n if weights is None else weights.sum(), float)
    return rows, Columns(shift + drift, np.einsum("ri,ri->i", rows, rows), total, n)


def observed_columns(data, weights):
    """The `Columns` of data in which values may be missing (NaN).

    weights : (n_rows,). The mean of no values is NaN.
    """
    n, p = data.shape
    total, mean, drift, squares = np.zeros((4, p))
    for x, known in _known(data, weights):
        total += known.sum(axis=0)
        mean += (known * x).sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean /= total
        for x, known in _known(data, weights):
            d = x - mean
            drift += (known * d).sum(axis=0) / total
            squares += (known * d**2).sum(axis=0) / total
        return Columns(mean + drift, np.maximum(squares - drift**2, 0), total, n)


def _known(data, weights):
    """Blocks of rows with zeros for what is missing, and the weights of all values."""
    step = max(_ENTRIES // 2 // data.shape[1], 1)
    for start in range(0, data.shape[0], step):
        place = slice(start, start + step)
        x = dense_rows(data, place)
        missing = np.isnan(x)
        yield np.where(missing, 0.0, x), np.where(missing, 0.0, weights[place, None])
