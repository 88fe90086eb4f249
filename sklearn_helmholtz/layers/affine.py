"""The affine map from parents to the inputs of units."""

from dataclasses import dataclass

import numpy as np

from .._kernels import affine as kernels
from .._kernels.steps import column_sums


@dataclass(frozen=True)
class Affine:
    """``eta = intercept + parents @ weights``; without parents, the intercept alone.

    weights : (n_parents, n_units) float32, or None; intercept : (n_units,) float32.
    """

    weights: np.ndarray | None
    intercept: np.ndarray

    def forward(self, parents, work=np):
        """Inputs of the units, (n_rows, n_units) or, without parents, (1, n_units): a new array."""
        n_units = len(self.intercept)
        if self.weights is None:
            eta = work.empty((1, n_units), np.float32)
            eta[0] = self.intercept
            return eta
        eta = work.empty((len(parents), n_units), np.float32)
        if parents.dtype == np.uint8:
            codes = _packed(kernels.pack_rows, parents, *parents.shape, work)
            kernels.table_product(codes, self.weights, self.intercept, eta)
        else:
            kernels.dense_product(parents, self.weights, self.intercept, eta)
        return eta

    def gradient(self, parents, error, out, work=np):
        """Write the derivatives of a function whose derivative by eta is ``error`` to ``out``.

        error : (n_rows, n_units); out : an `Affine` of the same shape.
        """
        column_sums(error, out.intercept)
        if self.weights is None:
            return
        zeros = work.empty((error.shape[1],), np.float32)
        zeros[:] = 0
        if parents.dtype == np.uint8:
            codes = _packed(kernels.pack_columns, parents, *parents.shape[::-1], work)
            kernels.table_product(codes, error, zeros, out.weights)
        else:
            columns = work.empty(parents.shape[::-1], np.float32)
            columns[...] = parents.T
            kernels.dense_product(columns, error, zeros, out.weights)


def _packed(pack, states, n_products, n_bits, work):
    """The codes of states, for ``n_products`` sums over ``n_bits`` states each."""
    n_codes = kernels.SPAN // kernels.GROUP * -(-n_bits // kernels.SPAN)
    codes = work.empty((n_products, n_codes), np.uint8)
    pack(states, codes)
    return codes
