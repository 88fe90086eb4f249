"""Weights of rows."""

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from .labels import rows_by_label
from .tables import as_numbers


def checked_weights(sample_weight, X, given):
    """Weights of the rows of X, (n_samples,) float64, none of them negative, or a ValueError.

    given : the rows as the user has them, by whose labels those of the weights go.
    """
    weights = rows_by_label("sample_weight", sample_weight, given)
    if np.ma.isMaskedArray(weights):
        weights = as_numbers(weights, "sample_weight")  # what is masked is refused as NaN
    try:
        weights = _check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)
    except Exception as error:  # of whatever a container may raise when it is made an array
        message = str(error).partition("\n")[0]
        raise ValueError(f"sample_weight must hold a number for each row: {message}") from error
    if not np.isfinite(weights).all():
        raise ValueError("sample_weight must hold finite numbers, got NaN or infinity.")
    if not weights.any():
        raise ValueError("sample_weight must hold at least one non-zero number, got zeros.")
    return weights
