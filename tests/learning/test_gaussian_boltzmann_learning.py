"""Steps of Boltzmann machines of real data, against exact gradients of log p(x)."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import RestrictedBoltzmannMachine, _keys, _tree
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import HiddenSide
from sklearn_helmholtz.learning import ContrastiveDivergence, PersistentLearning, gaussian_phases
from sklearn_helmholtz.learning.chains import Centre, Share
from sklearn_helmholtz.learning.gaps import log_observed
from sklearn_helmholtz.learning.gaussian_phases import SHARE_OF_VARIANCES, GaussianPhases, as_step
from sklearn_helmholtz.learning.gaussian_tracking import GaussianPartitionChains, follower_of
from sklearn_helmholtz.learning.memory import Place, RowState
from sklearn_helmholtz.rows import Block, Scaling, Table
from sklearn_helmholtz.units.gaussian import VARIANCE_FLOOR
from tests import cases
from tests.boltzmann_machines import make_boltzmann
from tests.gaussian_boltzmann_machines import Mixture, make_gaussian_boltzmann, parameters

MACHINE = make_gaussian_boltzmann(4, 3)
TRUTH = Mixture.of(MACHINE)
RNG = np.random.default_rng(2)
ROWS = RNG.normal(size=(6, 4)).astype(np.float32)
WEIGHTS = RNG.uniform(0.5, 2, 6).astype(np.float32)


def moved(W, c, b, log_excess, place, size):
    """The parameters, of which one entry of the vector of all of them is moved."""
    arrays = [np.array(array, np.float64) for array in (W, c, b, log_excess)]
    ends = np.cumsum([array.size for array in arrays])
    number = int(np.searchsorted(ends, place, side="right"))
    arrays[number].reshape(-1)[place - ends[number]] += size  # from the end of its own
    return arrays


def slopes(function, size=1e-5):
    """Derivatives of a function of W, c, b and s, by these and by log_excess, as one vector."""
    own = (*parameters(MACHINE)[:3], MACHINE.units.log_excess)
    n = sum(np.size(array) for array in own)

    def value(place, step):
        W, c, b, log_excess = moved(*own, place, step)
        return function(W, c, b, VARIANCE_FLOOR + np.exp(log_excess))

    return np.array([(value(i, size) - value(i, -size)) / (2 * size) for i in range(n)])


def of(gradient):
    """The derivatives that a gradient holds, in that order."""
    upward = gradient.upward
    parts = upward.weights, upward.intercept, gradient.visible_intercept, gradient.units.log_excess
    return np.concatenate([np.asarray(part, np.float64).ravel() for part in parts])


def step_of(gradient):
    """What the step should be of an exact gradient."""
    s = MACHINE.variance
    n, m = MACHINE.n_units
    factors = [np.repeat(s, m), np.ones(m), s, np.full(n, SHARE_OF_VARIANCES)]
    return gradient * np.concatenate(factors)


def log_unnormalized(W, c, b, s, rows):
    rows = rows.astype(np.float64)
    return -0.5 * ((rows - b) ** 2 / s).sum(axis=1) + np.logaddexp(0, c + rows / s @ W).sum(axis=1)


def phases_step(rows, weights, chains, shares):
    """The step of some rows and chains, and the sums."""
    phases = GaussianPhases(MACHINE, Block(rows), len(chains))
    phases.moved[...] = chains
    phases.infer()
    out = _tree.zeros_like(MACHINE).tree
    sums = phases.write(weights, shares, out)
    return of(out), sums


def test_both_phases_have_the_derivatives_of_log_p_star():
    chains, shares = ROWS[::-1][:3] + 1, np.full(3, WEIGHTS.sum() / 3, np.float32)
    found, sums = phases_step(ROWS, WEIGHTS, chains, shares)

    def objective(*parameters):
        rows = (WEIGHTS * log_unnormalized(*parameters, ROWS)).sum()
        return rows - (shares * log_unnormalized(*parameters, chains)).sum()

    assert_allclose(found, step_of(slopes(objective)), rtol=1e-4, atol=1e-4)
    own = [(w * log_unnormalized(*parameters(MACHINE), x)).sum()
           for w, x in ((WEIGHTS, ROWS), (shares, chains))]  # fmt: skip
    assert_allclose([sums.rows, sums.chains], own, rtol=1e-5)
    assert sums.weight == pytest.approx(WEIGHTS.sum())


def test_stationary_chains_make_the_gradient_of_the_likelihood():
    """In expectation: chains are drawn by hand from the mixture that the machine is."""
    n, rng = 200_000, np.random.default_rng(0)
    h = rng.choice(8, n, p=np.exp(TRUTH.log_prior))
    chains = TRUTH.means[h] + rng.normal(size=(n, 4)) * np.sqrt(TRUTH.variance)
    shares = np.full(n, WEIGHTS.sum() / n, np.float32)
    found, _ = phases_step(ROWS, WEIGHTS, chains.astype(np.float32), shares)

    def objective(*parameters):
        model = Mixture(*parameters)
        return sum(w * model.log_prob(x) for w, x in zip(WEIGHTS, ROWS.astype(float), strict=True))

    assert_allclose(found, step_of(slopes(objective)), atol=0.12)


def test_the_rule_makes_this_step_of_its_chains():
    rule, key = PersistentLearning(n_chains=6), _keys.key(cases.SEED, Purpose.DREAM)
    hidden = np.random.default_rng(0).integers(0, 2, (6, 3)).astype(np.uint8)
    draws = Draws(key, _keys.training_addresses(3, 0, 6))
    start, out = hidden.copy(), _tree.zeros_like(MACHINE).tree
    rule.gradient(MACHINE, Block(ROWS), draws, draws, out, memory=Share(hidden))
    eta = MACHINE.visible_eta(start)
    chains = MACHINE.units.sample(eta, draws, 0, np.zeros(6))
    expected, _ = phases_step(ROWS, np.ones(6, np.float32), chains, np.ones(6, np.float32))
    assert_allclose(of(out), expected, rtol=1e-6)
    assert chains.std() > 0.5


def test_centred_steps_are_linear_images_of_plain_ones():
    rule, key = ContrastiveDivergence(), _keys.key(cases.SEED, Purpose.DREAM)
    draws, mean = Draws(key, _keys.training_addresses(3, 0, 6)), np.array([0.2, 0.5, 0.9])
    plain, centred = (_tree.zeros_like(MACHINE).tree for _ in range(2))
    rule.gradient(MACHINE, Block(ROWS), draws, draws, plain, memory=Share())
    share = Share(centre=Centre(np.zeros(4), mean))
    rule.gradient(MACHINE, Block(ROWS), draws, draws, centred, memory=share)
    visible = plain.visible_intercept
    weights = plain.upward.weights - np.outer(visible, mean)
    assert_allclose(centred.upward.weights, weights, rtol=1e-4, atol=1e-5)
    assert_allclose(centred.visible_intercept, visible - weights @ mean, rtol=1e-4, atol=1e-5)
    assert_allclose(centred.upward.intercept, plain.upward.intercept, rtol=1e-6)
    assert_allclose(centred.units.log_excess, plain.units.log_excess, rtol=1e-6)


def test_long_steps_are_shortened_in_their_direction(monkeypatch):
    steps = []
    for farthest in (np.inf, 0.05):
        monkeypatch.setattr(gaussian_phases, "FARTHEST", farthest)
        gradient = _tree.pack(MACHINE).tree
        as_step(MACHINE, gradient, ROWS, WEIGHTS)
        steps.append(gradient)
    ratio = of(steps[1]) / of(steps[0])
    assert_allclose(ratio, ratio[0], rtol=1e-5)
    assert ratio[0] < 1
    W, s = steps[1].upward.weights / WEIGHTS.sum(), MACHINE.variance
    changes = np.sqrt((WEIGHTS[:, None] * (ROWS / s @ W) ** 2).sum(axis=0) / WEIGHTS.sum())
    assert changes.max() <= 0.05


def test_chains_of_gaps_come_to_know_the_rest_of_their_row():
    rows, n = np.repeat(ROWS[:1], 4000, axis=0), 4000
    rows[:, [1, 3]] = np.nan
    x, out = Block(rows, np.zeros(4, np.float32)), _tree.zeros_like(MACHINE).tree
    state = RowState(np.zeros(n, bool), [np.zeros((n, 3), np.uint8)])
    for step in range(30):
        draws = Draws(_keys.key(cases.SEED, Purpose.WAKE), _keys.training_addresses(step, 0, n))
        share = Share(gaps=state)
        ContrastiveDivergence().gradient(MACHINE, x, draws, draws, out, memory=share)
        state.seen[:] = True
    frequencies = np.bincount(state.arrays[0].astype(int) @ [4, 2, 1], minlength=8) / n
    expected = TRUTH.given(rows[0].astype(float))
    assert_allclose(frequencies, expected, atol=4 * np.sqrt(0.25 / n))


def test_observed_scores_are_right_in_the_mean():
    rows = np.repeat(ROWS[:1], 4000, axis=0)
    rows[:, [1, 3]] = np.nan
    x, key = Block(rows, np.zeros(4, np.float32)), _keys.key(cases.SEED, Purpose.VALIDATE)
    found = log_observed(MACHINE, x, key, np.arange(4000, dtype=np.uint64), 1)
    weights = np.exp(found - TRUTH.log_partition)
    truth = np.exp(TRUTH.log_prob(rows[0].astype(float)))
    assert abs(weights.mean() - truth) < 4 * weights.std() / np.sqrt(4000)


def test_the_partition_function_is_followed():
    machine = make_gaussian_boltzmann(5, 4, 0.5)
    side = HiddenSide.of(machine)
    assert follower_of(machine, cases.SEED).log_partition(machine) == side.log_partition()
    chains = GaussianPartitionChains.start(machine, cases.SEED, n_chains=2000)
    assert chains.log_partition(machine) == pytest.approx(side.log_partition(), abs=0.1)
    first = chains.visible.copy()
    for share in np.linspace(1, 0.5, 6):
        upward = replace(machine.upward, weights=machine.upward.weights * np.float32(share))
        changed = replace(machine, upward=upward)
        chains.follow(machine, changed)
    expected = HiddenSide.of(changed).log_partition()
    assert chains.log_partition(changed) == pytest.approx(expected, abs=0.1)
    assert not np.array_equal(first, chains.visible)
    many = make_gaussian_boltzmann(5, 13, 0.3)
    assert isinstance(follower_of(many, cases.SEED), GaussianPartitionChains)


def test_machines_recover_the_mixture_that_made_the_data():
    rng = np.random.default_rng(0)
    truth = make_gaussian_boltzmann(4, 2, 1.0, seed=5)
    model = Mixture.of(truth)
    h = rng.choice(4, 3000, p=np.exp(model.log_prior))
    X = model.means[h] + rng.normal(size=(3000, 4)) * np.sqrt(model.variance)
    fitted = RestrictedBoltzmannMachine(2, alpha=0, n_iter=250, random_state=0).fit(X[:2000])
    best = np.mean([model.log_prob(row) for row in X[2000:]])
    assert abs(fitted.score(X[2000:]) - best) < 0.05
    assert_allclose(fitted.noise_variance_, model.variance, rtol=0.2)


@pytest.mark.parametrize("phase", ["pcd", "cd"])
def test_bits_do_not_depend_on_threads(phase):
    X = np.random.default_rng(0).normal(size=(300, 40))
    X[::5, 3] = np.nan
    one, two = (
        RestrictedBoltzmannMachine(
            20, negative_phase=phase, n_iter=2, batch_size=300, n_jobs=n_jobs, random_state=0
        ).fit(X)
        for n_jobs in (1, 2)
    )
    assert_array_equal(one.components_, two.components_)
    assert_array_equal(one.noise_variance_, two.noise_variance_)


def test_default_steps_are_stable_where_all_features_follow_one_another():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 1)) + 0.1 * rng.normal(size=(500, 200))
    machine = RestrictedBoltzmannMachine(n_iter=20, random_state=0).fit(X)
    assert machine.n_iter_ == 20
    assert machine.loss_curve_[-1] < machine.loss_curve_[0]


@pytest.mark.parametrize("rule", [PersistentLearning, ContrastiveDivergence])
@pytest.mark.parametrize("centred", [False, True])
def test_standardised_features_have_their_centre_at_zero(rule, centred):
    table = Table(ROWS, False, Scaling(np.zeros(4), np.ones(4)))
    memory = rule(centred=centred).make_memory(MACHINE, table)
    memory.begin(MACHINE, MACHINE, cases.SEED, 6)
    centre = memory.take(Place(np.arange(6), 0, 6, 6)).centre
    assert (centre is not None) == centred
    if centred:
        assert not centre.visible.any()
    bits = make_boltzmann(4, 3)
    memory = rule(centred=centred).make_memory(bits, Table(ROWS > 0, True))
    memory.begin(bits, bits, cases.SEED, 6)
    assert (memory.take(Place(np.arange(6), 0, 6, 6)).centre is not None) == centred
