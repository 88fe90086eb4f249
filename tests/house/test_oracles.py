"""Tests of the reference implementations themselves."""

import copy
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, special, stats

from tests import exact, naive

FIELDS = (
    "generative_coefs",
    "generative_intercepts",
    "recognition_coefs",
    "recognition_intercepts",
)
SHAPES = [(3, 2), (3, 2, 2), (2, 2, 1, 1), (1, 3)]
VISIBLES = ["binary", "fractional", "gaussian"]
CASES = [(n_units, visible) for n_units in SHAPES for visible in VISIBLES]


def make_case(n_units, visible, n_rows=3, scale=1.3, seed=0):
    """Return random parameters and data rows of shape ``(n_rows, n_features)``."""
    params = exact.random_parameters(n_units, scale, seed + 1, gaussian=visible == "gaussian")
    rng = np.random.default_rng(seed)
    shape = (n_rows, n_units[0])
    if visible == "gaussian":
        return params, 2.0 * rng.standard_normal(shape)
    uniform = rng.uniform(0.02, 0.98, shape)
    return params, uniform if visible == "fractional" else np.round(uniform)


def shifted(params, field, layer, index, step):
    """Return a copy of ``params`` with one entry moved by ``step`` (the noise in its logarithm)."""
    moved = copy.deepcopy(params)
    if field == "log_noise_variance":
        moved.noise_variance[index] *= np.exp(step)
    else:
        getattr(moved, field)[layer][index] += step
    return moved


def numerical_gradient(objective, params, step=1e-5):
    """Return the central difference quotients of ``objective(params)`` as a `Gradient`."""
    gradient = exact.zero_gradient(params)
    targets = [(f, i, a) for f in FIELDS for i, a in enumerate(getattr(gradient, f))]
    if gradient.log_noise_variance is not None:
        targets.append(("log_noise_variance", None, gradient.log_noise_variance))
    for field, layer, array in targets:
        for index in np.ndindex(array.shape):
            above = objective(shifted(params, field, layer, index, step))
            below = objective(shifted(params, field, layer, index, -step))
            array[index] = (above - below) / (2.0 * step)
    return gradient


def part(gradient, network):
    """Return the entries of one network's parameters, "generative" or "recognition", flat."""
    arrays = [
        *getattr(gradient, f"{network}_coefs"),
        *getattr(gradient, f"{network}_intercepts"),
    ]
    if network == "generative" and gradient.log_noise_variance is not None:
        arrays.append(gradient.log_noise_variance)
    return np.concatenate([array.ravel() for array in arrays])


def assert_close(actual, expected):
    assert_allclose(actual, expected, rtol=1e-7, atol=2e-9)


def assert_only(gradient, network, objective, params, sign=1.0):
    """Assert one network's part equals the quotients of ``objective`` and the other's is zero."""
    other = {"generative": "recognition", "recognition": "generative"}[network]
    assert np.max(np.abs(part(gradient, network))) > 1e-2
    assert_close(
        part(gradient, network), sign * part(numerical_gradient(objective, params), network)
    )
    assert_allclose(part(gradient, other), 0.0, atol=0.0)


# Densities


def test_all_states_lists_every_binary_vector_once():
    states = exact.all_states(3)
    assert states.shape == (8, 3)
    assert states.dtype == np.float64
    assert_allclose(states @ [4, 2, 1], np.arange(8))


def test_hidden_states_lists_every_joint_state_once():
    hidden = exact.hidden_states((5, 2, 1, 3))
    assert [h.shape for h in hidden] == [(64, 2), (64, 1), (64, 3)]
    assert len(np.unique(np.hstack(hidden), axis=0)) == 64


def test_random_parameters_have_the_documented_shapes():
    params = exact.random_parameters((4, 3, 2), 1.0, 0, gaussian=True)
    assert [a.shape for a in params.generative_coefs] == [(3, 4), (2, 3)]
    assert [a.shape for a in params.generative_intercepts] == [(4,), (3,), (2,)]
    assert [a.shape for a in params.recognition_coefs] == [(4, 3), (3, 2)]
    assert [a.shape for a in params.recognition_intercepts] == [(3,), (2,)]
    assert params.noise_variance.shape == (4,)
    assert exact.random_parameters((4, 3), 1.0, 0).noise_variance is None


def test_shapes_of_densities_and_bounds():
    params, X = make_case((3, 2, 2), "binary", n_rows=5)
    hidden = exact.hidden_states((3, 2, 2))
    assert exact.log_joint(params, X[0], hidden).shape == (16,)
    assert exact.log_recognition(params, X[0], hidden).shape == (16,)
    assert np.ndim(exact.log_joint(params, X[0], [h[3] for h in hidden])) == 0
    for function in (exact.log_likelihood, exact.free_energy, exact.kl_recognition_posterior):
        assert function(params, X).shape == (5,)


@pytest.mark.parametrize("n_units", SHAPES)
def test_joint_probabilities_sum_to_one(n_units):
    params, _ = make_case(n_units, "binary")
    hidden = exact.hidden_states(n_units)
    X = exact.all_states(n_units[0])
    total = sum(np.exp(exact.log_joint(params, x, hidden)).sum() for x in X)
    assert_allclose(total, 1.0, rtol=1e-13)
    assert_allclose(np.exp(exact.log_likelihood(params, X)).sum(), 1.0, rtol=1e-13)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_conditional_probabilities_sum_to_one(n_units, visible):
    params, X = make_case(n_units, visible)
    for x in X:
        assert_allclose(exact.posterior(params, x).sum(), 1.0, rtol=1e-13)
        assert_allclose(exact.recognition(params, x).sum(), 1.0, rtol=1e-13)


def test_gaussian_density_integrates_to_one():
    params, _ = make_case((1, 2, 2), "gaussian")

    def density(x):
        return np.exp(exact.log_likelihood(params, [[x]])[0])

    assert_allclose(integrate.quad(density, -20, 20)[0], 1.0, rtol=1e-7)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_densities_of_one_state_against_scipy(visible):
    params, X = make_case((2, 2, 1, 1), visible)
    W, b = params.generative_coefs, params.generative_intercepts
    R, r = params.recognition_coefs, params.recognition_intercepts
    x, h1, h2, h3 = X[0], np.array([1.0, 0.0]), np.array([1.0]), np.array([0.0])
    bern = stats.bernoulli.logpmf
    joint = bern(h3, special.expit(b[3])).sum()
    joint += bern(h2, special.expit(W[2].T @ h3 + b[2])).sum()
    joint += bern(h1, special.expit(W[1].T @ h2 + b[1])).sum()
    if visible == "gaussian":
        joint += stats.norm.logpdf(x, W[0].T @ h1 + b[0], np.sqrt(params.noise_variance)).sum()
    else:
        joint += bern(x, special.expit(W[0].T @ h1 + b[0])).sum()
    assert_allclose(exact.log_joint(params, x, [h1, h2, h3]), joint, rtol=1e-12)
    recognition = bern(h1, special.expit(R[0].T @ x + r[0])).sum()
    recognition += bern(h2, special.expit(R[1].T @ h1 + r[1])).sum()
    recognition += bern(h3, special.expit(R[2].T @ h2 + r[2])).sum()
    assert_allclose(exact.log_recognition(params, x, [h1, h2, h3]), recognition, rtol=1e-12)


def test_fractional_data_enter_linearly():
    params, X = make_case((3, 2, 2), "fractional")
    hidden = [np.array([1.0, 0.0]), np.array([0.0, 1.0])]
    eta = params.generative_coefs[0][0] + params.generative_intercepts[0]
    base = exact.log_joint(params, np.zeros(3), hidden)
    assert_allclose(exact.log_joint(params, X[0], hidden) - base, X[0] @ eta, rtol=1e-12)


def test_likelihood_of_one_hidden_layer_is_a_mixture():
    params, X = make_case((3, 2), "gaussian")
    density = np.zeros(len(X))
    for h in itertools.product((0.0, 1.0), repeat=2):
        prior = stats.bernoulli.pmf(h, special.expit(params.generative_intercepts[1])).prod()
        mean = np.array(h) @ params.generative_coefs[0] + params.generative_intercepts[0]
        covariance = np.diag(params.noise_variance)
        density += prior * stats.multivariate_normal.pdf(X, mean, covariance)
    assert_allclose(exact.log_likelihood(params, X), np.log(density), rtol=1e-12)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_free_energy_is_divergence_minus_log_likelihood(n_units, visible):
    params, X = make_case(n_units, visible)
    divergence = exact.kl_recognition_posterior(params, X)
    assert np.all(divergence > 1e-3)
    difference = exact.free_energy(params, X) - divergence
    assert_allclose(difference, -exact.log_likelihood(params, X), rtol=1e-12)


def test_free_energy_is_tight_when_recognition_is_the_posterior():
    params, X = make_case((3, 1), "gaussian")
    slope = params.generative_coefs[0][0]
    centre = params.generative_intercepts[0] + slope / 2.0
    params.recognition_coefs[0][:, 0] = slope / params.noise_variance
    offset = params.generative_intercepts[1][0] - np.sum(centre * slope / params.noise_variance)
    params.recognition_intercepts[0][0] = offset
    assert_allclose(exact.kl_recognition_posterior(params, X), 0.0, atol=1e-13)
    assert_allclose(exact.free_energy(params, X), -exact.log_likelihood(params, X), rtol=1e-12)


# Gradients


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_grad_log_joint_against_differences(n_units, visible):
    params, X = make_case(n_units, visible)
    for state in (1, -1):
        hidden = [h[state] for h in exact.hidden_states(n_units)]
        gradient = exact.grad_log_joint(params, X[0], hidden)
        assert_only(gradient, "generative", lambda p, h=hidden: exact.log_joint(p, X[0], h), params)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_grad_log_recognition_against_differences(n_units, visible):
    params, X = make_case(n_units, visible)
    for state in (1, -1):
        hidden = [h[state] for h in exact.hidden_states(n_units)]
        gradient = exact.grad_log_recognition(params, X[0], hidden)
        assert_only(
            gradient, "recognition", lambda p, h=hidden: exact.log_recognition(p, X[0], h), params
        )


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_wake_gradient_is_minus_the_free_energy_slope(n_units, visible):
    params, X = make_case(n_units, visible)
    gradient = exact.wake_gradient(params, X)
    assert_only(gradient, "generative", lambda p: exact.free_energy(p, X).sum(), params, sign=-1.0)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_likelihood_gradient_against_differences(n_units, visible):
    params, X = make_case(n_units, visible)
    gradient = exact.likelihood_gradient(params, X)
    assert_only(gradient, "generative", lambda p: exact.log_likelihood(p, X).sum(), params)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_posterior_recognition_gradient_against_differences(n_units, visible):
    params, X = make_case(n_units, visible)
    hidden = exact.hidden_states(n_units)

    def cross_entropy(p):
        return sum(exact.posterior(p, x) @ exact.log_recognition(p, x, hidden) for x in X)

    gradient = exact.posterior_recognition_gradient(params, X)
    assert_only(gradient, "recognition", cross_entropy, params)


@pytest.mark.parametrize("n_units", SHAPES)
def test_sleep_gradient_against_differences(n_units):
    params, _ = make_case(n_units, "binary")
    gradient = exact.sleep_gradient(params)
    assert_only(gradient, "recognition", exact.sleep_objective, params)


def test_sleep_gradient_is_the_likelihood_weighted_posterior_gradient():
    params, _ = make_case((3, 2, 2), "binary")
    expected = 0.0
    for x in exact.all_states(3):
        weight = np.exp(exact.log_likelihood(params, [x])[0])
        expected += weight * exact.flatten(exact.posterior_recognition_gradient(params, [x]))
    assert_allclose(exact.flatten(exact.sleep_gradient(params)), expected, atol=1e-13)


def test_sleep_gradient_refuses_gaussian_visible_units():
    params, _ = make_case((3, 2), "gaussian")
    with pytest.raises(ValueError, match="Gaussian"):
        exact.sleep_gradient(params)


def test_gradients_are_sums_over_rows():
    params, X = make_case((3, 2, 2), "gaussian")
    for function in (exact.wake_gradient, exact.likelihood_gradient):
        rows = sum(exact.flatten(function(params, X[i : i + 1])) for i in range(len(X)))
        assert_allclose(exact.flatten(function(params, X)), rows, atol=1e-12)


def test_gradients_leave_the_parameters_unchanged():
    params, X = make_case((3, 2), "binary")
    before = copy.deepcopy(params)
    exact.wake_gradient(params, X)
    exact.sleep_gradient(params)
    exact.reweighted_gradient(params, X, 2)
    for field in FIELDS:
        for old, new in zip(getattr(before, field), getattr(params, field), strict=True):
            assert np.array_equal(old, new)


# Many particles


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_one_particle_is_the_wake_phase(n_units, visible):
    params, X = make_case(n_units, visible)
    gradient = exact.reweighted_gradient(params, X, 1)
    wake = part(exact.wake_gradient(params, X), "generative")
    assert_allclose(part(gradient, "generative"), wake, rtol=1e-12, atol=1e-12)
    assert_allclose(part(gradient, "recognition"), 0.0, atol=1e-12)
    bound = exact.reweighted_bound(params, X, 1)
    assert_allclose(bound, -exact.free_energy(params, X), rtol=1e-12)


@pytest.mark.parametrize(("n_units", "visible"), CASES)
def test_bound_rises_with_the_particles_and_stays_below_the_likelihood(n_units, visible):
    params, X = make_case(n_units, visible)
    bounds = [exact.reweighted_bound(params, X, k) for k in (1, 2, 3, 4)]
    assert np.all(np.diff(bounds, axis=0) > 0)
    assert np.all(bounds[-1] < exact.log_likelihood(params, X))


@pytest.mark.parametrize("n_particles", [2, 3])
@pytest.mark.parametrize(("n_units", "visible"), [((3, 2), v) for v in VISIBLES])
def test_generative_part_is_the_slope_of_the_bound(n_units, visible, n_particles):
    params, X = make_case(n_units, visible)
    gradient = part(exact.reweighted_gradient(params, X, n_particles), "generative")
    slope = numerical_gradient(lambda p: exact.reweighted_bound(p, X, n_particles).sum(), params)
    assert_close(gradient, part(slope, "generative"))


@pytest.mark.parametrize("visible", VISIBLES)
def test_two_particles_against_a_double_loop(visible):
    params, X = make_case((3, 2), visible, n_rows=2)
    hidden = exact.hidden_states((3, 2))
    states = [[h[s] for h in hidden] for s in range(4)]
    total, bound = 0.0, np.zeros(len(X))
    for row, x in enumerate(X):
        p = np.exp([exact.log_joint(params, x, h) for h in states])
        q = np.exp([exact.log_recognition(params, x, h) for h in states])
        slopes = [
            exact.flatten(exact.grad_log_joint(params, x, h))
            + exact.flatten(exact.grad_log_recognition(params, x, h))
            for h in states
        ]
        for i, j in itertools.product(range(4), repeat=2):
            first, second = p[i] / q[i], p[j] / q[j]
            mean = (first * slopes[i] + second * slopes[j]) / (first + second)
            total = total + q[i] * q[j] * mean
            bound[row] += q[i] * q[j] * np.log((first + second) / 2.0)
    assert_allclose(exact.flatten(exact.reweighted_gradient(params, X, 2)), total, rtol=1e-10)
    assert_allclose(exact.reweighted_bound(params, X, 2), bound, rtol=1e-12)


def distances_to_the_limit(params, X, particles):
    """Return ``|reweighted(K) - limit|`` for both networks, shape ``(len(particles), 2)``."""
    generative = part(exact.likelihood_gradient(params, X), "generative")
    recognition = part(exact.posterior_recognition_gradient(params, X), "recognition")
    rows = []
    for n_particles in particles:
        gradient = exact.reweighted_gradient(params, X, n_particles)
        rows.append(
            (
                np.linalg.norm(part(gradient, "generative") - generative),
                np.linalg.norm(part(gradient, "recognition") - recognition),
            )
        )
    return np.array(rows)


@pytest.mark.parametrize("visible", VISIBLES)
@pytest.mark.parametrize("n_units", [(3, 2), (3, 2, 2), (2, 2, 1, 1)])
def test_gradient_approaches_the_likelihood_gradient(n_units, visible):
    params, X = make_case(n_units, visible)
    distances = distances_to_the_limit(params, X, (1, 2, 3))
    assert np.all(np.diff(distances, axis=0) < 0)


def test_bias_halves_as_the_particles_double():
    params, X = make_case((3, 1), "binary", scale=0.7)
    distances = distances_to_the_limit(params, X, (8, 16))
    ratio = distances[1] / distances[0]
    assert np.all((ratio > 0.4) & (ratio < 0.6))


def test_too_many_particle_tuples_are_refused():
    params, X = make_case((3, 2, 2), "binary")
    with pytest.raises(ValueError, match="too many"):
        exact.reweighted_bound(params, X, 8)


# Slow twins


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000",
         "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_philox_known_answers(counter, key, expected):
    def words(text):
        return tuple(int(word, 16) for word in text.split())

    assert naive.philox4x32_10(words(counter), words(key)) == words(expected)


def test_philox_takes_numpy_words():
    top = np.full(4, 0xFFFFFFFF, dtype=np.uint32)
    assert naive.philox4x32_10(top, top[:2])[0] == 0x408F276D


def test_product_is_the_affine_map():
    rng = np.random.default_rng(0)
    states, weights, intercept = rng.random((4, 5)), rng.random((5, 3)), rng.random(3)
    result = naive.product(states, weights, intercept)
    assert_allclose(result, states @ weights + intercept, rtol=1e-14)


def test_product_does_not_lose_small_terms():
    states, weights = np.array([[1.0, 1.0]]), np.array([[1e20], [1.0]])
    assert naive.product(states, weights, np.array([-1e20]))[0, 0] == 1.0


def test_bernoulli_log_prob_against_scipy():
    rng = np.random.default_rng(1)
    eta = 5.0 * rng.standard_normal((6, 4))
    x = rng.integers(0, 2, (6, 4))
    expected = stats.bernoulli.logpmf(x, special.expit(eta)).sum(axis=1)
    assert_allclose(naive.bernoulli_log_prob(x, eta), expected, rtol=1e-10)
    u = rng.random((6, 4))
    expected = np.sum(special.xlogy(u, special.expit(eta)) + (1 - u) * special.log_expit(-eta), 1)
    assert_allclose(naive.bernoulli_log_prob(u, eta), expected, rtol=1e-12)


def test_bernoulli_log_prob_is_stable():
    eta = np.array([[800.0], [-800.0], [800.0], [-800.0]])
    x = np.array([[1.0], [0.0], [0.0], [1.0]])
    assert_allclose(naive.bernoulli_log_prob(x, eta), [0.0, 0.0, -800.0, -800.0], rtol=0, atol=0)
    assert_allclose(naive.bernoulli_error(x, eta), [[0.0], [0.0], [-1.0], [1.0]], rtol=0, atol=0)
    tiny = naive.bernoulli_log_prob([[1.0]], [[40.0]])[0]
    assert_allclose(tiny, -np.exp(-40.0), rtol=1e-14)


def test_bernoulli_error_is_the_slope_of_the_log_prob():
    rng = np.random.default_rng(2)
    x, eta, step = rng.random((5, 1)), 3.0 * rng.standard_normal((5, 1)), 1e-5
    above, below = (naive.bernoulli_log_prob(x, eta + s) for s in (step, -step))
    slope = (above - below) / (2 * step)
    assert_close(naive.bernoulli_error(x, eta)[:, 0], slope)
    assert_allclose(naive.bernoulli_error(x, eta), x - special.expit(eta), rtol=1e-13)


def test_gaussian_log_prob_against_scipy():
    rng = np.random.default_rng(3)
    x, mean, variance = rng.random((5, 3)), rng.random((5, 3)), rng.uniform(0.01, 9.0, 3)
    expected = stats.norm.logpdf(x, mean, np.sqrt(variance)).sum(axis=1)
    assert_allclose(naive.gaussian_log_prob(x, mean, variance), expected, rtol=1e-12)


def test_self_normalise_against_scipy():
    log_w = np.array([[-1000.0, -1001.0, -1002.0], [900.0, 0.0, -np.inf], [0.3, 0.3, 0.3]])
    weights = naive.self_normalise(log_w)
    assert_allclose(weights, special.softmax(log_w, axis=1), rtol=1e-12)
    assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)
    expected = special.logsumexp(log_w, axis=1) - np.log(3.0)
    assert_allclose(naive.log_mean_weight(log_w), expected, rtol=1e-14)
    assert naive.logsumexp([-np.inf, -np.inf]) == -np.inf


def test_first_adam_step_moves_by_the_learning_rate():
    start, gradient, zero = np.zeros(3), np.array([5.0, -0.01, 0.0]), np.zeros(3)
    for step in (naive.adam_step, naive.adam_step_algorithm_1):
        down, _, _ = step(start, gradient, zero, zero, 1, learning_rate=0.1, epsilon=1e-12)
        assert_allclose(down, [-0.1, 0.1, 0.0], rtol=1e-8)
        up, _, _ = step(
            start, gradient, zero, zero, 1, learning_rate=0.1, ascend=True, epsilon=1e-12
        )
        assert_allclose(up, -down, rtol=0)


def test_adam_forms_differ_only_in_epsilon():
    rng = np.random.default_rng(4)
    p, g, m, v = rng.random((4, 5))
    one = naive.adam_step_algorithm_1(p, g, m, v, 7, epsilon=0.1)
    two = naive.adam_step(p, g, m, v, 7, epsilon=0.1 * np.sqrt(1.0 - 0.999**7))
    for first, second in zip(one, two, strict=True):
        assert_allclose(first, second, rtol=1e-13)


def test_adam_moments_unrolled():
    gradients = np.array([0.5, -1.5, 2.0])
    p, m, v = 1.0, 0.0, 0.0
    for step, gradient in enumerate(gradients, start=1):
        before = p
        p, m, v = naive.adam_step(p, gradient, m, v, step, beta_1=0.8, beta_2=0.9)
    assert_allclose(m, 0.2 * np.sum(gradients * [0.64, 0.8, 1.0]), rtol=1e-13)
    assert_allclose(v, 0.1 * np.sum(gradients**2 * [0.81, 0.9, 1.0]), rtol=1e-13)
    rate = 0.001 * np.sqrt(1 - 0.9**3) / (1 - 0.8**3)
    assert_allclose(p - before, -rate * m / (np.sqrt(v) + 1e-8), rtol=1e-9)


def test_momentum_by_hand():
    kwargs = {"learning_rate": 0.5, "momentum": 0.25}
    p, v = naive.sgd_momentum_step(1.0, 2.0, 4.0, **kwargs)
    assert (p, v) == (1.0, 0.0)
    p, v = naive.sgd_momentum_step(1.0, 2.0, 8.0, nesterov=True, **kwargs)
    assert (p, v) == (0.25, 1.0)
    p, v = naive.sgd_momentum_step(1.0, 2.0, 4.0, ascend=True, **kwargs)
    assert (p, v) == (3.0, 2.0)
