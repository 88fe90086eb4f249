"""Data whose distribution is known: to teach with, and to judge models by.

Each maker draws rows and their causes, and with ``return_distribution=True`` also returns the
distribution that they are from, whose `score_samples` is exact: no model can beat it on average.
"""

from .bars import Bars, make_bars
from .binary_questionnaire import BinaryQuestionnaire, make_binary_questionnaire
from .mixed_questionnaire import MixedQuestionnaire, make_mixed_questionnaire
from .planted_net import make_planted_net
from .shifter import Shifter, make_shifter

__all__ = [
    "Bars",
    "BinaryQuestionnaire",
    "MixedQuestionnaire",
    "Shifter",
    "make_bars",
    "make_binary_questionnaire",
    "make_mixed_questionnaire",
    "make_planted_net",
    "make_shifter",
]
