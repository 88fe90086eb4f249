"""Columns far from zero: shifting them changes nothing, and only constant columns are constant.

Tables hold whole numbers and shifts are powers of two, so that shifted tables are exact.
"""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, SigmoidBeliefNet
from sklearn_helmholtz.factors.moments import SecondMoments, centred, observed_columns
from sklearn_helmholtz.rows import moments

pytestmark = pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
FAR = 2.0**50  # where float64 has steps of a quarter


def in_pieces(x, w):
    found = SecondMoments.about(x[:3], w[:3])
    return found.plus(x[:3], w[:3]).plus(x[3:], w[3:]).columns()


def all_columns(x, w):
    """The `Columns` that every way to count finds."""
    ones = np.ones(len(x))
    yield SecondMoments.about(x).plus(x).columns()
    yield SecondMoments.about(x, w).plus(x, w).columns()
    yield in_pieces(x, ones)
    yield in_pieces(x, w)
    yield from (centred(x)[1], centred(x, w)[1])
    yield from (observed_columns(x, ones), observed_columns(x, w))


@pytest.mark.parametrize("n", [7, 100, 100_000])
def test_only_constant_columns_are_constant(n):
    x = np.empty((n, 6))
    x[:, 0], x[:, 1], x[:, 2] = 0.1, 1e300 / 3, np.float32(-0.3)
    for column, value in ((3, 0.1), (4, 1.7e12)):
        x[:, column] = np.where(np.arange(n) % 2, np.nextafter(value, np.inf), value)
    x[:, 5] = 0.1
    x[-1, 5] = np.nextafter(0.1, 0)
    constant, w = [True] * 3 + [False] * 3, np.random.default_rng(0).uniform(0.1, 3, n)
    with np.errstate(over="ignore", invalid="ignore"):
        for columns in all_columns(x, w):
            assert_array_equal(columns.constant, constant)
            assert_array_equal(columns.mean[:3], x[0, :3])
    for data in (x, scipy.sparse.csr_array(x)):
        mean, variance, _, _, found = moments(data, np.arange(n))
        assert_array_equal(found, constant)
        assert_array_equal(mean[:3], x[0, :3])
        assert (variance[3:] > 0).all()


def test_gaps_and_kinds_of_data_make_no_column_vary():
    x = np.full((50, 3), 0.1)
    x[:40, 0] = x[:, 1] = np.nan
    x[::2, 2] = np.nan
    assert_array_equal(observed_columns(x, np.ones(50)).constant, True)
    assert_array_equal(moments(x.astype(np.float32), np.arange(50))[4], True)
    for dtype in (np.uint8, np.int64, np.float32):
        data = scipy.sparse.csr_array(np.full((50, 3), 7, dtype))
        assert_array_equal(moments(data, np.arange(50))[4], True)
        assert SecondMoments.about(data).plus(data).columns().constant.all()


def table(draw, n_rows, n_columns):
    """Whole numbers of which the columns go together, and powers of two to shift them by."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 11, (n_rows, 1)) + rng.integers(-4, 5, (n_rows, n_columns))
    x = np.clip(x, 0, 10).astype(float)
    powers = draw(st.lists(st.integers(0, 50), min_size=n_columns, max_size=n_columns))
    powers[draw(st.integers(0, n_columns - 1))] = 50
    signs = draw(st.lists(st.sampled_from([-1, 1]), min_size=n_columns, max_size=n_columns))
    return x, np.array(signs) * 2.0 ** np.array(powers), rng


def fits(x, shift, rng):
    """Models of a table and of the shifted one, and rows to score."""
    w = rng.integers(1, 4, len(x)).astype(float)
    gaps = np.where(rng.random(x.shape) < 0.15, np.nan, x)
    gaps[0] = x[0]
    for noise in ("diagonal", "isotropic"):
        model = FactorAnalysis(1, noise=noise)
        for rows in (x, gaps, x[: x.shape[1] - 1]):
            yield [model.__sklearn_clone__().fit(rows + s) for s in (0, shift)], rows
        yield [model.__sklearn_clone__().fit(x + s, sample_weight=w) for s in (0, shift)], x
        yield [model.__sklearn_clone__().partial_fit(x[:4] + s).partial_fit(x[4:] + s)
               for s in (0, shift)], x  # fmt: skip


@given(st.data())
@settings(derandomize=True, deadline=None, max_examples=12)
def test_shifted_tables_have_the_likelihoods_of_tables(data):
    x, shift, rng = table(data.draw, 40, 5)
    for (model, other), rows in fits(x, shift, rng):
        expected = model.score_samples(rows)
        assert_allclose(other.score_samples(rows + shift), expected, rtol=1e-4, atol=1e-4)
        assert other.loglike_[-1] == pytest.approx(model.loglike_[-1], rel=1e-6)
        assert_allclose(other.noise_variance_, model.noise_variance_, rtol=1e-2)
        assert_allclose(other.mean_, model.mean_ + shift, rtol=1e-15, atol=1e-3)


@pytest.mark.parametrize("kind", [HelmholtzMachine, SigmoidBeliefNet])
@pytest.mark.parametrize("shift", [2.0**20, FAR, -FAR])
def test_shifted_tables_teach_nets_the_same(kind, shift):
    rng = np.random.default_rng(0)
    x = np.clip(rng.integers(0, 11, (120, 1)) + rng.integers(-4, 5, (120, 4)), 0, 10).astype(float)
    x[3, 1] = np.nan
    scores = [
        kind(5, visible="gaussian", max_iter=5, random_state=0).fit(rows).score_samples(rows)
        for rows in (x, x + shift * np.array([1, 0, 1, -1]))
    ]
    assert_allclose(scores[1], scores[0], rtol=1e-4)


@pytest.mark.parametrize("n_rows", [50_000, 5])
def test_jitter_of_timestamps_is_no_constant(n_rows):
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(n_rows, 1))
    x = 11 * (factor + 0.5 * rng.normal(size=(n_rows, 6)))
    shifted = x + np.r_[1.7e12, np.zeros(5)]
    model, other = FactorAnalysis(1).fit(x), FactorAnalysis(1).fit(shifted)
    assert other.score(shifted) == pytest.approx(model.score(x), abs=1e-3)
