"""Learning rates as training goes on, and what becomes of them when it stalls."""

import math
from dataclasses import dataclass, replace

_FACTOR = 5
_LOWEST = 1e-6


@dataclass(frozen=True)
class Constant:
    """A learning rate that stays as it is."""

    initial: float

    def rate(self, progress):
        """The learning rate after a share of the training."""
        return self.initial

    def after_stalling(self):
        """The schedule to go on with when nothing has improved for long; None: training ends."""
        return


@dataclass(frozen=True)
class Cosine:
    """A learning rate that falls to zero along half a cosine (Loshchilov & Hutter 2017)."""

    initial: float

    def rate(self, progress):
        """The learning rate after the share ``progress``, in [0, 1], of the training."""
        return self.initial * 0.5 * (1 + math.cos(math.pi * progress))

    def after_stalling(self):
        """The schedule to go on with when nothing has improved for long; None: training ends."""
        return


@dataclass(frozen=True)
class Adaptive:
    """A learning rate that is divided by 5 whenever training stalls, down to 1e-6."""

    initial: float

    def rate(self, progress):
        """The learning rate after a share of the training."""
        return self.initial

    def after_stalling(self):
        """The schedule to go on with when nothing has improved for long; None: training ends."""
        slower = self.initial / _FACTOR
        return replace(self, initial=slower) if slower >= _LOWEST else None
