"""Blocks of rows from whatever tests have."""

from sklearn_helmholtz.rows import Block


def as_block(rows):
    """An array or `Lists` as a `Block`; blocks as they are."""
    return rows if isinstance(rows, Block) else Block(rows)


def values_of(rows):
    """The values of a block; arrays and `Lists` as they are."""
    return rows.values if isinstance(rows, Block) else rows
