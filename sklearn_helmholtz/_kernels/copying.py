"""Copies of arrays, entry by entry.

Where an array is assigned to a slice, Numba compiles as well the text of an error, which tells of
shapes that do not match: twenty functions, some seconds. Kernels copy between shapes that do.
"""

from .kernel import helper


@helper
def copy_row(source, target):
    """Copy the first entries of an array, as many as the target has."""
    for i in range(target.shape[0]):
        target[i] = source[i]


@helper
def copy_rows(source, target):
    """Copy a matrix into the first columns of another with as many rows."""
    for m in range(source.shape[0]):
        for i in range(source.shape[1]):
            target[m, i] = source[m, i]
