"""Dictionaries and codes against scipy and scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.decomposition import sparse_encode

from sklearn_helmholtz.dictionaries import SCALE, LaplaceDictionary, most_probable
from tests.laplace_dictionaries import make_dictionary, make_rows


@pytest.mark.parametrize(("n_atoms", "n_features"), [(3, 2), (2, 5), (40, 20)])
def test_codes_are_those_of_scikit_learn(n_atoms, n_features):
    machine = make_dictionary(n_atoms, n_features)
    x, _ = make_rows(machine, 20)
    codes = most_probable(machine, machine.rows(x))
    expected = sparse_encode(
        x - machine.mean, machine.atoms, algorithm="lasso_lars", alpha=machine.noise / SCALE,
        max_iter=10_000,
    )  # fmt: skip
    assert_allclose(codes, expected, atol=1e-6)
    assert_array_equal(codes == 0, np.abs(expected) < 1e-9)
    alone = most_probable(machine, machine.rows(x[3:4]))
    assert_array_equal(alone, codes[3:4])


def test_codes_of_rows_with_gaps_are_those_of_what_is_seen():
    machine = make_dictionary(4, 5)
    x, _ = make_rows(machine, 6, n_missing=2)
    codes = most_probable(machine, machine.rows(x))
    part = LaplaceDictionary(machine.mean[2:], machine.atoms[:, 2:], machine.noise)
    assert_allclose(codes[1::2], most_probable(part, part.rows(x[1::2, 2:])), atol=1e-8)
    assert (most_probable(machine, machine.rows(np.full((1, 5), np.nan))) == 0).all()


def test_codes_are_where_the_joint_density_is_highest():
    machine = make_dictionary(4, 3)
    x, _ = make_rows(machine, 8, n_missing=1)
    rows, rng = machine.rows(x), np.random.default_rng(0)
    codes = most_probable(machine, rows)
    highest = machine.log_joint(rows, codes)
    for size in (1e-3, 0.1, 1):
        moved = codes + size * rng.normal(size=codes.shape)
        assert (machine.log_joint(rows, moved) < highest).all()


def test_joint_densities_are_those_of_scipy():
    machine = make_dictionary(4, 3)
    x, codes = make_rows(machine, 8, n_missing=1)
    normal = stats.norm(codes @ machine.atoms + machine.mean, np.sqrt(machine.noise))
    expected = np.nansum(normal.logpdf(x), axis=1)
    expected += stats.laplace(scale=SCALE).logpdf(codes).sum(axis=1)
    assert_allclose(machine.log_joint(machine.rows(x), codes), expected)


def test_samples_have_the_moments_of_the_model():
    machine = make_dictionary(4, 3)
    x, codes = machine.sample(100_000, np.random.RandomState(0))
    assert_allclose(codes.var(axis=0), 1, rtol=0.03)
    assert_allclose(x.mean(axis=0), machine.mean, atol=0.03)
    assert_allclose(np.cov(x.T), machine.covariance(), atol=0.1)
