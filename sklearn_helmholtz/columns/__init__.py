"""Columns of mixed tables: what is known of each on its own, and what units it has."""

from .binary import Binary
from .categorical import Categorical
from .column import Column
from .draws import weighted_medians
from .layout import Layout
from .normal import Normal
from .one_hot import OneHotLayout, Part
from .ordered import Ordered
from .resolution import FINEST, resolution, spread

__all__ = [
    "FINEST",
    "Binary",
    "Categorical",
    "Column",
    "Layout",
    "Normal",
    "OneHotLayout",
    "Ordered",
    "Part",
    "resolution",
    "spread",
    "weighted_medians",
]
