"""Leading eigenvectors of covariance matrices in units that change slowly."""

import numpy as np
from scipy.linalg import eigh, qr
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dpotrf, dsyevd

from .blas import product

_DENSE = 128  # features up to which all eigenvectors are found
_SPARE = 8  # directions beyond the factors that are followed
_FIRST_DEPTH, _DEPTH = 3, 2  # products with the matrix that a basis of the leading space has
_ZERO = 1e-12  # eigenvalues, relative to the largest
_LEAST = 1e-300  # length of a vector
_DEPENDENT = 1e-3  # of a unit vector what is beyond others, and less


class LeadingSpace:
    """The leading eigenvectors of a covariance matrix in units that change slowly.

    Of small matrices all; of others those of a block Krylov space that starts where the last one
    ended. S : (n_features, n_features). is_complete : whether all eigenvalues are found that are
    not zero.
    """

    def __init__(self, S, n_vectors, rng):
        self._S, self.variances, self._n = S, np.diag(S).copy(), n_vectors
        self._basis, self._depth = None, _FIRST_DEPTH
        if len(S) > max(_DENSE, (_FIRST_DEPTH + 1) * (n_vectors + _SPARE)):
            self._basis = rng.standard_normal((len(S), n_vectors + _SPARE))
        self.is_complete = self._basis is None

    def find(self, scale):
        """The largest eigenvalues of ``scale S scale``, falling, and their eigenvectors.

        (n_features, n) of all or of the first, with one beyond those of the factors.
        """
        if self._basis is None:
            values, vectors, _ = dsyevd(self._S * scale * scale[:, None])
            return values[::-1], vectors[:, ::-1]
        blocks, images = [_beyond([], self._basis)], []
        for _ in range(self._depth):
            images.append(self._times(blocks[-1], scale))
            blocks.append(_beyond(blocks, images[-1]))
        images.append(self._times(blocks[-1], scale))
        self._depth = _DEPTH
        basis = np.concatenate(blocks, axis=1)
        values, inner = eigh(product(basis.T, np.concatenate(images, axis=1)))
        self._basis = product(basis, inner[:, : -self._basis.shape[1] - 1 : -1])
        n = self._n + 1
        return values[: -n - 1 : -1], self._basis[:, :n]

    def _times(self, vectors, scale):
        """``scale S scale @ vectors``."""
        scale = scale[:, None]
        return scale * product(self._S, scale * vectors)

    def sums(self, scale):
        """The sum of all eigenvalues of ``scale S scale``, and that of their squares."""
        squares = scale**2
        return self.variances @ squares, squares @ product(self._S**2, squares)

    def leading(self, n):
        """The n largest eigenvalues of S itself, falling, and their eigenvectors, to rounding.

        A Krylov space is too slow where they are nearly equal, and here there is only one matrix.
        """
        p = len(self._S)
        if n == 0:
            return np.empty(0), np.empty((p, 0))
        values, vectors = eigh(self._S, subset_by_index=(p - n, p - 1))
        return values[::-1], vectors[:, ::-1]


class DualSpace:
    """The same for a covariance of fewer rows than features, which is never formed.

    All eigenvalues are known: those that are not found are zero. rows : (n_rows, n_features),
    centred, weighted and divided by the root of the weight of all.
    """

    is_complete = True

    def __init__(self, rows):
        self._rows, self.variances = rows, np.einsum("ri,ri->i", rows, rows)

    def find(self, scale):
        """The eigenvalues that are not zero, falling, and their eigenvectors."""
        scaled = self._rows * scale
        values, inner = eigh(product(scaled, scaled.T))
        n = np.count_nonzero(values > _ZERO * values[-1])
        values, inner = values[: -n - 1 : -1], inner[:, : -n - 1 : -1]
        return values, product(scaled.T, inner / np.sqrt(values))

    def leading(self, n):
        """The n largest eigenvalues of the covariance, falling, and their eigenvectors.

        Fewer, if not so many differ from zero.
        """
        values, vectors = self.find(np.ones(len(self.variances)))
        return values[:n], vectors[:, :n]


def _beyond(blocks, vectors):
    """An orthonormal basis of what vectors have beyond orthonormal blocks, all (n_features, n).

    Twice Gram and Schmidt, and Cholesky's decomposition of the products of the rest with itself.
    These are a few products of matrices, where a QR decomposition makes hundreds of vectors, which
    threads are slow at. Where the rest is too nearly dependent, it is QR all the same.
    """
    rest = vectors
    for _ in range(2):
        for block in blocks:
            rest = rest - product(block, product(block.T, rest))
        rest = rest / np.maximum(np.sqrt(np.einsum("ij,ij->j", rest, rest)), _LEAST)
        root, failed = dpotrf(product(rest.T, rest))
        if failed or np.diag(root).min() < _DEPENDENT:
            first = sum(block.shape[1] for block in blocks)
            everything = np.concatenate([*blocks, vectors], axis=1)
            return qr(everything, mode="economic", check_finite=False)[0][:, first:]
        rest = dtrsm(1.0, root, rest, side=1)
    return rest
