"""The wake and the sleep phase of one step: rows and dreams go through the products together."""

from dataclasses import dataclass, replace

import numpy as np

from .._incomplete import conceal, fill, with_gaps, zeroed


@dataclass(frozen=True)
class Phases:
    """Explanations of n rows of data by K particles each, and m dreams, under the same parameters.

    x, dreamt : data and dreamt data, (n, n_features) and (m, n_features), the dreams as recognition
    sees them, with the gaps of the rows of data if those have any (then m is n); data : what
    generation has to explain, x, or (n K, n_features) where its gaps were filled by draws; hidden :
    for each hidden layer, (n K + m, n_units) states, those of the explanations first;
    recognition_etas : inputs of the recognition units for the same rows, but for the first hidden
    layer, whose n rows stand for all particles; generation_errors : derivatives of log p(x, h) by
    the inputs of the generative units, (n K, n_units) from the layer below the top down to the
    data, and before them those of the top layer if it has lateral weights; prior_eta : inputs of
    the top layer from its prior, (1, n_units); log_weights : (n, K), log p(x, h) - log q(h | x) in
    nats.
    """

    x: object
    dreamt: np.ndarray
    data: object
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
    prior_eta, errors, dreamt, data, log_p = _descend(
        machine.generation, x, hidden, wake, dream, work
    )
    below = dreamt = conceal(dreamt, x)
    for conditional, states, eta in zip(
        machine.recognition.conditionals, hidden, etas, strict=True
    ):
        conditional.eta(below, work, out=eta[len(eta) - m :])
        below = states[n:]
    log_weights = np.subtract(log_p, log_q, out=log_p).reshape(len(x), wake.n_particles)
    return Phases(x, dreamt, data, hidden, etas, errors, prior_eta, log_weights)


def explain_by_recognition(machine, x, wake, work=np):
    """Explain a block of rows by samples from recognition, without dreams.

    Returns `Phases`, and log q(h_i | h_{i-1}) and log p(h_{i-1}, h_i, ...) of each explanation,
    nats, for each hidden layer i from the data upward.
    """
    hidden = [work.empty((wake.n_rows, size), np.uint8) for size in machine.n_units[1:]]
    etas = [work.empty((len(x) if i == 0 else wake.n_rows, h.shape[1]), np.float32)
            for i, h in enumerate(hidden)]  # fmt: skip
    upward, downward = [], []
    log_q = _recognise(machine.recognition, x, hidden, etas, wake, work, upward)
    phases = explain_by_states(machine, x, hidden, wake, work, downward)
    log_weights = phases.log_weights - log_q.reshape(phases.log_weights.shape)
    phases = replace(phases, recognition_etas=etas, log_weights=log_weights)
    return phases, np.diff(upward, axis=0, prepend=0), np.array(downward[:0:-1])


def explain_by_states(machine, x, hidden, wake, work=np, trace=None):
    """Explain a block of rows by given states of the hidden layers, without dreams.

    wake : random numbers for what is missing and has to be drawn; trace : a list, to which log
    p(h_i, ..., h_L) of the explanations is appended from the top down to the data, or None. Returns
    `Phases` with log p(x, h) as the log-weights.
    """
    prior_eta, errors, _, data, log_p = _descend(
        machine.generation, x, hidden, wake, None, work, trace
    )
    log_weights = log_p.reshape(-1, wake.n_particles)
    return Phases(x, None, data, hidden, [], errors, prior_eta, log_weights)


def _recognise(recognition, x, hidden, etas, wake, work, trace=None):
    """Sample explanations into the first rows of the hidden layers; log q(h | x)."""
    log_q = _zeros(wake.n_rows, work)
    below = fill(x)
    links = zip(recognition.conditionals, recognition.layers, hidden, etas, strict=True)
    for conditional, layer, states, eta in links:
        eta = conditional.eta(below, work, out=eta[: len(below)])
        below = states[: wake.n_rows]
        conditional.sample(eta, wake, layer, log_q, work, out=below)
        _note(trace, log_q)
    return log_q


def _note(trace, log_prob):
    if trace is not None:
        trace.append(log_prob.copy())


def _descend(generation, x, hidden, wake, dream, work, trace=None):
    """Score explanations, sample dreams: all that `Phases` has of generation, and log p(x, h).

    dream : None where there are no dreams; trace : see `explain_by_states`.
    """
    n, dreamt = wake.n_rows, None
    log_p, ignored, errors = _zeros(n, work), _zeros(dream.n_rows if dream else 0, work), []
    prior, *conditionals = generation.conditionals
    top, *layers = generation.layers
    prior_eta = prior.eta(None, work)
    if dream:
        prior.sample(prior_eta, dream, top, ignored, work, out=hidden[-1][n:])
    if prior.lateral is None:
        prior.units.log_prob(hidden[-1][:n], prior_eta, log_p)
    else:
        eta = prior.given(hidden[-1][:n], prior.eta(None, work), work)
        errors.append(prior.units.score(hidden[-1][:n], eta, log_p))
    _note(trace, log_p)
    for conditional, layer in zip(conditionals, layers, strict=True):
        eta = conditional.eta(hidden[layer], work)
        if layer:
            data = hidden[layer - 1][:n]
            own = conditional.given(data, eta[:n], work)
            errors.append(conditional.units.score(data, own, log_p))
        else:
            data, error = _explain(conditional, x, eta[:n], wake, log_p, work)
            errors.append(error)
        _note(trace, log_p)
        if dream:
            out = hidden[layer - 1][n:] if layer else None
            dreamt = conditional.sample(eta[n:], dream, layer, ignored, work, out)
    return prior_eta, errors, dreamt, data, log_p


def _explain(visible, x, eta, wake, log_p, work):
    """Score the data: what generation has to explain, and the errors of its units.

    Values that are missing and have to be drawn do not enter log p, but are explained like the
    states of hidden units.
    """
    if visible.lateral is None:
        return x, visible.units.score(x, eta, log_p)
    if with_gaps(x):
        data, eta = visible.observe(x, eta, wake, 0, log_p, work)
        return data, visible.units.score(data, eta, _zeros(len(data), work))
    data = zeroed(x)  # a plain block: earlier units are inputs of later ones
    return data, visible.units.score(data, visible.given(data, eta, work), log_p)


def generation_gradient(machine, phases, weights, out):
    """Write the gradient of ``sum weight log p(x, h)`` over the explanations to the chain ``out``.

    weights : (n_rows, n_particles) float32.
    """
    prior, *conditionals = machine.generation.conditionals
    prior_out, *outs = out.conditionals
    weights = weights.reshape(-1)
    top, errors = len(phases.hidden) - 1, iter(phases.generation_errors)
    if prior.lateral is None:
        error = prior.units.error(phases.explanations(top), phases.prior_eta, weights)
        prior.gradient(None, phases.explanations(top), error, prior_out)
    else:
        prior.gradient(None, phases.explanations(top), next(errors), prior_out, weights)
    for i, (conditional, target, error) in enumerate(zip(conditionals, outs, errors, strict=True)):
        children = phases.explanations(top - i - 1) if i < top else phases.data
        conditional.gradient(phases.explanations(top - i), children, error, target, weights)


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
