"""Wake and sleep with Gaussian latents: expected steps are derivatives, by quadrature."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_helmholtz.learning import (
    ImportanceWeighted,
    ReweightedWakeSleep,
    WakeSleep,
)
from sklearn_helmholtz.rows import Block
from tests import cases
from tests import gaussian_latents as oracle
from tests.gaussian_machines import (
    arrays_of,
    flat,
    make_rows,
)
from tests.gaussian_steps import (
    VISIBLES,
    all_dreams,
    assert_steps,
    bound_slopes,
    expected_sleep,
    expected_step,
    make_case,
    n_generative,
    repeat,
    step,
    use_dreams,
    use_noise,
)

# Wake and sleep


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize("n_particles", [1, 2])
@pytest.mark.parametrize(
    ("visible", "k", "covariance"),
    [("bernoulli", 1, "diag"), ("gaussian", 2, "full"), ("poisson", 2, "diag")],
)
def test_generation_ascends_the_expected_log_joint_in_wake_sleep(
    visible, k, covariance, n_particles, gaps, monkeypatch
):
    case = make_case(visible, k, covariance, gaps)
    n_nodes = 5
    bound, found = expected_step(WakeSleep(n_particles), case, monkeypatch, n_nodes)
    expected = bound_slopes(case, 1, n_nodes, lambda model: model.generative)
    assert_steps(found[: n_generative(case.model)], expected)
    exact_bound = oracle.bounds(case.model, case.values, case.seen, 1, n_nodes).sum()
    assert bound == pytest.approx(exact_bound, rel=1e-4)


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize(
    ("visible", "k", "covariance"),
    [("bernoulli", 1, "diag"), ("gaussian", 2, "full"), ("poisson", 2, "diag")],
)
def test_generation_ascends_the_weighted_bound_in_reweighted_wake_sleep(
    visible, k, covariance, gaps, monkeypatch
):
    case = make_case(visible, k, covariance, gaps)
    n_nodes = 5
    bound, found = expected_step(ReweightedWakeSleep(2, roulette=0), case, monkeypatch, n_nodes)
    expected = bound_slopes(case, 2, n_nodes, lambda model: model.generative)
    assert_steps(found[: n_generative(case.model)], expected)
    exact_bound = oracle.bounds(case.model, case.values, case.seen, 2, n_nodes).sum()
    assert bound == pytest.approx(exact_bound, rel=1e-4)


def steps_of_dreams(rule, case, latents, data, monkeypatch):
    """Recognition's part of the step with each of some dreams, (n_dreams, n_entries).

    The wake phase is the same in all: that of the first row. Its part is what the step of a dream
    has besides, which `expected_recognition_step` takes away again.
    """
    noise = np.full((rule.n_particles, case.k), 0.3)
    noise[1:] = -0.5
    x = Block(case.x.values[:1], case.x.fill_values)
    found = []
    with monkeypatch.context() as patch:
        use_noise(patch, noise)
        for z, own in zip(latents, data, strict=True):
            use_dreams(patch, case, z[None], own[None])
            _, parts = step(rule, case.machine, x)
            found.append(flat(parts[n_generative(case.model) :]))
    return np.array(found)


DREAMS = [("bernoulli", 1, "diag"), ("bernoulli", 2, "full"), ("gaussian", 1, "diag")]
of_dreams = pytest.mark.parametrize(("visible", "k", "covariance"), DREAMS)


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@of_dreams
def test_recognition_ascends_the_log_guess_of_dreams_in_wake_sleep(
    visible, k, covariance, gaps, monkeypatch
):
    case = make_case(visible, k, covariance, gaps)
    latents, data, weights = all_dreams(case, 6 if k == 1 else 3)
    found = steps_of_dreams(WakeSleep(), case, latents, data, monkeypatch)
    expected = expected_sleep(case, latents, data, weights)
    assert_steps([weights @ found], [expected])


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@of_dreams
def test_recognition_goes_half_way_awake_and_half_asleep_in_reweighted_wake_sleep(
    visible, k, covariance, gaps, monkeypatch
):
    """Awake along E sum_k w_k d log q(z_k | x), whose z are held; weights of one row are 1."""
    case, rule = make_case(visible, k, covariance, gaps), ReweightedWakeSleep(2, roulette=0)
    latents, data, weights = all_dreams(case, 6 if k == 1 else 3)
    asleep = steps_of_dreams(rule, case, latents, data, monkeypatch)
    n_nodes = 5 if k == 1 else 3
    with monkeypatch.context() as patch:
        use_dreams(patch, case, latents[:1], data[:1])
        noise, probabilities = oracle.hermite(2 * k, n_nodes)
        use_noise(patch, noise.reshape(-1, k))
        first = Block(case.x.values[:1], case.x.fill_values)
        x = repeat(first, len(noise), probabilities)
        _, parts = step(rule, case.machine, x, None if gaps else cases.make_draws(1))
    awake = flat(parts[n_generative(case.model) :])
    n_dreams = 1 if not gaps else len(noise)  # dreams wear the masks of the rows
    found = awake - n_dreams * asleep_alone(case, latents[0], data[0]) / 2
    assert_steps([found], [expected_awake(case, noise, probabilities) / 2], rtol=2e-3)
    wake_of_all = asleep[0] - asleep_alone(case, latents[0], data[0]) / 2
    expected = expected_sleep(case, latents, data, weights) / 2
    assert_steps([weights @ asleep - weights.sum() * wake_of_all], [expected], rtol=3e-4)


def asleep_alone(case, z, x):
    """The slopes of log q of one dream; flat."""
    one = np.ones(1)
    return expected_sleep(case, z[None], x[None], one)


def expected_awake(case, noise, probabilities):
    """E sum_k w_k d log q(z_k | x) of the first row, where z_k are held; flat."""
    x, seen, k = case.values[:1], case.seen[:1], case.k
    mean, lower = case.model.posterior(seen)
    z = mean[0] + noise.reshape(-1, k) @ lower[0].T
    log_weights = case.model.log_visible(x, z)[0] + oracle.log_prior(z)
    log_weights = (log_weights - case.model.log_guess(seen, z[None])[0]).reshape(len(noise), -1)
    weights = np.exp(log_weights - np.logaddexp.reduce(log_weights, axis=1)[:, None])
    weights = (probabilities[:, None] * weights).ravel()

    def objective(model):
        return weights @ model.log_guess(seen, z[None])[0]

    return flat(oracle.slopes(objective, case.model, lambda model: model.encoder.arrays))


# Weights of rows


RULES = [ImportanceWeighted(1), ImportanceWeighted(3), WakeSleep(1), WakeSleep(3)]
RULES += [ReweightedWakeSleep(3, roulette=0)]


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize("visible", VISIBLES)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_weights_are_repetitions_of_rows_with_the_same_noise(rule, visible, gaps, monkeypatch):
    """Of everything but the dreams, which weigh the same whatever rows do."""
    case, counts = make_case(visible, 2, "full", gaps), np.array([3, 1])
    dreams = make_rows(visible, 1)
    noise = np.random.default_rng(0).normal(size=(2, rule.n_particles, 2))
    found = []
    for times, weights in ((counts, None), (np.ones(2, int), counts.astype(float))):
        x = Block(np.repeat(case.x.values, times, axis=0), case.x.fill_values, weights)
        with monkeypatch.context() as patch:
            use_noise(patch, np.repeat(noise, times, axis=0).reshape(-1, 2))
            use_dreams(patch, case, np.full((1, 2), 0.4), np.repeat(dreams, len(x), axis=0))
            bound, parts = step(rule, case.machine, x)
        if not isinstance(rule, ImportanceWeighted):
            own = [asleep_as_seen(case, x, row, dreams[0]) for row in range(len(x))]
            share = 0.5 if isinstance(rule, ReweightedWakeSleep) else 1
            parts = [*parts[: n_generative(case.model)],
                     flat(parts[n_generative(case.model) :]) - share * sum(own)]  # fmt: skip
        found.append([bound, *parts])
    assert_steps(found[1], found[0], rtol=3e-4)


def asleep_as_seen(case, x, row, dream):
    """The slopes of log q of a dream that wears the mask of a row of a block; flat."""
    missing = np.isnan(np.float64(x.toarray()[row]))
    gaps = x.fill_values is not None
    seen = np.where(missing, x.fill_values, dream)[None] if gaps else np.float64(dream)[None]
    seen = np.log1p(seen) if case.machine.visible.units.name == "poisson" else seen
    seen = np.hstack([seen, missing[None]]) if gaps else seen
    z = np.full((1, 1, 2), 0.4)

    def objective(model):
        return model.log_guess(seen, z).sum()

    return flat(oracle.slopes(objective, case.model, lambda model: model.encoder.arrays))


# With random numbers


@pytest.mark.parametrize("rule", [ImportanceWeighted(2), WakeSleep(2), ReweightedWakeSleep(2)],
                         ids=str)  # fmt: skip
def test_random_steps_have_the_expected_step_as_their_mean(rule, monkeypatch):
    case, n_blocks, n = make_case("bernoulli", 1, "diag"), 40, 1000
    x, steps = repeat(case.x, n // 2), []
    for number in range(n_blocks):
        out = cases.empty_gradient(case.machine)
        wake = cases.make_draws(n, rule.n_particles, start=number * n)
        dream = cases.make_draws(n, purpose=cases.Purpose.DREAM, start=number * n)
        rule.gradient(case.machine, x, wake, dream, out)
        steps.append(2 * flat(arrays_of(out)) / n)
    if isinstance(rule, ImportanceWeighted):
        expected = flat(bound_slopes(case, 2, 30))
    else:
        certain = replace(rule, roulette=0) if isinstance(rule, ReweightedWakeSleep) else rule
        _, parts = expected_step(certain, case, monkeypatch, 20)
        expected = flat(parts[: n_generative(case.model)])
        latents, data, weights = all_dreams(case, 14)
        sleep = 2 * expected_sleep(case, latents, data, weights)
        if isinstance(rule, ReweightedWakeSleep):
            noise, probabilities = oracle.hermite(2, 20)
            awake = 0.0
            for row in range(2):
                awake = awake + expected_awake(_row(case, row), noise, probabilities)
            sleep = (sleep + awake) / 2
        expected = np.concatenate([expected, sleep])
    steps = np.array(steps)
    z = (steps.mean(axis=0) - expected) / (steps.std(axis=0, ddof=1) / np.sqrt(n_blocks))
    assert abs(z).max() < 4.5
    assert (z**2).mean() < 3


def _row(case, row):
    one = slice(row, row + 1)
    return SimpleNamespace(model=case.model, values=case.values[one], seen=case.seen[one], k=case.k)
