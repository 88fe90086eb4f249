"""Units of a belief net of which some are known and the others are free.

All units are numbered from the first of the data to the last of the top layer. *Free* are those
that are not known: the hidden ones and, where units depend on those before them in their layer,
what is missing of the data. Arrays are float64.
"""

from numba import float64

from .copying import copy_row
from .kernel import helper, routine


@helper
def count_connections(sizes):
    count = 0
    for layer in range(1, sizes.shape[0]):
        count += sizes[layer] * sizes[layer - 1]
    return count


@routine
def make_children(sizes, ordered, children):
    """Of each unit: which units of its own layer, and of the layer below, depend on it.

    For both the first of them (-1 below the data), where their weights start, and how many they
    are: (n_units, 2, 3). Units of a layer depend on each other if they are ``ordered``.
    """
    place, weight, lateral, below = 0, 0, count_connections(sizes), 0
    for layer in range(sizes.shape[0]):
        n = sizes[layer]
        for i in range(n):
            own, others = children[place + i, 0], children[place + i, 1]
            own[0], own[1] = place + i + 1, lateral + i * n + i + 1
            own[2] = n - i - 1 if ordered else 0
            others[0], others[1] = place - below if layer > 0 else -1, weight + i * below
            others[2] = below
        if ordered:
            lateral += n * n
        weight += n * below
        place, below = place + n, n


@routine
def mark(values, ordered, present, free):
    """Which units of a row are children (1 or 0), and which are free."""
    for i in range(values.shape[0]):
        known = values[i] == values[i]
        free[i] = ordered and not known
        present[i] = 1.0 if ordered or known else 0.0


@routine
def add_row(value, children, weights, out):
    """Add what a value makes of the inputs of its children, of both kinds."""
    for kind in range(2):
        start, w0, n = children[kind, 0], children[kind, 1], children[kind, 2]
        for k in range(n):
            out[start + k] += value * weights[w0 + k]


@routine
def known_inputs(intercepts, weights, children, values, free, base):
    """What is known of the inputs of all units: intercepts, and known values of units before."""
    for i in range(base.shape[0]):
        base[i] = intercepts[i]
    for u in range(values.shape[0]):
        if not free[u] and values[u] != 0 and values[u] == values[u]:
            add_row(float64(values[u]), children[u], weights, base)


@routine
def expected_inputs(base, weights, children, free, means, expected):
    """``E[eta]`` of all units."""
    copy_row(base, expected)
    for u in range(base.shape[0]):
        if free[u]:
            add_row(means[u], children[u], weights, expected)
