"""The map of units that depend on nothing and learn nothing."""

from dataclasses import dataclass

import numpy as np

from ..units.abilities import EVERYTHING
from .map import Map


@dataclass(frozen=True)
class Origin(Map):
    """``eta = 0`` for all units: the map of a prior that is given, not learnt.

    n_outputs : number of units.
    """

    n_outputs: int = 0

    abilities = EVERYTHING
    kind = "nothing"
    n_inputs = 0
    n_products = 0
    n_terms = 0

    def forward(self, parents, work=np, out=None):
        """Zeros, (1, n_units)."""
        out = work.empty((1, self.n_outputs), np.float32) if out is None else out
        out[:] = 0
        return out

    def gradient(self, parents, error, out, add=False):
        """Nothing: there are no parameters."""

    def pullback(self, parents, error, work=np, out=None):
        """Derivatives by no parents, (n_rows, 0)."""
        return work.empty((len(error), 0), np.float32)

    def doubles(self, parents):
        """Zeros in float64, one row."""
        return np.zeros((1, self.n_outputs))

    def extremes(self, lowest=0.0, highest=1.0):
        """Zeros, twice."""
        return np.zeros(self.n_outputs), np.zeros(self.n_outputs)
