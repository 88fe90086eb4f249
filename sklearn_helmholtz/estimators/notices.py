"""Warnings of what users should know, at the line of theirs that asked."""

import sys
import warnings

_INSIDE = (__name__.partition(".")[0], "sklearn")


def notify(message, category=UserWarning):
    """Warn at the line that called the package.

    Decorators of scikit-learn, and subclasses, lie in between: how many differs.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package_of(frame) in _INSIDE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package_of(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0]
