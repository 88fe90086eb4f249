"""Deep belief nets as estimators: training, scores, answers, and what they refuse."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from scipy.special import expit, logsumexp
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklearn_helmholtz import (
    DeepBeliefNet,
    HeldOutLikelihood,
    HelmholtzMachine,
    RestrictedBoltzmannMachine,
)
from sklearn_helmholtz.learning import LiftedLearning
from tests import deep_belief_nets as nets
from tests.shells import binary_rows, real_rows

FEW = {"pretrain_max_iter": 3, "max_iter": 3, "n_chains": 20, "batch_size": 20, "random_state": 0}
X = binary_rows(150, 6)
ARRAYS = nets.random_arrays((4, 3, 3, 2))
ROWS = nets.states(4)


def few(sizes=(4, 3), **params):
    return DeepBeliefNet(sizes, **{**FEW, **params})


def frame_of(levels):
    """A table of zeros and ones and a column of categories."""
    codes = np.random.default_rng(0).integers(0, len(levels), 150)
    bits = X[:, 0].astype(np.float64)
    return pd.DataFrame({"bit": bits, "level": pd.Categorical([levels[code] for code in codes])})


def of_arrays(arrays=ARRAYS, **params):
    return DeepBeliefNet.from_parameters(
        arrays.coefs, arrays.intercepts, arrays.up, arrays.up_intercepts, **params
    )


def truth(arrays, rows):
    return np.array([nets.log_probability(arrays, row) for row in rows])


def test_a_net_of_given_parameters_scores_as_enumeration_and_shows_them():
    net = of_arrays()
    assert_allclose(net.score_samples(ROWS), truth(ARRAYS, ROWS), atol=1e-6)
    assert net.log_partition_.value == pytest.approx(nets.log_partition(ARRAYS), abs=1e-6)
    assert net.hidden_layer_sizes == (3, 3, 2)
    for name, arrays in (
        ("generative_coefs_", ARRAYS.coefs), ("generative_intercepts_", ARRAYS.intercepts),
        ("recognition_coefs_", ARRAYS.up), ("recognition_intercepts_", ARRAYS.up_intercepts),
    ):  # fmt: skip
        for found, given in zip(getattr(net, name), arrays, strict=True):
            assert_array_equal(found, given)
    assert_allclose(
        net.free_energy(ROWS), [nets.free_energy(ARRAYS, row) for row in ROWS], atol=1e-5
    )
    assert (net.kl_gap(ROWS) > 0).all()


def test_a_machine_under_its_own_transpose_scores_as_the_machine():
    machine = RestrictedBoltzmannMachine(5, n_iter=20, random_state=0).fit(X)
    W, b, c = machine.components_, machine.intercept_visible_, machine.intercept_hidden_
    net = DeepBeliefNet.from_parameters([W, W.T], [b, c, b], [W.T], [c])
    assert_allclose(net.score_samples(X), machine.score_samples(X), atol=1e-5)
    assert_allclose(net.kl_gap(X), 0, atol=1e-5)


def test_pretraining_is_the_training_of_boltzmann_machines():
    net = few(fine_tune=None, centred=False).fit(X)
    machine = RestrictedBoltzmannMachine(
        4, n_iter=3, n_chains=20, batch_size=20, centred=False, random_state=0
    ).fit(X)
    assert_array_equal(net.generative_coefs_[0], machine.components_)
    assert_array_equal(net.recognition_coefs_[0], machine.components_.T)
    assert_array_equal(net.generative_intercepts_[0], machine.intercept_visible_)
    assert_array_equal(net.recognition_intercepts_[0], machine.intercept_hidden_)
    assert_allclose(net.pretraining_curves_[0], machine.loss_curve_)
    assert [len(curve) for curve in net.pretraining_curves_] == [3, 3]
    assert (net.n_iter_, net.loss_curve_) == (0, [])


def test_a_second_layer_as_wide_as_the_data_begins_at_the_likelihood_of_the_first():
    machine = RestrictedBoltzmannMachine(
        4, n_iter=30, n_chains=20, batch_size=20, random_state=0
    ).fit(X)
    slow = {"pretrain_learning_rate": 0.1, "fine_tune": None}
    net = few((4, 6), **{**slow, "pretrain_max_iter": 30})
    found = _stopped_after_first_layer(net).fit(X)
    assert_allclose(found.score_samples(X), machine.score_samples(X), atol=1e-5)


def _stopped_after_first_layer(net):
    """The net, whose second layer gets no steps: it stays as it begins."""

    class Stopped(DeepBeliefNet):
        def _pretrain(self, *args):
            import sklearn_helmholtz.estimators.greedy as greedy

            learn = greedy._learn

            def first_only(machine, rule, *others):
                if isinstance(rule, LiftedLearning):
                    return machine
                return learn(machine, rule, *others)

            greedy._learn = first_only
            try:
                return super()._pretrain(*args)
            finally:
                greedy._learn = learn

    return Stopped(**net.get_params())


def test_chains_and_random_numbers_go_on_from_layer_to_layer_and_to_fine_tuning():
    past = few().fit(X)._history.past
    assert past.step_number == 3 * 3 * 8  # epochs of eight steps: two layers, and all together
    assert past.carry_over.n_steps == 2 * 3 * 8  # of the topmost machine, and of the net
    assert past.carry_over.hidden.shape == (20, 3)
    assert few(fine_tune="up-down").fit(X)._history.past.carry_over.hidden is None


def planted(n_rows):
    """Rows of two causes that go together, each of which drives half of eight features."""
    rng = np.random.default_rng(0)
    shared = rng.random((n_rows, 1)) < 0.5
    causes = rng.random((n_rows, 2)) < np.where(shared, 0.9, 0.1)
    return (rng.random((n_rows, 8)) < np.where(np.repeat(causes, 4, axis=1), 0.9, 0.1)) * 1.0


@pytest.mark.parametrize("fine_tune", ["reweighted", "up-down"])
def test_fine_tuning_learns_what_is_planted(fine_tune):
    rows = planted(600)
    net = DeepBeliefNet(
        (4, 3), fine_tune=fine_tune, pretrain=False, batch_size=50, max_iter=120, n_chains=50,
        top_learning_rate_init=0.1, learning_rate_init=0.02, random_state=0,
    ).fit(rows[:400])  # fmt: skip
    # Independent features have 5.5 nats a row, the planted distribution about 4.
    assert net.score(rows[400:]) > -4.45
    # What steps and held-out rows were said to have is about right.
    assert net.loss_curve_[-1] == pytest.approx(-net.score(rows[:400]), abs=0.6)


def test_held_out_scores_are_about_exact_ones():
    net = few(max_iter=8, early_stopping=True).fit(X, X_val=X[:50])
    assert max(net.validation_scores_) == net.best_validation_score_
    assert net.best_validation_score_ == pytest.approx(net.score(X[:50]), abs=0.05)


def test_scores_where_log_z_is_annealed_have_both_errors():
    arrays = nets.random_arrays((4, 22, 21), 0.3, 1)
    net = of_arrays(arrays, n_temperatures=200, n_annealing_chains=50)
    result = net.log_likelihood(ROWS)
    assert (result.bound, result.method) == ("none", "importance")
    assert result.common_error == net.log_partition_.standard_error > 0
    assert result.common_error < result.monte_carlo_error
    assert "error of log Z" in str(result)
    bounds = net.log_likelihood_bounds(ROWS)
    assert bounds.lower <= result.mean + 1e-12
    assert np.isinf(bounds.upper)
    assert str(bounds).startswith("BoundsResult: at least -")
    assert "gap" not in str(bounds)
    exact = net._model.partition(2, 1, 1, "exact").value
    shift = net.log_partition_.value - exact
    assert abs(shift) < 3 * result.common_error + 1e-3
    small = of_arrays()
    exact = small.log_likelihood_bounds(ROWS)
    assert (exact.gap, exact.method) == (0, "exact")
    assert_allclose(exact.lower_per_sample, small.score_samples(ROWS))
    assert small.log_likelihood(ROWS).common_error == 0


def test_gaussian_features_have_their_density():
    arrays = nets.random_arrays((2, 3, 2), 1.0, 4)
    variance = np.array([0.5, 2.0])
    net = of_arrays(arrays, noise_variance=variance)
    assert net.visible_ == "gaussian"
    x = np.array([[0.3, -1.2], [2.0, np.nan]])
    states = nets.states(3)
    prior = nets.log_summed(arrays, np.full(2, np.nan), [states]) - nets.log_partition(arrays)
    means = states @ arrays.coefs[0] + arrays.intercepts[0]
    for row, found in zip(x, net.score_samples(x), strict=True):
        terms = -0.5 * (row - means) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance)
        assert found == pytest.approx(logsumexp(prior + np.nansum(terms, axis=1)), abs=1e-5)
    assert_array_equal(net.noise_variance_, variance.astype(np.float32))


def test_real_features_are_learnt_in_the_units_of_the_user():
    rows = real_rows(200)
    net, moved = few().fit(rows), few().fit(1000 + 8 * rows)
    assert_allclose(net.score(rows) - 4 * np.log(8), moved.score(1000 + 8 * rows), atol=2e-2)
    assert_allclose(8 * net.generative_coefs_[0], moved.generative_coefs_[0], atol=0.05)
    assert net.sample(5, random_state=0).dtype == np.float32
    assert np.isfinite(net.impute(np.where(rows > 8, np.nan, rows))).all()


def test_features_are_probabilities_of_recognition_and_of_the_exact_top():
    net = of_arrays(transform_layer="all")
    first = expit(ROWS @ ARRAYS.up[0] + ARRAYS.up_intercepts[0])
    second = expit(first @ ARRAYS.up[1] + ARRAYS.up_intercepts[1])
    third = nets.top_given(ARRAYS, second)
    assert_allclose(net.transform(ROWS), np.hstack([first, second, third]), atol=1e-6)
    assert net.get_feature_names_out()[-1] == "layer3_1"
    assert_allclose(of_arrays().transform(ROWS), third, atol=1e-6)
    down = expit(third @ ARRAYS.coefs[2] + ARRAYS.intercepts[2])
    for layer in (1, 0):
        down = expit(down @ ARRAYS.coefs[layer] + ARRAYS.intercepts[layer])
    assert_allclose(of_arrays().inverse_transform(third), down, atol=1e-6)
    with pytest.raises(ValueError, match="transform_layer"):
        of_arrays(transform_layer=4)


def test_log_joint_takes_all_layers():
    hidden, net = nets.all_hidden(ARRAYS), of_arrays()
    rows = np.repeat(ROWS[[5]], len(hidden[0]), axis=0)
    found = net.log_joint(rows, hidden)
    assert logsumexp(found) == pytest.approx(net.score_samples(ROWS[[5]])[0], abs=1e-6)


def test_top_features_of_the_topmost_layer_come_down_by_all_others():
    net = of_arrays()
    for layer, sizes in enumerate((3, 3, 2), 1):
        assert net.top_features(n=2, layer=layer).weights.shape == (sizes, 2)
    assert_allclose(
        np.sort(np.abs(net.top_features(n=4).weights)), np.sort(np.abs(ARRAYS.coefs[0])), atol=1e-6
    )


def test_draws_repeat_and_hold_what_is_given():
    net = few((22, 21, 23)).fit(X)
    drawn, hidden = net.sample(130, random_state=3, return_latents=True)
    assert (drawn.shape, drawn.dtype) == ((130, 6), np.uint8)
    assert [layer.shape[1] for layer in hidden] == [22, 21, 23]
    assert_array_equal(drawn, net.sample(130, random_state=3))
    given = net.sample(20, given=[1, np.nan, 0, np.nan, np.nan, np.nan], random_state=0)
    assert_array_equal(given[:, [0, 2]], np.tile([1, 0], (20, 1)))
    rates = drawn.mean(axis=0)
    assert_allclose(rates, X.mean(axis=0), atol=0.2)


@pytest.mark.parametrize("fine_tune", ["reweighted", "up-down", None])
def test_gaps_and_sparse_rows_are_learnt(fine_tune):
    gaps = np.where(np.random.default_rng(1).random(X.shape) < 0.2, np.nan, X)
    net = few(fine_tune=fine_tune).fit(gaps)
    assert np.isfinite(net.score(gaps))
    assert net.score_samples(np.full((1, 6), np.nan)) == [0]
    sparse = few(fine_tune=fine_tune).fit(csr_matrix(X))
    dense = few(fine_tune=fine_tune).fit(X)
    assert_allclose(sparse.score_samples(csr_matrix(X)), sparse.score_samples(X), atol=1e-5)
    assert abs(sparse.score(X) - dense.score(X)) < 0.3


def test_weights_of_zero_leave_rows_out_and_equal_ones_change_nothing():
    weights = np.where(np.arange(150) % 3 == 0, 0.0, 2.0)
    net, same = few().fit(X, sample_weight=weights), few().fit(X[weights > 0])
    assert_allclose(net.generative_coefs_[-1], same.generative_coefs_[-1], atol=1e-5)
    other = few().fit(X, sample_weight=np.arange(150.0))
    assert np.abs(other.generative_coefs_[0] - few().fit(X).generative_coefs_[0]).max() > 1e-4


def test_columns_of_two_levels_are_learnt_as_zeros_and_ones():
    frame = frame_of("ab")
    found = few().fit(frame).transform(frame)
    bits = np.column_stack([frame["bit"], frame["level"] == "b"])
    assert_array_equal(found, few().fit(bits).transform(bits))


def test_threads_do_not_change_a_bit():
    sizes = {"batch_size": 150, "n_particles": 40}
    nets_ = [few((30, 30), n_jobs=n, **sizes).fit(X) for n in (1, 3)]
    for one, other in zip(*(net.generative_coefs_ for net in nets_), strict=True):
        assert_array_equal(one, other)


def test_training_goes_on():
    whole = few(warm_start=True).fit(X)
    before = [coefs.copy() for coefs in whole.generative_coefs_]
    curves = whole.pretraining_curves_
    whole.fit(X)
    assert whole.n_iter_ == 6
    assert whole.pretraining_curves_ == curves
    assert np.abs(whole.generative_coefs_[0] - before[0]).max() < 0.3
    part = few().partial_fit(X)
    assert (part.n_iter_, part.pretraining_curves_) == (1, [])
    part.partial_fit(X)
    assert part.n_iter_ == 2
    assert np.isfinite(part.score(X))


def test_monitors_see_fine_tuning_and_lines_tell_of_all(capsys):
    monitor, net = HeldOutLikelihood(), few(verbose=1)
    net.fit(X, X_val=X[:20], monitor=monitor)
    assert [look.epoch for look in monitor.history] == [1, 2, 3]
    lines = capsys.readouterr().out
    for text in ("hidden layer 1 of 2", "hidden layer 2 of 2", "Epoch 3/3"):
        assert text in lines


def test_an_interrupt_keeps_the_layers_that_were_learnt(monkeypatch):
    gradient = LiftedLearning.gradient
    monkeypatch.setattr(
        LiftedLearning, "gradient",
        lambda *args: _or_interrupt(gradient, *args),
    )  # fmt: skip
    net = few((4, 3, 2))
    with pytest.raises(KeyboardInterrupt):
        net.fit(X)
    assert [len(curve) for curve in net.pretraining_curves_] == [3, 0, 0]
    assert net.n_iter_ == 0
    assert np.isfinite(net.score(X))


def _or_interrupt(gradient, self, machine, x, wake, *more):
    if wake.addresses[0] >> np.uint64(32) > 28:  # the 24 steps of the first layer are over
        raise KeyboardInterrupt
    return gradient(self, machine, x, wake, *more)


def test_divergence_is_told():
    with pytest.warns(UserWarning, match="pretrain_learning_rate"):
        net = few(pretrain_learning_rate=1e6).fit(X)
    assert np.isfinite(net.score(X))


def test_pickles_answer_the_same():
    net = few().fit(X)
    other = pickle.loads(pickle.dumps(net))
    assert_array_equal(net.score_samples(X), other.score_samples(X))
    assert clone(net).get_params() == net.get_params()
    assert "DeepBeliefNet" in net._repr_html_()


# Perceptrons that begin with its weights.


def perceptron(kind=MLPClassifier, **params):
    settings = {"activation": "logistic", "warm_start": True, "random_state": 0, "max_iter": 1}
    return kind(**{"hidden_layer_sizes": (4, 3), **settings, **params})


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    "params", [{}, {"solver": "sgd"}, {"early_stopping": True}, {"kind": MLPRegressor}]
)
def test_a_perceptron_goes_on_from_the_weights(params):
    net, y = few().fit(X), np.arange(150) % 3
    mlp = net.to_mlp(perceptron(learning_rate_init=1e-7, **params), y).fit(X, y)
    wanted = [*net.recognition_coefs_, net.generative_coefs_[-1].T]
    for layer, weights in enumerate(wanted):
        assert_allclose(mlp.coefs_[layer], weights, atol=1e-5)
        assert np.abs(weights).max() > 1e-3
    assert_allclose(mlp.intercepts_[1], net.generative_intercepts_[-1], atol=1e-5)
    # Its hidden layers are the features of the net.
    hidden = X
    for weights, intercept in zip(mlp.coefs_[:-1], mlp.intercepts_[:-1], strict=True):
        hidden = expit(hidden @ weights + intercept)
    assert_allclose(hidden, net.transform(X), atol=1e-4)
    assert mlp.n_iter_ == 1
    assert len(mlp.loss_curve_) == 1


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_output_layer_of_a_perceptron_is_that_of_one_without_pretraining():
    net, y = few().fit(X), np.arange(150) % 3
    settings = {"learning_rate_init": 1e-9}
    mlp = net.to_mlp(perceptron(**settings), y).fit(X, y)
    fresh = perceptron(**settings).fit(X, y)
    assert_allclose(mlp.coefs_[-1], fresh.coefs_[-1], atol=1e-7)
    assert_array_equal(mlp.classes_, fresh.classes_)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"activation": "relu"}, "activation='logistic'"),
        ({"warm_start": False}, "warm_start=True"),
        ({"hidden_layer_sizes": (4, 2)}, r"hidden_layer_sizes=\(4, 3\)"),
    ],
)
def test_perceptrons_of_other_settings_are_refused(params, message):
    net = few().fit(X)
    mlp = perceptron().set_params(**params)
    with pytest.raises(ValueError, match=message):
        net.to_mlp(mlp, [0, 1])
    assert not hasattr(mlp, "coefs_")


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_what_is_no_new_perceptron_is_refused():
    net, y = few().fit(X), np.arange(150) % 2
    with pytest.raises(ValueError, match="has weights already"):
        net.to_mlp(perceptron().fit(X, y), y)
    with pytest.raises(TypeError, match="MLPClassifier"):
        net.to_mlp(HelmholtzMachine(), y)


# What is refused.


@pytest.mark.parametrize("sizes", [3, (3,), [3]])
def test_a_single_layer_is_refused_by_name(sizes):
    with pytest.raises(ValueError, match="RestrictedBoltzmannMachine"):
        DeepBeliefNet(sizes).fit(X)


def test_a_single_layer_of_arrays_is_refused_by_name():
    with pytest.raises(ValueError, match="RestrictedBoltzmannMachine"):
        DeepBeliefNet.from_parameters([[[1.0]]], [[0.0], [0.0]], [], [])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: few(fine_tune=None, early_stopping=True).fit(X), "fine_tune is None"),
        (lambda: few(fine_tune=None).partial_fit(X), "partial_fit goes on with fine-tuning"),
        (lambda: few(fine_tune=None, warm_start=True).fit(X).fit(X), "warm_start=True goes on"),
        (lambda: few(visible="poisson").fit(X), "visible"),
        (lambda: few(warm_start=True).fit(X).set_params(hidden_layer_sizes=(4, 2)).fit(X), "sizes"),
        (lambda: of_arrays().log_likelihood(ROWS, method="annealed"), "method must be one of"),
        (lambda: of_arrays().posterior(ROWS, method="gibbs"), "method must be one of"),
        (lambda: of_arrays(hidden_layer_sizes=(3, 2)), "hidden_layer_sizes"),
        (lambda: DeepBeliefNet.from_parameters([[[1.0]], [[1.0]]], [[0.0]] * 3, [], []), "shapes"),
        (lambda: few().fit(frame_of("abc")), "Column 1 .'level'. of X is categorical, but a deep"),
        (lambda: few((22, 3)).fit(X).aic(X), "exact probabilities"),
        (lambda: few((22, 3)).fit(X).log_likelihood(X, method="exact"), "method='exact'"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_with_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
