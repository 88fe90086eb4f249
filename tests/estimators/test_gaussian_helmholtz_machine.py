"""Gaussian machines as users meet them: parameters in their units, settings, weights, refusals."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sklearn_helmholtz import FactorAnalysis, GaussianHelmholtzMachine
from sklearn_helmholtz.estimators import gaussian_helmholtz_machine
from sklearn_helmholtz.learning import ImportanceWeighted
from tests.shells import binary_rows, real_rows

FEW = {"max_iter": 2, "batch_size": 20, "random_state": 0}
SMALL = {"hidden_layer_sizes": (5, 3), **FEW}
ALGORITHMS = ["importance-weighted", "wake-sleep", "reweighted-wake-sleep"]
_ACTIVATIONS = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}


def real_table():
    """Real rows in units of their own, far from zero, some values missing."""
    X = real_rows(80) * [1, 100, 1e-3, 5] + [0, -1e3, 2, 40]
    X[::9, 1] = np.nan
    return X


def through(values, coefs, intercepts, activation):
    """What a perceptron makes of values, float64; coefs, intercepts : in the order of its maps."""
    for number, (weights, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        values = _ACTIVATIONS[activation](values) if number else values
        values = values @ weights.astype(np.float64) + intercept
    return values


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("covariance", ["diag", "full"])
@pytest.mark.parametrize("missing_indicator", [False, True])
def test_attributes_are_the_nets_in_the_users_units(activation, covariance, missing_indicator):
    X = real_table()
    machine = GaussianHelmholtzMachine(
        2, activation=activation, covariance=covariance, missing_indicator=missing_indicator,
        **SMALL,
    ).fit(X)  # fmt: skip
    Z = np.random.default_rng(1).normal(size=(6, 2))
    down = machine.decoder_coefs_[::-1], machine.decoder_intercepts_[::-1]
    expected = through(Z, *down, activation)
    assert_allclose(machine.inverse_transform(Z), expected, rtol=1e-4)
    seen = np.where(np.isnan(X), machine.feature_means_, X)
    if missing_indicator:
        seen = np.hstack([seen, np.isnan(X)])
    out = through(seen, machine.encoder_coefs_, machine.encoder_intercepts_, activation)
    means, deviations = machine.transform(X, return_std=True)
    assert_allclose(means, out[:, :2], atol=2e-4)
    assert_array_equal(means, machine.transform(X))
    scales = np.exp(out[:, 2:4])
    if covariance == "full":
        scales[:, 1] = np.hypot(scales[:, 1], out[:, 4])
    assert_allclose(deviations, scales, rtol=1e-3)
    assert machine.noise_variance_.shape == (4,)
    assert [each.shape for each in machine.decoder_coefs_] == [(5, 4), (3, 5), (2, 3)]


@pytest.mark.parametrize("indicator", [False, True])
def test_a_machine_of_its_own_parameters_scores_alike(indicator):
    X = real_table()
    machine = GaussianHelmholtzMachine(
        2, covariance="full", activation="relu", missing_indicator=indicator, **SMALL
    ).fit(X)
    again = GaussianHelmholtzMachine.from_parameters(
        machine.decoder_coefs_, machine.decoder_intercepts_, machine.encoder_coefs_,
        machine.encoder_intercepts_, noise_variance=machine.noise_variance_, covariance="full",
        activation="relu", missing_indicator=indicator,
    )  # fmt: skip
    whole = X[~np.isnan(X).any(axis=1)]  # what the encoder sees in gaps is not among them
    assert_allclose(again.score_samples(whole), machine.score_samples(whole), atol=2e-3)
    assert again.get_params()["hidden_layer_sizes"] == (5, 3)
    assert again.get_params()["n_components"] == 2
    assert again.n_iter_ == 0
    assert not hasattr(again, "active_units_")
    assert again.partial_fit(X).n_iter_ == 1


def linear_machine(noise=(0.5, 1.0, 2.0), **params):
    """A factor model with its own posterior as the encoder, and its normal distribution."""
    weights, noise = np.array([[1.0, -0.5, 0.8], [0.2, 1.0, 0.3]]), np.array(noise)
    centre = np.array([3.0, 0.0, -1.0])
    covariance = weights.T @ weights + np.diag(noise)
    gain = np.linalg.solve(covariance, weights.T)
    lower = np.linalg.cholesky(np.eye(2) - weights @ gain)
    rest = [*np.log(np.diag(lower)), lower[1, 0]]
    machine = GaussianHelmholtzMachine.from_parameters(
        [weights], [centre], [np.hstack([gain, np.zeros((3, 3))])],
        [np.concatenate([-centre @ gain, rest])], noise_variance=noise, covariance="full",
        **params,
    )  # fmt: skip
    return machine, multivariate_normal(centre, covariance)


def test_a_linear_machine_is_a_normal_distribution():
    machine, normal = linear_machine(n_importance_samples=1000)
    X = normal.rvs(200, random_state=0)
    result = machine.log_likelihood(X)
    exact = normal.logpdf(X)
    assert abs(result.mean - exact.mean()) < 3 * result.monte_carlo_error + abs(result.bias)
    assert result.reliable
    X[::3, 1] = np.nan
    parts = np.flatnonzero(~np.isnan(X).any(axis=1))
    marginal = multivariate_normal(normal.mean[[0, 2]], normal.cov[np.ix_([0, 2], [0, 2])])
    expected = marginal.logpdf(X[::3][:, [0, 2]])
    assert_allclose(machine.score_samples(X[::3]).mean(), expected.mean(), atol=0.03)
    exact = normal.logpdf(X[parts])
    assert_allclose(machine.score_samples(X[parts]).mean(), exact.mean(), atol=0.02)
    assert_allclose(machine.free_energy(X[parts]), -exact, atol=1e-3)


def test_imputed_values_are_those_of_the_normal_distribution():
    machine, normal = linear_machine(n_importance_samples=4000)
    row = np.array([[4.0, np.nan, 1.0]])
    seen, cov = [0, 2], normal.cov
    gain = np.linalg.solve(cov[np.ix_(seen, seen)], cov[seen, 1])
    mean = normal.mean[1] + (row[0, seen] - normal.mean[seen]) @ gain
    variance = cov[1, 1] - cov[1, seen] @ gain
    assert_allclose(machine.impute(row)[0, 1], mean, atol=0.06)
    draws = machine.impute(row, "sample", n_imputations=4000, random_state=0)[:, 0, 1]
    assert_allclose(draws.mean(), mean, atol=4 * np.sqrt(variance / 4000) + 0.03)
    assert_allclose(draws.var(), variance, rtol=0.12)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("rows", [real_table, binary_rows], ids=["real", "bits"])
def test_weights_are_repetition_to_the_bit_in_small_tables(algorithm, rows):
    X, rng = rows(), np.random.default_rng(2)
    X = X[:30]
    weights = rng.integers(0, 4, len(X))
    order = rng.permutation(weights.sum())
    settings = {**SMALL, "algorithm": algorithm, "n_particles": 2}
    machine = GaussianHelmholtzMachine(2, **settings)
    weighted = clone(machine).fit(X, sample_weight=weights)
    repeated = clone(machine).fit(np.repeat(X, weights, axis=0)[order])
    for one, other in zip(weighted.encoder_coefs_, repeated.encoder_coefs_, strict=True):
        assert_array_equal(one, other)
    assert weighted.score(X) == repeated.score(X)
    assert_array_equal(weighted.active_units_, repeated.active_units_)
    csr = clone(machine).fit(csr_matrix(np.nan_to_num(X)), sample_weight=weights)
    dense = clone(machine).fit(np.nan_to_num(X), sample_weight=weights)
    assert_allclose(csr.score(np.nan_to_num(X)), dense.score(np.nan_to_num(X)), rtol=1e-4)


@pytest.mark.parametrize(("n_rows", "alpha"), [(50, 0.03), (500, 0.006), (None, 3e-4)])
def test_the_penalty_is_a_prior_of_the_weights(n_rows, alpha):
    """The more rows there are, the less of it counts for each; 100 of them at least."""
    penalties = GaussianHelmholtzMachine()._penalties(n_rows)
    assert [each.strengths(0, 0) for each in penalties] == [(alpha, 0.0, 0.0)] * 2
    assert GaussianHelmholtzMachine(alpha=0.3)._penalties(n_rows)[0].alpha == 0.3


def test_merged_rows_do_not_count_as_weighted_ones_later():
    X = binary_rows()
    machine = GaussianHelmholtzMachine(2, **SMALL).set_params(batch_size=100).fit(X)
    machine.partial_fit(X)
    with pytest.raises(ValueError, match="the rows so far had no weights"):
        machine.partial_fit(X, sample_weight=np.ones(len(X)))


def test_active_units_have_means_that_differ_between_rows():
    X = real_rows(300)
    machine = GaussianHelmholtzMachine(
        3, max_iter=20, hidden_layer_sizes=(), alpha=0, n_particles=1, learning_rate_init=1e-2,
        random_state=0,
    ).fit(X)  # fmt: skip
    assert_array_equal(machine.active_units_, machine.transform(X).var(axis=0) > 0.01)
    assert machine.active_units_.any()
    machine.set_params(alpha=100.0, max_iter=150).fit(X)
    assert not machine.active_units_.any()


def test_states_of_few_units_are_not_offered():
    machine = GaussianHelmholtzMachine(2, **SMALL).fit(binary_rows())
    for name in ("predict", "joint_posterior"):
        assert not hasattr(machine, name)
        assert not hasattr(GaussianHelmholtzMachine(), name)
    with pytest.raises(ValueError, match="aic needs exact probabilities"):
        machine.aic(binary_rows())


def test_sizes_are_chosen_by_held_out_likelihood():
    X = real_rows(120)
    search = GridSearchCV(
        GaussianHelmholtzMachine(hidden_layer_sizes=4, **FEW), {"n_components": [1, 2]}, cv=2
    ).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.transform(X).shape[1] == search.best_params_["n_components"]


def test_frames_come_back_with_deviations():
    X = pd.DataFrame(real_rows(), columns=list("abcd"))
    machine = GaussianHelmholtzMachine(2, **SMALL).set_output(transform="pandas").fit(X)
    Z, deviations = machine.transform(X, return_std=True)
    names = ["gaussianhelmholtzmachine0", "gaussianhelmholtzmachine1"]
    assert list(Z.columns) == names
    assert deviations.shape == (60, 2)
    _, (latents,) = machine.sample(3, return_latents=True, random_state=0)
    assert list(latents.columns) == names


def test_learning_goes_on():
    X = real_rows()
    machine = GaussianHelmholtzMachine(2, warm_start=True, **SMALL).fit(X)
    assert machine.fit(X).n_iter_ == 4
    assert machine.partial_fit(X).n_iter_ == 5
    for name, value in {
        "n_components": 3, "hidden_layer_sizes": (5,), "activation": "relu", "covariance": "full",
        "missing_indicator": True, "visible": "bernoulli",
    }.items():  # fmt: skip
        changed = clone(machine).fit(X).set_params(**{name: value})
        sentence = re.escape(f"{name} is {value!r}, but the fitted machine")
        with pytest.raises(ValueError, match=sentence):
            changed.fit(X)
    machine.set_params(learning_rate="cosine")
    with pytest.raises(ValueError, match="learning_rate='cosine' needs a known number of steps"):
        machine.partial_fit(X)


def test_training_stops_early_and_keeps_the_best():
    X = binary_rows(200)
    machine = GaussianHelmholtzMachine(
        2, hidden_layer_sizes=5, early_stopping=True, n_iter_no_change=2, max_iter=30,
        learning_rate_init=0.05, batch_size=20, random_state=0,
    ).fit(X)  # fmt: skip
    assert machine.best_validation_score_ == max(machine.validation_scores_)
    assert machine.n_iter_ < 30


def parabola(n_rows, seed):
    """Points about (t, t^2), t ~ N(0, 1)."""
    rng = np.random.default_rng(seed)
    t = rng.normal(size=n_rows)
    return np.stack([t, t**2], axis=1) + 0.1 * rng.normal(size=(n_rows, 2))


def test_latents_that_the_divergence_would_switch_off_stay_on_if_it_comes_later():
    X, new = parabola(600, 0), parabola(600, 1)
    scores = []
    for share, is_active in ((0.0, False), (0.25, True)):
        machine = GaussianHelmholtzMachine(
            1, divergence_warmup=share, max_iter=60, random_state=0
        ).fit(X)
        assert machine.active_units_.tolist() == [is_active]
        scores.append(machine.score(new))
    assert scores[1] > scores[0] + 0.8


@pytest.mark.parametrize("early", [False, True])
def test_the_weight_of_the_divergence_rises_over_its_share_of_the_epochs(early, monkeypatch):
    seen = []

    class Watched(ImportanceWeighted):
        def gradient(self, *args, **kwargs):
            seen.append(self.divergence_weight)
            return super().gradient(*args, **kwargs)

    rules = {"importance-weighted": Watched}
    monkeypatch.setattr(gaussian_helmholtz_machine, "_RULES", rules)
    machine = GaussianHelmholtzMachine(
        2, hidden_layer_sizes=(5,), divergence_warmup=0.5, max_iter=8, batch_size=40,
        early_stopping=early, n_iter_no_change=1, tol=100, random_state=0, warm_start=True,
    )  # fmt: skip
    X = real_rows(40)
    machine.fit(X, X_val=X if early else None)
    # What is waited for begins when the weight is whole.
    rising = [0.25, 0.5, 0.75, 1]
    assert seen == (rising if early else rising + [1] * 4)
    seen.clear()
    machine.fit(X)
    machine.set_params(early_stopping=False).partial_fit(X)
    assert set(seen) == {1}


def test_a_diverging_fit_keeps_the_last_good_parameters():
    X = real_rows()
    with pytest.warns(ConvergenceWarning, match="Lower learning_rate_init"):
        machine = GaussianHelmholtzMachine(
            2, learning_rate_init=1e6, solver="sgd", max_iter=5, random_state=0
        ).fit(X)
    assert np.isfinite(machine.score(X))


REFUSED = {
    "many correlated": ({"n_components": 201, "covariance": "full"}, "at most 200 latents"),
    "no layer": ({"hidden_layer_sizes": (3, 0)}, "at least 1, got 0 for hidden layer 2"),
    "half a unit": ({"hidden_layer_sizes": (2.5,)}, "got 2.5 for hidden layer 1"),
    "no latents": ({"n_components": 0}, "n_components"),
    "activation": ({"activation": "sigmoid"}, "activation"),
    "rule": ({"algorithm": "sleep"}, "algorithm"),
    "alpha": ({"alpha": -1.0}, "alpha"),
    "no divergence": (
        {"divergence_warmup": 0.1, "algorithm": "wake-sleep"},
        "divergence_warmup is 0.1, but algorithm='wake-sleep' has no divergence to weigh",
    ),
    "bits": ({"visible": "bernoulli"}, r"Column \d of X holds the value .* values in \[0, 1\]"),
}


@pytest.mark.parametrize(("params", "sentence"), REFUSED.values(), ids=REFUSED)
def test_bad_settings_are_refused(params, sentence):
    with pytest.raises(ValueError, match=sentence):
        GaussianHelmholtzMachine(**{**FEW, **params}).fit(real_rows())


def test_more_factors_than_features_are_useless():
    with pytest.warns(UserWarning, match="no use for more factors than features"):
        GaussianHelmholtzMachine(5, hidden_layer_sizes=(), **FEW).fit(real_rows())


def test_constant_features_and_rows_of_nothing_are_taken():
    X = real_table()
    X[:, 2] = 7.0
    X[3] = np.nan
    machine = GaussianHelmholtzMachine(2, **SMALL).fit(X)
    assert machine.score_samples(X)[3] == 0
    assert np.isfinite(machine.score_samples(X)).all()


GIVEN = {
    "lengths": ({"decoder_intercepts": [[0.0, 0.0], [0.0]]}, "same number of arrays"),
    "decoder": ({"decoder_coefs": [[[1.0, 1.0, 1.0]]]}, "decoder_coefs must have the shapes"),
    "encoder": ({"encoder_coefs": [[[1.0], [1.0]]]}, "encoder_coefs must have the shapes"),
    "scales": ({"encoder_intercepts": [[0.0]]}, "encoder_intercepts must have the shapes"),
    "noise": ({"noise_variance": [1.0]}, "noise_variance must hold a number"),
    "sizes": ({"n_components": 3}, "The arrays make n_components=1, got 3"),
    "kind": ({"visible": "mixed"}, "cannot be made from parameters"),
    "infinite": ({"decoder_coefs": [[[np.inf, 1.0]]]}, r"decoder_coefs\[0\] must be finite"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), GIVEN.values(), ids=GIVEN)
def test_bad_parameters_are_refused(change, sentence):
    given = {
        "decoder_coefs": [[[1.0, 1.0]]], "decoder_intercepts": [[0.0, 0.0]],
        "encoder_coefs": [[[0.3, 0.0], [0.3, 0.0]]], "encoder_intercepts": [[0.0, -0.5]],
        "noise_variance": [1.0, 1.0],
    }  # fmt: skip
    GaussianHelmholtzMachine.from_parameters(**given)
    with pytest.raises(ValueError, match=sentence):
        GaussianHelmholtzMachine.from_parameters(**{**given, **change})


def test_without_hidden_layers_it_is_factor_analysis():
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(2, 6))
    X = rng.normal(size=(600, 2)) @ weights + rng.normal(size=(600, 6)) * np.linspace(0.5, 1, 6)
    best = FactorAnalysis(2).fit(X).score(X)
    machine = GaussianHelmholtzMachine(
        2, hidden_layer_sizes=(), alpha=0, max_iter=400, learning_rate_init=1e-2, random_state=0
    ).fit(X)
    loadings = machine.decoder_coefs_[0].astype(np.float64)
    covariance = loadings.T @ loadings + np.diag(machine.noise_variance_)
    own = multivariate_normal(machine.decoder_intercepts_[0], covariance).logpdf(X).mean()
    assert best - 0.02 < own <= best + 1e-4


def test_encoders_see_gaps_where_training_rows_have_any():
    whole, gaps = real_rows(), real_table()
    machine = GaussianHelmholtzMachine(2, **SMALL)
    assert machine.fit(whole).encoder_coefs_[0].shape == (4, 5)
    assert machine.fit(gaps).encoder_coefs_[0].shape == (8, 5)
    assert machine.partial_fit(gaps).encoder_coefs_[0].shape == (8, 5)
    assert machine.set_params(warm_start=True).fit(gaps).n_iter_ == 5
    blind = clone(machine).set_params(missing_indicator=False, warm_start=False).fit(gaps)
    assert blind.encoder_coefs_[0].shape == (4, 5)
    again = GaussianHelmholtzMachine.from_parameters(
        machine.decoder_coefs_, machine.decoder_intercepts_, machine.encoder_coefs_,
        machine.encoder_intercepts_, noise_variance=machine.noise_variance_,
    )  # fmt: skip
    assert again.get_params()["missing_indicator"] is True
