"""Weights of rows: a step is the weighted sum of what each row teaches alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz import _tree
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz.learning import (
    NVIL,
    VIMCO,
    ExactLearning,
    GibbsLearning,
    MeanFieldLearning,
    ReweightedWakeSleep,
    WakeSleep,
)
from sklearn_helmholtz.machines import BeliefNet
from sklearn_helmholtz.rows import Block, Lists
from tests import cases
from tests.belief_net_oracles import judged, make_rows_with_gaps
from tests.blocks import as_block

WEIGHTS = np.array([0.25, 3.0, 0.0, 1.5])
BARE = [ExactLearning(), MeanFieldLearning(3), GibbsLearning(1), GibbsLearning(3, n_sweeps=2)]
REWARDED = [NVIL(), NVIL(baseline=False), VIMCO(2), VIMCO(3, baseline=False)]
DREAMERS = [WakeSleep(), ReweightedWakeSleep(1), ReweightedWakeSleep(3)]
ROWS = [
    (visible, missing)
    for visible in cases.VISIBLES + cases.ORDERED
    for missing in (False, True)
    if (visible, missing) != ("ordered gaussian", True)
]


def learner_of(rule, machine):
    if rule in BARE:
        return BeliefNet(machine.generation)
    return judged(machine) if isinstance(rule, NVIL) else machine


def step_of(rule, learner, block, start=0):
    """The bound of a step, and the step chain by chain."""
    where, out = {"start": start}, cases.empty_gradient(learner)
    wake = cases.make_draws(len(block), rule.n_particles, **where)
    dream = cases.make_draws(len(block), purpose=Purpose.DREAM, **where)
    bound = rule.gradient(learner, block, wake, dream, out)
    chains = [out.generation, getattr(out, "recognition", None), getattr(out, "baselines", None)]
    return bound, [
        np.concatenate([leaf.ravel().astype(np.float64) for leaf in _tree.leaves(chain)])
        if chain is not None and _tree.leaves(chain)
        else np.zeros(0)
        for chain in chains
    ]


def weighted_and_alone(rule, visible, missing, listed=False):
    """A step of weighted rows, and the steps of each row without a weight."""
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), visible, missing)
    block, learner = as_block(x), learner_of(rule, machine)
    alone = []
    for row in range(4):
        values = block.values[row : row + 1]
        one = Block(Lists.from_dense(values) if listed else values, block.fill_values)
        alone.append(step_of(rule, learner, one, row))
    if listed:
        block = replace(block, values=Lists.from_dense(block.values))
    return step_of(rule, learner, replace(block, weights=WEIGHTS)), alone


def weighted_sum(parts, weights=WEIGHTS):
    return sum(weight * part for weight, part in zip(weights, parts, strict=True))


@pytest.mark.parametrize(("visible", "missing"), ROWS)
@pytest.mark.parametrize("rule", [*BARE, *REWARDED], ids=str)
def test_rows_teach_in_proportion_to_their_weights(rule, visible, missing):
    (bound, chains), alone = weighted_and_alone(rule, visible, missing)
    assert bound == pytest.approx(weighted_sum([own for own, _ in alone]), rel=1e-6)
    for number, chain in enumerate(chains):
        expected = weighted_sum([own[number] for _, own in alone])
        assert_allclose(chain, expected, rtol=2e-5, atol=2e-5)
        assert chain.any() or not len(chain) or (number == 2 and not rule.baseline)


@pytest.mark.parametrize(
    ("visible", "missing", "listed"),
    [(*row, False) for row in ROWS] + [(*row, True) for row in ROWS if "gaussian" not in row[0]],
)
@pytest.mark.parametrize("rule", DREAMERS, ids=str)
def test_dreams_have_no_weights(rule, visible, missing, listed):
    (bound, chains), alone = weighted_and_alone(rule, visible, missing, listed)
    assert bound == pytest.approx(weighted_sum([own for own, _ in alone]), rel=1e-6)
    expected = weighted_sum([own[0] for _, own in alone])
    assert_allclose(chains[0], expected, rtol=2e-5, atol=2e-5)
    slept = [
        weighted_and_alone(WakeSleep(), visible, missing, listed)[1][i][1][1] for i in range(4)
    ]
    share = 0.0 if isinstance(rule, WakeSleep) else 0.5
    woken = [own[1] - (1 - share) * dreams for (_, own), dreams in zip(alone, slept, strict=True)]
    expected = weighted_sum(woken) + (1 - share) * sum(slept)
    assert_allclose(chains[1], expected, rtol=2e-5, atol=2e-5)
