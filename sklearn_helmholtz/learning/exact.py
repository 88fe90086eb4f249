"""Learning from the exact posterior: the gradient of the log-likelihood itself."""

import threading
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from .. import _tree
from .._incomplete import observed
from ..inference import ExactPosterior
from ..inference.states import all_states, inputs, outer
from ..units import Bernoulli, Gaussian
from .costs import OF_A_FUNCTION

_TABLE_ENTRIES = 2**21  # of rows and joint states, float64: 16 MB, of which two are held at most
_PART_ENTRIES = 2**18  # of states and features: 2 MB, of which up to eight are held besides


@dataclass(frozen=True)
class ExactLearning:
    """Explanations in all states, weighted by p(h | x), teach a belief net.

    The step is the gradient of log p(x), sum_h p(h | x) d log p(x, h), by enumeration of all hidden
    states in float64: as of the generalised EM algorithm, of which it is a partial M-step (Neal &
    Hinton 1998). Nothing is drawn.

    References
    ----------
    Neal & Hinton (1998), A view of the EM algorithm that justifies incremental, sparse, and other
    variants, in Learning in graphical models.
    """

    n_particles = 1

    def fused(self, machine):
        """None: its kernel goes through all states as it is."""

    def work_per_row(self, machine):
        """What a row costs: each state makes a number of each feature."""
        return OF_A_FUNCTION * machine.n_units[0] * 2 ** sum(machine.n_units[1:])

    def remember(self, machine, rows):
        """Of rows nothing: what is known of them is known for certain; blocks share a posterior."""
        return SharedPosterior()

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of log p(x), nats.

        x : (n_rows, n_features); wake, dream : not used; memory : a `SharedPosterior` that knows
        the machine, or None. A TypeError for units whose errors it does not know.
        """
        _check_units(machine.visible.units)
        posterior = ExactPosterior(machine) if memory is None else memory.posterior(machine)
        values = observed(x)
        most = 2 ** np.isnan(values).sum(axis=1).max() if _has_completions(machine) else 1
        step = max(_TABLE_ENTRIES // (posterior.entries_per_row * int(most)), 1)
        part, log_likelihood = _tree.zeros_like(out.generation).tree, 0.0
        for target in _tree.leaves(out.generation):
            target[...] = 0
        for start in range(0, len(values), step):
            log_likelihood += _gradient(posterior, values[start : start + step], part)
            for target, more in zip(_tree.leaves(out.generation), _tree.leaves(part), strict=True):
                target += more
        return log_likelihood


class SharedPosterior:
    """The posterior under the parameters of one step, which the first of its blocks makes."""

    lasting = None

    def __init__(self):
        self._found, self._lock = None, threading.Lock()

    def take(self, numbers):
        """The same for all rows."""
        return self

    def put(self, numbers, share):
        """Rows leave nothing behind."""

    def end_step(self):
        """Forget: parameters move."""
        self._found = None

    def posterior(self, machine):
        """The `ExactPosterior` of the machine of this step."""
        with self._lock:
            self._found = self._found or ExactPosterior(machine)
        return self._found


def _check_units(units):
    if not isinstance(units, (Bernoulli, Gaussian)):
        raise TypeError(f"There is no exact learning for {type(units).__name__} visible units.")


def _gradient(posterior, values, out):
    """Write the gradient of some rows to the chain ``out``; return the sum of log p(x)."""
    machine = posterior.machine
    values, rows = _completions(machine, values)
    weights, log_likelihood = _normalised(posterior.log_joint(values), rows)
    _hidden_gradient(machine, posterior.states, weights.sum(axis=0), out)
    if weights.ndim > 2:
        weights = weights.sum(axis=tuple(range(1, weights.ndim - 1)))
    _visible_gradient(machine.visible, values, posterior.states[0], weights, out)
    return float(log_likelihood.sum())


def _has_completions(machine):
    """Whether what is missing of the data is enumerated, since units depend on it."""
    return machine.is_autoregressive and isinstance(machine.visible.units, Bernoulli)


def _completions(machine, values):
    """Rows with all that may be in their gaps, where units depend on these, and which row each is.

    Other rows as they are.
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
    eta = inputs(conditional.affine, parents)
    if conditional.lateral is None:
        error = outer(weights, children) - weights.sum(axis=1)[:, None] * expit(eta)
    else:
        own = outer(children, conditional.lateral.weights.astype(np.float64))
        errors = weights[..., None] * (children - expit(eta[:, None] + own))
        error = errors.sum(axis=1)
        out.lateral.weights[...] = np.triu(outer(children.T, errors.sum(axis=0)), 1)
    _affine_gradient(out.affine, parents, error)


def _affine_gradient(out, parents, error):
    if out.weights is not None:
        out.weights[...] = outer(parents.T, error)
    out.intercept[...] = error.sum(axis=0)


def _visible_gradient(visible, values, states, weights, out):
    """The derivatives by the parameters of the data. weights : (n_values, 2^n_1)."""
    out, d = out.conditionals[-1], values.shape[1]
    gaussian, ordered = isinstance(visible.units, Gaussian), visible.lateral is not None
    variance = visible.units.variance.astype(np.float64) if gaussian else 1.0
    slopes, squares = np.zeros((1 + states.shape[1], d)), np.zeros(d)
    lateral = np.zeros((d, d)) if ordered else None
    for part in _parts(len(states), d):
        eta = inputs(visible.affine, states[part])
        if ordered:
            error, more = _errors_in_order(visible, values, eta, weights[:, part], lateral)
        else:
            error, more = _errors(visible, values, eta, weights[:, part])
        squares += more
        slopes[0] += error.sum(axis=0)
        slopes[1:] += outer(states[part].T, error)
    slopes /= variance
    out.affine.intercept[...], out.affine.weights[...] = slopes[0], slopes[1:]
    if ordered:
        out.lateral.weights[...] = np.triu(lateral / variance, 1)
    if gaussian:
        out.units.log_excess[:] = _noise_slopes(visible.units, values, weights, squares)


def _noise_slopes(units, values, weights, squares):
    """The derivatives by the parameters of Gaussian units. squares : weighted, (n_features,)."""
    counts = outer(weights.sum(axis=1)[None], ~np.isnan(values))[0]
    variance = units.variance.astype(np.float64)
    return 0.5 * (squares / variance - counts) / variance * units.excess


def _parts(n, entries):
    """Slices of n things, so few that tables with some entries for each stay small."""
    step = max(_PART_ENTRIES // entries, 1)
    return [slice(start, start + step) for start in range(0, n, step)]


def _errors(visible, values, eta, weights):
    """Sums over rows of ``weight (x - E[x])`` under each state, and over both of the squares.

    eta : inputs under some states, (n_states, n_features); weights : (n_values, n_states). Returns
    (n_states, n_features) and (n_features,); the squares only of Gaussian units, otherwise zeros.
    Rows enter by their sums, so that what a state expects is computed once for all of them.
    """
    seen, x = ~np.isnan(values), np.nan_to_num(values)
    totals = outer(weights.T, x)
    counts = weights.sum(axis=0)[:, None] if seen.all() else outer(weights.T, seen)
    if not isinstance(visible.units, Gaussian):
        return totals - counts * expit(eta), np.zeros(len(eta[0]))
    error = totals - counts * eta
    known = outer(weights.sum(axis=1)[None], x * x)[0]
    return error, known - (eta * (totals + error)).sum(axis=0)


def _errors_in_order(visible, values, eta, weights, lateral):
    """As `_errors`, where units see those before them, so that each row has errors of its own.

    ``lateral`` is added to: sums over rows and states of products of x and ``weight (x - E[x])``.
    """
    seen, x = ~np.isnan(values), np.nan_to_num(values)
    own = outer(x, visible.lateral.weights.astype(np.float64))
    gaussian = isinstance(visible.units, Gaussian)
    total, squares = np.zeros(eta.shape), np.zeros(eta.shape[1])
    for part in _parts(len(values), eta.size):
        given = eta + own[part, None]
        difference = x[part, None] - (given if gaussian else expit(given, out=given))
        difference *= seen[part, None]
        errors = weights[part][..., None] * difference
        total += errors.sum(axis=0)
        squares += (errors * difference).sum(axis=(0, 1))
        lateral += outer(x[part].T, errors.sum(axis=1))
    return total, squares
