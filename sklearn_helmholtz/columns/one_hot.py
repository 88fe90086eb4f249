"""The layout of a mixed table whose rows are arrays: levels as bits, real numbers as they are."""

import numpy as np

from .._kernels.families import BERNOULLI, GAUSSIAN, ORDERED, SOFTMAX
from .layout import Layout

_ORDER = (BERNOULLI, SOFTMAX, GAUSSIAN)  # of families among the entries of a row


class OneHotLayout(Layout):
    """Places of columns among the entries of a row: bits, one-hot groups, standardised numbers.

    The entries of a row are at once its code and what its units have inputs for: a bit for each
    binary column, one for each level of each categorical column, of which exactly one is 1, and a
    number for each real column. A missing value is NaN in all entries of its column.

    Attributes
    ----------
    n_binary : int
        Binary columns, whose bits are the first entries.
    starts : ndarray of int
        Where the group of each categorical column begins, and where the last one ends.
    dtype : type
        Of complete rows: uint8, or float32 where there are real columns.
    """

    def __init__(self, columns):
        if any(column.family == ORDERED for column in columns):
            raise TypeError("One-hot rows have no ordered columns: these are no entries of a row.")
        super().__init__(columns)
        self.n_binary = int(self.sizes[0])
        self.starts = self.n_binary + np.concatenate([[0], np.cumsum(self.levels)]).astype(np.int64)
        self.dtype = np.float32 if self.n_reals else np.uint8
        self._firsts = np.array([self.codes_of(j)[0] for j in range(self.n_columns)])

    def inputs_of(self, j):
        """Places of the inputs of a column: those of its code."""
        return self.codes_of(j)

    def part(self, columns=None):
        """The `Part` of some columns by number, all of them if None."""
        own = range(self.n_columns) if columns is None else {int(j) for j in columns}
        parted = [[j for j in self.of_family[family] if j in own] for family in _ORDER]
        codes = [self.codes_of(j) for family in parted for j in family]
        levels = [self.columns[j].n_levels for j in parted[1]]
        return Part(np.concatenate([np.empty(0, np.int64), *codes]), len(parted[0]), levels)

    def standardise(self, values):
        """Rows of values (n_rows, n_columns), NaN where missing, as entries (n_rows, n_codes).

        uint8 where nothing is missing and no column real, else float32.
        """
        coded = super().standardise(values)
        missing = coded.missing
        if missing.any():
            return np.where(missing[:, self.code_columns], np.float32(np.nan), coded.code)
        return coded.code if self.n_reals else coded.bits

    def restore(self, values):
        """Values of rows of entries, (n_rows, n_columns) float64, or of their expectations.

        Of expectations the most probable level, and the mean of numbers.
        """
        values = np.asarray(values)
        restored = np.empty((len(values), self.n_columns))
        for j, column in enumerate(self.columns):
            own = values[:, self.codes_of(j)]
            if column.family == SOFTMAX:
                restored[:, j] = own.argmax(axis=1)
            elif column.family == BERNOULLI:
                restored[:, j] = own[:, 0] > 0.5
            else:
                restored[:, j] = column.centre + column.scale * own[:, 0].astype(np.float64)
        return restored

    def missing(self, entries):
        """Whether the value of each column is missing, (n_rows, n_columns), of rows of entries."""
        return np.isnan(entries[:, self._firsts])

    def bits_of_gaps(self, missing):
        """Binary units that what is missing of rows is worth, (n_rows,); infinite of numbers."""
        return np.where(missing, self.level_bits, 0.0).sum(axis=1)

    def log_volumes(self, rows):
        """Nats that the log-density of each row of entries loses on the way to the user's units."""
        return np.where(self.missing(rows), 0.0, self.volumes).sum(axis=1)


class Part:
    """Part of the columns of a table: their entries, binary ones first, real ones last.

    codes : places of the entries; n_binary : of bits; starts : where the group of each categorical
    column begins among them, and where the last one ends; levels : of each of these.
    """

    def __init__(self, codes, n_binary, levels):
        self.codes, self.n_binary, self.levels = codes, n_binary, levels
        self.starts = n_binary + np.concatenate([[0], np.cumsum(levels)]).astype(np.int64)

    @property
    def n_bits(self):
        """Entries that are bits."""
        return int(self.starts[-1])

    @property
    def n_reals(self):
        """Entries that are real numbers."""
        return len(self.codes) - self.n_bits

    @property
    def size_in_bits(self):
        """Logarithm to the base 2 of the number of configurations; infinite of real numbers."""
        if self.n_reals:
            return np.inf
        return self.n_binary + float(np.log2(np.asarray(self.levels, np.float64)).sum())
