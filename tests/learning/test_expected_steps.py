"""The importance-weighted bound: expected steps are its derivatives, by quadrature."""

import numpy as np
import pytest

from sklearn_helmholtz.learning import (
    ImportanceWeighted,
    ReweightedWakeSleep,
    WakeSleep,
)
from tests import gaussian_latents as oracle
from tests.gaussian_machines import flat
from tests.gaussian_steps import (
    VISIBLES,
    assert_steps,
    bound_slopes,
    expected_step,
    in_shapes,
    make_case,
    make_mixed_case,
    n_generative,
    step,
)

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


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize(
    ("n_particles", "visible", "k", "covariance", "n_nodes"),
    [(1, "bernoulli", 2, "diag", 5), (1, "gaussian", 2, "full", 5), (2, "bernoulli", 1, "diag", 40),
     (2, "gaussian", 1, "full", 100)],
)  # fmt: skip
def test_steps_with_less_of_the_divergence_are_the_slopes_of_that_bound(
    n_particles, visible, k, covariance, n_nodes, gaps, monkeypatch
):
    case, share = make_case(visible, k, covariance, gaps, hidden=(3,), scale=0.5), 0.3
    rule = ImportanceWeighted(n_particles).at(share)
    bound, found = expected_step(rule, case, monkeypatch, n_nodes)
    exact_bound = oracle.bounds(case.model, case.values, case.seen, n_particles, n_nodes, share)
    assert bound == pytest.approx(exact_bound.sum(), rel=1e-5)
    expected = bound_slopes(case, n_particles, n_nodes, share=share)
    assert_steps(found, expected, rtol=2e-4)
    whole = bound_slopes(case, n_particles, n_nodes)
    assert abs(flat(found) - flat(whole)).max() > 0.05


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
@pytest.mark.parametrize("rule", [WakeSleep(2), ReweightedWakeSleep(2, roulette=0)], ids=str)
def test_mixed_data_wake_and_sleep(rule, sees_gaps, monkeypatch):
    """Recognition only has to learn from all that it sees: its step is compared elsewhere."""
    case = make_mixed_case(2, "full", sees_gaps)
    _, found = expected_step(rule, case, monkeypatch, 4)
    n_particles = 1 if isinstance(rule, WakeSleep) else 2
    expected = bound_slopes(case, n_particles, 4, lambda model: model.generative)
    assert_steps(found[: n_generative(case.model)], expected, rtol=3e-4)
    assert all(np.isfinite(part).all() for part in found)
    assert (abs(found[n_generative(case.model)]).max(axis=1) > 0).mean() > 0.5
