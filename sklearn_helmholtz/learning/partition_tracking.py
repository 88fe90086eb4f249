"""Log Z of a Boltzmann machine that learns, followed from step to step."""

import copy
import math
from dataclasses import dataclass

import numpy as np

from .. import _keys, _tree
from .._keys import Draws, Purpose
from ..machines import log_sum
from ..rows import Block
from ..units import Bernoulli

N_CHAINS = 64
_MOST_STATES = 2**12  # of the smaller side, where all of them are enumerated
_MOST_INPUTS = 2**16  # that these states make of the units of the other side
_SHORTEST = 2**-12  # way in inverse temperature that a start goes at once
_WARMING = 0.98  # share of the chains that stay of use on a way in temperature
_CROSSING = 0.8  # the same between machines that have been learnt
_OF_USE = 0.5  # share of use below which chains are resampled
_SMALLEST = 1e-6  # variance


def follow_partition(machine, seed):
    """Follower of log Z of a machine: `ExactPartition` where it is small, else chains."""
    few, many = sorted(machine.n_units)
    if 2**few <= _MOST_STATES and 2**few * many <= _MOST_INPUTS:
        return ExactPartition()
    return PartitionChains.start(machine, seed)


@dataclass(frozen=True)
class ExactPartition:
    """Log Z by all states of the smaller side: nothing is to be followed."""

    def follow(self, near, far):
        """Nothing to do."""

    def look_again(self, machine):
        """Nothing to do."""

    def log_partition(self, machine):
        """Log Z, nats."""
        return exact_log_partition(machine)

    def bridge(self, near, far):
        """Log Z of the far machine, nats."""
        return self.log_partition(far)


def exact_log_partition(machine):
    """Log Z by all states of the smaller side, the other side being summed out; nats."""
    n_visible, n_hidden = machine.n_units
    states = all_binary(min(n_visible, n_hidden))
    if n_visible <= n_hidden:
        table = machine.log_unnormalized(Block(states), machine.hidden_eta(states))
    else:
        own = states @ machine.hidden_intercept.astype(np.float64)
        table = own + log_sum(machine.visible_eta(states))
    return _log_total(table)


def all_binary(n):
    """All states of n units, (2^n, n) uint8."""
    numbers = np.arange(2**n)[:, None]
    return (numbers >> np.arange(n) & 1).astype(np.uint8)


@dataclass
class PartitionChains:
    """Weighted chains that follow a machine as it learns, and with them log Z.

    They begin in independent units at the base rates, whose log Z is known, and go to the machine
    by way of those in between (annealed importance sampling with resampling; Del Moral, Doucet &
    Jasra 2006, Sequential Monte Carlo samplers). From then on, the machine at each look takes the
    place of one in between: chains are weighed by ``p*_new(v) / p*_old(v)``, and make a sweep under
    the new machine. The mean weight is the ratio of both Z; chains are resampled when weights
    differ much.

    What is followed best is an average of parameters: it changes little and less, while errors add
    up along the way of parameters that circle around.

    A machine changes most at first, and then errors are made that stay. `look_again` comes from the
    base rates once more, and weighs both results by what is known of their errors.

    seed : of their random numbers; visible : (n_chains, n_visible) uint8; log_weights :
    (n_chains,); log_mean : of the weights that were resampled away, and where the chains began;
    log_p : (n_chains,), log p* under the machine that they follow; n_sweeps : so far; variance : of
    log_mean, nats squared, by the delta method.
    """

    seed: tuple
    visible: np.ndarray
    log_weights: np.ndarray
    log_mean: float
    log_p: np.ndarray
    n_sweeps: int = 0
    variance: float = 0.0

    @classmethod
    def start(cls, machine, seed, n_sweeps=0, n_chains=N_CHAINS):
        """Chains that have come from the base to a machine; n_sweeps : of others before."""
        chains = cls(seed, None, np.zeros(n_chains), 0.0, None, n_sweeps)
        chains._begin(machine)
        beta = 0.0
        while beta < 1:
            beta = chains._warm(machine, beta)
        chains.log_p = chains._log_unnormalized(machine)
        return chains

    def _warm(self, machine, beta):
        """Go up in inverse temperature as far as most chains stay of use; returns where to."""
        log_p = self._path(machine)
        way, now, share = 1 - beta, log_p(beta), self._share_of_use(machine)
        while way > _SHORTEST and effective_share(log_p(beta + way) - now) < share:
            way /= 2
        beta = min(beta + way, 1.0)
        self._weigh(log_p(beta) - now)
        self._resample()
        self._sweep(machine, beta)
        return beta

    # What depends on the kind of the data.

    def _begin(self, machine):
        """Chains of the base, and its log Z."""
        base, n_hidden = machine.base.logits[None], machine.n_units[1]
        self.log_mean = float(log_sum(base)[0]) + n_hidden * math.log(2)
        eta = np.repeat(base, len(self.log_weights), axis=0)
        self.visible = _sample(eta, self._draws(), 0)

    def _path(self, machine):
        """A function of an inverse temperature: log p* there of the chains where they are."""
        eta = machine.hidden_eta(self.visible)
        own = self._energy(machine)
        base = np.einsum("rk,k->r", self.visible.astype(np.float64), machine.base.logits)
        return lambda t: (1 - t) * base + t * own + log_sum(np.float32(t) * eta)

    def _sweep(self, machine, beta):
        """Move the chains at an inverse temperature."""
        draws, beta = self._draws(), np.float32(beta)
        hidden = _sample(beta * machine.hidden_eta(self.visible), draws, 1)
        down = (1 - beta) * machine.base.logits + beta * machine.visible_eta(hidden)
        self.visible = _sample(down, draws, 0)

    def _share_of_use(self, machine):
        """The share of the chains that have to stay of use on a way in temperature."""
        return _WARMING

    def _energy(self, machine):
        return machine.visible_energy(Block(self.visible))

    # What does not.

    def follow(self, near, far):
        """Go from the machine that is followed to another, by way of machines in between.

        As far at a time as most chains stay of use.
        """
        t = 0.0
        while t < 1:
            way = 1 - t
            while way > _SHORTEST:
                gain = self._log_unnormalized(_between(near, far, t + way)) - self.log_p
                if effective_share(gain) >= _CROSSING:
                    break
                way /= 2
            t = min(t + way, 1.0)
            self._step(_between(near, far, t))

    def _step(self, machine):
        """Weigh the chains by what the machine has become, and move them under it."""
        self._weigh(self._log_unnormalized(machine) - self.log_p)
        self._resample()
        self._sweep(machine, 1.0)
        self.log_p = self._log_unnormalized(machine)

    def look_again(self, machine):
        """Come from the base rates once more, to the machine that is followed."""
        fresh = type(self).start(machine, self.seed, self.n_sweeps)
        found = [chains.log_partition(machine) for chains in (self, fresh)]
        precise = [1 / max(chains.total_variance, _SMALLEST) for chains in (self, fresh)]
        log_partition = np.average(found, weights=precise)
        self.visible, self.log_p, self.n_sweeps = fresh.visible, fresh.log_p, fresh.n_sweeps
        self.log_weights, self.variance = fresh.log_weights, 1 / sum(precise)
        self.log_mean = float(log_partition - _log_mean(fresh.log_weights))

    def bridge(self, near, far):
        """Log Z of a machine far from the one that is followed, by way of machines in between.

        near : the machine that is followed; the chains themselves stay where they are.
        """
        chains = copy.copy(self)
        chains.follow(near, far)
        return chains.log_mean + _log_mean(chains.log_weights)

    @property
    def total_variance(self):
        """Variance of log Z of the machine that is followed, nats squared, by the delta method."""
        return self.variance + self._variance_of_weights()

    def _variance_of_weights(self):
        return (1 / effective_share(self.log_weights) - 1) / len(self.log_weights)

    def log_partition(self, machine):
        """Log Z of a machine near the one that is followed, nats."""
        ratio = self._log_unnormalized(machine) - self.log_p
        return self.log_mean + _log_mean(self.log_weights + ratio)

    def _log_unnormalized(self, machine):
        return self._energy(machine) + log_sum(machine.hidden_eta(self.visible))

    def _draws(self):
        """Random numbers of the next sweep."""
        self.n_sweeps += 1
        addresses = _keys.training_addresses(self.n_sweeps, 0, len(self.log_weights))
        return Draws(_keys.key(self.seed, Purpose.TRACK), addresses)

    def _weigh(self, log_ratio):
        self.log_weights = self.log_weights + log_ratio

    def _resample(self):
        """Choose among the chains if less than half of them are of use."""
        if effective_share(self.log_weights) >= _OF_USE:
            return
        self.variance += self._variance_of_weights()
        n = len(self.log_weights)
        weights = np.exp(self.log_weights - self.log_weights.max())
        start = _keys.generator(self.seed, Purpose.TRACK, self.n_sweeps).random()
        chosen = np.searchsorted(np.cumsum(weights), (start + np.arange(n)) * weights.sum() / n)
        chosen = np.minimum(chosen, n - 1)
        self.log_mean += _log_mean(self.log_weights)
        self.log_weights = np.zeros(n)
        self.visible = self.visible[chosen]


def _between(near, far, t):
    """The machine whose parameters lie at a share of the way from one to another."""
    if t == 1:
        return far
    pairs = zip(_tree.leaves(near), _tree.leaves(far), strict=True)
    share = np.float32(t)
    return _tree.with_leaves(near, [(1 - share) * one + share * other for one, other in pairs])


def _sample(eta, draws, layer):
    return Bernoulli().sample(eta, draws, layer, np.zeros(len(eta)))


def effective_share(log_weights):
    """Effective sample size of weights over their number."""
    weights = np.exp(log_weights - log_weights.max())
    return weights.sum() ** 2 / (weights**2).sum() / len(weights)


def _log_mean(log_weights):
    return _log_total(log_weights) - math.log(len(log_weights))


def _log_total(log_weights):
    most = float(log_weights.max())
    return most + math.log(float(np.exp(log_weights - most).sum()))
