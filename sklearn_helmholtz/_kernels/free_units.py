"""Units of a belief net of which some are known and the others are free.

All units are numbered from the first of the data to the last of the top layer. *Free* are those
that are not known: the hidden ones and, in an autoregressive net, what is missing of the data.
"""

from numba import float64

from .borrowing import borrowing_routine
from .copying import copy_row
from .families import shown
from .kernel import helper
from .weight_rows import add_row


@helper
def count_connections(sizes):
    """Number of weights between layers: what further ones there are are lateral."""
    count = 0
    for layer in range(1, sizes.shape[0]):
        count += sizes[layer] * sizes[layer - 1]
    return count


@borrowing_routine
def make_children(sizes, lowest, children):
    """Fill in the children of each unit, in its own layer and in the layer below.

    children : (n_units, 2, 3), of both kinds the first of them (-1 below the data), where their
    weights start, and how many they are. lowest : the lowest layer with lateral weights, from which
    on units have children in their own layer, or the number of layers if none has.
    """
    place, weight, lateral, below = 0, 0, count_connections(sizes), 0
    for layer in range(sizes.shape[0]):
        n = sizes[layer]
        for i in range(n):
            own, others = children[place + i, 0], children[place + i, 1]
            own[0], own[1] = place + i + 1, lateral + i * n + i + 1
            own[2] = n - i - 1 if layer >= lowest else 0
            others[0], others[1] = place - below if layer > 0 else -1, weight + i * below
            others[2] = below
        if layer >= lowest:
            lateral += n * n
        weight += n * below
        place, below = place + n, n


@borrowing_routine
def mark(values, is_autoregressive, present, free):
    """Note which units of the data of a row are children (1 or 0), and which are free."""
    for i in range(values.shape[0]):
        known = values[i] == values[i]
        free[i] = is_autoregressive and not known
        present[i] = 1.0 if is_autoregressive or known else 0.0


@borrowing_routine
def pass_on(value, children, u, weights, eta):
    """Add what the value of unit u makes of the inputs of its children, of both kinds."""
    for kind in range(2):
        place, w0, n = children[u, kind, 0], children[u, kind, 1], children[u, kind, 2]
        add_row(value, weights, w0, eta, place, 0, n)


@borrowing_routine
def known_inputs(family, intercepts, weights, children, values, free, base):
    """Write the known part of the inputs of all units: intercepts, and known values of parents."""
    for i in range(base.shape[0]):
        base[i] = intercepts[i]
    for u in range(values.shape[0]):
        if not free[u] and values[u] != 0 and values[u] == values[u]:
            pass_on(shown(family, float64(values[u])), children, u, weights, base)


@borrowing_routine
def expected_inputs(base, weights, children, free, means, expected):
    """Write ``E[eta]`` of all units."""
    copy_row(base, expected)
    for u in range(base.shape[0]):
        if free[u]:
            pass_on(means[u], children, u, weights, expected)
