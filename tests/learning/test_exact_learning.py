"""Exact learning: its step is the gradient of the log-likelihood."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _tree
from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.inference import ExactPosterior
from sklearn_helmholtz.learning import SGD, ExactLearning
from sklearn_helmholtz.likelihood import Enumeration
from sklearn_helmholtz.machines import BeliefNet, Helmholtz
from sklearn_helmholtz.rows import Block, limits
from sklearn_helmholtz.units import Ability, Bernoulli
from sklearn_helmholtz.units.abilities import EVERYTHING
from tests import cases, exact
from tests.belief_net_oracles import (
    SAMPLED,
    flat,
    log_observed,
    make_rows_with_gaps,
    slopes,
)
from tests.blocks import as_block
from tests.cases import CASES, NEURAL, make_draws

EXACT_CASES = [(*case, False) for case in CASES if case[1] != NEURAL]
EXACT_CASES += [
    (n_units, visible, True)
    for n_units, visible in CASES
    if n_units[0] == 4 and visible not in ("ordered gaussian", NEURAL)
]

# Exact learning


@pytest.mark.parametrize(("n_units", "visible", "missing"), EXACT_CASES)
def test_the_step_of_exact_learning_is_the_slope_of_the_log_likelihood(n_units, visible, missing):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    learner = BeliefNet(machine.generation)
    out = cases.empty_gradient(learner)
    bound = ExactLearning().gradient(learner, as_block(x), None, None, out)
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
        ExactLearning().gradient(learner, as_block(x), None, None, out)
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
    ExactLearning().gradient(
        learner, as_block(x[:1]), None, None, out
    )  # compilers need memory, too
    tracemalloc.start()
    try:
        ExactLearning().gradient(learner, as_block(x), None, None, out)
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
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    machine, _, x, X = make_rows_with_gaps((4, 3), "binary", False, n_rows=200)
    learner = BeliefNet(machine.generation)
    training = Training(learner, ExactLearning(), SGD(0.0), 2, Past(cases.SEED))
    rows = cases.rows_of(x)
    training.begin(rows)
    for n_made in (1, 2):
        before = cases.params_of(Helmholtz(training.machine.generation, machine.recognition))
        bound = training.step(rows, np.arange(200), 0.1)
        assert bound == pytest.approx(exact.log_likelihood(before, X).sum(), rel=1e-6)
        assert len(made) == n_made


def test_exact_learning_refuses_units_that_cannot_be_enumerated():
    class Poisson(Bernoulli):
        name = "poisson"
        visible_abilities = EVERYTHING - {Ability.ENUMERATE}

    machine, _, x, _ = make_rows_with_gaps((4, 3), "binary", False)
    *hidden, visible = machine.generation.conditionals
    chain = replace(machine.generation, conditionals=(*hidden, replace(visible, units=Poisson())))
    with pytest.raises(ValueError, match=r"needs enumeration.* layer of the data .* are Poisson"):
        ExactLearning().gradient(BeliefNet(chain), as_block(x), None, None, None)


@pytest.mark.parametrize("visible", ["binary", "ordered binary"])
def test_exact_learning_takes_what_rows_are_made_of_for_certain(visible):
    """Rows one by one, of any other random numbers, make the step of all of them."""
    machine, _, x, _ = make_rows_with_gaps((4, 3, 2), visible, missing=True)
    learner, rule = BeliefNet(machine.generation), ExactLearning()
    parts = []
    for rows in ([0, 1, 2, 3], [2], [3], [0, 1]):
        out = cases.empty_gradient(learner)
        block = Block(x.values[rows], x.fill_values)
        bound = rule.gradient(learner, as_block(block), make_draws(len(rows)), None, out)
        parts.append([bound, *flat(machine, out)])
    assert_allclose(np.sum(parts[1:], axis=0), parts[0], rtol=1e-5, atol=1e-5)


# Enumeration without recognition


@pytest.mark.parametrize(("n_units", "visible", "missing"), SAMPLED)
def test_a_net_is_enumerated_without_recognition_but_has_no_free_energy(n_units, visible, missing):
    machine, params, x, X = make_rows_with_gaps(n_units, visible, missing)
    bare, whole = (
        Enumeration(net).estimate(as_block(x)) for net in (BeliefNet(machine.generation), machine)
    )
    assert_array_equal(bare.per_sample, whole.per_sample)
    assert_allclose(bare.per_sample, log_observed(params, X), rtol=1e-9, atol=1e-12)
    assert np.isnan(bare.free_energy).all()
    assert np.isfinite(whole.free_energy).all()
