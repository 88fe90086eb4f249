"""Both sides of a Boltzmann machine of real data, by all states of the hidden one: exact."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp, softmax

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..layers import outer
from ..units import standard_noise
from .bipartite import doubles_of, linear_terms, patterns
from .resampling import choose, fine_uniforms

_VISIBLE = 4  # layer of the random numbers of what is drawn given the hidden side
_LOW = 12  # units whose states are held at a time
_LOG_2_PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class HiddenSide:
    """``log f(h) = constant + a'h + h'J h / 2`` of binary units that are enumerated; float64.

    What is left of a machine of real data when its visible units, or some of them, are integrated:
    with u = W h they make ``prod_i sqrt(2 pi s_i) exp((2 b_i u_i + u_i^2) / (2 s_i))``.

    biases : a, (n,); couplings : J, (n, n), whose diagonal counts as biases do. State number k has
    unit i where its bit i is set.
    """

    constant: float
    biases: np.ndarray
    couplings: np.ndarray

    @classmethod
    def integrating(cls, machine, columns=slice(None)):
        """The hidden side with some columns integrated, and no biases c."""
        W, _, b = doubles_of(machine)
        W, b, variance = W[columns], b[columns], machine.variance[columns]
        scaled = W / variance[:, None]
        couplings = np.einsum("ij,ik->jk", W, scaled)
        constant = 0.5 * (_LOG_2_PI + np.log(variance)).sum()
        return cls(constant, np.einsum("ij,i->j", scaled, b), couplings)

    @classmethod
    def of(cls, machine):
        """The hidden side of a machine, of which nothing is observed."""
        side = cls.integrating(machine)
        return cls(side.constant, side.biases + doubles_of(machine)[1], side.couplings)

    @property
    def n_states(self):
        """Number of states."""
        return 2 ** len(self.biases)

    def log_terms(self):
        """Log f of all states, (n_states,) float64 nats."""
        return self.constant + linear_terms(self.biases[None])[0] + pair_terms(self.couplings)

    def log_partition(self, n_threads=1):
        """Log of the sum of f over all states, nats: only some of them are held at a time."""
        low, n_high = slice(min(_LOW, len(self.biases))), max(len(self.biases) - _LOW, 0)
        pairs = pair_terms(self.couplings[low, low])
        totals = np.empty(2**n_high)

        def add(number):
            bits = (number >> np.arange(n_high) & 1).astype(np.float64)
            own = self.couplings[low.stop :, low.stop :]
            biases = self.biases[low] + np.einsum("ij,j->i", self.couplings[low, low.stop :], bits)
            constant = (self.biases[low.stop :] * bits).sum()
            constant += 0.5 * np.einsum("i,ij,j->", bits, own, bits)
            totals[number] = constant + logsumexp(linear_terms(biases[None])[0] + pairs)

        run_blocks(add, len(totals), n_threads)
        return self.constant + float(logsumexp(totals))


def pair_terms(couplings):
    """``h'J h / 2`` of all states h of units with couplings J, (2^n,) float64."""
    terms = np.zeros(2 ** len(couplings))
    for unit, row in enumerate(couplings):
        half = 1 << unit
        more = linear_terms(row[None, :unit])[0] + 0.5 * row[unit]
        np.add(terms[:half], more, out=terms[half : 2 * half])
    return terms


def bits_of(numbers, n):
    """The states of n units of some numbers, (len(numbers), n) uint8."""
    return (np.asarray(numbers)[:, None] >> np.arange(n) & 1).astype(np.uint8)


def integrated_totals(machine, inputs, missing):
    """As `log_totals_of_rows`, of a `GaussianBoltzmann`: what is missing is integrated."""
    totals = np.empty(len(missing))
    for rows, columns in patterns(missing, np.arange(len(missing))):
        side = HiddenSide.integrating(machine, columns)
        pairs = pair_terms(side.couplings)
        for row in rows:  # one by one: the tables are large
            linear = linear_terms((inputs[row] + side.biases)[None])[0]
            totals[row] = side.constant + logsumexp(linear + pairs)
    return totals


class GaussianSides:
    """p(missing, h | observed) of a `GaussianBoltzmann`, whose hidden side is enumerated.

    Of few units, see `MAX_GAP_SIDE`. Draws are independent. The methods are those of
    `EnumeratedSides`.
    """

    method = "exact"

    def __init__(self, machine, seed=None):
        self.machine, self._seed = machine, seed
        self._arrays = doubles_of(machine)
        self._deviations = np.sqrt(machine.variance)

    def means(self, x, addresses=None):
        """Expected values of both sides of a `Block`, (n_rows, n_visible), (n_rows, n_hidden).

        float64; observed values are as they are.
        """
        values = x.todoubles().copy()
        hidden = expit(self._inputs(values))
        for row, columns, p in self._posteriors(values):
            hidden[row] = _expected_states(p)
            values[row, columns] = self._visible(hidden[row : row + 1], columns)[0]
        return values, hidden

    def sample(self, x, addresses, n_samples):
        """Draws of both sides: (n_rows * n_samples, n_visible) float32, (..., n_hidden) uint8.

        Those of a row are neighbours.
        """
        values = x.todoubles()
        visible = np.repeat(values, n_samples, axis=0)
        hidden = self._independent(self._inputs(values), addresses, n_samples)
        uniforms = self._uniforms(addresses, n_samples)
        for row, columns, p in self._posteriors(values):
            place = slice(row * n_samples, (row + 1) * n_samples)
            own = bits_of(choose(p[None], uniforms[row : row + 1]), hidden.shape[1])
            noise = self._noise(addresses[row : row + 1], n_samples)[:, columns]
            hidden[place] = own
            visible[place, columns] = self._visible(own, columns) + noise
        return visible.astype(np.float32), hidden

    def imagine(self, addresses, n_threads=1):
        """Draws where nothing is observed, one for each address: visible and hidden states."""
        p = softmax(HiddenSide.of(self.machine).log_terms())
        chosen = choose(p[None], self._uniforms(addresses, 1).reshape(1, -1))
        hidden = bits_of(chosen, self.machine.n_units[1])
        visible = self._visible(hidden) + self._noise(addresses, 1)
        return visible.astype(np.float32), hidden

    def components(self, x, addresses, n_components):
        """The mixtures of which rows are: weights and, for every column, means.

        (n_rows, n_components) and (n_rows, n_components, n_visible) float64, of the heaviest
        components of each row; every row misses some values.
        """
        W, _, b = self._arrays
        n = min(n_components, 2 ** self.machine.n_units[1])
        weights, means = np.empty((len(x), n)), np.empty((len(x), n, len(b)))
        for row, _, p in self._posteriors(x.todoubles()):
            chosen = np.argpartition(p, len(p) - n)[len(p) - n :]
            weights[row] = p[chosen] / p[chosen].sum()
            means[row] = b + outer(bits_of(chosen, W.shape[1]).astype(np.float64), W.T)
        return weights, means

    def _inputs(self, values):
        """Inputs of the hidden units by what is observed, (n_rows, n_hidden) float64."""
        return self.machine.hidden_doubles(np.nan_to_num(values))

    def _posteriors(self, values):
        """Number of each row that misses values, the columns, and p(h | observed), (2^n,)."""
        missing, inputs = np.isnan(values), self._inputs(values)
        for rows, columns in patterns(missing, np.flatnonzero(missing.any(axis=1))):
            side = HiddenSide.integrating(self.machine, columns)
            pairs = pair_terms(side.couplings)
            for row in rows:
                linear = linear_terms((inputs[row] + side.biases)[None])[0]
                yield row, columns, softmax(linear + pairs)

    def _visible(self, hidden, columns=slice(None)):
        """Means of some columns given states or means of hidden units, float64."""
        W, _, b = self._arrays
        return b[columns] + outer(hidden.astype(np.float64), W[columns].T)

    def _noise(self, addresses, n_samples):
        draws = Draws(_keys.key(self._seed, Purpose.CHAINS), addresses, n_samples)
        noise = standard_noise(draws, _VISIBLE, len(self._deviations))
        return self._deviations * noise.astype(np.float64)

    def _uniforms(self, addresses, n_samples):
        return fine_uniforms(Draws(_keys.key(self._seed, Purpose.RESAMPLE), addresses, n_samples))

    def _independent(self, eta, addresses, n_samples):
        draws = Draws(_keys.key(self._seed, Purpose.CHAINS), addresses, n_samples)
        units = self.machine.hidden_units
        return units.draw(np.ascontiguousarray(eta, np.float32), draws, _VISIBLE - 1)


def _expected_states(probabilities):
    """Means of the units of which these are the probabilities of all states."""
    n = (len(probabilities) - 1).bit_length()
    return np.array([probabilities.reshape(-1, 2, 1 << unit)[:, 1].sum() for unit in range(n)])
