"""Learning rules, which say where to move, and optimisers, which move."""

from .optimizers import SGD, Adam, Constant, Cosine
from .reweighted import ReweightedWakeSleep
from .wake_sleep import WakeSleep

__all__ = ["SGD", "Adam", "Constant", "Cosine", "ReweightedWakeSleep", "WakeSleep"]
