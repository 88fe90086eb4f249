"""Likelihoods: log p(x) under a machine, exactly or estimated, with its errors."""

from .annealing import annealed_estimate
from .bounds import annealed_bounds, importance_bounds
from .enumeration import MAX_AUTOMATIC_UNITS, MAX_UNITS, Enumeration, units_to_sum_out
from .estimate import RELIABLE_SAMPLE_SIZE, RELIABLE_SHARE, Estimate, weighted_mean
from .importance import importance_estimate
from .scoring import (
    held_out_bound,
    score_by_annealing,
    score_by_importance,
    score_exactly,
    score_where_possible,
)
from .weights import tail_shapes

__all__ = [
    "MAX_AUTOMATIC_UNITS",
    "MAX_UNITS",
    "RELIABLE_SAMPLE_SIZE",
    "RELIABLE_SHARE",
    "Enumeration",
    "Estimate",
    "annealed_bounds",
    "annealed_estimate",
    "held_out_bound",
    "importance_bounds",
    "importance_estimate",
    "score_by_annealing",
    "score_by_importance",
    "score_exactly",
    "score_where_possible",
    "tail_shapes",
    "units_to_sum_out",
    "weighted_mean",
]
