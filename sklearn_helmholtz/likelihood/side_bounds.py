"""Bounds of log p* from both sides, for rows of a deep Boltzmann machine with their hidden states.

As `bounds`: where the hidden states of a row are a draw from p(h | v), as those that were drawn
together with it, they turn an estimator that is too low on average into one that is too high.
"""

import numpy as np
from scipy.special import logsumexp

from .. import _keys
from .._keys import Purpose
from ..inference import resampling_uniforms, side_means
from .side_importance import SideProposal, n_softened, side_log_weights


def side_bounds(machine, x, odd, seed, addresses, n_samples):
    """A lower and an upper bound of log p*, in expectation, of complete rows, (n_rows,) nats.

    The lower one is the estimate by samples of the odd side. In the upper one the true states take
    the place of one of these, of the proposal that is likely to have made them. x : a `Block`;
    odd : (n_rows, n_odd) uint8, drawn with the rows.
    """
    proposal = SideProposal(side_means(machine, x))
    key = _keys.key(seed, Purpose.SCORE)
    log_weights = side_log_weights(proposal, key, addresses, n_samples)
    lower = logsumexp(log_weights, axis=1) - np.log(n_samples)
    share = n_softened(n_samples) / n_samples
    uniforms = resampling_uniforms(seed, addresses, 1)[:, 0]
    place = np.where(uniforms < proposal.from_softened(odd, share), n_samples - 1, 0)
    log_weights[np.arange(len(odd)), place] = proposal.log_weights(odd, share)[:, 0]
    return lower, logsumexp(log_weights, axis=1) - np.log(n_samples)
