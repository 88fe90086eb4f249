"""Learning rules without the Python between their kernels: small nets spend much time there.

Each has the steps of its layered rule, to the bit, for machines of Bernoulli units without lateral
weights and rows of 0 and 1. Row blocks that one thread works on go through the products together.
"""

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np

from .._kernels import reweighted, wake_sleep
from .._kernels.reweighted import reweighted_gradient
from .._kernels.runs import reweighted_run, wake_sleep_run
from .._kernels.teams import dismiss, new_team
from .._kernels.wake_sleep import wake_sleep_gradient
from .rule import weighted

# Compiling a rule takes 9 s. What it saves then was measured for nets of 26 to 2,300 units and
# minibatches of 20 to 500 rows: the Python of a step, and some passes over the numbers of each unit
# and row, however many particles there are.
_SECONDS_TO_COMPILE = 9.0
_SAVED_BY_A_STEP, _SAVED_BY_A_UNIT = 4e-5, 3e-9  # seconds
# A kernel of many steps takes the place of that rule, and saves the Python around a step as well.
_SECONDS_TO_COMPILE_RUNS, _SAVED_BY_A_RUN = 12.0, 3e-5


def is_worth_compiling(n_units, n_rows, n_steps):
    """Whether a training saves more time by a rule in one kernel than compiling it takes.

    The work is known beforehand; a clock would compile it when half of it is done.

    n_units : of each layer; n_rows : of a step.
    """
    saved = _SAVED_BY_A_STEP + _SAVED_BY_A_UNIT * n_rows * sum(n_units)
    return n_steps * saved > _SECONDS_TO_COMPILE


def is_run_worth_compiling(n_steps):
    """Whether a kernel of many steps is worth compiling where that of one step is at hand."""
    return n_steps * _SAVED_BY_A_RUN > _SECONDS_TO_COMPILE_RUNS


def is_plain(machine):
    """Whether all units are binary and depend on no others of their layer."""
    chains = machine.generation, machine.recognition
    return not machine.is_autoregressive and all(
        c.units.is_binary for chain in chains for c in chain.conditionals
    )


@dataclass(frozen=True)
class FusedWakeSleep:
    """The steps of `WakeSleep` in one kernel."""

    n_particles = 1

    def takes(self, x):
        """Whether it knows rows such as those of a `Block`."""
        return x.is_binary

    @property
    def is_compiled(self):
        """Whether it can start at once: compiling it takes a few seconds."""
        return wake_sleep_gradient.is_compiled

    def prepare(self):
        """Compile it now."""
        wake_sleep_gradient.compile()

    def gradients(self, parameters, x, wake, dream, limits, out, work):
        """Write the steps of consecutive row blocks to ``out``; return the sums of their bounds.

        Both count rows by their weights, where they have any.

        parameters : a packed machine; x : a `Block` that it takes; wake, dream : random numbers
        with an address for each row; limits : where blocks start, rising from 0 to n_rows;
        out : (n_blocks, n_parameters); work : a `Workspace`, or NumPy.
        """
        sizes, bound = parameters.tree.n_units, np.empty(len(x))
        limits = np.asarray(limits, np.int64)
        memory = _memory(work, *wake_sleep.room(sizes, len(x)))
        wake_sleep_gradient(
            x.values, _row_weights(x), np.array(sizes), parameters.vector, parameters.starts,
            wake.key, dream.key, wake.addresses, limits, *memory, out, bound,
        )  # fmt: skip
        return _sums(weighted(bound, x.weights), limits)

    @property
    def runs(self):
        """The kernel of runs of steps."""
        return wake_sleep_run

    def run(self, parameters, x, wake, dream, limits, moves, parts, n_members, most):
        """The `Run` of steps on minibatches of as many rows.

        x : a `Block` of all rows, step by step; limits : of the row blocks of a step; moves : see
        `Moves`; parts : memory for the gradients of these, (n_blocks, n_parameters); n_members :
        that may make it; most : row blocks that go through the products together. The other
        arguments are those of `gradients`.
        """
        n_rows = _most_rows(limits, most)
        room = wake_sleep.room(parameters.tree.n_units, n_rows)
        before = (
            x.values, _row_weights(x), np.array(parameters.tree.n_units), wake.key, dream.key,
            wake.addresses, parameters.vector, parameters.starts, limits,
        )  # fmt: skip
        return Run.of(wake_sleep_run, x, limits, n_members, most, room, before, parts, moves)


@dataclass(frozen=True)
class FusedReweightedWakeSleep:
    """The steps of `ReweightedWakeSleep` in one kernel.

    threshold : of the weights of particles, float32.
    """

    n_particles: int
    threshold: np.float32

    def takes(self, x):
        """Whether it knows rows such as those of a `Block`."""
        return x.is_binary

    @property
    def is_compiled(self):
        """Whether it can start at once: compiling it takes several seconds."""
        return reweighted_gradient.is_compiled

    def prepare(self):
        """Compile it now."""
        reweighted_gradient.compile()

    def gradients(self, parameters, x, wake, dream, limits, out, work):
        """As for wake-sleep; ``wake`` has ``n_particles`` particles for each row."""
        sizes, bound = parameters.tree.n_units, np.empty(len(x))
        limits = np.asarray(limits, np.int64)
        most_rows = int(np.diff(limits).max())
        memory = _memory(work, *reweighted.room(sizes, len(x), wake.n_particles, most_rows))
        reweighted_gradient(
            x.values, _row_weights(x), np.array(sizes), parameters.vector, parameters.starts,
            wake.key, dream.key, wake.addresses, wake.n_particles, self.threshold, limits, *memory,
            out, bound,
        )  # fmt: skip
        return _sums(weighted(bound, x.weights), limits)

    @property
    def runs(self):
        """The kernel of runs of steps."""
        return reweighted_run

    def run(self, parameters, x, wake, dream, limits, moves, parts, n_members, most):
        """As for wake-sleep; ``wake`` has ``n_particles`` particles for each row."""
        n_rows, n_of_a_block = _most_rows(limits, most), _most_rows(limits, 1)
        sizes = parameters.tree.n_units
        room = reweighted.room(sizes, n_rows, wake.n_particles, n_of_a_block)
        before = (
            x.values, _row_weights(x), np.array(sizes), wake.key, dream.key, wake.addresses,
            wake.n_particles, self.threshold, parameters.vector, parameters.starts, limits,
        )  # fmt: skip
        return Run.of(reweighted_run, x, limits, n_members, most, room, before, parts, moves)


@dataclass(frozen=True)
class Run:
    """A run of steps, which the members of a team make together.

    kernel : of it; team : see `teams`; most : row blocks that go through the products together;
    room : numbers of states and of inputs for which each member needs memory; before, after : what
    the kernel takes before and after that memory; weights : of the rows, or None; limits : of the
    row blocks of a step; bound : (n_rows,) nats, of the rows, written; n_done : (1,), steps made,
    written.
    """

    kernel: object
    team: np.ndarray
    most: int
    room: tuple
    before: tuple
    after: tuple
    weights: np.ndarray | None
    limits: np.ndarray
    bound: np.ndarray
    n_done: np.ndarray

    @classmethod
    def of(cls, kernel, x, limits, n_members, most, room, before, parts, moves):
        """A run that nobody has begun."""
        bound, n_done = np.empty(len(x)), np.zeros(1, np.int64)
        after = parts, *moves.arguments, bound, n_done
        team = new_team(n_members)
        return cls(kernel, team, most, room, before, after, x.weights, limits, bound, n_done)

    def make(self, member, work):
        """Make steps as a member: whoever is there shares each of them.

        A step whose objective is not finite is the last, and does not move. work : a `Workspace`
        of the member's own, or NumPy.
        """
        memory = _memory(work, *self.room)
        self.kernel(member, self.team, self.most, *self.before, *memory, *self.after)

    def dismiss(self):
        """Make all members leave."""
        dismiss(self.team)

    @property
    def objectives(self):
        """The objective of each step that was made."""
        return _sums_of_steps(weighted(self.bound, self.weights), self.limits, self.n_done[0])


def _most_rows(limits, n_blocks):
    """Rows of the largest of so many consecutive row blocks."""
    n_blocks = min(n_blocks, len(limits) - 1)
    return int((limits[n_blocks:] - limits[:-n_blocks]).max())


def _memory(work, n_states, n_inputs):
    """Memory for the states and the inputs of all layers.

    It outlives a call: some systems, and workers of Dask, give what is freed back at once.
    """
    return work.empty((n_states,), np.uint8), work.empty((n_inputs,), np.float32)


def _row_weights(x):
    """Weights of the rows of a `Block`, (n_rows,) float64: a product by one changes no bit."""
    return _ones(len(x)) if x.weights is None else x.weights


@functools.lru_cache(maxsize=8)  # blocks have few sizes; new ones take 1 % of a small net's step
def _ones(n_rows):
    """Ones that are only read; an array that says so takes Numba longer to recognise."""
    return np.ones(n_rows)


def _sums(bound, limits):
    return [float(bound[a:b].sum()) for a, b in itertools.pairwise(limits)]


def _sums_of_steps(bound, limits, n_done):
    """The objective of each step that was made, from those of rows, step by step."""
    steps = bound.reshape(-1, limits[-1])[:n_done]
    blocks = [steps[:, a:b].sum(axis=1) for a, b in itertools.pairwise(limits)]
    return [math.fsum(sums) for sums in zip(*(sums.tolist() for sums in blocks), strict=True)]
