"""Labels of classes in archives."""

from itertools import pairwise

import numpy as np

from .plain import plain, value_of

_WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_REAL = ("float16", "float32", "float64")
_WORDS = ("str", "object")  # of one width in memory, and of Python
_TYPES = ("bool", *_WHOLE, *_REAL, *_WORDS)
_WIDEST = 2**16  # characters


def write_classes(part, classes):
    """Write the labels of classes, (n_classes,), in order."""
    kind = "str" if classes.dtype.kind == "U" else classes.dtype.name
    if kind not in _TYPES:
        raise ValueError(
            f"The classes are of the type {kind}, and an archive holds words, numbers and truth "
            "values. Make them such before the fit."
        )
    part.word("classes_type", kind)
    part.plain("classes", plain(classes.tolist(), "The list of classes"))
    if kind == "str":
        part.whole("classes_width", classes.dtype.itemsize // 4)


def read_classes(part, n_classes):
    """Labels of so many classes, (n_classes,)."""
    kind = part.word("classes_type", _TYPES)
    labels = value_of(part.plain("classes"), "its list of classes")
    is_list = isinstance(labels, list) and len(labels) == n_classes
    if not is_list or not all(type(label) is _type_of(kind) for label in labels):
        raise ValueError(f"its classes are no list of {n_classes} labels of the type {kind}")
    dtype = f"U{part.whole('classes_width', 1, _WIDEST)}" if kind == "str" else kind
    if kind in _WHOLE:
        info = np.iinfo(kind)
        if min(labels) < info.min or max(labels) > info.max:
            raise ValueError(f"its classes hold numbers beyond {kind}")
    with np.errstate(over="ignore"):
        classes = np.array(labels, dtype)
    is_broken = kind in _REAL and not all(label.is_integer() for label in labels)
    if is_broken or classes.tolist() != labels or any(a >= b for a, b in pairwise(labels)):
        raise ValueError(f"its classes are no {kind} in order")
    return classes


def _type_of(kind):
    """The type of Python that labels of a type of NumPy have in lists."""
    if kind in _WORDS:
        return str
    return bool if kind == "bool" else int if kind in _WHOLE else float
