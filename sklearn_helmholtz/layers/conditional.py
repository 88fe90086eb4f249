"""The conditional distribution of a layer given the layer of its parents."""

from dataclasses import dataclass

import numpy as np

from ..units import Bernoulli, Gaussian
from .affine import Affine


@dataclass(frozen=True)
class Conditional:
    """p(child | parents): units whose inputs are an affine map of the parents.

    Without parents (``affine.weights`` is None) it is a prior.
    """

    affine: Affine
    units: Bernoulli | Gaussian

    def eta(self, parents, work=np):
        """Inputs of the units, (n_rows, n_units); one row for a prior."""
        return self.affine.forward(parents, work)

    def mean(self, parents, work=np):
        """Expected children, (n_rows, n_units)."""
        return self.units.mean(self.eta(parents, work), work)

    def gradient(self, child, parents, eta, weight, out, work=np):
        """Write the gradient of ``sum_i weight_i log p(child_i | parents_i)`` to ``out``.

        eta : what `eta` gave for the parents; it is used up. weight : (n_rows,) float32.
        """
        error = self.units.error(child, eta, weight, out.units)
        self.affine.gradient(parents, error, out.affine, work)
