"""Supports: the values that units take, and the words for those that they do not."""

from dataclasses import dataclass

import numpy as np

from ..rows import rounding


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
        slack = rounding(summary.dtype) if self.forgives else 0
        below = self.low is not None and summary.low < self.low - slack
        above = self.high is not None and summary.high > self.high + slack
        return not (below or above or (self.is_whole and not summary.is_whole))

    def is_missed_by_rounding(self, summary):
        """Whether some values of a table, all of which it holds, are to be moved into it."""
        return self.forgives and (summary.low < self.low or summary.high > self.high)

    def misses(self, values):
        """Whether each value lies outside; NaN does not."""
        slack = rounding(values.dtype) if self.forgives else 0
        outside = np.zeros(values.shape, bool)
        if self.low is not None:
            outside |= values < self.low - slack
        if self.high is not None:
            outside |= values > self.high + slack
        if self.is_whole:
            outside |= ~np.isnan(values) & (values != np.floor(values))
        return outside

    def forgive(self, values):
        """Values of which those that miss the interval by no more than rounding lie in it."""
        if not self.forgives:
            return values
        return np.where(self.misses(values), values, np.clip(values, self.low, self.high))
