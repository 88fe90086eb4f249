"""Steps of Boltzmann machines of mixed columns, against exact gradients of log p(x)."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import RestrictedBoltzmannMachine, _keys, _tree
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import ColumnEnumeration
from sklearn_helmholtz.learning import (
    ContrastiveDivergence,
    PersistentLearning,
    TemperedLearning,
    mixed_phases,
)
from sklearn_helmholtz.learning.chains import Centre, Share, visible_centre
from sklearn_helmholtz.learning.gaps import log_observed
from sklearn_helmholtz.learning.gaussian_phases import SHARE_OF_VARIANCES
from sklearn_helmholtz.learning.gaussian_tracking import GaussianPartitionChains, follower_of
from sklearn_helmholtz.learning.memory import RowState
from sklearn_helmholtz.learning.mixed_phases import SHARE_OF_REALS, as_real_step, phases_of
from sklearn_helmholtz.learning.phases import centre
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units.gaussian import VARIANCE_FLOOR
from tests import cases
from tests.mixed_boltzmann_machines import LEVELS, WITH_A_REAL, Oracle, make_mixed_boltzmann

TABLES = pytest.mark.parametrize("levels", [LEVELS, WITH_A_REAL])
WEIGHTS = np.random.default_rng(1).uniform(0.5, 2, 6).astype(np.float32)


def rows_of(oracle, n_rows=6):
    """Some complete rows, and the same as entries."""
    rng = np.random.default_rng(2)
    rows = oracle.all[rng.integers(0, len(oracle.all), n_rows)].copy()
    for j, n in enumerate(oracle.levels):
        if n is None:
            rows[:, j] = rng.normal(size=n_rows)
    return rows, as_entries(oracle, rows)


def as_entries(oracle, rows):
    entries = oracle.entries(rows)
    return entries.astype(np.float32 if None in oracle.levels else np.uint8)


def slopes(machine, levels, function, size=1e-5):
    """Derivatives of a function of an `Oracle` by W, c, b and log_excess, as one vector."""
    own = [np.array(part, np.float64) for part in (machine.weights, machine.hidden_intercept,
           machine.visible_intercept, machine.units.normal.log_excess)]  # fmt: skip
    found = []
    for number, array in enumerate(own):
        for place in range(array.size):
            values = []
            for step in (size, -size):
                parts = [each.copy() for each in own]
                parts[number].reshape(-1)[place] += step
                W, c, b, excess = parts
                oracle = Oracle(levels, W, c, b, VARIANCE_FLOOR + np.exp(excess))
                values.append(function(oracle))
            found.append((values[0] - values[1]) / (2 * size))
    return np.array(found)


def of(gradient):
    """The derivatives that a gradient holds, in that order."""
    parts = (gradient.upward.weights, gradient.upward.intercept, gradient.visible_intercept,
             gradient.units.normal.log_excess)  # fmt: skip
    return np.concatenate([np.asarray(part, np.float64).ravel() for part in parts])


def in_gauge(machine, vector):
    """A step that moves the levels of no column alike."""
    packed = _tree.zeros_like(machine).tree
    parts = (packed.upward.weights, packed.upward.intercept, packed.visible_intercept,
             packed.units.normal.log_excess)  # fmt: skip
    ends = np.cumsum([part.size for part in parts])
    for part, own in zip(parts, np.split(vector, ends[:-1]), strict=True):
        part[...] = own.reshape(part.shape)
    for j, column in enumerate(machine.layout.columns):
        codes = machine.layout.codes_of(j)
        if len(codes) > 1:
            assert column.n_levels == len(codes)
            packed.upward.weights[codes] -= packed.upward.weights[codes].mean(axis=0)
            packed.visible_intercept[codes] -= packed.visible_intercept[codes].mean()
    return of(packed)


def as_step(machine, vector):
    """A gradient with the rates that real columns have."""
    m, real = machine.n_units[1], np.arange(machine.n_units[0]) >= machine.layout.n_bits
    rates = np.where(real, SHARE_OF_REALS * machine.variance, 1.0)
    share = np.full(machine.layout.n_reals, SHARE_OF_REALS * SHARE_OF_VARIANCES)
    return vector * np.concatenate([np.repeat(rates, m), np.ones(m), rates, share])


@TABLES
def test_stationary_chains_make_the_gradient_of_the_likelihood(levels):
    """Exactly: chains are all rows that there are, and count as probable as these are."""
    machine = make_mixed_boltzmann(levels, 3)
    oracle = Oracle.of(machine, levels)
    rows, entries = rows_of(oracle)
    chains = as_entries(oracle, oracle.all)
    shares = np.exp(oracle.log_joint_table).sum(axis=1) * WEIGHTS.sum()
    phases = phases_of(machine, Block(entries), len(chains))
    phases.moved[...] = chains
    phases.infer()
    out = _tree.zeros_like(machine).tree
    sums = phases.write(WEIGHTS, shares.astype(np.float32), out)
    machine.fix_gauge(out)

    def objective(other):
        return sum(w * other.log_prob(row) for w, row in zip(WEIGHTS, rows, strict=True))

    truth = in_gauge(machine, as_step(machine, slopes(machine, levels, objective)))
    assert_allclose(of(out), truth, rtol=2e-3, atol=2e-3)
    assert np.abs(truth).max() > 0.5
    scores = np.logaddexp.reduce(oracle.table(rows), axis=1)
    assert sums.rows == pytest.approx((WEIGHTS * scores).sum(), rel=1e-5)
    log_p = np.logaddexp.reduce(oracle.table(oracle.all), axis=1)
    assert sums.chains == pytest.approx((shares * log_p).sum(), rel=1e-4)


@TABLES
def test_the_rule_makes_this_step_of_its_chains(levels):
    machine, key = make_mixed_boltzmann(levels, 3), _keys.key(cases.SEED, Purpose.DREAM)
    _, entries = rows_of(Oracle.of(machine, levels))
    hidden = np.random.default_rng(0).integers(0, 2, (6, 3)).astype(np.uint8)
    draws = Draws(key, _keys.training_addresses(3, 0, 6))
    start, out = hidden.copy(), _tree.zeros_like(machine).tree
    PersistentLearning(n_chains=6).gradient(
        machine, Block(entries), draws, draws, out, memory=Share(hidden)
    )
    chains = machine.units.draw(machine.visible_eta(start), draws, 0)
    phases, expected = phases_of(machine, Block(entries), 6), _tree.zeros_like(machine).tree
    phases.moved[...] = chains
    phases.infer()
    phases.write(*2 * (np.ones(6, np.float32),), expected)
    machine.fix_gauge(expected)
    assert_allclose(of(out), of(expected), rtol=1e-5, atol=1e-5)
    assert not np.array_equal(start, hidden)


@TABLES
def test_centred_steps_are_linear_images_that_need_no_gauge(levels):
    machine = make_mixed_boltzmann(levels, 3)
    _, entries = rows_of(Oracle.of(machine, levels))
    phases, plain = phases_of(machine, Block(entries), 3), _tree.zeros_like(machine).tree
    phases.moved[...] = entries[::-1][:3]
    phases.infer()
    phases.write(np.ones(6, np.float32), np.full(3, 2, np.float32), plain)
    mu, mean = machine.layout.code_means.astype(float), np.array([0.2, 0.5, 0.9])
    centred = _tree.pack(plain).tree
    centre(centred, Centre(mu, mean))
    products, visible, hidden = (
        plain.upward.weights,
        plain.visible_intercept,
        plain.upward.intercept,
    )
    weights = products - np.outer(mu, hidden) - np.outer(visible, mean)
    assert_allclose(centred.upward.weights, weights, rtol=1e-4, atol=1e-4)
    assert_allclose(of(centred), in_gauge(machine, of(centred)), atol=1e-5)


def test_both_sides_are_measured_from_the_shares_of_levels():
    layout = make_mixed_boltzmann(WITH_A_REAL, 2).layout
    found = visible_centre(make_mixed_boltzmann(WITH_A_REAL, 2), None)
    for j, n in enumerate(WITH_A_REAL):
        own = found[layout.codes_of(j)]
        if n is None:
            assert own == 0
        else:
            assert own.sum() == pytest.approx(0.3 if n == 2 else 1)
            assert_allclose(own, np.concatenate(layout.columns[j].code_means), rtol=1e-6)


def test_groups_stay_centred_whatever_the_way_to_train():
    rng = np.random.default_rng(0)
    shared = rng.integers(0, 30, 300)
    X = np.column_stack([(shared + rng.integers(0, 2, 300)) % k for k in (3, 2, 6)]).astype(float)
    kinds = ["categorical", "bernoulli", "categorical"]
    for centred in (True, False):
        for phase in ("pcd", "cd", "tempered"):
            found = RestrictedBoltzmannMachine(
                4, visible=kinds, negative_phase=phase, centred=centred, momentum=0.5, n_iter=20,
                batch_size=20,
                n_tempered=3, learning_rate=0.5, random_state=0,
            ).fit(X)  # fmt: skip
            assert np.abs(found.components_).max() > 0.05
            for place in (slice(1, 4), slice(4, 10)):
                assert_allclose(found.components_[:, place].sum(axis=1), 0, atol=1e-5)
                assert found.intercept_visible_[place].sum() == pytest.approx(0, abs=1e-5)


def test_long_steps_of_real_columns_are_shortened(monkeypatch):
    machine = make_mixed_boltzmann(WITH_A_REAL, 3)
    _, entries = rows_of(Oracle.of(machine, WITH_A_REAL))
    steps = []
    for farthest in (np.inf, 0.01):
        monkeypatch.setattr(mixed_phases, "FARTHEST", farthest)
        gradient = _tree.pack(machine).tree
        as_real_step(machine, gradient, entries, WEIGHTS)
        steps.append(gradient)
    n_bits = machine.layout.n_bits
    ratio = steps[1].upward.weights[n_bits:] / steps[0].upward.weights[n_bits:]
    assert_allclose(ratio, ratio[0, 0], rtol=1e-5)
    assert ratio[0, 0] < 1
    assert_array_equal(steps[1].upward.weights[:n_bits], machine.weights[:n_bits])


@TABLES
def test_chains_of_gaps_come_to_know_the_rest_of_their_row(levels):
    machine, n = make_mixed_boltzmann(levels, 3), 4000
    oracle = Oracle.of(machine, levels)
    row = rows_of(oracle)[0][0]
    row[[0, 2]] = np.nan
    entries = oracle.entries(np.nan_to_num(row)[None]).astype(np.float32)
    missing = np.isin(machine.layout.code_columns, [0, 2])
    entries[:, missing] = np.nan
    x = Block(np.repeat(entries, n, axis=0), machine.layout.code_means)
    state = RowState(np.zeros(n, bool), [np.zeros((n, 3), np.uint8)])
    out = _tree.zeros_like(machine).tree
    for step in range(20):
        draws = Draws(_keys.key(cases.SEED, Purpose.WAKE), _keys.training_addresses(step, 0, n))
        share = Share(gaps=state)
        ContrastiveDivergence().gradient(machine, x, draws, draws, out, memory=share)
        state.seen[:] = True
    frequencies = np.bincount(state.arrays[0].astype(int) @ [4, 2, 1], minlength=8) / n
    assert_allclose(frequencies, oracle.given(row)[1].sum(axis=0), atol=4 * np.sqrt(0.25 / n))
    key = _keys.key(cases.SEED, Purpose.VALIDATE)
    found = log_observed(machine, x, key, np.arange(n, dtype=np.uint64), 1)
    weights = np.exp(found - oracle.log_partition)
    truth = np.exp(oracle.log_prob(row))
    assert abs(weights.mean() - truth) < 4 * weights.std() / np.sqrt(n)


def test_tempered_chains_stay_in_equilibrium():
    machine, rng, n = make_mixed_boltzmann(LEVELS, 3, scale=1.5), np.random.default_rng(0), 4000
    rule, tables = TemperedLearning(n_chains=n, n_tempered=4), []
    for beta in np.linspace(0, 1, 4):
        a, b = machine.base.logits, machine.visible_intercept
        parts = beta * machine.weights, beta * machine.hidden_intercept, (1 - beta) * a + beta * b
        tables.append(Oracle(LEVELS, *(np.float64(part) for part in parts), np.empty(0)))
    hidden = np.stack(
        [t.h[rng.choice(8, n, p=np.exp(t.log_joint_table).sum(axis=0))] for t in tables], axis=1
    )
    draws = Draws(_keys.key(cases.SEED, Purpose.DREAM), _keys.training_addresses(1, 0, n))
    share, (_, entries) = Share(hidden.astype(np.uint8)), rows_of(tables[-1])
    phases = phases_of(machine, Block(entries), n)
    rule._move(machine, share, draws, phases, np)
    for level, t in enumerate(tables):
        found = np.bincount(share.hidden[:, level].astype(int) @ [4, 2, 1], minlength=8) / n
        truth = np.exp(t.log_joint_table).sum(axis=0)
        assert_allclose(found, truth, atol=4 * np.sqrt(0.25 / n))
    p = np.exp(tables[-1].log_joint_table).sum(axis=1)
    truth = p @ tables[-1].entries(tables[-1].all)
    assert_allclose(phases.moved.mean(axis=0), truth, atol=4 * np.sqrt(0.25 / n))


@TABLES
def test_the_partition_function_is_followed(levels):
    machine = make_mixed_boltzmann(levels, 4, 0.6)
    truth = ColumnEnumeration(machine).log_partition()
    assert follower_of(machine, cases.SEED).log_partition(machine) == truth
    chains = GaussianPartitionChains.start(machine, cases.SEED, n_chains=2000)
    assert chains.log_partition(machine) == pytest.approx(truth, abs=0.1)
    for share in np.linspace(1, 0.5, 4):
        upward = replace(machine.upward, weights=machine.upward.weights * np.float32(share))
        changed = replace(machine, upward=upward)
        chains.follow(machine, changed)
    expected = ColumnEnumeration(changed).log_partition()
    assert chains.log_partition(changed) == pytest.approx(expected, abs=0.1)
    many = make_mixed_boltzmann((*levels, *levels, 9, 9, 9), 13, 0.3)
    assert isinstance(follower_of(many, cases.SEED), GaussianPartitionChains)


@pytest.mark.parametrize("levels", [(4, 2, 3), (4, 2, None)])
def test_machines_recover_what_made_the_data(levels):
    truth = make_mixed_boltzmann(levels, 2, 1.5, seed=3)
    oracle = Oracle.of(truth, levels)
    rng = np.random.default_rng(0)
    p = np.exp(oracle.log_joint_table).sum(axis=1)
    X = oracle.all[rng.choice(len(p), 4000, p=p)]
    kinds = ["gaussian" if n is None else "bernoulli" if n == 2 else "categorical" for n in levels]
    fitted = RestrictedBoltzmannMachine(
        3, visible=kinds, alpha=0, n_iter=30, learning_rate=0.5, n_jobs=1, random_state=0
    ).fit(X[:3000])
    best = np.mean([oracle.log_prob(row) for row in X[3000:]])
    assert abs(fitted.score(X[3000:]) - best) < 0.03


@pytest.mark.parametrize("phase", ["pcd", "cd"])
def test_bits_do_not_depend_on_threads(phase):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 5, (300, 10)), rng.normal(size=(300, 1))])
    X[::5, 3] = np.nan
    kinds = ["categorical"] * 10 + ["gaussian"]
    one, two = (
        RestrictedBoltzmannMachine(
            20, visible=kinds, negative_phase=phase, n_iter=2, batch_size=300, n_jobs=n_jobs,
            random_state=0,
        ).fit(X)
        for n_jobs in (1, 2)
    )  # fmt: skip
    assert_array_equal(one.components_, two.components_)
