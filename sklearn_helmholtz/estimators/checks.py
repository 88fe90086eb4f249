"""What parameters have to be for each other, beyond what each has to be alone."""

from numbers import Integral

import numpy as np

from .._keys import MAX_LAYERS
from ..inference import LARGEST_WEIGHT, MeanField
from ..machines import has_recognition
from ..units import Gaussian
from .automatic import stops_early
from .enumerated import check_enumerable, number_of_first


def hidden_sizes(given):
    """The hidden layer sizes as a tuple of ints, or a ValueError."""
    sizes = (given,) if np.ndim(given) == 0 else tuple(given)
    if not sizes or len(sizes) > MAX_LAYERS:
        raise ValueError(
            f"hidden_layer_sizes must name between 1 and {MAX_LAYERS} layers, got {given!r}."
        )
    for layer, size in enumerate(sizes, 1):
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(
                "hidden_layer_sizes must hold integers of at least 1, got "
                f"{size!r} for hidden layer {layer}."
            )
    return tuple(int(size) for size in sizes)


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
    if estimator.visible not in ("auto", estimator.visible_):
        raise ValueError(
            f"visible is {estimator.visible!r}, but the fitted machine that is to be trained "
            f"further has {estimator.visible_!r} units. Fit a clone, or with warm_start=False."
        )


def check_learning(inference, machine, rows):
    """Refuse to train a belief net by an inference that cannot work for it, or for its data.

    Those are the rows chosen.
    """
    if has_recognition(machine) != (inference == "nvil"):
        raise ValueError(
            f"inference is {inference!r}, but the fitted net that is to be trained further "
            f"{'has' if has_recognition(machine) else 'lacks'} an inference net, which 'nvil' "
            "alone trains. Fit a clone, or with warm_start=False."
        )
    check_inference(inference, machine, rows)
    if inference == "exact":
        _check_gaps("inference='exact' cannot learn", "inference='gibbs' or 'nvil'", machine, rows)


def check_inference(inference, machine, rows):
    """Refuse to infer the causes of rows in a way that cannot work for a belief net, or for them.

    In training and afterwards.
    """
    if inference == "nvil" and not has_recognition(machine):
        raise ValueError(
            "inference is 'nvil', but the fitted net lacks an inference net. Fit it anew, or set "
            "another inference."
        )
    if inference == "exact":
        check_enumerable("inference", "another inference", machine, rows)
    if inference == "mean-field":
        check_mean_field("inference", "another inference", machine, rows)


def check_mean_field(name, remedy, machine, rows):
    """Refuse mean field where it has no bound.

    name : of the parameter that asks for it by ``"mean-field"``; remedy : what to use instead.
    """
    field = MeanField.of(machine)
    if not field.is_tame:
        raise ValueError(
            f"{name}='mean-field' needs weights of at most {LARGEST_WEIGHT:g} in magnitude, and "
            f"one of this net is {np.abs(field.weights).max():g}. Use {remedy}, or train with a "
            "larger alpha."
        )
    _check_gaps(f"{name}='mean-field' has no bound", remedy, machine, rows)


def _check_gaps(trouble, remedy, machine, rows):
    """Refuse missing values among Gaussian features that depend on each other."""
    if not (machine.is_autoregressive and isinstance(machine.visible.units, Gaussian)):
        return
    missing = rows.count_missing() > 0
    if missing.any():
        raise ValueError(
            f"{trouble} where values of Gaussian features that depend on each other are missing "
            f"(NaN), as in row {number_of_first(rows, missing)}. Use {remedy}, or train with "
            "autoregressive=False."
        )


def check_partial_fit(estimator):
    """Refuse settings that need to know how long training will be."""
    if stops_early(estimator, n_features=0):
        raise ValueError(
            "early_stopping=True needs epochs over the same rows, which partial_fit does not "
            "have. Set early_stopping=False."
        )
    if estimator.learning_rate != "constant":
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
