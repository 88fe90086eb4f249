"""Annealed importance sampling against enumeration, where it is easy and where it is hard."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import HelmholtzMachine, _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import Gibbs
from sklearn_helmholtz.likelihood import (
    Enumeration,
    annealed_estimate,
    importance_estimate,
    score_by_annealing,
)
from sklearn_helmholtz.likelihood import annealing as annealing_module
from sklearn_helmholtz.likelihood.annealing import (
    annealed_log_weights,
    inverse_temperatures,
    reversed_log_weights,
)
from sklearn_helmholtz.rows import Block, Table, content_keys
from tests import cases, exact, exact_gaps, naive
from tests.blocks import as_block, values_of
from tests.cases import make_case
from tests.inference.test_gibbs import draws_of, random_states, uniforms_of
from tests.likelihood.test_likelihood import assert_same_bits, pick

KEY = _keys.key(cases.SEED, Purpose.ANNEAL)
RANDOM_NETS = [
    (n_units, visible, seed)
    for seed, (n_units, visible) in enumerate([
        ((6, 5), "binary"), ((5, 3, 2), "binary"), ((4, 2, 2, 2), "binary"), ((7, 1), "binary"),
        ((6, 4), "gaussian"), ((5, 3, 3), "gaussian"), ((4, 2, 1, 2), "gaussian"),
        ((6, 6), "fractional"), ((5, 4, 2), "fractional"), ((9, 3, 2, 2), "binary"),
        ((3, 2, 4), "gaussian"), ((8, 5, 1), "binary"),
        ((5, 4), "ordered binary"), ((4, 3, 2), "ordered binary"), ((5, 3), "ordered gaussian"),
        ((4, 2, 2), "ordered fractional"),
    ])
]  # fmt: skip
ORDERED_NETS = [
    (n_units, visible, seed)
    for seed, (n_units, visible) in enumerate([
        ((5, 4), "ordered binary"), ((6, 3, 2), "ordered binary"), ((5, 4), "ordered gaussian"),
        ((4, 3, 2), "ordered gaussian"), ((5, 3, 2), "ordered fractional"),
    ])
]  # fmt: skip


def estimate(machine, X, n_chains=20, n_temperatures=100, key=KEY):
    gibbs = Gibbs.of(machine)
    return annealed_estimate(
        gibbs, as_block(X), key, content_keys(values_of(X)), n_chains, n_temperatures
    )


def gappy_case(n_units, visible, n_rows, seed, scale=1.0):
    """A machine in order, rows with gaps, the parameters, and what those rows hold."""
    machine, params, x = make_case(n_units, visible, n_rows=n_rows, scale=scale, seed=seed)
    values, rng = x.astype(np.float32), np.random.default_rng(seed)
    values[rng.uniform(size=x.shape) < 0.4] = np.nan
    values[0, [0, -1]], values[-1] = np.nan, x[-1]
    values[:, 1] = np.where(np.isnan(values).all(axis=1), x[:, 1], values[:, 1])
    return machine, Block(values, np.zeros(n_units[0], np.float32)), params, values


def test_temperatures_rise_from_zero_to_one():
    for n in (1, 2, 50):
        betas = inverse_temperatures(n)
        assert betas.shape == (n + 1,)
        assert betas[0] == 0
        assert betas[-1] == 1
        assert (np.diff(betas) > 0).all()


def relative_means(log_weights, log_truth):
    """Each row's mean weight relative to the truth, less 1, in standard errors; and those."""
    ratios = np.exp(log_weights - log_truth[:, None])
    errors = ratios.std(axis=1, ddof=1) / np.sqrt(ratios.shape[1])
    return (ratios.mean(axis=1) - 1) / errors, errors


@pytest.mark.parametrize(("n_units", "visible", "seed"), RANDOM_NETS)
def test_weights_are_unbiased_for_p(n_units, visible, seed):
    machine, params, X = make_case(n_units, visible, n_rows=3, seed=seed)
    draws = Draws(KEY, content_keys(X), 3000)
    log_weights = annealed_log_weights(
        Gibbs.of(machine), as_block(X), draws, inverse_temperatures(3)
    )
    z, errors = relative_means(log_weights, exact.log_likelihood(params, X))
    assert abs(z).max() < 3.5
    assert 0.001 < errors.max() < 0.2


@pytest.mark.parametrize(("n_units", "visible", "seed"), RANDOM_NETS)
def test_reversed_weights_are_unbiased_for_one_over_p(n_units, visible, seed):
    machine, params, X = make_case(n_units, visible, n_rows=3, seed=seed, scale=0.6)
    states = exact.all_states(sum(n_units[1:])).astype(np.uint8)
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(len(states), 3000, p=exact.posterior(params, x)) for x in X]
    draws = Draws(KEY, content_keys(X), 3000)
    starts = states[np.concatenate(drawn)]
    log_weights = reversed_log_weights(
        Gibbs.of(machine), as_block(X), starts, draws, inverse_temperatures(3)
    )
    z, errors = relative_means(-log_weights, -exact.log_likelihood(params, X))
    assert abs(z).max() < 3.5
    assert 0.001 < errors.max() < 0.2


@pytest.mark.parametrize(("n_units", "visible", "seed"), ORDERED_NETS)
def test_weights_of_rows_with_gaps_are_unbiased_for_p(n_units, visible, seed):
    machine, rows, params, values = gappy_case(n_units, visible, 4, seed, 0.7)
    draws = Draws(KEY, content_keys(rows.values), 6000)
    log_weights = annealed_log_weights(Gibbs.of(machine), rows, draws, inverse_temperatures(3))
    z, errors = relative_means(log_weights, exact_gaps.log_likelihood(params, values))
    assert abs(z).max() < 3.5
    assert 0.001 < errors.max() < 0.2


@pytest.mark.parametrize(("n_units", "visible", "seed"), ORDERED_NETS)
def test_reversed_weights_of_rows_with_gaps_are_unbiased_for_one_over_p(n_units, visible, seed):
    machine, rows, params, values = gappy_case(n_units, visible, 4, seed, 0.5)
    starts = [exact_draws(params, x, 6000, seed) for x in values]
    completed, states = (np.concatenate(parts) for parts in zip(*starts, strict=True))
    draws, gibbs = Draws(KEY, content_keys(rows.values), 6000), Gibbs.of(machine)
    log_weights = reversed_log_weights(
        gibbs, rows, states, draws, inverse_temperatures(3), completed
    )
    z, errors = relative_means(-log_weights, -exact_gaps.log_likelihood(params, values))
    assert abs(z).max() < 3.5
    assert 0.001 < errors.max() < 0.2


@pytest.mark.parametrize("visible", ["binary", "ordered binary"])
def test_chains_go_back_the_way_they_came(visible):
    machine, params, x = make_case((5, 4, 3), visible, n_rows=1)
    draws, betas, values = draws_of(1, 10), inverse_temperatures(4), x[0].astype(float)
    start = random_states(10, 7)
    log_weights = reversed_log_weights(Gibbs.of(machine), as_block(x), start.copy(), draws, betas)[
        0
    ]
    for chain in range(10):
        rest = np.diff(betas)[::-1], betas[-2::-1], -1, uniforms_of(draws, 0, chain, 4, 7)
        if visible == "binary":
            nets = params.generative_coefs, params.generative_intercepts, None
            expected = naive.gibbs_chain(*nets, values, start[chain], *rest)[1]
        else:
            expected = naive.gibbs_chain_in_order(params, values, values, start[chain], *rest)[2]
        assert log_weights[chain] == pytest.approx(expected, rel=1e-5)


def exact_draws(params, x, n, seed):
    """Draws of what is missing of x, in its place, and of the hidden layers, given the rest."""
    missing, rng = np.isnan(x), np.random.default_rng(seed)
    completed, n_hidden = np.repeat(x[None], n, axis=0), sum(exact.units_of(params)[1:])
    if params.noise_variance is None:
        log_weights, n_free = exact_gaps.bernoulli_log_target(params, x), missing.sum() + n_hidden
    else:
        log_weights, n_free = exact_gaps.log_joint(params, x), n_hidden
    weights = np.exp(log_weights - log_weights.max())
    drawn = rng.choice(len(weights), n, p=weights / weights.sum())
    states = exact.all_states(n_free)[drawn]
    if params.noise_variance is None:
        completed[:, missing] = states[:, : missing.sum()]
    elif missing.any():
        first = states[:, : exact.units_of(params)[1]]
        means, covariance = exact_gaps.gaussian_completions(params, x, first)
        completed[:, missing] = means + rng.multivariate_normal(0 * means[0], covariance, n)
    return completed, states[:, n_free - n_hidden :].astype(np.uint8)


@pytest.mark.parametrize("visible", cases.ORDERED)
def test_nothing_observed_weighs_nothing(visible):
    machine, _, _ = make_case((4, 3, 2), visible)
    rows = Block(np.full((2, 4), np.nan, np.float32), np.zeros(4, np.float32))
    draws = Draws(KEY, np.arange(2, dtype=np.uint64), 5)
    assert not annealed_log_weights(Gibbs.of(machine), rows, draws, inverse_temperatures(4)).any()


def test_reversed_weights_have_the_distribution_that_forward_ones_have_when_reweighted():
    """Crooks: p_reverse(w) = p_forward(w) exp(w) / p(x), so any moment must agree."""
    machine, params, X = make_case((5, 3, 2), "binary", n_rows=1, seed=4)
    log_p, gibbs, betas = (
        exact.log_likelihood(params, X)[0],
        Gibbs.of(machine),
        inverse_temperatures(3),
    )
    states = exact.all_states(5).astype(np.uint8)
    drawn = np.random.default_rng(0).choice(32, 40_000, p=exact.posterior(params, X[0]))
    draws = Draws(KEY, content_keys(X), 40_000)
    forward = annealed_log_weights(gibbs, as_block(X), draws, betas)[0] - log_p
    draws = Draws(_keys.key(cases.SEED, Purpose.BOUND), content_keys(X), 40_000)
    backward = reversed_log_weights(gibbs, as_block(X), states[drawn], draws, betas)[0] - log_p
    assert_reweighted(forward, backward)


@pytest.mark.parametrize(
    ("visible", "seed"), [("ordered binary", 4), ("ordered fractional", 1), ("ordered gaussian", 0)]
)
def test_reversed_weights_of_rows_with_gaps_have_the_distribution_of_forward_ones(visible, seed):
    machine, rows, params, values = gappy_case((5, 3, 2), visible, 2, seed)
    rows = Block(np.ascontiguousarray(values[:1]), rows.fill_values)
    log_p, gibbs = exact_gaps.log_likelihood(params, values[:1])[0], Gibbs.of(machine)
    completed, states = exact_draws(params, values[0], 15_000, 0)
    draws, betas = Draws(KEY, content_keys(rows.values), 15_000), inverse_temperatures(3)
    forward = annealed_log_weights(gibbs, rows, draws, betas)[0] - log_p
    draws = Draws(_keys.key(cases.SEED, Purpose.BOUND), content_keys(rows.values), 15_000)
    backward = reversed_log_weights(gibbs, rows, states, draws, betas, completed)[0] - log_p
    assert_reweighted(forward, backward)


def assert_reweighted(forward, backward):
    for moment in (lambda w: w, lambda w: w**2, lambda w: w**3, lambda w: (w > 0).astype(float)):
        reweighted, reverse = np.exp(forward) * moment(forward), moment(backward)
        error = np.sqrt((reweighted.var() + reverse.var()) / len(reverse))
        assert abs(reweighted.mean() - reverse.mean()) < 4 * error
    assert abs(forward.mean() - backward.mean()) > 0.05


@pytest.mark.parametrize(("n_units", "visible", "seed"), RANDOM_NETS)
def test_annealed_estimates_agree_with_enumeration(n_units, visible, seed):
    machine, params, X = make_case(n_units, visible, n_rows=10, seed=seed, scale=1.5)
    result, truth = estimate(machine, X), exact.log_likelihood(params, X)
    summary = result.summary(content_keys(X))
    allowed = 3 * summary["monte_carlo_error"] + abs(summary["bias"])
    assert abs(summary["mean"] - truth.mean()) < 1.25 * allowed  # some of a dozen are unlucky
    assert summary["reliable"]
    assert np.isnan(result.free_energy).all()


@pytest.mark.parametrize(("n_units", "visible", "seed"), ORDERED_NETS)
def test_annealed_estimates_of_rows_with_gaps_agree_with_summing_over_them(n_units, visible, seed):
    machine, rows, params, values = gappy_case(n_units, visible, 10, seed)
    result, truth = estimate(machine, rows), exact_gaps.log_likelihood(params, values)
    summary = result.summary(content_keys(rows.values))
    allowed = 3 * summary["monte_carlo_error"] + abs(summary["bias"])
    assert abs(summary["mean"] - truth.mean()) < 1.25 * allowed
    assert summary["reliable"]


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("visible", ["ordered binary", "ordered gaussian"])
def test_estimators_in_order_anneal_rows_with_gaps(visible, form):
    model, params = cases.small_machine((5, 4, 2), visible, scale=0.7, autoregressive=True)
    values = gappy_case((5, 4, 2), visible, 12, 3)[-1]
    result = model.log_likelihood(form(values), method="annealed", n_temperatures=100)
    allowed = 4 * result.monte_carlo_error + abs(result.bias)
    truth = exact_gaps.log_likelihood(params, values)
    assert abs(result.mean - truth.mean()) < allowed < 0.1
    assert_allclose(result.per_sample, truth, atol=0.5)
    assert result.reliable


def test_annealed_errors_are_calibrated():
    machine, params, X = make_case((6, 4, 3), "binary", n_rows=8, seed=1, scale=1.5)
    truth, keys, z = exact.log_likelihood(params, X).mean(), content_keys(X), []
    for number in range(200):
        key = _keys.key((number, 0, 0, 0), Purpose.ANNEAL)
        summary = estimate(machine, X, 20, 20, key).summary(keys)
        z.append((summary["mean"] - summary["bias"] - truth) / summary["monte_carlo_error"])
    assert abs(np.mean(z)) < 0.35
    assert 0.85 < np.std(z) < 1.25
    assert 0.9 < (np.abs(z) < 1.96).mean() < 0.99


def test_more_temperatures_and_more_chains_bring_the_bound_closer():
    machine, _, X = make_case((12, 6, 4), "binary", n_rows=100, scale=2)
    truth = Enumeration(machine).estimate(as_block(X)).per_sample.mean()
    gaps = [truth - estimate(machine, X, *n).per_sample.mean() for n in ((2, 2), (2, 30), (20, 30))]
    assert gaps[0] > 2 * gaps[1] > 3 * gaps[2] > 0


# Where importance sampling fails


def hard_net(n_units, seed=0, scale=6.0):
    """A machine with large weights, and an empty recognition net."""
    drawn = exact.random_parameters(n_units, scale, seed)
    drawn.recognition_coefs = [0 * array for array in drawn.recognition_coefs]
    drawn.recognition_intercepts = [0 * array for array in drawn.recognition_intercepts]
    return cases.machine_of(drawn)


def dreams(machine, n_rows):
    addresses = np.arange(n_rows, dtype=np.uint64)
    return machine.dream(Draws(_keys.key(cases.SEED, Purpose.SAMPLE), addresses))[0][0]


def test_annealing_is_right_where_importance_sampling_is_worth_few_samples():
    machine = hard_net((30, 14), seed=1)
    X = dreams(machine, 40)
    truth = Enumeration(machine).estimate(as_block(X)).per_sample
    plain = importance_estimate(machine, as_block(X), KEY, content_keys(X), 200)
    assert np.median(plain.effective_sample_size) < 5
    assert not plain.summary(content_keys(X))["reliable"]
    error = estimate(machine, X, 20, 1000).per_sample - truth
    assert abs(error.mean()) < 0.05
    assert (abs(error) < 0.1).mean() >= 0.9


@pytest.mark.parametrize("n_units", [(30, 14), (30, 8, 6), (30, 5, 5, 4)])
@pytest.mark.parametrize("n_temperatures", [3, 30, 300])
@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")
def test_a_wrong_annealed_estimate_of_far_rows_is_not_called_reliable(n_units, n_temperatures):
    machine = estimator_of(hard_net(n_units, seed=2))
    X = np.random.default_rng(0).integers(0, 2, (20, 30)).astype(np.uint8)
    truth = machine.score(X)
    result = machine.log_likelihood(X, method="annealed", n_temperatures=n_temperatures)
    is_wrong = abs(result.mean - truth) > 5 * result.monte_carlo_error + 2 * abs(result.bias)
    assert not (is_wrong and result.reliable)


@pytest.mark.parametrize(
    ("n_units", "scale", "seed", "n_temperatures"),
    [((12, 7, 7), 12, 15, 1), ((8, 3, 3, 3), 12, 3, 1), ((20, 2, 12), 12, 7, 3)],
)
def test_chains_that_agree_far_from_the_posterior_are_found_out(
    n_units, scale, seed, n_temperatures, monkeypatch
):
    machine = hard_net(n_units, seed, scale)
    X = np.random.default_rng(seed).integers(0, 2, (20, n_units[0])).astype(np.uint8)
    truth = Enumeration(machine).estimate(as_block(X)).per_sample
    result = estimate(machine, X, 20, n_temperatures)
    summary = result.summary(content_keys(X))
    assert summary["mean"] < truth.mean() - 3
    assert summary["monte_carlo_error"] < 0.1
    assert not summary["reliable"]
    refuted = result.effective_sample_size == 1
    assert refuted.mean() > 0.5
    assert (result.per_sample[refuted] < truth[refuted] - 0.09).all()
    monkeypatch.setattr(annealing_module, "_REFUTED", np.inf)
    deceived = estimate(machine, X, 20, n_temperatures)
    assert_array_equal(deceived.per_sample, result.per_sample)
    assert deceived.summary(content_keys(X))["reliable"]


@pytest.mark.parametrize(("n_units", "visible", "seed"), RANDOM_NETS)
def test_no_right_estimate_is_refuted(n_units, visible, seed, monkeypatch):
    machine, params, X = make_case(n_units, visible, n_rows=30, seed=seed, scale=2)
    assert_only_wrong_ones_are_refuted(machine, X, exact.log_likelihood(params, X), monkeypatch)


@pytest.mark.parametrize(("n_units", "visible", "seed"), ORDERED_NETS)
def test_no_right_estimate_of_rows_with_gaps_is_refuted(n_units, visible, seed, monkeypatch):
    machine, rows, params, values = gappy_case(n_units, visible, 30, seed, 2)
    truth = exact_gaps.log_likelihood(params, values)
    assert_only_wrong_ones_are_refuted(machine, rows, truth, monkeypatch)


def assert_only_wrong_ones_are_refuted(machine, X, truth, monkeypatch):
    result = estimate(machine, X, 20, 30)
    monkeypatch.setattr(annealing_module, "_REFUTED", np.inf)
    sizes = estimate(machine, X, 20, 30).effective_sample_size
    wrong = result.per_sample < truth - 0.09
    assert_array_equal(result.effective_sample_size[~wrong], sizes[~wrong])


@pytest.mark.parametrize(("n_units", "visible", "seed"), ORDERED_NETS)
def test_states_of_chains_bound_p_of_rows_with_gaps_for_certain(n_units, visible, seed):
    machine, rows, params, values = gappy_case(n_units, visible, 6, seed, 1.5)
    if params.noise_variance is not None:  # where densities of what is missing are high
        params.noise_variance /= 100
        machine = cases.machine_of(params)
        params = cases.params_of(machine)
    gibbs, draws = Gibbs.of(machine), Draws(KEY, content_keys(rows.values), 4)
    states = gibbs.start(draws)
    completed = gibbs.complete(rows, states, draws)
    found = annealing_module._highest_log_joint(gibbs, rows, states, completed)
    numbers, missing = cases.state_numbers(states).reshape(6, 4), np.isnan(values)
    for row, x in enumerate(values):
        expected = exact_gaps.log_joint(params, x)[numbers[row]]
        if params.noise_variance is None:
            log_target = exact_gaps.bernoulli_log_target(params, x)
            own = completed.reshape(6, 4, -1)[row][:, missing[row]]
            shape = 2 ** missing[row].sum(), -1
            expected = log_target.reshape(shape)[cases.state_numbers(own), numbers[row]]
        assert found[row] == pytest.approx(expected.max(), rel=1e-5, abs=1e-4)
    assert (found < exact_gaps.log_likelihood(params, values) + 1e-3).all()


def test_chains_in_order_that_agree_far_from_the_posterior_are_found_out(monkeypatch):
    machine, rows, params, values = gappy_case((8, 3, 3, 2), "ordered binary", 30, 2, 6)
    truth = exact_gaps.log_likelihood(params, values)
    result = estimate(machine, rows, 20, 2)
    refuted = result.effective_sample_size == 1
    assert refuted.mean() > 0.3
    assert (result.per_sample[refuted] < truth[refuted] - 0.09).all()
    monkeypatch.setattr(annealing_module, "_REFUTED", np.inf)
    assert (estimate(machine, rows, 20, 2).effective_sample_size[refuted] > 1).mean() > 0.5


def estimator_of(machine):
    params = cases.params_of(machine)
    return HelmholtzMachine.from_parameters(
        params.generative_coefs,
        params.generative_intercepts,
        params.recognition_coefs,
        params.recognition_intercepts,
    )


# The same bits


@pytest.mark.parametrize("visible", cases.ORDERED)
def test_estimates_of_rows_with_gaps_depend_on_nothing_but_the_row(visible, monkeypatch):
    machine, rows, _, values = gappy_case((9, 6, 3), visible, 21, 0)

    def take(place):
        return Block(np.ascontiguousarray(values[place]), rows.fill_values)

    whole, order = estimate(machine, rows, 6, 10), np.random.default_rng(0).permutation(21)
    assert_same_bits(estimate(machine, take(order), 6, 10), pick(whole, order))
    for place in (slice(0, 1), slice(1, 12), slice(12, 21), slice(20, 21)):
        assert_same_bits(estimate(machine, take(place), 6, 10), pick(whole, place))
    for entries in (1, 21 * 18 * 4):
        monkeypatch.setattr(annealing_module, "_STATE_ENTRIES", entries)
        assert_same_bits(estimate(machine, rows, 6, 10), whole)


@pytest.mark.parametrize("visible", cases.VISIBLES)
def test_estimates_do_not_depend_on_order_blocks_or_chunks_of_chains(visible, monkeypatch):
    machine, _, X = make_case((9, 6, 3), visible, n_rows=21)
    whole = estimate(machine, X, 6, 10)
    order = np.random.default_rng(0).permutation(21)
    assert_same_bits(estimate(machine, X[order], 6, 10), pick(whole, order))
    for rows in (slice(0, 1), slice(1, 12), slice(12, 21)):
        assert_same_bits(estimate(machine, X[rows], 6, 10), pick(whole, rows))
    for n_threads in (1, 2):
        rows = Table(X, is_binary=visible == "binary")
        scored, keys = score_by_annealing(machine, rows, KEY, 6, 10, n_threads)
        assert_same_bits(scored, whole)
        assert_array_equal(keys, content_keys(X))
    for entries in (1, 21 * 18 * 4):
        monkeypatch.setattr(annealing_module, "_STATE_ENTRIES", entries)
        assert_same_bits(estimate(machine, X, 6, 10), whole)
