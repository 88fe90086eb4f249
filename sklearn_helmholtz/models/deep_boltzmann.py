"""Fitted deep Boltzmann machines, and what they answer about rows of data."""

from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..inference import (
    MAX_AUTOMATIC_SIDE,
    MAX_GAP_SIDE,
    MEAN_SWEEPS,
    inputs_below,
    side_means,
)
from ..layers import outer
from ..likelihood import (
    Partition,
    by_gaps,
    is_summed,
    mean_field_bounds_of,
    score_deep,
    score_undirected,
    side_bounds,
)
from ..machines import DeepBoltzmann
from ..rows import Block, WithUnseen, content_keys, split_evenly
from .boltzmann import FEWEST_ROWS, BoltzmannModel
from .completion import by_blocks
from .effects import Effects

_BOUNDED_ROWS = 64
_GAP_ROWS = 16
_N_CHAINS = 100  # that log Z takes where nobody says


@dataclass(frozen=True)
class DeepBoltzmannModel(BoltzmannModel):
    """A deep Boltzmann machine of encoded data: rows are tables with columns that nobody sees."""

    machine: DeepBoltzmann

    likelihood_methods = ("auto", "exact", "importance", "annealed")
    bound_methods = ("auto", "importance")
    posterior_methods = ("auto", "exact", "mean-field", "annealed")

    @property
    def hidden_units(self):
        """The units of each hidden layer, from the data upward."""
        return [self.machine.hidden_units] * len(self.hidden_sizes)

    @property
    def hidden_sizes(self):
        """Units of each hidden layer, from the data upward."""
        return self.machine.sizes[1:]

    def table(self, data, weights=None):
        """Data as a `WithUnseen` table."""
        return WithUnseen(super().table(data, weights), self.machine.n_unseen)

    # Likelihoods.

    def estimate(
        self, rows, method, n_samples, n_temperatures, rng, n_threads, tails=None,
        n_chains=_N_CHAINS,
    ):  # fmt: skip
        """An `Estimate` of log p of rows, the content keys of these, and the method used.

        n_samples : of the odd side of each row, or chains of it where rows are annealed; n_chains,
        n_temperatures : of log Z.
        """
        n_temperatures = "auto" if n_temperatures is None else n_temperatures
        ways = "exact" if method == "exact" else "auto"
        if method == "exact":
            self._check_summed("method='exact'", rows)
        partition = self.partition(n_chains, n_temperatures, n_threads, ways, rng)
        seed = _keys.scoring_seed(rng)
        if method == "annealed":
            return self._annealed(rows, partition, n_samples, n_temperatures, seed, n_threads)
        most = {"exact": MAX_AUTOMATIC_SIDE, "importance": -1}.get(method, MAX_GAP_SIDE)
        found, keys = score_deep(
            self.machine, rows, partition, seed, n_samples, n_threads, most, tails
        )
        summed = is_summed(self.machine, rows.table.count_missing(), most)
        return found, keys, self._method_of(found, summed)

    @staticmethod
    def _method_of(found, summed):
        """The word for how estimates were made."""
        if found.bound == "exact":
            return "exact"
        return "annealed" if summed.all() else "importance"

    def _annealed(self, rows, partition, n_chains, n_temperatures, seed, n_threads):
        """The same by chains of each row from independent units to the posterior."""
        steps = {} if n_temperatures == "auto" else {"n_temperatures": n_temperatures}
        found, keys = score_undirected(
            self.machine, rows, partition, seed, n_chains, n_threads=n_threads, most=-1, **steps
        )
        return found, keys, "annealed"

    def _relative_log_prob(self, rows, n_samples, n_threads):
        """Log p of rows up to log Z, which need not be known."""
        nothing = Partition.exactly(0.0)
        found, _ = score_deep(self.machine, rows, nothing, None, n_samples, n_threads)
        return found.per_sample

    def _check_summed(self, name, rows):
        """Refuse rows of which too much is not observed for a sum."""
        summed = is_summed(self.machine, rows.table.count_missing(), MAX_AUTOMATIC_SIDE)
        if not summed.all():
            raise ValueError(
                f"{name} is not for rows such as {rows.number_of(np.argmin(summed))}, of which "
                f"more than {MAX_AUTOMATIC_SIDE} units of either side are not observed. Use "
                "method='importance'."
            )

    def _check_gaps(self, name, rows):
        """Refuse rows of which too much is not observed for a sum in each answer."""
        exactly = self._enumerates(rows.count_missing())
        if not exactly.all():
            raise ValueError(
                f"{name} is not for rows such as {rows.number_of(np.argmin(exactly))}, of which "
                f"{self._trouble_of_gaps}. Use method='annealed'."
            )

    @property
    def _trouble_of_gaps(self):
        return f"leaves more than {MAX_GAP_SIDE} units of either side unobserved"

    @property
    def _told_sides(self):
        even, odd = self.machine.n_units
        return f"{even} units in even layers (the data are the first) and {odd} in odd ones"

    def mean_field_bounds(self, rows, n_chains, n_temperatures, n_threads):
        """Lower bounds of log p by mean field, (n_rows,) nats, and the `Partition` used.

        Where log Z is estimated, its estimate from above is taken.
        """
        partition = self.partition(n_chains, n_temperatures, n_threads)
        bounds = mean_field_bounds_of(self.machine, rows.table, n_threads) - partition.upper
        nothing = rows.table.count_missing() == self.machine.n_features
        return np.where(nothing, 0.0, bounds), partition

    def bounds(self, n_rows, method, n_samples, n_temperatures, rng, n_threads, n_chains=_N_CHAINS):
        """Lower and upper bounds of log p of rows drawn, (n_rows,) each, and the method used."""
        machine, seed = self.machine, _keys.draw_seed(rng)
        X, odd = self._draw_sides(n_rows, rng, n_threads)
        X = np.ascontiguousarray(X[:, : machine.n_features])
        partition = self.partition(n_chains, n_temperatures, n_threads, rng=rng)
        bounds, addresses = np.empty((2, n_rows)), np.arange(n_rows, dtype=np.uint64)

        def bound(number):
            place = slice(number * _BOUNDED_ROWS, (number + 1) * _BOUNDED_ROWS)
            own = np.ascontiguousarray(odd[place])
            bounds[:, place] = side_bounds(
                machine, Block(X[place]), own, seed, addresses[place], n_samples
            )

        run_blocks(bound, -(-n_rows // _BOUNDED_ROWS), n_threads)
        return bounds[0] - partition.upper, bounds[1] - partition.lower, "importance"

    def log_joint(self, rows, hidden, n_threads, n_chains=_N_CHAINS, n_temperatures="auto"):
        """Log p(v, h_1, ..., h_L), where what is missing of v is summed out, nats."""
        machine, result = self.machine, np.empty(len(rows))
        partition = self.partition(n_chains, n_temperatures, n_threads).value
        even, odd = machine.of_layers(hidden)
        W, c, b = (
            array.astype(np.float64)
            for array in (machine.weights, machine.hidden_intercept, machine.visible_intercept)
        )
        limits = split_evenly(len(rows), machine.n_weights, FEWEST_ROWS)

        def score(number):
            place = slice(limits[number], limits[number + 1])
            seen, own = rows.table.take(place).todoubles(), odd[place]
            values, eta = np.concatenate([seen, even[place]], axis=1), b + outer(own, W.T)
            terms = np.where(np.isnan(values), np.logaddexp(0, eta), np.nan_to_num(values) * eta)
            result[place] = terms.sum(axis=1) + (own * c).sum(axis=1) - partition

        run_blocks(score, len(limits) - 1, n_threads)
        return result

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
