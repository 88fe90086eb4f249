"""Mixed units: binary, ordered, Gaussian and categorical columns in one layer of data."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from .._kernels import mixed as kernels
from .._kernels.families import MIXED
from .._keys import layer_word
from ..columns import Layout
from ..rows import Coded
from .abilities import Ability, Missing
from .data import DataUnits
from .gaussian import Gaussian

_NO_PARAMETERS = np.empty(0, np.float32)
_NO_WEIGHTS = np.empty((0, 0), np.float32)


@dataclass(frozen=True)
class Mixed(DataUnits):
    """Units of the columns of a mixed table, each of a family of its own.

    layout : of the columns, which says what units they have; normal : parameters of the Gaussian
    ones, if any. Values are `Coded` rows, or their numbers as an array.
    """

    layout: Layout
    normal: Gaussian

    name = "mixed"
    code = MIXED
    dtype = answer_dtype = np.float64
    visible_abilities = frozenset(
        {Ability.ENUMERATE, Ability.GIBBS, Ability.ANNEAL, Ability.ELLIPTICAL}
    )
    missing = Missing.LISTED
    ignorance = 3.0
    bounds_evidence = False
    answers_by_column = True

    @classmethod
    def of(cls, columns):
        """Units of columns, and their first intercept, (n_inputs,)."""
        layout = Layout(columns)
        normal = Gaussian.from_variance(np.ones(layout.sizes[2]))
        return cls(layout, normal), layout.intercept

    @classmethod
    def initial(cls, means, counts):
        """Not to be had from means: see `of`."""
        raise TypeError("Mixed units begin with columns: use Mixed.of.")

    @property
    def order(self):
        """The layout, which knows what columns come before what."""
        return self.layout

    def n_inputs(self, n_columns):
        """Number of inputs of all columns."""
        return self.layout.n_inputs

    def n_shown(self, n_columns):
        """Number of bits and real numbers of all codes."""
        return len(self.layout.code_columns)

    def n_redundant_inputs(self):
        """One of each column of unordered levels, whose inputs may all be moved together."""
        return len(self.layout.levels)

    def most_parameters(self, n_columns):
        """One less than there are rows, if all columns have levels; otherwise infinite."""
        return math.prod(column.n_levels or math.inf for column in self.layout.columns) - 1

    def empty(self, n_rows, n_inputs):
        """Room for values."""
        return self.layout.empty(n_rows)

    def shown(self, values):
        """Values as recognition and later columns see them: `Coded` rows."""
        return values if isinstance(values, Coded) else self.layout.standardise(values)

    @property
    def kernel_parameters(self):
        """Numbers of columns of each family, levels, and precisions, see `_kernels.flat_mixed`."""
        layout = self.layout
        numbers = np.concatenate([layout.sizes, layout.levels]).astype(np.float32)
        return np.concatenate([numbers, self._normal_parameters[: layout.sizes[2]]])

    def kernel_values(self, values):
        """The payload, (n_rows, n_payload) float32."""
        return np.ascontiguousarray(self.shown(values).payload)

    @property
    def _normal_parameters(self):
        """Precisions of the Gaussian units, then their deviations."""
        return self.normal.kernel_parameters if self.layout.sizes[2] else _NO_PARAMETERS

    def _families(self):
        return self.layout.sizes, self.layout.levels, self._normal_parameters

    def _tables(self):
        layout = self.layout
        return layout.places, layout.numbers, layout.knots, layout.thresholds

    # Values given inputs.

    def mean(self, eta, work=np):
        """Expected values, of levels the most probable one, (n_rows, n_columns) float64."""
        return self.answers("mean", np.ones((len(eta), 1)), eta[:, None])

    expected = mean

    def mode(self, eta):
        """Most probable values, (n_rows, n_columns) float64."""
        return self.answers("mode", np.ones((len(eta), 1)), eta[:, None])

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw `Coded` rows, and add the log-probability of each, nats."""
        rows = self.draw(eta, draws, layer, work)
        self.log_prob(rows, eta, log_prob)
        return rows

    def draw(self, eta, draws, layer, work=np, out=None):
        """Draw `Coded` rows without their log-probability."""
        rows = self.layout.unknown(draws.n_rows)
        return self._draw(rows, _repeated(eta, draws), draws, layer)[0]

    def log_prob(self, values, eta, log_prob):
        """Add the log-probability of each row of values, nats, to ``log_prob``."""
        payload = self.shown(values).payload
        kernels.mixed_log_prob(*self._families(), payload, eta, log_prob)

    def score(self, values, eta, log_prob):
        """Add log-probabilities; overwrite eta by their derivatives."""
        kernels.mixed_score(*self._families(), self.shown(values).payload, eta, log_prob)
        return eta

    def weigh(self, values, errors, weights, out):
        """Write the derivatives by the Gaussian units' parameters; multiply errors by weights."""
        n = self.layout.sizes
        if n[2]:
            start, place = n[0] + 2 * n[1], n[0] + 3 * n[1]
            z = np.ascontiguousarray(self.shown(values).payload[:, place : place + n[2]])
            own = errors[:, start : start + n[2]].copy()  # they are weighed below
            self.normal.weigh(z, own, weights, out.normal)
        super().weigh(values, errors, weights, out)

    # Columns that see those before them.

    def sample_autoregressive(self, eta, weights, draws, layer, work=np, out=None):
        """Draw rows column by column, each of which adds to later ones' inputs; and the inputs."""
        rows = self.layout.unknown(draws.n_rows)
        return self._draw(rows, _repeated(eta, draws), draws, layer, weights)

    def complete(self, values, eta, weights, draws, layer, work=np):
        """Draw missing values column by column: all values, `Coded` (draws.n_rows rows).

        values : `Coded`, a row for neighbouring rows of eta, which holds what all other values make
        of the inputs, and to which those drawn are added.
        """
        rows = values.repeat(len(eta) // len(values))
        return self._draw(rows, eta, draws, layer, weights)[0]

    def bits_to_sum_out(self, rows):
        """Binary units that the missing levels of each row are worth; infinite of numbers."""
        missing = np.isnan(rows.own_data)
        return np.where(missing, self.layout.level_bits, 0.0).sum(axis=1)

    def completions(self, row):
        """All ways to fill in a row of which nothing but levels is missing, (n, n_columns)."""
        missing = np.flatnonzero(np.isnan(row))
        levels = [np.arange(self.layout.n_levels[j]) for j in missing]
        values = np.array(list(itertools.product(*levels))).reshape(-1, len(missing))
        rows = np.tile(row, (len(values), 1))
        rows[:, missing] = values
        return rows

    def _draw(self, rows, eta, draws, layer, weights=_NO_WEIGHTS):
        """The rows with what is missing drawn, and the inputs; both are written to."""
        kernels.mixed_draw(
            *self._tables(), *self._families(), weights, draws.key, draws.addresses,
            draws.n_particles, draws.first, layer_word(layer), eta, *rows.parts,
        )  # fmt: skip
        return rows, eta

    def mean_autoregressive(self, eta, weights, work=np):
        """Refused: what later columns make of an expected category is not defined."""
        raise ValueError(
            "Expected values of mixed columns that depend on each other are not to be had. Draw "
            "rows (sample), or fill in missing values (impute)."
        )

    # Everything in float64, for enumeration.

    def table(self, values, eta, out):
        """Log-probability of each row of values under each column of eta."""
        self.shifted_table(values, np.zeros((len(values), len(eta))), eta, out)

    def shifted_table(self, values, shifts, eta, out):
        """As `table`, where ``shifts`` (n_rows, n_inputs) are added to the inputs of each row."""
        kernels.mixed_table(*self._families(), self.shown(values).payload, shifts, eta, out)

    # Answers to users.

    def answers(self, strategy, weights, eta):
        """Values of all columns under mixtures of inputs, (n_rows, n_columns) float64.

        strategy : ``"mean"``, ``"median"`` or ``"mode"``; weights : (n_rows, n_components); eta :
        (n_rows, n_components, n_inputs), or (1, n_components, n_inputs) for all rows.
        """
        out = np.empty((len(weights), self.layout.n_columns))
        for j, column in enumerate(self.layout.columns):
            masses = column.masses(eta[..., self.layout.inputs_of(j)].astype(np.float64))
            out[:, j] = getattr(column, strategy)(_mixed(weights, masses))
        return out

    def answers_from_draws(self, strategy, weights, values):
        """The same from weighted draws, values (n_rows, n_draws, n_columns)."""
        out = np.empty((len(weights), self.layout.n_columns))
        for j, column in enumerate(self.layout.columns):
            out[:, j] = getattr(column, f"{strategy}_of_draws")(weights, values[..., j])
        return out

    def best_log_prob(self, values, lowest, highest):
        """Zeros: how improbable values are at best is not known."""
        return np.zeros(len(values))

    def mixture_modes(self, weights, means, variances):
        """Refused: see `answers`."""
        raise TypeError("Modes of mixed columns need their inputs: use answers.")

    mixture_medians = mixture_modes


def _repeated(eta, draws):
    """A row of inputs for each draw, to be written to."""
    return np.repeat(eta, draws.n_rows // len(eta), axis=0)


def _mixed(weights, masses):
    """Masses (n_rows or 1, n_components, n_masses) weighed, (n_rows, n_masses)."""
    if len(masses) == 1:
        return np.einsum("nk,km->nm", weights, masses[0])
    return np.einsum("nk,nkm->nm", weights, masses)
