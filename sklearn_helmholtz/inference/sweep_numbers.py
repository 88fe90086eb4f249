"""Numbers of the sweeps of chains, by which their random numbers are told apart."""

import numpy as np

_MOST_SWEEPS = 2**32  # that one row can have: numbers of 32 bits


def sweep_numbers(draws, n_sweeps):
    """The number of the first of ``n_sweeps`` sweeps of each chain, (draws.n_rows,) int64.

    The sweeps of all chains of a row are numbered, one chain after the other. ValueError where
    these are more than there are numbers.
    """
    last = draws.first + draws.n_particles
    if last * n_sweeps > _MOST_SWEEPS:
        raise ValueError(
            f"{last} chains of {n_sweeps} sweeps each are more than the {_MOST_SWEEPS} sweeps "
            "that a row can have."
        )
    numbers = np.arange(draws.first, last, dtype=np.int64) * n_sweeps
    return np.tile(numbers, len(draws.addresses))
