"""Fitted Boltzmann machines of rows and labels, and what they answer about rows of data."""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from .._threads import run_blocks
from ..learning import COST_OF_A_FUNCTION
from ..likelihood import Partition, class_partitions, labelled_partition, score_undirected
from ..machines import LabelledBoltzmann
from ..rows import split_evenly
from .encoding import Encoding
from .labelled_draws import draw_labelled, model_of_class

_FEWEST_ROWS = 256


@dataclass(frozen=True)
class LabelledBoltzmannModel:
    """A Boltzmann machine of encoded data and their labels. Answers are in the user's units.

    What is missing of a row is summed out: exactly where at most 14 values are missing, or there
    are at most 14 hidden units, and else by annealed chains, which are the same for all classes.
    ways : `Ways`.
    """

    encoding: Encoding
    machine: LabelledBoltzmann

    @property
    def n_features(self):
        """Columns of the data."""
        return self.encoding.n_features

    def class_scores(self, rows, ways):
        """Log p(x, y) of rows of a `Table`, less what is the same for all y: (n_rows, n_classes).

        float64 nats; their softmax is p(y | x).
        """

        def score(x, eta):
            return self.machine.class_scores(eta)

        return self._of_rows(rows, score, ways)

    def log_joint(self, rows, ways):
        """Log p(x, y) of rows and each class, (n_rows, n_classes) nats."""
        volume = self.encoding.scaling.log_volume()

        def score(x, eta):
            energy = self.machine.boltzmann.visible_energy(x) - volume
            return self.machine.class_scores(eta) + energy[:, None]

        return self._of_rows(rows, score, ways) - self.partition(ways).value

    def _of_rows(self, rows, score, ways):
        """Log p*(x, y) of rows, (n_rows, n_classes): of complete blocks by a function."""
        scores, missing = np.empty((len(rows), self.machine.n_classes)), rows.count_missing()
        complete, gappy = np.flatnonzero(missing == 0), np.flatnonzero(missing)
        own = rows if len(complete) == len(rows) else rows.choose(complete)

        def write(x, eta, place):
            scores[complete[place]] = score(x, eta)

        self._by_blocks(own, write, ways.n_threads)
        if len(gappy):
            scores[gappy] = self._summed_out(rows.choose(gappy), ways)
        return scores

    def _summed_out(self, rows, ways):
        """Log p*(observed, y) of rows with gaps, (n_rows, n_classes)."""
        machine, nothing = self.machine, Partition.exactly(0.0)
        scores = np.empty((len(rows), machine.n_classes))
        for k in range(machine.n_classes):
            own = machine.of_class(k)
            found = score_undirected(own, rows, nothing, n_threads=ways.n_threads, **ways.of_a_row)[
                0
            ]
            scores[:, k] = found.per_sample
        unknown = rows.count_missing() == self.n_features
        if unknown.any():
            scores[unknown] = [part.value for part in self.class_partitions(ways)]
        return scores + machine.labels.intercept

    def hidden_means(self, rows, out, ways):
        """Write p(h | x) of rows, whatever their labels, to ``out`` (n_rows, n_hidden)."""
        missing = rows.count_missing()
        complete, gappy = np.flatnonzero(missing == 0), np.flatnonzero(missing)
        own = rows if len(complete) == len(rows) else rows.choose(complete)

        def write(x, eta, place):
            scores, means = self.machine.explain(eta)
            out[complete[place]] = np.einsum("rk,krj->rj", softmax(scores, axis=1), means)

        self._by_blocks(own, write, ways.n_threads)
        if len(gappy):
            out[gappy] = self._means_given_gaps(rows.choose(gappy), ways)

    def _means_given_gaps(self, rows, ways):
        """p(h | observed) of rows with gaps, (n_rows, n_hidden)."""
        posterior = softmax(self._summed_out(rows, ways), axis=1)
        total = np.zeros((len(rows), self.machine.n_units[1]))
        for k in range(self.machine.n_classes):
            own = model_of_class(self.encoding, self.machine, k).answering_by(ways)
            limits, means = own.hidden_means(rows)

            def add(number, limits=limits, means=means, k=k):
                place = slice(limits[number], limits[number + 1])
                total[place] += posterior[place, k, None] * means(place)[0]

            run_blocks(add, len(limits) - 1, ways.n_threads)
        return total

    def _by_blocks(self, rows, answer, n_threads):
        """Call ``answer(block, inputs of the hidden units, place)`` for all blocks of rows."""
        if not len(rows):
            return
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

    def draw(self, places, n_rows, rng, ways):
        """Rows and the numbers of their classes, which are ``places`` unless that is None."""
        parts = functools.partial(self.class_partitions, ways)
        return draw_labelled(self.encoding, self.machine, parts, places, n_rows, rng, ways)

    @functools.cached_property
    def _known(self):
        """Partition functions by how they were found: a score is a function of the model."""
        return {}

    def class_partitions(self, ways):
        """The `Partition` of the machine of each class, a list that is made once."""
        way = ways.n_chains, ways.n_temperatures
        if way not in self._known:
            self._known[way] = class_partitions(self.machine, *way, ways.n_threads)
        return self._known[way]

    def partition(self, ways):
        """The `Partition` of rows and labels together."""
        return labelled_partition(self.machine, self.class_partitions(ways))
