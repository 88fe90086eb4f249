"""Unit families: all that depends on what a unit does with its input eta."""

from .abilities import Ability, Missing
from .bernoulli import Bernoulli
from .data import DataUnits
from .diagonal_normal import DiagonalNormal
from .family import Units
from .full_normal import FullNormal
from .gaussian import Gaussian
from .levels import centre_levels, level_log_sums, level_shares
from .mixed import Mixed
from .normal import Normal
from .one_hot import OneHot, sample_entries
from .poisson import Poisson
from .standard_normal import StandardNormal, standard_noise
from .support import Support

# In the order in which ``visible="auto"`` looks whether they hold the values of a table.
AUTOMATIC = (Bernoulli, Gaussian)
FAMILIES = {family.name: family for family in (*AUTOMATIC, Poisson)}

__all__ = [
    "AUTOMATIC",
    "FAMILIES",
    "Ability",
    "Bernoulli",
    "DataUnits",
    "DiagonalNormal",
    "FullNormal",
    "Gaussian",
    "Missing",
    "Mixed",
    "Normal",
    "OneHot",
    "Poisson",
    "StandardNormal",
    "Support",
    "Units",
    "centre_levels",
    "level_log_sums",
    "level_shares",
    "sample_entries",
    "standard_noise",
]
