"""Fitted Boltzmann machines of real data."""

from dataclasses import dataclass, replace

import numpy as np

from .._threads import run_blocks
from ..inference import MAX_GAP_SIDE
from ..layers import outer
from ..machines import GaussianBoltzmann
from ..rows import split_evenly
from .boltzmann import FEWEST_ROWS, BoltzmannModel, some

_LOG_2_PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class GaussianBoltzmannModel(BoltzmannModel):
    """A restricted Boltzmann machine of encoded real data, which gaps make a mixture of normals."""

    machine: GaussianBoltzmann

    enumerated = "the hidden side"
    n_components = {"mode": 64, "median": 1024}  # the heaviest

    def pseudo_log_prob(self, rows, n_threads):
        """A ValueError: given all others, a column is a mixture of ``2^n_hidden`` normals."""
        raise ValueError(
            "pseudo_log_likelihood needs binary features: given all others, each real one has a "
            "density that is as hard to come by as score_samples. Use that."
        )

    def log_joint(self, rows, hidden, n_threads, n_chains=100, n_temperatures="auto"):
        """Log p(v, h), where what is missing of v is integrated, nats."""
        (states,) = hidden
        machine, result = self.machine, np.empty(len(rows))
        partition = self.partition(n_chains, n_temperatures, n_threads).value
        limits = split_evenly(len(rows), machine.n_weights, FEWEST_ROWS)
        W, b, s = machine.weights.astype(np.float64), machine.visible_intercept, machine.variance
        c = machine.hidden_intercept.astype(np.float64)

        def score(number):
            place = slice(limits[number], limits[number + 1])
            x, own = rows.take_keyed(place), states[place]
            values, moved = x.todoubles(), outer(own, W.T)
            observed = (values * moved - 0.5 * (values - b) ** 2) / s
            integrated = 0.5 * (_LOG_2_PI + np.log(s)) + (b + 0.5 * moved) * moved / s
            terms = np.where(np.isnan(values), integrated, observed)
            result[place] = terms.sum(axis=1) + (own * c).sum(axis=1) - partition - x.log_volumes

        run_blocks(score, len(limits) - 1, n_threads)
        return result

    @property
    def _trouble_of_gaps(self):
        return f"misses values, where more than {MAX_GAP_SIDE} hidden units are too many"

    def effects(self, layer):
        """Effects of the hidden units on the means of the features, in the user's units."""
        found = super().effects(layer)
        return replace(found, changes=found.changes * self.encoding.scaling.scale)

    def _most_probable(self, x, addresses, seed):
        return self._of_mixtures("mode", x, addresses, seed)

    @property
    def _answers(self):
        return {**super()._answers, "median": self._medians}

    def _medians(self, x, addresses, seed):
        return self._of_mixtures("median", x, addresses, seed)

    def _of_mixtures(self, name, x, addresses, seed):
        """Medians or modes of the mixture that each column of rows with gaps has."""
        found, units = np.empty(x.values.shape), self.machine.units
        for numbers, sides in self._ways(x, seed, "auto"):
            own, n = some(x, numbers), self.n_components[name]
            weights, means = sides.components(own, addresses[numbers], n)
            variances = units.component_variances(len(numbers))
            found[numbers] = getattr(units, f"mixture_{name}s")(weights, means, variances)
        return found
