"""The one training loop, for any learning rule."""

import enum
import math
from dataclasses import dataclass

import numpy as np

from . import _keys, _tree
from ._gradients import BlockGradients, LostError
from ._kernels.teams import counters
from ._keys import Purpose
from ._threads import run_blocks
from .learning import Average, is_run_worth_compiling, is_worth_compiling, penalise
from .rows import Batch

_WORTH_SHARING = 2**18  # entries of a gradient from which on threads share a move
_PROBED_ROWS = 100
PROBE_SAMPLES = 1
# Training that diverges is noticed by its bounds: NumPy need not warn of what leads there.
_WHATEVER_HAPPENS = np.errstate(divide="ignore", over="ignore", invalid="ignore")


class DivergenceError(ArithmeticError):
    """Parameters or bounds are no longer finite, or no longer make sense."""


class End(enum.Enum):
    """Reasons for which training ended."""

    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class Outcome:
    """Outcome of training: how it ended, and the interrupt to raise again, or None.

    It is Ctrl-C, or that those who compute gradients are gone.
    """

    end: End
    interrupt: KeyboardInterrupt | LostError | None = None


@dataclass(frozen=True)
class Past:
    """State that a training leaves to the next, besides the parameters.

    seed : of all random numbers; step_number : steps done; optimizer : state of the optimiser, None
    for a new one; average : where an average of the parameters stands: the parameters that move and
    its counts, or None; carry_over : what the rule's memory keeps for other rows, or None.
    """

    seed: tuple
    step_number: int = 0
    optimizer: tuple | None = None
    average: tuple | None = None
    carry_over: object = None


class Training:
    """A machine that learns: its parameters in one vector, the optimiser's state, a step counter.

    past : the `Past` of an earlier training, or of none; penalties : of weights between layers and
    of lateral ones, or None for those of the optimiser; averages : whether the result is an average
    over the later steps; gradients : who computes them, a class with the methods of
    `BlockGradients`, or None for that. ``parameters`` are what steps start from and move;
    ``result`` is what comes of training, the same or the average. Both are packed.

    Steps write into arrays that are allocated once; `machine` is a copy. A step is the sum of the
    gradients of its row blocks, in block order, then one move of the optimiser, so it does not
    depend on the number of threads.
    """

    def __init__(
        self, machine, rule, optimizer, n_threads, past, penalties=None, averages=False,
        gradients=None,
    ):  # fmt: skip
        self.parameters = self.result = _tree.pack(machine)
        self.average = None
        if averages:
            self.result = _tree.pack(machine)
            self.average = Average(self.result.vector)
            if past.average is not None:
                self._resume_average(past.average)
        n_parameters = len(self.parameters.vector)
        self.state = (
            optimizer.init(n_parameters) if past.optimizer is None else _tree.copy(past.optimizer)
        )
        self.step_number = past.step_number
        self._rule, self._optimizer, self._n_threads = rule, optimizer, n_threads
        self._settled_rule = rule
        self._penalties = penalties
        self.set_penalties()
        self._seed, self._n_units = past.seed, machine.n_units
        self._last_step, self.has_moved = 0, False
        self._gradients = (gradients or BlockGradients)(machine, rule, past.seed, n_threads)
        self._memory, self._carry_over = None, past.carry_over

    def begin(self, rows, batch_size=None, n_steps=0):
        """Get ready for the rows of a table: rules may remember something of each.

        batch_size : rows of a step, None for all; n_steps : at most to come.
        """
        self._last_step = self.step_number + n_steps
        self._memory = self._rule.make_memory(self.parameters.tree, rows)
        if self._memory is None:
            return
        if self._carry_over is not None:
            self._memory.resume(self._carry_over)
        n_together = len(rows) if batch_size is None else min(batch_size, len(rows))
        self._memory.begin(self.parameters.tree, self.result.tree, self._seed, n_together)

    @property
    def machine(self):
        """A copy of what has come of training so far."""
        return _tree.copy(self.result.tree)

    @property
    def past(self):
        """The `Past` of what follows on this training."""
        carry_over = None if self._memory is None else self._memory.carry_over
        return Past(self._seed, self.step_number, self.state, self._average_state(), carry_over)

    def _average_state(self):
        """A copy of the parameters that move, and counts of their average; None without one."""
        if self.average is None:
            return None
        return self.parameters.vector.copy(), self.average.n_moves, self.average.n_terms

    def _resume_average(self, state):
        """Go on from where an average stood."""
        self.parameters.vector[:] = state[0]
        self.average.resume(*state[1:])

    def snapshot(self):
        """State that `restore` needs to undo all steps from now on."""
        return self.result.vector.copy(), self._average_state()

    def restore(self, snapshot):
        """Undo the steps since then; the optimiser's state and the memory start anew."""
        self.result.vector[:], average = snapshot
        self._memory = self._carry_over = None
        if average is not None:
            self._resume_average(average)
        for part in self.state:
            part[:] = 0

    @_WHATEVER_HAPPENS
    def loss(self, probe):
        """Minus the mean objective of some rows as things are now, nats; infinite if all is lost.

        Steps report the objective from before they move: this is how the last one is judged.
        """
        if not self._can_go_on:
            return math.inf
        value = self.objective(self.parameters.tree, probe, PROBE_SAMPLES)
        return -value if math.isfinite(value) else math.inf

    def limit(self, first_loss):
        """The highest mean loss that makes sense, see `Rule.limit`."""
        return self._rule.limit(self.parameters.tree, first_loss)

    def objective(self, machine, rows, n_samples):
        """The rule's objective for some rows, see `Rule.objective`."""
        return self._rule.objective(
            machine, rows, self._seed, n_samples, self._n_threads, self._memory
        )

    @property
    def _can_go_on(self):
        """Whether parameters are finite, and such that the rule accepts them."""
        is_finite = np.isfinite(self.parameters.vector).all()
        return bool(is_finite) and self._rule.accepts(self.parameters.tree)

    def set_penalties(self, progress=1.0):
        """Give the optimiser penalties as strong as they should be for weights as they are.

        progress : of those that rise with training, from 0 to 1.
        """
        if self._penalties is not None:
            self._optimizer = penalise(self._optimizer, self.parameters, self._penalties, progress)

    @property
    def has_rising_penalties(self):
        """Whether any penalty is held back when training begins."""
        return self._penalties is not None and any(p.rises for p in self._penalties)

    def set_rule(self, progress=1.0):
        """Let the rule be as it should be at a stage of a training that begins gently, see `at`."""
        self._rule = self._settled_rule if progress == 1 else self._settled_rule.at(progress)
        self._gradients.rule = self._rule

    def probe(self, indices, n_rows=_PROBED_ROWS):
        """A few of some rows, from anywhere among them: tables may be sorted."""
        order = _keys.generator(self._seed, Purpose.PROBE).permutation(len(indices))
        return indices[np.sort(order[:n_rows])]

    def measured(self, rows, indices):
        """Rows by which epochs are judged at their ends, or None, see `Rule.measured_rows`."""
        n_rows = self._rule.measured_rows
        return rows.choose(self.probe(indices, n_rows)).gathered() if n_rows else None

    def permutation(self, n, *counters):
        """A random order of n things in the epoch that begins now; counters : tell such apart."""
        rng = _keys.generator(self._seed, Purpose.SHUFFLE, self.step_number, *counters)
        return rng.permutation(n)

    def step(self, rows, batch, rate):
        """One step on a minibatch; returns the sum of its objective before the step, nats.

        batch : a `Batch`, or the numbers of its rows, which are then one piece.
        """
        batch = batch if isinstance(batch, Batch) else Batch.of(batch)
        if self._memory is not None and not self._memory.is_of_one_step:
            # It stays in this process, and chains have shares of whole minibatches.
            batch = Batch.of(batch.numbers)
        is_long = self._is_long(len(batch))
        self.step_number += 1
        gradient, bound = self._gradients.of(
            self.parameters, rows, batch, self.step_number, self._memory, is_long
        )
        if not math.isfinite(bound):
            raise DivergenceError
        self._move(gradient, 1 / len(batch), rate)
        if self._memory is not None:
            self._memory.end_step(self.parameters.tree, self.result.tree)
        return bound

    def most_together(self, rows, batch_size):
        """Minibatches of so many rows of a table that `steps` are made on by one call, or 1."""
        if self._memory is not None or not self._optimizer.makes_runs:
            return 1
        is_long, is_very_long = self._is_long(batch_size), is_run_worth_compiling(self._n_steps)
        return self._gradients.most_together(
            self.parameters, rows, batch_size, is_long, is_very_long
        )

    def steps(self, rows, run, rates):
        """Steps on minibatches of as many rows by one call, where ``most_together`` allows more.

        Returns the sum of the objective of each, as `step` does. A last one of fewer rows may be
        alone in its call: another kernel would have to be compiled for it.
        """
        first = self.step_number + 1
        x = self._gradients.together(rows, run)
        if x is None:
            return [self.step(rows, batch, rate) for batch, rate in zip(run, rates, strict=True)]
        self.has_moved, self.step_number = True, self.step_number + len(run)
        moves = self._optimizer.run(self.parameters, rates, self.state, self.average)
        bounds = self._gradients.run(self.parameters, x, first, moves)
        if len(bounds) < len(run):
            self.step_number = first + len(bounds)
            raise DivergenceError
        return bounds

    @property
    def _n_steps(self):
        """Steps made, with those that are known to come: one at least."""
        return max(self.step_number + 1, self._last_step)

    def _is_long(self, n_rows):
        """Whether training is long enough for rules in one kernel, by steps of so many rows."""
        return is_worth_compiling(self._n_units, n_rows, self._n_steps)

    def _move(self, gradient, scale, rate):
        """Move all parameters; threads share the work where there is enough."""
        self.has_moved = True
        shares = self._optimizer.is_shared and gradient.size >= _WORTH_SHARING
        n_shares = self._n_threads if shares else 1
        progress = counters(n_shares)

        def move(share):
            self._optimizer.move(
                self.parameters, gradient, scale, rate, self.state, progress, share
            )

        run_blocks(move, n_shares, self._n_threads)
        self._optimizer.end(self.state)
        if self.average is not None:
            self.average.add(self.parameters.vector)


def train(training, rows, plan, monitor):
    """Train for the epochs of a plan; returns the `Outcome`.

    The parameters left behind are finite and usable however it ends: after an interrupt those of
    the last whole step, after a divergence those of the last good epoch, and the best of all epochs
    where the monitor stops early. An interrupt before the first move goes on.
    """
    interrupt = None
    probe = rows.choose(training.probe(plan.indices)).gathered()
    measured = training.measured(rows, plan.indices)
    good = training.snapshot()
    training.begin(rows, plan.batch_size, plan.n_steps)
    limit = training.limit(training.loss(probe))
    end = End.FINISHED
    try:
        monitor.begin(training, plan.goes_on)
        for epoch in range(plan.max_iter):
            monitor.begin_epoch()
            training.set_penalties(plan.progress(epoch))
            training.set_rule(plan.rule_progress(epoch))
            loss = _epoch(training, rows, plan, epoch)
            if not max(loss, training.loss(probe)) < limit:
                raise DivergenceError
            if measured is not None:
                loss = -training.objective(training.result.tree, measured, PROBE_SAMPLES)
            good = training.snapshot()
            asked = monitor.end_epoch(training, loss)
            if plan.rule_progress(epoch) < 1:
                monitor.forget_losses()
            if not asked and monitor.has_stalled:
                plan = plan.after_stalling(epoch, training.has_rising_penalties)
                monitor.wait_anew()
            if asked or plan is None:
                end = End.STOPPED
                break
    except (KeyboardInterrupt, LostError) as error:
        if not training.has_moved:
            raise
        interrupt = error
        end = End.INTERRUPTED if training.loss(probe) < limit else End.DIVERGED
    except DivergenceError:
        end = End.DIVERGED
    if end is End.DIVERGED:
        training.restore(good)
    if monitor.best is not None:
        training.result.vector[:] = monitor.best
    return Outcome(end, interrupt)


@_WHATEVER_HAPPENS
def _epoch(training, rows, plan, epoch):
    """One pass over the rows; returns the mean loss per row, nats."""
    n_rows, permute = len(plan.indices), training.permutation if plan.shuffle else None
    bound, done = 0.0, 0
    batches = plan.order.batches(plan.indices, plan.batch_size, permute)
    most = training.most_together(rows, min(plan.batch_size, n_rows))
    for run in runs_of(batches, most):
        rates = []
        for batch in run:
            rates.append(plan.schedule.rate((epoch + done / n_rows) / plan.max_iter))
            done += len(batch)
        if most == 1:
            bound += training.step(rows, run[0], rates[0])
            continue
        for of_step in training.steps(rows, run, rates):
            bound += of_step  # one by one: from Python 3.12 on, `sum` rounds in another way
    return -bound / n_rows


def runs_of(batches, most):
    """Lists of consecutive batches of as many rows, each of so many at most."""
    run = []
    for batch in batches:
        if run and (len(run) == most or len(batch) != len(run[0])):
            yield run
            run = []
        run.append(batch)
    if run:
        yield run
