"""Independent draws of both sides of Boltzmann machines, of any number."""

import numpy as np

from .._threads import run_blocks
from ..inference import MAX_AUTOMATIC_SIDE, AnnealedSides, sides_of

GROUP = 100  # draws from the chains of one address, which count by their weights


def is_enumerable(machine):
    """Whether one side has so few units that all of its states are enumerated unasked."""
    return machine.n_enumerable <= MAX_AUTOMATIC_SIDE


def draw_sides(machine, n_rows, seed, n_threads, **settings):
    """Visible and hidden states (n_rows, n): exact draws, or the ends of annealed chains.

    settings : of the `AnnealedSides`.
    """
    if is_enumerable(machine):
        addresses = np.arange(n_rows, dtype=np.uint64)
        return sides_of(machine, seed).imagine(addresses, n_threads)
    sides = AnnealedSides(machine, seed, **settings)
    n_groups, n_each = -(-n_rows // GROUP), min(n_rows, GROUP)
    found = [None] * n_groups

    def draw(group):
        found[group] = sides.imagine(np.array([group], np.uint64), n_each)

    run_blocks(draw, n_groups, n_threads)
    return [np.concatenate(side)[:n_rows] for side in zip(*found, strict=True)]
