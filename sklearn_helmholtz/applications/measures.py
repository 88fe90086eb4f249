"""Measures that densities are with respect to: only where they are the same do values compare."""

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ..columns.resolution import resolution
from ..estimators.frames import is_mixed_frame, table_columns
from ..estimators.given_columns import shown
from ..estimators.kinds import BINARY, REAL
from ..estimators.schema import Schema
from ..estimators.validation import validated
from ..models import choose_family, named
from ..rows import TableSummary
from ..units import FAMILIES


def refuse_pipeline(estimator):
    """Refuse a pipeline that transforms rows before their density: each class would have its own.

    The densities of different classes are then in different units, and do not compare.
    """
    if not isinstance(estimator, Pipeline):
        return
    steps = [step for _, step in estimator.steps[:-1] if step not in (None, "passthrough")]
    if steps:
        raise TypeError(
            f"estimator is a Pipeline with the transformer {type(steps[0]).__name__}: the units of "
            "its densities would differ from class to class. Use TransformedDensity, or put the "
            "transformer before the classifier."
        )


def with_common_units(estimator, X):
    """A clone whose columns are of the kinds that all rows together have, not those of a class.

    Only machines with a parameter ``visible`` look at the data for these.
    """
    estimator = clone(estimator)
    visible = estimator.get_params(deep=False).get("visible")
    if visible is None:
        return estimator
    if isinstance(visible, str) and visible == "auto" and not is_mixed_frame(X):
        return estimator.set_params(visible=_automatic(estimator, X))
    if isinstance(visible, str) and visible not in ("auto", "mixed"):
        return estimator
    said = "mixed" if isinstance(visible, str) else visible
    return estimator.set_params(visible=_kinds(X, Schema.infer(X, said)))


def with_real_units(estimator, X):
    """A clone that takes transformed columns for real numbers, though they may lie in [0, 1]."""
    estimator = clone(estimator)
    if estimator.get_params(deep=False).get("visible") == "auto" and not is_mixed_frame(X):
        estimator.set_params(visible="gaussian")
    return estimator


def check_real(density, names=None):
    """Refuse a fitted density one of whose columns has probabilities: these have no slopes.

    names : of the columns, or None.
    """
    visible = getattr(density, "visible_", None)
    if visible in FAMILIES and not FAMILIES[visible].standardises:  # which real numbers are
        raise ValueError(
            f"{type(density).__name__} has learnt {visible!r} units, which have probabilities: "
            "what is transformed needs a density. Set visible='gaussian', or leave it 'auto'."
        )
    for column, kind in enumerate(getattr(density, "kinds_", ())):
        if kind not in REAL:
            raise ValueError(
                f"{type(density).__name__} has taken column {named(column, names)} for {kind!r}, "
                "which has probabilities: what is transformed needs a density. Say 'real' with the "
                "parameter visible."
            )


def _automatic(estimator, X):
    """The word for the units that ``visible="auto"`` means for all rows."""
    values = validated(clone(estimator), X, reset=True)
    return choose_family("auto", TableSummary.of(values)).name


def _kinds(X, schema):
    """Entries of ``visible`` for all columns of a mixed table, resolutions included.

    Numbers of two values other than 0 and 1 are real: a class may hold one of them alone.
    """
    kinds, columns = [], table_columns(X, "X")[1]
    parts = schema.kinds, schema.categories, schema.resolutions, columns
    for kind, levels, width, column in zip(*parts, strict=True):
        if kind == BINARY and column.levels is None and not set(levels) <= {0, 1}:
            kind = "real"
        if kind == "real" and width is None:
            values = column.numbers()
            width = resolution(values[~np.isnan(values)]) or None
        kinds.append(kind if width is None else (kind, width))
    return kinds


def check_same_measure(estimators, classes, names=None, what="class"):
    """Refuse densities of classes that are with respect to different measures, and do not compare.

    estimators : one for each class; names : of the columns, or None; what : a class is called.
    """
    first = estimators[0]
    for label, other in zip(classes[1:], estimators[1:], strict=True):
        where, found = _difference(first, other, names)
        if where is not None:
            raise ValueError(
                f"The densities of {what} {shown(classes[0])} and {what} {shown(label)} do not "
                f"compare: {where} is {found[0]} in one and {found[1]} in the other. Say what it "
                "is with the parameter visible of the estimator, or make it categories of a "
                "DataFrame, whose types list all levels."
            )


def _difference(one, other, names):
    """The first thing in which two measures differ and what it is in both, or None twice."""
    visible = [getattr(density, "visible_", None) for density in (one, other)]
    if visible[0] != visible[1]:
        return "visible_", visible
    for column, kinds in enumerate(zip(*_columns(one, other), strict=True)):
        if kinds[0] != kinds[1]:
            return f"column {named(column, names)}", kinds
    return None, None


def _columns(*densities):
    """For each density its columns: a kind, and levels where there are any."""
    for density in densities:
        kinds = getattr(density, "kinds_", ())
        levels = [getattr(level, "tolist", lambda: None)() for level in _categories(density)]
        yield [
            kind if level is None else f"{kind} {level}"
            for kind, level in zip(kinds, levels, strict=True)
        ]


def _categories(density):
    return getattr(density, "categories_", ()) if hasattr(density, "kinds_") else ()
