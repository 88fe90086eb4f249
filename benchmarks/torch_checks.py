"""Checks that the PyTorch programs compute what this library computes.

    python -m benchmarks.speed --check

Gradients and bounds of the steps without autograd, tuned and by hand, are compared with autograd in
float64 on the states that they sampled, Adam with `torch.optim.Adam`, learning curves with the
library's from the same parameters, scores with exact ones and with those of the library's particles
from recognition, and the first two moments of samples with the library's.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from sklearn_helmholtz import HelmholtzMachine, _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.inference import sample_particles
from sklearn_helmholtz.learning import Adam, ReweightedWakeSleep, WakeSleep
from sklearn_helmholtz.likelihood.weights import estimate_from_weights
from sklearn_helmholtz.machines import assemble
from sklearn_helmholtz.rows import Block, Table
from sklearn_helmholtz.units import Bernoulli

from .torch_autograd import AutogradMachine
from .torch_lean import LeanReweighted, LeanWakeSleep
from .torch_programs import BY_HAND, TUNED
from .torch_units import Uniforms

N_UNITS, N_ROWS, N_PARTICLES = (64, 104, 20), 50, 5  # layers with and without products of 4
SMALL, N_LEARNT = (64, 32), 100  # that learn; rows of their minibatches
RULES = {"wake-sleep": WakeSleep(), "reweighted": ReweightedWakeSleep(N_PARTICLES, roulette=0)}
NAMES = ("down", "up", "down_bias", "up_bias")


@dataclass(frozen=True)
class Finding:
    """A figure that should not exceed a limit."""

    name: str
    figure: float
    limit: float

    def __str__(self):
        verdict = "ok" if self.figure <= self.limit else "FAILED"
        return f"{verdict:8}{self.name:76}{self.figure:9.2g} <= {self.limit:.2g}"


def findings():
    """All checks, one after the other."""
    torch.manual_seed(0)
    yield from uniforms()
    for programs in (TUNED, BY_HAND):
        for check in (gradients, adam, learning, exact_scores, scores, samples):
            for finding in check(programs):
                yield replace(finding, name=f"{programs.name}, {finding.name}")
    yield from lean_steps()
    yield from learning_with_autograd()


def uniforms():
    """Mean, variance and neighbouring products of uniform numbers, in standard errors."""
    u = Uniforms([(1000, 1001)]).draw()[0].double() - 0.5
    n = u.numel()
    moments = (u.mean() * math.sqrt(12 * n), (u.square().mean() - 1 / 12) * math.sqrt(180 * n))
    products = (u[:, 1:] * u[:, :-1]).mean() * 12 * math.sqrt(n)
    yield Finding("uniform numbers: moments, standard errors", _largest(*moments, products), 4)
    yield Finding(
        "uniform numbers: share outside (0, 1)", float((u.abs() >= 0.5).float().mean()), 0
    )


def gradients(programs):
    """Gradients and bounds of both rules against autograd in float64, given the same states."""
    x = (torch.rand(N_ROWS, N_UNITS[0]) < 0.3).float()
    for name in RULES:
        net = _random_net(programs, N_UNITS)
        twin, machine = _twin(net).double(), _machine(programs, name, net, N_ROWS)
        bound = machine.gradient(x, torch.arange(N_ROWS))
        values, dreamt = _rows(machine.values), _rows(machine.dreamt)
        if name == "wake-sleep":
            loss, expected = twin.wake_sleep_loss(values, dreamt)
        else:
            values[0] = values[0].repeat_interleave(N_PARTICLES, 0)
            loss, expected = twin.reweighted_loss(values, dreamt, N_PARTICLES)
        (loss / N_ROWS).backward()
        errors = [g + _turned(p.grad) for g, p in _pairs(net.gradient, twin)]
        yield Finding(f"{name}: bounds against autograd, nats", _largest(bound - expected), 1e-3)
        yield Finding(f"{name}: gradients against autograd", _largest(*errors), 1e-5)


def lean_steps(seed=1):
    """Moves of lean steps against the gradients by hand, from the same random numbers."""
    x = (torch.rand(N_ROWS, N_UNITS[0]) < 0.3).float()
    lean = {"wake-sleep": LeanWakeSleep, "reweighted": lambda net: LeanReweighted(net, N_PARTICLES)}
    for name, make in lean.items():
        net = _random_net(BY_HAND, N_UNITS)
        before = [p.clone() for own in NAMES for p in vars(net)[own]]
        by_hand = _machine(BY_HAND, name, net, N_ROWS)
        for step in (by_hand.gradient, make(net).step):
            torch.manual_seed(seed)
            step(x, torch.arange(N_ROWS))
        after = [p for own in NAMES for p in vars(net)[own]]
        moves = [(p - q) / net.rate for p, q in zip(after, before, strict=True)]
        expected = [g for own in NAMES for g in net.gradient[own]]
        errors = [move - g for move, g in zip(moves, expected, strict=True)]
        yield Finding(f"PyTorch, lean, {name}: moves against gradients", _largest(*errors), 1e-3)


def adam(programs, n_steps=5):
    """Steps of Adam against `torch.optim.Adam`."""
    net = _random_net(programs, N_UNITS)
    twin = _twin(net)
    for _ in range(n_steps):
        for gradient, p in _pairs(net.gradient, twin):
            gradient.normal_()
            p.grad = -_turned(gradient).clone()
        net.ascend()
        twin.optimizer.step()
    errors = [ours - _turned(theirs) for ours, theirs in _pairs(vars(net), twin)]
    yield Finding(f"Adam: parameters after {n_steps} steps", _largest(*errors), 1e-6)


def learning(programs):
    """Bounds late in training, without autograd and of the library."""
    for name in RULES:
        net = programs.net(SMALL)
        yield _compare_learning(name, net, _machine(programs, name, net, N_LEARNT).step)


def learning_with_autograd():
    """Bounds late in training, with autograd and of the library."""
    for name in RULES:
        net = TUNED.net(SMALL)
        step = _autograd_step(name, _twin(net))
        finding = _compare_learning(name, net, lambda data, rows, step=step: step(data[rows]))
        yield replace(finding, name=f"PyTorch autograd, {finding.name}")


def _compare_learning(name, net, step, n_steps=400):
    """Mean bounds of two parties from the parameters of a net, on the same minibatches."""
    X, rng = _prototypes(2000, SMALL[0]), np.random.default_rng(1)
    data, rows = torch.from_numpy(X.astype(np.float32)), Table(X, is_binary=True)
    machine = assemble(**net.arrays(), visible=Bernoulli())
    training, bounds = Training(machine, RULES[name], Adam(net.decay), 1, Past((0,))), []
    for _ in range(n_steps):
        chosen = rng.choice(len(X), N_LEARNT, replace=False)
        ours = training.step(rows, chosen, net.rate) / N_LEARNT
        bounds.append((ours, step(data, torch.from_numpy(chosen))))
    ours, theirs = np.mean(bounds[n_steps // 2 :], axis=0)
    title = f"{name}: mean bound {theirs:.2f}, library {ours:.2f}, relative"
    return Finding(title, abs(theirs - ours) / abs(ours), 0.005)


def exact_scores(programs, n_particles=20_000):
    """Importance-sampled scores of a small machine against exact ones."""
    net = _random_net(programs, (16, 6, 4))
    x = (torch.rand(20, 16) < 0.5).float()
    machine = HelmholtzMachine.from_parameters(**net.arrays(), n_jobs=1)
    exact = machine.log_likelihood(x.numpy(), method="exact").mean
    known = _recognition_scores(net, x, n_particles)
    error = abs(float(programs.scorer(net, n_particles)(x).mean()) - exact)
    limit = 4 * known["monte_carlo_error"] + abs(known["bias"])
    yield Finding("scores against exact ones, nats", error, limit)


def scores(programs, n_particles=2000):
    """Scores of a machine too large for exact ones against the library's particles."""
    net = _random_net(programs, N_UNITS, 0.1)
    x = (torch.rand(51, N_UNITS[0]) < 0.5).float()
    known = _recognition_scores(net, x, n_particles)
    error = abs(float(programs.scorer(net, n_particles)(x).mean()) - known["mean"])
    limit = 4 * math.sqrt(2) * known["monte_carlo_error"]
    yield Finding("scores against the library's, nats", error, limit)


def _recognition_scores(net, x, n_particles):
    """The library's scores with all particles from recognition, as those of PyTorch are."""
    machine = assemble(**net.arrays(), visible=Bernoulli())
    addresses = np.arange(len(x), dtype=np.uint64)
    draws = Draws(_keys.key((0,), Purpose.SCORE), addresses, n_particles)
    particles = sample_particles(machine, Block(x.numpy().astype(np.uint8)), draws)
    log_weights = particles.mixture_log_weights(0)
    estimate = estimate_from_weights(log_weights, n_particles, np.zeros(len(x)))
    return estimate.summary(addresses)


def samples(programs, n_samples=20_500):
    """Means and second moments of samples against the library's, in standard errors."""
    net = _random_net(programs, N_UNITS)
    machine = HelmholtzMachine.from_parameters(**net.arrays(), n_jobs=1)
    ours = machine.sample(n_samples, random_state=0).astype(np.float64)
    theirs = programs.sample(net, n_samples).numpy().astype(np.float64)
    a, b = (X.T @ X / n_samples for X in (ours, theirs))
    pooled = (a + b) / 2
    errors = np.sqrt(2 * pooled * (1 - pooled) / n_samples + 1e-12)
    yield Finding("samples: first two moments, standard errors", np.abs((a - b) / errors).max(), 5)


def _machine(programs, name, net, n_rows):
    if name == "wake-sleep":
        return programs.wake_sleep(net, n_rows)
    return programs.reweighted(net, n_rows, N_PARTICLES)


def _autograd_step(name, twin):
    if name == "wake-sleep":
        return twin.wake_sleep_step
    return lambda x: twin.reweighted_step(x, N_PARTICLES)


def _random_net(programs, n_units, scale=0.5):
    net = programs.net(n_units)
    for name in NAMES:
        for parameters in vars(net)[name]:
            parameters.normal_(0, scale)
    return net


def _twin(net):
    """An `AutogradMachine` with copies of the parameters of a net."""
    twin = AutogradMachine(net.n_units, net.rate, net.decay)
    with torch.no_grad():
        for ours, theirs in _pairs(vars(net), twin):
            theirs.copy_(_turned(ours))
    return twin


def _pairs(lists, twin):
    """Tensors of a net (in lists by name) with the parameters of its twin, which are transposed."""
    for name in NAMES:
        yield from zip(lists[name], getattr(twin, name), strict=True)


def _rows(values):
    """Layers with particles of a row side by side, (n_rows * n_particles, n_units), float64."""
    return [value.double().flatten(0, -2) for value in values]


def _turned(tensor):
    return tensor.T if tensor.ndim == 2 else tensor


def _prototypes(n_rows, n_features):
    """Rows around 6 random prototypes, a tenth of their pixels flipped, uint8."""
    rng = np.random.default_rng(0)
    prototypes = rng.random((6, n_features)) < 0.3
    X = prototypes[rng.integers(6, size=n_rows)]
    return (X ^ (rng.random(X.shape) < 0.1)).astype(np.uint8)


def _largest(*tensors):
    return max(float(tensor.detach().abs().max()) for tensor in tensors)
