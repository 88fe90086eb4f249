"""Memories of a training: what a learning rule knows of rows from one step to the next."""

import abc
from dataclasses import dataclass

import numpy as np

from ..units import Ability


@dataclass(frozen=True)
class Place:
    """Place of a block of rows.

    numbers : (n_rows,), of its rows in the table; start, stop : its places in the minibatch;
    size : rows of the minibatch.
    """

    numbers: np.ndarray
    start: int
    stop: int
    size: int


class Memory(abc.ABC):
    """Memory of a rule. Threads take and put different blocks."""

    carry_over = None  # what is of use with the rows of another table, too
    is_of_one_step = False  # whether nothing outlives a step, and rules find it without a memory

    @abc.abstractmethod
    def take(self, place):
        """Memory of a block, which the rule may change; place : a `Place`."""

    @abc.abstractmethod
    def put(self, place, part):
        """Keep what is now known of a block."""

    def end_step(self, machine, result):
        """Whatever follows on each step, when all blocks are put and the parameters have moved.

        machine : as it is now; result : what has come of training, the same or an average.
        """
        return

    def resume(self, carry_over):
        """Go on from what an earlier training carried over; called before `begin`."""
        return

    def begin(self, machine, result, seed, batch_size):
        """Get ready for the first step.

        machine, result : as of `end_step`; seed : of random numbers of its own; batch_size : rows
        of a step.
        """
        return


class RowMemory(Memory):
    """Arrays with an entry for each row of a table, and whether a row was seen before.

    shapes : of the entries of a row, for each array; dtypes : of the arrays.
    """

    def __init__(self, n_rows, shapes, dtypes):
        self._arrays = [
            np.zeros((n_rows, *shape), dtype) for shape, dtype in zip(shapes, dtypes, strict=True)
        ]
        self._seen = np.zeros(n_rows, bool)

    def take(self, place):
        """A `RowState` of the rows of a block."""
        numbers = place.numbers
        return RowState(self._seen[numbers], [array[numbers] for array in self._arrays])

    def put(self, place, part):
        """Keep what is now known of these rows."""
        for array, own in zip(self._arrays, part.arrays, strict=True):
            array[place.numbers] = own
        self._seen[place.numbers] = True


class RowState:
    """State of a block of rows: whether each was seen, (n_rows,) bool, and copies of the arrays."""

    def __init__(self, seen, arrays):
        self.seen, self.arrays = seen, arrays


def n_kept_values(machine, rows):
    """Number of values of the data of each row that are to be kept besides its hidden units.

    All where the units depend on those that are missing, which are then inferred as well, and where
    any are; otherwise none, since a table may have very many columns.
    """
    infers = machine.is_autoregressive and machine.can_complete(Ability.GIBBS)
    return machine.n_units[0] if infers and rows.fill_values is not None else 0
