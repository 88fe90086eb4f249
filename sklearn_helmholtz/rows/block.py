"""A block of rows: values, what is missing of them and what takes its place, weights, keys."""

import functools
from dataclasses import dataclass

import numpy as np

from .coded import Coded
from .lists import Lists


@dataclass(frozen=True)
class Block:
    """Some rows of data in the form that kernels take.

    values : (n_rows, n_columns) uint8 where all are 0 or 1, else float32, or `Lists`, or `Coded`
    rows of mixed columns; NaN means missing, and is left out of every likelihood; fill_values :
    (n_columns,) float32, or of the codes of mixed columns, what recognition sees of missing values,
    None where nothing can be missing; weights : (n_rows,)
    float64, or None where each row counts once; keys : (n_rows,) uint64, addresses of the random
    numbers of rows whose contents decide them, or None; log_volumes : (n_rows,) float64, what the
    log-density of each row loses on the way back to the user's units, nats, or None for nothing.

    Fill values are means of the training data, so that a missing value moves no unit of recognition
    from where an average row puts it.
    """

    values: np.ndarray | Lists | Coded
    fill_values: np.ndarray | None = None
    weights: np.ndarray | None = None
    keys: np.ndarray | None = None
    log_volumes: np.ndarray | None = None

    def __len__(self):
        return len(self.values)

    @property
    def is_binary(self):
        """Whether the values are an array of 0 and 1."""
        return isinstance(self.values, np.ndarray) and self.values.dtype == np.uint8

    @property
    def is_listed(self):
        """Whether the values are lists of non-zero entries."""
        return isinstance(self.values, Lists)

    @functools.cached_property
    def has_missing(self):
        """Whether any value is missing."""
        if self.fill_values is None:
            return False
        return bool(np.isnan(self.values if self._is_array else self.values.values).any())

    @property
    def _is_array(self):
        return isinstance(self.values, np.ndarray)

    @functools.cached_property
    def filled(self):
        """The rows as recognition sees them: an array, `Lists` or `Coded`."""
        return self.values if self.fill_values is None else self._filled(self.fill_values)

    @property
    def zero_filled(self):
        """The rows with zeros where a value is missing: an array, `Lists` or `Coded`.

        The code of a missing value is 0 already.
        """
        if self.fill_values is None or isinstance(self.values, Coded):
            return self.values
        return self._filled(np.zeros(self.values.shape[1], np.float32))

    def _filled(self, fill_values):
        if not self._is_array:
            return self.values.filled(fill_values)
        filled = np.where(np.isnan(self.values), fill_values, self.values)
        return filled.astype(np.float32, copy=False)

    def mask_like(self, states):
        """Other states (n_rows, n_columns) as recognition sees rows that miss what these miss."""
        if self.fill_values is None:
            return states
        if not self._is_array:
            return self.values.mask_like(states, self.fill_values)
        masked = np.where(np.isnan(self.values), self.fill_values, states)
        return masked.astype(np.float32, copy=False)

    @property
    def is_known(self):
        """Whether anything is known of each row, (n_rows,) bool."""
        if self.fill_values is None:
            return np.ones(len(self), bool)
        if self.is_listed:
            return self.values.n_missing() < self.values.n_columns
        if not self._is_array:
            return ~self.values.missing.all(axis=1)
        return ~np.isnan(self.values).all(axis=1)

    @property
    def dense(self):
        """All values, NaN where they are missing: an array, or `Coded` rows."""
        return self.values.toarray() if self.is_listed else self.values

    def toarray(self):
        """All values, (n_rows, n_columns), NaN where they are missing."""
        return self.values if self._is_array else self.values.toarray()

    def todoubles(self):
        """All values as C-ordered float64, NaN where they are missing."""
        return np.ascontiguousarray(self.toarray(), np.float64)

    def particle_weights(self, n_particles):
        """Weights of the rows for each of their particles, (n_rows, n_particles) float32.

        None where each row counts once.
        """
        if self.weights is None:
            return None
        return np.repeat(self.weights[:, None], n_particles, axis=1).astype(np.float32)
