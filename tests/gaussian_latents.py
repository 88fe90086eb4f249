"""The machine of Gaussian latents in float64, by its definition alone, and integrals over latents.

z ~ N(0, 1), x given the inputs that a decoder makes of z, and q(z | x) = N(mu, L L') of what an
encoder makes of the rows as it sees them. Nothing here knows the package. Arrays are float64, logs
are natural, and NaN in x means missing: it adds nothing.
"""

import copy
import itertools
from dataclasses import dataclass, field

import numpy as np
from scipy import special

LOWEST, HIGHEST = -6.0, 3.0  # of the logarithms of the diagonal of L
FLOOR = 1e-3  # of the variances of Gaussian data


@dataclass
class Net:
    """Affine maps, (weights, intercept) each, with an activation between each and the next."""

    maps: list
    activation: str = "tanh"

    def __call__(self, rows):
        for number, (weights, intercept) in enumerate(self.maps):
            if number:
                rows = np.tanh(rows) if self.activation == "tanh" else np.maximum(rows, 0)
            rows = rows @ weights + intercept
        return rows

    @property
    def arrays(self):
        return [array for pair in self.maps for array in pair]


@dataclass
class Model:
    """Both nets and the units of the data.

    log_density : of values given inputs, (..., n_columns) that broadcast, and the variances of the
    data, FLOOR + exp(log_excess): of each value.
    """

    decoder: Net
    encoder: Net
    log_density: object
    covariance: str = "diag"
    log_excess: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def n_latents(self):
        return len(self.decoder.maps[0][0])

    @property
    def variance(self):
        return FLOOR + np.exp(self.log_excess)

    @property
    def generative(self):
        """All parameters of p(x, z), in the order of `arrays_of` a gradient."""
        return [*self.decoder.arrays, self.log_excess]

    @property
    def arrays(self):
        return [*self.generative, *self.encoder.arrays]

    def log_visible(self, x, z):
        """Log p(x | z) of every row under every z, (n_rows, n_z)."""
        terms = self.log_density(x[:, None], self.decoder(z)[None], self.variance)
        return np.nansum(terms, axis=2)

    def posterior(self, seen):
        """Means (n_rows, k) and lower triangular matrices (n_rows, k, k) of recognition."""
        return normal_parameters(self.encoder(seen), self.n_latents, self.covariance)

    def log_guess(self, seen, z):
        """Log q(z | x) of the z of each row, (n_rows, n_z, k), as (n_rows, n_z)."""
        return log_normal(z, *self.posterior(seen))


def bernoulli(x, eta, variance):
    return x * eta - np.logaddexp(0, eta)


def gaussian(x, eta, variance):
    return -0.5 * ((x - eta) ** 2 / variance + np.log(2 * np.pi * variance))


def poisson(x, eta, variance):
    return x * eta - np.exp(eta) - special.gammaln(x + 1)


DENSITIES = {"bernoulli": bernoulli, "gaussian": gaussian, "poisson": poisson}


def normal_parameters(eta, k, covariance, spread=1.0):
    """Means, and lower triangular L, of inputs of normal units."""
    lower = np.zeros((len(eta), k, k))
    for row, inputs in enumerate(eta):
        places = iter(inputs[2 * k :])
        for i in range(k):
            lower[row, i, i] = spread * np.exp(min(max(inputs[k + i], LOWEST), HIGHEST))
        if covariance == "full":
            for i, j in itertools.product(range(k), repeat=2):
                if j < i:
                    lower[row, i, j] = spread * next(places)
    return eta[:, :k], lower


def log_normal(z, mean, lower):
    """Log N(z; mean, L L') of z (n_rows, n_z, k), (n_rows, n_z)."""
    precision = np.linalg.inv(lower @ lower.transpose(0, 2, 1))
    differences = z - mean[:, None]
    squares = np.einsum("rni,rij,rnj->rn", differences, precision, differences)
    volumes = np.linalg.slogdet(2 * np.pi * (lower @ lower.transpose(0, 2, 1)))[1]
    return -0.5 * (squares + volumes[:, None])


def log_prior(z):
    """Log N(z; 0, 1), over the last axis."""
    return -0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=-1)


# Integrals


def hermite(k, n):
    """Nodes (n^k, k) and probabilities (n^k,) of a rule for standard normal numbers."""
    points, weights = np.polynomial.hermite_e.hermegauss(n)
    nodes = np.array(list(itertools.product(points, repeat=k)))
    return nodes, np.prod(list(itertools.product(weights, repeat=k)), axis=1) / (2 * np.pi) ** (
        k / 2
    )


def lattice(k, step=0.05, end=9.0):
    """Points (n, k) of a lattice and the volume of a cell.

    The rule of rectangles over the whole space converges faster than any power of the step.
    """
    line = np.arange(-end, end + step / 2, step)
    return np.array(list(itertools.product(line, repeat=k))), step**k


def log_likelihood(model, x, step=0.05):
    """Log p(x) of each row's observed values, (n_rows,) nats."""
    z, cell = lattice(model.n_latents, step)
    log_joint = model.log_visible(x, z) + log_prior(z)
    return special.logsumexp(log_joint, axis=1) + np.log(cell)


def log_weights(model, x, seen, noise, share=1.0):
    """Log p(x, z) - log q(z | x) of every row and all noise e, z = mu + L e, (n_rows, n_e).

    share : of log q(z | x) - log p(z) that counts.
    """
    mean, lower = model.posterior(seen)
    found = np.empty((len(x), len(noise)))
    for row in range(len(x)):
        one = slice(row, row + 1)
        z = mean[row] + noise @ lower[row].T
        found[row] = model.log_visible(x[one], z)[0] + share * log_prior(z)
        found[row] -= share * log_normal(z[None], mean[one], lower[one])[0]
    return found


def bounds(model, x, seen, n_particles, n_nodes, share=1.0):
    """E log (p/q summed over particles) / K of each row, (n_rows,); one or two particles.

    share : see `log_weights`.
    """
    noise, probabilities = hermite(model.n_latents, n_nodes)
    weights = log_weights(model, x, seen, noise, share)
    if n_particles == 1:
        return weights @ probabilities
    means = np.logaddexp(weights[:, :, None], weights[:, None]) - np.log(2)
    return np.einsum("nab,a,b->n", means, probabilities, probabilities)


def free_energy(model, x, seen, n_nodes=40):
    """E_q[log q(z | x) - log p(x, z)] of each row."""
    return -bounds(model, x, seen, 1, n_nodes)


def slopes(objective, model, arrays_of, step=1e-5):
    """Central differences of a function of a model by the arrays that ``arrays_of`` finds in it."""
    found = []
    for number, array in enumerate(arrays_of(model)):
        own = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = copy.deepcopy(model)
                arrays_of(moved)[number][index] += sign * step
                ends.append(objective(moved))
            own[index] = (ends[0] - ends[1]) / (2 * step)
        found.append(own)
    return found
