"""Encodings in archives: what stands between the user's columns and a machine's."""

import math

import numpy as np

from ..columns import Layout, OneHotLayout
from ..models import Encoding
from ..rows import Scaling, Unscaled
from ..units import FAMILIES, Mixed, OneHot
from .columns import read_columns, write_columns

_FAMILIES = {**FAMILIES, Mixed.name: Mixed, OneHot.name: OneHot}
_LAYOUTS = {Mixed: Layout, OneHot: OneHotLayout}


def write_encoding(part, encoding):
    """Write an `Encoding`, but for the names of the features."""
    part.word("family", encoding.family.name)
    part.flag("is_listed", encoding.is_listed)
    scaling = encoding.scaling
    if encoding.order is not None:
        part.array("order", np.asarray(encoding.order, np.int64))
    if isinstance(scaling, Layout):
        write_columns(part, scaling.columns)
        return
    part.array("fill_values", encoding.fill_values)
    if isinstance(scaling, Scaling):
        part.array("centre", scaling.centre)
        part.array("scale", scaling.scale)
        part.array("remainder", scaling.remainder)


def read_encoding(part, n_features, feature_names):
    """The `Encoding` of so many columns, whose names are an array or None."""
    family = _FAMILIES[part.word("family", tuple(_FAMILIES))]
    is_listed = part.flag("is_listed")
    if family in _LAYOUTS:
        scaling = _LAYOUTS[family](read_columns(part))
        if scaling.n_columns != n_features:
            raise ValueError(f"it has {n_features} features and {scaling.n_columns} columns")
        fill_values = scaling.code_means
    else:
        fill_values = part.array("fill_values", np.float32, (n_features,))
        scaling = _read_scaling(part, n_features) if family.standardises else Unscaled()
    order = _read_order(part, n_features) if part.ndim("order") else None
    return Encoding(family, scaling, fill_values, is_listed, feature_names, order)


def _read_order(part, n_features):
    """The user's number of each column of the machine."""
    order = part.array("order", np.int64, (n_features,), 0, n_features - 1)
    if len(np.unique(order)) < n_features:
        raise ValueError("its order of columns names some twice")
    return order


def _read_scaling(part, n_features):
    shape = (n_features,)
    centre = part.array("centre", np.float64, shape)
    scale = part.array("scale", np.float64, shape, low=math.ulp(0.0))
    return Scaling(centre, scale, read_remainder(part, n_features))


def read_remainder(part, n_features):
    """Remainders that rounding left of means, an array (n_features,) or a number for all."""
    remainder = part.array("remainder", np.float64, (n_features,) if part.ndim("remainder") else ())
    return remainder if remainder.ndim else float(remainder)
