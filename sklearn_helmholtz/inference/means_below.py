"""Mean field below a layer of a deep Boltzmann machine whose values are given."""

import numpy as np
from scipy.special import expit

from ..layers import outer

_SWEEPS = 30


def inputs_below(machine, layer, values):
    """Inputs of the data, (n_rows, n_features) float64, given values of a hidden layer.

    Layers in between, and the data themselves, have the independent units that mean field finds,
    layer by layer; those above matter to nobody below. values : (n_rows, n_units[layer]).
    """
    weights = [machine.connections(k).astype(np.float64) for k in range(layer)]
    biases = [machine.intercept(k).astype(np.float64) for k in range(layer)]
    start = expit(machine.base.logits.astype(np.float64))
    means = [np.repeat(expit(b)[None], len(values), axis=0) for b in biases]
    means[0] = np.repeat(start[None, : machine.n_features], len(values), axis=0)
    means.append(np.asarray(values, np.float64))
    for _ in range(_SWEEPS if layer > 1 else 1):
        for k in range(layer - 1, -1, -1):
            eta = biases[k] + outer(means[k + 1], weights[k].T)
            if k:
                eta += outer(means[k - 1], weights[k - 1])
            means[k] = expit(eta)
    return eta
