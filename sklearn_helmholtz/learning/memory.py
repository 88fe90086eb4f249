"""What a learning rule remembers of each row from one epoch to the next."""

import numpy as np


class Memory:
    """Arrays with an entry for each row of a table, and whether a row was met before.

    shapes : of the entries of a row, for each array; dtypes : of the arrays. Threads take and put
    different rows.
    """

    lasting = None  # nothing of it is of use with the rows of another table

    def __init__(self, n_rows, shapes, dtypes):
        self._arrays = [
            np.zeros((n_rows, *shape), dtype) for shape, dtype in zip(shapes, dtypes, strict=True)
        ]
        self._met = np.zeros(n_rows, bool)

    def take(self, numbers):
        """What is known of some rows, `Recollections` that may be changed."""
        return Recollections(self._met[numbers], [array[numbers] for array in self._arrays])

    def put(self, numbers, recollections):
        """Keep what is now known of these rows."""
        for array, part in zip(self._arrays, recollections.arrays, strict=True):
            array[numbers] = part
        self._met[numbers] = True

    def end_step(self):
        """There is nothing that rows share."""


class Recollections:
    """Of a block of rows: whether each was met before, (n_rows,) bool, and copies of the arrays."""

    def __init__(self, met, arrays):
        self.met, self.arrays = met, arrays


def n_kept_values(machine, rows):
    """How many values of the data of each row are to be kept besides its hidden units.

    All where the units depend on those that are missing, which are then inferred as well, and where
    any are; otherwise none, since a table may have very many columns.
    """
    return machine.n_units[0] if machine.is_autoregressive and rows.stand_in is not None else 0
