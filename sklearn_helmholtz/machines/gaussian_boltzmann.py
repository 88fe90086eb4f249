"""The restricted Boltzmann machine of real data, whose visible units are Gaussian."""

from dataclasses import dataclass

import numpy as np

from ..layers import Affine
from ..units import Gaussian, standard_noise
from .boltzmann import SPREAD, Boltzmann


class BaseNormals:
    """Independent normal units, in which annealing begins: nothing that learns.

    means, variances : (n_visible,) float32.
    """

    def __init__(self, means, variances):
        self.means = np.ascontiguousarray(means, np.float32)
        self.variances = np.ascontiguousarray(variances, np.float32)

    def sample(self, draws, layer):
        """Values, (draws.n_rows, n_visible) float32."""
        noise = standard_noise(draws, layer, len(self.means))
        return self.means + np.sqrt(self.variances) * noise


@dataclass(frozen=True)
class GaussianBoltzmann(Boltzmann):
    """``p(v, h) = exp(-E) / Z`` for real v and states h of zeros and ones.

    The energy is

        E = sum_i (v_i - b_i)^2 / (2 s_i) - c'h - sum_ij (v_i / s_i) W_ij h_j.

    Given h the visible units are normal with the means ``b + W h`` and the variances s, given v the
    hidden ones are independent with the inputs ``c + W'(v / s)``. What all h make together is known
    up to Z,

        log p*(v) = -sum_i (v_i - b_i)^2 / (2 s_i) + sum_j softplus(c_j + W_j'(v / s)),

    and what all v make together for every h, so that a machine of few hidden units is enumerable
    however many visible ones it has. It is a mixture of ``2^n_hidden`` normal distributions with
    one diagonal covariance, and integrates whatever its finite parameters.

    units : Gaussian, whose variances s learn as well; base : `BaseNormals`; the rest as of
    `Boltzmann`.

    References
    ----------
    Welling, Rosen-Zvi & Hinton (2005), Exponential family harmoniums with an application to
    information retrieval, NIPS. Cho, Ilin & Raiko (2011), Improved learning of Gaussian-Bernoulli
    restricted Boltzmann machines, ICANN.
    """

    units: Gaussian

    # Steps of all weights of a feature together, of which each hidden unit takes its mean share,
    # would be too long: nothing holds real units back as saturation does binary ones.

    @property
    def variance(self):
        """The variances s, (n_visible,) float64."""
        return self.units.variance.astype(np.float64)

    @property
    def n_parameters(self):
        """Free parameters of p(v)."""
        return self.weights.size + sum(self.n_units) + self.n_units[0]

    @property
    def uniform_loss(self):
        """Nats that a row costs units of which nothing is known."""
        return self.n_units[0] * self.units.ignorance

    @property
    def n_enumerable(self):
        """Units of the hidden side, the only one that has states to enumerate."""
        return self.n_units[1]

    def n_to_sum_out(self, n_missing):
        """Units to enumerate for rows that miss ``n_missing`` values, which are integrated."""
        return np.where(n_missing > 0, self.n_units[1], 0)

    @property
    def recognition_map(self):
        """The map from visible values to the inputs of the hidden units."""
        weights = self.weights / self.units.variance[:, None]
        return Affine(np.ascontiguousarray(weights, np.float32), self.hidden_intercept)

    def natural(self, values, work=np):
        """Natural parameters that values are to hidden units, ``v / s``, float32."""
        out = work.empty(values.shape, np.float32)
        return np.divide(values, self.units.variance, out=out)

    def hidden_eta(self, values, work=np, out=None):
        """Inputs of the hidden units, (n_rows, n_hidden), given visible values."""
        return self.upward.forward(self.natural(values, work), work, out)

    def hidden_doubles(self, values):
        """The same in float64, of float64 values."""
        return self.upward.doubles(values / self.variance)

    def log_energy(self, values):
        """``-sum_i (v_i - b_i)^2 / (2 s_i)`` over what is not NaN, (n_rows,) float64 nats."""
        distances = np.nan_to_num(values - self.visible_intercept.astype(np.float64))
        return np.einsum("rk,rk,k->r", distances, distances, -0.5 / self.variance)


def initialise_gaussian_boltzmann(n_visible, n_hidden, units, intercept, rng):
    """A machine with small random weights that begins at the means and variances of the data.

    units, intercept : of independent columns, as `Gaussian.initial` makes them.
    """
    weights = rng.normal(0, SPREAD, (n_visible, n_hidden))
    base = BaseNormals(intercept, units.variance)
    return assemble_gaussian_boltzmann(weights, np.zeros(n_hidden), intercept, units, base)


def assemble_gaussian_boltzmann(weights, hidden_intercept, visible_intercept, units, base):
    """A machine of arrays: W (n_visible, n_hidden), c and b; and of units and a base."""
    arrays = [
        np.ascontiguousarray(array, np.float32)
        for array in (weights, hidden_intercept, visible_intercept)
    ]
    return GaussianBoltzmann(Affine(*arrays[:2]), arrays[2], base, units)
