"""Expected steps of learning rules of machines of Gaussian latents, and the slopes that they are.

The nodes of Gauss and Hermite take the place of random noise, a row for each, with the probability
of the node as its weight: the step is its own expectation then. Objectives are integrals by the
oracle, and their derivatives differences, in float64.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz.learning import (
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


def bound_slopes(case, n_particles, n_nodes, arrays=lambda model: model.arrays, share=1.0):
    def objective(model):
        return oracle.bounds(model, case.values, case.seen, n_particles, n_nodes, share).sum()

    return oracle.slopes(objective, case.model, arrays)


def make_mixed_case(k=1, covariance="diag", sees_gaps=False):
    machine = make_mixed_machine(k, covariance, sees_gaps)
    x = mixed_rows(machine, gaps=sees_gaps)
    return SimpleNamespace(
        machine=machine, model=model_of(machine, covariance), x=x, k=k, values=x.values.values,
        seen=mixed_seen(machine, x),
    )  # fmt: skip


# Dreams


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
