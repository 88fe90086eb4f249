"""Continuous mixtures of tractable models in PyTorch, for rows of zeros and ones.

Correia, Gala, Quaeghebeur, de Campos & Peharz (2023), Continuous Mixtures of Tractable
Probabilistic Models, AAAI: ``p(x) = mean_i p(x | decoder(z_i))`` over points z_i of a lattice that
is shifted at random and carried to a standard normal distribution. The nets, the lattice (Cools,
Kuo & Nuyens 2006), and weight decay are those of the authors' program (AlCorreia/cm-tpm). Given z,
columns are independent, or depend on a parent in a tree; both are linear in statistics of a row, so
that the log-probabilities of a minibatch at all points are one product of matrices.
"""

import itertools
import math
import time
from dataclasses import dataclass

import torch
from torch.nn.functional import softplus

GENERATOR = 1, 182667, 469891, 498753  # of the lattice, for each latent
N_LATENTS = len(GENERATOR)
N_LAYERS = 6
_ROWS = 512  # that are scored together


class Independent:
    """Columns that are independent given the latents. n_outputs : what they need of a decoder."""

    def __init__(self, n_columns):
        self.n_outputs = n_columns

    def statistics(self, x):
        """Statistics of rows, (n_rows, n_statistics), of which log p(x | z) is linear."""
        return x

    def coefficients(self, outputs):
        """Their coefficients, and constants, for each point: of p(1 | z) = sigmoid(outputs)."""
        return outputs, -softplus(outputs).sum(1)


class Tree:
    """Columns that depend on the latents and on a parent.

    parents : (n_columns,), that of the root is -1. Outputs of a decoder are inputs of columns
    where the parent is 0, and then those where it is 1; the root has the first.
    """

    def __init__(self, parents):
        self._parents = torch.as_tensor(parents)
        self._has_parent = (self._parents >= 0).float()
        self.n_outputs = 2 * len(parents)

    def statistics(self, x):
        """As of `Independent`: values, those of parents, and products of both."""
        above = x[:, self._parents] * self._has_parent
        return torch.cat([x, above, x * above], 1)

    def coefficients(self, outputs):
        """As of `Independent`."""
        off, on = outputs.chunk(2, 1)
        log_off, log_on = softplus(off), softplus(on)
        return torch.cat([off, log_off - log_on, on - off], 1), -log_off.sum(1)


class ContinuousMixture:
    """A decoder from latents to the parameters of a structure, `Independent` or `Tree`."""

    def __init__(self, structure, seed=0):
        torch.manual_seed(seed)
        self.structure, self.decoder = structure, net(structure.n_outputs)

    def coefficients(self, z):
        """What the structure needs at points z, (n_points, N_LATENTS)."""
        return self.structure.coefficients(self.decoder(z))

    def log_prob(self, x, coefficients):
        """Log p(x) of rows, (n_rows,), nats: the mean over the points of `coefficients`."""
        weights, constants = coefficients
        of_points = torch.addmm(constants, self.structure.statistics(x), weights.T)
        return of_points.logsumexp(1) - math.log(len(constants))

    def score_samples(self, x, z):
        """The same of many rows by the mixture that is compiled at points z."""
        self.decoder.eval()
        with torch.no_grad():
            coefficients = self.coefficients(z)
            return torch.cat([self.log_prob(rows, coefficients) for rows in x.split(_ROWS)])


class Points(torch.nn.Module):
    """Points that are learnt."""

    def __init__(self, z):
        super().__init__()
        self.z = torch.nn.Parameter(z.clone())


def net(n_outputs):
    """Linear maps whose widths grow evenly, with leaky rectifiers and batch normalisation."""
    widths = [N_LATENTS + i * int((n_outputs - N_LATENTS) / N_LAYERS) for i in range(N_LAYERS)]
    layers = []
    for below, above in itertools.pairwise(widths):
        layers += [torch.nn.Linear(below, above), torch.nn.LeakyReLU()]
        layers += [torch.nn.BatchNorm1d(above)]
    return torch.nn.Sequential(*layers, torch.nn.Linear(widths[-1], n_outputs))


def lattice(n_points, generator):
    """Points of a randomly shifted lattice, standard normal, (n_points, N_LATENTS)."""
    steps = torch.arange(n_points)[:, None] * torch.tensor(GENERATOR) % n_points
    shift = torch.rand(N_LATENTS, generator=generator, dtype=torch.float64)
    uniform = (steps.double() / n_points + shift) % 1
    return torch.special.ndtri(uniform.clamp(1e-12, 1 - 1e-12)).float()


def fixed_lattice(n_points):
    """The same for scores, with one shift for all of them."""
    return lattice(n_points, torch.Generator().manual_seed(42))


@dataclass
class Course:
    """A course of learning: epochs until it ended, and whether time did that."""

    n_epochs: int
    stopped: bool


@dataclass
class Limits:
    """Limits of a course: epochs, those without a better score, a time of `time.process_time`."""

    n_epochs: int
    patience: int
    deadline: float = math.inf


def learn_decoder(mixture, train, valid, n_points, limits, seed=0):
    """Adam on minibatches, with fresh points at each step; the best epoch by ``valid`` is kept."""
    generator = torch.Generator().manual_seed(seed)
    at_scores = fixed_lattice(n_points)

    def log_prob(x):
        return mixture.log_prob(x, mixture.coefficients(lattice(n_points, generator)))

    def score():
        return mixture.score_samples(valid, at_scores).mean().item()

    return _climb(mixture.decoder, log_prob, score, train, limits, generator)


def learn_points(mixture, train, valid, n_points, limits, seed=0):
    """Latent optimisation: points by the same steps, with the decoder as it is; also a `Course`."""
    points = Points(fixed_lattice(n_points))
    mixture.decoder.eval().requires_grad_(False)

    def log_prob(x):
        return mixture.log_prob(x, mixture.coefficients(points.z))

    def score():
        return mixture.score_samples(valid, points.z).mean().item()

    generator = torch.Generator().manual_seed(seed)
    course = _climb(points, log_prob, score, train, limits, generator)
    return points.z.detach(), course


def _climb(module, log_prob, score, train, limits, generator, n_rows=128, rate=1e-3):
    """Climb the mean of ``log_prob`` by a module, which is left as it was when it scored best."""
    adam = torch.optim.Adam(module.parameters(), lr=rate, weight_decay=1e-5, fused=True)
    best, at_best, best_epoch, stopped = -math.inf, None, 0, False
    for epoch in range(1, limits.n_epochs + 1):
        module.train()
        rows = torch.randperm(len(train), generator=generator)
        for batch in rows[: max(len(rows) // n_rows, 1) * n_rows].split(n_rows):
            stopped = at_best is not None and time.process_time() > limits.deadline
            if stopped:
                break
            adam.zero_grad()
            (-log_prob(train[batch]).mean()).backward()
            adam.step()
        reached = score()
        if reached > best or at_best is None:
            best, best_epoch = reached, epoch
            at_best = {name: value.clone() for name, value in module.state_dict().items()}
        if stopped or epoch - best_epoch >= limits.patience:
            break
    module.load_state_dict(at_best)
    return Course(epoch, stopped)
