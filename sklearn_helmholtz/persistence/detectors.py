"""Detectors of anomalies in archives."""

import numpy as np

from ..units import FAMILIES
from .held import answering_arrays, check_held, set_features

RECORDS = frozenset(
    {"_draws", "_is_mixed", "estimator_", "feature_names_in_", "n_features_in_", "offset_"}
)
_FEWEST = 20  # draws


def write_detector(part, detector, write_density):
    """Write what a fitted `LatentAnomalyDetector` has learnt."""
    part.flag("is_mixed", detector._is_mixed)
    part.array("draws", detector._draws)
    part.number("offset", detector.offset_)
    write_density(part.part("estimator"), detector.estimator_, "estimator.estimator_")


def read_detector(part, detector, n_features, names, read_density):
    """Let a detector become the fitted one that was written."""
    held = answering_arrays(read_density(part.part("estimator")))
    check_held(held, detector, n_features, names)
    detector.estimator_, detector._is_mixed = held, part.flag("is_mixed")
    if detector._is_mixed != (getattr(held, "_schema", None) is not None):
        raise ValueError("its columns are mixed and those of its model not, or the reverse")
    detector._draws = part.array("draws", np.float64, (None, n_features))
    detector.offset_ = part.number("offset", high=0)
    _check_draws(detector)
    set_features(detector, n_features, names)


def _check_draws(detector):
    """Refuse draws that are too few, or none of the model."""
    draws, held = detector._draws, detector.estimator_
    if len(draws) < _FEWEST:
        raise ValueError(f"its draws are {len(draws)}, which are fewer than {_FEWEST}")
    family = FAMILIES.get(getattr(held, "visible_", None))
    if family is not None and family.is_counted and (draws % 1).any():
        raise ValueError("its draws are not whole, as those of its model are")
    if not np.isfinite(detector._tail(np.zeros(0, np.int64)).values).all():
        raise ValueError("its draws are impossible under its model")
