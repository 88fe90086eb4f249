"""Rules of Boltzmann machines: expected steps are those that enumeration has."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from sklearn_helmholtz import _tree
from sklearn_helmholtz.learning import (
    ContrastiveDivergence,
    PersistentLearning,
)
from sklearn_helmholtz.learning.chains import Centre
from sklearn_helmholtz.learning.phases import centre
from sklearn_helmholtz.machines import assemble_boltzmann
from tests.boltzmann_machines import (
    joint_given,
    log_joint_table,
    make_boltzmann,
    states,
)
from tests.boltzmann_steps import (
    ROWS,
    WEIGHTS,
    block_of,
    flat,
    hidden_given,
    kernel_of,
    positive,
    share_of,
    slope,
    stationary_hidden,
    step_of,
)
from tests.learning.test_learning import assert_expectation

N_STEPS = 300


def stationary_steps(rule, machine, x, n_chains, n_steps=N_STEPS, **more):
    """Steps from chains, and chains of gaps, that are drawn by enumeration."""
    rng = np.random.default_rng(0)
    hidden = stationary_hidden(machine, n_steps * n_chains, rng).reshape(n_steps, n_chains, -1)
    gaps = [None] * n_steps
    if x.has_missing:
        gaps = hidden_given(machine, x.toarray(), rng, n_steps)
    shares = (share_of(*pair, **more) for pair in zip(hidden, gaps, strict=True))
    return np.array([step_of(rule, machine, x, s, t)[0] for t, s in enumerate(shares)])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["binary", "fractions", "listed", "gaps", "listed gaps"])
@pytest.mark.parametrize(("n_steps", "n_chains"), [(1, 40), (3, 7)])
def test_the_expected_step_of_stationary_chains_is_the_slope(form, weighted, n_steps, n_chains):
    machine, weights = make_boltzmann(), WEIGHTS if weighted else None
    x = block_of(form, weights)
    steps = stationary_steps(PersistentLearning(n_steps), machine, x, n_chains)
    assert_expectation(steps, slope(machine, x.toarray(), weights))


@pytest.mark.parametrize("form", ["binary", "fractions", "listed", "gaps"])
@pytest.mark.parametrize("rule", [PersistentLearning(centred=True), PersistentLearning()])
def test_centred_steps_are_linear_images(form, rule):
    machine, x = make_boltzmann(), block_of(form)
    offsets = Centre(np.linspace(0.1, 0.9, 6), np.linspace(0.2, 0.6, 5))
    steps = stationary_steps(rule, machine, x, 20, centre=offsets if rule.centred else None)
    expected = _tree.copy(machine)
    for leaf, part in zip(
        _tree.leaves(expected), split(machine, slope(machine, x.toarray())), strict=True
    ):
        leaf[...] = part
    if rule.centred:
        centre(expected, offsets)
    assert_expectation(steps, flat(expected))


def split(machine, vector):
    """A vector in the order of `flat` as arrays."""
    shapes = [leaf.shape for leaf in _tree.leaves(machine)]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [
        part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)
    ]


def centred_by_definition(machine, X, mu, mean):
    """``<(v - mu)(h - lambda)'>`` of rows less that of the machine, and so on, by enumeration."""
    n, m = machine.n_units
    W, c = (part.astype(np.float64) for part in (machine.weights, machine.hidden_intercept))
    table = np.exp(log_joint_table(machine))
    v, h, p = states(n), states(m), table / table.sum()
    of_rows = sum(np.outer(x - mu, expit(c + x @ W) - mean) for x in X)
    of_machine = (v - mu).T @ p @ (h - mean)
    plain = split(machine, slope(machine, X))
    by_weights = of_rows - len(X) * of_machine
    return by_weights, plain[1] - by_weights.T @ mu, plain[2] - by_weights @ mean


def test_centring_is_that_of_its_definition():
    machine, X = make_boltzmann(), ROWS.astype(np.float64)
    mu, mean = np.linspace(0.1, 0.9, 6), np.linspace(0.2, 0.6, 5)
    out = _tree.copy(machine)
    for leaf, part in zip(_tree.leaves(out), split(machine, slope(machine, X)), strict=True):
        leaf[...] = part
    centre(out, Centre(mu, mean))
    for found, expected in zip(
        _tree.leaves(out), centred_by_definition(machine, X, mu, mean), strict=True
    ):
        assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("centred", [True, False])
def test_only_centred_steps_do_not_care_which_value_is_called_one(centred):
    """An exact step for rows, and one for rows with columns flipped, from flipped parameters."""
    machine, X, flips = make_boltzmann(), ROWS.astype(np.float64), np.array([1, 0, 1, 1, 0, 0])

    def flipped(net):
        sign = 1.0 - 2 * flips
        W, c, b = (np.asarray(part, np.float64) for part in _tree.leaves(net))
        return assemble_boltzmann(sign[:, None] * W, c + flips @ W, sign * b, b)

    def stepped(net, rows, mu):
        out = _tree.copy(net)
        for leaf, part in zip(_tree.leaves(out), split(net, slope(net, rows)), strict=True):
            leaf[...] = part
        if centred:
            centre(out, Centre(mu, mean))
        moved = [
            old + 0.1 * new for old, new in zip(_tree.leaves(net), _tree.leaves(out), strict=True)
        ]
        return _tree.with_leaves(net, moved)

    mu, mean = X.mean(axis=0), np.linspace(0.2, 0.6, 5)
    one = flipped(stepped(machine, X, mu))
    other = stepped(flipped(machine), np.abs(X - flips), np.abs(mu - flips))
    apart = np.abs(flat(one) - flat(other)).max()
    assert apart < 2e-6 if centred else apart > 0.01


def divergence_steps(machine, X, n_steps):
    """The expected step of each row by contrastive divergence, by enumeration of its kernel."""
    to_data, to_hidden = kernel_of(machine)
    v, h = (states(n) for n in machine.n_units)
    W, c = (np.asarray(part, np.float64) for part in _tree.leaves(machine)[:2])
    means, steps = expit(c + v @ W), []
    for x in X:
        p = expit(c + x @ W)
        hidden = np.prod(np.where(h, p, 1 - p), axis=1)
        for _ in range(n_steps - 1):
            hidden = hidden @ to_data @ to_hidden
        data = hidden @ to_data
        ended = [(v * data[:, None]).T @ means, data @ means, data @ v]
        steps.append(positive(machine, x) - np.concatenate([part.ravel() for part in ended]))
    return np.array(steps)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["binary", "fractions", "listed"])
@pytest.mark.parametrize("n_steps", [1, 3])
def test_contrastive_divergence_has_the_expectation_of_its_kernel(n_steps, form, weighted):
    machine, weights = make_boltzmann(), WEIGHTS if weighted else np.ones(3)
    x, rule = block_of(form, weights if weighted else None), ContrastiveDivergence(n_steps)
    steps = np.array([step_of(rule, machine, x, None, number)[0] for number in range(1500)])
    assert_expectation(steps, weights @ divergence_steps(machine, x.toarray(), n_steps))


def test_contrastive_divergence_fills_gaps_from_what_is_observed():
    """Chains of gaps in equilibrium: rows are completions, and chains start in those."""
    machine, x, rng = make_boltzmann(), block_of("gaps"), np.random.default_rng(0)
    rule, gaps = ContrastiveDivergence(), hidden_given(machine, x.toarray(), rng, 1500)
    steps = [step_of(rule, machine, x, share_of(None, own), t)[0] for t, own in enumerate(gaps)]
    of_states, expected = divergence_steps(machine, states(6), 1), 0
    for row in x.toarray():
        expected = expected + joint_given(machine, row).sum(axis=1) @ of_states
    assert_expectation(np.array(steps), expected)
