"""Dictionaries to test with, and what is known of them by quadrature on grids."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from sklearn_helmholtz.dictionaries import SCALE, LaplaceDictionary

REACH, POINTS = 9.0, 1501


def make_dictionary(n_atoms=2, n_features=3, noise=0.25, seed=0):
    rng = np.random.default_rng(seed)
    atoms = rng.normal(size=(n_atoms, n_features))
    return LaplaceDictionary(rng.normal(size=n_features), atoms, noise)


def make_rows(machine, n_rows, seed=1, n_missing=0):
    """Rows and their factors, of which the first features of odd rows are missing."""
    rng = np.random.default_rng(seed)
    x, codes = machine.sample(n_rows, rng)
    x[1::2, :n_missing] = np.nan
    return x, codes


class Grid:
    """Densities of a row and of its factors, one or two of them, on a grid that holds them all."""

    def __init__(self, machine, row, beta=1.0):
        n = machine.n_atoms
        points = POINTS if n == 1 else 401
        self.axis = np.linspace(-REACH, REACH, points)
        step = self.axis[1] - self.axis[0]
        mesh = np.meshgrid(*[self.axis] * n, indexing="ij")
        self.points = np.column_stack([axis.ravel() for axis in mesh])
        seen = ~np.isnan(row)
        means = self.points @ machine.atoms + machine.mean
        normal = stats.norm(means[:, seen], np.sqrt(machine.noise))
        log_visible = normal.logpdf(row[seen]).sum(axis=1)
        log_prior = stats.laplace(scale=SCALE).logpdf(self.points).sum(axis=1)
        log_joint = log_prior + beta * log_visible
        self.log_p = logsumexp(log_joint) + n * np.log(step)
        self.weights = np.exp(log_joint - logsumexp(log_joint))

    def expect(self, values):
        """The posterior mean of values at all points, (n_points, ...)."""
        return np.tensordot(self.weights, values, 1)

    def draw(self, n_draws, rng):
        """Draws of the factors, (n_draws, n_atoms): points, spread over their cells."""
        chosen = self.points[rng.choice(len(self.points), n_draws, p=self.weights)]
        step = self.axis[1] - self.axis[0]
        return chosen + step * (rng.random(chosen.shape) - 0.5)
