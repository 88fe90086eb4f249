"""Rows that have more columns than anybody sees: the hidden units of one side of a machine."""

from dataclasses import replace

import numpy as np


class WithUnseen:
    """A `Table` whose blocks have some more columns to the right, missing in every row.

    Keys are those of the contents of the columns that there are. table : of these; n_unseen : of
    the others.
    """

    def __init__(self, table, n_unseen):
        self.table, self._n_unseen = table, n_unseen

    def __len__(self):
        return len(self.table)

    def __getattr__(self, name):
        if name == "table":  # not made yet, as when it is copied
            raise AttributeError(name)
        return getattr(self.table, name)

    def take(self, indices):
        """Some rows, by number or slice, as a `Block` without keys."""
        return with_unseen(self.table.take(indices), self._n_unseen)

    def take_keyed(self, indices):
        """Some rows as a `Block` with keys."""
        return with_unseen(self.table.take_keyed(indices), self._n_unseen)

    def choose(self, numbers):
        """Some of the rows, by number, any of them more than once."""
        return WithUnseen(self.table.choose(numbers), self._n_unseen)

    def gathered(self):
        """The same rows in memory, see `Table.gathered`."""
        return WithUnseen(self.table.gathered(), self._n_unseen)

    @property
    def n_columns(self):
        """Columns of the data, those that nobody sees among them."""
        return self.table.n_columns + self._n_unseen

    def count_missing(self):
        """Number of missing values of each row, (n_rows,), with those that nobody sees."""
        return self.table.count_missing() + self._n_unseen


def with_unseen(x, n_unseen):
    """The rows of a `Block` with so many columns more, all missing: float32."""
    seen = x.toarray()
    values = np.full((len(seen), seen.shape[1] + n_unseen), np.nan, np.float32)
    values[:, : seen.shape[1]] = seen
    return replace(x, values=values, fill_values=np.zeros(values.shape[1], np.float32))
