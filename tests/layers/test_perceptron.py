"""Perceptrons against the same in float64, and the map of a prior that learns nothing."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _tree
from sklearn_helmholtz._workspace import Workspace
from sklearn_helmholtz.layers import Affine, Origin, Perceptron
from sklearn_helmholtz.rows import Coded, Lists
from sklearn_helmholtz.units import Ability
from tests import cases
from tests import gaussian_latents as oracle
from tests.gaussian_machines import flat, net_of, random_net

N_PARENTS, N_ROWS = 5, 4
SIZES = {"affine": (5, 3), "one layer": (5, 6, 3), "two layers": (5, 6, 4, 3)}
each_net = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
each_activation = pytest.mark.parametrize("activation", ["tanh", "relu"])


def real_rows():
    return np.random.default_rng(4).normal(size=(N_ROWS, N_PARENTS)).astype(np.float32)


def coded_rows(bits):
    """Rows of three bits and two real numbers, of as many columns as there are codes."""
    code = real_rows()
    bits = (code[:, :3] > 0).astype(bits)
    return Coded(
        code.astype(np.float64), code, bits, np.ascontiguousarray(code[:, 3:]), np.arange(N_PARENTS)
    )


FORMS = {
    "bits": lambda: (real_rows() > 0).astype(np.uint8),
    "real": real_rows,
    "lists": lambda: Lists.from_dense(np.where(real_rows() > 0, real_rows(), 0)),
    "coded": lambda: coded_rows(np.uint8),
    "coded and filled": lambda: coded_rows(np.float32),
}
in_forms = pytest.mark.parametrize("make_parents", FORMS.values(), ids=FORMS)


def doubles_of(parents):
    if isinstance(parents, Coded):
        return np.float64(parents.code)
    return np.float64(parents.toarray() if isinstance(parents, Lists) else parents)


def random_error(n_units=3):
    return np.random.default_rng(5).normal(size=(N_ROWS, n_units)).astype(np.float32)


def expected_slopes(net, parents, error):
    """Central differences of ``sum error eta`` by the parameters, in float64."""
    parents, error = doubles_of(parents), np.float64(error)
    return flat(oracle.slopes(lambda n: (error * n(parents)).sum(), net, lambda n: n.arrays))


def of_gradient(out):
    return flat(net_of(out).arrays)


def random_perceptron(sizes, activation):
    """One none of whose inputs is near a kink, so that differences are slopes."""
    net = random_net(sizes, activation, np.random.default_rng(1))
    for number, each in enumerate(net.maps[:-1]):
        for make in FORMS.values():
            eta = Perceptron(net.maps[: number + 1], activation).doubles(doubles_of(make()))
            assert abs(eta).min() > 1e-4
            assert each.n_outputs == sizes[number + 1]
    return net


@each_net
@each_activation
@in_forms
def test_perceptrons_are_those_of_the_oracle(sizes, activation, make_parents):
    net, parents = random_perceptron(sizes, activation), make_parents()
    expected = net_of(net)(doubles_of(parents))
    assert_allclose(net.forward(parents), expected, rtol=1e-5, atol=2e-6)
    assert_allclose(net.doubles(doubles_of(parents)), expected, rtol=1e-12)
    out = np.full(expected.shape, np.nan, np.float32)
    assert net.forward(parents, Workspace(), out) is out
    assert_array_equal(out, net.forward(parents))
    trace = net.trace(parents)
    assert trace[0] is parents
    assert_array_equal(trace[-1], out)
    assert [len(states) for states in trace] == [N_ROWS] * len(sizes)
    assert (net.n_inputs, net.n_outputs) == (sizes[0], sizes[-1])
    products = sum(a * b for a, b in itertools.pairwise(sizes))
    assert (net.n_products, net.n_terms) == (products, 1 + sizes[-2])


@each_net
@each_activation
@in_forms
def test_derivatives_of_perceptrons_are_slopes(sizes, activation, make_parents):
    net, parents, error = random_perceptron(sizes, activation), make_parents(), random_error()
    expected, work = expected_slopes(net_of(net), parents, error), Workspace()
    learns = {
        "gradient": lambda out, add: net.gradient(parents, error.copy(), out, add),
        "learn": lambda out, add: net.learn(net.trace(parents, work), error.copy(), out, add, work),
        "pull": lambda out, add: net.learn_and_pull(net.trace(parents), error.copy(), out, add),
    }
    for learn in learns.values():
        out = cases.empty_gradient(net)
        learn(out, False)
        assert_allclose(of_gradient(out), expected, rtol=1e-4, atol=1e-5)
        for leaf in _tree.leaves(out):
            leaf[...] = 1
        learn(out, True)
        assert_allclose(of_gradient(out), 1 + expected, rtol=1e-4, atol=1e-5)


@each_net
@each_activation
def test_derivatives_by_parents_are_slopes(sizes, activation):
    net, parents, error = random_perceptron(sizes, activation), real_rows(), random_error()
    exact, step = net_of(net), 1e-6
    expected = np.empty((N_ROWS, N_PARENTS))
    for j in range(N_PARENTS):
        ends = [exact(parents + sign * step * np.eye(N_PARENTS)[j]) for sign in (1, -1)]
        expected[:, j] = (error * (ends[0] - ends[1])).sum(axis=1) / (2 * step)
    room = np.full((N_ROWS, N_PARENTS), np.nan, np.float32)
    before = error.copy()
    found = [
        net.pullback(parents, error),
        net.pullback(parents, error, Workspace(), room),
        net.learn_and_pull(net.trace(parents), error, cases.empty_gradient(net)),
    ]
    assert found[1] is room
    for each in found:
        assert_allclose(each, expected, rtol=1e-4, atol=1e-5)
    assert_array_equal(error, before)


@each_net
@each_activation
@pytest.mark.parametrize(
    ("lowest", "highest"),
    [(0.0, 1.0), (-2.0, 0.5), (-np.inf, np.inf), (0.0, np.inf), ("array", "array")],
)
def test_extremes_contain_all_inputs(sizes, activation, lowest, highest):
    net, rng = random_net(sizes, activation, np.random.default_rng(2)), np.random.default_rng(3)
    if lowest == "array":
        lowest, highest = np.array([-1, 0, -np.inf, 2, -3.0]), np.array([1, 0.5, 4, np.inf, -2])
    ends = [np.clip(np.broadcast_to(end, N_PARENTS), -50, 50) for end in (lowest, highest)]
    parents = rng.uniform(*ends, (4000, N_PARENTS))
    corners = np.where(rng.random(parents.shape) < 0.5, *ends)
    eta = net_of(net)(np.concatenate([parents, corners]))
    low, high = net.extremes(lowest, highest)
    assert low.dtype == high.dtype == np.float64
    assert (low <= eta.min(axis=0)).all()
    assert (eta.max(axis=0) <= high).all()
    if activation == "tanh" and len(sizes) > 2:
        weights, intercept = net_of(net).maps[-1]
        size = abs(weights).sum(axis=0) + 1e-9
        assert (abs(low - intercept) <= size).all()
        assert (abs(high - intercept) <= size).all()


@each_activation
def test_extremes_of_single_hidden_units_are_reached(activation):
    """Where no two ways lead from a parent to an output, outer bounds are the extremes."""
    rng = np.random.default_rng(0)
    first, second = (np.diag(rng.normal(size=3)).astype(np.float32) for _ in range(2))
    zeros = np.array([0.2, -0.1, 0.4], np.float32)
    net = Perceptron((Affine(first, zeros), Affine(second, zeros)), activation)
    parents = np.stack([np.zeros(3), np.ones(3)])
    eta = net_of(net)(parents)
    assert_allclose(net.extremes(), [eta.min(axis=0), eta.max(axis=0)], rtol=1e-12)


def test_perceptrons_do_what_depends_on_no_affine_form():
    net = random_net((5, 3), "tanh", np.random.default_rng(0))
    assert net.abilities == {Ability.ENUMERATE, Ability.ANNEAL, Ability.ELLIPTICAL}


def test_the_origin_is_zero_and_learns_nothing():
    origin, room = Origin(3), np.full((1, 3), np.nan, np.float32)
    assert_array_equal(origin.forward(None), np.zeros((1, 3), np.float32))
    assert origin.forward(None).dtype == np.float32
    assert origin.forward(None, Workspace(), room) is room
    assert_array_equal(room, [[0, 0, 0]])
    assert_array_equal(origin.doubles(None), [[0, 0, 0]])
    assert_array_equal(origin.extremes(-np.inf, np.inf), np.zeros((2, 3)))
    assert (origin.n_inputs, origin.n_outputs, origin.n_products, origin.n_terms) == (0, 3, 0, 0)
    assert _tree.leaves(origin) == []
    error = np.ones((4, 3), np.float32)
    origin.gradient(None, error, origin)
    origin.learn(origin.trace(None), error, origin)
    assert origin.pullback(None, error).shape == (4, 0)
    assert origin.learn_and_pull(origin.trace(None), error, origin).shape == (4, 0)
