"""Rows of weights, and what a value of their unit adds to the inputs of others by them."""

from .arithmetic import multiply_add
from .kernel import helper
from .lanes import LANES, load, load_first, store, store_first


@helper
def add_row(value, weights, w0, out, place, start, stop):
    """``out += value * weights`` for entries ``start`` to ``stop`` of rows of flat arrays.

    The rows begin at ``w0`` and ``place``; both arrays are float32, or float64.
    """
    for j in range(start, stop, LANES):
        if j + LANES <= stop:
            moved = multiply_add(value, load(weights, w0 + j), load(out, place + j))
            store(out, place + j, moved)
        else:
            n = stop - j
            moved = load_first(weights, w0 + j, n)
            moved = multiply_add(value, moved, load_first(out, place + j, n))
            store_first(out, place + j, moved, n)
