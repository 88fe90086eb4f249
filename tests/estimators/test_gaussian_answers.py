"""Answers that machines with Gaussian latents inherit: joint densities, containers, refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from sklearn_helmholtz import GaussianHelmholtzMachine
from tests.shells import REAL, real_rows

FEW = {"hidden_layer_sizes": 3, "max_iter": 2, "n_importance_samples": 20, "random_state": 0}


def test_log_joint_takes_latents_that_are_any_numbers():
    rng = np.random.default_rng(0)
    decoder, variance = rng.normal(size=(2, 3)), np.array([0.5, 1.0, 2.0])
    machine = GaussianHelmholtzMachine.from_parameters(
        [decoder], [[1.0, 2.0, 3.0]], [rng.normal(size=(3, 4))], [np.zeros(4)],
        noise_variance=variance,
    )  # fmt: skip
    X, (Z,) = machine.sample(5, return_latents=True, random_state=0)
    X[0, 1] = np.nan
    terms = norm(Z @ decoder + [1, 2, 3], np.sqrt(variance)).logpdf(X)
    expected = np.nansum(terms, axis=1) + norm.logpdf(Z).sum(axis=1)
    np.testing.assert_allclose(machine.log_joint(X, [Z]), expected, rtol=1e-5)
    np.testing.assert_allclose(machine.log_joint(X, Z), expected, rtol=1e-5)


def test_deviations_come_in_the_container_of_means():
    X = pd.DataFrame(real_rows(), index=range(100, 160))
    machine = REAL["latents"]().fit(X)
    _, arrays = machine.transform(X, return_std=True)
    machine.set_output(transform="pandas")
    Z, std = machine.transform(X, return_std=True)
    pd.testing.assert_index_equal(std.index, X.index)
    assert list(std.columns) == list(Z.columns)
    np.testing.assert_array_equal(std, arrays)


def test_criteria_say_that_gaussian_latents_have_no_exact_likelihood():
    machine = REAL["latents"]().fit(real_rows())
    with pytest.raises(ValueError, match=r"aic needs exact .* Gaussian latents do not have"):
        machine.aic(real_rows())


def test_encoders_of_mixed_columns_see_what_is_missing():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=60).round(1), "b": rng.choice(["x", "y"], 60)})
    table = table.astype({"b": "category"})
    gaps = table.mask(rng.random(table.shape) < 0.2)
    machine = GaussianHelmholtzMachine(1, missing_indicator=True, **FEW).fit(gaps)
    n_codes = len(machine.code_names_)
    assert machine.encoder_coefs_[0].shape == (n_codes + 2, 3)
    seen = machine._machine.seen(machine._rows(gaps)[0].take(slice(0, 60)))
    np.testing.assert_array_equal(seen[:, n_codes:], gaps.isna())
    assert machine.impute(gaps).notna().all(axis=None)


def test_more_factors_than_features_warn_at_the_line_of_the_user():
    machine = GaussianHelmholtzMachine(5, **{**FEW, "hidden_layer_sizes": ()})
    with pytest.warns(UserWarning, match="no use for more factors than features") as caught:
        machine.fit(real_rows())
    assert caught[0].filename == __file__


def test_top_features_are_those_that_a_standard_deviation_of_a_latent_moves():
    machine = REAL["latents"]().fit(real_rows())
    found = machine.top_features()
    moved = machine.inverse_transform(np.eye(2)) - machine.inverse_transform(np.zeros((2, 2)))
    expected = np.take_along_axis(moved, found.features, axis=1)
    np.testing.assert_allclose(found.weights, expected, rtol=1e-3, atol=1e-5)
