"""What becomes of an estimator that refuses to be fitted: it stays what it was."""

import contextlib


@contextlib.contextmanager
def unchanged_by_errors(estimator):
    """A context in which an error leaves an estimator as it was before.

    scikit-learn's validation notes the number and the names of the features before all is checked:
    a fitted model would no longer take rows of its own features.
    """
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
