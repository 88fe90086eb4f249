"""Schemas of mixed tables in archives."""

import numpy as np

from ..columns import Binary, Categorical, Normal, Ordered
from ..estimators.frame_types import frame_type, plain_type
from ..estimators.kinds import KINDS, LEVELLED
from ..estimators.schema import Schema
from ..models import named
from .plain import plain, value_of

_LIBRARIES = ("pandas", "polars")
_FARTHEST = 2**63 - 1
_TYPES = ("bool", "int64", "float64", "object")  # of arrays of levels
_COLUMNS = {  # of nets, and of Boltzmann machines
    "bernoulli": Binary, "categorical": Categorical, "ordinal": Ordered | Categorical,
    "count": Ordered, "real": Ordered | Normal, "gaussian": Normal,
}  # fmt: skip


def write_schema(part, schema):
    """Write a `Schema`."""
    if schema.names is None:
        part.nothing("names")
    else:
        part.plain("names", plain(list(schema.names), "The names of the columns"))
    if schema.library is None:
        part.nothing("library")
    else:
        part.word("library", schema.library)
    for j, own in enumerate(part.parts("columns", len(schema.kinds))):
        _write_column(own, schema, j)


def _write_column(part, schema, j):
    label = named(j, schema.names)
    part.word("kind", schema.kinds[j])
    part.plain("resolution", plain(schema.resolutions[j], f"The resolution of column {label}"))
    part.flag("is_labelled", schema.is_labelled[j])
    dtype = plain_type(schema.dtypes[j], schema.library, label)
    part.plain("type", plain(dtype, f"The type of column {label}"))
    levels = schema.categories[j]
    if levels is None:
        part.nothing("levels")
    else:
        part.word("levels_type", levels.dtype.name)
        part.plain("levels", plain(levels.tolist(), f"The list of levels of column {label}"))


def read_schema(part):
    """The `Schema`."""
    names = None
    if not part.is_nothing("names"):
        names = tuple(_items(value_of(part.plain("names"), "its list of names"), "names"))
    library = None if part.is_nothing("library") else part.word("library", _LIBRARIES)
    columns = [_read_column(own, library) for own in part.parts("columns")]
    if not columns or (names is not None and len(names) != len(columns)):
        raise ValueError(f"its schema has {len(columns)} columns and the names {names}")
    kinds, categories, resolutions, dtypes, is_labelled = zip(*columns, strict=True)
    return Schema(names, kinds, categories, resolutions, library, dtypes, is_labelled)


def _read_column(part, library):
    """The kind, levels, resolution, type and whether it was labelled, of one column."""
    kind = part.word("kind", KINDS)
    resolution = value_of(part.plain("resolution"), "the resolution of a column")
    if resolution is not None and not (isinstance(resolution, float) and resolution > 0):
        raise ValueError(f"a column has the resolution {resolution!r}")
    is_labelled = part.flag("is_labelled")
    found = value_of(part.plain("type"), "the type of a column")
    dtype = _read_type(found, library)
    levels = None if part.is_nothing("levels") else _read_levels(part)
    if isinstance(found, dict) and (levels is None or levels.tolist() != found["categories"]):
        raise ValueError("the levels of a column are not the categories of its type")
    n_levels = None if levels is None else len(levels)
    if (kind in LEVELLED) != (levels is not None) or (kind == KINDS[0] and n_levels != 2):
        raise ValueError(f"a column of the kind {kind!r} has {n_levels} levels")
    return kind, levels, resolution, dtype, is_labelled


def _read_type(found, library):
    is_dict = isinstance(found, dict)
    keys = ["categories"] if library == "polars" else ["categories", "ordered", "of"]
    if is_dict and list(found) == keys:
        _items(found["categories"], "categories")
        of = found.get("of", "")
        fits = isinstance(of, str) and isinstance(found.get("ordered", True), bool)
    else:
        fits = found is None or isinstance(found, str)
    if not fits or (library is None and found is not None):
        raise ValueError("a column has a type that is none")
    return frame_type(found, library)


def _read_levels(part):
    """An array of levels, none of them twice."""
    kind = part.word("levels_type", _TYPES)
    items = _items(value_of(part.plain("levels"), "a list of levels"), "levels")
    wanted = {"bool": bool, "int64": int, "float64": float}.get(kind, object)
    if not all(type(item) is wanted or kind == "object" for item in items):
        raise ValueError(f"a list of levels holds others than {kind}")
    if len(set(items)) < len(items):
        raise ValueError("a list of levels holds one twice")
    if kind == "int64" and max(map(abs, items), default=0) > _FARTHEST:
        raise ValueError("a list of levels holds whole numbers beyond int64")
    return np.fromiter(items, dtype=kind, count=len(items))


def _items(found, what):
    """A list of labels: words, numbers or truth values."""
    is_list = isinstance(found, list)
    if not is_list or not all(isinstance(item, str | int | float | bool) for item in found):
        raise ValueError(f"its {what} are no list of words and numbers")
    return found


def check_columns(schema, columns):
    """Refuse columns of other kinds, or with other numbers of levels, than a schema says."""
    for kind, levels, column in zip(schema.kinds, schema.categories, columns, strict=True):
        n_levels = 0 if levels is None else len(levels)
        if not isinstance(column, _COLUMNS[kind]) or column.n_levels != n_levels:
            raise ValueError(
                f"a column of the kind {kind!r} with {n_levels} levels is held as a "
                f"{type(column).__name__} of {column.n_levels}"
            )
