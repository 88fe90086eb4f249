"""Fitted models of encoded data: what all of them answer alike, whatever their machine."""

import abc
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from ..rows import with_column
from .encoding import Encoding
from .evidence import is_improbable
from .model import Model


@dataclass(frozen=True)
class EncodedModel(Model):
    """A machine of data that an `Encoding` stands before.

    Rows are those of a `Table` that the encoding made. Answers are in the user's units.
    """

    encoding: Encoding

    @property
    @abc.abstractmethod
    def visible_units(self):
        """The units of the data."""

    @property
    @abc.abstractmethod
    def hidden_units(self):
        """The units of each hidden layer, from the data upward."""

    @property
    def support(self):
        """Values that the units of the data take."""
        return self.encoding.family.support

    @property
    def has_binary_columns(self):
        """Whether all columns are 0 or 1."""
        return self.visible_units.is_binary

    @property
    def n_features(self):
        """Columns of the data."""
        return self.encoding.n_features

    def table(self, data, weights=None):
        """Data as a `Table`."""
        return self.encoding.table(data, weights=weights)

    def recorded(self, rows, log_prob):
        """Log-probabilities of rows as they are recorded, nats, from their log-densities.

        Those of cells as wide as the resolution of each column; NaN where a column has no cells.
        """
        return log_prob + self.encoding.cell_volumes(rows.own_data)

    def level_probabilities(self, data, column, n_levels, n_samples, n_threads):
        """p(level of a column | what else is observed), (n_rows, n_levels).

        data : as for `table`, of which the column itself is left out.
        """
        log_prob = np.empty((data.shape[0], n_levels))
        for level in range(n_levels):
            rows = self.table(with_column(data, column, level))
            log_prob[:, level] = self._relative_log_prob(rows, n_samples, n_threads)
        return softmax(log_prob, axis=1)

    def _relative_log_prob(self, rows, n_samples, n_threads):
        """Log p of rows up to a constant, (n_rows,) nats."""
        return self.estimate(rows, "auto", n_samples, None, None, n_threads)[0].per_sample

    def improbable(self, evidence, n_pool, n_threads):
        """Log-probabilities of given zeros and ones that are far too low together, or None.

        Under the model and if the features were independent, nats.
        """
        if not self.has_binary_columns:
            return None
        rows = self.table(evidence[None])
        log_p = self.estimate(rows, "auto", n_pool, None, None, n_threads)[0].per_sample[0]
        improbable, independent = is_improbable(
            evidence, self.encoding.given(self.encoding.fill_values), log_p
        )
        return (log_p, independent) if improbable else None

    def check_hidden(self, hidden):
        """Refuse states of binary units that are neither 0 nor 1."""
        for layer, (states, units) in enumerate(zip(hidden, self.hidden_units, strict=True), 1):
            if not units.is_binary:
                continue
            outside = np.argwhere((states != 0) & (states != 1))
            if len(outside):
                row, unit = outside[0]
                raise ValueError(
                    f"H must hold zeros and ones, but unit {unit} of hidden layer {layer} is "
                    f"{states[row, unit]:g} in row {row}."
                )

    def _with_evidence(self, data, evidence):
        """Rows drawn in the user's units, which hold the values that are given."""
        seen, units = ~np.isnan(evidence), self.visible_units
        fits = (evidence[seen] == evidence[seen].astype(units.answer_dtype)).all()
        data = data.astype(units.answer_dtype if fits else np.float32, copy=False)
        data[:, seen] = evidence[seen]
        return data

    def _answer(self, values):
        """Values drawn for all columns, in the user's units and of the type users get."""
        values = self.encoding.restore(values)
        return values.astype(self.visible_units.answer_dtype, copy=False)
