"""The affine map from parents to the inputs of units."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._kernels.dense import dense_gradient, dense_product, dense_product_transposed
from .._kernels.flips import near_product
from .._kernels.sparse import sparse_gradient, sparse_product
from .._kernels.tables import table_gradient, table_product
from .._tree import CONNECTIONS
from ..rows import Coded, Lists
from ..units.abilities import EVERYTHING
from .doubles import outer
from .map import Map


@dataclass(frozen=True)
class Affine(Map):
    """``eta = intercept + parents @ weights``; without parents, the intercept alone.

    weights : (n_parents, n_units) float32, or None; intercept : (n_units,) float32.
    """

    weights: np.ndarray | None
    intercept: np.ndarray

    penalty_groups: ClassVar = {"weights": CONNECTIONS}
    abilities = EVERYTHING
    kind = "affine"
    is_affine = True

    @property
    def n_inputs(self):
        """Number of parents; 0 without."""
        return 0 if self.weights is None else len(self.weights)

    @property
    def n_outputs(self):
        """Number of units' inputs."""
        return len(self.intercept)

    @property
    def n_products(self):
        """Number of weights."""
        return 0 if self.weights is None else self.weights.size

    @property
    def n_terms(self):
        """A weight for each parent, and the intercept."""
        return 1 + self.n_inputs

    @property
    def coefficients(self):
        """Weights and intercept, for closed forms that need a map to be affine."""
        return self.weights, self.intercept

    @property
    def published(self):
        """Weights and intercept, as users see them."""
        return self.coefficients

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
            return out
        self._check_width(parents)
        if isinstance(parents, Coded):
            self._coded_product(parents, out, work)
        elif isinstance(parents, Lists):
            sparse_product(*parents.lists, self.weights, self.intercept, out)
        elif parents.dtype == np.uint8:
            table_product(parents, self.weights, self.intercept, out)
        else:
            dense_product(parents, self.weights, self.intercept, out)
        return out

    def forward_near(self, parents, references, n_near, work=np, out=None):
        """Inputs of the units as of `forward`, and those that references make where they are sure.

        parents : uint8, the first ``n_near`` times as many as there are `References` near these, in
        their order.
        """
        self._check_width(parents)
        n_rows, n_units = len(parents), len(self.intercept)
        out = work.empty((n_rows, n_units), np.float32) if out is None else out
        others = work.empty((len(references), n_units), np.float32)
        near_product(
            parents, references.states, references.are_sure, n_near, self.weights, self.intercept,
            out, others,
        )  # fmt: skip
        return out, others

    def gradient(self, parents, error, out, add=False):
        """Write, or add, the derivatives of what has the derivative ``error`` by eta to ``out``.

        error : (n_rows, n_units); out : an `Affine` of the same shape.
        """
        if self.weights is None:
            total = error.sum(axis=0, dtype=np.float64)
            out.intercept[:] = out.intercept + total if add else total
            return
        self._check_width(parents)
        if isinstance(parents, Coded):
            self._coded_gradient(parents, error, not add, out)
        elif isinstance(parents, Lists):
            sparse_gradient(*parents.lists, error, not add, out.weights, out.intercept)
        elif parents.dtype == np.uint8:
            table_gradient(parents, error, not add, out.weights, out.intercept)
        else:
            dense_gradient(parents, error, not add, out.weights, out.intercept)

    def _coded_product(self, parents, out, work):
        """The inputs that bits and numbers of a code make together."""
        n_bits, n_reals = parents.bits.shape[1], parents.reals.shape[1]
        product = table_product if parents.bits.dtype == np.uint8 else dense_product
        product(parents.bits, self.weights[:n_bits], self.intercept, out)
        if n_reals:
            more = work.empty(out.shape, np.float32)
            zeros = np.zeros(out.shape[1], np.float32)
            dense_product(parents.reals, self.weights[n_bits:], zeros, more)
            out += more

    def _coded_gradient(self, parents, error, anew, out):
        """The derivatives by the weights of bits and of numbers, and by the intercept once."""
        n_bits, n_reals = parents.bits.shape[1], parents.reals.shape[1]
        gradient = table_gradient if parents.bits.dtype == np.uint8 else dense_gradient
        gradient(parents.bits, error, anew, out.weights[:n_bits], out.intercept)
        if n_reals:
            again = np.empty_like(out.intercept)
            dense_gradient(parents.reals, error, anew, out.weights[n_bits:], again)

    def pullback(self, parents, error, work=np, out=None):
        """Derivatives by the parents, ``error @ weights.T``, (n_rows, n_inputs) float32.

        parents : of no use here; error : (n_rows, n_outputs) float32, the derivatives by eta. A new
        array, or ``out`` where it is given.
        """
        if out is None:
            out = work.empty((len(error), self.n_inputs), np.float32)
        if self.weights is not None:
            zeros = np.zeros(self.n_inputs, np.float32)
            dense_product_transposed(error, self.weights, zeros, out)
        return out

    def doubles(self, parents):
        """Inputs of the units in float64, (n_rows, n_units); one row without parents."""
        intercept = self.intercept.astype(np.float64)
        if self.weights is None:
            return intercept[None]
        return intercept + outer(parents, self.weights.astype(np.float64))

    def slopes(self, parents, error):
        """Derivatives by the intercept and, below it, by the weights, (1 + n_parents, n_units)."""
        sums = error.sum(axis=0)[None]
        return sums if self.weights is None else np.concatenate([sums, outer(parents.T, error)])

    def derivatives(self, parents, error):
        """Derivatives as of `slopes`, and those by the parents in float64, None for a prior."""
        if self.weights is None:
            return self.slopes(parents, error), None
        return self.slopes(parents, error), outer(error, self.weights.T.astype(np.float64))

    def write_slopes(self, slopes):
        """Take a sum of derivatives as of `slopes`, in place."""
        self.intercept[...] = slopes[0]
        if self.weights is not None:
            self.weights[...] = slopes[1:]

    def extremes(self, lowest=0.0, highest=1.0):
        """Bounds of the inputs over all parents between two limits, float64."""
        intercept = self.intercept.astype(np.float64)
        if self.weights is None:
            return intercept, intercept
        return affine_extremes(self.weights.astype(np.float64), intercept, lowest, highest)

    def _check_width(self, parents):
        """Refuse rows of another width than the weights, beyond which kernels would read."""
        if parents.shape[1] != len(self.weights):
            raise ValueError(
                f"parents have {parents.shape[1]} columns, but the weights are for "
                f"{len(self.weights)}."
            )


def affine_extremes(weights, intercept, lowest, highest):
    """Bounds of an affine map over all parents between two limits: numbers or arrays, infinite too.

    weights : (n_parents, n_units) float64, where zeros are no connection at all.
    """
    parents = np.broadcast_to(lowest, len(weights)), np.broadcast_to(highest, len(weights))
    with np.errstate(invalid="ignore"):
        ends = [np.where(weights, weights * each[:, None], 0.0) for each in parents]
    return intercept + np.minimum(*ends).sum(axis=0), intercept + np.maximum(*ends).sum(axis=0)
