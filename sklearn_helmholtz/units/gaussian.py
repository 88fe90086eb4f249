"""Gaussian units: x ~ N(eta, v) with a variance for every unit."""

from dataclasses import dataclass

import numpy as np

from .._incomplete import IncompleteRows
from .._kernels import gaussian as kernels
from .._kernels import lateral
from .._kernels.enumeration import gaussian_table
from .._kernels.families import GAUSSIAN
from .._keys import layer_word

VARIANCE_FLOOR = 1e-3  # of the variance in standardised units
_HIGHEST = np.float32(40)  # of log_excess: e^40 times the variance of the data is out of all reason


@dataclass(frozen=True)
class Gaussian:
    """Units with mean eta and variance ``VARIANCE_FLOOR + exp(log_excess)``, in standardised units.

    log_excess : (n_units,) float32. The floor is part of the parametrisation, so no step of any
    optimiser can take a variance to zero, where the likelihood has no maximum. What is missing
    (NaN) adds nothing to a log-density, and has no error.
    """

    log_excess: np.ndarray

    dtype = np.float32
    code = GAUSSIAN

    @classmethod
    def from_variance(cls, variance):
        """Units with given variances above the floor."""
        excess = np.maximum(np.asarray(variance, np.float64) - VARIANCE_FLOOR, 1e-30)
        return cls(np.log(excess).astype(np.float32))

    @property
    def excess(self):
        """The variance above the floor, (n_units,) float32, finite even when training diverges."""
        return np.exp(np.minimum(self.log_excess, _HIGHEST))

    @property
    def variance(self):
        """(n_units,) float32."""
        return np.float32(VARIANCE_FLOOR) + self.excess

    @property
    def kernel_parameters(self):
        """What `families` wants to know: precisions, then deviations, (2 n_units,) float32."""
        variance = self.variance
        return np.concatenate([1 / variance, np.sqrt(variance)])

    def mean(self, eta, work=np):
        """Expected values: eta itself."""
        return eta

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw values, (draws.n_rows, n_units) float32, and add their log-density (nats)."""
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), np.float32)
        kernels.gaussian_sample(
            eta, self.variance, draws.key, draws.addresses, draws.n_particles, draws.first,
            layer_word(layer), out, log_prob,
        )  # fmt: skip
        return out

    def sample_in_order(self, eta, weights, draws, layer, work=np, out=None):
        """Draw values, of which earlier ones add to the means of later ones; and those means.

        weights : (n_units, n_units), strictly upper triangular.
        """
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), np.float32)
        inputs = work.empty(out.shape, np.float32)
        lateral.sample_autoregressive_real(
            self.code, self.kernel_parameters, eta, weights, draws.key, draws.addresses,
            draws.n_particles, draws.first, layer_word(layer), inputs, out,
        )  # fmt: skip
        return out, inputs

    def complete(self, values, eta, weights, draws, layer, work=np):
        """Draw the missing values in order: all values, (draws.n_rows, n_units) float32.

        values : NaN where missing, a row for neighbouring rows of eta, which holds what all other
        values make of the means, and to which those drawn are added.
        """
        out = work.empty(eta.shape, np.float32)
        lateral.complete(
            self.code, self.kernel_parameters, values, weights, draws.key, draws.addresses,
            draws.n_particles, draws.first, layer_word(layer), eta, out,
        )  # fmt: skip
        return out

    def mean_in_order(self, eta, weights, work=np):
        """Expected values where later units see those of earlier ones; eta is used up."""
        out = work.empty(eta.shape, np.float32)
        lateral.means_autoregressive(self.code, self.kernel_parameters, weights, eta, out)
        return out

    def log_prob(self, values, eta, log_prob):
        """Add the log-density of each row of values, nats, to ``log_prob``."""
        kernels.gaussian_log_prob(_with_gaps(values), eta, self.variance, log_prob)

    def score(self, values, eta, log_prob):
        """As `log_prob`; eta, a row for each, is overwritten by the derivative, and returned."""
        kernels.gaussian_score(_with_gaps(values), eta, self.variance, log_prob)
        return eta

    def gradient(self, values, error, weight, out):
        """Write the derivative by ``log_excess`` to ``out``; weight the errors of a `score`."""
        weights = np.ones(len(error), np.float32) if weight is None else weight
        kernels.gaussian_variance_gradient(
            _with_gaps(values), error, weights, self.variance, out.log_excess
        )
        np.multiply(out.log_excess, self.excess, out=out.log_excess)
        if weight is not None:
            error *= weight[:, None]

    def table(self, values, eta, out):
        """Log-density, float64, of each row of values under each column of eta."""
        gaussian_table(values, eta, self.variance.astype(np.float64), out)

    def shifted_table(self, values, shifts, eta, out):
        """As `table`, where ``shifts`` (n_rows, n_units) are added to the means of each row."""
        self.table(values - shifts, eta, out)


def _with_gaps(values):
    """The values of a block of rows, NaN where they are missing."""
    return values.values if isinstance(values, IncompleteRows) else values
