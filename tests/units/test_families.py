"""A table of unit families, and what must be true of each of them.

A new family is one line of `FAMILIES`: an instance, the forms its values come in (`calls`), and the
distribution of scipy that it is, given inputs eta.
"""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats

from sklearn_helmholtz.units import Bernoulli, DataUnits, Gaussian, Poisson
from tests.units import calls

N_ROWS, N_UNITS = 6, 37  # two whole vectors of kernels and a rest
VARIANCES = np.random.default_rng(0).uniform(0.1, 4, N_UNITS)


class Family(NamedTuple):
    units: object
    distribution: object  # of units and eta in float64; frozen, of scipy
    forms: tuple


def bernoulli(units, eta):
    return stats.bernoulli(special.expit(eta))


def normal(units, eta):
    return stats.norm(eta, np.sqrt(np.float64(units.variance)))


def poisson(units, eta):
    return stats.poisson(np.exp(eta))


# fmt: off
FAMILIES = {
    "Bernoulli": Family(Bernoulli(), bernoulli, ("dtype", "float32", "sparse")),
    "Gaussian": Family(Gaussian.from_variance(VARIANCES), normal, ("dtype",)),
    "narrow Gaussian": Family(Gaussian.from_variance(VARIANCES / 50), normal, ("dtype",)),
    "Poisson": Family(Poisson(), poisson, ("dtype", "sparse")),
}
# fmt: on
families = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


def in_forms(keep=lambda units, form: True):
    """Every family with each form of its values that is to be kept."""
    return pytest.mark.parametrize(
        ("family", "form"),
        [
            pytest.param(family, form, id=f"{name}-{form}")
            for name, family in FAMILIES.items()
            for form in family.forms
            if keep(family.units, form)
        ],
    )


def may_have_gaps(units, form):
    return form != "dtype" or units.dtype == np.float32


def make_eta(n_rows=N_ROWS, seed=1):
    """Inputs that float32 holds exactly, as float64."""
    return np.float64(
        np.float32(np.random.default_rng(seed).normal(scale=2, size=(n_rows, N_UNITS)))
    )


def make_values(family, eta, seed=2):
    """Values that are likely given eta and that float32 holds exactly, as float64."""
    drawn = family.distribution(family.units, eta).rvs(random_state=np.random.default_rng(seed))
    return np.float64(np.float32(drawn))


def of_scipy(family, values, eta, units=None):
    """Log-probabilities of units, (n_rows, n_units)."""
    distribution = family.distribution(units or family.units, eta)
    return (distribution.logpmf if hasattr(distribution, "logpmf") else distribution.logpdf)(values)


def make_gaps(values, seed=3):
    """Values a third of which are missing, one row wholly."""
    missing = np.random.default_rng(seed).random(values.shape) < 0.3
    missing[-1] = True
    return np.where(missing, np.nan, values)


@in_forms()
def test_log_probabilities_are_those_of_scipy(family, form):
    eta = make_eta()
    values = make_values(family, eta)
    expected = of_scipy(family, values, eta).sum(axis=1)
    found = calls.log_prob(family.units, values, eta, form, start=7.0)
    assert_allclose(found, 7 + expected, rtol=1e-6, atol=1e-4)


@in_forms(may_have_gaps)
def test_what_is_missing_adds_nothing(family, form):
    eta, weight = make_eta(), np.linspace(0.5, 2, N_ROWS)
    values = make_gaps(make_values(family, eta))
    missing = np.isnan(values)
    expected = np.where(missing, 0, of_scipy(family, np.where(missing, 0, values), eta)).sum(axis=1)
    found = calls.log_prob(family.units, values, eta, form)
    assert_allclose(found, expected, rtol=1e-6, atol=1e-4)
    assert abs(found[-1]) < 1e-5  # lists of entries take back what a zero would have added
    log_prob, (error, *by_leaves) = calls.derivatives(family.units, values, eta, weight, form)
    assert_allclose(log_prob, found, rtol=1e-6, atol=1e-4)
    assert (error[missing] == 0).all()
    assert (error[~missing] != 0).all()
    for by_leaf, slope in zip(
        by_leaves, slopes_by_leaves(family, values, eta, weight), strict=True
    ):
        assert_allclose(by_leaf, slope, rtol=1e-3, atol=1e-3)


def slopes_by_leaves(family, values, eta, weight):
    """Finite differences of what scipy says, by the parameters of the units."""
    arrays = [np.float64(leaf) for leaf in calls.leaves(family.units)]
    missing = np.isnan(values)

    def objective(arrays):
        units = calls.with_leaves(family.units, arrays)
        log_prob = of_scipy(family, np.where(missing, 0, values), eta, units)
        return weight @ np.where(missing, 0, log_prob)  # one sum for each unit

    for number, array in enumerate(arrays):
        sides = [
            [*arrays[:number], array + step, *arrays[number + 1 :]] for step in (2**-7, -(2**-7))
        ]
        yield (objective(sides[0]) - objective(sides[1])) / 2**-6


@in_forms()
def test_derivatives_are_slopes(family, form):
    eta, weight = make_eta(), np.linspace(0.5, 2, N_ROWS)
    values = make_values(family, eta)
    log_prob, (error, *by_leaves) = calls.derivatives(family.units, values, eta, weight, form)
    assert_allclose(log_prob, of_scipy(family, values, eta).sum(axis=1), rtol=1e-6, atol=1e-4)
    above, below = (of_scipy(family, values, eta + step) for step in (1e-4, -1e-4))
    assert_allclose(error, weight[:, None] * (above - below) / 2e-4, rtol=1e-4, atol=1e-5)
    for by_leaf, slope in zip(
        by_leaves, slopes_by_leaves(family, values, eta, weight), strict=True
    ):
        assert_allclose(by_leaf, slope, rtol=1e-3, atol=1e-3)


@in_forms()
def test_neighbouring_rows_share_inputs_or_values(family, form):
    eta, few = make_eta(), make_eta(2, seed=5)
    if form != "sparse":  # of which every row has inputs of its own
        values = make_values(family, eta)
        expected = calls.log_prob(family.units, values, np.repeat(few, 3, axis=0), form)
        assert_array_equal(calls.log_prob(family.units, values, few, form), expected)
    few, weight = make_values(family, few), np.linspace(0.5, 2, N_ROWS)
    repeated = np.repeat(few, 3, axis=0)
    expected = calls.derivatives(family.units, repeated, eta, weight, form)
    log_prob, parts = calls.derivatives(family.units, few, eta, weight, form)
    assert_array_equal(log_prob, expected[0])
    assert_array_equal(calls.log_prob(family.units, few, eta, form),
                       calls.log_prob(family.units, repeated, eta, form))  # fmt: skip
    for part, other in zip(parts, expected[1], strict=True):
        assert_allclose(part, other, rtol=1e-6)


SHARED = pytest.mark.parametrize(
    ("n_values", "n_eta"), [(6, 6), (6, 2), (6, 1), (2, 6)], ids=lambda n: str(n)
)


@SHARED
@in_forms()
def test_errors_are_scores_that_are_weighed_and_summed_over_rows_that_share(
    family, form, n_values, n_eta
):
    eta, weight = make_eta(n_eta), np.linspace(0.5, 2, N_ROWS)
    values = make_values(family, make_eta(n_values, seed=8))
    each = np.repeat(eta, N_ROWS // n_eta, axis=0)
    _, (error, *by_leaves) = calls.derivatives(family.units, values, each, weight, form)
    error = error.reshape(n_eta, -1, N_UNITS).sum(axis=1)
    found, *others = calls.errors(family.units, values, eta, weight, form)
    assert_allclose(found, error, rtol=1e-5, atol=1e-5 * abs(error).max())
    for by_leaf, other in zip(by_leaves, others, strict=True):
        assert_allclose(other, by_leaf, rtol=1e-5, atol=1e-5 * abs(by_leaf).max())


@SHARED
@in_forms()
def test_errors_are_slopes(family, form, n_values, n_eta):
    eta, weight = make_eta(n_eta), np.linspace(0.5, 2, N_ROWS)
    values = make_values(family, make_eta(n_values, seed=8))
    check_errors(family, form, values, eta, weight)


@SHARED
@in_forms(may_have_gaps)
def test_errors_leave_out_what_is_missing(family, form, n_values, n_eta):
    eta, weight = make_eta(n_eta), np.linspace(0.5, 2, N_ROWS)
    values = make_gaps(make_values(family, make_eta(n_values, seed=8)))
    check_errors(family, form, values, eta, weight)


def check_errors(family, form, values, eta, weight):
    """Errors and derivatives by the units' parameters are differences of what scipy says."""
    values_of_each = np.repeat(values, N_ROWS // len(values), axis=0)
    missing = np.isnan(values_of_each)
    known = np.where(missing, 0, values_of_each)

    def log_prob(step):
        each = np.repeat(eta, N_ROWS // len(eta), axis=0) + step
        return weight[:, None] * np.where(missing, 0, of_scipy(family, known, each))

    slopes = (log_prob(1e-4) - log_prob(-1e-4)) / 2e-4
    slopes = slopes.reshape(len(eta), -1, N_UNITS).sum(axis=1)
    error, *by_leaves = calls.errors(family.units, values, eta, weight, form)
    assert_allclose(error, slopes, rtol=1e-4, atol=1e-5 * max(1, abs(slopes).max()))
    each = np.repeat(eta, N_ROWS // len(eta), axis=0)
    for by_leaf, slope in zip(
        by_leaves, slopes_by_leaves(family, values_of_each, each, weight), strict=True
    ):
        # Of second order in a step of 2^-7, relative to what is summed.
        assert_allclose(by_leaf, slope, rtol=1e-3, atol=1e-3 * max(1, abs(slope).max()))


@in_forms()
def test_inputs_far_away_make_no_nan(family, form):
    far = np.where(np.arange(N_UNITS) % 2, 1e4, -1e4) * np.ones((N_ROWS, 1))
    values = make_values(family, make_eta())
    log_prob, parts = calls.derivatives(family.units, values, far, np.ones(N_ROWS), form)
    assert np.isfinite(log_prob).all()
    assert all(np.isfinite(part).all() for part in parts)
    assert (calls.log_prob(family.units, values, far, form) < -1e4).all()


@families
def test_means_are_those_of_scipy(family):
    eta = make_eta()
    mean = calls.mean(family.units, eta)
    assert_allclose(mean, family.distribution(family.units, eta).mean(), rtol=1e-6)


def make_grid(units, step):
    """Values of the support, beyond all that are likely given `make_eta`: whole, or in steps."""
    if units.is_binary:
        return np.arange(2.0)
    return np.arange(3000.0) if units.support.is_whole else np.arange(-16, 16, step)


@families
@pytest.mark.parametrize("seed", range(3))
def test_modes_are_the_most_probable_values(family, seed):
    step = 2.0**-6
    eta = np.round(make_eta(seed=seed) / step) * step  # on the grid of real values
    eta[0, 0] = 0  # where 0 and 1 are equally probable, if whole
    mode, grid = calls.mode(family.units, eta), make_grid(family.units, step)
    assert mode.shape == eta.shape
    log_prob = of_scipy(family, grid[:, None, None], eta)
    reached = of_scipy(family, mode, eta)
    assert_allclose(reached, log_prob.max(axis=0), rtol=0, atol=1e-6)
    first, second = np.sort(log_prob, axis=0)[[-1, -2]]
    clear = first > second + 1e-6
    assert clear.mean() > 0.9
    assert_array_equal(mode[clear], grid[log_prob.argmax(axis=0)][clear])


@families
def test_draws_have_the_moments_of_scipy(family):
    n, eta = 4000, make_eta(2)
    values, log_prob = calls.sample(family.units, eta, n)
    assert values.dtype == family.units.dtype
    expected = of_scipy(family, np.float64(values), np.repeat(eta, n, axis=0)).sum(axis=1)
    assert_allclose(log_prob, expected, rtol=1e-5, atol=1e-3)
    values = np.float64(values).reshape(2, n, N_UNITS)
    mean, variance, _, excess = family.distribution(family.units, eta).stats("mvsk")
    error = np.sqrt(variance / n)
    assert (abs(values.mean(axis=1) - mean) < 5 * error).all()
    error = np.sqrt(variance**2 * (excess + 2) / n + 1e-12)  # of a variance, at large n
    assert (abs(values.var(axis=1) - variance) < 5 * error + 25 * variance / n).all()
    # units and particles are independent: 37 units have 666 pairs
    deviations = (values - mean[:, None]) / np.sqrt(variance)[:, None]
    correlations = np.einsum("rni,rnj->rij", deviations, deviations) / n
    assert (abs(correlations[:, *np.triu_indices(N_UNITS, 1)]) < 5 / np.sqrt(n)).all()
    assert (abs((deviations[:, 1:] * deviations[:, :-1]).mean(axis=1)) < 5 / np.sqrt(n)).all()


@families
def test_draws_depend_on_their_addresses_alone(family):
    eta = make_eta()
    together, _ = calls.sample(family.units, eta, 5)
    together = together.reshape(N_ROWS, 5, N_UNITS)
    rows, _ = calls.sample(family.units, eta[2:4], 5, first_row=2)
    assert_array_equal(rows.reshape(2, 5, N_UNITS), together[2:4])
    particles, _ = calls.sample(family.units, eta, 2, first=3)
    assert_array_equal(particles.reshape(N_ROWS, 2, N_UNITS), together[:, 3:])
    assert len(np.unique(together.reshape(-1, N_UNITS), axis=0)) == N_ROWS * 5


@families
def test_tables_hold_log_probabilities(family):
    eta, n = make_eta(), 4
    values = make_values(family, eta[:n])
    table = calls.table(family.units, values, eta)
    expected = [of_scipy(family, row, eta).sum(axis=1) for row in values]
    assert_allclose(table, expected, rtol=1e-6)
    shifts = make_eta(n, seed=7)
    table = calls.table(family.units, values, eta, shifts)
    expected = [
        of_scipy(family, row, eta + s).sum(axis=1) for row, s in zip(values, shifts, strict=True)
    ]
    assert_allclose(table, expected, rtol=1e-6)


@families
def test_paired_log_probabilities_are_those_of_scipy(family):
    """A family's own way is that of all others, by tables; rows may share their inputs."""
    eta = make_eta()
    values = make_gaps(make_values(family, eta))
    for inputs in (eta, eta[:1]):
        expected = np.nansum(of_scipy(family, values, inputs), axis=1)
        assert_allclose(family.units.paired(values, inputs), expected, rtol=1e-6, atol=1e-12)
        by_tables = DataUnits.paired(family.units, values, inputs)
        assert_allclose(by_tables, expected, rtol=1e-6, atol=1e-12)


def test_the_table_has_every_family():
    import sklearn_helmholtz.units

    assert {type(family.units) for family in FAMILIES.values()} == set(
        sklearn_helmholtz.units.FAMILIES.values()
    )
