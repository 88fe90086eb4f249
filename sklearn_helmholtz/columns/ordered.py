"""Columns of ordered values, ordinal, counts or real: cells on a latent logistic scale."""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from .._kernels.families import ORDERED
from .._kernels.marginals import FARTHEST, HIGHEST_SCALE, LOWEST_SCALE
from .column import Column
from .marginal import Marginal, fit_levels, fit_marginal
from .resolution import FINEST, resolution, spread

_DEVIATION = np.pi / np.sqrt(3)  # of the logistic distribution
_N_THRESHOLDS = 5
_FEW_LEVELS = 10  # of which each has a threshold


@dataclass(frozen=True, eq=False)
class Ordered(Column):
    """A column whose values are cells of a latent logistic scale, through its own distribution.

    A value owns the interval from lo to hi, ``logit G`` of the edges of its cell (`Marginal`), and
    ``p(x | eta) = sigmoid((hi - mu) / s) - sigmoid((lo - mu) / s)`` with ``mu = eta_1`` and
    ``s = exp(eta_2)``: both the location and the scale depend on the parents. With both inputs 0 it
    is G itself. With levels as atoms and s = 1 it is the model of proportional odds (McCullagh
    1980).

    marginal : G; levels : number of levels of an ordinal column, 0 of others; is_recorded : whether
    values lie on a grid; lowest, highest : values that there are; centre : mean of the places of
    the training values on the logistic scale; thresholds : (n_bits,) on the logistic scale, above
    which bits of the code are 1; limits : (n_bits,), the values next below; shares : (n_bits,), of
    ones of these bits; has_volume : whether densities are by the user's units, of real numbers.

    References
    ----------
    McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society B
    42, 109-142.
    """

    marginal: Marginal
    levels: int
    is_recorded: bool
    lowest: float
    highest: float
    centre: float
    thresholds: np.ndarray
    limits: np.ndarray
    shares: np.ndarray
    has_volume: bool

    family = ORDERED
    n_inputs = 2
    n_reals = 1

    @classmethod
    def fit_levels(cls, values, weights, n_levels):
        """The column of levels 0, ..., n_levels - 1; they need not be seen."""
        marginal = fit_levels(values, weights, n_levels)
        return cls._with_code(marginal, values, weights, n_levels, True, 0.0, n_levels - 1.0, False)

    @classmethod
    def fit_counts(cls, values, weights):
        """The column of counts 0, 1, 2, ..."""
        marginal = fit_marginal(values, weights, 1.0, 0.0)
        return cls._with_code(marginal, values, weights, 0, True, 0.0, np.inf, False)

    @classmethod
    def fit_reals(cls, values, weights, given=None):
        """The column of real numbers; given : their resolution, or None to find it."""
        width = resolution(values, weights) if given is None else given
        cell = width or FINEST * spread(values, weights)
        values = _on_common_grid(values, cell)
        marginal = fit_marginal(values, weights, cell)
        return cls._with_code(marginal, values, weights, 0, width > 0, -np.inf, np.inf, True)

    @classmethod
    def _with_code(cls, marginal, values, weights, levels, is_recorded, lowest, highest, volume):
        """The column with the code that other units see."""
        places = np.clip(marginal.scores(values), -FARTHEST, FARTHEST)
        limits, thresholds = _thresholds(marginal, values, weights)
        bits = places[:, None] > thresholds
        shares = np.average(bits, axis=0, weights=weights)
        return cls(
            marginal, levels, is_recorded, lowest, highest,
            float(np.average(places, weights=weights)), thresholds, limits, shares, volume,
        )  # fmt: skip

    @property
    def n_levels(self):
        """Number of levels of an ordinal column; 0 of numbers."""
        return self.levels

    @property
    def n_bits(self):
        """One for each threshold."""
        return len(self.thresholds)

    @property
    def intercept(self):
        """Location and logarithm of the scale, 0 and 0: the distribution of the column alone."""
        return np.zeros(2)

    @property
    def code_means(self):
        """The shares of values above the thresholds, and 0."""
        return self.shares, np.zeros(1)

    @property
    def log_volume(self):
        """The logarithm of the width of cells, where densities are by the user's units."""
        return float(np.log(self.marginal.resolution)) if self.has_volume else 0.0

    @property
    def resolution(self):
        """Width of the cells of values that lie on a grid; 0.0 of others, and of levels."""
        is_number = self.is_recorded and not self.is_discrete
        return self.marginal.resolution if is_number else 0.0

    @property
    def numbers(self):
        """The distribution, the place of the code's zero, and the values that there are."""
        marginal = self.marginal
        return {
            "resolution": marginal.resolution, "origin": marginal.origin,
            "lower": marginal.lower, "upper": marginal.upper, "centre": self.centre,
            "scale": _DEVIATION, "lowest": self.lowest, "highest": self.highest,
        }  # fmt: skip

    def input_names(self, name, levels):
        """The location and the logarithm of the scale."""
        return [f"{name}:location", f"{name}:log-scale"]

    def code_names(self, name, levels):
        """The limits that bits tell of, such as ``"age>35"``, and the column itself."""
        limits = [f"{v:g}" if levels is None else levels[int(v)] for v in self.limits]
        return [*(f"{name}>{limit}" for limit in limits), name]

    def code(self, values):
        """Which thresholds a value is above, and its place on the logistic scale."""
        places = np.clip(self.marginal.scores(self.on_grid(values)), -FARTHEST, FARTHEST)
        bits = (places[:, None] > self.thresholds).astype(np.uint8)
        return bits, ((places - self.centre) / _DEVIATION)[:, None]

    def log_prob(self, values, eta):
        """Log-probability of the cells of values, nats, under inputs (..., 2)."""
        low, _, width = self.marginal.cells(self.on_grid(values))
        return cell_log_prob(low, width, eta)

    def masses(self, eta):
        """Probabilities of all levels, or of the bins between knots and the two tails."""
        scale = np.exp(np.clip(eta[..., 1], LOWEST_SCALE, HIGHEST_SCALE))
        below = expit((self.marginal.knot_logits - eta[..., :1]) / scale[..., None])
        ends = np.zeros_like(below[..., :1])
        masses = np.diff(np.concatenate([ends, below, ends + 1], axis=-1), axis=-1)
        return masses[..., 1:-1] if self.is_discrete else masses

    @functools.cached_property
    def _bin_means(self):
        """Means of the values in each bin, those of the tails first and last."""
        knots, marginal = self.marginal.knots, self.marginal
        middles = (knots[1:] + knots[:-1]) / 2
        return np.concatenate([[knots[0] - marginal.lower], middles, [knots[-1] + marginal.upper]])

    def mean(self, masses):
        """Expected values, spread evenly in bins; of levels the most probable one."""
        if self.is_discrete:
            return self.mode(masses)
        # Not a product of BLAS, whose last bit depends on the number of rows.
        return np.einsum("...m,m->...", masses, self._bin_means)

    def median(self, masses):
        """Medians, spread evenly in bins; of levels the most probable one."""
        if self.is_discrete:
            return self.mode(masses)
        sums = np.cumsum(masses, axis=1)
        place, rows = (sums >= 0.5).argmax(axis=1), np.arange(len(sums))
        before = np.where(place > 0, sums[rows, place - 1], 0.0)
        share = (0.5 - before) / (sums[rows, place] - before)
        low, high = self._bin_edges
        return self.on_grid(low[place] + share * (high - low)[place])

    @functools.cached_property
    def _bin_edges(self):
        """Ends of the bins; tails end at twice their scale, about where they hold nothing."""
        knots, marginal = self.marginal.knots, self.marginal
        low = np.concatenate([[knots[0] - 2 * marginal.lower], knots])
        high = np.concatenate([knots, [knots[-1] + 2 * marginal.upper]])
        return low, high

    def mode(self, masses):
        """Most probable levels; the middles of the densest bins."""
        if self.is_discrete:
            return super().mode(masses)
        cells = np.maximum(np.diff(self.marginal.knots) / self.marginal.resolution, 1.0)
        densest = (masses[:, 1:-1] / cells).argmax(axis=1)
        return self.on_grid(self._bin_means[1:-1][densest])

    def mode_of_draws(self, weights, draws):
        """Most probable levels; the middles of the densest bins of the draws."""
        if self.is_discrete:
            return super().mode_of_draws(weights, draws)
        knots = self.marginal.knots
        bins = np.searchsorted(knots, draws, side="right")
        masses = np.zeros((len(draws), len(knots) + 1))
        np.add.at(masses, (np.arange(len(draws))[:, None], bins), weights)
        return self.mode(masses)

    def on_grid(self, values):
        """The nearest values of the grid, that there are."""
        marginal = self.marginal
        steps = np.floor((values - marginal.origin) / marginal.resolution + 0.5)
        values = marginal.origin + steps * marginal.resolution
        return np.clip(values, self.lowest, self.highest)


def cell_log_prob(low, width, eta):
    """Log-probability of intervals of the logistic scale, nats, float64.

    The difference of two sigmoids without taking it: ``log sigmoid(a) + log sigmoid(-b) +
    log(1 - exp(b - a))``. low, width : (...,); eta : (..., 2), location and log-scale.
    """
    scale = np.exp(np.clip(eta[..., 1], LOWEST_SCALE, HIGHEST_SCALE))
    a, b = (low + width - eta[..., 0]) / scale, (low - eta[..., 0]) / scale
    return log_expit(a) + log_expit(-b) + np.log(-np.expm1(-width / scale))


def _on_common_grid(values, width):
    """Values whose cells do not overlap: on a grid from the lowest of them, without rounding.

    So are all values of which something is asked (`Ordered.on_grid`): a spike keeps its cell.
    """
    lowest = values.min()
    return lowest + np.round((values - lowest) / width) * width


def _thresholds(marginal, values, weights):
    """Values, and the edges above them on the logistic scale, that part the code.

    All of them if they are few, otherwise those at quantiles.
    """
    distinct, numbers = np.unique(values, return_inverse=True)
    sums = np.cumsum(np.bincount(numbers.ravel(), weights))
    lasts = np.arange(len(distinct) - 1)
    if len(distinct) > _FEW_LEVELS:
        shares = np.arange(1, _N_THRESHOLDS + 1) / (_N_THRESHOLDS + 1)
        lasts = np.unique(np.searchsorted(sums, shares * sums[-1]))
        lasts = lasts[lasts < len(distinct) - 1]
    edges = marginal.logits(distinct[lasts] + marginal.resolution / 2)
    after = marginal.logits(distinct[lasts + 1] - marginal.resolution / 2)
    return distinct[lasts], (edges + after) / 2
