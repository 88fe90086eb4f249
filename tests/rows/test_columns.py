"""What passes over a table find, against plain NumPy."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import HelmholtzMachine, _training
from sklearn_helmholtz.estimators import trained
from sklearn_helmholtz.models import encoding as encoding_module
from sklearn_helmholtz.rows import (
    TableLimits,
    TableSummary,
    by_pattern,
    chunks,
    columns,
    dense_rows,
    has_missing,
    means,
    missing_per_row,
    moments,
    row_pieces,
)
from sklearn_helmholtz.rows import dense as dense_module
from sklearn_helmholtz.rows import missing as missing_module
from tests.rows.builders import each_form, table, tables

INDICES = np.array([19, 3, 4, 4, 11, 0, 22, 7, 15])


@pytest.fixture(params=[2**20, 7 * 5, 1], ids=["whole", "five rows", "one row"], autouse=True)
def pieces(request, monkeypatch):
    """Tables are read as a whole, and some rows at a time."""
    monkeypatch.setattr(dense_module, "CHECKED_ENTRIES", request.param)


def known_mean(X, weights=None):
    """The mean of each column by `numpy.average`, and the sums of weights of what is known."""
    weights = np.ones(len(X)) if weights is None else weights
    average, counts = np.full(X.shape[1], np.nan), np.zeros(X.shape[1])
    for j, column in enumerate(X.T):
        seen = ~np.isnan(column)
        counts[j] = weights[seen].sum()
        if counts[j]:
            average[j] = np.average(column[seen], weights=weights[seen])
    return average, counts


@each_form
@tables()
def test_a_summary_tells_what_numpy_tells(form, dtype, missing):
    X = table(dtype, missing)
    summary, plain = TableSummary.of(form(X)), X.astype(np.float64)
    assert summary.low == np.nanmin(plain)
    assert summary.high == np.nanmax(plain)
    assert type(summary.low) is type(summary.high) is float
    assert summary.is_whole == (dtype in (np.bool_, np.uint8))
    assert summary.n_active == np.count_nonzero(X)
    assert summary.density == np.count_nonzero(X) / X.size
    assert_array_equal(summary.n_missing, np.isnan(plain).sum(axis=1))
    assert_allclose(summary.totals, np.nansum(plain, axis=0), rtol=1e-12)
    assert_array_equal(summary.counts, (~np.isnan(plain)).sum(axis=0))
    assert summary.has_missing == missing
    assert_array_equal(summary.known_rows, np.flatnonzero(~np.isnan(plain).all(axis=1)))
    assert summary.shape == X.shape
    assert summary.dtype == X.dtype
    assert summary.is_binary == (dtype is np.bool_)


@each_form
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_zeros_and_ones_of_any_type_are_binary(form, dtype):
    X = (table(np.float64) > 0).astype(dtype)
    assert TableSummary.of(form(X)).is_binary
    for value in (2, 0.5, -1, np.nan):
        other = X.astype(np.float64)
        other[-1, 2] = value
        summary = TableSummary.of(form(other))
        assert not summary.is_binary
        assert summary.is_whole == (value != 0.5)


@each_form
def test_a_summary_of_nothing_but_gaps_has_no_limits(form):
    summary = TableSummary.of(form(np.full((3, 2), np.nan)))
    assert np.isnan([summary.low, summary.high]).all()
    assert not len(summary.known_rows)
    assert_array_equal(summary.counts, [0, 0])
    assert not summary.is_binary


def test_zeros_that_are_not_stored_count():
    dense = np.array([[3.0, 5.0], [2.0, 0.0]])
    assert TableSummary.of(scipy.sparse.csr_matrix(dense)).low == 0
    assert TableSummary.of(scipy.sparse.csr_matrix(dense[:1])).low == 3
    assert TableSummary.of(scipy.sparse.csr_matrix((4, 2))).high == 0
    stored = scipy.sparse.csr_matrix((np.zeros(2), [0, 1], [0, 1, 2]), (2, 2))
    assert TableSummary.of(stored).n_active == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_limits_forgive_rounding(dtype):
    eps = np.finfo(dtype).eps
    misses = {0: True, 4 * eps: True, 40 * eps: False}
    exceeds = {0: True, 4 * eps: True, 8e-7: True, 1e-6: False, 4e-6: False}
    for (below, is_low), (above, is_high) in itertools.product(misses.items(), exceeds.items()):
        summary = TableSummary.of(np.array([[0, 1 + above], [-below, 1]], dtype))
        assert summary.lies_in(0, 1) == (is_low and is_high)
        assert summary.lies_in(None, 1) == is_high
        assert summary.lies_in(0, None) == is_low
        assert summary.lies_in(None, 2) == summary.lies_in(-1, None) == True  # noqa: E712
    summary = TableSummary.of(np.array([[0, 2]], np.uint8))
    assert not summary.lies_in(0, 1)
    assert summary.lies_in(0, 2)


@each_form
@tables()
@pytest.mark.parametrize("weighted", [False, True])
def test_means_are_averages(form, dtype, missing, weighted):
    X = table(dtype, missing)
    weights = np.linspace(0.2, 3, len(X)) if weighted else None
    rows = X[INDICES].astype(np.float64)
    expected = known_mean(rows, None if weights is None else weights[INDICES])
    mean, count = means(form(X), INDICES, weights)
    assert_allclose(mean, expected[0], rtol=1e-12)
    assert_allclose(count, expected[1], rtol=1e-12)


@each_form
@tables()
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_averages(form, dtype, missing, weighted):
    X = table(dtype, missing)
    X[:, 3] = 1
    weights = np.linspace(0.2, 3, len(X)) if weighted else None
    rows = X[INDICES].astype(np.float64)
    own = None if weights is None else weights[INDICES]
    average, counts = known_mean(rows, own)
    spread = known_mean((rows - average) ** 2, own)[0]
    mean, variance, count, remainder, constant = moments(form(X), INDICES, weights)
    assert_allclose(mean, average, rtol=1e-12)
    assert_allclose(variance, spread, rtol=1e-12, atol=1e-15)
    assert_allclose(count, counts, rtol=1e-12)
    assert abs(remainder).max() < 1e-12
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = np.nanmin(rows, axis=0) == np.nanmax(rows, axis=0)
    assert_array_equal(constant, expected)
    assert constant[3]
    assert variance[3] == 0


@each_form
def test_whole_weights_are_rows_that_repeat(form):
    X = table(np.float64, missing=True)
    weights = np.arange(len(X)) % 4
    everything, kept = np.arange(len(X)), np.flatnonzero(weights)
    repeated = form(np.repeat(X, weights, axis=0))
    numbers = np.arange(repeated.shape[0])
    for found, expected in (
        (means(form(X), kept, weights.astype(float)), means(repeated, numbers)),
        (means(form(X), everything, weights.astype(float)), means(repeated, numbers)),
        (moments(form(X), kept, weights.astype(float))[:3], moments(repeated, numbers)[:3]),
    ):
        for one, other in zip(found, expected, strict=True):
            assert_allclose(one, other, rtol=1e-12)


@each_form
def test_columns_without_values_have_no_moments(form):
    X = table(np.float64)
    X[:, 2] = np.nan
    data, everything = form(X), np.arange(len(X))
    mean, count = means(data, everything)
    found = moments(data, everything)
    for values in (mean, *found[:2]):
        assert np.isnan(values[2])
        assert not np.isnan(np.delete(values, 2)).any()
    assert count[2] == found[2][2] == 0


def test_moments_far_from_zero_keep_their_digits():
    X = 1e9 + np.random.default_rng(0).normal(size=(50, 3))
    weights = np.linspace(0.5, 2, 50)
    _, variance, *_ = moments(X, np.arange(50), weights)
    centred = X - 1e9
    mean = np.average(centred, axis=0, weights=weights)
    expected = np.average((centred - mean) ** 2, axis=0, weights=weights)
    assert_allclose(variance, expected, rtol=1e-9)


@each_form
@tables()
def test_missing_values_are_counted(form, dtype, missing):
    X = table(dtype, missing)
    expected = np.isnan(X.astype(np.float64)).sum(axis=1)
    assert_array_equal(missing_per_row(form(X)), expected)
    assert has_missing(form(X)) == missing


@each_form
def test_rows_are_parted_by_what_is_missing(form):
    X = np.ones((12, 10))
    for numbers, columns_ in (([0, 3, 5, 9], [1]), ([2, 7], [1, 9]), ([8], [0])):
        X[np.ix_(numbers, columns_)] = np.nan
    chosen = np.array([9, 0, 1, 2, 3, 5, 7, 8, 10])
    often, others = by_pattern(form(X), chosen, 3)
    assert [part.tolist() for part in often] == [[9, 0, 3, 5]]
    assert sorted(others.tolist()) == [1, 2, 7, 8, 10]
    patterns = np.isnan(X[others])
    changes = (patterns[1:] != patterns[:-1]).any(axis=1).sum()
    assert changes == len(np.unique(patterns, axis=0)) - 1


@each_form
@tables()
def test_pieces_are_the_rows(form, dtype, missing):
    X = table(dtype, missing)
    data = form(X)
    found = [dense_rows(piece, slice(None)) for piece in row_pieces(data, INDICES)]
    assert_array_equal(np.concatenate(found), X[INDICES].astype(np.float64))
    values = np.concatenate([np.ravel(chunk) for chunk in chunks(data)])
    assert_array_equal(values, data.data if scipy.sparse.issparse(data) else X.ravel())


# How often data are read


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("stops", [False, True])
def test_binary_data_are_read_twice_at_most_before_learning(dtype, stops, monkeypatch):
    """By one summary, which also knows the means; and for these where rows are held out.

    Not counted is scikit-learn, which looks for infinity among floats.
    """
    X = (np.random.default_rng(0).random((40, 7)) < 0.5).astype(dtype)
    n_read, before_learning = [0], []

    def counting(function):
        def read(*arguments):
            for piece in function(*arguments):
                n_read[0] += piece.shape[0]
                yield piece

        return read

    for module in (columns, missing_module, encoding_module, dense_module):
        for name in ("_slices", "row_pieces", "chunks"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counting(getattr(module, name)))

    def train(*arguments, **settings):
        before_learning.append(n_read[0])
        return _training.train(*arguments, **settings)

    monkeypatch.setattr(trained, "train", train)
    HelmholtzMachine(3, max_iter=1, random_state=0, early_stopping=stops).fit(X)
    assert len(before_learning) == 1
    assert 40 <= before_learning[0] <= (2 * 40 if stops else 40)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("kind", ["binary", "whole", "fractions", "missing", "nothing known"])
@pytest.mark.parametrize("listed", [False, True])
def test_limits_are_those_of_the_summary(dtype, kind, listed):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2 if kind == "binary" else 9, (12, 5)) * (rng.random((12, 5)) < 0.6)
    X = X.astype(np.float64)
    if np.dtype(dtype).kind == "f":
        X = X + 0.25 * (kind == "fractions") * (X > 0)
        X[rng.random(X.shape) < 0.2 * (kind == "missing")] = np.nan
        X[:] = np.nan if kind == "nothing known" else X
    X = X.astype(dtype)
    data = scipy.sparse.csr_matrix(X) if listed else X
    limits, summary = TableLimits.of(data), TableSummary.of(data)
    for name in ("low", "high", "is_whole", "has_missing", "is_binary"):
        assert_array_equal(getattr(limits, name), getattr(summary, name))
