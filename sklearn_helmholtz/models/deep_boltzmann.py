"""Fitted deep Boltzmann machines, and what they answer about rows of data."""

from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from ..inference import (
    MEAN_SWEEPS,
    inputs_below,
    side_means,
)
from ..likelihood import by_gaps
from ..rows import Block, content_keys, split_evenly
from .boltzmann import FEWEST_ROWS
from .completion import by_blocks
from .deep_scores import DeepScores
from .effects import Effects

_GAP_ROWS = 16  # of a block whose sides are enumerated or annealed


@dataclass(frozen=True)
class DeepBoltzmannModel(DeepScores):
    """A deep Boltzmann machine of encoded data."""

    posterior_methods = ("auto", "exact", "mean-field", "annealed")

    @property
    def hidden_units(self):
        """The units of each hidden layer, from the data upward."""
        return [self.machine.hidden_units] * len(self.hidden_sizes)

    @property
    def hidden_sizes(self):
        """Units of each hidden layer, from the data upward."""
        return self.machine.sizes[1:]

    # Draws.

    def draw(self, n_rows, rng, n_threads):
        """Independent rows and their hidden layers: exactly, or by annealed chains."""
        even, odd = self._draw_sides(n_rows, rng, n_threads)
        return self._answer(self._data_of(even)), self.machine.hidden_layers(even, odd)

    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """Rows that hold some given values, and their hidden layers."""
        even, odd = self._draw_sides_given(evidence, n_rows, n_pool, rng, n_threads)
        data = self.encoding.scaling.restore(self._data_of(even))
        hidden = self.machine.hidden_layers(even, odd)
        return self._with_evidence(data, evidence), [h.astype(np.uint8) for h in hidden]

    def _data_of(self, even):
        """The data among the units of the even side."""
        return even[..., : self.machine.n_features]

    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """Means and draws of the hidden layers."""
        if method == "exact":
            self._check_gaps("method='exact'", rows)
        seed = _keys.draw_seed(rng)
        ways = self._by_mean_field if method == "mean-field" else self._by_sides

        def answer(x, addresses):
            means, samples = ways(x, addresses, seed, n_samples, method)
            return *self.machine.hidden_layers(*means), *self.machine.hidden_layers(*samples)

        entries = n_samples * sum(self.machine.n_units)
        found = self._by_rows(answer, rows, entries, n_threads, _GAP_ROWS)
        n_layers = len(self.hidden_sizes)
        if method != "mean-field":
            exact = method != "annealed" and self._enumerates(rows.count_missing()).all()
            method = "exact" if exact else "annealed"
        return {
            "mean": found[:n_layers],
            "samples": [samples.astype(np.uint8) for samples in found[n_layers:]],
            "effective_sample_size": np.full(len(rows), np.inf),
            "method": method,
        }

    def _by_sides(self, x, addresses, seed, n_samples, method):
        """Means and draws of both sides of a `Block`, by enumeration or annealed chains."""
        means = self._means(x, addresses, seed, method)
        return means, self._sample(x, addresses, seed, n_samples, method)

    def _by_mean_field(self, x, addresses, seed, n_samples, method):
        """The same of the independent units of mean field."""
        even, odd = self._field_of(x)
        draws = Draws(_keys.key(seed, Purpose.SAMPLE), addresses, n_samples)
        samples = []
        for layer, means in enumerate((even, odd)):
            with np.errstate(divide="ignore"):
                eta = np.log(means) - np.log1p(-means)
            eta = np.repeat(eta.astype(np.float32), n_samples, axis=0)
            states = self.machine.hidden_units.draw(eta, draws, layer)
            samples.append(states.reshape(len(means), n_samples, -1))
        return (even.astype(np.float64), odd.astype(np.float64)), samples

    def _field_of(self, x):
        """Means of both sides of a `Block` of rows with unseen columns, by mean field, float32."""
        seen = Block(self._data_of(x.toarray()), x.fill_values)
        even, odd = (np.empty((len(x), n), np.float32) for n in self.machine.n_units)
        for rows, own in by_gaps(seen):
            means = side_means(self.machine, own)
            even[rows], odd[rows] = means.even, means.odd
        return even, odd

    def impute(self, rows, strategy, n_imputations, n_pool, rng, n_threads):
        """Values for all that is missing; ``rng`` None for fixed random numbers."""
        drawn = strategy == "sample"
        seed, n = _keys.scoring_seed(rng if drawn else None), n_imputations if drawn else 1
        incomplete = np.flatnonzero(rows.table.count_missing())
        if not len(incomplete):
            return np.empty((0, n))

        def fill(x, addresses):
            seen = self._data_of(x.toarray())
            if drawn:
                found = self._data_of(self._sample(x, addresses, seed, n)[0])
            else:
                keys = content_keys(np.ascontiguousarray(seen))
                found = self._data_of(self._answers[strategy](x, keys, seed))[:, None]
            return (found.transpose(0, 2, 1)[np.isnan(seen)],)

        chosen, addresses = rows.choose(incomplete), incomplete.astype(np.uint64)
        entries = n * sum(self.machine.n_units)
        return by_blocks(fill, chosen, addresses, entries, n_threads, _GAP_ROWS)[0]

    # Features.

    def hidden_means(self, rows):
        """Limits of blocks of rows, and a function from a slice of them to means by layer."""

        def means(place):
            return self.machine.hidden_layers(*self._field_of(rows.take(place)))

        work = MEAN_SWEEPS * self.machine.n_weights
        return split_evenly(len(rows), work, FEWEST_ROWS), means

    def expected_data(self, states, layer):
        """Expected values of the data given values of a hidden layer."""
        limit = np.finfo(np.float32).max
        eta = inputs_below(self.machine, layer, np.clip(states, -limit, limit))
        return self.machine.units.expected(eta)

    def effects(self, layer):
        """Effects of the units of a hidden layer on the inputs of the features.

        The others of the layer have the values that an average row gives them; layers in between
        follow by mean field.
        """
        machine = self.machine
        average = np.ascontiguousarray(self.encoding.fill_values[None], np.float32)
        expected = self.machine.hidden_layers(*_both(side_means(machine, Block(average))))[
            layer - 1
        ]
        etas = []
        for state in (1.0, 0.0):
            states = np.repeat(expected.astype(np.float64), expected.shape[1], axis=0)
            np.fill_diagonal(states, state)
            etas.append(inputs_below(machine, layer, states))
        return Effects(etas[0] - etas[1], machine.units.divergence(*etas))


def _both(means):
    return means.even, means.odd
