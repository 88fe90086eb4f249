"""Columns of mixed tables: what is known of each on its own, and what units it has."""

from .binary import Binary
from .categorical import Categorical
from .census import MOST_LEVELS, Census, united_levels
from .column import Column
from .draws import weighted_medians
from .layout import Layout
from .normal import Normal
from .one_hot import OneHotLayout, Part
from .ordered import Ordered
from .resolution import FINEST, resolution, spread
from .tally import Tally

__all__ = [
    "FINEST",
    "MOST_LEVELS",
    "Binary",
    "Categorical",
    "Census",
    "Column",
    "Layout",
    "Normal",
    "OneHotLayout",
    "Ordered",
    "Part",
    "Tally",
    "resolution",
    "spread",
    "united_levels",
    "weighted_medians",
]
