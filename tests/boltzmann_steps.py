"""Steps of rules of Boltzmann machines, and what enumeration says of them."""

import numpy as np
from scipy.special import expit

from sklearn_helmholtz import _keys, _tree
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.learning.chains import Share
from sklearn_helmholtz.learning.memory import RowState
from sklearn_helmholtz.rows import Block, Lists
from tests import cases
from tests.boltzmann_machines import joint_given, log_joint_table, moments, states

ROWS = np.array([[1, 0, 0, 1, 1, 0], [0, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 1]], np.uint8)
WEIGHTS = np.array([0.5, 3.0, 1.25])


def with_gaps(rows):
    """The same rows, and some of their values missing."""
    values = rows.astype(np.float32)
    values[0, [1, 4]] = values[2, [0, 3, 5]] = np.nan
    return values


def block_of(form, weights=None):
    """A block of the rows in a form."""
    values, fill = ROWS, None
    if form == "fractions":
        values = np.float32(0.1 + 0.7 * ROWS)
    if form == "listed":
        values = Lists.from_dense(ROWS)
    if form in ("gaps", "listed gaps"):
        values, fill = with_gaps(ROWS), np.full(6, 0.5, np.float32)
        values = Lists.from_dense(values) if form == "listed gaps" else values
    return Block(values, fill, weights)


def draws_of(n_rows, step, purpose):
    """Random numbers of a step, with an address for each row."""
    addresses = _keys.training_addresses(step, 0, n_rows)
    return Draws(_keys.key(cases.SEED, purpose), addresses)


def step_of(rule, machine, x, share=None, step=1, work=np):
    """The step of a block, an array of the parameters, and its objective."""
    out = cases.empty_gradient(machine)
    wake, dream = (draws_of(len(x), step, p) for p in (Purpose.WAKE, Purpose.DREAM))
    objective = rule.gradient(machine, x, wake, dream, out, work, share)
    return flat(out), objective


def flat(machine):
    """W, c and b of a machine, or of its gradient, as one float64 vector."""
    return np.concatenate([leaf.ravel() for leaf in _tree.leaves(machine)]).astype(np.float64)


def stationary_hidden(machine, n_chains, rng):
    """Hidden states drawn from the machine, by enumeration."""
    return hidden_given(machine, [np.full(machine.n_units[0], np.nan)], rng, n_chains)[:, 0]


def hidden_given(machine, rows, rng, n_draws):
    """Hidden states drawn given what is observed of rows, (n_draws, n_rows, n_hidden)."""
    h, drawn = states(machine.n_units[1]).astype(np.uint8), []
    for row in rows:
        p = joint_given(machine, row).sum(axis=0)
        drawn.append(h[rng.choice(len(p), n_draws, p=p)])
    return np.stack(drawn, axis=1)


def flat_moments(machine, joint):
    """``<v h'>``, ``<h>`` and ``<v>`` in the order of `flat`."""
    products, visible, hidden = moments(machine, joint)
    return np.concatenate([products.ravel(), hidden, visible])


def positive(machine, row):
    """Expected statistics given what is observed of a row; of fractions, as of expectations."""
    row = np.asarray(row, np.float64)
    if not np.isnan(row).any():
        hidden = expit(machine.hidden_intercept + row @ machine.weights.astype(np.float64))
        return np.concatenate([np.outer(row, hidden).ravel(), hidden, row])
    return flat_moments(machine, joint_given(machine, row))


def negative(machine):
    """Expected statistics of the machine."""
    table = log_joint_table(machine)
    p = np.exp(table - table.max())
    return flat_moments(machine, p / p.sum())


def slope(machine, X, weights=None):
    """The exact gradient of the weighted sum of log p(x), by enumeration."""
    weights = np.ones(len(X)) if weights is None else weights
    total = sum(w * positive(machine, row) for w, row in zip(weights, X, strict=True))
    return total - weights.sum() * negative(machine)


def share_of(hidden, gaps=None, **more):
    """What a block sees; gaps : hidden states of the chains of rows, all of which were seen."""
    state = None if gaps is None else RowState(np.ones(len(gaps), bool), [gaps])
    return Share(hidden, gaps=state, **more)


def kernel_of(machine):
    """Probabilities of hidden states after a sweep, and of the data in between: two matrices."""
    v, h = (states(n) for n in machine.n_units)
    W, c, b = (np.asarray(part, np.float64) for part in _tree.leaves(machine))
    down, up = expit(b + h @ W.T), expit(c + v @ W)
    to_data = np.array([[np.prod(np.where(x, p, 1 - p)) for x in v] for p in down])
    to_hidden = np.array([[np.prod(np.where(y, p, 1 - p)) for y in h] for p in up])
    return to_data, to_hidden
