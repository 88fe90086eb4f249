"""log p(x) and the free energy, exactly, by enumeration of the hidden states in float64.

Layers are summed out one after the other, so the cost is that of the largest pair of neighbouring
layers, and of the first hidden layer's states for the data; where units of the data depend on those
before them, of these states together with what the row may have in its gaps.
"""

import numpy as np
from scipy.special import logsumexp

from .._incomplete import fill, observed
from ..inference.exact import log_prob_table, state_parts
from ..inference.states import all_states, inputs, outer
from ..units import Bernoulli
from .estimate import Estimate

MAX_AUTOMATIC_UNITS = 14
MAX_UNITS = 20


def units_to_sum_out(machine, rows):
    """How many units have to be summed out for log p of each row, (n_rows,) int64.

    The hidden ones; in an autoregressive machine of zeros and ones also those that are missing.
    """
    missing = np.zeros(len(rows), np.int64)
    if machine.is_autoregressive and isinstance(machine.visible.units, Bernoulli):
        missing = rows.count_missing()
    return sum(machine.n_units[1:]) + missing


class Enumeration:
    """The tables that scoring any row needs, made once for a machine.

    states : all states of the first hidden layer, (2^n_1, n_1), the first unit varying fastest;
    log_prior : log p(h_1) of each, (2^n_1,); cost : the free energy of the layers above given h_1,
    E_q[log q(h_2, ... | h_1) - log p(h_1, h_2, ...)], (2^n_1,). All in nats.
    """

    def __init__(self, machine):
        self.machine = machine
        generation = machine.generation.conditionals
        recognition = machine.recognition.conditionals
        states = all_states(machine.n_units[-1])
        log_prior = log_prob_table(generation[0], states, None)[:, 0]
        cost = -log_prior
        for level in range(len(recognition) - 1, 0, -1):
            children = all_states(machine.n_units[level])
            log_p = log_prob_table(generation[len(generation) - 1 - level], children, states)
            log_q = log_prob_table(recognition[level], states, children).T
            cost = (np.exp(log_q) * (log_q - log_p + cost)).sum(axis=1)
            log_prior = logsumexp(log_p + log_prior, axis=1)
            states = children
        self.states, self.log_prior, self.cost = states, log_prior, cost

    def estimate(self, x):
        """Exact values for a block of rows (n_rows, n_features), as an `Estimate`."""
        x, seen = observed(x), observed(fill(x))
        highest, total, energy = np.full(len(x), -np.inf), np.zeros(len(x)), np.zeros(len(x))
        for part in state_parts(len(self.states), x.shape[1]):
            log_p = log_prob_table(self.machine.visible, x, self.states[part])
            log_q = self._log_recognition(seen, part)
            energy += (np.exp(log_q) * (log_q - log_p + self.cost[part])).sum(axis=1)
            log_p += self.log_prior[part]
            peak = np.maximum(highest, log_p.max(axis=1))
            total = total * np.exp(highest - peak) + np.exp(log_p - peak[:, None]).sum(axis=1)
            highest = peak
        return Estimate.exactly(highest + np.log(total), energy)

    def _log_recognition(self, x, part):
        """Log q(h_1 | x), (n_rows, n_states)."""
        affine = self.machine.recognition.conditionals[0].affine
        eta = inputs(affine, x)
        signs = self.states[part].T
        return outer(eta, signs) - np.logaddexp(0, eta).sum(axis=1)[:, None]
