"""`DeterministicHelmholtzMachine`: two quantities that must not be mixed up, and how it learns."""

import copy
import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sklearn_helmholtz import DeterministicHelmholtzMachine, HeldOutLikelihood, _descent, _training
from sklearn_helmholtz.plotting import TrainingCurveDisplay
from tests.shells import binary_rows, fitted_state, real_rows

ARRAYS = [
    "generative_coefs_", "generative_intercepts_", "recognition_coefs_", "recognition_intercepts_"
]  # fmt: skip
STEPS = {"max_iter": 4, "random_state": 0}


def machine(sizes=(3, 2), **params):
    return DeterministicHelmholtzMachine(sizes, **{**STEPS, **params})


def arrays(model):
    found = [array for name in ARRAYS for array in getattr(model, name)]
    return [*found, model.noise_variance_] if hasattr(model, "noise_variance_") else found


def same_bits(one, other):
    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


def planted(seed=0):
    """A machine 4-3-2 of strong causes, by its published parameters."""
    rng = np.random.default_rng(seed)
    theta = [np.exp(rng.normal(0, 2, shape)) for shape in ((3, 4), (2, 3))]
    always = [np.full(4, 0.1), np.full(3, 0.2), np.array([-0.5, 0.4])]
    up = [rng.normal(size=shape) for shape in ((4, 3), (3, 2))]
    return DeterministicHelmholtzMachine.from_parameters(
        theta, always, up, [np.zeros(3), np.ones(2)]
    )


def all_states(n):
    return np.array(list(itertools.product((0, 1), repeat=n)), np.float64)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def competing_causes(theta, always, parents):
    added = always + parents @ theta
    none = np.prod(1 - parents[:, :, None] * theta / (1 + theta), axis=1) / (1 + always)
    return (1 - 1 / (1 + added)) * (1 - none)


def enumerated(model):
    """p(x) of all x, by the published strengths: the stochastic machine, summed over states."""
    theta, always = ([np.float64(a) for a in getattr(model, name)] for name in ARRAYS[:2])
    top, first, x = (all_states(n) for n in (2, 3, 4))
    prior = sigmoid(always[2])
    p_top = np.prod(np.where(top, prior, 1 - prior), axis=1)
    p = competing_causes(theta[1], always[1], top)
    p_first = p_top @ np.prod(np.where(first[None], p[:, None], 1 - p[:, None]), axis=2)
    p = competing_causes(theta[0], always[0], first)
    return x, p_first @ np.prod(np.where(x[None], p[:, None], 1 - p[:, None]), axis=2)


# What is scored


def test_the_score_is_that_of_the_stochastic_machine():
    model = planted()
    x, p = enumerated(model)
    assert_allclose(np.exp(model.score_samples(x)), p, rtol=1e-5)
    assert_allclose(np.exp(model.score_samples(x)).sum(), 1, rtol=1e-9)
    assert model.log_likelihood(x).method == "exact"


def test_estimates_of_the_score_agree_with_it():
    model = planted()
    x, p = enumerated(model)
    result = model.log_likelihood(x, method="importance", n_importance_samples=2000)
    errors = result.per_sample - np.log(p)
    assert np.abs(errors.mean()) < 5 * result.monte_carlo_error
    bounds = model.log_likelihood_bounds(200, n_importance_samples=200, random_state=0)
    assert abs(bounds.gap) < 0.05


def test_samples_have_the_probabilities_of_the_machine():
    model, n = planted(), 40_000
    _, p = enumerated(model)
    drawn = model.sample(n, random_state=0) @ [8, 4, 2, 1]
    counts = np.bincount(drawn, minlength=16)
    assert (((counts - n * p) ** 2 / (n * p)).sum()) < 40  # chi square of 15 degrees of freedom
    given = model.sample(n, given=[1, np.nan, 0, np.nan], random_state=0)
    assert (given[:, [0, 2]] == [1, 0]).all()
    own = p.reshape(2, 2, 2, 2)[1, :, 0, :]
    counts = np.bincount(given[:, [1, 3]] @ [2, 1], minlength=4)
    expected = n * (own / own.sum()).ravel()
    assert ((counts - expected) ** 2 / expected).sum() < 20


def test_imputations_and_posteriors_are_those_of_enumeration():
    model = planted()
    x, p = enumerated(model)
    own = p.reshape(2, 2, 2, 2)[1, 0]
    filled = model.impute([[1, 0, np.nan, np.nan]])
    expected = own.sum(axis=1)[1] / own.sum(), own.sum(axis=0)[1] / own.sum()
    assert_allclose(filled[0, 2:], expected, rtol=1e-5)
    joint = model.joint_posterior(x)
    states = [joint.states[:, :3], joint.states[:, 3:]]
    for row, probabilities in zip(x[::5], joint.probabilities[::5], strict=True):
        log_joint = model.log_joint(np.tile(row, (len(states[0]), 1)), states)
        total = np.exp(log_joint)
        assert_allclose(total / total.sum(), probabilities, rtol=1e-5, atol=1e-12)


def test_means_go_down_by_competing_causes():
    model, H = planted(), np.random.default_rng(0).random((5, 2))
    theta, always = model.generative_coefs_, model.generative_intercepts_
    expected = competing_causes(theta[0], always[0], competing_causes(theta[1], always[1], H))
    assert_allclose(model.inverse_transform(H), expected, rtol=1e-5)
    X = all_states(4)
    first = sigmoid(X @ model.recognition_coefs_[0])
    assert_allclose(model.transform(X), sigmoid(first @ model.recognition_coefs_[1] + 1), rtol=1e-5)


# What it learns by


def test_what_is_minimised_is_not_the_score():
    """F falls below minus any log-likelihood on average: it has to be called by another name."""
    X = np.eye(8)
    model = machine(4, activation="sigmoid", solver="lbfgs", max_iter=300).fit(X)
    objective = model.mean_field_objective(X)
    assert objective.mean() < 0.5 * np.log(8)  # the entropy of the rows
    assert -model.score(X) > np.log(8)
    for name in ("free_energy", "kl_gap"):
        assert not hasattr(model, name)
        with pytest.raises(AttributeError, match="mean_field_objective"):
            getattr(model, name)
    result = model.log_likelihood(X)
    assert np.isnan(result.free_energy).all()
    assert np.isnan(result.kl_gap).all()
    assert_array_equal(result.per_sample, model.score_samples(X))
    with pytest.raises(TypeError, match="no negative bounds"):
        TrainingCurveDisplay.from_estimator(model)


def test_lines_do_not_call_the_objective_a_bound(capsys):
    for solver in ("adam", "lbfgs"):
        machine(verbose=1, solver=solver, early_stopping=True).fit(binary_rows())
        lines = [line for line in capsys.readouterr().out.splitlines() if "Epoch" in line]
        assert len(lines) == 4
        assert all("F " in line and "held-out F " in line for line in lines)
        assert not any("bound" in line or "likelihood" in line for line in lines)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("X", [binary_rows(), real_rows()], ids=["bits", "reals"])
def test_the_objective_is_that_of_the_final_parameters(solver, X):
    X = X.copy()
    X[::9, 1] = np.nan
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    model = machine(solver=solver, learning_rate_init=0.02).fit(X, sample_weight=weights)
    mean = np.average(model.mean_field_objective(X), weights=weights)
    assert_allclose(model.objective_, mean, rtol=1e-6)
    assert len(model.loss_curve_) == model.n_iter_ == 4
    if solver == "lbfgs":
        assert_allclose(model.loss_curve_[-1], model.objective_, rtol=1e-5)
        assert (np.diff(model.loss_curve_) < 0).all()
    assert np.isfinite(model.score(X))


def test_units_of_measurement_shift_the_objective_of_reals():
    X = real_rows()
    one, other = (machine(3, solver="lbfgs").fit(rows) for rows in (X, 10 * X))
    gap = X.shape[1] * np.log(10)
    assert_allclose(other.objective_ - one.objective_, gap, rtol=1e-3)
    assert_allclose(other.loss_curve_[0] - one.loss_curve_[0], gap, rtol=1e-3)


def test_solvers_reach_the_same_objective():
    """Near one optimum, with the same penalty, which keeps it from lying at infinity."""
    X = binary_rows(200)
    start = DeterministicHelmholtzMachine.from_parameters(
        [np.full((1, 4), 2.0)], [np.full(4, -1.0), [0.0]], [np.ones((4, 1))], [[-2.0]],
        activation="sigmoid", alpha=0.01, warm_start=True, random_state=0,
    )  # fmt: skip
    lbfgs = copy.deepcopy(start).set_params(solver="lbfgs", max_iter=300, tol=1e-7).fit(X)
    steps = {"max_iter": 600, "learning_rate_init": 0.1, "learning_rate": "cosine"}
    adam = copy.deepcopy(start).set_params(solver="adam", **steps).fit(X)
    assert lbfgs.n_iter_ < 300
    assert_allclose(adam.objective_, lbfgs.objective_, atol=1e-5)
    assert_allclose(adam.generative_coefs_[0], lbfgs.generative_coefs_[0], atol=1e-3)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("rows", [binary_rows(40), real_rows(40)], ids=["bits", "reals"])
def test_weights_are_repetitions_and_order_means_nothing_to_the_bit(solver, rows):
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, len(rows))
    model = machine(solver=solver, max_iter=30, visible="gaussian" if rows.max() > 1 else "auto")
    weighed = clone(model).fit(rows, sample_weight=weights)
    repeated = np.repeat(rows, weights, axis=0)
    assert_allclose(
        clone(model).fit(rng.permutation(repeated)).transform(rows), weighed.transform(rows),
        rtol=1e-6 if rows.max() > 1 else 0,  # means of real columns depend on the order
    )  # fmt: skip
    if rows.max() <= 1:
        assert same_bits(clone(model).fit(repeated), weighed)


def test_sparse_rows_missing_values_and_frames():
    X = binary_rows()
    dense = machine().fit(X)
    assert same_bits(dense, machine().fit(scipy.sparse.csr_matrix(X)))
    sparse = dense.transform(scipy.sparse.csr_array(X))
    assert_allclose(dense.transform(X), sparse, rtol=1e-6)  # sums in another order
    gaps = X.copy()
    gaps[::4, 2] = np.nan
    frame = pd.DataFrame(gaps, columns=list("abcd"))
    model = machine(solver="lbfgs").fit(frame)
    assert list(model.feature_names_in_) == list("abcd")
    assert not np.isnan(model.impute(frame)).any()
    assert_allclose(model.feature_means_, np.nanmean(gaps, axis=0), rtol=1e-6)
    filled = frame.iloc[:1].fillna({"c": model.feature_means_[2]})
    gain = model.mean_field_objective(filled) - model.mean_field_objective(frame.iloc[:1])
    p = model.inverse_transform(model.set_params(transform_layer=1).transform(filled))[0, 2]
    x = model.feature_means_[2]
    assert_allclose(gain, -x * np.log(p) - (1 - x) * np.log(1 - p), rtol=1e-4)


# Fits


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_early_stopping_keeps_the_best(solver):
    X, rng = binary_rows(120), np.random.default_rng(0)
    X_val = rng.random((60, 4)) < 0.5  # of another distribution: soon nothing improves
    model = machine(solver=solver, early_stopping=True, max_iter=200, n_iter_no_change=3)
    model.fit(X, X_val=X_val)
    assert model.n_iter_ < 200
    assert model.best_validation_score_ == max(model.validation_scores_)
    best = -model.mean_field_objective(X_val).mean()
    assert_allclose(best, model.best_validation_score_, rtol=1e-6)


def test_monitors_see_every_iteration_and_stop():
    X, seen = binary_rows(), []

    def monitor(estimator, epoch, X_val):
        seen.append((epoch, estimator.mean_field_objective(X).mean(), estimator.objective_))
        return epoch == 3

    model = machine(solver="lbfgs", max_iter=50).fit(X, monitor=monitor)
    assert [epoch for epoch, *_ in seen] == [1, 2, 3]
    assert model.n_iter_ == 3
    assert_allclose([value for _, value, _ in seen], model.loss_curve_, rtol=1e-5)
    assert_allclose([value for *_, value in seen], model.loss_curve_, rtol=1e-12)
    looks = HeldOutLikelihood()
    machine(solver="lbfgs").fit(X[:40], X_val=X[40:], monitor=looks)
    assert [look.epoch for look in looks.history] == [1, 2, 3, 4]


def test_an_interrupted_descent_keeps_the_last_iteration(monkeypatch):
    X, original, calls = binary_rows(), _descent.Descent.move, []

    def move(self, vector):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        original(self, vector)

    expected = machine(solver="lbfgs", max_iter=3).fit(X)
    monkeypatch.setattr(_descent.Descent, "move", move)
    model = machine(solver="lbfgs", max_iter=50)
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(X)
    assert same_bits(model, expected)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    name = "DeterministicHelmholtzMachine"
    assert caught.value.__notes__ == [f"The {name} keeps what it learnt in 3 epochs."]
    assert_allclose(model.objective_, expected.objective_, rtol=1e-12)


def test_an_interrupt_before_the_first_iteration_leaves_nothing(monkeypatch):
    def loss(self, vector):
        raise KeyboardInterrupt

    monkeypatch.setattr(_descent.Descent, "loss", loss)
    model = machine(solver="lbfgs")
    with pytest.raises(KeyboardInterrupt):
        model.fit(binary_rows())
    assert fitted_state(model) == fitted_state(machine(solver="lbfgs"))


def test_a_descent_that_is_no_longer_finite_keeps_the_last_good_parameters(monkeypatch):
    X, original, calls = binary_rows(), _descent.Descent.loss, []

    def loss(self, vector):
        calls.append(1)
        value, penalty, derivatives = original(self, vector)
        return (np.nan if len(calls) > 6 else value), penalty, derivatives

    monkeypatch.setattr(_descent.Descent, "loss", loss)
    model = machine(solver="lbfgs", max_iter=50)
    with pytest.warns(ConvergenceWarning, match=r"diverged after .* Check the data"):
        model.fit(X)
    assert 1 <= model.n_iter_ < 50
    assert np.isfinite(model.score(X))
    assert np.isfinite(model.objective_)


def test_an_interrupt_between_steps(monkeypatch):
    X, original = binary_rows(), _training._epoch

    def epoch(training, rows, plan, number):
        if number == 2:
            raise KeyboardInterrupt
        return original(training, rows, plan, number)

    monkeypatch.setattr(_training, "_epoch", epoch)
    model = machine(max_iter=9)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert model.n_iter_ == 2
    assert_allclose(model.objective_, model.mean_field_objective(X).mean(), rtol=1e-6)


def test_training_goes_on():
    X = binary_rows()
    for solver in ("adam", "lbfgs"):
        model = machine(solver=solver, warm_start=True).fit(X)
        before = model.objective_
        assert model.fit(X).objective_ < before
        assert model.n_iter_ == 8
    # From one solver to another, and from there some rows at a time.
    model.set_params(solver="adam").partial_fit(X)
    assert model.n_iter_ == 9
    assert machine().partial_fit(X).partial_fit(X).n_iter_ == 2


def test_penalties_are_on_weights_that_mean_nothing_at_zero():
    X, sizes = binary_rows(), []
    for solver, params in {"lbfgs": {}, "adam": {"learning_rate_init": 0.05}}.items():
        for alpha in (0.0, 1.0):
            model = machine(solver=solver, max_iter=60, alpha=alpha, **params).fit(X)
            sizes.append([np.abs(model.recognition_coefs_[0]).mean(), model.generative_coefs_])
    for free, held in (sizes[:2], sizes[2:]):
        assert held[0] < 0.2 * free[0]
    # Strengths are left alone: a penalty on their free parameters would pull them to log 2.
    model = machine(solver="lbfgs", max_iter=60, alpha=100.0).fit(X)
    assert np.abs(model.generative_coefs_[0] - np.log(2)).min() > 1e-3
    sigmoid_machine = machine(solver="lbfgs", max_iter=60, alpha=100.0, activation="sigmoid")
    assert np.abs(sigmoid_machine.fit(X).generative_coefs_[0]).max() < 1e-2


def test_results_do_not_depend_on_threads():
    X = np.random.default_rng(0).random((300, 12)) < 0.4
    for solver in ("adam", "lbfgs"):
        one, two = (machine((30, 5), solver=solver, n_jobs=n).fit(X) for n in (1, 2))
        assert same_bits(one, two)
        assert_array_equal(one.mean_field_objective(X), two.mean_field_objective(X))


def test_it_is_a_part_of_searches():
    X = binary_rows()
    search = GridSearchCV(machine(), {"activation": ["competitive", "sigmoid"]}, cv=2).fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert "DeterministicHelmholtzMachine" in search.best_estimator_._repr_html_()


# Refusals


def test_published_parameters_make_the_same_machine():
    for activation in ("competitive", "sigmoid"):
        for X in (binary_rows(), real_rows()):
            model = machine(activation=activation).fit(X)
            noise = getattr(model, "noise_variance_", None)
            again = DeterministicHelmholtzMachine.from_parameters(
                *(getattr(model, name) for name in ARRAYS), noise_variance=noise,
                activation=activation,
            )  # fmt: skip
            assert_allclose(again.score_samples(X), model.score_samples(X), rtol=1e-4)
            assert_allclose(again.transform(X), model.transform(X), rtol=1e-4)
            assert_allclose(again.mean_field_objective(X), model.mean_field_objective(X), rtol=1e-4)
            assert not hasattr(again, "objective_")
            assert again.visible == model.visible_


def test_strengths_are_read_only_and_not_negative():
    model = machine().fit(binary_rows())
    assert all((theta > 0).all() for theta in model.generative_coefs_)
    assert all((always > 0).all() for always in model.generative_intercepts_[:-1])
    with pytest.raises(ValueError, match="read-only"):
        model.generative_coefs_[0][0, 0] = 1
    with pytest.raises(AttributeError, match=r"objective_ .* cannot be set"):
        model.objective_ = 0.0


BAD = [
    ({"activation": "tanh"}, "activation"),
    ({"solver": "newton"}, "solver"),
    ({"visible": "poisson"}, "visible"),
    ({"visible": ["bernoulli"] * 4}, "visible"),
    ({"alpha": -1.0}, "alpha"),
    ({"alpha": "auto"}, "alpha"),
    ({"early_stopping": "auto"}, "early_stopping"),
    ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes"),
    ({"transform_layer": 3}, "transform_layer"),
]


@pytest.mark.parametrize(("params", "name"), BAD, ids=str)
def test_bad_parameters_are_named(params, name):
    with pytest.raises(ValueError, match=name):
        machine().set_params(**params).fit(binary_rows())


def test_values_and_columns_that_it_knows_nothing_of():
    X = binary_rows()
    with pytest.raises(ValueError, match=r"Column 0 of X holds the value 1.5, .*\[0, 1\]"):
        machine(visible="bernoulli").fit(1.5 * X)
    model = machine().fit(X)
    with pytest.raises(ValueError, match=r"holds the value 2"):
        model.mean_field_objective(2 * X)
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"] * 10), "b": [0, 1] * 10})
    with pytest.raises(ValueError, match="columns of categories"):
        machine().fit(frame)
    with pytest.raises(ValueError, match=r"unit 1 is 1\.5 in row 0"):
        model.inverse_transform([[0.5, 1.5]])


def test_rows_at_a_time_are_not_for_all_solvers():
    model = machine(solver="lbfgs")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError) as caught:
        model.partial_fit(binary_rows())
    assert "goes through all of them in every iteration" in str(caught.value.__cause__)


def test_activations_stay_when_training_goes_on():
    model = machine(warm_start=True).fit(binary_rows())
    with pytest.raises(ValueError, match="activation is 'sigmoid', but the fitted machine"):
        model.set_params(activation="sigmoid").fit(binary_rows())


@pytest.mark.parametrize("method", ["annealed", "gibbs", "mean-field"])
def test_algorithms_that_do_not_know_the_map_are_refused_by_name(method):
    model, X = planted(), all_states(4)
    call = model.log_likelihood if method == "annealed" else model.posterior
    with pytest.raises(ValueError, match=f"{method}.*its map is competitive"):
        call(X, method=method)
    plain = machine(activation="sigmoid").fit(binary_rows())
    call = plain.log_likelihood if method == "annealed" else plain.posterior
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call(X, method=method)  # known of a sigmoid belief net


FORGED = {
    "a negative strength": (0, -1.0, r"generative_coefs\[0\] must hold strengths at least 0"),
    "nothing always on": (1, 0.0, r"generative_intercepts\[0\] must hold strengths above 0"),
}


@pytest.mark.parametrize(("name", "value", "message"), FORGED.values(), ids=FORGED)
def test_strengths_that_there_cannot_be(name, value, message):
    lists = [[np.ones((2, 3))], [np.ones(3), np.zeros(2)], [np.ones((3, 2))], [np.zeros(2)]]
    lists[name][0].flat[1] = value
    with pytest.raises(ValueError, match=message):
        DeterministicHelmholtzMachine.from_parameters(*lists)
    if name == 0:
        DeterministicHelmholtzMachine.from_parameters(*lists, activation="sigmoid")
    with pytest.raises(ValueError, match="activation must be one of"):
        DeterministicHelmholtzMachine.from_parameters(*lists, activation="both")
