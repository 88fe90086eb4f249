"""Checks that `torch_variational` computes what this library computes, for the same noise.

Bounds and gradients of both nets, with one particle and with several, are compared with autograd in
float64. With several, this library moves recognition by the doubly reparameterised gradient, which
has the same mean as that of the bound, and less noise: autograd makes it of a surrogate.
"""

import numpy as np
import torch

from sklearn_helmholtz import _keys, _tree
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.learning import ImportanceWeighted
from sklearn_helmholtz.machines import initialise_gaussian
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import Bernoulli, standard_noise

from .torch_checks import Finding
from .torch_variational import ACTIVATIONS, Autoencoder

N_UNITS, N_ROWS = (64, 40, 24, 7), 50


def gaussian_findings():
    """Of both activations and two numbers of particles: errors of bounds and of gradients."""
    for activation in ACTIVATIONS:
        for n_particles in (1, 5):
            bound, slopes = _errors(activation, n_particles)
            name = f"PyTorch autograd, Gaussian latents, {activation}, {n_particles} particles"
            yield Finding(f"{name}: sum of bounds, relative", bound, 1e-6)
            yield Finding(f"{name}: gradients, relative", slopes, 1e-5)


def random_pair(activation):
    """A machine with random parameters, and its twin in float64."""
    rng = np.random.default_rng(0)
    n_visible, *hidden, n_latents = N_UNITS
    machine = initialise_gaussian(
        n_visible, n_latents, tuple(hidden), Bernoulli(), np.zeros(n_visible), rng,
        activation=activation, covariance="diag", sees_gaps=False,
    )  # fmt: skip
    for leaf in _tree.leaves(machine):
        leaf[...] = rng.normal(0, 0.2, leaf.shape)
    twin = Autoencoder(N_UNITS, activation).double()
    with torch.no_grad():
        for theirs, ours in pairs(twin, machine):
            theirs.copy_(torch.from_numpy(ours.astype(np.float64)))
    return machine, twin


def pairs(twin, machine):
    """Parameters of a twin with those of a machine in its layout, encoder first."""
    for net, own in ((twin.encoder, machine.encoder), (twin.decoder, machine.decoder)):
        for layer, each in zip(net[::2], own.maps, strict=True):
            yield layer.weight, each.weights.T
            yield layer.bias, each.intercept


def _errors(activation, n_particles):
    """Errors of the sum of bounds and of the gradients of a rule, relative to the largest."""
    (machine, twin), rng = random_pair(activation), np.random.default_rng(1)
    x = (rng.random((N_ROWS, N_UNITS[0])) < 0.3).astype(np.uint8)
    addresses = np.arange(N_ROWS, dtype=np.uint64)
    wake = Draws(_keys.key((0,), Purpose.WAKE), addresses, n_particles)
    out = _tree.copy(machine)
    ours = ImportanceWeighted(n_particles).gradient(machine, Block(x), wake, None, out)
    noise = standard_noise(wake, 1, N_UNITS[-1]).reshape(N_ROWS, n_particles, -1)
    noise = torch.from_numpy(noise.swapaxes(0, 1).astype(np.float64))
    theirs, slopes = _by_autograd(twin, torch.from_numpy(x.astype(np.float64)), noise)
    errors = [
        float((slope - torch.from_numpy(own.copy())).abs().max() / slope.abs().max())
        for slope, (_, own) in zip(slopes, pairs(twin, out), strict=True)
    ]
    return abs(theirs - ours) / abs(theirs), max(errors)


def _by_autograd(twin, x, noise):
    """The sum of the bounds, and the derivatives that the rule takes, encoder first."""
    encoder, decoder = list(twin.encoder.parameters()), list(twin.decoder.parameters())
    if len(noise) == 1:
        total = twin.bound(x, noise[0]).sum()
        return float(total.detach()), torch.autograd.grad(total, encoder + decoder)
    total = twin.weighted_bound(x, noise).sum()
    by_decoder = torch.autograd.grad(total, decoder)
    guess = twin.recognise(x)
    log_weights = twin.log_weights(x, noise, *guess, *(part.detach() for part in guess))
    surrogate = (torch.softmax(log_weights, 0).detach() ** 2 * log_weights).sum()
    return float(total.detach()), torch.autograd.grad(surrogate, encoder) + by_decoder
