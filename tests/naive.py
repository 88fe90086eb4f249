"""Slow twins of the numeric kernels: Python integers and floats, one element at a time.

Log probabilities are natural logarithms, in nats; every returned array is float64 unless stated.
"""

import math

import numpy as np

WORD = 0xFFFFFFFF
PHILOX_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
PHILOX_WEYL = (0x9E3779B9, 0xBB67AE85)


def philox4x32_10(counter, key):
    """Return the four 32-bit words ``philox4x32-10(counter, key)`` as a tuple of int.

    ``counter`` is four and ``key`` two integers below 2^32. One round maps ``(c0, c1, c2, c3)`` to
    ``(hi1 ^ c1 ^ k0, lo1, hi0 ^ c3 ^ k1, lo0)`` with ``hi0:lo0 = M0 * c0``, ``hi1:lo1 = M1 * c2``;
    the key is bumped by the Weyl constants between rounds. Source: Salmon, Moraes, Dror and Shaw,
    "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    """
    c0, c1, c2, c3 = (int(word) for word in counter)
    k0, k1 = (int(word) for word in key)
    for _ in range(10):
        first = PHILOX_MULTIPLIERS[0] * c0
        second = PHILOX_MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (second >> 32) ^ c1 ^ k0,
            second & WORD,
            (first >> 32) ^ c3 ^ k1,
            first & WORD,
        )
        k0 = (k0 + PHILOX_WEYL[0]) & WORD
        k1 = (k1 + PHILOX_WEYL[1]) & WORD
    return c0, c1, c2, c3


def product(states, weights, intercept):
    """Return ``states @ weights + intercept``, shape ``(n_rows, n_out)``, each sum rounded once.

    ``states`` has shape ``(n_rows, n_in)``, ``weights`` ``(n_in, n_out)``, ``intercept``
    ``(n_out,)``. Each product is rounded to float64; `math.fsum` adds them exactly.
    """
    states, weights = np.asarray(states, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    n_in, n_out = weights.shape
    result = np.empty((len(states), n_out))
    for row in range(len(states)):
        for out in range(n_out):
            terms = [float(states[row, i]) * float(weights[i, out]) for i in range(n_in)]
            result[row, out] = math.fsum([float(intercept[out]), *terms])
    return result


def softplus(eta):
    """Return ``log(1 + exp(eta))`` of one float, as ``max(eta, 0) + log1p(exp(-|eta|))``."""
    return max(eta, 0.0) + math.log1p(math.exp(-abs(eta)))


def sigmoid(eta):
    """Return ``1 / (1 + exp(-eta))`` of one float, never exponentiating a positive number."""
    if eta >= 0:
        return 1.0 / (1.0 + math.exp(-eta))
    return math.exp(eta) / (1.0 + math.exp(eta))


def bernoulli_log_prob(x, eta):
    """Return ``sum_i x_i eta_i - softplus(eta_i)`` of every row, shape ``(n_rows,)``, in nats.

    ``x`` in [0, 1] and ``eta``, the logits, have shape ``(n_rows, n_units)``. A term is added as
    ``-x softplus(-eta) - (1 - x) softplus(eta)``, the same value without cancellation.
    """
    x, eta = np.asarray(x, dtype=np.float64), np.asarray(eta, dtype=np.float64)
    result = np.empty(len(x))
    for row in range(len(x)):
        pairs = [(float(v), float(e)) for v, e in zip(x[row], eta[row], strict=True)]
        result[row] = math.fsum(-v * softplus(-e) - (1.0 - v) * softplus(e) for v, e in pairs)
    return result


def bernoulli_error(x, eta):
    """Return ``x - sigmoid(eta) = d/d eta (x eta - softplus(eta))``, the shape of ``x``.

    ``x`` and ``eta`` have shape ``(n_rows, n_units)``.
    """
    x, eta = np.asarray(x, dtype=np.float64), np.asarray(eta, dtype=np.float64)
    result = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        result[index] = float(x[index]) - sigmoid(float(eta[index]))
    return result


def gaussian_log_prob(x, mean, variance):
    """Return ``sum_i log N(x_i; mean_i, variance_i)`` of every row, shape ``(n_rows,)``, in nats.

    ``x`` and ``mean`` have shape ``(n_rows, n_units)``, ``variance`` ``(n_units,)``; a density per
    unit volume in the units of ``x``.
    """
    x, mean = np.asarray(x, dtype=np.float64), np.asarray(mean, dtype=np.float64)
    result = np.empty(len(x))
    for row in range(len(x)):
        terms = []
        for value, centre, spread in zip(x[row], mean[row], variance, strict=True):
            squared = (float(value) - float(centre)) ** 2
            terms.append(-0.5 * math.log(2.0 * math.pi * float(spread)))
            terms.append(-0.5 * squared / float(spread))
        result[row] = math.fsum(terms)
    return result


def logsumexp(values):
    """Return ``log sum_k exp(values_k)`` of a 1-d sequence, a float in nats; -inf if all are."""
    values = [float(value) for value in values]
    top = max(values)
    if top == -math.inf:
        return top
    return top + math.log(math.fsum(math.exp(value - top) for value in values))


def self_normalise(log_w):
    """Return ``w_k / sum_j w_j`` with ``w = exp(log_w)``, shape ``(n_rows, K)``, rows summing to 1.

    ``log_w``, shape ``(n_rows, K)``, are log importance weights in nats, finite or -inf; a row
    needs at least one finite entry.
    """
    log_w = np.asarray(log_w, dtype=np.float64)
    result = np.empty(log_w.shape)
    for row in range(len(log_w)):
        total = logsumexp(log_w[row])
        for k in range(log_w.shape[1]):
            result[row, k] = math.exp(float(log_w[row, k]) - total)
    return result


def log_mean_weight(log_w):
    """Return ``log (1/K) sum_k exp(log_w_k)`` of every row, shape ``(n_rows,)``, in nats."""
    return np.array([logsumexp(row) - math.log(len(row)) for row in np.asarray(log_w)])


def adam_step(
    parameter,
    gradient,
    first,
    second,
    step,
    *,
    learning_rate=0.001,
    beta_1=0.9,
    beta_2=0.999,
    epsilon=1e-8,
    ascend=False,
):
    """Return ``(parameter, first, second)`` after Adam step number ``step`` = 1, 2, ...

    ``first = beta_1 first + (1 - beta_1) g``, ``second = beta_2 second + (1 - beta_2) g^2``,
    ``parameter -= a first / (sqrt(second) + epsilon)`` with
    ``a = learning_rate sqrt(1 - beta_2^step) / (1 - beta_1^step)``. That is the form of
    scikit-learn's multilayer perceptron and of the end of section 2 of Kingma and Ba, "Adam", ICLR
    2015, whose Algorithm 1 adds epsilon to the bias-corrected root instead: see
    `adam_step_algorithm_1`. Minimises: ``g`` is the gradient of a loss. With ``ascend``,
    ``gradient`` is that of an objective to be maximised and ``g = -gradient``. Inputs are left
    unchanged.
    """
    first, second = _adam_moments(gradient, first, second, beta_1, beta_2, ascend)
    rate = learning_rate * math.sqrt(1.0 - beta_2**step) / (1.0 - beta_1**step)
    return parameter - rate * first / (np.sqrt(second) + epsilon), first, second


def adam_step_algorithm_1(
    parameter,
    gradient,
    first,
    second,
    step,
    *,
    learning_rate=0.001,
    beta_1=0.9,
    beta_2=0.999,
    epsilon=1e-8,
    ascend=False,
):
    """Return ``(parameter, first, second)`` after step ``step`` of Kingma and Ba's Algorithm 1.

    As `adam_step`, but ``parameter -= learning_rate m / (sqrt(v) + epsilon)`` with the
    bias-corrected ``m = first / (1 - beta_1^step)`` and ``v = second / (1 - beta_2^step)``.
    """
    first, second = _adam_moments(gradient, first, second, beta_1, beta_2, ascend)
    m, v = first / (1.0 - beta_1**step), second / (1.0 - beta_2**step)
    return parameter - learning_rate * m / (np.sqrt(v) + epsilon), first, second


def _adam_moments(gradient, first, second, beta_1, beta_2, ascend):
    """Return the running moments ``(first, second)`` of the loss gradient after one more step."""
    g = np.asarray(gradient, dtype=np.float64) * (-1.0 if ascend else 1.0)
    return beta_1 * first + (1.0 - beta_1) * g, beta_2 * second + (1.0 - beta_2) * g**2


def sgd_momentum_step(
    parameter,
    gradient,
    velocity,
    *,
    learning_rate=0.1,
    momentum=0.9,
    nesterov=False,
    ascend=False,
):
    """Return ``(parameter, velocity)`` after one step of gradient descent with momentum.

    ``velocity = momentum velocity - learning_rate g``, ``parameter += velocity``, or with
    ``nesterov`` ``parameter += momentum velocity - learning_rate g`` with the new velocity, as in
    scikit-learn's multilayer perceptron. Minimises: ``g`` is the gradient of a loss. With
    ``ascend``, ``gradient`` is that of an objective to be maximised and ``g = -gradient``. Inputs
    are left unchanged.
    """
    g = np.asarray(gradient, dtype=np.float64) * (-1.0 if ascend else 1.0)
    velocity = momentum * velocity - learning_rate * g
    if nesterov:
        return parameter + momentum * velocity - learning_rate * g, velocity
    return parameter + velocity, velocity


def observed_log_prob(x, eta, variance=None):
    """Return log p(x | eta) in nats of what is observed of one row, a float.

    ``x`` and ``eta`` have shape ``(n_units,)``, NaN in ``x`` where nothing is; Bernoulli units, or
    Gaussian ones with means ``eta`` if ``variance`` is given.
    """
    seen = [i for i in range(len(x)) if not math.isnan(x[i])]
    if variance is None:
        return math.fsum(x[i] * eta[i] - softplus(float(eta[i])) for i in seen)
    return math.fsum(
        -0.5 * (math.log(2 * math.pi * variance[i]) + (x[i] - eta[i]) ** 2 / variance[i])
        for i in seen
    )


def complete_in_order(values, weights, eta, draw):
    """Return all values of one row, and the inputs of its units, both of shape ``(n_units,)``.

    ``values`` are NaN where they are missing: then the value of unit i is ``draw(i, its input)``,
    and times ``weights[i, j]`` a part of the input of every later unit j. ``eta`` is all that the
    inputs have besides.
    """
    values, inputs = [float(value) for value in values], [float(entry) for entry in eta]
    drawn = []
    for i in range(len(values)):
        inputs[i] = math.fsum([inputs[i], *(values[j] * float(weights[j, i]) for j in drawn)])
        if math.isnan(values[i]):
            values[i] = draw(i, inputs[i])
            drawn.append(i)
    return np.array(values), np.array(inputs)


def log_parts(coefs, intercepts, x, h, variance=None):
    """Return log p(h) and log p(x | h), floats, of one hidden state: the layers side by side.

    ``coefs[l]`` is ``(n_units[l + 1], n_units[l])``, index 0 next to the data.
    """
    sizes = [len(intercept) for intercept in intercepts]
    layers = np.split(np.asarray(h, dtype=np.float64), np.cumsum(sizes[1:-1]))
    log_prior = observed_log_prob(layers[-1], intercepts[-1])
    for depth in range(1, len(coefs)):
        eta = product([layers[depth]], coefs[depth], intercepts[depth])[0]
        log_prior += observed_log_prob(layers[depth - 1], eta)
    eta = product([layers[0]], coefs[0], intercepts[0])[0]
    return log_prior, observed_log_prob(x, eta, variance)


def gibbs_chain(coefs, intercepts, variance, x, h, gaps, temperatures, direction, uniforms):
    """Return the state, log-weight and closest decision of a chain of sweeps of Gibbs sampling.

    Before sweep t, ``gaps[t] log p(x | h)`` is added to the log-weight. In the sweep unit u, from
    first to last or, if ``direction`` is -1, from last to first, is on if ``uniforms[t, u]`` is
    below its probability to be on given all others under ``p(h) p(x | h)^temperatures[t]``. The
    closest decision is the smallest distance of a uniform number from that probability.
    """
    h, log_weight, closest = np.array(h, dtype=np.float64), 0.0, math.inf
    for t, temperature in enumerate(temperatures):
        log_weight += gaps[t] * log_parts(coefs, intercepts, x, h, variance)[1]
        for u in range(len(h))[::direction]:
            log_target = []
            for value in (0.0, 1.0):
                h[u] = value
                log_prior, log_visible = log_parts(coefs, intercepts, x, h, variance)
                log_target.append(log_prior + temperature * log_visible)
            probability = sigmoid(log_target[1] - log_target[0])
            closest = min(closest, abs(uniforms[t, u] - probability))
            h[u] = float(uniforms[t, u] < probability)
    return h, log_weight, closest


def log_parts_in_order(params, x, completed, h):
    """Return log p(h) + log p(missing) and log p(observed), each value given all before it and h.

    Both are floats. Units depend on those of their layer before them: ``params`` is of the type of
    `exact.Parameters`, with lateral weights. ``x`` has NaN where values are missing, which
    ``completed`` has in addition; both have shape ``(n_features,)``.
    """
    sizes = [len(intercept) for intercept in params.generative_intercepts]
    layers = np.split(np.asarray(h, dtype=np.float64), np.cumsum(sizes[1:-1]))
    layers = [np.asarray(completed, dtype=np.float64), *layers]
    etas = [
        intercept + layer @ lateral
        for intercept, layer, lateral in zip(
            params.generative_intercepts, layers, params.generative_lateral_coefs, strict=True
        )
    ]
    for depth, coefs in enumerate(params.generative_coefs):
        etas[depth] = etas[depth] + layers[depth + 1] @ coefs
    log_prior = math.fsum(map(observed_log_prob, layers[1:], etas[1:]))
    missing = np.where(np.isnan(x), layers[0], np.nan)
    log_prior += observed_log_prob(missing, etas[0], params.noise_variance)
    return log_prior, observed_log_prob(x, etas[0], params.noise_variance)


def gibbs_chain_in_order(params, x, completed, h, gaps, temperatures, direction, uniforms):
    """Return the data, the state, the log-weight and the closest decision of a chain of sweeps.

    As `gibbs_chain`, where units depend on those of their layer before them. Missing values of the
    data are drawn as well, before the hidden units or, if ``direction`` is -1, after them, from
    ``p(h) p(missing) p(observed)^temperatures[t]``. In a row of ``uniforms`` the numbers of the
    hidden units come first, then those of the data, once or, for Gaussian ones, twice: radius and
    angle of Box & Muller.
    """
    n_features, gaussian = len(x), params.noise_variance is not None
    state, log_weight = np.concatenate([completed, h]).astype(np.float64), 0.0
    free, closest = np.append(np.isnan(x), np.ones(len(h), dtype=bool)), math.inf

    def log_target(u, value, temperature):
        changed = state.copy()
        changed[u] = value
        parts = log_parts_in_order(params, x, changed[:n_features], changed[n_features:])
        return parts[0] + temperature * parts[1]

    for t, temperature in enumerate(temperatures):
        parts = log_parts_in_order(params, x, state[:n_features], state[n_features:])
        log_weight += gaps[t] * parts[1]
        for u in np.flatnonzero(free)[::direction]:
            uniform = uniforms[t, (u - n_features) % len(state)]
            if u < n_features and gaussian:
                # A parabola is known from three points.
                below, middle, above = (log_target(u, v, temperature) for v in (-1.0, 0.0, 1.0))
                precision = 2 * middle - above - below
                normal = math.sqrt(-2 * math.log(uniform))
                normal *= math.cos(2 * math.pi * uniforms[t, len(state) + u])
                state[u] = (above - below) / 2 / precision + normal / math.sqrt(precision)
            else:
                log_odds = log_target(u, 1.0, temperature) - log_target(u, 0.0, temperature)
                closest = min(closest, abs(uniform - sigmoid(log_odds)))
                state[u] = float(uniform < sigmoid(log_odds))
    return state[:n_features], state[n_features:], log_weight, closest


def pareto_shape(log_weights):
    """Return the shape k of the tail of the weights of one row, a float.

    Equal log-weights are one state, which counts once. The tail are the
    ``ceil(min(n / 5, 3 sqrt(n)))`` largest of n states, less the largest of the others; with fewer
    than five there is none (NaN). If its lower quartile is below 1e-290 of the largest weight the
    shape is inf, and if the quartile of the excess is 0 the tail has no length (-inf). Then
    Zhang and Stephens (2009), "A new and efficient estimation method for the generalized Pareto
    distribution", Technometrics 51, section 3, and the prior of appendix C of Vehtari et al.
    (2024), "Pareto smoothed importance sampling", JMLR 25(72): worth ten observations of 1/2.
    """
    values = np.unique(np.asarray(log_weights, dtype=np.float64))
    weights = np.exp(values - values[-1])
    n = math.ceil(min(len(weights) / 5, 3 * math.sqrt(len(weights))))
    if n < 5 or np.isnan(weights).any():
        return math.nan
    excess = weights[-n:] - weights[-n - 1]
    place = math.floor(n / 4 + 0.5) - 1
    if weights[-n:][place] < 1e-290:
        return math.inf
    quartile = excess[place]
    if quartile <= 0:
        return -math.inf
    m = 30 + math.floor(math.sqrt(n))
    j = np.arange(1, m + 1)
    theta = 1 / excess[-1] + (1 - np.sqrt(m / (j - 0.5))) / (3 * quartile)
    shapes = np.log1p(-theta[:, None] * excess).mean(axis=1)
    log_likelihood = n * (np.log(-theta / shapes) - shapes - 1)
    weight = 1 / np.exp(log_likelihood - log_likelihood[:, None]).sum(axis=1)
    shape = np.log1p(-(theta * weight).sum() * excess).mean()
    return (n * shape + 10 * 0.5) / (n + 10)


def bernoulli_completion_table(values, missing, weights, eta):
    """Return log p of every completion of a row in order under every state, in nats.

    ``values`` has shape ``(n_units,)``; bit k of the number of a completion is the value of unit
    ``missing[k]``; ``weights`` are strictly upper triangular, ``(n_units, n_units)``; ``eta`` of
    shape ``(n_units, n_states)`` is what the states make of the inputs.
    """
    n_units, n_states = eta.shape
    table = np.empty((2 ** len(missing), n_states))
    for number in range(len(table)):
        row = [float(x) for x in values]
        for k, unit in enumerate(missing):
            row[unit] = float(number // 2**k % 2)
        for state in range(n_states):
            inputs = [
                math.fsum([eta[i, state], *(row[j] * weights[j, i] for j in range(i))])
                for i in range(n_units)
            ]
            table[number, state] = math.fsum(
                x * a - softplus(a) for x, a in zip(row, inputs, strict=True)
            )
    return table


def mean_field_terms(params, x, means, xi):
    """Return what each unit adds to the bound of log p(x) that a factorised q makes, in nats.

    Units are numbered from the data upward, and all results and arguments but ``params`` are of
    shape ``(n_units,)``, x of shape ``(n_features,)`` with NaN where values are missing. Free units
    are the hidden ones, and where units depend on those before them the missing ones as well: unit
    u is on with probability ``means[u]``, independently of all others. A unit adds
    ``m E[eta] - xi E[eta] - log E[exp(-xi eta) + exp((1 - xi) eta)]``, m its mean or value, a
    Gaussian one ``E[log N(x; eta, v)]``, and a free one its entropy. All expectations are sums over
    the states of the unit's free parents. Source: Saul, Jaakkola and Jordan, "Mean field theory for
    sigmoid belief networks", JAIR 4, 1996.
    """
    sizes = [len(intercept) for intercept in params.generative_intercepts]
    starts, laterals = np.cumsum([0, *sizes]), params.generative_lateral_coefs
    values = np.append(np.asarray(x, dtype=np.float64), np.full(starts[-1] - len(x), np.nan))
    terms = np.zeros(starts[-1])
    for depth, size in enumerate(sizes):
        for i in range(size):
            u, parents = starts[depth] + i, []
            if depth < len(sizes) - 1:
                column = params.generative_coefs[depth][:, i]
                parents += [(starts[depth + 1] + j, weight) for j, weight in enumerate(column)]
            if laterals is not None:
                parents += [(starts[depth] + j, laterals[depth][j, i]) for j in range(i)]
            free = math.isnan(values[u])
            if free and depth == 0 and laterals is None:
                continue
            p, eta = np.ones(1), np.array([float(params.generative_intercepts[depth][i])])
            for parent, weight in parents:
                if math.isnan(values[parent]):
                    p = np.append((1 - means[parent]) * p, means[parent] * p)
                    eta = np.append(eta, eta + weight)
                else:
                    eta = eta + values[parent] * weight
            p, eta = p[p > 0], eta[p > 0]
            if depth == 0 and params.noise_variance is not None:
                variance = params.noise_variance[i]
                squares = np.log(2 * np.pi * variance) + (values[u] - eta) ** 2 / variance
                terms[u] = -0.5 * math.fsum(p * squares)
                continue
            logs = np.append(np.log(p) - xi[u] * eta, np.log(p) + (1 - xi[u]) * eta)
            mean = means[u] if free else values[u]
            terms[u] = (mean - xi[u]) * math.fsum(p * eta) - logsumexp(logs)
            if free:
                terms[u] -= sum(m * math.log(m) for m in (means[u], 1 - means[u]) if m > 0)
    return terms


def lower_product(lower, values):
    """Return ``L x`` of every row, the shape of ``values``.

    ``lower``, ``(n_matrices, k, k)``, of which what is above the diagonal counts for nothing, is
    shared by neighbouring rows of ``values``, ``(n_rows, k)``.
    """
    return np.array([triangle @ x for triangle, x in _triangles(lower, values)]).reshape(
        values.shape
    )


def lower_solution(lower, values):
    """Return ``L^-1 x`` of every row, as `lower_product` returns ``L x``."""
    pairs = _triangles(lower, values)
    return np.array([np.linalg.solve(triangle, x) for triangle, x in pairs]).reshape(values.shape)


def upper_solution(lower, values):
    """Return ``L^-T x`` of every row, as `lower_product` returns ``L x``."""
    pairs = _triangles(lower, values)
    return np.array([np.linalg.solve(triangle.T, x) for triangle, x in pairs]).reshape(values.shape)


def _triangles(lower, values):
    """Pairs of the lower triangle, in float64, and the row, of every row of ``values``."""
    each = np.repeat(np.tril(np.float64(lower)), len(values) // len(lower), axis=0)
    return zip(each, np.float64(values), strict=True)
