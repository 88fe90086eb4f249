"""Likelihoods: log p(x) under a machine, exactly or estimated, with its errors."""

from .annealing import annealed_estimate
from .annealing_density import annealing_log_density
from .bounds import annealed_bounds, importance_bounds
from .enumeration import MAX_AUTOMATIC_UNITS, MAX_UNITS, Enumeration, units_to_sum_out
from .estimate import RELIABLE_SAMPLE_SIZE, RELIABLE_SHARE, Estimate, weighted_mean
from .importance import importance_estimate
from .labelled_partition import class_partitions, labelled_partition
from .partition import Partition, partition_of
from .pseudo import pseudo_log_likelihood
from .scoring import (
    held_out_bound,
    score_by_annealing,
    score_by_importance,
    score_exactly,
    score_where_possible,
)
from .undirected import relative_to, score_undirected
from .weights import tail_shapes

__all__ = [
    "MAX_AUTOMATIC_UNITS",
    "MAX_UNITS",
    "RELIABLE_SAMPLE_SIZE",
    "RELIABLE_SHARE",
    "Enumeration",
    "Estimate",
    "Partition",
    "annealed_bounds",
    "annealed_estimate",
    "annealing_log_density",
    "class_partitions",
    "held_out_bound",
    "importance_bounds",
    "importance_estimate",
    "labelled_partition",
    "partition_of",
    "pseudo_log_likelihood",
    "relative_to",
    "score_by_annealing",
    "score_by_importance",
    "score_exactly",
    "score_undirected",
    "score_where_possible",
    "tail_shapes",
    "units_to_sum_out",
    "weighted_mean",
]
