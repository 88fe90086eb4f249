"""Means, variances and second moments of rows that come in pieces."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse

from ..rows import dense_rows
from .blas import add_squares, product

_ROWS = 1024  # of a first glance
_ENTRIES = 2**19  # of the rows of a product, which caches hold
_FEWEST = 1024  # rows of a product: with fewer BLAS is slow


@dataclass(frozen=True)
class Columns:
    """Statistics of each feature by itself; all (n_features,).

    mean, variance : over the rows that have it; remainder : what rounding left of the mean, which
    counts where values vary by little more than rounding; weight : the sum of their weights;
    constant : bool, whether all values are the same. Others float64.
    """

    mean: np.ndarray
    remainder: np.ndarray
    variance: np.ndarray
    weight: np.ndarray
    constant: np.ndarray

    @classmethod
    def about(cls, shift, drift, squares, weight, constant):
        """`Columns` by a shift near the mean, the mean less it, and mean squares of deviations."""
        mean = shift + drift
        variance = np.where(constant, 0.0, np.maximum(squares - drift**2, 0))
        return cls(mean, drift - (mean - shift), variance, weight, constant)

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

    shift : (n_features,), values of some rows near the means, so that little is lost in
    differences, and those of constant features are zero; n_rows : how many rows; weight : the sum
    of their weights; first : (n_features,); second : (n_features, n_features). float64. Rows are
    taken in blocks, one after the other: however they come, sums differ by rounding only.
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
        n, first = rows.shape[1], dense_rows(rows, slice(_ROWS))
        if weights is None:
            shift = first.mean(axis=0, dtype=np.float64)
        else:
            shares = weights / weights.sum()
            shift = sum(product(dense_rows(rows, p).T, shares[p]) for p in _places(rows.shape))
            heaviest = np.argpartition(-weights, min(_ROWS, len(weights)) - 1)[:_ROWS]
            first = dense_rows(rows, heaviest)
        return cls(_nearest(first, shift), 0, 0.0, np.zeros(n), np.zeros((n, n)))

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

    def nothing(self):
        """The moments of no rows, about the same shift."""
        n = len(self.first)
        return SecondMoments(self.shift, 0, 0.0, np.zeros(n), np.zeros((n, n)))

    def merged(self, other):
        """The moments of the rows of both, which have to be about the same shift."""
        return SecondMoments(
            self.shift, self.n_rows + other.n_rows, self.weight + other.weight,
            self.first + other.first, self.second + other.second,
        )  # fmt: skip

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
        squares, weight = np.diag(self.second), np.full(len(self.first), self.weight)
        drift = self.first / weight
        return Columns.about(self.shift, drift, squares / weight, weight, squares == 0)

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
    shift = _nearest(x, product(x.T, shares))
    rows = x - shift
    constant, drift = ~rows.any(axis=0), product(rows.T, shares)
    rows -= drift
    rows *= np.sqrt(shares)[:, None]
    total = np.full(len(shift), n if weights is None else weights.sum(), float)
    found = Columns.about(shift, drift, 0.0, total, constant)
    return rows, replace(found, variance=np.einsum("ri,ri->i", rows, rows))


def _nearest(rows, means):
    """The value of each column of rows that is nearest to a number, which must be finite."""
    chosen = np.abs(rows - means).argmin(axis=0)
    return np.where(np.isfinite(means), rows[chosen, np.arange(rows.shape[1])], means)


def observed_columns(data, weights):
    """The `Columns` of data in which values may be missing (NaN).

    weights : (n_rows,). The mean of no values is NaN.
    """
    first, total, mean, drift, squares = np.zeros((5, data.shape[1]))
    varies = np.zeros(len(first), bool)
    for x, known in _known(data, weights):
        # About a value of the data: those of constant features are zero.
        new = (total == 0) & known.any(axis=0)
        first[new] = x[known[:, new].argmax(axis=0), new]
        d = known * (x - first)
        total += known.sum(axis=0)
        mean += d.sum(axis=0)
        varies |= d.any(axis=0)
    with np.errstate(invalid="ignore"):
        mean = first + mean / total
        for x, known in _known(data, weights):
            d = x - mean
            drift += (known * d).sum(axis=0) / total
            squares += (known * d**2).sum(axis=0) / total
        return Columns.about(mean, drift, squares, total, ~varies)


def _known(data, weights):
    """Blocks of rows with zeros for what is missing, and the weights of all values."""
    step = max(_ENTRIES // 2 // data.shape[1], 1)
    for start in range(0, data.shape[0], step):
        place = slice(start, start + step)
        x = dense_rows(data, place)
        missing = np.isnan(x)
        yield np.where(missing, 0.0, x), np.where(missing, 0.0, weights[place, None])
