"""The base of results: fields that are attributes and items, and print as what they are."""

import html

import numpy as np
from sklearn.utils import Bunch

_WIDTH = 100
_LEFT = "text-align: left; vertical-align: top"


class Result(Bunch):
    """A `Bunch` that shows numbers as they are, and of arrays the shape and the range.

    What is known beside the fields are class attributes, which `_about` overrides.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz.estimators.results import Result
    >>> Result(mean=-3.25, per_sample=np.linspace(-5, -1, 700))
    Result(mean=-3.25, per_sample=<array of shape (700,), from -5 to -1>)
    """

    def _about(self, **known):
        """Keep what is known beside the fields, by name; returns the result itself."""
        vars(self).update({f"_{name}": value for name, value in known.items()})
        return self

    def __repr__(self):
        fields = [f"{name}={text}" for name, text in self._facts()]
        line = f"{type(self).__name__}({', '.join(fields)})"
        if len(line) <= _WIDTH:
            return line
        return f"{type(self).__name__}(\n" + "".join(f"    {field},\n" for field in fields) + ")"

    def _facts(self):
        """Pairs of a label and a text."""
        return [(name, _shown(value)) for name, value in self.items()]

    def _caption(self):
        """HTML above the table."""
        return type(self).__name__

    def _repr_html_(self):
        """The same as a table without colours of its own: it has those of the page."""
        rows = "".join(
            f'<tr><th scope="row" style="{_LEFT}">{html.escape(label)}</th>'
            f'<td style="{_LEFT}">{html.escape(text)}</td></tr>'
            for label, text in self._facts()
        )
        caption = f'<caption style="caption-side: top; {_LEFT}">{self._caption()}</caption>'
        return f"<table>{caption}<tbody>{rows}</tbody></table>"

    def __getstate__(self):
        return dict(vars(self))

    def __setstate__(self, state):
        vars(self).update(state or {})


def _shown(value):
    """A value, or a few words on an array or a list of such."""
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value)}]"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if not isinstance(value, np.ndarray):
        return repr(value)
    known = value[~np.isnan(value)] if value.dtype.kind == "f" else value
    is_number = known.size and value.dtype.kind in "biuf"
    values = f", from {known.min():.6g} to {known.max():.6g}" if is_number else ""
    if value.dtype.kind == "f" and value.size and not known.size:
        values = ", all NaN"
    return f"<array of shape {value.shape}{values}>"
