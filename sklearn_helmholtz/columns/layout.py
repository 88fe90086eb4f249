"""The layout of a mixed table: where units and codes of its columns stand, for kernels."""

import numpy as np

from .._kernels.families import BERNOULLI, GAUSSIAN, ORDERED, SOFTMAX
from .._kernels.marginals import (
    BITS,
    CENTRE,
    ETA,
    FAMILY,
    HIGHEST,
    KNOT,
    LOWER,
    LOWEST,
    N_BITS,
    N_INPUTS,
    N_KNOTS,
    ORIGIN,
    PAYLOAD,
    REALS,
    RESOLUTION,
    SCALE,
    THRESHOLD,
    UPPER,
)
from .._kernels.mixed import mixed_encode
from ..rows import Coded, dense_doubles

_ORDER = (BERNOULLI, ORDERED, GAUSSIAN, SOFTMAX)  # of families side by side
_PAYLOAD = {BERNOULLI: 1, ORDERED: 3, GAUSSIAN: 1, SOFTMAX: 1}
_NUMBERS = {
    "resolution": RESOLUTION, "origin": ORIGIN, "lower": LOWER, "upper": UPPER, "centre": CENTRE,
    "scale": SCALE, "lowest": LOWEST, "highest": HIGHEST,
}  # fmt: skip
_MOST_DECIMALS = 12
_KEPT = 2**27  # bytes


class Layout:
    """Places of the columns of a mixed table among inputs, payload and codes.

    It turns rows of values into `Coded` ones and back, as a `Scaling` does for rows of real
    numbers. Nothing of it learns: it is no dataclass, whose arrays would.

    Attributes
    ----------
    columns : tuple of Column
        In the order of the table.
    places, numbers, knots, thresholds, sizes, levels : ndarray
        As the kernels take them, see `_kernels.marginals` and `_kernels.mixed`.
    n_inputs, n_bits, n_reals, n_payload : int
        Sizes of rows.
    input_columns, code_columns : ndarray of int
        The column that each input and each number of the code is of.
    code_means, intercept : ndarray of float32
        Means of the code, and the inputs that units without parents have.
    """

    def __init__(self, columns):
        self.columns = tuple(columns)
        families = np.array([column.family for column in self.columns], np.int64)
        self.of_family = {f: np.flatnonzero(families == f) for f in _ORDER}
        self.sizes = np.array([len(self.of_family[f]) for f in _ORDER], np.int64)
        softmax = [self.columns[j] for j in self.of_family[SOFTMAX]]
        self.levels = np.array([column.n_inputs for column in softmax], np.int64)
        self._place()
        self._gather()

    def _place(self):
        """Places of all columns, one family after the other."""
        places = np.zeros((len(self.columns), 10), np.int64)
        payload = eta = bits = reals = knot = threshold = 0
        for family in _ORDER:
            own = self.of_family[family]
            for number, j in enumerate(own):
                column = self.columns[j]
                n_knots, n_thresholds = _tables(column)
                place = places[j]
                place[[FAMILY, BITS, N_BITS, REALS]] = family, bits, column.n_bits, reals
                place[[N_INPUTS, KNOT, N_KNOTS, THRESHOLD]] = (
                    column.n_inputs, knot, n_knots, threshold
                )  # fmt: skip
                place[PAYLOAD], place[ETA] = payload + number, eta + number
                if family == SOFTMAX:
                    place[ETA] = eta
                    eta += column.n_inputs
                bits, reals = bits + column.n_bits, reals + column.n_reals
                knot, threshold = knot + n_knots, threshold + n_thresholds
            payload += _PAYLOAD[family] * len(own)
            if family != SOFTMAX:
                eta += len(own) * (2 if family == ORDERED else 1)
        self.places = places
        self.n_payload, self.n_inputs, self.n_bits, self.n_reals = payload, eta, bits, reals

    def inputs_of(self, j):
        """Places of the inputs of a column, (n_inputs,)."""
        start, n = self.places[j, ETA], self.columns[j].n_inputs
        stride = self.sizes[1] if self.columns[j].family == ORDERED else 1
        return start + stride * np.arange(n)

    def codes_of(self, j):
        """Places of the bits and of the numbers of the code of a column."""
        column, place = self.columns[j], self.places[j]
        bits = place[BITS] + np.arange(column.n_bits)
        return np.concatenate([bits, self.n_bits + place[REALS] + np.arange(column.n_reals)])

    def _gather(self):
        """Numbers and tables of all columns."""
        n_codes = self.n_bits + self.n_reals
        self.numbers = np.zeros((len(self.columns), 8))
        self.input_columns = np.empty(self.n_inputs, np.int64)
        self.code_columns = np.empty(n_codes, np.int64)
        self.intercept = np.empty(self.n_inputs, np.float32)
        self.code_means = np.empty(n_codes, np.float32)
        knots, thresholds = [np.empty((4, 0))], [np.empty(0)]
        for j, column in enumerate(self.columns):
            for name, value in column.numbers.items():
                self.numbers[j, _NUMBERS[name]] = value
            inputs, codes = self.inputs_of(j), self.codes_of(j)
            self.input_columns[inputs], self.intercept[inputs] = j, column.intercept
            self.code_columns[codes] = j
            self.code_means[codes] = np.concatenate(column.code_means)
        for j in self.of_family[ORDERED]:
            marginal = self.columns[j].marginal
            knots.append([marginal.knots, marginal.below, marginal.above, marginal.knot_logits])
            thresholds.append(self.columns[j].thresholds)
        self.knots = np.ascontiguousarray(np.concatenate(knots, axis=1))
        self.thresholds = np.concatenate(thresholds)
        self.volumes = np.array([column.log_volume for column in self.columns])
        self.cell_volumes = np.where(
            [column.family == GAUSSIAN for column in self.columns], np.nan, self.volumes
        )
        self.n_levels = np.array([column.n_levels for column in self.columns])
        self.level_bits = np.where(self.n_levels, np.log2(np.maximum(self.n_levels, 1)), np.inf)
        self._decimals = [_decimals(column) for column in self.columns]

    @property
    def n_columns(self):
        """Columns of the table."""
        return len(self.columns)

    @property
    def n_lateral_parameters(self):
        """Weights of codes on the inputs of later columns that none of the others make up for."""
        later = [column.n_inputs - (column.family == SOFTMAX) for column in self.columns]
        n_later = sum(later) - np.cumsum(later)
        return int(sum(c.n_free_codes * n for c, n in zip(self.columns, n_later, strict=True)))

    def empty(self, n_rows):
        """Room for `Coded` rows."""
        return Coded(
            np.empty((n_rows, len(self.columns))), np.empty((n_rows, self.n_payload), np.float32),
            np.empty((n_rows, self.n_bits), np.uint8), np.empty((n_rows, self.n_reals), np.float32),
            self.code_columns,
        )  # fmt: skip

    def unknown(self, n_rows):
        """`Coded` rows of which everything is missing."""
        rows = self.empty(n_rows)
        for part, value in zip(rows.parts, (np.nan, np.nan, 0, 0), strict=True):
            part[...] = value
        return rows

    def standardise(self, values):
        """Rows of values (n_rows, n_columns), NaN where missing, as `Coded` ones."""
        values = np.ascontiguousarray(dense_doubles(values))
        rows = self.empty(len(values))
        mixed_encode(
            self.places, self.numbers, self.knots, self.thresholds, self.sizes, values,
            *rows.parts[1:],
        )  # fmt: skip
        return Coded(values, *rows.parts[1:], self.code_columns)

    def keeps(self, data):
        """Whether `Coded` rows of a table are to be kept, which takes less room than time.

        Not of tables that are not in memory.
        """
        if not isinstance(data, np.ndarray):
            return False
        bytes_per_row = 8 * self.n_columns + 4 * self.n_payload + self.n_bits + 4 * self.n_reals
        return data.shape[0] * bytes_per_row <= _KEPT

    def restore(self, values):
        """Values of `Coded` rows, or of arrays, without the rounding of arithmetic on grids."""
        values = np.array(values.values if isinstance(values, Coded) else values, np.float64)
        for j, decimals in enumerate(self._decimals):
            if decimals is not None:
                values[..., j] = np.round(values[..., j], decimals)
        return values

    def log_volumes(self, rows):
        """Nats that the log-density of each `Coded` row loses on the way to the user's units."""
        return np.where(rows.missing, 0.0, self.volumes).sum(axis=1)

    def log_volume(self):
        """The same of a row without missing values."""
        return self.volumes.sum()

    def mean_log_volume(self, shares):
        """Mean of the same over rows; shares : of each column's values that are not missing."""
        return float((self.volumes * shares).sum())


def _tables(column):
    """Numbers of knots and thresholds of a column."""
    if column.family != ORDERED:
        return 0, 0
    return len(column.marginal.knots), len(column.thresholds)


def _decimals(column):
    """Decimals of the values of a grid of decimal numbers, or None."""
    if column.family != ORDERED or not column.resolution:
        return None
    numbers = (column.marginal.resolution, column.marginal.origin)
    for decimals in range(_MOST_DECIMALS):
        if all(abs(number - round(number, decimals)) <= 1e-12 * abs(number) for number in numbers):
            return decimals
    return None
