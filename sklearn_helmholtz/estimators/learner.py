"""A copy that learns, and takes the place of its estimator when it has: all of it, or nothing."""

import contextlib
import copy

import numpy as np


@contextlib.contextmanager
def learner_of(estimator):
    """A context with a copy of an estimator, which takes its place at the end.

    Whatever is raised before, an interrupt among others, leaves the estimator as it was: it becomes
    another one in a single assignment, which nothing can part. Numbers among the copy's parameters
    are Python's own, which do not overflow; those of the estimator stay what they were.
    """
    given = estimator.get_params(deep=False)
    learner = copy.copy(estimator)
    vars(learner).update({name: _plain(value) for name, value in given.items()})
    yield learner
    estimator.__dict__ = {**vars(learner), **given}


def _plain(value):
    """A number of NumPy's as one of Python's."""
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    return float(value) if isinstance(value, np.floating) else value
