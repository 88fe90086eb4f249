"""Different rows of a table and their weights, in an order that their contents decide."""

import numpy as np

from .table import Table


def distinct_rows(rows):
    """A `Table` of the different ones among some rows, as the machine sees them, with weights.

    They are in the order of their bits, float32 (or uint8 where all are 0 or 1), and equal rows
    have one weight together. The mean weight is 1, but for rounding to float32: what is learnt from
    such a table does not tell whether weights or equal rows came in, or in which order.
    """
    block = rows.take(np.arange(len(rows)))
    values = np.ascontiguousarray(block.toarray(), np.float32) + np.float32(0)  # no zeros below 0
    order, is_new = _order(values)
    totals = np.add.reduceat(rows.row_weights[order], np.flatnonzero(is_new))
    weights = (totals / totals.mean()).astype(np.float32).astype(np.float64)
    values = values[order[is_new]]
    if rows.is_binary:
        values = values.astype(np.uint8)
    return Table(values, rows.is_binary, fill_values=block.fill_values, weights=weights)


def _order(values):
    """The order of rows by their bits, and which of them differ from the one before."""
    bits = values.view(np.dtype((np.void, values[0].nbytes)))[:, 0]
    order, words = np.argsort(bits, kind="stable"), values.view(np.uint32)
    is_new = np.ones(len(order), bool)
    is_new[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    return order, is_new
