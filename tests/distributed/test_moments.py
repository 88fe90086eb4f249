"""Factor analysis of collections: the same model as of the same rows in memory."""

from itertools import pairwise

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz.distributed import ChunkedRows, PatternedChunks
from sklearn_helmholtz.factors import LinearGaussian, PatternedRows, SecondMoments
from sklearn_helmholtz.rows import TableSummary

CHUNKS = ((0, 37, 80, 0, 83), -1)


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def table(seed=0, n_rows=200):
    """Rows of two factors, far from zero, of which a column is constant."""
    rng = np.random.default_rng(seed)
    loadings = (
        np.random.default_rng(9).uniform(0.5, 1.5, size=(2, 9)) * np.eye(2).repeat(5, 1)[:, 1:]
    )
    X = 1e4 + rng.normal(size=(n_rows, 2)) @ loadings + rng.normal(size=(n_rows, 9))
    X[:, 3] = 7
    return X


def weights(n_rows=200):
    found = np.random.default_rng(1).integers(0, 3, n_rows).astype(float)
    found[37:117] = 0  # a chunk that does not count
    return found


def pieces(X, w=None):
    """The chunks that have rows of a weight."""
    ends, w = np.cumsum(CHUNKS[0])[:-1], np.ones(len(X)) if w is None else w
    return [pair for pair in zip(np.split(X, ends), np.split(w, ends), strict=True) if any(pair[1])]


def assert_alike(one, other, rtol=1e-6):
    for name in ("components_", "noise_variance_", "mean_"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=rtol, atol=rtol * 1e-2
        )
    assert one.loglike_[-1] == pytest.approx(other.loglike_[-1], rel=1e-9)
    assert one._weights == other._weights
    assert one._moments.n_rows == other._moments.n_rows
    assert one._moments.weight == other._moments.weight


@pytest.mark.parametrize("w", [None, weights()], ids=["equal", "weighted"])
@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
def test_the_model_is_that_of_the_rows(w, noise):
    X = table()
    given = None if w is None else da.from_array(w, chunks=CHUNKS[:1])
    found = FactorAnalysis(2, noise=noise).fit(da.from_array(X, chunks=CHUNKS), None, given)
    assert_alike(found, FactorAnalysis(2, noise=noise).fit(X, sample_weight=w))
    by_pieces = FactorAnalysis(2, noise=noise)
    for part, own in pieces(X, w):
        by_pieces.partial_fit(part, sample_weight=None if w is None else own)
    assert_alike(found, by_pieces)
    assert found.n_features_in_ == 9


def test_sums_are_those_of_all_rows():
    X, w = table(), weights()
    by_chunk = FactorAnalysis(2).fit(da.from_array(X, chunks=CHUNKS), sample_weight=w)._moments
    d = X - by_chunk.shift
    np.testing.assert_allclose(by_chunk.first, w @ d, rtol=1e-12)
    np.testing.assert_allclose(by_chunk.second, (d.T * w) @ d, rtol=1e-12, atol=1e-9)
    assert (by_chunk.n_rows, by_chunk.weight) == ((w > 0).sum(), w.sum())
    assert by_chunk.columns().constant.tolist() == [False] * 3 + [True] + [False] * 5


def test_more_than_one_level_of_the_tree_adds_all():
    X = table(n_rows=300)
    found = FactorAnalysis(2).fit(da.from_array(X, chunks=(3, -1)))
    assert_alike(found, FactorAnalysis(2).fit(X))


def test_partial_fit_goes_on_from_memory_and_back():
    X, more, rest = table(), table(1), table(2)
    known = FactorAnalysis(2).fit(X).partial_fit(more).partial_fit(rest)
    found = FactorAnalysis(2).fit(X).partial_fit(da.from_array(more, chunks=CHUNKS))
    assert_alike(found.partial_fit(rest), known)


def test_frames_have_names_and_any_partitions():
    frame = pd.DataFrame(table(), columns=list("abcdefghi"))
    X = dd.from_pandas(frame, npartitions=4)
    kept = frame["a"] > frame["a"].quantile(0.4)
    found = FactorAnalysis(2).fit(X[X["a"] > frame["a"].quantile(0.4)])
    assert_alike(found, FactorAnalysis(2).fit(frame[kept]))
    assert list(found.feature_names_in_) == list("abcdefghi")


def test_sparse_chunks_and_small_types():
    X = (table() > 1e4).astype(np.uint8)
    X[:, 3] = 1
    known = FactorAnalysis(1).fit(X)
    assert_alike(FactorAnalysis(1).fit(da.from_array(X, chunks=CHUNKS)), known)
    sparse = da.from_array(X.astype(float), chunks=CHUNKS).map_blocks(scipy.sparse.csr_matrix)
    assert_alike(FactorAnalysis(1).fit(sparse), known)


def test_chunks_alone_decide_the_bits():
    X = da.from_array(table(), chunks=CHUNKS)
    one = FactorAnalysis(2).fit(X)
    with dask.config.set(scheduler="threads", num_workers=3):
        other = FactorAnalysis(2).fit(X)
    np.testing.assert_array_equal(one.components_, other.components_)
    np.testing.assert_array_equal(one._moments.second, other._moments.second)


def broken(place, value):
    X = table()
    X[place] = value
    return da.from_array(X, chunks=CHUNKS)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (broken((150, 2), np.inf), "infinity"),
        (broken((150, 2), 1e200), "Column 2 of X has a magnitude outside"),
        (da.from_array(table()[:1], chunks=(1, -1)), "minimum of 2 is required by FactorAnalysis"),
        (da.from_array(table()[:0], chunks=(1, -1)), "no rows"),
        (da.from_array(table(), chunks=(50, 3)), "cut along its columns"),
    ],
)
def test_bad_rows_are_refused(X, message):
    model = FactorAnalysis(2)
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    assert not hasattr(model, "components_")


def test_moments_are_merged_about_the_same_shift():
    X = table()
    start = SecondMoments.about(X)
    both = start.plus(X[:70]).merged(start.nothing().plus(X[70:]))
    known = start.plus(X)
    np.testing.assert_allclose(both.second, known.second, rtol=1e-12)
    np.testing.assert_allclose(both.first, known.first, rtol=1e-12)


def with_gaps(n_rows=200):
    X = table(n_rows=n_rows)[:, :8] - 1e4
    X[:, 3] = 7
    X[np.random.default_rng(3).random(X.shape) < 0.1] = np.nan
    X[20:90, 5] = np.nan  # a pattern of many
    X[30] = np.nan
    return X


@pytest.mark.parametrize("w", [None, weights()], ids=["equal", "weighted"])
@pytest.mark.parametrize("noise", ["diagonal", "isotropic"])
def test_incomplete_rows_teach_what_they_teach_in_memory(w, noise):
    X = with_gaps()
    known = FactorAnalysis(1, noise=noise, tol=1e-10).fit(X, sample_weight=w)
    found = FactorAnalysis(1, noise=noise, tol=1e-10)
    found.fit(da.from_array(X, chunks=CHUNKS), sample_weight=w)
    for name in ("components_", "noise_variance_", "mean_"):
        np.testing.assert_allclose(getattr(found, name), getattr(known, name), atol=1e-3)
    assert found.loglike_[-1] == pytest.approx(known.loglike_[-1], rel=1e-7)
    assert found._weights == known._weights
    assert found._moments is None


def test_expectations_of_chunks_are_those_of_their_rows():
    X, w, rng = with_gaps(), weights(), np.random.default_rng(0)
    machine = LinearGaussian(rng.normal(size=8), rng.normal(size=(2, 8)), 1 + rng.random(8))
    whole = PatternedRows.of(X, w, np.asarray, 8)
    ends = np.cumsum([0, *CHUNKS[0]])
    parts = [dask.delayed(X[a:b]) for a, b in pairwise(ends)]
    chunks = PatternedChunks.of(ChunkedRows(parts, TableSummary.of(X), ends), w, np.asarray, 8)
    found, known = chunks.expect(machine), whole.expect(machine)
    assert chunks.weight == whole.weight
    assert found.log_likelihood == pytest.approx(known.log_likelihood, rel=1e-12)
    for name in ("counts", "squares", "cross", "inner"):
        np.testing.assert_allclose(getattr(found, name), getattr(known, name), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(chunks.covariance(), whole.covariance(), rtol=1e-12, atol=1e-12)


def test_partial_fit_takes_whole_rows():
    with pytest.raises(ValueError, match=r"missing values \(NaN\): partial_fit keeps second"):
        FactorAnalysis(1).partial_fit(da.from_array(with_gaps(), chunks=CHUNKS))
