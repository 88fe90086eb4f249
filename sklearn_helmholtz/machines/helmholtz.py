"""The Helmholtz machine: a generative chain and a recognition chain over the same layers."""

import functools
import itertools
from dataclasses import dataclass

import numpy as np

from .._incomplete import fill
from ..layers import Affine, Conditional, Lateral
from ..units import Bernoulli
from .chain import Chain


@dataclass(frozen=True)
class Helmholtz:
    """p(h_L) ... p(h_1 | h_2) p(x | h_1) and q(h_1 | x) ... q(h_L | h_{L-1}).

    generation : the chain from the prior of the top layer down to the data; recognition : the
    chain from the data up. *Values* are the tuple (x, h_1, ..., h_L), from the data upward; x may
    have fewer rows than the hidden layers, whose particles then share it, and gaps.

    References
    ----------
    Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904.
    """

    generation: Chain
    recognition: Chain

    @functools.cached_property
    def n_units(self):
        """Units of each layer, from the data upward."""
        return tuple(len(c.affine.intercept) for c in reversed(self.generation.conditionals))

    @property
    def visible(self):
        """p(x | h_1)."""
        return self.generation.conditionals[-1]

    @functools.cached_property
    def is_autoregressive(self):
        """Whether the units of a generative layer depend on those before them."""
        return self.visible.lateral is not None

    @property
    def n_connections(self):
        """Weights between layers, of both chains."""
        return 2 * sum(a * b for a, b in itertools.pairwise(self.n_units))

    @property
    def n_lateral_weights(self):
        """Weights within layers."""
        return sum(n * (n - 1) // 2 for n in self.n_units) if self.is_autoregressive else 0

    @functools.cached_property
    def n_weights(self):
        """The work that a row makes: lateral products are made whole."""
        return self.n_connections + 2 * self.n_lateral_weights

    def recognise(self, x, draws, work=np):
        """Sample the hidden layers given the data: values, and log q(h | x)."""
        log_prob = work.empty((draws.n_rows,), np.float64)
        log_prob[:] = 0
        _, *hidden = self.recognition.sample(fill(x), draws, log_prob, work)
        return (x, *hidden), log_prob

    def dream(self, draws, work=np):
        """Sample everything from the generative chain: values and log p(x, h)."""
        log_prob = work.empty((draws.n_rows,), np.float64)
        log_prob[:] = 0
        path = self.generation.sample(None, draws, log_prob, work)
        return path[:0:-1], log_prob

    def imagine(self, draws, work=np):
        """Sample the hidden layers from their prior: (h_1, ..., h_L) and log p(h)."""
        log_prob = work.empty((draws.n_rows,), np.float64)
        log_prob[:] = 0
        path = self.prior.sample(None, draws, log_prob, work)
        return path[:0:-1], log_prob

    @functools.cached_property
    def prior(self):
        """The generative chain of the hidden layers alone: p(h)."""
        return Chain(self.generation.conditionals[:-1], self.generation.layers[:-1])

    def log_parts(self, values, work=np):
        """Log p(h) and log p(x | h) of each row in nats."""
        return self.observe(values, None, work)[:2]

    def observe(self, values, draws, work=np):
        """Log p(h) and log p(x | h) of each row in nats, and the values without gaps.

        In an autoregressive machine, units depend on missing ones before them: those are drawn, and
        there is a row of data for each row of the hidden layers; log p(x | h) is that of what is
        observed, given all before it. In others gaps stay. draws : of the rows of the hidden
        layers; not needed where there are no gaps.
        """
        path = downward(values)
        log_prior, log_visible = (work.empty((len(values[-1]),), np.float64) for _ in range(2))
        log_prior[:], log_visible[:] = 0, 0
        self.prior.log_prob(path[:-1], log_prior, work)
        eta = self.visible.eta(values[1], work)
        x, _ = self.visible.observe(values[0], eta, draws, 0, log_visible, work)
        return log_prior, log_visible, (x, *values[1:])


def downward(values):
    """Values, from the data upward, as a path of the generative chain."""
    return (None, *reversed(values))


def assemble(
    generative_coefs, generative_intercepts, recognition_coefs, recognition_intercepts, visible,
    generative_lateral_coefs=None,
):  # fmt: skip
    """A machine from lists of arrays, from the data upward, and the units of the data."""
    top = len(generative_coefs)
    families = [visible] + [Bernoulli()] * top
    coefs, laterals = [*generative_coefs, None], [None] * (top + 1)
    if generative_lateral_coefs is not None:
        laterals = [Lateral(weights) for weights in generative_lateral_coefs]
    down = [
        Conditional(
            Affine(coefs[layer], generative_intercepts[layer]), families[layer], laterals[layer]
        )
        for layer in range(top, -1, -1)
    ]
    up = [
        Conditional(Affine(weights, intercept), Bernoulli())
        for weights, intercept in zip(recognition_coefs, recognition_intercepts, strict=True)
    ]
    return Helmholtz(
        Chain(tuple(down), tuple(range(top, -1, -1))), Chain(tuple(up), tuple(range(1, top + 1)))
    )


def initialise(n_units, visible, visible_intercept, rng, autoregressive=False):
    """A machine with small random weights: uniform as in Glorot & Bengio (2010), zero intercepts.

    Zero weights everywhere would be a stationary point of the exact gradient by symmetry; lateral
    weights, which an autoregressive machine has, break none and start at zero.
    n_units : units of each layer from the data upward; visible_intercept : (n_features,).
    """
    pairs = list(itertools.pairwise(n_units))
    generative = [_glorot(above, below, rng) for below, above in pairs]
    recognition = [_glorot(below, above, rng) for below, above in pairs]
    zeros = [np.zeros(n, np.float32) for n in n_units[1:]]
    intercepts = [np.asarray(visible_intercept, np.float32), *zeros]
    laterals = [np.zeros((n, n), np.float32) for n in n_units] if autoregressive else None
    return assemble(
        generative, intercepts, recognition, [z.copy() for z in zeros], visible, laterals
    )


def _glorot(n_in, n_out, rng):
    limit = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_in, n_out)).astype(np.float32)
