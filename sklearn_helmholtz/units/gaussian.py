"""Gaussian units: x ~ N(eta, v) with a variance for every unit."""

from dataclasses import dataclass

import numpy as np

from .._kernels import gaussian as kernels
from .._kernels.enumeration import gaussian_table
from .._kernels.families import GAUSSIAN
from .._keys import layer_word
from ..rows import Scaling
from .abilities import Missing
from .data import DataUnits
from .medians import gaussian_mixture_medians
from .modes import gaussian_mixture_modes

VARIANCE_FLOOR = 1e-3  # of the variance in standardised units
_HIGHEST = np.float32(40)  # of log_excess: e^40 times the variance of the data is out of all reason


@dataclass(frozen=True)
class Gaussian(DataUnits):
    """Units with mean eta and variance ``VARIANCE_FLOOR + exp(log_excess)``, in standardised units.

    log_excess : (n_units,) float32. The floor is part of the parametrisation, so no step of any
    optimiser can take a variance to zero, where the likelihood has no maximum.
    """

    log_excess: np.ndarray

    name = "gaussian"
    code = GAUSSIAN
    dtype = answer_dtype = np.float32
    standardises = True
    missing = Missing.INTEGRATED
    has_noise = True

    @classmethod
    def from_variance(cls, variance):
        """Units with given variances above the floor."""
        excess = np.maximum(np.asarray(variance, np.float64) - VARIANCE_FLOOR, 1e-30)
        return cls(np.log(excess).astype(np.float32))

    @classmethod
    def initial(cls, means, counts):
        """Units with the mean and the variance of standardised data, 0 and 1."""
        return cls.from_variance(np.ones(len(means))), np.zeros(len(means), np.float32)

    @classmethod
    def given(cls, noise_variance):
        """Units of a given variance, which is 1 in the units of measurement of the scaling.

        A learnt variance stays above its floor in these.
        """
        scaling = Scaling(np.zeros(len(noise_variance)), np.sqrt(noise_variance))
        return cls.from_variance(np.ones(len(noise_variance))), scaling

    def divergence(self, eta, other):
        """Symmetric divergence, nats, of each unit under two inputs."""
        return (eta - other) ** 2 / self.variance.astype(np.float64)

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
        """Precisions, then deviations, (2 n_units,) float32."""
        variance = self.variance
        return np.concatenate([1 / variance, np.sqrt(variance)])

    def mean(self, eta, work=np):
        """Expected values: eta itself."""
        return eta

    def mode(self, eta):
        """Most probable values: eta itself."""
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

    def log_prob(self, values, eta, log_prob):
        """Add the log-density of each row of values, nats, to ``log_prob``."""
        kernels.gaussian_log_prob(values, eta, self.variance, log_prob)

    def score(self, values, eta, log_prob):
        """Add log-densities; overwrite eta by the errors ``(x - eta) / v``."""
        kernels.gaussian_score(values, eta, self.variance, log_prob)
        return eta

    def weigh(self, values, errors, weights, out):
        """Write the derivative by ``log_excess`` to ``out``; multiply the errors by weights."""
        each = np.ones(len(errors), np.float32) if weights is None else weights
        kernels.gaussian_variance_gradient(values, errors, each, self.variance, out.log_excess)
        np.multiply(out.log_excess, self.excess, out=out.log_excess)
        if weights is not None:
            errors *= weights[:, None]

    def expected(self, eta):
        """Expected values: eta itself."""
        return eta

    @property
    def dispersion(self):
        """The variances, (n_units,) float64."""
        return self.variance.astype(np.float64)

    def table(self, values, eta, out):
        """Log-density, float64, of each row of values under each column of eta."""
        gaussian_table(values, eta, self.variance.astype(np.float64), out)

    def paired(self, values, eta):
        """Log-density, float64, of each row of values under the inputs in its own row."""
        terms = (values - eta) ** 2 / self.dispersion + np.log(2 * np.pi * self.dispersion)
        return -0.5 * np.where(np.isnan(values), 0.0, terms).sum(axis=1)

    def shifted_table(self, values, shifts, eta, out):
        """As `table`, where ``shifts`` (n_rows, n_units) are added to the means of each row."""
        self.table(values - shifts, eta, out)

    def write_slopes(self, squares, counts, out):
        """Write the derivative by ``log_excess`` to ``out``."""
        variance = self.variance.astype(np.float64)
        out.log_excess[:] = 0.5 * (squares / variance - counts) / variance * self.excess

    def best_log_prob(self, values, lowest, highest):
        """Log-density of each value under the mean that suits it best, relative to its maximum."""
        distance = values - np.clip(values, lowest, highest)
        return np.where(np.isnan(values), 0.0, -0.5 * distance**2 / self.variance)

    def mixture_modes(self, weights, means, variances):
        """Places where mixtures are densest, column by column."""
        return gaussian_mixture_modes(weights, means, variances)

    def mixture_medians(self, weights, means, variances):
        """Medians of mixtures, column by column."""
        return gaussian_mixture_medians(weights, means, variances)

    def component_variances(self, n_rows):
        """Variances of values given their means, (n_rows, n_units)."""
        return np.tile(self.variance.astype(np.float64), (n_rows, 1))

    def published(self, scaling):
        """The noise variances, ``noise_variance_``, in the user's units."""
        return {"noise_variance_": (self.variance * scaling.scale**2).astype(np.float32)}
