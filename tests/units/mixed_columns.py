"""Layers of mixed columns, their values and inputs, and what columns themselves say of them."""

import numpy as np

from sklearn_helmholtz.columns import Binary, Categorical, Normal, Ordered
from sklearn_helmholtz.units import Gaussian, Mixed
from tests.columns.builders import ORDERED

FAMILIES = ("binary", "ordered", "normal", "categorical")
_ORDERED = ["counts", "ordinal", "tenths", "continuous", "spikes", "counts with zeros"]


def column(family, seed):
    """A column of a family; each seed has another one."""
    rng = np.random.default_rng(seed)
    if family == "binary":
        return Binary(rng.uniform(0.1, 0.9), 50.0)
    if family == "categorical":
        return Categorical(rng.dirichlet(np.ones(2 + seed % 5)), 50.0)
    if family == "normal":
        return Normal(rng.normal(), rng.uniform(0.5, 5))
    return ORDERED[_ORDERED[seed % len(_ORDERED)]]


def layer(*families, seed=0):
    """`Mixed` units of columns of some families, in the order given."""
    columns = [column(family, seed + j) for j, family in enumerate(families)]
    units, _ = Mixed.of(columns)
    n = int(units.layout.sizes[2])
    variances = np.random.default_rng(seed).uniform(0.2, 3, n)
    return Mixed(units.layout, Gaussian.from_variance(variances))


def every_kind(seed=0):
    """A layer with several columns of every family, in no order."""
    order = np.random.default_rng(seed).permutation(list(FAMILIES) * 3)
    return layer(*order, seed=seed)


def make_eta(units, n_rows, seed=1, scale=1.5):
    """Inputs that float32 holds exactly, as float64."""
    eta = np.random.default_rng(seed).normal(scale=scale, size=(n_rows, units.layout.n_inputs))
    return np.float64(np.float32(eta))


def make_values(units, n_rows, seed=2, share_missing=0.0):
    """Values of all columns, as likely as without parents."""
    rng = np.random.default_rng(seed)
    values = np.column_stack([_values(c, n_rows, rng) for c in units.layout.columns])
    values[rng.random(values.shape) < share_missing] = np.nan
    return values


def _values(column, n, rng):
    if isinstance(column, Normal):
        return column.centre + column.scale * rng.normal(size=n)
    if not isinstance(column, Ordered):
        return rng.integers(0, len(column.masses(np.zeros((1, column.n_inputs)))[0]), n).astype(
            float
        )
    m = column.marginal
    if column.is_discrete:
        return rng.integers(0, column.levels, n).astype(float)
    return column.on_grid(rng.uniform(m.knots[0] - m.lower, m.knots[-1] + m.upper, n))


def log_probs(units, values, eta):
    """Log-probability of each value as its `Column` has it, (n_rows, n_columns); 0 if missing."""
    found = [_log_prob(units, j, values, eta) for j in range(units.layout.n_columns)]
    return np.stack(found, axis=1)


def _log_prob(units, j, values, eta):
    column, out, more = units.layout.columns[j], np.zeros(len(values)), ()
    if isinstance(column, Normal):
        number = sum(isinstance(other, Normal) for other in units.layout.columns[:j])
        more = (np.float64(units.normal.variance)[number],)
    seen = ~np.isnan(values[:, j])
    own = eta[seen][:, units.layout.inputs_of(j)]
    out[seen] = column.log_prob(values[seen, j], own, *more)
    return out


def slopes(units, values, eta, step=1e-5):
    """Central differences of the log-probability of each row by each of its inputs."""
    out = np.zeros(eta.shape)
    for k, j in enumerate(units.layout.input_columns):
        above, below = eta.copy(), eta.copy()
        above[:, k] += step
        below[:, k] -= step
        differ = _log_prob(units, j, values, above) - _log_prob(units, j, values, below)
        out[:, k] = differ / (2 * step)
    return out
