"""The layer of the data in kernels of a whole learning rule: Bernoulli units, rows of 0 and 1.

All that such kernels do with values of the data is here. The hidden layers know of the data only
inputs and errors, float32 whatever the units are (see `layers`).
"""

import numpy as np

from . import bernoulli
from .kernel import helper
from .layers import recognition_place, word, write_gradient, write_inputs

_DATA = 0  # its number among the layers


@helper
def empty_dreams(x):
    """Room for dreams of the data, one for each row of x."""
    return np.empty(x.shape, np.uint8)


@helper
def sample(eta, key, addresses, n_particles, first, dreamt, log_p):
    """Sample dreams of the data under inputs eta; add their log-probability to ``log_p``.

    eta, dreamt : (n_rows, n_features); the other arguments are those of `bernoulli.sample`.
    """
    bernoulli.sample(eta, key, addresses, n_particles, first, word(_DATA), dreamt, log_p)


@helper
def score(x, eta, log_p):
    """Add the log-probability of the data under each row of eta to ``log_p``; leave errors in eta.

    x : (n_rows, n_features), shared by neighbouring rows of eta (n_explanations, n_features).
    """
    bernoulli.score(x, eta, log_p)


@helper
def write_recognition_inputs(values, parameters, starts, top, eta):
    """Write the inputs of the first hidden layer that data, or dreams of them, make to eta."""
    write_inputs(values, parameters, starts, recognition_place(1, top), eta)


@helper
def write_recognition_gradient(values, error, fresh, out, starts, top):
    """Write, or add if it is not fresh, the gradient of the first recognition layer to its place.

    values : data, or dreams of them, (n_rows, n_features); error : of the first hidden layer.
    """
    write_gradient(values, error, fresh, out, starts, recognition_place(1, top))
