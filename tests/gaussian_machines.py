"""Machines of Gaussian latents, and the way from them to their oracle."""

import itertools

import numpy as np

from sklearn_helmholtz.layers import Affine, Perceptron
from sklearn_helmholtz.machines import POSTERIORS, assemble_gaussian
from sklearn_helmholtz.rows import Block, Lists
from sklearn_helmholtz.units import Bernoulli, Gaussian, Poisson
from tests import gaussian_latents as oracle

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


def net_of(perceptron):
    """A perceptron as the oracle has it."""
    maps = [tuple(np.array(part, np.float64) for part in m.coefficients) for m in perceptron.maps]
    return oracle.Net(maps, perceptron.activation)


def model_of(machine, covariance="diag"):
    """A machine as the oracle has it, of units of one family."""
    units = machine.visible.units
    log_excess = np.float64(units.log_excess) if isinstance(units, Gaussian) else np.empty(0)
    density = oracle.DENSITIES[units.name]
    decoder, encoder = net_of(machine.decoder), net_of(machine.encoder)
    return oracle.Model(decoder, encoder, density, covariance, log_excess)


def arrays_of(gradient):
    """Derivatives in the form of a machine as a list, in the order of `oracle.Model.arrays`."""
    units = gradient.visible.units
    own = np.float64(units.log_excess) if isinstance(units, Gaussian) else np.empty(0)
    decoder, encoder = net_of(gradient.decoder), net_of(gradient.encoder)
    return [*decoder.arrays, own, *encoder.arrays]


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
