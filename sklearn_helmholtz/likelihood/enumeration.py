"""log p(x) and the free energy, exactly, by enumeration of the hidden states in float64.

Layers are summed out one after the other, so the cost is that of the largest pair of neighbouring
layers, and of the first hidden layer's states for the data; where units of the data depend on those
before them, of these states together with all that its missing values may be.
"""

import numpy as np
from scipy.special import logsumexp

from .._workspace import Workspace
from ..inference import all_states, inputs_table, log_prior_table, log_prob_table, state_parts
from ..machines import has_recognition
from ..units import Ability
from .estimate import Estimate

MAX_AUTOMATIC_UNITS = 14
MAX_UNITS = 20


def units_to_sum_out(machine, rows):
    """Number of units that have to be summed out for log p of each row, (n_rows,) float64.

    The hidden ones; in an autoregressive machine also what missing zeros, ones and levels are worth
    in binary units. Infinite where enumeration is not possible at all.
    """
    if not machine.can(Ability.ENUMERATE):
        return np.full(len(rows), np.inf)
    if not machine.is_autoregressive:
        return np.full(len(rows), float(machine.n_hidden))
    return machine.n_hidden + machine.visible.units.bits_to_sum_out(rows)


class Enumeration:
    """The tables that scoring any row needs, made once for a machine.

    states : all states of the first hidden layer, (2^n_1, n_1), the first unit varying fastest;
    log_prior : log p(h_1) of each, (2^n_1,); guess : the recognition chain's probabilities of all
    states, an `EnumeratedRecognition`, or None for a net without one, which has no free energy
    (NaN). All in nats.
    """

    def __init__(self, machine):
        machine.require(Ability.ENUMERATE)
        self.machine = machine
        generation = machine.generation.conditionals
        states = all_states(machine.n_units[-1])
        log_prior = log_prior_table(generation[0], states)
        tables = []
        for level in range(len(generation) - 2, 0, -1):
            children = all_states(machine.n_units[level])
            log_p = log_prob_table(generation[len(generation) - 1 - level], children, states)
            tables.append(log_p)
            log_prior = logsumexp(log_p + log_prior, axis=1)
            states = children
        self.states, self.log_prior = states, log_prior
        self._parts = state_parts(len(states), machine.n_units[0])
        # All blocks share the inputs, unless they are too many to be kept.
        is_whole = len(self._parts) == 1
        self._inputs = inputs_table(machine.visible, states) if is_whole else None
        self.guess = EnumeratedRecognition(machine, tables) if has_recognition(machine) else None

    def estimate(self, x, work=None):
        """Exact values for a `Block` of rows, as an `Estimate`; work : a `Workspace`, or None."""
        work = work or Workspace()
        seen = None if self.guess is None else self.machine.seen_doubles(x)
        x = x.todoubles()
        highest, total = np.full(len(x), -np.inf), np.zeros(len(x))
        energy = np.full(len(x), np.nan if self.guess is None else 0.0)
        visible = self.machine.visible
        for part in self._parts:
            with work.loan():
                log_p = log_prob_table(visible, x, self.states[part], work, self._inputs)
                if self.guess is not None:
                    energy += self.guess.energy(seen, part, log_p, work)
                log_p += self.log_prior[part]
                peak = np.maximum(highest, log_p.max(axis=1))
                log_p -= peak[:, None]
                total = total * np.exp(highest - peak) + np.exp(log_p, out=log_p).sum(axis=1)
                highest = peak
        return Estimate.exactly(highest + np.log(total), energy)


class EnumeratedRecognition:
    """The recognition chain's probabilities of all states, for the free energy.

    tables : log p of the states of a layer given those of the layer above, from the top down.
    cost : the free energy of the layers above given h_1, E_q[log q(h_2, ... | h_1) - log p(h_1,
    h_2, ...)], (2^n_1,).
    """

    def __init__(self, machine, tables):
        first, *others = machine.recognition.conditionals
        self._first = first
        states = all_states(machine.n_units[-1])
        cost = -log_prior_table(machine.generation.conditionals[0], states)
        for level, log_p in zip(range(len(others), 0, -1), tables, strict=True):
            children = all_states(machine.n_units[level])
            log_q = log_prob_table(others[level - 1], states, children).T
            cost = (np.exp(log_q) * (log_q - log_p + cost)).sum(axis=1)
            states = children
        self.states, self.cost = states, cost

    def energy(self, x, part, log_p, work):
        """The share of some states of the first hidden layer in the free energy, (n_rows,).

        x : data as recognition sees them; log_p : log p(x | h_1), (n_rows, n_states).
        """
        log_q = log_prob_table(self._first, self.states[part], x, work).T
        terms = np.subtract(log_q, log_p, out=work.empty(log_p.shape, np.float64))
        terms += self.cost[part]
        terms *= np.exp(log_q, out=log_q)
        return terms.sum(axis=1)
