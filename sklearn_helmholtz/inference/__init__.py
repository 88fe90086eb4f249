"""Inference: the distribution of the hidden layers given the data."""

from .annealed_sides import AnnealedSides
from .bipartite import (
    MAX_AUTOMATIC_SIDE,
    MAX_GAP_SIDE,
    MAX_SIDE,
    Bipartite,
    log_totals_of_rows,
)
from .block_gibbs import BlockGibbs, Clamped
from .chains import ChainPosterior
from .code_posterior import CodePosterior
from .column_states import ColumnEnumeration
from .elliptical import Elliptical
from .enumerated_sides import EnumeratedSides
from .exact import (
    ExactPosterior,
    inputs_table,
    log_prior_table,
    log_prob_table,
    state_parts,
)
from .gaussian_block_gibbs import GaussianBlockGibbs
from .gaussian_sides import GaussianSides, HiddenSide
from .gibbs import Gibbs
from .importance import Particles, n_from_prior, sample_particles, sample_prior_particles
from .joint import log_joint
from .laplace_gibbs import LaplaceGibbs
from .mean_field import LARGEST_WEIGHT, MeanField
from .means_below import inputs_below
from .missing import missing_posterior
from .mixed_block_gibbs import MixedBlockGibbs
from .mixed_sides import MixedSides
from .posterior import (
    ImportancePosterior,
    MeanFieldPosterior,
    MovedPosterior,
    RecognitionPosterior,
)
from .proposals import propose
from .resampling import choose, resampling_uniforms
from .sampler import sampler_of
from .side_means import MEAN_SWEEPS, SideMeans, side_means
from .sides import chains_of, enumeration_of, sides_of, totals_of_rows
from .states import all_states

__all__ = [
    "LARGEST_WEIGHT",
    "MAX_AUTOMATIC_SIDE",
    "MAX_GAP_SIDE",
    "MAX_SIDE",
    "MEAN_SWEEPS",
    "AnnealedSides",
    "Bipartite",
    "BlockGibbs",
    "ChainPosterior",
    "Clamped",
    "CodePosterior",
    "ColumnEnumeration",
    "Elliptical",
    "EnumeratedSides",
    "ExactPosterior",
    "GaussianBlockGibbs",
    "GaussianSides",
    "Gibbs",
    "HiddenSide",
    "ImportancePosterior",
    "LaplaceGibbs",
    "MeanField",
    "MeanFieldPosterior",
    "MixedBlockGibbs",
    "MixedSides",
    "MovedPosterior",
    "Particles",
    "RecognitionPosterior",
    "SideMeans",
    "all_states",
    "chains_of",
    "choose",
    "enumeration_of",
    "inputs_below",
    "inputs_table",
    "log_joint",
    "log_prior_table",
    "log_prob_table",
    "log_totals_of_rows",
    "missing_posterior",
    "n_from_prior",
    "propose",
    "resampling_uniforms",
    "sample_particles",
    "sample_prior_particles",
    "sampler_of",
    "side_means",
    "sides_of",
    "state_parts",
    "totals_of_rows",
]
