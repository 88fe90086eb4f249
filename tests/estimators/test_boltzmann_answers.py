"""What restricted Boltzmann machines answer, against enumeration of all states."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from scipy.special import expit, logsumexp

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.likelihood import partition_of
from sklearn_helmholtz.models import partition as models_partition
from tests.boltzmann_machines import (
    joint_given,
    log_joint_table,
    log_partition,
    log_probabilities,
    log_probability,
    make_boltzmann,
    moments,
    states,
)

N_VISIBLE, N_HIDDEN = 6, 5
MACHINE = make_boltzmann(N_VISIBLE, N_HIDDEN)
ALL = states(N_VISIBLE)
GAPS = np.array([
    [1, np.nan, 0, 1, np.nan, 0],
    [np.nan, np.nan, np.nan, np.nan, np.nan, 1],
    [0, 1, 1, 0, 1, 1],
    [np.nan] * 6,
])  # fmt: skip


def estimator(machine=MACHINE, **params):
    return RestrictedBoltzmannMachine.from_parameters(
        machine.weights.T, machine.hidden_intercept, machine.visible_intercept, **params
    )


def test_scores_are_log_probabilities():
    found = estimator()
    assert_allclose(found.score_samples(ALL), log_probabilities(MACHINE), atol=1e-10)
    assert_allclose(np.exp(found.score_samples(ALL)).sum(), 1)
    assert found.score(ALL) == pytest.approx(log_probabilities(MACHINE).mean())
    result = found.log_likelihood(ALL)
    assert (result.method, result.bound, result.reliable) == ("exact", "exact", True)
    assert result.monte_carlo_error == 0


def test_the_partition_function_is_exact_and_says_so():
    known = estimator().log_partition_
    assert known.value == pytest.approx(log_partition(MACHINE), abs=1e-10)
    assert (known.method, known.standard_error, known.reliable) == ("exact", 0, True)
    assert known.lower == known.upper == known.value


def test_the_textbooks_free_energy_and_ours():
    found = estimator()
    table = logsumexp(log_joint_table(MACHINE), axis=1)
    assert_allclose(found.unnormalized_log_prob(ALL), table, atol=1e-5)
    assert_allclose(found.free_energy(ALL), -log_probabilities(MACHINE), atol=1e-10)
    assert_array_equal(found.kl_gap(ALL), 0)


def test_gaps_are_summed_out():
    truth = [log_probability(MACHINE, row) for row in GAPS]
    assert_allclose(estimator().score_samples(GAPS), truth, atol=1e-10)
    assert estimator().score_samples(GAPS)[3] == 0


def test_features_are_posterior_means():
    found = estimator().transform(GAPS)
    truth = [moments(MACHINE, joint_given(MACHINE, row))[2] for row in GAPS]
    assert_allclose(found, truth, atol=1e-6)
    assert_allclose(estimator().transform(ALL), expit(MACHINE.hidden_eta(ALL.astype("f4"))), 1e-5)


def test_what_is_missing_is_filled_in_by_its_means_and_modes():
    truth = np.array([moments(MACHINE, joint_given(MACHINE, row))[1] for row in GAPS])
    filled = estimator().impute(GAPS)
    assert_allclose(filled, truth, atol=1e-6)
    assert_array_equal(
        estimator().impute(GAPS, "mode"), np.where(np.isnan(GAPS), truth >= 0.5, GAPS)
    )


def test_draws_have_the_frequencies_of_the_model():
    X, (H,) = estimator().sample(20_000, random_state=0, return_latents=True)
    assert X.dtype == H.dtype == np.uint8
    _check_frequencies(X, H, np.exp(log_joint_table(MACHINE) - log_partition(MACHINE)))


def test_draws_given_evidence_have_the_frequencies_of_the_posterior():
    X, (H,) = estimator().sample(20_000, given=GAPS[0], random_state=0, return_latents=True)
    seen = ~np.isnan(GAPS[0])
    assert_array_equal(X[:, seen], np.tile(GAPS[0][seen], (len(X), 1)))
    _check_frequencies(X, H, joint_given(MACHINE, GAPS[0]))


def test_imputed_draws_have_the_frequencies_of_the_posterior():
    X = estimator().impute(np.repeat(GAPS[:1], 5000, axis=0), "sample", random_state=0)
    _check_frequencies(X, None, joint_given(MACHINE, GAPS[0]))


def _check_frequencies(X, H, joint):
    """Chi-square of the frequencies of the states of both sides, or of the visible one."""
    numbers = X.astype(int) @ (1 << np.arange(N_VISIBLE)[::-1])
    truth = joint.sum(axis=1)
    if H is not None:
        numbers = numbers * 2**N_HIDDEN + H.astype(int) @ (1 << np.arange(N_HIDDEN)[::-1])
        truth = joint.ravel()
    counts, expected = np.bincount(numbers, minlength=truth.size), len(X) * truth
    often = expected >= 5
    chi2 = ((counts - expected)[often] ** 2 / expected[often]).sum()
    dof = often.sum() - 1
    assert chi2 < dof + 4 * np.sqrt(2 * dof)
    assert counts[~often].sum() <= expected[~often].sum() + 5 * np.sqrt(expected[~often].sum() + 1)


def test_posterior_draws_and_means():
    result = estimator().posterior(GAPS, n_samples=4000, random_state=0)
    truth = [moments(MACHINE, joint_given(MACHINE, row))[2] for row in GAPS]
    assert result.method == "exact"
    assert_allclose(result.mean[0], truth, atol=1e-6)
    assert_allclose(result.samples[0].mean(axis=1), truth, atol=0.04)


def test_log_joint_sums_out_gaps():
    table = log_joint_table(MACHINE) - log_partition(MACHINE)
    h = states(N_HIDDEN)
    for number, state in ((0, h[3]), (40, h[17])):
        found = estimator().log_joint(ALL[number : number + 1], [state[None]])
        assert found == pytest.approx(table[number, np.flatnonzero((h == state).all(axis=1))[0]])
    fits = (ALL[:, ~np.isnan(GAPS[0])] == GAPS[0][~np.isnan(GAPS[0])]).all(axis=1)
    found = estimator().log_joint(GAPS[:1], [h[5][None]])
    assert found == pytest.approx(logsumexp(table[fits, 5]))


def test_pseudo_log_likelihood_flips_every_column():
    log_p = log_probabilities(MACHINE)
    truth = np.zeros(len(ALL))
    for column in range(N_VISIBLE):
        flipped = np.arange(len(ALL)) ^ (1 << (N_VISIBLE - 1 - column))
        truth += log_p - np.logaddexp(log_p, log_p[flipped])
    assert_allclose(estimator().pseudo_log_likelihood(ALL), truth, atol=1e-5)


def test_expected_data_of_hidden_states():
    h = states(N_HIDDEN)
    table = np.exp(log_joint_table(MACHINE))
    truth = table.T @ ALL / table.sum(axis=0)[:, None]
    assert_allclose(estimator().inverse_transform(h), truth, atol=1e-6)


def test_predicted_levels_of_a_column():
    found = estimator().predict_proba_missing(GAPS[:1], 1)
    truth = moments(MACHINE, joint_given(MACHINE, GAPS[0]))[1][1]
    assert_allclose(found, [[1 - truth, truth]], atol=1e-8)


@pytest.mark.parametrize("n_steps", [1, 3])
def test_gibbs_steps_have_the_probabilities_of_their_kernel(n_steps):
    machine = make_boltzmann(3, 2, seed=4)
    table = np.exp(log_joint_table(machine))
    kernel = table / table.sum(axis=1, keepdims=True) @ (table / table.sum(axis=0)).T
    start = np.repeat([[1.0, 0, 1]], 20_000, axis=0)
    X = estimator(machine).gibbs(start, n_steps, random_state=0)
    truth = np.linalg.matrix_power(kernel, n_steps)[0b101]
    frequencies = np.bincount(X.astype(int) @ [4, 2, 1], minlength=8) / len(X)
    assert_allclose(frequencies, truth, atol=4 * np.sqrt(0.25 / len(X)))


def test_effects_are_weights_and_divergences():
    found = estimator().top_features(0, N_VISIBLE)
    order = np.argsort(found.features)
    assert_allclose(found.weights[order], MACHINE.weights[:, 0], rtol=1e-6)
    assert (found.importance >= 0).all()
    assert (np.diff(found.importance) <= 0).all()


def test_sparse_rows_are_the_same_rows():
    found = estimator()
    assert_allclose(found.score_samples(csr_matrix(ALL)), found.score_samples(ALL), atol=1e-10)
    assert_allclose(found.transform(csr_matrix(ALL)), found.transform(ALL), atol=1e-6)


@pytest.mark.parametrize("name", ["gibbs", "unnormalized_log_prob", "pseudo_log_likelihood",
                                  "log_likelihood_bounds"])  # fmt: skip
def test_methods_without_a_meaning_for_gaps_name_the_cell(name):
    with pytest.raises(ValueError, match=r"row 0 of X misses the value of column 1 \(NaN\)"):
        getattr(estimator(), name)(GAPS)


def test_bounds_of_exact_machines_are_equal():
    result = estimator().log_likelihood_bounds(ALL)
    assert result.lower == result.upper
    assert result.method == "exact"
    assert "dreams" not in repr(result)


def test_annealed_scores_and_bounds_enclose_the_truth():
    found = estimator(n_temperatures=200)
    result = found.log_likelihood(ALL, method="annealed")
    error = result.monte_carlo_error
    assert result.bound == "upper"
    assert abs(result.mean - log_probabilities(MACHINE).mean()) < 4 * error
    assert error < 0.1


def test_scores_do_not_depend_on_other_rows():
    machine = make_boltzmann(40, 30, 0.3, seed=2)
    rows = (np.random.default_rng(0).random((20, 40)) < 0.5).astype(float)
    rows[::3, :20] = np.nan
    found = estimator(machine, n_temperatures=50)
    whole = found.score_samples(rows)
    assert_array_equal(found.score_samples(rows[::-1])[::-1], whole)
    assert_array_equal(found.score_samples(rows[4:9]), whole[4:9])
    assert_array_equal(found.transform(rows[::-1])[::-1], found.transform(rows))


def test_parameters_that_do_not_go_together():
    W, c, b = MACHINE.weights.T, MACHINE.hidden_intercept, MACHINE.visible_intercept
    make = RestrictedBoltzmannMachine.from_parameters
    with pytest.raises(ValueError, match="intercept_hidden must hold a number for each of the 5"):
        make(W, c[:-1], b)
    with pytest.raises(ValueError, match="intercept_visible must hold a number for each of the 6"):
        make(W, c, b[:-1])
    with pytest.raises(ValueError, match="components must have the shape"):
        make(W[0], c, b)
    with pytest.raises(ValueError, match="n_components=5"):
        make(W, c, b, n_components=7)


def test_exact_scores_of_rows_with_too_many_gaps_are_refused():
    machine = make_boltzmann(40, 18, 0.1)
    rows = np.zeros((2, 40))
    rows[1, :20] = np.nan
    with pytest.raises(ValueError, match="method='exact' is not for rows such as 1"):
        estimator(machine).log_likelihood(rows, method="exact")


def test_levels_of_a_column_need_no_partition_function(monkeypatch):
    found, refuse = estimator(make_boltzmann(40, 30, 0.1)), "log Z is not asked for"
    monkeypatch.setattr(type(found._model), "partition", lambda *args: pytest.fail(refuse))
    assert_allclose(found.predict_proba_missing(np.zeros((2, 40)), 3).sum(axis=1), 1)


def test_log_z_is_found_once_for_what_is_asked(monkeypatch):
    machine, asked = make_boltzmann(40, 30, 0.1), []
    found = estimator(machine, n_temperatures=30, n_annealing_chains=20)
    monkeypatch.setattr(
        models_partition, "partition_of",
        lambda *args, **ways: asked.append(ways["n_temperatures"]) or partition_of(*args, **ways),
    )  # fmt: skip
    rows = np.zeros((2, 40))
    H = [np.zeros((2, 30))]
    found.score(rows), found.log_joint(rows, H), found.log_likelihood(rows), found.log_partition_
    assert asked == [30]
    found.log_likelihood(rows, method="annealed", n_temperatures=20)
    assert asked == [30, 20]
