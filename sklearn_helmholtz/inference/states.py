"""All states of a layer of binary units, in float64."""

import numpy as np


def all_states(n):
    """All 2^n states of n units, float64, the first unit varying fastest."""
    states, numbers = np.empty((2**n, n)), np.arange(2**n)
    for unit in range(n):
        states[:, unit] = numbers >> unit & 1
    return states
