"""Results that say in a line what they are about."""

import html
import importlib
import textwrap

from .result import Result

_WIDTH = 100


class HeadlineResult(Result):
    """A `Result` that prints as a headline and a few facts, and makes a DataFrame of itself.

    Subclasses have the methods ``_headline``, ``_facts``, pairs of a label and a text, ``_columns``
    and ``_n_rows``.
    """

    _index = None  # of the rows, where they had labels

    def to_frame(self):
        """Make a DataFrame of pandas of what is known of each row.

        Returns
        -------
        frame : pandas.DataFrame
            A line for each row, with the index of X where that was a DataFrame of pandas.

        Raises
        ------
        ImportError
            Where pandas is not installed.
        """
        index = range(self._n_rows()) if self._index is None else self._index
        return as_frame(self._columns(), index)

    def _reliability(self):
        """A fact: whether to trust the result, and what to do if not."""
        return "reliable", "yes" if self.reliable else f"NO: {self._trouble()} {self.remedy}"

    def __repr__(self):
        facts = self._facts()
        margin = 4 + max(len(label) for label, _ in facts)
        lines = [f"{type(self).__name__}: {self._headline()}"]
        for label, text in facts:
            first = f"  {label}".ljust(margin)
            lines += textwrap.wrap(
                text, _WIDTH, initial_indent=first, subsequent_indent=" " * margin
            )
        return "\n".join(lines)

    def _caption(self):
        return f"{type(self).__name__}: <b>{html.escape(self._headline())}</b>"

    def __dir__(self):
        return [*super().__dir__(), "to_frame"]


def as_frame(columns, index=None):
    """A DataFrame of pandas, which is imported here alone.

    columns : dict of name to values; index : the labels of its rows, or None to number them.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        raise ImportError(
            "A DataFrame needs pandas: install it with `pip install pandas`, or read the fields "
            "themselves."
        ) from None
    return pandas.DataFrame(columns, index=index)
