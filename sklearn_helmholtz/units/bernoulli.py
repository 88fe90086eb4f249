"""Bernoulli units: x in {0, 1} with p(x = 1) = sigmoid(eta)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, logit, xlog1py, xlogy

from .._kernels import bernoulli as kernels
from .._kernels import shared_bernoulli as shared
from .._kernels.enumeration import bernoulli_shifted_table, bernoulli_table
from .._kernels.families import BERNOULLI
from .._kernels.panels import visit_panels
from .._keys import layer_word
from ..rows import Lists
from .abilities import OF_BITS, Missing
from .data import DataUnits
from .support import Support

_LARGEST = np.finfo(np.float64).max  # of inputs: infinite ones make no numbers
_FEWEST_TO_SHARE = 32  # rows of states to one of inputs, from which exponentials are taken once
_WORTH_COMPILING = 2**16  # states from which a kernel for that repays its compilation


@dataclass(frozen=True)
class Bernoulli(DataUnits):
    """Units that are 1 with probability sigmoid(eta); they have no parameters of their own.

    Values in (0, 1) are taken as expectations of binary ones: ``x eta - softplus(eta)``.
    """

    name = "bernoulli"
    code = BERNOULLI
    dtype = answer_dtype = np.uint8
    support = Support(
        0, 1, forgives=True, name="values in [0, 1]",
        remedy="Binarise or rescale the data, or fit with visible='gaussian' where that is a "
        "choice; rows that a scaler has not seen stay inside by MinMaxScaler(clip=True).",
    )  # fmt: skip
    hidden_abilities = OF_BITS
    missing = Missing.SUMMED
    seeks_modes = False
    is_binary = is_counted = True
    limits = 0.0, 1.0
    visit_panels = visit_panels

    @classmethod
    def initial(cls, means, counts):
        """Units at the logit of the mean, smoothed by one row of each kind."""
        smoothed = (means * counts + 1) / (counts + 2)
        return cls(), np.log(smoothed) - np.log1p(-smoothed)

    def most_parameters(self, n_columns):
        """One less than there are states: a table of all their probabilities."""
        return 2**n_columns - 1

    def mean(self, eta, work=np):
        """Expected values sigmoid(eta), (n_rows, n_units) float32."""
        out = work.empty(eta.shape, np.float32)
        kernels.bernoulli_mean(eta, out)
        return out

    def mode(self, eta):
        """1 where it is at least as probable as 0, (n_rows, n_units) uint8."""
        return (eta >= 0).astype(np.uint8)

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw states, (draws.n_rows, n_units) uint8, and add their log-probability (nats)."""
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), np.uint8)
        is_shared = _is_shared(eta, draws.n_rows)
        write = shared.bernoulli_sample_shared if is_shared else kernels.bernoulli_sample
        write(
            eta, draws.key, draws.addresses, draws.n_particles, draws.first, layer_word(layer), out,
            log_prob,
        )  # fmt: skip
        return out

    def log_prob(self, values, eta, log_prob):
        """Add the log-probability of each row of values, nats, to ``log_prob``."""
        if isinstance(values, Lists):
            kernels.bernoulli_log_prob_sparse(*values.lists, eta, log_prob)
        elif values.dtype == np.uint8 and _is_shared(eta, len(values)):
            shared.bernoulli_log_prob_shared(values, eta, log_prob)
        elif values.dtype == np.uint8:
            kernels.bernoulli_log_prob_binary(values, eta, log_prob)
        else:
            kernels.bernoulli_log_prob_real(values, eta, log_prob)

    def score(self, values, eta, log_prob):
        """Add log-probabilities; overwrite eta by the errors ``x - sigmoid(eta)``."""
        if isinstance(values, Lists):
            kernels.bernoulli_score_sparse(*values.lists, eta, log_prob)
        elif values.dtype == np.uint8:
            kernels.bernoulli_score_binary(values, eta, log_prob)
        else:
            kernels.bernoulli_score_real(values, eta, log_prob)
        return eta

    def errors(self, values, eta, weights, out):
        """Weighted derivatives by eta, which they overwrite, without log-probabilities."""
        if isinstance(values, Lists):
            return super().errors(values, eta, weights, out)
        binary = values.dtype == np.uint8
        if not binary and np.isnan(values).any():
            return super().errors(values, eta, weights, out)
        write = kernels.bernoulli_error_binary if binary else kernels.bernoulli_error_real
        write(values, eta, weights, eta)
        return eta

    def expected(self, eta):
        """Expected values, float64."""
        return expit(eta)

    def table(self, values, eta, out):
        """Log-probability, float64, of each row of values under each column of eta."""
        bernoulli_table(values, eta, out)

    def paired(self, values, eta):
        """Log-probability, float64, of each row of values under the inputs in its own row."""
        terms = values * eta + log_expit(-eta)
        return np.where(np.isnan(values), 0.0, terms).sum(axis=1)

    def shifted_table(self, values, shifts, eta, out):
        """As `table`, where ``shifts`` (n_rows, n_units) are added to the inputs of each row."""
        bernoulli_shifted_table(values, shifts, eta, out)

    def best_log_prob(self, values, lowest, highest):
        """Log-probability of zeros, ones and fractions under the inputs that suit them best."""
        # Concave in eta: the best is where x is the mean, or at an end.
        lowest, highest = np.maximum(lowest, -_LARGEST), np.minimum(highest, _LARGEST)
        x, eta = values, np.clip(logit(values), lowest, highest)
        log_best = x * eta + log_expit(-eta) - xlogy(x, x) - xlog1py(1 - x, -x)
        return np.where(np.isnan(x), 0.0, log_best)

    def mixture_modes(self, weights, means, variances):
        """1 where the mean of the mixture is at least 1/2."""
        return (np.einsum("nk,nkd->nd", weights, means) >= 0.5).astype(np.float64)

    mixture_medians = mixture_modes


def _is_shared(eta, n_rows):
    """Whether so many rows of states share inputs to an extent that pays: same bits either way."""
    is_worth_it = n_rows * eta.shape[1] >= _WORTH_COMPILING
    return is_worth_it and len(eta) * _FEWEST_TO_SHARE <= n_rows
