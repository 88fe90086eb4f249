"""Supports: the values that units take, and the words for those that they do not."""

from dataclasses import dataclass

import numpy as np

from ..rows import rounding

_SMALL = 1e-3  # beside the highest value of a table


@dataclass(frozen=True)
class Support:
    """An interval, or the whole numbers of one.

    low, high : None where there is no limit; is_whole : whether only whole numbers belong to it;
    forgives : whether values that miss the interval by rounding are moved into it; name : of the
    values, as in "take ..."; remedy : what to do with others, a sentence, or "".
    """

    low: float | None = None
    high: float | None = None
    is_whole: bool = False
    forgives: bool = False
    name: str = "any finite number"
    remedy: str = ""

    @property
    def is_everything(self):
        """Whether any number belongs to it."""
        return self.low is None and self.high is None and not self.is_whole

    def holds(self, summary):
        """Whether all values of a table belong to it; summary : `TableLimits`, or more."""
        low, high = self._limits(summary.dtype)
        is_outside = summary.low < low or summary.high > high
        return not (is_outside or (self.is_whole and not summary.is_whole))

    def suits(self, summary):
        """Whether a table may be meant for it: it holds all values, and forgives only rounding.

        What lies below it is no rounding unless it is small beside the highest value: tables of
        real numbers in small units would be moved to its limit as a whole.
        """
        is_signed = self.forgives and self.low - summary.low > _SMALL * (summary.high - self.low)
        return self.holds(summary) and not is_signed

    def is_missed_by_rounding(self, summary):
        """Whether some values of a table, all of which it holds, are to be moved into it."""
        return self.forgives and (summary.low < self.low or summary.high > self.high)

    def misses(self, values):
        """Whether each value lies outside; NaN does not."""
        low, high = self._limits(values.dtype)
        outside = (values < low) | (values > high)
        if self.is_whole:
            outside |= ~np.isnan(values) & (values != np.floor(values))
        return outside

    def forgive(self, values):
        """Values of which those that miss the interval by no more than rounding lie in it."""
        if not self.forgives:
            return values
        return np.where(self.misses(values), values, np.clip(values, self.low, self.high))

    def _limits(self, dtype):
        """The lowest and the highest value of a type of numbers that belong to it."""
        below, above = rounding(dtype) if self.forgives else (0, 0)
        low = -np.inf if self.low is None else self.low - below
        high = np.inf if self.high is None else self.high + above
        return low, high
