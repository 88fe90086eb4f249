"""Fitted belief nets: an encoding, a machine, and what they answer about rows of data."""

from dataclasses import dataclass, replace

import numpy as np

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..inference import LARGEST_WEIGHT, MeanField, sampler_of
from ..likelihood import (
    MAX_AUTOMATIC_UNITS,
    MAX_UNITS,
    annealed_bounds,
    importance_bounds,
    score_by_annealing,
    score_exactly,
    score_where_possible,
    units_to_sum_out,
)
from ..machines import BeliefNet, has_recognition
from ..rows import Block, split_evenly
from ..units import Ability
from .completion import conditional_draws, imputations, posteriors
from .effects import unit_effects
from .encoded import EncodedModel
from .encoding import named
from .evidence import IMPOSSIBLE, best_log_prob
from .joint import paired_log_joint

_FEWEST_ROWS = 256
_BOUNDED_ROWS = 16  # of a block


@dataclass(frozen=True)
class BeliefNetModel(EncodedModel):
    """A belief net, with or without recognition, of encoded data.

    Rows are those of a `Table` that the encoding made. Answers are in the user's units.
    """

    machine: BeliefNet

    bound_methods = ("auto", "importance", "annealed")

    @property
    def likelihood_methods(self):
        """The words that `estimate` knows: real latents have no states to enumerate."""
        if self._is_elliptical:
            return "auto", "importance", "annealed"
        return "auto", "exact", "importance", "annealed"

    @property
    def posterior_methods(self):
        """The words that `posterior` knows."""
        if self._is_elliptical:
            return "auto", "recognition", "importance", "elliptical"
        return "auto", "exact", "recognition", "mean-field", "importance", "gibbs"

    @property
    def _is_elliptical(self):
        """Whether the hidden units are latents that elliptical slice sampling moves."""
        return self.machine.can(Ability.ELLIPTICAL)

    @property
    def can_anneal(self):
        """Whether annealed importance sampling knows the units of all layers."""
        return self.machine.can(Ability.ANNEAL)

    def enumerated(self, rows, method):
        """Flags of the rows that a method enumerates, (n_rows,); a ValueError where it could not.

        ``"exact"`` enumerates all rows, ``"auto"`` those that have few units to sum out, whatever
        the others have, and other methods none.
        """
        if method == "exact":
            self.check_enumerable("method", "method='importance'", rows)
            return np.ones(len(rows), bool)
        if method == "auto":
            return units_to_sum_out(self.machine, rows) <= MAX_AUTOMATIC_UNITS
        return np.zeros(len(rows), bool)

    def check_enumerable(self, name, remedy, rows):
        """Refuse to enumerate states that are too many, or that are not to be enumerated.

        name : of the parameter that asks for it by ``"exact"``; remedy : what to use instead.
        """
        self.machine.require(Ability.ENUMERATE, f"{name}='exact'")
        n_units, n_hidden = units_to_sum_out(self.machine, rows), self.machine.n_hidden
        most = n_units.max()
        if most <= MAX_UNITS:
            return
        first = rows.number_of(np.argmax(n_units == most))
        if np.isinf(most):
            raise ValueError(
                f"{name}='exact' cannot sum out the missing values of row {first}, on which other "
                f"{self.machine.visible.units.name.capitalize()} units depend. Use {remedy}."
            )
        missing = ""
        if most > n_hidden:
            missing = (
                " and, since features depend on those before them, of the "
                f"{rows.count_missing()[np.argmax(n_units == most)]} missing values of row {first}"
            )
        raise ValueError(
            f"{name}='exact' would enumerate 2**{int(most)} states of {n_hidden} hidden "
            f"units{missing}; it is meant for at most {MAX_UNITS} units. Use {remedy}."
        )

    def check_exact(self, name, rows, remedy="Compare models by score on rows held out."):
        """Refuse rows that ``"auto"`` does not enumerate.

        name : of what needs exact values; remedy : what to use instead.
        """
        if not self.machine.can(Ability.ENUMERATE):
            raise ValueError(
                f"{name} needs exact probabilities, which machines with Gaussian latents do not "
                f"have. {remedy}"
            )
        exactly = self.enumerated(rows, "auto")
        if exactly.all():
            return
        first, n_hidden = rows.number_of(np.argmin(exactly)), self.machine.n_hidden
        trouble = f"this one has {n_hidden}"
        if n_hidden <= MAX_AUTOMATIC_UNITS:
            trouble = (
                f"this one has {n_hidden}, but row {first} misses values that other features "
                "depend on, which count as hidden units"
            )
        raise ValueError(
            f"{name} needs exact probabilities, which machines of at most {MAX_AUTOMATIC_UNITS} "
            f"hidden units have: {trouble}. {remedy}"
        )

    def check_mean_field(self, name, remedy, rows):
        """Refuse mean field where it has no bound.

        name : of the parameter that asks for it by ``"mean-field"``; remedy : what to use instead.
        """
        self.machine.require(Ability.MEAN_FIELD, f"{name}='mean-field'")
        field = MeanField.of(self.machine)
        if not field.has_moderate_weights:
            raise ValueError(
                f"{name}='mean-field' needs weights of at most {LARGEST_WEIGHT:g} in magnitude, "
                f"and one of this net is {np.abs(field.weights).max():g}. Use {remedy}, or train "
                "with a larger alpha."
            )
        if not self.machine.can_complete(Ability.MEAN_FIELD):
            self.refuse_missing(f"{name}='mean-field' has no bound", remedy, rows)

    def refuse_missing(self, trouble, remedy, rows):
        """Refuse missing values of units that other units depend on."""
        missing = rows.count_missing() > 0
        if missing.any():
            name = self.machine.visible.units.name.capitalize()
            raise ValueError(
                f"{trouble} where values of {name} features that depend on each other are missing "
                f"(NaN), as in row {rows.number_of(np.argmax(missing))}. Use {remedy}, or train "
                "with autoregressive=False."
            )

    def estimate(self, rows, method, n_samples, n_temperatures, rng, n_threads, tails=None):
        """An `Estimate` of log p of rows, the content keys of these, and the method used.

        tails : see `importance_estimate`.
        """
        machine = self.machine
        if method == "annealed":
            machine.require(Ability.ANNEAL, "method='annealed'")
            if not machine.can_complete(Ability.ANNEAL):
                self.refuse_missing("method='annealed' cannot estimate", "another method", rows)
            key = _keys.key(_keys.scoring_seed(rng), Purpose.ANNEAL)
            scores = score_by_annealing(machine, rows, key, n_samples, n_temperatures, n_threads)
            return *scores, method
        exactly = self.enumerated(rows, method)
        if exactly.all():
            return *score_exactly(machine, rows, n_threads), "exact"
        key = _keys.key(_keys.scoring_seed(rng), Purpose.SCORE)
        scores = score_where_possible(machine, rows, exactly, key, n_samples, n_threads, tails)
        return *scores, "importance"

    def bounds(self, n_rows, method, n_samples, n_temperatures, rng, n_threads):
        """Lower and upper bounds of log p of dreamt rows, (n_rows,) each, and the method used."""
        machine, sampler, seed = self.machine, None, _keys.draw_seed(rng)
        method = "importance" if method == "auto" else method
        if method == "annealed":
            machine.require(Ability.ANNEAL, "method='annealed'")
            sampler = sampler_of(machine)
        values = self.dream(n_rows, _keys.key(seed, Purpose.SAMPLE), n_threads)
        addresses, bounds = np.arange(n_rows, dtype=np.uint64), np.empty((2, n_rows))

        def bound(number):
            place = slice(number * _BOUNDED_ROWS, (number + 1) * _BOUNDED_ROWS)
            part = Block(values[0][place]), *(layer[place] for layer in values[1:])
            if sampler is None:
                both = importance_bounds(machine, part, seed, addresses[place], n_samples)
            else:
                both = annealed_bounds(
                    sampler, part, seed, addresses[place], n_samples, n_temperatures
                )
            bounds[:, place] = both

        run_blocks(bound, -(-n_rows // _BOUNDED_ROWS), n_threads)
        return *(bounds - self.encoding.scaling.log_volume()), method

    def draw(self, n_rows, rng, n_threads):
        """Rows of data and their hidden layers, by ancestral sampling."""
        X, *hidden = self.dream(n_rows, _keys.key(_keys.draw_seed(rng), Purpose.SAMPLE), n_threads)
        return self._answer(X), hidden

    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """Rows that hold some given values, and their hidden layers.

        A ValueError where a value is given that no state of the hidden units makes possible.
        """
        rows = self.table(evidence[None])
        self._check_possible(rows, evidence)
        seed = _keys.draw_seed(rng)
        hidden, data = conditional_draws(self, rows, n_rows, seed, n_pool, n_threads)
        return self._with_evidence(data, evidence), hidden

    def _check_possible(self, rows, evidence):
        log_best = best_log_prob(self.machine, rows.take(np.arange(1)).todoubles()[0])
        log_best = self.encoding.given(log_best)
        impossible = np.flatnonzero(log_best < np.log(IMPOSSIBLE))
        if len(impossible):
            column = impossible[0]
            name = named(column, self.encoding.feature_names)
            raise ValueError(
                f"The model thinks it impossible that column {name} is {evidence[column]:g}, as "
                "given says: whatever the hidden units, its probability is at most "
                f"{np.exp(log_best[column]):.1g} (relative to that of the most probable value)."
            )

    def effects(self, layer):
        """Effects on the inputs of the features, of Gaussian ones in the user's units."""
        return self._in_users_units(unit_effects(self.machine, layer))

    def _in_users_units(self, found):
        """The same `Effects` in the user's order, on Gaussian features in the user's units."""
        encoding, changes = self.encoding, found.changes
        if self.machine.visible.units.standardises:
            changes = changes * encoding.scaling.scale
        given = encoding.given
        return replace(found, changes=given(changes), importance=given(found.importance))

    @property
    def hidden_sizes(self):
        """Units of each hidden layer, from the data upward."""
        return self.machine.n_units[1:]

    @property
    def visible_units(self):
        """The units of the data."""
        return self.machine.visible.units

    @property
    def hidden_units(self):
        """The units of each hidden layer, from the data upward."""
        return [layer.units for layer in self.machine.generation.conditionals[-2::-1]]

    def log_joint(self, rows, hidden, n_threads):
        """Log p(x, h); a ValueError where missing values cannot be summed out."""
        if self.machine.is_autoregressive:
            bits = self.machine.visible.units.bits_to_sum_out(rows)
            if (bits > MAX_UNITS).any():
                raise ValueError(
                    "log_joint cannot sum out the missing values of row "
                    f"{rows.number_of(np.argmax(bits > MAX_UNITS))}, on which other features "
                    f"depend: it can where they are worth at most {MAX_UNITS} binary ones."
                )
        return paired_log_joint(self.machine, rows, hidden, n_threads)

    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """Means and samples of the hidden layers, and effective sample sizes."""
        if method == "recognition" and not has_recognition(self.machine):
            raise ValueError(
                "method='recognition' needs a recognition net, which this model does not have. Use "
                "method='mean-field' or 'importance'."
            )
        if method == "mean-field":
            self.check_mean_field("method", "another method", rows)
        if method == "elliptical":
            self.machine.require(Ability.ELLIPTICAL, "method='elliptical'")
        if method == "gibbs":
            self.machine.require(Ability.GIBBS, "method='gibbs'")
            if not self.machine.can_complete(Ability.GIBBS):
                self.refuse_missing("method='gibbs' has no draws", "another method", rows)
        arrays, method = posteriors(
            self, rows, method, _keys.draw_seed(rng), n_samples, n_pool, n_sweeps, n_threads
        )
        n_layers = len(self.machine.n_units) - 1
        return {
            "mean": arrays[:n_layers],
            "samples": arrays[n_layers:-1],
            "effective_sample_size": arrays[-1],
            "method": method,
        }

    def impute(self, rows, strategy, n_imputations, n_pool, rng, n_threads):
        """Values for all that is missing; ``rng`` None for fixed random numbers."""
        drawn = strategy == "sample"
        seed = _keys.scoring_seed(rng if drawn else None)
        n_drawn = n_imputations if drawn else 1
        return imputations(self, rows, strategy, seed, n_drawn, n_pool, n_threads)

    def dream(self, n_rows, key, n_threads):
        """Samples of all layers from the data upward, in the machine's units."""
        machine, addresses = self.machine, np.arange(n_rows, dtype=np.uint64)
        families = [conditional.units for conditional in machine.generation.conditionals[::-1]]
        values = [
            units.empty(n_rows, size) for size, units in zip(machine.n_units, families, strict=True)
        ]
        limits = split_evenly(n_rows, machine.n_weights, _FEWEST_ROWS)

        def dream_block(number):
            place = slice(limits[number], limits[number + 1])
            dreamt, _ = machine.dream(Draws(key, addresses[place]))
            for target, source in zip(values, dreamt, strict=True):
                target[place] = source

        run_blocks(dream_block, len(limits) - 1, n_threads)
        return values

    def recognition_means(self, rows):
        """Limits of blocks of rows, and a function from a slice of them to hidden means.

        The latter are means of recognition, a list of arrays (n_rows, n_units).
        """

        def hidden_means(place):
            return self.machine.recognition.means(self.machine.seen(rows.take(place)))

        return split_evenly(len(rows), self.machine.n_weights, _FEWEST_ROWS), hidden_means

    def expected_data(self, states, layer):
        """Expected values of the data given values of a hidden layer, in the user's units.

        Expected values are passed down as if they were states. states : (n_rows, n_units).
        """
        limit = np.finfo(np.float32).max
        states = np.ascontiguousarray(np.clip(states, -limit, limit), np.float32)
        for conditional in self._downward[-layer:]:
            states = conditional.mean(states)
        return self.encoding.restore(states)

    @property
    def _downward(self):
        """The conditionals that lead from the topmost layer to the data."""
        return self.machine.generation.conditionals
