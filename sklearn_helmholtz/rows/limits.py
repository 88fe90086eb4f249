"""Limits of the pieces in which rows are gone through: blocks of threads, minibatches."""

import math

_BLOCK_WORK = 2**23
_ENTRIES = 2**22  # numbers that a block of rows holds at a time


def minibatches(order, batch_size):
    """The row numbers of an epoch, in pieces of at most ``batch_size``."""
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def split_evenly(n_rows, work_per_row, fewest):
    """Limits of row blocks worth a thread's while: a function of the work, not of threads.

    fewest : rows that a block should have at least. Returns a list rising from 0 to ``n_rows``.
    """
    rows_per_block = max(_BLOCK_WORK // max(work_per_row, 1), fewest)
    n_blocks = max(math.ceil(n_rows / rows_per_block), 1)
    return [n_rows * block // n_blocks for block in range(n_blocks + 1)]


def rows_of_a_block(entries_per_row, most_rows):
    """Number of rows of a block: few enough for the numbers held of each, ``most_rows`` at most.

    At least one.
    """
    return max(min(_ENTRIES // entries_per_row, most_rows), 1)
