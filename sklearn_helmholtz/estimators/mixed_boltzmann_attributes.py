"""Parameters of Boltzmann machines of mixed columns, to and from the user's units."""

from numbers import Integral

import numpy as np
from scipy.special import expit, softmax

from ..columns import Binary, Categorical, Normal, OneHotLayout
from ..machines import assemble_mixed_boltzmann, base_of
from ..models import LARGEST, Encoding, MixedBoltzmannModel, named
from ..units import Gaussian, OneHot
from .attributes import real_arrays, single
from .kinds import BINARY, LEVELLED, MOST_LEVELS, said_kinds
from .schema import Schema


def check_kinds(schema):
    """Refuse columns that no Boltzmann machine has units for, by a ValueError that names one."""
    for j, (kind, width) in enumerate(zip(schema.kinds, schema.resolutions, strict=True)):
        name = repr(j if schema.names is None else schema.names[j])
        if kind == "count":
            raise ValueError(
                f"Column {named(j, schema.names)} of X holds counts, for which a Boltzmann machine "
                "has no units: chains of Poisson units, whose means are exponentials of their "
                f"inputs, run away. Let it be 'ordinal', by visible={{{name}: 'ordinal'}}, where "
                "it has few values, or 'gaussian'; or take a HelmholtzMachine."
            )
        if width is not None:
            raise ValueError(
                f"visible hands in a resolution for column {name}, but real columns of a Boltzmann "
                "machine are normal given its hidden units, and have none. Leave it out."
            )


def mixed_in_users_units(machine):
    """Parameters that make the same energies of rows in the user's units, by name."""
    layout, n_bits = machine.layout, machine.layout.n_bits
    centre, scale = _units_of(layout)
    weights = machine.weights.astype(np.float64)
    moved = np.einsum("i,ij->j", centre / scale / machine.variance, weights)
    intercept = machine.visible_intercept.astype(np.float64)
    intercept[n_bits:] = (centre + scale * intercept)[n_bits:]
    return {
        "components_": single(weights.T * scale),
        "intercept_hidden_": single(machine.hidden_intercept - moved),
        "intercept_visible_": single(intercept),
    }


def _units_of(layout):
    """Centre and scale of each entry of a row, 0 and 1 of bits; (n_codes,) each."""
    centre, scale = np.zeros(layout.n_inputs), np.ones(layout.n_inputs)
    for j, column in enumerate(layout.columns):
        if not column.n_levels:
            place = layout.codes_of(j)
            centre[place], scale[place] = column.centre, column.scale
    return centre, scale


def mixed_from_parameters(weights, hidden, visible, categories, variance, kinds):
    """A `MixedBoltzmannModel` from arrays in the user's units, and its `Schema`.

    weights : (n_components, n_codes); categories : of each column its levels, or how many, None of
    real ones; variance : noise variances, (n_columns,), or None; kinds : the parameter ``visible``.
    """
    schema = _schema(categories, kinds)
    scales = _scales(variance, schema)
    layout = _layout(schema, np.zeros(0), scales)
    if weights.shape[1] != layout.n_inputs:
        raise ValueError(
            f"components must have {layout.n_inputs} columns, the entries that categories make, "
            "one for two levels and for real numbers and otherwise one for each level, got "
            f"{weights.shape[1]}."
        )
    # Far from zero inputs of hidden units would be the differences of large numbers: real columns
    # are centred at what they are without hidden units.
    layout = _layout(schema, visible, scales, layout)
    centre, scale = _units_of(layout)
    units = OneHot(layout, Gaussian.from_variance(np.ones(layout.n_reals)))
    hidden = hidden + np.einsum("ji,i->j", weights / scale, centre / scale)
    intercept = np.where(np.arange(len(visible)) < layout.n_bits, visible, 0.0)
    machine = assemble_mixed_boltzmann(
        (weights / scale).T, hidden, intercept, units, base_of(units, intercept)
    ).in_gauge()
    return MixedBoltzmannModel(Encoding(OneHot, layout, layout.code_means), machine), schema


def _layout(schema, visible, scales, places=None):
    """The layout of columns of a schema; places : another of them, which says where these are."""
    columns = []
    for j, (kind, levels) in enumerate(zip(schema.kinds, schema.categories, strict=True)):
        own = None if places is None else visible[places.codes_of(j)]
        if levels is None:
            columns.append(Normal(0.0 if own is None else float(own[0]), scales[j]))
        elif kind == BINARY:
            columns.append(Binary(0.5 if own is None else float(expit(own[0])), 0.0))
        else:
            shares = np.full(len(levels), 1 / len(levels)) if own is None else softmax(own)
            columns.append(Categorical(shares, 0.0))
    return OneHotLayout(columns)


def _schema(categories, visible):
    """The schema of an array with columns of given levels."""
    levels = [_levels(j, given) for j, given in enumerate(categories)]
    said = [(None, None)] * len(levels)
    if not isinstance(visible, str):
        said = said_kinds(visible, len(levels))
    kinds = []
    for j, ((kind, _), own) in enumerate(zip(said, levels, strict=True)):
        inferred = "real" if own is None else BINARY if len(own) == 2 else "categorical"
        kinds.append(inferred if kind is None else kind)
        fits = (kinds[j] in LEVELLED) == (own is not None) and kinds[j] != "count"
        if not fits or (kinds[j] == BINARY and len(own) != 2):
            raise ValueError(
                f"visible says that column {j} is {kinds[j]!r}, which does not go with its levels "
                f"in categories, {None if own is None else own.tolist()}."
            )
    nothing = (None,) * len(levels)
    return Schema(None, tuple(kinds), tuple(levels), nothing, None, nothing, (False,) * len(levels))


def _levels(number, given):
    """Levels of a column, (n_levels,) float64, or None."""
    if given is None:
        return None
    levels = np.arange(given) if isinstance(given, Integral) else np.asarray(given)
    is_numbers = levels.ndim == 1 and levels.dtype.kind in "iuf"
    if not is_numbers or not 1 <= len(np.unique(levels)) == len(levels) <= MOST_LEVELS:
        raise ValueError(
            f"categories must hold the number of levels of each column, at most {MOST_LEVELS}, or "
            f"the numbers that they are, each once, and None of real columns, got {given!r} for "
            f"column {number}."
        )
    return levels.astype(np.float64)


def _scales(variance, schema):
    """Standard deviations of the noise of real columns, (n_columns,), 1 of others."""
    is_real = np.array([levels is None for levels in schema.categories])
    if variance is None:
        variance = np.ones(len(is_real))
        if is_real.any():
            raise ValueError(
                "noise_variance must hold a number for each real column of categories, got None."
            )
    (variance,) = real_arrays("noise_variance", [np.where(is_real, variance, 1.0)])
    if not ((variance >= LARGEST**-2) & (variance <= LARGEST)).all():
        raise ValueError(
            f"noise_variance must hold a number between {LARGEST**-2:g} and {LARGEST:g} for each "
            f"real column, got {variance!r}."
        )
    return np.sqrt(variance)
