"""Fitted Boltzmann machines: an encoding, a machine, and what they answer about rows of data."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..inference import MAX_AUTOMATIC_SIDE, MAX_GAP_SIDE, AnnealedSides, sides_of
from ..layers import outer
from ..likelihood import (
    Partition,
    annealing_log_density,
    pseudo_log_likelihood,
    score_undirected,
)
from ..machines import Boltzmann
from ..rows import content_keys, split_evenly
from .completion import by_blocks
from .effects import Effects
from .encoded import EncodedModel
from .encoding import named
from .partition import PartitionMixin
from .side_draws import GROUP, draw_sides, is_enumerable
from .ways import Ways

FEWEST_ROWS = 256
_GAP_ROWS = 16  # of a block whose gaps are enumerated or annealed


@dataclass(frozen=True)
class BoltzmannModel(PartitionMixin, EncodedModel):
    """A restricted Boltzmann machine of encoded data.

    chains : (n_chains, n_hidden) uint8, hidden states of the chains that taught it, or None: they
    bear witness to its partition function; ways : `Ways` of the chains of gaps and draws.
    """

    machine: Boltzmann
    chains: np.ndarray | None = None
    ways: Ways = field(default_factory=Ways)

    likelihood_methods = ("auto", "exact", "annealed")
    bound_methods = ("auto", "annealed")
    posterior_methods = ("auto", "exact", "annealed")
    can_anneal = True
    enumerated: ClassVar = "one side"  # in errors: what has to have few units
    n_components: ClassVar = {}  # of mixtures that rows with gaps are held as, by strategy

    @property
    def visible_units(self):
        """The units of the data."""
        return self.machine.units

    @property
    def hidden_units(self):
        """The units of the hidden side, as of one layer."""
        return [self.machine.hidden_units]

    @property
    def hidden_sizes(self):
        """The number of hidden units, as of a layer."""
        return self.machine.n_units[1:]

    @property
    def is_enumerable(self):
        """Whether one side has so few units that log Z is exact unasked."""
        return is_enumerable(self.machine)

    def answering_by(self, ways):
        """The same model, whose answers come by some `Ways`."""
        model = replace(self, ways=ways)
        vars(model)["_known"] = self._known
        return model

    def _with_chains(self, n_chains):
        return self.answering_by(replace(self.ways, n_chains=n_chains))

    # Likelihoods.

    def estimate(self, rows, method, n_samples, n_temperatures, rng, n_threads, tails=None):
        """An `Estimate` of log p of rows, the content keys of these, and the method used."""
        if method == "exact":
            self._check_gaps("method='exact'", rows)
        n_temperatures = self.ways.n_temperatures if n_temperatures is None else n_temperatures
        partition = self.partition(n_samples, n_temperatures, n_threads, method, rng)
        ways = Ways(n_samples, n_temperatures, n_threads)
        return self._relative(rows, partition, ways, rng)

    def _relative(self, rows, partition, ways, rng):
        """Estimates, keys and method as of `estimate`, by a given `Partition`."""
        seed, own = _keys.scoring_seed(rng), ways.of_a_row
        estimate, keys = score_undirected(
            self.machine, rows, partition, seed, n_threads=ways.n_threads, **own
        )
        return estimate, keys, "exact" if estimate.bound == "exact" else "annealed"

    def _relative_log_prob(self, rows, n_samples, n_threads):
        """Log p of rows up to log Z, which need not be known."""
        nothing = Partition.exactly(0.0)
        ways = replace(self.ways, n_chains=n_samples, n_threads=n_threads)
        return self._relative(rows, nothing, ways, None)[0].per_sample

    def check_exact(self, name, rows, remedy="Compare models by score on rows held out."):
        """Refuse rows whose log p is not summed out; name : of what needs it."""
        if not self.is_enumerable:
            raise ValueError(
                f"{name} needs exact probabilities, which machines have of which {self.enumerated} "
                f"has at most {MAX_AUTOMATIC_SIDE} units: this one has {self._told_sides}. {remedy}"
            )
        exactly = self._enumerates(self.machine.gap_sizes(rows))
        if not exactly.all():
            raise ValueError(
                f"{name} needs exact probabilities, but row {rows.number_of(np.argmin(exactly))} "
                f"{self._trouble_of_gaps}. {remedy}"
            )

    @property
    def _told_sides(self):
        """End of a sentence about the units of the machine."""
        return f"{self.machine.n_units[0]} visible and {self.machine.n_units[1]} hidden ones"

    def bounds(self, n_rows, method, n_samples, n_temperatures, rng, n_threads):
        """Lower and upper bounds of log p of rows drawn, (n_rows,) each, and the method used."""
        rows = self.table(self.draw(n_rows, rng, n_threads)[0])
        lower, upper, _, method = self.bounds_of(rows, n_samples, n_temperatures, rng, n_threads)
        return lower, upper, method

    def bounds_of(self, rows, n_chains, n_temperatures, rng, n_threads):
        """Lower and upper bounds of log p of given rows, nats, and the method used.

        Before the latter the variance of the error that all upper ones share.
        """
        self._refuse_missing("log_likelihood_bounds", rows)
        partition = self.partition(n_chains, n_temperatures, n_threads, rng=rng)
        seed = _keys.scoring_seed(rng)
        upper = score_undirected(self.machine, rows, partition, seed, n_threads=n_threads)[0]
        if partition.is_exact:
            return upper.per_sample, upper.per_sample.copy(), 0.0, partition.method
        lower = annealing_log_density(
            self.machine, rows, partition.n_temperatures, seed, n_threads=n_threads
        )
        return lower, upper.per_sample, upper.common_variance, partition.method

    def unnormalized(self, rows, n_threads):
        """Log p* of complete rows, (n_rows,) nats."""
        self._refuse_missing("unnormalized_log_prob", rows)

        def score(x, addresses):
            return (self.machine.log_unnormalized(x, self.machine.hidden_eta(x.values)),)

        return self._by_rows(score, rows, sum(self.machine.n_units), n_threads)[0]

    def pseudo_log_prob(self, rows, n_threads):
        """Sum over columns of log p of each given the others, of complete rows, (n_rows,) nats."""
        self._refuse_missing("pseudo_log_likelihood", rows)
        return pseudo_log_likelihood(self.machine, rows, n_threads)

    def log_joint(self, rows, hidden, n_threads, n_chains=100, n_temperatures="auto"):
        """Log p(v, h), where what is missing of v is summed out, nats."""
        (states,) = hidden
        machine, result = self.machine, np.empty(len(rows))
        partition = self.partition(n_chains, n_temperatures, n_threads).value
        limits = split_evenly(len(rows), machine.n_weights, FEWEST_ROWS)
        W, c, b = (
            array.astype(np.float64)
            for array in (machine.weights, machine.hidden_intercept, machine.visible_intercept)
        )

        def score(number):
            place = slice(limits[number], limits[number + 1])
            values, own = rows.take(place).todoubles(), states[place]
            eta = b + outer(own, W.T)
            terms = np.where(np.isnan(values), np.logaddexp(0, eta), np.nan_to_num(values) * eta)
            result[place] = terms.sum(axis=1) + (own * c).sum(axis=1) - partition

        run_blocks(score, len(limits) - 1, n_threads)
        return result

    # Draws.

    def draw(self, n_rows, rng, n_threads):
        """Independent rows and their hidden states: exactly, or by annealed chains."""
        X, H = self._draw_sides(n_rows, rng, n_threads)
        return self._answer(X), [H]

    def _draw_sides(self, n_rows, rng, n_threads):
        """Independent draws of both sides, (n_rows, n_visible) and (n_rows, n_hidden)."""
        seed, ways = _keys.draw_seed(rng), self.ways.of_a_row
        return draw_sides(self.machine, n_rows, seed, n_threads, **ways)

    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """Rows that hold some given values, and their hidden states."""
        X, H = self._draw_sides_given(evidence, n_rows, n_pool, rng, n_threads)
        return self._with_evidence(self.encoding.scaling.restore(X), evidence), [H]

    def _draw_sides_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """Draws of both sides given some values of the data."""
        rows, seed = self.table(evidence[None]), _keys.draw_seed(rng)
        n_each = n_rows if self._enumerates(self.machine.gap_sizes(rows))[0] else min(n_rows, GROUP)
        n_groups = -(-n_rows // n_each)
        rows = rows.choose(np.zeros(n_groups, np.int64))
        draw = partial(self._with_chains(n_pool)._sample, seed=seed, n_samples=n_each)
        X, H = self._by_rows(draw, rows, n_each * sum(self.machine.n_units), n_threads, 1)
        return tuple(side.reshape(n_groups * n_each, -1)[:n_rows] for side in (X, H))

    def gibbs(self, rows, n_steps, rng, n_threads):
        """Visible states after steps of Gibbs sampling from given rows."""
        self._refuse_missing("gibbs", rows)
        machine, key = self.machine, _keys.key(_keys.draw_seed(rng), Purpose.SAMPLE)

        def move(x, addresses):
            values = x.values
            for step in range(n_steps):
                draws = Draws(key, addresses, first=step)
                hidden = machine.hidden_units.draw(machine.hidden_eta(values), draws, 1)
                values = machine.units.draw(machine.visible_eta(hidden), draws, 0)
            return (values,)

        (values,) = self._by_rows(move, rows, sum(machine.n_units), n_threads)
        return self._answer(values)

    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """Means and draws of the hidden states."""
        if method == "exact":
            self._check_gaps("method='exact'", rows)
        seed, own = _keys.draw_seed(rng), self._with_chains(n_pool)

        def answer(x, addresses):
            mean = own._means(x, addresses, seed, method)[1]
            return mean, own._sample(x, addresses, seed, n_samples, method)[1]

        entries = n_samples * sum(self.machine.n_units)
        mean, samples = self._by_rows(answer, rows, entries, n_threads, _GAP_ROWS)
        sizes = self.machine.gap_sizes(rows)
        is_exact = method != "annealed" and self._enumerates(sizes).all()
        return {
            "mean": [mean],
            "samples": [samples],
            "effective_sample_size": np.full(len(rows), np.inf),
            "method": "exact" if is_exact else "annealed",
        }

    def impute(self, rows, strategy, n_imputations, n_pool, rng, n_threads):
        """Values for all that is missing; ``rng`` None for fixed random numbers."""
        drawn = strategy == "sample"
        seed, n = _keys.scoring_seed(rng if drawn else None), n_imputations if drawn else 1
        incomplete, own = np.flatnonzero(rows.count_missing()), self._with_chains(n_pool)
        if not len(incomplete):
            return np.empty((0, n))

        def fill(x, addresses):
            if drawn:
                found = own._sample(x, addresses, seed, n)[0]
            else:
                found = own._answers[strategy](x, content_keys(x.values), seed)[:, None]
            found = self.encoding.scaling.restore(found.reshape(len(x) * n, -1))
            return (found.reshape(len(x), n, -1).transpose(0, 2, 1)[self._missing(x)],)

        chosen, addresses = rows.choose(incomplete), incomplete.astype(np.uint64)
        entries = max(n, self.n_components.get(strategy, 1)) * sum(self.machine.n_units)
        return by_blocks(fill, chosen, addresses, entries, n_threads, _GAP_ROWS)[0]

    @property
    def _answers(self):
        """Functions that tell a value for all columns of rows with gaps, by strategy."""
        names = "mean", "median", "mode"
        return dict(zip(names, (self._expected, *2 * (self._most_probable,)), strict=True))

    def _expected(self, x, addresses, seed):
        return self._means(x, addresses, seed)[0]

    def _most_probable(self, x, addresses, seed):
        return (self._expected(x, addresses, seed) >= 0.5).astype(np.float64)

    # Features.

    def hidden_means(self, rows):
        """Limits of blocks of rows, and a function from a slice of them to means of hidden units.

        Where values are missing, the means over what they may be: by fixed random numbers, if not
        all of that is summed out.
        """
        seed = _keys.scoring_seed()

        def means(place):
            x = rows.take_keyed(place)
            return [self._means(x, x.keys, seed)[1]]

        fewest = _GAP_ROWS if rows.count_missing().any() else FEWEST_ROWS
        return split_evenly(len(rows), self.machine.n_weights, fewest), means

    def expected_data(self, states, layer):
        """Expected values of the data given values of the hidden units, in the user's units."""
        limit = np.finfo(np.float32).max
        states = np.ascontiguousarray(np.clip(states, -limit, limit), np.float32)
        means = self.machine.units.mean(self.machine.visible_eta(states))
        return self.encoding.scaling.restore(means)

    def effects(self, layer):
        """Effects of the hidden units on the inputs of the features.

        The others have the values that an average row gives them.
        """
        machine, W = self.machine, self.machine.weights.astype(np.float64)
        eta = machine.hidden_eta(np.ascontiguousarray(self.encoding.fill_values[None]))
        expected = machine.hidden_units.mean(eta)[0].astype(np.float64)
        without = machine.visible_intercept + outer(expected[None], W.T) - expected[:, None] * W.T
        return Effects(W.T.copy(), machine.units.divergence(without + W.T, without))

    # Rows with and without gaps.

    def _means(self, x, addresses, seed, method="auto"):
        """Expected values of both sides of a `Block`: (n_rows, n_visible), (n_rows, n_hidden)."""
        visible = x.todoubles().copy()
        hidden = np.empty((len(x), self.machine.n_units[1]))
        for numbers, sides in self._ways(x, seed, method):
            own = some(x, numbers)
            if sides is None:
                hidden[numbers] = self.machine.hidden_units.mean(
                    self.machine.hidden_eta(own.values)
                )
            else:
                visible[numbers], hidden[numbers] = sides.means(own, addresses[numbers])
        return visible, hidden

    def _sample(self, x, addresses, seed, n_samples, method="auto"):
        """Draws of both sides of a `Block`, (n_rows, n_samples, n_visible) and (.., n_hidden)."""
        sizes, n = self.machine.n_units, len(x)
        visible = np.empty((n, n_samples, sizes[0]), np.float32)
        hidden = np.empty((n, n_samples, sizes[1]), self.machine.hidden_units.dtype)
        for numbers, sides in self._ways(x, seed, method):
            own = some(x, numbers)
            sides = sides_of(self.machine, seed) if sides is None else sides
            both = sides.sample(own, addresses[numbers], n_samples)
            for target, source in zip((visible, hidden), both, strict=True):
                target[numbers] = source.reshape(len(own), n_samples, -1)
        return visible, hidden

    def _ways(self, x, seed, method):
        """Pairs of numbers of rows and what knows both sides of them; None for complete rows."""
        exactly = self._enumerates(self.machine.gap_sizes_of(x))
        complete = ~self._missing(x).any(axis=1) if x.has_missing else np.ones(len(x), bool)
        if method == "annealed":
            exactly = complete
        ways = (
            (complete, lambda: None),
            (exactly & ~complete, lambda: sides_of(self.machine, seed)),
            (~exactly, lambda: self._annealed_sides(seed)),
        )
        return [(np.flatnonzero(rows), make()) for rows, make in ways if rows.any()]

    def _annealed_sides(self, seed):
        """Both sides by chains, in the model's ways."""
        return AnnealedSides(self.machine, seed, **self.ways.of_a_row)

    def _missing(self, x):
        """Whether each value of a `Block` is missing, (n_rows, n_columns) of the user's."""
        return np.isnan(x.toarray())

    def _enumerates(self, sizes):
        """Whether the gaps of rows are summed out, of the sizes that `gap_sizes` says."""
        return self.machine.n_to_sum_out(sizes) <= MAX_GAP_SIDE

    @property
    def _trouble_of_gaps(self):
        """Sentence's end that tells of a row whose gaps are too many to be summed out."""
        return f"misses more than {MAX_GAP_SIDE} values, and there are as many hidden units"

    def _check_gaps(self, name, rows):
        """Refuse rows whose gaps are too many to be summed out."""
        exactly = self._enumerates(self.machine.gap_sizes(rows))
        if not exactly.all():
            raise ValueError(
                f"{name} is not for rows such as {rows.number_of(np.argmin(exactly))}, which "
                f"{self._trouble_of_gaps}. Use method='annealed'."
            )

    def _refuse_missing(self, name, rows):
        """Refuse rows that miss values."""
        missing = rows.count_missing() > 0
        if missing.any():
            first = rows.number_of(np.argmax(missing))
            column = np.argmax(self._missing(rows.take(np.array([np.argmax(missing)])))[0])
            raise ValueError(
                f"{name} needs complete rows, but row {first} of X misses the value of column "
                f"{named(column, self.encoding.feature_names)} (NaN). Fill it in (impute), or use "
                "score_samples."
            )

    def _by_rows(self, function, rows, entries, n_threads, most_rows=None):
        """The arrays that a function makes of all rows, see `by_blocks`."""
        addresses = np.arange(len(rows), dtype=np.uint64)
        return by_blocks(function, rows, addresses, entries, n_threads, most_rows)


def some(x, numbers):
    """Some rows of a `Block`, by number."""
    if len(numbers) == len(x):
        return x
    return replace(x, values=x.values[numbers], weights=None, keys=None, log_volumes=None)
