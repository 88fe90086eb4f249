"""Values that users give, from which the others are to be drawn."""

import numpy as np

from ..models import named
from .labels import by_label
from .tables import as_numbers


def as_evidence(given, n_features, support, feature_names=None):
    """Given values as an array (n_features,) float64, or a ValueError.

    support : the `units.Support` of the values.
    """
    names = range(n_features) if feature_names is None else feature_names
    given = by_label("given", given, list(names))
    values = given if np.ma.isMaskedArray(given) else np.asarray(given, dtype=object)
    if values.shape != (n_features,):
        raise ValueError(
            f"given must have the shape ({n_features},), one value for each feature and NaN for "
            f"those to be drawn, or be a dict or a Series of those that are given, got "
            f"{values.shape}."
        )
    evidence = _numbers(values, feature_names)
    infinite = np.flatnonzero(np.isinf(evidence))
    if len(infinite):
        raise ValueError(f"given holds infinity in column {named(infinite[0], feature_names)}.")
    outside = np.flatnonzero(support.misses(evidence))
    if len(outside):
        raise ValueError(
            f"given holds the value {evidence[outside[0]]:g} in column "
            f"{named(outside[0], feature_names)}, but the model takes {support.name}."
        )
    return support.forgive(evidence)


def _numbers(values, feature_names):
    """Given values as float64, NaN for those to be drawn, or a ValueError."""
    try:
        return as_numbers(values[None], "given", feature_names)[0].astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"given must hold a number for each feature, NaN for those to be drawn. {error}"
        ) from None
