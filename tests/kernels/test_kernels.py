"""Kernels against their slow twins, known answers and the distributions they should follow."""

import functools
import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
import scipy.sparse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats

from sklearn_helmholtz import _keys
from sklearn_helmholtz._kernels import (
    bernoulli,
    content,
    dense,
    enumeration,
    exponential,
    flat_bernoulli,
    gaussian,
    lanes,
    lateral,
    particles,
    random,
    sparse,
    steps,
    tables,
    teams,
)
from sklearn_helmholtz._kernels.families import BERNOULLI, GAUSSIAN
from sklearn_helmholtz._kernels.reflection import reflect
from sklearn_helmholtz._keys import Purpose, layer_word
from sklearn_helmholtz.rows import Lists
from tests import cases, naive

KEY = _keys.key(cases.SEED, Purpose.WAKE)
EPS = np.finfo(np.float32).eps
SIXTY_FOUR_BITS = 2**64 - 1


def derandomised(max_examples):
    return settings(derandomize=True, deadline=None, database=None, max_examples=max_examples)


def normal(seed, *shape, scale=1.0):
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def bits(seed, *shape, probability=0.5):
    return (np.random.default_rng(seed).random(shape) < probability).astype(np.uint8)


# Random numbers


@numba.njit
def fill_uniform_row(key, address, particle, layer, out):
    random.uniform_row(key, address, particle, layer, out)


def uniform_row(key, address, particle, layer, n):
    out = np.full(64 * -(-n // 64), np.nan, np.float32)
    fill_uniform_row(key, np.uint64(address), particle, layer_word(layer), out)
    return out[:n]


def philox_words(counters, key):
    counters = np.resize(np.array(counters, np.uint32), (16, 4))
    out = np.zeros(64, np.uint32)
    random.philox_words(counters.T.ravel(), np.array(key, np.uint32), out)
    return out.reshape(4, 16).T


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # Random123's published vectors
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        (
            [0xFFFFFFFF] * 4,
            [0xFFFFFFFF] * 2,
            [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
        ),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_published_words(counter, key, expected):
    assert philox_words([counter], key).tolist() == [expected] * 16


words = st.integers(0, 2**32 - 1)


@derandomised(50)
@given(st.tuples(words, words, words, words), st.tuples(words, words))
def test_philox_is_its_naive_twin(counter, key):
    assert tuple(philox_words([counter], key)[0].tolist()) == naive.philox4x32_10(counter, key)


@derandomised(25)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**31), st.integers(0, 255), st.integers(1, 200))
def test_uniform_row_is_philox_at_the_documented_counters(address, particle, layer, n):
    row = uniform_row(KEY, address, particle, layer, n)
    low, high = address & 0xFFFFFFFF, address >> 32
    for unit in range(n):
        block, quarter, i = unit // 64, unit // 16 % 4, unit % 16
        word = naive.philox4x32_10((layer << 24 | 16 * block + i, particle, low, high), KEY)
        assert row[unit] == (word[quarter] >> 8) * 2.0**-24


@derandomised(5)
@given(st.lists(st.tuples(words, words, words, words), min_size=16, max_size=16))
def test_philox_keeps_sixteen_counters_apart(counters):
    expected = [list(naive.philox4x32_10(counter, KEY)) for counter in counters]
    assert philox_words(counters, KEY).tolist() == expected


def test_uniform_numbers_lie_in_the_half_open_unit_interval_with_24_bits():
    row = uniform_row(KEY, 7, 0, 1, 2**20).astype(np.float64)
    assert row.min() >= 0
    assert row.max() < 1
    assert_array_equal(row * 2**24, np.round(row * 2**24))
    assert len(np.unique(row)) > 0.95 * len(row)
    assert stats.kstest(row, "uniform").pvalue > 1e-3


def test_no_two_uses_of_random_numbers_share_a_key_and_a_counter():
    keys = {tuple(_keys.key(cases.SEED, purpose).tolist()) for purpose in Purpose}
    assert len(keys) == len(Purpose.__members__)
    used = set()
    numbered = *range(3), particles.ROULETTE
    sizes = itertools.product(range(4), numbered, range(4), (0, 1, 2**22 - 1))
    grid = list(sizes)  # layer, particle, step, counter of units
    for key in keys:
        for layer, particle, step, unit in grid:
            for address in _keys.training_addresses(step, 5, 8).tolist():
                word = int(layer_word(layer)) | unit
                used.add((key, word, particle, address & 0xFFFFFFFF, address >> 32))
    assert len(used) == len(keys) * len(grid) * 3


def test_layer_words_leave_24_bits_to_the_units_of_255_layers():
    layers = [int(layer_word(layer)) for layer in range(_keys.MAX_LAYERS + 1)]
    assert len(set(layers)) == 256
    assert not any(word & 0xFFFFFF for word in layers)
    assert max(layers) < 2**32


def test_keys_and_generators_depend_on_seed_purpose_and_counters():
    other = (1, 2, 3, 5)
    assert tuple(_keys.key(cases.SEED, Purpose.WAKE)) != tuple(_keys.key(other, Purpose.WAKE))
    assert_array_equal(_keys.key(other, Purpose.SCORE), _keys.key(other, Purpose.SCORE))
    draws = {
        float(_keys.generator(seed, purpose, *epoch).random())
        for seed in (cases.SEED, other)
        for purpose in Purpose
        for epoch in ((), (0,), (1,))
    }
    assert len(draws) == 2 * len(Purpose) * 3


# exp, sigmoid, softplus

ARGUMENTS = np.concatenate(
    [np.linspace(-200, 200, 400_001), np.linspace(-1, 1, 20_001), [0.0, -0.0]]
).astype(np.float32)


@numba.njit
def fill_exp(x, out):
    for i in range(0, x.shape[0], 16):
        n = x.shape[0] - i
        lanes.store_first(out, i, exponential.exp(lanes.load_first(x, i, n)), n)


@numba.njit
def fill_log(x, out):
    for i in range(0, x.shape[0], 16):
        n = x.shape[0] - i
        lanes.store_first(out, i, exponential.log(lanes.load_first(x, i, n)), n)


@numba.njit
def fill_log1p(x, out):
    for i in range(0, x.shape[0], 16):
        n = x.shape[0] - i
        lanes.store_first(out, i, exponential.log1p(lanes.load_first(x, i, n)), n)


def sigmoid(eta):
    out = np.zeros((1, len(eta)), np.float32)
    bernoulli.bernoulli_mean(eta[None], out)
    return out[0]


def softplus(eta):
    log_prob = np.zeros(len(eta))
    bernoulli.bernoulli_log_prob_binary(
        np.zeros((len(eta), 1), np.uint8), np.ascontiguousarray(eta[:, None]), log_prob
    )
    return -log_prob


def test_exp_is_accurate_where_float32_is_and_clamped_beyond():
    out = np.zeros_like(ARGUMENTS)
    fill_exp(ARGUMENTS, out)
    clamped = np.clip(ARGUMENTS, np.float32(-87.33654), np.float32(88.37626))
    assert_allclose(out, np.exp(clamped.astype(np.float64)), rtol=2e-7)
    assert np.isfinite(out).all()


def test_log1p_is_accurate_for_small_and_large_numbers():
    x = np.concatenate([np.logspace(-38, 30, 20_001), np.linspace(0, 70_000, 20_001)])
    x = x.astype(np.float32)
    out = np.zeros_like(x)
    fill_log1p(x, out)
    assert_allclose(out, np.log1p(x.astype(np.float64)), rtol=4e-7)


def test_log_is_accurate_near_one_and_far_from_it():
    near = 1 + np.arange(-1000, 1001) * 2.0**-24
    x = np.concatenate([np.logspace(-37, 38, 20_001), near]).astype(np.float32)
    out = np.zeros_like(x)
    fill_log(x, out)
    assert_allclose(out, np.log(x.astype(np.float64)), rtol=4e-7)


def test_sigmoid_is_accurate():
    expected = special.expit(ARGUMENTS.astype(np.float64))
    actual = sigmoid(ARGUMENTS)
    assert_allclose(actual, expected, rtol=4e-7, atol=1.2e-38)
    assert actual.min() >= 0
    assert actual.max() <= 1
    assert actual[ARGUMENTS == 0].tolist() == [0.5] * int((ARGUMENTS == 0).sum())


def test_softplus_is_accurate():
    expected = np.logaddexp(0, ARGUMENTS.astype(np.float64))
    assert_allclose(softplus(ARGUMENTS), expected, rtol=4e-7, atol=1.2e-38)


def test_the_mean_of_infinite_inputs_is_0_or_1():
    assert_allclose(sigmoid(np.array([-np.inf, np.inf], np.float32)), [0, 1], atol=1e-37)


@pytest.mark.parametrize("n", [1, 5, 16, 33])
def test_nan_stays_nan_and_stays_where_it_is(n):
    eta = np.zeros(n, np.float32)
    eta[n // 2] = np.nan
    out = np.zeros(n, np.float32)
    fill_exp(eta, out)
    for values in (out, sigmoid(eta), softplus(eta)):
        assert_array_equal(np.isnan(values), np.isnan(eta))


# Products


def table_product(states, matrix, intercept):
    out = np.full((len(states), matrix.shape[1]), np.nan, np.float32)
    tables.table_product(states, matrix, intercept, out)
    return out


def dense_product(inputs, matrix, intercept):
    out = np.full((len(inputs), matrix.shape[1]), np.nan, np.float32)
    dense.dense_product(inputs.astype(np.float32), matrix, intercept, out)
    return out


def words_by_hand(states):
    n_rows, n_units = states.shape
    padded = np.zeros((n_rows, 32 * -(-n_units // 32)), np.int64)
    padded[:, :n_units] = states
    return (padded.reshape(n_rows, -1, 32) @ (1 << np.arange(32))).T


@pytest.mark.parametrize("n_units", [1, 3, 7, 8, 9, 31, 32, 33, 70])
@pytest.mark.parametrize("n_rows", [1, 4, 7, 32, 65])
def test_packing_makes_words_of_32_states_and_pads_with_zeros(n_rows, n_units):
    states = bits(0, n_rows, n_units)
    assert_array_equal(tables.row_words(states), words_by_hand(states))
    assert_array_equal(tables.column_words(states), words_by_hand(states.T))


def assert_is_product(actual, inputs, matrix, intercept):
    """Against the naive twin in some places, against float64 NumPy everywhere."""
    inputs, matrix = inputs.astype(np.float64), matrix.astype(np.float64)
    size = np.abs(inputs) @ np.abs(matrix) + np.abs(intercept)
    tolerance = 4 * EPS * (1 + np.log2(1 + inputs.shape[1])) * size
    assert (np.abs(actual - (inputs @ matrix + intercept)) <= tolerance).all()
    rows = sorted({0, len(inputs) // 2, len(inputs) - 1})
    columns = sorted({0, matrix.shape[1] // 2, matrix.shape[1] - 1})
    twin = naive.product(inputs[rows], matrix[:, columns], intercept[columns])
    place = np.ix_(rows, columns)
    assert (np.abs(actual[place] - twin) <= tolerance[place]).all()


shapes = st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(1, 300))


@derandomised(60)
@given(shapes, st.integers(0, 2**16))
@example((1, 1, 1), 0)
@example((5, 31, 127), 1)
@example((33, 32, 128), 2)
@example((70, 33, 129), 3)
@example((2, 70, 200), 4)
@example((64, 64, 256), 5)
@example((3, 65, 257), 6)
@example((9, 230, 40), 7)  # more inputs than a panel of `dense` has
@example((520, 450, 33), 8)  # and more rows than go through one together
def test_products_are_the_naive_ones_and_agree_to_the_bit_on_zeros_and_ones(shape, seed):
    n_rows, n_inputs, n_units = shape
    states = bits(seed, n_rows, n_inputs)
    matrix, intercept = normal(seed + 1, n_inputs, n_units), normal(seed + 2, n_units)
    by_tables = table_product(states, matrix, intercept)
    assert_is_product(by_tables, states, matrix, intercept)
    assert_array_equal(dense_product(states, matrix, intercept), by_tables)
    inputs = normal(seed + 3, n_rows, n_inputs)
    assert_is_product(dense_product(inputs, matrix, intercept), inputs, matrix, intercept)


@derandomised(25)
@given(shapes, st.integers(0, 2**16))
@example((70, 70, 200), 0)
def test_the_product_of_a_row_does_not_depend_on_the_other_rows(shape, seed):
    n_rows, n_inputs, n_units = shape
    states, inputs = bits(seed, n_rows, n_inputs), normal(seed + 3, n_rows, n_inputs)
    matrix, intercept = normal(seed + 1, n_inputs, n_units), normal(seed + 2, n_units)
    for product, values in ((table_product, states), (dense_product, inputs)):
        together = product(values, matrix, intercept)
        rows = np.random.default_rng(seed).permutation(n_rows)[: (n_rows + 1) // 2]
        alone = product(np.ascontiguousarray(values[rows]), matrix, intercept)
        assert_array_equal(alone, together[rows])


@pytest.mark.parametrize("product", [table_product, dense_product])
def test_products_keep_nan_and_infinity_in_their_columns(product):
    matrix, intercept = normal(0, 40, 5), np.zeros(5, np.float32)
    matrix[7, 1], matrix[33, 2] = np.nan, np.inf
    out = product(np.ones((2, 40), np.uint8), matrix, intercept)
    assert np.isnan(out[:, 1]).all()
    assert (out[:, 2] == np.inf).all()
    assert np.isfinite(out[:, [0, 3, 4]]).all()


def test_nan_in_one_panel_is_gone_in_the_next():
    """Inputs beyond the last, which fill up its group, are zeros, as is what they meet there."""
    matrix = normal(0, 230, 40)
    matrix[:, 33] = np.nan
    out = dense_product(np.ones((9, 230)), matrix, np.zeros(40, np.float32))
    assert np.isnan(out[:, 33]).all()
    assert np.isfinite(np.delete(out, 33, axis=1)).all()


def gradient(kernel, inputs, error, start=None):
    shape = inputs.shape[1], error.shape[1]
    by_matrix, by_intercept = np.full(shape, np.nan, np.float32), np.full(shape[1], np.nan)
    by_intercept = by_intercept.astype(np.float32)
    if start is not None:
        by_matrix[:], by_intercept[:] = start
    kernel(inputs, error, start is None, by_matrix, by_intercept)
    return by_matrix, by_intercept


@derandomised(60)
@given(shapes, st.integers(0, 2**16))
@example((1, 1, 1), 0)
@example((31, 5, 127), 1)
@example((32, 33, 32), 2)
@example((33, 70, 33), 3)
@example((64, 3, 200), 4)
@example((230, 9, 40), 5)
@example((450, 520, 33), 6)
def test_gradients_are_the_products_of_the_transposed_inputs(shape, seed):
    n_rows, n_inputs, n_units = shape
    states, error = bits(seed, n_rows, n_inputs), normal(seed + 1, n_rows, n_units)
    inputs, zeros = normal(seed + 2, n_rows, n_inputs), np.zeros(n_units, np.float32)
    sums = [np.float32(math.fsum(column)) for column in error.T.astype(float)]
    for kernel, values in ((tables.table_gradient, states), (dense.dense_gradient, inputs)):
        by_matrix, by_intercept = gradient(kernel, values, error)
        assert_is_product(by_matrix, values.T, error, zeros)
        assert_allclose(by_intercept, sums, rtol=1e-6, atol=1e-9)
        start = normal(seed + 3, n_inputs, n_units), normal(seed + 4, n_units)
        added = gradient(kernel, values, error, start)
        tolerance = 1e-5 * (1 + n_rows) * (1 + np.abs(error).max())
        assert_allclose(added[0], start[0] + by_matrix, atol=tolerance)
        assert_allclose(added[1], start[1] + by_intercept, atol=tolerance)
    for before in (None, start):
        assert_array_equal(
            gradient(dense.dense_gradient, states.astype(np.float32), error, before)[0],
            gradient(tables.table_gradient, states, error, before)[0],
        )


# Lists of non-zero entries


def sparse_rows(seed, n_rows, n_columns, density=0.2, binary=False):
    """The same rows as an array and as lists; some rows and columns are empty."""
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(n_rows, n_columns)) * (rng.random((n_rows, n_columns)) < density)
    dense[:: max(n_rows // 2, 2)], dense[:, :: max(n_columns // 2, 2)] = 0, 0
    dense = (dense != 0).astype(np.uint8) if binary else dense.astype(np.float32)
    return dense, Lists.from_dense(dense)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (20, 100)])
def test_lists_hold_the_non_zero_entries_of_rows(shape, binary):
    dense, rows = sparse_rows(0, *shape, binary=binary)
    expected = scipy.sparse.csr_array(dense)
    for actual, array in zip(
        rows.lists, (expected.indptr, expected.indices, expected.data), strict=True
    ):
        assert_array_equal(actual, array)
    assert len(rows) == shape[0]
    assert_array_equal(rows.toarray(), dense)
    other = Lists.from_csr(expected)
    for actual, array in zip(other.lists, rows.lists, strict=True):
        assert actual.dtype == array.dtype
        assert_array_equal(actual, array)


@derandomised(60)
@given(shapes, st.integers(0, 2**16), st.booleans())
@example((1, 1, 1), 0, True)
@example((5, 31, 64), 1, False)
@example((33, 32, 65), 2, False)
@example((3, 200, 200), 3, True)
def test_sparse_products_and_gradients_are_the_naive_ones(shape, seed, binary):
    n_rows, n_inputs, n_units = shape
    dense, rows = sparse_rows(seed, n_rows, n_inputs, binary=binary)
    matrix, intercept = normal(seed + 1, n_inputs, n_units), normal(seed + 2, n_units)
    out = np.full((n_rows, n_units), np.nan, np.float32)
    sparse.sparse_product(*rows.lists, matrix, intercept, out)
    assert_is_product(out, dense, matrix, intercept)
    alone = np.full((1, n_units), np.nan, np.float32)
    last = Lists.from_dense(dense[-1:])
    sparse.sparse_product(*last.lists, matrix, intercept, alone)
    assert_array_equal(alone[0], out[-1])
    error, zeros = normal(seed + 3, n_rows, n_units), np.zeros(n_units, np.float32)
    by_matrix = np.full((n_inputs, n_units), np.nan, np.float32)
    by_intercept = np.full(n_units, np.nan, np.float32)
    sparse.sparse_gradient(*rows.lists, error, True, by_matrix, by_intercept)
    assert_is_product(by_matrix, dense.T, error, zeros)
    assert_allclose(by_intercept, error.astype(float).sum(axis=0), rtol=1e-5, atol=1e-5)
    once = by_matrix.copy(), by_intercept.copy()
    sparse.sparse_gradient(*rows.lists, error, False, by_matrix, by_intercept)
    assert_allclose(by_matrix, 2 * once[0], rtol=1e-5, atol=1e-4)
    assert_allclose(by_intercept, 2 * once[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_units", [1, 16, 37, 300])
@pytest.mark.parametrize("n_values", [6, 2, 1])
def test_sparse_rows_have_the_log_prob_and_the_errors_of_the_same_dense_rows(n_values, n_units):
    dense, _ = sparse_rows(0, n_values, n_units)
    dense = np.abs(dense) / (1 + np.abs(dense))
    rows, eta = Lists.from_dense(dense), normal(1, 6, n_units, scale=4)
    log_prob, expected, error = np.full(6, 2.0), np.full(6, 2.0), eta.copy()
    bernoulli.bernoulli_score_real(dense, error, expected)
    bernoulli.bernoulli_log_prob_sparse(*rows.lists, eta, log_prob)
    assert_allclose(log_prob, expected, rtol=1e-6)
    log_prob[:] = 2
    bernoulli.bernoulli_score_sparse(*rows.lists, eta, log_prob)
    assert_allclose(log_prob, expected, rtol=1e-6)
    assert_allclose(eta, error, atol=2e-7)


# Bernoulli units


def draw(eta, addresses, n_particles=1, first=0, layer=1, start=0.0):
    n_rows = len(addresses) * n_particles
    states, log_prob = np.full((n_rows, eta.shape[1]), 9, np.uint8), np.full(n_rows, start)
    addresses = np.asarray(addresses, np.uint64)
    bernoulli.bernoulli_sample(
        eta, KEY, addresses, n_particles, first, layer_word(layer), states, log_prob
    )
    return states, log_prob


@pytest.mark.parametrize("n_units", [1, 4, 7, 16, 19])
def test_bernoulli_states_compare_the_documented_uniform_numbers_with_their_mean(n_units):
    eta = normal(1, 6, n_units, scale=2)
    states, _ = draw(eta, np.arange(2) + 2**33, n_particles=3, first=4, layer=5)
    for row in range(6):
        address, particle = 2**33 + row // 3, 4 + row % 3
        uniforms = uniform_row(KEY, address, particle, 5, n_units)
        assert_array_equal(states[row], uniforms < special.expit(eta[row].astype(np.float64)))


def test_bernoulli_frequencies_are_the_probabilities():
    n, eta = 200_000, np.array([[-6.0, -2.0, -0.5, 0.0, 0.3, 1.5, 5.0, 0.0, 0.0]], np.float32)
    states, _ = draw(eta, np.arange(n))
    p = special.expit(eta[0].astype(np.float64))
    z = (states.mean(axis=0) - p) / np.sqrt(p * (1 - p) / n)
    assert stats.chi2.sf((z**2).sum(), len(p)) > 1e-3
    correlations = np.corrcoef(states.T)[np.triu_indices(len(p), 1)]
    assert stats.chi2.sf(n * (correlations**2).sum(), len(correlations)) > 1e-3


def test_bernoulli_units_that_cannot_fire_do_not():
    # The high 24 bits that Philox gives unit 1 at this address are all zero (one draw in 2^24).
    assert uniform_row(KEY, 8502493, 0, 1, 4)[1] == 2.0**-25
    states, _ = draw(np.full((1, 4), -100, np.float32), [8502493])
    assert not states.any()


@pytest.mark.parametrize("eta", [-90.0, -30.0, 30.0, 90.0])
def test_saturated_bernoulli_units_are_all_but_certain(eta):
    states, log_prob = draw(np.full((1, 64), eta, np.float32), np.arange(500))
    assert (states == (eta > 0)).all()
    assert_allclose(log_prob, 0, atol=1e-10)


@pytest.mark.parametrize("scale", [0.5, 30.0])
def test_bernoulli_log_prob_of_a_draw_is_added_and_is_its_own(scale):
    eta = normal(2, 40, 37, scale=scale)
    states, log_prob = draw(eta, np.arange(40), start=3.0)
    assert_allclose(log_prob - 3.0, naive.bernoulli_log_prob(states, eta), rtol=2e-6, atol=1e-5)


def test_particles_share_the_inputs_of_their_row():
    eta = normal(3, 5, 11)
    shared = draw(eta, np.arange(5), n_particles=4)
    repeated = draw(np.repeat(eta, 4, axis=0), np.arange(5), n_particles=4)
    for actual, expected in zip(shared, repeated, strict=True):
        assert_array_equal(actual, expected)
    assert len(np.unique(shared[0], axis=0)) > 10


def test_a_prior_is_shared_by_all_rows_and_particles():
    eta = normal(3, 1, 11)
    shared = draw(eta, np.arange(5), n_particles=4)
    repeated = draw(np.repeat(eta, 20, axis=0), np.arange(5), n_particles=4)
    for actual, expected in zip(shared, repeated, strict=True):
        assert_array_equal(actual, expected)


def test_draws_do_not_depend_on_the_split_or_the_order_of_rows():
    eta, addresses = normal(4, 10, 13), np.arange(10) * 1000 + 7
    states, log_prob = draw(eta, addresses, n_particles=3)
    order = np.random.default_rng(0).permutation(10)
    for rows in (order[:4], order[4:5], order[5:]):
        some = draw(np.ascontiguousarray(eta[rows]), addresses[rows], n_particles=3)
        places = (3 * rows[:, None] + np.arange(3)).ravel()
        assert_array_equal(some[0], states[places])
        assert_array_equal(some[1], log_prob[places])


def test_particles_drawn_in_pieces_are_the_same_particles():
    eta = normal(5, 4, 9)
    states, log_prob = draw(eta, np.arange(4), n_particles=6)
    for first, last in ((0, 1), (1, 4), (4, 6)):
        some = draw(eta, np.arange(4), n_particles=last - first, first=first)
        assert_array_equal(some[0].reshape(4, -1, 9), states.reshape(4, 6, 9)[:, first:last])
        assert_array_equal(some[1].reshape(4, -1), log_prob.reshape(4, 6)[:, first:last])


def test_layers_draw_other_numbers():
    eta = np.zeros((1, 32), np.float32)
    drawn = [draw(eta, np.arange(4), layer=layer)[0] for layer in (0, 1, 2)]
    assert len({states.tobytes() for states in drawn}) == 3


SHARING = [(6, 6), (6, 2), (2, 6), (6, 1), (1, 6)]  # rows of values and of eta


def repeat_to(array, n_rows):
    return np.repeat(array, n_rows // len(array), axis=0)


def bernoulli_values(kind, seed, *shape):
    if kind == "binary":
        return bits(seed, *shape)
    return np.random.default_rng(seed).random(shape).astype(np.float32)


@pytest.mark.parametrize("kind", ["binary", "real"])
@pytest.mark.parametrize(("n_values", "n_eta"), SHARING)
def test_bernoulli_log_prob_is_its_naive_twin(kind, n_values, n_eta):
    values, eta = bernoulli_values(kind, 6, n_values, 37), normal(7, n_eta, 37, scale=4)
    log_prob = np.full(6, 2.0)
    add = getattr(bernoulli, f"bernoulli_log_prob_{kind}")
    add(values, eta, log_prob)
    expected = naive.bernoulli_log_prob(repeat_to(values, 6), repeat_to(eta, 6))
    assert_allclose(log_prob - 2.0, expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("kind", ["binary", "real"])
@pytest.mark.parametrize(("n_values", "n_eta"), SHARING)
def test_bernoulli_error_is_its_naive_twin_summed_over_rows_that_share(
    kind, n_values, n_eta, in_place
):
    values, eta = bernoulli_values(kind, 8, n_values, 37), normal(9, n_eta, 37, scale=4)
    weight = np.random.default_rng(10).uniform(0.1, 2, 6).astype(np.float32)
    rows = naive.bernoulli_error(repeat_to(values, 6), repeat_to(eta, 6)) * weight[:, None]
    expected = rows.reshape(n_eta, -1, 37).sum(axis=1)
    out = eta if in_place else np.full_like(eta, np.nan)
    getattr(bernoulli, f"bernoulli_error_{kind}")(values, eta, weight, out)
    assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


def test_binary_and_real_kernels_agree_to_the_bit_on_zeros_and_ones():
    values, eta = bits(11, 6, 37), normal(12, 6, 37, scale=4)
    results = []
    for kind, states in (("binary", values), ("real", values.astype(np.float32))):
        log_prob, out = np.zeros(6), np.zeros_like(eta)
        getattr(bernoulli, f"bernoulli_log_prob_{kind}")(states, eta, log_prob)
        getattr(bernoulli, f"bernoulli_error_{kind}")(states, eta, np.ones(6, np.float32), out)
        results.append((log_prob, out))
    assert_array_equal(results[0][0], results[1][0])
    assert_array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("kind", ["binary", "real"])
@pytest.mark.parametrize("n_units", [1, 16, 37, 256, 300])
@pytest.mark.parametrize(("n_values", "n_eta"), [(6, 6), (2, 6), (1, 6)])
def test_a_score_is_log_prob_and_error_at_once(kind, n_units, n_values, n_eta):
    values, eta = bernoulli_values(kind, 6, n_values, n_units), normal(7, n_eta, n_units, scale=4)
    log_prob, expected, error = np.full(6, 2.0), np.full(6, 2.0), np.full_like(eta, np.nan)
    getattr(bernoulli, f"bernoulli_log_prob_{kind}")(values, eta, expected)
    getattr(bernoulli, f"bernoulli_error_{kind}")(values, eta, np.ones(6, np.float32), error)
    getattr(bernoulli, f"bernoulli_score_{kind}")(values, eta, log_prob)
    assert_array_equal(log_prob, expected)
    assert_array_equal(eta, error)


@derandomised(30)
@given(st.integers(1, 600))
@example(15)
@example(16)
@example(17)
def test_log_prob_counts_every_unit_once(n_units):
    log_prob = np.zeros(1)
    eta = np.zeros((1, n_units), np.float32)
    bernoulli.bernoulli_log_prob_binary(bits(0, 1, n_units), eta, log_prob)
    assert_allclose(log_prob[0], -n_units * np.log(2), rtol=1e-7)


# Gaussian units


def draw_gaussian(eta, variance, addresses, n_particles=1, first=0, layer=0):
    n_rows = len(addresses) * n_particles
    values, log_prob = np.zeros((n_rows, eta.shape[1]), np.float32), np.zeros(n_rows)
    addresses = np.asarray(addresses, np.uint64)
    gaussian.gaussian_sample(
        eta, variance, KEY, addresses, n_particles, first, layer_word(layer), values, log_prob
    )
    return values, log_prob


def test_gaussian_draws_follow_their_distribution():
    eta = np.array([[0.0, -3.0, 10.0, 0.5, 1.0]], np.float32)
    variance = np.array([1.0, 0.01, 25.0, 2.0, 0.5], np.float32)
    n = 100_000
    values, _ = draw_gaussian(eta, variance, np.arange(n))
    normalised = (values.astype(np.float64) - eta) / np.sqrt(variance.astype(np.float64))
    assert_allclose(normalised.mean(axis=0), 0, atol=4.5 / np.sqrt(n))
    assert_allclose(normalised.var(axis=0), 1, atol=4.5 * np.sqrt(2 / n))
    assert_allclose((normalised**4).mean(axis=0), 3, atol=4.5 * np.sqrt(96 / n))
    for column in normalised.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
    correlations = np.corrcoef(normalised.T)[np.triu_indices(5, 1)]
    assert np.abs(correlations).max() < 4.5 / np.sqrt(n)


def test_gaussian_draws_stay_finite_where_the_uniform_number_is_smallest():
    address = 42027111  # unit 0 takes its radius from the smallest uniform number here
    assert uniform_row(KEY, address, 0, 1, 8)[0] == 2.0**-25
    eta, variance = np.zeros((1, 4), np.float32), np.ones(4, np.float32)
    values, log_prob = draw_gaussian(eta, variance, [address], layer=1)
    angle = 2 * np.pi * uniform_row(KEY, address, 0, 1, 65)[64].astype(np.float64)
    assert_allclose(values[0, 0], np.sqrt(50 * np.log(2)) * np.cos(angle), rtol=1e-5)
    assert np.isfinite(log_prob).all()


def test_gaussian_log_prob_of_a_draw_is_its_own():
    eta, variance = normal(0, 6, 5), np.array([0.1, 1, 2, 5, 0.5], np.float32)
    values, log_prob = draw_gaussian(eta, variance, np.arange(2), n_particles=3)
    assert_allclose(log_prob, naive.gaussian_log_prob(values, eta, variance), rtol=1e-5, atol=1e-5)


def test_gaussian_draws_share_split_and_reorder_like_bernoulli_ones():
    eta, variance = normal(1, 5, 7), np.full(7, 2, np.float32)
    values, log_prob = draw_gaussian(eta, variance, np.arange(5), n_particles=4)
    repeated = draw_gaussian(np.repeat(eta, 4, axis=0), variance, np.arange(5), n_particles=4)
    assert_array_equal(repeated[0], values)
    rows = np.array([3, 1])
    some = draw_gaussian(eta[rows], variance, rows, n_particles=2, first=1)
    assert_array_equal(some[0].reshape(2, 2, 7), values.reshape(5, 4, 7)[rows, 1:3])
    assert_array_equal(some[1].reshape(2, 2), log_prob.reshape(5, 4)[rows, 1:3])


@pytest.mark.parametrize(("n_values", "n_eta"), SHARING)
def test_gaussian_log_prob_is_its_naive_twin(n_values, n_eta):
    values, eta = normal(2, n_values, 19, scale=3), normal(3, n_eta, 19)
    variance = np.random.default_rng(4).uniform(0.01, 4, 19).astype(np.float32)
    log_prob = np.full(6, -1.0)
    gaussian.gaussian_log_prob(values, eta, variance, log_prob)
    expected = naive.gaussian_log_prob(repeat_to(values, 6), repeat_to(eta, 6), variance)
    assert_allclose(log_prob + 1.0, expected, rtol=1e-6)


@pytest.mark.parametrize("n_units", [9, 16, 37])
@pytest.mark.parametrize("n_values", [6, 2, 1])
def test_gaussian_score_is_the_log_density_and_its_slopes(n_values, n_units):
    values, eta = normal(5, n_values, n_units), normal(6, 6, n_units)
    rng = np.random.default_rng(7)
    variance = rng.uniform(0.5, 2, n_units).astype(np.float32)
    weight = rng.uniform(0.1, 2, 6).astype(np.float32)

    def objective(eta, variance):
        rows = naive.gaussian_log_prob(repeat_to(values, 6), eta, variance)
        return float(weight.astype(np.float64) @ rows)

    slopes = [
        differences(objective, (eta.astype(np.float64), variance.astype(np.float64)), which)
        for which in (0, 1)
    ]
    log_prob, expected = np.full(6, -1.0), np.full(6, -1.0)
    gaussian.gaussian_log_prob(values, eta, variance, expected)
    by_variance = np.full(n_units, np.nan, np.float32)
    gaussian.gaussian_score(values, eta, variance, log_prob)
    assert_allclose(log_prob, expected, rtol=1e-6)
    gaussian.gaussian_variance_gradient(values, eta, weight, variance, by_variance)
    assert_allclose(weight[:, None] * eta, slopes[0], rtol=1e-4, atol=1e-5)
    assert_allclose(by_variance, slopes[1], rtol=1e-4, atol=2e-5)


def differences(objective, arguments, which, step=1e-5):
    slope = np.zeros_like(arguments[which])
    for index in np.ndindex(slope.shape):
        around = []
        for sign in (1, -1):
            moved = [argument.copy() for argument in arguments]
            moved[which][index] += sign * step
            around.append(objective(*moved))
        slope[index] = (around[0] - around[1]) / (2 * step)
    return slope


# Units in order

ORDERED_SIZES = [1, 2, 15, 16, 17, 64, 65, 130]
N_PARTICLES, FIRST, LAYER = 3, 4, 5
ADDRESSES = np.arange(2, dtype=np.uint64) + np.uint64(2**33)  # six rows of three particles each
SHARES_OF_GAPS = [0.0, 0.4, 1.0]
DRAWS = KEY, ADDRESSES, N_PARTICLES, FIRST, layer_word(LAYER)
BINARY = BERNOULLI, np.empty(0, np.float32)  # the family and its parameters


@numba.njit
def fill_thresholds(uniforms):
    flat_bernoulli.make_thresholds(uniforms)


def test_thresholds_are_logits_down_to_the_smallest_and_up_to_the_largest_uniform_number():
    u = [2.0**-25, 2.0**-24, 0.25, 0.5 - 2.0**-24, 0.5, 0.5 + 2.0**-24, 0.75, 1 - 2.0**-24]
    row = np.concatenate([np.float32(u), uniform_row(KEY, 3, 0, 1, 64 * 50 - len(u))])
    thresholds = row.copy()
    fill_thresholds(thresholds)
    assert_allclose(thresholds, special.logit(row.astype(np.float64)), rtol=5e-7)
    assert thresholds[4] == 0
    assert (np.diff(thresholds[:8]) > 0).all()


def lateral_weights(seed, n_units):
    return np.triu(normal(seed, n_units, n_units, scale=1.5 / np.sqrt(n_units)), 1)


def numbers_of(row, n, layer=LAYER):
    """The uniform numbers of one of the six rows."""
    address, particle = int(ADDRESSES[row // N_PARTICLES]), FIRST + row % N_PARTICLES
    return uniform_row(KEY, address, particle, layer, n).astype(np.float64)


def bernoulli_draw(row, n_units):
    numbers = numbers_of(row, n_units)
    return lambda i, eta: float(numbers[i] < naive.sigmoid(eta))


def gaussian_draw(row, n_units, variance):
    half = 64 * -(-n_units // 64)
    numbers = numbers_of(row, 2 * half)

    def draw(i, eta):
        radius, angle = math.sqrt(-2 * math.log(numbers[i])), 2 * math.pi * numbers[half + i]
        return eta + math.sqrt(variance[i]) * radius * math.cos(angle)

    return draw


def rows_with_gaps(seed, n_rows, n_units, share, binary):
    rng = np.random.default_rng(seed)
    values = rng.random((n_rows, n_units)) if binary else rng.normal(size=(n_rows, n_units))
    return np.where(rng.random(values.shape) < share, np.nan, values).astype(np.float32)


@pytest.mark.parametrize("n_units", ORDERED_SIZES)
@pytest.mark.parametrize("n_eta", [1, 2, 6])
def test_bernoulli_units_in_order_are_their_naive_twin(n_units, n_eta):
    weights, eta = lateral_weights(0, n_units), normal(1, n_eta, n_units)
    inputs = np.full((6, n_units), np.nan, np.float32)
    states = np.full((6, n_units), 9, np.uint8)
    lateral.sample_autoregressive_binary(*BINARY, eta, weights, *DRAWS, inputs, states)
    for row, given_eta in enumerate(repeat_to(eta, 6)):
        nothing = np.full(n_units, np.nan)
        draw = bernoulli_draw(row, n_units)
        twin = naive.complete_in_order(nothing, weights, given_eta, draw)
        assert_array_equal(states[row], twin[0])
        assert_allclose(inputs[row], twin[1], rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("n_units", ORDERED_SIZES)
@pytest.mark.parametrize("n_eta", [1, 2, 6])
def test_gaussian_units_in_order_are_their_naive_twin(n_units, n_eta):
    weights, eta = lateral_weights(0, n_units) / 2, normal(1, n_eta, n_units)
    variance = np.random.default_rng(8).uniform(0.01, 2, n_units).astype(np.float32)
    parameters = np.concatenate([1 / variance, np.sqrt(variance)])
    inputs, values = (np.full((6, n_units), np.nan, np.float32) for _ in range(2))
    lateral.sample_autoregressive_real(GAUSSIAN, parameters, eta, weights, *DRAWS, inputs, values)
    for row, given_eta in enumerate(repeat_to(eta, 6)):
        draw = gaussian_draw(row, n_units, variance.astype(np.float64))
        twin = naive.complete_in_order(np.full(n_units, np.nan), weights, given_eta, draw)
        assert_allclose(values[row], twin[0], rtol=1e-4, atol=2e-5)
        assert_allclose(inputs[row], twin[1], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("share", SHARES_OF_GAPS)
@pytest.mark.parametrize("n_units", ORDERED_SIZES)
@pytest.mark.parametrize("n_values", [1, 2, 6])
def test_completed_bernoulli_units_are_their_naive_twin(n_units, n_values, share):
    values = rows_with_gaps(2, n_values, n_units, share, binary=True)
    weights, eta = lateral_weights(3, n_units), normal(4, 6, n_units)
    inputs, completed = eta.copy(), np.full((6, n_units), np.nan, np.float32)
    lateral.complete(*BINARY, values, weights, *DRAWS, inputs, completed)
    for row, given_values in enumerate(repeat_to(values, 6)):
        draw = bernoulli_draw(row, n_units)
        twin = naive.complete_in_order(given_values, weights, eta[row], draw)
        assert_array_equal(completed[row], twin[0])
        assert_allclose(inputs[row], twin[1], rtol=1e-5, atol=2e-6)
    if share == 0:
        assert_array_equal(inputs, eta)


@pytest.mark.parametrize("share", SHARES_OF_GAPS)
@pytest.mark.parametrize("n_units", ORDERED_SIZES)
@pytest.mark.parametrize("n_values", [1, 2, 6])
def test_completed_gaussian_units_are_their_naive_twin(n_units, n_values, share):
    values = rows_with_gaps(5, n_values, n_units, share, binary=False)
    weights, eta = lateral_weights(6, n_units) / 2, normal(7, 6, n_units)
    variance = np.random.default_rng(8).uniform(0.01, 2, n_units).astype(np.float32)
    inputs, completed = eta.copy(), np.full((6, n_units), np.nan, np.float32)
    parameters = np.concatenate([1 / variance, np.sqrt(variance)])
    lateral.complete(GAUSSIAN, parameters, values, weights, *DRAWS, inputs, completed)
    for row, given_values in enumerate(repeat_to(values, 6)):
        draw = gaussian_draw(row, n_units, variance.astype(np.float64))
        twin = naive.complete_in_order(given_values, weights, eta[row], draw)
        assert_allclose(completed[row], twin[0], rtol=1e-4, atol=2e-5)
        assert_allclose(inputs[row], twin[1], rtol=1e-4, atol=2e-5)
        seen = ~np.isnan(given_values)
        assert_array_equal(completed[row, seen], given_values[seen])
    if share == 0:
        assert_array_equal(inputs, eta)


@pytest.mark.parametrize("n_units", ORDERED_SIZES)
def test_means_in_order_are_their_naive_twins(n_units):
    weights, eta = lateral_weights(9, n_units), normal(10, 3, n_units, scale=2)
    means, expected = (np.full((3, n_units), np.nan, np.float32) for _ in range(2))
    lateral.means_autoregressive(*BINARY, weights, eta.copy(), means)
    lateral.means_autoregressive(GAUSSIAN, BINARY[1], weights, eta.copy(), expected)
    nothing = np.full(n_units, np.nan)
    for row in range(3):
        twin, _ = naive.complete_in_order(
            nothing, weights, eta[row], lambda i, eta: naive.sigmoid(eta)
        )
        assert_allclose(means[row], twin, rtol=1e-5)
        twin, _ = naive.complete_in_order(nothing, weights, eta[row], lambda i, eta: eta)
        assert_allclose(expected[row], twin, rtol=1e-4, atol=1e-5 * np.abs(twin).max())


def test_means_in_order_of_extreme_inputs_are_0_or_1():
    eta = np.array([[-np.inf, -1e30, -800, 800, 1e30, np.inf]], np.float32)
    means = np.full_like(eta, np.nan)
    lateral.means_autoregressive(*BINARY, np.zeros((6, 6), np.float32), eta, means)
    assert means.tolist() == [[0, 0, 0, 1, 1, 1]]


@pytest.mark.parametrize("n", ORDERED_SIZES)
def test_what_lies_on_and_below_the_diagonal_is_cleared(n):
    matrix = np.full((n, n), np.nan, np.float32)
    matrix[np.triu_indices(n, 1)] = normal(0, n * (n - 1) // 2)
    expected = np.triu(np.nan_to_num(matrix), 1)
    lateral.clear_lower(matrix)
    assert_array_equal(matrix, expected)


def draw_in_order(eta, weights, addresses, n_particles=1, first=0, layer=1):
    inputs = np.empty((len(addresses) * n_particles, eta.shape[1]), np.float32)
    states = np.empty(inputs.shape, np.uint8)
    addresses = np.asarray(addresses, np.uint64)
    lateral.sample_autoregressive_binary(
        *BINARY, eta, weights, KEY, addresses, n_particles, first, layer_word(layer), inputs, states
    )
    return states


# Addresses at which a unit of layer 1 has the smallest and the largest uniform number there is.
EXTREMES = [(233484, 48, 2.0**-25), (248289, 54, 1 - 2.0**-24)]


@pytest.mark.parametrize(("address", "unit", "number"), EXTREMES)
def test_units_in_order_fire_where_the_most_extreme_numbers_say(address, unit, number):
    assert uniform_row(KEY, address, 0, 1, 64)[unit] == number
    weights, threshold = np.zeros((64, 64), np.float32), special.logit(number)
    for side in (-1, 1):
        eta = np.full((1, 64), threshold + 1e-4 * side, np.float32)
        assert draw_in_order(eta, weights, [address])[0, unit] == (side > 0)
        gaps = np.full((1, 64), np.nan, np.float32)
        completed = np.empty((1, 64), np.float32)
        lateral.complete(
            *BINARY,
            gaps,
            weights,
            KEY,
            np.array([address], np.uint64),
            1,
            0,
            layer_word(1),
            eta,
            completed,
        )
        assert completed[0, unit] == (side > 0)


@pytest.mark.parametrize("eta", [-90.0, 90.0, -np.inf, np.inf])
def test_saturated_units_in_order_are_certain(eta):
    addresses = [address for address, _, _ in EXTREMES] + list(range(200))
    inputs = np.full((1, 64), eta, np.float32)
    states = draw_in_order(inputs, np.zeros((64, 64), np.float32), addresses)
    assert (states == (eta > 0)).all()


def test_a_gaussian_gap_is_finite_where_the_uniform_number_is_smallest():
    gaps, eta = np.full((1, 4), np.nan, np.float32), np.zeros((1, 4), np.float32)
    completed, variance = np.empty((1, 4), np.float32), np.ones(4, np.float32)
    address = np.array([42027111], np.uint64)  # see the draws of Gaussian units above
    lateral.complete(
        GAUSSIAN, np.ones(8, np.float32), gaps, np.zeros((4, 4), np.float32), KEY, address, 1, 0,
        layer_word(1), eta, completed,
    )  # fmt: skip
    assert_array_equal(completed, draw_gaussian(eta, variance, address, layer=1)[0])


def test_without_lateral_weights_units_in_order_are_those_of_any_layer():
    eta, none = normal(11, 5, 70), np.zeros((70, 70), np.float32)
    expected, _ = draw(eta, np.arange(5), n_particles=4)
    assert_array_equal(draw_in_order(eta, none, np.arange(5), n_particles=4), expected)


def test_draws_in_order_do_not_depend_on_the_split_or_the_order_of_rows():
    eta, weights = normal(12, 10, 37), lateral_weights(13, 37)
    addresses = np.arange(10) * 1000 + 7
    states = draw_in_order(eta, weights, addresses, n_particles=6).reshape(10, 6, 37)
    order = np.random.default_rng(0).permutation(10)
    for rows in (order[:4], order[4:5], order[5:]):
        some = draw_in_order(eta[rows], weights, addresses[rows], n_particles=6)
        assert_array_equal(some.reshape(-1, 6, 37), states[rows])
    for first, last in ((0, 1), (1, 4), (4, 6)):
        some = draw_in_order(eta, weights, addresses, n_particles=last - first, first=first)
        assert_array_equal(some.reshape(10, -1, 37), states[:, first:last])


def in_order_probabilities(eta, weights, states):
    """Of states (n_states, n_units): the probabilities of their units in order, one for each."""
    inputs = eta.astype(np.float64) + states @ weights.astype(np.float64)
    return special.expit(np.where(states == 1, inputs, -inputs))


def test_a_fully_visible_net_has_the_enumerated_frequencies():
    eta, weights = normal(14, 1, 5), normal(15, 5, 5, scale=2)
    weights = np.triu(weights, 1)
    states = draw_in_order(eta, weights, np.arange(50_000))
    everything = cases.all_rows(5)
    probabilities = in_order_probabilities(eta[0], weights, everything).prod(axis=1)
    cases.assert_frequencies(cases.state_numbers(states), probabilities)


def test_what_is_missing_has_the_frequencies_of_its_own_conditionals():
    n, gaps = 50_000, np.array([False, True, False, True, True])
    values = np.where(gaps, np.nan, [[1, 0, 1, 0, 0]]).astype(np.float32)
    weights, eta = np.triu(normal(16, 5, 5, scale=2), 1), normal(17, 1, 5)
    inputs = np.repeat(eta + np.nan_to_num(values) @ weights, n, axis=0)
    completed = np.empty((n, 5), np.float32)
    lateral.complete(
        *BINARY, values, weights, KEY, np.arange(n, dtype=np.uint64), 1, 0, layer_word(0), inputs,
        completed,
    )  # fmt: skip
    everything = cases.all_rows(5)
    kept = everything[(everything[:, ~gaps] == values[0, ~gaps]).all(axis=1)]
    probabilities = in_order_probabilities(eta[0], weights, kept)[:, gaps].prod(axis=1)
    cases.assert_frequencies(cases.state_numbers(completed[:, gaps]), probabilities)


# Particles


def self_normalise(log_weights):
    weights = np.full(log_weights.shape, np.nan, np.float32)
    bound = np.full(len(log_weights), np.nan)
    particles.self_normalise(log_weights, weights, bound)
    return weights, bound


@pytest.mark.parametrize("spread", [0.0, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("offset", [0.0, -5e4, 800.0])
@pytest.mark.parametrize("n_particles", [1, 2, 7])
def test_self_normalised_weights_are_the_naive_ones(spread, offset, n_particles):
    log_weights = spread * np.random.default_rng(0).standard_normal((9, n_particles)) + offset
    weights, bound = self_normalise(log_weights)
    assert_allclose(weights, naive.self_normalise(log_weights), rtol=1e-6, atol=1e-37)
    assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    assert_allclose(bound, naive.log_mean_weight(log_weights), rtol=1e-12, atol=1e-12)


def test_impossible_particles_have_no_weight():
    weights, bound = self_normalise(np.array([[-np.inf, 0.0, -np.inf, 0.0]]))
    assert weights.tolist() == [[0, 0.5, 0, 0.5]]
    assert bound[0] == pytest.approx(-np.log(2))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_row_with_nan_has_nan_for_its_bound_and_weights_and_spoils_no_other(place):
    log_weights = np.zeros((2, 3))
    log_weights[0, place] = np.nan
    weights, bound = self_normalise(log_weights)
    assert np.isnan(bound).tolist() == [True, False]
    assert np.isnan(weights[0]).all()
    assert_allclose(weights[1], 1 / 3)


def prune(numbers, threshold, weights):
    left = np.ascontiguousarray(weights, np.float32).copy()
    particles.prune(np.ascontiguousarray(numbers, np.float32), np.float32(threshold), left)
    return left


@pytest.mark.parametrize("threshold", [0.1, 1 / 3, 1.0])
def test_pruned_weights_are_the_threshold_or_nothing_and_keep_their_mean(threshold):
    """The mean over a grid of all numbers that there are of 12 bits."""
    t, n = np.float32(threshold), 2**12
    weights = t * np.array([0, 1e-9, 0.01, 0.25, 1 / 3, 0.999], np.float32)
    numbers = np.repeat((np.arange(n) + 0.5)[:, None] / n, len(weights), axis=1)
    left = prune(numbers, t, np.tile(weights, (n, 1)))
    assert set(np.unique(left)) == {0, t}
    assert_allclose(left.mean(axis=0, dtype=np.float64), weights, atol=0.6 * t / n)
    assert not left[:, 0].any()


def test_weights_from_the_threshold_on_stay_and_so_does_what_is_no_number():
    weights = np.array([[0.25, 0.3, 1.0, np.nan], [np.nan, 7.0, 0.25, np.inf]], np.float32)
    for number in (2.0**-25, 1 - 2.0**-24):
        assert_array_equal(prune(np.full(weights.shape, number), 0.25, weights), weights)


@pytest.mark.parametrize("n_particles", [1, 3, 7, 10, 1000])
@pytest.mark.parametrize("spread", [0.0, 1e-7, 3.0, 1e4])
def test_the_heaviest_particle_of_a_row_has_at_least_the_mean_weight(n_particles, spread):
    """So that one of each row is kept, however numbers are rounded."""
    log_weights = spread * np.random.default_rng(0).standard_normal((50, n_particles))
    weights, _ = self_normalise(log_weights)
    assert (weights.max(axis=1) >= np.float32(1.0 / n_particles)).all()


# Moves of the optimisers


PENALTIES = [(0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.0, 0.8, 0.0), (0.2, 0.5, 0.0), (0.1, 0.8, 2.0)]
ENDS = np.array([16, 32])  # of the connections, and of the lateral weights


def penalties_of(decay, lasso, concavity=0.0):
    """Decay, lasso and concavity of the connections, and others of the lateral weights."""
    return np.array([(decay, lasso, concavity), (decay / 2, 3 * lasso, concavity / 4)])


def strengths(*penalty):
    """Decay, lasso and concavity of each of 48 parameters."""
    return np.repeat([*penalties_of(*penalty), (0, 0, 0)], 16, axis=0).T


def alone():
    """The progress of a move that no other thread shares."""
    return teams.counters(1)


def towards_zero(values, distance):
    """The slow twin of a proximal step."""
    return np.sign(values) * np.maximum(np.abs(values) - distance, 0)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_adam_moves_are_the_naive_ones(penalty):
    parameters, moments = normal(0, 48), np.zeros((2, 48), np.float32)
    twin, first, second = parameters.astype(np.float64), np.zeros(48), np.zeros(48)
    decays, lassos, concavities = strengths(*penalty)
    for t in range(1, 8):
        parts = normal(t, t % 3 + 1, 48, scale=10)
        slope = 0.25 * parts.astype(np.float64).sum(axis=0) - decays * twin
        twin, first, second = naive.adam_step(
            twin, slope, first, second, t, learning_rate=0.05, ascend=True
        )
        distance = 0.05 * np.sqrt(1 - 0.999**t) * lassos / (np.sqrt(second) + 1e-8)
        twin = towards_zero(twin, distance / (1 + concavities * np.abs(twin)))
        steps.adam_move(
            parts, 0.25, penalties_of(*penalty), ENDS, 0.05, 0.9, 0.999, t, alone(), 0,
            *moments, parameters, *steps.ONCE,
        )  # fmt: skip
    assert_allclose(parameters, twin, rtol=1e-5, atol=1e-5)
    assert_allclose(moments[0], -first, rtol=1e-5, atol=1e-5)
    assert_allclose(moments[1], second, rtol=5e-5)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_moves_are_the_naive_ones(penalty, momentum):
    parameters, velocity = normal(0, 48), np.zeros(48, np.float32)
    twin, speed = parameters.astype(np.float64), np.zeros(48)
    decays, lassos, concavities = strengths(*penalty)
    for t in range(1, 8):
        parts = normal(t, t % 3 + 1, 48, scale=10)
        slope = 0.25 * parts.astype(np.float64).sum(axis=0) - decays * twin
        twin, speed = naive.sgd_momentum_step(
            twin, slope, speed, learning_rate=0.05, momentum=momentum, ascend=True
        )
        distance = 0.05 * lassos / (1 - momentum)
        twin = towards_zero(twin, distance / (1 + concavities * np.abs(twin)))
        steps.sgd_move(
            parts, 0.25, penalties_of(*penalty), ENDS, 0.05, momentum, alone(), 0, velocity,
            parameters, *steps.ONCE,
        )  # fmt: skip
    assert_allclose(parameters, twin, rtol=1e-5, atol=2e-6)
    assert_allclose(velocity, speed if momentum else 0, rtol=1e-5, atol=2e-6)
    if penalty == (0.0, 0.8, 0.0) and momentum == 0.9:
        assert (parameters[:16] == 0).any()
        assert (parameters[16:32] == 0).any()
        assert (parameters[32:] != 0).all()


def move(solver, parts, progress, share, state, parameters):
    penalties = 1, penalties_of(0.1, 0.2), np.array([4000, 20_000])
    if solver == "adam":
        steps.adam_move(
            parts, *penalties, 0.05, 0.9, 0.999, 3, progress, share, *state, parameters, *steps.ONCE
        )
    else:
        steps.sgd_move(
            parts, *penalties, 0.05, 0.5, progress, share, state[0], parameters, *steps.ONCE
        )


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("n_shares", [1, 2, 3, 20])
def test_threads_that_share_a_move_make_the_same(solver, n_shares):
    n = 50_000  # 13 chunks, fewer than the most shares
    parts, state = normal(0, 2, n), np.abs(normal(1, 2, n))
    together, alone_ = normal(2, n), normal(2, n)
    others = state.copy()
    move(solver, parts, alone(), 0, state, alone_)
    progress = teams.counters(n_shares)
    with ThreadPoolExecutor(n_shares) as pool:
        shares = range(n_shares)
        list(pool.map(lambda s: move(solver, parts, progress, s, others, together), shares))
    assert_array_equal(together, alone_)
    assert_array_equal(others, state)
    assert progress[0] == 13


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_parts_of_a_gradient_are_added_in_their_order(solver):
    """As where there are so many that they are added beforehand."""
    n, found = 20_000, []
    parts = normal(0, 4, n)
    beforehand = [functools.reduce(np.add, order)[None] for order in (parts, parts[::-1])]
    for own in (parts, *beforehand):
        state, parameters = np.zeros((2, n), np.float32), normal(2, n)
        move(solver, own, alone(), 0, state, parameters)
        found.append(state[0])
    assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


def test_a_move_is_whole_whoever_makes_it():
    n = 50_000
    for share in (0, 4):  # no thread takes the other shares
        parameters, state = normal(2, n), np.zeros((2, n), np.float32)
        progress = teams.counters(5)
        move("sgd", normal(0, 1, n), progress, share, state, parameters)
        assert (parameters != normal(2, n)).all()
        again = parameters.copy()
        move("sgd", normal(0, 1, n), progress, 1, state, parameters)  # one that comes too late
        assert_array_equal(parameters, again)


def move_alone(solver, t, slope, penalties, rate, state, parameters):
    """Make move t of a solver, from 0, on one thread."""
    if solver == "adam":
        steps.adam_move(
            slope, 1, penalties, ENDS, rate, 0.9, 0.999, t + 1, alone(), 0, *state, parameters,
            *steps.ONCE,
        )  # fmt: skip
    else:
        steps.sgd_move(
            slope, 1, penalties, ENDS, rate, 0.5, alone(), 0, state[0], parameters, *steps.ONCE
        )


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_moves_end_at_the_maximum_of_the_penalised_objective(solver):
    """Of ``sum -1/2 (p - c)^2 - lasso |p| - decay / 2 p^2``: a soft threshold of c, then shrunk."""
    centres, penalties = normal(1, 32).astype(np.float64), np.tile([0.2, 0.5, 0.0], (2, 1))
    parameters, state = normal(2, 32), np.zeros((2, 32), np.float32)
    for t in range(6000):
        slope = (centres - parameters).astype(np.float32)[None]
        rate = 0.05 / (1 + t / 100)
        move_alone(solver, t, slope, penalties, rate, state, parameters)
    expected = towards_zero(centres, 0.5) / 1.2
    assert_allclose(parameters, expected, atol=2e-3)
    assert_array_equal(parameters[expected == 0], 0)
    assert (expected == 0).any()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_moves_with_concavity_end_at_the_maximum_of_theirs(solver):
    """Of ``-1/2 (p - c)^2 - lasso log(1 + concavity |p|) / concavity``, found on a grid."""
    centres, penalties = normal(1, 32).astype(np.float64), np.tile([0.0, 0.5, 1.5], (2, 1))
    grid = np.linspace(-4, 4, 80_001)
    loss = 0.5 * (grid - centres[:, None]) ** 2 + 0.5 / 1.5 * np.log1p(1.5 * np.abs(grid))
    expected = grid[loss.argmin(axis=1)]
    parameters, state = centres.astype(np.float32), np.zeros((2, 32), np.float32)
    for t in range(6000):
        slope = (centres - parameters).astype(np.float32)[None]
        rate = 0.05 / (1 + t / 100)
        move_alone(solver, t, slope, penalties, rate, state, parameters)
    assert_allclose(parameters, expected, atol=2e-3)
    assert (np.abs(expected) < 1e-3).any()


# Content keys


def content_keys(values):
    keys = np.zeros(len(values), np.uint64)
    binary = values.dtype == np.uint8
    hash_rows = content.content_keys_binary if binary else content.content_keys_real
    hash_rows(values, keys)
    return keys


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & SIXTY_FOUR_BITS
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & SIXTY_FOUR_BITS
    return z ^ (z >> 31)


def naive_content_key(row):
    total = 0
    for column, value in enumerate(np.asarray(row, np.float32)):
        pattern = 0x7FC00000 if np.isnan(value) else int(value.view(np.uint32))
        if value != 0:
            total += mix(mix((column + 0x9E3779B97F4A7C15) & SIXTY_FOUR_BITS) + pattern)
    return total & SIXTY_FOUR_BITS


def test_content_keys_are_the_naive_ones():
    values = normal(0, 20, 7) * bits(1, 20, 7)
    values[3, 2] = np.nan
    assert content_keys(values).tolist() == [naive_content_key(row) for row in values]


def test_content_keys_of_uint8_and_float32_rows_agree():
    states = bits(0, 50, 37)
    assert_array_equal(content_keys(states), content_keys(states.astype(np.float32)))


def test_content_keys_of_lists_are_those_of_the_rows():
    dense, rows = sparse_rows(0, 20, 100)
    keys = np.zeros(20, np.uint64)
    content.content_keys_sparse(*rows.lists, keys)
    assert_array_equal(keys, content_keys(dense))
    rows.values[3] = 0  # a stored zero is a zero
    content.content_keys_sparse(*rows.lists, keys)
    assert_array_equal(keys, content_keys(rows.toarray()))


def test_content_keys_go_with_their_rows():
    values, order = normal(0, 30, 9), np.random.default_rng(0).permutation(30)
    assert_array_equal(content_keys(values[order]), content_keys(values)[order])


def test_distinct_rows_have_distinct_keys():
    states = cases.all_rows(12)
    assert len(np.unique(content_keys(states))) == 2**12
    values = np.array(list(itertools.product([-1.0, 0.0, 0.5, 1.0, 2.0], repeat=5)), np.float32)
    assert len(np.unique(content_keys(values))) == 5**5


def test_minus_zero_is_zero_and_every_nan_is_the_same_to_the_key():
    zeros = np.array([[0.0, 1.0], [-0.0, 1.0]], np.float32)
    assert len(np.unique(content_keys(zeros))) == 1
    patterns = np.array([0x7FC00000, 0xFFC00000, 0x7F800001, 0x7FFFFFFF], np.uint32)
    assert len(np.unique(content_keys(patterns.view(np.float32)[:, None]))) == 1
    assert content_keys(np.array([[np.nan]], np.float32)) != content_keys(zeros[:1, :1])


# Tables for enumeration


def test_bernoulli_table_holds_every_pair():
    rng = np.random.default_rng(0)
    values, eta = rng.integers(0, 2, (5, 6)) * rng.random((5, 6)), 20 * rng.normal(size=(6, 8))
    out = np.full((5, 8), np.nan)
    enumeration.bernoulli_table(values, eta, out)
    for s in range(8):
        twin = naive.bernoulli_log_prob(values, np.tile(eta[:, s], (5, 1)))
        assert_allclose(out[:, s], twin, rtol=1e-12)


def test_gaussian_table_holds_every_pair():
    rng = np.random.default_rng(0)
    values, eta = rng.normal(size=(5, 6)), rng.normal(size=(6, 8))
    variance, out = rng.uniform(0.1, 3, 6), np.full((5, 8), np.nan)
    enumeration.gaussian_table(values, eta, variance, out)
    for s in range(8):
        twin = naive.gaussian_log_prob(values, np.tile(eta[:, s], (5, 1)), variance)
        assert_allclose(out[:, s], twin, rtol=1e-12)


@pytest.mark.parametrize("n_units", [1, 6, 511, 512, 513, 1100])
@pytest.mark.parametrize("scale", [1.0, 20.0, 1000.0])
def test_bernoulli_shifted_table_holds_every_pair(n_units, scale):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, (4, n_units)) * rng.choice([1.0, 0.3], (4, n_units))
    values[rng.random(values.shape) < 0.2] = np.nan
    values[-1] = np.nan
    shifts, eta = rng.normal(size=(4, n_units)), scale * rng.normal(size=(n_units, 3))
    shifts[np.isnan(values)] = np.nan  # what is missing has no part in it
    out = np.full((4, 3), np.nan)
    enumeration.bernoulli_shifted_table(values, shifts, eta, out)
    for r in range(4):
        for s in range(3):
            twin = naive.observed_log_prob(values[r], eta[:, s] + shifts[r])
            assert out[r, s] == pytest.approx(twin, rel=1e-12, abs=1e-300)
    assert (out[-1] == 0).all()


def test_without_shifts_the_shifted_table_is_the_table():
    rng = np.random.default_rng(1)
    values, eta = rng.random((5, 700)), 5 * rng.normal(size=(700, 8))
    shifted, plain = np.full((2, 5, 8), np.nan)
    enumeration.bernoulli_shifted_table(values, np.zeros_like(values), eta, shifted)
    enumeration.bernoulli_table(values, eta, plain)
    assert_allclose(shifted, plain, rtol=1e-12)


@pytest.mark.parametrize("missing", [[], [0], [6], [1, 2, 5], [0, 3, 6]])
def test_completion_tables_hold_every_completion_under_every_state(missing):
    rng = np.random.default_rng(len(missing))
    values, eta = rng.integers(0, 2, 7).astype(np.float64), 3 * rng.standard_normal((7, 4))
    values[4], weights = 0.3, np.triu(rng.standard_normal((7, 7)), 1)
    expected = naive.bernoulli_completion_table(values, missing, weights, eta)
    missing = np.array(missing, np.int64)
    values[missing] = 0
    table = np.full((2 ** len(missing), 4), np.nan)
    enumeration.bernoulli_completion_table(
        values, values @ weights, missing, weights[missing], eta, table
    )
    assert_allclose(table, expected, rtol=1e-12)
    values[missing] = rng.standard_normal(len(missing))  # are of no account
    again = np.full_like(table, np.nan)
    known = np.where(np.isin(np.arange(7), missing), 0, values)
    enumeration.bernoulli_completion_table(
        values, known @ weights, missing, weights[missing], eta, again
    )
    assert_array_equal(again, table)


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "n"), [(1, 3, 1), (6, 9, 0), (6, 9, 4), (9, 12, 9)]
)
def test_reflections_make_a_triangle_and_keep_all_products(n_rows, n_columns, n):
    rng = np.random.default_rng(n)
    matrix = rng.standard_normal((n_rows, n_columns))
    reflected = matrix.copy()
    reflect(n, reflected)
    assert_array_equal(np.tril(reflected[:, :n], -1), 0)
    assert_allclose(reflected.T @ reflected, matrix.T @ matrix, atol=1e-12)
    if n:
        triangle = np.linalg.qr(matrix[:, :n]).R
        assert_allclose(np.abs(reflected[:n, :n]), np.abs(triangle), atol=1e-12)


# The decorator


def test_kernels_take_read_only_and_writable_arrays_with_one_signature():
    matrix = normal(0, 4, 3)
    frozen = matrix.copy()
    frozen.flags.writeable = False
    results = np.zeros((2, 4, 3), np.float32)
    for array, out in zip((matrix, frozen), results, strict=True):
        bernoulli.bernoulli_mean(array, out)
    assert_array_equal(results[0], results[1])
    assert len(bernoulli.bernoulli_mean._compiled.signatures) == 1


@pytest.mark.parametrize(
    "matrix",
    [
        normal(0, 4, 3).astype(np.float64),
        np.asfortranarray(normal(0, 4, 3)),
        normal(0, 4, 6)[:, ::2],
    ],
    ids=["float64", "Fortran order", "strided"],
)
def test_kernels_refuse_other_arrays_and_do_not_compile_for_them(matrix):
    with pytest.raises(TypeError, match="No matching definition"):
        bernoulli.bernoulli_mean(matrix, np.zeros((4, 3), np.float32))
    assert len(bernoulli.bernoulli_mean._compiled.signatures) == 1
