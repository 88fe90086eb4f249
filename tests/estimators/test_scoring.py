"""`log_likelihood` and `kl_gap`: what they return, their random numbers, and when they warn."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import HelmholtzMachine
from tests import exact
from tests.cases import small_machine

FIELDS = {
    "mean", "standard_error", "monte_carlo_error", "common_error", "bias", "per_sample",
    "effective_sample_size",
    "pareto_k", "method", "bound", "reliable", "log_probability",
    "n_importance_samples", "n_temperatures", "remedy",
    "free_energy", "kl_gap",
}  # fmt: skip
METHODS = ["exact", "importance", "annealed"]
FEW = {"n_importance_samples": 12, "n_temperatures": 10}


def parameters(n_units, scale=0.5, seed=0, gaussian=False):
    """Parameters of an oracle, rounded to float32 as the estimator holds them."""
    drawn = exact.random_parameters(n_units, scale, seed, gaussian)
    for name in ("generative", "recognition"):
        for kind in ("coefs", "intercepts"):
            arrays = getattr(drawn, f"{name}_{kind}")
            arrays[:] = [array.astype(np.float32).astype(float) for array in arrays]
    return drawn


def estimator_of(params, **settings):
    return HelmholtzMachine.from_parameters(
        params.generative_coefs, params.generative_intercepts, params.recognition_coefs,
        params.recognition_intercepts, noise_variance=params.noise_variance, **settings,
    )  # fmt: skip


def estimator(n_units=(6, 5, 4), scale=0.5, seed=0, **settings):
    return estimator_of(parameters(n_units, scale, seed), **settings)


# What is returned


@pytest.mark.parametrize("method", METHODS)
def test_results_have_all_fields(method):
    model = estimator()
    X = model.sample(30, random_state=0)
    result = model.log_likelihood(X, method=method, n_importance_samples=50, n_temperatures=100)
    assert set(result) == FIELDS
    assert result.method == method
    assert result.reliable is True
    assert result.bound == ("exact" if method == "exact" else "lower")
    for name in ("per_sample", "effective_sample_size", "pareto_k", "free_energy", "kl_gap"):
        assert result[name].shape == (30,)
        assert result[name].dtype == np.float64
    for name in ("mean", "standard_error", "monte_carlo_error", "bias"):
        assert isinstance(result[name], float)
    assert result.mean == result.per_sample.mean()
    assert (result.effective_sample_size.max() <= 50) == (method != "exact")
    assert np.isnan(result.pareto_k).all() == (method == "exact")


@pytest.mark.parametrize("method", ["importance", "annealed"])
@pytest.mark.parametrize("gaussian", [False, True])
def test_estimates_agree_with_the_oracle_in_the_units_of_the_user(gaussian, method):
    params = parameters((4, 3, 2), 1.0, 2, gaussian)
    model = estimator_of(params)
    X = model.sample(60, random_state=1)
    result = model.log_likelihood(X, method=method, n_importance_samples=200, n_temperatures=50)
    truth = exact.log_likelihood(params, X)
    allowed = 3 * result.monte_carlo_error + abs(result.bias)
    assert abs(result.mean - truth.mean()) < allowed < 0.15
    assert np.abs(result.per_sample - truth).max() < 1
    error = truth.std(ddof=1) / np.sqrt(60)
    assert result.standard_error == pytest.approx(error, rel=0.2)


def test_learnt_units_of_measurement_count_in_annealed_estimates():
    rng = np.random.default_rng(0)
    X = 5 + np.array([0.01, 100, 3]) * (rng.integers(0, 2, (200, 1)) + rng.normal(0, 0.3, (200, 3)))
    model = HelmholtzMachine((3, 2), max_iter=3, random_state=0).fit(X)
    X[::3, 1] = np.nan
    X[5] = np.nan
    result = model.log_likelihood(X, method="annealed", n_temperatures=50)
    assert_allclose(result.per_sample, model.score_samples(X), atol=0.3)
    assert abs(result.mean - model.score(X)) < 3 * result.monte_carlo_error + abs(result.bias)
    assert result.per_sample[5] == 0


def test_annealed_estimates_take_gaps_and_sparse_rows():
    params = parameters((5, 3, 2), 1.0)
    model = estimator_of(params)
    X = model.sample(40, random_state=0).astype(float)
    options = {"method": "annealed", "n_temperatures": 50}
    dense = model.log_likelihood(X, **options).per_sample
    sparse = model.log_likelihood(scipy.sparse.csr_array(X), **options).per_sample
    assert_allclose(sparse, dense, rtol=1e-12)
    X[:, 0] = np.nan
    result = model.log_likelihood(X, **options)
    truth = np.logaddexp(*(exact.log_likelihood(params, filled(X, v)) for v in (0, 1)))
    assert abs(result.mean - truth.mean()) < 3 * result.monte_carlo_error + abs(result.bias)


def filled(X, value):
    return np.where(np.isnan(X), value, X)


def test_more_temperatures_and_samples_bring_annealed_estimates_closer():
    model = estimator((10, 6, 5), 2.0)
    X = np.random.default_rng(0).integers(0, 2, (60, 10))  # unlike dreams
    errors = []
    for n_chains, n_temperatures in ((2, 2), (20, 2), (20, 200)):
        result = model._log_likelihood(X, "annealed", n_chains, None, n_temperatures)
        errors.append(model.score(X) - result.mean)
        assert result.effective_sample_size.max() <= n_chains
    assert errors[0] > 1.5 * errors[1] > 3 * abs(errors[2])


@pytest.mark.parametrize("bad", [0, -3, 2.5, "many", True])
def test_bad_numbers_are_refused(bad):
    model = estimator()
    X = model.sample(3, random_state=0)
    for name in ("n_temperatures", "n_importance_samples"):
        with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got"):
            model.log_likelihood(X, method="annealed", **{name: bad})


# Random numbers


@pytest.mark.parametrize("method", ["importance", "annealed"])
@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")
def test_estimates_do_not_depend_on_orderrows_or_threads(method):
    model = estimator((9, 8, 7), n_jobs=1)
    X = model.sample(41, random_state=0)
    whole = model.log_likelihood(X, method=method, **FEW)
    order = np.random.default_rng(0).permutation(41)
    parts = [order[:1], order[1:17], order[17:]]
    for n_jobs in (1, 2):
        model.set_params(n_jobs=n_jobs)
        results = [model.log_likelihood(X[part], method=method, **FEW) for part in parts]
        for name in ("per_sample", "effective_sample_size", "pareto_k"):
            found = np.concatenate([result[name] for result in results])
            assert_array_equal(found, whole[name][order])


@pytest.mark.parametrize("method", ["importance", "annealed"])
@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")
def test_random_states_repeat_and_differ(method):
    model = estimator((9, 8, 7))
    X = model.sample(10, random_state=0)

    def score(random_state):
        result = model.log_likelihood(X, method=method, random_state=random_state, **FEW)
        return result.per_sample

    assert_array_equal(score(None), score(None))
    assert_array_equal(score(3), score(3))
    assert_array_equal(score(3), score(np.random.RandomState(3)))
    assert (score(3) != score(4)).all()
    assert (score(3) != score(None)).all()
    state = np.random.RandomState(3)
    assert (score(state) != score(state)).all()


# Whether it can be trusted


def lost():
    """A machine whose recognition net knows nothing of its strong causes, and its dreams."""
    model = estimator((20, 16), 3.0)
    return model, model.sample(30, random_state=0)


def test_unreliable_importance_estimates_come_with_a_warning_and_a_remedy():
    model, X = lost()
    message = (
        r"importance sampling\) cannot be trusted.*median effective sample size .* the lowest "
        r".* median Pareto k is .* Raise n_importance_samples, .* or use method='annealed'\."
    )
    with pytest.warns(UserWarning, match=message) as record:
        result = model.log_likelihood(X)
    assert result.reliable is False
    assert record[0].filename == __file__
    assert len(record) == 1


def test_unreliable_annealed_estimates_come_with_a_warning_and_a_remedy():
    model, X = lost()
    message = r"annealed sampling\) cannot be trusted.* Raise n_temperatures, or n_importance_sam"
    with pytest.warns(UserWarning, match=message):
        result = model.log_likelihood(X, method="annealed", n_temperatures=3)
    assert result.reliable is False


def test_remedies_help():
    model, X = lost()
    truth = model.log_likelihood(X, method="exact")
    result = model.log_likelihood(X, method="annealed")  # without a warning
    assert result.reliable is True
    assert abs(result.mean - truth.mean) < 3 * result.monte_carlo_error + abs(result.bias)


def test_scores_never_warn():
    model, X = lost()
    assert np.isfinite(model.score_samples(X)).all()
    assert model.score(X) == model.score_samples(X).mean()
    assert np.isfinite(model.kl_gap(X)).all()


# The divergence of recognition


@pytest.mark.parametrize(
    ("n_units", "gaussian"), [((5, 4), False), ((4, 3, 2), True), ((3, 2, 2, 2), False)]
)
def test_kl_gaps_are_the_divergences_of_the_oracle(n_units, gaussian):
    params = parameters(n_units, 1.0, 1, gaussian)
    model = estimator_of(params)
    X = model.sample(20, random_state=0)
    expected = exact.kl_recognition_posterior(params, X.astype(float))
    tolerance = 1e-4 if gaussian else 1e-7
    assert_allclose(model.kl_gap(X), expected, rtol=tolerance, atol=tolerance)


def test_sampled_kl_gaps_are_lower_bounds_in_expectation():
    params = parameters((5, 13, 2), 0.6)
    X = estimator_of(params).sample(12, random_state=0)
    X = np.unique(X, axis=0)
    truth = exact.kl_recognition_posterior(params, X.astype(float)).mean()
    few = estimator_of(params, n_importance_samples=4)
    means = []
    for number in range(60):
        estimate = few._estimate(X, "importance", None, number)[0]
        means.append((estimate.free_energy + estimate.per_sample).mean())
    error = np.std(means) / np.sqrt(len(means))
    assert np.mean(means) < truth - 3 * error
    many = estimator_of(params, n_importance_samples=3000).kl_gap(X).mean()
    assert many == pytest.approx(truth, abs=0.05)
    assert (few.kl_gap(X) == few.free_energy(X) + few.score_samples(X)).all()


def test_kl_gaps_vanish_where_recognition_is_the_posterior():
    coefs, intercept = np.array([[1.5, -2.0, 0.5]]), np.array([0.3, 0.1, -1.0])
    prior = -0.4  # p(h | x) = sigmoid(prior + x W' - sum softplus(b + W) - softplus(b))
    bias = prior - (np.logaddexp(0, intercept + coefs[0]) - np.logaddexp(0, intercept)).sum()
    model = HelmholtzMachine.from_parameters([coefs], [intercept, [prior]], [coefs.T], [[bias]])
    X = exact.all_states(3)
    assert_allclose(model.kl_gap(X), 0, atol=1e-6)
    with pytest.warns(UserWarning, match="cannot be trusted"):  # as always of fewer than ten
        result = model.log_likelihood(X, method="importance", n_importance_samples=9)
    assert_allclose(result.per_sample, model.score_samples(X), atol=1e-5)


def test_arguments_are_checked_where_enumeration_needs_none_of_them():
    model, _ = small_machine((4, 3), "binary")
    for bad, message in (
        ({"n_importance_samples": -5}, "n_importance_samples must be"),
        ({"random_state": "foo"}, "cannot be used to seed"),
        ({"n_temperatures": 0}, "n_temperatures must be"),
    ):
        with pytest.raises(ValueError, match=message):
            model.log_likelihood(np.eye(4), **bad)


def test_bounds_say_that_they_take_no_rows():
    model, _ = small_machine((3, 2), "binary")
    rows = np.eye(3)
    for X in (rows, rows.tolist(), scipy.sparse.csr_array(rows)):
        with pytest.raises(ValueError, match="dreams its own rows: n_samples is their number"):
            model.log_likelihood_bounds(X)
