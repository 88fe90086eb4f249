"""log p(x, h) of rows and hidden states that belong together, in float64."""

import numpy as np

from .exact import log_prior_table, log_prob_table

_PAIRED = 16  # rows of a table of which the diagonal counts


def log_joint(machine, x, hidden):
    """Log p(x, h) of a block of rows and a state of all hidden layers for each, (n_rows,) nats.

    What is missing of x is left out, or summed out where other units depend on it. hidden : arrays
    (n_rows, n_units) float64, from the data upward.
    """
    layers = [x.todoubles(), *hidden]
    total = np.zeros(len(layers[-1]))
    for layer, conditional in enumerate(reversed(machine.generation.conditionals)):
        parents = layers[layer + 1] if layer + 1 < len(layers) else None
        total += _log_prob(conditional, layers[layer], parents)
    return total


def _log_prob(conditional, children, parents):
    """Log p(child | parent) of each child and the parent in its row, (n_rows,) nats."""
    if parents is None:
        return log_prior_table(conditional, children)
    step = _PAIRED if conditional.lateral is None else 1  # sums over what is missing cost most
    parts = [
        np.diag(log_prob_table(conditional, children[i : i + step], parents[i : i + step]))
        for i in range(0, len(children), step)
    ]
    return np.concatenate(parts)
