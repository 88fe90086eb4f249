"""The wake and the sleep phase of one step: rows and dreams go through the products together."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Passes:
    """Particles for n rows of data, K for each, and m dreams, under the same parameters.

    x, dreamt : data and dreamt data, (n, n_features) and (m, n_features), the dreams as recognition
    sees them, without the values that the rows of data miss, if any (then m is n); data : the
    children of the first hidden layer, x, or (n K, n_features) where missing values were drawn;
    hidden : for each hidden layer, (n K + m, n_units) states, those of the particles first;
    recognition_etas : inputs of the recognition units for the same rows, but for the first hidden
    layer, whose n rows stand for all particles; generation_errors : derivatives of log p(x, h) by
    the inputs of the generative units, (n K, n_units) from the layer below the top down to the
    data, and before them those of the top layer if it has lateral weights; those of a wide layer of
    data are None, or missing where they have been made use of; prior_eta : inputs of the top layer
    from its prior, (1, n_units); log_weights : (n, K), log p(x, h) - log q(h | x) in
    nats. Where not all particles are kept, see `keep`, those that are stand for the n K, and
    log_weights has one axis.
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
    def n_inferred(self):
        """Rows times particles."""
        return self.log_weights.size

    def inferred(self, layer):
        """States of a hidden layer, 0 being next to the data, in all particles."""
        return self.hidden[layer][: self.n_inferred]

    def dreams(self, layer):
        """States of a hidden layer that the dreams come from."""
        return self.hidden[layer][self.n_inferred :]


def wake_and_dream(machine, x, wake, dream, work=np, top=None, learnt=None):
    """Infer the hidden layers of a block of rows and dream, with random numbers for both.

    The layers of the particles are sampled upward first. Then one walk down scores them and
    samples the dreams, so that both share the products; one walk up recognises the dreams.

    top : states of the top layer from which dreams come down, (dream.n_rows, n_units), or None for
    draws from its prior; learnt : weights of the particles, (n K,) float32, and the conditional of
    the data that is to take their gradient, or None. It takes it on the way where the layer is
    wide, whose inputs are then made once.
    """
    n, m = wake.n_rows, dream.n_rows
    hidden = [work.empty((n + m, size), dtype) for size, dtype in machine.hidden_forms]
    etas = _recognition_etas(machine, len(x) + m, n + m, work)
    log_q, near = _recognise(machine, x, hidden, etas, wake, work)
    prior_eta, errors, dreamt, data, log_p = _generative_pass(
        machine.generation, x, hidden, wake, dream, work, None, top, learnt, near
    )
    below = dreamt = machine.seen_dreams(x, dreamt)
    for conditional, states, eta in zip(
        machine.recognition.conditionals, hidden, etas, strict=True
    ):
        conditional.eta(below, work, out=eta[len(eta) - m :])
        below = states[n:]
    log_weights = np.subtract(log_p, log_q, out=log_p).reshape(len(x), wake.n_particles)
    return Passes(x, dreamt, data, hidden, etas, errors, prior_eta, log_weights)


def infer_by_recognition(machine, x, wake, work=np):
    """Infer the hidden layers of a block of rows by recognition, without dreams.

    Returns `Passes`, and log q(h_i | h_{i-1}) and log p(h_{i-1}, h_i, ...) of each particle,
    nats, for each hidden layer i from the data upward.
    """
    hidden = [work.empty((wake.n_rows, size), dtype) for size, dtype in machine.hidden_forms]
    etas = _recognition_etas(machine, len(x), wake.n_rows, work)
    upward, downward = [], []
    log_q, near = _recognise(machine, x, hidden, etas, wake, work, upward)
    passes = infer_by_states(machine, x, hidden, wake, work, downward, near)
    log_weights = passes.log_weights - log_q.reshape(passes.log_weights.shape)
    passes = replace(passes, recognition_etas=etas, log_weights=log_weights)
    return passes, np.diff(upward, axis=0, prepend=0), np.array(downward[:0:-1])


def infer_by_states(machine, x, hidden, wake, work=np, trace=None, near=None):
    """Score given states of the hidden layers for a block of rows, without dreams.

    wake : random numbers for what is missing and has to be drawn; trace : a list, to which log
    p(h_i, ..., h_L) of the particles is appended from the top down to the data, or None; near :
    `References` of the hidden layers, of particles near them, or None. Returns `Passes` with
    log p(x, h) as the log-weights.
    """
    prior_eta, errors, _, data, log_p = _generative_pass(
        machine.generation, x, hidden, wake, None, work, trace, near=near
    )
    log_weights = log_p.reshape(-1, wake.n_particles)
    return Passes(x, None, data, hidden, [], errors, prior_eta, log_weights)


def _recognition_etas(machine, n_first, n_others, work):
    """Room for inputs of the recognition units of each hidden layer, of the first and the others.

    n_first, n_others : rows.
    """
    sizes = [conditional.n_units for conditional in machine.recognition.conditionals]
    return [
        work.empty((n_others if layer else n_first, size), np.float32)
        for layer, size in enumerate(sizes)
    ]


def _recognise(machine, x, hidden, etas, wake, work, trace=None):
    """Sample particles into the first rows of the hidden layers: log q(h | x), and `References`.

    The latter are of each layer, of particles near them, or None.
    """
    log_q, near = _zeros(wake.n_rows, work), []
    below, own = machine.seen(x), None
    recognition = machine.recognition
    links = zip(recognition.conditionals, recognition.layers, hidden, etas, strict=True)
    for conditional, layer, states, eta in links:
        eta, others = conditional.eta_near(below, own, wake.n_particles, work, eta[: len(below)])
        below = states[: wake.n_rows]
        conditional.sample(eta, wake, layer, log_q, work, out=below)
        own = conditional.references(others if near else eta, wake.n_particles, own, work)
        near.append(own)
        _note(trace, log_q)
    return log_q, near


def _note(trace, log_prob):
    if trace is not None:
        trace.append(log_prob.copy())


def _generative_pass(
    generation, x, hidden, wake, dream, work, trace=None, top_of_dreams=None, learnt=None,
    near=None,
):  # fmt: skip
    """Score particles, sample dreams: all that `Passes` has of generation, and log p(x, h).

    dream : None where there are no dreams; trace : see `infer_by_states`; top_of_dreams, learnt :
    see `wake_and_dream`; near : `References` of the hidden layers, see `_recognise`, or None.
    """
    near = near or [None] * len(hidden)
    n, dreamt = wake.n_rows, None
    log_p, errors = _zeros(n, work), []
    prior, *conditionals = generation.conditionals
    top, *layers = generation.layers
    prior_eta = prior.eta(None, work)
    if top_of_dreams is not None:
        hidden[-1][n:] = top_of_dreams
    elif dream:
        prior.draw(prior_eta, dream, top, work, out=hidden[-1][n:])
    if prior.lateral is None:
        prior.log_prob(hidden[-1][:n], prior_eta, log_p, work)
    else:
        eta = prior.given(hidden[-1][:n], prior.eta(None, work), work)
        errors.append(prior.units.score(hidden[-1][:n], eta, log_p))
    _note(trace, log_p)
    for conditional, layer in zip(conditionals, layers, strict=True):
        if layer == 0 and conditional.is_wide(hidden[0], x.values):
            data, (weights, target) = x.values, learnt or (None, None)
            dreamt = conditional.visit(hidden[0], data, log_p, dream, 0, work, weights, target)
            errors += [None] if learnt is None else []
            _note(trace, log_p)
            continue
        children = hidden[layer - 1][:n] if layer else x.values
        eta = conditional.eta_over(children, hidden[layer], near[layer], wake.n_particles, work)
        if layer:
            data = children
            own = conditional.given(data, eta[:n], work)
            errors.append(conditional.units.score(data, own, log_p))
        else:
            data, error = _score_data(conditional, x, eta[:n], wake, log_p, work)
            errors.append(error)
        _note(trace, log_p)
        if dream:
            out = hidden[layer - 1][n:] if layer else None
            dreamt = conditional.draw(eta[n:], dream, layer, work, out)
    return prior_eta, errors, dreamt, data, log_p


def _score_data(visible, x, eta, wake, log_p, work):
    """Score the data: the children of the first hidden layer, and the errors of their units.

    Values that are missing and have to be drawn do not enter log p, but have errors like the
    states of hidden units.
    """
    if visible.lateral is None:
        return x.values, visible.units.score(x.values, eta, log_p)
    if x.has_missing:
        data, eta = visible.observe(x, eta, wake, 0, log_p, work)
        return data, visible.units.score(data, eta, _zeros(len(data), work))
    data = x.zero_filled  # a plain block: earlier units are inputs of later ones
    return data, visible.units.score(data, visible.given(data, eta, work), log_p)


def generation_gradient(machine, passes, weights, out):
    """Write the gradient of ``sum weight log p(x, h)`` over the particles to the chain ``out``.

    weights : (n_rows, n_particles) float32.
    """
    prior, prior_out = machine.generation.conditionals[0], out.conditionals[0]
    weights = weights.reshape(-1)
    top, errors = len(passes.hidden) - 1, iter(passes.generation_errors)
    if prior.lateral is None:
        prior.learn(None, passes.inferred(top), passes.prior_eta, weights, prior_out)
    else:
        prior.gradient(None, passes.inferred(top), next(errors), prior_out, weights)
    directed_gradient(machine, passes, weights, out, errors)


def directed_gradient(machine, passes, weights, out, errors=None):
    """Write what of this gradient belongs to all layers but the prior.

    errors : of these layers, or None for all that there are.
    """
    conditionals, outs = machine.generation.conditionals[1:], out.conditionals[1:]
    weights, top = weights.reshape(-1), len(passes.hidden) - 1
    errors = passes.generation_errors if errors is None else errors
    links = zip(conditionals, outs, errors, strict=False)  # those of the data may be done
    for i, (conditional, target, error) in enumerate(links):
        children = passes.inferred(top - i - 1) if i < top else passes.data
        conditional.gradient(passes.inferred(top - i), children, error, target, weights)


def sleep_gradient(machine, passes, out, work=np):
    """Write the gradient of ``sum log q(h | x)`` over the dreams to the chain ``out``.

    Its expectation is the number of dreams times d/dR E_{p(x, h)} log q(h | x) (Hinton, Dayan,
    Frey & Neal 1995).
    """
    m = len(passes.dreamt)
    weights, below = _ones(m, work), passes.dreamt
    for i, conditional in enumerate(machine.recognition.conditionals):
        eta, states = passes.recognition_etas[i], passes.dreams(i)
        conditional.learn(below, states, eta[len(eta) - m :], weights, out.conditionals[i])
        below = states


def recognition_gradient(machine, passes, weights, out, work=np):
    """Write half the gradient of ``sum weight log q(h | x)`` plus half the sleep gradient.

    weights : (n_rows, n_particles) float32, of the particles.
    """
    first_recognition_gradient(machine, passes, weights, out, work)
    higher_recognition_gradient(machine, passes, weights, out, work)


def first_recognition_gradient(machine, passes, weights, out, work=np):
    """Write what of this gradient belongs to the first layer, whose particles share their input."""
    n, halves = passes.n_inferred, _halves(passes, weights, work)
    first, target = machine.recognition.conditionals[0], out.conditionals[0]
    eta, n_rows = passes.recognition_etas[0], len(passes.x)
    first.learn(machine.seen(passes.x), passes.inferred(0), eta[:n_rows], halves[:n], target)
    first.learn(passes.dreamt, passes.dreams(0), eta[n_rows:], halves[n:], target, add=True)


def higher_recognition_gradient(machine, passes, weights, out, work=np):
    """Write what of this gradient belongs to all other layers."""
    halves, others = _halves(passes, weights, work), machine.recognition.conditionals[1:]
    for i, conditional in enumerate(others, start=1):
        conditional.learn(
            passes.hidden[i - 1], passes.hidden[i], passes.recognition_etas[i], halves,
            out.conditionals[i],
        )  # fmt: skip


def _halves(passes, weights, work):
    """Half the weights of particles, and a half for each dream."""
    n = passes.n_inferred
    halves = work.empty((n + len(passes.dreamt),), np.float32)
    np.multiply(weights.reshape(-1), np.float32(0.5), out=halves[:n])
    halves[n:] = 0.5
    return halves


def _zeros(n, work):
    zeros = work.empty((n,), np.float64)
    zeros[:] = 0
    return zeros


def _ones(n, work):
    ones = work.empty((n,), np.float32)
    ones[:] = 1
    return ones
