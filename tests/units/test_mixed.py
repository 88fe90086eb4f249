"""Mixed units against what their columns say in float64: probabilities, slopes, tables, codes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from sklearn_helmholtz.columns import Binary, Categorical, Normal, Ordered
from sklearn_helmholtz.units import Bernoulli, Mixed
from tests.columns.builders import ORDERED, reals
from tests.units import calls
from tests.units.mixed_columns import (
    FAMILIES,
    every_kind,
    layer,
    log_probs,
    make_eta,
    make_values,
    slopes,
)

SIZES = [1, 15, 16, 17, 33, 40]


def layers():
    """Layers of one family in all sorts of sizes, and of all of them."""
    for family in FAMILIES:
        for n in SIZES:
            yield pytest.param(lambda f=family, n=n: layer(*[f] * n), id=f"{n} {family}")
    yield pytest.param(every_kind, id="every kind")


every_layer = pytest.mark.parametrize("make", list(layers()))


def check_log_prob(units, values, eta):
    expected = log_probs(units, values, eta).sum(axis=1)
    found = calls.log_prob(units, values, eta, "dtype", start=7.0)
    size = np.abs(log_probs(units, values, eta)).sum(axis=1)
    assert (abs(found - 7 - expected) < 1e-4 + 2e-5 * size).all()


@every_layer
def test_log_probabilities_are_those_of_the_columns(make):
    units = make()
    check_log_prob(units, make_values(units, 6), make_eta(units, 6))


@every_layer
def test_what_is_missing_adds_nothing(make):
    units = make()
    values = make_values(units, 6, share_missing=0.4)
    values[0] = np.nan
    eta = make_eta(units, 6)
    check_log_prob(units, values, eta)
    assert calls.log_prob(units, values, eta, "dtype")[0] == 0
    log_prob, (error, *by_leaves) = calls.derivatives(units, values, eta, np.ones(6), "dtype")
    hidden = np.isnan(values)[:, units.layout.input_columns]
    assert (error[hidden] == 0).all()
    assert log_prob[0] == 0
    assert all(np.isfinite(leaf).all() for leaf in by_leaves)


@every_layer
def test_derivatives_are_slopes(make):
    units, weight = make(), np.linspace(0.5, 2, 6)
    values, eta = make_values(units, 6, share_missing=0.1), make_eta(units, 6)
    log_prob, (error, *by_leaves) = calls.derivatives(units, values, eta, weight, "dtype")
    size = np.abs(log_probs(units, values, eta)).sum(axis=1)
    assert (abs(log_prob - log_probs(units, values, eta).sum(axis=1)) < 1e-4 + 2e-5 * size).all()
    slope = slopes(units, values, eta)
    bound = 3e-4 + 3e-4 * abs(slope)
    assert (abs(error - weight[:, None] * slope) < weight[:, None] * bound).all()
    for leaf, own in zip(by_leaves, slopes_by_leaves(units, values, eta, weight), strict=True):
        assert_allclose(leaf, own, rtol=1e-3, atol=1e-3)


def slopes_by_leaves(units, values, eta, weight):
    """Differences by the parameters of the Gaussian units."""
    leaves = [np.float64(leaf) for leaf in calls.leaves(units)]
    assert len(leaves) == 1
    normal = np.array([isinstance(c, Normal) for c in units.layout.columns])
    sides = [
        weight @ log_probs(calls.with_leaves(units, [leaves[0] + step]), values, eta)
        for step in (2**-7, -(2**-7))
    ]
    yield ((sides[0] - sides[1]) / 2**-6)[normal]


@pytest.mark.parametrize("make", [every_kind, lambda: layer("normal", "normal")])
def test_weights_count_once_in_single_rows(make):
    units, weight = make(), np.array([3.0])
    values, eta = make_values(units, 1), make_eta(units, 1)
    _, (error, *leaves) = calls.derivatives(units, values, eta, weight, "dtype")
    assert_allclose(error, 3 * slopes(units, values, eta), rtol=3e-4, atol=1e-3)
    (expected,) = slopes_by_leaves(units, values, eta, weight)
    assert_allclose(leaves[0], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("n_values", "n_eta"), [(6, 6), (6, 2), (6, 1), (2, 6), (3, 6)])
def test_rows_may_share_values_or_inputs(n_values, n_eta):
    units = every_kind()
    values = make_values(units, n_values, share_missing=0.2)
    eta, weight = make_eta(units, n_eta), np.linspace(0.5, 2, 6)
    each = np.repeat(values, 6 // n_values, axis=0), np.repeat(eta, 6 // n_eta, axis=0)
    assert_array_equal(calls.log_prob(units, values, eta, "dtype"),
                       calls.log_prob(units, *each, "dtype"))  # fmt: skip
    _, (error, *leaves) = calls.derivatives(units, *each, weight, "dtype")
    found, *others = calls.errors(units, values, eta, weight, "dtype")
    assert_allclose(found, error.reshape(n_eta, -1, eta.shape[1]).sum(axis=1), rtol=1e-5, atol=1e-5)
    assert_allclose(others[0], leaves[0], rtol=1e-5, atol=1e-5)
    if n_eta == 6:
        log_prob, (shared, *others) = calls.derivatives(units, values, eta, weight, "dtype")
        assert_array_equal(log_prob, calls.log_prob(units, *each, "dtype"))
        assert_array_equal(shared, error)
        assert_allclose(others[0], leaves[0], rtol=1e-5, atol=1e-5)


@every_layer
def test_tables_hold_all_pairs(make):
    units = make()
    values, eta = make_values(units, 3, share_missing=0.2), make_eta(units, 4)
    pairs = np.repeat(values, 4, axis=0), np.tile(eta, (3, 1))
    expected = log_probs(units, *pairs).sum(axis=1).reshape(3, 4)
    assert_allclose(calls.table(units, values, eta), expected, rtol=2e-6, atol=1e-5)
    shifts = make_eta(units, 3, seed=9)
    expected = log_probs(units, pairs[0], pairs[1] + np.repeat(shifts, 4, axis=0)).sum(axis=1)
    found = calls.table(units, values, eta, shifts)
    assert_allclose(found, expected.reshape(3, 4), rtol=2e-6, atol=1e-5)


# Traps


def ordered_layer(*names):
    return Mixed.of([ORDERED[name] for name in names])[0]


@pytest.mark.parametrize("name", ["counts", "tenths", "continuous", "ordinal", "spikes"])
@pytest.mark.parametrize("location", [-40.0, -17.0, 17.0, 40.0, 300.0])
@pytest.mark.parametrize("log_scale", [-1.0, 0.0, 1.0])
def test_tails_keep_their_relative_accuracy(name, location, log_scale):
    """A difference of two sigmoids in float32 would be many nats off, or minus infinity."""
    units = ordered_layer(name)
    values = make_values(units, 20)
    eta = np.tile([location, log_scale], (20, 1))
    expected = log_probs(units, values, eta).sum(axis=1)
    assert (expected < -3).any()
    assert_allclose(calls.log_prob(units, values, eta, "dtype"), expected, rtol=1e-4, atol=1e-7)
    found, _ = calls.derivatives(units, values, eta, np.ones(20), "dtype")
    assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    assert_allclose(calls.table(units, values, eta[:1])[:, 0], expected, rtol=1e-5, atol=1e-7)


def test_values_and_inputs_far_away_make_no_nan():
    units = ordered_layer("counts", "continuous", "tenths", "one value")
    values = np.tile([[1e20], [1e6], [0.0], [3.0]], (1, 4))
    for size in (0.0, 10.0, 1e4, 1e10):
        for sign in (1, -1):
            eta = np.full((4, units.layout.n_inputs), sign * size)
            log_prob, (error, _) = calls.derivatives(units, values, eta, np.ones(4), "dtype")
            assert np.isfinite(log_prob).all()
            assert np.isfinite(error).all()
            assert np.isfinite(calls.table(units, values, eta)).all()
    expected = log_probs(units, values, np.zeros_like(eta)).sum(axis=1)
    assert_allclose(calls.log_prob(units, values, 0 * eta, "dtype"), expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("log_scale", [-9.0, -5.5, 3.5, 20.0])
def test_scales_are_clipped_and_then_have_no_slope(log_scale):
    units = ordered_layer("counts")
    values, eta = make_values(units, 8), np.tile([0.4, log_scale], (8, 1))
    check_log_prob(units, values, eta)
    _, (error, _) = calls.derivatives(units, values, eta, np.ones(8), "dtype")
    assert (error[:, 1] == 0).all()
    assert (error[:, 0] != 0).any()


@pytest.mark.parametrize("n_levels", [1, 2, 15, 16, 17, 33, 255])
def test_categories_of_many_levels(n_levels):
    units, intercept = Mixed.of([Categorical(np.full(n_levels, 1 / n_levels), 9.0)] * 2)
    assert_allclose(intercept, np.log(1 / n_levels), rtol=1e-6)
    values, eta = make_values(units, 5, seed=n_levels), make_eta(units, 5, scale=20)
    check_log_prob(units, values, eta)
    _, (error, _) = calls.derivatives(units, values, eta, np.ones(5), "dtype")
    assert_allclose(error, slopes(units, values, eta), atol=1e-4)
    assert_allclose(error.reshape(5, 2, n_levels).sum(axis=2), 0, atol=1e-4)


# Families that are special cases


def test_two_levels_are_a_bit():
    n, rng = 20, np.random.default_rng(0)
    bits, eta = rng.integers(0, 2, (6, n)).astype(float), 4 * rng.normal(size=(6, 2 * n))
    eta = np.float64(np.float32(eta))
    softmax, _ = Mixed.of([Categorical(np.array([0.5, 0.5]), 9.0)] * n)
    logits = eta[:, 1::2] - eta[:, ::2]
    assert_allclose(calls.log_prob(softmax, bits, eta, "dtype"),
                    calls.log_prob(Bernoulli(), bits, logits, "dtype"), rtol=1e-5)  # fmt: skip
    _, (error, _) = calls.derivatives(softmax, bits, eta, np.ones(6), "dtype")
    _, (expected,) = calls.derivatives(Bernoulli(), bits, logits, np.ones(6), "dtype")
    assert_allclose(error[:, 1::2], expected, atol=2e-6)
    assert_allclose(error[:, ::2], -expected, atol=2e-6)


@pytest.mark.parametrize("n", SIZES)
def test_binary_columns_alone_are_bernoulli_units(n):
    units, intercept = Mixed.of([Binary(0.2, 8.0)] * n)
    assert_allclose(expit(intercept), (1.6 + 1) / 10, rtol=1e-6)
    values, eta = make_values(units, 6), make_eta(units, 6, scale=5)
    assert_array_equal(calls.log_prob(units, values, eta, "dtype"),
                       calls.log_prob(Bernoulli(), values, eta, "float32"))  # fmt: skip
    found, (error, _) = calls.derivatives(units, values, eta, np.ones(6), "dtype")
    expected, (other,) = calls.derivatives(Bernoulli(), values, eta, np.ones(6), "float32")
    assert_array_equal(found, expected)
    assert_array_equal(error, other)


# Codes


@every_layer
def test_rows_are_coded_as_their_columns_say(make):
    units = make()
    layout = units.layout
    values = make_values(units, 30, share_missing=0.2)
    rows = layout.standardise(values)
    for j, column in enumerate(layout.columns):
        seen = ~np.isnan(values[:, j])
        bits, numbers = column.code(values[seen, j])
        places = layout.codes_of(j)
        found = np.concatenate([rows.bits, rows.reals], axis=1)[:, places]
        assert_array_equal(found[seen][:, : column.n_bits], bits)
        assert_allclose(found[seen][:, column.n_bits :], numbers, rtol=1e-5, atol=1e-6)
        assert (found[~seen] == 0).all()
        assert (layout.code_columns[places] == j).all()
        assert (layout.input_columns[layout.inputs_of(j)] == j).all()
        assert_allclose(layout.intercept[layout.inputs_of(j)], column.intercept, rtol=1e-6)
        assert_allclose(layout.code_means[places], np.concatenate(column.code_means), rtol=1e-6)
        payload = rows.payload[:, layout.places[j, 1]]
        assert_array_equal(np.isnan(payload), ~seen)
    filled = rows.filled(layout.code_means).code
    hidden = np.isnan(values)[:, layout.code_columns]
    assert_allclose(filled, np.where(hidden, layout.code_means, rows.code))
    assert_allclose(layout.restore(rows)[~np.isnan(values)], values[~np.isnan(values)], rtol=1e-9)


@pytest.mark.parametrize("name", ORDERED)
def test_cells_are_those_of_the_marginal(name):
    column = ORDERED[name]
    units = ordered_layer(name)
    values = make_values(units, 200)
    if not column.is_discrete:
        values[0] = column.marginal.knots[-1] + 1e14 * column.marginal.upper
        if column.lowest < 0:
            values[1] = column.marginal.knots[0] - 1e14 * column.marginal.lower
    rows = units.layout.standardise(values)
    low, high, width = column.marginal.cells(column.on_grid(values[:, 0]))
    assert_allclose(rows.payload, np.column_stack([low, high, width]), rtol=2e-6, atol=1e-6)


def test_inputs_and_codes_of_all_columns_share_no_place():
    layout = every_kind().layout
    for places, n in ((layout.inputs_of, layout.n_inputs),
                      (layout.codes_of, layout.n_bits + layout.n_reals)):  # fmt: skip
        found = np.concatenate([places(j) for j in range(layout.n_columns)])
        assert sorted(found) == list(range(n))


def test_volumes_are_of_real_columns_that_are_seen():
    columns = [reals([0.1, 0.2, 0.4]), ORDERED["counts"], Normal(0.0, 3.0), Binary(0.5, 9.0)]
    layout = Mixed.of(columns)[0].layout
    rows = layout.standardise(np.array([[0.1, 2, 1.0, 1], [np.nan, 2, 1, 1], [0.1, 1, np.nan, 1]]))
    expected = np.log([0.1 * 3, 3, 0.1])
    assert_allclose(layout.log_volumes(rows), expected)
    assert layout.log_volume() == pytest.approx(expected[0])
    assert layout.mean_log_volume(np.array([0.5, 1, 0.25, 1])) == pytest.approx(
        0.5 * np.log(0.1) + 0.25 * np.log(3)
    )
    assert isinstance(columns[0], Ordered)


def test_grids_are_restored_without_rounding():
    layout = Mixed.of([reals([0.0, 0.1, 0.3, 0.2]), reals([0.1, 0.4, 0.2]), ORDERED["skew"]])[
        0
    ].layout
    found = layout.restore(np.array([[0.1 * 3, 0.1 * 3, 2.0]]))
    assert found.tolist() == [[0.3, 0.3, 2.0]]
