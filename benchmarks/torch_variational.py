"""Variational and importance-weighted autoencoders in PyTorch as most people would write them.

Layers of `torch.nn`, reparameterised noise, `binary_cross_entropy_with_logits`,
``loss.backward()`` and `torch.optim.Adam` as it comes.
"""

import itertools
import math

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}


class Autoencoder(torch.nn.Module):
    """An encoder to means and logarithms of scales of latents, and a decoder to binary units.

    n_units : sizes of all layers, from the data to the latents; both nets have the deterministic
    ones between.
    """

    def __init__(self, n_units, activation="tanh", rate=3e-3):
        super().__init__()
        n_visible, *hidden, n_latents = n_units
        self.encoder = _net([n_visible, *hidden, 2 * n_latents], activation)
        self.decoder = _net([n_latents, *hidden[::-1], n_visible], activation)
        self.optimizer = torch.optim.Adam(self.parameters(), lr=rate)

    def recognise(self, x):
        """Means and logarithms of scales of the latents of rows."""
        return self.encoder(x).chunk(2, 1)

    def bound(self, x, noise):
        """The bound of each row, nats, with the divergence in closed form: the VAE's.

        noise : (n_rows, n_latents).
        """
        mean, log_scale = self.recognise(x)
        logits = self.decoder(mean + torch.exp(log_scale) * noise)
        divergence = 0.5 * (mean**2 + torch.exp(2 * log_scale) - 1 - 2 * log_scale).sum(1)
        return _log_prob(x, logits) - divergence

    def log_weights(self, x, noise, mean, log_scale, score_mean, score_log_scale):
        """Log p(x, z) / q(z | x) of particles, (n_particles, n_rows).

        noise : (n_particles, n_rows, n_latents); mean, log_scale : of which latents are drawn;
        score_mean, score_log_scale : under which log q is taken, the same or copies that stay put.
        """
        latents = mean + torch.exp(log_scale) * noise
        logits = self.decoder(latents)
        log_p = _log_prob(x.expand_as(logits), logits) - 0.5 * (latents**2).sum(-1)
        standard = (latents - score_mean) / torch.exp(score_log_scale)
        return log_p + (0.5 * standard**2 + score_log_scale).sum(-1)

    def weighted_bound(self, x, noise):
        """The importance-weighted bound of each row, nats; noise : see `log_weights`."""
        guess = self.recognise(x)
        log_weights = self.log_weights(x, noise, *guess, *guess)
        return torch.logsumexp(log_weights, 0) - math.log(len(noise))

    def step(self, x, n_particles):
        """One step on a minibatch; returns its mean bound before it, nats."""
        n_latents = self.encoder[-1].out_features // 2
        if n_particles == 1:
            bound = self.bound(x, torch.randn(len(x), n_latents))
        else:
            bound = self.weighted_bound(x, torch.randn(n_particles, len(x), n_latents))
        loss = -bound.mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return -loss.item()


def _net(sizes, activation):
    layers = []
    for below, above in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(below, above), ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*layers[:-1])


def _log_prob(x, logits):
    """Log-probability of binary rows under inputs of their units, nats."""
    return -binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
