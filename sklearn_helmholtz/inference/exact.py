"""p(h | x) by enumeration of all hidden states, in float64."""

import numpy as np
from scipy.special import logsumexp

from .. import _keys
from .._keys import Draws, Purpose
from ..layers import outer
from ..rows import Block
from ..units import Ability
from .completion import depends_on_missing, draw_autoregressive, draw_children, normal_components
from .missing import missing_posterior
from .resampling import choose, resampling_uniforms
from .states import all_states

_TABLE_ENTRIES = 2**22  # float64: 32 MB, of which a few are held at a time
_MOST_ROWS = 512  # of a block


def state_parts(n_states, n_features):
    """Slices of the states of the first hidden layer, so few that tables of them stay small."""
    step = max(_TABLE_ENTRIES // max(n_features, _MOST_ROWS), 1)
    return [slice(start, start + step) for start in range(0, n_states, step)]


def inputs_table(conditional, parents):
    """Inputs of the units under each parent, (n_units, n_parents) float64."""
    return np.ascontiguousarray(conditional.map.doubles(parents).T)


def log_prob_table(conditional, children, parents, work=np, eta=None):
    """Log p(child | parent), nats, for all pairs: (n_children, n_parents) of the work space.

    What is missing (NaN) is left out, or summed out where other units depend on it. eta : what
    `inputs_table` makes of the parents, if it is at hand.
    """
    children = np.ascontiguousarray(children)
    eta = inputs_table(conditional, parents) if eta is None else eta
    if conditional.lateral is not None:
        return _autoregressive_table(conditional, children, parents, eta)
    out = work.empty((len(children), eta.shape[1]), np.float64)
    conditional.units.table(children, eta, out)
    return out


def log_prior_table(prior, states):
    """Log p of states of the top layer, (n_states,) nats: known up to a constant if undirected."""
    if not prior.is_normalised:
        return prior.log_prob_doubles(np.asarray(states, np.float64))
    return log_prob_table(prior, states, None)[:, 0]


def _autoregressive_table(conditional, children, parents, eta):
    """As `log_prob_table`, where units depend on those before them."""
    incomplete = np.isnan(children).any(axis=1)
    complete = children[~incomplete]
    own = conditional.shifts(complete)
    table = np.empty((len(complete), eta.shape[1]))
    conditional.units.shifted_table(complete, own, eta, table)
    if not incomplete.any():
        return table
    out = np.empty((len(children), eta.shape[1]))
    out[~incomplete] = table
    out[incomplete] = missing_posterior(conditional).log_prob_table(children[incomplete], parents)
    return out


class ExactPosterior:
    """The probabilities of all hidden states given a block of rows of data.

    states : the states of each hidden layer, from the data upward; log_prior : log p(h) of all
    joint states, (2^n_L, ..., 2^n_1). Draws are independent.
    """

    method = "exact"

    def __init__(self, machine, seed=None):
        machine.require(Ability.ENUMERATE)
        self.machine, self._seed = machine, seed
        prior, *conditionals = machine.generation.conditionals[:-1]
        self.states = [all_states(n) for n in machine.n_units[1:]]
        *below, parents = self.states
        log_prior = log_prior_table(prior, parents)
        for conditional, children in zip(conditionals, reversed(below), strict=True):
            table = log_prob_table(conditional, children, parents)
            log_prior = log_prior[..., None] + table.T
            parents = children
        self.log_prior = log_prior

    @property
    def entries_per_row(self):
        """Number of values held for each row of a block."""
        return self.log_prior.size

    def probabilities(self, x):
        """p(h | x) of a block of rows: (n_rows, 2^n_L, ..., 2^n_1) float64."""
        joint = self.log_joint(x)
        axes = tuple(range(1, joint.ndim))
        return np.exp(joint - logsumexp(joint, axis=axes, keepdims=True))

    def log_joint(self, x):
        """Log p(x, h) of a block of rows, nats: (n_rows, 2^n_L, ..., 2^n_1) float64."""
        visible, x, states = self.machine.visible, x.todoubles(), self.states[0]
        table = np.empty((len(x), len(states)))
        for part in self._parts():
            table[:, part] = log_prob_table(visible, x, states[part])
        table = table.reshape(len(x), *[1] * (len(self.states) - 1), -1)
        room = table if len(self.states) == 1 else None  # it may be too large to be held twice
        return np.add(self.log_prior, table, out=room)

    def sample(self, x, addresses, n_samples):
        """Draws of the hidden layers, from the data upward, (n_rows * n_samples, n_units) uint8.

        x : a row for each address, or one for all of them.
        """
        return self._draw(self.probabilities(x), addresses, n_samples)

    def infer(self, x, addresses, n_samples):
        """Expected states of each hidden layer, (n_rows, n_units), and draws as from `sample`.

        And how many draws each row's weights are worth: infinitely many.
        """
        probabilities = self.probabilities(x)
        draws = self._draw(probabilities, addresses, n_samples)
        return self._means(probabilities), draws, np.full(len(x), np.inf)

    def hidden_means(self, x, addresses=None):
        """Expected states of each hidden layer, from the data upward, (n_rows, n_units)."""
        return self._means(self.probabilities(x))

    def expect(self, function, x, addresses, n_samples):
        """Expected value of a function of states of the last layer, (n_rows, ...) float64."""
        others = tuple(range(2, len(self.states) + 1))
        return outer(self.probabilities(x).sum(axis=others), function(self.states[-1]))

    def free_energy(self, x):
        """Minus log p(x) of each row, nats: the posterior itself makes the bound tight."""
        joint = self.log_joint(x)
        return -logsumexp(joint.reshape(len(joint), -1), axis=1)

    def _draw(self, probabilities, addresses, n_samples):
        uniforms = resampling_uniforms(self._seed, addresses, n_samples)
        chosen = choose(probabilities.reshape(len(probabilities), -1), uniforms)
        places = np.unravel_index(chosen, self.log_prior.shape)[::-1]
        return [
            states[place].astype(np.uint8)
            for states, place in zip(self.states, places, strict=True)
        ]

    def _means(self, probabilities):
        means, top = [], len(self.states)
        for layer, states in enumerate(self.states):
            others = tuple(axis for axis in range(1, top + 1) if axis != top - layer)
            means.append(outer(probabilities.sum(axis=others), states))
        return means

    def complete(self, x, addresses, n_samples):
        """Draws as from `sample`, and of the data given them: see `draw_data`."""
        hidden = self.sample(x, addresses, n_samples)
        return hidden, self.draw_data(x, hidden[0], addresses, n_samples)

    def draw_data(self, x, first, addresses, n_samples):
        """Draws of the data given those of the first hidden layer and what is observed.

        (n_rows * n_samples, n_features), of which only what is missing of x means anything.
        """
        draws = Draws(_keys.key(self._seed, Purpose.COMPLETE), addresses, n_samples)
        if depends_on_missing(self.machine, x):
            return draw_autoregressive(self.machine.visible, x, first, draws)
        return draw_children(self.machine.visible, first, draws)

    def expected_data(self, x, addresses):
        """Expected values of the data, given what is observed of them, (n_rows, n_features)."""
        weights = self._first_layer(x)
        if self.machine.is_autoregressive:
            return self._expected_autoregressive(x.todoubles(), weights)
        parts = [outer(weights[:, part], self._data_means(part)) for part in self._parts()]
        return sum(parts)

    def _expected_autoregressive(self, x, weights):
        missing, states = missing_posterior(self.machine.visible), self.states[0]
        return np.concatenate([
            sum(outer(w[None, part], missing.means(row, states[part])) for part in self._parts())
            for row, w in zip(x, weights, strict=True)
        ])  # fmt: skip

    def data_components(self, x, addresses, most):
        """The distribution of the data as a mixture, given what is observed of them.

        Weights (n_rows, n_components), means (n_rows, n_components, n_features) and variances
        (n_rows, n_features) of the ``most`` heaviest components, each a state of the first hidden
        layer.
        """
        weights, visible = self._first_layer(x), self.machine.visible
        heaviest = np.argsort(-weights, axis=1, kind="stable")[:, :most]
        weights = np.take_along_axis(weights, heaviest, axis=1)
        if self.machine.is_autoregressive:
            return weights, *normal_components(visible, x, self.states[0][heaviest])
        means = self._data_means(heaviest.ravel()).reshape(*heaviest.shape, -1)
        return weights, means, visible.units.component_variances(len(x))

    def answers(self, x, addresses, strategy):
        """Values of all columns of mixed data, given what is observed, (n_rows, n_features).

        strategy : see `units.Mixed.answers`.
        """
        visible = self.machine.visible
        if depends_on_missing(self.machine, x):
            return self._autoregressive_answers(x.todoubles(), strategy)
        eta = visible.map.doubles(self.states[0])
        return visible.units.answers(strategy, self._first_layer(x), eta[None])

    def _autoregressive_answers(self, x, strategy):
        missing, units = missing_posterior(self.machine.visible), self.machine.visible.units
        answers = []
        for row, p in zip(x, self._first_layer(Block(x)), strict=True):
            values, weights = missing.weighed_completions(row, self.states[0], p)
            answers.append(units.answers_from_draws(strategy, weights[None], values[None]))
        return np.concatenate(answers)

    def _first_layer(self, x):
        """p(h_1 | x), (n_rows, 2^n_1)."""
        return self.probabilities(x).sum(axis=tuple(range(1, len(self.states))))

    def _data_means(self, chosen):
        """Expected data of some states of the first hidden layer, (n_chosen, n_features)."""
        visible = self.machine.visible
        eta = np.ascontiguousarray(visible.map.doubles(self.states[0][chosen]), np.float32)
        return visible.units.mean(eta).astype(np.float64)

    def _parts(self):
        return state_parts(len(self.states[0]), self.machine.n_units[0])
