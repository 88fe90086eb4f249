"""Bernoulli units: x in {0, 1} with p(x = 1) = sigmoid(eta)."""

from dataclasses import dataclass

import numpy as np

from .._incomplete import IncompleteRows
from .._kernels import bernoulli as kernels
from .._kernels import lateral
from .._kernels.enumeration import bernoulli_shifted_table, bernoulli_table
from .._kernels.families import BERNOULLI
from .._keys import layer_word
from .._sparse import SparseRows


@dataclass(frozen=True)
class Bernoulli:
    """Units that are 1 with probability sigmoid(eta); they have no parameters of their own.

    Values in (0, 1) are taken as expectations of binary ones: ``x eta - softplus(eta)``. What is
    missing (NaN) adds nothing to a log-probability, and has no error.
    """

    dtype = np.uint8
    code = BERNOULLI

    @property
    def kernel_parameters(self):
        """What `families` wants to know of these units: nothing, (0,) float32."""
        return np.empty(0, np.float32)

    def mean(self, eta, work=np):
        """Expected values sigmoid(eta), (n_rows, n_units) float32."""
        out = work.empty(eta.shape, np.float32)
        kernels.bernoulli_mean(eta, out)
        return out

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw states, (draws.n_rows, n_units) uint8, and add their log-probability (nats)."""
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), np.uint8)
        kernels.bernoulli_sample(
            eta, draws.key, draws.addresses, draws.n_particles, draws.first, layer_word(layer), out,
            log_prob,
        )  # fmt: skip
        return out

    def sample_in_order(self, eta, weights, draws, layer, work=np, out=None):
        """Draw states, of which earlier ones add to the inputs of later ones; and those inputs.

        weights : (n_units, n_units), strictly upper triangular.
        """
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), np.uint8)
        inputs = work.empty(out.shape, np.float32)
        lateral.sample_autoregressive_binary(
            self.code, self.kernel_parameters, eta, weights, draws.key, draws.addresses,
            draws.n_particles, draws.first, layer_word(layer), inputs, out,
        )  # fmt: skip
        return out, inputs

    def complete(self, values, eta, weights, draws, layer, work=np):
        """Draw the missing values in order: all values, (draws.n_rows, n_units) float32.

        values : NaN where missing, a row for neighbouring rows of eta, which holds what all other
        values make of the inputs, and to which those drawn are added.
        """
        out = work.empty(eta.shape, np.float32)
        lateral.complete(
            self.code, self.kernel_parameters, values, weights, draws.key, draws.addresses,
            draws.n_particles, draws.first, layer_word(layer), eta, out,
        )  # fmt: skip
        return out

    def mean_in_order(self, eta, weights, work=np):
        """Expected values where later units see those of earlier ones; eta is used up."""
        out = work.empty(eta.shape, np.float32)
        lateral.means_autoregressive(self.code, self.kernel_parameters, weights, eta, out)
        return out

    def log_prob(self, values, eta, log_prob):
        """Add the log-probability of each row of values, nats, to ``log_prob``."""
        if isinstance(values, SparseRows):
            kernels.bernoulli_log_prob_sparse(*values.lists, eta, log_prob)
        elif isinstance(values, IncompleteRows):
            kernels.bernoulli_log_prob_real(values.values, eta, log_prob)
        elif values.dtype == np.uint8:
            kernels.bernoulli_log_prob_binary(values, eta, log_prob)
        else:
            kernels.bernoulli_log_prob_real(values, eta, log_prob)

    def score(self, values, eta, log_prob):
        """As `log_prob`; eta, a row for each, is overwritten by the derivative, and returned."""
        if isinstance(values, SparseRows):
            kernels.bernoulli_score_sparse(*values.lists, eta, log_prob)
        elif isinstance(values, IncompleteRows):
            kernels.bernoulli_score_real(values.values, eta, log_prob)
        elif values.dtype == np.uint8:
            kernels.bernoulli_score_binary(values, eta, log_prob)
        else:
            kernels.bernoulli_score_real(values, eta, log_prob)
        return eta

    def error(self, values, eta, weight):
        """Write the weighted derivative of the log-probabilities by eta over eta, and return it.

        Rows that share a row of eta are summed.
        """
        binary = values.dtype == np.uint8
        write = kernels.bernoulli_error_binary if binary else kernels.bernoulli_error_real
        write(values, eta, weight, eta)
        return eta

    def gradient(self, values, error, weight, out):
        """Weight the errors of a `score`; there are no parameters to differentiate by."""
        if weight is not None:
            error *= weight[:, None]

    def table(self, values, eta, out):
        """Log-probability, float64, of each row of values under each column of eta."""
        bernoulli_table(values, eta, out)

    def shifted_table(self, values, shifts, eta, out):
        """As `table`, where ``shifts`` (n_rows, n_units) are added to the inputs of each row."""
        bernoulli_shifted_table(values, shifts, eta, out)
