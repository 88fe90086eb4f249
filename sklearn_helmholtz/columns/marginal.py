"""The distribution of one column on its own: an adaptive histogram with atoms and tails."""

import functools
from dataclasses import dataclass

import numpy as np

from .._kernels.marginals import EDGE

_N_BINS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
_N_FOLDS = 5
_MOST_VALUES = 20_000  # by which the number of bins is chosen
_SMOOTHING = 0.5  # counts of every bin and tail besides its own
_LEAST = 1e-9  # of a value's counts, below which a fold has none of them


@dataclass(frozen=True, eq=False)
class Marginal:
    """A distribution function G: linear between knots, with exponential tails beyond them.

    A value x of the grid owns the *cell* from ``x - resolution / 2`` to ``x + resolution / 2``.
    What cells hold on the logistic scale ``logit G`` is what `Ordered` units see of a value.

    knots : (m + 1,) float64, rising, in the user's units; below, above : (m + 1,), the
    probability under each knot and over it; lower, upper : scales of the tails, 0.0 for none;
    resolution : width of the cells; origin : a value of the grid on which the cells lie.
    """

    knots: np.ndarray
    below: np.ndarray
    above: np.ndarray
    lower: float
    upper: float
    resolution: float
    origin: float

    def probabilities(self, x):
        """G and 1 - G at some places, each as accurate where it is small; like x."""
        x = np.asarray(x, np.float64)
        below = np.interp(x, self.knots, self.below)
        above = np.interp(x, self.knots, self.above)
        low, high = x < self.knots[0], x > self.knots[-1]
        below = np.where(low, _tail(self.below[0], self.knots[0] - x, self.lower), below)
        above = np.where(high, _tail(self.above[-1], x - self.knots[-1], self.upper), above)
        return np.where(high, 1 - above, below), np.where(low, 1 - below, above)

    def logits(self, x):
        """``logit G`` at some places, like x; plus and minus `EDGE` where nothing lies beyond."""
        x = np.asarray(x, np.float64)
        below, above = self.probabilities(x)
        with np.errstate(divide="ignore"):
            logits = np.log(below) - np.log(above)
        low, high = x < self.knots[0], x > self.knots[-1]
        if self.lower > 0:
            logits[low] = _logits_of_tail(self.below[0], self.knots[0] - x[low], self.lower)
        if self.upper > 0:
            logits[high] = -_logits_of_tail(self.above[-1], x[high] - self.knots[-1], self.upper)
        return np.where(np.isinf(logits), np.sign(logits) * EDGE, logits)

    @functools.cached_property
    def knot_logits(self):
        """``logit G`` at the knots, (m + 1,)."""
        return self.logits(self.knots)

    def cells(self, x):
        """Edges of the cells of values on the logistic scale, and how far they are apart.

        A difference would lose the widths of cells far out in a tail, where they are known.
        """
        half = self.resolution / 2
        start, end = x - half, x + half
        low, high = self.logits(start), self.logits(end)
        width = high - low
        below, above = end < self.knots[0], start > self.knots[-1]
        if self.lower > 0:
            tails = self.probabilities(start[below])[0], self.probabilities(end[below])[0]
            width[below] = _width_in_tail(*tails, self.resolution / self.lower)
        if self.upper > 0:
            tails = self.probabilities(end[above])[1], self.probabilities(start[above])[1]
            width[above] = _width_in_tail(*tails, self.resolution / self.upper)
        return low, high, width

    def scores(self, x):
        """Places of values on the logistic scale, (n,): ``logit G`` in the middle of their cells.

        G is that between the edges: half of what an atom holds counts as below it.
        """
        half = self.resolution / 2
        (low, above_low), (high, above_high) = map(self.probabilities, (x - half, x + half))
        with np.errstate(divide="ignore"):
            return np.log(low + high) - np.log(above_low + above_high)

    def log_prob(self, x):
        """Log-probability of the cell of each value, nats."""
        half = self.resolution / 2
        (low, above_low), (high, above_high) = map(self.probabilities, (x - half, x + half))
        with np.errstate(divide="ignore"):
            return np.log(np.where(high < 0.5, high - low, above_low - above_high))


def _logits_of_tail(mass, distance, scale):
    """``logit G`` in a lower tail, of which the logarithm is known where it is none itself."""
    log_tail = np.log(mass) - distance / scale
    return log_tail - np.log1p(-np.exp(log_tail))


def _width_in_tail(farther, nearer, decay):
    """Distance on the logistic scale of two places in a tail, from the masses beyond them."""
    return decay + np.log1p(-farther) - np.log1p(-nearer)


def _tail(mass, distance, scale):
    """Probability beyond a distance in an exponential tail; none where its scale is 0."""
    if scale <= 0:
        return np.zeros_like(distance)
    return mass * np.exp(-np.maximum(distance, 0) / scale)


def fit_marginal(values, weights, resolution, lowest=-np.inf):
    """The `Marginal` of some values, with the number of bins that predicts them best.

    Values with at least ``n / B`` counts are atoms, each a cell of its own; those between them
    share bins of about ``n / B``. Each bin and each tail has half a count besides, so that nothing
    is impossible but what lies below ``lowest``. B is chosen by held-out likelihood.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Real numbers, none missing.

    weights : ndarray of shape (n,)
        Their counts, whose sum is the number of rows: values may be those of rows, or different
        ones of a `Tally`.

    resolution : float
        Width of the cells, positive.

    lowest : float
        The lowest possible value: no cell lies below that of it.
    """
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    floor = lowest - resolution / 2
    n_bins = _best_n_bins(values, weights, resolution, floor)
    return _histogram(*_counted(values, weights), n_bins, resolution, floor)


def fit_levels(codes, weights, n_levels):
    """The `Marginal` of codes 0, 1, ..., n_levels - 1, all of which are atoms, without tails."""
    masses = np.bincount(codes.astype(np.int64), weights, n_levels) + _SMOOTHING
    return _of_masses(np.arange(n_levels + 1) - 0.5, masses, 0.0, 0.0, (0.0, 0.0), 1.0, 0.0)


def _best_n_bins(values, weights, resolution, floor):
    distinct, counts = _thinned(*_counted(values, weights))
    ends = np.concatenate([[0.0], np.cumsum(counts)])
    scores = np.zeros(len(_N_BINS))
    for fold in range(_N_FOLDS):
        own = np.diff(_share_of_fold(ends, fold))
        learnt, held_out = counts - own > _LEAST * counts, own > _LEAST * counts
        if not learnt.any() or not held_out.any():
            continue
        for number, n_bins in enumerate(_N_BINS):
            found = _histogram(distinct[learnt], (counts - own)[learnt], n_bins, resolution, floor)
            scores[number] += (own[held_out] * found.log_prob(distinct[held_out])).sum()
    return _N_BINS[int(np.argmax(scores))]


def _thinned(distinct, counts):
    """Every so many-th of values in their order, where the counts are too many; as they are if not.

    A value of whole weight is taken as often as so many equal ones would be.
    """
    ends = np.cumsum(counts)
    step = -(-round(float(ends[-1])) // _MOST_VALUES)
    if step <= 1:
        return distinct, counts
    taken = np.diff(np.ceil(ends / step), prepend=0.0)
    return distinct[taken > 0], taken[taken > 0]


def _share_of_fold(counts, fold):
    """Numbers of first counts that belong to a fold: every fifth whole one, and parts of it.

    A value of whole weight is in the folds that as many equal values would be in.
    """
    whole, rest = np.divmod(counts, _N_FOLDS)
    return whole + np.clip(rest - fold, 0, 1)


def _counted(values, weights):
    """Distinct values, rising, and their weights; values rise."""
    distinct, numbers = np.unique(values, return_inverse=True)
    return distinct, np.bincount(numbers.ravel(), weights)


def _histogram(values, counts, n_bins, resolution, floor):
    """The `Marginal` with bins of about the n_bins-th part of the counts of distinct values."""
    share, half = counts.sum() / n_bins, resolution / 2
    atoms = counts >= share
    # The bin of each value: a new one at every atom, behind it, and where the last one is full.
    parted = atoms | np.concatenate([[False], atoms[:-1]])
    start = np.maximum.accumulate(np.where(parted, np.arange(len(values)), 0))
    sums = np.concatenate([[0.0], np.cumsum(counts)])[:-1]
    full = np.floor((sums - sums[start]) / share * (1 + 1e-12)).astype(np.int64)
    new = parted | np.concatenate([[True], (full[1:] != full[:-1])])
    firsts = np.flatnonzero(new)
    lasts = np.concatenate([firsts[1:], [len(values)]]) - 1
    masses = np.add.reduceat(counts, firsts)
    own = atoms[firsts]
    low, high = values[firsts] - half, values[lasts] + half
    edges, full_masses = [low[0]], []
    for number in range(len(firsts)):
        if number:
            before, after = high[number - 1], low[number]
            gap = after - before > 1e-6 * resolution
            if own[number - 1] and own[number]:
                if gap:  # nothing was seen between two atoms
                    edges.append(after)
                    full_masses.append(0.0)
            elif gap and not own[number - 1] and not own[number]:
                edges[-1] = (before + after) / 2
            elif own[number]:  # what comes before an atom reaches up to it
                edges[-1] = after
        full_masses.append(masses[number])
        edges.append(high[number])
    return _with_tails(values, counts, np.array(edges), np.array(full_masses), resolution, floor)


def _with_tails(values, counts, edges, masses, resolution, floor):
    """The `Marginal` of bins, and of tails as wide as the values tell."""
    median = values[np.searchsorted(np.cumsum(counts), counts.sum() / 2)]
    breadth = np.log(max(counts.sum(), 2.0))
    widest = (values[-1] - values[0]) / breadth or resolution
    upper = (values[-1] - median) / breadth or widest
    lower = (median - values[0]) / breadth or widest
    masses, ends = masses + _SMOOTHING, [_SMOOTHING, _SMOOTHING]
    if np.isfinite(floor):
        lower, ends[0] = 0.0, 0.0
        if edges[0] > floor:
            edges = np.concatenate([[floor], edges])
            masses = np.concatenate([[_SMOOTHING], masses])
    return _of_masses(edges, masses, lower, upper, ends, resolution, float(values[0]))


def _of_masses(knots, masses, lower, upper, ends, resolution, origin):
    total = masses.sum() + sum(ends)
    below = (ends[0] + np.concatenate([[0.0], np.cumsum(masses)])) / total
    above = (ends[1] + np.concatenate([np.cumsum(masses[::-1])[::-1], [0.0]])) / total
    return Marginal(np.asarray(knots, float), below, above, lower, upper, resolution, origin)
