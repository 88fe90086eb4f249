"""Classifiers that learn from rows in collections, and their labels."""

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from sklearn_helmholtz import RestrictedBoltzmannClassifier
from sklearn_helmholtz.distributed import Shipment
from tests.persistence.fitted import difference

CHUNKS = ((0, 61, 100, 1, 0, 138), -1)
OPTIONS = [
    {}, {"early_stopping": True}, {"generative": 0.0}, {"generative": np.inf, "n_chains": 3},
]  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def make(**options):
    return RestrictedBoltzmannClassifier(5, n_iter=2, batch_size=50, random_state=0, **options)


def rows():
    """Rows with gaps, labels of which some are missing, and weights of which some are zero."""
    rng = np.random.default_rng(0)
    second = rng.random((300, 1)) < 0.4
    X = (rng.random((300, 8)) < np.where(second, 0.7, 0.2)).astype(np.float64)
    X[rng.random(X.shape) < 0.05] = np.nan
    y = np.where(second[:, 0], "yes", "no").astype(object)
    y[::11], y[5] = None, "odd"
    weights = rng.integers(0, 3, 300).astype(float)
    weights[5] = 0
    return X, y, weights


def chunked(X, chunks=CHUNKS):
    return da.from_array(X, chunks=chunks)


def assert_same(one, other):
    assert difference(one.set_params(n_jobs=None), other.set_params(n_jobs=None)) is None


@pytest.mark.filterwarnings("ignore:y has .* missing label")
@pytest.mark.parametrize("options", OPTIONS, ids=["hybrid", "held out", "labels", "rows"])
def test_one_chunk_is_what_is_in_memory(options):
    X, y, weights = rows()
    known = make(**options).fit(X, y, sample_weight=weights)
    found = make(**options).fit(chunked(X, (300, -1)), y, sample_weight=weights)
    assert found.classes_.tolist() == ["no", "yes"]
    assert_same(found, known)


@pytest.mark.filterwarnings("ignore:y has .* missing label")
@pytest.mark.parametrize("options", OPTIONS, ids=["hybrid", "held out", "labels", "rows"])
def test_chunks_are_learnt_from_whoever_reads_them(options):
    X, y, weights = rows()
    known = make(n_jobs=1, **options).fit(chunked(X), y, sample_weight=weights)
    with dask.config.set(scheduler="threads", num_workers=3):
        found = make(n_jobs=2, **options).fit(chunked(X), chunked(y, 77), sample_weight=weights)
    assert_same(found, known)
    seen = (y == "no") | (y == "yes")
    in_memory = make(**options).fit(X, y, sample_weight=weights)
    shares = [model.predict_proba(X[seen]).mean(axis=0) for model in (known, in_memory)]
    np.testing.assert_allclose(*shares, atol=0.05)


def test_labels_stay_here(monkeypatch):
    X, y, _ = rows()
    shipped, of = [], Shipment.of
    monkeypatch.setattr(Shipment, "of", lambda estimator: shipped.append(vars(estimator).copy())
                        or of(estimator))  # fmt: skip
    frame = pd.DataFrame(X, columns=list("abcdefgh")).assign(y=pd.Series(y, dtype="object"))
    collection = dd.from_pandas(frame, npartitions=3)
    found = make().fit(collection[list("abcdefgh")], collection["y"])
    assert len(shipped) == 1
    assert not {"_given", "_labels"} & shipped[0].keys()
    assert_same(found, make().fit(collection[list("abcdefgh")], y))
    assert not {"_given", "_labels"} & vars(found).keys()


def test_training_goes_on():
    X, y, _ = rows()
    y, classes = np.where(y == "odd", "no", y), ["no", "yes"]
    one = make().partial_fit(chunked(X, (300, -1)), y, classes).partial_fit(X, y)
    assert_same(one, make().partial_fit(X, y, classes).partial_fit(chunked(X, (300, -1)), y))


def test_what_is_refused():
    X, y, weights = rows()
    table = pd.DataFrame({"a": pd.Categorical(["u", "v"] * 150), "b": np.arange(300) % 2})
    for given, sentence in (
        ((chunked(X), y[:-1]), "inconsistent numbers of samples"),
        ((chunked(X), None), "requires y to be passed"),
        ((chunked(X), np.zeros(300)), "one class only"),
        ((chunked(X), y, 0 * weights), "at least one non-zero"),
        ((dd.from_pandas(table, npartitions=2), y), "'a'.* holds 'u' .text.*, which is not a num"),
    ):
        with pytest.raises(ValueError, match=sentence):
            make().fit(*given)
    with pytest.raises(TypeError, match="predict_proba takes rows that are in memory"):
        make().fit(X, y, weights).predict_proba(chunked(X))
