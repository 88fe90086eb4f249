"""Labels of rows: the classes that they name, and which of them are missing."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length

from ..estimators.given_columns import shown
from ..estimators.tables import is_missing
from .gaps import missing_values

MISSING = -1  # the code of a missing label


@dataclass(frozen=True)
class ClassLabels:
    """Labels of rows as codes.

    classes : (n_classes,) the labels that occur, in order; codes : (n_rows,) int, the place of each
    label among them, `MISSING` where a row has none.

    Examples
    --------
    >>> from sklearn_helmholtz.applications.class_labels import ClassLabels
    >>> ClassLabels.of(["b", None, "a"], X=[[1], [2], [3]])
    ClassLabels(classes=array(['a', 'b'], dtype=object), codes=array([ 1, -1,  0]))
    """

    classes: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, y, X, name="estimator"):
        """Labels of the rows of X; NaN, None, ``pd.NA`` and masks mean missing, numbers count.

        Raises
        ------
        ValueError
            Where labels are no classes, or all of them are missing. name : of who asks.
        """
        if y is None:
            raise ValueError(f"{name} requires y to be passed, but the target y is None.")
        values = column_or_1d(_as_array(y), warn=True)
        check_consistent_length(X, values)
        missing = missing_values(values)
        if missing.all():
            raise ValueError("y holds no labels, all of them are missing: a class needs some rows.")
        classes, places = _distinct(values[~missing])
        codes = np.full(len(values), MISSING)
        codes[~missing] = places
        return cls(classes, codes)

    @property
    def missing(self):
        """Flags of the rows without a label, (n_rows,)."""
        return self.codes == MISSING

    def choose(self, numbers):
        """Labels of some rows, by number, and the classes that occur among them."""
        codes = self.codes[numbers]
        kept = np.unique(codes[codes != MISSING])
        if not len(kept):
            raise ValueError(
                "sample_weight is zero for every row that has a label: a class needs some rows."
            )
        places = np.searchsorted(kept, codes)
        return ClassLabels(self.classes[kept], np.where(codes == MISSING, MISSING, places))


def _as_array(y):
    """Labels as an array, in which text beside None stays what it is."""
    if isinstance(y, list | tuple):
        array = np.asarray(y, dtype=object)
        is_plain = array.ndim != 1 or not is_missing(array).any()
        return np.asarray(y) if is_plain else array
    if np.ma.is_masked(y):
        return np.where(np.ma.getmaskarray(y), None, np.ma.getdata(y).astype(object))
    return y.to_numpy() if hasattr(y, "to_numpy") else y


def _distinct(known):
    """Labels in order, and the place of each of those known."""
    if known.dtype == object and not any(isinstance(label, str) for label in known):
        known = np.array(known.tolist())
    if known.dtype.kind == "f" and np.isinf(known).any():
        raise ValueError("y holds infinity, which is no label.")
    kinds = sorted({type(label).__name__ for label in known}) if known.dtype == object else []
    if len(kinds) > 1:
        raise ValueError(f"y holds labels of different types, {', '.join(kinds)}: make them one.")
    check_classification_targets(known)
    return np.unique(known, return_inverse=True)


def place_of(label, classes):
    """The place of a label among the classes, or a ValueError that names those."""
    found = np.flatnonzero([label == known for known in classes.tolist()])
    if not len(found):
        known = ", ".join(map(shown, classes[:10])) + (", ..." if len(classes) > 10 else "")
        raise ValueError(f"y must be one of the classes, {known}, got {shown(label)}.")
    return int(found[0])
