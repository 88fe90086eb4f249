"""The multilayer perceptron: a map with deterministic layers in between."""

from dataclasses import dataclass

import numpy as np

from .._kernels import activations as kernels
from ..units import Ability
from .affine import Affine, affine_extremes
from .map import Map


@dataclass(frozen=True)
class Perceptron(Map):
    """Affine maps with an activation function between each and the next.

    maps : from the parents to the inputs of the units, at least one, with which it is affine;
    activation : ``"tanh"`` or ``"relu"``.
    """

    maps: tuple[Affine, ...]
    activation: str = "tanh"

    abilities = frozenset({Ability.ENUMERATE, Ability.ANNEAL, Ability.ELLIPTICAL})
    kind = "a perceptron"

    @property
    def n_inputs(self):
        """Number of parents."""
        return self.maps[0].n_inputs

    @property
    def n_outputs(self):
        """Number of units' inputs."""
        return self.maps[-1].n_outputs

    @property
    def n_products(self):
        """Number of weights of all maps."""
        return sum(each.n_products for each in self.maps)

    @property
    def n_terms(self):
        """Those of the last map."""
        return self.maps[-1].n_terms

    @property
    def n_scales(self):
        """Number of deterministic units whose scale the weights from them on make up for."""
        return sum(each.n_outputs for each in self.maps[:-1]) if self.activation == "relu" else 0

    def forward(self, parents, work=np, out=None):
        """Inputs of the units, (n_rows, n_units)."""
        *inner, last = self.maps
        for each in inner:
            parents = self._states(each.forward(parents, work))
        return last.forward(parents, work, out)

    def trace(self, parents, work=np):
        """The parents, the states of each deterministic layer, and the inputs of the units."""
        *inner, last = self.maps
        states = [parents]
        for each in inner:
            states.append(self._states(each.forward(states[-1], work)))
        return (*states, last.forward(states[-1], work))

    def gradient(self, parents, error, out, add=False):
        """Write, or add, the derivatives by all weights and intercepts to ``out``."""
        self.learn(self.trace(parents), error, out, add)

    def learn(self, trace, error, out, add=False, work=np):
        """Write, or add, the same for a `trace`."""
        self._descend(trace, error, out, add, work)

    def learn_and_pull(self, trace, error, out, add=False, work=np):
        """Do as `learn`, and return the derivatives by the parents, (n_rows, n_inputs)."""
        return self.maps[0].pullback(trace[0], self._descend(trace, error, out, add, work), work)

    def pullback(self, parents, error, work=np, out=None):
        """Derivatives by the parents, (n_rows, n_inputs) float32."""
        trace = self.trace(parents, work)
        error = self._descend(trace, error, None, False, work)
        return self.maps[0].pullback(parents, error, work, out)

    def _descend(self, trace, error, out, add, work):
        """The derivatives by what the first map makes; those by parameters go to ``out``, if any.

        error : the derivatives by the inputs of the units, (n_rows, n_units).
        """
        for number in range(len(self.maps) - 1, 0, -1):
            states, each = trace[number], self.maps[number]
            if out is not None:
                each.gradient(states, error, out.maps[number], add)
            error = self._through(each.pullback(states, error, work), states)
        if out is not None:
            self.maps[0].gradient(trace[0], error, out.maps[0], add)
        return error

    def _states(self, eta):
        """The states that inputs make, float32, in place."""
        (kernels.tanh_states if self.activation == "tanh" else kernels.relu_states)(eta)
        return eta

    def _through(self, error, states):
        """The derivatives by the inputs of states, from those by the states, in place."""
        through = kernels.tanh_errors if self.activation == "tanh" else kernels.relu_errors
        through(states, error)
        return error

    def _activate(self, eta):
        """The states that inputs in float64 make, in place."""
        if self.activation == "tanh":
            return np.tanh(eta, out=eta)
        return np.maximum(eta, 0, out=eta)

    def doubles(self, parents):
        """Inputs of the units in float64, (n_rows, n_units)."""
        *inner, last = self.maps
        for each in inner:
            parents = self._activate(each.doubles(parents))
        return last.doubles(parents)

    def extremes(self, lowest=0.0, highest=1.0):
        """Bounds of the inputs over all parents between two limits: outer ones, if it is deep."""
        for number, each in enumerate(self.maps):
            if number:
                lowest, highest = (self._activate(np.array(end)) for end in (lowest, highest))
            weights, intercept = (np.float64(part) for part in each.coefficients)
            lowest, highest = affine_extremes(weights, intercept, lowest, highest)
        return lowest, highest
