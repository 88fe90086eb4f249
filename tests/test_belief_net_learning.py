"""Learning rules of belief nets: their steps are the gradients that their docstrings state.

What a rule makes of the states that it drew is compared with the oracles for those very states;
that such steps are gradients in the mean is estimated from independent blocks.
"""

import copy
import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import SigmoidBeliefNet, _batches, _keys, _tree
from sklearn_helmholtz._batches import Rows
from sklearn_helmholtz._content import content_keys
from sklearn_helmholtz._incomplete import IncompleteRows, fill
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz._training import Training
from sklearn_helmholtz._workspace import Workspace
from sklearn_helmholtz.inference import ChainPosterior, ExactPosterior, Gibbs
from sklearn_helmholtz.learning import (
    NVIL,
    SGD,
    VIMCO,
    Adam,
    EstimatedPenalty,
    ExactLearning,
    GibbsLearning,
    MeanFieldLearning,
    penalise,
)
from sklearn_helmholtz.learning.phases import explain_by_recognition, explain_by_states
from sklearn_helmholtz.learning.score_function import _DECAY, Rewards, bounds_without
from sklearn_helmholtz.likelihood import Enumeration
from sklearn_helmholtz.machines import BeliefNet, Helmholtz, initialise_net, with_baselines
from sklearn_helmholtz.units import Bernoulli
from tests import cases, exact, exact_gaps
from tests.cases import CASES, make_case, make_draws
from tests.test_learning import assert_expectation, recognition_entries

PATTERNS = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
N_BLOCKS, ROWS_OF_A_BLOCK = 50, 1200
SAMPLED = [  # net, data, whether values are missing
    ((4, 3), "binary", False),
    ((4, 3, 2), "fractional", False),
    ((3, 2, 2, 2), "binary", False),
    ((4, 3), "gaussian", True),
    ((4, 3, 2), "binary", True),
    ((4, 3, 2), "ordered binary", False),
    ((4, 3), "ordered gaussian", False),
    ((4, 3), "ordered fractional", True),
    ((4, 2), "ordered gaussian", True),
]


# The oracles


def make_rows_with_gaps(n_units, visible, missing, n_rows=4, scale=1.0):
    """A machine, the parameters of its oracle, rows in the form of blocks, and as the oracles'."""
    machine, params, X = make_case(n_units, visible, n_rows, scale)
    if not missing:
        return machine, params, X, X.astype(np.float64)
    values = np.where(PATTERNS[:n_rows, : n_units[0]], np.nan, X).astype(np.float32)
    return machine, params, IncompleteRows(values, stand_in_of(values)), values.astype(np.float64)


def stand_in_of(values):
    return np.linspace(0.2, 0.9, values.shape[1]).astype(np.float32)


def slopes(objective, params, step=1e-4):
    """Difference quotients of fourth order of ``objective(params)`` by all parameters, flat."""
    params, gradient = copy.deepcopy(params), exact.zero_gradient(params)
    names = ("generative_coefs", "generative_intercepts", "recognition_coefs")
    pairs = [
        (array, target)
        for name in (*names, "recognition_intercepts", "generative_lateral_coefs")
        for array, target in zip(
            getattr(params, name) or [], getattr(gradient, name) or [], strict=True
        )
    ]
    for array, target in pairs:
        lateral = any(array is weights for weights in params.generative_lateral_coefs or [])
        for index in np.ndindex(array.shape):
            if lateral and index[0] >= index[1]:
                continue
            value, results = array[index], []
            for distance in (-2, -1, 1, 2):
                array[index] = value + distance * step
                results.append(objective(params))
            array[index] = value
            target[index] = quotient(results, step)
    if params.noise_variance is not None:
        for i, value in enumerate(params.noise_variance):
            results = []
            for distance in (-2, -1, 1, 2):
                params.noise_variance[i] = value * np.exp(distance * step)
                results.append(objective(params))
            params.noise_variance[i] = value
            gradient.log_noise_variance[i] = quotient(results, step)
    return exact.flatten(gradient)


def quotient(results, step):
    far_below, below, above, far_above = results
    return (8 * (above - below) - (far_above - far_below)) / (12 * step)


def log_observed(params, X):
    """Log p of what is observed of each row."""
    return np.array([exact._log_sum_exp(exact.log_joint_observed(params, x)) for x in X])


def bound_gradient(params, X, n_particles):
    """The mean over rows of the gradient of E log(1/K sum_k w_k), flat.

    By recognition, E[sum_k (L - w_k) d log q_k], where w_k are normalised: the score function, and
    what the bound has of q itself. What is drawn in gaps is explained, as in wake-sleep.
    """
    total = exact.zero_gradient(params)
    for x in X:
        stand_in = stand_in_of(X)
        data, hidden, log_drawn, log_weight = exact.proposals(params, x, stand_in)
        parts = exact._weighted_tuples(log_drawn, log_weight, n_particles)
        tuples, probabilities, log_weights = parts
        sums = exact._log_sum_exp(log_weights)
        shares = np.exp(log_weights - sums[:, None])
        rewards = (sums - np.log(n_particles))[:, None] - shares
        places, n = tuples.ravel(), len(log_drawn)
        probabilities = probabilities[:, None]
        down = np.bincount(places, (probabilities * shares).ravel(), n)
        up = np.bincount(places, (probabilities * rewards).ravel(), n)
        seen = np.where(np.isnan(x), stand_in, x)
        for i in range(n):
            state = [layer[i] for layer in hidden]
            exact._add_scaled(total, exact.grad_log_joint(params, data[i], state), down[i])
            exact._add_scaled(total, exact.grad_log_recognition(params, seen, state), up[i])
    return exact.flatten(total) / len(X)


@pytest.mark.parametrize("n_particles", [1, 2])
@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary"])
def test_the_oracle_of_bounds_is_their_slope(visible, n_particles):
    _, params, _, X = make_rows_with_gaps((4, 2, 1), visible, missing=False, n_rows=2)
    expected = slopes(lambda p: exact.reweighted_bound(p, X, n_particles).mean(), params)
    assert_allclose(bound_gradient(params, X, n_particles), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n_particles", [1, 2])
def test_the_oracle_of_bounds_of_rows_with_gaps_is_their_slope_by_recognition(n_particles):
    _, params, _, X = make_rows_with_gaps((4, 2), "ordered binary", missing=True, n_rows=3)
    expected = slopes(
        lambda p: exact.completed_bound(p, X, stand_in_of(X), n_particles).mean(), params
    )
    place = recognition_entries(params)
    actual = bound_gradient(params, X, n_particles)
    assert_allclose(actual[place], expected[place], rtol=1e-6, atol=1e-8)
    assert abs(actual - expected)[~place].max() > 1e-3  # generation decides what is drawn, too


def flat(machine, out):
    """A step as a vector in the order of the oracles; of nets without recognition with zeros."""
    if isinstance(out, Helmholtz):
        return exact.flatten(cases.gradient_of(machine, out))
    still = _tree.zeros_like(machine.recognition).tree
    return exact.flatten(cases.gradient_of(machine, Helmholtz(out.generation, still)))


def tiled(x, n_rows):
    """A block that repeats some rows."""
    if isinstance(x, IncompleteRows):
        return IncompleteRows(np.resize(x.values, (n_rows, x.values.shape[1])), x.stand_in)
    return np.resize(x, (n_rows, x.shape[1]))


def run_blocks(rule, machine, learner, x, means=None, n_blocks=N_BLOCKS, n_rows=ROWS_OF_A_BLOCK):
    """Steps and bounds, divided by rows, of independent blocks that repeat some rows.

    means : running means of rewards that there were before, or None.
    """
    block, work, steps, bounds = tiled(x, n_rows), Workspace(), [], []
    for number in range(n_blocks):
        out, where = cases.empty_gradient(learner), {"start": number * n_rows}
        wake = make_draws(n_rows, rule.n_particles, **where)
        memory = () if means is None else (share_of(means),)
        bounds.append(rule.gradient(learner, block, wake, None, out, work, *memory) / n_rows)
        steps.append(flat(machine, out) / n_rows)
        work.reset()
    return np.array(steps), np.array(bounds)


def share_of(means, variances=None):
    """What a block sees of rewards with given running means and variances."""
    rewards = Rewards(len(means))
    rewards.means = np.asarray(means, np.float64)
    if variances is not None:
        rewards.variances = np.asarray(variances, np.float64)
    return rewards.take(np.arange(1))


# Exact learning


EXACT_CASES = [(*case, False) for case in CASES]
EXACT_CASES += [
    (n_units, visible, True)
    for n_units, visible in CASES
    if n_units[0] == 4 and visible != "ordered gaussian"
]


@pytest.mark.parametrize(("n_units", "visible", "missing"), EXACT_CASES)
def test_the_step_of_exact_learning_is_the_slope_of_the_log_likelihood(n_units, visible, missing):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner = BeliefNet(machine.generation)
    out = cases.empty_gradient(learner)
    bound = ExactLearning().gradient(learner, x, None, None, out)
    if missing:
        expected = slopes(lambda p: log_observed(p, X).sum(), params)
    else:
        expected = exact.flatten(exact.likelihood_gradient(params, X))
    assert bound == pytest.approx(log_observed(params, X).sum(), rel=1e-10)
    assert_allclose(flat(machine, out), expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(
    "visible", ["binary", "gaussian", "ordered fractional", "ordered gaussian"]
)
def test_exact_learning_sums_over_the_data_in_parts(visible, monkeypatch):
    machine, _, x, _ = make_rows_with_gaps((4, 3), visible, visible != "ordered gaussian")
    learner, steps = BeliefNet(machine.generation), []
    for entries in ((2**21, 2**18), (20, 2**18), (2**21, 11), (20, 1)):
        for name, number in zip(("_TABLE_ENTRIES", "_PART_ENTRIES"), entries, strict=True):
            monkeypatch.setattr(f"sklearn_helmholtz.learning.exact.{name}", number)
        out = cases.empty_gradient(learner)
        ExactLearning().gradient(learner, x, None, None, out)
        steps.append(flat(machine, out))
    for step in steps[1:]:
        assert_allclose(step, steps[0], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("n_units", "n_rows", "visible"),
    [((100, 16), 8, "binary"), ((100, 16), 8, "gaussian"), ((60, 10), 300, "ordered binary")],
)
def test_exact_learning_needs_little_memory(n_units, n_rows, visible):
    machine, _, x, _ = make_rows_with_gaps(n_units, visible, False, n_rows, scale=0.1)
    learner = BeliefNet(machine.generation)
    out = _tree.zeros_like(learner).tree
    ExactLearning().gradient(learner, x[:1], None, None, out)  # compilers need memory, too
    tracemalloc.start()
    try:
        ExactLearning().gradient(learner, x, None, None, out)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 64 * 2**20


def test_blocks_of_a_step_share_the_posterior_of_its_parameters(monkeypatch):
    made = []

    def counted(machine):
        made.append(machine)
        return ExactPosterior(machine)

    monkeypatch.setattr("sklearn_helmholtz.learning.exact.ExactPosterior", counted)
    monkeypatch.setattr(_batches, "_BLOCK_WORK", 1)
    machine, _, x, X = make_rows_with_gaps((4, 3), "binary", False, n_rows=200)
    learner = BeliefNet(machine.generation)
    training = Training(learner, ExactLearning(), SGD(0.0), cases.SEED, 2)
    rows = cases.rows_of(x)
    training.begin(rows)
    for n_made in (1, 2):
        before = cases.params_of(Helmholtz(training.machine.generation, machine.recognition))
        bound = training.step(rows, np.arange(200), 0.1)
        assert bound == pytest.approx(exact.log_likelihood(before, X).sum(), rel=1e-6)
        assert len(made) == n_made


def test_exact_learning_refuses_units_whose_errors_it_does_not_know():
    class Poisson:
        pass

    machine, _, x, _ = make_rows_with_gaps((4, 3), "binary", False)
    *hidden, visible = machine.generation.conditionals
    chain = replace(machine.generation, conditionals=(*hidden, replace(visible, units=Poisson())))
    with pytest.raises(TypeError, match="no exact learning for Poisson visible units"):
        ExactLearning().gradient(BeliefNet(chain), x, None, None, None)


@pytest.mark.parametrize("visible", ["binary", "ordered binary"])
def test_exact_learning_takes_what_rows_are_made_of_for_certain(visible):
    """Rows one by one, of any other random numbers, make the step of all of them."""
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), visible, missing=True)
    learner, rule = BeliefNet(machine.generation), ExactLearning()
    parts = []
    for rows in ([0, 1, 2, 3], [2], [3], [0, 1]):
        out = cases.empty_gradient(learner)
        block = IncompleteRows(x.values[rows], x.stand_in)
        bound = rule.gradient(learner, block, make_draws(len(rows)), None, out)
        parts.append([bound, *flat(machine, out)])
    assert_allclose(np.sum(parts[1:], axis=0), parts[0], rtol=1e-5, atol=1e-5)


# Enumeration without recognition


@pytest.mark.parametrize(("n_units", "visible", "missing"), SAMPLED)
def test_a_net_is_enumerated_without_recognition_but_has_no_free_energy(n_units, visible, missing):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    bare, whole = (Enumeration(net).estimate(x) for net in (BeliefNet(machine.generation), machine))
    assert_array_equal(bare.per_sample, whole.per_sample)
    assert_allclose(bare.per_sample, log_observed(params, X), rtol=1e-9, atol=1e-12)
    assert np.isnan(bare.free_energy).all()
    assert np.isfinite(whole.free_energy).all()


# Gibbs learning


@pytest.mark.parametrize(("n_units", "visible", "missing"), SAMPLED)
def test_the_expected_step_of_long_chains_is_the_slope_of_the_log_likelihood(
    n_units, visible, missing
):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    rule, learner = GibbsLearning(2, n_sweeps=20), BeliefNet(machine.generation)
    steps, _ = run_blocks(rule, machine, learner, x, n_blocks=40, n_rows=300)
    expected = slopes(lambda p: log_observed(p, X).mean(), params)
    generation = ~recognition_entries(params)
    assert_expectation(steps[:, generation], expected[generation])


@pytest.mark.parametrize(("n_units", "visible", "missing"), SAMPLED)
def test_a_step_of_gibbs_learning_is_the_mean_over_the_chains_that_it_keeps(
    n_units, visible, missing
):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    rule, learner = GibbsLearning(3, n_sweeps=2), BeliefNet(machine.generation)
    memory = rule.remember(learner, cases.rows_of(x))
    for step in (1, 2):
        out, part = cases.empty_gradient(learner), memory.take(np.arange(len(X)))
        bound = rule.gradient(learner, x, make_draws(len(X), step=step), None, out, memory=part)
        memory.put(np.arange(len(X)), part)
        expected, log_joint = explained_by_chains(params, X, memory)
        assert_allclose(flat(machine, out), expected, rtol=2e-5, atol=2e-5)
        assert bound == pytest.approx(log_joint, rel=1e-5)


def explained_by_chains(params, X, memory, numbers=None):
    """The mean gradient, flat, and the mean of log p(x, h) of chains, summed over rows."""
    numbers = np.arange(len(X)) if numbers is None else numbers
    states, completions = memory.take(numbers).arrays
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
    part, met = rule.remember(learner, cases.rows_of(x)).take(np.arange(4)), np.array(met)
    part.met[:], anywhere = met, [rng.integers(0, 2, array.shape) for array in part.arrays]
    fresh = gibbs.start(draws)
    data = gibbs.complete(x, fresh, draws)
    states = np.where(met[:, None, None], anywhere[0], fresh.reshape(4, 9, -1))
    part.arrays[0][:] = anywhere[0]
    chains = [(fresh, data), (states.reshape(36, -1).astype(np.uint8), None)]
    if missing:
        kept = np.where(np.isnan(x.values)[:, None], anywhere[1], x.values[:, None])
        part.arrays[1][:] = kept
        completed = np.where(met[:, None, None], kept, data.reshape(4, 9, -1))
        chains[1] = chains[1][0], np.float32(completed.reshape(36, -1))
    for hidden, completed in chains:
        gibbs.sweep(x, hidden, draws, 1, completed)
    rule.gradient(learner, x, make_draws(4), None, cases.empty_gradient(learner), memory=part)
    ended = [array.reshape(36, -1) for array in part.arrays]
    for elsewhere, expected, actual in zip(*chains, ended, strict=True):
        if expected is not None:
            assert_array_equal(actual, expected)
            assert (elsewhere != expected).any()  # where chains begin shows in where they end


@pytest.mark.parametrize(("visible", "missing"), [("binary", False), ("ordered binary", True)])
def test_nothing_is_drawn_for_chains_that_go_on(visible, missing, monkeypatch):
    machine, _, x, _ = make_rows_with_gaps((4, 3), visible, missing)
    rule, learner = GibbsLearning(2, n_sweeps=1), BeliefNet(machine.generation)
    memory, out = rule.remember(learner, cases.rows_of(x)), cases.empty_gradient(learner)
    for step in (1, 2):
        part = memory.take(np.arange(4))
        bound = rule.gradient(learner, x, make_draws(4, step=step), None, out, memory=part)
        memory.put(np.arange(4), part)
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
        memory = rule.remember(BeliefNet(machine.generation), data)
        sizes = [array.shape[-1] for array in memory.take(np.arange(4)).arrays]
        assert sizes == [5, 4 if missing and "ordered" in visible else 0]


def test_a_row_without_gaps_keeps_its_values_among_rows_with_gaps():
    """Only blocks with gaps have chains of data: a row may come to one from a block without."""
    machine, params, x, X = make_rows_with_gaps((4, 3), "ordered binary", missing=True)
    rule, learner = GibbsLearning(2, n_sweeps=1), BeliefNet(machine.generation)
    memory = rule.remember(learner, cases.rows_of(x))
    for step, numbers in enumerate(([2], [0, 1, 2, 3]), start=1):
        out, part = cases.empty_gradient(learner), memory.take(np.array(numbers))
        block = IncompleteRows(x.values[numbers], x.stand_in)
        draws = make_draws(len(numbers), step=step)
        bound = rule.gradient(learner, block, draws, None, out, memory=part)
        memory.put(np.array(numbers), part)
    expected, log_joint = explained_by_chains(params, X, memory)
    assert_allclose(flat(machine, out), expected, rtol=2e-5, atol=2e-5)
    assert bound == pytest.approx(log_joint, rel=1e-5)


@pytest.mark.parametrize(("visible", "missing"), [("binary", False), ("ordered binary", True)])
def test_chains_that_stay_with_their_rows_reach_the_posterior(visible, missing):
    machine, params, x, X = make_rows_with_gaps((4, 2, 2), visible, missing, n_rows=2, scale=3)
    learner, n_copies = BeliefNet(machine.generation), 1000
    kinds = np.random.default_rng(0).permutation(np.repeat([0, 1], n_copies))
    rows = Rows(X[kinds].astype(np.float32), False, stand_in=x.stand_in if missing else None)
    training = Training(learner, GibbsLearning(1, n_sweeps=1), Adam(), cases.SEED, 1)
    training.begin(rows)
    for _ in range(25):
        order = training.permutation(2 * n_copies)
        for batch in (order[:700], order[700:]):
            training.step(rows, batch, 0.0)
    states, completed = training._memory.take(np.arange(2 * n_copies)).arrays
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
        BeliefNet(machine.generation), GibbsLearning(2, 1), Adam(), cases.SEED, 1
    )  # fmt: skip
    training.begin(Rows(x, True))
    chosen = np.random.default_rng(0).permutation(300)[:200]
    training.step(Rows(x, True), chosen, 0.0)
    met = training._memory.take(np.arange(300)).met
    assert_array_equal(np.flatnonzero(met), np.sort(chosen))


# Chains as features


def draws_of_chains(x, n_chains, first=0):
    key = _keys.key(_keys.scoring_seed(), Purpose.SWEEP)
    return Draws(key, content_keys(x), n_chains, first)


@pytest.mark.parametrize("n_sweeps", [1, 2, 5])
@pytest.mark.parametrize(("visible", "missing"), [("binary", False), ("ordered binary", True)])
def test_hidden_means_are_those_of_the_later_half_of_the_sweeps(visible, missing, n_sweeps):
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), visible, missing)
    gibbs, n_chains, expected = Gibbs.of(machine), 3, 0
    for backwards in (False, True):
        first, path = backwards * n_chains * n_sweeps, []
        states = gibbs.start(draws_of_chains(x, n_chains, first))
        completed = gibbs.complete(x, states, draws_of_chains(x, n_chains, first))
        for sweep in range(n_sweeps):
            draws = draws_of_chains(x, n_chains, first + sweep * n_chains)
            gibbs.anneal(x, states, draws, [0.0], [1.0], backwards, completed)
            path.append(states.reshape(4, n_chains, -1).mean(axis=1))
        expected = expected + 0.5 * np.mean(path[n_sweeps // 2 :], axis=0)
    means = ChainPosterior(BeliefNet(machine.generation), n_chains, n_sweeps).hidden_means(
        x, content_keys(x)
    )
    assert [part.shape for part in means] == [(4, 3), (4, 2)]
    assert_allclose(np.hstack(means), expected, rtol=1e-12)


@pytest.mark.parametrize(("n_units", "visible", "missing"), SAMPLED)
def test_hidden_means_of_many_chains_are_those_of_the_posterior(n_units, visible, missing):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    means = ChainPosterior(BeliefNet(machine.generation), 800, 50).hidden_means(x, content_keys(x))
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
    whole = np.hstack(posterior.hidden_means(x, content_keys(x)))
    assert len(np.unique(whole, axis=0)) > 1
    for rows in ([3, 2, 1, 0], [2], [1, 3], [0, 0]):
        part = IncompleteRows(x.values[rows], x.stand_in) if missing else x[rows]
        assert_array_equal(np.hstack(posterior.hidden_means(part, content_keys(part))), whole[rows])


# Rewards of one sample


def judged(machine, scale=0.4, seed=0):
    """A machine with baselines that expect something."""
    rng = np.random.default_rng(seed)
    learner = with_baselines(machine, rng)
    for leaf in _tree.leaves(learner.baselines):
        leaf += scale * rng.normal(size=leaf.shape)
    return learner


def drawn(machine, x, n_particles=1):
    """The hidden layers of the explanations that a rule draws, float64, particles together."""
    hidden = explain_by_recognition(machine, x, make_draws(len(x), n_particles))[0].hidden
    return [layer.astype(np.float64) for layer in hidden]


def log_parts(params, x, hidden):
    """Log p(h_{i-1} | h_i), i = 1..L and then log p(h_L); log q(h_i | h_{i-1}); nats, of a row.

    Values that are missing (NaN) of x are left out of the likelihood.
    """
    layers, down, up = [x, *hidden], [], []
    for depth, values in enumerate(layers):
        eta = exact.generative_inputs(params, [np.nan_to_num(x), *hidden], depth)
        if depth == 0 and params.noise_variance is not None:
            terms = exact._gaussian(values[:, None], eta[:, None], params.noise_variance[:, None])
        else:
            terms = values * eta - np.logaddexp(0, eta)
        down.append(np.nansum(terms))
    filled = np.where(np.isnan(x), stand_in_of(x[None]), x)
    for below, values, weights, intercept in zip(
        [filled, *hidden], hidden, params.recognition_coefs, params.recognition_intercepts,
        strict=False,
    ):  # fmt: skip
        up.append(exact._bernoulli(values, below @ weights + intercept))
    return np.array(down), np.array(up)


def worth(params, X, hidden):
    """Log p(h_{i-1}, ..., h_L) - log q(h_i, ..., h_L | h_{i-1}) of each layer i and each row."""
    result = []
    for row, x in enumerate(X):
        down, up = log_parts(params, x, [layer[row] for layer in hidden])
        result.append([down[i:].sum() - up[i:].sum() for i in range(len(up))])
    return np.array(result).T


def numbers_of(baseline, below):
    """What a baseline expects, in float64."""
    hidden, value = baseline.hidden, baseline.value
    arrays = (hidden.weights, hidden.intercept, value.weights, value.intercept)
    w, b, v, c = (array.astype(np.float64) for array in arrays)
    return (np.tanh(below @ w + b) @ v + c)[:, 0]


def rewarded(params, X, hidden, rewards, weights=None):
    """The step that rewards (n_layers, n_explanations) and weights of explanations make, flat."""
    total, n_particles = exact.zero_gradient(params), len(hidden[0]) // len(X)
    for i in range(len(hidden[0])):
        x, state = X[i // n_particles], [layer[i] for layer in hidden]
        missing = np.isnan(x)
        filled = np.where(missing, stand_in_of(X), x)
        gradient = exact.grad_log_recognition(params, filled, state)
        for lists in (gradient.recognition_coefs, gradient.recognition_intercepts):
            for array, reward in zip(lists, rewards[:, i], strict=True):
                array *= reward
        exact._add_scaled(total, gradient, 1.0)
        gradient = exact.grad_log_joint(params, np.nan_to_num(x), state)
        gradient.generative_coefs[0][:, missing] = 0
        gradient.generative_intercepts[0][missing] = 0
        if gradient.log_noise_variance is not None:
            gradient.log_noise_variance[missing] = 0
        exact._add_scaled(total, gradient, 1.0 if weights is None else weights.ravel()[i])
    return exact.flatten(total)


DRAWN_GAPS = [case for case in SAMPLED if case[2] and "ordered" in case[1]]
REWARDED = [case for case in SAMPLED if case not in DRAWN_GAPS]
VARIANCES = np.array([6.25, 0.5, 1.44])


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_a_step_of_nvil_rewards_each_layer_for_what_it_brings(
    n_units, visible, missing, baseline, normalise
):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner, n_layers = judged(machine), len(n_units) - 1
    means, variances = np.linspace(-3, -1, n_layers), VARIANCES[:n_layers]
    hidden = drawn(machine, x)
    values = worth(params, X, hidden)
    rewards = values.copy()
    below = [np.asarray(fill(x), np.float64), *hidden[:-1]]
    if baseline:
        guesses = [numbers_of(b, part) for b, part in zip(learner.baselines, below, strict=True)]
        rewards -= np.array(guesses) + means[:, None]
    if normalise:
        rewards /= np.sqrt(np.maximum(1, variances))[:, None]
    out = cases.empty_gradient(learner)
    rule, share = NVIL(baseline, normalise), share_of(means, variances)
    bound = rule.gradient(learner, x, make_draws(4), None, out, memory=share)
    assert bound == pytest.approx(values[0].sum(), rel=1e-5)
    expected = rewarded(params, X, hidden, rewards)
    assert_allclose(flat(machine, out), expected, rtol=5e-5, atol=5e-5)


@pytest.mark.parametrize("normalise", [False, True])
def test_nothing_is_scaled_nor_shifted_where_nothing_is_known_of_rewards(normalise):
    machine, params, x, X = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    learner, hidden = with_baselines(machine, np.random.default_rng(0)), drawn(machine, x)
    expected = rewarded(params, X, hidden, worth(params, X, hidden))
    for memory in (None, Rewards(2).take(np.arange(4))):
        out = cases.empty_gradient(learner)
        NVIL(True, normalise).gradient(learner, x, make_draws(4), None, out, memory=memory)
        assert_allclose(flat(machine, out), expected, rtol=2e-5, atol=2e-5)


def test_the_reward_of_a_layer_has_nothing_of_the_layers_below_it():
    """Another p(x | h_1) changes what the first layer learns, and nothing above."""
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    other = _tree.copy(machine)
    for leaf in _tree.leaves(other.visible):
        leaf += 1
    first, second = (learner_step(NVIL(), judged(net), x) for net in (machine, other))
    pairs = zip(first.recognition.conditionals, second.recognition.conditionals, strict=True)
    differs = [(a.affine.intercept != b.affine.intercept).any() for a, b in pairs]
    assert differs == [True, False]


def learner_step(rule, learner, x):
    out = cases.empty_gradient(learner)
    rule.gradient(learner, x, make_draws(len(x), rule.n_particles), None, out)
    return out


@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_baselines_climb_down_the_squares_of_what_they_get_wrong(n_units, visible, missing):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner, hidden = judged(machine), drawn(machine, x)
    values, below = worth(params, X, hidden), [np.asarray(fill(x), np.float64), *hidden[:-1]]
    out = learner_step(NVIL(normalise=False), learner, x)
    for i, (baseline, target) in enumerate(zip(learner.baselines, out.baselines, strict=True)):
        baseline = _tree.with_leaves(
            baseline, [leaf.astype(np.float64) for leaf in _tree.leaves(baseline)]
        )
        for leaf, actual in zip(_tree.leaves(baseline), _tree.leaves(target), strict=True):
            for index in itertools.islice(np.ndindex(leaf.shape), 0, None, 7):
                value, results = leaf[index], []
                for distance in (-2, -1, 1, 2):
                    leaf[index] = value + distance * 1e-4
                    left = values[i] - numbers_of(baseline, below[i])
                    results.append(-0.5 * (left**2).sum())
                leaf[index] = value
                assert actual[index] == pytest.approx(quotient(results, 1e-4), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_the_expected_step_of_nvil_is_the_slope_of_the_evidence_lower_bound(
    n_units, visible, missing, baseline
):
    check_nvil(n_units, visible, missing, baseline)


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("n_units", "visible", "missing"), DRAWN_GAPS)
def test_the_expected_step_of_nvil_explains_what_is_drawn_in_gaps(
    n_units, visible, missing, baseline
):
    """It lacks what the bound owes to how that is drawn."""
    check_nvil(n_units, visible, missing, baseline)


def check_nvil(n_units, visible, missing, baseline):
    """Steps and bounds have the expectations of the oracles."""
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner, means = judged(machine), np.linspace(-4, -2, len(n_units) - 1)
    rule = NVIL(baseline, normalise=False)
    steps, bounds = run_blocks(rule, machine, learner, x, means)
    assert_expectation(steps, bound_gradient(params, X, 1))
    expected = exact.completed_bound(params, X, stand_in_of(X), 1).mean()
    assert_expectation(bounds, expected)
    if not missing:
        assert expected == pytest.approx(-exact.free_energy(params, X).mean())


def test_baselines_make_the_steps_of_recognition_less_noisy():
    machine, params, x, X = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    place, learner = recognition_entries(params), with_baselines(machine, np.random.default_rng(0))
    hidden = drawn(machine, tiled(x, 2000))
    means = worth(params, np.resize(X, (2000, 4)), hidden).mean(axis=1)
    taught = with_baselines(machine, np.random.default_rng(0))
    packed = _tree.pack(taught)
    optimizer, state = SGD(0.9), SGD(0.9).init(len(packed.vector))
    for step in range(300):  # of the baselines alone
        out = _tree.zeros_like(taught)
        draws = make_draws(400, step=100 + step)
        NVIL(normalise=False).gradient(
            packed.tree, tiled(x, 400), draws, None, out.tree, memory=share_of(means)
        )
        for leaf in _tree.leaves((out.tree.generation, out.tree.recognition)):
            leaf[...] = 0
        progress = np.zeros(2, np.int64)
        optimizer.move(packed, out.vector[None], 1 / 400, 0.003, state, progress, 0)
    noise = []
    for rule, net, known in (
        (NVIL(False, False), learner, None),
        (NVIL(True, False), learner, means),
        (NVIL(True, False), packed.tree, means),
    ):
        steps, _ = run_blocks(rule, machine, net, x, known, n_rows=400)
        noise.append(steps[:, place].var(axis=0).sum())
    assert noise[1] < 0.5 * noise[0]
    assert noise[2] < 0.8 * noise[1]


# Running means of rewards


def test_running_means_of_rewards_by_hand():
    rng = np.random.default_rng(0)
    memory, steps = Rewards(2), [rng.normal(-5, 2, (2, n)) for n in (5, 8, 3)]
    assert not memory.means.any()
    assert not memory.variances.any()
    means = variances = None
    for rewards in steps:
        for columns in np.array_split(np.arange(rewards.shape[1]), 2):
            share = memory.take(columns)
            share.count(rewards[:, columns])
            memory.put(columns, share)
        before = memory.means
        memory.end_step()
        first, second = rewards.mean(axis=1), rewards.var(axis=1)
        share = 1.0 if means is None else 1 - _DECAY
        means = first if means is None else means + share * (first - means)
        variances = second if variances is None else variances + share * (second - variances)
        assert_allclose(memory.means, means, rtol=1e-12)
        assert_allclose(memory.variances, variances, rtol=1e-9)
        assert (before != memory.means).all()
    assert _DECAY == 0.8


def test_the_order_in_which_blocks_are_put_back_does_not_matter():
    rng = np.random.default_rng(0)
    parts = {first: rng.normal(size=(2, 5)) for first in (0, 7, 3, 90)}
    results = []
    for order in itertools.permutations(parts):
        memory = Rewards(2)
        for first in order:
            numbers = np.arange(first, first + 5)
            share = memory.take(numbers)
            share.count(parts[first])
            memory.put(numbers, share)
        memory.end_step()
        results.append([*memory.means, *memory.variances])
    assert len(np.unique(results, axis=0)) == 1


def test_nvil_counts_rewards_less_what_baselines_expect():
    machine, params, x, X = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    learner, hidden = judged(machine), drawn(machine, x)
    pairs = zip(learner.baselines, [X, hidden[0]], strict=True)
    guesses = [numbers_of(baseline, below) for baseline, below in pairs]
    expected = worth(params, X, hidden) - guesses
    memory = NVIL().remember(learner, cases.rows_of(x))
    memory.means = np.array([-3.0, 2.0])  # are taken away later
    share, out = memory.take(np.arange(4)), cases.empty_gradient(learner)
    NVIL().gradient(learner, x, make_draws(4), None, out, memory=share)
    assert_allclose(share.sums[0], 4)
    assert_allclose(share.sums[1], expected.sum(axis=1), rtol=1e-5)
    assert_allclose(share.sums[2], (expected**2).sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("normalise", [False, True])
def test_training_goes_on_from_the_rewards_of_all_blocks_of_the_step_before(
    baseline, normalise, monkeypatch
):
    machine, params, _ = make_case((4, 3, 2), "binary")
    x, rule = cases.make_rows(4, "binary", 200), NVIL(baseline, normalise)
    monkeypatch.setattr(_batches, "_BLOCK_WORK", 1)
    learner = with_baselines(machine, np.random.default_rng(0))
    training = Training(learner, rule, Adam(), cases.SEED, 1)
    rows = Rows(x, True)
    training.begin(rows)
    training.step(rows, np.arange(200), 0.0)
    draws = Draws(_keys.key(cases.SEED, Purpose.WAKE), _keys.training_addresses(1, 0, 200))
    hidden = explain_by_recognition(learner, x, draws)[0].hidden
    rewards = worth(params, x.astype(float), [layer.astype(float) for layer in hidden])
    known = training._memory.take(np.arange(200))
    assert_allclose(known.means, rewards.mean(axis=1), rtol=1e-5)
    assert_allclose(known.variances, rewards.var(axis=1), rtol=1e-4)


# Several samples


@pytest.mark.parametrize("n_particles", [2, 3, 5])
def test_bounds_without_a_weight_have_the_geometric_mean_of_the_others(n_particles):
    log_weights = np.random.default_rng(0).normal(-100, 3, (7, n_particles))
    expected = np.empty(log_weights.shape)
    for row, k in np.ndindex(log_weights.shape):
        swapped = list(log_weights[row])
        others = swapped[:k] + swapped[k + 1 :]
        swapped[k] = sum(others) / len(others)
        expected[row, k] = np.log(np.mean(np.exp(np.array(swapped) + 100))) - 100
    before = log_weights.copy()
    assert_allclose(bounds_without(log_weights), expected, rtol=1e-12)
    assert_array_equal(log_weights, before)


def test_bounds_without_each_of_many_weights_need_little_room():
    log_weights = np.random.default_rng(0).normal(-100, 3, (20, 500))
    tracemalloc.start()
    try:
        bounds_without(log_weights)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * log_weights.nbytes
    dominant = np.array([[-1000.0, 0.0, -2000.0]])  # nothing is left of sums less this weight
    assert_allclose(bounds_without(dominant), [[0, -1000, 0]] - np.log(3))


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("n_particles", [2, 3])
@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_a_step_of_vimco_rewards_samples_for_the_bound_that_they_bring(
    n_units, visible, missing, n_particles, baseline
):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner, hidden = judged(machine), drawn(machine, x, n_particles)
    repeated = np.repeat(X, n_particles, axis=0)
    log_weights = worth(params, repeated, hidden)[0].reshape(-1, n_particles)
    bounds = exact._log_sum_exp(log_weights)
    weights = np.exp(log_weights - bounds[:, None])
    bounds -= np.log(n_particles)
    rewards = bounds[:, None] - weights
    if baseline:
        rewards -= bounds_without(log_weights)
    out = cases.empty_gradient(learner)
    rule = VIMCO(n_particles, baseline)
    assert rule.remember(learner, cases.rows_of(x)) is None
    bound = rule.gradient(learner, x, make_draws(4, n_particles), None, out)
    rewards = np.repeat(rewards.reshape(1, -1), len(hidden), axis=0)
    assert bound == pytest.approx(bounds.sum(), rel=1e-5)
    expected = rewarded(params, X, hidden, rewards, weights)
    assert_allclose(flat(machine, out), expected, rtol=5e-5, atol=5e-5)


VIMCO_CASES = [
    ((4, 3), "binary", False, 2),
    ((4, 3), "binary", False, 3),
    ((4, 3, 2), "fractional", False, 2),
    ((4, 3, 2), "gaussian", False, 3),
    ((3, 2, 2, 2), "binary", False, 2),
    ((4, 3, 2), "ordered binary", False, 2),
    ((4, 3), "gaussian", True, 2),
]


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize(("n_units", "visible", "missing", "n_particles"), VIMCO_CASES)
def test_the_expected_step_of_vimco_is_the_slope_of_the_importance_weighted_bound(
    n_units, visible, missing, n_particles, baseline
):
    check_vimco(n_units, visible, missing, n_particles, baseline)


@pytest.mark.parametrize("baseline", [False, True])
def test_the_expected_step_of_vimco_explains_what_is_drawn_in_gaps(baseline):
    """It lacks what the bound owes to how that is drawn."""
    check_vimco((4, 3), "ordered fractional", True, 2, baseline)


def check_vimco(n_units, visible, missing, n_particles, baseline):
    """Steps and bounds have the expectations of the oracles."""
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    rule = VIMCO(n_particles, baseline)
    steps, bounds = run_blocks(rule, machine, machine, x, n_rows=600)
    assert_expectation(steps, bound_gradient(params, X, n_particles))
    expected = exact.completed_bound(params, X, stand_in_of(X), n_particles).mean()
    assert_expectation(bounds, expected)


@pytest.mark.parametrize("n_particles", [2, 3])
def test_what_is_taken_from_the_rewards_of_vimco_is_noise(n_particles):
    machine, params, x, _ = make_rows_with_gaps((4, 3, 2), "binary", missing=False)
    place, noise = recognition_entries(params), []
    for baseline in (False, True):
        steps, _ = run_blocks(VIMCO(n_particles, baseline), machine, machine, x, n_rows=400)
        noise.append(steps[:, place].var(axis=0).sum())
    assert noise[1] < 0.5 * noise[0]


# Phases


@pytest.mark.parametrize("n_particles", [1, 3])
@pytest.mark.parametrize(("n_units", "visible", "missing"), REWARDED)
def test_explanations_are_scored_layer_by_layer(n_units, visible, missing, n_particles):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    phases, log_q, log_p = explain_by_recognition(machine, x, make_draws(4, n_particles))
    hidden = [layer.astype(np.float64) for layer in phases.hidden]
    for i in range(4 * n_particles):
        down, up = log_parts(params, X[i // n_particles], [layer[i] for layer in hidden])
        assert_allclose(log_q[:, i], up, rtol=1e-5, atol=1e-5)
        assert_allclose(log_p[:, i], np.cumsum(down[::-1])[:0:-1], rtol=1e-5, atol=1e-5)
    assert_allclose(phases.log_weights.ravel(), log_p[0] - log_q.sum(axis=0), rtol=1e-12)
    again = explain_by_states(machine, x, phases.hidden, make_draws(4, n_particles))
    assert_allclose(again.log_weights.ravel(), log_p[0], rtol=1e-12)


# Penalties


def leaf_pairs(one, other):
    return zip(_tree.leaves(one), _tree.leaves(other), strict=True)


@pytest.mark.parametrize("optimizer", [Adam(1e3, 1.0), SGD(0.0, 1e3, 1.0)], ids=["adam", "sgd"])
def test_penalties_leave_baselines_alone(optimizer):
    machine, _, _ = make_case((4, 3, 2), "ordered binary")
    packed = _tree.pack(judged(machine))
    before = _tree.copy(packed.tree)
    gradient, state = np.zeros_like(packed.vector)[None], optimizer.init(len(packed.vector))
    optimizer.move(packed, gradient, 1.0, 1e-3, state, np.zeros(2, np.int64), 0)
    for old, new in leaf_pairs(before.baselines, packed.tree.baselines):
        assert_array_equal(old, new)
        assert new.any()
    for old, new in leaf_pairs(before.recognition, packed.tree.recognition):
        assert (np.abs(new) < np.abs(old)).all() if new.ndim == 2 else (new == old).all()


def test_the_strength_of_a_penalty_does_not_look_at_baselines():
    machine, _, _ = make_case((4, 3, 2), "ordered gaussian")
    packed = [_tree.pack(machine), _tree.pack(judged(machine))]
    assert_array_equal(packed[0].ends, packed[1].ends)
    assert_array_equal(*(p.vector[: p.ends[1]] for p in packed))
    penalties = EstimatedPenalty(10, 1.0, 2.0), EstimatedPenalty(10, 1.0, 8.0)
    first, second = (penalise(Adam(), p, penalties) for p in packed)
    assert first == second


def test_a_fit_with_a_huge_penalty_keeps_baselines():
    X = cases.make_rows(6, "binary", 80)
    net = SigmoidBeliefNet(
        (4, 3), inference="nvil", alpha=100.0, l1_ratio=1.0, max_iter=30, random_state=0
    ).fit(X)
    for weights in (*net.generative_coefs_, *net.recognition_coefs_):
        assert np.abs(weights).max() < 0.02
    for baseline in net._machine.baselines:
        assert np.abs(baseline.hidden.weights).mean() > 0.1
        assert baseline.value.weights.all()


# Fits


def structured(n_rows=150, n_features=9, share=0.0):
    rng = np.random.default_rng(0)
    cause = rng.random((n_rows, 3)) < 0.4
    X = (rng.random((n_rows, n_features)) < np.where(np.repeat(cause, 3, axis=1), 0.9, 0.1)) * 1.0
    X[rng.random(X.shape) < share] = np.nan
    return X


INFERENCES = {
    "exact": {"inference": "exact"},
    "mean-field": {"inference": "mean-field"},
    "gibbs": {"inference": "gibbs", "n_particles": 2},
    "nvil": {"inference": "nvil"},
    "vimco": {"inference": "nvil", "n_particles": 3},
}


@pytest.mark.parametrize(
    ("rule", "n_hidden"), [(ExactLearning(), 10), (GibbsLearning(1, 10), 50),
                           (MeanFieldLearning(10), 50)],
)  # fmt: skip
def test_rows_that_cost_much_are_shared_among_threads(rule, n_hidden):
    """Of a minibatch of the usual size, at the settings that are the default."""
    rng = np.random.default_rng(0)
    for (n_features, n), n_blocks in (((64, n_hidden), 25), ((4, 2), 1)):
        learner = initialise_net((n_features, n), Bernoulli(), np.zeros(n_features), rng)
        limits = Training(learner, rule, Adam(), cases.SEED, 2)._limits(100)
        assert (limits[0], limits[-1], len(limits) - 1) == (0, 100, n_blocks)


@pytest.mark.parametrize("autoregressive", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.15])
@pytest.mark.parametrize("inference", INFERENCES)
def test_fits_have_the_same_bits_for_any_number_of_threads(
    inference, share, autoregressive, monkeypatch
):
    monkeypatch.setattr(_batches, "_BLOCK_WORK", 1)  # as many blocks as there can be
    settings = {"autoregressive": autoregressive, "batch_size": 130, "max_iter": 3}
    settings |= {"random_state": 0, **INFERENCES[inference]}
    first, second = (
        SigmoidBeliefNet((3, 2), n_jobs=n, **settings).fit(structured(share=share)) for n in (1, 2)
    )
    assert first.loss_curve_ == second.loss_curve_
    machines = (first._machine, second._machine)
    for one, two in leaf_pairs(*machines):
        assert_array_equal(one, two)


@pytest.mark.parametrize("inference", INFERENCES)
def test_every_inference_learns_what_there_is_to_learn(inference):
    X = structured(300)
    settings = {"max_iter": 60, "batch_size": 50, "random_state": 0, **INFERENCES[inference]}
    net = SigmoidBeliefNet((4,), **settings).fit(X)
    p = X.mean(axis=0)
    independent = (X * np.log(p) + (1 - X) * np.log(1 - p)).sum(axis=1).mean()
    assert net.score(X) > independent + 0.3
