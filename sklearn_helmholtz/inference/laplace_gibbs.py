"""Gibbs sampling of Laplace factors given the data, at any inverse temperature."""

from dataclasses import dataclass

import numpy as np

from .._kernels.laplace_gibbs import laplace_gibbs
from .resampling import fine_uniforms_of
from .sweep_numbers import sweep_numbers

_START = 1  # layer of the numbers that chains start with
_LEAST = 1e-100
_CHAINS = 64  # of a block at least: fewer are not worth the calls


@dataclass(frozen=True)
class LaplaceGibbs:
    """Moves the factors of a dictionary one after the other, each by an exact draw given the rest.

    The same contract as `Gibbs` and `Elliptical`: a sweep leaves ``p(h) p(x | h)^beta`` invariant,
    without a step size, since given all others a factor has a density of two halves of normals. In
    reverse the last factor comes first. What is missing of the data is left out. Factors are
    float64. machine : a `dictionaries.LaplaceDictionary`; slope : of minus the logarithm of the
    prior, 1 / scale.
    """

    machine: object
    slope: float

    name = "gibbs"
    chains_of_a_block = _CHAINS
    has_probabilities = False  # log p(x, h) is a density: no bound of log p(x)

    @property
    def entries_per_chain(self):
        """Number of values held for each chain."""
        return self.machine.n_atoms

    def inverse_temperatures(self, n):
        """Inverse temperatures b_0 = 0 < b_1 < ... < b_n = 1 of annealing, (n + 1,) float64.

        The log-density of rows of d features given factors has a standard deviation of about
        ``sqrt(d / 2) / b``, but no more than at the b where noise is as large as what is explained:
        from there on equal steps of log b lose the same, and before equal ones of b.
        """
        machine = self.machine
        explained = max((machine.atoms**2).sum() / machine.atoms.shape[1], _LEAST)
        level = np.clip(machine.noise / explained, _LEAST, 1 / _LEAST)
        betas = level * np.expm1(np.linspace(0, 1, n + 1) * np.log1p(1 / level))
        betas[-1] = 1.0
        return betas

    def split(self, states):
        """Parts of an array (n_rows, n_atoms), by hidden layer: the whole of it."""
        return [states]

    def start(self, draws):
        """Factors from the prior, (draws.n_rows, n_atoms) float64."""
        uniforms = fine_uniforms_of(draws, _START, self.machine.n_atoms)
        sizes = np.log(2 * np.minimum(uniforms, 1 - uniforms)) / self.slope
        return np.where(uniforms < 0.5, sizes, -sizes)

    def completes(self, x):
        """Whether what is missing of a block of rows is a part of the state of chains: never."""
        return False

    def complete(self, x, states, draws):
        """None: chains need no data of their own, see `completes`."""
        return

    def sweep(self, x, states, draws, n_sweeps, completed=None):
        """Move chains towards p(h | x) by a number of sweeps, in place; see `anneal`."""
        self.anneal(x, states, draws, np.zeros(n_sweeps), np.ones(n_sweeps), completed=completed)

    def anneal(self, x, states, draws, increments, betas, reverse=False, completed=None):
        """Move chains, one sweep after the other, and weigh them.

        Before each sweep its increment times log p(x | h) is added to the log-weight of a chain.
        Returns the log-weights (draws.n_rows,) in nats. x : `dictionaries.SeenRows`; states :
        (draws.n_rows, n_atoms) float64, moved in place; betas, increments : (n_sweeps,);
        ``completed`` is of the contract, and always None.
        """
        increments, betas = (np.ascontiguousarray(a, np.float64) for a in (increments, betas))
        log_weights, machine = np.zeros(draws.n_rows), self.machine
        rows = np.repeat(np.arange(len(x)), draws.n_particles)
        laplace_gibbs(
            draws.key, np.repeat(draws.addresses, draws.n_particles),
            sweep_numbers(draws, len(betas)), machine.filled_atoms, x.deviations, x.seen, rows,
            1 / machine.noise, self.slope, increments, betas, reverse, states, log_weights,
        )  # fmt: skip
        return log_weights
