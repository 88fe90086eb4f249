"""Factor models below the estimator: machines, profiles of the likelihood, moments and gaps."""

import dataclasses
import itertools
import tracemalloc

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.factors import LinearGaussian, em, linear_gaussian
from sklearn_helmholtz.factors import profile as profiles
from sklearn_helmholtz.factors.em import ascend, expect, maximise_expected, slopes
from sklearn_helmholtz.factors.leading import DualSpace, LeadingSpace, _beyond
from sklearn_helmholtz.factors.learning import FactorLearning
from sklearn_helmholtz.factors.moments import SecondMoments, centred, observed_columns
from sklearn_helmholtz.factors.patterned import PatternedRows
from sklearn_helmholtz.factors.profile import (
    _hessian,
    first_noise,
    highest,
    isotropic,
    leaves_noise,
    loadings,
    maximise,
    profile,
)
from tests.factor_models import joint_covariance, make_machine, make_rows, normal


def patterned(x, w=None):
    """Rows in their own units."""
    w = np.ones(len(x)) if w is None else w
    return PatternedRows.of(x, w, lambda rows: rows, x.shape[1])


def peak_of(function):
    """Bytes that a call takes at the most."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# The machine


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_log_densities_are_those_of_a_normal_distribution(missing):
    machine = make_machine()
    x = make_rows(machine, 40, missing=missing)
    x[0] = np.nan
    for row, actual in zip(x, machine.log_prob(x), strict=True):
        seen = np.flatnonzero(~np.isnan(row))
        expected = normal(machine, seen).logpdf(row[seen]) if len(seen) else 0.0
        assert actual == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_posteriors_are_those_of_the_joint_normal_distribution(missing):
    machine = make_machine()
    x = make_rows(machine, 20, missing=missing)
    found, joint = machine.infer(x), joint_covariance(machine)
    for row, mean, number in zip(x, found.means, found.numbers, strict=True):
        seen = 2 + np.flatnonzero(~np.isnan(row))
        gain = joint[:2, seen] @ np.linalg.inv(joint[np.ix_(seen, seen)])
        assert_allclose(mean, gain @ (row - machine.mean)[seen - 2], atol=1e-10)
        assert_allclose(found.covariances[number], np.eye(2) - gain @ joint[seen, :2], atol=1e-10)


def test_log_densities_are_exact_where_noise_all_but_vanishes():
    machine = make_machine(2, 6)
    machine.noise[:2] = 1e-10
    x = make_rows(machine, 20)
    expected = normal(machine, np.arange(6)).logpdf(x)
    assert_allclose(machine.log_prob(x), expected, atol=1e-4)
    quadratic = np.einsum("ri,ij,rj->r", x - machine.mean, machine.precision(), x - machine.mean)
    half = -0.5 * (np.linalg.slogdet(machine.covariance())[1] + 6 * np.log(2 * np.pi))
    assert_allclose(machine.log_prob(x), half - 0.5 * quadratic, atol=1e-6)


def test_precision_is_the_inverse_of_the_covariance():
    machine = make_machine()
    machine.noise[0] = 1e-9
    assert_allclose(machine.precision() @ machine.covariance(), np.eye(6), atol=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_bartlett_scores_are_generalised_least_squares(missing):
    machine = make_machine()
    x = make_rows(machine, 10, missing=missing)
    for row, actual in zip(x, machine.bartlett(x), strict=True):
        seen = ~np.isnan(row)
        root = 1 / np.sqrt(machine.noise[seen])
        expected, *_ = np.linalg.lstsq(
            (machine.loadings[:, seen] * root).T, (row - machine.mean)[seen] * root, rcond=None
        )
        assert_allclose(actual, expected, atol=1e-10)


def test_bartlett_scores_on_dependent_factors_are_the_shortest():
    rng = np.random.default_rng(0)
    loads = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 320))
    machine = LinearGaussian(np.zeros(320), loads, rng.uniform(0.3, 1, 320))
    x, root = rng.normal(size=(5, 320)), 1 / np.sqrt(machine.noise)
    expected, *_ = np.linalg.lstsq((loads * root).T, (x * root).T, rcond=1e-10)
    assert_allclose(machine.bartlett(x), expected.T, atol=1e-10)


def test_canonical_factors_are_in_order_and_independent_given_the_data():
    machine = make_machine(3, 8)
    other = machine.canonical()
    information = other.scaled @ other.loadings.T
    assert_allclose(information, np.diag(np.diag(information)), atol=1e-10)
    assert (np.diff(np.diag(information)) < 0).all()
    assert_allclose(other.covariance(), machine.covariance(), atol=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("entries", [1, 40, 2**22])
def test_blocks_hold_every_row_once_and_change_nothing(missing, entries, monkeypatch):
    machine = make_machine()
    x = make_rows(machine, 300, missing=missing)
    log_prob, means, scores = machine.log_prob(x), machine.means(x), machine.bartlett(x)
    found = machine.infer(x)
    monkeypatch.setattr(linear_gaussian, "_ENTRIES", entries)
    numbers = [np.arange(300)[place] for place, _ in machine.blocks(x)]
    assert_array_equal(np.sort(np.concatenate(numbers)), np.arange(300))
    most = max(entries // 6, 1)
    assert max(map(len, numbers)) <= most
    assert_allclose(machine.log_prob(x), found.log_prob, rtol=1e-12)
    assert_allclose(machine.log_prob(x), log_prob, rtol=1e-12)
    assert_allclose(machine.means(x), means, rtol=1e-10, atol=1e-12)
    assert_allclose(machine.bartlett(x), scores, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("n_gaps", [0, 1])
def test_rows_of_one_pattern_share_their_matrices(n_gaps):
    machine = make_machine(150, 160)
    x = make_rows(machine, 4000)
    x[:n_gaps, 0] = np.nan
    of_all = 8 * len(x) * 150**2
    assert peak_of(lambda: machine.means(x)) < of_all / 10
    assert peak_of(lambda: machine.bartlett(x)) < of_all / 10


def test_draws_have_the_moments_of_the_model():
    machine, n = make_machine(), 200_000
    x, z = machine.sample(n, np.random.default_rng(0))
    both = np.concatenate([z, x], axis=1)
    covariance = joint_covariance(machine)
    errors = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / n)
    assert (abs(np.cov(both.T) - covariance) < 4.5 * errors).all()
    assert (abs(x.mean(axis=0) - machine.mean) < 4.5 * np.sqrt(np.diag(covariance)[2:] / n)).all()


def test_completions_have_the_moments_of_what_is_missing_given_the_rest():
    machine, n = make_machine(), 200_000
    row = make_rows(machine, 1)[0]
    row[[1, 4, 5]] = np.nan
    seen, gaps = np.array([0, 2, 3]), np.array([1, 4, 5])
    C = machine.covariance()
    gain = C[np.ix_(gaps, seen)] @ np.linalg.inv(C[np.ix_(seen, seen)])
    mean = machine.mean[gaps] + gain @ (row - machine.mean)[seen]
    covariance = C[np.ix_(gaps, gaps)] - gain @ C[np.ix_(seen, gaps)]
    errors = 4.5 * np.sqrt(2 / n) * covariance.max()
    x, _ = machine.complete(row, n, np.random.default_rng(0))
    assert_array_equal(x[:, seen], np.tile(row[seen], (n, 1)))
    found = machine.infer(np.tile(row, (n, 1)))
    again = machine.draw(found.draw(np.random.default_rng(1)), np.random.default_rng(2))
    for drawn in (x[:, gaps], again[:, gaps]):
        assert_allclose(drawn.mean(axis=0), mean, atol=4.5 * np.sqrt(covariance.max() / n))
        assert_allclose(np.cov(drawn.T), covariance, atol=errors)


# The profile


def problems():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        machine = make_machine(2, 7, seed)
        x = make_rows(machine, 200, seed) * rng.uniform(0.1, 10, 7)
        yield np.cov(x.T, bias=True), rng


def test_the_profile_is_the_likelihood_of_the_best_loadings():
    for S, rng in problems():
        noise = np.diag(S) * rng.uniform(0.05, 1, 7)
        found = profile(LeadingSpace(S, 2, rng), noise, 2)
        loads = loadings(noise, 2, found)

        def cost(loads, noise=noise, S=S):
            C = loads.T @ loads + np.diag(noise)
            return np.linalg.slogdet(C)[1] + np.trace(np.linalg.solve(C, S))

        assert found.value == pytest.approx(cost(loads), rel=1e-10)
        for _ in range(20):
            assert cost(loads + 0.01 * rng.normal(size=loads.shape)) > found.value


def test_derivatives_of_the_profile_are_finite_differences():
    for S, rng in problems():
        space, logs = LeadingSpace(S, 2, rng), np.log(np.diag(S) * rng.uniform(0.05, 0.9, 7))
        found = profile(space, np.exp(logs), 2)
        hessian = _hessian(np.diag(S) / np.exp(logs), 2, found)
        for i in range(7):
            step = np.zeros(7)
            step[i] = 1e-5
            up, down = (profile(space, np.exp(logs + s * step), 2) for s in (1, -1))
            assert (up.value - down.value) / 2e-5 == pytest.approx(found.gradient[i], abs=1e-6)
            along = (up.gradient - down.gradient) / 2e-5
            assert_allclose(along, hessian[i], atol=1e-5 * abs(hessian).max())


def wide_rows(n_rows=150, n_features=300):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_rows, 5)) @ rng.normal(size=(5, n_features))
    rows += rng.normal(size=(n_rows, n_features))
    return (rows - rows.mean(axis=0)) / np.sqrt(n_rows)


def test_krylov_and_dual_spaces_find_what_a_whole_decomposition_finds():
    rows, rng = wide_rows(), np.random.default_rng(0)
    S = rows.T @ rows
    krylov, dual = LeadingSpace(S, 5, rng), DualSpace(rows)
    assert not krylov.is_complete
    scale = np.ones(300)
    for _ in range(6):
        values, vectors = np.linalg.eigh(S * scale * scale[:, None])
        for space in (krylov, dual):
            found, directions = space.find(scale)
            assert_allclose(found[:5], values[:-6:-1], rtol=1e-6)
            overlap = abs((directions[:, :5] * vectors[:, :-6:-1]).sum(axis=0))
            assert_allclose(overlap, 1, atol=1e-5)
        scale = scale * np.exp(0.05 * rng.normal(size=300))


@pytest.mark.parametrize("n", [0, 3, 40])
def test_leading_eigenvectors_are_exact_though_eigenvalues_are_nearly_equal(n):
    rows = np.random.default_rng(0).normal(size=(250, 200)) / np.sqrt(250)
    S = rows.T @ rows
    values, vectors = np.linalg.eigh(S)
    for space in (LeadingSpace(S, n, np.random.default_rng(0)), DualSpace(rows)):
        found, directions = space.leading(n)
        assert_allclose(found, values[::-1][:n], rtol=1e-12)
        expected = vectors[:, ::-1][:, :n]
        assert_allclose(directions @ directions.T, expected @ expected.T, atol=1e-9)


@pytest.mark.parametrize("kind", ["any", "near", "dependent", "nothing", "no more"])
def test_bases_are_orthonormal_whatever_they_are_made_of(kind):
    rng = np.random.default_rng(0)
    first = _beyond([], rng.normal(size=(40, 6)))
    vectors = {
        "any": rng.normal(size=(40, 6)) * 10.0 ** np.arange(-60, 60, 20),
        "near": first @ rng.normal(size=(6, 6)) + 1e-12 * rng.normal(size=(40, 6)),
        "dependent": rng.normal(size=(40, 2)) @ rng.normal(size=(2, 6)),
        "nothing": np.zeros((40, 6)),
        "no more": first[:, ::-1],
    }[kind]
    second = _beyond([first], vectors)
    basis = np.concatenate([first, second], axis=1)
    assert_allclose(basis.T @ basis, np.eye(12), atol=1e-12)
    assert_allclose(basis @ (basis.T @ vectors), vectors, rtol=1e-12, atol=1e-14)


def test_bases_stay_orthonormal_and_eigenvalues_exact_in_many_units():
    rng = np.random.default_rng(0)
    S = np.cov(make_rows(make_machine(4, 150), 600).T)
    space, scale = LeadingSpace(S, 4, rng), 1 / np.sqrt(np.diag(S))
    assert not space.is_complete
    for _ in range(50):
        scale = scale * np.exp(0.02 * rng.normal(size=150))
        values, vectors = space.find(scale)
        assert_allclose(vectors.T @ vectors, np.eye(5), atol=1e-13)
    for _ in range(10):
        values, vectors = space.find(scale)
    expected = np.linalg.eigvalsh(S * scale * scale[:, None])[::-1]
    assert_allclose(values[:4], expected[:4], rtol=1e-12)


def test_no_start_ends_higher():
    for S, rng in problems():
        space, floor = LeadingSpace(S, 2, rng), 1e-8 * np.diag(S)
        starts = [np.diag(S) * rng.uniform(0.01, 1, 7) for _ in range(10)]
        found = [maximise(space, 2, floor, s, 1e-12) for s in (first_noise(S, 2), *starts)]
        values = [result.profile.value for result in found]
        assert values[0] < min(values) + 1e-6
        assert all(result.converged for result in found)
        assert highest(found).profile.value < min(values) + 1e-6


@pytest.mark.parametrize(("name", "value"), [("_HESSIAN_WORK", 0), ("_NEWTON", 5)])
def test_approximate_steps_end_where_exact_ones_do(name, value, monkeypatch):
    for S, rng in problems():
        space, floor = LeadingSpace(S, 2, rng), 1e-8 * np.diag(S)
        exact = maximise(space, 2, floor, first_noise(S, 2))
        with monkeypatch.context() as patch:
            patch.setattr(profiles, name, value)
            found = maximise(space, 2, floor, first_noise(S, 2))
            short = maximise(space, 2, floor, first_noise(S, 2), most_steps=1)
        assert found.converged
        assert not short.converged
        assert found.n_steps != exact.n_steps
        assert found.profile.value == pytest.approx(exact.profile.value, abs=1e-6)
        assert_allclose(found.noise / np.diag(S), exact.noise / np.diag(S), atol=1e-4)
        for result in (exact, found, short):
            assert len(result.path) == result.n_steps + 1
            assert result.path[0] == exact.path[0]


def test_the_exact_hessian_is_made_only_where_it_is_cheap(monkeypatch):
    made = []

    def count(ratios, n_factors, found):
        made.append(len(ratios))
        return _hessian(ratios, n_factors, found)

    monkeypatch.setattr(profiles, "_hessian", count)
    S = np.cov(make_rows(make_machine(2, 300), 500).T)
    for n_factors, p in ((2, 300), (100, 300)):
        space = LeadingSpace(S, 100, np.random.default_rng(0))
        assert space.is_complete
        maximise(space, n_factors, np.full(p, 1e-8), np.diag(S) * 0.9, most_steps=2)
    assert len(made) == 2


def test_noise_far_below_the_variance_is_found():
    """Two features that measure nearly the same: the noise of each is well above the floor."""
    rng = np.random.default_rng(0)
    for deviation in (1e-2, 1e-3, 3e-4):
        loads = np.array([[1.0, 1.0, 1.0, 0.5, 0.3]])
        noise = np.array([1.0, 2.0, 1.5, 0, 0]) * deviation**2 + [0, 0, 0, 0.7, 0.9]
        S = loads.T @ loads + np.diag(noise)
        space = LeadingSpace(S, 1, rng)
        for start in (first_noise(S, 1), 0.999 * np.diag(S)):
            found = maximise(space, 1, 1e-8 * np.diag(S), start)
            assert_allclose(found.noise, noise, rtol=1e-3)
            assert found.converged


def test_isotropic_noise_is_the_best_there_is():
    for S, rng in problems():
        found = isotropic(LeadingSpace(S, 2, rng), 2, 0.0)

        def cost(loads, noise, S=S):
            C = loads.T @ loads + noise * np.eye(7)
            return np.linalg.slogdet(C)[1] + np.trace(np.linalg.solve(C, S))

        assert found.value == pytest.approx(cost(found.loadings, found.noise), rel=1e-12)
        for _ in range(30):
            other = found.loadings * (1 + 0.02 * rng.normal(size=found.loadings.shape))
            assert cost(other, found.noise * np.exp(0.02 * rng.normal())) > found.value


def test_isotropic_noise_with_all_factors_is_the_least_variance():
    for S, rng in problems():
        found = isotropic(LeadingSpace(S, 7, rng), 7, 0.0)
        assert_allclose(found.noise, np.linalg.eigvalsh(S)[0])
        assert_allclose(found.loadings.T @ found.loadings + found.noise * np.eye(7), S, atol=1e-9)


def test_a_start_ends_where_it_meets_the_end_of_another():
    S, rng = next(iter(problems()))
    space, floor = LeadingSpace(S, 2, rng), 1e-8 * np.diag(S)
    first = maximise(space, 2, floor, first_noise(S, 2))
    assert first.converged
    start = np.diag(S) * 0.9
    assert maximise(space, 2, floor, start, known=[first]) is first
    elsewhere = dataclasses.replace(first, noise=2 * first.noise)
    unfinished = dataclasses.replace(first, converged=False)
    high = dataclasses.replace(first.profile, value=first.profile.value + 1)
    lower = dataclasses.replace(first, profile=high)  # in likelihood
    second = maximise(space, 2, floor, start, known=[elsewhere, unfinished, lower])
    assert second is not elsewhere
    assert second is not unfinished
    assert second is not lower
    assert maximise(space, 2, first.noise / 100, start, known=[first]) is not first
    assert_allclose(second.noise, first.noise, rtol=1e-5)


def planted(p, n_factors, n_rows):
    """The covariance of rows of factors that are clear of their noise, and a generator."""
    rng = np.random.default_rng(p + n_factors)
    loads = rng.uniform(0.4, 0.9, (n_factors, p)) * rng.choice([-1, 1], (n_factors, p))
    z = rng.normal(size=(n_rows, n_factors))
    return np.cov((z @ loads + rng.normal(size=(n_rows, p))).T), rng


def test_what_factors_leave_is_noise_where_none_is_missing():
    p = 150
    S, rng = planted(p, 3, 3000)
    floor = 1e-8 * np.diag(S)
    for n_factors, verdict in ((2, False), (3, True), (4, False)):
        space = LeadingSpace(S, n_factors, rng)
        end = maximise(space, n_factors, floor, first_noise(S, n_factors))
        assert leaves_noise(space, n_factors, floor, end) is verdict
        assert not leaves_noise(space, n_factors, end.noise / 100, end)
        unfinished = dataclasses.replace(end, converged=False)
        assert not leaves_noise(space, n_factors, floor, unfinished)
        scale = 1 / np.sqrt(end.noise)
        values = np.linalg.eigvalsh(S * scale * scale[:, None])
        assert_allclose(space.sums(scale), (values.sum(), (values**2).sum()), rtol=1e-12)
    none = LeadingSpace(S, 0, rng)
    assert not leaves_noise(none, 0, floor, maximise(none, 0, floor, 0.9 * np.diag(S)))


def test_a_weak_factor_that_is_left_shows_beyond_the_edge_of_noise():
    S, rng = planted(300, 3, 20_000)
    weak = rng.choice([-1, 1], 300) * np.sqrt(2 / 300)
    S += np.outer(weak, weak)
    space, floor = LeadingSpace(S, 3, rng), 1e-8 * np.diag(S)
    end = maximise(space, 3, floor, first_noise(S, 3))
    values = np.linalg.eigvalsh(S / np.sqrt(np.outer(end.noise, end.noise)))[:-3]
    assert values.var() < 0.05  # which noise may have
    assert not leaves_noise(space, 3, floor, end)


@pytest.mark.parametrize(("p", "n_rows"), [(100, 3000), (150, 600)])
def test_few_eigenvalues_or_a_large_spread_may_hide_factors(p, n_rows):
    S, rng = planted(p, 3, n_rows)
    space, floor = LeadingSpace(S, 3, rng), 1e-8 * np.diag(S)
    assert not leaves_noise(space, 3, floor, maximise(space, 3, floor, first_noise(S, 3)))


def test_a_second_start_is_made_where_it_may_end_elsewhere(monkeypatch):
    starts = []

    def record(*args):
        starts.append(args)
        return maximise(*args)

    monkeypatch.setattr("sklearn_helmholtz.factors.learning.maximise", record)
    loads = np.random.default_rng(0).normal(size=(3, 150))
    x = np.random.default_rng(1).normal(size=(3000, 3)) @ loads
    x += np.random.default_rng(2).normal(size=x.shape)
    moments = SecondMoments.about(x, np.ones(3000)).plus(x, np.ones(3000))
    ends = {}
    for n_factors, expected in ((2, 2), (3, 1), (4, 2)):
        learning = FactorLearning(n_factors, False, 1e-20, 500, np.random.default_rng(0))
        starts.clear()
        ends[n_factors] = learning.from_moments(moments).path[-1]
        assert len(starts) == expected
    monkeypatch.setattr("sklearn_helmholtz.factors.learning.leaves_noise", lambda *_: False)
    learning = FactorLearning(3, False, 1e-20, 500, np.random.default_rng(0))
    assert learning.from_moments(moments).path[-1] == pytest.approx(ends[3], rel=1e-12)
    assert len(starts) == 4


# Moments


@pytest.mark.parametrize("mean", [0.1, 1e4])
def test_moments_do_not_depend_on_how_rows_come(mean):
    rng = np.random.default_rng(0)
    x, w = mean + rng.normal(size=(5000, 4)), rng.integers(0, 4, 5000).astype(float)
    whole = SecondMoments.about(x, w).plus(x, w)
    parts = SecondMoments.about(x[:7], w[:7])
    for start, stop in itertools.pairwise([0, 7, 8, 1000, 5000]):
        before = parts.second.copy()
        more = parts.plus(scipy.sparse.csr_array(x[start:stop]), w[start:stop])
        assert_array_equal(parts.second, before)
        parts = more
    repeated = np.repeat(x, w.astype(int), axis=0)
    for moments in (whole, parts):
        columns, C = moments.columns(), np.cov(repeated.T, bias=True)
        assert_allclose(columns.mean, repeated.mean(axis=0), rtol=1e-13)
        assert_allclose(columns.variance, np.diag(C), rtol=1e-9)
        assert_allclose(columns.weight, len(repeated))
        assert_allclose(moments.covariance(), C, rtol=1e-9, atol=1e-12)


def test_moments_are_about_rows_that_have_a_weight():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(100, 3)), np.ones(100)
    x[0], w[0] = 1e10, 0
    moments = SecondMoments.about(x, w).plus(x, w)
    assert abs(moments.shift).max() < 1
    assert_allclose(moments.covariance(), np.cov(x[1:].T, bias=True), rtol=1e-12)


@pytest.mark.parametrize("form", [np.ascontiguousarray, np.asfortranarray, np.float32])
def test_moments_leave_rows_of_any_form_as_they_are(form):
    rng = np.random.default_rng(0)
    x = form(rng.normal(size=(10_000, 300)) + np.arange(300))
    before = x.copy()
    moments = SecondMoments.about(x).plus(x[:1]).plus(x[1:])
    assert (moments.n_rows, moments.weight) == (10_000, 10_000)
    assert_allclose(moments.columns().mean, x.mean(axis=0, dtype=float), rtol=1e-12)
    expected = np.cov(x.T.astype(float), bias=True)
    assert_allclose(moments.covariance(), expected, rtol=1e-12, atol=1e-12)
    assert_array_equal(x, before)


def test_of_two_maxima_the_higher_one_is_found(monkeypatch):
    rng = np.random.default_rng(20)
    p = int(rng.integers(130, 260))
    n, k, t = (int(rng.integers(*ends)) for ends in ((p + 5, 4 * p), (1, 8), (1, 10)))
    x = rng.normal(size=(n, t)) * rng.uniform(0.1, 1, t)
    x = x @ (rng.normal(size=(t, p)) * (rng.random((t, p)) < 0.3))
    x += rng.normal(size=(n, p)) * rng.uniform(0.05, 2, p)
    assert x.shape == (454, 245)

    def fit():
        learning = FactorLearning(k, False, 1e-20, 500, np.random.default_rng(0))
        return learning.from_moments(SecondMoments.about(x).plus(x))

    found = fit()
    monkeypatch.setattr("sklearn_helmholtz.factors.learning.highest", lambda ends: ends[0])
    assert found.path[-1] - fit().path[-1] > n


@pytest.mark.parametrize("weighted", [False, True])
def test_all_ways_to_count_find_the_same_columns(weighted):
    rng = np.random.default_rng(0)
    x = 1e3 + rng.normal(size=(300, 5))
    x[:, 2] = 0.1
    w = rng.uniform(0.5, 2, 300) if weighted else np.ones(300)
    rows, few = centred(x, w if weighted else None)
    others = [SecondMoments.about(x, w).plus(x, w).columns(), observed_columns(x, w)]
    mean = np.average(x, axis=0, weights=w)
    for columns in (few, *others):
        assert_allclose(columns.mean, mean, rtol=1e-14)
        varying = columns.variance[[0, 1, 3, 4]]
        assert_allclose(varying, np.average((x - mean) ** 2, axis=0, weights=w)[[0, 1, 3, 4]])
        assert_array_equal(columns.constant, np.arange(5) == 2)
        assert_allclose(columns.stand_in(), varying.mean() / (w.sum() + 1))
    assert_allclose(rows.T @ rows, np.cov(x.T, aweights=w, bias=True), rtol=1e-9, atol=1e-12)


def test_columns_are_of_the_values_that_are_there():
    x, w = make_rows(make_machine(), 200, missing=0.4), np.random.default_rng(0).uniform(0, 2, 200)
    columns = observed_columns(scipy.sparse.csr_array(x), w)
    for i in range(6):
        seen = ~np.isnan(x[:, i])
        mean = np.average(x[seen, i], weights=w[seen])
        variance = np.average((x[seen, i] - mean) ** 2, weights=w[seen])
        actual = columns.mean[i], columns.variance[i], columns.weight[i]
        assert_allclose(actual, (mean, variance, w[seen].sum()))


# Gaps


def few_patterns(n_rows=300, seed=2):
    """Rows of which most have one of three patterns of gaps."""
    rng = np.random.default_rng(seed)
    x = make_rows(make_machine(), n_rows, seed)
    choice = rng.integers(0, 3, n_rows)
    x[choice == 1, 2] = np.nan
    x[np.ix_(choice == 2, [0, 4])] = np.nan
    x[5, 3] = x[7, [1, 2]] = np.nan
    return x, rng.uniform(0.5, 2, n_rows)


def test_rows_of_frequent_patterns_are_kept_as_moments():
    x, w = few_patterns()
    data = patterned(x, w)
    assert (len(data.rows), len(data.seen)) == (2, 3)
    assert data.weight == pytest.approx(w.sum())
    seen = ~np.isnan(x)
    for i, j in itertools.product(range(6), repeat=2):
        both = seen[:, i] & seen[:, j]
        expected = w[both] @ (x[both, i] * x[both, j]) / w[both].sum()
        assert data.covariance()[i, j] == pytest.approx(expected)


def test_moments_of_patterns_are_those_of_their_rows():
    x, w = few_patterns()
    machine, data = make_machine(seed=5), patterned(x, w)
    one_by_one = PatternedRows(
        x, w, np.empty((0, 6), bool), np.empty(0), np.empty((0, 6)), np.empty((0, 6, 6))
    )
    together, expected = expect(machine, data), expect(machine, one_by_one)
    assert together.log_likelihood == pytest.approx(w @ machine.log_prob(x), rel=1e-12)
    for name, value in vars(expected).items():
        assert_allclose(getattr(together, name), value, rtol=1e-10, atol=1e-10)


def test_moments_of_patterns_lose_no_digits_where_noise_all_but_vanishes():
    rng = np.random.default_rng(0)
    loads = 0.3 * rng.normal(size=(10, 12))
    loads[:, 1] = loads[:, 0]
    machine = LinearGaussian(np.zeros(12), loads, np.r_[1e-8, 1e-8, np.full(10, 0.01)])
    x, _ = machine.sample(60, rng)
    data = patterned(x)
    assert len(data.seen) == 1
    found = expect(machine, data).log_likelihood
    assert found == pytest.approx(machine.log_prob(x).sum(), abs=1e-4)


def rows_of_three_factors(n_rows, n_features, missing, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_rows, 3)) @ rng.normal(size=(3, n_features))
    x += 0.3 * rng.normal(size=x.shape)
    x[:, 1] = x[:, 0]
    x[rng.random(x.shape) < missing] = np.nan
    return x


def fit_gaps(x, n_factors, shared):
    learning = FactorLearning(n_factors, shared, 1e-20, 500, np.random.RandomState(0))
    return learning.from_incomplete(x, np.ones(len(x)), observed_columns(x, np.ones(len(x))))


def test_ascents_that_rounding_ends_go_on():
    """Nearly as many factors as features, of which two are the same: L-BFGS ends early."""
    x = rows_of_three_factors(60, 12, 0.05, 7)
    fit = fit_gaps(x, 10, False)
    assert fit.converged
    assert fit.path[-1] == pytest.approx(fit.machine.log_prob(x).sum(), abs=1e-3)


def test_ascents_with_shared_noise_begin_somewhere_likely():
    """Mean products over different rows may have negative eigenvalues, which leave no noise."""
    x = rows_of_three_factors(51, 16, 0.2, 2)
    fit = fit_gaps(x, 4, True)
    assert fit.converged
    assert fit.path[0] > fit.path[-1] - 1e6


def test_an_e_step_does_not_hold_a_matrix_for_every_row(monkeypatch):
    machine = make_machine(60, 70)
    x = make_rows(machine, 1000, missing=0.1)
    data, whole = patterned(x), 8 * 1000 * 61**2
    expected = expect(machine, data)
    monkeypatch.setattr(em, "_ENTRIES", 2**17)
    monkeypatch.setattr(linear_gaussian, "_ENTRIES", 2**17)
    found = expect(machine, data)
    for name, value in vars(expected).items():
        assert_allclose(getattr(found, name), value, rtol=1e-9, atol=1e-9)
    assert peak_of(lambda: expect(machine, data)) < whole / 4


def test_slopes_of_the_likelihood_are_finite_differences():
    machine = make_machine()
    x, w = few_patterns(60)
    found = slopes(machine, expect(machine, patterned(x, w)))
    parts = [machine.mean, machine.loadings, np.log(machine.noise)]
    for number, (part, slope) in enumerate(zip(parts, found, strict=True)):
        for place in np.ndindex(part.shape):
            values = []
            for sign in (1, -1):
                moved = [array.copy() for array in parts]
                moved[number][place] += sign * 1e-6
                other = LinearGaussian(moved[0], moved[1], np.exp(moved[2]))
                values.append(w @ other.log_prob(x))
            assert (values[0] - values[1]) / 2e-6 == pytest.approx(slope[place], abs=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_a_step_of_em_never_lowers_the_likelihood(shared):
    data = patterned(make_rows(make_machine(), 60, missing=0.4))
    machine, before = make_machine(seed=5), -np.inf
    for _ in range(50):
        moments = expect(machine, data)
        assert moments.log_likelihood > before - 1e-9
        before = moments.log_likelihood
        machine = maximise_expected(moments, np.full(6, 1e-6), shared)
        assert len(np.unique(machine.noise)) == (1 if shared else 6)


def test_the_ridge_of_an_m_step_leaves_the_mean_alone():
    machine = make_machine()
    x = make_rows(machine, 500)
    far = LinearGaussian(machine.mean + 1e6, machine.loadings, machine.noise)
    near = maximise_expected(expect(machine, patterned(x)), np.full(6, 1e-9), False)
    moved = maximise_expected(expect(far, patterned(x + 1e6)), np.full(6, 1e-9), False)
    assert_allclose(moved.noise, near.noise, atol=1e-2)


@pytest.mark.parametrize("shared", [False, True])
def test_ascents_end_where_the_slopes_vanish(shared):
    data = patterned(make_rows(make_machine(2, 8, 4), 300, missing=0.3))
    found = ascend(make_machine(2, 8), data, np.full(8, 1e-8), shared, 1e-20, 500)
    mean, loads, logs = slopes(found.machine, expect(found.machine, data))
    logs = logs.sum(keepdims=True) if shared else logs
    assert found.converged
    for slope in (mean, loads, logs):
        assert abs(slope).max() / 300 < 1e-6
    assert len(found.path) == found.n_steps + 1
    assert found.path[-1] == pytest.approx(expect(found.machine, data).log_likelihood)


@pytest.mark.parametrize("most_steps", [1, 10, 13])
def test_ascents_keep_to_their_number_of_steps(most_steps):
    data = patterned(make_rows(make_machine(), 60, missing=0.4))
    found = ascend(make_machine(seed=5), data, np.full(6, 1e-8), False, 0.0, most_steps)
    assert found.n_steps == most_steps
    assert len(found.path) == most_steps + 1
    assert not found.converged


def test_all_ways_to_learn_find_the_same_model():
    """From moments, from few rows, and from rows with a gap that a row without a value makes."""
    x = make_rows(make_machine(2, 9), 60)
    learning = FactorLearning(2, False, 1e-20, 500, np.random.RandomState(0))
    fits = [
        learning.from_moments(SecondMoments.about(x).plus(x)),
        learning.from_few_rows(*centred(x)),
    ]
    x = np.concatenate([x, np.full((1, 9), np.nan)])
    w = np.ones(61)
    fits.append(learning.from_incomplete(x, w, observed_columns(x, w)))
    for fit in fits:
        assert fit.converged
        assert fit.path[-1] == pytest.approx(fits[0].path[-1], abs=1e-6)
        assert_allclose(fit.machine.covariance(), fits[0].machine.covariance(), atol=1e-4)
        assert_allclose(abs(fit.machine.loadings), abs(fits[0].machine.loadings), atol=1e-4)
