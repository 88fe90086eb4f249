"""Learning rules, which say where to move, and optimisers, which move; penalties, averages."""

from .averages import Average
from .exact import ExactLearning
from .gibbs import GibbsLearning
from .mean_field import MeanFieldLearning
from .optimizers import SGD, Adam
from .penalties import EstimatedPenalty, FixedPenalty, penalise
from .reweighted import ReweightedWakeSleep
from .schedules import Adaptive, Constant, Cosine
from .score_function import NVIL, VIMCO
from .wake_sleep import WakeSleep

__all__ = [
    "NVIL",
    "SGD",
    "VIMCO",
    "Adam",
    "Adaptive",
    "Average",
    "Constant",
    "Cosine",
    "EstimatedPenalty",
    "ExactLearning",
    "FixedPenalty",
    "GibbsLearning",
    "MeanFieldLearning",
    "ReweightedWakeSleep",
    "WakeSleep",
    "penalise",
]
