"""Answers with several fields, which print in a few lines."""

import numpy as np
from sklearn.utils import Bunch

_WIDTH = 100


class Result(Bunch):
    """A `Bunch` that shows numbers as they are, and of arrays the shape and the range.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz.estimators.results import Result
    >>> Result(mean=-3.25, per_sample=np.linspace(-5, -1, 700))
    Result(mean=-3.25, per_sample=<array of shape (700,), from -5 to -1>)
    """

    def __repr__(self):
        fields = [f"{name}={_shown(value)}" for name, value in self.items()]
        line = f"{type(self).__name__}({', '.join(fields)})"
        if len(line) <= _WIDTH:
            return line
        return f"{type(self).__name__}(\n" + "".join(f"    {field},\n" for field in fields) + ")"


def _shown(value):
    """A value, or a few words on an array or a list of such."""
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value)}]"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if not isinstance(value, np.ndarray):
        return repr(value)
    known = value[~np.isnan(value)] if value.dtype.kind == "f" else value
    values = f", from {known.min():.6g} to {known.max():.6g}" if known.size else ""
    if value.dtype.kind == "f" and value.size and not known.size:
        values = ", all NaN"
    return f"<array of shape {value.shape}{values}>"
