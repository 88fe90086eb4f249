"""Learning from the exact posterior: the gradient of the log-likelihood itself."""

import threading
from dataclasses import dataclass

import numpy as np

from .. import _tree
from ..inference import ExactPosterior, all_states
from ..layers import outer
from ..rows import Block
from ..units import Missing
from .memory import Memory
from .rule import COST_OF_A_FUNCTION, BeliefNetRule, weighted

_TABLE_ENTRIES = 2**21  # of rows and joint states, float64: 16 MB, of which two are held at most
_PART_ENTRIES = 2**18  # of states and features: 2 MB, of which up to eight are held besides


@dataclass(frozen=True)
class ExactLearning(BeliefNetRule):
    """All hidden states, weighted by p(h | x), teach a belief net.

    The step is the gradient of log p(x), sum_h p(h | x) d log p(x, h), by enumeration of all hidden
    states in float64: as of the generalised EM algorithm, of which it is a partial M-step (Neal &
    Hinton 1998). Nothing is drawn.

    References
    ----------
    Neal & Hinton (1998), A view of the EM algorithm that justifies incremental, sparse, and other
    variants, in Learning in graphical models.
    """

    def work_per_row(self, machine):
        """Cost of a row: each state makes a number of each feature."""
        return COST_OF_A_FUNCTION * machine.n_units[0] * 2**machine.n_hidden

    def make_memory(self, machine, rows):
        """A posterior that all blocks share; rows need no memory, as nothing of them is drawn."""
        return SharedPosterior()

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of log p(x), nats.

        wake, dream : not used; memory : a `SharedPosterior` that knows the machine, or None.
        """
        posterior = ExactPosterior(machine) if memory is None else memory.posterior(machine)
        values = x.todoubles()
        most = 2 ** np.isnan(values).sum(axis=1).max() if _has_completions(machine) else 1
        step = max(_TABLE_ENTRIES // (posterior.entries_per_row * int(most)), 1)
        part, log_likelihood = _tree.zeros_like(out.generation).tree, 0.0
        for target in _tree.leaves(out.generation):
            target[...] = 0
        for start in range(0, len(values), step):
            place = slice(start, start + step)
            weights = None if x.weights is None else x.weights[place]
            log_likelihood += _gradient(posterior, values[place], weights, part)
            for target, more in zip(_tree.leaves(out.generation), _tree.leaves(part), strict=True):
                target += more
        return log_likelihood


class SharedPosterior(Memory):
    """The posterior under the parameters of one step, which the first of its blocks makes."""

    is_of_one_step = True

    def __init__(self):
        self._found, self._lock = None, threading.Lock()

    def take(self, place):
        """The same for all rows."""
        return self

    def put(self, place, part):
        """Rows leave nothing behind."""

    def end_step(self, machine, result):
        """Forget: parameters have moved."""
        self._found = None

    def posterior(self, machine):
        """The `ExactPosterior` of the machine of this step."""
        with self._lock:
            self._found = self._found or ExactPosterior(machine)
        return self._found


def _gradient(posterior, values, row_weights, out):
    """Write the gradient of some rows to the chain ``out``; return the sum of log p(x).

    row_weights : (n_rows,), or None where each row counts once.
    """
    machine = posterior.machine
    values, rows = _completions(machine, values)
    weights, log_likelihood = _normalised(posterior.log_joint(Block(values)), rows)
    if row_weights is not None:
        weights *= row_weights[rows].reshape(-1, *[1] * (weights.ndim - 1))
    _hidden_gradient(machine, posterior.states, weights.sum(axis=0), out)
    if weights.ndim > 2:
        weights = weights.sum(axis=tuple(range(1, weights.ndim - 1)))
    _visible_gradient(machine.visible, values, posterior.states[0], weights, out)
    return float(weighted(log_likelihood, row_weights).sum())


def _has_completions(machine):
    """Whether what is missing of the data is enumerated, since units depend on it."""
    return machine.is_autoregressive and machine.visible.units.missing is Missing.SUMMED


def _completions(machine, values):
    """Rows with all that may be in place of missing values, and which row each is.

    Other rows, and where no unit depends on what is missing, as they are.
    """
    if not _has_completions(machine):
        return values, np.arange(len(values))
    completed, rows = [], []
    for number, row in enumerate(values):
        missing = np.isnan(row)
        states = all_states(np.count_nonzero(missing))
        parts = np.repeat(row[None], len(states), axis=0)
        parts[:, missing] = states
        completed.append(parts)
        rows += [number] * len(states)
    return np.concatenate(completed), np.array(rows)


def _normalised(log_joint, rows):
    """p(h | x) of each row or completion, and log p(x) of each row.

    The former take the place of log p(x, h), which are large.
    """
    flat = log_joint.reshape(len(rows), -1)
    highest = flat.max(axis=1)
    flat -= highest[:, None]
    np.exp(flat, out=flat)
    totals = highest + np.log(flat.sum(axis=1))
    log_likelihood = np.logaddexp.reduceat(totals, np.flatnonzero(np.diff(rows, prepend=-1)))
    flat *= np.exp(highest - log_likelihood[rows])[:, None]
    return flat.reshape(log_joint.shape), log_likelihood


def _hidden_gradient(machine, states, total, out):
    """The derivatives by what is above the data. total : sum of p(h | x), (2^n_L, ..., 2^n_1)."""
    prior, *conditionals = machine.generation.conditionals[:-1]
    prior_out, *outs = out.conditionals[:-1]
    top = total.ndim - 1
    one = np.ones((1, 0))
    pairs = [(prior, prior_out, one, states[-1], _marginal(total, [0])[None])]
    pairs += [
        (conditional, target, states[top - i], states[top - i - 1], _marginal(total, [i, i + 1]))
        for i, (conditional, target) in enumerate(zip(conditionals, outs, strict=True))
    ]
    for conditional, target, parents, children, weights in pairs:
        _table_gradient(conditional, target, parents, children, weights)


def _marginal(total, axes):
    """Sums of a table over all axes but some."""
    return total.sum(axis=tuple(axis for axis in range(total.ndim) if axis not in axes))


def _table_gradient(conditional, out, parents, children, weights):
    """The gradient of ``sum weight log p(child | parent)`` over a table of pairs of states.

    weights : (n_parents, n_children).
    """
    eta, expected = conditional.map.doubles(parents), conditional.units.expected
    if conditional.lateral is None:
        error = outer(weights, children) - weights.sum(axis=1)[:, None] * expected(eta)
    else:
        own = conditional.shifts(children)
        errors = weights[..., None] * (children - expected(eta[:, None] + own))
        error = errors.sum(axis=1)
        out.lateral.write_slopes(outer(conditional.units.shown(children).T, errors.sum(axis=0)))
    out.map.write_slopes(conditional.map.slopes(parents, error))


def _visible_gradient(visible, values, states, weights, out):
    """The derivatives by the parameters of the data. weights : (n_values, 2^n_1)."""
    out, d = out.conditionals[-1], values.shape[1]
    dispersion = visible.units.dispersion
    slopes, squares = 0.0, np.zeros(d)
    lateral = None if visible.lateral is None else np.zeros((d, d))
    for part in _parts(len(states), d):
        eta = visible.map.doubles(states[part])
        if lateral is None:
            error, more = _errors(visible, values, eta, weights[:, part])
        else:
            error, more = _own_errors(visible, values, eta, weights[:, part], lateral)
        squares += more
        slopes = slopes + visible.map.slopes(states[part], error)
    out.map.write_slopes(slopes / dispersion)
    if lateral is not None:
        out.lateral.write_slopes(lateral / dispersion)
    counts = outer(weights.sum(axis=1)[None], ~np.isnan(values))[0]
    visible.units.write_slopes(squares, counts, out.units)


def _parts(n, entries):
    """Slices of n things, so few that tables with some entries for each stay small."""
    step = max(_PART_ENTRIES // entries, 1)
    return [slice(start, start + step) for start in range(0, n, step)]


def _errors(visible, values, eta, weights):
    """Sums over rows of ``weight (x - E[x])`` under each state, and over both of the squares.

    eta : inputs under some states, (n_states, n_features); weights : (n_values, n_states). Returns
    (n_states, n_features) and (n_features,); the squares only of units that have parameters of
    their own, otherwise zeros. Rows enter by their sums, so that what a state expects is computed
    once for all of them.
    """
    seen, x = ~np.isnan(values), np.nan_to_num(values)
    totals = outer(weights.T, x)
    counts = weights.sum(axis=0)[:, None] if seen.all() else outer(weights.T, seen)
    means = visible.units.expected(eta)
    error = totals - counts * means
    if not _tree.leaves(visible.units):
        return error, np.zeros(len(eta[0]))
    known = outer(weights.sum(axis=1)[None], x * x)[0]
    return error, known - (means * (totals + error)).sum(axis=0)


def _own_errors(visible, values, eta, weights, lateral):
    """As `_errors`, where units see those before them, so that each row has errors of its own.

    ``lateral`` is added to: sums over rows and states of products of x and ``weight (x - E[x])``.
    """
    seen, x = ~np.isnan(values), np.nan_to_num(values)
    own, shown = visible.shifts(x), visible.units.shown(x)
    total, squares = np.zeros(eta.shape), np.zeros(eta.shape[1])
    for part in _parts(len(values), eta.size):
        difference = x[part, None] - visible.units.expected(eta + own[part, None])
        difference *= seen[part, None]
        errors = weights[part][..., None] * difference
        total += errors.sum(axis=0)
        squares += (errors * difference).sum(axis=(0, 1))
        lateral += outer(shown[part].T, errors.sum(axis=1))
    return total, squares
