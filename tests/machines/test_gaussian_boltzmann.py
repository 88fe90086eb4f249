"""Boltzmann machines of real data: energies, conditionals and normalisers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import dblquad
from scipy.special import expit, logsumexp

from sklearn_helmholtz.inference import HiddenSide
from sklearn_helmholtz.machines import initialise_gaussian_boltzmann
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import Gaussian
from tests.boltzmann_machines import states
from tests.gaussian_boltzmann_machines import (
    Mixture,
    make_gaussian_boltzmann,
    negative_energies,
    parameters,
)

MACHINE = make_gaussian_boltzmann()
ROWS = np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32)


def test_log_unnormalized_sums_over_hidden_states():
    found = MACHINE.log_unnormalized(Block(ROWS), MACHINE.hidden_eta(ROWS))
    assert_allclose(found, logsumexp(negative_energies(MACHINE, ROWS), axis=1), rtol=1e-6)


def test_the_normaliser_is_an_integral():
    machine = make_gaussian_boltzmann(2, 2, scale=0.5)

    def density(y, x):
        return np.exp(negative_energies(machine, np.array([[x, y]]))).sum()

    total = dblquad(density, -9, 9, -9, 9, epsabs=1e-9)[0]
    assert HiddenSide.of(machine).log_partition() == pytest.approx(np.log(total), abs=1e-9)
    assert Mixture.of(machine).log_partition == pytest.approx(np.log(total), abs=1e-9)


def test_conditionals_of_both_sides():
    W, c, b, s = parameters(MACHINE)
    assert_allclose(MACHINE.hidden_eta(ROWS), c + (ROWS / s) @ W, rtol=1e-5)
    assert_allclose(MACHINE.hidden_doubles(ROWS.astype(float)), c + (ROWS / s) @ W, rtol=1e-12)
    joint = np.exp(negative_energies(MACHINE, ROWS))
    means = joint @ states(3) / joint.sum(axis=1, keepdims=True)
    assert_allclose(expit(MACHINE.hidden_eta(ROWS)), means, rtol=1e-5)
    h = states(3).astype(np.uint8)
    assert_allclose(MACHINE.visible_eta(h), b + h @ W.T, rtol=1e-6)


def test_energies_leave_out_what_is_missing():
    rows = ROWS.astype(float)
    rows[::2, 1] = np.nan
    _, _, b, s = parameters(MACHINE)
    expected = np.nansum(-0.5 * (rows - b) ** 2 / s, axis=1)
    assert_allclose(MACHINE.log_energy(rows), expected, rtol=1e-12)


def test_counts():
    assert MACHINE.n_parameters == 4 * 3 + 3 + 4 + 4
    assert MACHINE.n_enumerable == 3
    assert MACHINE.n_to_sum_out(np.array([0, 1, 4])).tolist() == [0, 3, 3]


def test_machines_begin_at_means_and_variances_of_the_data():
    units, intercept = Gaussian.initial(np.zeros(3), np.full(3, 10))
    machine = initialise_gaussian_boltzmann(3, 400, units, intercept, np.random.default_rng(0))
    assert machine.weights.std() == pytest.approx(0.01, rel=0.1)
    assert not machine.hidden_intercept.any()
    assert_allclose(machine.base.means, 0)
    assert_allclose(machine.base.variances, 1, rtol=1e-6)
