"""Lines on standard output that tell how far long work is, and why nothing seems to happen."""

import contextlib
import contextvars
import functools
import sys
import time

from .._compiling import announced
from .._threads import observed

_PAUSE = 2.0  # seconds at least from one line to the next, where steps are short
_SHARE = 0.1  # of the time that has passed, likewise: long work has few lines more than short work
_is_telling = contextvars.ContextVar("is_telling", default=False)  # of a call around this one
_COMPILING = (
    "Compiling kernels for this processor, which takes up to a minute; they are kept on disk, and "
    "later processes need not wait."
)


class Compilation:
    """A clock that stands still, and says why, while kernels are compiled.

    n_kernels : how many were compiled since the last line on them.
    """

    def __init__(self):
        self._lost, self._begun, self._is_told = 0.0, None, False
        self._n_kernels, self._seconds = 0, 0.0

    def watched(self):
        """A context in which kernels that are compiled are noticed."""
        return announced(self._begin, self._end)

    def now(self):
        """Seconds of anything else than compilation."""
        return time.perf_counter() - self._lost

    def _begin(self, name):
        if not self._is_told:
            say(_COMPILING)
            self._is_told = True
        self._begun = time.perf_counter()

    def _end(self, name):
        seconds = time.perf_counter() - self._begun
        self._lost += seconds
        self._seconds += seconds
        self._n_kernels += 1

    def tell(self):
        """Say what was compiled since this was said, if anything was."""
        if self._n_kernels:
            kernels = "1 kernel" if self._n_kernels == 1 else f"{self._n_kernels} kernels"
            say(f"Compiled {kernels} in {duration(self._seconds)}.")
            self._n_kernels, self._seconds = 0, 0.0


class EpochLines:
    """A line after every epoch of a training.

    n_epochs : the most there can be; n_rows : of an epoch; compilation : a `Compilation` that is
    watched meanwhile; look : a function to the `HeldOutLikelihood` of the epoch that has ended, or
    to None.
    """

    _what = "bound"  # that the objective is

    def __init__(self, n_epochs, n_rows, compilation, look):
        self._n_epochs, self._n_rows = n_epochs, n_rows
        self._compilation, self._look = compilation, look
        self._n_done, self._start = 0, compilation.now()

    def begin_epoch(self):
        """Note the time."""
        self._begun = self._compilation.now()

    def end_pass(self):
        """Note the time that the rows took, before any are validated."""
        self._pass = self._compilation.now() - self._begun

    def end_epoch(self, records):
        """Print the line; records : a `Monitor`."""
        self._n_done += 1
        self._compilation.tell()
        parts = self._figures(records)
        look = self._look()
        if look is not None:
            parts.append(f"held-out log-likelihood {look.mean:.4f} +- {look.standard_error:.4f}")
        rate = self._n_rows / max(self._pass, 1e-9)
        say(
            f"Epoch {self._n_done}/{self._n_epochs}: {', '.join(parts)} nats per row, "
            f"{rate:,.0f} rows/s, {self._time_left()}"
        )

    def _figures(self, records):
        """Phrases on the training rows and on those held out."""
        figures = [f"{self._what} {-records.losses[-1]:.4f}"]
        if records.scores:
            figures.append(f"held-out {self._what} {records.scores[-1]:.4f}")
        return figures

    def _time_left(self):
        passed = self._compilation.now() - self._start
        if self._n_done == self._n_epochs:
            return f"{duration(passed)} in all"
        return f"{duration(passed / self._n_done * (self._n_epochs - self._n_done))} left"

    def end(self):
        """Say that training ended before its last epoch, if it did."""
        if self._n_done < self._n_epochs:
            passed = duration(self._compilation.now() - self._start)
            say(f"Ended after {self._n_done} of {self._n_epochs} epochs, {passed} in all")


class ObjectiveLines(EpochLines):
    """The same of a training that lowers an objective F, which is no bound of anything."""

    def _figures(self, records):
        figures = [f"F {records.losses[-1]:.4f}"]
        if records.scores:
            figures.append(f"held-out F {-records.scores[-1]:.4f}")
        return figures


class LikelihoodLines(EpochLines):
    """The same of a training that estimates log-likelihoods, which are bounds in no direction."""

    _what = "log-likelihood"


class LabelLines(EpochLines):
    """The same of a training of a classifier."""

    def _figures(self, records):
        figures = [f"log p(y | x) {-records.losses[-1]:.4f}"]
        if records.scores:
            figures.append(f"held-out {records.scores[-1]:.4f}")
        return figures


class BlockLines:
    """Lines on blocks of rows, some seconds apart, and a last one if there were any.

    what : the work.
    """

    def __init__(self, what, compilation):
        self._what, self._compilation = what, compilation
        self._start = self._begun = self._told = compilation.now()
        self._is_told = False

    def __call__(self, n_done, n_blocks):
        """Print a line, if it is time."""
        now = self._compilation.now()
        if n_done == 0:
            self._begun = now
        if n_done == 0 or not _is_time(now, self._told, self._start):
            return
        left = duration((now - self._begun) / n_done * (n_blocks - n_done))
        self._compilation.tell()
        say(f"{self._what}: {n_done} of {n_blocks} blocks of rows, {left} left")
        self._told, self._is_told = now, True

    def end(self):
        """Print the last line."""
        self._compilation.tell()
        if self._is_told:
            say(f"{self._what}: {duration(self._compilation.now() - self._start)} in all")


class StepLines:
    """Lines on the steps of a fit, some seconds apart, and a last one.

    weight : of all rows, by which their log-likelihood is divided.
    """

    def __init__(self, weight):
        self._weight, self._start = weight, time.perf_counter()
        self._told = self._start

    def __call__(self, n_steps, log_likelihood):
        """Print a line, if it is time; log_likelihood : of all rows, nats."""
        now = time.perf_counter()
        if _is_time(now, self._told, self._start):
            self._told = now
            say(f"Step {n_steps}: {self._of(log_likelihood)}")

    def end(self, n_steps, log_likelihood):
        """Print the last line."""
        seconds = time.perf_counter() - self._start
        steps = "1 step" if n_steps == 1 else f"{n_steps} steps"
        say(f"Fitted in {steps}: {self._of(log_likelihood)}, {duration(seconds)} in all")

    def _of(self, log_likelihood):
        return f"log-likelihood {log_likelihood / self._weight:.4f} nats per row"


def with_progress(method):
    """A method on rows that prints how far it is, where the estimator's ``verbose`` says so.

    Estimators without the parameter are silent.
    """

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        if not getattr(self, "verbose", 0) or _is_telling.get():
            return method(self, *args, **kwargs)
        with block_lines(f"{type(self).__name__}.{method.__name__}"):
            return method(self, *args, **kwargs)

    return call


@contextlib.contextmanager
def compilation_told(verbose):
    """A context with a `Compilation`, which is watched where ``verbose`` says so."""
    compilation = Compilation()
    with compilation.watched() if verbose else contextlib.nullcontext():
        yield compilation


@contextlib.contextmanager
def block_lines(what):
    """A context in which the blocks of rows of some work are told of."""
    with compilation_told(True) as compilation:
        lines = BlockLines(what, compilation)
        token = _is_telling.set(True)
        try:
            with observed(lines):
                yield
        finally:
            _is_telling.reset(token)
        lines.end()


def _is_time(now, told, start):
    """Whether it is time for another line: seconds of now, of the last line and of the start."""
    return now - told >= max(_PAUSE, _SHARE * (now - start))


def say(line):
    """Print a line at once."""
    print(line)
    sys.stdout.flush()


def duration(seconds):
    """Seconds in words such as ``"0:07"`` and ``"1:02:03"``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
