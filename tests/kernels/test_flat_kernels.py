"""Kernels that go from unit to unit, against their twins: `naive_flat`."""

import itertools
import math

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _keys
from sklearn_helmholtz._kernels import families, weight_rows
from sklearn_helmholtz._kernels.borrowing import borrowing_routine
from sklearn_helmholtz._kernels.families import BERNOULLI, GAUSSIAN, MIXED
from sklearn_helmholtz._kernels.gibbs import gibbs_sweeps
from sklearn_helmholtz._kernels.mean_field_gradient import mean_field_gradient
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz.inference import Gibbs, MeanField
from sklearn_helmholtz.units import Bernoulli, Gaussian
from tests import cases, naive, naive_flat
from tests.cases import make_case
from tests.mean_field_nets import CASES, make_net

KEY = _keys.key(cases.SEED, Purpose.SWEEP)
UNITS = [Bernoulli(), Gaussian.from_variance([0.5, 2.0, 1.0])]
INCREMENTS, BETAS = np.array([0.2, 0.4, 0.4]), np.array([0.0, 0.3, 1.0])


def parts_of(machine):
    """The arrays of a net as kernels take them."""
    net = Gibbs.of(machine)
    return net.family, net.parameters, net.sizes, net.weights, net.intercepts


# Families


@pytest.mark.parametrize("units", UNITS, ids=lambda units: type(units).__name__)
def test_families_have_numbers_of_their_own_and_flat_parameters(units):
    assert [one.code for one in UNITS] == [BERNOULLI, GAUSSIAN] == list(range(len(UNITS)))
    assert units.kernel_parameters.dtype == np.float32
    assert units.kernel_parameters.ndim == 1


def test_parameters_of_gaussian_units_are_precisions_and_deviations():
    variance = UNITS[1].variance.astype(np.float64)
    expected = np.concatenate([1 / variance, np.sqrt(variance)])
    assert_allclose(UNITS[1].kernel_parameters, expected, rtol=1e-6)
    assert not len(UNITS[0].kernel_parameters)


@numba.njit
def moved(family, parameters, values, place, n, eta, weights, w0, step):
    return families.moved_log_prob(family, parameters, values, place, n, eta, weights, w0, step)


@pytest.mark.parametrize("family", [BERNOULLI, GAUSSIAN])
@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 64, 255, 256, 257, 300])
def test_log_probabilities_under_moved_inputs_are_their_naive_twin(n, family):
    rng = np.random.default_rng(n)
    total, place, w0, step = n + 7, 5, 3, np.float32(-1)
    eta, weights = (rng.normal(0, 2, total).astype(np.float32) for _ in range(2))
    values = rng.random(total) < 0.5 if family == BERNOULLI else rng.normal(size=total)
    values = np.where(rng.random(total) < 0.2, np.nan, values).astype(np.float32)
    precision = rng.uniform(0.3, 3, total).astype(np.float32)
    parameters = np.concatenate([precision, 1 / np.sqrt(precision)])
    actual = moved(family, parameters, values, place, n, eta, weights, w0, step)
    part, row = slice(place, place + n), np.full((1, total), np.nan, np.float32)
    row[0, part] = values[part]
    variance = None if family == BERNOULLI else 1 / precision[part].astype(np.float64)
    inputs = eta[part].astype(np.float64) - weights[w0 : w0 + n]
    expected = naive.observed_log_prob(values[part].astype(np.float64), inputs, variance)
    constant = families.log_constants(family, parameters, row)
    assert actual + constant[0] == pytest.approx(expected, rel=2e-6, abs=1e-5)


MIXTURES = {
    "nothing": (0, 0, 0, []), "bits": (17, 0, 0, []), "ordered": (0, 17, 0, []),
    "one ordered": (0, 1, 0, []), "real": (0, 0, 17, []), "levels": (0, 0, 0, [3]),
    "many levels": (0, 0, 0, [1, 2, 15, 16, 17, 255]), "all": (3, 5, 2, [3, 20, 2]),
    "lanes of all": (16, 32, 16, [4] * 16), "more than a product holds": (0, 0, 0, [255] * 180),
}  # fmt: skip


def mixed_row(case, seed, spread):
    """Parameters of mixed units, a payload with gaps, inputs, and weights, the row's from w0 on."""
    n_binary, n_ordered, n_gaussian, levels = MIXTURES[case]
    rng = np.random.default_rng(seed)
    low = rng.normal(0, 2 * spread, n_ordered)
    width = 10 ** rng.uniform(-4, 1, n_ordered)
    open_below, open_above = rng.random((2, n_ordered)) < 0.2
    low[open_below] = -1000
    high = np.where(open_above, 1000, low + width)
    payload = [
        rng.integers(0, 2, n_binary), low, high, high - low, rng.normal(0, 2, n_gaussian),
        [rng.integers(k) for k in levels],
    ]  # fmt: skip
    gone = rng.random(sum(MIXTURES[case][:3]) + len(levels)) < 0.2
    bits, ordered, rest = np.split(gone, [n_binary, n_binary + n_ordered])
    payload = np.float32(np.concatenate(payload))
    payload[np.concatenate([bits, *[ordered] * 3, rest])] = np.nan
    precision = np.float32(rng.uniform(0.3, 3, n_gaussian))
    counts = np.float32([n_binary, n_ordered, n_gaussian, len(levels), *levels])
    n, w0 = n_binary + 2 * n_ordered + n_gaussian + sum(levels), 5
    eta, weights = np.float32(rng.normal(0, spread, n)), np.float32(rng.normal(0, 2, n + 9))
    return np.concatenate([counts, precision]), payload, eta, weights, w0


@pytest.mark.parametrize("spread", [0.0, 1.5, 20.0])
@pytest.mark.parametrize("case", MIXTURES)
def test_log_probabilities_of_moved_mixed_rows_are_their_naive_twin(case, spread):
    for seed, step in enumerate(np.float32([-1, 0, 1])):
        parameters, payload, eta, weights, w0 = mixed_row(case, seed, spread)
        if spread == 0:
            weights[:] = 0
        before = eta.copy()
        actual = moved(MIXED, parameters, payload, 0, len(eta), eta, weights, w0, step)
        inputs = eta.astype(np.float64) + step * weights[w0 : w0 + len(eta)]
        expected = naive_flat.mixed_log_prob(parameters, payload, inputs)
        constant = families.log_constants(MIXED, parameters, payload[None])[0]
        assert actual + constant == pytest.approx(expected, rel=3e-6, abs=2e-5)
        assert_array_equal(eta, before)


# Rows of weights


@numba.njit
def add_row(value, weights, w0, out, place, start, stop):
    weight_rows.add_row(value, weights, w0, out, place, start, stop)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 1), (0, 16), (3, 40), (16, 65), (64, 96)])
def test_rows_of_weights_are_added_where_they_belong_and_nowhere_else(start, stop, dtype):
    rng = np.random.default_rng(1)
    weights, out = (rng.normal(size=120).astype(dtype) for _ in range(2))
    expected = naive_flat.add_row(dtype(0.3), weights, 7, out, 11, start, stop)
    before = out.copy()
    add_row(dtype(0.3), weights, 7, out, 11, start, stop)
    assert_allclose(out, expected, rtol=1e-6, atol=1e-7)
    others = np.delete(np.arange(120), np.s_[11 + start : 11 + stop])
    assert_array_equal(out[others], before[others])


def test_routines_that_borrow_cannot_allocate():
    def allocates(n):
        return np.zeros(n)

    with pytest.raises(numba.core.errors.NumbaError):
        borrowing_routine(allocates).compile((numba.int64,))


# Gibbs sampling

SWEPT = ["binary", "gaussian", "ordered fractional", "ordered gaussian"]


def uniforms_of(address, number, n):
    """The numbers of one sweep, from philox itself."""
    result = np.empty(n)
    for u in range(n):
        counter = u // 64 * 16 + u % 16, number, address & naive.WORD, address >> 32
        result[u] = (naive.philox4x32_10(counter, KEY)[u // 16 % 4] >> 8) * 2.0**-24
    return result


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(
    "visible", ["binary", "gaussian", "ordered fractional", "ordered gaussian"]
)
def test_sweeps_are_their_naive_twin(visible, gaps, direction):
    machine, _, x = make_case((19, 17, 2), visible, n_rows=2, scale=0.6)
    net, rng, values = parts_of(machine), np.random.default_rng(3), x.astype(np.float32)
    if gaps:
        values[rng.random(values.shape) < 0.3] = np.nan
    states = rng.integers(0, 2, (4, 19)).astype(np.uint8)
    completed = np.repeat(np.nan_to_num(values), 2, axis=0)
    if not gaps or "ordered" not in visible:
        completed = np.empty((0, 19), np.float32)
    start, begun = states.copy(), completed.copy()
    addresses, log_weights = np.array([7 << 30, 9 << 30], np.uint64), np.zeros(4)
    numbers, no_shifts = np.array([6, 9, 6, 9]), np.empty((0, 19), np.float32)
    gibbs_sweeps(
        *net[:2], values, no_shifts, *net[2:], INCREMENTS, BETAS, direction, KEY, addresses,
        numbers, completed, states, log_weights,
    )  # fmt: skip
    for chain, row in enumerate((0, 0, 1, 1)):
        uniforms = [
            uniforms_of(int(addresses[row]), int(numbers[chain]) + t, 19 + 2 * 19)
            for t in range(len(BETAS))
        ]
        data, twin, log_weight, closest = naive_flat.gibbs_chain(
            net, values[row].astype(np.float64), begun[chain] if len(begun) else values[row],
            start[chain], INCREMENTS, BETAS, direction, uniforms,
        )  # fmt: skip
        assert closest > 2e-6  # or rounding may decide
        assert_array_equal(states[chain], twin)
        constant = families.log_constants(*net[:2], values[row : row + 1])[0]
        actual = log_weights[chain] + constant * INCREMENTS.sum()
        assert actual == pytest.approx(log_weight, rel=1e-5, abs=1e-5)
        if len(completed):
            assert_allclose(completed[chain], data, rtol=2e-5, atol=2e-5)


# Mean field


@pytest.mark.parametrize(("visible", "gaps"), CASES)
@pytest.mark.parametrize("n_units", [(4, 3), (3, 2, 2)])
def test_gradients_are_the_differences_of_the_sum_over_states(n_units, visible, gaps):
    net, _, _, values = make_net(n_units, visible, gaps, scale=1.5)
    field, rng = MeanField.of(net), np.random.default_rng(5)
    flat, single = parts_of(net), np.ascontiguousarray(values, np.float32)
    means, xi = rng.uniform(0.05, 0.95, (3, sum(n_units))), rng.uniform(size=(3, sum(n_units)))
    known = np.full(values.shape, not net.is_autoregressive) | ~np.isnan(values)
    means[:, : n_units[0]][known] = np.nan_to_num(single)[known]
    slopes = np.zeros(len(field.weights)), np.zeros(len(field.intercepts))
    for part in slopes:
        part += 0.5  # derivatives are added to what is there
    moments = np.full((3, 0 if field.is_binary else n_units[0]), np.nan)
    mean_field_gradient(
        *flat[:2], single, *flat[2:], means, xi, np.ones(3), *slopes, moments
    )  # fmt: skip
    expected = naive_flat.mean_field_gradient(flat, single.astype(np.float64), means, xi)
    above = _weights_that_are_parameters(flat)
    assert_allclose(slopes[0][above] - 0.5, expected[0][above], rtol=1e-6, atol=1e-6)
    assert_allclose(slopes[1] - 0.5, expected[1], rtol=1e-6, atol=1e-6)
    assert_array_equal(slopes[0][~above], 0.5)
    for row, squares in zip(range(3), moments, strict=True):
        if len(squares):
            first = means[row, n_units[0] : n_units[0] + n_units[1]]
            twin = naive_flat.squared_residuals(flat, single[row].astype(np.float64), first)
            assert_allclose(squares, twin, rtol=1e-10)


def _weights_that_are_parameters(net):
    """Flags of the flat weights: of lateral ones, those above the diagonal."""
    _, _, sizes, weights, _ = net
    layers = sum(n * m for n, m in itertools.pairwise(sizes))
    flags = [np.ones(layers, bool)]
    if len(weights) > layers:
        flags += [np.triu(np.ones((n, n), bool), 1).ravel() for n in sizes]
    return np.concatenate(flags)


def test_twins_agree_with_a_net_of_one_unit_by_hand():
    w, b, c = 1.5, -0.3, 0.4
    net = BERNOULLI, np.empty(0, np.float32), np.array([1, 1]), np.array([w]), np.array([b, c])
    on = 1 / (1 + math.exp(-c - (math.log1p(math.exp(b)) - math.log1p(math.exp(b + w)) + w)))
    for number, state in ((on - 1e-6, 1.0), (on + 1e-6, 0.0)):
        chain = naive_flat.gibbs_chain(net, np.ones(1), None, [0], [0.0], [1.0], 1, [[number, 0]])
        assert chain[1] == [state]
