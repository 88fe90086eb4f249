"""Gibbs sampling of the hidden layers given the data, one unit at a time, at any temperature."""

from dataclasses import dataclass

import numpy as np

from .._incomplete import observed
from .._kernels.gibbs import gibbs_sweeps
from ..units import Bernoulli, Gaussian

_MOST_SWEEPS = 2**32  # that one row can have: numbers of 32 bits
_SWEEPS_WORK = 2**27  # weights times chains of a call, which cannot be interrupted


@dataclass(frozen=True)
class Gibbs:
    """The generative net of a machine in the form that sampling its hidden units one by one wants.

    Units of one layer are dependent given their children, so they are drawn one by one. sizes :
    units of each layer from the data upward; weights : of layers 1, 2, ..., flat, one after the
    other; intercepts : of all layers; precision : of Gaussian visible units, else empty.
    """

    sizes: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    precision: np.ndarray
    machine: object

    @classmethod
    def of(cls, machine):
        """For a machine."""
        upward = machine.generation.conditionals[::-1]
        units = machine.visible.units
        gaussian = isinstance(units, Gaussian)
        if not gaussian and not isinstance(units, Bernoulli):
            raise TypeError(f"There is no Gibbs sampling for {type(units).__name__} visible units.")
        return cls(
            np.array(machine.n_units, np.int64),
            np.concatenate([c.affine.weights.ravel() for c in upward[:-1]]),
            np.concatenate([c.affine.intercept for c in upward]),
            1 / units.variance if gaussian else np.empty(0, np.float32),
            machine,
        )

    def start(self, draws):
        """Hidden states from the prior, (draws.n_rows, n_hidden) uint8, layers side by side."""
        return np.concatenate(self.machine.imagine(draws)[0], axis=1)

    def split(self, states):
        """Hidden states by layer, from the data upward."""
        return np.split(states, np.cumsum(self.sizes[1:-1]), axis=1)

    def sweep(self, x, states, draws, n_sweeps):
        """Move chains towards p(h | x) by sweeps over all hidden units, in place.

        x : (n_rows, n_features); states : (draws.n_rows, n_hidden) uint8.
        """
        self.anneal(x, states, draws, np.zeros(n_sweeps), np.ones(n_sweeps))

    def anneal(self, x, states, draws, gaps, temperatures, reverse=False):
        """Move chains, one sweep after the other, and weigh them.

        Before each sweep its gap times log p(x | h) is added to the log-weight of a chain; the
        sweep leaves p(h) p(x | h)^temperature invariant. Returns the log-weights (draws.n_rows,)
        in nats. With ``reverse`` sweeps go through the units in the opposite order.
        """
        n_sweeps = len(gaps)
        last = draws.first + draws.n_particles
        if last * n_sweeps > _MOST_SWEEPS:
            raise ValueError(
                f"{last} chains of {n_sweeps} sweeps each are more than the {_MOST_SWEEPS} sweeps "
                "that a row can have."
            )
        values = np.ascontiguousarray(observed(x), np.float32)
        gaps, path = (np.ascontiguousarray(a, np.float64) for a in (gaps, temperatures))
        numbers = np.tile(np.arange(draws.first, last, dtype=np.int64) * n_sweeps, len(values))
        log_weights = np.zeros(draws.n_rows)
        piece = max(_SWEEPS_WORK // (draws.n_rows * len(self.weights)), 1)
        for start in range(0, n_sweeps, piece):
            part = slice(start, start + piece)
            gibbs_sweeps(
                values, self.sizes, self.weights, self.intercepts, self.precision, gaps[part],
                path[part], -1 if reverse else 1, draws.key, draws.addresses, numbers + start,
                states, log_weights,
            )  # fmt: skip
        return log_weights + np.repeat(self._constant(values) * np.sum(gaps), draws.n_particles)

    def _constant(self, values):
        """What log p(x | h) of each row has that no hidden unit changes, nats."""
        if not len(self.precision):
            return np.zeros(len(values))
        terms = 0.5 * np.log(self.precision.astype(np.float64) / (2 * np.pi))
        return np.where(np.isnan(values), 0.0, terms).sum(axis=1)
