"""The recipes of the documentation work."""

import pathlib
import sys
import textwrap
import types

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet, _tree
from sklearn_helmholtz._keys import Draws, Purpose, key
from sklearn_helmholtz.estimators import helmholtz_machine, ways
from sklearn_helmholtz.estimators._compat import StrOptions
from sklearn_helmholtz.learning import ExactLearning, ReweightedWakeSleep, WakeSleep
from sklearn_helmholtz.rows import Lists
from sklearn_helmholtz.units import FAMILIES
from tests.blocks import as_block

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


@pytest.fixture
def binomial(monkeypatch):
    return run_block("class Binomial", "units", monkeypatch).Binomial


def trials(n, d, seed=0):
    """Inputs, and counts out of 16 trials that float32 holds."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=(n, d)).astype(np.float32)
    return eta, rng.binomial(16, special.expit(eta)).astype(np.float32)


def log_pmf(x, eta):
    return np.nan_to_num(stats.binom(16, special.expit(np.float64(eta))).logpmf(x))


def test_the_units_of_the_recipe_are_those_of_scipy(binomial):
    units, (eta, x) = binomial(), trials(6, 4)
    x[0, 1] = x[3] = np.nan
    expected = log_pmf(x, eta)
    errors = np.nan_to_num(x - 16 * special.expit(eta))
    for values in (x, Lists.from_dense(x)):
        log_prob, scored, own = np.ones(6), np.zeros(6), eta.copy()
        units.log_prob(values, eta, log_prob)
        assert_allclose(log_prob, 1 + expected.sum(axis=1), rtol=1e-6)
        assert units.score(values, own, scored) is own
        assert_allclose(scored, expected.sum(axis=1), rtol=1e-6)
        assert_allclose(own, errors, rtol=1e-4, atol=1e-5)
    assert_allclose(units.shown(x), x / 16)
    assert_allclose(units.shown(values).toarray(), x / 16)
    units.weigh(x, own, np.arange(6, dtype=np.float32), None)
    assert_allclose(own, errors * np.arange(6)[:, None], rtol=1e-4, atol=1e-4)
    table, shifted = np.empty((2, 6, 6))
    shifts = np.arange(24.0).reshape(6, 4) / 10
    columns = np.ascontiguousarray(eta.T, np.float64)
    units.table(x.astype(float), columns, table)
    units.shifted_table(x.astype(float), shifts, columns, shifted)
    for i in range(6):
        assert_allclose(table[i], log_pmf(x[i], eta).sum(axis=1), rtol=1e-10)
        assert_allclose(shifted[i], log_pmf(x[i], eta + shifts[i]).sum(axis=1), rtol=1e-10)


def test_rows_of_the_units_of_the_recipe_share_inputs_or_values(binomial):
    units, (eta, x) = binomial(), trials(6, 4)
    for values, inputs in ((x, eta[:2]), (x[:3], eta), (x, eta[:1])):
        n = len(values), len(inputs)
        expected = log_pmf(
            np.repeat(values, 6 // n[0], axis=0), np.repeat(inputs, 6 // n[1], axis=0)
        )
        log_prob = np.zeros(6)
        units.log_prob(values, inputs, log_prob)
        assert_allclose(log_prob, expected.sum(axis=1), rtol=1e-6)


def test_draws_of_the_units_of_the_recipe_have_their_probabilities(binomial):
    units, eta = binomial(), np.array([[-2, 0, 1.5]], np.float32)
    draws = Draws(key((1,), Purpose.DREAM), np.arange(5000, dtype=np.uint64), 2)
    log_prob = np.zeros(10_000)
    counts = units.sample(eta, draws, 0, log_prob)
    assert_allclose(log_prob, log_pmf(counts, eta).sum(axis=1), rtol=1e-6)
    for column, own in zip(counts.T, eta[0], strict=True):
        expected = 10_000 * stats.binom(16, special.expit(own)).pmf(np.arange(17))
        common = expected > 5
        found = np.bincount(column.astype(int), minlength=17)
        assert ((found - expected)[common] ** 2 / expected[common]).sum() < 45


def test_modes_and_the_best_inputs_of_the_units_of_the_recipe(binomial):
    units, counts = binomial(), np.arange(17.0)
    p = np.random.default_rng(0).random((20, 5, 3))
    weights = np.random.default_rng(1).dirichlet(np.ones(5), 20)
    pmf = stats.binom(16, p[..., None]).pmf(counts)
    expected = np.einsum("nk,nkdx->ndx", weights, pmf).argmax(axis=-1)
    assert_array_equal(units.mixture_modes(weights, 16 * p, None), expected)
    votes = np.array([[[3.0], [7], [7], [0]]])
    assert units.mixture_modes(np.full((1, 4), 0.25), votes, np.zeros((1, 1))) == 7
    assert_array_equal(units.mode(np.array([-50, 0.0, 50])), [0, 8, 16])
    for lowest, highest in ((-9.0, 9.0), (0.5, 1.0), (-3.0, -2.0)):
        inputs = np.linspace(lowest, highest, 20_001)[:, None]
        pmf = stats.binom(16, special.expit(inputs)).logpmf
        peak = pmf(np.floor(17 * special.expit(inputs)))
        limits = np.full(17, lowest), np.full(17, highest)
        found = units.best_log_prob(counts, *limits)
        best = np.take_along_axis(pmf(counts), pmf(counts).argmax(axis=0)[None], 0)[0]
        best -= peak[pmf(counts).argmax(axis=0), 0]
        assert_allclose(found, np.minimum(best, 0), atol=2e-3)
    assert units.best_log_prob(np.array([np.nan]), *np.zeros((2, 1))) == 0


def test_the_kernel_of_the_recipe_scores_as_its_units(binomial, monkeypatch):
    kernels = run_block("def binomial_score", "_kernels", monkeypatch)
    eta, x = trials(6, 4)
    x[0, 1] = x[2] = np.nan
    log_prob, scored, errors = np.zeros(6), np.zeros(6), eta.copy()
    kernels.binomial_score(16, x[:3], errors, log_prob)
    expected = binomial().score(x[:3], eta.copy(), scored)
    assert_allclose(errors, expected, rtol=1e-4, atol=1e-5)
    constants = np.nansum(np.log(special.binom(16, x[:3])), axis=1)
    assert_allclose(log_prob + np.repeat(constants, 2), scored, rtol=1e-6)


@pytest.fixture
def offered(binomial, monkeypatch):
    """The family of the recipe, once ``visible`` allows its word."""
    monkeypatch.setitem(FAMILIES, "binomial", binomial)
    words = [StrOptions({"auto", *FAMILIES})]
    for estimator in (HelmholtzMachine, SigmoidBeliefNet):
        monkeypatch.setitem(estimator._parameter_constraints, "visible", words)
    return binomial


def with_a_cause(share, n=300):
    """Counts out of 16 of four columns: zeros, but for a share of the rows, and some missing."""
    rng = np.random.default_rng(0)
    cause = rng.random((n, 1)) < share
    x = rng.binomial(16, np.where(cause, [0.9, 0.1, 0.5, 0.6], 0.002)).astype(float)
    return np.where(rng.random(x.shape) < 0.03, np.nan, x)


@pytest.mark.parametrize(("share", "autoregressive"), [(0.07, True), (0.5, False)])
def test_machines_with_the_units_of_the_recipe(offered, share, autoregressive):
    x = with_a_cause(share)
    machine = HelmholtzMachine(
        (2,), visible="binomial", autoregressive=autoregressive, max_iter=30, random_state=0
    )
    listed = clone(machine).fit(scipy.sparse.csr_matrix(x))
    assert listed._model.encoding.is_listed == (share < 0.1)
    machine.fit(x)
    assert_allclose(listed.score(scipy.sparse.csr_matrix(x)), machine.score(x), atol=0.05)
    independent = log_pmf(x, special.logit(np.nanmean(x, axis=0) / 16)).sum(axis=1).mean()
    assert machine.score(x) > independent + 1
    whole = x[~np.isnan(x).any(axis=1)][:50]
    exactly = machine.log_likelihood(whole, method="exact")
    estimate = machine.log_likelihood(whole, method="importance", n_importance_samples=2000)
    assert abs(estimate.mean - estimate.bias - exactly.mean) < 4 * estimate.monte_carlo_error + 1e-3
    for strategy in ("mean", "mode", "sample"):
        filled = machine.impute(x, strategy=strategy, random_state=0)
        assert_array_equal(filled[~np.isnan(x)], x[~np.isnan(x)])
        assert ((filled >= 0) & (filled <= 16)).all()
    with pytest.raises(ValueError, match="take whole numbers from 0 to 16"):
        machine.score([[17, 0, 0, 0]])
    with pytest.raises(ValueError, match="needs Gibbs sampling"):
        machine.posterior(x, method="gibbs")


@pytest.mark.parametrize("autoregressive", [False, True])
def test_probabilities_under_the_units_of_the_recipe_are_those_of_dreams(offered, autoregressive):
    machine = HelmholtzMachine(
        2, visible="binomial", autoregressive=autoregressive, max_iter=30, random_state=0
    ).fit(with_a_cause(0.5)[:, :2])
    every = np.stack(np.meshgrid(np.arange(17), np.arange(17)), axis=-1).reshape(-1, 2)
    p = np.exp(machine.score_samples(every))
    assert_allclose(p.sum(), 1, atol=1e-6)
    drawn = machine.sample(20_000, random_state=0)
    found = np.bincount(drawn[:, 0] + 17 * drawn[:, 1], minlength=289)
    expected = 20_000 * p[np.argsort(every @ [1, 17])]
    common = expected > 5
    assert ((found - expected)[common] ** 2 / expected[common]).sum() < 2 * common.sum()


def step_of(rule, machine, x, n_particles=1):
    """What a rule writes for rows of data: the two chains, or the one."""
    wake, dream = (Draws(key((1,), p), np.arange(len(x), dtype=np.uint64), k)
                   for p, k in [(Purpose.WAKE, n_particles), (Purpose.DREAM, 1)])  # fmt: skip
    out = _tree.zeros_like(machine).tree
    rule.gradient(machine, as_block(x), wake, dream, out)
    return out


def test_the_rule_of_the_recipe_joins_two_others(monkeypatch):
    rule = run_block("class SleepTaught", "learning", monkeypatch).SleepTaught(3)
    monkeypatch.setitem(helmholtz_machine._RULES, "wake-sleep", lambda estimator: rule)
    machine = HelmholtzMachine(2, algorithm="wake-sleep", max_iter=2).fit(two_bars())._machine
    x = two_bars().astype(np.float32)
    step = step_of(rule, machine, x, 3)
    generation = step_of(ReweightedWakeSleep(3, roulette=0), machine, x, 3).generation
    recognition = step_of(WakeSleep(), machine, x).recognition
    for own, other in (step.generation, generation), (step.recognition, recognition):
        for one, two in zip(_tree.leaves(own), _tree.leaves(other), strict=True):
            assert_array_equal(one, two)


def test_the_inference_of_the_recipe_finds_the_exact_one(monkeypatch):
    rule = run_block("class ParticleLearning", "learning", monkeypatch)
    posterior = run_block("class PoolPosterior", "inference", monkeypatch)
    table = dict(ways.WAYS)
    names = {**vars(ways), **vars(rule), **vars(posterior), "WAYS": table}
    exec(block_with('WAYS["particles"]'), names)
    monkeypatch.setitem(ways.WAYS, "particles", table["particles"])
    words = [StrOptions(set(table))]  # as the class takes them from a longer table
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
