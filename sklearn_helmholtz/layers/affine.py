"""The affine map from parents to the inputs of units."""

from dataclasses import dataclass

import numpy as np

from .._kernels.dense import dense_gradient, dense_product, dense_product_transposed
from .._kernels.sparse import sparse_gradient, sparse_product
from .._kernels.tables import table_gradient, table_product
from .._sparse import SparseRows


@dataclass(frozen=True)
class Affine:
    """``eta = intercept + parents @ weights``; without parents, the intercept alone.

    weights : (n_parents, n_units) float32, or None; intercept : (n_units,) float32.
    """

    weights: np.ndarray | None
    intercept: np.ndarray

    @property
    def n_inputs(self):
        """Number of parents; 0 for a prior."""
        return 0 if self.weights is None else len(self.weights)

    @property
    def n_outputs(self):
        """Number of units that are fed."""
        return len(self.intercept)

    def forward(self, parents, work=np, out=None):
        """Inputs of the units, (n_rows, n_units) or, without parents, (1, n_units).

        A new array, or ``out`` where it is given. ValueError if the width of the parents is not
        that of the weights.
        """
        if out is None:
            n_rows = 1 if self.weights is None else len(parents)
            out = work.empty((n_rows, len(self.intercept)), np.float32)
        if self.weights is None:
            out[0] = self.intercept
        elif isinstance(parents, SparseRows):
            self._check_width(parents)
            sparse_product(*parents.lists, self.weights, self.intercept, out)
        elif parents.dtype == np.uint8:
            table_product(parents, self.weights, self.intercept, out)
        else:
            dense_product(parents, self.weights, self.intercept, out)
        return out

    def gradient(self, parents, error, out, add=False):
        """Write, or add, the derivatives of what has the derivative ``error`` by eta to ``out``.

        error : (n_rows, n_units); out : an `Affine` of the same shape.
        """
        if self.weights is None:
            total = error.sum(axis=0, dtype=np.float64)
            out.intercept[:] = out.intercept + total if add else total
        elif isinstance(parents, SparseRows):
            self._check_width(parents)
            sparse_gradient(*parents.lists, error, not add, out.weights, out.intercept)
        elif parents.dtype == np.uint8:
            table_gradient(parents, error, not add, out.weights, out.intercept)
        else:
            dense_gradient(parents, error, not add, out.weights, out.intercept)

    def pullback(self, error, work=np, out=None):
        """Derivatives by the parents, ``error @ weights.T``, (n_rows, n_inputs) float32.

        error : (n_rows, n_outputs) float32, the derivatives by eta. A new array, or ``out`` where
        it is given.
        """
        if out is None:
            out = work.empty((len(error), self.n_inputs), np.float32)
        if self.weights is not None:
            zeros = np.zeros(self.n_inputs, np.float32)
            dense_product_transposed(error, self.weights, zeros, out)
        return out

    def _check_width(self, rows):
        """Refuse lists of entries in columns that the weights have not: no array shows their width.

        Arrays are refused by the kernels.
        """
        if rows.n_columns != self.n_inputs:
            raise ValueError(
                f"parents have {rows.n_columns} columns, but the weights are for {self.n_inputs}"
            )
