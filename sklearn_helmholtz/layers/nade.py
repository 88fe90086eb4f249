"""Deterministic units by which earlier units of a layer add to the inputs of later ones."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit

from .._kernels import nade as kernels
from .._keys import layer_word
from .._tree import CONNECTIONS
from ..rows import Block
from .doubles import outer


@dataclass(frozen=True)
class Nade:
    """``eta_i += outgoing_i . sigmoid(intercept + sum_{j < i} x_j incoming_j)`` of zeros and ones.

    The conditional of a unit given those before it is a neural network, and those of all units
    share its weights, so that a row costs a product of the number of units with that of
    deterministic ones. Parents are not among what these see: what they make of a row is made once
    for all of its particles.

    incoming, outgoing : (n_units, n_between) float32; intercept : (n_between,) float32.

    References
    ----------
    Larochelle & Murray (2011), The neural autoregressive distribution estimator, AISTATS. As layers
    of belief nets: Bornschein & Bengio (2015), Reweighted wake-sleep, ICLR.
    """

    incoming: np.ndarray
    intercept: np.ndarray
    outgoing: np.ndarray

    penalty_groups: ClassVar = {"incoming": CONNECTIONS, "outgoing": CONNECTIONS}

    @classmethod
    def initial(cls, n_units, n_between, rng):
        """Random weights to the units between, which make them differ, and none from them yet.

        A layer begins as it would without. Weights are uniform as in Glorot & Bengio (2010).
        """
        limit = np.sqrt(6 / (n_units + n_between))
        incoming = rng.uniform(-limit, limit, (n_units, n_between)).astype(np.float32)
        return cls(incoming, np.zeros(n_between, np.float32), np.zeros_like(incoming))

    @property
    def arrays(self):
        """All parameters, in the order in which kernels take them."""
        return self.incoming, self.intercept, self.outgoing

    @property
    def n_between(self):
        """Number of deterministic units."""
        return len(self.intercept)

    @property
    def n_products(self):
        """Number of weights: multiplications of a row of ones."""
        return self.incoming.size + self.outgoing.size

    @property
    def n_parameters(self):
        """Weights that matter: nothing sees the last unit, and what the first sees is constant."""
        return self.n_products - self.n_between  # what is of no use, and the intercepts

    def in_order(self, order):
        """The same of units in another order; order : the number of what comes to each place."""
        return Nade(self.incoming[order], self.intercept, self.outgoing[order])

    def add(self, children, eta):
        """Add what children (n_rows, n_units) make of their inputs to eta, a row for each."""
        kernels.nade_inputs(_reals(children), *self.arrays, eta)

    def gradient(self, children, error, out):
        """Write derivatives by the parameters of what has the derivatives ``error`` by eta."""
        kernels.nade_gradient(_reals(children), error, *self.arrays, *out.arrays)

    def sample(self, eta, weights, draws, layer, work=np, out=None):
        """Draw zeros and ones in order, and the inputs, as `DataUnits.sample_autoregressive`.

        weights : the lateral ones.
        """
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), np.uint8)
        inputs = work.empty(out.shape, np.float32)
        kernels.sample_nade(eta, weights, *self.arrays, *_numbers(draws, layer), inputs, out)
        return out, inputs

    def complete(self, values, eta, weights, draws, layer, work=np):
        """Draw what is missing in order, as `DataUnits.complete`.

        eta : inputs, with what known values add by lateral weights, but nothing by way of
        deterministic units.
        """
        out, numbers = work.empty(eta.shape, np.float32), _numbers(draws, layer)
        kernels.complete_nade(_reals(values), weights, *self.arrays, *numbers, eta, out)
        return out

    def means(self, eta, weights, work=np):
        """Probabilities of units that see those of earlier ones; eta is used up."""
        out = work.empty(eta.shape, np.float32)
        kernels.means_nade(weights, *self.arrays, eta, out)
        return out

    def shifts(self, children):
        """The sums that children (n_rows, n_units) add to the inputs of later ones, float64."""
        children, (incoming, intercept, outgoing) = np.float64(children), self._doubles
        sums, shifts = np.tile(intercept, (len(children), 1)), np.empty(children.shape)
        states = expit(sums)
        for i, own in enumerate(outgoing):
            shifts[:, i] = outer(states, own[:, None])[:, 0]
            moved = np.flatnonzero(children[:, i])
            sums[moved] += children[moved, i, None] * incoming[i]
            states[moved] = expit(sums[moved])
        return shifts

    def extremes(self, row):
        """Bounds of what a row adds to inputs over all that may be missing of it, float64."""
        incoming, intercept, outgoing = self._doubles
        missing = np.isnan(row)[:, None]
        known = np.nan_to_num(row)[:, None] * incoming
        limits = []
        for find in (np.minimum, np.maximum):
            steps = np.where(missing, find(incoming, 0), known)
            limits.append(expit(intercept + np.cumsum(steps, axis=0) - steps))
        ends = [outgoing * limit for limit in limits]
        return np.minimum(*ends).sum(axis=1), np.maximum(*ends).sum(axis=1)

    @property
    def _doubles(self):
        return tuple(array.astype(np.float64) for array in self.arrays)


def _reals(children):
    """Children, an array or `Lists`, as kernels take them."""
    return np.ascontiguousarray(Block(children).toarray(), np.float32)


def _numbers(draws, layer):
    return draws.key, draws.addresses, draws.n_particles, draws.first, layer_word(layer)
