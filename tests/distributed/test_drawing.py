"""Rows drawn lazily."""

import dask
import numpy as np
import pandas as pd
import pytest

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from sklearn_helmholtz.distributed import lazy_sample
from tests.persistence.fitted import mixed_frame, polars_frame
from tests.shells import FEW, binary_rows, real_rows


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def test_draws_are_of_the_model_and_repeat():
    machine = HelmholtzMachine(3, **FEW).fit(binary_rows())
    X = lazy_sample(machine, 25_000, random_state=0)
    assert (X.shape, X.chunks[0], X.dtype) == ((25_000, 4), (10_000, 10_000, 5_000), np.uint8)
    drawn = X.compute()
    assert drawn.dtype == X.dtype
    np.testing.assert_array_equal(drawn, X.compute())
    np.testing.assert_array_equal(drawn[10_000:20_000], X.blocks[1].compute())
    known = machine.sample(25_000, random_state=1).mean(axis=0)
    assert np.abs(drawn.mean(axis=0) - known).max() < 5 * np.sqrt(0.5 / 25_000)
    assert (drawn[:5_000] != drawn[10_000:15_000]).any()
    assert (drawn != lazy_sample(machine, 25_000, random_state=1).compute()).any()


def test_mixed_tables_are_numbered_frames():
    machine = HelmholtzMachine(3, visible={"z": "gaussian"}, **FEW).fit(mixed_frame())
    X = lazy_sample(machine, 25, chunk_size=10, random_state=0)
    drawn = X.compute()
    assert drawn.index.tolist() == list(range(25))
    assert X.divisions == (0, 10, 20, 24)
    pd.testing.assert_series_equal(drawn.dtypes, machine.sample(1).dtypes)
    pd.testing.assert_series_equal(X.dtypes, drawn.dtypes)
    pd.testing.assert_frame_equal(X.loc[7:12].compute(), drawn.loc[7:12])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0, "random_state": 0}, "n_samples must be an integer of at least 1, got 0"),
        ({"n_samples": 5, "random_state": None}, "random_state must be an integer.*got None"),
        ({"n_samples": 5, "random_state": 0, "chunk_size": 2.5}, "chunk_size.*got 2.5"),
    ],
)
def test_bad_numbers_are_refused(options, message):
    model = FactorAnalysis(1).fit(real_rows())
    with pytest.raises(ValueError, match=message):
        lazy_sample(model, **options)


def test_frames_that_dask_does_not_know_are_refused():
    machine = HelmholtzMachine(3, visible={"z": ("real", 0.01)}, **FEW).fit(polars_frame())
    with pytest.raises(ValueError, match=r"draws .*polars"):
        lazy_sample(machine, 5, random_state=0)
