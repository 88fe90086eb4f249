"""Likelihoods: log p(x) under a machine, exactly or estimated, with its errors."""

from .annealing import annealed_estimate
from .annealing_density import annealing_log_density
from .bounds import annealed_bounds, importance_bounds
from .deep import is_summed, mean_field_bounds_of, score_deep
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
from .side_bounds import side_bounds
from .side_importance import SideProposal, by_gaps, mean_field_bounds, side_log_weights
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
    "SideProposal",
    "annealed_bounds",
    "annealed_estimate",
    "annealing_log_density",
    "by_gaps",
    "class_partitions",
    "held_out_bound",
    "importance_bounds",
    "importance_estimate",
    "is_summed",
    "labelled_partition",
    "mean_field_bounds",
    "mean_field_bounds_of",
    "partition_of",
    "pseudo_log_likelihood",
    "relative_to",
    "score_by_annealing",
    "score_by_importance",
    "score_deep",
    "score_exactly",
    "score_undirected",
    "score_where_possible",
    "side_bounds",
    "side_log_weights",
    "tail_shapes",
    "units_to_sum_out",
    "weighted_mean",
]
