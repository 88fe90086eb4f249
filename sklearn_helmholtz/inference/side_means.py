"""Mean field between the two sides of a deep Boltzmann machine."""

from dataclasses import dataclass

import numpy as np

from .._kernels.dense import dense_product, dense_product_transposed
from ..layers import Affine
from ..machines import log_sum

MEAN_SWEEPS = 30  # of answers: fixed, so that those for a row do not depend on other rows


@dataclass(frozen=True)
class SideMeans:
    """Means of both sides of a deep machine for some rows, and what they bound.

    even : (n_rows, n_even) float32, with what is observed in its place; odd : (n_rows, n_odd);
    eta : (n_rows, n_odd), the inputs that the even side makes, of which odd is the sigmoid;
    observed : (n_rows, n_odd), what of them comes from biases and observed values; entropy :
    (n_rows,) float64 nats, of what is not observed of the even side; missing : (n_rows, n_features)
    bool, or None where all is observed.

    The distribution q of what is not observed has independent units. It raises

        E_q[log p*(v, h) - log q(h | v)] <= log p*(v),

    one side at a time, each time as far as it goes given the other one: units of a side are
    independent given the other, so that the bound never falls, and nothing has to be damped
    (Salakhutdinov & Hinton 2009, section 2.2).
    """

    machine: object
    even: np.ndarray
    odd: np.ndarray
    eta: np.ndarray
    observed: np.ndarray
    entropy: np.ndarray
    missing: np.ndarray | None

    @property
    def bound(self):
        """The lower bound of log p*(v), (n_rows,) float64 nats."""
        # The odd side is at its best: its energy and entropy are the sum of softplus together.
        energy = self.machine.log_energy(self.even.astype(np.float64))
        return energy + log_sum(self.eta) + self.entropy


def side_means(machine, x, n_sweeps=MEAN_SWEEPS, start=None):
    """`SideMeans` of a `Block` of rows of data after some sweeps over both sides.

    start : (n_rows, n_odd) float32, means of the odd side to begin with, or None for those that an
    even side at the rates of ``machine.base`` makes.
    """
    n, missing = machine.n_features, None
    observed = Affine(machine.weights[:n], machine.hidden_intercept).forward(x.zero_filled)
    if x.has_missing:
        missing = np.isnan(x.toarray())
    free = _FreeColumns(machine, missing)
    means = machine.hidden_units.mean
    odd = start
    if odd is None:
        odd = means(free.inputs(observed, free.base(len(x))))
    for _ in range(n_sweeps):
        own = free.own_inputs(odd)
        even = free.means(own)
        eta = free.inputs(observed, even)
        odd = means(eta)
    entropy = free.entropy(even, own)
    return SideMeans(machine, free.with_seen(x, even), odd, eta, observed, entropy, missing)


class _FreeColumns:
    """Columns of the even side that are not observed: hidden units, and any of rows with gaps.

    missing : (n_rows, n_features) bool, or None.
    """

    def __init__(self, machine, missing):
        self._machine, self._missing = machine, missing
        columns = slice(machine.n_features if missing is None else 0, None)
        self._weights, self._intercept = (
            array[columns] for array in (machine.weights, machine.visible_intercept)
        )
        self._logits = np.ascontiguousarray(machine.base.logits[columns])

    def base(self, n_rows):
        """Means at the rates of the base, zeros where a value is observed."""
        return self._hide(np.repeat(self._machine.units.mean(self._logits[None]), n_rows, axis=0))

    def own_inputs(self, odd):
        """Inputs given means of the odd side."""
        eta = np.empty((len(odd), len(self._intercept)), np.float32)
        dense_product_transposed(odd, self._weights, self._intercept, eta)
        return eta

    def means(self, eta):
        """Means given inputs, zeros where a value is observed."""
        return self._hide(self._machine.units.mean(eta))

    def entropy(self, means, eta):
        """Entropy of units with some means and inputs, (n_rows,) float64 nats."""
        if self._missing is not None:
            means = means.copy()  # a NaN has no part in log-probabilities
            means[:, : self._machine.n_features][~self._missing] = np.nan
        minus = np.zeros(len(means))
        self._machine.units.log_prob(means, eta, minus)
        return -minus

    def inputs(self, observed, even):
        """Inputs of the odd side, of what is observed and of means of the rest."""
        eta = np.empty_like(observed)
        dense_product(even, self._weights, np.zeros(eta.shape[1], np.float32), eta)
        eta += observed
        return eta

    def with_seen(self, x, even):
        """Means of the whole even side, with what is observed of rows in its place."""
        seen = x.toarray().astype(np.float32)
        if self._missing is None:
            return np.concatenate([seen, even], axis=1)
        n = self._machine.n_features
        even[:, :n] = np.where(self._missing, even[:, :n], seen)
        return even

    def _hide(self, means):
        if self._missing is not None:
            means[:, : self._machine.n_features] *= self._missing
        return means
