"""Fitted Boltzmann machines of rows and labels, and what they answer about rows of data."""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from .._threads import run_blocks
from ..learning import COST_OF_A_FUNCTION
from ..likelihood import labelled_partition
from ..machines import LabelledBoltzmann
from ..rows import split_evenly
from .encoding import Encoding
from .labelled_draws import draw_binary, draw_normal

_FEWEST_ROWS = 256


@dataclass(frozen=True)
class LabelledBoltzmannModel:
    """A Boltzmann machine of encoded data and their labels. Answers are in the user's units."""

    encoding: Encoding
    machine: LabelledBoltzmann

    @property
    def n_features(self):
        """Columns of the data."""
        return self.encoding.n_features

    def class_scores(self, rows, n_threads):
        """Log p(x, y) of rows of a `Table`, less what is the same for all y: (n_rows, n_classes).

        float64 nats; their softmax is p(y | x).
        """
        scores = np.empty((len(rows), self.machine.n_classes))

        def score(x, eta, place):
            scores[place] = self.machine.class_scores(eta)

        self._by_blocks(rows, score, n_threads)
        return scores

    def log_joint(self, rows, partition, n_threads):
        """Log p(x, y) of rows and each class, (n_rows, n_classes) nats; partition : log Z."""
        scores = np.empty((len(rows), self.machine.n_classes))

        def score(x, eta, place):
            energy = self.machine.boltzmann.visible_energy(x)
            scores[place] = self.machine.class_scores(eta) + energy[:, None]

        self._by_blocks(rows, score, n_threads)
        return scores - partition - self.encoding.scaling.log_volume()

    def hidden_means(self, rows, out, n_threads):
        """Write p(h | x) of rows, whatever their labels, to ``out`` (n_rows, n_hidden)."""

        def write(x, eta, place):
            scores, means = self.machine.explain(eta)
            out[place] = np.einsum("rk,krj->rj", softmax(scores, axis=1), means)

        self._by_blocks(rows, write, n_threads)

    def _by_blocks(self, rows, answer, n_threads):
        """Call ``answer(block, inputs of the hidden units, place)`` for all blocks of rows."""
        limits = split_evenly(len(rows), self._work_of_a_row, _FEWEST_ROWS)

        def run(number):
            place = slice(limits[number], limits[number + 1])
            x = rows.take(np.arange(place.start, place.stop))
            answer(x, self.machine.hidden_eta(x.values), place)

        run_blocks(run, len(limits) - 1, n_threads)

    @property
    def _work_of_a_row(self):
        machine = self.machine
        return machine.n_weights + COST_OF_A_FUNCTION * machine.n_classes * machine.n_units[1]

    def draw(self, places, n_rows, rng, n_chains, n_temperatures, n_threads):
        """Rows and the numbers of their classes, which are ``places`` unless that is None."""
        if not self.encoding.family.is_binary:
            return draw_normal(self.encoding, self.machine, places, n_rows, rng)
        ways = n_chains, n_temperatures, n_threads
        return draw_binary(self.encoding, self.machine, places, n_rows, rng, *ways)

    @functools.cached_property
    def _known(self):
        """Partition functions by how they were found: a score is a function of the model."""
        return {}

    def partition(self, n_chains, n_temperatures, n_threads):
        """The `Partition` by a number of chains and temperatures, which is made once."""
        way = n_chains, n_temperatures
        if way not in self._known:
            self._known[way] = labelled_partition(self.machine, *way, n_threads)
        return self._known[way]
