"""Fitted deep belief nets: what is known up to log Z, log Z, and the topmost layer."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..likelihood import Partition, relative_to
from ..machines import DeepBelief
from ..rows import Block, split_evenly
from .belief_net import BeliefNetModel
from .completion import posteriors
from .effects import effects_of
from .partition import PartitionMixin
from .side_draws import draw_sides
from .ways import Ways

_FEWEST_ROWS = 256


@dataclass(frozen=True)
class DeepBeliefModel(PartitionMixin, BeliefNetModel):
    """A deep belief net of encoded data.

    What answers of its hidden layers need is the `BeliefNetModel` of all but the topmost one, whose
    log-probabilities lack log Z. The topmost layer follows from the one below. chains : see
    `PartitionMixin`, of the two topmost layers.
    """

    machine: DeepBelief
    chains: np.ndarray | None = None

    likelihood_methods = ("auto", "exact", "importance")
    bound_methods = ("auto", "importance")
    posterior_methods = ("auto", "exact", "recognition", "importance")

    @property
    def undirected(self):
        """The machine whose partition function it is."""
        return self.machine.top

    @property
    def hidden_sizes(self):
        """Units of each hidden layer, the topmost one among them, from the data upward."""
        return self.machine.hidden_sizes

    @property
    def hidden_units(self):
        """The units of each hidden layer, from the data upward."""
        return [*super().hidden_units, self.machine.top.hidden_units]

    # Likelihoods.

    def estimate(self, rows, method, n_samples, ways, rng, n_threads, tails=None):
        """An `Estimate` of log p of rows, the content keys of these, and the method used.

        ways : `Ways` of the chains by which log Z is found, or None for the usual ones.
        """
        found = super().estimate(rows, method, n_samples, None, rng, n_threads, tails)
        partition = (ways or Ways(n_threads=n_threads)).partition_of(self, rng)
        return self._relative(rows, found[0], partition), *found[1:]

    def _relative(self, rows, estimate, partition):
        """Estimates of log p* as those of log p; rows of which nothing is known have 0."""
        unknown = rows.count_missing() == self.n_features
        return relative_to(estimate, partition).certain_of(unknown)

    def _relative_log_prob(self, rows, n_samples, n_threads):
        """Log p of rows up to log Z, which need not be known."""
        found = super().estimate(rows, "auto", n_samples, None, None, n_threads)[0]
        return self._relative(rows, found, Partition.exactly(0.0)).per_sample

    def lower_bounds(self, rows, n_samples, ways, rng, n_threads):
        """An `Estimate` of lower bounds of log p of rows, nats, and the method used.

        Bounds of log p* less what the way back from the machine says of log Z, which is too high
        on average, where that towards it is too low; by chance it may be the lower one of the two,
        and then the other one counts.
        """
        estimate, _, method = super().estimate(rows, "auto", n_samples, None, rng, n_threads)
        partition = ways.partition_of(self, rng)
        found = self._relative(
            rows, estimate, replace(partition, value=max(partition.lower, partition.upper))
        )
        bound = "exact" if found.bound == "exact" else "lower"
        return replace(found, bound=bound), method

    def log_joint(self, rows, hidden, n_threads, partition):
        """Log p(x, h_1, ..., h_L), where what is missing of x is summed out, nats.

        hidden : arrays (n_rows, n_units) float64; partition : log Z.
        """
        *below, top = hidden
        own = super().log_joint(rows, below, n_threads)
        # Of the sum over the topmost layer, the share of its state.
        eta = self.machine.top.hidden_doubles(below[-1])
        return own + (top * eta - np.logaddexp(0, eta)).sum(axis=1) - partition

    # Draws.

    def dream(self, n_rows, key, n_threads):
        """Refused: what leads from one key to all layers is `draw`."""
        raise NotImplementedError("The top of a deep belief net is drawn by chains: see draw.")

    def draw(self, n_rows, rng, n_threads):
        """Rows of data and their hidden layers: the two topmost as of their machine, then down."""
        machine, seed = self.machine, _keys.draw_seed(rng)
        states, top = draw_sides(machine.top, n_rows, seed, n_threads)
        key, layers = _keys.key(seed, Purpose.SAMPLE), machine.generation.layers[1:]
        limits = split_evenly(n_rows, machine.n_weights, _FEWEST_ROWS)
        found = [None] * (len(limits) - 1)

        def descend(block):
            place = np.arange(limits[block], limits[block + 1])
            below, path = states[place], []
            draws = Draws(key, place.astype(np.uint64))
            for conditional, layer in zip(machine.generation.conditionals[1:], layers, strict=True):
                below = conditional.draw(conditional.eta(below), draws, layer)
                path.append(below)
            found[block] = path[::-1]

        run_blocks(descend, len(found), n_threads)
        X, *hidden = (np.concatenate(layer) for layer in zip(*found, strict=True))
        return self._answer(X), [*hidden, states, top]

    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """Rows that hold some given values, and their hidden layers."""
        data, hidden = super().draw_given(evidence, n_rows, n_pool, rng, n_threads)
        return data, [*hidden, self._top_draws(hidden[-1], _keys.draw_seed(rng), n_threads)]

    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """Means and samples of the hidden layers, and effective sample sizes."""
        seed = _keys.draw_seed(rng)
        arrays, method = posteriors(
            self, rows, method, seed, n_samples, n_pool, n_sweeps, n_threads, self._top_means
        )
        n_layers = len(self.hidden_sizes)
        means, samples = arrays[:n_layers], arrays[n_layers:-1]
        states = samples[-1].reshape(-1, samples[-1].shape[2])
        top = self._top_draws(states, seed, n_threads).reshape(*samples[-1].shape[:2], -1)
        return {
            "mean": means, "samples": [*samples, top], "effective_sample_size": arrays[-1],
            "method": method,
        }  # fmt: skip

    def _top_means(self, states):
        """Means of the topmost layer given states of the one below, (n_rows, n_units) float64."""
        return expit(self.machine.top.hidden_doubles(states.astype(np.float64)))

    def _top_draws(self, states, seed, n_threads):
        """States of the topmost layer given those of the one below, (n_rows, n_units) uint8."""
        upward, layer = self.machine.undirected.upward, len(self.hidden_sizes)
        key = _keys.key(seed, Purpose.SAMPLE)
        limits = split_evenly(len(states), self.machine.top.n_connections, _FEWEST_ROWS)
        out = np.empty((len(states), self.hidden_sizes[-1]), np.uint8)

        def draw(block):
            place = np.arange(limits[block], limits[block + 1])
            eta = upward.eta(np.ascontiguousarray(states[place]))
            out[place] = upward.draw(eta, Draws(key, place.astype(np.uint64)), layer)

        run_blocks(draw, len(limits) - 1, n_threads)
        return out

    # Features.

    def recognition_means(self, rows):
        """Limits of blocks of rows, and a function from a slice of them to hidden means.

        Those of recognition, and of the topmost layer given the means of the one below.
        """

        def hidden_means(place):
            return self.machine.all_means(rows.take(place))

        return split_evenly(len(rows), self.machine.n_weights, _FEWEST_ROWS), hidden_means

    @property
    def _downward(self):
        return self.machine.downward

    def effects(self, layer):
        """Effects on the inputs of the features, of Gaussian ones in the user's units.

        Other units of the layer have the values that an average row gives them.
        """
        machine = self.machine
        average = Block(np.ascontiguousarray(self.encoding.fill_values[None], np.float32))
        expected = np.asarray(machine.all_means(average)[layer - 1], np.float32)
        return self._in_users_units(effects_of(machine.downward[-layer:], expected))
