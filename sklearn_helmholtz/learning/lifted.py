"""Learning of a Boltzmann machine from what layers below it make of the rows."""

from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._keys import Draws
from .._threads import run_blocks
from ..machines import Chain
from ..rows import Block, split_evenly
from ..units import DataUnits
from .boltzmann_rule import BoltzmannRule

_FEWEST_ROWS = 64


@dataclass(frozen=True)
class Ascent:
    """The way up from rows to the states of a hidden layer: q(h_1 | x) ... q(h_l | h_{l-1}).

    units : of the data; chain : of the layers.
    """

    units: DataUnits
    chain: Chain

    @property
    def n_weights(self):
        """Weights on the way."""
        return sum(conditional.n_connections for conditional in self.chain.conditionals)

    def sample(self, x, draws, work=np):
        """States of the last layer for a `Block` of rows, (draws.n_rows, n_units) uint8."""
        log_prob = np.zeros(draws.n_rows)
        return self.chain.sample(self.units.shown(x.filled), draws, log_prob, work)[-1]

    def rates(self, rows, n_threads=1):
        """Weighted mean over the rows of a `Table` of its units' probabilities, (n_units,)."""
        limits = split_evenly(len(rows), self.n_weights, _FEWEST_ROWS)
        sums, weights = [None] * (len(limits) - 1), rows.row_weights

        def add(number):
            place = slice(limits[number], limits[number + 1])
            means = self.chain.means(self.units.shown(rows.take(place).filled))[-1]
            sums[number] = np.einsum("r,rk->k", weights[place], means.astype(np.float64))

        run_blocks(add, len(sums), n_threads)
        return sum(sums) / weights.sum()


@dataclass(frozen=True)
class LiftedLearning(BoltzmannRule):
    """A rule for a `Boltzmann` machine whose rows are states of a hidden layer, drawn at each step.

    What it moves along is the gradient of ``E log p(h)`` over rows x and h ~ q(h | x): the part of
    the variational bound of log p(x) that the prior of h has a share in (Hinton, Osindero & Teh
    2006, A fast learning algorithm for deep belief nets, Neural Computation 18).

    rule : by which the machine learns; ascent : the `Ascent` to its visible units.
    """

    rule: BoltzmannRule
    ascent: Ascent

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of log p(h), nats."""
        states = Block(self.ascent.sample(x, wake, work), weights=x.weights)
        return self.rule.gradient(machine, states, wake, dream, out, work, memory)

    def make_memory(self, machine, rows):
        """The memory of the rule, for states of which nothing is missing."""
        means = self.ascent.rates(rows) if self.rule.centred else None
        return self.rule.make_memory(machine, None, means)

    def scores(self, machine, rows, seed, n_samples, n_threads):
        """Log p*(h) of a state h for each row, by random numbers that stay; NaN without data."""
        key = _keys.key(seed, _keys.Purpose.VALIDATE)
        limits = split_evenly(len(rows), machine.n_weights, _FEWEST_ROWS)
        scores = np.empty(len(rows))

        def score(number):
            place = np.arange(limits[number], limits[number + 1])
            x = rows.take(place)
            states = self.ascent.sample(x, Draws(key, place.astype(np.uint64)))
            eta = machine.hidden_eta(states)
            own = machine.log_unnormalized(Block(states), eta)
            scores[place] = np.where(x.is_known, own, np.nan)

        run_blocks(score, len(limits) - 1, n_threads)
        return scores

    def fewest_rows(self, n_rows):
        """As of the rule."""
        return self.rule.fewest_rows(n_rows)
