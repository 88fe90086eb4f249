"""Training of restricted Boltzmann machines: settings, rows, and what is left of it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_digits

from sklearn_helmholtz import (
    HeldOutLikelihood,
    RestrictedBoltzmannMachine,
    compare_log_likelihood,
    load,
    save,
)
from tests.boltzmann_machines import log_probabilities, make_boltzmann, states
from tests.persistence.fitted import difference

DIGITS = (load_digits().data >= 8).astype(np.uint8)
FEW = {"n_iter": 3, "batch_size": 50, "random_state": 0}


def planted(n_rows=4000, seed=1):
    """A machine of 6 and 3 units, and rows drawn from it."""
    machine = make_boltzmann(6, 3, scale=1.5, seed=seed)
    p = np.exp(log_probabilities(machine))
    numbers = np.random.default_rng(seed).choice(len(p), n_rows, p=p / p.sum())
    return machine, states(6)[numbers]


@pytest.mark.parametrize("negative_phase", ["pcd", "cd", "tempered"])
def test_what_is_planted_is_found(negative_phase):
    machine, X = planted()
    n_steps = 10 if negative_phase == "cd" else 1
    found = RestrictedBoltzmannMachine(
        3,
        n_iter=60,
        learning_rate=0.2,
        alpha=0,
        negative_phase=negative_phase,
        n_steps=n_steps,
        random_state=0,
    ).fit(X)
    truth = log_probabilities(machine)
    own = found.score_samples(states(6))
    assert (np.exp(truth) * (truth - own)).sum() < 0.005  # divergence, nats
    assert found.loss_curve_[-1] == pytest.approx(-found.score(X), abs=0.1)


def test_gaps_in_training_cost_what_they_hide():
    machine, X = planted()
    X[np.random.default_rng(1).random(X.shape) < 0.25] = np.nan
    found = RestrictedBoltzmannMachine(
        3, n_iter=60, learning_rate=0.2, alpha=0, random_state=0
    ).fit(X)
    truth = log_probabilities(machine)
    assert (np.exp(truth) * (truth - found.score_samples(states(6)))).sum() < 0.006
    # Not what comes of filling in means or zeros:
    filled = clone(found).fit(np.nan_to_num(X))
    assert (np.exp(truth) * (truth - filled.score_samples(states(6)))).sum() > 0.1


def test_weights_stand_for_the_population():
    _, X = planted()
    weights = np.where(X[:, 0] == 1, 3.0, 0.5)
    found = RestrictedBoltzmannMachine(3, n_iter=60, learning_rate=0.2, alpha=0, random_state=0)
    found.fit(X, sample_weight=weights)
    share = (weights * X[:, 0]).sum() / weights.sum()
    p = np.exp(found.score_samples(states(6)))
    assert p @ states(6)[:, 0] == pytest.approx(share, abs=0.02)


def test_auto_makes_ten_thousand_steps_within_limits():
    machine = RestrictedBoltzmannMachine()
    assert machine._n_epochs(5_000) == 200
    assert machine._n_epochs(50) == 1000
    assert machine._n_epochs(10**6) == 20


def test_the_automatic_penalty_is_a_prior_of_the_weights():
    machine = RestrictedBoltzmannMachine()
    assert [machine._penalties(n)[0].alpha for n in (4000, 20, None)] == [1 / 4000, 1e-2, 1e-4]
    X = DIGITS[:400]
    by_hand = RestrictedBoltzmannMachine(8, alpha=1 / 400, **FEW).fit(X)
    assert_array_equal(RestrictedBoltzmannMachine(8, **FEW).fit(X).components_, by_hand.components_)


def test_threads_change_no_bit():
    fits = [RestrictedBoltzmannMachine(20, n_jobs=n, **FEW).fit(DIGITS[:300]) for n in (1, 2)]
    assert_array_equal(fits[0].components_, fits[1].components_)
    assert_array_equal(fits[0].h_samples_, fits[1].h_samples_)
    assert fits[0].score(DIGITS[:20]) == fits[1].score(DIGITS[:20])


def test_forms_of_the_same_rows_learn_the_same():
    whole = RestrictedBoltzmannMachine(8, **FEW).fit(DIGITS[:200])
    for form in (DIGITS[:200].astype(bool), DIGITS[:200].astype(np.float64)):
        assert_array_equal(clone(whole).fit(form).components_, whole.components_)
    sparse = clone(whole).fit(csr_matrix(DIGITS[:200]))
    assert_allclose(sparse.components_, whole.components_, atol=0.05)


def test_partial_fit_goes_on_with_the_chains():
    machine = RestrictedBoltzmannMachine(8, n_chains=30, **FEW).fit(DIGITS[:200])
    before = machine.h_samples_
    assert machine.partial_fit(DIGITS[:200]) is machine
    assert before.shape == machine.h_samples_.shape == (30, 8)
    assert (before != machine.h_samples_).any()
    assert machine.n_iter_ == 4


def test_warm_starts_go_on():
    machine = RestrictedBoltzmannMachine(8, warm_start=True, **FEW).fit(DIGITS[:200])
    machine.fit(DIGITS[:200])
    assert machine.n_iter_ == len(machine.loss_curve_) == 6
    with pytest.raises(ValueError, match="n_components is 9"):
        machine.set_params(n_components=9).fit(DIGITS[:200])


def test_early_stopping_keeps_the_best():
    machine = RestrictedBoltzmannMachine(
        30, n_iter=40, early_stopping=True, n_iter_no_change=3, random_state=0, averaging=False
    ).fit(DIGITS[:400])
    scores = machine.validation_scores_
    assert machine.best_validation_score_ == max(scores)
    assert len(scores) == machine.n_iter_
    with pytest.raises(ValueError, match="early_stopping=True needs epochs"):
        machine.partial_fit(DIGITS[:10])


def test_validation_scores_are_log_likelihoods():
    X, X_val = DIGITS[:1000], DIGITS[1000:1300]
    machine = RestrictedBoltzmannMachine(12, n_iter=20, random_state=0).fit(X, X_val=X_val)
    assert machine.validation_scores_[-1] == pytest.approx(machine.score(X_val), abs=0.3)


def test_lines_tell_of_log_likelihoods(capsys):
    RestrictedBoltzmannMachine(4, verbose=1, **FEW).fit(DIGITS[:200], X_val=DIGITS[200:300])
    told = capsys.readouterr().out
    assert "log-likelihood -" in told
    assert "held-out log-likelihood -" in told
    assert "bound" not in told


def test_monitors_see_likelihoods():
    monitor = HeldOutLikelihood(every=2)
    RestrictedBoltzmannMachine(8, **FEW).fit(DIGITS[:200], X_val=DIGITS[200:300], monitor=monitor)
    assert [look.method for look in monitor.history] == ["exact"]


def test_machines_compare():
    a, b = (RestrictedBoltzmannMachine(n, **FEW).fit(DIGITS[:300]) for n in (4, 12))
    result = compare_log_likelihood(a, b, DIGITS[300:400])
    assert result.difference == pytest.approx(a.score(DIGITS[300:400]) - b.score(DIGITS[300:400]))


@pytest.mark.parametrize("params", [{"n_components": 30}, {"n_components": 4, "centred": True},
                                    {"negative_phase": "cd"}, {"negative_phase": "tempered"},
                                    {"averaging": False, "n_components": 30}])  # fmt: skip
def test_files_hold_what_training_goes_on_from(params, tmp_path):
    machine = RestrictedBoltzmannMachine(**{"n_components": 6, **FEW, **params}).fit(DIGITS[:200])
    save(machine, tmp_path / "machine.npz")
    again = load(tmp_path / "machine.npz")
    assert_array_equal(again.score_samples(DIGITS[:5]), machine.score_samples(DIGITS[:5]))
    assert difference(again._history, machine._history) is None
    for each in (machine, again):
        each.partial_fit(DIGITS[:200])
    assert_array_equal(again.components_, machine.components_)


def test_the_coldest_of_tempered_chains_are_shown():
    machine = RestrictedBoltzmannMachine(
        4, negative_phase="tempered", n_chains=7, n_tempered=3, **FEW
    )
    assert machine.fit(DIGITS[:100]).h_samples_.shape == (7, 4)


def test_losses_without_averages_are_those_of_the_machine():
    machine = RestrictedBoltzmannMachine(
        12, n_iter=60, learning_rate=0.2, averaging=False, random_state=0
    ).fit(DIGITS[:1000])
    assert machine.loss_curve_[-1] == pytest.approx(-machine.score(DIGITS[:1000]), abs=0.5)
    large = clone(machine).set_params(n_components=40).fit(DIGITS[:1000])
    assert large.loss_curve_[-1] == pytest.approx(-large.score(DIGITS[:1000]), abs=1.5)


def test_contrastive_divergence_has_no_persistent_chains():
    machine = RestrictedBoltzmannMachine(4, negative_phase="cd", **FEW).fit(DIGITS[:100])
    assert not hasattr(machine, "h_samples_")


def test_values_beyond_what_units_take_are_named():
    machine = RestrictedBoltzmannMachine(4, visible="bernoulli", **FEW)
    with pytest.raises(ValueError, match=r"Column 2 of X holds the value 3\.0"):
        machine.fit([[0, 1, 3.0], [0, 1, 1]])


def test_columns_without_a_value_are_named():
    with pytest.raises(ValueError, match="Every value of column 1 of X is missing"):
        RestrictedBoltzmannMachine(4, **FEW).fit([[0, np.nan], [1, np.nan]])


def test_constant_columns_and_empty_rows_do_no_harm():
    X = DIGITS[:100].astype(float)
    X[5] = np.nan
    machine = RestrictedBoltzmannMachine(4, **FEW).fit(X)
    assert np.isfinite(machine.components_).all()
    assert machine.score_samples(X)[5] == 0


def test_divergence_keeps_the_last_good_parameters():
    machine = RestrictedBoltzmannMachine(20, learning_rate=1e4, **FEW)
    with pytest.warns(UserWarning, match="Lower learning_rate"):
        machine.fit(DIGITS[:200])
    assert np.isfinite(machine.components_).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_chains", 0), ("n_iter", 0), ("n_steps", 0), ("negative_phase", "fpcd"), ("alpha", -1),
     ("n_temperatures", "many"), ("n_components", True), ("centred", 1)],
)  # fmt: skip
def test_settings_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        RestrictedBoltzmannMachine(**{name: value}).fit(DIGITS[:20])


def test_exact_sums_that_are_too_long_say_how_long():
    machine = RestrictedBoltzmannMachine(30, n_iter=1).fit(DIGITS[:100])
    with pytest.raises(ValueError, match="2\\^30"):
        machine.log_likelihood(DIGITS[:5], method="exact")
    with pytest.raises(ValueError, match="aic needs exact probabilities"):
        machine.aic(DIGITS[:5])


def test_information_criteria_count_both_sides():
    machine = RestrictedBoltzmannMachine(3, n_iter=1).fit(DIGITS[:100])
    assert machine.n_parameters_ == 3 * 64 + 3 + 64
    total = machine.score_samples(DIGITS[:100]).sum()
    assert machine.aic(DIGITS[:100]) == pytest.approx(-2 * total + 2 * machine.n_parameters_)
