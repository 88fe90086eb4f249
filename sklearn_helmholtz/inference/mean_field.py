"""Mean field: the factorised distribution of the hidden units that is closest to p(h | x)."""

from dataclasses import replace

import numpy as np

from .. import _keys
from .._kernels.mean_field import mean_field
from .._kernels.mean_field_gradient import mean_field_gradient
from .._kernels.random import uniform_rows
from .._keys import Purpose
from ..units import Ability
from .flat_net import FlatNet

MOST_SWEEPS = 200
TOL = 1e-5  # nats that a sweep has to gain of a row's bound to be followed by another
LARGEST_WEIGHT = 150.0  # in magnitude: products of four exponentials are float64 numbers
_LOWEST = 0.01  # probability to start from where nothing is known yet
_N_STARTS = 2


class MeanField(FlatNet):
    """Distributions in which hidden units are independent, and lower bounds of log p(x).

    Coordinate ascent on the bound of Saul, Jaakkola & Jordan (1996), unit by unit: it never falls.
    *Means* are the probabilities of all units, those of the data first, (n_rows, n_all) float64.
    Where units depend on those before them, what is missing of the data is treated like hidden
    units.

    References
    ----------
    Saul, Jaakkola & Jordan (1996), Mean field theory for sigmoid belief networks, Journal of
    Artificial Intelligence Research 4, 61-76.
    """

    ability = Ability.MEAN_FIELD

    def clip_weights(self):
        """The same net with no weight beyond what `check` allows: good enough for proposals."""
        weights = np.clip(self.weights, -LARGEST_WEIGHT, LARGEST_WEIGHT)
        return replace(self, weights=weights)

    def start(self, addresses, number=0):
        """Means to start from: different for each unit, since equal ones might never part.

        They depend on the address of a row and the number of the start, on nothing else, and lie
        anywhere: the bound is all but flat around 1/2.
        """
        means = np.empty((len(addresses), len(self.intercepts)), np.float32)
        key = _keys.key(_keys.scoring_seed(), Purpose.START)
        uniform_rows(key, addresses, 1, number, _keys.layer_word(0), means)
        return _LOWEST + (1 - 2 * _LOWEST) * means.astype(np.float64)

    def infer(self, x):
        """The means with the highest bounds that a few starts lead to, and the bounds, nats.

        All rows start alike, so that those that are nearly equal end alike.
        """
        addresses, best = np.zeros(len(x), np.uint64), np.full(len(x), -np.inf)
        means = np.empty((len(x), len(self.intercepts)))
        for number in range(_N_STARTS):
            found = self.start(addresses, number)
            bounds = self.solve(x, found)[1]
            higher = bounds > best
            means[higher], best[higher] = found[higher], bounds[higher]
        return means, best

    def solve(self, x, means, most_sweeps=MOST_SWEEPS, tol=TOL):
        """Raise the bounds of a block of rows from given means, which are changed in place.

        Returns xi (n_rows, n_all), the other parameters of the bounds, these, (n_rows,) nats, and
        the sweeps that each row took.
        """
        self.check(x)
        values = np.ascontiguousarray(x.toarray(), np.float32)
        xi, bounds = np.full(means.shape, 0.5), np.empty(len(means))
        n_sweeps = np.empty(len(means), np.int64)
        mean_field(
            self.family, self.parameters, values, self.sizes, self.weights, self.intercepts,
            most_sweeps, tol, means, xi, bounds, n_sweeps,
        )  # fmt: skip
        return xi, bounds, n_sweeps

    def gradient(self, x, means, xi):
        """Derivatives of the weighted bounds by weights and intercepts, and moments of the data.

        The first two as the fields; of data that are not binary (n_rows, n_features), what their
        family wants expected: of Gaussian data the squares of x - eta, 0 where they are missing.
        """
        values = np.ascontiguousarray(x.toarray(), np.float32)
        weights, intercepts = np.zeros(len(self.weights)), np.zeros(len(self.intercepts))
        moments = np.zeros((len(values), 0 if self.is_binary else values.shape[1]))
        row_weights = np.ones(len(values)) if x.weights is None else x.weights
        mean_field_gradient(
            self.family, self.parameters, values, self.sizes, self.weights, self.intercepts, means,
            xi, row_weights, weights, intercepts, moments,
        )  # fmt: skip
        return weights, intercepts, moments

    def hidden(self, means):
        """The means of each hidden layer, from the data upward."""
        return self.split(means[:, self.sizes[0] :])

    @property
    def has_moderate_weights(self):
        """Whether no weight is beyond what the bound can be computed for."""
        return bool((np.abs(self.weights) <= LARGEST_WEIGHT).all())

    def check_weights(self):
        """A ValueError where a weight is too large."""
        if not self.has_moderate_weights:
            raise ValueError(
                f"Mean field needs weights of at most {LARGEST_WEIGHT:g} in magnitude, and one of "
                f"this net is {np.abs(self.weights).max():g}. Infer in another way, or train with "
                "a larger alpha."
            )

    def check(self, x):
        """A ValueError where the bound cannot be computed."""
        self.check_weights()
        if not self.machine.can_complete(Ability.MEAN_FIELD) and x.has_missing:
            name = self.machine.visible.units.name.capitalize()
            raise ValueError(
                f"Mean field has no bound where values of {name} features that depend on each "
                "other are missing (NaN). Infer in another way, or train with "
                "autoregressive=False."
            )
