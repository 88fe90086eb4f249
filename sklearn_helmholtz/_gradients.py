"""Gradients of minibatches, block by block."""

import math
from dataclasses import dataclass

import numpy as np

from . import _keys, _tree
from ._keys import Draws, Purpose
from ._threads import run_blocks, run_team, size_of_team
from ._workspace import Workspaces
from .learning import Place

_BLOCKS_AT_A_TIME = 8
_ROWS_TOGETHER = 256  # times particles, in one call of a fused rule
# Of a call that makes many steps: multiplications of products, some tenth of a second, in which no
# signal is heard; and values of the data, which are gathered for all of them.
_WORK_OF_A_RUN, _VALUES_OF_A_RUN = 2**30, 2**23
# In such multiplications: a unit of a particle of a row, the move of a parameter, and a call.
_WORK_OF_A_UNIT, _WORK_OF_A_MOVE, _WORK_OF_A_STEP = 60, 10, 2**18


class LostError(ConnectionError):
    """Those who compute gradients cannot be reached any more."""


class BlockGradients:
    """Gradients of a rule for blocks of rows, which threads compute side by side.

    Blocks write into arrays that are allocated once. Where blocks begin, and the order in which
    they are added, depends on the work and never on the number of threads. ``rule`` is the rule as
    it is at the present stage of a training.
    """

    def __init__(self, machine, rule, seed, n_threads):
        self.rule, self._n_threads = rule, n_threads
        self._wake_key = _keys.key(seed, Purpose.WAKE)
        self._dream_key = _keys.key(seed, Purpose.DREAM)
        self._fused = rule.fused(machine)
        self._vectors, self._gradients = _tree.parts_like(machine, 1)
        self._total = np.zeros_like(self._vectors)
        self._workspaces = Workspaces()

    def of(self, parameters, rows, batch, step, memory=None, is_long=False):
        """Parts of the gradient of a `Batch`, which is their sum, and its objective, nats.

        parameters : packed; step : its number; memory : of the training, or None; is_long : whether
        training is long enough to compile a rule in one kernel. The parts, (n_parts,
        n_parameters), are to be read before the next call.
        """
        places = batch.numbers
        if not rows.is_at_hand:  # chunks are read once, and not for each block
            rows, places = rows.choose(batch.numbers).gathered(), np.arange(len(batch))
        ends = (0, *batch.ends)
        parts = (
            self.of_piece(parameters, rows, piece, step, memory, is_long, places[start:end])
            for piece, start, end in zip(batch.pieces, ends, ends[1:], strict=False)
        )
        if len(batch.pieces) == 1:
            return next(parts)
        total = sum_of_pieces(PieceSum(summed_blocks(own), (bound,)) for own, bound in parts)
        return total.vector[None], math.fsum(total.bounds)

    def of_piece(self, parameters, rows, piece, step, memory=None, is_long=False, places=None):
        """The same of a `Piece` alone; places : of its rows, where they are not their numbers."""
        places = piece.numbers if places is None else places
        limits = self.rule.limits(parameters.tree, len(piece.numbers))
        fused = self._fused_rule(is_long)
        work = _Work(parameters, rows, places, piece, step, memory, fused, limits)
        n_blocks, bound = len(limits) - 1, 0.0
        for first in range(0, n_blocks, _BLOCKS_AT_A_TIME):
            count = min(_BLOCKS_AT_A_TIME, n_blocks - first)
            bound += self._blocks(work, first, count)
            if n_blocks > _BLOCKS_AT_A_TIME:
                self._gather(first, count)
        return (self._total if n_blocks > _BLOCKS_AT_A_TIME else self._vectors[:n_blocks]), bound

    def most_together(self, parameters, rows, n_rows, is_long, is_very_long):
        """Minibatches of so many rows on which `run` makes steps in one call; 1 to make none by it.

        More where the row blocks of a step are so few that each has a gradient of its own, and the
        kernel is compiled or worth it: it takes the place of that of one step, and where that is at
        hand saves less. is_long, is_very_long : whether training is long enough for it in the first
        case and in the second.
        """
        if self._fused is None or not rows.is_at_hand:
            return 1
        if not self._fused.takes(rows.take(np.zeros(1, np.int64))):
            return 1
        n_blocks = len(self.rule.limits(parameters.tree, n_rows)) - 1
        n_together = n_rows * self.rule.n_particles
        is_worth = is_very_long or (is_long and not self._fused.is_compiled)
        if n_blocks > _BLOCKS_AT_A_TIME or not (is_worth or self._fused.runs.is_compiled):
            return 1
        by_work = _WORK_OF_A_RUN // _work_of_a_step(parameters, n_together)
        by_values = _VALUES_OF_A_RUN // (n_rows * parameters.tree.n_units[0])
        return int(max(min(by_work, by_values), 1))

    def together(self, rows, batches):
        """The rows of some minibatches as one `Block`, or None where `run` does not take them.

        From then on `run` can start at once: whoever stops a compilation stops before a step.
        """
        if any(len(batch.ends) > 1 for batch in batches):
            return None
        x = rows.take(np.concatenate([batch.numbers for batch in batches]))
        if not self._fused.takes(x):
            return None
        self._fused.runs.compile()
        return x

    def run(self, parameters, x, step, moves):
        """Make steps on minibatches that are `together`; the objective of each that was made.

        step : the number of the first; moves : see the optimiser's `run`.
        """
        n_rows = len(x) // len(moves.rates)
        numbers = range(step, step + len(moves.rates))
        addresses = np.concatenate([_keys.training_addresses(n, 0, n_rows) for n in numbers])
        limits = np.array(self.rule.limits(parameters.tree, n_rows), np.int64)
        n_blocks = len(limits) - 1
        if n_blocks > len(self._vectors):
            self._vectors, self._gradients = _tree.parts_like(parameters.tree, n_blocks)
        wake = Draws(self._wake_key, addresses, self.rule.n_particles)
        dream, parts = Draws(self._dream_key, addresses), self._vectors[:n_blocks]
        n_members, most = size_of_team(self._n_threads, n_blocks), self._most_blocks(limits)
        run = self._fused.run(parameters, x, wake, dream, limits, moves, parts, n_members, most)

        def make(member):
            with self._workspaces.one() as space:
                run.make(member, space)

        run_team(make, n_members, run.dismiss)
        return run.objectives

    def _most_blocks(self, limits):
        """Number of row blocks that go through products together at most, to stay in the cache."""
        rows_of_a_block = (limits[-1] - limits[0]) // (len(limits) - 1)
        return int(max(_ROWS_TOGETHER // (rows_of_a_block * self.rule.n_particles), 1))

    def _gather(self, first, count):
        """Add the gradients of some row blocks to the total of the piece."""
        if first == 0:
            self._total[:] = 0
        for vector in self._vectors[:count]:
            self._total[0] += vector

    def _blocks(self, work, first, count):
        """Compute the gradients of some row blocks; returns the sum of their objectives."""
        if count > len(self._vectors):
            self._vectors, self._gradients = _tree.parts_like(work.parameters.tree, count)
        bounds, limits, size = [0.0] * count, work.limits[first : first + count + 1], 1
        if work.fused is not None:
            size = min(-(-count // self._n_threads), self._most_blocks(limits))

        def gradients(group):
            blocks = slice(group * size, min((group + 1) * size, count))
            ends = limits[blocks.start : blocks.stop + 1]
            x = work.take(ends[0], ends[-1]) if work.fused is not None else None
            if x is not None and work.fused.takes(x):
                bounds[blocks] = self._gradients_together(work, x, ends, blocks)
            else:
                for block in range(blocks.start, blocks.stop):
                    bounds[block] = self._gradient(work, *limits[block : block + 2], block)

        run_blocks(gradients, -(-count // size), self._n_threads)
        return math.fsum(bounds)

    def _fused_rule(self, is_long):
        """The rule in one kernel if that is compiled, or training is long enough to compile it."""
        if self._fused is None:
            return None
        return self._fused if is_long or self._fused.is_compiled else None

    def _gradients_together(self, work, x, ends, blocks):
        addresses = work.addresses(ends[0], ends[-1])
        wake = Draws(self._wake_key, addresses, self.rule.n_particles)
        dream, limits = Draws(self._dream_key, addresses), [end - ends[0] for end in ends]
        with self._workspaces.one() as space:
            return work.fused.gradients(
                work.parameters, x, wake, dream, limits, self._vectors[blocks], space
            )

    def _gradient(self, work, start, stop, block):
        addresses, place, part = work.addresses(start, stop), None, None
        if work.memory is not None:
            place = work.place(start, stop)
            part = work.memory.take(place)
        wake = Draws(self._wake_key, addresses, self.rule.n_particles)
        dream, rows = Draws(self._dream_key, addresses), work.take(start, stop)
        with self._workspaces.one() as space:
            bound = self.rule.gradient(
                work.parameters.tree, rows, wake, dream, self._gradients[block].tree, space, part
            )
            if part is not None:
                work.memory.put(place, part)  # it may be made of arrays of the space
        return bound


def _work_of_a_step(parameters, n_together):
    """Work of a step with so many particles of rows, in multiplications of a product."""
    of_a_row = parameters.tree.n_weights + _WORK_OF_A_UNIT * sum(parameters.tree.n_units)
    return n_together * of_a_row + _WORK_OF_A_MOVE * parameters.vector.size + _WORK_OF_A_STEP


@dataclass(frozen=True)
class _Work:
    """Work on a piece of a minibatch, of which blocks are a part each.

    places : of its rows in ``rows``; fused : the rule in one kernel, or None; limits : of the
    blocks, in the piece.
    """

    parameters: object
    rows: object
    places: np.ndarray
    piece: object
    step: int
    memory: object
    fused: object
    limits: list

    def take(self, start, stop):
        """Rows of the piece as a block."""
        return self.rows.take(self.places[start:stop])

    def addresses(self, start, stop):
        """Addresses of the random numbers of these rows."""
        first = self.piece.start
        return _keys.training_addresses(self.step, first + start, first + stop)

    def place(self, start, stop):
        """The `Place` of these rows."""
        piece = self.piece
        first, numbers = piece.start, piece.numbers[start:stop]
        return Place(numbers, first + start, first + stop, piece.size)


def summed_blocks(parts):
    """The sum of some gradients, (n_parts, n_parameters), one after the other: (n_parameters,).

    Of one part that itself.
    """
    if len(parts) == 1:
        return parts[0]
    total = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return total


@dataclass(frozen=True)
class PieceSum:
    """Sum of the gradients of neighbouring pieces, (n_parameters,), and the objective of each."""

    vector: np.ndarray
    bounds: tuple

    def plus(self, other):
        """The sum of both, in the array of this one."""
        np.add(self.vector, other.vector, self.vector)
        return PieceSum(self.vector, self.bounds + other.bounds)

    def copy(self):
        """The same in an array of its own."""
        return PieceSum(self.vector.copy(), self.bounds)


def sum_of_pieces(sums):
    """The `PieceSum` of some, added two by two, then these two by two, and so on.

    So whoever has 2, 4, 8, ... of them from a multiple of that number on may add them beforehand:
    the bits of the result are the same. An array that is given is read before the next is asked
    for, and never written to.
    """
    waiting = []  # of 1, 2, 4, ... terms, none of which has as many as the next
    for total in sums:
        size = 1
        while waiting and waiting[-1][0] == size:
            total, size = waiting.pop()[1].plus(total), 2 * size
        waiting.append((size, total.copy() if size == 1 else total))
    total = waiting.pop()[1]
    while waiting:
        total = waiting.pop()[1].plus(total)
    return total
