"""Rows of a table with a class label each, some of which may be missing."""

from dataclasses import dataclass, replace

import numpy as np

from .block import Block
from .table import Table

UNLABELLED = -1


@dataclass(frozen=True)
class LabelledBlock:
    """A block of rows and their labels.

    rows : `Block`; codes : (n_rows,) int64, the number of the class, `UNLABELLED` where a row has
    none.
    """

    rows: Block
    codes: np.ndarray

    def __len__(self):
        return len(self.rows)


@dataclass(frozen=True)
class LabelledTable:
    """A `Table` and the labels of all rows of its data, (n_rows,) int64, as of `LabelledBlock`.

    What is learnt of labels is a probability, which is the same in all units of measurement: rows
    lose no ``log_volume``.
    """

    table: Table
    all_codes: np.ndarray

    log_volume = 0.0

    def __len__(self):
        return len(self.table)

    def take(self, indices):
        """Some rows, by number or slice, as a `LabelledBlock`."""
        return LabelledBlock(self.table.take(indices), self.codes[indices])

    def choose(self, numbers):
        """Some of the rows, by number, any of them more than once."""
        return replace(self, table=self.table.choose(numbers))

    @property
    def is_at_hand(self):
        """Whether rows are in memory."""
        return self.table.is_at_hand

    def gathered(self):
        """The same rows in memory, see `Table.gathered`."""
        table = self.table.gathered()
        return self if table is self.table else LabelledTable(table, self.codes)

    @property
    def codes(self):
        """Labels of these rows, (n_rows,) int64."""
        chosen = self.table.chosen
        return self.all_codes if chosen is None else self.all_codes[chosen]

    @property
    def row_weights(self):
        """Weights of these rows, (n_rows,) float64."""
        return self.table.row_weights

    @property
    def labelled_share(self):
        """Share of the weight of these rows that those with a label have."""
        weights = self.row_weights
        counts = weights > 0  # rounding is then as if the others were not there
        labelled = counts & (self.codes != UNLABELLED)
        return float(weights[labelled].sum() / weights[counts].sum())
