"""DeepBoltzmannMachine: what it learns, what it answers, and what it refuses."""

import itertools

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_helmholtz import DeepBoltzmannMachine, RestrictedBoltzmannMachine
from sklearn_helmholtz.estimators import deep_boltzmann_machine as shell
from sklearn_helmholtz.estimators.deep_pretraining import pretrained
from sklearn_helmholtz.likelihood import partition_of, score_undirected
from sklearn_helmholtz.machines import initialise_deep_boltzmann
from tests import cases
from tests.boltzmann_machines import states
from tests.deep_boltzmann_machines import (
    SIZES,
    gappy_rows,
    layers_of,
    make_deep,
    table_of,
)

FEW = {"n_iter": 3, "random_state": 0}


def rows_of(n_rows=300, n_features=6, noise=0.1, seed=0):
    """Two kinds of rows of opposite pixels, with noise."""
    rng = np.random.default_rng(seed)
    kinds = rng.random((n_rows, 1)) < 0.4
    return (kinds ^ (rng.random((n_rows, n_features)) < noise)).astype(np.uint8)


def given(sizes=SIZES[0], scale=1.0, **params):
    """An estimator of random parameters, and these as `Layers`."""
    layers = make_deep(sizes, scale)[1]
    return DeepBoltzmannMachine.from_parameters(layers.weights, layers.biases, **params), layers


@pytest.fixture(scope="module")
def learnt():
    machine = DeepBoltzmannMachine((4, 3), learning_rate=0.2, n_iter=60, random_state=0)
    return machine.fit(rows_of())


# Learning.


@pytest.mark.parametrize(
    "params",
    [{}, {"pretrain": False, "n_iter": 150}, {"positive_phase": "gibbs", "centred": False}],
)
def test_it_learns_the_distribution_of_its_rows(params):
    X = rows_of(600)
    params = {"n_iter": 60, "learning_rate": 0.2, "alpha": 0, **params}
    found = DeepBoltzmannMachine((4, 3), random_state=0, **params).fit(X)
    n_on = states(6).sum(axis=1)
    truth = 0.6 * 0.1**n_on * 0.9 ** (6 - n_on) + 0.4 * 0.9**n_on * 0.1 ** (6 - n_on)
    p = np.exp(found.score_samples(states(6)))
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert (truth * np.log(truth / p)).sum() < 0.06
    assert found.loss_curve_[-1] == pytest.approx(found.free_energy(X).mean(), abs=0.05)


def test_pretraining_uses_upper_layers_where_nothing_else_does():
    X = rows_of(400)
    sizes = [
        np.abs(
            DeepBoltzmannMachine((4, 6), pretrain=p, **FEW | {"n_iter": 20, "learning_rate": 0.1})
            .fit(X)
            .coefs_[1]
        )
        for p in (True, False)
    ]
    assert sizes[0].mean() > 5 * sizes[1].mean()


def learn_nothing(machine, rule, rows, seed):
    return machine


def make_rule(kind, **more):
    return kind(**more)


def test_a_doubled_start_is_the_first_machine_with_its_second_copy_unseen():
    """p(v) of the deep one is that of two tied copies of which one is missing."""
    rng, first = np.random.default_rng(0), []

    def learn(machine, rule, rows, seed):
        half = rng.normal(size=(5, 4)).astype(np.float32)
        machine.weights[...] = np.concatenate([half, half])
        machine.hidden_intercept[...] = rng.normal(size=4)
        machine.visible_intercept[...] = np.tile(rng.normal(size=5), 2)
        first.append(machine)
        return machine

    start = initialise_deep_boltzmann((5, 4, 5), np.zeros(5), np.random.default_rng(1))
    found = pretrained(start, table_of(states(5)), cases.SEED, learn, make_rule)
    (machine,) = first
    both = np.concatenate([states(5), np.full((32, 5), np.nan)], axis=1)
    expected, _ = score_undirected(machine, table_of(both), partition_of(machine), cases.SEED)
    layers = layers_of(found)
    assert_allclose(layers.log_probabilities(states(5)), expected.per_sample, atol=1e-5)
    assert_array_equal(layers.weights[1], layers.weights[0].T)


def test_pretrained_layers_come_together_as_halves():
    """Machines by stage: rows twice, weights halved in between, and top units twice."""
    stages = []

    def learn(machine, rule, rows, seed):
        rng = np.random.default_rng(len(stages))
        weights = rng.normal(size=machine.n_units)
        if len(stages) == 0:
            weights[5:] = weights[:5]
            assert_array_equal(rows.data[:, :5], rows.data[:, 5:])
        if len(stages) == 2:
            weights[:, 2:] = weights[:, :2]
        assert rows.data.shape == (32, (10, 4, 3)[len(stages)])
        machine.weights[...] = weights
        machine.hidden_intercept[...] = len(stages) + 1
        machine.visible_intercept[...] = 10 * (len(stages) + 1)
        stages.append((machine, rule, seed))
        return machine

    start = initialise_deep_boltzmann((5, 4, 3, 2), np.zeros(5), np.random.default_rng(1))
    found = pretrained(start, table_of(states(5)), cases.SEED, learn, make_rule)
    machines, rules, seeds = zip(*stages, strict=True)
    assert [type(rule).__name__ for rule in rules] == [
        "TiedLearning", "PersistentLearning", "TiedLearning",
    ]  # fmt: skip
    assert (rules[0].axis, rules[2].axis) == (0, 1)
    assert len(set(seeds)) == 3
    layers = layers_of(found)
    assert_array_equal(layers.weights[0], machines[0].weights[:5])
    assert_array_equal(layers.weights[1], machines[1].weights / np.float32(2))
    assert_array_equal(layers.weights[2], machines[2].weights[:, :2])
    assert [bias[0] for bias in layers.biases] == [10, (1 + 20) / 2, (2 + 30) / 2, 3]


def test_tied_copies_stay_alike_through_training(monkeypatch):
    kept = []

    def spy(machine, rows, seed, learn, make_rule):
        def watched(*args):
            kept.append(learn(*args))
            return kept[-1]

        return pretrained(machine, rows, seed, watched, make_rule)

    monkeypatch.setattr(shell, "pretrained", spy)
    X = np.where(np.random.default_rng(0).random((150, 6)) < 0.1, np.nan, rows_of(150))
    DeepBoltzmannMachine((4, 3), **FEW).fit(X)
    below, top = kept
    assert_array_equal(below.weights[:6], below.weights[6:])
    assert_array_equal(below.visible_intercept[:6], below.visible_intercept[6:])
    assert_array_equal(top.weights[:, :3], top.weights[:, 3:])
    assert_array_equal(top.hidden_intercept[:3], top.hidden_intercept[3:])
    assert np.abs(below.weights).max() > 0.02


@pytest.mark.parametrize("params", [{}, {"positive_phase": "gibbs"}, {"centred": False}])
@pytest.mark.parametrize("sizes", [(4, 3), (4, 3, 2)])
def test_bits_do_not_depend_on_threads(sizes, params):
    fits = [
        DeepBoltzmannMachine(sizes, n_jobs=n, batch_size=300, **FEW, **params).fit(rows_of(600))
        for n in (1, 2)
    ]
    for one, other in zip(*(fit.coefs_ + fit.intercepts_ for fit in fits), strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("phase", ["mean-field", "gibbs"])
def test_partial_fit_goes_on_and_has_no_table_to_pretrain_on(phase):
    X = rows_of(200)
    one = DeepBoltzmannMachine((4, 3), positive_phase=phase, **FEW).partial_fit(X)
    other = DeepBoltzmannMachine((4, 3), positive_phase=phase, pretrain=False, **FEW)
    other.partial_fit(X)
    assert_array_equal(one.coefs_[0], other.coefs_[0])
    assert one.partial_fit(X).n_iter_ == 2
    assert np.abs(one.coefs_[0] - other.coefs_[0]).max() > 0


def test_warm_starts_go_on_without_pretraining(monkeypatch):
    machine = DeepBoltzmannMachine((4, 3), warm_start=True, **FEW).fit(rows_of())
    before = machine.coefs_[0]
    monkeypatch.setattr(shell, "pretrained", None)  # nobody calls it
    machine.fit(rows_of())
    assert machine.n_iter_ == 6
    assert np.abs(machine.coefs_[0] - before).max() < 0.5
    with pytest.raises(ValueError, match=r"hidden_layer_sizes is \(4, 2\), but the fitted"):
        machine.set_params(hidden_layer_sizes=(4, 2)).fit(rows_of())


@pytest.mark.parametrize("phase", ["mean-field", "gibbs"])
def test_early_stopping_keeps_the_best_bound(phase):
    machine = DeepBoltzmannMachine(
        (4, 3), early_stopping=True, positive_phase=phase, n_iter=8, random_state=0
    ).fit(rows_of())
    scores = machine.validation_scores_
    assert machine.best_validation_score_ == max(scores)
    X_val = rows_of(200, seed=1)
    other = DeepBoltzmannMachine((4, 3), **FEW).fit(rows_of(), X_val=X_val)
    expected = other.mean_field_bound(X_val).mean()  # log Z of few units is exact
    assert other.validation_scores_[-1] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("phase", ["mean-field", "gibbs"])
def test_gaps_and_weights_teach(phase):
    X = rows_of(400).astype(float)
    X[np.random.default_rng(0).random(X.shape) < 0.3] = np.nan
    params = {"n_iter": 30, "learning_rate": 0.2, "positive_phase": phase, "random_state": 0}
    machine = DeepBoltzmannMachine((4, 3), **params)
    assert machine.fit(X).score(rows_of(400, seed=1)) > -3.2
    sparse = clone(machine).fit(scipy.sparse.csr_matrix(X))
    assert_allclose(sparse.coefs_[0], machine.coefs_[0], atol=0.05)
    weights = np.where(rows_of(400)[:, 0] == 1, 0.0, 1.0)
    weighted = clone(machine).fit(X, sample_weight=weights)
    left_out = clone(machine).fit(X[weights > 0])
    assert_array_equal(weighted.coefs_[0], left_out.coefs_[0])


def test_monitors_see_the_deep_machine_alone():
    X, seen = rows_of(100), []
    DeepBoltzmannMachine((4, 3), **FEW).fit(
        X, X_val=X[:20], monitor=lambda machine, epoch, rows: seen.append((epoch, len(rows)))
    )
    assert seen == [(1, 20), (2, 20), (3, 20)]


def test_an_interrupt_of_pretraining_leaves_nothing(monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(shell, "train", interrupt)
    machine = DeepBoltzmannMachine((4, 3), **FEW)
    with pytest.raises(KeyboardInterrupt):
        machine.fit(rows_of(100))
    assert not hasattr(machine, "coefs_")


def test_restricted_machines_learn_in_few_steps(monkeypatch):
    """2,500 steps, but never more epochs than the deep machine."""
    plans = []
    learn = shell.train

    def spy(training, rows, plan, monitor):
        plans.append(plan.max_iter)
        return learn(training, rows, plan, monitor)

    monkeypatch.setattr(shell, "train", spy)
    monkeypatch.setattr(shell, "_PRETRAINING_STEPS", 4)
    for n_iter in (1, 3):
        DeepBoltzmannMachine((4, 3), batch_size=50, n_iter=n_iter).fit(rows_of(101))
    assert plans == [1, 1, 1, 1]  # 4 steps are one whole epoch of three
    monkeypatch.setattr(shell, "_PRETRAINING_STEPS", 7)
    DeepBoltzmannMachine((4, 3), batch_size=50, n_iter=3).fit(rows_of(101))
    assert plans[4:] == [2, 2]


def test_divergence_is_told():
    machine = DeepBoltzmannMachine((20, 10), learning_rate=1e4, pretrain=False, **FEW)
    with pytest.warns(UserWarning, match="Training diverged"):
        machine.fit(rows_of())
    assert np.isfinite(machine.score(rows_of(20)))


# Answers.


@pytest.mark.parametrize("sizes", SIZES)
def test_scores_are_exact_where_few_units_are_not_observed(sizes):
    machine, layers = given(sizes)
    rows = gappy_rows(sizes[0])
    truth = layers.log_probabilities(rows)
    assert_allclose(machine.score_samples(rows), truth, atol=2e-6)
    assert machine.score(rows) == pytest.approx(truth.mean(), abs=2e-6)
    assert machine.log_likelihood(rows).method == "exact"
    assert machine.log_partition_.value == pytest.approx(layers.log_partition, rel=1e-6)
    assert (machine.kl_gap(rows) > -1e-5).all()
    assert_allclose(machine.mean_field_bound(rows), -machine.free_energy(rows), atol=1e-6)
    aic = -2 * truth.sum() + 2 * machine.n_parameters_
    assert machine.aic(rows) == pytest.approx(aic, rel=1e-5)


@pytest.mark.parametrize("method", ["importance", "annealed"])
def test_other_methods_agree_within_their_errors(method):
    machine, layers = given(scale=1.5)
    rows = states(5)
    found = machine.log_likelihood(rows, method=method, n_importance_samples=100, random_state=0)
    assert found.method == method
    assert found.bound == "lower"
    error = np.sqrt(found.monte_carlo_error**2)
    assert abs(found.mean - layers.log_probabilities(rows).mean()) < 4 * error
    assert found.reliable


def test_where_nothing_is_enumerated_both_errors_are_told():
    machine, _ = given((22, 21, 22), scale=0.3)
    X = machine.sample(60, random_state=0)
    found = machine.log_likelihood(X)
    assert (found.method, found.bound) == ("importance", "none")
    partition = machine.log_partition_
    assert found.n_temperatures == partition.n_temperatures == 500
    assert found.monte_carlo_error > partition.standard_error > 0
    assert (machine.mean_field_bound(X) <= found.per_sample + 0.5).all()
    assert_allclose(found.free_energy, -machine.mean_field_bound(X) - partition.upper
                    + partition.value, atol=1e-6)  # fmt: skip
    with pytest.raises(ValueError, match=r"not for rows such as 0, of which more than 20 units"):
        machine.log_likelihood(X, method="exact")
    with pytest.raises(ValueError, match=r"44 units in even layers .* and 21 in odd ones"):
        machine.aic(X)


def test_rows_that_are_summed_out_share_the_error_of_log_z():
    machine, _ = given((22, 21, 3), scale=0.3)
    found = machine.log_likelihood(machine.sample(20, random_state=0))
    assert (found.method, found.bound) == ("annealed", "upper")
    assert "100 chains of 500 temperatures for all rows together" in str(found)


def test_a_log_z_that_is_not_known_is_told():
    machine, _ = given((30, 25, 25), scale=3.0, n_temperatures=3)
    X = np.zeros((20, 30))
    with pytest.warns(UserWarning, match="Annealing puts log Z at .* Raise n_temperatures"):
        assert not machine.log_likelihood(X).reliable


def test_bounds_hold_the_truth_of_dreams():
    machine, layers = given(scale=2.0)
    found = machine.log_likelihood_bounds(2000, n_importance_samples=10, random_state=0)
    own = layers.all_states
    p = np.exp(layers.energy(own) - layers.log_partition)
    truth = (p * layers.log_probabilities(own[0])).sum()
    assert found.lower < truth + 0.1
    assert found.upper > truth - 0.1
    assert 0 < found.gap < 0.5


@pytest.mark.parametrize("sizes", SIZES)
def test_draws_have_the_frequencies_of_the_machine(sizes):
    machine, layers = given(sizes)
    X, hidden = machine.sample(20_000, random_state=0, return_latents=True)
    for drawn, mean in zip([X, *hidden], layers.means(np.full(sizes[0], np.nan)), strict=True):
        assert_allclose(drawn.mean(axis=0), mean, atol=0.02)
        assert drawn.dtype == np.uint8
    known = np.full(sizes[0], np.nan)
    known[[0, 2]] = 1, 0
    X, hidden = machine.sample(20_000, given=known, random_state=0, return_latents=True)
    for drawn, mean in zip([X, *hidden], layers.means(known), strict=True):
        assert_allclose(drawn.mean(axis=0), mean, atol=0.02)


def test_draws_of_annealed_chains_agree(monkeypatch):
    from sklearn_helmholtz.models import boltzmann

    monkeypatch.setattr(boltzmann, "MAX_AUTOMATIC_SIDE", 0)
    monkeypatch.setattr(boltzmann, "MAX_GAP_SIDE", 0)
    machine, layers = given(SIZES[1], scale=0.7)
    known = np.array([1, np.nan, np.nan, 0, np.nan])
    whole = machine.sample(1000, random_state=0, return_latents=True)
    some = machine.sample(500, given=known, random_state=0, return_latents=True)
    for (X, hidden), row in ((whole, np.full(5, np.nan)), (some, known)):
        for drawn, mean in zip([X, *hidden], layers.means(row), strict=True):
            assert_allclose(drawn.mean(axis=0), mean, atol=0.09)
    imputed = machine.impute(known[None])
    assert_allclose(imputed[0], layers.means(known)[0], atol=0.05)


@pytest.mark.parametrize("sizes", SIZES)
def test_posteriors_and_imputations_are_exact(sizes):
    machine, layers = given(sizes)
    rows = gappy_rows(sizes[0])[:-1]
    found = machine.posterior(rows, n_samples=400, random_state=0)
    assert found.method == "exact"
    imputed = machine.impute(rows)
    for number, row in enumerate(rows):
        data, *hidden = layers.means(row)
        assert_allclose(imputed[number], np.where(np.isnan(row), data, row), atol=1e-5)
        for layer, mean in enumerate(hidden):
            assert_allclose(found.mean[layer][number], mean, atol=1e-5)
            assert_allclose(found.samples[layer][number].mean(axis=0), mean, atol=0.12)
    drawn = machine.impute(rows, "sample", n_imputations=300, random_state=0)
    assert_allclose(drawn.mean(axis=0), imputed, atol=0.12)
    assert_array_equal(machine.impute(rows, "mode"), imputed >= 0.5)


def test_posteriors_of_mean_field_are_features():
    machine, _ = given((5, 3, 4, 2), transform_layer="all")
    rows = np.concatenate([states(5), gappy_rows(5)])
    found = machine.posterior(rows, method="mean-field", n_samples=500, random_state=0)
    features = machine.transform(rows)
    assert features.shape == (64, 9)
    assert_allclose(np.concatenate(found.mean, axis=1), features, atol=1e-6)
    for mean, samples in zip(found.mean, found.samples, strict=True):
        assert_allclose(samples.mean(axis=1), mean, atol=0.12)
    for layer, columns in ((1, slice(3)), (2, slice(3, 7)), (3, slice(7, 9)), (None, slice(7, 9))):
        machine.set_params(transform_layer=layer)
        assert_array_equal(machine.transform(rows), features[:, columns])
    assert list(machine.get_feature_names_out()) == [
        "deepboltzmannmachine0", "deepboltzmannmachine1",
    ]  # fmt: skip


def test_expected_data_come_down_from_any_layer(learnt):
    X = rows_of(50, noise=0)
    below, top, whole = (
        DeepBoltzmannMachine.from_parameters(
            learnt.coefs_, learnt.intercepts_, transform_layer=layer
        )
        for layer in (1, 2, "all")
    )
    expected = below.inverse_transform(below.transform(X))
    assert np.abs(expected - X).mean() < 0.15
    assert_array_equal(whole.inverse_transform(whole.transform(X)), expected)
    found = top.inverse_transform(top.transform(X))
    assert found.shape == X.shape
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("sizes", SIZES)
def test_joint_probabilities_are_those_of_the_energy(sizes):
    machine, layers = given(sizes)
    own = layers.all_states
    expected = layers.energy(own) - layers.log_partition
    assert_allclose(machine.log_joint(own[0], own[1:]), expected, atol=2e-5)
    gaps = np.where(np.arange(sizes[0]) == 1, np.nan, own[0])
    both = [[*(own[0].T[:1]), np.full(len(own[0]), v), *own[0].T[2:]] for v in (0, 1)]
    pair = [layers.energy([np.array(x).T, *own[1:]]) for x in both]
    summed = np.logaddexp(*pair) - layers.log_partition
    assert_allclose(machine.log_joint(gaps, own[1:]), summed, atol=2e-5)


def test_top_features_follow_the_weights():
    machine, layers = given((5, 3, 2))
    found = machine.top_features(0, 5, layer=1)
    assert_allclose(found.weights, layers.weights[0][found.features, 0], atol=1e-6)
    assert machine.top_features(layer=2).weights.shape == (2, 5)


def test_probabilities_of_a_missing_column_are_exact():
    machine, layers = given()
    rows = gappy_rows(5)[:31]
    found = machine.predict_proba_missing(rows, 0)
    for number, row in enumerate(rows):
        row[0] = np.nan
        assert found[number, 1] == pytest.approx(layers.means(row)[0][0], abs=1e-6)


def test_lists_frames_and_arrays_are_the_same_rows(learnt):
    import pandas as pd

    X = rows_of(40).astype(float)
    X[::7, 1] = np.nan
    score = learnt.score(X)
    assert learnt.score(scipy.sparse.csr_matrix(X)) == pytest.approx(score, abs=1e-6)
    assert learnt.score(pd.DataFrame(X)) == score


# Refusals.


@pytest.mark.parametrize("sizes", [5, (5,), [5]])
def test_one_layer_is_refused_by_name(sizes):
    with pytest.raises(ValueError, match=r"at least two layers, got \(5,\): .*Restricted"):
        DeepBoltzmannMachine(sizes).fit(rows_of(20))
    with pytest.raises(ValueError, match="RestrictedBoltzmannMachine"):
        DeepBoltzmannMachine.from_parameters([np.ones((3, 2))], [np.ones(3), np.ones(2)])


@pytest.mark.parametrize(
    ("coefs", "intercepts", "trouble"),
    [
        ([np.ones((3, 2)), np.ones((3, 2))], [[0] * 3, [0] * 2, [0] * 2], r"\(2, 2\)\] that go"),
        ([np.ones((3, 2)), np.ones((2, 2))], [[0] * 3, [0] * 2], "one array more than coefs"),
        ([np.ones((3, 2)), [[np.nan] * 2] * 2], [[0] * 3, [0] * 2, [0] * 2], r"coefs\[1\] must be"),
        ([np.ones((3, 2)), np.ones((2, 2))], [[0] * 3, [0] * 2, 0], "arrays of one dimension"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(coefs, intercepts, trouble):
    with pytest.raises(ValueError, match=trouble):
        DeepBoltzmannMachine.from_parameters(coefs, intercepts)


def test_given_parameters_must_not_be_contradicted():
    machine, layers = given(n_importance_samples=7)
    assert machine.n_iter_ == 0
    assert machine.hidden_layer_sizes == (4, 3)
    for one, other in itertools.chain(
        zip(machine.coefs_, layers.weights, strict=True),
        zip(machine.intercepts_, layers.biases, strict=True),
    ):
        assert_array_equal(one, other)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(4, 3\), got \(3, 4\)"):
        given(hidden_layer_sizes=(3, 4))
    with pytest.raises(ValueError, match="transform_layer must be at most"):
        given(transform_layer=3)


@pytest.mark.parametrize(
    ("call", "trouble"),
    [
        (lambda m, X: m.fit(X * 3.5), r"values in \[0, 1\]"),
        (lambda m, X: m.set_params(early_stopping=True).partial_fit(X), "early_stopping=False"),
        (lambda m, X: m.fit(X).log_likelihood_bounds(X), "dreams its own rows"),
        (lambda m, X: m.fit(np.full((5, 6), np.nan)), "there is nothing to learn from"),
        (lambda m, X: m.fit(X).posterior(X, method="gibbs"), "method must be one of"),
    ],
)
def test_what_cannot_be_had_is_refused(call, trouble):
    with pytest.raises(ValueError, match=trouble):
        call(DeepBoltzmannMachine((4, 3), **FEW), rows_of(40))


def test_zero_upper_weights_leave_a_restricted_machine():
    layers = make_deep()[1]
    weights = [layers.weights[0], np.zeros((4, 3))]
    machine = DeepBoltzmannMachine.from_parameters(weights, layers.biases)
    other = RestrictedBoltzmannMachine.from_parameters(
        weights[0].T, layers.biases[1], layers.biases[0]
    )
    rows = gappy_rows(5)
    assert_allclose(machine.score_samples(rows), other.score_samples(rows), atol=2e-6)
    assert_allclose(machine.kl_gap(rows[:1]), 0, atol=1e-5)
