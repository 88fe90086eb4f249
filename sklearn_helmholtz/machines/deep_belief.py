"""The deep belief net: directed layers below, and a restricted Boltzmann machine on top."""

from dataclasses import dataclass, replace

import numpy as np

from ..layers import Affine, Conditional
from ..units import Bernoulli
from .boltzmann import initialise_boltzmann
from .chain import Chain
from .helmholtz import Helmholtz, initialise, recognition_chain
from .undirected_prior import UndirectedPrior


@dataclass(frozen=True)
class DeepBelief(Helmholtz):
    """``p(x | h_1) ... p(h_{L-2} | h_{L-1}) p(h_{L-1}, h_L)``, of which the last is undirected.

    The topmost layer is summed out: as a belief net it has the hidden layers h_1, ..., h_{L-1}, an
    `UndirectedPrior` of the last, and log-probabilities up to a constant, the log of the
    *partition function* Z of its `top`. Recognition guesses the same layers; the topmost one given
    the layer below is known exactly.

    References
    ----------
    Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, Neural
    Computation 18, 1527-1554. Goodfellow, Bengio & Courville (2016), Deep Learning, 20.3.
    """

    @property
    def undirected(self):
        """The `UndirectedPrior`."""
        return self.generation.conditionals[0]

    @property
    def top(self):
        """The `Boltzmann` machine of the two topmost layers."""
        return self.undirected.machine

    @property
    def hidden_sizes(self):
        """Units of all hidden layers, the topmost one among them, upward."""
        return *self.n_units[1:], self.top.n_units[1]

    @property
    def downward(self):
        """The conditionals that lead from the topmost layer down to the data."""
        return self.undirected.downward, *self.generation.conditionals[1:]

    def all_means(self, x):
        """Means of all hidden layers of a `Block`, each seeing those of the layer below."""
        means = self.recognition.means(self.seen(x))
        return [*means, self.undirected.upward.mean(means[-1])]


def assemble_deep_belief(coefs, intercepts, recognition, visible, top):
    """A machine of lists of arrays from the data upward, the units of the data, and its top.

    coefs, intercepts : of the directed layers, down to layers 0, 1, ...; recognition : a pair of
    the same of recognition; top : a `Boltzmann` machine.
    """
    families = [visible] + [Bernoulli()] * (len(coefs) - 1)
    down = [
        Conditional(Affine(weights, intercept), units)
        for weights, intercept, units in zip(coefs, intercepts, families, strict=True)
    ]
    layers = tuple(range(len(coefs), -1, -1))
    generation = Chain((UndirectedPrior(top), *down[::-1]), layers)
    return DeepBelief(generation, recognition_chain(*recognition))


def initialise_deep_belief(n_units, visible, visible_intercept, rng):
    """A machine with small random weights; n_units : of all layers, the data first."""
    *below, n_top = n_units
    net = initialise(below, visible, visible_intercept, rng)
    zeros = np.zeros(below[-1], np.float32)
    prior = UndirectedPrior(initialise_boltzmann(below[-1], n_top, zeros, rng))
    generation = replace(net.generation, conditionals=(prior, *net.generation.conditionals[1:]))
    return DeepBelief(generation, net.recognition)


def stack(machines):
    """The deep belief net of Boltzmann machines, each of which learnt states of the one below.

    All but the last one turn into directed layers: weights that generate and weights that
    recognise are copies that are no longer tied.
    """
    *below, top = machines
    coefs = [np.ascontiguousarray(machine.weights.T) for machine in below]
    intercepts = [machine.visible_intercept.copy() for machine in below]
    maps = [machine.recognition_map for machine in below]
    up = [m.weights.copy() for m in maps], [m.intercept.copy() for m in maps]
    return assemble_deep_belief(coefs, intercepts, up, below[0].units, top)
