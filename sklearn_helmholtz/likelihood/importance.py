"""log p(x) by importance sampling from a mixture of a proposal for each row and the prior."""

from dataclasses import replace

import numpy as np

from .._keys import Draws
from .._workspace import Workspace
from ..inference import n_from_prior, propose, sample_particles, sample_prior_particles
from .weights import estimate_from_weights

_PARTICLE_ENTRIES = 2**19  # entries of the widest layer that are held at a time
_PANEL_ROWS = 2**10  # particles whose inputs of a panel of columns are held at a time


def importance_estimate(machine, x, key, addresses, n_samples, work=None, tails=None):
    """Estimates for a block of rows, from ``n_samples`` particles for each.

    One particle in five comes from the prior of the hidden layers (none of fewer than ten), the
    others from the proposal, see `propose`; all are weighted under the mixture of the two. The free
    energy is the mean over those of the proposal that are as inference has them. tails : what finds
    the shapes of the tails of the weights, such as `tail_shapes`, or None where nobody wants to
    know.

    x : a `Block`; key : (2,) uint32; addresses : (n_rows,) uint64; work : a `Workspace`, or None.
    Neither the split into blocks nor the order of rows changes a bit of the result.
    """
    work = work or Workspace()
    log_weights, free_energy = importance_log_weights(machine, x, key, addresses, n_samples, work)
    n_first = n_samples - n_from_prior(machine, n_samples)
    estimate = estimate_from_weights(log_weights, n_first, free_energy, work)
    return estimate if tails is None else replace(estimate, pareto_k=tails(log_weights))


def importance_log_weights(machine, x, key, addresses, n_samples, work=None):
    """Log-weights (n_rows, n_samples), those of particles from the prior last; free energies.

    The log-weights are of the work space, where there is one.
    """
    work = work or Workspace()
    n_prior = n_from_prior(machine, n_samples)
    n_first, share = n_samples - n_prior, n_prior / n_samples
    log_weights = work.empty((len(x), n_samples), np.float64)
    energies = work.empty((len(x), n_first), np.float64)
    proposals = (sample_particles, 0, n_first), (sample_prior_particles, n_first, n_prior)
    proposal = propose(machine, x, addresses, n_first)
    chunk = max(_rows_at_once(machine, x) // len(x), 1)
    for sample, start, n in proposals:
        for first in range(0, n, chunk):
            draws = Draws(key, addresses, min(chunk, n - first), first)
            place = slice(start + first, start + first + draws.n_particles)
            with work.loan():
                particles = sample(machine, x, draws, work, proposal)
                log_weights[:, place] = particles.mixture_log_weights(share, work)
                if start == 0:
                    energies[:, place] = particles.energies(work)
    # An index would return columns, which NumPy adds in another order where there is one row.
    is_guess = proposal.is_guess(np.arange(n_first))
    guessed = energies if is_guess.all() else np.compress(is_guess, energies, axis=1)
    return log_weights, guessed.sum(axis=1) / guessed.shape[1]


def _rows_at_once(machine, x):
    """Number of particles that go through the layers together."""
    if machine.visible.goes_by_panels(_PANEL_ROWS, x.values):
        return min(_PANEL_ROWS, _PARTICLE_ENTRIES // max(machine.n_units[1:]))
    return _PARTICLE_ENTRIES // max(machine.n_units)
