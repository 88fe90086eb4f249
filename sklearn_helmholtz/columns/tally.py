"""Tallies of columns: different values and what each counts, which is all that fits ask of them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Tally:
    """Tally of a column: its different values, none missing, and what each counts.

    Tallies of the parts of a table are united into that of the whole: with weights of 1, and
    others that are whole, to the bit; with weights that are not, but for rounding.

    values : (n_values,) float64, rising; weights : (n_values,) float64, sums over the rows that
    have a value; n_rows : in which the column has any.
    """

    values: np.ndarray
    weights: np.ndarray
    n_rows: int

    @classmethod
    def of(cls, values, weights=None):
        """The tally of some rows: values (n_rows,) float64, NaN where missing, and their weights.

        weights : (n_rows,), or None for 1 each.
        """
        known = ~np.isnan(values)
        weights = None if weights is None else weights[known]
        return cls(*_counted(values[known] + 0.0, weights), int(known.sum()))  # -0.0 is 0.0

    @classmethod
    def united(cls, parts):
        """The tally of all rows of several."""
        values = np.concatenate([part.values for part in parts])
        weights = np.concatenate([part.weights for part in parts])
        return cls(*_counted(values, weights), sum(part.n_rows for part in parts))

    @property
    def counts(self):
        """Weights relative to those of a row in the mean: their sum is the number of rows."""
        return self.weights / (self.weights.sum() / self.n_rows)


def _counted(values, weights):
    """Different values, rising, and sums of weights, of which None means 1.

    Tallies that follow upon each other are runs that rise, which a stable sort merges.
    """
    order = np.argsort(values, kind="stable")
    values = values[order]
    starts = np.flatnonzero(np.concatenate([np.ones(len(values[:1]), bool), np.diff(values) > 0]))
    if weights is None:
        counts = np.diff(starts, append=len(values)).astype(np.float64)
    else:
        counts = np.add.reduceat(weights[order], starts) if len(starts) else np.empty(0)
    return values[starts], counts
