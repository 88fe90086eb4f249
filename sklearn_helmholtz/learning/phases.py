"""The wake and the sleep phase of one step: rows and dreams go through the products together."""

from dataclasses import dataclass

import numpy as np

from .._incomplete import conceal, fill


@dataclass(frozen=True)
class Phases:
    """Explanations of n rows of data by K particles each, and m dreams, under the same parameters.

    x, dreamt : data and dreamt data, (n, n_features) and (m, n_features), the dreams as recognition
    sees them, with the gaps of the rows of data if those have any (then m is n); hidden : for each
    hidden layer, (n K + m, n_units) states, those of the explanations first; recognition_etas :
    inputs of the recognition units for the same rows, but for the first hidden layer, whose n rows
    stand for all particles; generation_errors : derivatives of log p(x, h) by the inputs of the
    generative units, (n K, n_units) from the layer below the top down to the data; prior_eta :
    inputs of the top layer, (1, n_units); log_weights : (n, K), log p(x, h) - log q(h | x) in nats.
    """

    x: object
    dreamt: np.ndarray
    hidden: list
    recognition_etas: list
    generation_errors: list
    prior_eta: np.ndarray
    log_weights: np.ndarray

    @property
    def n_explanations(self):
        """Rows times particles."""
        return self.log_weights.size

    def explanations(self, layer):
        """States of a hidden layer, 0 being next to the data, that explain the data."""
        return self.hidden[layer][: self.n_explanations]

    def dreams(self, layer):
        """States of a hidden layer that the dreams come from."""
        return self.hidden[layer][self.n_explanations :]


def wake_and_dream(machine, x, wake, dream, work=np):
    """Explain a block of rows and dream, with random numbers for both phases.

    The layers of the explanations are sampled upward first. Then one walk down scores them and
    samples the dreams, so that both share the products; one walk up recognises the dreams.
    """
    n, m = wake.n_rows, dream.n_rows
    hidden = [work.empty((n + m, size), np.uint8) for size in machine.n_units[1:]]
    etas = [work.empty(((len(x) if i == 0 else n) + m, h.shape[1]), np.float32)
            for i, h in enumerate(hidden)]  # fmt: skip
    log_q = _recognise(machine.recognition, x, hidden, etas, wake, work)
    prior_eta, errors, dreamt, log_p = _descend(machine.generation, x, hidden, n, dream, work)
    below = dreamt = conceal(dreamt, x)
    for conditional, states, eta in zip(
        machine.recognition.conditionals, hidden, etas, strict=True
    ):
        conditional.eta(below, work, out=eta[len(eta) - m :])
        below = states[n:]
    log_weights = np.subtract(log_p, log_q, out=log_p).reshape(len(x), wake.n_particles)
    return Phases(x, dreamt, hidden, etas, errors, prior_eta, log_weights)


def _recognise(recognition, x, hidden, etas, wake, work):
    """Sample explanations into the first rows of the hidden layers; log q(h | x)."""
    log_q = _zeros(wake.n_rows, work)
    below = fill(x)
    links = zip(recognition.conditionals, recognition.layers, hidden, etas, strict=True)
    for conditional, layer, states, eta in links:
        eta = conditional.eta(below, work, out=eta[: len(below)])
        below = states[: wake.n_rows]
        conditional.units.sample(eta, wake, layer, log_q, out=below)
    return log_q


def _descend(generation, x, hidden, n, dream, work):
    """Score explanations and sample dreams: the prior's eta, errors, dreamt data, log p(x, h)."""
    log_p, ignored, errors = _zeros(n, work), _zeros(dream.n_rows, work), []
    prior, *conditionals = generation.conditionals
    top, *layers = generation.layers
    prior_eta = prior.eta(None, work)
    prior.units.log_prob(hidden[-1][:n], prior_eta, log_p)
    prior.units.sample(prior_eta, dream, top, ignored, out=hidden[-1][n:])
    for conditional, layer in zip(conditionals, layers, strict=True):
        eta = conditional.eta(hidden[layer], work)
        child = hidden[layer - 1][:n] if layer else x
        errors.append(conditional.units.score(child, eta[:n], log_p))
        out = hidden[layer - 1][n:] if layer else None
        dreamt = conditional.units.sample(eta[n:], dream, layer, ignored, work, out)
    return prior_eta, errors, dreamt, log_p


def generation_gradient(machine, phases, weights, out):
    """Write the gradient of ``sum weight log p(x, h)`` over the explanations to the chain ``out``.

    weights : (n_rows, n_particles) float32.
    """
    prior, *conditionals = machine.generation.conditionals
    prior_out, *outs = out.conditionals
    weights = weights.reshape(-1)
    top = len(phases.hidden) - 1
    error = prior.units.error(phases.explanations(top), phases.prior_eta, weights)
    prior.gradient(None, phases.explanations(top), error, prior_out)
    for i, (conditional, target) in enumerate(zip(conditionals, outs, strict=True)):
        parents, error = phases.explanations(top - i), phases.generation_errors[i]
        children = phases.explanations(top - i - 1) if i < top else phases.x
        conditional.gradient(parents, children, error, target, weights)


def sleep_gradient(machine, phases, out, work=np):
    """Write the gradient of ``sum log q(h | x)`` over the dreams to the chain ``out``.

    Its expectation is the number of dreams times d/dR E_{p(x, h)} log q(h | x) (Hinton, Dayan,
    Frey & Neal 1995).
    """
    m = len(phases.dreamt)
    weights, below = _ones(m, work), phases.dreamt
    for i, conditional in enumerate(machine.recognition.conditionals):
        eta, states = phases.recognition_etas[i], phases.dreams(i)
        error = conditional.units.error(states, eta[len(eta) - m :], weights)
        conditional.gradient(below, states, error, out.conditionals[i])
        below = states


def recognition_gradient(machine, phases, weights, out, work=np):
    """Write half the gradient of ``sum weight log q(h | x)`` plus half the sleep gradient.

    weights : (n_rows, n_particles) float32, of the explanations; they are used up.
    """
    n, m = phases.n_explanations, len(phases.dreamt)
    halves = work.empty((n + m,), np.float32)
    np.multiply(weights.reshape(-1), np.float32(0.5), out=halves[:n])
    halves[n:] = 0.5
    first, *others = machine.recognition.conditionals
    eta, n_rows, target = phases.recognition_etas[0], len(phases.x), out.conditionals[0]
    error = first.units.error(phases.explanations(0), eta[:n_rows], halves[:n])
    first.gradient(fill(phases.x), phases.explanations(0), error, target)
    error = first.units.error(phases.dreams(0), eta[n_rows:], halves[n:])
    first.gradient(phases.dreamt, phases.dreams(0), error, target, add=True)
    for i, conditional in enumerate(others, start=1):
        error = conditional.units.error(phases.hidden[i], phases.recognition_etas[i], halves)
        conditional.gradient(phases.hidden[i - 1], phases.hidden[i], error, out.conditionals[i])


def _zeros(n, work):
    zeros = work.empty((n,), np.float64)
    zeros[:] = 0
    return zeros


def _ones(n, work):
    ones = work.empty((n,), np.float32)
    ones[:] = 1
    return ones
