"""Both sides of a Boltzmann machine of mixed columns given what is observed, exactly."""

import numpy as np
from scipy.special import expit, softmax

from .. import _keys
from .._keys import Draws, Purpose
from ..layers import outer
from .bipartite import doubles_of
from .column_states import ColumnEnumeration, HiddenStates, column_patterns, smaller_side
from .gaussian_sides import bits_of
from .resampling import choose, fine_uniforms

_HIDDEN, _VISIBLE = 3, 4  # layers of the random numbers of what is drawn given the other side


class MixedSides:
    """p(missing, h | observed) of a `MixedBoltzmann`, of which a side is enumerated.

    Of each row the hidden side, or the missing values where they have fewer configurations; there
    must be few, see `MAX_GAP_SIDE`. Draws are independent. The methods are those of
    `EnumeratedSides`; rows are entries.
    """

    method = "exact"

    def __init__(self, machine, seed=None):
        self.machine, self._seed = machine, seed

    def means(self, x, addresses=None):
        """Expected values of both sides of a `Block`, (n_rows, n_visible), (n_rows, n_hidden).

        float64; observed values are as they are.
        """
        values = x.todoubles().copy()
        hidden = expit(self._inputs(values))
        for row, side, p, inputs in self._posteriors(values):
            values[row, side.part.codes], hidden[row] = side.means(p, inputs)
        return values, hidden

    def sample(self, x, addresses, n_samples):
        """Draws of both sides: (n_rows * n_samples, n_visible) and (..., n_hidden) uint8.

        Those of a row are neighbours.
        """
        values = x.todoubles()
        visible = np.repeat(values, n_samples, axis=0)
        hidden = self._draw_hidden(self._inputs(values), addresses, n_samples)
        uniforms = self._uniforms(addresses, n_samples)
        for row, side, p, inputs in self._posteriors(values):
            place, own = slice(row * n_samples, (row + 1) * n_samples), addresses[row : row + 1]
            states = side.states(choose(p[None], uniforms[row : row + 1]))
            if side.is_hidden:
                hidden[place] = states
                drawn = self._draw_visible(states, own, n_samples)
                visible[place, side.part.codes] = drawn[:, side.part.codes]
            else:
                visible[place, side.part.codes] = states
                eta = side.hidden_eta(states, inputs)
                hidden[place] = self._draw_hidden(eta, own, n_samples)
        return visible.astype(self.machine.units.dtype), hidden

    def imagine(self, addresses, n_threads=1):
        """Draws where nothing is observed, one for each address: visible and hidden states."""
        both = ColumnEnumeration(self.machine)
        p, side = both.probabilities(n_threads), both.side
        states = side.states(choose(p[None], self._uniforms(addresses, 1).reshape(1, -1)))
        if side.is_hidden:
            return self._draw_visible(states, addresses, 1), states
        visible = np.empty(states.shape, np.uint8)
        visible[:, side.part.codes] = states
        return visible, self._draw_hidden(side.hidden_eta(states, both.inputs), addresses, 1)

    def components(self, x, addresses, n_components):
        """The mixtures of which rows are: weights and, for every entry, inputs.

        As of `GaussianSides`: (n_rows, n_components), (n_rows, n_components, n_visible).
        """
        W, _, b = doubles_of(self.machine)
        n = min(n_components, 2 ** W.shape[1])
        weights, eta = np.empty((len(x), n)), np.empty((len(x), n, len(b)))
        values = x.todoubles()
        inputs = self._inputs(values)
        for rows, columns in column_patterns(self.machine, np.isnan(values)):
            side = HiddenStates(self.machine, columns)
            for row in rows:
                p = softmax(side.log_terms(inputs[row]))
                chosen = np.argpartition(p, len(p) - n)[len(p) - n :]
                weights[row] = p[chosen] / p[chosen].sum()
                eta[row] = b + outer(bits_of(chosen, W.shape[1]).astype(np.float64), W.T)
        return weights, eta

    def _inputs(self, values):
        """Inputs of the hidden units by what is observed, (n_rows, n_hidden) float64."""
        return self.machine.hidden_doubles(np.nan_to_num(values))

    def _posteriors(self, values):
        """Number of each row with gaps, the side that is enumerated, its probabilities, inputs."""
        inputs = self._inputs(values)
        for rows, columns in column_patterns(self.machine, np.isnan(values)):
            side = smaller_side(self.machine, columns)
            for row in rows:
                yield row, side, softmax(side.log_terms(inputs[row])), inputs[row]

    def _uniforms(self, addresses, n_samples):
        return fine_uniforms(Draws(_keys.key(self._seed, Purpose.RESAMPLE), addresses, n_samples))

    def _draw_hidden(self, eta, addresses, n_samples):
        draws = Draws(_keys.key(self._seed, Purpose.CHAINS), addresses, n_samples)
        units = self.machine.hidden_units
        return units.draw(np.ascontiguousarray(eta, np.float32), draws, _HIDDEN)

    def _draw_visible(self, hidden, addresses, n_samples):
        """Rows of entries given hidden states."""
        draws = Draws(_keys.key(self._seed, Purpose.CHAINS), addresses, n_samples)
        return self.machine.units.draw(self.machine.visible_eta(hidden), draws, _VISIBLE)
