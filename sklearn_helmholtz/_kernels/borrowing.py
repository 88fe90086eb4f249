"""Routines that borrow the arrays that they are given.

Numba counts the references to an array in every function that gets it, with atomic instructions,
wherever it cannot prove the counting idle: not before calls, nor in branches. That costs several
nanoseconds an array, as much as sixteen units. A borrowing routine counts nothing. It allocates
nothing either, which Numba checks, and must not outlive its arrays, which no serial function does.
"""

from .kernel import part_of_kernels


def borrowing_routine(function):
    """A `routine` for loops over few units: it counts no references, and cannot allocate."""
    return part_of_kernels(function, _nrt=False)
