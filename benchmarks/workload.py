"""A piece of work whose speed is compared, and those who do it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rival:
    """Someone else who does a piece of work.

    make : a function of the number of threads that returns a turn, a function without arguments;
    target : how many times faster this library should be, None for no matter; blas : the library
    that multiplies matrices for it, None for this library itself.
    """

    name: str
    make: Callable
    target: float | None = None
    blas: str | None = None


@dataclass(frozen=True)
class Workload:
    """A piece of work, and those who do it.

    amount, unit : a turn is so many of these; make : like `Rival.make`, for this library; rivals :
    all that can run here; n_threads : the only number of threads it is meant for, None for any;
    thrift : long work is repeated so many times less often.
    """

    title: str
    amount: int
    unit: str
    make: Callable
    rivals: tuple[Rival, ...]
    n_threads: int | None = None
    thrift: int = 1
