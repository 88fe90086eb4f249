"""What parameters have to be for each other, beyond what each has to be alone."""

from numbers import Integral

import numpy as np

from .._keys import MAX_LAYERS
from ..inference import MeanField
from ..likelihood import MAX_UNITS, units_to_sum_out
from ..machines import has_recognition
from ..units import Gaussian
from .automatic import stops_early

INFERENCES = ("exact", "mean-field", "gibbs", "nvil")  # of belief nets


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


def check_inference(inference, machine, rows):
    """Refuse to train a belief net by an inference that cannot work for it, or for its data.

    Those are the rows chosen.
    """
    check_choice("inference", inference, INFERENCES)
    if has_recognition(machine) != (inference == "nvil"):
        raise ValueError(
            f"inference is {inference!r}, but the fitted net that is to be trained further "
            f"{'has' if has_recognition(machine) else 'lacks'} an inference net, which 'nvil' "
            "alone trains. Fit a clone, or with warm_start=False."
        )
    if inference == "exact":
        _check_enumerable(machine, rows)
    if inference == "mean-field":
        MeanField.of(machine).check_weights()
    gaussian = isinstance(machine.visible.units, Gaussian)
    if inference in ("exact", "mean-field") and gaussian and machine.is_autoregressive:
        missing = rows.count_missing()
        if missing.any():
            row = _number(rows, missing > 0)
            raise ValueError(
                f"inference={inference!r} cannot learn where values of Gaussian features that "
                f"depend on each other are missing (NaN), as in row {row}. Use inference='gibbs' "
                "or 'nvil', or autoregressive=False."
            )


def check_explanation(inference, machine, rows):
    """Refuse to explain rows by an inference that cannot work for a fitted belief net."""
    check_choice("inference", inference, INFERENCES)
    if inference == "nvil" and not has_recognition(machine):
        raise ValueError(
            "inference is 'nvil', but the fitted net lacks an inference net. Fit it anew, or set "
            "another inference."
        )
    if inference == "exact":
        _check_enumerable(machine, rows)


def _number(rows, counts):
    """The number that the first row with the highest count has in the whole table."""
    place = np.argmax(counts)
    return place if rows.chosen is None else rows.chosen[place]


def _check_enumerable(machine, rows):
    """Refuse to enumerate too many states."""
    n_units, n_hidden = units_to_sum_out(machine, rows), sum(machine.n_units[1:])
    most = int(n_units.max())
    if most <= MAX_UNITS:
        return
    missing = ""
    if most > n_hidden:
        missing = (
            " and, since features depend on those before them, of the "
            f"{most - n_hidden} missing values of row {_number(rows, n_units)}"
        )
    raise ValueError(
        f"inference='exact' would enumerate 2**{most} states of {n_hidden} hidden units{missing}; "
        f"it is meant for at most {MAX_UNITS} units. Use another inference."
    )


def check_partial_fit(estimator):
    """Refuse settings that need to know how long training will be."""
    if stops_early(estimator, n_rows=0):
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
    """Refuse what is not a positive number of things."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")


def check_choice(name, value, choices):
    """Refuse what is not one of some words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {value!r}.")
