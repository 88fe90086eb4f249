"""Machines of Gaussian latents, and the way from them to their oracle."""

import itertools

import numpy as np

from sklearn_helmholtz.columns import Normal
from sklearn_helmholtz.layers import Affine, Perceptron
from sklearn_helmholtz.machines import POSTERIORS, assemble_gaussian
from sklearn_helmholtz.rows import Block, Lists
from sklearn_helmholtz.units import Bernoulli, Gaussian, Mixed, Poisson
from tests import gaussian_latents as oracle
from tests.mixed_nets import make_column

N_FEATURES = 3


def random_net(sizes, activation, rng, scale=0.7):
    """A perceptron of random weights; sizes : of all its layers, the parents' first."""
    maps = [
        Affine(*(rng.normal(0, scale, shape).astype(np.float32) for shape in (pair, pair[1])))
        for pair in itertools.pairwise(sizes)
    ]
    return Perceptron(tuple(maps), activation)


def units_of(visible, n_features=N_FEATURES):
    """Units of data by name."""
    if visible == "gaussian":
        return Gaussian.from_variance(np.linspace(0.4, 1.3, n_features))
    return {"bernoulli": Bernoulli, "poisson": Poisson}[visible]()


def make_machine(
    visible="bernoulli", k=1, covariance="diag", hidden=(4,), activation="tanh", sees_gaps=False,
    scale=0.7, seed=0, n_features=N_FEATURES,
):  # fmt: skip
    """A random machine of a few units."""
    rng = np.random.default_rng(seed)
    n_seen = n_features * (2 if sees_gaps else 1)
    decoder = random_net((k, *hidden[::-1], n_features), activation, rng, scale)
    n_inputs = POSTERIORS[covariance]().n_inputs(k)
    encoder = random_net((n_seen, *hidden, n_inputs), activation, rng, scale / 2)
    return assemble_gaussian(decoder, encoder, units_of(visible, n_features), covariance, sees_gaps)


def make_mixed_machine(k=1, covariance="diag", sees_gaps=False, seed=0):
    """A random machine of columns of three levels, of grades, of a bit and of a real number."""
    rng = np.random.default_rng(seed)
    columns = tuple(make_column(kind, rng) for kind in ("categorical", "ordinal", "normal", "bit"))
    units, _ = Mixed.of(columns)
    units = Mixed(units.layout, Gaussian.from_variance([0.7]))
    n_seen = units.n_shown(len(columns)) + (len(columns) if sees_gaps else 0)
    decoder = random_net((k, 4, units.n_inputs(len(columns))), "tanh", rng, 0.4)
    encoder = random_net((n_seen, 4, POSTERIORS[covariance]().n_inputs(k)), "tanh", rng, 0.15)
    return assemble_gaussian(decoder, encoder, units, covariance, sees_gaps)


def mixed_rows(machine, gaps=False):
    """Two rows of such columns as a `Block`, with a value missing in each if there are ``gaps``."""
    units = machine.visible.units
    values = np.array([[0, 3, 0.2, 1], [2, 1, -4.0, 0]])
    if gaps:
        values[0, 0] = values[1, 2] = np.nan
    return Block(units.shown(values), units.layout.code_means)


def mixed_seen(machine, x):
    """A `Block` of mixed columns as its encoder should see it, column by column, float64."""
    layout, values = machine.visible.units.layout, x.values.values
    seen = np.empty((len(values), len(layout.code_columns)))
    for j, column in enumerate(layout.columns):
        missing, place = np.isnan(values[:, j]), layout.codes_of(j)
        seen[:, place] = np.concatenate(column.code(np.where(missing, 0, values[:, j])), axis=1)
        seen[missing[:, None] & (layout.code_columns == j)] = np.tile(
            np.concatenate(column.code_means), missing.sum()
        )
    return np.hstack([seen, np.isnan(values)]) if machine.sees_gaps else seen


def mixed_density(layout):
    """The log-density of columns, as `oracle.Model` has it, by the columns' own words."""

    def log_density(x, eta, variance):
        shape = np.broadcast_shapes(x.shape[:-1], eta.shape[:-1])
        x, eta = (np.broadcast_to(part, (*shape, part.shape[-1])) for part in (x, eta))
        terms, normal = np.full(x.shape, np.nan), 0
        for j, column in enumerate(layout.columns):
            seen, more = ~np.isnan(x[..., j]), ()
            if isinstance(column, Normal):
                more, normal = (variance[normal],), normal + 1
            own = eta[..., layout.inputs_of(j)][seen]
            terms[..., j][seen] = column.log_prob(x[..., j][seen], own, *more)
        return terms

    return log_density


def net_of(perceptron):
    """A perceptron as the oracle has it."""
    maps = [tuple(np.array(part, np.float64) for part in m.coefficients) for m in perceptron.maps]
    return oracle.Net(maps, perceptron.activation)


def excess_of(units):
    """The parameters of the units of data, float64."""
    units = units.normal if isinstance(units, Mixed) else units
    return np.float64(units.log_excess) if isinstance(units, Gaussian) else np.empty(0)


def model_of(machine, covariance="diag"):
    """A machine as the oracle has it."""
    units = machine.visible.units
    mixed = isinstance(units, Mixed)
    density = mixed_density(units.layout) if mixed else oracle.DENSITIES[units.name]
    decoder, encoder = net_of(machine.decoder), net_of(machine.encoder)
    return oracle.Model(decoder, encoder, density, covariance, excess_of(units))


def arrays_of(gradient):
    """Derivatives in the form of a machine as a list, in the order of `oracle.Model.arrays`."""
    own = excess_of(gradient.visible.units)
    return [*net_of(gradient.decoder).arrays, own, *net_of(gradient.encoder).arrays]


def make_rows(visible, n_rows=2, seed=3, n_features=N_FEATURES):
    """Rows of values, in the type that kernels take."""
    rng = np.random.default_rng(seed)
    if visible == "bernoulli":
        return (rng.random((n_rows, n_features)) < 0.5).astype(np.uint8)
    if visible == "poisson":
        return rng.poisson(1.5, (n_rows, n_features)).astype(np.float32)
    return rng.normal(size=(n_rows, n_features)).astype(np.float32)


FILL_VALUES = np.array([0.3, 0.6, 0.2], np.float32)


def with_gaps(rows, listed=False):
    """Rows as a `Block` in which a few values are missing, the first of all in the first row."""
    values = rows.astype(np.float32)
    values[0, 0] = np.nan
    values[1:, 2] = np.nan
    values = Lists.from_dense(values) if listed else values
    return Block(values, FILL_VALUES)


def seen_by(machine, x):
    """A `Block` as its encoder should see it, float64, by the words of the documentation."""
    values = np.asarray(x.toarray(), np.float64)
    missing = np.isnan(values)
    seen = values if x.fill_values is None else np.where(missing, x.fill_values, values)
    seen = np.log1p(seen) if isinstance(machine.visible.units, Poisson) else seen
    return np.hstack([seen, missing]) if machine.sees_gaps else seen


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])
