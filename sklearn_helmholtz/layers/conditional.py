"""The conditional distribution of a layer given the layer of its parents."""

from dataclasses import dataclass

import numpy as np

from .._incomplete import with_gaps, zeroed
from ..units import Bernoulli, Gaussian
from .affine import Affine
from .lateral import Lateral


@dataclass(frozen=True)
class Conditional:
    """p(child | parents): units whose inputs are an affine map of the parents.

    Without parents (``affine.weights`` is None) it is a prior. With ``lateral`` weights the inputs
    of a unit also depend on the units of the same layer before it, p(child | parents) =
    prod_i p(x_i | x_1, ..., x_{i-1}, parents); a missing value is then a parent of later units,
    and has to be drawn.
    """

    affine: Affine
    units: Bernoulli | Gaussian
    lateral: Lateral | None = None

    def eta(self, parents, work=np, out=None):
        """What parents make of the inputs, (n_rows, n_units); one row for a prior."""
        return self.affine.forward(parents, work, out)

    def given(self, children, eta, work=np):
        """The inputs of all units given all children, from those that parents make.

        Where there are lateral weights ``eta`` is used up.
        """
        return eta if self.lateral is None else self.lateral.add(children, eta, work)

    def mean(self, parents, work=np):
        """Expected children, (n_rows, n_units).

        With lateral weights, a unit sees the *expected* values of the units before it.
        """
        eta = self.eta(parents, work)
        if self.lateral is None:
            return self.units.mean(eta, work)
        return self.units.mean_in_order(eta, self.lateral.weights, work)

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw children, (draws.n_rows, n_units), and add their log-probability (nats).

        eta : what parents make of the inputs, one row for neighbouring rows of children.
        """
        if self.lateral is None:
            return self.units.sample(eta, draws, layer, log_prob, work, out)
        states, eta = self.units.sample_in_order(eta, self.lateral.weights, draws, layer, work, out)
        self.units.log_prob(states, eta, log_prob)
        return states

    def log_prob(self, children, eta, log_prob, work=np):
        """Add the log-probability of each row of children, nats, to ``log_prob``.

        eta : what parents make of the inputs; with lateral weights it is used up.
        """
        self.units.log_prob(children, self.given(children, eta, work), log_prob)

    def observe(self, children, eta, draws, layer, log_prob, work=np):
        """Draw what is missing of children, and add the log-probability of the rest.

        Returns the children, and the inputs of their units. Without lateral weights nothing is
        drawn: what is missing adds nothing, and no other unit depends on it. Otherwise what is
        drawn comes from its own conditional, in order, for each row of eta.
        """
        eta = self.given(zeroed(children), eta, work)
        completed = children
        if self.lateral is not None and with_gaps(children):
            completed = self.units.complete(
                children.toarray(), eta, self.lateral.weights, draws, layer, work
            )
        self.units.log_prob(children, eta, log_prob)
        return completed, eta

    def gradient(self, parents, children, error, out, weight=None, add=False):
        """Write the gradient of ``sum_i weight_i log p(child_i | parents_i)`` to ``out``.

        error : the derivatives of the log-probabilities of the children by eta, which are used up;
        weight : (n_rows,) float32, or None where the errors are weighted already or every row
        counts once. With ``add`` the gradient of the affine map is added to what ``out`` holds.
        """
        self.units.gradient(children, error, weight, out.units)
        self.affine.gradient(parents, error, out.affine, add)
        if self.lateral is not None:
            self.lateral.gradient(children, error, out.lateral)
