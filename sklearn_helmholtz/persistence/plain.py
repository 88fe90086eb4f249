"""Plain values: parameters and labels as JSON has them, and back."""

import math

import numpy as np


def plain(value, label):
    """A value of numbers, words, None and containers of them as JSON has it, or a ValueError.

    Numbers of NumPy's become Python's, and its arrays lists. label : what the value is, for the
    message.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | str):
        return value if value is None or isinstance(value, bool) else str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"number": str(float(value))}
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [plain(item, label) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[plain(k, label), plain(v, label)] for k, v in value.items()]}
    raise ValueError(
        f"{label} is or holds a {type(value).__name__}, and an archive holds numbers, words, None, "
        "and tuples, lists and dicts of them."
    )


def value_of(found, label):
    """The value that `plain` wrote, or a ValueError."""
    if found is None or isinstance(found, bool | int | float | str):
        return found
    if isinstance(found, dict) and len(found) == 1:
        ((kind, content),) = found.items()
        if kind == "number" and content in ("inf", "-inf", "nan"):
            return float(content)
        if kind in ("tuple", "list") and isinstance(content, list):
            items = [value_of(item, label) for item in content]
            return tuple(items) if kind == "tuple" else items
        if kind == "dict" and isinstance(content, list):
            return _dict_of(content, label)
    raise ValueError(f"{label} is no value that save writes")


def _dict_of(pairs, label):
    """A dict from pairs of its keys and values."""
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError(f"{label} is no value that save writes")
    items = [(value_of(k, label), value_of(v, label)) for k, v in pairs]
    try:
        return dict(items)
    except TypeError:
        raise ValueError(f"{label} has keys that no dict has") from None
