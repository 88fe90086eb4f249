"""Oracles and blocks for the learning rules of belief nets.

What a rule makes of the states that it drew is compared with the oracles for those very states;
that such steps are gradients in the mean is estimated from independent blocks.
"""

import copy

import numpy as np

from sklearn_helmholtz import _tree
from sklearn_helmholtz._workspace import Workspace
from sklearn_helmholtz.learning.passes import infer_by_recognition
from sklearn_helmholtz.learning.score_function import Rewards
from sklearn_helmholtz.machines import Helmholtz, with_baselines
from sklearn_helmholtz.rows import Block
from tests import cases, exact
from tests.blocks import as_block
from tests.cases import make_case, make_draws

PATTERNS = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
N_BLOCKS, ROWS_OF_A_BLOCK = 50, 1200
SAMPLED = [  # net, data, whether values are missing
    ((4, 3), "binary", False),
    ((4, 3, 2), "fractional", False),
    ((3, 2, 2, 2), "binary", False),
    ((4, 3), "gaussian", True),
    ((4, 3, 2), "binary", True),
    ((4, 3, 2), "ordered binary", False),
    ((4, 3), "ordered gaussian", False),
    ((4, 3), "ordered fractional", True),
    ((4, 2), "ordered gaussian", True),
]


def make_rows_with_gaps(n_units, visible, missing, n_rows=4, scale=1.0):
    """A machine, the parameters of its oracle, rows in the form of blocks, and as the oracles'."""
    machine, params, X = make_case(n_units, visible, n_rows, scale)
    if not missing:
        return machine, params, X, X.astype(np.float64)
    values = np.where(PATTERNS[:n_rows, : n_units[0]], np.nan, X).astype(np.float32)
    return machine, params, Block(values, stand_in_of(values)), values.astype(np.float64)


def stand_in_of(values):
    return np.linspace(0.2, 0.9, values.shape[1]).astype(np.float32)


def slopes(objective, params, step=1e-4):
    """Difference quotients of fourth order of ``objective(params)`` by all parameters, flat."""
    params, gradient = copy.deepcopy(params), exact.zero_gradient(params)
    names = ("generative_coefs", "generative_intercepts", "recognition_coefs")
    pairs = [
        (array, target)
        for name in (*names, "recognition_intercepts", "generative_lateral_coefs")
        for array, target in zip(
            getattr(params, name) or [], getattr(gradient, name) or [], strict=True
        )
    ]
    for array, target in pairs:
        lateral = any(array is weights for weights in params.generative_lateral_coefs or [])
        for index in np.ndindex(array.shape):
            if lateral and index[0] >= index[1]:
                continue
            value, results = array[index], []
            for distance in (-2, -1, 1, 2):
                array[index] = value + distance * step
                results.append(objective(params))
            array[index] = value
            target[index] = quotient(results, step)
    if params.noise_variance is not None:
        for i, value in enumerate(params.noise_variance):
            results = []
            for distance in (-2, -1, 1, 2):
                params.noise_variance[i] = value * np.exp(distance * step)
                results.append(objective(params))
            params.noise_variance[i] = value
            gradient.log_noise_variance[i] = quotient(results, step)
    return exact.flatten(gradient)


def quotient(results, step):
    far_below, below, above, far_above = results
    return (8 * (above - below) - (far_above - far_below)) / (12 * step)


def log_observed(params, X):
    """Log p of what is observed of each row."""
    return np.array([exact._log_sum_exp(exact.log_joint_observed(params, x)) for x in X])


def flat(machine, out):
    """A step as a vector in the order of the oracles; of nets without recognition with zeros."""
    if isinstance(out, Helmholtz):
        return exact.flatten(cases.gradient_of(machine, out))
    still = _tree.zeros_like(machine.recognition).tree
    return exact.flatten(cases.gradient_of(machine, Helmholtz(out.generation, still)))


def tiled(x, n_rows):
    """A block that repeats some rows."""
    if isinstance(x, Block):
        return Block(np.resize(x.values, (n_rows, x.values.shape[1])), x.fill_values)
    return np.resize(x, (n_rows, x.shape[1]))


def run_blocks(rule, machine, learner, x, means=None, n_blocks=N_BLOCKS, n_rows=ROWS_OF_A_BLOCK):
    """Steps and bounds, divided by rows, of independent blocks that repeat some rows.

    means : running means of rewards that there were before, or None.
    """
    block, work, steps, bounds = tiled(x, n_rows), Workspace(), [], []
    for number in range(n_blocks):
        out, where = cases.empty_gradient(learner), {"start": number * n_rows}
        wake = make_draws(n_rows, rule.n_particles, **where)
        memory = () if means is None else (share_of(means),)
        bounds.append(
            rule.gradient(learner, as_block(block), wake, None, out, work, *memory) / n_rows
        )
        steps.append(flat(machine, out) / n_rows)
        work.reset()
    return np.array(steps), np.array(bounds)


def share_of(means, variances=None):
    """What a block sees of rewards with given running means and variances."""
    rewards = Rewards(len(means))
    rewards.means = np.asarray(means, np.float64)
    if variances is not None:
        rewards.variances = np.asarray(variances, np.float64)
    return rewards.take(cases.place_of([0]))


def judged(machine, scale=0.4, seed=0):
    """A machine with baselines that expect something."""
    rng = np.random.default_rng(seed)
    learner = with_baselines(machine, rng)
    for leaf in _tree.leaves(learner.baselines):
        leaf += scale * rng.normal(size=leaf.shape)
    return learner


def drawn(machine, x, n_particles=1):
    """The hidden layers of the explanations that a rule draws, float64, particles together."""
    hidden = infer_by_recognition(machine, as_block(x), make_draws(len(x), n_particles))[0].hidden
    return [layer.astype(np.float64) for layer in hidden]


DRAWN_GAPS = [case for case in SAMPLED if case[2] and "ordered" in case[1]]
REWARDED = [case for case in SAMPLED if case not in DRAWN_GAPS]
