"""The deterministic Helmholtz machine: both nets pass probabilities on, and nothing is drawn."""

import functools
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from ..layers import Affine, Competitive
from .chain import Chain
from .helmholtz import Helmholtz, initialise

ACTIVATIONS = ("competitive", "sigmoid")
_CENTRE, _SPREAD = -1.5, 1.5  # of free parameters before they learn: random weights are spread out
_ALWAYS = 0.05  # strength of the parents that are always on: causes would have nothing to explain
_OFF = -2.0  # log-odds of hidden units


@dataclass(frozen=True)
class DeterministicHelmholtz(Helmholtz):
    """A Helmholtz machine that learns by the probabilities of its units in place of their states.

    As a density it is the stochastic machine of the same conditionals. *Means* are deterministic:
    q_0 is a row as recognition sees it, q_l the probabilities of layer l given q_{l-1}. Its maps
    have `derivatives`, and where the activation is competitive those of binary units below another
    layer are `Competitive`.

    References
    ----------
    Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904.
    """

    @functools.cached_property
    def activation(self):
        """Word of `ACTIVATIONS` for the maps of binary units, None where there are none."""
        below = [c.map for c in self.generation.conditionals[1:] if c.units.is_binary]
        if not below:
            return None
        return "competitive" if isinstance(below[0], Competitive) else "sigmoid"

    def infer(self, x):
        """Deterministic pass of a `Block` of rows through both nets, `Means`, all in float64."""
        upward, means = [], [self.seen_doubles(x)]
        for conditional in self.recognition.conditionals:
            upward.append(conditional.map.doubles(means[-1]))
            means.append(expit(upward[-1]))
        down = self.generation.conditionals[::-1]
        parents = [*means[1:], None]
        downward = [c.map.doubles(q) for c, q in zip(down, parents, strict=True)]
        return Means(means, upward, downward)

    def losses(self, x, means):
        """F of a `Block` of rows and their `Means`, (n_rows,) nats.

        ``sum_l sum_j q log(q / p) + (1 - q) log((1 - q) / (1 - p))`` of the hidden layers, plus
        minus the log-probability of what is observed of the data given the means above.
        """
        down = self.generation.conditionals[::-1]
        values = [x.todoubles(), *means.values[1:]]
        total = np.zeros(len(x))
        for conditional, value, eta in zip(down, values, means.downward, strict=True):
            total -= conditional.units.paired(value, eta)
        for conditional, value, eta in zip(
            self.recognition.conditionals, values[1:], means.upward, strict=True
        ):
            total += conditional.units.paired(value, eta)
        return total


@dataclass(frozen=True)
class Means:
    """Values of one deterministic pass: of all layers from the data upward, float64.

    values : q_0, ..., q_L, (n_rows, n_units); upward : inputs of the hidden units from recognition,
    whose sigmoids q_1, ..., q_L are; downward : inputs of the units of layers 0, ..., L from
    generation, those of the top layer in one row.
    """

    values: list
    upward: list
    downward: list


def as_deterministic(machine, activation, competitive=Competitive):
    """The deterministic machine of a Helmholtz machine whose maps are affine.

    activation : one of `ACTIVATIONS`; competitive : what makes the map of a layer of binary units
    below another one, of the weights and the intercept of an affine one, where they compete.
    """
    prior, *others = machine.generation.conditionals
    if activation == "competitive":
        others = [
            replace(c, map=competitive(*c.map.coefficients)) if c.units.is_binary else c
            for c in others
        ]
    chain = Chain((prior, *others), machine.generation.layers)
    return DeterministicHelmholtz(chain, machine.recognition)


def initialise_deterministic(n_units, visible, visible_intercept, rng, activation):
    """A deterministic machine with small random weights, as `initialise`.

    Hidden units are off most of the time: where many are on from the start, all come to explain a
    little of everything. Where parents compete, they are weak. All else starts the same for both
    activations.
    """
    machine = _quiet(initialise(n_units, visible, visible_intercept, rng))
    return as_deterministic(machine, activation, _weak)


def _weak(weights, intercept):
    """A competitive map of weak parents, one of them always on; weights : random."""
    always = Competitive.of_strengths(np.zeros(weights.shape), np.full(len(intercept), _ALWAYS))
    return Competitive((_CENTRE + _SPREAD * weights).astype(np.float32), always.intercept)


def _quiet(machine):
    """A Helmholtz machine whose hidden units are off most of the time, in both nets."""
    prior, *others = machine.generation.conditionals
    up = [_with_intercept(c, _OFF) for c in machine.recognition.conditionals]
    down = [_with_intercept(prior, _OFF), *others]
    return replace(
        machine,
        generation=replace(machine.generation, conditionals=tuple(down)),
        recognition=replace(machine.recognition, conditionals=tuple(up)),
    )


def _with_intercept(conditional, value):
    """A conditional of an affine map, with the same intercept for all units."""
    weights, intercept = conditional.map.coefficients
    return replace(conditional, map=Affine(weights, np.full_like(intercept, value)))
