"""QR decompositions of matrices whose rows differ in size by many orders of magnitude."""

import functools
from dataclasses import dataclass

import numpy as np

_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Reflections:
    """``A[order][:, columns] = Q R`` of a stack of matrices A (n, m, k), with m >= k.

    Householder's reflections leave in each row an error that is small beside that row, if the
    largest rows and columns come first (Powell & Reid 1969; Cox & Higham 1998): weighted least
    squares are solved as if the weights were all alike.

    order : (n, m), rows, the largest first; columns : (n, k), as they were chosen; vectors : (n, k,
    m), factors : (n, k), of the reflections ``I - factor vector vector'``; upper : (n, k, k), R;
    rank : (n,), beyond which the diagonal of R is 1, and the rest of it 0.
    """

    order: np.ndarray
    columns: np.ndarray
    vectors: np.ndarray
    factors: np.ndarray
    upper: np.ndarray
    rank: np.ndarray

    @classmethod
    def of(cls, matrices, least=0.0):
        """The decompositions of matrices.

        least : of a row, relative to its largest entry, what counts as nothing once larger rows
        have had their say. Rank is what is left when all rows are nothing.
        """
        n, m, k = matrices.shape
        sizes = np.abs(matrices).max(axis=2, initial=0)
        order = np.argsort(-sizes, axis=1, kind="stable")
        sizes = np.maximum(np.take_along_axis(sizes, order, 1), _TINY)
        work = np.take_along_axis(np.swapaxes(matrices, 1, 2), order[:, None], 2)
        columns, rank = np.tile(np.arange(k), (n, 1)), np.full(n, k)
        vectors, factors = np.zeros((n, k, m)), np.zeros((n, k))
        for j in range(k):
            if least:
                left = np.abs(work[:, j:, j:]).max(axis=1) / sizes[:, j:]
                ended = (left.max(axis=1) <= least) & (rank > j)
                rank[ended], work[ended, j:, j:] = j, 0
            _exchange(work, columns, j)
            vectors[:, j, j:], factors[:, j] = _reflect(work[:, j:, j:])
        upper = np.swapaxes(work[:, :, :k], 1, 2)
        beyond = np.arange(k) >= rank[:, None]
        upper[:, np.arange(k), np.arange(k)] += beyond
        return cls(order, columns, vectors, factors, upper, rank)

    def turn(self, rows, numbers):
        """``Q' rows[order]``, (n_rows, m), of rows of the matrices of some numbers."""
        if len(self.order) == 1:
            return self._turn_alike(rows[:, self.order[0]])
        rows = np.take_along_axis(rows, self.order[numbers], 1)
        for j in range(self.vectors.shape[1]):
            vector = self.vectors[numbers, j, j:]
            along = np.einsum("rm,rm->r", rows[:, j:], vector) * self.factors[numbers, j]
            rows[:, j:] -= along[:, None] * vector
        return rows

    def _turn_alike(self, rows):
        """The same of a single matrix, whose rows are in order already, and overwritten.

        Q itself is formed where there are more rows than it has.
        """
        m = rows.shape[1]
        if len(rows) > m:
            return rows @ self._turn_alike(np.eye(m))
        for j, (vector, factor) in enumerate(zip(self.vectors[0], self.factors[0], strict=True)):
            along = rows[:, j:] @ vector[j:] * factor
            rows[:, j:] -= along[:, None] * vector[j:]
        return rows

    @functools.cached_property
    def roots(self):
        """Matrices of which ``root.T @ root`` inverts ``A.T @ A`` of full rank, (n, k, k).

        ``turned[:, :k] @ root`` solves least squares.
        """
        return self.placed(np.linalg.inv(self.upper))

    def shortest(self):
        """Matrices that take ``turned[:, :k]`` to the shortest least squares solutions, (n, k, k).

        With R = (S, T) in as many rows as its rank, ``y = S^-1 turned`` solves without the last
        columns; what these take over is least squares with ``W = S^-1 T``.
        """
        inverse = np.linalg.inv(self.upper)
        held = np.arange(self.upper.shape[2]) < self.rank[:, None]
        y = inverse * held[:, None] * held[:, :, None]
        w = -inverse * ~held[:, None] * held[:, :, None]
        turned = np.swapaxes(w, 1, 2)
        rest = np.linalg.solve(turned @ w + np.eye(w.shape[2]), turned @ y)
        return self.placed(y - w @ rest + rest)

    def placed(self, matrices):
        """Transposes of matrices whose rows are columns of A as they were chosen."""
        result = np.empty_like(matrices)
        places = np.broadcast_to(self.columns[:, None], matrices.shape)
        np.put_along_axis(result, places, np.swapaxes(matrices, 1, 2), 2)
        return result


def _exchange(work, columns, j):
    """Bring the longest column that is left to place j; work : (n, k, m), columns (n, k)."""
    squares = np.einsum("nkm,nkm->nk", work[:, j:, j:], work[:, j:, j:])
    here, chosen = np.arange(len(work)), j + squares.argmax(axis=1)
    for array in (work, columns):
        array[here, j], array[here, chosen] = array[here, chosen], array[here, j]


def _reflect(work):
    """Reflect the first column onto the first row, in place; work : (n, columns, rows).

    The vectors (n, rows) and factors (n,) of the reflections.
    """
    vector = work[:, 0].copy()
    length, first = np.sqrt(np.einsum("nm,nm->n", vector, vector)), vector[:, 0].copy()
    # The sign that adds: a difference would lose what small rows hold.
    end = -np.copysign(length, first)
    vector[:, 0] -= end
    scale = length * (length + np.abs(first))
    factor = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    rest = work[:, 1:]
    rest -= ((rest @ vector[:, :, None]) * factor[:, None, None]) * vector[:, None]
    work[:, 0], work[:, 0, 0] = 0, end
    return vector, factor
