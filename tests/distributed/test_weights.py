"""Weights of the rows of collections: by label, of any container; zero ones count for nothing."""

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from sklearn_helmholtz import HeldOutLikelihood, HelmholtzMachine, RestrictedBoltzmannMachine
from tests.persistence.fitted import difference

FEW = {"batch_size": 50, "random_state": 0}


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def machine():
    return HelmholtzMachine(2, max_iter=2, **FEW)


def binary(n_rows=300):
    return (np.random.default_rng(0).random((n_rows, 6)) < 0.4).astype(np.float64)


def turned(series):
    """The same labels and values in another order within each partition."""
    return series.map_partitions(lambda part: part.iloc[::-1], meta=series._meta)


def test_weights_go_by_the_labels_of_rows():
    weights = pd.Series(1.0 + np.arange(300), name="weight")
    X = dd.from_pandas(pd.DataFrame(binary(), columns=list("abcdef")), npartitions=3)
    weights = dd.from_pandas(weights, npartitions=3)
    known = machine().fit(X, sample_weight=weights)
    assert difference(machine().fit(X, sample_weight=turned(weights)), known) is None
    other = weights.map_partitions(lambda part: part.set_axis(-part.index), meta=weights._meta)
    with pytest.raises(ValueError, match="sample_weight has another index than X"):
        machine().fit(X, sample_weight=other)


def test_weights_of_arrays_may_be_series():
    weights = pd.Series(1.0 + np.arange(300) % 7)
    X = da.from_array(binary(), chunks=((100, 150, 50), -1))
    known = machine().fit(X, sample_weight=weights.to_numpy())
    series = dd.from_pandas(weights, npartitions=4)  # cut otherwise
    assert difference(machine().fit(X, sample_weight=series), known) is None


def test_masked_weights_are_refused():
    weights = np.ma.array(np.ones(300), mask=np.arange(300) == 120)
    with pytest.raises(ValueError, match=r"sample_weight must hold a number for each row: .* NaN"):
        machine().fit(da.from_array(binary(), chunks=(100, -1)), sample_weight=weights)


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_matrix], ids=["dense", "sparse"])
@pytest.mark.parametrize(
    "make", [machine, lambda: RestrictedBoltzmannMachine(3, n_iter=2, **FEW)], ids=["up", "both"]
)
@pytest.mark.parametrize("value", [-1.0, np.nan, 0.0])
def test_rows_of_no_weight_decide_nothing(make, form, value):
    X = np.vstack([np.full((1700, 6), value), binary()])
    weights = np.repeat([0.0, 1.0], [1700, 300])
    known = make().fit(form(X), sample_weight=weights)
    parts = da.from_array(X, chunks=(2000, -1)).map_blocks(form, meta=form(X[:0]))
    assert difference(make().fit(parts, sample_weight=weights), known) is None
    assert known.visible_ == "bernoulli"
    with_empty = da.from_array(X, chunks=((1000, 1000), -1)).map_blocks(form, meta=form(X[:0]))
    assert make().fit(with_empty, sample_weight=weights).visible_ == "bernoulli"


def test_weights_to_validate_by_are_called_by_their_name():
    X = da.from_array(binary(), chunks=(100, -1))
    for weights in (np.ones(7), np.zeros(300), -np.ones(300), da.ones(300, chunks=50)[:250]):
        with pytest.raises(ValueError, match="sample_weight_val"):
            machine().fit(X, X_val=X, sample_weight_val=weights, monitor=HeldOutLikelihood())
