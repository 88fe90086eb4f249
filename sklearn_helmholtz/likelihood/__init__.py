"""Likelihoods: log p(x) under a machine, exactly or estimated, with its errors."""

from .annealing import annealed_estimate
from .bounds import annealed_bounds, importance_bounds
from .enumeration import MAX_AUTOMATIC_UNITS, MAX_UNITS, Enumeration
from .estimate import Estimate
from .importance import importance_estimate
from .scoring import (
    content_keys,
    score_by_annealing,
    score_by_importance,
    score_exactly,
    validation_score,
)
from .weights import tail_shapes

__all__ = [
    "MAX_AUTOMATIC_UNITS",
    "MAX_UNITS",
    "Enumeration",
    "Estimate",
    "annealed_bounds",
    "annealed_estimate",
    "content_keys",
    "importance_bounds",
    "importance_estimate",
    "score_by_annealing",
    "score_by_importance",
    "score_exactly",
    "tail_shapes",
    "validation_score",
]
