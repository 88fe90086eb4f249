"""Learning rules, which say where to move, and optimisers, which move."""

from .optimizers import SGD, Adam
from .reweighted import ReweightedWakeSleep
from .schedules import Adaptive, Constant, Cosine
from .wake_sleep import WakeSleep

__all__ = ["SGD", "Adam", "Adaptive", "Constant", "Cosine", "ReweightedWakeSleep", "WakeSleep"]
