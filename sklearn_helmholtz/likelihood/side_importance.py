"""log p* of rows of a deep Boltzmann machine by samples of one side, the other being summed out."""

from dataclasses import replace

import numpy as np

from .._keys import Draws
from ..inference import side_means
from ..machines import log_sum
from ..rows import Block
from .weights import estimate_from_weights

_ODD = 1  # layer of the random numbers
_SOFTENED_SHARE, _FEWEST_SOFTENED = 1 / 5, 2
_SOFTENED = 0.5  # of the inputs of units: farther from 0 and 1
_ENTRIES = 2**19  # of the wider side that are held at a time


def n_softened(n_samples):
    """Number of samples from the softened proposal: one in five, or none of very few."""
    n = int(_SOFTENED_SHARE * n_samples)
    return n if n >= _FEWEST_SOFTENED else 0


class SideProposal:
    """Proposal of the odd side of rows, and what samples of it weigh.

    Mean field makes the inputs of independent units; one sample in five is drawn with half of them,
    for states that mean field thinks impossible, and all are weighted under the mixture of both.
    The even side, as far as it is not observed, is summed out in closed form:

        log w = b'v + h'(c + W_v'v) + sum_k softplus(b_k + W_k h) - log m(h).

    means : `SideMeans` of the rows, all with gaps or all without.
    """

    def __init__(self, means):
        self.means, self._machine = means, means.machine
        eta = means.eta
        self._etas = eta, eta * np.float32(_SOFTENED)

    def sample(self, draws, softened):
        """States of the odd side, (draws.n_rows, n_odd) uint8, of one of both proposals."""
        eta = np.repeat(self._etas[softened], draws.n_particles, axis=0)
        return self._machine.hidden_units.draw(eta, draws, _ODD)

    def log_weights(self, odd, share):
        """Log-weights of states, (n_rows, n_each) nats; share : of the softened proposal.

        odd : (n_rows * n_each, n_odd) uint8, those of a row being neighbours.
        """
        log_q = self._log_mixture(odd, share)[0]
        own = self._log_prob(odd, self.means.observed)
        own += self._each(log_sum(self.means.observed), odd)
        even = self.means.even[:, : self._machine.n_features].astype(np.float64)
        if self.means.missing is not None:
            even[self.means.missing] = 0.0
        n = even.shape[1]
        energy = np.einsum("rk,k->r", even, self._machine.visible_intercept[:n].astype(np.float64))
        log_f = own + self._log_free(odd) + self._each(energy, odd)
        return (log_f - log_q).reshape(len(even), -1)

    def from_softened(self, odd, share):
        """Probabilities that the softened proposal made states, one of each row, (n_rows,)."""
        if not share:
            return np.zeros(len(odd))
        log_mixture, log_soft = self._log_mixture(odd, share)
        return np.exp(np.log(share) + log_soft - log_mixture)

    def _log_mixture(self, odd, share):
        """Log m(h) of the mixture of both proposals, and log q of the softened one."""
        log_q, log_soft = (self._log_prob(odd, eta) for eta in self._etas)
        if share:
            log_q = np.logaddexp(np.log1p(-share) + log_q, np.log(share) + log_soft)
        return log_q, log_soft

    def _log_free(self, odd):
        """Log of the sum over what is not observed of the even side, given states of the odd."""
        machine, missing = self._machine, self.means.missing
        eta = machine.visible_eta(odd)
        if missing is None:
            return log_sum(np.ascontiguousarray(eta[:, machine.n_features :]))
        # A NaN adds nothing to a log-probability, and a zero minus the softplus of its input.
        zeros = np.zeros(self.means.even.shape, np.float32)
        zeros[:, : machine.n_features][~missing] = np.nan
        total = np.zeros(len(eta))
        machine.units.log_prob(zeros, eta, total)
        return -total

    def _log_prob(self, odd, eta):
        total = np.zeros(len(odd))
        eta = np.repeat(eta, len(odd) // len(eta), axis=0)
        self._machine.hidden_units.log_prob(odd, eta, total)
        return total

    @staticmethod
    def _each(values, odd):
        return np.repeat(values, len(odd) // len(values))


def side_log_weights(proposal, key, addresses, n_samples):
    """Log-weights of samples of the odd side, (n_rows, n_samples), the softened ones last."""
    n_last = n_softened(n_samples)
    n_first, share = n_samples - n_last, n_last / n_samples
    log_weights = np.empty((len(addresses), n_samples))
    widest = max(proposal.means.machine.n_units)
    chunk = max(_ENTRIES // (len(addresses) * widest), 1)
    for softened, start, n in ((0, 0, n_first), (1, n_first, n_last)):
        for first in range(start, start + n, chunk):
            draws = Draws(key, addresses, min(chunk, start + n - first), first)
            odd = proposal.sample(draws, softened)
            place = slice(first, first + draws.n_particles)
            log_weights[:, place] = proposal.log_weights(odd, share)
    return log_weights


def side_estimate(machine, x, key, addresses, n_samples, tails=None):
    """The `Estimate` of log p* of a `Block` of rows of data: a lower bound in expectation.

    Without a free energy. Rows with and without gaps go their own ways.
    tails : what finds the shapes of the tails of the weights, or None.
    """
    log_weights = np.empty((len(x), n_samples))
    for rows, own in by_gaps(x):
        proposal = SideProposal(side_means(machine, own))
        log_weights[rows] = side_log_weights(proposal, key, addresses[rows], n_samples)
    n_first = n_samples - n_softened(n_samples)
    estimate = estimate_from_weights(log_weights, n_first, np.full(len(x), np.nan))
    return estimate if tails is None else replace(estimate, pareto_k=tails(log_weights))


def mean_field_bounds(machine, x):
    """Lower bounds of log p* of a `Block` of rows of data by mean field, (n_rows,) nats."""
    bounds = np.empty(len(x))
    for rows, own in by_gaps(x):
        bounds[rows] = side_means(machine, own).bound
    return bounds


def by_gaps(x):
    """Pairs of the numbers of rows of a `Block` and a `Block` of these, with gaps and without."""
    values = np.ascontiguousarray(x.toarray(), np.float32)
    gaps = np.isnan(values).any(axis=1)
    fill = np.zeros(values.shape[1], np.float32)
    for rows, fill_values in ((np.flatnonzero(~gaps), None), (np.flatnonzero(gaps), fill)):
        if len(rows):
            yield rows, Block(values[rows], fill_values)
