"""Densities of sources as users read and give them: a dictionary for each."""

import numpy as np

from ..sources import Laplace, Logistic, Mixture, Several, Student
from .factor_parameters import real_array

_FIELDS = {
    "mixture": (Mixture, ("weights", "means", "variances")),
    "student": (Student, ("places", "scales", "df")),
    "logistic": (Logistic, ("scales",)),
    "laplace": (Laplace, ("scales",)),
}
_PUBLIC = {"places": "loc", "scales": "scale"}  # as scipy.stats says


def published_densities(density):
    """A dictionary for each source of a `SourceDensity`, with its ``kind`` and its parameters."""
    result = [None] * density.n_sources
    for numbers, own in _groups(density):
        for number, place in enumerate(numbers):
            found = {"kind": own.name}
            for name, values in own.arrays().items():
                found[_PUBLIC.get(name, name)] = _plain(values[number])
            result[place] = found
    return result


def _groups(density):
    if isinstance(density, Several):
        return density.groups()
    return [(np.arange(density.n_sources), density)]


def _plain(value):
    if not np.ndim(value):
        return float(value)
    value = np.array(value)
    value.flags.writeable = False
    return value


def given_densities(given):
    """`Several` of dictionaries, one for each source, or a ValueError."""
    if not isinstance(given, list | tuple) or not given:
        raise ValueError(
            "source_densities must be a list with a dictionary for each source, got "
            f"{type(given).__name__}."
        )
    kinds = [_checked(number, one) for number, one in enumerate(given)]
    numbers, densities = [], []
    for kind, (maker, fields) in _FIELDS.items():
        own = np.flatnonzero([one["kind"] == kind for one in kinds])
        if not len(own):
            continue
        arrays = [_stacked(kinds, own, name) for name in fields]
        numbers.append(own)
        densities.append(maker(*arrays))
    return Several(tuple(numbers), tuple(densities))


def _stacked(kinds, own, name):
    values = [kinds[number][_PUBLIC.get(name, name)] for number in own]
    if len({value.shape for value in values}) > 1:
        raise ValueError(
            "All mixtures of source_densities must have the same number of normals, got "
            f"{sorted({len(value) for value in values})}."
        )
    return np.array(values)


def _checked(number, one):
    """The dictionary of a source with its values as arrays, or a ValueError."""
    name = f"source_densities[{number}]"
    if not isinstance(one, dict) or one.get("kind") not in _FIELDS:
        raise ValueError(f"{name} must be a dictionary whose 'kind' is one of {list(_FIELDS)}.")
    fields = [_PUBLIC.get(field, field) for field in _FIELDS[one["kind"]][1]]
    if set(one) != {"kind", *fields}:
        raise ValueError(f"{name} must have the entries {['kind', *fields]}, got {list(one)}.")
    values = {field: real_array(f"{name}[{field!r}]", one[field]) for field in fields}
    shapes = {value.shape for value in values.values()}
    n_axes = 1 if one["kind"] == "mixture" else 0
    if len(shapes) > 1 or len(next(iter(shapes))) != n_axes:
        raise ValueError(f"{name} must hold {'lists of one length' if n_axes else 'numbers'}.")
    for field in {"variances", "scale", "df", "weights"} & set(values):
        if not (values[field] > 0).all():
            raise ValueError(f"{name}[{field!r}] must be positive, got {one[field]!r}.")
    if n_axes and abs(values["weights"].sum() - 1) > 1e-8:
        raise ValueError(f"{name}['weights'] must sum to 1, got {values['weights'].sum():g}.")
    return {"kind": one["kind"], **values}
