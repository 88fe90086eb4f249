"""A table: rows of data that are converted block by block, never as a whole."""

import functools
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse

from .block import Block
from .columns import means
from .keys import content_keys
from .lists import Lists
from .missing import has_missing, missing_per_row
from .scaling import UNSCALED, Scaling, Unscaled


@dataclass(frozen=True)
class Table:
    """Rows of data, which are read as `Block`s in the units of the machine.

    data : array or CSR matrix (n_rows, n_features); is_binary : whether all of it is 0 or 1;
    scaling : between the user's units and the machine's; chosen : the numbers of the rows that
    count, None for all; is_listed : whether blocks of an array list their non-zero entries, as
    those of a CSR matrix always do. It is decided by the training data, so that which kernel serves
    a row never depends on the other rows of a call; fill_values : (n_features,) float32, what
    recognition sees of missing values (NaN), in the machine's units, None where none is; is_rounded
    : whether values in [0, 1] miss it by rounding, and are moved there; weights : (n_rows,) float64
    of all rows, or None where each counts once; is_kept : whether all rows are kept as the machine
    has them, once any is taken.
    """

    data: object
    is_binary: bool
    scaling: Scaling | Unscaled = UNSCALED
    chosen: np.ndarray | None = None
    is_listed: bool = False
    fill_values: np.ndarray | None = None
    is_rounded: bool = False
    weights: np.ndarray | None = None
    is_kept: bool = False

    def __len__(self):
        return self.data.shape[0] if self.chosen is None else len(self.chosen)

    def take(self, indices):
        """Some rows, by number or slice, as a `Block` without keys.

        Rows that are standardised have no zeros to leave out.
        """
        own = self._numbers(indices)
        return self._block(self.data[own], own)

    def take_keyed(self, indices):
        """Some rows as a `Block` whose keys and lost log-volumes are known.

        Keys hash the rows as they were before any scaling, whatever the precision in which they
        came.
        """
        own = self._numbers(indices)
        given = self.data[own]
        block = self._block(given, own)
        if isinstance(self.scaling, Unscaled):
            return replace(block, keys=content_keys(block.values))
        volumes = np.full(len(block), self.scaling.log_volume())
        if block.has_missing:
            volumes = self.scaling.log_volumes(block.values)
        return replace(block, keys=content_keys(self._values(given)), log_volumes=volumes)

    @property
    def n_columns(self):
        """Columns of the data, those that nobody sees among them."""
        return self.data.shape[1]

    @property
    def own_data(self):
        """The data of these rows, as they were given."""
        return self.data if self.chosen is None else self.data[self.chosen]

    def choose(self, numbers):
        """Some of the rows, by number, any of them more than once."""
        return replace(self, chosen=numbers if self.chosen is None else self.chosen[numbers])

    @property
    def is_at_hand(self):
        """Whether rows are in memory."""
        return isinstance(self.data, np.ndarray) or scipy.sparse.issparse(self.data)

    def gathered(self):
        """The same rows in memory, of a table that is not: few, which are read again and again."""
        if self.is_at_hand:
            return self
        weights = None if self.weights is None else self.row_weights
        return replace(self, data=self.own_data, chosen=None, weights=weights)

    def with_fill_values(self, fill_values):
        """The same rows; recognition sees ``fill_values`` where a value is missing, if any is."""
        return replace(self, fill_values=fill_values if has_missing(self.data) else None)

    def count_missing(self):
        """Number of missing values of each row, (n_rows,) int64."""
        if self.fill_values is None:
            return np.zeros(len(self), np.int64)
        missing = missing_per_row(self.data)
        return missing if self.chosen is None else missing[self.chosen]

    @property
    def log_volume(self):
        """Nats that the mean log-density of these rows loses on the way to the user's units."""
        if isinstance(self.scaling, Unscaled):
            return 0.0
        numbers = np.arange(self.data.shape[0]) if self.chosen is None else self.chosen
        shares = np.ones(self.data.shape[1])
        if self.fill_values is not None:
            counts = means(self.data, numbers, self.weights)[1]
            shares = counts / (len(self) if self.weights is None else self.row_weights.sum())
        return self.scaling.mean_log_volume(shares)

    @property
    def row_weights(self):
        """Weights of these rows, (n_rows,) float64."""
        if self.weights is None:
            return np.ones(len(self))
        return self.weights if self.chosen is None else self.weights[self.chosen]

    def number_of(self, place):
        """The number that the row at a place has in the whole table."""
        return place if self.chosen is None else self.chosen[place]

    def _block(self, given, numbers):
        values = given
        if isinstance(self.scaling, Unscaled):
            values = self._values(given)
        elif self.is_kept:
            values = self._standardised[numbers]
        else:
            values = self.scaling.standardise(given)
        weights = None if self.weights is None else self.weights[numbers]
        return Block(values, self.fill_values, weights)

    @functools.cached_property
    def _standardised(self):
        """All rows in the machine's units: they are taken in every epoch."""
        return self.scaling.standardise(self.data)

    def _values(self, given):
        """Rows as they were given, in a form that kernels take."""
        if scipy.sparse.issparse(given):
            with np.errstate(over="ignore"):
                lists = Lists.from_csr(given)
            return lists.clipped() if self.is_rounded else lists
        if self.is_binary:
            values = np.ascontiguousarray(given.astype(np.uint8, copy=False))
        else:
            with np.errstate(over="ignore"):
                values = np.ascontiguousarray(given.astype(np.float32, copy=False))
        if self.is_rounded:
            values = np.clip(values, 0, 1)
        return Lists.from_dense(values) if self.is_listed else values

    def _numbers(self, indices):
        return indices if self.chosen is None else self.chosen[indices]
