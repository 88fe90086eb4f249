"""Poisson units: counts x = 0, 1, 2, ... with the mean exp(eta)."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln, xlogy

from .._kernels import poisson as kernels
from .._kernels.families import POISSON
from .._keys import layer_word
from ..columns import weighted_medians
from ..rows import Lists
from .abilities import Missing
from .data import DataUnits
from .medians import poisson_mixture_medians
from .support import Support

_MOST_STEPS = 10_000  # from the mode of a component towards that of a mixture


@dataclass(frozen=True)
class Poisson(DataUnits):
    """Units with ``log p(x) = x eta - exp(eta) - log x!``; they have no parameters of their own.

    Others see ``log(1 + x)``: recognition, and later units of an autoregressive layer, of which
    this makes a log-linear model of counts (Fokianos & Tjostheim 2011). With x itself, a count
    could make a rate grow exponentially.

    References
    ----------
    Fokianos & Tjostheim (2011), Log-linear Poisson autoregression, Journal of Multivariate
    Analysis 102, 563-578.
    """

    name = "poisson"
    code = POISSON
    dtype = np.float32
    answer_dtype = np.int64
    support = Support(
        0, 2**31, is_whole=True, name="whole numbers from 0 to 2**31",
        remedy="Make them counts, or fit with visible='gaussian'.",
    )  # fmt: skip
    missing = Missing.DRAWN
    is_counted = True
    limits = 0.0, math.inf

    @classmethod
    def initial(cls, means, counts):
        """Units at the logarithm of the mean, to which one more event is added."""
        return cls(), np.log((means * counts + 1) / (counts + 1))

    def shown(self, values):
        """``log(1 + x)``: an array of the same type, float32 at least, or `Lists`."""
        if isinstance(values, Lists):
            return replace(values, values=np.log1p(values.values))
        return np.log1p(values)

    def mean(self, eta, work=np):
        """Expected values exp(eta), (n_rows, n_units) float32."""
        out = work.empty(eta.shape, np.float32)
        kernels.poisson_mean(eta, out)
        return out

    def mode(self, eta):
        """Most probable counts, the largest whole numbers in exp(eta), (n_rows, n_units)."""
        return np.floor(self.expected(eta))

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw counts, (draws.n_rows, n_units) float32, and add their log-probability (nats)."""
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), np.float32)
        kernels.poisson_sample(
            eta, draws.key, draws.addresses, draws.n_particles, draws.first, layer_word(layer), out,
            log_prob,
        )  # fmt: skip
        return out

    def log_prob(self, values, eta, log_prob):
        """Add the log-probability of each row of values, nats, to ``log_prob``."""
        if isinstance(values, Lists):
            kernels.poisson_log_prob_sparse(*values.lists, eta, log_prob)
        else:
            kernels.poisson_log_prob(values, eta, log_prob)

    def score(self, values, eta, log_prob):
        """Add log-probabilities; overwrite eta by the errors ``x - exp(eta)``."""
        if isinstance(values, Lists):
            kernels.poisson_score_sparse(*values.lists, eta, log_prob)
        else:
            kernels.poisson_score(values, eta, log_prob)
        return eta

    def expected(self, eta):
        """Expected values, float64."""
        return np.exp(np.clip(np.asarray(eta, np.float64), -np.inf, float(kernels.HIGHEST)))

    def table(self, values, eta, out):
        """Log-probability, float64, of each row of values under each column of eta."""
        kernels.poisson_table(values, np.zeros((1, len(eta))), eta, out)

    def shifted_table(self, values, shifts, eta, out):
        """As `table`, where ``shifts`` (n_rows, n_units) are added to the inputs of each row."""
        kernels.poisson_table(values, shifts, eta, out)

    def best_log_prob(self, values, lowest, highest):
        """Log-probability of counts under the rates that suit them best, relative to the mode."""
        with np.errstate(divide="ignore"):
            rate = self.expected(np.clip(np.log(values), lowest, highest))
        gain = _log_probs(values, rate) - _log_probs(np.floor(rate), rate)
        return np.where(np.isnan(values), 0.0, np.minimum(gain, 0.0))

    def mixture_modes(self, weights, means, variances):
        """Most probable counts of mixtures: from the best mode of a component, uphill.

        Where there are variances, all zero, components are counts themselves, and vote.
        """
        best = np.empty(means[:, 0].shape)
        for row, (w, rates) in enumerate(zip(weights, means, strict=True)):
            for column, own in enumerate(rates.T):
                find = _uphill if variances is None else _elect
                best[row, column] = find(w, own)
        return best

    def mixture_medians(self, weights, means, variances):
        """Medians of mixtures of counts, or of counts themselves where there are variances."""
        if variances is None:
            return poisson_mixture_medians(weights, means)
        return weighted_medians(weights, means)


def _log_probs(counts, rates):
    return xlogy(counts, rates) - rates - gammaln(counts + 1)


def _elect(weights, counts):
    """The count with the highest total weight."""
    values, places = np.unique(counts, return_inverse=True)
    return values[np.argmax(np.bincount(places, weights))]


def _uphill(weights, rates):
    """A mode of a mixture of Poisson distributions."""

    def density(count):
        return float((weights * np.exp(_log_probs(count, rates))).sum())

    starts = np.unique(np.floor(rates))
    densities = [density(count) for count in starts]
    count, height = starts[np.argmax(densities)], max(densities)
    for step in (1, -1):
        for _ in range(_MOST_STEPS):
            higher = density(count + step) if count + step >= 0 else -1.0
            if higher <= height:
                break
            count, height = count + step, higher
    return count
