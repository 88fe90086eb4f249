"""What a user of sigmoid belief nets can rely on, for each way to infer."""

import pathlib
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet, _batches, _training
from sklearn_helmholtz.inference import LARGEST_WEIGHT, ExactPosterior, MeanField
from sklearn_helmholtz.machines import Judged
from tests import exact, exact_gaps, naive
from tests.cases import make_rows
from tests.test_mean_field import best_xi

INFERENCES = {
    "exact": {"inference": "exact"},
    "mean-field": {"inference": "mean-field"},
    "gibbs": {"inference": "gibbs"},
    "nvil": {"inference": "nvil"},
    "vimco": {"inference": "nvil", "n_particles": 3},
}
VISIBLES = ["binary", "fractional", "gaussian"]
METHODS = ["auto", "exact", "mean-field", "importance", "gibbs"]
each_inference = pytest.mark.parametrize("params", INFERENCES.values(), ids=INFERENCES)
each_visible = pytest.mark.parametrize("visible", VISIBLES)
in_order_or_not = pytest.mark.parametrize("autoregressive", [False, True])
estimates = pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")


def data(visible="binary", n=40, d=5, seed=0):
    """Rows with a common cause, real ones of different places and spreads."""
    rng = np.random.default_rng(seed)
    cause = rng.random((n, 1)) < 0.5
    if visible == "gaussian":
        z = 2.0 * cause + rng.normal(scale=0.5, size=(n, d))
        return z * 10.0 ** np.arange(-1, d - 1) + 3 * np.arange(d)
    X = np.where(rng.random((n, d)) < 0.8, cause, ~cause).astype(np.float64)
    return np.clip(X, 0.05, 0.9) if visible == "fractional" else X


def with_gaps(X, share=0.3, seed=1):
    """The same rows with missing values, the second of them with nothing else."""
    gaps = np.random.default_rng(seed).random(X.shape) < share
    gaps[0], gaps[1] = False, True
    return np.where(gaps, np.nan, X)


def net(sizes=(3, 2), **params):
    defaults = {"max_iter": 3, "batch_size": 15, "n_importance_samples": 20, "random_state": 0}
    return SigmoidBeliefNet(**{"hidden_layer_sizes": sizes, **defaults, **params})


def parameters(model):
    names = ("generative_coefs_", "generative_intercepts_", "generative_lateral_coefs_")
    names += ("recognition_coefs_", "recognition_intercepts_")
    arrays = [array for name in names for array in getattr(model, name, [])]
    return [*arrays, getattr(model, "noise_variance_", np.zeros(0))]


def assert_same(first, second):
    for a, b in zip(parameters(first), parameters(second), strict=True):
        assert_array_equal(a, b)


def given(n_units, visible="binary", inference="mean-field", scale=1.5, seed=1, **params):
    """A net with random parameters, and what it stores of them, for the oracles."""
    drawn = exact.random_parameters(
        n_units, scale, seed, gaussian="gaussian" in visible, autoregressive="ordered" in visible
    )
    recognition = {}
    if inference == "nvil":
        recognition = {
            "recognition_coefs": drawn.recognition_coefs,
            "recognition_intercepts": drawn.recognition_intercepts,
        }
    model = SigmoidBeliefNet.from_parameters(
        drawn.generative_coefs, drawn.generative_intercepts, inference=inference,
        generative_lateral_coefs=drawn.generative_lateral_coefs,
        noise_variance=drawn.noise_variance, **recognition, **params,
    )  # fmt: skip
    return model, oracle_of(model, drawn)


def oracle_of(model, drawn):
    """The public attributes as parameters of the enumeration oracle.

    Which has a recognition net, whether the model does or not.
    """
    drawn = {f"{name}_": value for name, value in vars(drawn).items()}
    names = ("generative_coefs_", "generative_intercepts_")
    names += ("recognition_coefs_", "recognition_intercepts_")
    lists = [[np.float64(array) for array in getattr(model, name, drawn[name])] for name in names]
    laterals = getattr(model, "generative_lateral_coefs_", None)
    noise = getattr(model, "noise_variance_", None)
    return exact.Parameters(
        *lists,
        None if noise is None else np.float64(noise),
        None if laterals is None else [np.float64(array) for array in laterals],
    )


def posterior_means(params, X):
    hidden = np.hstack(exact.hidden_states(exact.units_of(params)))
    return np.array([exact.posterior(params, x) @ hidden for x in X])


def first_rows(visible, n_features, n=6):
    return make_rows(n_features, visible, n).astype(np.float64)


# Fitting


@each_inference
@each_visible
@in_order_or_not
def test_attributes_of_a_fit(params, visible, autoregressive):
    X = data(visible)
    model = net(autoregressive=autoregressive, **params).fit(X)
    assert [w.shape for w in model.generative_coefs_] == [(3, 5), (2, 3)]
    assert [b.shape for b in model.generative_intercepts_] == [(5,), (3,), (2,)]
    assert model.visible_ == ("gaussian" if visible == "gaussian" else "bernoulli")
    assert hasattr(model, "noise_variance_") == (visible == "gaussian")
    assert hasattr(model, "generative_lateral_coefs_") == autoregressive
    has_net = params["inference"] == "nvil"
    assert hasattr(model, "recognition_coefs_") == has_net
    assert hasattr(model, "recognition_intercepts_") == has_net
    if has_net:
        assert [w.shape for w in model.recognition_coefs_] == [(5, 3), (3, 2)]
        assert [b.shape for b in model.recognition_intercepts_] == [(3,), (2,)]
    if autoregressive:
        assert [a.shape for a in model.generative_lateral_coefs_] == [(5, 5), (3, 3), (2, 2)]
    assert all(a.dtype == np.float32 or not a.size for a in parameters(model))
    assert all(np.isfinite(array).all() for array in parameters(model))
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert model.validation_scores_ is None
    assert model.n_features_in_ == 5
    assert_allclose(model.feature_means_, X.mean(axis=0), rtol=1e-5)


@each_inference
@each_visible
def test_fitting_learns(params, visible):
    X = data(visible, 100)
    model = net(4, max_iter=40, learning_rate_init=0.03, **params).fit(X)
    # A net of one unit and no weights has the density of independent features.
    means, spread = X.mean(axis=0), X.std(axis=0)
    if visible == "gaussian":
        independent = -0.5 * np.log(2 * np.pi * np.e * spread**2).sum()
    else:
        independent = (means * np.log(means) + (1 - means) * np.log1p(-means)).sum()
    assert model.score(X) > independent + 0.05


@each_inference
def test_records_say_what_they_say(params):
    X = data()
    model = net(max_iter=1, learning_rate_init=1e-6, batch_size=40, **params).fit(X)
    score, (loss,) = model.score(X), model.loss_curve_
    if params["inference"] == "exact":
        assert -loss == pytest.approx(score, abs=1e-3)
    else:
        assert -loss < score - 1e-3


@each_inference
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@in_order_or_not
def test_threads_change_no_bit(params, visible, autoregressive, monkeypatch):
    X = data(visible, 300)
    monkeypatch.setattr(_batches, "_BLOCK_WORK", 1)  # as many blocks as there can be
    first, second = (
        net(max_iter=2, batch_size=150, n_jobs=n, autoregressive=autoregressive, **params).fit(X)
        for n in (1, 2)
    )
    limits, _ = first._explanation(first._rows(X)[0])
    assert len(limits) > 2
    assert_same(first, second)
    assert_array_equal(first.transform(X), second.transform(X))
    assert_array_equal(first.score_samples(X), second.score_samples(X))


@each_inference
def test_random_state_decides_everything(params):
    X = data()
    first, again, other = (net(random_state=seed, **params).fit(X) for seed in (0, 0, 1))
    assert_same(first, again)
    assert not np.array_equal(first.generative_coefs_[0], other.generative_coefs_[0])


@pytest.mark.parametrize(
    ("inference", "name", "matters"),
    [
        ("exact", "n_particles", False),
        ("mean-field", "n_particles", False),
        ("gibbs", "n_particles", True),
        ("nvil", "n_particles", True),
        ("exact", "n_inference_steps", False),
        ("mean-field", "n_inference_steps", True),
        ("gibbs", "n_inference_steps", True),
        ("nvil", "n_inference_steps", False),
    ],
)
def test_what_matters_to_which_inference(inference, name, matters):
    X = data()
    first, second = (net(inference=inference, **{name: n}).fit(X) for n in (1, 2))
    same = zip(parameters(first), parameters(second), strict=True)
    assert matters != all(np.array_equal(a, b) for a, b in same)


@pytest.mark.parametrize("inference", ["gibbs", "nvil"])
def test_random_state_decides_what_is_drawn_in_training(inference):
    fits = []
    for seed in (0, 1):
        model, _ = given((4, 3), inference=inference, random_state=seed, shuffle=False)
        fits.append(model.partial_fit(first_rows("binary", 4)).generative_coefs_[0])
    assert not np.array_equal(*fits)


def test_a_refit_leaves_no_attribute_of_another_net_also_to_monitors():
    def look(fitted, epoch, X_val):
        seen.append([hasattr(fitted, name) for name in names])

    model = net(inference="nvil", autoregressive=True).fit(data("gaussian"))
    names = ["recognition_coefs_", "recognition_intercepts_", "generative_lateral_coefs_"]
    names, seen = [*names, "noise_variance_"], []
    model.set_params(inference="gibbs", autoregressive=False).fit(data(), monitor=look)
    assert seen == [[False] * 4] * 3
    assert not any(hasattr(model, name) for name in names)


@each_inference
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_forms_of_data_agree(params, visible):
    X = data(visible)
    forms = [scipy.sparse.csr_array(X), pd.DataFrame(X), np.asfortranarray(X), X.astype(np.float32)]
    if visible == "binary":
        forms += [X.astype(bool), X.astype(np.uint8)]
    model = net(max_iter=2, **params).fit(X)
    expected = model.transform(X), model.score_samples(X)
    for form in forms:
        other = net(max_iter=2, **params).fit(form)
        rtol = 1e-2 if visible == "gaussian" else 1e-4
        for a, b in zip(parameters(model), parameters(other), strict=True):
            assert_allclose(a, b, rtol=rtol, atol=1e-4)
        assert_allclose(model.transform(form), expected[0], atol=2e-3)
        assert_allclose(model.score_samples(form), expected[1], rtol=1e-5)


def test_mean_field_does_not_hang_on_the_last_bit():
    X = np.random.default_rng(5).normal(size=(40, 6)).cumsum(axis=1) * 3 + 100
    model = net(3, max_iter=30, batch_size=10).fit(X)
    single = X.astype(np.float32)
    assert_allclose(model.transform(single), model.transform(X), atol=1e-5)
    assert_allclose(model.free_energy(single), model.free_energy(X), atol=1e-4)


@each_inference
def test_gaussian_nets_recover_the_noise_in_the_units_of_the_data(params):
    rng = np.random.default_rng(0)
    cause, sd = rng.random((300, 1)) < 0.5, np.array([0.5, 2.0, 10.0, 1.0])
    X = 6 * sd * cause + sd * rng.normal(size=(300, 4)) + 100
    model = net(2, max_iter=1, batch_size=300, learning_rate_init=1e-6, **params).fit(X)
    with pytest.raises(AssertionError):
        assert_noise(model, X, sd)  # which an untrained net does not know
    model.set_params(max_iter=60, batch_size=100, learning_rate_init=0.05).fit(X)
    assert_noise(model, X, sd)


def assert_noise(model, X, sd):
    """The noise is known, and what is drawn has the means and spreads of the data."""
    assert_allclose(model.noise_variance_, sd**2, rtol=0.5)
    drawn, spread = model.sample(2000, random_state=0), X.std(axis=0)
    assert_allclose(drawn.mean(axis=0) / spread, X.mean(axis=0) / spread, atol=0.2)
    assert_allclose(drawn.std(axis=0), spread, rtol=0.2)


@each_inference
@in_order_or_not
def test_scale_of_real_data_changes_the_volume_only(params, autoregressive):
    X = data("gaussian")
    model = net(autoregressive=autoregressive, **params)
    small, large = clone(model).fit(X), clone(model).fit(10 * X)
    shift = X.shape[1] * np.log(10)
    assert_allclose(large.score_samples(10 * X), small.score_samples(X) - shift, atol=1e-3)
    assert_allclose(large.loss_curve_, np.array(small.loss_curve_) + shift, rtol=1e-3)
    assert_allclose(large.noise_variance_, 100 * small.noise_variance_, rtol=1e-3)
    assert_allclose(large.generative_coefs_[0], 10 * small.generative_coefs_[0], rtol=1e-2)
    if params["inference"] != "gibbs":
        energies = large.free_energy(10 * X) - shift
        assert_allclose(energies, small.free_energy(X), atol=1e-2)


@each_inference
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_warm_start_and_partial_fit_go_on(params, visible):
    X = data(visible)
    model = net(warm_start=True, **params).fit(X)
    before = model.score(X)
    assert model.fit(X).n_iter_ == 6
    model.partial_fit(X[:20])
    assert model.n_iter_ == len(model.loss_curve_) == 7
    assert model.score(X) != before
    pieces = net(**params)
    for part in (X[:20], X[20:], with_gaps(X)):
        assert pieces.partial_fit(part) is pieces
    assert pieces.n_iter_ == 3
    assert np.isfinite(pieces.score(X))


@each_inference
def test_pieces_of_a_table_in_order_make_the_steps_of_the_whole(params):
    """What a rule knows of no row in particular goes on from call to call."""
    X = data(n=80)
    whole, pieces = (net(shuffle=False, batch_size=20, **params).partial_fit(X) for _ in range(2))
    whole.partial_fit(X)
    for part in (X[:40], X[40:60], X[60:]):
        pieces.partial_fit(part)
    assert_same(whole, pieces)


def test_rewards_of_a_training_that_diverged_are_forgotten():
    X = data()
    model = net(inference="nvil", learning_rate_init=1e6, max_iter=5, random_state=0)
    with pytest.warns(ConvergenceWarning, match="diverged after"):
        model.fit(X)
    assert model._lasting is None
    model.set_params(learning_rate_init=0.01).partial_fit(X)
    means, variances, n_steps = model._lasting
    assert np.isfinite([*means, *variances]).all()
    assert n_steps == 3


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_training_on_by_another_inference(method):
    X = data()
    for first, second in [("nvil", "gibbs"), ("exact", "nvil"), ("mean-field", "nvil")]:
        model = net(inference=first, warm_start=True).fit(X).set_params(inference=second)
        before = [array.copy() for array in parameters(model)]
        with pytest.raises(ValueError, match=f"inference is '{second}'.* an inference net"):
            getattr(model, method)(X)
        for a, b in zip(parameters(model), before, strict=True):
            assert_array_equal(a, b)
    model = net(inference="exact", warm_start=True).fit(X)
    for second in ("mean-field", "gibbs", "exact"):
        getattr(model.set_params(inference=second), method)(X)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@in_order_or_not
def test_training_on_with_one_sample_or_with_several(method, autoregressive):
    """One sample has baselines, which several do without: they are no part of the model."""
    X = data()
    settings = {"inference": "nvil", "warm_start": True, "autoregressive": autoregressive}
    for first, second in ((1, 4), (4, 1)):
        model = net(n_particles=first, **settings).fit(X)
        before = model.score(X)
        for n_particles in (first, second, first):
            model.set_params(n_particles=n_particles)
            assert np.isfinite(getattr(model, method)(X).score(X))
            assert isinstance(model._machine, Judged) == (n_particles == 1)
        assert model.score(X) != before


def test_several_samples_have_no_baselines():
    for name in ("nvil", "vimco"):
        params = INFERENCES[name]
        for model in (net(**params).fit(data()), given((4, 3), **params)[0]):
            assert isinstance(model._machine, Judged) == (name == "nvil")


@each_inference
def test_early_stopping_and_own_validation_rows(params):
    X = data(n=60)
    model = net(early_stopping=True, max_iter=6, **params).fit(X)
    assert len(model.validation_scores_) == model.n_iter_
    assert model.best_validation_score_ == max(model.validation_scores_)
    seen = []
    model = net(max_iter=2, **params).fit(
        X[:40],
        X_val=X[40:],
        monitor=lambda model, epoch, rows: seen.append((epoch, model.transform(rows).shape)),
    )
    assert len(model.validation_scores_) == 2
    assert seen == [(1, (20, 2)), (2, (20, 2))]


@each_inference
def test_clone_pickle_and_pipelines(params):
    X, y = data(), np.arange(40) % 2
    model = net(warm_start=True, **params).fit(X)
    with pytest.raises(NotFittedError):
        clone(model).transform(X)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.transform(X), model.transform(X))
    assert_array_equal(again.score_samples(X), model.score_samples(X))
    assert_same(again.partial_fit(X), model.partial_fit(X))
    pipeline = make_pipeline(net(**params), LogisticRegression()).fit(X, y)
    assert pipeline.predict(X).shape == (40,)


def test_grid_search_over_inference_and_sizes():
    grid = {
        "inference": ["exact", "mean-field", "gibbs", "nvil"],
        "hidden_layer_sizes": [2, (3, 2)],
    }
    search = GridSearchCV(net(), grid, cv=2, error_score="raise").fit(data())
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.score(data()) == search.score(data())


@each_inference
@pytest.mark.parametrize("step", [1, 3])
def test_an_interrupt_keeps_what_was_learnt(monkeypatch, params, step):
    original, X = _training.Training.step, data()

    def interrupt(self, *args):
        if self.step_number == 3 * (step - 1):
            raise KeyboardInterrupt
        return original(self, *args)

    whole = net(max_iter=step - 1, **params).fit(X) if step > 1 else None
    monkeypatch.setattr(_training.Training, "step", interrupt)
    model = net(max_iter=50, **params)
    with pytest.warns(ConvergenceWarning, match=f"interrupted after {step - 1} epochs"):
        model.fit(X)
    assert model.n_iter_ == step - 1
    if whole is not None:
        assert_same(model, whole)
    monkeypatch.undo()
    assert np.isfinite(model.partial_fit(X).score(X))


@each_inference
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_divergence_is_undone(params, solver, visible):
    X = data(visible)
    model = net(solver=solver, learning_rate_init=1e6, max_iter=5, **params)
    with pytest.warns(ConvergenceWarning, match="diverged after"):
        model.fit(X)
    assert all(np.isfinite(array).all() for array in parameters(model))
    assert model.score(X) > 2 * net(max_iter=1, **params).fit(X).score(X) - 20
    assert np.isfinite(model.transform(X)).all()
    assert np.isfinite(model.posterior(X, method="mean-field", random_state=0).mean[0]).all()


@pytest.mark.parametrize("kind", [HelmholtzMachine, SigmoidBeliefNet])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform"])
def test_warnings_of_training_point_to_the_line_that_asked_for_it(kind, method):
    model = kind(3, learning_rate_init=1e6, batch_size=15, max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning, match="diverged after") as caught:
        getattr(model, method)(data())
    (warning,) = caught
    assert warning.filename == __file__
    lines = pathlib.Path(__file__).read_text().splitlines()
    assert lines[warning.lineno - 1] == "        getattr(model, method)(data())"


@pytest.mark.filterwarnings("ignore:Training diverged")
@pytest.mark.parametrize("rate", [30.0, 100.0])
@pytest.mark.parametrize("max_iter", [1, 4])
@in_order_or_not
def test_training_by_mean_field_leaves_a_net_that_has_one(rate, max_iter, autoregressive):
    params = {"learning_rate_init": rate, "max_iter": max_iter, "autoregressive": autoregressive}
    model = net(averaging=False, batch_size=40, **params).fit(data())
    assert max(np.abs(w).max() for w in model.generative_coefs_) <= LARGEST_WEIGHT
    assert np.isfinite(model.free_energy(data())).all()


def test_weights_that_outgrow_mean_field_in_the_last_step():
    X = np.ones((20, 3))  # which large weights explain best
    model = net(2, learning_rate_init=200.0, max_iter=1, batch_size=20)
    with pytest.warns(ConvergenceWarning, match="diverged after"):
        model.fit(X)
    assert np.isfinite(model.transform(X)).all()


# Scores


@each_inference
@pytest.mark.parametrize("visible", [*VISIBLES, "ordered binary", "ordered gaussian"])
@pytest.mark.parametrize("n_units", [(4, 3), (3, 2, 2, 2)])
def test_small_nets_are_enumerated(params, visible, n_units):
    model, oracle = given(n_units, visible, **params)
    X = first_rows(visible, n_units[0])
    expected = exact.log_likelihood(oracle, X)
    assert_allclose(model.score_samples(X), expected, rtol=1e-5, atol=1e-5)
    score = model.score(X)
    assert isinstance(score, float)
    assert score == pytest.approx(model.score_samples(X).mean(), rel=1e-12)
    assert model.log_likelihood(X).method == "exact"


@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary", "ordered gaussian"])
@pytest.mark.parametrize("inference", ["exact", "gibbs"])
def test_only_what_is_observed_counts(visible, inference):
    model, oracle = given((4, 3, 2), visible, inference)
    X = with_gaps(first_rows(visible, 4))
    found = model.score_samples(X)
    if "ordered" in visible:
        expected = exact_gaps.log_likelihood(oracle, X)
    else:
        expected = [
            exact.log_likelihood(exact.without(oracle, np.isnan(x)), x[None, ~np.isnan(x)])[0]
            for x in X
        ]
    assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert found[1] == pytest.approx(0, abs=1e-6)


@estimates
@each_inference
@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary"])
def test_every_method_estimates_the_same(params, visible):
    model, oracle = given((4, 4, 2), visible, scale=0.7, **params)
    X = first_rows(visible, 4, 30)
    expected = exact.log_likelihood(oracle, X).mean()
    for method in ("exact", "importance", "annealed"):
        result = model.log_likelihood(
            X, method=method, n_importance_samples=100, n_temperatures=50, random_state=0
        )
        assert result.method == method
        slack = 4 * result.monte_carlo_error + 2 * abs(result.bias) + 1e-4
        assert abs(result.mean - expected) < slack


@each_inference
@pytest.mark.parametrize("method", ["importance", "annealed"])
def test_bounds_hold_the_log_likelihood_of_dreams(params, method):
    model, _ = given((5, 4), scale=1.0, **params)
    result = model.log_likelihood_bounds(
        100, method=method, n_importance_samples=20, n_temperatures=20, random_state=0
    )
    assert result.gap > -4 * result.gap_standard_error
    assert result.gap < 0.5


@each_inference
@pytest.mark.parametrize("visible", [*VISIBLES, "ordered binary", "ordered gaussian"])
def test_free_energy_is_above_minus_the_log_likelihood(params, visible):
    model, oracle = given((4, 3, 2), visible, **params)
    X = first_rows(visible, 4)
    expected = -exact.log_likelihood(oracle, X)
    if params["inference"] == "gibbs":
        for method in (model.free_energy, model.kl_gap):
            with pytest.raises(ValueError, match=r"no free energy.* log_likelihood"):
                method(X)
        return
    energy, gap = model.free_energy(X), model.kl_gap(X)
    assert (energy >= expected - 1e-4).all()
    assert_allclose(gap, energy - expected, atol=1e-4)
    if params["inference"] == "exact":
        assert_allclose(energy, expected, rtol=1e-5)
        assert not gap.any()
    else:
        assert gap.max() > 1e-2
    if params["inference"] == "nvil":
        assert_allclose(energy, exact.free_energy(oracle, X), rtol=1e-4)


def test_a_gap_takes_no_work_that_another_has_done(monkeypatch):
    """NVIL's two terms have the same samples, and the exact gap is none."""
    X = data()
    model, found = net(16, inference="nvil").fit(X), []
    energy, score = model.free_energy(X), model.score_samples(X)
    estimate = SigmoidBeliefNet._estimate_rows

    def counted(*args, **kwargs):
        found.append(estimate(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr(SigmoidBeliefNet, "_estimate_rows", counted)
    assert_array_equal(model.kl_gap(X), energy + score)
    assert len(found) == 1
    model = net(inference="exact").fit(X)
    monkeypatch.setattr(ExactPosterior, "log_joint", None)
    assert_array_equal(model.kl_gap(X), np.zeros(40))
    with pytest.raises(ValueError, match="5 features"):
        model.kl_gap(X[:, :3])


def test_free_energy_of_mean_field_is_exact_where_units_are_independent():
    rng = np.random.default_rng(0)  # of Gaussian data that each depend on one unit
    model = SigmoidBeliefNet.from_parameters(
        [np.diag(rng.normal(size=4))], [rng.normal(size=4), rng.normal(size=4)],
        noise_variance=rng.uniform(0.5, 2, 4),
    )  # fmt: skip
    X = with_gaps(first_rows("gaussian", 4))
    assert_allclose(model.free_energy(X), -model.score_samples(X), atol=1e-3)


def test_no_gap_where_enumeration_is_asked_for_but_scores_are_estimated():
    model = net(16, inference="exact", max_iter=1).fit(data(n=15))
    assert_array_equal(model.kl_gap(data()), np.zeros(40))
    assert model.log_likelihood(data(), method="exact").mean == pytest.approx(
        -model.free_energy(data()).mean()
    )


# Features


@each_inference
@pytest.mark.parametrize("visible", [*VISIBLES, "ordered binary", "ordered gaussian"])
def test_features_are_what_inference_says(params, visible):
    model, oracle = given((4, 3, 2), visible, transform_layer="all", **params)
    X = first_rows(visible, 4)
    H = model.transform(X)
    assert H.shape == (6, 5)
    assert ((H >= 0) & (H <= 1)).all()
    if params["inference"] == "exact":
        assert_allclose(H, posterior_means(oracle, X), atol=1e-5)
    if params["inference"] == "gibbs":
        assert_allclose(H, posterior_means(oracle, X), atol=0.2)
    if params["inference"] == "mean-field":
        found = model.posterior(X, method="mean-field", random_state=3)
        assert_allclose(H, np.hstack(found.mean), atol=1e-6)
        assert_bounds(model, oracle, X[:2], H[:2])  # the oracle is slow
    if params["inference"] == "nvil":
        below, expected = X, []
        for w, b in zip(oracle.recognition_coefs, oracle.recognition_intercepts, strict=True):
            expected.append(below := expit(below @ w + b))
        assert_allclose(H, np.hstack(expected), atol=1e-5)


def assert_bounds(model, oracle, X, H):
    """Independent causes H make the bounds that the model tells, and no others near them better."""
    for x, h, energy in zip(X, H, model.free_energy(X), strict=True):
        assert bound_of(oracle, x, h) == pytest.approx(-energy, abs=1e-3)
        assert bound_of(oracle, x, np.full(5, 0.5)) < -energy - 0.01
        for unit, change in np.ndindex(5, 2):
            moved = h.copy()
            moved[unit] = np.clip(h[unit] + (-0.1, 0.1)[change], 1e-6, 1 - 1e-6)
            assert bound_of(oracle, x, moved) < -energy + 1e-3


def bound_of(oracle, x, h):
    """The highest bound of log p(x) that independent causes of these probabilities have."""
    means = np.append(x, h)
    return naive.mean_field_terms(oracle, x, means, best_xi(oracle, x, means)).sum()


@each_inference
@pytest.mark.parametrize("visible", ["binary", "gaussian", "gaps"])
def test_features_depend_on_the_row_alone(params, visible):
    X = with_gaps(data(n=150)) if visible == "gaps" else data(visible, 150)
    model = net(**params).fit(X)
    H = model.transform(X)
    assert_array_equal(model.transform(X), H)
    order = np.random.default_rng(0).permutation(len(X))
    assert_array_equal(model.transform(X[order]), H[order])
    for part in (slice(3), slice(7, 8), slice(20, 140)):
        assert_array_equal(model.transform(X[part]), H[part])


def test_rows_that_take_long_come_in_small_blocks(monkeypatch):
    """A call can be interrupted, and rows shared among threads, between blocks only."""
    X, sizes, solve = data(n=150), [], MeanField.solve
    model = net().fit(X)

    def watched(self, x, *args, **kwargs):
        sizes.append(len(x))
        return solve(self, x, *args, **kwargs)

    monkeypatch.setattr(MeanField, "solve", watched)
    for method in (model.transform, model.free_energy, model.kl_gap):
        method(X)
    model.posterior(X, method="mean-field", n_samples=1)
    assert max(sizes) == 64
    assert sum(sizes) == 4 * 2 * 150  # two starts of each row


def test_features_of_an_inference_net_come_in_large_blocks_without_keys(monkeypatch):
    model = net(inference="nvil").fit(data())
    monkeypatch.setattr("sklearn_helmholtz.estimators.sigmoid_belief_net.keys_of_rows", None)
    limits, _ = model._explanation(model._rows(data(n=200))[0])
    assert limits == [0, 200]
    assert model.transform(data(n=200)).shape == (200, 2)


@each_inference
def test_layers_and_types_of_features(params):
    X = data()
    model = net(transform_layer="all", **params).fit(X)
    H = model.transform(X)
    assert list(model.get_feature_names_out()) == [
        "layer1_0", "layer1_1", "layer1_2", "layer2_0", "layer2_1"
    ]  # fmt: skip
    assert_array_equal(model.set_params(transform_layer=1).transform(X), H[:, :3])
    assert_array_equal(model.set_params(transform_layer=None).transform(X), H[:, 3:])
    assert model.get_feature_names_out()[1] == "sigmoidbeliefnet1"
    for dtype in (np.float64, np.float32, np.uint8, bool):
        expected = np.float64 if dtype == np.float64 else np.float32
        assert model.transform(X.astype(dtype)).dtype == expected
    w, b = model.generative_coefs_, model.generative_intercepts_
    expected = expit(expit(H[:, 3:] @ w[1] + b[1]) @ w[0] + b[0])
    assert_allclose(model.inverse_transform(H[:, 3:]), expected, atol=1e-5)
    model.set_params(transform_layer="all")
    assert_allclose(model.inverse_transform(H), expit(H[:, :3] @ w[0] + b[0]), atol=1e-5)


@each_inference
def test_samples(params):
    X = data("gaussian")
    model = net(**params).fit(X)
    drawn, hidden = model.sample(7, random_state=0, return_latents=True)
    assert drawn.shape == (7, 5)
    assert [h.shape for h in hidden] == [(7, 3), (7, 2)]
    assert_array_equal(model.sample(7, random_state=0), drawn)
    row = np.array([X[0, 0], np.nan, X[0, 2], np.nan, np.nan])
    some = model.sample(4, given=row, random_state=0)
    assert_allclose(some[:, [0, 2]], np.tile(row[[0, 2]], (4, 1)), rtol=1e-6)
    assert np.isfinite(some).all()
    model = net(**params).fit(data())
    assert model.sample(3).dtype == np.uint8


@each_inference
@pytest.mark.parametrize("n_units", [(4, 3, 2), (4, 15)])
def test_imputed_means(params, n_units):
    model, oracle = given(n_units, scale=0.7, n_importance_samples=300, **params)
    X = with_gaps(first_rows("binary", 4))
    imputed, seen = model.impute(X), ~np.isnan(X)
    assert_array_equal(imputed[seen], X[seen])
    if n_units == (4, 3, 2):
        hidden = exact.hidden_states(n_units)
        means = expit(hidden[0] @ oracle.generative_coefs[0] + oracle.generative_intercepts[0])
        for x, found in zip(X, imputed, strict=True):
            part = exact.without(oracle, np.isnan(x))
            p = exact.posterior(part, x[~np.isnan(x)])
            assert_allclose(found[np.isnan(x)], (p @ means)[np.isnan(x)], atol=1e-5)
    for strategy in ("mode", "sample"):
        filled = model.impute(X, strategy, random_state=0)
        assert np.isin(filled[~seen], (0, 1)).all()


# Posteriors


@each_inference
@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary"])
def test_posteriors_by_every_method(params, visible):
    model, oracle = given((4, 3, 2), visible, scale=0.8, **params)
    X = first_rows(visible, 4)
    expected = posterior_means(oracle, X)
    for method in METHODS:
        found = model.posterior(
            X, method=method, n_samples=200, n_importance_samples=400, random_state=0
        )
        assert found.method == ("exact" if method == "auto" else method)
        assert [h.shape for h in found.samples] == [(6, 200, 3), (6, 200, 2)]
        means = np.hstack(found.mean)
        atol = {"exact": 1e-5, "auto": 1e-5, "mean-field": 0.4}.get(method, 0.2)
        assert_allclose(means, expected, atol=atol)
        drawn = np.hstack([h.mean(axis=1) for h in found.samples])
        assert_allclose(drawn, means, atol=0.17)


def test_only_nvil_has_a_guess():
    X = data()
    found = net(inference="nvil").fit(X).posterior(X, method="recognition", random_state=0)
    assert found.method == "recognition"
    for inference in ("exact", "mean-field", "gibbs"):
        model = net(inference=inference).fit(X)
        with pytest.raises(ValueError, match="needs a recognition net, which this model does not"):
            model.posterior(X, method="recognition")


# Missing values


@each_inference
@each_visible
@in_order_or_not
def test_missing_values_everywhere(params, visible, autoregressive):
    X = with_gaps(data(visible))
    model = net(autoregressive=autoregressive, **params)
    ordered = autoregressive and visible == "gaussian"
    if ordered and params["inference"] in ("exact", "mean-field"):
        trouble = f"inference='{params['inference']}' (cannot learn|has no bound)"
        with pytest.raises(ValueError, match=rf"{trouble} where .* \(NaN\), as in row 3\."):
            model.fit(X)
        return
    model.fit(X)
    for found in (model.transform(X), model.score_samples(X), model.impute(X)):
        assert np.isfinite(found).all()
    assert model.score_samples(X)[1] == pytest.approx(0, abs=1e-6)
    if params["inference"] != "gibbs":
        assert np.isfinite(model.free_energy(X)).all()
    for form in (pd.DataFrame(X), X.tolist()):
        assert_array_equal(model.transform(form), model.transform(X))
        assert_array_equal(model.score_samples(form), model.score_samples(X))


@pytest.mark.parametrize("inference", ["exact", "mean-field"])
def test_rows_of_which_nothing_is_known_change_nothing(inference):
    X = data("gaussian")
    model = net(inference=inference, autoregressive=True, shuffle=False, batch_size=50)
    padded = np.vstack([X, np.full((3, 5), np.nan)])
    assert_allclose(clone(model).fit(padded).score(X), clone(model).fit(X).score(X), rtol=1e-4)
    binary = np.vstack([data(n=5, d=12), np.full((1, 12), np.nan)])
    clone(model).set_params(hidden_layer_sizes=9, max_iter=1).fit(binary)


def test_mean_field_of_gaps_that_others_depend_on():
    X = data("gaussian")
    model = net(autoregressive=True).fit(X)
    gappy = with_gaps(X)
    trouble = r"='mean-field' has no bound where values of Gaussian .* as in row 1\. Use another "
    for method in (model.transform, model.free_energy):
        with pytest.raises(ValueError, match=f"inference{trouble}inference, or train"):
            method(gappy)
    with pytest.raises(ValueError, match=f"method{trouble}method, or train"):
        model.posterior(gappy, method="mean-field")
    assert np.isfinite(model.score_samples(gappy)).all()
    with pytest.raises(ValueError, match=r"inference='exact' cannot learn .* as in row 3"):
        model.set_params(inference="exact").partial_fit(gappy)
    assert np.isfinite(model.transform(gappy)).all()


# What is refused


@pytest.mark.parametrize("sizes", [21, (15, 6), (20_000,)])
def test_too_many_states(sizes):
    n = np.sum(sizes)
    with pytest.raises(ValueError, match=rf"2\*\*{n} states of {n} hidden units; .* 20 units"):
        net(sizes, inference="exact").fit(data())


def test_too_many_states_after_a_fit():
    model = net(30, max_iter=1).fit(data()).set_params(inference="exact")
    for method in (model.transform, model.free_energy, model.kl_gap):
        with pytest.raises(ValueError, match=r"2\*\*30 states of 30 hidden units"):
            method(data())


def test_too_many_states_of_hidden_units_and_gaps():
    X = data(d=24)
    model = net(3, inference="exact", autoregressive=True, max_iter=1).fit(X)
    gappy = X.copy()
    gappy[2, :20] = np.nan
    message = r"2\*\*23 states of 3 hidden units and, .* 20 missing values of row 2; .* 20 units"
    for method in (model.fit, model.partial_fit, model.transform, model.free_energy):
        with pytest.raises(ValueError, match=message):
            method(gappy)
    with pytest.raises(ValueError, match="20 missing values of row 3"):
        clone(model).fit(np.vstack([np.full((1, 24), np.nan), gappy]))  # which is not learnt from
    assert np.isfinite(model.score_samples(gappy)).all()


@pytest.mark.parametrize("inference", ["nvil", "guess", None])
def test_inference_set_to_what_the_net_cannot_do(inference):
    model = net().fit(data()).set_params(inference=inference)
    message = "lacks an inference net" if inference == "nvil" else "inference must be one of"
    for method in (model.transform, model.free_energy, model.kl_gap, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(data())


@each_inference
def test_not_fitted(params):
    model = net(**params)
    for name in ("transform", "score_samples", "free_energy", "kl_gap", "impute", "posterior"):
        with pytest.raises(NotFittedError):
            getattr(model, name)(data())
    with pytest.raises(NotFittedError):
        model.sample()


@pytest.mark.parametrize(
    "change",
    [
        {"inference": "wake-sleep"},
        {"n_inference_steps": 0},
        {"n_inference_steps": -1},
        {"n_inference_steps": 2.0},
        {"n_particles": 0},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (3, 0)},
        {"transform_layer": 3},
    ],
    ids=str,
)
def test_bad_parameters(change):
    (name,) = change
    with pytest.raises(ValueError, match=name):
        net(**change).fit(data())


@each_inference
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([[0.0, np.inf]]), "infinity"),
        (np.array([["a", "b"]]), "convert string"),
        (np.empty((0, 3)), "0 sample"),
        (np.empty((3, 0)), "0 feature"),
        (np.full((3, 2), np.nan), "nothing to learn from"),
        (np.zeros(3), "Expected 2D"),
    ],
    ids=["infinite", "strings", "no rows", "no columns", "missing", "flat"],
)
def test_bad_data(params, X, message):
    with pytest.raises(ValueError, match=message):
        net(**params).fit(X)


# Awkward data


def _duplicates():
    """A CSR matrix with a zero that is stored and an entry in two parts."""
    entries = np.array([0.5, 0.5, 0.0, 1.0]), np.array([1, 1, 2, 0]), np.r_[0, 3, np.full(9, 4)]
    return scipy.sparse.csr_matrix(entries, shape=(10, 4))


AWKWARD = {
    "one row": data()[:1],
    "one real row": data("gaussian")[:1],
    "one feature": data()[:, :1],
    "one value": np.ones((1, 1)),
    "zeros": np.zeros((10, 4)),
    "ones": np.ones((10, 4), np.uint8),
    "constant": np.full((10, 3), 7.0),
    "constant column": np.where(np.arange(5) == 2, 7.0, data("gaussian")),
    "missing column": np.where(np.arange(5) == 2, np.nan, data()),
    "huge": 1e8 * data("gaussian"),
    "tiny": 1e-8 * data("gaussian"),
    "far": 1e8 + data("gaussian"),
    "outlier": np.vstack([data("gaussian"), np.full((1, 5), 1e12)]),
    "strided": np.repeat(data("gaussian"), 2, axis=1)[::-2, ::2],
    "duplicates": _duplicates(),
}


@pytest.mark.parametrize("kind", AWKWARD)
@each_inference
def test_awkward_data(params, kind):
    X = AWKWARD[kind]
    for sizes in (1, (2, 1, 1, 2, 1)):
        model = net(sizes, **params).fit(X)
        assert all(np.isfinite(array).all() for array in parameters(model))
        assert np.isfinite(model.score_samples(X)).all()
        assert np.isfinite(model.transform(X)).all()
        assert np.isfinite(model.sample(3, random_state=0)).all()
        if params["inference"] != "gibbs":
            assert np.isfinite(model.free_energy(X)).all()
    if kind == "duplicates":
        assert_array_equal(model.transform(X), model.transform(X.tocoo().tocsr()))
        assert_allclose(model.transform(X), model.transform(X.toarray()), atol=1e-5)


def test_far_outliers_have_finite_answers():
    for params in INFERENCES.values():
        model = net(**params).fit(data("gaussian"))
        X = np.array([[1e30, 0, -1e38, 1e3, 5]])
        assert np.isfinite(model.score_samples(X)).all()
        assert np.isfinite(model.transform(X)).all()


# Nets from given parameters


@each_inference
@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary", "ordered gaussian"])
def test_given_parameters_come_back(params, visible):
    model, _ = given((4, 3, 2), visible, hidden_layer_sizes=(3, 2), **params)
    assert model.n_iter_ == 0
    assert model.hidden_layer_sizes == (3, 2)
    drawn = exact.random_parameters(
        (4, 3, 2), 1.5, 1, gaussian="gaussian" in visible, autoregressive="ordered" in visible
    )
    names = ["generative_coefs", "generative_intercepts"]
    names += ["recognition_coefs", "recognition_intercepts"] if "nvil" in params.values() else []
    for name in names:
        for a, b in zip(getattr(model, name + "_"), getattr(drawn, name), strict=True):
            assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    X = first_rows(visible, 4, 20)
    before = model.score(X)
    model.set_params(warm_start=True, max_iter=30, random_state=0).fit(X)
    assert model.score(X) > before


GIVEN = {"generative_coefs": [np.ones((2, 3))], "generative_intercepts": [np.zeros(3), np.zeros(2)]}
GUESS = {"recognition_coefs": [np.ones((3, 2))], "recognition_intercepts": [np.zeros(2)]}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"inference": "nvil"}, "given with inference='nvil' .* and none of them"),
        ({**GUESS}, "got inference='mean-field' and both of them"),
        ({**GUESS, "inference": "exact"}, "got inference='exact' and both of them"),
        (
            {"recognition_coefs": GUESS["recognition_coefs"], "inference": "nvil"},
            "and one of them",
        ),
        (
            {**GUESS, "recognition_coefs": [np.ones((2, 3))], "inference": "nvil"},
            "recognition_coefs must have the shapes",
        ),
        ({"hidden_layer_sizes": 3}, r"hidden_layer_sizes=\(2,\)"),
        ({"visible": "gaussian"}, "visible='bernoulli'"),
        ({"autoregressive": True}, "autoregressive=False"),
        ({"inference": "guess"}, "'inference' parameter"),
        ({"generative_coefs": [np.ones((3, 2))]}, "generative_coefs must have the shapes"),
        ({"generative_coefs": [np.full((2, 3), np.nan)]}, "must be finite"),
        ({"noise_variance": np.zeros(3)}, "noise_variance must hold"),
    ],
    ids=str,
)
def test_given_parameters_that_contradict_each_other(params, message):
    with pytest.raises(ValueError, match=message):
        SigmoidBeliefNet.from_parameters(**{**GIVEN, **params})


@pytest.mark.parametrize("weight", [151.0, 1e6])
def test_weights_beyond_mean_field(weight):
    arrays = {**GIVEN, "generative_coefs": [np.full((2, 3), -weight)]}
    model, X = SigmoidBeliefNet.from_parameters(**arrays), np.eye(3)
    message = "weights of at most 150 in magnitude, and one of this net is (151|1e[+]06)"
    calls = dict.fromkeys(
        [model.transform, model.free_energy, model.kl_gap, model.partial_fit], "inference"
    )
    calls[lambda X: model.posterior(X, method="mean-field")] = "method"
    for call, name in calls.items():
        with pytest.raises(ValueError, match=f"{name}='mean-field' needs {message}"):
            call(X)
    assert np.isfinite(model.score_samples(X)).all()
    assert np.isfinite(model.log_likelihood(X, method="importance").per_sample).all()
    assert np.isfinite(model.set_params(inference="gibbs").transform(X)).all()


def test_weights_that_mean_field_can_bear_are_borne():
    arrays = {**GIVEN, "generative_coefs": [np.full((2, 3), 150.0)]}
    model = SigmoidBeliefNet.from_parameters(**arrays)
    assert np.isfinite(model.free_energy(np.eye(3))).all()
    assert np.isfinite(model.transform(np.eye(3))).all()


@pytest.mark.parametrize("intercept", [200.0, 1e6])
def test_intercepts_may_be_as_large_as_they_like(intercept):
    for inference in ("exact", "mean-field", "gibbs"):
        model = SigmoidBeliefNet.from_parameters(
            GIVEN["generative_coefs"], [np.full(3, intercept), np.full(2, -intercept)],
            inference=inference, random_state=0,
        )  # fmt: skip
        model.partial_fit(np.ones((4, 3)))
        assert np.isfinite(model.transform(np.eye(3))).all()
        assert np.isfinite(model.score_samples(np.eye(3))).all()
