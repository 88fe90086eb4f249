"""Learning by the score function: recognition is rewarded for what its samples are worth.

The gradient of E_q[f(h)] by the parameters of q is E_q[f(h) d log q(h)], whatever f is, and so is
that of f less anything that h does not change. What is taken away decides how noisy it is.
"""

import threading
from dataclasses import dataclass

import numpy as np

from .._kernels.particles import self_normalise
from .memory import Memory
from .passes import generation_gradient, infer_by_recognition
from .rule import BeliefNetRule, weighted

_DECAY = 0.8  # of running means, from step to step


@dataclass(frozen=True)
class NVIL(BeliefNetRule):
    """Neural variational inference and learning: one sample, and rewards less what was expected.

    Both chains move along the gradient of the evidence lower bound E_q[log p(x, h) - log q(h | x)].
    A layer of recognition is rewarded by that part of it which depends on the layer, given the
    layer below, less what a learnt `Baseline` expects of the layer below, less the running mean of
    the rest; rewards that vary much (a standard deviation above 1) are scaled down to 1, which
    changes the length of the step and no direction in the mean.

    Where units depend on what is missing of the data (autoregressive machines), that is drawn by
    the generative chain and scored like the rest. The step of this chain then lacks what the
    bound owes to how it is drawn, E[f d log p(missing | h)] for the bound f of a draw; that of
    recognition is whole.

    baseline : whether anything is taken away; normalise : whether rewards are scaled down.

    References
    ----------
    Mnih & Gregor (2014), Neural variational inference and learning in belief networks, ICML.
    """

    baseline: bool = True
    normalise: bool = True

    n_particles = 1

    def make_memory(self, machine, rows):
        """The running means of the rewards of each layer."""
        return Rewards(len(machine.n_units) - 1)

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats.

        machine : `WithBaselines`; wake : random numbers with an address for each
        row; dream : not used; memory : running means, or None where there are none yet.
        """
        passes, log_q, log_p = infer_by_recognition(machine, x, wake, work)
        worth = log_p - np.cumsum(log_q[::-1], axis=0)[::-1]
        rewards = worth.copy()
        below = machine.below(x, passes.hidden)
        if self.baseline:
            expected = [
                b.predict(part, work) for b, part in zip(machine.baselines, below, strict=True)
            ]
            rewards -= [numbers for numbers, _ in expected]
        if memory is not None:
            memory.count(rewards, x.weights)
            if self.baseline:
                rewards -= memory.means[:, None]
        if self.normalise and memory is not None:
            rewards /= np.maximum(1, np.sqrt(memory.variances))[:, None]
        weights = np.ones(len(x)) if x.weights is None else x.weights
        weights, rewards = (a.astype(np.float32) for a in (weights, weighted(rewards, x.weights)))
        generation_gradient(machine, passes, weights, out.generation)
        reward_gradient(machine, passes, rewards, out.recognition)
        for i, target in enumerate(out.baselines):
            if self.baseline:
                states = expected[i][1]
                machine.baselines[i].gradient(below[i], states, rewards[i], target)
        return float(weighted(worth[0], x.weights).sum())


class Rewards(Memory):
    """Running means and variances of rewards, one for each hidden layer, from step to step."""

    def __init__(self, n_layers):
        self.means, self.variances = np.zeros((2, n_layers))
        self._n_steps, self._parts, self._lock = 0, {}, threading.Lock()

    @property
    def carry_over(self):
        """The means and variances, and the number of steps that they are made of."""
        return self.means, self.variances, self._n_steps

    def resume(self, carry_over):
        """Go on from the means and variances of an earlier training."""
        self.means, self.variances, self._n_steps = carry_over

    def take(self, place):
        """A view for a block of rows, with a place for the rewards that it will get."""
        return _Share(self.means, self.variances)

    def put(self, place, part):
        """Keep the rewards of a block until the end of the step."""
        with self._lock:
            self._parts[int(place.numbers[0])] = part.sums

    def end_step(self, machine, result):
        """Let the rewards of a step enter the running means: blocks in the order of their rows."""
        total = sum(self._parts[number] for number in sorted(self._parts))
        self._parts = {}
        first, second = total[1:] / total[0]
        share = 1 - _DECAY if self._n_steps else 1.0
        self._n_steps += 1
        self.means = self.means + share * (first - self.means)
        self.variances = self.variances + share * (
            np.maximum(second - first**2, 0) - self.variances
        )


class _Share:
    def __init__(self, means, variances):
        self.means, self.variances, self.sums = means, variances, None

    def count(self, rewards, weights):
        """Note the rewards (n_layers, n_rows) of a block; weights : (n_rows,) or None."""
        total = rewards.shape[1] if weights is None else weights.sum()
        sums = (weighted(part, weights).sum(axis=1) for part in (rewards, rewards**2))
        self.sums = np.array([np.full(len(rewards), total, np.float64), *sums])


@dataclass(frozen=True)
class VIMCO(BeliefNetRule):
    """Several samples of each row, each rewarded by what the bound would be without it.

    Both chains move along the gradient of the importance-weighted bound E log(1/K sum_k p/q). A
    sample is rewarded by the bound less what it would be if the sample's weight were the geometric
    mean of the others; besides, the bound depends on q itself, through the weights.

    Where units depend on what is missing of the data, the step of the generative chain lacks what
    the bound owes to how it is drawn, as in `NVIL`.

    n_particles : K, at least 2; baseline : whether anything is taken away.

    References
    ----------
    Mnih & Rezende (2016), Variational inference for Monte Carlo objectives, ICML.
    """

    n_particles: int
    baseline: bool = True

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats.

        dream : not used.
        """
        passes, _, _ = infer_by_recognition(machine, x, wake, work)
        weights = np.empty(passes.log_weights.shape, np.float32)
        bounds = np.empty(len(weights))
        self_normalise(passes.log_weights, weights, bounds)
        rewards = np.repeat(bounds[:, None], self.n_particles, axis=1)
        if self.baseline:
            rewards -= bounds_without(passes.log_weights)
        rewards -= weights
        if x.weights is not None:
            rewards *= x.weights[:, None]
            weights *= x.weights[:, None]
        rewards = np.ascontiguousarray(rewards.reshape(1, -1), np.float32)
        rewards = np.repeat(rewards, len(passes.hidden), axis=0)
        generation_gradient(machine, passes, weights, out.generation)
        reward_gradient(machine, passes, rewards, out.recognition)
        return float(weighted(bounds, x.weights).sum())


def bounds_without(log_weights):
    """The bound of each row, each weight in turn being the geometric mean of the others.

    log_weights : (n_rows, n_particles), of at least two particles. The same shape, nats.
    """
    n = log_weights.shape[1]
    others = (log_weights.sum(axis=1, keepdims=True) - log_weights) / (n - 1)
    return np.logaddexp(_sums_without(log_weights), others) - np.log(n)


def _sums_without(log_weights):
    """Logarithms of the sums of all weights but one, from those before it and those after it."""
    before, after = np.full((2, *log_weights.shape), -np.inf)
    before[:, 1:] = np.logaddexp.accumulate(log_weights[:, :-1], axis=1)
    after[:, -2::-1] = np.logaddexp.accumulate(log_weights[:, :0:-1], axis=1)
    return np.logaddexp(before, after)


def reward_gradient(machine, passes, rewards, out):
    """Write the gradient of ``sum reward log q(h_i | h_{i-1})`` over the particles to ``out``.

    rewards : (n_layers, n_rows * n_particles) float32.
    """
    for i, conditional in enumerate(machine.recognition.conditionals):
        below = passes.hidden[i - 1] if i else machine.seen(passes.x)
        conditional.learn(
            below, passes.hidden[i], passes.recognition_etas[i], rewards[i], out.conditionals[i]
        )
