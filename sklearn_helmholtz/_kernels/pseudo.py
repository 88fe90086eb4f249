"""The log-probability of each value of a row given all others, between two sides of units."""

import math

import numpy as np
from numba import float32, float64

from .copying import copy_row
from .flat_bernoulli import moved_log_prob
from .kernel import kernel, reads, writes


@kernel(
    reads(float32, "n v"), reads(float32, "n m"), reads(float32, "v m"), reads(float32, "v"),
    writes(float64, "n"),
)  # fmt: skip
def pseudo_log_likelihoods(values, inputs, weights, biases, out):
    """``sum_i log p(v_i | all other v)`` of each row of two sides of units, nats.

    Given the others, unit i has the log-odds ``b_i + sum_j softplus(eta_j + (1 - v_i) W_ij) -
    softplus(eta_j - v_i W_ij)``; a value between 0 and 1 is an expectation. values :
    (n_rows, n_visible); inputs : eta, (n_rows, n_hidden); weights : (n_visible, n_hidden);
    biases : (n_visible,); out : (n_rows,).
    """
    n_visible, n_hidden = weights.shape
    flat, eta, zeros = (
        weights.reshape(-1),
        np.empty(n_hidden, np.float32),
        np.zeros(n_hidden, np.float32),
    )
    for row in range(out.shape[0]):
        copy_row(inputs[row], eta)
        own = moved_log_prob(zeros, 0, n_hidden, eta, flat, 0, np.float32(0))
        result = 0.0
        for i in range(n_visible):
            x, w0 = values[row, i], i * n_hidden
            off, on = own, own
            if x != 0:
                off = moved_log_prob(zeros, 0, n_hidden, eta, flat, w0, -x)
            if x != 1:
                on = moved_log_prob(zeros, 0, n_hidden, eta, flat, w0, np.float32(1) - x)
            odds = biases[i] + off - on
            result += x * odds - max(odds, 0.0) - math.log1p(math.exp(-abs(odds)))
        out[row] = result
