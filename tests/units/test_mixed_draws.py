"""Draws and answers of mixed units against what their columns say in float64."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz.columns import Normal, Ordered
from sklearn_helmholtz.units import Mixed
from tests import cases
from tests.columns.builders import ORDERED, all_cells, reals
from tests.units import calls
from tests.units.mixed_columns import every_kind, layer, log_probs, make_eta, make_values

N = 5000


def draw(units, eta, n=N, **where):
    rows, log_prob = calls.sample(units, eta, n, **where)
    return rows, log_prob


def check_frequencies(column, drawn, eta, variance):
    """Draws of one column have the probabilities of its cells, or of its bins."""
    if isinstance(column, Normal):
        z = column.standardise(drawn)
        assert stats.kstest(z, stats.norm(eta[0], np.sqrt(variance)).cdf).pvalue > 1e-3
        return
    if not isinstance(column, Ordered) or column.is_discrete:
        numbers, shares = drawn.astype(int), column.masses(eta)
    elif len(cells := all_cells(column, 8.0)) < 2000:
        steps = np.round((drawn - cells[0]) / column.marginal.resolution).astype(int)
        shares = np.exp(column.log_prob(cells, eta))
        beyond = (steps < 0) | (steps >= len(cells))
        numbers = np.where(beyond, len(cells), steps)
        shares = np.append(shares, max(1 - shares.sum(), 0))
        shares /= shares.sum()
    else:
        knots = column.marginal.knots
        numbers, shares = np.searchsorted(knots, drawn), column.masses(eta)
    if (len(drawn) * shares >= 5).sum() > 2:
        cases.assert_frequencies(numbers, shares)
    else:
        top = shares.argmax()
        error = 4 * np.sqrt(shares[top] * (1 - shares[top]) / len(drawn)) + 1e-3
        assert (numbers == top).mean() == pytest.approx(shares[top], abs=error)


@pytest.mark.parametrize("inputs", ["none", "random", "others"])
def test_draws_have_the_probabilities_of_the_columns(inputs):
    units = every_kind(5)
    eta = make_eta(units, 1, seed=len(inputs), scale=0.0 if inputs == "none" else 0.8)
    rows, log_prob = draw(units, eta)
    gaussian = 0
    for j, column in enumerate(units.layout.columns):
        variance = None
        if isinstance(column, Normal):
            variance, gaussian = units.normal.variance[gaussian], gaussian + 1
        own = eta[0, units.layout.inputs_of(j)]
        check_frequencies(column, rows.values[:, j], own, variance)
    expected = log_probs(units, rows.values[:200], np.repeat(eta, 200, axis=0)).sum(axis=1)
    assert_allclose(log_prob[:200], expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in ORDERED if "handed" not in name])
@pytest.mark.parametrize("eta", [(0.0, 0.0), (1.0, -0.5)])
def test_draws_of_ordered_columns_have_the_probabilities_of_cells(name, eta):
    units, _ = Mixed.of([ORDERED[name]])
    rows, _ = draw(units, np.array([eta]), 2000)
    check_frequencies(ORDERED[name], rows.values[:, 0], np.array(eta), None)


@pytest.mark.parametrize("eta", [(0.0, 0.0), (0.8, -0.5), (-0.5, 0.4)])
def test_places_of_draws_are_logistic(eta):
    """With the location and the scale that the inputs say: many draws tell a percent."""
    column = ORDERED["continuous"]
    rows, _ = draw(Mixed.of([column])[0], np.array([eta]), 60_000)
    z = (column.marginal.logits(rows.values[:, 0]) - eta[0]) / np.exp(eta[1])
    assert z.mean() == pytest.approx(0, abs=4 * np.pi / np.sqrt(3 * 60_000) + 1e-3)
    assert z.var() == pytest.approx(np.pi**2 / 3, rel=0.03)
    assert (z > np.log(9)).mean() == pytest.approx(0.1, abs=0.006)


def test_draws_of_columns_are_independent():
    units = every_kind(5)
    values = draw(units, make_eta(units, 1, scale=0.3))[0].values
    ranks = stats.rankdata(values, axis=0)
    varied = ranks.std(axis=0) > 0
    correlations = np.corrcoef(ranks[:, varied], rowvar=False)
    assert varied.sum() > 9
    assert (abs(correlations[np.triu_indices(varied.sum(), 1)]) < 5 / np.sqrt(N)).all()


def test_draws_depend_on_their_addresses_alone():
    units = layer(*["categorical", "normal", "ordered", "binary"] * 18)  # more than one block
    eta = make_eta(units, 4)
    together = draw(units, eta, 5)[0].values.reshape(4, 5, -1)
    rows = draw(units, eta[1:3], 5, first_row=1)[0].values
    assert_array_equal(rows.reshape(2, 5, -1), together[1:3])
    particles = draw(units, eta, 2, first=3)[0].values
    assert_array_equal(particles.reshape(4, 2, -1), together[:, 3:])
    assert len(np.unique(together.reshape(20, -1), axis=0)) == 20


def test_draws_are_coded_like_the_values_that_they_are():
    units = every_kind()
    drawn, again = draw(units, make_eta(units, 3), 7)[0], None
    again = units.layout.standardise(units.layout.restore(drawn))
    assert_allclose(again.payload, drawn.payload, rtol=1e-5, atol=1e-5)
    assert_array_equal(again.bits, drawn.bits)
    assert_allclose(again.reals, drawn.reals, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("location", [-3.0, 0.0, 3.0])
def test_draws_in_gaps_that_bins_part_are_coded_like_their_values(location):
    column = reals(np.array([0.0, 6, 16, 28, 40, 56, 72, 92, 112, 134]), 1.0)
    units, _ = Mixed.of([column])
    rows, _ = draw(units, np.array([[location, 1.5]]))
    edges = column.marginal.knots
    cells = rows.values - edges
    assert (abs(cells) < 0.5).any(axis=0)[1:-1].all()  # cells that reach into two bins
    again = units.layout.standardise(rows.values)
    for found, expected in zip(rows.parts, again.parts, strict=True):
        assert_array_equal(found, expected)


def test_what_is_given_stays_and_the_rest_is_drawn():
    units = every_kind()
    values = make_values(units, 4, share_missing=0.5)
    eta, draws = make_eta(units, 4), cases.make_draws(4, 3)
    weights = np.zeros((units.n_shown(None), units.n_inputs(None)), np.float32)
    rows = units.layout.standardise(values)
    each = np.repeat(eta, 3, axis=0).astype(np.float32)
    completed = units.complete(rows, each, weights, draws, 0)
    known = np.repeat(~np.isnan(values), 3, axis=0)
    assert_array_equal(completed.values[known], np.repeat(values, 3, axis=0)[known])
    assert not np.isnan(completed.values).any()
    assert np.isnan(rows.values).any()  # those given are as they were
    drawn, _ = calls.sample(units, eta, 3)
    assert_array_equal(completed.values[~known], drawn.values[~known])


def test_later_columns_see_the_code_of_those_drawn_before():
    """Inputs of every column are those that the codes of all columns before it make."""
    units = every_kind(1)
    layout, rng = units.layout, np.random.default_rng(0)
    weights = rng.normal(scale=0.3, size=(units.n_shown(None), layout.n_inputs))
    weights *= layout.code_columns[:, None] < layout.input_columns
    weights = weights.astype(np.float32)
    eta = make_eta(units, 2).astype(np.float32)
    rows, inputs = units.sample_autoregressive(eta, weights, cases.make_draws(2, 3), 0)
    expected = np.repeat(eta, 3, axis=0) + rows.code @ weights
    assert_allclose(inputs, expected, rtol=1e-4, atol=1e-4)
    plain, _ = units.sample_autoregressive(eta, 0 * weights, cases.make_draws(2, 3), 0)
    assert_array_equal(plain.values[:, 0], rows.values[:, 0])
    assert (plain.values != rows.values).any()


@pytest.mark.parametrize("strategy", ["mean", "median", "mode"])
def test_answers_are_those_of_mixtures_of_columns(strategy):
    units, rng = every_kind(2), np.random.default_rng(0)
    eta = make_eta(units, 6, scale=0.7).reshape(2, 3, -1)
    weights = rng.dirichlet(np.ones(3), 2)
    found = units.answers(strategy, weights, eta)
    shared = units.answers(strategy, weights, eta[:1])
    for j, column in enumerate(units.layout.columns):
        masses = column.masses(eta[..., units.layout.inputs_of(j)])
        mixed = np.stack([w @ m for w, m in zip(weights, masses, strict=True)])
        assert_allclose(found[:, j], getattr(column, strategy)(mixed), rtol=1e-9)
        mixed = weights @ masses[0]
        assert_allclose(shared[:, j], getattr(column, strategy)(mixed), rtol=1e-9)
    values = np.stack([make_values(units, 3, seed=s) for s in (3, 4)])
    drawn = units.answers_from_draws(strategy, weights, values)
    for j, column in enumerate(units.layout.columns):
        expected = getattr(column, f"{strategy}_of_draws")(weights, values[..., j])
        assert_array_equal(drawn[:, j], expected)
