"""Sparse matrices as users give them, of which nothing may point out of its shape.

SciPy checks little of what `scipy.sparse.load_npz` or a constructor is given, and compiled code
that follows an index out of its shape ends the process.
"""

import numpy as np


def check_form(X, name="X"):
    """Refuse a sparse matrix that is not well formed, at the cost of a look at its indices.

    Raises
    ------
    ValueError
        Names what is wrong.
    """
    if X.format != "lil" and np.ma.isMaskedArray(getattr(X, "data", None)):
        raise ValueError(f"{name} holds masked values: store NaN where a value is missing.")
    if X.ndim != 2 or (X.format == "bsr" and X.data.ndim != 3):
        raise ValueError(
            f"{name} is a malformed {X.format.upper()} matrix: it must have rows and columns."
        )
    if X.format in ("csr", "csc", "bsr"):
        _check_compressed(X, name)
    elif X.format == "coo":
        for axis, (indices, size) in enumerate(zip(X.coords, X.shape, strict=True)):
            _check_lengths(X, name, len(indices), len(X.data))
            _check_indices(X, name, ("row", "column")[axis], indices, size)
    elif X.format == "lil":
        sizes = [[len(entries) for entries in lists] for lists in (X.rows, X.data)]
        if sizes[0] != sizes[1] or len(sizes[0]) != X.shape[0]:
            raise ValueError(
                f"{name} is a malformed LIL matrix: its lists of columns and of values are not of "
                "the same lengths, or not one for each row."
            )
    elif X.format == "dia":
        _check_lengths(X, name, len(X.offsets), len(X.data))


def _check_compressed(X, name):
    """The same of CSR, CSC and BSR, in which indices are listed one row or column after another."""
    blocks = X.blocksize if X.format == "bsr" else (1, 1)
    n_rows, n_columns = (size // block for size, block in zip(X.shape, blocks, strict=True))
    across, along, size = "row", "column", n_columns
    if X.format == "csc":
        n_rows, across, along, size = n_columns, "column", "row", n_rows
    limits = X.indptr
    if len(limits) != n_rows + 1 or limits[0] != 0 or (np.diff(limits) < 0).any():
        raise ValueError(
            f"{name} is a malformed {X.format.upper()} matrix: indptr must rise from 0, with one "
            f"number more than there are {across}s."
        )
    _check_lengths(X, name, len(X.indices), len(X.data))
    _check_lengths(X, name, int(limits[-1]), len(X.indices), at_most=True)
    _check_indices(X, name, along, X.indices[: limits[-1]], size)


def _check_lengths(X, name, n_expected, n_found, at_most=False):
    if n_expected == n_found or (at_most and n_expected < n_found):
        return
    raise ValueError(
        f"{name} is a malformed {X.format.upper()} matrix: it has {n_found} entries where its "
        f"indices have {n_expected}."
    )


def _check_indices(X, name, what, indices, size):
    """Refuse an index outside a number of rows or columns."""
    if not len(indices):
        return
    low, high = indices.min(), indices.max()
    if low < 0 or high >= size:
        raise ValueError(
            f"{name} is a malformed {X.format.upper()} matrix: it holds the {what} number "
            f"{high if high >= size else low}, and {what}s are numbered from 0 to {size - 1}."
        )
