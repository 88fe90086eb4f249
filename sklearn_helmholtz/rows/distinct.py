"""Rows of a table as different ones and their weights, in an order that does not depend on theirs."""

from dataclasses import dataclass

import numpy as np

from .block import Block


@dataclass(frozen=True)
class DistinctRows:
    """Rows that all differ, in the order of their bits.

    values : (n_rows, n_columns) float32, NaN where missing; fill_values : as of a `Block`.
    """

    values: np.ndarray
    fill_values: np.ndarray | None

    def __len__(self):
        return len(self.values)

    def block(self, place, weights):
        """Some rows, by slice, as a `Block` with weights."""
        return Block(self.values[place], self.fill_values, weights)


def distinct_rows(rows):
    """The `DistinctRows` of a `Table`, and the sum of the weights of each, (n_rows,) float64."""
    block = rows.take(np.arange(len(rows)))
    values = np.ascontiguousarray(block.toarray(), np.float32) + np.float32(0)  # no zeros below 0
    words = values.view(np.uint32)
    order = np.argsort(values.view(np.dtype((np.void, values[0].nbytes)))[:, 0], kind="stable")
    is_new = np.ones(len(order), bool)
    is_new[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    totals = np.add.reduceat(rows.row_weights[order], np.flatnonzero(is_new))
    return DistinctRows(values[order[is_new]], block.fill_values), totals
