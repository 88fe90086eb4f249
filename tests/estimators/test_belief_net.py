"""What a user of sigmoid belief nets can rely on when fitting them, for each way to infer."""

import pathlib
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet, _training
from sklearn_helmholtz.inference import LARGEST_WEIGHT
from sklearn_helmholtz.machines import WithBaselines
from sklearn_helmholtz.rows import limits
from tests.belief_nets import (
    INFERENCES,
    data,
    each_inference,
    each_visible,
    first_rows,
    given,
    in_order_or_not,
    net,
    parameters,
    with_gaps,
)


def assert_same(first, second):
    for a, b in zip(parameters(first), parameters(second), strict=True):
        assert_array_equal(a, b)


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
@pytest.mark.usefixtures("short_chains")
def test_threads_change_no_bit(params, visible, autoregressive, monkeypatch):
    X = data(visible, 300)
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)  # as many blocks as there can be
    first, second = (
        net(max_iter=2, batch_size=150, n_jobs=n, autoregressive=autoregressive, **params).fit(X)
        for n in (1, 2)
    )
    blocks, _ = first._hidden_means(first._rows(X)[0])
    assert len(blocks) > 2
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
    assert model._history.past.carry_over is None
    model.set_params(learning_rate_init=0.01).partial_fit(X)
    means, variances, n_steps = model._history.past.carry_over
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
            assert isinstance(model._machine, WithBaselines) == (n_particles == 1)
        assert model.score(X) != before


def test_several_samples_have_no_baselines():
    for name in ("nvil", "vimco"):
        params = INFERENCES[name]
        for model in (net(**params).fit(data()), given((4, 3), **params)[0]):
            assert isinstance(model._machine, WithBaselines) == (name == "nvil")


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
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    if whole is None:
        assert vars(model) == vars(net(max_iter=50, **params))
        return
    assert model.n_iter_ == step - 1
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
