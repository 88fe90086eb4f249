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

    def eta(self, parents, work=np, out=None):
        """Inputs of the units, (n_rows, n_units); one row for a prior."""
        return self.affine.forward(parents, work, out)

    def mean(self, parents, work=np):
        """Expected children, (n_rows, n_units)."""
        return self.units.mean(self.eta(parents, work), work)

    def gradient(self, parents, children, error, out, weight=None, add=False):
        """Write the gradient of ``sum_i weight_i log p(child_i | parents_i)`` to ``out``.

        error : the derivatives of the log-probabilities of the children by eta, which are used up;
        weight : (n_rows,) float32, or None where the errors are weighted already or every row
        counts once. With ``add`` the gradient of the affine map is added to what ``out`` holds.
        """
        self.units.gradient(children, error, weight, out.units)
        self.affine.gradient(parents, error, out.affine, add)
