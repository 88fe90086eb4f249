"""Samples given a part of the data, against enumeration, and evidence that makes no sense."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.models.evidence import best_log_prob as log_best
from sklearn_helmholtz.rows import limits
from tests import cases, exact
from tests.cases import assert_frequencies, small_machine
from tests.inference.test_imputation import N_IDLE, NETS, conditional, mixture
from tests.inference.test_inference import gappy_rows, true_posterior

NOTHING = 3  # the row of `gappy_rows` in which all is missing
NAN = np.nan


@pytest.mark.parametrize("row", [1, NOTHING])
@pytest.mark.parametrize("n_idle", [0, N_IDLE])
@pytest.mark.parametrize("n_units", NETS)
def test_samples_have_the_enumerated_conditional_probabilities(n_units, n_idle, row):
    model, params = small_machine(
        n_units, "binary", scale=1.0, n_idle=n_idle, n_importance_samples=20
    )
    x = gappy_rows(n_units[0], "binary")[row]
    _, p = conditional(params, x)
    X = model.sample(2000, given=x, random_state=0)
    assert X.dtype == np.uint8
    assert_array_equal(X[:, ~np.isnan(x)], np.tile(x[~np.isnan(x)], (2000, 1)))
    assert_frequencies(cases.state_numbers(X[:, np.isnan(x)]), p)


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_hidden_layers_are_drawn_from_the_posterior(visible, n_idle):
    n_units = (4, 3, 2)
    model, params = small_machine(
        n_units, visible, scale=1.0, n_idle=n_idle, n_importance_samples=20
    )
    x = gappy_rows(4, visible)[1]
    X, hidden = model.sample(2000, given=x, random_state=0, return_latents=True)
    assert X.shape == (2000, 4)
    assert [h.shape for h in hidden] == [(2000, 3 + n_idle), (2000, 2)]
    assert all(h.dtype == np.uint8 for h in hidden)
    states = np.hstack([hidden[0][:, :3], hidden[1]])
    assert_frequencies(cases.state_numbers(states), true_posterior(params, x))


def test_latents_are_those_the_data_were_drawn_from():
    """Given the first hidden layer, missing values are those of its conditional."""
    model, params = small_machine((4, 2), "binary", scale=2.0)
    X, (hidden,) = model.sample(8000, given=[NAN, 1, NAN, NAN], random_state=0, return_latents=True)
    for state in exact.all_states(2):
        rows = X[(hidden == state).all(axis=1)].astype(float)
        p = exact.sigmoid(state @ params.generative_coefs[0] + params.generative_intercepts[0])
        z = (rows.mean(axis=0) - p)[[0, 2, 3]] / np.sqrt(p * (1 - p) / len(rows))[[0, 2, 3]]
        assert np.abs(z).max() < 4


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_gaussian_samples_have_the_enumerated_conditional_distribution(n_idle):
    model, params = small_machine(
        (4, 3, 2), "gaussian", scale=1.0, n_idle=n_idle, n_importance_samples=20
    )
    x = gappy_rows(4, "gaussian")[1]
    X = model.sample(2000, given=x, random_state=0)
    assert X.dtype == np.float32
    assert_array_equal(X[:, ~np.isnan(x)], np.tile(x[~np.isnan(x)], (2000, 1)).astype(np.float32))
    weights, means = mixture(params, x)
    for column in np.flatnonzero(np.isnan(x)):
        spread = np.sqrt(params.noise_variance[column])
        uniform = stats.norm.cdf((X[:, column, None] - means[:, column]) / spread) @ weights
        assert stats.kstest(uniform, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_everything_may_be_given(visible, n_idle):
    model, _ = small_machine((4, 3), visible, n_idle=n_idle)
    x = gappy_rows(4, visible)[2]
    X, hidden = model.sample(5, given=x, random_state=0, return_latents=True)
    assert_array_equal(X, np.tile(x, (5, 1)).astype(X.dtype))
    assert hidden[0].shape == (5, 3 + n_idle)


def test_fractions_may_be_given_and_stay():
    model, params = small_machine((4, 3), "binary", scale=1.0)
    x = np.array([0.25, NAN, 1.0, NAN])
    X = model.sample(4000, given=x, random_state=0)
    assert X.dtype == np.float32
    assert_array_equal(X[:, [0, 2]], np.tile([0.25, 1], (4000, 1)))
    assert set(np.unique(X[:, [1, 3]])) == {0, 1}
    first = exact.hidden_states((4, 3))[0]
    p = exact.sigmoid(first @ params.generative_coefs[0] + params.generative_intercepts[0])
    expected = true_posterior(params, x) @ p
    assert np.abs(X.mean(axis=0) - expected)[[1, 3]].max() < 4.5 * 0.5 / np.sqrt(4000)


def test_a_seed_repeats_the_samples_and_none_makes_new_ones():
    model, _ = small_machine((4, 3), "binary", scale=0.5)
    given = [1, NAN, NAN, NAN]

    def draw(seed=None):
        return model.sample(30, given=given, random_state=seed)

    assert_array_equal(draw(1), draw(1))
    assert (draw(1) != draw(2)).any()
    assert (draw() != draw()).any()
    np.random.seed(3)
    first = draw()
    np.random.seed(3)
    assert_array_equal(draw(), first)


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_samples_depend_neither_on_threads_nor_on_blocks(n_idle, monkeypatch):
    model, _ = small_machine((4, 3), "binary", n_idle=n_idle, n_importance_samples=20)
    settings = {"given": [1, NAN, NAN, NAN], "random_state": 0}
    whole = model.sample(20, **settings)
    for n_jobs, entries in ((2, 1), (8, 200)):
        monkeypatch.setattr(limits, "_ENTRIES", entries)
        assert_array_equal(model.set_params(n_jobs=n_jobs).sample(20, **settings), whole)


@pytest.mark.parametrize("n_units", [(4, 3), (4, 12, 5)])
def test_the_global_generator_and_the_machine_are_left_alone(n_units):
    model, _ = small_machine(n_units, "binary", n_importance_samples=20)
    before = [w.copy() for w in model.generative_coefs_]
    np.random.seed(0)
    state = np.random.get_state()[1].copy()
    model.sample(3, given=[1, NAN, 0, NAN], random_state=0)
    assert_array_equal(np.random.get_state()[1], state)
    for one, other in zip(before, model.generative_coefs_, strict=True):
        assert_array_equal(one, other)


REFUSED = [
    ([1, NAN, 0], r"given must have the shape \(4,\), .* got \(3,\)\."),
    ([[1, NAN, 0, 0]], r"given must have the shape \(4,\), .* got \(1, 4\)\."),
    (1.0, r"given must have the shape \(4,\), .* got \(\)\."),
    ([1, NAN, np.inf, 0], r"given holds infinity in column 2\."),
    ([1, -np.inf, 0, 0], r"given holds infinity in column 1\."),
    (["a", "b", "c", "d"], r"given must hold a number for each feature.*could not convert"),
    ([1j, 0, 0, 0], r"given must hold a number for each feature"),
    ([[1], [0, 1], 0, 0], r"given must hold a number for each feature"),
    (
        [1, NAN, 2, 0],
        r"given holds the value 2 in column 2, but the model takes values in \[0, 1\]",
    ),
    (
        [1, -0.5, 0, 0],
        r"given holds the value -0.5 in column 1, but the model takes values in \[0, 1\]",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_is_no_evidence_is_refused(given, message):
    model, _ = small_machine((4, 3), "binary")
    with pytest.raises(ValueError, match=message):
        model.sample(2, given=given)


@pytest.mark.parametrize("n_samples", [0, -1, 2.0, True, None])
def test_what_is_no_number_of_samples_is_refused(n_samples):
    model, _ = small_machine((4, 3), "binary")
    with pytest.raises(ValueError, match="n_samples must be an integer of at least 1"):
        model.sample(n_samples, given=[1, NAN, NAN, NAN])


def test_an_unfitted_machine_draws_nothing():
    with pytest.raises(ValueError, match="not fitted yet"):
        HelmholtzMachine().sample(2, given=[1])


# Evidence that the model does not believe


def one_cause(weights, intercepts, n_idle=0, **params):
    """A machine of one hidden unit, on or off with the same probability."""
    n = len(weights)
    net = exact.Parameters(
        [np.array([weights], float)], [np.array(intercepts, float), np.zeros(1)],
        [np.zeros((n, 1))], [np.zeros(1)],
    )  # fmt: skip
    net = cases.with_idle_units(net, n_idle)
    return HelmholtzMachine.from_parameters(
        net.generative_coefs, net.generative_intercepts, net.recognition_coefs,
        net.recognition_intercepts, **params,
    )  # fmt: skip


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_values_that_no_cause_makes_possible_are_refused(n_idle):
    model = one_cause([0, 10, 20], [0, -60, -60], n_idle, n_importance_samples=50)
    for given, column, value in (([1, 1, NAN], 1, 1), ([1, 0, 1], 2, 1), ([NAN, 0.8, 0], 1, 0.8)):
        message = rf"impossible that column {column} is {value}, as given says"
        with pytest.raises(ValueError, match=message):
            model.sample(2, given=given)
    assert_array_equal(model.sample(3, given=[NAN, 0, 0])[:, 1:], 0)


def test_a_value_that_one_cause_makes_possible_is_not_refused():
    model = one_cause([0, 100, -100], [0, -50, 50])
    assert_array_equal(model.sample(20, given=[NAN, 1, NAN], random_state=0)[:, 1:], [[1, 0]] * 20)
    assert_array_equal(model.sample(20, given=[NAN, NAN, 1], random_state=0)[:, 1:], [[0, 1]] * 20)


def test_a_value_loses_nothing_where_a_cause_makes_it_the_mean():
    machine = one_cause([2, 0, -2, 0], [-1, 0, 1, 0])._machine
    x = np.array([0.3, 0.5, 0.7, NAN])
    assert_allclose(log_best(machine, x), 0, atol=1e-12)
    lost = log_best(machine, np.array([0.1, 1, 0, NAN]))
    fraction = 0.1 * (-1 - np.log(0.1)) + 0.9 * (-np.log(0.9)) - np.log1p(np.exp(-1))
    assert_allclose(lost, [fraction, -np.log(2), -np.log1p(np.exp(-1)), 0], atol=1e-12)


def test_a_message_names_the_feature():
    X = pd.DataFrame({"wet": [0.0, 1, 1, 0], "dry": [0.0] * 4})
    model = HelmholtzMachine(2, max_iter=1, random_state=0).fit(X)
    intercept = model._machine.visible.map.intercept
    intercept.flags.writeable = True
    intercept[1] = -80
    with pytest.raises(ValueError, match=r"column 1 \('dry'\) is 1, as given says"):
        model.sample(2, given=[NAN, 1])
    with pytest.raises(ValueError, match=r"given holds the value 3 in column 0 \('wet'\), but"):
        model.sample(2, given=[3, 0])


@pytest.mark.parametrize("form", [list, np.array, pd.Series, lambda x: x.astype("Int64")])
def test_a_machine_that_knows_names_takes_a_row_without_a_warning(form):
    X = pd.DataFrame(cases.make_rows(4, "binary", 20), columns=list("abcd"))
    model = HelmholtzMachine(2, max_iter=1, random_state=0).fit(X)
    given = form(pd.Series([1, NAN, 0, NAN], index=X.columns))
    assert_array_equal(model.sample(2, given=given)[:, [0, 2]], [[1, 0]] * 2)


@pytest.mark.parametrize("n_idle", [0, N_IDLE])
def test_combinations_that_are_nearly_impossible_cause_a_warning_that_points_here(n_idle):
    model = one_cause([60, 60, 0], [-30, -30, 0], n_idle, n_importance_samples=200)
    with pytest.warns(UserWarning, match="nearly impossible together") as caught:
        model.sample(2, given=[1, 0, NAN], random_state=0)
    assert caught[0].filename == __file__
    model.sample(2, given=[1, 1, NAN], random_state=0)
    model.sample(2, given=[1, NAN, 1], random_state=0)


def test_rare_but_consistent_evidence_causes_no_warning():
    """Improbable values are fine where the features alone explain them: they are only rare."""
    model = one_cause([0] * 40, [-4] * 40)
    assert model.score(np.ones((1, 40))) < -150
    assert_array_equal(model.sample(2, given=np.ones(40), random_state=0), np.ones((2, 40)))


def test_a_row_of_many_training_values_causes_no_warning():
    """Few rows make means of zero and one, which are surer of the row than any smooth model."""
    X = cases.make_rows(1000, "binary", 3)
    model = HelmholtzMachine(20, max_iter=2, random_state=0).fit(X)
    assert model.sample(2, given=X[0]).shape == (2, 1000)


def test_gaussian_values_far_from_any_mean_are_refused():
    model, _ = small_machine((4, 3), "gaussian", scale=1.0)
    with pytest.raises(ValueError, match=r"column 2 is 1000, as given says.*most probable value"):
        model.sample(2, given=[NAN, NAN, 1000, NAN])
    with pytest.raises(ValueError, match=r"column 0 is 1e\+300, as given says"):
        model.sample(2, given=[1e300, NAN, NAN, NAN])
    edge = model._machine.visible.map
    highest = edge.intercept + np.maximum(edge.weights, 0).sum(axis=0)
    spread = np.sqrt(model.noise_variance_)
    scale = model._model.encoding.scaling.scale
    near, far = (highest * scale + c * spread for c in (7.0, 8.0))  # exp(-27.6) is 1e-12
    assert model.sample(2, given=[near[0], NAN, NAN, NAN]).shape == (2, 4)
    with pytest.raises(ValueError, match="impossible that column 0"):
        model.sample(2, given=[far[0], NAN, NAN, NAN])
