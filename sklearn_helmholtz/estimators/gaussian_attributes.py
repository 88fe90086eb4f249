"""Fitted attributes of Gaussian machines, in the user's units and in the machine's."""

import itertools

import numpy as np

from ..layers import Affine, Perceptron
from ..machines import POSTERIORS, assemble_gaussian
from ..models import BeliefNetModel, Encoding
from .attributes import RECORDS, given_units, real_arrays, single
from .mixed_attributes import MIXED

PUBLISHED = RECORDS | MIXED | {
    "active_units_", "decoder_coefs_", "decoder_intercepts_", "encoder_coefs_",
    "encoder_intercepts_", "feature_means_", "noise_variance_", "visible_",
}  # fmt: skip
ACTIVE = 0.01  # variance over rows of a mean, beside a prior of variance 1
_MOST_ROWS = 10_000


def gaussian_attributes(model):
    """The fitted attributes by name: arrays with index 0 next to the data, in the user's units."""
    machine, encoding = model.machine, model.encoding
    units, scaling = machine.visible.units, encoding.scaling
    down = [each.coefficients for each in machine.decoder.maps[::-1]]
    up = [each.coefficients for each in machine.encoder.maps]
    if units.standardises:
        down[0] = (
            single(down[0][0] * scaling.scale),
            single(scaling.centre + scaling.scale * down[0][1]),
        )
        up[0] = _seen_in_user_units(*up[0], scaling)
    attributes = {"visible_": units.name, "_model": model}
    for name, maps in (("decoder", down), ("encoder", up)):
        attributes[f"{name}_coefs_"] = [weights for weights, _ in maps]
        attributes[f"{name}_intercepts_"] = [intercept for _, intercept in maps]
    if not units.answers_by_column:
        means = encoding.fill_values
        attributes["feature_means_"] = single(scaling.restore(means)) if units.standardises else (
            means.copy()
        )  # fmt: skip
    return {**attributes, **units.published(scaling)}


def _seen_in_user_units(weights, intercept, scaling):
    """Weights and intercept of what sees data: z = (x - centre) / scale, beside what is missing."""
    n = len(scaling.scale)
    weights = weights.astype(np.float64)
    weights[:n] /= scaling.scale[:, None]
    return single(weights), single(intercept - np.einsum("i,ij->j", scaling.centre, weights[:n]))


def active_units(model, rows):
    """Whether the mean of each latent differs between rows, (n_components,) bool.

    Its variance over rows, or 10,000 of them, is above 0.01 (Burda, Grosse & Salakhutdinov 2016);
    the others have collapsed onto the prior. rows : a `Table`, which may have weights.
    """
    chosen = np.unique(np.linspace(0, len(rows) - 1, _MOST_ROWS).astype(np.int64))
    rows = rows.choose(chosen) if len(rows) > _MOST_ROWS else rows
    limits, hidden_means = model.recognition_means(rows)
    means = np.concatenate([hidden_means(slice(*ends))[0] for ends in itertools.pairwise(limits)])
    weights = None if rows.weights is None else rows.row_weights
    means = means.astype(np.float64)
    centred = means - np.average(means, axis=0, weights=weights)
    return np.average(centred**2, axis=0, weights=weights) > ACTIVE


def gaussian_from_parameters(decoder, encoder, variance, visible, **kind):
    """A `BeliefNetModel` of a Gaussian machine from arrays in the user's units.

    decoder, encoder : pairs (coefs, intercepts) of lists from the data upward; variance : of the
    noise of Gaussian data, or None; visible : the word for the units of the data; kind :
    activation, covariance and missing_indicator.
    """
    if not isinstance(visible, str) or visible == "mixed":
        raise ValueError(
            f"visible is {visible!r}, but a machine of mixed columns cannot be made from "
            "parameters alone: it needs the distribution of each column. Fit it to data."
        )
    down, up = (
        [real_arrays(f"{name}_{part}", values) for part, values in zip(_PARTS, pair, strict=True)]
        for name, pair in (("decoder", decoder), ("encoder", encoder))
    )
    n_features, n_components = _check_decoder(*down)
    if kind["missing_indicator"] == "auto":
        sees_gaps = bool(up[0]) and up[0][0].ndim == 2 and len(up[0][0]) == 2 * n_features
        kind = {**kind, "missing_indicator": sees_gaps}
    hidden = [len(intercept) for intercept in down[1][1:]]
    _check_encoder(*up, n_features, hidden, n_components, kind)
    units, scaling = given_units(visible, variance, n_features)
    if units.standardises:
        down[0][0], down[1][0] = down[0][0] / scaling.scale, down[1][0] / scaling.scale
        up[0][0] = np.concatenate([up[0][0][:n_features] * scaling.scale[:, None],
                                   up[0][0][n_features:]])  # fmt: skip
    maps = [
        [Affine(single(w), single(b)) for w, b in zip(*part, strict=True)] for part in (down, up)
    ]
    decoder, encoder = (
        Perceptron(tuple(part), kind["activation"]) for part in (maps[0][::-1], maps[1])
    )
    machine = assemble_gaussian(
        decoder, encoder, units, kind["covariance"], kind["missing_indicator"]
    )
    expected = machine.generation.means(None)[-1][0]
    return BeliefNetModel(Encoding(type(units), scaling, expected), machine)


_PARTS = "coefs", "intercepts"


def _check_decoder(coefs, intercepts):
    """The numbers of features and of latents."""
    if not coefs or len(coefs) != len(intercepts):
        raise ValueError(
            "decoder_coefs and decoder_intercepts must have the same number of arrays, at least "
            f"one; got {len(coefs)} and {len(intercepts)}."
        )
    if any(array.ndim != 1 or not len(array) for array in intercepts):
        raise ValueError("decoder_intercepts must hold arrays of one dimension, none empty.")
    if coefs[-1].ndim != 2 or not len(coefs[-1]):
        raise ValueError(
            "decoder_coefs must end with an array of shape (n_components, n_units), got "
            f"{coefs[-1].shape}."
        )
    sizes = [len(intercept) for intercept in intercepts]
    above = [*sizes[1:], len(coefs[-1])]
    _check("decoder_coefs", coefs, list(zip(above, sizes, strict=True)), "decoder_intercepts")
    return sizes[0], len(coefs[-1])


def _check_encoder(coefs, intercepts, n_features, hidden, n_components, kind):
    """Refuse an encoder that does not mirror the decoder."""
    n_seen = n_features * (2 if kind["missing_indicator"] else 1)
    outputs = POSTERIORS[kind["covariance"]]().n_inputs(n_components)
    sizes = [n_seen, *hidden, outputs]
    _check("encoder_coefs", coefs, list(itertools.pairwise(sizes)), "the decoder")
    _check("encoder_intercepts", intercepts, [(size,) for size in sizes[1:]], "the decoder")


def _check(name, arrays, shapes, other):
    if [array.shape for array in arrays] != shapes:
        raise ValueError(
            f"{name} must have the shapes {shapes} that go with {other}, got "
            f"{[array.shape for array in arrays]}."
        )
