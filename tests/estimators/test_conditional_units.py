"""Machines whose features depend on earlier ones by way of deterministic units."""

import pickle

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_helmholtz import HelmholtzMachine, load, save
from sklearn_helmholtz.estimators import conditional_units
from sklearn_helmholtz.models.evidence import best_log_prob
from tests import cases, exact
from tests.estimators.test_autoregressive import copies, parameters, with_gaps
from tests.inference.test_inference import gappy_rows

OWN = ["generative_conditional_coefs_", "generative_conditional_intercepts_"]


def machine(sizes=(4,), **params):
    settings = {"autoregressive": True, "n_conditional_units": 5, "max_iter": 5, "batch_size": 20}
    return HelmholtzMachine(sizes, random_state=0, **{**settings, **params})


def everything(model):
    coefs, intercepts = (getattr(model, name) for name in OWN)
    return [*parameters(model), *coefs, intercepts]


def assert_same_bits(one, other):
    for first, second in zip(everything(one), everything(other), strict=True):
        assert_array_equal(first, second)


def parities(n, seed):
    """Rows of independent bits, each triple of which ends in the parity of the other two."""
    X = np.random.default_rng(seed).integers(0, 2, (n, 9))
    X[:, 2::3] = X[:, ::3] ^ X[:, 1::3]
    return X.astype(np.float64)


def all_rows(d):
    return exact.all_states(d)


def test_parities_are_found_that_no_logistic_regression_knows():
    X, test = parities(2000, 0), parities(2000, 1)
    settings = {"max_iter": 60, "alpha": 0, "batch_size": 50}
    model, plain = (machine(1, n_conditional_units=n, **settings).fit(X) for n in (12, 0))
    truth = -6 * np.log(2)
    assert truth - 0.3 < model.score(test) < truth + 0.02
    assert plain.score(test) < truth - 1.2


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_deterministic_units_learn_by_each_rule(algorithm, solver):
    X = copies()
    model = machine(algorithm=algorithm, solver=solver, alpha=1e-4, learning_rate_init=0.02).fit(X)
    (incoming, outgoing), intercepts = (getattr(model, name) for name in OWN)
    assert (incoming.shape, outgoing.shape, intercepts.shape) == ((6, 5), (5, 6), (5,))
    assert outgoing[:, 1:].any(axis=0).all()
    assert intercepts.any()
    listed = clone(model).fit(scipy.sparse.csr_array(X))
    for one, other in zip(everything(model), everything(listed), strict=True):
        assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert np.exp(model.score_samples(all_rows(6))).sum() == pytest.approx(1, abs=1e-6)


def test_bits_do_not_depend_on_threads_and_scores_not_on_the_batch():
    X = with_gaps(copies(200, 30), 0.1)
    model = machine((16, 5), n_importance_samples=10, n_jobs=1, batch_size=200).fit(X)
    assert_same_bits(clone(model).set_params(n_jobs=2).fit(X), model)
    scores = model.score_samples(X)
    assert_array_equal(model.set_params(n_jobs=2).score_samples(X), scores)
    order = np.random.default_rng(0).permutation(len(X))
    assert_array_equal(model.score_samples(X[order][:50]), scores[order][:50])
    draws = model.sample(60, random_state=0)
    assert_array_equal(model.set_params(n_jobs=1).sample(60, random_state=0), draws)


def test_samples_have_the_probabilities_that_scores_say():
    model, _ = cases.small_machine((4, 2), cases.NEURAL)
    X = model.sample(20_000, random_state=0)
    assert X.dtype == np.uint8
    rows = cases.all_rows(4)
    cases.assert_frequencies(cases.state_numbers(X), np.exp(model.score_samples(rows)))


def test_annealing_goes_by_what_rows_add_to_themselves():
    model, params = cases.small_machine((4, 3, 2), cases.NEURAL, scale=1.0)
    X = cases.make_rows(4, "binary", 6)
    found = model.log_likelihood(X, method="annealed", n_importance_samples=100)
    error = 4 * found.monte_carlo_error + abs(found.bias)
    assert abs(found.mean - exact.log_likelihood(params, X).mean()) < error < 0.05
    draws = model.posterior(
        np.tile(X[0], (1500, 1)), method="gibbs", n_samples=1, n_importance_samples=1,
        n_sweeps=20, random_state=0,
    )  # fmt: skip
    states = np.hstack([layer[:, 0] for layer in draws.samples])
    cases.assert_frequencies(cases.state_numbers(states), exact.posterior(params, X[0]))


@pytest.mark.parametrize("ask", ["log_likelihood", "posterior"])
def test_chains_refuse_gaps(ask):
    model, _ = cases.small_machine((4, 3, 2), cases.NEURAL)
    method = {"log_likelihood": "annealed", "posterior": "gibbs"}[ask]
    with pytest.raises(ValueError, match=r"depend on each other are missing \(NaN\), as in row"):
        getattr(model, ask)(gappy_rows(4, "binary"), method=method)


def test_mean_field_is_refused():
    model, _ = cases.small_machine((4, 3), cases.NEURAL)
    with pytest.raises(ValueError, match="needs mean field, which the layer of the data does not"):
        model.posterior(cases.make_rows(4, "binary", 3), method="mean-field")


def test_the_best_of_each_value_is_no_worse_than_that_of_brute_force():
    """Limits of sums are those of each unit alone: they bound what values together reach."""
    net, params, _ = cases.make_case((4, 3), cases.NEURAL)
    hidden = exact.hidden_states((4, 3))
    for x in np.vstack([gappy_rows(4, "binary", seed) for seed in range(3)]):
        rows = exact.completions(x)
        etas = [exact.generative_inputs(params, [row, *hidden], 0) for row in rows]
        log_p = [row * eta - np.logaddexp(0, eta) for row, eta in zip(rows, etas, strict=True)]
        best = np.where(np.isnan(x), 0, np.max(log_p, axis=(0, 1)))
        found = best_log_prob(net, x)
        assert (found >= best - 1e-9).all()
        if not np.isnan(x).any():
            assert_allclose(found, best, rtol=1e-6)


def test_penalties_hold_weights_of_deterministic_units():
    X = copies()
    free, held = (machine(alpha=alpha, max_iter=40).fit(X) for alpha in (0, 1))
    for one, other in zip(
        free.generative_conditional_coefs_, held.generative_conditional_coefs_, strict=True
    ):
        assert np.abs(other).max() < 0.5 * np.abs(one).max()


def test_a_fit_goes_on_and_weights_of_rows_count():
    X = copies(100, 12)
    model = machine(max_iter=3).fit(X)
    assert model.n_parameters_ == plain_parameters(model) + 5 * (2 * 12 - 1)
    twice = clone(model).fit(X, sample_weight=np.repeat([1.0, 0.0], 50))
    assert_same_bits(clone(model).fit(X[:50]), twice)
    more = pickle.loads(pickle.dumps(model)).partial_fit(X)
    assert np.isfinite(np.concatenate([array.ravel() for array in everything(more)])).all()
    assert (more.generative_conditional_coefs_[1] != model.generative_conditional_coefs_[1]).any()
    model.set_params(warm_start=True, n_conditional_units=4)
    with pytest.raises(ValueError, match=r"n_conditional_units is 4, but .* has 5"):
        model.fit(X)


def plain_parameters(model):
    arrays = {name: getattr(model, name + "_") for name in (
        "generative_coefs", "generative_intercepts", "generative_lateral_coefs",
        "recognition_coefs", "recognition_intercepts",
    )}  # fmt: skip
    return HelmholtzMachine.from_parameters(**arrays).n_parameters_


def rebuilt(model, **changed):
    names = ("generative_coefs", "generative_intercepts", "generative_lateral_coefs")
    names += ("recognition_coefs", "recognition_intercepts")
    arrays = {name: getattr(model, f"{name}_") for name in names}
    arrays |= {name[:-1]: getattr(model, name) for name in OWN}
    return HelmholtzMachine.from_parameters(**{**arrays, **changed})


def test_machines_are_rebuilt_from_parameters_pickles_and_files(tmp_path):
    X = with_gaps(copies())
    model = machine().fit(X)
    save(model, tmp_path / "model.npz")
    for other in (rebuilt(model), pickle.loads(pickle.dumps(model)), load(tmp_path / "model.npz")):
        assert other.n_conditional_units == 5
        assert_same_bits(other, model)
        assert_array_equal(other.score_samples(X), model.score_samples(X))
        assert_array_equal(other.impute(X), model.impute(X))


def test_parameters_that_do_not_fit_are_refused():
    model = machine().fit(copies())
    incoming, outgoing = model.generative_conditional_coefs_
    for changed, message in (
        ({"generative_conditional_coefs": [incoming, outgoing.T]}, r"got \[\(6, 5\), \(6, 5\)\]"),
        ({"generative_conditional_intercepts": None}, "go together, but one of them is None"),
        ({"generative_conditional_intercepts": [0.0]}, r"and \(1,\)\.$"),
        ({"generative_lateral_coefs": None}, "need generative_lateral_coefs, zeros perhaps"),
        ({"noise_variance": np.ones(6)}, "needs Bernoulli features"),
        ({"n_conditional_units": 3}, "The arrays make n_conditional_units=5, got 3"),
    ):
        with pytest.raises(ValueError, match=message):
            rebuilt(model, **changed)


def test_settings_that_do_not_go_together_are_refused(monkeypatch):
    X = copies()
    for settings, message in (
        ({"autoregressive": False}, r"n_conditional_units=5 needs autoregressive=True: they"),
        ({"visible": "gaussian"}, "needs Bernoulli features, .* visible is 'gaussian' here"),
        ({"visible": "poisson"}, "needs Bernoulli features, .* visible is 'poisson' here"),
        ({"visible": ["real"] * 6}, "needs Bernoulli features, .* visible is 'mixed' here"),
        ({"n_conditional_units": -1}, "must be an int in the range"),
        ({"n_conditional_units": 1.5}, "must be an int in the range"),
        ({"n_conditional_units": True}, "must be a number"),
    ):
        with pytest.raises(ValueError, match=message):
            machine(**settings).fit(X)
    monkeypatch.setattr(conditional_units, "_memory", lambda: 2**20)
    with pytest.raises(ValueError, match=r"n_conditional_units=10000 .* Set at most 4369\."):
        machine(n_conditional_units=10_000).fit(X)


def test_units_follow_the_order_of_the_columns():
    rng = np.random.default_rng(0)
    X, order = (rng.random((60, 5)) < 0.4).astype(np.uint8), np.array([3, 0, 4, 1, 2])
    given = {"autoregressive": True, "n_conditional_units": 3, "max_iter": 3, "random_state": 0}
    model = HelmholtzMachine(2, column_order=order, **given).fit(X)
    plain = HelmholtzMachine(2, **given).fit(X[:, order])
    assert_allclose(model.score_samples(X), plain.score_samples(X[:, order]), rtol=1e-6)
    incoming, outgoing = model.generative_conditional_coefs_
    assert_array_equal(incoming[order], plain.generative_conditional_coefs_[0])
    assert_array_equal(outgoing[:, order], plain.generative_conditional_coefs_[1])
    names = "generative_coefs", "generative_intercepts", "recognition_coefs"
    names += "recognition_intercepts", "generative_lateral_coefs"
    names += "generative_conditional_coefs", "generative_conditional_intercepts"
    again = HelmholtzMachine.from_parameters(
        **{name: getattr(model, name + "_") for name in names}, column_order=order,
        random_state=0,
    )  # fmt: skip
    assert_allclose(again.score_samples(X), model.score_samples(X), rtol=1e-6)
    assert again.n_conditional_units == 3
    with pytest.raises(ValueError, match="must have the shapes"):
        HelmholtzMachine.from_parameters(
            **{name: getattr(model, name + "_") for name in names}
            | {"generative_lateral_coefs": [np.zeros((3, 3)), np.zeros((2, 2))]},
            column_order=order,
        )
