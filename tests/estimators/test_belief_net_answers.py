"""What fitted sigmoid belief nets answer: scores, features, posteriors, imputations."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone

from sklearn_helmholtz import SigmoidBeliefNet
from sklearn_helmholtz.inference import ExactPosterior, MeanField
from sklearn_helmholtz.rows import Table
from tests import exact, exact_gaps, naive
from tests.belief_nets import (
    VISIBLES,
    data,
    each_inference,
    each_visible,
    first_rows,
    given,
    in_order_or_not,
    net,
    with_gaps,
)
from tests.mean_field_nets import best_xi

METHODS = ["auto", "exact", "mean-field", "importance", "gibbs"]
estimates = pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")


def posterior_means(params, X):
    hidden = np.hstack(exact.hidden_states(exact.units_of(params)))
    return np.array([exact.posterior(params, x) @ hidden for x in X])


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
    estimate = SigmoidBeliefNet._estimate

    def counted(*args, **kwargs):
        found.append(estimate(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr(SigmoidBeliefNet, "_estimate", counted)
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
@pytest.mark.usefixtures("short_chains")
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
    monkeypatch.setattr(Table, "take_keyed", None)
    limits, _ = model._hidden_means(model._rows(data(n=200))[0])
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
@pytest.mark.usefixtures("short_chains")
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
