"""Learning rules, which say where to move, and optimisers, which move; penalties, averages."""

from .averages import Average
from .optimizers import SGD, Adam
from .penalties import EstimatedPenalty, FixedPenalty, penalise
from .reweighted import ReweightedWakeSleep
from .schedules import Adaptive, Constant, Cosine
from .wake_sleep import WakeSleep

__all__ = [
    "SGD",
    "Adam",
    "Adaptive",
    "Average",
    "Constant",
    "Cosine",
    "EstimatedPenalty",
    "FixedPenalty",
    "ReweightedWakeSleep",
    "WakeSleep",
    "penalise",
]
