"""Types of columns of DataFrames as plain values, and back.

Those of numbers, truth values and text go by their names, those of categories by their levels.
"""

import importlib
import re

import numpy as np

_NUMPY = {*(f"{kind}{size}" for kind in ("int", "uint") for size in (8, 16, 32, 64)),
          "float16", "float32", "float64", "bool", "object"}  # fmt: skip
_PANDAS = re.compile(
    r"U?Int(8|16|32|64)|Float(32|64)|boolean|str|string(\[(python|pyarrow)\])?"
    r"|(u?int(8|16|32|64)|float|double|halffloat|bool|string|large_string)\[pyarrow\]"
)
_POLARS = re.compile(r"U?Int(8|16|32|64)|Float(32|64)|Boolean|String|Categorical")


def plain_type(dtype, library, label):
    """A type as a word, or as a dict of the levels of its categories; None for None.

    label : the column that has it, for the ValueError about a type that has no such form.
    """
    if dtype is None:
        return None
    if hasattr(dtype, "categories") and hasattr(dtype, "ordered"):
        levels = dtype.categories
        return {
            "categories": levels.tolist(),
            "ordered": bool(dtype.ordered),
            "of": plain_type(levels.dtype, library, label),
        }
    if library == "polars" and hasattr(dtype, "categories") and str(dtype).startswith("Enum"):
        return {"categories": dtype.categories.to_list()}
    word = str(dtype)
    if _is_same(word, dtype, library):
        return word
    raise ValueError(
        f"Column {label} has the type {word} of {library}, of which no plain form is known. Fit "
        "the model to columns of numbers, truth values, or categories that are text or numbers."
    )


def _is_same(word, dtype, library):
    """Whether a word means a type, and nothing is lost."""
    try:
        return bool(frame_type(word, library) == dtype)
    except (ImportError, TypeError, ValueError):
        return False


def frame_type(found, library):
    """The type of a library that `plain_type` gave, or a ValueError."""
    if found is None:
        return None
    if isinstance(found, str):
        return _named_type(found, library)
    module, (categories, *rest) = importlib.import_module(library), found.values()
    if library == "polars":
        return module.Enum(categories)
    ordered, of = rest
    return module.CategoricalDtype(module.Index(categories, dtype=frame_type(of, library)), ordered)


def _named_type(word, library):
    if library == "pandas" and word in _NUMPY:
        return np.dtype(word)
    pattern = _PANDAS if library == "pandas" else _POLARS
    if not pattern.fullmatch(word):
        raise ValueError(f"{word[:60]!r} is no type of columns")
    module = importlib.import_module(library)
    return module.api.types.pandas_dtype(word) if library == "pandas" else getattr(module, word)()
