"""Small machines of Gaussian latents, and what quadrature over a grid says of them, in float64.

Decoders and densities are written down again with NumPy and scipy: no kernel has a part in it.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.machines import GaussianHelmholtz, initialise_gaussian
from sklearn_helmholtz.models import BeliefNetModel, Encoding
from sklearn_helmholtz.rows import Block, Scaling, Unscaled
from sklearn_helmholtz.units import Bernoulli, Gaussian, Mixed, Poisson
from tests import cases, mixed_nets

FAMILIES = ["bernoulli", "poisson", "gaussian", "mixed"]
N_COLUMNS = 4
_VARIANCE = np.linspace(0.2, 0.8, N_COLUMNS)
_LIMIT, _STEPS = 7.0, {1: 2001, 2: 141}


@dataclass(frozen=True)
class LatentNet:
    """A machine, and the columns of its data if they are mixed."""

    machine: GaussianHelmholtz
    columns: tuple = ()

    @property
    def units(self):
        return self.machine.visible.units

    @functools.cached_property
    def model(self):
        """A fitted model of the machine."""
        if self.columns:
            layout = self.units.layout
            return BeliefNetModel(Encoding(Mixed, layout, layout.code_means), self.machine)
        fill = np.zeros(self.machine.n_units[0], np.float32)
        scaling = Unscaled()
        if isinstance(self.units, Gaussian):
            scaling = Scaling(fill.astype(np.float64), np.ones(len(fill)))
        return BeliefNetModel(Encoding(type(self.units), scaling, fill), self.machine)

    def block(self, values):
        """Rows of values, NaN where missing, as a `Block`."""
        if self.columns:
            values = np.asarray(values, np.float64)
            return Block(self.units.shown(values), self.units.layout.code_means)
        fill = np.zeros(self.machine.n_units[0], np.float32)
        return Block(np.ascontiguousarray(values, np.float32), fill)

    def eta(self, z):
        """Inputs of the units of the data, (n_latents, n_inputs)."""
        *inner, last = self.machine.decoder.maps
        for each in inner:
            z = np.tanh(each.intercept.astype(float) + z @ each.weights.astype(float))
        return last.intercept.astype(float) + z @ last.weights.astype(float)

    def means(self, z):
        """Expected data, (n_latents, n_columns); not of mixed columns."""
        links = {Bernoulli: expit, Poisson: np.exp, Gaussian: np.asarray}
        return links[type(self.units)](self.eta(z))

    def log_terms(self, row, z):
        """Log p(value | z) of each column, (n_latents, n_columns); 0 where it is missing."""
        if self.columns:
            return self._mixed_terms(row, z)
        means, units = self.means(z), self.units
        if isinstance(units, Bernoulli):
            terms = stats.bernoulli.logpmf(np.nan_to_num(row), means)
        elif isinstance(units, Poisson):
            terms = stats.poisson.logpmf(np.nan_to_num(row), means)
        else:
            deviation = np.sqrt(units.variance.astype(float))
            terms = stats.norm(means, deviation).logpdf(np.nan_to_num(row))
        return np.where(np.isnan(row), 0.0, terms)

    def _mixed_terms(self, row, z):
        eta, layout, normal = self.eta(z), self.units.layout, 0
        terms = np.zeros((len(z), len(self.columns)))
        for j, column in enumerate(self.columns):
            more = ()
            if isinstance(column, mixed_nets.Normal):
                more, normal = (float(self.units.normal.variance[normal]),), normal + 1
            if not np.isnan(row[j]):
                same = np.full(len(z), row[j])
                terms[:, j] = column.log_prob(same, eta[:, layout.inputs_of(j)], *more)
        return terms

    def log_visible(self, row, z):
        """Log p(x | z) of a row, (n_latents,)."""
        return self.log_terms(row, z).sum(axis=1)

    @functools.cached_property
    def grid(self):
        """Points of the latents, (n_points, n_latents), and log p(z) times the size of a cell."""
        k = self.machine.n_units[1]
        axis = np.linspace(-_LIMIT, _LIMIT, _STEPS[k])
        points = np.stack(np.meshgrid(*[axis] * k, indexing="ij"), axis=-1).reshape(-1, k)
        return points, stats.norm.logpdf(points).sum(axis=1) + k * np.log(axis[1] - axis[0])

    def log_p(self, row):
        """Log p(x) of a row, nats."""
        points, log_prior = self.grid
        return np.logaddexp.reduce(log_prior + self.log_visible(row, points))

    def posterior(self, row, beta=1.0):
        """Weights of the points of the grid under p(z) p(x | z)^beta, normalised."""
        points, log_prior = self.grid
        logs = log_prior + beta * self.log_visible(row, points)
        weights = np.exp(logs - logs.max())
        return weights / weights.sum()

    def draw_posterior(self, row, n, rng, beta=1.0):
        """Draws of a single latent from p(z) p(x | z)^beta, (n, 1) float32."""
        points, cdf = self._distribution(row, beta)
        return np.interp(rng.random(n), cdf, points)[:, None].astype(np.float32)

    def cdf(self, row, beta=1.0):
        """The distribution function of a single latent under p(z) p(x | z)^beta."""
        points, cdf = self._distribution(row, beta)
        return lambda z: np.interp(z, points, cdf)

    def _distribution(self, row, beta):
        """Points of a single latent, and the distribution function there: half of a cell is below.

        Both (n_points,).
        """
        weights = self.posterior(row, beta)
        return self.grid[0][:, 0], np.cumsum(weights) - 0.5 * weights


def make_net(family, k=1, hidden=(3,), scale=1.3, seed=0):
    """A random net; hidden : sizes of the deterministic layers."""
    rng, columns, d = np.random.default_rng(seed), (), N_COLUMNS
    if family == "mixed":
        kinds = "categorical", "ordinal", "bit", "normal"
        columns = tuple(mixed_nets.make_column(kind, rng) for kind in kinds)
        units, intercept = Mixed.of(columns)
    elif family == "gaussian":
        units, intercept = Gaussian.from_variance(_VARIANCE), np.zeros(d)
    else:
        units, intercept = {"bernoulli": Bernoulli, "poisson": Poisson}[family](), np.zeros(d)
    machine = initialise_gaussian(
        d, k, hidden, units, intercept, rng, activation="tanh", covariance="diag", sees_gaps=False
    )
    for each in machine.decoder.maps:
        each.weights[...] = rng.normal(scale=scale, size=each.weights.shape)
        each.intercept[...] += rng.normal(scale=0.4, size=each.intercept.shape)
    return LatentNet(machine, columns)


def dream(net, n, n_missing=0, seed=0):
    """Rows that the net dreams, (n, n_columns) float64, with some values missing of each."""
    key = _keys.key(cases.SEED, Purpose.SAMPLE)
    draws = Draws(key, np.arange(n, dtype=np.uint64) + np.uint64(1000 * seed))
    rows = Block(net.machine.dream(draws)[0][0]).toarray().astype(np.float64)
    rng = np.random.default_rng(seed)
    for row in rows:
        row[rng.permutation(len(row))[:n_missing]] = np.nan
    return rows


def linear_normal(net):
    """The normal distribution of data whose decoder is affine."""
    (only,) = net.machine.decoder.maps
    weights, centre = only.weights.astype(float), only.intercept.astype(float)
    covariance = weights.T @ weights + np.diag(net.units.variance.astype(float))
    return stats.multivariate_normal(centre, covariance)


def log_density(normal, row):
    """The log-density of what is observed of a row."""
    seen = ~np.isnan(row)
    return stats.multivariate_normal(normal.mean[seen], normal.cov[np.ix_(seen, seen)]).logpdf(
        row[seen]
    )


def linear_posterior(net, row):
    """Mean and covariance of the latents given what is observed of a row, for affine decoders."""
    (only,), seen = net.machine.decoder.maps, ~np.isnan(row)
    weights = only.weights.astype(float)[:, seen]
    gain = weights / net.units.variance.astype(float)[seen]
    covariance = np.linalg.inv(np.eye(len(weights)) + gain @ weights.T)
    return covariance @ gain @ (row - only.intercept.astype(float))[seen], covariance
