"""Likelihoods of fitted deep Boltzmann machines."""

from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._threads import run_blocks
from ..inference import MAX_AUTOMATIC_SIDE, MAX_GAP_SIDE
from ..layers import outer
from ..likelihood import (
    Partition,
    is_summed,
    mean_field_bounds_of,
    score_deep,
    score_undirected,
    side_bounds,
)
from ..machines import DeepBoltzmann
from ..rows import Block, WithUnseen, split_evenly
from .boltzmann import FEWEST_ROWS, BoltzmannModel

_BOUNDED_ROWS = 64
_N_CHAINS = 100  # that log Z takes where nobody says


@dataclass(frozen=True)
class DeepScores(BoltzmannModel):
    """Likelihoods of a deep Boltzmann machine, whose rows have columns that nobody sees."""

    machine: DeepBoltzmann

    likelihood_methods = ("auto", "exact", "importance", "annealed")
    bound_methods = ("auto", "importance")

    def table(self, data, weights=None):
        """Data as a `WithUnseen` table."""
        return WithUnseen(super().table(data, weights), self.machine.n_unseen)

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
