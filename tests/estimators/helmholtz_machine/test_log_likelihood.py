"""`log_likelihood`: what it returns, and that its estimates are of densities."""

import numpy as np
import pytest
import scipy.sparse
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import HelmholtzMachine
from tests.estimators.helmholtz_machine.builders import DATA, binary_data


def test_log_likelihood_of_an_exact_machine(fitted):
    model, X = fitted
    result = model.log_likelihood(X)
    assert result.method == "exact"
    assert result.bound == "exact"
    assert result.reliable is True
    assert result.monte_carlo_error == result.bias == 0
    assert np.isinf(result.effective_sample_size).all()
    assert_array_equal(result.per_sample, model.score_samples(X))
    assert result.mean == model.score(X)
    expected = result.per_sample.std(ddof=1) / np.sqrt(len(X))
    assert_allclose(result.standard_error, expected, rtol=1e-12)
    assert np.isnan(model.log_likelihood(X[:1]).standard_error)


def test_log_likelihood_by_importance(fitted):
    model, X = fitted
    result = model.log_likelihood(X, method="importance", n_importance_samples=4000)
    assert result.method == "importance"
    assert result.bound == "lower"
    assert result.bias < 0 < result.monte_carlo_error < result.standard_error
    assert (result.effective_sample_size <= 4000).all()
    assert (result.effective_sample_size >= 1).all()
    error = abs(result.mean - model.score(X))
    assert error < 4 * result.monte_carlo_error + abs(result.bias) + 1e-4


@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")  # of so few samples
def test_random_state_and_samples_of_log_likelihood(wide):
    model, X = wide
    X = X[:20]
    fixed = model.log_likelihood(X)
    assert_array_equal(fixed.per_sample, model.score_samples(X))
    seeded = [model.log_likelihood(X, random_state=s).per_sample for s in (0, 0, 1)]
    assert_array_equal(seeded[0], seeded[1])
    assert (seeded[0] != seeded[2]).any()
    assert (seeded[0] != fixed.per_sample).any()
    more = model.log_likelihood(X, n_importance_samples=30)
    assert more.mean > fixed.mean
    assert (fixed.effective_sample_size <= 7).all()
    assert more.effective_sample_size.max() <= 30


def test_log_likelihood_refuses(wide):
    model, X = wide
    for bad in ("guess", None, 3):
        with pytest.raises(ValueError, match=rf"method must be one of .*'exact'.* got {bad!r}"):
            model.log_likelihood(X, method=bad)
    message = r"2\*\*80 states of 80 hidden units; .*at most 20.*'importance'"
    with pytest.raises(ValueError, match=message):
        model.log_likelihood(X, method="exact")
    for bad in (0, -1, 2.5, "many"):
        with pytest.raises(ValueError, match=rf"n_importance_samples must be .* got {bad!r}"):
            model.log_likelihood(X, n_importance_samples=bad)


def test_exact_up_to_fourteen_hidden_units():
    X = DATA["bernoulli"][:, :3]
    for sizes, method in (((10, 4), "exact"), ((15,), "importance")):
        model = HelmholtzMachine(sizes, max_iter=1, random_state=0).fit(X)
        assert model.log_likelihood(X).method == method
        assert model.log_likelihood(X, method="exact").method == "exact"


def test_importance_estimates_of_all_rows_sum_to_one():
    rows = ((np.arange(2**8)[:, None] >> np.arange(8)) & 1).astype(np.uint8)
    model = HelmholtzMachine((12, 8), max_iter=5, random_state=0).fit(binary_data(300, 8))
    result = model.log_likelihood(rows, method="importance", n_importance_samples=400)
    p = np.exp(result.per_sample)
    error = np.sqrt((p**2 * (400 / result.effective_sample_size - 1) / 399).sum())
    assert 0 < error < 0.02
    assert abs(p.sum() - 1) < 3 * error


def test_importance_estimates_of_densities_integrate_to_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3)) * [1, 10, 100] + [0, 5, 50]
    model = HelmholtzMachine((12, 8), max_iter=20, random_state=0).fit(X)
    reference = scipy.stats.multivariate_normal(X.mean(axis=0), 2 * np.cov(X.T))
    drawn = reference.rvs(4000, random_state=0)
    result = model.log_likelihood(drawn, method="importance", n_importance_samples=100)
    ratios = np.exp(result.per_sample - reference.logpdf(drawn))
    error = ratios.std(ddof=1) / np.sqrt(len(ratios))
    assert error < 0.1
    assert abs(ratios.mean() - 1) < 3 * error
