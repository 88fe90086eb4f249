"""Dynamic factor models of the highest likelihood: coordinates, and where the ascent ends."""

from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz.sequences import Differences, Sequences, fit_dynamic_factors, learning
from sklearn_helmholtz.sequences.ascent import Rows, em_step, slopes
from sklearn_helmholtz.sequences.learning import Coordinates
from tests.sequences.builders import make_machine, make_rows

PARTS = ["mean", "loadings", "noise", "persistence"]


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_derivatives_in_coordinates_are_finite_differences(share):
    origin, rows = make_machine(seed=3), Rows.of(*make_rows(make_machine(), (9, 4), share=share))
    coordinates = Coordinates.about(origin, np.full(4, 1e-8))
    vector = coordinates.start() + 0.1 * np.random.default_rng(0).normal(size=18)
    machine = coordinates.machine(vector)
    found = coordinates.pulled(machine, slopes(machine, rows)[1])
    for i in range(len(vector)):
        ends = [slopes(coordinates.machine(vector + s * np.eye(18)[i]), rows)[0]
                for s in (1e-5, -1e-5)]  # fmt: skip
        assert found[i] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-6)


def test_coordinates_begin_at_the_machine():
    machine = make_machine()
    found = Coordinates.about(machine, np.full(4, 1e-8))
    for name in PARTS:
        assert_allclose(getattr(found.machine(found.start()), name), getattr(machine, name))
    assert all(low is None or low <= x for (low, _), x in zip(found.limits(), found.start(),
                                                             strict=True))  # fmt: skip


@pytest.mark.parametrize("noise", [0.5, 1e-3])
@pytest.mark.parametrize("share", [0.0, 0.2])
def test_the_ascent_ends_where_slopes_vanish_and_em_stands_still(noise, share):
    truth = make_machine(2, 5, noise=noise)
    data, sequences = make_rows(truth, (300, 200), share=share)
    variances = np.nanvar(data, axis=0)
    start = make_machine(2, 5, noise=noise, seed=0)
    start.loadings[:] += 0.1
    fit = fit_dynamic_factors(start, data, sequences, variances, 1e-13, 2000)
    assert fit.converged
    assert len(fit.path) <= fit.n_steps + 1
    assert (np.diff(fit.path) > -1e-7).all()
    moved, log_prob = em_step(fit.machine, Rows.of(data, sequences), 1e-8 * variances)
    assert log_prob == pytest.approx(fit.path[-1], abs=1e-6)
    scale = np.sqrt(variances)
    assert_allclose(moved.mean / scale, fit.machine.mean / scale, atol=1e-5)
    assert_allclose(moved.loadings / scale, fit.machine.loadings / scale, atol=1e-5)
    assert_allclose(moved.noise, fit.machine.noise, rtol=1e-4)
    assert_allclose(moved.persistence, fit.machine.persistence, atol=1e-5)
    assert log_prob > truth.log_prob(data, sequences).sum()


def test_rounds_are_few_however_far_likelihoods_are_from_zero():
    data, sequences = make_rows(make_machine(4, 40), (200,))
    calls = []
    for scale in (1.0, 1e-40):
        start, rows = make_machine(4, 40, seed=2), scale * data
        start.mean[:], start.loadings[:] = scale * start.mean, scale * start.loadings
        start.noise[:] *= scale**2
        with mock.patch.object(learning, "minimize", wraps=learning.minimize) as minimize:
            fit_dynamic_factors(start, rows, sequences, rows.var(axis=0), 1e-8, 1000)
        calls.append(minimize.call_count)
    assert calls[1] <= calls[0] + 1 <= 5


def test_features_come_slowest_first_with_signs_of_their_columns():
    truth = make_machine(3, 6)
    data, sequences = make_rows(truth, (400,))
    truth.loadings[:], truth.persistence[:] = -truth.loadings[::-1], truth.persistence[::-1]
    fit = fit_dynamic_factors(truth, data, sequences, data.var(axis=0), 1e-8, 500)
    assert (np.diff(fit.machine.persistence) < 0).all()
    spread = np.sqrt((fit.machine.loadings**2).sum(axis=0) + fit.machine.noise)
    shares = fit.machine.loadings / spread
    assert_allclose(shares.max(axis=1), np.abs(shares).max(axis=1))


@pytest.mark.parametrize("lag", [1, 2, 50])
def test_differences_stay_within_sequences(lag):
    rng, lengths = np.random.default_rng(0), (700, 1, 50, 51, 300)
    rows = rng.normal(size=(sum(lengths), 600))
    starts = np.cumsum([0, *lengths[:-1]]).astype(np.int64)
    found = Differences.none(600, lag).plus(rows, Sequences(len(rows), starts))
    parts = np.split(rows, starts[1:])
    d = np.concatenate([part[lag:] - part[:-lag] for part in parts])
    assert found.n_pairs == len(d)
    assert_allclose(found.second, d.T @ d, atol=1e-9)


def test_there_are_no_differences_in_fewer_rows_than_the_lag():
    found = Differences.none(2, 5).plus(np.ones((3, 2)), Sequences.one(3))
    assert found.n_pairs == 0
    assert_allclose(found.second, 0)
