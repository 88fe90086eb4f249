"""Memory for the intermediate arrays of a step, allocated once and used again by every step."""

import numpy as np


class Workspace:
    """Hands out arrays like `numpy.empty` and takes all of them back at once.

    A step asks for the same shapes in the same order as the step before, so each request gets the
    array that it got then. NumPy itself offers the same `empty`: functions that need room take
    ``work=np``.
    """

    def __init__(self):
        self._arrays = []
        self._n_lent = 0

    def empty(self, shape, dtype):
        """An array with undefined entries, valid until `reset`."""
        place, self._n_lent = self._n_lent, self._n_lent + 1
        if place < len(self._arrays):
            array = self._arrays[place]
            if array.shape == shape and array.dtype == dtype:
                return array
            del self._arrays[place:]
        array = np.empty(shape, dtype)
        self._arrays.append(array)
        return array

    def reset(self):
        """Take all arrays back."""
        self._n_lent = 0
