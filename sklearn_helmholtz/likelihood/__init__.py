"""Likelihoods: log p(x) under a machine, exactly or estimated, with its errors."""

from .enumeration import MAX_AUTOMATIC_UNITS, MAX_UNITS, Enumeration
from .estimate import Estimate
from .importance import importance_estimate
from .scoring import score_by_importance, score_exactly, validation_score

__all__ = [
    "MAX_AUTOMATIC_UNITS",
    "MAX_UNITS",
    "Enumeration",
    "Estimate",
    "importance_estimate",
    "score_by_importance",
    "score_exactly",
    "validation_score",
]
