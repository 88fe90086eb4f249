"""Both sides of a Boltzmann machine given what is observed, by enumeration: exact, in float64."""

import numpy as np
from scipy.special import expit, softmax

from .. import _keys
from .._keys import Draws, Purpose
from ..units import Bernoulli
from .bipartite import (
    Bipartite,
    doubles_of,
    enumerates_visible,
    hidden_side,
    linear_terms,
    patterns,
)
from .resampling import choose, fine_uniforms

_OTHER_SIDE = 3  # layer of the random numbers of the side that is drawn given the other one
_PART = 2**12  # states whose inputs of the other side are held at a time


class EnumeratedSides:
    """p(missing, h | observed) of a `Boltzmann` machine, of which a side is enumerated.

    Of each row the fewer of missing and hidden units, of which there must be few (see
    `MAX_GAP_SIDE`); unconditional draws enumerate the smaller side of the machine. Draws are
    independent.
    """

    method = "exact"

    def __init__(self, machine, seed=None):
        self.machine, self._seed = machine, seed
        self._arrays = doubles_of(machine)
        self._prior = None  # probabilities of the states of the smaller side, once asked for

    def means(self, x, addresses=None):
        """Expected values of both sides of a `Block`, (n_rows, n_visible), (n_rows, n_hidden).

        float64; observed values are as they are.
        """
        values = x.todoubles().copy()
        hidden = expit(self._inputs(values))
        for row, columns, side, p, is_hidden in self._sides(values):
            own, others = _means(side, p)
            hidden[row], values[row, columns] = (own, others) if is_hidden else (others, own)
        return values, hidden

    def sample(self, x, addresses, n_samples):
        """Draws of both sides: (n_rows * n_samples, n_visible) and (..., n_hidden) uint8.

        Those of a row are neighbours; the visible side is float32 if fractions are observed.
        """
        values = x.todoubles()
        visible = np.repeat(values, n_samples, axis=0)
        hidden = self._others(self._inputs(values), addresses, n_samples)
        uniforms = self._uniforms(addresses, n_samples)
        for row, columns, side, p, is_hidden in self._sides(values):
            place = slice(row * n_samples, (row + 1) * n_samples)
            own = side.states(choose(p[None], uniforms[row : row + 1]))
            others = self._others(side.others_eta(own), addresses[row : row + 1], n_samples)
            hidden[place], visible[place, columns] = (own, others) if is_hidden else (others, own)
        if ((visible == 0) | (visible == 1)).all():
            return visible.astype(np.uint8), hidden
        return visible.astype(np.float32), hidden

    def imagine(self, addresses, n_threads=1):
        """Draws where nothing is observed, one for each address: visible and hidden states."""
        side = Bipartite.of(self.machine)
        if self._prior is None:
            self._prior = softmax(side.log_terms(n_threads))[None]
        own = side.states(choose(self._prior, self._uniforms(addresses, 1).reshape(1, -1)))
        others = self._others(side.others_eta(own), addresses, 1)
        return (own, others) if enumerates_visible(self.machine) else (others, own)

    def _inputs(self, values):
        """Inputs of the hidden units by what is observed, (n_rows, n_hidden) float64."""
        W, c, _ = self._arrays
        return c + np.einsum("rk,ks->rs", np.nan_to_num(values), W)

    def _sides(self, values):
        """The number and the missing columns of each row with gaps, and what is left of both sides.

        That is a `Bipartite`, the probabilities of the states of its enumerated side, and whether
        that is the hidden one.
        """
        W, _, b = self._arrays
        missing, inputs = np.isnan(values), self._inputs(values)
        for rows, columns in patterns(missing, np.flatnonzero(missing.any(axis=1))):
            is_hidden = len(columns) > W.shape[1]
            shared = hidden_side(W, b, columns)
            sums = shared.log_sums() if is_hidden else None
            for row in rows:
                if is_hidden:
                    side, terms = shared.with_biases(inputs[row]), linear_terms(inputs[row, None])
                    terms = terms[0] + sums
                else:
                    side = Bipartite(b[columns], inputs[row], W[columns])
                    terms = side.log_terms()
                yield row, columns, side, softmax(terms), is_hidden

    def _uniforms(self, addresses, n_samples):
        return fine_uniforms(Draws(_keys.key(self._seed, Purpose.RESAMPLE), addresses, n_samples))

    def _others(self, eta, addresses, n_samples):
        """States of the side given the other one, (n_rows * n_samples, n) uint8."""
        draws = Draws(_keys.key(self._seed, Purpose.CHAINS), addresses, n_samples)
        return Bernoulli().draw(np.ascontiguousarray(eta, np.float32), draws, _OTHER_SIDE)


def _means(side, probabilities):
    """Expected states of the enumerated side and of the other one."""
    n = len(side.biases)
    own = [probabilities.reshape(-1, 2, 1 << unit)[:, 1].sum() for unit in range(n)]
    others = np.zeros(len(side.others))
    for start in range(0, len(probabilities), _PART):
        part = np.arange(start, min(start + _PART, len(probabilities)))
        eta = side.others_eta(side.states(part))
        others += np.einsum("s,sk->k", probabilities[part], expit(eta))
    return np.array(own), others
