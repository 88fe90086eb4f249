"""Fitted attributes and machines: the same numbers in the user's units and in the machine's."""

import itertools
from dataclasses import replace

import numpy as np

from ..machines import BeliefNet, assemble, generative_chain, has_recognition
from ..models import LARGEST, BeliefNetModel, Encoding
from ..units import FAMILIES
from .column_orders import order_of_parameters
from .conditional_units import conditional_attributes, nade_of
from .labels import check_same_labels
from .mixed_attributes import MIXED
from .tables import is_masked

#: Of a training, and of what it found.
RECORDS = frozenset({"best_validation_score_", "loss_curve_", "n_iter_", "validation_scores_"})
PUBLISHED = (
    frozenset(
        {
            "column_order_",
            "feature_means_",
            "generative_coefs_",
            "generative_conditional_coefs_",
            "generative_conditional_intercepts_",
            "generative_intercepts_",
            "generative_lateral_coefs_",
            "noise_variance_",
            "recognition_coefs_",
            "recognition_intercepts_",
            "visible_",
        }
    )
    | RECORDS
    | MIXED
)


def fitted_attributes(model):
    """The fitted attributes by name: arrays with index 0 next to the data, in the user's units."""
    machine, encoding = model.machine, model.encoding
    scaling, fill_values = encoding.scaling, encoding.fill_values
    down = list(reversed(machine.generation.conditionals))
    coefs, intercepts = zip(*(c.map.published for c in down), strict=True)
    attributes = {
        "visible_": machine.visible.units.name,
        "generative_coefs_": list(coefs[:-1]),
        "generative_intercepts_": list(intercepts),
        "_model": model,
    }
    if not machine.visible.units.answers_by_column:
        attributes["feature_means_"] = fill_values.copy()
    if has_recognition(machine):
        up = [c.map.published for c in machine.recognition.conditionals]
        coefs, intercepts = zip(*up, strict=True)
        attributes["recognition_coefs_"] = list(coefs)
        attributes["recognition_intercepts_"] = list(intercepts)
    if machine.is_autoregressive:
        attributes["generative_lateral_coefs_"] = [c.lateral.weights for c in down]
        attributes |= conditional_attributes(machine.visible.lateral.nade)
    if machine.visible.units.standardises:
        to_user_units(attributes, scaling)
        attributes["feature_means_"] = single(scaling.restore(fill_values))
    attributes |= machine.visible.units.published(scaling)
    if machine.is_autoregressive and not machine.visible.units.answers_by_column:
        n = encoding.n_features
        attributes["column_order_"] = np.arange(n) if encoding.order is None else encoding.order
    return attributes if encoding.order is None else _in_users_order(attributes, encoding)


def _in_users_order(attributes, encoding):
    """The same attributes, with what touches the data in the user's order of the columns."""
    given, found = encoding.given, dict(attributes)
    for name in ("generative_coefs_", "generative_intercepts_"):
        found[name] = [given(attributes[name][0]), *attributes[name][1:]]
    first, *others = attributes["generative_lateral_coefs_"]
    found["generative_lateral_coefs_"] = [single(given(given(first.T).T)), *others]
    if "recognition_coefs_" in attributes:
        first, *others = attributes["recognition_coefs_"]
        found["recognition_coefs_"] = [single(given(first.T).T), *others]
    if "generative_conditional_coefs_" in attributes:
        incoming, outgoing = attributes["generative_conditional_coefs_"]
        found["generative_conditional_coefs_"] = [single(given(incoming.T).T), given(outgoing)]
    for name in ("feature_means_", "noise_variance_"):
        if name in attributes:
            found[name] = given(attributes[name])
    return found


def to_user_units(attributes, scaling):
    """Express what touches the data in the user's units: z = (x - centre) / scale."""
    coefs, intercepts = attributes["generative_coefs_"], attributes["generative_intercepts_"]
    coefs[0] = single(coefs[0] * scaling.scale)
    intercept = scaling.centre + scaling.scale * intercepts[0]
    laterals = attributes.get("generative_lateral_coefs_")
    if laterals is not None:
        weights = laterals[0] * (scaling.scale / scaling.scale[:, None])
        intercept -= np.einsum("j,ji->i", scaling.centre, weights)
        laterals[0] = single(weights)
    intercepts[0] = single(intercept)
    if "recognition_coefs_" not in attributes:
        return
    coefs, intercepts = attributes["recognition_coefs_"], attributes["recognition_intercepts_"]
    weights = coefs[0] / scaling.scale[:, None]
    coefs[0] = single(weights)
    intercepts[0] = single(intercepts[0] - np.einsum("i,ij->j", scaling.centre, weights))


def model_from_parameters(
    generative, recognition, variance, laterals=None, visible="auto", order="given", nade=None
):
    """A `BeliefNetModel` from arrays in the user's units, after checking their shapes.

    generative, recognition : pairs (coefs, intercepts) of lists from the data upward, with their
    names, the second None for a net without recognition; laterals : lateral weights of all layers
    of an autoregressive machine, or None; visible : the word for the units of the data; order : the
    parameter ``column_order``, of which other nets know nothing; nade : coefs and intercepts of
    deterministic units in the conditionals of the data, with their names, or None. Gaussian data
    that are parents of each other are centred at what the machine expects: far from zero, steps of
    training by their weights would be long.
    """
    if not isinstance(visible, str) or visible == "mixed":
        raise ValueError(
            f"visible is {visible!r}, but a machine of mixed columns cannot be made from "
            "parameters alone: it needs the distribution of each column. Fit it to data."
        )
    check_features(generative, variance)
    down = [real_arrays(name, value) for name, value in generative.items()]
    sizes = check_generative(*down)
    up = None
    if recognition is not None:
        up = [real_arrays(name, value) for name, value in recognition.items()]
        check_recognition(*up, sizes)
    if laterals is not None:
        laterals = real_arrays("generative_lateral_coefs", laterals)
        _check_shapes_of_laterals(laterals, sizes)
        order = order_of_parameters(order, sizes[0])
        if order is not None:
            variance = _put_in_order(down, up, laterals, variance, order)
        _check_laterals(laterals, order is not None)
    units, scaling = given_units(visible, variance, sizes[0])
    if nade is not None:
        nade = _given_nade(nade, sizes[0], laterals is not None, units)
        if not (order is None or laterals is None):
            nade = nade.in_order(order)
    if units.standardises:
        standardise_arrays(down, up, laterals, scaling.scale)
    machine = _assemble(down, up, units, laterals, nade)
    if units.standardises and laterals is not None:
        expected = machine.generation.means(None)[-1][0].astype(np.float64)
        down[1][0] = down[1][0] + expected @ laterals[0] - expected
        if up is not None:
            up[1][0] = up[1][0] + expected @ up[0][0]
        scaling = replace(scaling, centre=expected * scaling.scale)
        machine = _assemble(down, up, units, laterals)
    fill_values = machine.generation.means(None)[-1][0]
    order = None if laterals is None else order
    return BeliefNetModel(Encoding(type(units), scaling, fill_values, order=order), machine)


def _put_in_order(down, up, laterals, variance, order):
    """Put what touches the data in the order of the columns, in place; returns the variances."""
    (coefs, intercepts) = down
    coefs[0], intercepts[0] = coefs[0][:, order], intercepts[0][order]
    laterals[0] = laterals[0][np.ix_(order, order)]
    if up is not None:
        up[0][0] = up[0][0][order]
    return None if variance is None else np.asarray(variance)[order]


def given_units(visible, noise_variance, n_features):
    """Units and scaling of given parameters: the user's units are kept.

    Of families with the parameters that are given the one that is asked for, or the first.
    """
    families = {
        name: family
        for name, family in FAMILIES.items()
        if family.has_noise == (noise_variance is not None)
    }
    family = families.get(visible, next(iter(families.values())))
    if noise_variance is None:
        return family.given(None)
    (variance,) = real_arrays("noise_variance", [noise_variance])
    low, high = LARGEST**-2, LARGEST
    if variance.shape != (n_features,) or not ((variance >= low) & (variance <= high)).all():
        raise ValueError(
            f"noise_variance must hold a number between {low:g} and {high:g} for each of the "
            f"{n_features} features, got {noise_variance!r}."
        )
    return family.given(variance)


def check_features(generative, variance):
    """Refuse lists of parameters whose labels of the features contradict each other."""
    lists = {
        name: values for name, values in generative.items() if isinstance(values, list | tuple)
    }
    first = {f"{name}[0]": values[0] for name, values in lists.items() if values}
    check_same_labels(**first, noise_variance=variance)


def standardise_arrays(down, up, laterals, scale):
    """Express what touches the data in units of ``scale``, in place."""
    (coefs, intercepts) = down
    coefs[0] = coefs[0] / scale
    intercepts[0] = intercepts[0] / scale
    if up is not None:
        up[0][0] = up[0][0] * scale[:, None]
    if laterals is not None:
        laterals[0] = laterals[0] * (scale[:, None] / scale)


def _assemble(down, up, units, laterals, nade=None):
    coefs, intercepts = ([single(array) for array in values] for values in down)
    if laterals is not None:
        laterals = [single(array) for array in laterals]
    if up is None:
        return BeliefNet(generative_chain(coefs, intercepts, units, laterals, nade))
    up = [[single(array) for array in values] for values in up]
    return assemble(coefs, intercepts, *up, units, laterals, nade)


def _given_nade(given, n_features, is_autoregressive, units):
    (coefs_name, coefs), (intercepts_name, intercepts) = given.items()
    if coefs is None or intercepts is None:
        raise ValueError(
            f"{coefs_name} and {intercepts_name} go together, but one of them is None."
        )
    (intercepts,) = real_arrays(intercepts_name, [intercepts])
    coefs = real_arrays(coefs_name, coefs)
    return nade_of(coefs, intercepts, n_features, is_autoregressive, units)


def _check_shapes_of_laterals(laterals, sizes):
    shapes = [(n, n) for n in sizes]
    if [array.shape for array in laterals] != shapes:
        raise ValueError(
            f"generative_lateral_coefs must have the shapes {shapes} that go with "
            f"generative_intercepts, got {[array.shape for array in laterals]}."
        )


def _check_laterals(laterals, is_ordered):
    for layer, array in enumerate(laterals):
        if np.tril(array).any():
            raise ValueError(
                f"generative_lateral_coefs[{layer}] must be strictly upper triangular"
                f"{' in column_order' if is_ordered and not layer else ''}: units "
                "depend on those before them only."
            )


def check_generative(coefs, intercepts):
    """The sizes of all layers."""
    if not coefs or len(intercepts) != len(coefs) + 1:
        raise ValueError(
            "generative_intercepts must have one array more than generative_coefs, which needs at "
            f"least one; got {len(intercepts)} and {len(coefs)}."
        )
    if any(array.ndim != 1 or not len(array) for array in intercepts):
        raise ValueError("generative_intercepts must hold arrays of one dimension, none empty.")
    sizes = [len(array) for array in intercepts]
    shapes = [(above, below) for below, above in itertools.pairwise(sizes)]
    _check_shapes("generative_coefs", coefs, shapes)
    return sizes


def check_recognition(coefs, intercepts, sizes):
    """Refuse parameters of recognition whose shapes do not go with the sizes of all layers."""
    _check_shapes("recognition_coefs", coefs, list(itertools.pairwise(sizes)))
    _check_shapes("recognition_intercepts", intercepts, [(size,) for size in sizes[1:]])


def _check_shapes(name, arrays, shapes):
    if [array.shape for array in arrays] != shapes:
        raise ValueError(
            f"{name} must have the shapes {shapes} that go with generative_intercepts, got "
            f"{[array.shape for array in arrays]}."
        )


def single(array):
    """An array of float32 in the order that kernels take."""
    return np.ascontiguousarray(array, np.float32)


def real_arrays(name, values):
    """Given parameters as float64 arrays, or a ValueError that names what is wrong with them."""
    try:
        if any(is_masked(value) for value in values):
            raise TypeError("masked values are not allowed")
        arrays = [np.asarray(value) for value in values]
        if any(np.iscomplexobj(array) for array in arrays):
            raise TypeError("complex numbers are not allowed")
        arrays = [array.astype(np.float64) for array in arrays]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold arrays of real numbers: {error}.") from error
    for layer, array in enumerate(arrays):
        if not (np.abs(array) <= LARGEST).all():
            raise ValueError(
                f"{name}[{layer}] must be finite and at most {LARGEST:g} in magnitude, but holds "
                "other values."
            )
    return arrays
