"""The restricted Boltzmann machine of mixed tables: bits, categories and real numbers."""

from dataclasses import dataclass, replace

import numpy as np

from ..layers import Affine
from ..units import OneHot, centre_levels, sample_entries
from .boltzmann import SPREAD, Boltzmann


class BaseColumns:
    """Independent columns of a mixed table, in which annealing begins: nothing that learns.

    layout : of the columns; logits : (n_bits,) float32, inputs of bits and levels; means, variances
    : (n_reals,) float32, of the real entries.
    """

    def __init__(self, layout, logits, means, variances):
        self._layout = layout
        self.logits, self.means, self.variances = (
            np.ascontiguousarray(array, np.float32) for array in (logits, means, variances)
        )

    def sample(self, draws, layer):
        """Rows of entries, (draws.n_rows, n_codes)."""
        eta, deviations = np.concatenate([self.logits, self.means])[None], np.sqrt(self.variances)
        ignored = np.zeros(draws.n_rows)
        return sample_entries(self._layout, eta, deviations, draws, layer, ignored)


@dataclass(frozen=True)
class MixedBoltzmann(Boltzmann):
    """``p(v, h) = exp(-E) / Z`` for rows v of mixed columns and states h of zeros and ones.

    A row has a bit x_i for each binary column, one for each level of each categorical column, of
    which exactly one is 1, and a number v_i for each real one (`columns.OneHotLayout`). With these
    entries the energy is

        E = -b'x - c'h - x'W h + sum_real (v_i - b_i)^2 / (2 s_i) - sum_real (v_i / s_i) W_ij h_j.

    Given h the columns are independent: bits are logistic, categories softmax units (the states of
    a Potts model), both with the inputs ``b + W h``, and real numbers normal around ``b + W h``
    with the variances s. Given v the hidden units have the inputs ``c + W'(v / s)``, s being 1 for
    bits. Z is a sum over rows that there are, of which one-hot groups have as many as levels.

    The same number added to the weights, or biases, of all levels of a column changes nothing that
    c or Z does not make up for. The *gauge* is that of centred groups: weights and biases sum to
    zero over the levels of each column. Steps of learning keep to it (`fix_gauge`).

    units : `OneHot`; base : `BaseColumns`; the rest as of `Boltzmann`.

    References
    ----------
    Welling, Rosen-Zvi & Hinton (2005), Exponential family harmoniums with an application to
    information retrieval, NIPS. Salakhutdinov, Mnih & Hinton (2007), Restricted Boltzmann machines
    for collaborative filtering, ICML. Tubiana, Cocco & Monasson (2019), Learning protein
    constitutive motifs from sequence data, eLife 8.
    """

    units: OneHot

    @property
    def layout(self):
        """The `OneHotLayout`."""
        return self.units.layout

    @property
    def variance(self):
        """The variances of all entries, (n_visible,) float64, 1 of bits."""
        return np.concatenate([np.ones(self.layout.n_bits), self.units.variance])

    @property
    def n_parameters(self):
        """Free parameters of p(v): a column of K levels has K - 1 inputs."""
        layout, n_hidden = self.layout, self.n_units[1]
        n_free = self.n_units[0] - len(layout.levels)
        free = n_free * (n_hidden + 1) + n_hidden + layout.n_reals
        return min(free, self.units.most_parameters(layout.n_columns))

    @property
    def uniform_loss(self):
        """Nats that a row costs units of which nothing is known."""
        return self.units.ignorance

    @property
    def n_enumerable(self):
        """Binary units that the side with fewer states is worth; it is enumerated."""
        return int(min(np.ceil(self.layout.part().size_in_bits), self.n_units[1]))

    def n_to_sum_out(self, n_missing):
        """Units to enumerate for rows whose gaps are worth so many, an array: see `gap_sizes`."""
        return np.minimum(n_missing, self.n_units[1])

    def gap_sizes(self, rows):
        """Binary units that the gaps of the rows of a `Table` are worth; infinite of numbers."""
        return self.layout.bits_of_gaps(np.isnan(rows.own_data))

    def gap_sizes_of(self, x):
        """The same of the rows of a `Block`."""
        return self.layout.bits_of_gaps(self.layout.missing(x.toarray()))

    def natural(self, values, work=np):
        """Natural parameters that rows are to hidden units: real entries over their variances."""
        if not self.layout.n_reals:
            return values
        out = work.empty(values.shape, np.float32)
        return np.divide(values, self.variance.astype(np.float32), out=out)

    def hidden_eta(self, values, work=np, out=None):
        """Inputs of the hidden units, (n_rows, n_hidden), given rows of entries."""
        return self.upward.forward(self.natural(values, work), work, out)

    def hidden_doubles(self, values):
        """The same in float64, of float64 values."""
        return self.upward.doubles(values / self.variance)

    def log_energy(self, values):
        """Energies of observed entries by themselves, negative, (n_rows,) float64 nats.

        ``b'x`` of bits, and ``-(v - b)^2 / (2 s)`` of real numbers.
        """
        n_bits, b = self.layout.n_bits, self.visible_intercept.astype(np.float64)
        found = np.einsum("rk,k->r", np.nan_to_num(values[:, :n_bits]), b[:n_bits])
        distances = np.nan_to_num(values[:, n_bits:] - b[n_bits:])
        return found + np.einsum("rk,rk,k->r", distances, distances, -0.5 / self.units.variance)

    def fix_gauge(self, step):
        """Take from a step of learning, in place, what moves all levels of a column alike.

        step : a machine that holds it. What is left is the gradient by centred groups.
        """
        n, n_bits = self.layout.n_binary, self.layout.n_bits
        for array in (step.upward.weights, step.visible_intercept):
            centre_levels(array[n:n_bits], self.layout.starts - n)

    def in_gauge(self):
        """The machine with centred groups, whose distribution is the same."""
        n, n_bits, starts = self.layout.n_binary, self.layout.n_bits, self.layout.starts
        weights, intercept = self.weights.astype(np.float64), self.visible_intercept.copy()
        moved = centre_levels(weights[n:n_bits], starts - n).sum(axis=0)
        centre_levels(intercept[n:n_bits], starts - n)
        hidden = (self.hidden_intercept + moved).astype(np.float32)
        upward = Affine(weights.astype(np.float32), hidden)
        return replace(self, upward=upward, visible_intercept=intercept)


def initialise_mixed_boltzmann(n_hidden, units, intercept, rng):
    """A machine with small random weights that begins at the distributions of the columns alone.

    units, intercept : of independent columns, as `OneHot.of` makes them.
    """
    weights = rng.normal(0, SPREAD, (len(intercept), n_hidden))
    base = base_of(units, intercept)
    return assemble_mixed_boltzmann(weights, np.zeros(n_hidden), intercept, units, base).in_gauge()


def base_of(units, intercept):
    """The `BaseColumns` of units with no hidden ones."""
    n_bits = units.layout.n_bits
    return BaseColumns(units.layout, intercept[:n_bits], intercept[n_bits:], units.normal.variance)


def assemble_mixed_boltzmann(weights, hidden_intercept, visible_intercept, units, base):
    """A machine of arrays: W (n_visible, n_hidden), c and b; and of units and a base."""
    arrays = [
        np.ascontiguousarray(array, np.float32)
        for array in (weights, hidden_intercept, visible_intercept)
    ]
    return MixedBoltzmann(Affine(*arrays[:2]), arrays[2], base, units)
