"""p(h | x) by enumeration of all hidden states, in float64."""

import numpy as np
from scipy.special import logsumexp

from .._incomplete import observed
from .resampling import choose, resampling_uniforms

_TABLE_ENTRIES = 2**22  # float64: 32 MB, of which a few are held at a time
_MOST_ROWS = 512  # of a block


def all_states(n):
    """All 2^n states of n units, float64, the first unit varying fastest."""
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.float64)


def inputs(affine, parents):
    """Inputs of units in float64, (n_rows, n_units); without BLAS, whose sums depend on threads."""
    intercept = affine.intercept.astype(np.float64)
    if affine.weights is None:
        return intercept[None]
    return intercept + outer(parents, affine.weights.astype(np.float64))


def outer(left, right):
    """The product of two matrices, without BLAS."""
    return np.einsum("rk,ks->rs", left, right)


def state_parts(n_states, n_features):
    """Slices of the states of the first hidden layer, so few that tables of them stay small."""
    step = max(_TABLE_ENTRIES // max(n_features, _MOST_ROWS), 1)
    return [slice(start, start + step) for start in range(0, n_states, step)]


def log_prob_table(conditional, children, parents):
    """Log p(child | parent), nats, for all pairs: (n_children, n_parents)."""
    children = np.ascontiguousarray(children)
    eta = np.ascontiguousarray(inputs(conditional.affine, parents).T)
    out = np.empty((len(children), eta.shape[1]))
    if conditional.lateral is None:
        conditional.units.table(children, eta, out)
    else:
        own = outer(children, conditional.lateral.weights.astype(np.float64))
        conditional.units.shifted_table(children, own, eta, out)
    return out


class ExactPosterior:
    """The probabilities of all hidden states given a block of rows of data.

    states : the states of each hidden layer, from the data upward; log_prior : log p(h) of all
    joint states, (2^n_L, ..., 2^n_1). Draws are independent.
    """

    method = "exact"

    def __init__(self, machine, seed):
        self.machine, self._seed = machine, seed
        prior, *conditionals = machine.generation.conditionals[:-1]
        self.states = [all_states(n) for n in machine.n_units[1:]]
        *below, parents = self.states
        log_prior = log_prob_table(prior, parents, None)[:, 0]
        for conditional, children in zip(conditionals, reversed(below), strict=True):
            table = log_prob_table(conditional, children, parents)
            log_prior = log_prior[..., None] + table.T
            parents = children
        self.log_prior = log_prior

    @property
    def entries_per_row(self):
        """How many numbers are held for each row of a block."""
        return self.log_prior.size

    def probabilities(self, x):
        """p(h | x) of a block of rows: (n_rows, 2^n_L, ..., 2^n_1) float64."""
        visible, x, states = self.machine.visible, observed(x), self.states[0]
        tables = [log_prob_table(visible, x, states[part]) for part in self._parts()]
        table = np.concatenate(tables, axis=1)
        joint = self.log_prior + table.reshape(len(table), *[1] * (len(self.states) - 1), -1)
        axes = tuple(range(1, joint.ndim))
        return np.exp(joint - logsumexp(joint, axis=axes, keepdims=True))

    def sample(self, x, addresses, n_samples):
        """Draws of the hidden layers, from the data upward, (n_rows * n_samples, n_units) uint8.

        x : a row for each address, or one for all of them.
        """
        return self._draw(self.probabilities(x), addresses, n_samples)

    def explain(self, x, addresses, n_samples):
        """Expected states of each hidden layer, (n_rows, n_units), and draws as from `sample`.

        And how many draws each row's weights are worth: infinitely many.
        """
        probabilities = self.probabilities(x)
        draws = self._draw(probabilities, addresses, n_samples)
        return self._means(probabilities), draws, np.full(len(x), np.inf)

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

    def expected_data(self, x, addresses):
        """Expected values of the data, given what is observed of them, (n_rows, n_features)."""
        weights = self._first_layer(x)
        parts = [outer(weights[:, part], self._data_means(part)) for part in self._parts()]
        return sum(parts)

    def data_components(self, x, addresses, most):
        """The distribution of the data as a mixture, given what is observed of them.

        Weights (n_rows, n_components) and means (n_rows, n_components, n_features) of the ``most``
        heaviest components, each a state of the first hidden layer.
        """
        weights = self._first_layer(x)
        heaviest = np.argsort(-weights, axis=1, kind="stable")[:, :most]
        means = self._data_means(heaviest.ravel()).reshape(*heaviest.shape, -1)
        return np.take_along_axis(weights, heaviest, axis=1), means

    def _first_layer(self, x):
        """p(h_1 | x), (n_rows, 2^n_1)."""
        return self.probabilities(x).sum(axis=tuple(range(1, len(self.states))))

    def _data_means(self, chosen):
        """Expected data of some states of the first hidden layer, (n_chosen, n_features)."""
        visible = self.machine.visible
        eta = np.ascontiguousarray(inputs(visible.affine, self.states[0][chosen]), np.float32)
        return visible.units.mean(eta).astype(np.float64)

    def _parts(self):
        return state_parts(len(self.states[0]), self.machine.n_units[0])
