"""Rows with missing values: the likelihood leaves them out, and recognition sees a stand-in."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class IncompleteRows:
    """A block of rows in which some values are missing.

    values : (n_rows, n_columns) float32, NaN where a value is missing; stand_in : (n_columns,)
    float32, what recognition sees there: means of the training data, so that a missing value moves
    no unit of recognition from where an average row puts it.
    """

    values: np.ndarray
    stand_in: np.ndarray

    def __len__(self):
        return len(self.values)

    @property
    def filled(self):
        """What recognition sees, (n_rows, n_columns) float32."""
        return self.conceal(self.values)

    def conceal(self, states):
        """What recognition would see of other states, with the gaps of these rows; float32."""
        return np.where(np.isnan(self.values), self.stand_in, states).astype(np.float32, copy=False)

    @property
    def known(self):
        """Whether anything is known of each row, (n_rows,) bool."""
        return ~np.isnan(self.values).all(axis=1)

    @property
    def zeroed(self):
        """The rows with zeros where a value is missing, (n_rows, n_columns) float32."""
        return np.nan_to_num(self.values, nan=0.0)

    @property
    def has_gaps(self):
        """Whether any value is missing."""
        return bool(np.isnan(self.values).any())

    def toarray(self):
        """All entries, (n_rows, n_columns) float32, NaN where a value is missing."""
        return self.values


def fill(x):
    """A block of rows as recognition sees it."""
    return x.filled if hasattr(x, "filled") else x


def zeroed(x):
    """A block of rows with zeros where a value is missing."""
    return x.zeroed if hasattr(x, "zeroed") else x


def with_gaps(x):
    """Whether any value of a block of rows is missing."""
    return hasattr(x, "has_gaps") and x.has_gaps


def conceal(states, x):
    """Dreamt states as recognition sees them: with the gaps of the rows of data x, if any."""
    return x.conceal(states) if hasattr(x, "conceal") else states


def known(x):
    """Whether anything is known of each row of a block, (n_rows,) bool."""
    return x.known if hasattr(x, "known") else np.ones(len(x), bool)


def observed(x):
    """All values of a block of rows, float64, NaN where they are missing."""
    x = x.toarray() if hasattr(x, "toarray") else x
    return np.ascontiguousarray(x, np.float64)
