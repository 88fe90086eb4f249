"""Codes: the most probable factors of rows."""

import numpy as np

from .._kernels.lasso import lasso

_TOLERANCE, _PASSES = 1e-10, 20_000


def most_probable(machine, rows):
    """The factors of the highest p(h | x) of each row, (n_rows, n_atoms); most of them are zero.

    They minimise ``|x - mean - h atoms|^2 / 2 + (noise / SCALE) |h|_1`` over what is observed:
    scikit-learn's `sparse_encode` with ``alpha = noise / SCALE``, run until nothing moves. Nothing
    depends on other rows. machine : a `LaplaceDictionary`; rows : `SeenRows`.
    """
    codes = np.empty((len(rows), machine.n_atoms))
    given = machine.filled_atoms, rows.deviations, rows.seen
    lasso(*given, machine.penalty, _TOLERANCE, _PASSES, codes)
    return codes
