"""The contract of unit families: one value that answers everything about its units."""

import abc
import math
from typing import ClassVar

import numpy as np

from .abilities import NOTHING


class Units(abc.ABC):
    """Units of a layer, independent of each other given their inputs eta.

    A family is a frozen dataclass on this base, whose fields are the arrays of parameters that
    learn along. Nobody else decides by family: whatever depends on it is asked here. Families of
    data are on the base `DataUnits`.

    *Values* are an array (n_rows, n_units) of ``dtype`` or float32, or `Lists`; NaN is missing,
    adds nothing to a log-probability and has no derivative. Rows may share: with more rows of
    values than of eta, neighbours share a row of eta (particles of one observation; everything,
    under a prior), with fewer they share values.

    Attributes
    ----------
    name : str
        What they are, as errors name them; of data the word for ``visible``.
    dtype : type
        Of the values drawn, uint8 or float32.
    hidden_abilities : frozenset of Ability
        What can be done with hidden layers of such units.
    ignorance : float
        Nats that a unit costs when nothing is known of it: no sane training gets far above.
    is_binary : bool
        Whether units are 0 or 1.
    proposal_spread : float
        Factor of the scales of every other particle that recognition of such units proposes.
    limits : tuple of float
        The lowest and the highest value that there is.
    visit_panels : Kernel or None
        That goes through a wide layer of such units panel by panel, see `panels`.
    """

    name: ClassVar[str]
    dtype: ClassVar[type]
    hidden_abilities: ClassVar[frozenset] = NOTHING
    ignorance: ClassVar[float] = 1.5
    is_binary: ClassVar[bool] = False
    proposal_spread: ClassVar[float] = 1.0
    limits: ClassVar[tuple] = (-math.inf, math.inf)
    visit_panels: ClassVar = None

    # What others see.

    def shown(self, values):
        """Values as later units of the layer and recognition see them: an array, or `Lists`."""
        return values

    def n_inputs(self, n_columns):
        """Number of inputs eta of the units of some columns."""
        return n_columns

    def n_shown(self, n_columns):
        """Number of columns of what others see of some columns."""
        return n_columns

    def n_redundant_inputs(self):
        """Number of inputs that the others make up for, so that no distribution needs them."""
        return 0

    def most_parameters(self, n_columns):
        """Free parameters of any distribution of some columns; infinite unless values are few."""
        return math.inf

    def empty(self, n_rows, n_units):
        """Room for values."""
        return np.empty((n_rows, n_units), self.dtype)

    # Values given inputs.

    @abc.abstractmethod
    def mean(self, eta, work=np):
        """Expected values, (n_rows, n_units) float32."""

    @abc.abstractmethod
    def mode(self, eta):
        """Most probable values, (n_rows, n_units)."""

    @abc.abstractmethod
    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw values, (draws.n_rows, n_units), and add their log-probability, nats."""

    def draw(self, eta, draws, layer, work=np, out=None):
        """Draw values as `sample` does, without their log-probability."""
        ignored = work.empty((draws.n_rows,), np.float64)
        ignored[:] = 0
        return self.sample(eta, draws, layer, ignored, work, out)

    @abc.abstractmethod
    def log_prob(self, values, eta, log_prob):
        """Add the log-probability of each row of values, nats, to ``log_prob``, float64."""

    @abc.abstractmethod
    def score(self, values, eta, log_prob):
        """Add log-probabilities; overwrite eta by their derivatives, its *errors*: return it.

        Each row of values may be shared by neighbouring rows of eta, not the other way round.
        """

    def weigh(self, values, errors, weights, out):
        """Multiply the errors of a `score` by weights (n_rows,) or None, in place.

        Families with parameters of their own write the derivatives of the weighted
        log-probabilities by these to ``out``, units of the same family.
        """
        if weights is not None:
            errors *= weights[:, None]

    def errors(self, values, eta, weights, out):
        """Derivatives of ``sum weight log p(values | eta)`` by eta, which they overwrite.

        Rows that share a row of eta are summed; the derivatives by the units' own parameters are
        written to ``out``. This is `score` and `weigh` in one, where no log-probability is wanted:
        a family may have a faster way.
        """
        n = len(weights)
        each = np.ascontiguousarray(np.repeat(eta, n // len(eta), axis=0))
        each = self.score(values, each, np.zeros(n))
        self.weigh(values, each, weights, out)
        eta[...] = each.reshape(len(eta), -1, eta.shape[1]).sum(axis=1)
        return eta
