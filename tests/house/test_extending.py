"""The recipes of the documentation work."""

import pathlib
import sys
import textwrap
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.estimator_checks import check_estimator

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet, _tree
from sklearn_helmholtz._keys import Draws, Purpose, key
from sklearn_helmholtz.estimators import helmholtz_machine, sigmoid_belief_net
from sklearn_helmholtz.estimators._compat import StrOptions
from sklearn_helmholtz.learning import ExactLearning, ReweightedWakeSleep, WakeSleep

PAGE = pathlib.Path(__file__).parents[2] / "doc" / "extending.rst"


def block_with(text):
    """The code of the block of the page that holds a text."""
    blocks = PAGE.read_text().split(".. code-block:: python\n")[1:]
    (block,) = [block for block in blocks if text in block]
    lines = []
    for line in block.splitlines():
        if line.strip() and not line.startswith("   "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines))


def run_block(text, package, monkeypatch):
    """What the block of the page that holds a text defines, as a module of a package of ours."""
    recipe = types.ModuleType(f"sklearn_helmholtz.{package}.recipe")
    recipe.__package__ = f"sklearn_helmholtz.{package}"
    monkeypatch.setitem(sys.modules, recipe.__name__, recipe)
    exec(block_with(text), vars(recipe))
    return recipe


def two_bars():
    return np.repeat(np.random.RandomState(0).random_sample((300, 2)) < 0.5, 4, axis=1)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_the_estimator_of_the_recipe_passes_all_checks(monkeypatch):
    recipe = run_block("class UntrainedMachine", "estimators", monkeypatch)
    check_estimator(recipe.UntrainedMachine())


def step_of(rule, machine, x, n_particles=1):
    """What a rule writes for rows of data: the two chains, or the one."""
    wake, dream = (Draws(key((1,), p), np.arange(len(x), dtype=np.uint64), k)
                   for p, k in [(Purpose.WAKE, n_particles), (Purpose.DREAM, 1)])  # fmt: skip
    out = _tree.zeros_like(machine).tree
    rule.gradient(machine, x, wake, dream, out)
    return out


def test_the_rule_of_the_recipe_joins_two_others(monkeypatch):
    rule = run_block("class SleepTaught", "learning", monkeypatch).SleepTaught(3)
    monkeypatch.setitem(helmholtz_machine._RULES, "wake-sleep", lambda estimator: rule)
    machine = HelmholtzMachine(2, algorithm="wake-sleep", max_iter=2).fit(two_bars())._machine
    x = two_bars().astype(np.float32)
    step = step_of(rule, machine, x, 3)
    generation = step_of(ReweightedWakeSleep(3), machine, x, 3).generation
    recognition = step_of(WakeSleep(), machine, x).recognition
    for own, other in (step.generation, generation), (step.recognition, recognition):
        for one, two in zip(_tree.leaves(own), _tree.leaves(other), strict=True):
            assert_array_equal(one, two)


def test_the_inference_of_the_recipe_finds_the_exact_one(monkeypatch):
    rule = run_block("class ParticleLearning", "learning", monkeypatch)
    posterior = run_block("class PoolPosterior", "inference", monkeypatch)
    tables = {
        "_RULES": dict(sigmoid_belief_net._RULES),
        "_POSTERIORS": dict(sigmoid_belief_net._POSTERIORS),
    }
    exec(block_with('_RULES["particles"]'), {**vars(rule), **vars(posterior), **tables})
    for name, table in tables.items():
        monkeypatch.setitem(getattr(sigmoid_belief_net, name), "particles", table["particles"])
    words = [StrOptions(set(tables["_RULES"]))]  # as the class takes them from a longer table
    monkeypatch.setitem(SigmoidBeliefNet._parameter_constraints, "inference", words)
    settings = {"n_particles": 5, "n_importance_samples": 5000, "max_iter": 50, "random_state": 0}
    net = SigmoidBeliefNet(3, inference="particles", **settings).fit(two_bars())
    exactly = net.posterior(two_bars(), method="exact").mean[0]
    assert np.abs(net.transform(two_bars()) - exactly).max() < 0.05
    for method in (net.free_energy, net.kl_gap):
        with pytest.raises(ValueError, match="inference='particles' has no free energy"):
            method(two_bars())
    x = two_bars()[:20].astype(np.float32)
    step = step_of(rule.ParticleLearning(5000), net._machine, x, 5000)
    likelihood = step_of(ExactLearning(), net._machine, x)
    for one, two in zip(_tree.leaves(step), _tree.leaves(likelihood), strict=True):
        assert_allclose(one, two, atol=0.15)  # of numbers up to 6
