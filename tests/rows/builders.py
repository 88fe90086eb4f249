"""Tables in every form that they come in."""

import numpy as np
import pytest
import scipy.sparse

DTYPES = [np.bool_, np.uint8, np.float32, np.float64]
FORMS = {"array": np.asarray, "fortran": np.asfortranarray, "csr": scipy.sparse.csr_matrix}
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
each_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def table(dtype, missing=False, n=23, d=7, seed=0):
    """Rows half of which are zeros, the last one wholly missing if values are."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 4, (n, d)) * (rng.random((n, d)) < 0.5)
    if dtype in (np.float32, np.float64):
        X = X - 0.75 * (X > 2)
    X = X.astype(dtype)
    if missing:
        X[rng.random((n, d)) < 0.2] = np.nan
        X[-1] = np.nan
    return X


def tables(missing=None):
    """A parameter for every type with and without missing values."""
    pairs = [
        (dtype, gaps)
        for dtype in DTYPES
        for gaps in (False, True)
        if missing in (None, gaps) and (not gaps or dtype in (np.float32, np.float64))
    ]
    return pytest.mark.parametrize(
        ("dtype", "missing"), pairs, ids=lambda x: x.__name__ if isinstance(x, type) else str(x)
    )
