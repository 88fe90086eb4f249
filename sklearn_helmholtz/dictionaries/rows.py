"""Rows of data as kernels of dictionaries take them."""

import functools
from dataclasses import dataclass

import numpy as np

from ..rows import content_keys

_LANES = 16  # features are filled up with zeros to multiples


def filled_up(array):
    """A matrix as C-ordered float64 with columns of zeros, to a multiple of 16 of them."""
    n, width = array.shape
    result = np.zeros((n, -(-width // _LANES) * _LANES))
    result[:, :width] = array
    return result


@dataclass(frozen=True)
class SeenRows:
    """Rows less the mean, with zeros where a value is missing.

    given : (n_rows, n_features) float64, NaN for what is missing; mean : (n_features,).
    """

    given: np.ndarray
    mean: np.ndarray

    def __len__(self):
        return len(self.given)

    @functools.cached_property
    def is_seen(self):
        """Flags of what is observed, (n_rows, n_features)."""
        return ~np.isnan(self.given)

    @functools.cached_property
    def seen(self):
        """The same as ones and zeros, filled up."""
        return filled_up(self.is_seen)

    @functools.cached_property
    def deviations(self):
        """Differences from the mean, 0 where a value is missing, filled up."""
        return filled_up(np.where(self.is_seen, self.given - self.mean, 0.0))

    @property
    def keys(self):
        """Hashes of what the rows hold, (n_rows,) uint64."""
        with np.errstate(over="ignore"):
            return content_keys(np.ascontiguousarray(self.given, np.float32))

    @property
    def is_known(self):
        """Whether anything is known of each row, (n_rows,) bool."""
        return self.is_seen.any(axis=1)
