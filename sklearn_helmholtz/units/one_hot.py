"""One-hot units: the columns of a mixed table as the visible side of a Boltzmann machine."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from .._kernels.one_hot import one_hot_sample
from .._keys import layer_word
from ..columns import OneHotLayout
from .gaussian import Gaussian
from .levels import level_log_sums, level_shares
from .standard_normal import standard_noise
from .support import Support

REALS = 16  # layers of random numbers between those of bits and those of real numbers
_IGNORANCE = 1.5  # nats of a real number of which nothing is known


@dataclass(frozen=True)
class OneHot:
    """Units of bits, groups of levels and real numbers, with an input for each entry of a row.

    Given their inputs they are independent: a bit is 1 with probability sigmoid(eta), exactly one
    entry of a group is 1, each with its softmax, and a real number is normal with the mean eta and
    a variance of its own. They are the visible side of a Boltzmann machine, whose energy is linear
    in these entries; nets have `Mixed` units.

    layout : of the columns; normal : of the real ones, whose variances learn.
    """

    layout: OneHotLayout
    normal: Gaussian

    name = "one-hot"
    answer_dtype = np.float64
    support = Support()
    standardises = is_binary = is_counted = has_noise = False
    answers_by_column = True

    @classmethod
    def of(cls, columns):
        """Units of columns, and their first intercept, (n_codes,)."""
        layout = OneHotLayout(columns)
        return cls(layout, Gaussian.from_variance(np.ones(layout.n_reals))), layout.intercept

    @property
    def order(self):
        """The layout."""
        return self.layout

    @property
    def dtype(self):
        """Type of rows: uint8, or float32 where there are real columns."""
        return self.layout.dtype

    @property
    def limits(self):
        """The lowest and the highest entry that there is."""
        return (-math.inf, math.inf) if self.layout.n_reals else (0.0, 1.0)

    @property
    def variance(self):
        """Variances of the real entries, (n_reals,) float64."""
        return self.normal.variance.astype(np.float64)

    @property
    def ignorance(self):
        """Nats that a row costs when nothing is known of it."""
        levels = self.layout.n_levels
        return float(np.where(levels, np.log(np.maximum(levels, 1)), _IGNORANCE).sum())

    def most_parameters(self, n_columns):
        """One less than there are rows, if all columns have levels; otherwise infinite."""
        n_levels = (column.n_levels or math.inf for column in self.layout.columns)
        return math.prod(n_levels) - 1

    def mean(self, eta, work=np):
        """Expected entries, (n_rows, n_codes) float32."""
        return self.expected(eta, self.layout.part()).astype(np.float32)

    def expected(self, eta, part):
        """Expected entries of a `Part` of the columns given their inputs, float64."""
        found = np.array(eta, np.float64)
        n, n_bits = part.n_binary, part.n_bits
        found[:, :n] = expit(found[:, :n])
        found[:, n:n_bits] = level_shares(found[:, n:n_bits], part.starts - n)
        return found

    def log_sums(self, eta, part, intercept):
        """Log of the sum, or integral, over all that a part of the columns may be, (n_rows,).

        Of ``exp(eta'v)`` for bits and levels, and of ``exp(-(v - b)^2 / (2 s) + v u / s)`` for real
        numbers with the inputs ``b + u``. eta : float64; intercept : b of the part's entries.
        """
        n, n_bits = part.n_binary, part.n_bits
        total = np.logaddexp(0, eta[:, :n]).sum(axis=1)
        total += level_log_sums(eta[:, n:n_bits], part.starts - n).sum(axis=1)
        if part.n_reals:
            s = self.variance[part.codes[n_bits:] - self.layout.n_bits]
            squares = (eta[:, n_bits:] ** 2 - intercept[n_bits:] ** 2) / s
            total += 0.5 * (np.log(2 * np.pi * s) + squares).sum(axis=1)
        return total

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw rows, (draws.n_rows, n_codes), and add their log-probability, nats."""
        deviations = np.sqrt(self.normal.variance) if self.layout.n_reals else None
        return sample_entries(self.layout, eta, deviations, draws, layer, log_prob, out)

    def draw(self, eta, draws, layer, work=np, out=None):
        """Draw rows without their log-probability."""
        return self.sample(eta, draws, layer, np.zeros(draws.n_rows), work, out)

    def log_prob(self, values, eta, log_prob):
        """Add the log-probability of each row of entries, nats; NaN adds nothing."""
        layout, n, n_bits = self.layout, self.layout.n_binary, self.layout.n_bits
        values, eta = np.asarray(values, np.float64), np.asarray(eta, np.float64)
        missing = np.isnan(values)
        linear = np.where(missing, 0.0, values * eta)[:, :n_bits].sum(axis=1)
        lost = np.where(missing[:, :n], 0.0, np.logaddexp(0, eta[:, :n])).sum(axis=1)
        sums = level_log_sums(eta[:, n:n_bits], layout.starts - n)
        lost += np.where(missing[:, layout.starts[:-1]], 0.0, sums).sum(axis=1)
        log_prob += linear - lost
        if layout.n_reals:
            s, real = self.variance, slice(n_bits, None)
            terms = (values - eta)[:, real] ** 2 / s + np.log(2 * np.pi * s)
            log_prob -= 0.5 * np.where(missing[:, real], 0.0, terms).sum(axis=1)

    def divergence(self, eta, other):
        """Symmetric divergence, nats, of each column under two inputs, (n_rows, n_columns)."""
        layout, part = self.layout, self.layout.part()
        eta, other = (np.asarray(each, np.float64) for each in (eta, other))
        moved = self.expected(eta, part) - self.expected(other, part)
        each = (eta - other) * moved
        each[:, layout.n_bits :] /= self.variance
        return np.stack(
            [each[:, layout.codes_of(j)].sum(axis=1) for j in range(layout.n_columns)], axis=1
        )

    def published(self, scaling):
        """The noise variances of real columns, ``noise_variance_``, in the user's units.

        (n_columns,), NaN of columns of levels; nothing where no column is real.
        """
        if not self.layout.n_reals:
            return {}
        found = np.full(self.layout.n_columns, np.nan, np.float32)
        for j, column in enumerate(self.layout.columns):
            if not column.n_levels:
                place = self.layout.codes_of(j)[0] - self.layout.n_bits
                found[j] = self.variance[place] * column.scale**2
        return {"noise_variance_": found}


def sample_entries(layout, eta, deviations, draws, layer, log_prob, out=None):
    """Draw rows of a layout, (draws.n_rows, n_codes), and add their log-probability, nats.

    deviations : of the real entries, (n_reals,), of no account where there are none.
    """
    n_bits = layout.n_bits
    if len(eta) < draws.n_rows:
        eta = np.repeat(eta, draws.n_rows // len(eta), axis=0)
    whole = out if out is not None and not layout.n_reals else None
    bits = np.empty((draws.n_rows, n_bits), np.uint8) if whole is None else whole
    one_hot_sample(
        np.ascontiguousarray(eta[:, :n_bits], np.float32), layout.starts, draws.key,
        draws.addresses, draws.n_particles, draws.first, layer_word(layer), bits, log_prob,
    )  # fmt: skip
    if not layout.n_reals:
        return bits
    out = np.empty(eta.shape, np.float32) if out is None else out
    noise = standard_noise(draws, layer + REALS, layout.n_reals)
    out[:, :n_bits], out[:, n_bits:] = bits, eta[:, n_bits:] + deviations * noise
    constant = 0.5 * np.log(2 * np.pi) + np.log(np.float64(deviations))
    log_prob -= (0.5 * noise.astype(np.float64) ** 2 + constant).sum(axis=1)
    return out
