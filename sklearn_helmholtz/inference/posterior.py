"""p(h | x) by samples: from recognition, from weighted particles, and from Markov chains.

Like `ExactPosterior`, each has `sample`, `complete`, `infer` and `expected_data` for a block of
rows x whose random numbers have ``addresses``, one for each row.
"""

import numpy as np

from .. import _keys
from .._kernels.random import uniform_rows
from .._keys import Draws, Purpose
from ..layers import outer
from ..rows import Block
from ..units import Missing
from .completion import depends_on_missing, draw_children, normal_components
from .importance import n_from_prior, sample_particles, sample_prior_particles
from .mean_field import MeanField
from .proposals import propose
from .resampling import choose, resampling_uniforms
from .sampler import sampler_of


class SampledPosterior:
    """Posterior known by samples: every mean is that of ``n_samples`` draws.

    Subclasses have `sample`, and `_complete_autoregressive` where units depend on what is missing.
    """

    def __init__(self, machine, seed, n_samples):
        self.machine, self._seed, self.n_samples = machine, seed, n_samples

    @property
    def entries_per_row(self):
        """Number of values held for each row of a block."""
        return self.n_samples * max(self.machine.n_units)

    def infer(self, x, addresses, n_samples):
        """Mean states of each hidden layer, (n_rows, n_units), and the draws they are those of.

        And the effective sample size of the weights by which each row's draws were chosen.
        """
        samples, sizes = self._weigh_and_sample(x, addresses, n_samples)
        return [_mean(states, len(addresses)) for states in samples], samples, sizes

    def expect(self, function, x, addresses, n_samples):
        """Mean of a function of the last layer's states over the draws, (n_rows, ...) float64."""
        return _mean(function(self.sample(x, addresses, n_samples)[-1]), len(addresses))

    def _weigh_and_sample(self, x, addresses, n_samples):
        """Draws, and effective sample sizes, which are infinite where nothing is weighed."""
        return self.sample(x, addresses, n_samples), np.full(len(addresses), np.inf)

    def complete(self, x, addresses, n_samples):
        """Draws as from `sample`, and of the data given them and what is observed.

        The data are (n_rows * n_samples, n_features), of which only what is missing of x means
        anything.
        """
        if depends_on_missing(self.machine, x):
            return self._complete_autoregressive(x, addresses, n_samples)
        hidden = self.sample(x, addresses, n_samples)
        draws = Draws(_keys.key(self._seed, Purpose.COMPLETE), addresses, n_samples)
        return hidden, draw_children(self.machine.visible, hidden[0], draws)

    def expected_data(self, x, addresses):
        """Expected values of the data, given what is observed of them, (n_rows, n_features)."""
        if depends_on_missing(self.machine, x):
            return _mean(self.complete(x, addresses, self.n_samples)[1], len(addresses))
        first = self.sample(x, addresses, self.n_samples)[0]
        return _mean(self.machine.visible.mean(first), len(addresses))


class GuessedPosterior(SampledPosterior):
    """Approximate posterior of the hidden layers, from which draws are independent."""

    def _complete_autoregressive(self, x, addresses, n_samples):
        """The data drawn given nothing that comes after them: a guess as well."""
        hidden = self.sample(x, addresses, n_samples)
        draws = Draws(_keys.key(self._seed, Purpose.COMPLETE), addresses, n_samples)
        log_prob = np.zeros(draws.n_rows)
        data = self.machine.visible.observe_given(hidden[0], x, draws, 0, log_prob)
        return hidden, Block(data).toarray()


class RecognitionPosterior(GuessedPosterior):
    """q(h | x), the recognition chain's guess."""

    method = "recognition"

    def __init__(self, machine, seed=None, n_samples=1):
        super().__init__(machine, seed, n_samples)

    def sample(self, x, addresses, n_samples):
        """Draws of the hidden layers, from the data upward, (n_rows * n_samples, n_units)."""
        draws = Draws(_keys.key(self._seed, Purpose.SCORE), addresses, n_samples)
        return self.machine.recognise(x, draws)[0][1:]

    def infer(self, x, addresses, n_samples):
        """As of `SampledPosterior`; the means of real latents are those of recognition itself."""
        means, samples, sizes = super().infer(x, addresses, n_samples)
        if not self.machine.recognition.conditionals[0].units.is_binary:
            means = [layer.astype(np.float64) for layer in self.hidden_means(x)]
        return means, samples, sizes

    def hidden_means(self, x, addresses=None):
        """Means of each hidden layer's units, each seeing those of the layer below."""
        return self.machine.recognition.means(self.machine.seen(x))


class MeanFieldPosterior(GuessedPosterior):
    """The factorised distribution of mean field."""

    method = "mean-field"

    def __init__(self, machine, seed=None, n_samples=1):
        super().__init__(machine, seed, n_samples)
        self._mean_field = MeanField.of(machine)

    def sample(self, x, addresses, n_samples):
        """Draws of the hidden layers, from the data upward, (n_rows * n_samples, n_units)."""
        return self._draw(self.hidden_means(x), addresses, n_samples)

    def infer(self, x, addresses, n_samples):
        """The probabilities of the units of each hidden layer, (n_rows, n_units), and draws.

        And effective sample sizes: infinite, since nothing is weighed.
        """
        layers = self.hidden_means(x)
        draws = self._draw(layers, addresses, n_samples)
        return layers, draws, np.full(len(addresses), np.inf)

    def hidden_means(self, x, addresses=None):
        """The probabilities of the units of each hidden layer, (n_rows, n_units)."""
        return self._mean_field.hidden(self._mean_field.infer(x)[0])

    def free_energy(self, x):
        """Minus the bound of log p(x) of each row, nats."""
        return -self._mean_field.infer(x)[1]

    def _draw(self, layers, addresses, n_samples):
        draws = Draws(_keys.key(self._seed, Purpose.SCORE), addresses, n_samples)
        states = []
        for number, means in enumerate(layers, start=1):
            numbers = np.empty((draws.n_rows, means.shape[1]), np.float32)
            word = _keys.layer_word(number)
            uniform_rows(draws.key, addresses, n_samples, 0, word, numbers)
            states.append((numbers < np.repeat(means, n_samples, axis=0)).astype(np.uint8))
        return states


class ImportancePosterior(SampledPosterior):
    """A pool of weighted particles for each row, as in importance sampling of log p(x).

    Means are those of the whole pool; samples are drawn from the pool of their row.
    n_samples : the size of a pool.
    """

    method = "importance"

    def pool(self, x, addresses):
        """The hidden layers of the particles, (n_rows, n_samples, n_units), and their weights.

        Weights (n_rows, n_samples) float64 sum to 1 for each row.
        """
        particles, weights = self._weigh(x, addresses)
        return _side_by_side([p.values[1:] for p in particles], len(addresses)), weights

    def completed_pool(self, x, addresses):
        """As `pool`, before the hidden layers the data, in which what is missing was drawn.

        For rows whose units depend on what is missing: a particle is its data as well.
        """
        particles, weights = self._weigh(x, addresses)
        values = [(p.values[0].toarray(), *p.values[1:]) for p in particles]
        return _side_by_side(values, len(addresses)), weights

    def _weigh(self, x, addresses):
        """Particles from the proposal and from the prior, and the weights of all."""
        n_prior = n_from_prior(self.machine, self.n_samples)
        key, share = _keys.key(self._seed, Purpose.SCORE), n_prior / self.n_samples
        parts = [(sample_particles, self.n_samples - n_prior), (sample_prior_particles, n_prior)]
        proposal = propose(self.machine, x, addresses, self.n_samples - n_prior)
        particles = [
            sample(self.machine, x, Draws(key, addresses, n), proposal=proposal)
            for sample, n in parts
            if n
        ]
        log_weights = np.concatenate([p.mixture_log_weights(share) for p in particles], axis=1)
        weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
        return particles, weights / weights.sum(axis=1, keepdims=True)

    def sample(self, x, addresses, n_samples):
        """Draws of the hidden layers, from the data upward, (n_rows * n_samples, n_units)."""
        return self._draw(*self.pool(x, addresses), addresses, n_samples)

    def _complete_autoregressive(self, x, addresses, n_samples):
        data, *hidden = self._draw(*self.completed_pool(x, addresses), addresses, n_samples)
        return hidden, data

    def infer(self, x, addresses, n_samples):
        """Mean states of each hidden layer, (n_rows, n_units), over the pool, and draws from it.

        And the effective sample size of each row's pool.
        """
        layers, weights = self.pool(x, addresses)
        means = [_weighted_mean(weights, states) for states in layers]
        draws = self._draw(layers, weights, addresses, n_samples)
        return means, draws, _effective_sizes(weights)

    def expect(self, function, x, addresses, n_samples):
        """Mean of a function of the last layer's states over the pool, (n_rows, ...) float64."""
        (*_, states), weights = self.pool(x, addresses)
        values = function(states.reshape(-1, states.shape[2]))
        return _weighted_mean(weights, values.reshape(*weights.shape, -1))

    def start_chains(self, x, addresses, n_samples):
        """Draws of all layers as chains start from them, and effective sample sizes.

        The layer of the data is None where no unit depends on what is missing.
        """
        if depends_on_missing(self.machine, x):
            layers, weights = self.completed_pool(x, addresses)
            return self._draw(layers, weights, addresses, n_samples), _effective_sizes(weights)
        layers, weights = self.pool(x, addresses)
        draws = self._draw(layers, weights, addresses, n_samples)
        return [None, *draws], _effective_sizes(weights)

    def _draw(self, layers, weights, addresses, n_samples):
        chosen = choose(weights, resampling_uniforms(self._seed, addresses, n_samples))
        rows = np.repeat(np.arange(len(addresses)), n_samples)
        return [states[rows, chosen] for states in layers]

    def expected_data(self, x, addresses):
        """Expected values of the data, given what is observed of them, (n_rows, n_features)."""
        if depends_on_missing(self.machine, x):
            return self._expected_autoregressive(x, addresses)
        (first, *_), weights = self.pool(x, addresses)
        return _weighted_mean(weights, self._data_means(first))

    def _expected_autoregressive(self, x, addresses):
        """The same where units depend on what is missing.

        Gaussian values have a mean given the hidden states of a particle and all that is observed.
        Of others the mean is that of the particles' own data, not an autoregressive expectation:
        evidence that comes after a value is in the weights of whole particles only.
        """
        if self.machine.visible.units.missing is Missing.INTEGRATED:
            weights, means, _ = self.data_components(x, addresses, self.n_samples)
        else:
            (means, *_), weights = self.completed_pool(x, addresses)
        return _weighted_mean(weights, means)

    def data_components(self, x, addresses, most):
        """The distribution of the data as a mixture, given what is observed of them.

        Weights (n_rows, n_components), means (n_rows, n_components, n_features) and variances
        (n_rows, n_features) of the ``most`` heaviest components, each a particle, or of so many
        chosen by weight where hidden units are real numbers: the heaviest of these lie where few
        are proposed. Where missing values are drawn as a part of each particle, its own values,
        with variances of 0.
        """
        visible = self.machine.visible
        drawn = depends_on_missing(self.machine, x) and visible.units.missing is Missing.DRAWN
        if drawn:
            (values, *_), weights = self.completed_pool(x, addresses)
            weights, values = _heaviest(weights, values, most)
            return weights, values, np.zeros((len(x), values.shape[2]))
        (first, *_), weights = self.pool(x, addresses)
        is_binary = self.machine.generation.conditionals[-2].units.is_binary
        weights, first = (_heaviest if is_binary else _typical)(weights, first, most)
        if self.machine.is_autoregressive:
            return weights, *normal_components(visible, x, first)
        return weights, self._data_means(first), visible.units.component_variances(len(first))

    def answers(self, x, addresses, strategy):
        """Values of all columns of mixed data, given what is observed, (n_rows, n_features).

        strategy : see `units.Mixed.answers`. Where columns depend on what is missing, it is that of
        the particles' own values.
        """
        visible = self.machine.visible
        if depends_on_missing(self.machine, x):
            (values, *_), weights = self.completed_pool(x, addresses)
            return visible.units.answers_from_draws(strategy, weights, values)
        (first, *_), weights = self.pool(x, addresses)
        eta = visible.eta(first.reshape(-1, first.shape[2]))
        return visible.units.answers(strategy, weights, eta.reshape(*first.shape[:2], -1))

    def _data_means(self, first):
        """Expected data under first hidden layers (n_rows, n_particles, n_1)."""
        means = self.machine.visible.mean(first.reshape(-1, first.shape[2]))
        return means.reshape(*first.shape[:2], -1)


class MovedPosterior(SampledPosterior):
    """Draws from a pool of weighted particles, moved on by the machine's sampler.

    n_pool : the size of a pool; n_sweeps : sweeps over all hidden units after which a draw is
    taken. Each draw is a chain of its own.
    """

    def __init__(self, machine, seed, n_samples, n_pool, n_sweeps):
        super().__init__(machine, seed, n_samples)
        self._start, self._n_sweeps = ImportancePosterior(machine, seed, n_pool), n_sweeps
        self._sampler = sampler_of(machine)

    @property
    def method(self):
        """The name of the sampler."""
        return self._sampler.name

    @property
    def entries_per_row(self):
        """Number of values held for each row of a block."""
        return self.n_samples * max(self.machine.n_units) + self._start.entries_per_row

    def sample(self, x, addresses, n_samples):
        """Draws of the hidden layers, from the data upward, (n_rows * n_samples, n_units)."""
        return self._weigh_and_sample(x, addresses, n_samples)[0]

    def _weigh_and_sample(self, x, addresses, n_samples):
        hidden, _, sizes = self._move(x, addresses, n_samples)
        return hidden, sizes

    def _complete_autoregressive(self, x, addresses, n_samples):
        return self._move(x, addresses, n_samples)[:2]

    def _move(self, x, addresses, n_samples):
        """Draws of the hidden layers and of the data, and effective sample sizes of the pools.

        Of the data where units depend on what is missing of them, which is then a part of a chain;
        otherwise None.
        """
        (data, *hidden), sizes = self._start.start_chains(x, addresses, n_samples)
        states = np.concatenate(hidden, axis=1)
        draws = Draws(_keys.key(self._seed, Purpose.SWEEP), addresses, n_samples)
        self._sampler.sweep(x, states, draws, self._n_sweeps, completed=data)
        hidden = [np.ascontiguousarray(layer) for layer in self._sampler.split(states)]
        return hidden, data, sizes


def _side_by_side(parts, n_rows):
    """Layers of several groups of particles as (n_rows, n_particles, n_units)."""
    return [
        np.concatenate([states.reshape(n_rows, -1, states.shape[1]) for states in layers], axis=1)
        for layers in zip(*parts, strict=True)
    ]


def _heaviest(weights, states, most):
    """The ``most`` heaviest particles of each row: weights, and states (n_rows, most, n_units)."""
    if most >= weights.shape[1]:
        return weights, states
    heaviest = np.argsort(-weights, axis=1, kind="stable")[:, :most]
    weights = np.take_along_axis(weights, heaviest, axis=1)
    return weights, np.ascontiguousarray(np.take_along_axis(states, heaviest[..., None], axis=1))


def _typical(weights, states, most):
    """Particles at ``most`` even steps of each row's weights, and equal weights; as `_heaviest`."""
    if most >= weights.shape[1]:
        return weights, states
    steps = np.broadcast_to((np.arange(most) + 0.5) / most, (len(weights), most))
    chosen = choose(weights, steps).reshape(len(weights), most, 1)
    states = np.ascontiguousarray(np.take_along_axis(states, chosen, axis=1))
    return np.full((len(weights), most), 1 / most), states


def _effective_sizes(weights):
    """Effective sample sizes of weights (n_rows, n_samples) that sum to 1."""
    return 1 / (weights**2).sum(axis=1)


def _mean(values, n_rows):
    return values.reshape(n_rows, -1, values.shape[1]).mean(axis=1, dtype=np.float64)


def _weighted_mean(weights, values):
    """The mean of values (n_rows, n_particles, n_units), (n_rows, n_units) float64."""
    means = [
        outer(w[None], part.astype(np.float64)) for w, part in zip(weights, values, strict=True)
    ]
    return np.concatenate(means)
