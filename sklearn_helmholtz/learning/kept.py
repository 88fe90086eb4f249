"""Passes of which some particles are kept: their rows move together."""

from dataclasses import replace

import numpy as np


def keep(passes, particles, work=np):
    """`Passes` with some particles alone, by their numbers, which rise, and with all dreams.

    For layers above the first one, whose recognition goes by rows of data. There must be no lateral
    weights.
    """
    n, n_dreams = passes.n_inferred, len(passes.dreamt)
    both = np.concatenate([particles, np.arange(n, n + n_dreams)])
    first, *etas = passes.recognition_etas
    return replace(
        passes,
        data=passes.data[particles // passes.log_weights.shape[1]],
        hidden=[_taken(states, both, work) for states in passes.hidden],
        recognition_etas=[first, *(_taken(eta, both, work) for eta in etas)],
        generation_errors=[
            None if error is None else _taken(error, particles, work)
            for error in passes.generation_errors
        ],
        log_weights=passes.log_weights.reshape(-1)[particles],
    )


def _taken(rows, numbers, work):
    """Some rows of an array, by number."""
    taken = work.empty((len(numbers), *rows.shape[1:]), rows.dtype)
    return np.take(rows, numbers, axis=0, out=taken, mode="clip")
