"""The contract of learning rules: gradients of blocks of rows, and what training needs besides."""

import abc

import numpy as np

from ..likelihood import held_out_bound
from ..rows import split_evenly

_FEWEST_ROWS = 32  # of a block whose rows share products of matrices
_FEWEST_ROWS_ALONE = 4  # of one whose rows are gone through one by one
_PRODUCT_ROWS, _LARGE_BATCH = 64, 512  # rows times particles of a block; twice as many if large
_TOLERANCE = 10

COST_OF_A_FUNCTION = 64  # an exponential or the like, in multiplications of products of matrices


class Rule(abc.ABC):
    """Learning rule: where to move a machine, and how to tell whether it is on its way.

    A rule is a frozen value without a state: what it remembers is a `Memory` of the training. The
    loop knows nothing else of what it trains.

    Attributes
    ----------
    n_particles : int
        Particles of each row.
    measured_rows : int
        Rows of training by which an epoch is judged at its end, by what has come of training; 0
        where steps tell what they find on the way.
    """

    n_particles = 1
    measured_rows = 0

    @abc.abstractmethod
    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of its objective, nats.

        Parameters
        ----------
        machine : value of frozen dataclasses and arrays
            The parameters.
        x : Block of n_rows rows
            Whose ``weights`` multiply what each of them adds, or None.
        wake, dream : Draws
            Random numbers of the two phases, with an address for each row, the first with
            ``n_particles`` particles.
        out : machine
            Written, all of it: the derivatives of an objective that is to rise.
        work : Workspace or module
            Has `empty`.
        memory : object
            What the memory of the training holds for the block, or None.
        """

    @abc.abstractmethod
    def objective(self, machine, rows, seed, n_samples, n_threads, memory=None):
        """Mean objective of a `Table`, nats per row in the machine's units; higher is better.

        n_samples : that may be drawn for each row; random numbers are the same in each call;
        memory : the `Memory` of the training, or None; it is only read.
        """

    @abc.abstractmethod
    def limit(self, machine, first_loss):
        """The highest mean loss of a training that has not diverged, nats per row.

        first_loss : minus the objective before the first step.
        """

    def accepts(self, machine):
        """Whether there is a gradient for parameters like these, or training has diverged."""
        return True

    def make_memory(self, machine, rows):
        """A new `Memory` of a `Table`, or None."""
        return

    def at(self, progress):
        """The rule at a stage of a training that begins gently: progress from 0 to 1, its own."""
        return self

    def fused(self, machine):
        """The same rule in one kernel, where there is one for the machine, else None."""
        return

    @abc.abstractmethod
    def limits(self, machine, n_rows):
        """Limits of the blocks in which the rows of a step are gone through, rising from 0.

        A function of the work and never of the threads.
        """


class BeliefNetRule(Rule):
    """A rule for belief nets, with or without recognition.

    Attributes
    ----------
    fewest_rows : int
        Of a block whose rows share products, however many particles they have.
    """

    fewest_rows = _FEWEST_ROWS

    def objective(self, machine, rows, seed, n_samples, n_threads, memory=None):
        """Mean importance-weighted bound of log p(x), see `held_out_bound`."""
        return held_out_bound(machine, rows, seed, n_samples, n_threads)

    def limit(self, machine, first_loss):
        """Ten times what units cost that know nothing, or ten times the first loss."""
        return _TOLERANCE * max(machine.uniform_loss, first_loss)

    def work_per_row(self, machine):
        """Cost of a row for rules that go through rows one by one, in multiplications of products.

        None for rules that consist of products of matrices, for which rows have to be together.
        """
        return

    def limits(self, machine, n_rows):
        """Limits of row blocks that are worth a thread's while."""
        work = self.work_per_row(machine)
        if work is not None:
            return split_evenly(n_rows, work, _FEWEST_ROWS_ALONE)
        return self.blocks(machine, n_rows, self.fewest_rows)

    def blocks(self, machine, n_rows, fewest):
        """Limits of blocks of at least so many rows, and as many as are worth a product."""
        together = _PRODUCT_ROWS * (2 if n_rows >= _LARGE_BATCH else 1)
        fewest = max(fewest, together // self.n_particles)
        return split_evenly(n_rows, machine.n_weights * self.n_particles, fewest)


def weighted(values, weights):
    """Values of each row times its weight; as they are where each row counts once."""
    return values if weights is None else values * weights
