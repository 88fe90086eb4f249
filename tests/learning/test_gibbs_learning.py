"""Learning from chains that stay with their rows, and features from chains."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.inference import ChainPosterior, Gibbs
from sklearn_helmholtz.learning import (
    Adam,
    GibbsLearning,
    MeanFieldLearning,
)
from sklearn_helmholtz.machines import BeliefNet
from sklearn_helmholtz.rows import Block, Table, content_keys
from tests import cases, exact, exact_gaps
from tests.belief_net_oracles import (
    SAMPLED,
    flat,
    log_observed,
    make_rows_with_gaps,
    run_blocks,
    slopes,
)
from tests.blocks import as_block, values_of
from tests.cases import make_case, make_draws
from tests.learning.test_learning import assert_expectation, recognition_entries

# Gibbs learning


@pytest.mark.parametrize(("n_units", "visible", "missing"), SAMPLED)
def test_the_expected_step_of_long_chains_is_the_slope_of_the_log_likelihood(
    n_units, visible, missing
):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    rule, learner = GibbsLearning(2, n_sweeps=20), BeliefNet(machine.generation)
    steps, _ = run_blocks(rule, machine, learner, x, n_blocks=30, n_rows=180)
    expected = slopes(lambda p: log_observed(p, X).mean(), params)
    generation = ~recognition_entries(params)
    assert_expectation(steps[:, generation], expected[generation])


@pytest.mark.parametrize(("n_units", "visible", "missing"), SAMPLED)
def test_a_step_of_gibbs_learning_is_the_mean_over_the_chains_that_it_keeps(
    n_units, visible, missing
):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    rule, learner = GibbsLearning(3, n_sweeps=2), BeliefNet(machine.generation)
    memory = rule.make_memory(learner, cases.rows_of(x))
    for step in (1, 2):
        out, part = cases.empty_gradient(learner), memory.take(cases.place_of(np.arange(len(X))))
        bound = rule.gradient(
            learner, as_block(x), make_draws(len(X), step=step), None, out, memory=part
        )
        memory.put(cases.place_of(np.arange(len(X))), part)
        expected, log_joint = explained_by_chains(params, X, memory)
        assert_allclose(flat(machine, out), expected, rtol=2e-5, atol=2e-5)
        assert bound == pytest.approx(log_joint, rel=1e-5)


def explained_by_chains(params, X, memory, numbers=None):
    """The mean gradient, flat, and the mean of log p(x, h) of chains, summed over rows."""
    numbers = np.arange(len(X)) if numbers is None else numbers
    states, completions = memory.take(cases.place_of(numbers)).arrays
    ordered = params.generative_lateral_coefs is not None
    total, log_joint = exact.zero_gradient(params), 0.0
    ends = np.cumsum(exact.units_of(params)[1:-1])
    n_chains = states.shape[1]
    for row, chain in itertools.product(range(len(X)), range(n_chains)):
        hidden, missing = np.split(states[row, chain].astype(float), ends), np.isnan(X[row])
        drawn = completions[row, chain] if ordered and missing.any() else 0.5
        data = np.where(missing, drawn, X[row])
        gradient = exact.grad_log_joint(params, data, hidden)
        if missing.any() and not ordered:  # as if it were not there
            for array in (gradient.generative_coefs[0].T, gradient.generative_intercepts[0]):
                array[missing] = 0
            if gradient.log_noise_variance is not None:
                gradient.log_noise_variance[missing] = 0
            net = exact.without(params, missing)
            log_joint += exact.log_joint(net, X[row, ~missing], hidden) / n_chains
        else:
            log_joint += exact.log_joint(params, data, hidden) / n_chains
        exact._add_scaled(total, gradient, 1 / n_chains)
    return exact.flatten(total), log_joint


@pytest.mark.parametrize(
    "met", [[True, False, False, True], [False, True, True, False], [True] * 4]
)
@pytest.mark.parametrize(("visible", "missing"), [("binary", False), ("ordered binary", True)])
def test_rows_that_were_met_go_on_and_others_begin_in_the_prior(visible, missing, met):
    machine, _, x, _ = make_rows_with_gaps((4, 9, 6), visible, missing)
    rule, learner = GibbsLearning(9, n_sweeps=1), BeliefNet(machine.generation)
    rng, gibbs, draws = np.random.default_rng(0), Gibbs.of(learner), make_draws(4, 9)
    memory, met = rule.make_memory(learner, cases.rows_of(x)), np.array(met)
    part = memory.take(cases.place_of(np.arange(4)))
    part.seen[:], anywhere = met, [rng.integers(0, 2, array.shape) for array in part.arrays]
    fresh = gibbs.start(draws)
    data = gibbs.complete(as_block(x), fresh, draws)
    states = np.where(met[:, None, None], anywhere[0], fresh.reshape(4, 9, -1))
    part.arrays[0][:] = anywhere[0]
    chains = [(fresh, data), (states.reshape(36, -1).astype(np.uint8), None)]
    if missing:
        kept = np.where(np.isnan(x.values)[:, None], anywhere[1], x.values[:, None])
        part.arrays[1][:] = kept
        completed = np.where(met[:, None, None], kept, data.reshape(4, 9, -1))
        chains[1] = chains[1][0], np.float32(completed.reshape(36, -1))
    for hidden, completed in chains:
        gibbs.sweep(as_block(x), hidden, draws, 1, completed)
    rule.gradient(
        learner, as_block(x), make_draws(4), None, cases.empty_gradient(learner), memory=part
    )
    ended = [array.reshape(36, -1) for array in part.arrays]
    for elsewhere, expected, actual in zip(*chains, ended, strict=True):
        if expected is not None:
            assert_array_equal(actual, expected)
            assert (elsewhere != expected).any()  # where chains begin shows in where they end


@pytest.mark.parametrize(("visible", "missing"), [("binary", False), ("ordered binary", True)])
def test_nothing_is_drawn_for_chains_that_go_on(visible, missing, monkeypatch):
    machine, _, x, _ = make_rows_with_gaps((4, 3), visible, missing)
    rule, learner = GibbsLearning(2, n_sweeps=1), BeliefNet(machine.generation)
    memory, out = rule.make_memory(learner, cases.rows_of(x)), cases.empty_gradient(learner)
    for step in (1, 2):
        part = memory.take(cases.place_of(np.arange(4)))
        bound = rule.gradient(
            learner, as_block(x), make_draws(4, step=step), None, out, memory=part
        )
        memory.put(cases.place_of(np.arange(4)), part)
        monkeypatch.setattr(Gibbs, "start", None)
        monkeypatch.setattr(Gibbs, "complete", None)
    assert np.isfinite(bound)


@pytest.mark.parametrize("rule", [GibbsLearning(2), MeanFieldLearning()])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("visible", ["binary", "ordered binary"])
def test_only_values_that_are_inferred_are_remembered(rule, visible, missing):
    """A sparse table may have very many columns."""
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), visible, missing)
    rows = cases.rows_of(x)
    for data in (rows, replace(rows, data=scipy.sparse.csr_array(rows.data))):
        memory = rule.make_memory(BeliefNet(machine.generation), data)
        sizes = [array.shape[-1] for array in memory.take(cases.place_of(np.arange(4))).arrays]
        assert sizes == [5, 4 if missing and "ordered" in visible else 0]


def test_a_row_without_gaps_keeps_its_values_among_rows_with_gaps():
    """Only blocks with gaps have chains of data: a row may come to one from a block without."""
    machine, params, x, X = make_rows_with_gaps((4, 3), "ordered binary", missing=True)
    rule, learner = GibbsLearning(2, n_sweeps=1), BeliefNet(machine.generation)
    memory = rule.make_memory(learner, cases.rows_of(x))
    for step, numbers in enumerate(([2], [0, 1, 2, 3]), start=1):
        out, part = cases.empty_gradient(learner), memory.take(cases.place_of(np.array(numbers)))
        block = Block(x.values[numbers], x.fill_values)
        draws = make_draws(len(numbers), step=step)
        bound = rule.gradient(learner, as_block(block), draws, None, out, memory=part)
        memory.put(cases.place_of(np.array(numbers)), part)
    expected, log_joint = explained_by_chains(params, X, memory)
    assert_allclose(flat(machine, out), expected, rtol=2e-5, atol=2e-5)
    assert bound == pytest.approx(log_joint, rel=1e-5)


@pytest.mark.parametrize(("visible", "missing"), [("binary", False), ("ordered binary", True)])
def test_chains_that_stay_with_their_rows_reach_the_posterior(visible, missing):
    machine, params, x, X = make_rows_with_gaps((4, 2, 2), visible, missing, n_rows=2, scale=3)
    learner, n_copies = BeliefNet(machine.generation), 1000
    kinds = np.random.default_rng(0).permutation(np.repeat([0, 1], n_copies))
    rows = Table(X[kinds].astype(np.float32), False, fill_values=x.fill_values if missing else None)
    training = Training(learner, GibbsLearning(1, n_sweeps=1), Adam(), 1, Past(cases.SEED))
    training.begin(rows)
    for _ in range(25):
        order = training.permutation(2 * n_copies)
        for batch in (order[:700], order[700:]):
            training.step(rows, batch, 0.0)
    states, completed = training._memory.take(cases.place_of(np.arange(2 * n_copies))).arrays
    for kind in (0, 1):
        chains = states[kinds == kind, 0]
        if missing:
            gaps = np.isnan(X[kind])
            chains = np.hstack([completed[kinds == kind, 0][:, gaps].astype(np.uint8), chains])
            log_target = exact_gaps.bernoulli_log_target(params, X[kind])
            target = np.exp(log_target - exact._log_sum_exp(log_target))
        else:
            target = exact.posterior(params, X[kind])
        cases.assert_frequencies(cases.state_numbers(chains), target)


def test_a_step_remembers_the_rows_that_it_met_and_no_others():
    machine, _, _ = make_case((4, 3), "binary")
    x = cases.make_rows(4, "binary", 300)
    training = Training(
        BeliefNet(machine.generation), GibbsLearning(2, 1), Adam(), 1, Past(cases.SEED)
    )  # fmt: skip
    training.begin(Table(x, True))
    chosen = np.random.default_rng(0).permutation(300)[:200]
    training.step(Table(x, True), chosen, 0.0)
    met = training._memory.take(cases.place_of(np.arange(300))).seen
    assert_array_equal(np.flatnonzero(met), np.sort(chosen))


# Chains as features


def draws_of_chains(x, n_chains, first=0):
    key = _keys.key(_keys.scoring_seed(), Purpose.SWEEP)
    return Draws(key, content_keys(values_of(x)), n_chains, first)


@pytest.mark.parametrize("n_sweeps", [1, 2, 5])
@pytest.mark.parametrize(("visible", "missing"), [("binary", False), ("ordered binary", True)])
def test_hidden_means_are_those_of_the_later_half_of_the_sweeps(visible, missing, n_sweeps):
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), visible, missing)
    gibbs, n_chains, expected = Gibbs.of(machine), 3, 0
    for backwards in (False, True):
        first, path = backwards * n_chains * n_sweeps, []
        states = gibbs.start(draws_of_chains(x, n_chains, first))
        completed = gibbs.complete(as_block(x), states, draws_of_chains(x, n_chains, first))
        for sweep in range(n_sweeps):
            draws = draws_of_chains(x, n_chains, first + sweep * n_chains)
            gibbs.anneal(as_block(x), states, draws, [0.0], [1.0], backwards, completed)
            path.append(states.reshape(4, n_chains, -1).mean(axis=1))
        expected = expected + 0.5 * np.mean(path[n_sweeps // 2 :], axis=0)
    means = ChainPosterior(BeliefNet(machine.generation), n_chains, n_sweeps).hidden_means(
        as_block(x), content_keys(values_of(x))
    )
    assert [part.shape for part in means] == [(4, 3), (4, 2)]
    assert_allclose(np.hstack(means), expected, rtol=1e-12)


@pytest.mark.parametrize(("n_units", "visible", "missing"), SAMPLED)
def test_hidden_means_of_many_chains_are_those_of_the_posterior(n_units, visible, missing):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    means = ChainPosterior(BeliefNet(machine.generation), 400, 50).hidden_means(
        as_block(x), content_keys(values_of(x))
    )
    hidden = np.hstack(exact.hidden_states(n_units))
    for row, observed in enumerate(X):
        log_joint = exact.log_joint_observed(params, observed)
        expected = np.exp(log_joint - exact._log_sum_exp(log_joint)) @ hidden
        assert_allclose(np.hstack(means)[row], expected, atol=0.025)


@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary", "ordered gaussian"])
@pytest.mark.parametrize("missing", [False, True])
def test_hidden_means_depend_on_nothing_but_what_a_row_holds(visible, missing):
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), visible, missing)
    posterior = ChainPosterior(BeliefNet(machine.generation), 4, 5)
    whole = np.hstack(posterior.hidden_means(as_block(x), content_keys(values_of(x))))
    assert len(np.unique(whole, axis=0)) > 1
    for rows in ([3, 2, 1, 0], [2], [1, 3], [0, 0]):
        part = Block(x.values[rows], x.fill_values) if missing else x[rows]
        means = posterior.hidden_means(as_block(part), content_keys(values_of(part)))
        assert_array_equal(np.hstack(means), whole[rows])
