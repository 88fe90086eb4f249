"""Rules of machines of Gaussian latents: expected steps are derivatives of what they ascend.

The nodes of Gauss and Hermite take the place of random noise, a row for each, with the probability
of the node as its weight: the step is its own expectation then. The objectives are integrals by the
oracle, and their derivatives differences, in float64.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz.learning import (
    ImportanceWeighted,
    ReweightedWakeSleep,
    WakeSleep,
    importance_weighted,
)
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import StandardNormal, normal
from tests import cases, exact
from tests import gaussian_latents as oracle
from tests.gaussian_machines import (
    N_FEATURES,
    arrays_of,
    flat,
    make_machine,
    make_mixed_machine,
    make_rows,
    mixed_rows,
    mixed_seen,
    model_of,
    seen_by,
    with_gaps,
)

VISIBLES = ["bernoulli", "gaussian", "poisson"]
SHAPES = {"k=1": (1, "diag"), "diag": (2, "diag"), "full": (2, "full")}
in_shapes = pytest.mark.parametrize(("k", "covariance"), SHAPES.values(), ids=SHAPES)


def make_case(visible, k, covariance, gaps=False, **settings):
    """A machine, the same for the oracle, and a block of two rows."""
    machine = make_machine(visible, k, covariance, sees_gaps=gaps, **settings)
    rows = make_rows(visible)
    x = with_gaps(rows) if gaps else Block(rows)
    return SimpleNamespace(
        machine=machine, model=model_of(machine, covariance), x=x, k=k,
        values=np.float64(x.toarray()), seen=seen_by(machine, x),
    )  # fmt: skip


def use_noise(monkeypatch, noise):
    """Let rules have some noise, (n_rows * n_particles, k), instead of random one."""

    def given(draws, layer, n_units, work=np):
        assert (draws.n_rows, n_units) == noise.shape
        return noise.astype(np.float32)

    for module in (importance_weighted, normal):
        monkeypatch.setattr(module, "standard_noise", given)


def repeat(x, times, weights=None):
    """A block in which each row stands several times, side by side."""
    return Block(x.values[np.repeat(np.arange(len(x)), times)], x.fill_values, weights)


def step(rule, machine, x, dream=None):
    """The bound and the step of a block, a list of arrays."""
    out = cases.empty_gradient(machine)
    wake = cases.make_draws(len(x), rule.n_particles)
    bound = rule.gradient(machine, x, wake, dream or cases.make_draws(len(x)), out)
    return bound, arrays_of(out)


def expected_step(rule, case, monkeypatch, n_nodes, row_weights=(1.0, 1.0)):
    """Expectations over the noise of the particles of all rows, of the bound and of the step."""
    noise, probabilities = oracle.hermite(case.k * rule.n_particles, n_nodes)
    weights = np.outer(row_weights, probabilities).ravel()
    x = repeat(case.x, len(noise), weights)
    with monkeypatch.context() as patch:
        use_noise(patch, np.tile(noise.reshape(-1, case.k), (len(case.x), 1)))
        return step(rule, case.machine, x)


def assert_steps(found, expected, rtol=1e-4):
    """Steps are alike, up to so much of the largest entry of each array."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert np.isfinite(one).all()
        scale = np.abs(other).max(initial=0.1)
        assert_allclose(one, other, rtol=0, atol=rtol * scale)


def n_generative(model):
    return len(model.generative)


def bound_slopes(case, n_particles, n_nodes, arrays=lambda model: model.arrays):
    def objective(model):
        return oracle.bounds(model, case.values, case.seen, n_particles, n_nodes).sum()

    return oracle.slopes(objective, case.model, arrays)


# The importance-weighted bound


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize("visible", VISIBLES)
@in_shapes
def test_the_step_of_one_particle_is_the_slope_of_the_bound(
    visible, k, covariance, gaps, monkeypatch
):
    case = make_case(visible, k, covariance, gaps)
    bound, found = expected_step(ImportanceWeighted(1), case, monkeypatch, 5)
    exact_bound = oracle.bounds(case.model, case.values, case.seen, 1, 5).sum()
    assert bound == pytest.approx(exact_bound, rel=1e-5)
    assert_steps(found, bound_slopes(case, 1, 5))


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize(
    ("visible", "k", "covariance", "n_nodes"),
    [("bernoulli", 1, "diag", 20), ("gaussian", 1, "full", 100), ("poisson", 1, "diag", 60),
     ("bernoulli", 2, "full", 12), ("bernoulli", 2, "diag", 12)],
)  # fmt: skip
def test_the_step_of_two_particles_is_the_slope_of_their_bound(
    visible, k, covariance, n_nodes, gaps, monkeypatch
):
    """Of both nets: derivatives of other weights than those of the bound have the same mean."""
    case = make_case(visible, k, covariance, gaps, hidden=(3,), scale=0.5)
    bound, found = expected_step(ImportanceWeighted(2), case, monkeypatch, n_nodes)
    exact_bound = oracle.bounds(case.model, case.values, case.seen, 2, n_nodes).sum()
    assert bound == pytest.approx(exact_bound, rel=1e-5)
    assert_steps(found, bound_slopes(case, 2, n_nodes), rtol=2e-4 if k == 1 else 2e-3)


@pytest.mark.parametrize("hidden", [(), (4, 3)], ids=["affine", "deep"])
def test_nets_of_any_depth_and_rectifiers_follow_the_bound(hidden, monkeypatch):
    for activation in ("tanh", "relu"):
        case = make_case("gaussian", 1, "diag", hidden=hidden, activation=activation)
        _, found = expected_step(ImportanceWeighted(1), case, monkeypatch, 13)
        assert_steps(found, bound_slopes(case, 1, 13))


@pytest.mark.parametrize("n_particles", [1, 2])
@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_scales_at_their_limits_are_not_moved_outward(covariance, n_particles):
    case = make_case("bernoulli", 2, covariance, hidden=())
    last = case.machine.encoder.maps[-1]
    last.intercept[2:4] = -40, 40
    _, found = step(ImportanceWeighted(n_particles), case.machine, case.x)
    intercepts = found[-1][2:4]
    assert intercepts[0] >= 0
    assert intercepts[1] <= 0


def make_mixed_case(k=1, covariance="diag", sees_gaps=False):
    machine = make_mixed_machine(k, covariance, sees_gaps)
    x = mixed_rows(machine, gaps=sees_gaps)
    return SimpleNamespace(
        machine=machine, model=model_of(machine, covariance), x=x, k=k, values=x.values.values,
        seen=mixed_seen(machine, x),
    )  # fmt: skip


@pytest.mark.parametrize("sees_gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize("n_particles", [1, 2])
def test_steps_of_mixed_data_are_the_slopes_of_the_bound(n_particles, sees_gaps, monkeypatch):
    case = make_mixed_case(sees_gaps=sees_gaps)
    n_nodes = {1: 5, 2: 30}[n_particles]
    bound, found = expected_step(ImportanceWeighted(n_particles), case, monkeypatch, n_nodes)
    exact_bound = oracle.bounds(case.model, case.values, case.seen, n_particles, n_nodes).sum()
    assert bound == pytest.approx(exact_bound, rel=1e-5)
    assert_steps(found, bound_slopes(case, n_particles, n_nodes), rtol=5e-4)


@pytest.mark.parametrize("sees_gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize("rule", [WakeSleep(2), ReweightedWakeSleep(2)], ids=str)
def test_mixed_data_wake_and_sleep(rule, sees_gaps, monkeypatch):
    """Recognition only has to learn from all that it sees: its step is compared elsewhere."""
    case = make_mixed_case(2, "full", sees_gaps)
    _, found = expected_step(rule, case, monkeypatch, 4)
    n_particles = 1 if isinstance(rule, WakeSleep) else 2
    expected = bound_slopes(case, n_particles, 4, lambda model: model.generative)
    assert_steps(found[: n_generative(case.model)], expected, rtol=3e-4)
    assert all(np.isfinite(part).all() for part in found)
    assert (abs(found[n_generative(case.model)]).max(axis=1) > 0).mean() > 0.5


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
    bound, found = expected_step(ReweightedWakeSleep(2), case, monkeypatch, n_nodes)
    expected = bound_slopes(case, 2, n_nodes, lambda model: model.generative)
    assert_steps(found[: n_generative(case.model)], expected)
    exact_bound = oracle.bounds(case.model, case.values, case.seen, 2, n_nodes).sum()
    assert bound == pytest.approx(exact_bound, rel=1e-4)


def all_dreams(case, n_nodes=5):
    """Latents (n, k), data (n, n_features) and probabilities (n,) of all dreams, by quadrature.

    Of few nodes: a step is the slope of what it ascends at each of them.
    """
    nodes, probabilities = oracle.hermite(case.k, n_nodes)
    if len(case.model.log_excess):
        noise, own = oracle.hermite(N_FEATURES, 2)
        data = case.model.decoder(nodes)[:, None] + noise * np.sqrt(case.model.variance)
        own = np.broadcast_to(own, (len(nodes), len(own)))
    else:
        data = exact.all_states(N_FEATURES)
        own = np.exp(case.model.log_visible(data, nodes)).T
        data = np.broadcast_to(data, (len(nodes), *data.shape))
    latents = np.repeat(nodes, data.shape[1], axis=0)
    weights = (probabilities[:, None] * own).ravel()
    return latents, data.reshape(-1, N_FEATURES), weights


def use_dreams(patch, case, latents, data):
    """Let rules have given dreams."""
    units = type(case.machine.visible.units)

    def latents_of(self, eta, draws, layer, work=np, out=None):
        out[...] = latents
        return out

    patch.setattr(StandardNormal, "draw", latents_of, raising=False)
    dreamt = data.astype(units.dtype)
    patch.setattr(units, "draw", lambda *arguments, **more: dreamt, raising=False)


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


def dream_log_guess(case, model, latents, data, missing):
    """Log q of dreams as recognition sees them, which misses what the first row misses."""
    masked = np.where(missing, case.x.fill_values, data) if missing.any() else data
    seen = np.hstack([masked, np.broadcast_to(missing, data.shape)]) if missing.any() else masked
    return model.log_guess(seen, latents[:, None])[:, 0]


def expected_sleep(case, latents, data, weights):
    """d/dR E_p log q(z | x), by differences of a sum over all dreams; flat."""
    missing = np.isnan(case.values[0])

    def objective(model):
        return weights @ dream_log_guess(case, model, latents, data, missing)

    return flat(oracle.slopes(objective, case.model, lambda model: model.encoder.arrays))


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
    case, rule = make_case(visible, k, covariance, gaps), ReweightedWakeSleep(2)
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
RULES += [ReweightedWakeSleep(3)]


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
        _, parts = expected_step(rule, case, monkeypatch, 20)
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
