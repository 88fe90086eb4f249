"""Machines of few causes: criteria, joint posteriors, labels, and log p(x, h), by enumeration."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, SigmoidBeliefNet
from sklearn_helmholtz.inference import ExactPosterior
from sklearn_helmholtz.rows import Block
from tests import exact, exact_gaps, mixed_machines
from tests.belief_nets import data, first_rows, given, net, with_gaps
from tests.estimators.helmholtz_machine.builders import as_oracle

SAMPLED = pytest.mark.filterwarnings("ignore:This log-likelihood")
KINDS = ["binary", "gaussian", "ordered binary", "ordered gaussian"]
SIZES = (4, 3, 2)


def lowest_first(params):
    """All states in the order of labels, and the places that the oracle's states have there."""
    joint = np.hstack(exact.hidden_states(exact.units_of(params)))
    numbers = (joint @ 2 ** np.arange(joint.shape[1])).astype(int)
    return joint[np.argsort(numbers)].astype(bool), np.argsort(numbers)


def posterior_of(oracle, x):
    """p(h | observed values of x) in the order of labels."""
    log_p = exact_gaps.log_joint(oracle, x) if np.isnan(x).any() else None
    if log_p is None:
        log_p = exact.log_joint(oracle, x, exact.hidden_states(exact.units_of(oracle)))
    p = np.exp(log_p - exact._log_sum_exp(log_p))
    return p[lowest_first(oracle)[1]]


# Joint posteriors and labels


@pytest.mark.parametrize("visible", KINDS)
def test_joint_posteriors_and_labels_are_those_of_enumeration(visible):
    model, oracle = given(SIZES, visible)
    X = first_rows(visible, SIZES[0])
    X = X if "ordered" not in visible else with_gaps(X)
    result = model.joint_posterior(X)
    expected = np.array([posterior_of(oracle, x) for x in X])
    assert_array_equal(result.states, lowest_first(oracle)[0])
    assert_allclose(result.probabilities, expected, rtol=1e-5, atol=1e-8)
    labels = model.predict(X)
    assert labels.dtype == np.int64
    assert_array_equal(labels, expected.argmax(axis=1))
    assert_array_equal(labels[:, None] >> np.arange(5) & 1, result.states[labels])
    means = model.posterior(X, method="exact").mean
    assert_allclose(result.probabilities @ result.states, np.hstack(means), atol=1e-12)


def test_rows_are_labelled_each_by_itself():
    model, _ = given(SIZES)
    X = data(n=300, d=4)
    X[:3] = np.nan
    labels = model.predict(X)
    assert_array_equal(model.predict(X[::-1]), labels[::-1])
    assert_array_equal(np.concatenate([model.predict(x[None]) for x in X[:20]]), labels[:20])


def test_the_most_probable_states_come_first():
    model, _ = given(SIZES)
    result = model.joint_posterior(data(n=5, d=4))
    numbers, probabilities = result.most_probable(3)
    assert_array_equal(numbers[:, 0], model.predict(data(n=5, d=4)))
    assert_array_equal(probabilities, np.sort(result.probabilities)[:, :-4:-1])
    assert result.most_probable(99)[0].shape == (5, 32)
    assert repr(result).startswith("JointPosteriorResult: 5 rows, 32 states of 5 hidden units\n")
    frame = result.to_frame()
    assert_array_equal(frame["01000"], result.probabilities[:, 2])
    with pytest.raises(ValueError, match="n_states must be an integer"):
        result.most_probable(0)


def test_only_few_units_have_labels():
    small, large = SigmoidBeliefNet((10, 4)), SigmoidBeliefNet((10, 5))
    for name in ("predict", "joint_posterior"):
        assert hasattr(small, name)
        assert not hasattr(large, name)
        assert not hasattr(FactorAnalysis(), name)
        assert not hasattr(SigmoidBeliefNet([0]), name)
    with pytest.raises(AttributeError) as caught:
        large.predict  # noqa: B018
    assert "at most 14 of them, and this one has 15" in str(caught.value.__cause__)
    model, _ = given(SIZES)
    model.set_params(hidden_layer_sizes=99)  # for another fit
    assert hasattr(model, "predict")


def test_labels_of_a_pipeline():
    X = data()
    steps = FunctionTransformer(), net((2,), inference="exact")
    labels = make_pipeline(*steps).fit(X).predict(X)
    assert_array_equal(labels, clone(steps[1]).fit(X).predict(X))


def test_gaps_that_count_as_hidden_units_may_be_too_many():
    model, _ = given((13, 2), "ordered binary")
    X = np.full((2, 13), np.nan)
    X[0] = 0
    for method in (model.joint_posterior, model.aic, model.bic):
        with pytest.raises(ValueError, match="this one has 2, but row 1 misses values"):
            method(X)


def test_labels_of_rows_that_are_not_enumerated_are_of_samples():
    model, _ = given((13, 2), "ordered binary", n_importance_samples=2000)
    X = np.full((12, 13), np.nan)  # 13 gaps and 2 hidden units are one too many
    X[1:, 0] = np.arange(11) % 2
    X[1:6, 2:] = 0
    labels = model.predict(X)
    exactly = ExactPosterior(model._machine).probabilities(Block(X.astype(np.float32)))
    assert_array_equal(labels, exactly.reshape(12, 4).argmax(axis=1))
    assert_array_equal(model.predict(X[::-1]), labels[::-1])


# log p(x, h)


@pytest.mark.parametrize("visible", [*KINDS, "fractional"])
def test_log_joints_are_those_of_the_oracle(visible):
    model, oracle = given(SIZES, visible)
    X = np.repeat(first_rows(visible, SIZES[0]), 32, axis=0)
    hidden = [np.tile(layer, (6, 1)) for layer in exact.hidden_states(SIZES)]
    found = model.log_joint(X, hidden)
    expected = [exact.log_joint(oracle, x, list(h)) for x, *h in zip(X, *hidden, strict=True)]
    assert found.dtype == np.float64
    assert_allclose(found, expected, rtol=1e-6)
    assert_array_equal(model.log_joint(X, np.hstack(hidden)), found)
    assert_array_equal(model.log_joint(X, np.hstack(hidden).astype(bool).tolist()), found)
    assert_allclose(model.log_joint(X[3:4], [h[3:4] for h in hidden]), found[3:4], rtol=1e-12)
    sums = exact._log_sum_exp(found.reshape(6, 32))
    assert_allclose(sums, model.score_samples(X[::32]), rtol=1e-9)


@pytest.mark.parametrize("visible", KINDS)
def test_log_joints_of_rows_with_gaps(visible):
    model, oracle = given(SIZES, visible)
    X = with_gaps(first_rows(visible, SIZES[0]))
    hidden = exact.hidden_states(SIZES)
    for x in X:
        found = model.log_joint(np.tile(x, (32, 1)), hidden)
        if "ordered" in visible:
            expected = exact_gaps.log_joint(oracle, x)
        else:
            kept = exact.without(oracle, np.isnan(x))
            expected = exact.log_joint(kept, x[~np.isnan(x)], hidden)
        assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("autoregressive", [False, True])
def test_mixed_machines(autoregressive):
    model = mixed_machines.make_machine(autoregressive)
    rows, states = mixed_machines.all_rows(), exact.all_states(3)
    expected = mixed_machines.log_joint(model, rows)
    X, H = np.repeat(rows, 8, axis=0), np.tile(states, (24, 1))
    assert_allclose(model.log_joint(X, [H]).reshape(24, 8), expected, rtol=1e-4, atol=1e-4)
    p = np.exp(expected - exact._log_sum_exp(expected)[:, None])
    order = np.argsort(states @ 2 ** np.arange(3))
    assert_allclose(model.joint_posterior(rows).probabilities, p[:, order], atol=1e-4)


def test_machines_of_any_size_have_log_joints():
    rng = np.random.default_rng(0)
    model = HelmholtzMachine((30, 20), max_iter=1, random_state=0).fit(rng.random((50, 40)) < 0.3)
    X, hidden = model.sample(70, random_state=0, return_latents=True)
    params = as_oracle(model)
    expected = [exact.log_joint(params, x, list(h)) for x, *h in zip(X, *hidden, strict=True)]
    assert_allclose(model.log_joint(X, hidden), expected, rtol=1e-6)


@pytest.mark.parametrize("rotation", [None, "varimax", "oblimin"])
def test_log_joints_of_factors_are_normal(rotation):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)) @ np.kron(np.eye(2), np.ones((1, 3)))
    X += rng.normal(size=X.shape)
    model = FactorAnalysis(2, rotation=rotation).fit(X)
    Z, A, R = model.transform(X), model.components_, model.factor_correlation_
    covariance = np.block([[model.get_covariance(), A.T @ R], [R @ A, R]])
    mean = np.concatenate([model.mean_, np.zeros(2)])
    expected = stats.multivariate_normal(mean, covariance).logpdf(np.hstack([X, Z]))
    assert_allclose(model.log_joint(X, Z), expected, rtol=1e-7)
    assert_allclose(model.log_joint(X, [Z]), expected, rtol=1e-7)
    X[:, 2] = np.nan
    kept = np.delete(np.arange(8), 2)
    part = stats.multivariate_normal(mean[kept], covariance[np.ix_(kept, kept)])
    assert_allclose(model.log_joint(X, Z), part.logpdf(np.hstack([X, Z])[:, kept]), rtol=1e-7)


@pytest.mark.parametrize(
    ("H", "message"),
    [
        ([np.zeros((2, 3))], r"H must hold the hidden units|H must have the shape \(2, 5\)"),
        ([np.zeros((2, 3)), np.zeros((1, 2))], r"H\[1\] must have the shape \(2, 2\)"),
        (np.zeros((2, 4)), r"H must have the shape \(2, 5\).*got \(2, 4\)"),
        (np.full((2, 5), 0.5), "unit 0 of hidden layer 1 is 0.5 in row 0"),
        ([np.zeros((2, 3)), [[0, 0], [0, 2]]], "unit 1 of hidden layer 2 is 2 in row 1"),
        (np.full((2, 5), np.nan), "H must be finite"),
        (np.full((2, 5), "a"), "H must hold the hidden units of each row, as numbers"),
        (np.ma.masked_array(np.zeros((2, 5)), True), "masked"),
        (np.full((2, 5), 1j), "complex"),
    ],
)
def test_log_joint_refuses_other_states(H, message):
    model, _ = given(SIZES)
    with pytest.raises(ValueError, match=message):
        model.log_joint(np.zeros((2, 4)), H)


def test_log_joint_refuses_what_it_cannot_sum_out():
    model = SigmoidBeliefNet.from_parameters(
        [np.ones((2, 3))], [np.zeros(3), np.zeros(2)], visible="poisson",
        generative_lateral_coefs=[np.zeros((3, 3)), np.zeros((2, 2))],
    )  # fmt: skip
    X = np.ones((30, 3))
    X[4, 1] = np.nan
    with pytest.raises(ValueError, match="cannot sum out the missing values of row 4"):
        model.log_joint(X, [np.zeros((30, 2))])


# Criteria


def plain(d, *hidden):
    """Parameters of a plain binary net whose tables of states are larger than its layers."""
    sizes = (d, *hidden)
    weights = sum(a * b for a, b in itertools.pairwise(sizes))
    return weights + sum(sizes)


@pytest.mark.parametrize(
    ("sizes", "visible", "n_parameters"),
    [
        ((5, 1), "binary", 1 + 2 * 5),  # two latent classes
        ((6, 2), "binary", plain(6, 2)),
        ((8, 4, 2), "binary", plain(8, 4, 2)),
        ((8, 1, 1), "binary", 1 + 2 * 8),  # the top says no more than one probability
        ((2, 3), "binary", 3),  # two features have four states
        ((5, 2), "gaussian", 2 + 2 * 5 + 5 + 5),
        ((6, 2), "ordered binary", plain(6, 2) + 15 + 1),
        ((4, 2), "ordered gaussian", 3 + 2 * 4 + 4 + 4 + 6),
    ],
)
def test_parameters_by_hand(sizes, visible, n_parameters):
    model, oracle = given(sizes, visible, scale=0.3)
    assert model.n_parameters_ == n_parameters
    X = first_rows(visible, sizes[0], 7)
    value = -2 * exact.log_likelihood(oracle, X).sum()
    assert model.aic(X) == pytest.approx(value + 2 * n_parameters)
    assert model.bic(X) == pytest.approx(value + np.log(7) * n_parameters)


def test_recognition_is_no_parameter_of_the_density():
    small = {"max_iter": 1, "random_state": 0}
    assert HelmholtzMachine(2, **small).fit(data(d=6)).n_parameters_ == plain(6, 2)


@pytest.mark.parametrize(
    ("kinds", "autoregressive", "n_parameters"),
    [
        # inputs of an ordinal column are two, of three levels two of three, of two one
        (["ordinal", "categorical", "bernoulli", "real"], False, 2 + 3 * (2 + 2 + 1 + 2)),
        # and a code of three levels, ordered or not, tells two things
        (["ordinal", "categorical", "bernoulli", "real"], True, 21 + 2 + 1 + 2 * 5 + 2 * 3 + 2),
        (["ordinal", "categorical", "bernoulli"], False, 3 * 3 * 2 - 1),
    ],
)
def test_parameters_of_mixed_columns(kinds, autoregressive, n_parameters):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, k, 40) for k in (3, 3, 2)] + [rng.normal(size=40)])
    if kinds[-1] != "real":
        X = X[:, :3]
    model = HelmholtzMachine(
        2, visible=kinds, autoregressive=autoregressive, max_iter=1, random_state=0
    ).fit(X)
    assert model.n_parameters_ == n_parameters
    total = model.score_samples(X).sum()
    assert model.aic(X) == pytest.approx(2 * n_parameters - 2 * total)


def test_criteria_of_weighted_rows():
    model, X = given(SIZES)[0], data(n=9, d=4)
    weights = np.arange(9.0) % 4
    repeated = np.repeat(X, weights.astype(int), axis=0)
    for name in ("aic", "bic"):
        found = getattr(model, name)(X, sample_weight=weights)
        assert found == pytest.approx(getattr(model, name)(repeated))


def test_criteria_are_for_exact_likelihoods():
    model = HelmholtzMachine(15, max_iter=1, random_state=0).fit(data())
    for name in ("aic", "bic"):
        message = f"{name} needs exact probabilities.*this one has 15. Compare models by score"
        with pytest.raises(ValueError, match=message):
            getattr(model, name)(data())
    assert model.n_parameters_ == 2**5 - 1


def test_criteria_choose_the_number_of_causes():
    rng = np.random.default_rng(0)
    causes = rng.random((400, 2)) < 0.5
    X = rng.random((400, 8)) < np.where(np.repeat(causes, 4, axis=1), 0.9, 0.1)
    criteria = [
        min(
            SigmoidBeliefNet(
                n, inference="exact", alpha=0, max_iter=25, learning_rate_init=0.1,
                random_state=seed,
            ).fit(X).bic(X)
            for seed in range(2)
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    assert np.argmin(criteria) == 1


# One call for score, free energy and divergence


@SAMPLED
@pytest.mark.parametrize("sizes", [(3, 2), (12, 5)])
@pytest.mark.parametrize("inference", [None, "exact", "mean-field", "nvil", "gibbs"])
def test_one_call_has_free_energies_and_divergences(inference, sizes):
    if inference == "exact" and sum(sizes) > 14:
        sizes = (3,)
    settings = {"max_iter": 1, "random_state": 0, "n_importance_samples": 10}
    model = HelmholtzMachine(sizes, **settings)
    if inference is not None:
        model = SigmoidBeliefNet(sizes, inference=inference, **settings)
    X = with_gaps(data())
    result = model.fit(X).log_likelihood(X)
    assert_array_equal(result.kl_gap, result.free_energy + result.per_sample)
    if inference == "gibbs":
        assert np.isnan(result.free_energy).all()
        return
    assert_allclose(result.free_energy, model.free_energy(X), rtol=1e-12)
    assert_allclose(result.kl_gap, model.kl_gap(X), atol=1e-12)


def test_where_there_is_no_bound_energies_are_missing():
    model, _ = given(SIZES, "ordered gaussian", "mean-field")
    X = with_gaps(first_rows("ordered gaussian", 4))
    with pytest.raises(ValueError, match="no bound"):
        model.free_energy(X)
    result = model.log_likelihood(X)
    assert np.isnan(result.free_energy).all()
    assert np.isnan(result.kl_gap).all()
    assert np.isfinite(result.per_sample).all()


def test_factors_know_their_posterior():
    X = np.random.default_rng(0).normal(size=(30, 3))
    result = FactorAnalysis.from_parameters([[1, 1, 1]], [1, 1, 2]).log_likelihood(X)
    assert_array_equal(result.free_energy, -result.per_sample)
    assert_array_equal(result.kl_gap, np.zeros(30))
