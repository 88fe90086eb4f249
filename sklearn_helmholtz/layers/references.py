"""The most probable states of rows, near which their particles are."""

from dataclasses import dataclass

import numpy as np

from .._kernels.flips import FEWEST_INPUTS, FEWEST_NEAR, choose_references


@dataclass(frozen=True)
class References:
    """States of a layer that are the most probable ones of each row, where others are rare.

    Sums that many particles near them have in common are made once, see `_kernels.flips`.

    states : (n_rows, n_units) uint8; are_sure : (n_rows,) uint8, 0 where particles may be anywhere.
    """

    states: np.ndarray
    are_sure: np.ndarray

    def __len__(self):
        return len(self.states)

    @classmethod
    def of(cls, eta, n_particles, below=None, work=np):
        """References of Bernoulli units, or None where no row has one.

        That is so, too, where there are too few units or particles for it to pay.

        eta : their inputs, (n_rows, n_units), made by the references of the layer below, if any.
        """
        if n_particles < FEWEST_NEAR or eta.shape[1] < FEWEST_INPUTS:
            return None
        states = work.empty(eta.shape, np.uint8)
        are_sure = work.empty((len(eta),), np.uint8)
        are_sure[:] = 1 if below is None else below.are_sure
        choose_references(eta, states, are_sure)
        return cls(states, are_sure) if are_sure.any() else None
