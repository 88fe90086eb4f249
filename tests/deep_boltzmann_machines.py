"""Deep Boltzmann machines of a few units, and everything about them by enumeration of all layers.

Energies are written out layer by layer, in float64: nothing of this calls the package but to make
the machines.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from sklearn_helmholtz.machines import assemble_deep_boltzmann
from sklearn_helmholtz.rows import Block, Table, WithUnseen
from tests.boltzmann_machines import states

SIZES = [(5, 4, 3), (5, 3, 4, 2), (4, 3, 2, 3, 2)]  # two, three and four hidden layers


@dataclass(frozen=True)
class Layers:
    """Weights between neighbouring layers and biases of each, from the data upward; float64."""

    weights: list
    biases: list

    @property
    def sizes(self):
        return tuple(len(bias) for bias in self.biases)

    @property
    def all_states(self):
        """All states of all layers together, an array for each layer."""
        ends = np.cumsum(self.sizes)[:-1]
        return np.split(states(sum(self.sizes)), ends, axis=1)

    def energy(self, layers):
        """Log p* of states of all layers, (n_states,)."""
        total = sum(layer @ bias for layer, bias in zip(layers, self.biases, strict=True))
        for below, own, above in zip(layers, self.weights, layers[1:], strict=False):
            total = total + np.einsum("ri,ij,rj->r", below, own, above)
        return total

    @property
    def log_partition(self):
        return logsumexp(self.energy(self.all_states))

    def log_terms(self, row):
        """Log p* of all states that hold what is observed of a row, -inf of others."""
        layers = self.all_states
        fits = (np.isnan(row) | (layers[0] == row)).all(axis=1)
        return np.where(fits, self.energy(layers), -np.inf)

    def log_probability(self, row):
        """Log p of what is observed of a row, NaN being missing."""
        return logsumexp(self.log_terms(row)) - self.log_partition

    def log_probabilities(self, rows):
        layers, rows = self.all_states, np.asarray(rows, np.float64)
        p = np.exp(self.energy(layers) - self.log_partition)
        known = [((layers[0] == row) | np.isnan(row)).all(axis=1) for row in rows]
        return np.log([p[fits].sum() for fits in known])

    def posterior(self, row):
        """Probabilities of all states given what is observed of a row."""
        terms = self.log_terms(np.asarray(row, np.float64))
        return np.exp(terms - logsumexp(terms))

    def means(self, row):
        """Expected values of all layers given what is observed of a row."""
        p = self.posterior(row)
        return [p @ layer for layer in self.all_states]

    def slope(self, rows, weights=None):
        """The gradient of the weighted sum of log p of rows: by weights, and by biases."""
        rows = np.asarray(rows, np.float64)
        weights = np.ones(len(rows)) if weights is None else weights
        nothing = self.posterior(np.full(self.sizes[0], np.nan))
        p = sum(w * (self.posterior(row) - nothing) for w, row in zip(weights, rows, strict=True))
        layers = self.all_states
        by_weights = [np.einsum("r,ri,rj->ij", p, *pair) for pair in itertools.pairwise(layers)]
        return by_weights, [p @ layer for layer in layers]


def make_deep(sizes=SIZES[0], scale=1.0, seed=0, base=None):
    """A machine with normal parameters of a standard deviation, and the same as `Layers`."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, scale, pair) for pair in itertools.pairwise(sizes)]
    biases = [rng.normal(0, scale, n) for n in sizes]
    return of_arrays(weights, biases, rng.normal(0, scale, sizes[0]) if base is None else base)


def of_arrays(weights, biases, base=None):
    """A machine of arrays from the data upward, and the same as `Layers` of what it holds."""
    weights = [np.asarray(array, np.float32) for array in weights]
    biases = [np.asarray(array, np.float32) for array in biases]
    machine = assemble_deep_boltzmann(weights, biases, biases[0] if base is None else base)
    return machine, Layers(*([a.astype(np.float64) for a in part] for part in (weights, biases)))


def layers_of(machine):
    """The parameters of a machine, or of its gradient, as `Layers`."""
    n = len(machine.sizes)
    weights = [machine.connections(layer).astype(np.float64) for layer in range(n - 1)]
    return Layers(weights, [machine.intercept(layer).astype(np.float64) for layer in range(n)])


def table_of(rows, weights=None):
    """A `Table` as estimators make it."""
    rows = np.asarray(rows, np.float64)
    is_binary = bool(np.isin(rows, (0, 1)).all())
    table = Table(rows, is_binary, weights=weights)
    return table.with_fill_values(np.full(rows.shape[1], 0.5, np.float32))


def unseen_table_of(machine, rows):
    """The same with columns that nobody sees."""
    return WithUnseen(table_of(rows), machine.n_unseen)


def block_of(rows, weights=None):
    """A `Block` of rows of data."""
    return Block(*_values(np.asarray(rows, np.float64)), weights)


def _values(rows):
    if np.isin(rows, (0, 1)).all():
        return rows.astype(np.uint8), None
    return rows.astype(np.float32), np.full(rows.shape[1], 0.5, np.float32)


def gappy_rows(n, seed=0):
    """Rows of zeros and ones with all patterns of missing values, (2^n, n)."""
    values = np.random.default_rng(seed).integers(0, 2, (2**n, n)).astype(float)
    return np.where(states(n).astype(bool), np.nan, values)
