"""Single-site Gibbs sampling of the hidden layers given the data, at any inverse temperature."""

import numpy as np

from .._kernels.families import log_constants
from .._kernels.gibbs import gibbs_sweeps
from .._keys import Draws
from ..units import Ability
from .flat_net import FlatNet

_MOST_SWEEPS = 2**32  # that one row can have: numbers of 32 bits
_SWEEPS_WORK = 2**27  # weights times chains of a call, which cannot be interrupted
_COMPLETIONS_LAYER, _COMPLETIONS = 1, 2**31  # whose numbers they take, and from which particle on


class Gibbs(FlatNet):
    """Samples hidden units one by one, since those of a layer are dependent given their children.

    In an autoregressive machine units depend on the data before them, missing ones too. What is
    missing is then a part of the state of each chain, ``completed``: (draws.n_rows, n_features)
    float32, the data with the chain's own values where they are missing, which are changed in
    place. Other machines leave missing values out, and have no use for it.
    """

    ability = Ability.GIBBS

    def start(self, draws):
        """Hidden states from the prior, (draws.n_rows, n_hidden) uint8, layers side by side."""
        return np.concatenate(self.machine.imagine(draws)[0], axis=1)

    def completes(self, x):
        """Whether what is missing of a block of rows is a part of the state of each chain."""
        return self.machine.is_autoregressive and x.has_missing

    def complete(self, x, states, draws):
        """The data of each chain, what is missing drawn given all before it and h.

        That is ``completed``, see above, or None where chains need none. states : as of `start`.
        """
        if not self.completes(x):
            return None
        draws = Draws(draws.key, draws.addresses, draws.n_particles, draws.first + _COMPLETIONS)
        visible, log_prob = self.machine.visible, np.zeros(draws.n_rows)
        eta = visible.eta(np.ascontiguousarray(self.split(states)[0]))
        return visible.observe(x, eta, draws, _COMPLETIONS_LAYER, log_prob)[0]

    def sweep(self, x, states, draws, n_sweeps, completed=None):
        """Move chains towards p(h | x) by sweeps over all hidden units, in place.

        x : (n_rows, n_features); states : (draws.n_rows, n_hidden) uint8; completed : see above,
        needed where an autoregressive machine meets missing values, and moved towards
        p(h, missing | x).
        """
        self.anneal(x, states, draws, np.zeros(n_sweeps), np.ones(n_sweeps), completed=completed)

    def anneal(self, x, states, draws, increments, betas, reverse=False, completed=None):
        """Move chains, one sweep after the other, and weigh them.

        Before each sweep its increment times log p(x | h) is added to the log-weight of a chain;
        the sweep leaves p(h) p(x | h)^beta invariant. Returns the log-weights (draws.n_rows,) in
        nats. betas, increments : (n_sweeps,), the inverse temperatures of the sweeps, and how much
        higher each is than the one before. With ``reverse`` sweeps go through the units in the
        opposite order.

        Where values of x are completed, log p(x | h) is that of the observed ones, each given all
        before it, and the sweep leaves p(h) p(missing | h) p(x | missing, h)^beta invariant.
        """
        n_sweeps = len(betas)
        last = draws.first + draws.n_particles
        if last * n_sweeps > _MOST_SWEEPS:
            raise ValueError(
                f"{last} chains of {n_sweeps} sweeps each are more than the {_MOST_SWEEPS} sweeps "
                "that a row can have."
            )
        values = np.ascontiguousarray(x.toarray(), np.float32)
        completed = self._room(values, completed)
        increments, betas = (np.ascontiguousarray(a, np.float64) for a in (increments, betas))
        numbers = np.tile(np.arange(draws.first, last, dtype=np.int64) * n_sweeps, len(values))
        log_weights = np.zeros(draws.n_rows)
        piece = max(_SWEEPS_WORK // (draws.n_rows * len(self.weights)), 1)
        for start in range(0, n_sweeps, piece):
            part = slice(start, start + piece)
            gibbs_sweeps(
                self.family, self.parameters, values, self.sizes, self.weights, self.intercepts,
                increments[part], betas[part], -1 if reverse else 1, draws.key, draws.addresses,
                numbers + start, completed, states, log_weights,
            )  # fmt: skip
        constants = log_constants(self.family, self.parameters, values) * np.sum(increments)
        return log_weights + np.repeat(constants, draws.n_particles)

    def _room(self, values, completed):
        """The data of each chain where missing values are a part of its state, or none."""
        if not self.machine.is_autoregressive or not np.isnan(values).any():
            return np.empty((0, values.shape[1]), np.float32)
        if completed is None:
            raise ValueError(
                "completed must hold the data of each chain where an autoregressive machine meets "
                "missing values, got None."
            )
        return completed
