"""Small nets of mixed columns, and what enumeration says of them.

The oracle goes by columns: their own distributions and codes in float64, and the definition of the
net. No kernel has a part in it.
"""

from dataclasses import dataclass

import numpy as np

from sklearn_helmholtz.columns import Binary, Categorical, Normal, Ordered
from sklearn_helmholtz.machines import BeliefNet, Helmholtz, initialise
from sklearn_helmholtz.models import BeliefNetModel, Encoding
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import Gaussian, Mixed
from tests import exact, naive

KINDS = ("categorical", "ordinal", "bit", "real", "normal", "count")


@dataclass(frozen=True)
class MixedNet:
    """A machine with recognition and its parameters for the oracle, exactly those of the machine.

    weights, intercepts, laterals : lists from the data upward; laterals : None of a plain net.
    """

    machine: Helmholtz
    columns: tuple
    weights: list
    intercepts: list
    laterals: list | None

    @property
    def net(self):
        """The same without recognition."""
        return BeliefNet(self.machine.generation)

    @property
    def units(self):
        return self.machine.visible.units

    def block(self, values):
        """Rows of values as a `Block`, NaN where missing."""
        return Block(self.units.shown(np.asarray(values, np.float64)), self.units.layout.code_means)


def make_column(kind, rng, n=60):
    weights = np.ones(n)
    if kind == "categorical":
        return Categorical.fit(rng.integers(0, 3, n).astype(float), weights, 3)
    if kind == "ordinal":
        return Ordered.fit_levels(rng.integers(0, 4, n).astype(float), weights, 4)
    if kind == "bit":
        return Binary.fit((rng.random(n) < 0.4).astype(float), weights)
    if kind == "real":
        return Ordered.fit_reals(np.round(rng.normal(3, 2, n), 1), weights)
    if kind == "count":
        return Ordered.fit_counts(rng.poisson(2, n).astype(float), weights)
    return Normal.fit(rng.normal(-1, 3, n), weights)


def make_net(n_hidden, kinds=KINDS[:5], autoregressive=False, scale=1.5, seed=0, dull=1.0):
    """A random net; n_hidden : units of the hidden layers upward; dull : factor of intercepts."""
    rng = np.random.default_rng(seed)
    columns = tuple(make_column(kind, rng) for kind in kinds)
    units, intercept = Mixed.of(columns)
    n_normal = int(units.layout.sizes[2])
    units = Mixed(units.layout, Gaussian.from_variance(rng.uniform(0.4, 2, n_normal)))
    sizes = (len(columns), *n_hidden)
    machine = initialise(sizes, units, intercept, rng, autoregressive)
    for chain in (machine.generation, machine.recognition):
        for conditional in chain.conditionals:
            _randomise(conditional, scale, rng)
            conditional.map.intercept[...] *= np.float32(dull)
    down = machine.generation.conditionals[::-1]
    laterals = [_double(c.lateral.weights) for c in down] if autoregressive else None
    return MixedNet(
        machine, columns, [_double(c.map.weights) for c in down[:-1]],
        [_double(c.map.intercept) for c in down], laterals,
    )  # fmt: skip


def _randomise(conditional, scale, rng):
    """Random weights and intercepts, in place; lateral ones only where a value is later."""
    arrays = [conditional.map.intercept, conditional.map.weights]
    if conditional.lateral is not None:
        arrays.append(conditional.lateral.weights)
    for array in arrays:
        if array is not None:
            array[...] = array + rng.normal(0, scale / 2, array.shape)
    if conditional.lateral is not None:
        layout, lateral = conditional.lateral.layout, conditional.lateral.weights
        if layout is None:
            lateral[...] = np.triu(lateral, 1)
        else:
            lateral[...] = lateral * (layout.code_columns[:, None] < layout.input_columns)


def make_values(net, n_rows, share_missing=0.0, seed=1):
    """Rows of values that columns may have, some of them missing."""
    rng, columns = np.random.default_rng(seed), net.columns
    values = np.empty((n_rows, len(columns)))
    for j, column in enumerate(columns):
        if column.is_discrete:
            values[:, j] = rng.integers(0, len(column.masses(np.zeros(column.n_inputs))), n_rows)
        elif isinstance(column, Normal):
            values[:, j] = column.centre + column.scale * rng.normal(size=n_rows)
        else:
            low, high = column.marginal.knots[[0, -1]]
            values[:, j] = column.on_grid(rng.uniform(low, high, n_rows))
    values[rng.random(values.shape) < share_missing] = np.nan
    return values


def log_visible(net, values, states):
    """Log p(value | h_1, earlier values) of each column of one row, nats; 0 where it is missing.

    states : (n_states, n_hidden), of all hidden layers; the result is (n_states, n_columns).
    """
    first = np.asarray(states, np.float64)[:, : len(net.weights[0])]
    units, layout = net.units, net.units.layout
    eta = net.intercepts[0] + first @ net.weights[0]
    if net.laterals is not None:
        eta = eta + code_of(net, values) @ net.laterals[0]
    terms, normal = np.zeros((len(eta), len(net.columns))), 0
    for j, column in enumerate(net.columns):
        more = ()
        if isinstance(column, Normal):
            more, normal = (float(units.normal.variance[normal]),), normal + 1
        if not np.isnan(values[j]):
            same = np.full(len(eta), values[j])
            terms[:, j] = column.log_prob(same, eta[:, layout.inputs_of(j)], *more)
    return terms


def code_of(net, values):
    """What later columns see of a row, in the order of the layout; nothing missing."""
    code = np.zeros(len(net.units.layout.code_columns))
    for j, column in enumerate(net.columns):
        bits, reals = column.code(values[j : j + 1])
        code[net.units.layout.codes_of(j)] = np.concatenate([bits[0], reals[0]])
    return code


def log_prior(net, h):
    """Log p(h) of all hidden units of a state, from the data upward, nats."""
    layers = np.split(np.asarray(h, np.float64), np.cumsum([len(w) for w in net.weights])[:-1])
    total = 0.0
    for number, layer in enumerate(layers, start=1):
        eta = net.intercepts[number].copy()
        if number < len(layers):
            eta = eta + layers[number] @ net.weights[number]
        if net.laterals is not None:
            eta = eta + layer @ net.laterals[number]
        total += naive.observed_log_prob(layer, eta)
    return total


def log_parts(net, values, h):
    """Log p(h), and log p(x | h) of what is observed of a row, nats."""
    return log_prior(net, h), log_visible(net, values, np.asarray(h)[None]).sum()


def states_of(net):
    """All hidden states, in the order of `exact.all_states`."""
    return exact.all_states(sum(len(weights) for weights in net.weights))


def all_log_parts(net, values):
    """The same of all hidden states, two arrays (n_states,)."""
    states = states_of(net)
    visible = log_visible(net, values, states).sum(axis=1)
    return np.array([log_prior(net, h) for h in states]), visible


def target(net, values, temperature=1.0):
    """p(h) p(x | h)^temperature, normalised, of all hidden states."""
    prior, visible = all_log_parts(net, values)
    log_weights = prior + temperature * visible
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum()


def log_likelihood(net, values):
    """Log p(x) of one row by enumeration, nats."""
    return np.logaddexp.reduce(sum(all_log_parts(net, values)))


def gibbs_chain(net, values, h, increments, betas, direction, uniforms):
    """States, log-weight and closest decision of one chain, as `naive_flat.gibbs_chain`."""
    state, log_weight, closest = np.asarray(h, np.float64).copy(), 0.0, np.inf
    for increment, beta, numbers in zip(increments, betas, uniforms, strict=True):
        log_weight += increment * log_parts(net, values, state)[1]
        for u in range(len(state))[::direction]:
            log_odds = 0.0
            for sign, value in ((-1, 0.0), (1, 1.0)):
                state[u] = value
                prior, visible = log_parts(net, values, state)
                log_odds += sign * (prior + beta * visible)
            p = naive.sigmoid(log_odds)
            closest = min(closest, abs(numbers[u] - p))
            state[u] = float(numbers[u] < p)
    return state, log_weight, closest


def _double(array):
    return np.array(array, np.float64)


def model_of(net, n_idle=0):
    """A fitted model of the net; n_idle : further units, see `with_idle_units`."""
    layout = net.units.layout
    encoding = Encoding(Mixed, layout, layout.code_means)
    return BeliefNetModel(encoding, with_idle_units(net, n_idle) if n_idle else net.machine)


def with_idle_units(net, n):
    """The machine of a plain net with n more units in the first layer, which generate nothing.

    The oracles leave them out, but machines of more than 14 hidden units are not enumerated.
    """
    rng, (first, *others) = np.random.default_rng(n), [len(weights) for weights in net.weights]
    sizes = (len(net.columns), first + n, *others)
    wide = initialise(sizes, net.units, net.intercepts[0], rng)
    pairs = zip(
        wide.generation.conditionals + wide.recognition.conditionals,
        net.machine.generation.conditionals + net.machine.recognition.conditionals,
        strict=True,
    )
    for conditional, own in pairs:
        for name in ("intercept", "weights"):
            target, source = getattr(conditional.map, name), getattr(own.map, name)
            if target is not None:
                target[...] = 0
                target[tuple(slice(size) for size in source.shape)] = source
    return wide
