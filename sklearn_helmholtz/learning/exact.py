"""Learning from the exact posterior: the gradient of the log-likelihood itself."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp

from .. import _tree
from .._incomplete import observed
from ..inference import ExactPosterior
from ..inference.states import all_states, inputs, outer
from ..units import Bernoulli, Gaussian

_TABLE_ENTRIES = 2**22  # float64: 32 MB, of which a few are held at a time


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

    def remember(self, machine, rows):
        """Nothing: what is known of a row is known for certain."""

    def gradient(self, machine, x, wake, dream, out, work=np):
        """Write the step for a block of rows to ``out``; return the sum of log p(x), nats.

        x : (n_rows, n_features); wake, dream : not used.
        """
        posterior, values = ExactPosterior(machine), observed(x)
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


def _gradient(posterior, values, out):
    """Write the gradient of some rows to the chain ``out``; return the sum of log p(x)."""
    machine = posterior.machine
    values, rows = _completions(machine, values)
    weights, log_likelihood = _normalised(posterior.log_joint(values), rows)
    _hidden_gradient(machine, posterior.states, weights.sum(axis=0), out)
    first = weights.sum(axis=tuple(range(1, weights.ndim - 1)))
    _visible_gradient(machine.visible, values, posterior.states[0], first, out)
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
    """p(h | x) of each row or completion, and log p(x) of each row."""
    flat = log_joint.reshape(len(rows), -1)
    totals = logsumexp(flat, axis=1)
    log_likelihood = np.logaddexp.reduceat(totals, np.flatnonzero(np.diff(rows, prepend=-1)))
    weights = np.exp(flat - log_likelihood[rows, None])
    return weights.reshape(log_joint.shape), log_likelihood


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
    error, residual = np.zeros((len(states), d)), np.zeros(d)
    if visible.lateral is not None:
        out.lateral.weights[...] = 0
    eta = inputs(visible.affine, states)
    gaussian = isinstance(visible.units, Gaussian)
    step = max(_TABLE_ENTRIES // eta.size, 1)
    for start in range(0, len(values), step):
        part = slice(start, start + step)
        x, seen = np.nan_to_num(values[part])[:, None], ~np.isnan(values[part])[:, None]
        given = eta[None]
        if visible.lateral is not None:
            given = given + outer(x[:, 0], visible.lateral.weights.astype(np.float64))[:, None]
        w = weights[part][..., None]
        difference = np.where(seen, x - (given if gaussian else expit(given)), 0.0)
        errors = w * difference
        residual += (errors * difference).sum(axis=(0, 1))
        if gaussian:
            errors = errors / visible.units.variance.astype(np.float64)
        error += errors.sum(axis=0)
        if visible.lateral is not None:
            out.lateral.weights[...] += np.triu(outer(x[:, 0].T, errors.sum(axis=1)), 1)
    _affine_gradient(out.affine, states, error)
    if gaussian:
        variance = visible.units.variance.astype(np.float64)
        counts = outer(weights.sum(axis=1)[None], ~np.isnan(values))[0]
        out.units.log_excess[:] = (
            0.5 * (residual / variance - counts) / variance * visible.units.excess
        )
