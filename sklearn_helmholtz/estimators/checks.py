"""Checks of parameters that depend on each other, beyond those of each alone."""

from numbers import Integral

import numpy as np

from .._keys import MAX_LAYERS
from ._compat import Interval, InvalidParameterError


class CheckedParametersMixin:
    """Refuses True and False where a number is meant: Python counts them as 1 and 0."""

    def _validate_params(self):
        super()._validate_params()
        for name, constraints in self._parameter_constraints.items():
            value = getattr(self, name)
            if isinstance(value, bool | np.bool_) and _is_for_numbers(constraints):
                raise InvalidParameterError(
                    f"The {name!r} parameter of {type(self).__name__} must be a number or a word "
                    f"that it knows, got {value!r}."
                )


def _is_for_numbers(constraints):
    """Whether a parameter that obeys constraints can be a number, and no truth value."""
    words = {constraint for constraint in constraints if isinstance(constraint, str)}
    takes_numbers = any(isinstance(constraint, Interval) for constraint in constraints)
    return (takes_numbers or "random_state" in words) and not words & {"boolean", "array-like"}


def hidden_sizes(given, fewest=1):
    """The hidden layer sizes as a tuple of ints, or a ValueError; fewest : layers there have to be.

    A number alone is one layer.
    """
    sizes = (given,) if np.ndim(given) == 0 else tuple(given)
    if not fewest <= len(sizes) <= MAX_LAYERS:
        raise ValueError(
            f"hidden_layer_sizes must name between {fewest} and {MAX_LAYERS} layers, got {given!r}."
        )
    for layer, size in enumerate(sizes, 1):
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(
                "hidden_layer_sizes must hold integers of at least 1, got "
                f"{size!r} for hidden layer {layer}."
            )
    return tuple(int(size) for size in sizes)


def check_two_layers(sizes):
    """Refuse fewer than two hidden layers; sizes : of all, a tuple."""
    if len(sizes) < 2:
        raise ValueError(
            f"hidden_layer_sizes must name at least two layers, got {sizes!r}: with one hidden "
            "layer this is a RestrictedBoltzmannMachine."
        )


def check_layer(layer, n_layers):
    """Refuse a layer to transform that the machine does not have."""
    if isinstance(layer, Integral) and layer > n_layers:
        raise ValueError(
            f"transform_layer must be at most the number of hidden layers, {n_layers}, got {layer}."
        )


def check_continuation(estimator):
    """Refuse to train a fitted machine further after its sizes or units were changed."""
    sizes = estimator._machine.n_units[1:]
    if hidden_sizes(estimator.hidden_layer_sizes) != sizes:
        raise ValueError(
            f"hidden_layer_sizes is {estimator.hidden_layer_sizes!r}, but the fitted machine that "
            f"is to be trained further has {sizes}. Fit a clone, or with warm_start=False."
        )
    if estimator.autoregressive != estimator._machine.is_autoregressive:
        raise ValueError(
            f"autoregressive is {estimator.autoregressive!r}, but the fitted machine that is to be "
            f"trained further was made with {not estimator.autoregressive!r}. Fit a clone, or with "
            "warm_start=False."
        )
    check_visible(estimator)


def check_visible(estimator):
    """Refuse to train a fitted machine further after its kind of units was changed."""
    if not _agrees(estimator.visible, estimator.visible_, estimator._schema):
        raise ValueError(
            f"visible is {estimator.visible!r}, but the fitted machine that is to be trained "
            f"further has {estimator.visible_!r} units. Fit a clone, or with warm_start=False."
        )


def check_settings(estimator, fitted):
    """Refuse to train a fitted machine further after settings that made it were changed.

    fitted : the settings that it has, by name, but for ``visible``, see `check_visible`.
    """
    for name, value in fitted.items():
        given = getattr(estimator, name)
        if name == "hidden_layer_sizes":
            given = hidden_sizes(given, fewest=0)
        is_auto = isinstance(given, str) and given == "auto"
        if name != "visible" and given != value and not is_auto:
            raise ValueError(
                f"{name} is {given!r}, but the fitted machine that is to be trained further has "
                f"{value!r}. Fit a clone, or with warm_start=False."
            )


def _agrees(visible, fitted, schema):
    """Whether a parameter ``visible`` says nothing else than what was fitted.

    fitted : ``visible_``; schema : of mixed columns, otherwise None.
    """
    if isinstance(visible, str):
        return visible in ("auto", fitted)
    return schema is not None and schema.agrees(visible)


def check_partial_fit(estimator):
    """Refuse settings that need to know how long training will be."""
    if estimator.early_stopping != "auto" and estimator.early_stopping:
        raise ValueError(
            "early_stopping=True needs epochs over the same rows, which partial_fit does not "
            "have. Set early_stopping=False."
        )
    if estimator.learning_rate not in ("auto", "constant"):
        raise ValueError(
            f"learning_rate={estimator.learning_rate!r} needs a known number of steps, which "
            "partial_fit does not have. Set learning_rate='constant'."
        )


def check_count(name, value):
    """A positive number of things as an int, or a ValueError."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
    return int(value)


def check_jobs(n_jobs):
    """A number of threads as `count_threads` takes it, or a ValueError."""
    if n_jobs is None:
        return None
    if not isinstance(n_jobs, Integral) or isinstance(n_jobs, bool) or n_jobs == 0:
        raise ValueError(f"n_jobs must be None or an integer other than 0, got {n_jobs!r}.")
    return int(n_jobs)


def check_choice(name, value, choices):
    """Refuse what is not one of some words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {value!r}.")
