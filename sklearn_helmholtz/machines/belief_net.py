"""The sigmoid belief net: layers of hidden units above the data."""

import functools
import itertools
from dataclasses import dataclass, fields

import numpy as np

from ..layers import Affine, Conditional, Lateral, Nade
from ..rows import Block
from ..units import Bernoulli
from .chain import Chain


@dataclass(frozen=True)
class BeliefNet:
    """p(h_L) ... p(h_1 | h_2) p(x | h_1).

    generation : the chain from the prior of the top layer down to the data. *Values* are the tuple
    (x, h_1, ..., h_L), from the data upward; x is a `Block` and may have fewer rows than the hidden
    layers, whose particles then share it.

    References
    ----------
    Neal (1992), Connectionist learning of belief networks, Artificial Intelligence 56, 71-113.
    """

    generation: Chain

    def __getstate__(self):
        """The fields: pickles do not depend on what was asked before."""
        names = {field.name for field in fields(self)}
        return {name: value for name, value in vars(self).items() if name in names}

    @functools.cached_property
    def n_units(self):
        """Units of each layer, from the data upward."""
        return tuple(c.n_units for c in reversed(self.generation.conditionals))

    @property
    def n_hidden(self):
        """Hidden units of all layers."""
        return sum(self.n_units[1:])

    @functools.cached_property
    def hidden_forms(self):
        """Pairs of the size and the type of the states of each hidden layer, upward."""
        layers = self.generation.conditionals[-2::-1]
        return [(layer.n_units, layer.units.dtype) for layer in layers]

    @property
    def visible(self):
        """p(x | h_1)."""
        return self.generation.conditionals[-1]

    @functools.cached_property
    def is_autoregressive(self):
        """Whether the units of the data depend on those before them."""
        return self.visible.lateral is not None

    @property
    def n_connections(self):
        """Weights between layers."""
        return sum(c.n_connections for c in self.generation.conditionals)

    @property
    def is_normalised(self):
        """Whether log p(h) is known, and hidden layers can be drawn one after the other."""
        return self.generation.conditionals[0].is_normalised

    @functools.cached_property
    def n_weights(self):
        """The work that a row makes: lateral products are made whole."""
        laterals = [c.lateral for c in self.generation.conditionals if c.lateral is not None]
        return self.n_connections + 2 * sum(lateral.n_products for lateral in laterals)

    @property
    def n_parameters(self):
        """Free parameters of p(x): of the generative chain, which may have more than p(x) needs.

        A layer together with all above it counts at most as a table of its states.
        """
        free = 0
        for conditional, n in zip(self.generation.conditionals, self.n_units[::-1], strict=True):
            free = min(free + conditional.n_parameters, conditional.units.most_parameters(n))
        return free

    @property
    def uniform_loss(self):
        """Nats that a row costs units of which nothing is known."""
        return sum(c.units.ignorance * c.n_units for c in self.generation.conditionals)

    def can(self, ability, missing=False):
        """Whether every layer has an `Ability`; missing : also where values of the data are."""
        return self._unable(ability) is None and (not missing or self.can_complete(ability))

    def can_complete(self, ability):
        """Whether an ability reaches to missing values, on which other units may depend."""
        return self.visible.completes(ability)

    def require(self, ability, asked="This"):
        """A ValueError that names a layer which lacks an `Ability`; asked : who needs it."""
        unable = self._unable(ability)
        if unable is not None:
            layer, name = unable
            where = f"hidden layer {layer}" if layer else "the layer of the data"
            raise ValueError(f"{asked} needs {ability}, which {where} does not allow: {name}.")

    def _unable(self, ability):
        """The number of the first layer without an ability and what it lacks it for, or None."""
        for layer, conditional in enumerate(reversed(self.generation.conditionals)):
            trouble = conditional.lacks(ability, is_hidden=layer > 0)
            if trouble is not None:
                return layer, trouble
        return None

    def dream(self, draws, work=np):
        """Sample everything from the generative chain: states, arrays, and log p(x, h)."""
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

    def observe(self, values, draws, work=np, references=None):
        """Log p(h) and log p(x | h) of each row in nats, and the values with nothing missing.

        In an autoregressive machine, units depend on missing ones before them: those are drawn, and
        there is a row of data for each row of the hidden layers; log p(x | h) is that of what is
        observed, given all before it. In others what is missing stays so. draws : of the rows of
        the hidden layers; not needed where nothing is missing. references : those that the hidden
        layers are near, from the data upward, or None.
        """
        path, near = downward(values), references or [None] * len(values[1:])
        log_prior, log_visible = (work.empty((len(values[-1]),), np.float64) for _ in range(2))
        log_prior[:], log_visible[:] = 0, 0
        self.prior.log_prob(path[:-1], log_prior, work, None, (None, *near[:0:-1]))
        x = self.visible.observe_given(values[1], values[0], draws, 0, log_visible, work, near[0])
        block = values[0] if x is values[0].values else Block(x)
        return log_prior, log_visible, (block, *values[1:])


def has_recognition(net):
    """Whether a belief net comes with a recognition chain."""
    return hasattr(net, "recognition")


def downward(values):
    """Values, from the data upward, as a path of the generative chain."""
    return (None, *reversed(values))


def generative_chain(coefs, intercepts, visible, laterals=None, nade=None):
    """The generative chain of lists of arrays, from the data upward, and the units of the data.

    nade : of the data of an autoregressive net, a `Nade` or None.
    """
    top = len(coefs)
    families = [visible] + [Bernoulli()] * top
    coefs, laterals = [*coefs, None], laterals or [None] * (top + 1)
    down = [
        Conditional(
            Affine(coefs[layer], intercepts[layer]), families[layer],
            None
            if laterals[layer] is None
            else Lateral(laterals[layer], families[layer].order, None if layer else nade),
        )
        for layer in range(top, -1, -1)
    ]  # fmt: skip
    return Chain(tuple(down), tuple(range(top, -1, -1)))


def initialise_net(
    n_units, visible, visible_intercept, rng, autoregressive=False, n_conditional_units=0
):
    """A belief net with small random weights: uniform as in Glorot & Bengio (2010).

    Intercepts are zero, but for those of the data, (n_inputs,). Zero weights everywhere would be
    a stationary point of the exact gradient by symmetry; lateral weights, which an autoregressive
    net has, break none and start at zero. n_units : columns of the data, and units of each hidden
    layer upward; n_conditional_units : deterministic units by which columns depend on earlier ones.
    """
    n_columns, *n_hidden = n_units
    sizes = (visible.n_inputs(n_columns), *n_hidden)
    coefs = [glorot(above, below, rng) for below, above in itertools.pairwise(sizes)]
    zeros = [np.zeros(n, np.float32) for n in n_hidden]
    intercepts = [np.asarray(visible_intercept, np.float32), *zeros]
    laterals = None
    if autoregressive:
        shapes = [(visible.n_shown(n_columns), sizes[0]), *((n, n) for n in n_hidden)]
        laterals = [np.zeros(shape, np.float32) for shape in shapes]
    nade = Nade.initial(sizes[0], n_conditional_units, rng) if n_conditional_units else None
    return BeliefNet(generative_chain(coefs, intercepts, visible, laterals, nade))


def glorot(n_in, n_out, rng):
    """Weights (n_in, n_out) uniform between plus and minus the root of 6 / (n_in + n_out)."""
    limit = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_in, n_out)).astype(np.float32)
