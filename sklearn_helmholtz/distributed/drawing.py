"""Rows drawn from a model as a lazy collection."""

from itertools import pairwise

import numpy as np

from .answers import chunk_seed
from .library import dask_module
from .shipment import shipped


def lazy_sample(estimator, n_samples, *, chunk_size=10_000, random_state):
    """Rows drawn from a fitted estimator as a lazy collection, chunk by chunk.

    Parameters
    ----------
    estimator : estimator
        A fitted one that has ``sample``.

    n_samples : int
        Rows to draw, at least 1.

    chunk_size : int, default=10,000
        Rows of a chunk, whose last may have fewer.

    random_state : int
        From 0 on. Each chunk has a seed of its own, made of this and of its number: the rows are
        the same in each computation, and not those of ``estimator.sample``. They depend on
        chunk_size.

    Returns
    -------
    X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
        A DataFrame where the estimator draws one, of numbered rows that divisions know.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import FactorAnalysis
    >>> from sklearn_helmholtz.distributed import lazy_sample
    >>> model = FactorAnalysis(2).fit(load_wine().data)
    >>> X = lazy_sample(model, 1_000_000, chunk_size=100_000, random_state=0)
    >>> X.shape, X.numblocks
    ((1000000, 13), (10, 1))
    """
    n_samples, chunk_size = _count("n_samples", n_samples), _count("chunk_size", chunk_size)
    _count("random_state", random_state, least=0)
    example = estimator.sample(1, random_state=0)
    delayed, shipment = dask_module("dask").delayed, shipped(estimator)
    starts = [*range(0, n_samples, chunk_size), n_samples]
    sizes = [stop - start for start, stop in pairwise(starts)]
    draw = delayed(_drawn, pure=True)
    parts = [
        draw(shipment, size, start, chunk_seed(random_state, number))
        for number, (start, size) in enumerate(zip(starts[:-1], sizes, strict=True))
    ]
    if hasattr(example, "iloc"):
        divisions = (*starts[:-1], n_samples - 1)
        return dask_module("dask.dataframe").from_delayed(
            parts, meta=example.iloc[:0], divisions=divisions, verify_meta=False
        )
    if not isinstance(example, np.ndarray):
        raise ValueError(
            "lazy_sample makes arrays and DataFrames of pandas, but this "
            f"{type(estimator).__name__} draws {type(example)}."
        )
    array = dask_module("dask.array")
    shape, meta = example.shape[1:], example[:0]
    return array.concatenate(
        [
            array.from_delayed(part, (size, *shape), dtype=example.dtype, meta=meta)
            for part, size in zip(parts, sizes, strict=True)
        ]
    )


def _drawn(shipment, n_rows, start, seed):
    """Some rows, numbered from ``start`` where they are a DataFrame."""
    rows = shipment.estimator.sample(n_rows, random_state=seed)
    if hasattr(rows, "iloc"):
        rows.index = rows.index + start
    return rows


def _count(name, value, least=1):
    """A whole number as an int, or a ValueError."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}.")
    return int(value)
