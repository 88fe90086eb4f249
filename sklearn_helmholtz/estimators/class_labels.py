"""Labels of rows: the classes that they name, and which of them are missing."""

from dataclasses import dataclass
from numbers import Number

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length

from ..rows import UNLABELLED
from .given_columns import shown
from .tables import is_missing, missing_values

MISSING = UNLABELLED  # the code of a missing label


@dataclass(frozen=True)
class ClassLabels:
    """Labels of rows as codes.

    classes : (n_classes,) the labels that occur, in order; codes : (n_rows,) int, the place of each
    label among them, `MISSING` where a row has none.

    Examples
    --------
    >>> from sklearn_helmholtz.estimators.class_labels import ClassLabels
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

    @classmethod
    def of_some(cls, y, X, name="estimator"):
        """The same where -1 means missing, too, as in `sklearn.semi_supervised`."""
        labels = cls.of(_without_minus_one(y), X, name)
        minus_one = np.flatnonzero(_is_minus_one(labels.classes))
        if len(minus_one):
            own = labels.codes == minus_one[0]
            codes = np.where(own, MISSING, labels.codes - (labels.codes > minus_one[0]))
            labels = cls(np.delete(labels.classes, minus_one), codes)
        return labels

    @classmethod
    def among(cls, y, X, classes, name="estimator"):
        """Labels of rows of which the classes are known; -1 means missing, as of `of_some`.

        All of them may be. A ValueError names a label that is none of the classes.
        """
        if y is None:
            raise ValueError(f"{name} requires y to be passed, but the target y is None.")
        values = column_or_1d(_without_minus_one(y), warn=True)
        check_consistent_length(X, values)
        known = ~(missing_values(values) | _is_minus_one(values))
        codes = np.full(len(values), MISSING)
        if known.any():
            found, places = _distinct(values[known])
            codes[known] = np.array([place_of(label, classes) for label in found.tolist()])[places]
        return cls(classes, codes)

    def check_several(self):
        """Refuse labels that name less than two classes, -1 being none."""
        if len(self.classes) < 2:
            found = "one class" if len(self.classes) else "no class"
            raise ValueError(
                f"y holds {found} only, but a classifier needs two classes or more; -1 is none, "
                "but means that a label is missing."
            )

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


def _without_minus_one(y):
    """Labels as an array, in which None takes the place of -1 where there are objects.

    The type of the others is then as if there had been no -1.
    """
    values = _as_array(y)
    if getattr(getattr(values, "dtype", None), "kind", None) != "O":
        return values
    is_minus_one = [isinstance(v, Number) and v == MISSING for v in values.ravel()]
    return np.where(np.reshape(is_minus_one, values.shape), None, values)


def _is_minus_one(values):
    """Flags of numbers that are -1."""
    if values.dtype.kind not in "if":
        return np.zeros(values.shape, bool)
    return values == MISSING


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
