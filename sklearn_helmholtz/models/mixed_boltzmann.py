"""Fitted Boltzmann machines of mixed columns."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from .._threads import run_blocks
from ..inference import MAX_GAP_SIDE
from ..layers import outer
from ..machines import MixedBoltzmann
from ..rows import split_evenly
from ..units import Gaussian
from .boltzmann import FEWEST_ROWS, BoltzmannModel, some
from .encoding import named

_FEW_ROWS = 8  # of a block whose columns are told given all others


@dataclass(frozen=True)
class MixedBoltzmannModel(BoltzmannModel):
    """A restricted Boltzmann machine of the columns of a mixed table.

    Rows are entries (`columns.OneHotLayout`) to the machine, and values or levels to the user.
    """

    machine: MixedBoltzmann

    n_components = {"mode": 64, "median": 1024}  # the heaviest, of mixtures of real columns

    @property
    def layout(self):
        """The layout of the columns."""
        return self.machine.layout

    # Likelihoods.

    def pseudo_log_prob(self, rows, n_threads):
        """Sum over columns of log p of each given the others, of complete rows, (n_rows,) nats."""
        for j, column in enumerate(self.layout.columns):
            if not column.n_levels:
                raise ValueError(
                    "pseudo_log_likelihood needs columns of levels, but column "
                    f"{named(j, self.encoding.feature_names)} is real: given all others it has a "
                    "density that is as hard to come by as score_samples. Use that."
                )
        self._refuse_missing("pseudo_log_likelihood", rows)
        limits = split_evenly(len(rows), self.machine.n_weights * self.layout.n_bits, _FEW_ROWS)
        result = np.empty(len(rows))

        def score(number):
            place = slice(limits[number], limits[number + 1])
            result[place] = self._pseudo(rows.take(place).todoubles())

        run_blocks(score, len(limits) - 1, n_threads)
        return result

    def _pseudo(self, values):
        """The same of rows of entries."""
        machine, total = self.machine, np.zeros(len(values))
        W, b = machine.weights.astype(np.float64), machine.visible_intercept.astype(np.float64)
        eta = machine.hidden_doubles(values)
        for j in range(self.layout.n_columns):
            codes = self.layout.codes_of(j)
            without = eta - outer(values[:, codes], W[codes])
            levels = W[codes], b[codes]
            if codes[0] < self.layout.n_binary:  # 0 is a level as well, with no entry of its own
                levels = np.concatenate([0 * W[codes], W[codes]]), np.append(0.0, b[codes])
            each = levels[1] + np.logaddexp(0, without[:, None] + levels[0]).sum(axis=2)
            own = b[codes] * values[:, codes]
            total += own.sum(axis=1) + np.logaddexp(0, eta).sum(axis=1) - logsumexp(each, axis=1)
        return total

    def log_joint(self, rows, hidden, n_threads, n_chains=100, n_temperatures="auto"):
        """Log p(v, h), where what is missing of v is summed out or integrated, nats."""
        (states,) = hidden
        result = np.empty(len(rows))
        partition = self.partition(n_chains, n_temperatures, n_threads).value
        limits = split_evenly(len(rows), self.machine.n_weights, FEWEST_ROWS)

        def score(number):
            place = slice(limits[number], limits[number + 1])
            x = rows.take_keyed(place)
            result[place] = self._joint(x.todoubles(), states[place]) - partition - x.log_volumes

        run_blocks(score, len(limits) - 1, n_threads)
        return result

    def _joint(self, values, states):
        """``-E`` of rows of entries and hidden states, where what is missing is summed out."""
        machine, layout = self.machine, self.layout
        W, b = machine.weights.astype(np.float64), machine.visible_intercept.astype(np.float64)
        moved = outer(states, W.T)
        total = machine.log_energy(values) + (states * machine.hidden_intercept).sum(axis=1)
        total += (np.nan_to_num(values / machine.variance) * moved).sum(axis=1)
        missing = layout.missing(values)
        for j in np.flatnonzero(missing.any(axis=0)):
            part, own = layout.part([j]), missing[:, j]
            eta = (b + moved[own])[:, part.codes]
            total[own] += machine.units.log_sums(eta, part, b[part.codes])
        return total

    # Rows with and without gaps.

    def _missing(self, x):
        return self.layout.missing(x.toarray())

    @property
    def _trouble_of_gaps(self):
        return (
            f"misses values of more than 2^{MAX_GAP_SIDE} configurations, or real ones, where more "
            f"than {MAX_GAP_SIDE} hidden units are too many"
        )

    # Answers.

    def _most_probable(self, x, addresses, seed):
        return self._of_mixtures("mode", x, addresses, seed)

    @property
    def _answers(self):
        return {**super()._answers, "median": self._medians}

    def _medians(self, x, addresses, seed):
        return self._of_mixtures("median", x, addresses, seed)

    def _of_mixtures(self, name, x, addresses, seed):
        """Expected entries, and medians or modes of the mixtures that real columns have."""
        found, n_bits = self._expected(x, addresses, seed), self.layout.n_bits
        if not self.layout.n_reals:
            return found
        normal, n = self.machine.units.normal, self.n_components[name]
        for numbers, sides in self._ways(x, seed, "auto"):
            # Others have no real gap to fill, and their hidden side may be too large to enumerate.
            numbers = numbers[np.isnan(x.values[numbers, n_bits:]).any(axis=1)]
            if not len(numbers):
                continue
            own = some(x, numbers)
            weights, eta = sides.components(own, addresses[numbers], n)
            answer = getattr(Gaussian, f"mixture_{name}s")
            variances = normal.component_variances(len(numbers))
            found[numbers, n_bits:] = answer(normal, weights, eta[..., n_bits:], variances)
        return found

    def expected_data(self, states, layer):
        """Refused: there is no mean of categories."""
        raise ValueError("Mixed columns have no expected data. Draw rows, or fill in values.")

    def effects(self, layer):
        """Refused: a column has several inputs, which have no order."""
        raise ValueError("Effects on mixed columns have no order: each has several inputs.")
