"""The pseudo-likelihood of rows under a Boltzmann machine: each value given all others."""

import numpy as np

from .._kernels.pseudo import pseudo_log_likelihoods
from .._threads import run_blocks
from ..rows import split_evenly

_FEWEST_ROWS = 8


def pseudo_log_likelihood(machine, rows, n_threads=1):
    """``sum_i log p(x_i | all other x)`` of each row of a `Table`, (n_rows,) float64 nats.

    Over all columns, exactly (Besag 1975). It needs no partition function, and is no likelihood:
    for monitoring, and for comparison with papers. Values between 0 and 1 are expectations.
    ValueError where values are missing.
    """
    missing = rows.count_missing()
    if missing.any():
        raise ValueError(
            f"The pseudo-likelihood needs complete rows, but {np.count_nonzero(missing)} of "
            f"{len(rows)} miss values (NaN)."
        )
    limits = split_evenly(len(rows), machine.n_weights * machine.n_units[0], _FEWEST_ROWS)
    out = np.empty(len(rows))

    def score_block(number):
        place = slice(limits[number], limits[number + 1])
        x = rows.take(place)
        values = np.ascontiguousarray(x.toarray(), np.float32)
        eta = machine.hidden_eta(x.values)
        pseudo_log_likelihoods(values, eta, machine.weights, machine.visible_intercept, out[place])

    run_blocks(score_block, len(limits) - 1, n_threads)
    return out
