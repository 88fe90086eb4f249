"""Single-site Gibbs sampling of the hidden layers given the data, at any inverse temperature."""

import numpy as np

from .._kernels.families import log_constants
from .._kernels.gibbs import gibbs_sweeps
from .._keys import Draws
from ..units import Ability
from .flat_net import FlatNet
from .sweep_numbers import sweep_numbers

_SWEEPS_WORK = 2**27  # weights times chains of a call, which cannot be interrupted
_COMPLETIONS_LAYER, _COMPLETIONS = 1, 2**31  # whose numbers they take, and from which particle on


class Gibbs(FlatNet):
    """Samples hidden units one by one, since those of a layer are dependent given their children.

    In an autoregressive machine units depend on the data before them, missing ones too. What is
    missing is then a part of the state of each chain, ``completed``: (draws.n_rows, n_features)
    float32, the data with the chain's own values where they are missing, which are changed in
    place. Other machines leave missing values out, and have no use for it. Mixed data on which
    others depend have to be known, and so have data that depend on others by way of deterministic
    units: what they add to their own inputs is made once.
    """

    ability = Ability.GIBBS
    name = "gibbs"
    chains_of_a_block = 1
    has_probabilities = True

    @property
    def entries_per_chain(self):
        """Number of values held for each chain."""
        return self.intercepts.size

    def start(self, draws):
        """Hidden states from the prior, (draws.n_rows, n_hidden) uint8, layers side by side."""
        return np.concatenate(self.machine.imagine(draws)[0], axis=1)

    def completes(self, x):
        """Whether what is missing of a block of rows is a part of the state of each chain."""
        return x.has_missing and self._is_moved_by_missing()

    def complete(self, x, states, draws):
        """The data of each chain, what is missing drawn given all before it and h.

        That is ``completed``, see above, or None where chains need none. states : as of `start`.
        """
        if not self.completes(x):
            return None
        draws = Draws(draws.key, draws.addresses, draws.n_particles, draws.first + _COMPLETIONS)
        visible, log_prob = self.machine.visible, np.zeros(draws.n_rows)
        first = np.ascontiguousarray(self.split(states)[0])
        return visible.observe_given(first, x, draws, _COMPLETIONS_LAYER, log_prob)

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
        values = self.machine.visible.units.kernel_values(x.dense)
        completed = self._room(values, completed)
        return self._go(
            values, self._shifts(x.zero_filled), states, draws, increments, betas, reverse,
            completed,
        )  # fmt: skip

    def guess(self, x, states, draws):
        """Move chains by one sweep as `sweep`, where mixed data depend on missing ones as well.

        Then fill values take the place of these, and chains move towards some guess at p(h | x).
        """
        values = self.machine.visible.units.kernel_values(x.dense)
        room = np.empty((0, self.sizes[0]), np.float32)
        shifts = self._shifts(x.filled)
        self._go(values, shifts, states, draws, np.zeros(1), np.ones(1), False, room)

    def _go(self, values, shifts, states, draws, increments, betas, reverse, completed):
        """As `anneal`, of values and completed data as kernels take them."""
        n_sweeps, numbers = len(betas), sweep_numbers(draws, len(betas))
        increments, betas = (np.ascontiguousarray(a, np.float64) for a in (increments, betas))
        log_weights = np.zeros(draws.n_rows)
        piece = max(_SWEEPS_WORK // (draws.n_rows * len(self.weights)), 1)
        for start in range(0, n_sweeps, piece):
            part = slice(start, start + piece)
            gibbs_sweeps(
                self.family, self.parameters, values, shifts, self.sizes, self.weights,
                self.intercepts, increments[part], betas[part], -1 if reverse else 1, draws.key,
                draws.addresses, numbers + start, completed, states, log_weights,
            )  # fmt: skip
        constants = log_constants(self.family, self.parameters, values) * np.sum(increments)
        return log_weights + np.repeat(constants, draws.n_particles)

    def _shifts(self, values):
        """Sums that data add to their own inputs, (n_rows, n_inputs) float32, or no rows.

        They have no rows where lateral weights are all that there is.
        """
        visible = self.machine.visible
        if visible.lateral is None or not visible.lateral.shifts_whole:
            return np.empty((0, self.sizes[0]), np.float32)
        return visible.given(values, np.zeros((1, self.sizes[0]), np.float32))

    def _is_moved_by_missing(self):
        """Whether units depend on missing values; a ValueError where these have no draws."""
        if not self.machine.is_autoregressive:
            return False
        if not self.machine.can_complete(self.ability):
            name = self.machine.visible.units.name.capitalize()
            raise ValueError(
                f"{self.ability} has no draws where values of {name} features that depend on each "
                "other are missing (NaN)."
            )
        return True

    def _room(self, values, completed):
        """The data of each chain where missing values are a part of its state, or none."""
        if not np.isnan(values).any() or not self._is_moved_by_missing():
            return np.empty((0, self.sizes[0]), np.float32)
        if completed is None:
            raise ValueError(
                "completed must hold the data of each chain where an autoregressive machine meets "
                "missing values, got None."
            )
        return completed
