"""Checks of the arguments of displays, by name, before anything is sampled or drawn."""

from math import prod
from numbers import Integral, Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..estimators.checks import check_count


def count(name, value):
    """A positive number of things as an int of Python, which cannot overflow; or a ValueError."""
    check_count(name, value)
    return int(value)


def shape_of_images(image_shape):
    """The shape of an image as a tuple of ints, or a ValueError; an int is that of a square."""
    if isinstance(image_shape, Integral):
        image_shape = (image_shape, image_shape)
    try:
        sizes = tuple(image_shape)
    except TypeError:
        sizes = ()
    are_sizes = all(isinstance(n, Integral) and not isinstance(n, bool) and n >= 1 for n in sizes)
    if not are_sizes or not (len(sizes) == 2 or (len(sizes) == 3 and sizes[2] in (3, 4))):
        raise ValueError(
            "image_shape must be an integer, for squares, (height, width), (height, width, 3) or "
            f"(height, width, 4), in integers of at least 1, got {image_shape!r}."
        )
    return tuple(int(n) for n in sizes)


def check_product(image_shape, n_features):
    """Refuse a shape whose images do not have as many values as a row."""
    if prod(image_shape) != n_features:
        raise ValueError(
            f"image_shape must have a product of {n_features}, the number of features, got "
            f"{image_shape!r}."
        )


def image_array(images):
    """The images as an array of one of the shapes that can be drawn, or a ValueError."""
    try:
        array = np.asarray(images)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"images must be an array of numbers: {error}") from error
    if array.dtype.kind not in "buif":
        raise ValueError(f"images must be an array of real numbers, got dtype {array.dtype}.")
    is_grey, is_colour = array.ndim == 3, array.ndim == 4 and array.shape[3] in (3, 4)
    if not (is_grey or is_colour) or array.size == 0:
        raise ValueError(
            "images must be of shape (n_images, height, width), (n_images, height, width, 3) or "
            f"(n_images, height, width, 4) and not empty, got shape {array.shape}."
        )
    return array


def check_axes(ax):
    """Refuse to draw in what is no Axes, such as an array of several."""
    if ax is not None and not hasattr(ax, "imshow"):
        raise TypeError(f"ax must be a matplotlib Axes or None, got {type(ax).__name__}.")


def check_estimator(estimator, needed):
    """Refuse what is not fitted, or has none of the needed attributes or methods."""
    if hasattr(estimator, "fit") and not isinstance(estimator, type):
        check_is_fitted(estimator)
    if isinstance(estimator, type) or not any(hasattr(estimator, name) for name in needed):
        raise TypeError(
            f"estimator must be fitted and have {' or '.join(needed)}, got {estimator!r}."
        )


def numbers(name, values, n=None):
    """Numbers as an array (n,) of floats, or a ValueError; n : how many, None for any."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty((0, 0))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a list of numbers that is not empty, got {values!r}.")
    if n is not None and len(array) != n:
        raise ValueError(f"{name} must hold {n} numbers, got {len(array)}.")
    return array


def matrix(name, values):
    """Finite numbers as an array (n_rows, n_columns) of floats, or a ValueError."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} must be a table of numbers that is not empty, got {values!r}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, got {array[~np.isfinite(array)][0]}.")
    return array


def finite(name, values, n=None):
    """Finite numbers as an array (n,) of floats, or a ValueError; n : how many, None for any."""
    array = numbers(name, values, n)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, got {array[~np.isfinite(array)][0]}.")
    return array


def size(name, value):
    """A number of at least 0 as a float, or None where it is None; or a ValueError."""
    if value is None:
        return None
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value < np.inf:
        raise ValueError(f"{name} must be a finite number of at least 0 or None, got {value!r}.")
    return float(value)
