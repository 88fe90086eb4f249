"""Tables: the blocks that they are read as, in every form, and the keys of rows."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.rows import Lists, Scaling, Table, content_keys, split_evenly
from sklearn_helmholtz.rows.limits import _BLOCK_WORK, minibatches
from tests.rows.builders import each_form, table, tables

PLACES = {"numbers": np.array([19, 3, 4, 4, 11]), "slice": slice(5, 12)}
CHOSEN = np.array([22, 1, 22, 8, 13, 2, 0, 5, 6, 7, 9, 10, 3, 20, 21, 12, 4, 11, 14, 15])
each_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
FILL = np.linspace(0.1, 0.7, 7).astype(np.float32)
SCALING = Scaling(np.linspace(-1, 2, 7), np.linspace(0.5, 3, 7))


def plain(X):
    """Values as machines see them that see the user's, float64."""
    return np.float64(np.float32(X))


@each_form
@each_place
@tables()
@pytest.mark.parametrize("is_listed", [False, True])
def test_blocks_are_the_rows_asked_for(form, place, dtype, missing, is_listed):
    X = table(dtype, missing)
    rows = Table(form(X), False, is_listed=is_listed, fill_values=FILL if missing else None)
    assert len(rows) == len(X)
    block = rows.take(place)
    listed = is_listed or form is scipy.sparse.csr_matrix
    assert block.is_listed == listed
    assert block.toarray().dtype == np.float32
    assert_array_equal(block.todoubles(), plain(X[place]))
    assert (block.fill_values is FILL) == missing
    assert block.keys is block.weights is block.log_volumes is None


@each_form
@each_place
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32, np.float64])
def test_zeros_and_ones_are_bytes_where_they_are_not_listed(form, place, dtype):
    X = (table(np.float64) > 0).astype(dtype)
    block = Table(form(X), True).take(place)
    assert block.is_binary == (form is not scipy.sparse.csr_matrix)
    assert_array_equal(block.todoubles(), X[place])


@each_form
@each_place
@tables()
def test_standardised_rows_are_dense(form, place, dtype, missing):
    X = table(dtype, missing)
    rows = Table(form(X), False, SCALING, fill_values=FILL if missing else None)
    block = rows.take_keyed(place)
    assert isinstance(block.values, np.ndarray)
    assert block.values.dtype == np.float32
    assert block.values.flags.c_contiguous
    z = (X[place].astype(np.float64) - SCALING.centre) / SCALING.scale
    assert_allclose(block.values, z, rtol=1e-6, atol=1e-6)
    volumes = np.where(np.isnan(z), 0, np.log(SCALING.scale)).sum(axis=1)
    assert_allclose(block.log_volumes, volumes, rtol=1e-12, atol=1e-12)
    assert_allclose(SCALING.restore(z), X[place].astype(np.float64), atol=1e-12)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("missing", [False, True])
def test_keys_are_those_of_the_rows_in_whatever_form(scaled, missing):
    X = table(np.float32, missing)
    expected = content_keys(X)
    assert len(np.unique(expected)) == len(np.unique(X, axis=0))
    assert_array_equal(content_keys(Lists.from_dense(X)), expected)
    settings = {"fill_values": FILL if missing else None}
    if scaled:
        settings["scaling"] = SCALING
    for data in (X, X.astype(np.float64), np.asfortranarray(X), scipy.sparse.csr_matrix(X)):
        for is_listed in (False, True):
            rows = Table(data, False, is_listed=is_listed, **settings)
            for place in (slice(None), slice(3, 9), np.array([22, 4, 4])):
                assert_array_equal(rows.take_keyed(place).keys, expected[place])
            again = rows.choose(CHOSEN).take_keyed(slice(2, 7))
            assert_array_equal(again.keys, expected[CHOSEN][2:7])


def test_keys_of_zeros_and_ones_do_not_depend_on_their_type():
    X = table(np.float64) > 0
    forms = [X.astype(dtype) for dtype in (np.bool_, np.uint8, np.float32, np.float64)]
    forms += [scipy.sparse.csr_matrix(form) for form in forms]
    expected = content_keys(X.astype(np.float32))
    for data in forms:
        for is_listed in (False, True):
            keys = Table(data, True, is_listed=is_listed).take_keyed(slice(None)).keys
            assert_array_equal(keys, expected)


def test_unscaled_rows_lose_no_volume():
    assert Table(table(np.float32), False).take_keyed(slice(None)).log_volumes is None
    assert Table(table(np.float32), False).log_volume == 0


@each_form
@each_place
@pytest.mark.parametrize("chosen", [None, CHOSEN], ids=["all", "chosen"])
def test_weights_go_with_their_rows(form, place, chosen):
    X, weights = table(np.float32, True), np.linspace(0.5, 3, 23)
    rows = Table(form(X), False, fill_values=FILL, weights=weights)
    own, expected = weights, plain(X)
    if chosen is not None:
        rows, own, expected = rows.choose(chosen), weights[chosen], expected[chosen]
    assert_array_equal(rows.row_weights, own)
    for block in (rows.take(place), rows.take_keyed(place)):
        assert_array_equal(block.weights, own[place])
        assert_array_equal(block.todoubles(), expected[place])
    assert_array_equal(Table(form(X), False, chosen=chosen).row_weights, np.ones(len(own)))


@each_form
def test_rows_are_chosen_again_and_again(form):
    X = table(np.float32, True)
    rows = Table(form(X), False, fill_values=FILL)
    some = rows.choose(CHOSEN)
    few = some.choose(np.array([3, 0, 3]))
    assert (len(some), len(few)) == (len(CHOSEN), 3)
    assert_array_equal(few.take(slice(None)).todoubles(), plain(X[CHOSEN][[3, 0, 3]]))
    assert few.number_of(1) == 22
    assert rows.number_of(1) == 1
    missing = np.isnan(X).sum(axis=1)
    for part, expected in ((rows, missing), (some, missing[CHOSEN]), (few, missing[[8, 22, 8]])):
        assert_array_equal(part.count_missing(), expected)


@each_form
def test_fill_values_are_kept_where_something_is_missing(form):
    for missing in (False, True):
        rows = Table(form(table(np.float32, missing)), False).with_fill_values(FILL)
        assert (rows.fill_values is FILL) == missing
        assert rows.take(slice(None)).has_missing == missing
        assert rows.count_missing().any() == missing


@each_form
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("chosen", [None, CHOSEN], ids=["all", "chosen"])
def test_the_mean_volume_is_that_of_the_rows(form, missing, weighted, chosen):
    X = table(np.float64, missing)
    weights = np.linspace(0.5, 3, len(X)) if weighted else None
    rows = Table(
        form(X), False, SCALING, chosen=chosen, fill_values=FILL if missing else None,
        weights=weights,
    )  # fmt: skip
    volumes = rows.take_keyed(slice(None)).log_volumes
    expected = np.average(volumes, weights=rows.row_weights if weighted else None)
    assert rows.log_volume == pytest.approx(expected, rel=1e-12)


@each_form
@pytest.mark.parametrize("is_listed", [False, True])
def test_rounded_rows_lie_in_the_unit_interval(form, is_listed):
    X = np.clip(table(np.float64), 0, 1) * 1.0000005 - 2e-7
    X[X < 0] = 0
    X[0, 0] = -2e-7
    rows = Table(form(X), False, is_listed=is_listed, is_rounded=True)
    block = rows.take_keyed(slice(None))
    assert_array_equal(block.toarray(), np.clip(X.astype(np.float32), 0, 1))
    assert_array_equal(block.keys, content_keys(block.toarray()))


def test_values_beyond_reason_are_as_far_as_squares_go():
    far = np.array([[1e300, -1e300], [0, np.nan]])
    z = Scaling(np.zeros(2), np.ones(2)).standardise(far)
    assert_array_equal(z, np.array([[1e15, -1e15], [0, np.nan]], np.float32))
    assert np.isfinite(z[0] ** 2).all()


# Limits


@pytest.mark.parametrize("n_rows", [0, 1, 5, 1000])
@pytest.mark.parametrize("work", [0, 1, _BLOCK_WORK // 100, _BLOCK_WORK, 50 * _BLOCK_WORK])
@pytest.mark.parametrize("fewest", [1, 8])
def test_rows_are_split_evenly(n_rows, work, fewest):
    limits = split_evenly(n_rows, work, fewest)
    sizes = np.diff(limits)
    assert limits[0] == 0
    assert limits[-1] == n_rows
    assert sizes.max() - sizes.min() <= 1
    assert sizes.max() <= max(_BLOCK_WORK // max(work, 1), fewest)


def test_minibatches_are_the_order_in_pieces():
    order = np.random.default_rng(0).permutation(23)
    parts = list(minibatches(order, 5))
    assert [len(part) for part in parts] == [5, 5, 5, 5, 3]
    assert_array_equal(np.concatenate(parts), order)
