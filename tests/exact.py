"""Exact reference values for Helmholtz machines small enough to enumerate.

Everything is float64 numpy written straight from the mathematics: no approximation, no sampling, no
attention to speed. All logarithms are natural, so every log probability, bound and free energy is
in nats.

Layers are numbered from the data, ``h_0 = x``, ``n_units = (n_features, n_1, ..., n_L)``:

* ``p(h_L) = Bern(sigmoid(b_L))`` and ``p(h_l | h_{l+1}) = Bern(sigmoid(h_{l+1} @ W_l + b_l))``,
  ``W = generative_coefs``, ``b = generative_intercepts``;
* ``q(h_{l+1} | h_l) = Bern(sigmoid(h_l @ R_l + r_l))``,
  ``R = recognition_coefs``, ``r = recognition_intercepts``;
* with ``generative_lateral_coefs`` A given, strictly upper triangular, units of a layer depend on
  those before them: ``h_l @ A_l`` is added to the inputs of ``p(h_l | h_{l+1})`` and ``p(h_L)``;
* with ``generative_conditional_coefs`` (V, U) and ``generative_conditional_intercepts`` c given,
  ``sigmoid(c + sum_{j < i} x_j V_j) @ U_i`` is added to the input of unit i of the data;
* with ``noise_variance`` given, ``p(x | h_1) = N(h_1 @ W_0 + b_0, diag(noise_variance))``.

A Bernoulli unit with natural parameter ``eta`` has ``log p(x) = x * eta - softplus(eta)``. The same
expression is used for a fractional ``x`` in (0, 1), where it is an unnormalised score.

A joint hidden state is a list ``[h_1, ..., h_L]``, entry ``l - 1`` of shape ``(n_l,)``; many of
them are a list of arrays of shape ``(n_states, n_l)``.

Sources: Dayan, Hinton, Neal and Zemel, "The Helmholtz machine", Neural Computation 7 (1995);
Hinton, Dayan, Frey and Neal, "The wake-sleep algorithm for unsupervised neural networks",
Science 268 (1995); Bornschein and Bengio, "Reweighted wake-sleep", ICLR 2015; Burda, Grosse and
Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.
"""

import itertools
from dataclasses import dataclass

import numpy as np

MAX_TUPLE_ENTRIES = 2**24


@dataclass
class Parameters:
    """Parameters of both networks, index 0 next to the data.

    ``generative_coefs[l]`` has shape ``(n_units[l + 1], n_units[l])``, l = 0..L-1;
    ``generative_intercepts[l]`` has shape ``(n_units[l],)``, l = 0..L, the last being the prior
    logits of the top layer; ``recognition_coefs[l]`` has shape ``(n_units[l], n_units[l + 1])``;
    ``recognition_intercepts[l]`` has shape ``(n_units[l + 1],)``; ``noise_variance`` has shape
    ``(n_features,)``, or is None for Bernoulli visible units; ``generative_lateral_coefs[l]`` has
    shape ``(n_units[l], n_units[l])``, l = 0..L, or all is None; ``generative_conditional_coefs``
    has two arrays, ``(n_features, n)`` and ``(n, n_features)``, and
    ``generative_conditional_intercepts`` one, ``(n,)``, or both are None.
    """

    generative_coefs: list
    generative_intercepts: list
    recognition_coefs: list
    recognition_intercepts: list
    noise_variance: np.ndarray | None = None
    generative_lateral_coefs: list | None = None
    generative_conditional_coefs: list | None = None
    generative_conditional_intercepts: list | None = None


@dataclass
class Gradient:
    """Derivatives of a scalar in nats, in arrays shaped like those of `Parameters`.

    The noise enters through its logarithm: ``log_noise_variance`` is the derivative with respect to
    ``log(noise_variance)``, shape ``(n_features,)``, or None for Bernoulli visible units.
    Parameters that a function does not differentiate by keep zeros.
    """

    generative_coefs: list
    generative_intercepts: list
    recognition_coefs: list
    recognition_intercepts: list
    log_noise_variance: np.ndarray | None = None
    generative_lateral_coefs: list | None = None
    generative_conditional_coefs: list | None = None
    generative_conditional_intercepts: list | None = None


def random_parameters(n_units, scale, seed, gaussian=False, autoregressive=False, n_conditional=0):
    """Return `Parameters` with entries drawn from ``N(0, scale^2)``.

    With ``gaussian``, the noise variances are drawn from U(0.5, 2); ``n_conditional`` : units in
    the conditionals of the data.
    """
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(n_units))
    return Parameters(
        generative_coefs=[scale * rng.standard_normal((above, below)) for below, above in pairs],
        generative_intercepts=[scale * rng.standard_normal(n) for n in n_units],
        recognition_coefs=[scale * rng.standard_normal((below, above)) for below, above in pairs],
        recognition_intercepts=[scale * rng.standard_normal(n) for n in n_units[1:]],
        noise_variance=rng.uniform(0.5, 2.0, n_units[0]) if gaussian else None,
        generative_lateral_coefs=[
            np.triu(scale * rng.standard_normal((n, n)), 1) for n in n_units
        ] if autoregressive else None,
        generative_conditional_coefs=[
            scale * rng.standard_normal(shape)
            for shape in ((n_units[0], n_conditional), (n_conditional, n_units[0]))
        ] if n_conditional else None,
        generative_conditional_intercepts=[scale * rng.standard_normal(n_conditional)]
        if n_conditional else None,
    )  # fmt: skip


def units_of(params):
    """Return ``(n_features, n_1, ..., n_L)``, the layer sizes of ``params``, as a tuple of int."""
    return tuple(len(intercept) for intercept in params.generative_intercepts)


def without(params, missing, fill_values=None):
    """Return the net for the features that are not missing, whose rows have no gaps.

    Generation loses the missing features, which sums or integrates them out; what recognition sees
    in their place, ``fill_values`` of shape ``(n_features,)`` or zeros, belongs to its intercept.
    ``missing`` is boolean, of shape ``(n_features,)``.
    """
    kept, noise, first = ~missing, params.noise_variance, params.recognition_intercepts[0]
    if fill_values is not None:
        first = (
            first + fill_values[missing].astype(np.float64) @ params.recognition_coefs[0][missing]
        )
    return Parameters(
        [params.generative_coefs[0][:, kept], *params.generative_coefs[1:]],
        [params.generative_intercepts[0][kept], *params.generative_intercepts[1:]],
        [params.recognition_coefs[0][kept], *params.recognition_coefs[1:]],
        [first, *params.recognition_intercepts[1:]],
        None if noise is None else noise[kept],
    )


def sigmoid(eta):
    """Return ``1 / (1 + exp(-eta))``, elementwise, without overflow."""
    return np.exp(-np.logaddexp(0.0, -np.asarray(eta, dtype=np.float64)))


def _bernoulli(x, eta):
    """Return ``sum_i x_i eta_i - softplus(eta_i)`` over the last axis, in nats."""
    return np.sum(x * eta - np.logaddexp(0.0, eta), axis=-1)


def _gaussian(x, mean, variance):
    """Return ``sum_i log N(x_i; mean_i, variance_i)`` over the last axis, in nats."""
    return -0.5 * np.sum(np.log(2.0 * np.pi * variance) + (x - mean) ** 2 / variance, axis=-1)


def _log_sum_exp(values):
    """Return ``log sum_k exp(values_k)`` over the last axis, in nats."""
    top = np.max(values, axis=-1)
    return top + np.log(np.sum(np.exp(values - top[..., None]), axis=-1))


# States


def all_states(n):
    """Return all binary vectors of length ``n``, shape ``(2^n, n)``, the last unit fastest."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=n)), dtype=np.float64)


def hidden_states(n_units):
    """Return all joint hidden states, a list over layers 1..L of arrays ``(2^H, n_l)``.

    ``H = n_1 + ... + n_L``; row s of the arrays together is joint state s.
    """
    hidden = n_units[1:]
    joint = all_states(sum(hidden))
    return np.split(joint, np.cumsum(hidden)[:-1], axis=1)


def _each_state(hidden):
    """Return the joint states of ``hidden`` one by one, each a list of arrays ``(n_l,)``."""
    return [list(layers) for layers in zip(*hidden, strict=True)]


# Densities


def log_joint(params, x, hidden):
    """Return ``log p(x, h) = log p(h_L) + sum_l log p(h_l | h_{l+1})`` in nats.

    ``x`` has shape ``(n_features,)``; the result is a scalar for one hidden state and of shape
    ``(n_states,)`` for many.
    """
    layers = [np.asarray(x, dtype=np.float64), *hidden]
    total = _bernoulli(layers[-1], generative_inputs(params, layers, len(layers) - 1))
    for depth in range(len(params.generative_coefs)):
        eta = generative_inputs(params, layers, depth)
        if depth == 0 and params.noise_variance is not None:
            total = total + _gaussian(layers[0], eta, params.noise_variance)
        else:
            total = total + _bernoulli(layers[depth], eta)
    return total


def generative_inputs(params, layers, depth):
    """Return the inputs of the units of a layer, given the values of all layers."""
    eta = params.generative_intercepts[depth]
    if depth < len(layers) - 1:
        eta = eta + layers[depth + 1] @ params.generative_coefs[depth]
    if params.generative_lateral_coefs is not None:
        eta = eta + layers[depth] @ params.generative_lateral_coefs[depth]
    if depth == 0 and params.generative_conditional_coefs is not None:
        eta = eta + np.einsum("...ik,ki->...i", *_conditional_states(params, layers[0]))
    return eta


def _conditional_states(params, x):
    """Return the states of the units in the conditionals, (..., n_features, n), and their coefs."""
    incoming, outgoing = params.generative_conditional_coefs
    before = np.triu(np.ones((len(incoming), len(incoming))), 1)  # [j, i]: j comes before i
    sums = np.einsum("...j,ji,jk->...ik", x, before, incoming)
    return sigmoid(params.generative_conditional_intercepts[0] + sums), outgoing


def log_recognition(params, x, hidden):
    """Return ``log q(h | x) = sum_l log q(h_{l+1} | h_l)`` in nats, shaped as in `log_joint`."""
    layers = [np.asarray(x, dtype=np.float64), *hidden]
    total = 0.0
    for depth, coefs in enumerate(params.recognition_coefs):
        eta = layers[depth] @ coefs + params.recognition_intercepts[depth]
        total = total + _bernoulli(layers[depth + 1], eta)
    return total


def log_likelihood(params, X):
    """Return ``log p(x) = log sum_h p(x, h)`` of every row of X, shape ``(n_rows,)``, in nats."""
    hidden = hidden_states(units_of(params))
    return np.array([_log_sum_exp(log_joint(params, x, hidden)) for x in X])


def posterior(params, x):
    """Return ``p(h | x) = p(x, h) / p(x)`` of all joint hidden states, shape ``(2^H,)``."""
    return np.exp(log_posterior(params, x))


def log_posterior(params, x):
    """Return ``log p(h | x)`` of all joint hidden states, shape ``(2^H,)``, in nats."""
    joint = log_joint(params, x, hidden_states(units_of(params)))
    return joint - _log_sum_exp(joint)


def completions(x):
    """Return all rows with zeros and ones in the gaps (NaN) of a row, the first gap slowest.

    The shape is ``(2^n_missing, n_features)``.
    """
    missing = np.isnan(x)
    rows = np.tile(np.asarray(x, dtype=np.float64), (2 ** missing.sum(), 1))
    rows[:, missing] = all_states(missing.sum())
    return rows


def log_joint_completions(params, x):
    """Return ``log p(x, h)`` of all completions of a row and joint states, nats.

    The shape is ``(2^n_missing, 2^H)``; Bernoulli visible units only.
    """
    hidden = hidden_states(units_of(params))
    return np.array([log_joint(params, row, hidden) for row in completions(x)])


def gaussian_given(params, x, hidden):
    """Return the normal distribution of Gaussian data given hidden states and part of the data.

    With ``B = (I - A)^-1`` the data are ``(h_1 @ W_0 + b_0 + noise) @ B``: normal, with the
    covariance ``B^T diag(noise_variance) B``. Returned are ``log p(x_observed | h)`` of shape
    ``(n_states,)``, the mean of what is missing, ``(n_states, n_missing)``, and its covariance.
    """
    n, missing = len(x), np.isnan(x)
    seen, laterals = ~missing, params.generative_lateral_coefs
    mixing = np.linalg.inv(np.eye(n) - (np.zeros((n, n)) if laterals is None else laterals[0]))
    eta = hidden[0] @ params.generative_coefs[0] + params.generative_intercepts[0]
    means, cov = eta @ mixing, mixing.T @ np.diag(params.noise_variance) @ mixing
    if not seen.any():
        return np.zeros(len(means)), means, cov
    inverse = np.linalg.inv(cov[np.ix_(seen, seen)])
    slopes, apart = inverse @ cov[np.ix_(seen, missing)], x[seen] - means[:, seen]
    quadratic = np.einsum("si,ij,sj->s", apart, inverse, apart)
    _, log_volume = np.linalg.slogdet(2 * np.pi * cov[np.ix_(seen, seen)])
    rest = cov[np.ix_(missing, missing)] - cov[np.ix_(missing, seen)] @ slopes
    return -0.5 * (quadratic + log_volume), means[:, missing] + apart @ slopes, rest


def log_joint_observed(params, x):
    """Return ``log p(x_observed, h)`` of all joint hidden states, shape ``(2^H,)``, in nats.

    Missing values are summed or integrated out.
    """
    if params.noise_variance is None:
        return _log_sum_exp(log_joint_completions(params, x).T)
    hidden = hidden_states(units_of(params))
    complete = np.where(np.isnan(x), 0.0, x)
    eta = generative_inputs(params, [complete, *hidden], 0)
    log_prior = log_joint(params, complete, hidden)
    log_prior = log_prior - _gaussian(complete, eta, params.noise_variance)
    return log_prior + gaussian_given(params, x, hidden)[0]


def recognition(params, x):
    """Return ``q(h | x)`` of all joint hidden states, shape ``(2^H,)``."""
    return np.exp(log_recognition(params, x, hidden_states(units_of(params))))


def free_energy(params, X):
    """Return ``F(x) = E_q[log q(h|x) - log p(x,h)]`` of every row, shape ``(n_rows,)``, in nats.

    It bounds the negative log likelihood from above (Dayan et al. 1995).
    """
    hidden = hidden_states(units_of(params))
    values = []
    for x in X:
        log_q = log_recognition(params, x, hidden)
        values.append(np.sum(np.exp(log_q) * (log_q - log_joint(params, x, hidden))))
    return np.array(values)


def kl_recognition_posterior(params, X):
    """Return ``KL(q(h|x) || p(h|x))`` of every row of X, shape ``(n_rows,)``, in nats."""
    hidden = hidden_states(units_of(params))
    values = []
    for x in X:
        log_q = log_recognition(params, x, hidden)
        values.append(np.sum(np.exp(log_q) * (log_q - log_posterior(params, x))))
    return np.array(values)


def sleep_objective(params):
    """Return ``E_{p(x,h)}[log q(h | x)]``, a scalar in nats, Bernoulli visible units only.

    Wake-sleep's sleep phase climbs it in the recognition parameters (Hinton et al. 1995).
    """
    hidden = hidden_states(units_of(params))
    return sum(
        np.sum(np.exp(log_joint(params, x, hidden)) * log_recognition(params, x, hidden))
        for x in _visible_states(params)
    )


def _visible_states(params):
    """Return all binary data vectors, shape ``(2^n_features, n_features)``."""
    if params.noise_variance is not None:
        raise ValueError("Gaussian visible units cannot be enumerated")
    return all_states(units_of(params)[0])


# Gradients


def zero_gradient(params):
    """Return a `Gradient` of zeros with the shapes of ``params``."""
    noise = params.noise_variance
    return Gradient(
        generative_coefs=[np.zeros_like(array) for array in params.generative_coefs],
        generative_intercepts=[np.zeros_like(array) for array in params.generative_intercepts],
        recognition_coefs=[np.zeros_like(array) for array in params.recognition_coefs],
        recognition_intercepts=[np.zeros_like(array) for array in params.recognition_intercepts],
        log_noise_variance=None if noise is None else np.zeros_like(noise),
        generative_lateral_coefs=None
        if params.generative_lateral_coefs is None
        else [np.zeros_like(array) for array in params.generative_lateral_coefs],
        generative_conditional_coefs=_zeros_like(params.generative_conditional_coefs),
        generative_conditional_intercepts=_zeros_like(params.generative_conditional_intercepts),
    )


def _zeros_like(arrays):
    return None if arrays is None else [np.zeros_like(array) for array in arrays]


def flatten(gradient):
    """Return all entries of a `Gradient` in one vector, fields in order of declaration."""
    arrays = [
        *gradient.generative_coefs,
        *gradient.generative_intercepts,
        *gradient.recognition_coefs,
        *gradient.recognition_intercepts,
    ]
    arrays += gradient.generative_lateral_coefs or []
    arrays += gradient.generative_conditional_coefs or []
    arrays += gradient.generative_conditional_intercepts or []
    if gradient.log_noise_variance is not None:
        arrays.append(gradient.log_noise_variance)
    return np.concatenate([array.ravel() for array in arrays])


def _add_scaled(total, gradient, weight):
    """Add ``weight * gradient`` to ``total`` in place."""
    for field in (
        "generative_coefs",
        "generative_intercepts",
        "recognition_coefs",
        "recognition_intercepts",
        "generative_lateral_coefs",
        "generative_conditional_coefs",
        "generative_conditional_intercepts",
    ):
        for target, source in zip(
            getattr(total, field) or [], getattr(gradient, field) or [], strict=True
        ):
            target += weight * source
    if total.log_noise_variance is not None:
        total.log_noise_variance += weight * gradient.log_noise_variance


def grad_log_joint(params, x, hidden):
    """Return the `Gradient` of ``log p(x, h)`` for one ``x`` and one hidden state.

    With the error ``e_l = h_l - sigmoid(eta_l)``, or ``(x - mean) / variance`` for Gaussian units:
    ``d/dW_l = outer(h_{l+1}, e_l)``, ``d/db_l = e_l``, ``d/dA_l`` what of ``outer(h_l, e_l)`` lies
    above the diagonal, and ``d/dlog(variance) = ((x - mean)^2 / variance - 1) / 2``.
    """
    layers = [np.asarray(x, dtype=np.float64), *hidden]
    gradient = zero_gradient(params)
    for depth in range(len(layers)):
        eta = generative_inputs(params, layers, depth)
        if depth == 0 and params.noise_variance is not None:
            error = (layers[0] - eta) / params.noise_variance
            gradient.log_noise_variance[:] = 0.5 * (error * (layers[0] - eta) - 1.0)
        else:
            error = layers[depth] - sigmoid(eta)
        if depth < len(layers) - 1:
            gradient.generative_coefs[depth][:] = np.outer(layers[depth + 1], error)
        gradient.generative_intercepts[depth][:] = error
        if params.generative_lateral_coefs is not None:
            gradient.generative_lateral_coefs[depth][:] = np.triu(np.outer(layers[depth], error), 1)
        if depth == 0 and params.generative_conditional_coefs is not None:
            _add_conditional(params, layers[0], error, gradient)
    return gradient


def _add_conditional(params, x, error, gradient):
    """Write the derivatives by what leads to and from the units in the conditionals."""
    states, outgoing = _conditional_states(params, x)
    by_incoming, by_outgoing = gradient.generative_conditional_coefs
    by_outgoing[:] = (error[:, None] * states).T
    by_sums = error[:, None] * outgoing.T * states * (1 - states)
    gradient.generative_conditional_intercepts[0][:] = by_sums.sum(axis=0)
    later = by_sums.sum(axis=0) - np.cumsum(by_sums, axis=0)
    by_incoming[:] = x[:, None] * later


def grad_log_recognition(params, x, hidden):
    """Return the `Gradient` of ``log q(h | x)`` for one ``x`` and one hidden state.

    With the error ``e_{l+1} = h_{l+1} - sigmoid(h_l @ R_l + r_l)``:
    ``d/dR_l = outer(h_l, e_{l+1})`` and ``d/dr_l = e_{l+1}``.
    """
    layers = [np.asarray(x, dtype=np.float64), *hidden]
    gradient = zero_gradient(params)
    for depth, coefs in enumerate(params.recognition_coefs):
        eta = layers[depth] @ coefs + params.recognition_intercepts[depth]
        error = layers[depth + 1] - sigmoid(eta)
        gradient.recognition_coefs[depth][:] = np.outer(layers[depth], error)
        gradient.recognition_intercepts[depth][:] = error
    return gradient


def _weighted_gradient(params, X, state_weights, differentiate):
    """Return ``sum_rows sum_h weight(h; x) * differentiate(params, x, h)`` as a `Gradient`.

    ``state_weights(params, x)`` gives the weights of all joint hidden states, shape ``(2^H,)``.
    """
    states = _each_state(hidden_states(units_of(params)))
    total = zero_gradient(params)
    for x in X:
        for weight, state in zip(state_weights(params, x), states, strict=True):
            _add_scaled(total, differentiate(params, x, state), weight)
    return total


def wake_gradient(params, X):
    """Return ``sum_rows E_{q(h|x)}[grad_G log p(x, h)] = -d/dG sum_rows F(x)`` as a `Gradient`.

    The expected wake phase of wake-sleep (Hinton et al. 1995); an ascent direction.
    """
    return _weighted_gradient(params, X, recognition, grad_log_joint)


def likelihood_gradient(params, X):
    """Return ``sum_rows grad_G log p(x) = sum_rows E_{p(h|x)}[grad_G log p(x, h)]``."""
    return _weighted_gradient(params, X, posterior, grad_log_joint)


def posterior_recognition_gradient(params, X):
    """Return ``sum_rows E_{p(h|x)}[grad_R log q(h|x)] = -d/dR sum_rows KL(p(h|x) || q(h|x))``.

    The limit of the recognition part of `reweighted_gradient` for many particles.
    """
    return _weighted_gradient(params, X, posterior, grad_log_recognition)


def sleep_gradient(params, conceal=lambda x: x):
    """Return ``E_{p(x,h)}[grad_R log q(h | x)]`` over all (x, h) as a `Gradient`.

    The expected sleep phase per fantasy (Hinton et al. 1995); an ascent direction; Bernoulli
    visible units only. Recognition sees ``conceal(x)`` of a fantasy x.
    """

    def joint(params, x):
        return np.exp(log_joint(params, x, hidden_states(units_of(params))))

    def differentiate(params, x, hidden):
        return grad_log_recognition(params, conceal(x), hidden)

    return _weighted_gradient(params, _visible_states(params), joint, differentiate)


# Many particles


def _particle_tuples(n_states, n_particles):
    """Return all tuples of ``n_particles`` state indices, shape ``(n_states^K, K)``."""
    if n_particles * n_states**n_particles > MAX_TUPLE_ENTRIES:
        raise ValueError(f"{n_states}^{n_particles} particle tuples are too many to enumerate")
    return np.indices((n_states,) * n_particles).reshape(n_particles, -1).T


def _weighted_tuples(log_proposal, log_weight, n_particles):
    """Return the particle tuples, their probabilities and their log importance weights.

    Of each state, ``log_proposal`` is the log-probability to be drawn and ``log_weight`` the log
    importance weight, such as ``log q(h | x)`` and ``log p(x, h) - log q(h | x)``. ``tuples`` and
    their log-weights have shape ``(T, K)``, their probabilities ``(T,)``.
    """
    tuples = _particle_tuples(len(log_proposal), n_particles)
    return tuples, np.exp(np.sum(log_proposal[tuples], axis=1)), log_weight[tuples]


def _tuple_weights(params, x, n_particles):
    """Return what `_weighted_tuples` does of the explanations of a row by q(h | x)."""
    return _weighted_tuples(*_explanations(params, x), n_particles)


def _explanations(params, x):
    """Return ``log q(h | x)`` and ``log p(x, h) - log q(h | x)`` of all joint hidden states."""
    hidden = hidden_states(units_of(params))
    log_q = log_recognition(params, x, hidden)
    return log_q, log_joint(params, x, hidden) - log_q


def _expected_self_normalised(log_proposal, log_weight, n_particles):
    """Return ``E[sum_k w~_k 1(s_k = s)]`` of every state s, summing to 1.

    ``w~_k = w_k / sum_j w_j``, the states ``s_1..s_K`` drawn from the proposal.
    """
    tuples, probabilities, log_weights = _weighted_tuples(log_proposal, log_weight, n_particles)
    normalised = np.exp(log_weights - _log_sum_exp(log_weights)[:, None])
    share = probabilities[:, None] * normalised
    return np.bincount(tuples.ravel(), weights=share.ravel(), minlength=len(log_proposal))


def _expected_bound(log_proposal, log_weight, n_particles):
    """Return ``E[log (1/K) sum_k w_k]``, states drawn from the proposal, in nats."""
    _, probabilities, log_weights = _weighted_tuples(log_proposal, log_weight, n_particles)
    return np.sum(probabilities * (_log_sum_exp(log_weights) - np.log(n_particles)))


def reweighted_bound(params, X, n_particles):
    """Return ``E[log (1/K) sum_k w_k]`` of every row, shape ``(n_rows,)``, in nats.

    The expectation runs over all K-tuples of particles from q(h|x), ``w = p(x,h) / q(h|x)``; it is
    ``-F(x)`` at K = 1 and rises to ``log p(x)`` (Burda et al. 2016).
    """
    return np.array([_expected_bound(*_explanations(params, x), n_particles) for x in X])


def reweighted_gradient(params, X, n_particles):
    """Return the expected reweighted wake step, summed over rows, as a `Gradient`.

    Generative part ``E[sum_k w~_k grad_G log p(x, h_k)]``, which is d/dG of `reweighted_bound`;
    recognition part ``E[sum_k w~_k grad_R log q(h_k | x)]``, the wake-phase update of q. The
    expectation runs over all K-tuples of particles from q(h|x); both are ascent directions
    (Bornschein and Bengio 2015).
    """

    def expected(params, x):
        return _expected_self_normalised(*_explanations(params, x), n_particles)

    total = _weighted_gradient(params, X, expected, grad_log_joint)
    _add_scaled(total, _weighted_gradient(params, X, expected, grad_log_recognition), 1.0)
    return total


# Rows with gaps, of nets with lateral weights


def proposals(params, x, fill_values):
    """Return all ways to explain a row with gaps and to fill it.

    Hidden layers come from ``q(h | x)``, where recognition sees ``fill_values`` in the gaps (NaN);
    what is missing is then drawn in order, from ``p(x_i | x_1..x_{i-1}, h)``. Of S such states:
    the data ``(S, n_features)``, the hidden layers, the log-probability to be drawn so, and the
    log-weight ``log p(h) + sum_{i observed} log p(x_i | x_1..x_{i-1}, h) - log q(h | x)``, which is
    that of the joint state under its proposal. Gaussian values that are missing stand for the nodes
    of a quadrature.
    """
    missing = np.flatnonzero(np.isnan(x))
    hidden = hidden_states(units_of(params))
    fills, log_shares = _fills(params, x)
    n_hidden, data = len(hidden[0]), np.tile(x, (len(hidden[0]) * len(fills), 1))
    hidden = [np.repeat(states, len(fills), axis=0) for states in hidden]
    data[:, missing] = np.tile(fills, (n_hidden, 1))
    log_drawn = np.tile(log_shares, n_hidden)
    for i in missing:
        others = np.where(np.arange(len(x)) < i, data, 0.0)  # what comes later is not needed yet
        eta = generative_inputs(params, [others, *hidden], 0)[:, i]
        if params.noise_variance is None:
            log_drawn += data[:, i] * eta - np.logaddexp(0.0, eta)
        else:
            data[:, i] = eta + np.sqrt(params.noise_variance[i]) * data[:, i]
    log_joints = log_joint(params, data, hidden)
    if params.noise_variance is None:
        log_filled = log_drawn
    else:
        eta = generative_inputs(params, [data, *hidden], 0)[:, missing]
        log_filled = _gaussian(data[:, missing], eta, params.noise_variance[missing])
    log_q = log_recognition(params, np.where(np.isnan(x), fill_values, x), hidden)
    return data, hidden, log_q + log_drawn, log_joints - log_filled - log_q


def _fills(params, x):
    """Return what may stand in the gaps of a row, and the logarithm of its share of a quadrature.

    All states of binary units; standard normal deviates of Gaussian ones. Those that an observed
    value depends on move the weights and have many nodes; for others the square of the value is all
    that counts, and three nodes are exact.
    """
    missing = np.isnan(x)
    if params.noise_variance is None:
        return all_states(missing.sum()), np.zeros(2 ** missing.sum())
    rules = [
        np.polynomial.hermite_e.hermegauss(3 if missing[i:].all() else 40)
        for i in np.flatnonzero(missing)
    ]
    fills = list(itertools.product(*(nodes for nodes, _ in rules)))
    shares = itertools.product(*(weights / weights.sum() for _, weights in rules))
    return np.reshape(fills, (len(fills), len(rules))), np.log([np.prod(share) for share in shares])


def completed_bound(params, X, fill_values, n_particles):
    """Return ``E[log (1/K) sum_k w_k]`` of rows with gaps, as in `reweighted_bound`."""
    values = []
    for x in X:
        _, _, log_proposal, log_weight = proposals(params, x, fill_values)
        values.append(_expected_bound(log_proposal, log_weight, n_particles))
    return np.array(values)


def completed_gradient(params, X, fill_values, n_particles):
    """Return the expected reweighted wake step of rows with gaps, summed, as a `Gradient`.

    ``E[sum_k w~_k grad_G log p(x, h_k)]`` with what was drawn in the gaps of x, and
    ``E[sum_k w~_k grad_R log q(h_k | x)]`` with what recognition sees there.
    """
    total = zero_gradient(params)
    for x in X:
        data, hidden, log_proposal, log_weight = proposals(params, x, fill_values)
        expected = _expected_self_normalised(log_proposal, log_weight, n_particles)
        seen = np.where(np.isnan(x), fill_values, x)
        for weight, values, state in zip(expected, data, _each_state(hidden), strict=True):
            _add_scaled(total, grad_log_joint(params, values, state), weight)
            _add_scaled(total, grad_log_recognition(params, seen, state), weight)
    return total
