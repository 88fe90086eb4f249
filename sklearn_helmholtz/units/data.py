"""The contract of families of data: what else users, gaps and enumeration ask of units."""

import abc
from typing import ClassVar

import numpy as np

from .._kernels import lateral
from .._keys import layer_word
from ..rows import Unscaled
from .abilities import EVERYTHING, Missing
from .family import Units
from .support import Support


class DataUnits(Units):
    """Units of data, and of hidden layers that are enumerated or drawn like data.

    Attributes
    ----------
    code : int
        By which flat kernels know the family (`_kernels.families`).
    answer_dtype : type
        Of the values drawn, as users get them.
    support : Support
        The values that there are.
    standardises : bool
        Whether a machine sees values in standardised units.
    visible_abilities : frozenset of Ability
        What can be done with layers of such data.
    missing : Missing
        How a missing value is dealt with where other units depend on it.
    is_counted : bool
        Whether log-probabilities are those of values, not of densities.
    has_noise : bool
        Whether a noise variance is their parameter, which `given` takes.
    bounds_evidence : bool
        Whether `best_log_prob` tells how improbable values are at best.
    answers_by_column : bool
        Whether each column has answers of its own, by `answers` and `answers_from_draws`.
    order : Layout or None
        Of mixed columns, whose inputs, codes and values are different in number.
    """

    code: ClassVar[int]
    answer_dtype: ClassVar[type]
    support: ClassVar[Support] = Support()
    standardises: ClassVar[bool] = False
    visible_abilities: ClassVar[frozenset] = EVERYTHING
    missing: ClassVar[Missing]
    is_counted: ClassVar[bool] = False
    has_noise: ClassVar[bool] = False
    bounds_evidence: ClassVar[bool] = True
    answers_by_column: ClassVar[bool] = False
    order: ClassVar[object] = None

    # Where learning begins.

    @classmethod
    @abc.abstractmethod
    def initial(cls, means, counts):
        """Units and their first intercept, (n_units,), from means and numbers of values.

        Both (n_units,), in the machine's units of measurement.
        """

    @classmethod
    def given(cls, noise_variance):
        """Units of given parameters in the user's units, and the scaling to the machine's.

        noise_variance : (n_units,) float64, or None for families without noise.
        """
        return cls(), Unscaled()

    def divergence(self, eta, other):
        """Symmetric divergence, nats, of each unit under two inputs, (n_rows, n_units) float64.

        KL(p || q) + KL(q || p), which of exponential families is the product of the differences of
        their natural parameters and of their means.
        """
        means = (self.mean(np.ascontiguousarray(x, np.float32)) for x in (eta, other))
        return (eta - other) * np.subtract(*(mean.astype(np.float64) for mean in means))

    @property
    def kernel_parameters(self):
        """Parameters as flat kernels take them, float32; none, unless a family says so."""
        return np.empty(0, np.float32)

    def kernel_values(self, values):
        """Values as flat kernels take them, float32, (n_rows, n_units) or of another width."""
        return np.ascontiguousarray(values, np.float32)

    # Units that see those before them.

    def bits_to_sum_out(self, rows):
        """Binary units that the missing values of each row of a `Table` are worth, (n_rows,).

        To be summed out together with hidden units: 0 where they are integrated, infinite where
        they cannot be.
        """
        missing = rows.count_missing().astype(np.float64)
        if self.missing is Missing.INTEGRATED:
            missing[:] = 0
        elif self.missing is Missing.DRAWN:
            missing[missing > 0] = np.inf
        return missing

    def sample_autoregressive(self, eta, weights, draws, layer, work=np, out=None):
        """Draw values one by one, each of which adds to later ones' inputs; and the inputs.

        weights : (n_units, n_units), strictly upper triangular.
        """
        if out is None:
            out = work.empty((draws.n_rows, eta.shape[1]), self.dtype)
        inputs = work.empty(out.shape, np.float32)
        sample = (
            lateral.sample_autoregressive_binary
            if self.is_binary
            else lateral.sample_autoregressive_real
        )
        sample(
            self.code, self.kernel_parameters, eta, weights, draws.key, draws.addresses,
            draws.n_particles, draws.first, layer_word(layer), inputs, out,
        )  # fmt: skip
        return out, inputs

    def complete(self, values, eta, weights, draws, layer, work=np):
        """Draw missing values autoregressively: all values, (draws.n_rows, n_units) float32.

        values : NaN where missing, a row for neighbouring rows of eta, which holds what all other
        values make of the inputs, and to which those drawn are added.
        """
        out = work.empty(eta.shape, np.float32)
        lateral.complete(
            self.code, self.kernel_parameters, values, weights, draws.key, draws.addresses,
            draws.n_particles, draws.first, layer_word(layer), eta, out,
        )  # fmt: skip
        return out

    def mean_autoregressive(self, eta, weights, work=np):
        """Expected values where later units see those of earlier ones; eta is used up."""
        out = work.empty(eta.shape, np.float32)
        lateral.means_autoregressive(self.code, self.kernel_parameters, weights, eta, out)
        return out

    # Everything in float64, for enumeration.

    @abc.abstractmethod
    def expected(self, eta):
        """Expected values, float64, as `mean`."""

    @property
    def dispersion(self):
        """The divisor of the derivative by eta, ``(x - expected(eta)) / dispersion``; float64."""
        return 1.0

    @abc.abstractmethod
    def table(self, values, eta, out):
        """Log-probability, float64, of each row of values under each column of eta."""

    def paired(self, values, eta):
        """Log-probability, float64, of each row of values under the inputs in its own row.

        eta : (n_rows, n_units), or one row for all.
        """
        eta, found = np.broadcast_to(eta, (len(values), eta.shape[1])), np.empty((1, 1))
        total = np.empty(len(values))
        for row in range(len(values)):
            self.table(values[row : row + 1], np.ascontiguousarray(eta[row][:, None]), found)
            total[row] = found[0, 0]
        return total

    @abc.abstractmethod
    def shifted_table(self, values, shifts, eta, out):
        """As `table`, where ``shifts`` (n_rows, n_units) are added to the inputs of each row."""

    def write_slopes(self, squares, counts, out):
        """Write the derivatives by the units' own parameters to ``out``.

        squares, counts : (n_units,), weighted sums over values of ``(x - expected)^2`` and of 1.
        """
        return

    # Answers to users.

    @abc.abstractmethod
    def best_log_prob(self, values, lowest, highest):
        """Log-probability of each value under the input that suits it best; 0 where missing.

        Relative to that of the most probable value. values, lowest, highest : (n_units,), the
        latter two the limits of the inputs.
        """

    @property
    def seeks_modes(self):
        """Whether modes need the components of a mixture, not only its mean."""
        return True

    @abc.abstractmethod
    def mixture_modes(self, weights, means, variances):
        """Most probable values of mixtures, column by column, (n_rows, n_units).

        weights : (n_rows, n_components); means : (n_rows, n_components, n_units) of these units;
        variances : (n_rows, n_units), or None for families without. With one component, its mean
        is that of the mixture.
        """

    @abc.abstractmethod
    def mixture_medians(self, weights, means, variances):
        """Medians of mixtures, column by column, as `mixture_modes`."""

    def component_variances(self, n_rows):
        """Variances of values given their inputs, (n_rows, n_units), or None."""
        return

    def published(self, scaling):
        """Fitted attributes of the units by name, in the user's units of measurement."""
        return {}
