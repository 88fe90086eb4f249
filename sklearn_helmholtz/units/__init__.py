"""Unit families: all that depends on what a unit does with its input eta."""

from .abilities import Ability, Missing
from .bernoulli import Bernoulli
from .family import Units
from .gaussian import Gaussian
from .mixed import Mixed
from .poisson import Poisson
from .support import Support

# In the order in which ``visible="auto"`` looks whether they hold the values of a table.
AUTOMATIC = (Bernoulli, Gaussian)
FAMILIES = {family.name: family for family in (*AUTOMATIC, Poisson)}

__all__ = [
    "AUTOMATIC",
    "FAMILIES",
    "Ability",
    "Bernoulli",
    "Gaussian",
    "Missing",
    "Mixed",
    "Poisson",
    "Support",
    "Units",
]
