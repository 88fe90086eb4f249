"""The Helmholtz machine: a generative chain and a recognition chain over the same layers."""

import itertools
from dataclasses import dataclass

import numpy as np

from ..layers import Affine, Conditional
from ..rows import Block, Coded, Lists
from ..units import Bernoulli
from .belief_net import BeliefNet, generative_chain, glorot, initialise_net
from .chain import Chain


@dataclass(frozen=True)
class Helmholtz(BeliefNet):
    """A belief net and its approximate posterior, q(h_1 | x) ... q(h_L | h_{L-1}).

    recognition : the chain from the data up.

    References
    ----------
    Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904.
    """

    recognition: Chain

    @property
    def n_connections(self):
        """Weights between layers, of both chains."""
        return 2 * super().n_connections

    def seen(self, x):
        """A `Block` of data as recognition sees it: an array, `Lists` or `Coded`."""
        return self.visible.units.shown(x.filled)

    def seen_doubles(self, x):
        """The same as an array of float64."""
        seen = self.seen(x)
        code = seen.code if isinstance(seen, Coded) else Block(seen).toarray()
        return np.ascontiguousarray(code, np.float64)

    def seen_dreams(self, x, dreamt):
        """Dreamt data, an array, as recognition sees them: missing what the rows of x miss.

        Lists, like the rows, where these are lists and few of the values dreamt are not zero.
        """
        seen = self.visible.units.shown(x.mask_like(dreamt))
        return Lists.where_short(seen) if x.is_listed else seen

    def recognise(self, x, draws, work=np, eta=None, references=None):
        """Sample the hidden layers given a `Block` of data: values, and log q(h | x).

        eta : the inputs of the first of them, where they are known; references : see `Chain`.
        """
        log_prob = work.empty((draws.n_rows,), np.float64)
        log_prob[:] = 0
        _, *hidden = self.recognition.sample(self.seen(x), draws, log_prob, work, eta, references)
        return (x, *hidden), log_prob


def assemble(
    generative_coefs, generative_intercepts, recognition_coefs, recognition_intercepts, visible,
    generative_lateral_coefs=None, nade=None,
):  # fmt: skip
    """A machine from lists of arrays, from the data upward, and the units of the data.

    nade : as of `generative_chain`.
    """
    generation = generative_chain(
        generative_coefs, generative_intercepts, visible, generative_lateral_coefs, nade
    )
    return Helmholtz(generation, recognition_chain(recognition_coefs, recognition_intercepts))


def recognition_chain(coefs, intercepts):
    """The recognition chain of lists of arrays, from the data upward."""
    up = [
        Conditional(Affine(weights, intercept), Bernoulli())
        for weights, intercept in zip(coefs, intercepts, strict=True)
    ]
    return Chain(tuple(up), tuple(range(1, len(up) + 1)))


def initialise(
    n_units, visible, visible_intercept, rng, autoregressive=False, n_conditional_units=0
):
    """A machine with small random weights, generative ones as in `initialise_net`.

    n_units : columns of the data, and units of each hidden layer upward; visible_intercept :
    (n_inputs,).
    """
    net = initialise_net(
        n_units, visible, visible_intercept, rng, autoregressive, n_conditional_units
    )
    sizes = (visible.n_shown(n_units[0]), *n_units[1:])
    coefs = [glorot(below, above, rng) for below, above in itertools.pairwise(sizes)]
    recognition = recognition_chain(coefs, [np.zeros(n, np.float32) for n in n_units[1:]])
    return Helmholtz(net.generation, recognition)
