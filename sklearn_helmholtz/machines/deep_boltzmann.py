"""The deep Boltzmann machine: layers in a row, even and odd ones making two sides."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ..layers import Affine
from .boltzmann import SPREAD, BaseRates, Boltzmann


@dataclass(frozen=True)
class DeepBoltzmann(Boltzmann):
    """``p(v, h_1, ..., h_L) = exp(sum_l b_l'h_l + sum_l h_l'W_l h_(l+1)) / Z``, with h_0 = v.

    Given its neighbours the units of a layer are independent, so that a whole side is independent
    given the other one: it is the `Boltzmann` machine between the even layers (v, h_2, h_4, ...),
    its *visible* side, and the odd ones (h_1, h_3, ...), whose even hidden layers are missing in
    every row. Of three hidden layers its weights and biases are

                 h_1   h_3
            v  ( W_0    0  )        visible : b_0, b_2;    hidden : b_1, b_3,
          h_2  ( W_1'  W_2 )

    and whatever is known of both sides of a `Boltzmann` machine holds: Z, Gibbs sampling by sides,
    annealing, sums over what is missing.

    sizes : (n_features, n_1, ..., n_L), units of each layer; base : of all even layers; the rest as
    of `Boltzmann`. Weights between layers that are no neighbours are zero, and stay zero.

    References
    ----------
    Salakhutdinov & Hinton (2009), Deep Boltzmann machines, AISTATS. Goodfellow, Bengio & Courville
    (2016), Deep Learning, 20.4.
    """

    sizes: tuple = ()

    @property
    def n_features(self):
        """Units of the data."""
        return self.sizes[0]

    @property
    def n_unseen(self):
        """Units of the even hidden layers, which no row ever shows."""
        return self.n_units[0] - self.sizes[0]

    @property
    def n_hidden(self):
        """Units of all hidden layers."""
        return sum(self.sizes[1:])

    @property
    def n_connections(self):
        """Number of weights between neighbouring layers."""
        return sum(below * above for below, above in itertools.pairwise(self.sizes))

    @property
    def n_parameters(self):
        """Free parameters of p(v), at most those of a table of all states."""
        free = self.n_connections + sum(self.sizes)
        return min(free, self.units.most_parameters(self.n_features))

    @property
    def uniform_loss(self):
        """Nats that a row costs units of which nothing is known."""
        return self.n_features * math.log(2)

    @property
    def present(self):
        """Whether units of both sides are in neighbouring layers; None if all are."""
        if len(self.sizes) <= 3:
            return None
        present = np.zeros(self.n_units, bool)
        for layer in range(len(self.sizes) - 1):
            present[self._block(layer)] = True
        return present

    def place(self, layer):
        """The units of a layer among those of its side, a slice."""
        return place_of(self.sizes, layer)

    def _block(self, layer):
        """Where the weights between a layer and the next are, rows and columns of a matrix."""
        even, odd = sorted((layer, layer + 1), key=lambda number: number % 2)
        return self.place(even), self.place(odd)

    def connections(self, layer):
        """Weights between a layer and the next, (n_units[layer], n_units[layer + 1]), a view."""
        weights = self.weights[self._block(layer)]
        return weights.T if layer % 2 else weights

    def intercept(self, layer):
        """Biases of a layer, a view."""
        side = self.hidden_intercept if layer % 2 else self.visible_intercept
        return side[self.place(layer)]

    def hidden_layers(self, even, odd):
        """States or means of the hidden layers from the data upward, of those of both sides."""
        sides = even, odd
        return [sides[n % 2][..., self.place(n)] for n in range(1, len(self.sizes))]

    def of_layers(self, layers):
        """Values of all hidden layers as those of the unseen columns and of the odd side."""
        even, odd = layers[1::2], layers[0::2]
        nothing = odd[0][:, :0]
        return np.concatenate([nothing, *even], axis=1), np.concatenate(odd, axis=1)


def place_of(sizes, layer):
    """The units of a layer of some sizes among those of its side, a slice."""
    start = sum(sizes[layer % 2 : layer : 2])
    return slice(start, start + sizes[layer])


def initialise_deep_boltzmann(sizes, intercept, rng):
    """A machine with small random weights that begins at the rates of the data.

    intercept : (n_features,), logits of smoothed means of the data.
    """
    weights = [rng.normal(0, SPREAD, pair) for pair in itertools.pairwise(sizes)]
    intercepts = [intercept, *map(np.zeros, sizes[1:])]
    return assemble_deep_boltzmann(weights, intercepts, intercept)


def assemble_deep_boltzmann(weights, intercepts, base):
    """A machine of arrays from the data upward, and logits of the rates of the data.

    weights : (n_units[l], n_units[l + 1]) between neighbours; intercepts : of each layer. Annealing
    begins with fair coins in even hidden layers.
    """
    sizes = tuple(len(intercept) for intercept in intercepts)
    n_even, n_odd = sum(sizes[0::2]), sum(sizes[1::2])
    whole = np.zeros((n_even, n_odd), np.float32)
    sides = [
        np.concatenate(part).astype(np.float32) for part in (intercepts[0::2], intercepts[1::2])
    ]
    logits = np.concatenate([base, np.zeros(n_even - sizes[0])]).astype(np.float32)
    machine = DeepBoltzmann(Affine(whole, sides[1]), sides[0], BaseRates(logits), sizes=sizes)
    for layer, own in enumerate(weights):
        machine.connections(layer)[...] = own
    return machine
