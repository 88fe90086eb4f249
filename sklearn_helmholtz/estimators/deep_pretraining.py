"""Layer-wise pretraining of deep Boltzmann machines."""

import itertools
from dataclasses import replace

import numpy as np
import scipy.sparse

from .. import _keys
from .._keys import Draws, Purpose
from ..distributed import ChunkedRows
from ..layers import Affine
from ..learning import PersistentLearning, TiedLearning
from ..learning.gaps import complete
from ..learning.half_sweeps import begin, sample_hidden
from ..machines import (
    assemble_boltzmann,
    assemble_deep_boltzmann,
    initialise_boltzmann,
)
from ..rows import Table, split_evenly
from ..units import Bernoulli

_SWEEPS = 10  # of the chains of rows with gaps, before their hidden states are taken
_FEWEST_ROWS = 256


def pretrained(machine, rows, seed, learn, make_rule):
    """A `DeepBoltzmann` whose layers have learnt one after the other, from restricted machines.

    What each hidden layer gets in the deep machine from above and from below, it gets in a
    restricted one from one side alone, so that this side has to be there twice: the first machine
    has two copies of the data, the last one two of the top layer, whose weights are tied, and
    weights in between are halved (Salakhutdinov & Hinton 2009, section 3.1). Biases of a layer are
    the mean of those that both of its machines found. Where the top layer of two is as large as
    the data, it takes the place of the second copy of these, and the deep machine is exactly the
    first restricted one, whose second copy nobody sees.

    rows : a `Table` to learn from; seed : of random numbers; learn : a function of (machine, rule,
    rows, seed) that trains a restricted machine; make_rule : of a class of rules and keyword
    arguments.
    """
    sizes, n_layers = machine.sizes, len(machine.sizes) - 1
    rng = _keys.generator(seed, Purpose.INITIALISE, 0)
    rule, twice = make_rule(TiedLearning, axis=0), _twice(rows)
    found = learn(_doubled(machine, rng), rule, twice, _own(seed, 1))
    n = machine.n_features
    weights, below = [found.weights[:n]], [found.hidden_intercept]
    above = [found.visible_intercept[:n]]
    if n_layers == 2 and sizes[2] == n:
        biases = [above[0], below[0], above[0]]
        return assemble_deep_boltzmann([*weights, weights[0].T], biases, machine.base.logits[:n])
    states = _hidden_states(found, twice, _own(seed, 1))
    for layer in range(1, n_layers):
        table = Table(states, is_binary=True, weights=_weights(rows))
        is_top, own = layer == n_layers - 1, _own(seed, layer + 1)
        start = _restricted(table, sizes[layer + 1], is_top, rng)
        rule = make_rule(TiedLearning, axis=1) if is_top else make_rule(PersistentLearning)
        found = learn(start, rule, table, own)
        above.append(found.visible_intercept)
        n = sizes[layer + 1]
        weights.append(found.weights[:, :n] if is_top else found.weights / 2)
        below.append(found.hidden_intercept[:n])
        states = None if is_top else _hidden_states(found, table, own)
    inner = [(one + other) / 2 for one, other in zip(below, above[1:], strict=False)]
    return assemble_deep_boltzmann(
        weights, [above[0], *inner, below[-1]], machine.base.logits[: machine.n_features]
    )


def _doubled(machine, rng):
    """A restricted machine with two copies of the data of a deep one, not yet trained."""
    bias, n_hidden = machine.intercept(0), machine.sizes[1]
    start = initialise_boltzmann(machine.n_features, n_hidden, bias, rng)
    both = np.concatenate([bias, bias])
    return assemble_boltzmann(
        np.concatenate([start.weights, start.weights]), start.hidden_intercept, both, both
    )


def _restricted(table, n_hidden, is_doubled, rng):
    """A restricted machine of states of a layer; is_doubled : with two copies of hidden units."""
    means = np.average(table.data, axis=0, weights=table.weights)
    _, intercept = Bernoulli.initial(means, np.float64(len(table)))
    start = initialise_boltzmann(table.data.shape[1], n_hidden, intercept, rng)
    if not is_doubled:
        return start
    both = np.concatenate([start.hidden_intercept] * 2)
    upward = Affine(np.concatenate([start.weights] * 2, axis=1), both)
    return replace(start, upward=upward)


def _twice(rows):
    """The rows of a table, each of which has all columns twice."""
    fill = None if rows.fill_values is None else np.concatenate([rows.fill_values] * 2)
    if isinstance(rows.data, ChunkedRows):
        return replace(rows, data=rows.data.mapped(side_by_side), fill_values=fill)
    data = side_by_side(rows.own_data)
    return replace(rows, data=data, chosen=None, fill_values=fill, weights=_weights(rows))


def side_by_side(data):
    """An array or a CSR matrix and a copy of it to the right."""
    if scipy.sparse.issparse(data):
        return scipy.sparse.hstack([data, data], format="csr")
    return np.concatenate([data, data], axis=1)


def _weights(rows):
    """Weights of the rows that count, or None."""
    return None if rows.weights is None else rows.row_weights


def _own(seed, stage):
    """A seed of a stage's own."""
    words = _keys.generator(seed, Purpose.INITIALISE, stage).integers(0, 2**32, 4)
    return tuple(int(word) for word in words)


def _hidden_states(machine, rows, seed):
    """Hidden states drawn given the rows of a table, (n_rows, n_hidden) uint8."""
    key = _keys.key(seed, Purpose.SAMPLE)
    states = np.empty((len(rows), machine.n_units[1]), np.uint8)
    limits = split_evenly(len(rows), machine.n_weights, _FEWEST_ROWS)
    for start, stop in itertools.pairwise(limits):
        x, addresses = rows.take(slice(start, stop)), np.arange(start, stop, dtype=np.uint64)
        hidden = None
        if x.has_missing:
            hidden = begin(machine, key, addresses, x.toarray())
        for number in range(_SWEEPS if x.has_missing else 1):
            draws = Draws(key, addresses, 1, number)
            own = x if hidden is None else complete(machine, x, draws, hidden)[0]
            hidden = sample_hidden(machine, machine.hidden_eta(own.values), draws)
        states[start:stop] = hidden
    return states
