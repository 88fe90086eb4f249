"""A restricted Boltzmann machine in the place of the prior of a belief net."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..layers import Affine, Conditional
from ..rows import Block
from ..units import Ability, Bernoulli
from .boltzmann import Boltzmann


@dataclass(frozen=True)
class UndirectedPrior:
    """``p(h) ~ exp(b'h) prod_j (1 + exp(c_j + h'W_j))``: the visible side of a `Boltzmann` machine.

    It stands where the `Conditional` without parents of other nets stands, and answers what they
    are asked, but that its log-probabilities lack ``-log Z``, and that nothing can be drawn from it
    in one go. Its other side, the topmost layer t of the net, is summed out.

    machine : whose visible units are h.
    """

    machine: Boltzmann

    is_normalised = False
    units: ClassVar = Bernoulli()
    lateral: ClassVar = None
    _abilities: ClassVar = frozenset({Ability.ENUMERATE})

    @property
    def n_units(self):
        """Number of units of h."""
        return self.machine.n_units[0]

    @property
    def n_parameters(self):
        """Free parameters of p(h)."""
        return self.machine.n_parameters

    @property
    def n_connections(self):
        """Weights between h and t."""
        return self.machine.n_connections

    def lacks(self, ability, is_hidden):
        """Reason, in words, for which it lacks an `Ability`; None where it has it."""
        return None if ability in self._abilities else "its prior is undirected"

    @property
    def upward(self):
        """p(t | h), a `Conditional`: what the topmost layer is, inferred exactly."""
        return Conditional(self.machine.upward, self.machine.hidden_units)

    @property
    def downward(self):
        """p(h | t), a `Conditional`."""
        weights = np.ascontiguousarray(self.machine.weights.T)
        return Conditional(Affine(weights, self.machine.visible_intercept), self.units)

    def eta(self, parents, work=np, out=None):
        """Nothing: there are no parents, and units depend on each other."""
        return

    def log_prob(self, children, eta, log_prob, work=np):
        """Add log p* of each row of states, uint8, nats, to ``log_prob``."""
        inputs = self.machine.hidden_eta(children, work)
        log_prob += self.machine.log_unnormalized(Block(children), inputs)

    def log_prob_doubles(self, children):
        """Log p* of states, all in float64, (n_rows,) nats."""
        inputs = self.machine.hidden_doubles(children)
        return self.machine.log_energy(children) + np.logaddexp(0, inputs).sum(axis=1)
