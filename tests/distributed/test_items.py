"""Factor analysis of items in collections: tables and different rows are counted chunk by chunk."""

from itertools import pairwise

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest

from sklearn_helmholtz import OrdinalFactorAnalysis
from sklearn_helmholtz.factors import CountedItems, Items
from tests.distributed.mixed import joined
from tests.persistence.fitted import difference, item_frame

CHUNKS = (0, 61, 100, 1, 0, 138)
WAYS = ["correlations", "likelihood"]


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def frame():
    """Items of which some are missing, and of which one is a category."""
    table = item_frame().astype(dict.fromkeys("adf", "boolean"))  # of objects Dask makes text
    return table.mask(np.random.default_rng(0).random((300, 6)) < 0.1)


def cut(table, chunks=CHUNKS):
    return joined([table.iloc[a:b] for a, b in pairwise(np.cumsum([0, *chunks]))])


def make(estimation, **options):
    return OrdinalFactorAnalysis(1, estimation=estimation, max_iter=20, tol=1e-4, **options)


def weights():
    found = np.random.default_rng(1).integers(0, 3, 300).astype(float)
    found[61:161] = 0  # a chunk that does not count
    return found


@pytest.mark.filterwarnings("ignore:The maximum was not reached")
@pytest.mark.parametrize("estimation", WAYS)
@pytest.mark.parametrize("w", [None, weights()], ids=["equal", "weighted"])
def test_the_model_is_that_in_memory_to_the_bit(estimation, w):
    table = frame()
    given = None if w is None else da.from_array(w, chunks=(CHUNKS,))
    found = make(estimation).fit(cut(table), sample_weight=given)
    assert difference(found, make(estimation).fit(table, sample_weight=w)) is None
    with dask.config.set(scheduler="threads", num_workers=3):
        assert difference(make(estimation).fit(cut(table), sample_weight=given), found) is None
    pd.testing.assert_frame_equal(found.impute(cut(table)).compute(), found.impute(table))


@pytest.mark.filterwarnings("ignore:The maximum was not reached")
@pytest.mark.parametrize("estimation", WAYS)
def test_weights_of_one_chunk_are_those_in_memory(estimation):
    X, w = np.digitize(np.random.default_rng(0).normal(size=(300, 4)), [-1, 0.5]), weights() / 3
    X = (X + np.arange(300)[:, None] % 3) // 2
    found = make(estimation).fit(da.from_array(X, chunks=(300, -1)), sample_weight=w)
    assert difference(found, make(estimation).fit(X, sample_weight=w)) is None


def test_rows_are_counted():
    rng = np.random.default_rng(0)
    codes, w = rng.integers(-1, 3, (90, 4)), rng.integers(1, 4, 90).astype(float)
    whole = Items(codes, w, np.array([3, 3, 3, 3]))
    parts = [Items(codes[a:b], w[a:b], whole.n_levels) for a, b in ((0, 40), (40, 40), (40, 90))]
    counted = CountedItems.united([part.counted() for part in parts])
    distinct = Items.united([part.distinct() for part in parts])
    assert (counted.n_rows, counted.weight) == (90, w.sum())
    assert len(distinct.codes) == len({tuple(row) for row in codes.tolist()}) < 90
    for one in (counted, distinct):
        for i in range(4):
            for a in range(3):
                assert one.counts[i, a] == w[codes[:, i] == a].sum()
        for pair, (i, j) in enumerate(zip(*whole.pairs, strict=True)):
            for a, b in ((0, 2), (1, 1)):
                both = (codes[:, i] == a) & (codes[:, j] == b)
                assert one.tables()[pair, a, b] == w[both].sum()


def test_rows_come_back_only_where_they_are_asked_for(monkeypatch):
    def refuse(items):
        raise AssertionError("rows are not asked for")

    monkeypatch.setattr(Items, "distinct", refuse)
    assert make("correlations").fit(cut(frame())).loadings_.shape == (6, 1)
    with pytest.raises(AssertionError, match="not asked for"):
        make("likelihood").fit(cut(frame()))


def test_what_is_refused():
    table, unordered = frame(), frame().assign(b=pd.Categorical(["x", "y", "z"] * 100))
    parts = [unordered.iloc[:150], unordered.iloc[150:]]
    parts[1] = parts[1].assign(b=parts[1]["b"].cat.reorder_categories(list("zyx")))
    for X, w, sentence in (
        (cut(table.assign(c=1)), None, r"Column 2 \('c'\) of X has one level only"),
        (cut(table.assign(c=range(300))), None, "more than 255 levels"),
        (cut(table.assign(c=np.arange(300) % 40)), None, "40 levels, but items have at most 30"),
        (cut(table.iloc[:1], (1,)), None, "n_samples=1"),
        (cut(table.iloc[:0], (0,)), None, "X has no rows"),
        (cut(table), da.zeros(300, chunks=(CHUNKS,)), "at least one non-zero"),
        (joined(parts), None, "do not list the same levels in one order"),
    ):
        model = make("correlations")
        with pytest.raises(ValueError, match=sentence):
            model.fit(X, sample_weight=w)
        assert not hasattr(model, "_model")
    with pytest.raises(TypeError, match="standard_errors takes rows that are in memory"):
        make("correlations").fit(cut(table)).standard_errors(cut(table))
