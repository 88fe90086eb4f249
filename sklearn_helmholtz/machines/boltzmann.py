"""The restricted Boltzmann machine: two sides of units, each independent given the other side."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .._kernels.dense import dense_product_transposed
from .._kernels.tables import table_product_transposed
from ..layers import Affine
from ..units import Bernoulli

SPREAD = 0.01  # standard deviation of weights before they learn


class BaseRates:
    """Logits of independent units, in which annealing begins: nothing that learns.

    logits : (n_visible,) float32.
    """

    def __init__(self, logits):
        self.logits = np.ascontiguousarray(logits, np.float32)

    def sample(self, draws, layer):
        """States, (draws.n_rows, n_visible) uint8."""
        return Bernoulli().draw(np.repeat(self.logits[None], draws.n_rows, axis=0), draws, layer)


@dataclass(frozen=True)
class Boltzmann:
    """``p(v, h) = exp(b'v + c'h + v'Wh) / Z`` for states v and h of zeros and ones.

    Given v the hidden units are independent with the inputs ``c + v'W``, given h the visible ones
    with ``b + W h``. What all h make together is known up to Z, the *partition function*:

        log p*(v) = b'v + sum_j softplus(c_j + v'W_j).

    upward : W, (n_visible, n_hidden), and c; visible_intercept : b; base : where annealing begins;
    units : of the visible side. Values between 0 and 1 are taken as expectations.

    References
    ----------
    Smolensky (1986), Information processing in dynamical systems: foundations of harmony theory, in
    Parallel Distributed Processing 1. Goodfellow, Bengio & Courville (2016), Deep Learning, 20.2.
    """

    upward: Affine
    visible_intercept: np.ndarray
    base: BaseRates
    units: Bernoulli = field(default_factory=Bernoulli)

    hidden_units: ClassVar = Bernoulli()

    @property
    def weights(self):
        """W, (n_visible, n_hidden)."""
        return self.upward.weights

    @property
    def hidden_intercept(self):
        """c, (n_hidden,)."""
        return self.upward.intercept

    @property
    def recognition_map(self):
        """The map from visible values to the inputs of the hidden units."""
        return self.upward

    @property
    def n_units(self):
        """Units of the visible and of the hidden side."""
        return self.weights.shape

    @property
    def n_hidden(self):
        """Units that no row shows."""
        return self.n_units[1]

    @property
    def n_connections(self):
        """Number of weights between the sides."""
        return self.weights.size

    @property
    def n_weights(self):
        """The work that a row makes on its way up and down."""
        return 2 * self.weights.size

    @property
    def n_parameters(self):
        """Free parameters of p(v), at most those of a table of all states."""
        free = self.weights.size + sum(self.n_units)
        return min(free, self.units.most_parameters(self.n_units[0]))

    @property
    def uniform_loss(self):
        """Nats that a row costs units of which nothing is known."""
        return self.n_units[0] * math.log(2)

    @property
    def n_enumerable(self):
        """Units of the smaller side, whose states are enumerated while the other is summed out."""
        return min(self.n_units)

    def n_to_sum_out(self, n_missing):
        """Units to enumerate for rows that miss ``n_missing`` values, an array."""
        return np.minimum(n_missing, self.n_units[1])

    def gap_sizes(self, rows):
        """Units that each row of a `Table` misses, as `n_to_sum_out` counts them, (n_rows,)."""
        return rows.count_missing()

    def gap_sizes_of(self, x):
        """The same of the rows of a `Block`."""
        if not x.has_missing:
            return np.zeros(len(x), int)
        return np.isnan(x.toarray()).sum(axis=1)

    def fix_gauge(self, step):
        """Nothing: no two sets of parameters near each other make the same distribution."""

    def hidden_eta(self, values, work=np, out=None):
        """Inputs of the hidden units, (n_rows, n_hidden), given visible values."""
        return self.upward.forward(values, work, out)

    def hidden_doubles(self, values):
        """The same in float64, of float64 values."""
        return self.upward.doubles(values)

    def visible_eta(self, states, work=np, out=None):
        """Inputs of the visible units, (n_rows, n_visible), given hidden states or means."""
        if out is None:
            out = work.empty((len(states), self.n_units[0]), np.float32)
        product = table_product_transposed if states.dtype == np.uint8 else dense_product_transposed
        product(states, self.weights, self.visible_intercept, out)
        return out

    def log_unnormalized(self, x, eta):
        """Log p*(v) of a `Block` of complete rows, (n_rows,) float64 nats.

        eta : (n_rows, n_hidden), the inputs of the hidden units that the rows make.
        """
        return self.visible_energy(x) + log_sum(eta)

    def visible_energy(self, x):
        """As `log_energy`, of complete rows of a `Block`."""
        values = x.todoubles()
        return self._energy(values) if x.is_binary else self.log_energy(values)

    def log_energy(self, values):
        """``b'v`` of what is not NaN, (n_rows,) float64 nats."""
        return self._energy(np.nan_to_num(values))

    def _energy(self, values):
        # Not by BLAS, whose sums depend on how many rows there are.
        return np.einsum("rk,k->r", values, self.visible_intercept.astype(np.float64))


def log_sum(eta):
    """``sum_j log(1 + exp(eta_j))``, (n_rows,) float64: what all states of units make together."""
    total = np.zeros(len(eta))
    Boltzmann.hidden_units.log_prob(np.zeros(eta.shape, np.uint8), eta, total)
    return -total


def initialise_boltzmann(n_visible, n_hidden, intercept, rng):
    """A machine with small random weights that begins at the rates of the data.

    intercept : (n_visible,), logits of smoothed means of the data.
    """
    weights = rng.normal(0, SPREAD, (n_visible, n_hidden)).astype(np.float32)
    return assemble_boltzmann(weights, np.zeros(n_hidden, np.float32), intercept, intercept)


def assemble_boltzmann(weights, hidden_intercept, visible_intercept, base):
    """A machine of arrays: W (n_visible, n_hidden), c, b and the logits of the base."""
    arrays = [
        np.ascontiguousarray(array, np.float32)
        for array in (weights, hidden_intercept, visible_intercept)
    ]
    return Boltzmann(Affine(*arrays[:2]), arrays[2], BaseRates(base))
