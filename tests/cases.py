"""Machines, data and random numbers that several tests share, and the way to the oracles."""

import numpy as np
import pytest
from scipy import stats

from sklearn_helmholtz import HelmholtzMachine, _keys, _tree
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.layers import Nade
from sklearn_helmholtz.learning import Place
from sklearn_helmholtz.machines import assemble
from sklearn_helmholtz.rows import Block, Table
from sklearn_helmholtz.units import Bernoulli, Gaussian
from tests import exact

NETS = [(4, 3), (4, 3, 2), (3, 2, 2, 2)]  # units from the data upward: 1, 2 and 3 hidden layers
VISIBLES = ["binary", "fractional", "gaussian"]
ORDERED = [f"ordered {visible}" for visible in VISIBLES]  # units depend on those before them
NEURAL = "neural ordered binary"  # the same, also by way of deterministic units
CASES = [(n_units, visible) for n_units in NETS for visible in VISIBLES]
CASES += [(n_units, visible) for n_units in NETS[:2] for visible in ORDERED]
CASES += [(NETS[0], NEURAL)]
N_CONDITIONAL = 3
SEED = (1, 2, 3, 4)


def machine_of(params):
    """The package's machine with the parameters of an oracle, rounded to float32."""
    noise = params.noise_variance
    lists = (
        params.generative_coefs,
        params.generative_intercepts,
        params.recognition_coefs,
        params.recognition_intercepts,
    )
    visible = Bernoulli() if noise is None else Gaussian.from_variance(noise)
    laterals = params.generative_lateral_coefs
    if laterals is not None:
        laterals = [_single(array) for array in laterals]
    return assemble(
        *([_single(array) for array in arrays] for arrays in lists), visible, laterals,
        _nade_of(params),
    )  # fmt: skip


def _nade_of(params):
    if params.generative_conditional_coefs is None:
        return None
    incoming, outgoing = params.generative_conditional_coefs
    return Nade(*map(_single, (incoming, params.generative_conditional_intercepts[0], outgoing.T)))


def params_of(machine):
    """The parameters of a machine, exactly as it holds them, for the oracles."""
    down, up = machine.generation.conditionals[::-1], machine.recognition.conditionals
    units = machine.visible.units
    return exact.Parameters(
        generative_coefs=[_double(c.map.weights) for c in down[:-1]],
        generative_intercepts=[_double(c.map.intercept) for c in down],
        recognition_coefs=[_double(c.map.weights) for c in up],
        recognition_intercepts=[_double(c.map.intercept) for c in up],
        noise_variance=_double(units.variance) if isinstance(units, Gaussian) else None,
        generative_lateral_coefs=_laterals(down),
        **_conditional_parts(down),
    )


def gradient_of(machine, gradient):
    """A gradient in the form of a machine as an `exact.Gradient`."""
    down, up = gradient.generation.conditionals[::-1], gradient.recognition.conditionals
    units = machine.visible.units
    noise = None
    if isinstance(units, Gaussian):  # d/dlog v = d/dlog(v - floor) * v / (v - floor)
        variance = _double(units.variance)
        noise = _double(gradient.generation.conditionals[-1].units.log_excess) * variance
        noise /= np.exp(_double(units.log_excess))
    return exact.Gradient(
        generative_coefs=[_double(c.map.weights) for c in down[:-1]],
        generative_intercepts=[_double(c.map.intercept) for c in down],
        recognition_coefs=[_double(c.map.weights) for c in up],
        recognition_intercepts=[_double(c.map.intercept) for c in up],
        log_noise_variance=noise,
        generative_lateral_coefs=_laterals(down),
        **_conditional_parts(down),
    )


def _conditional_parts(down):
    """What leads to and from the deterministic units, if there are any, by name."""
    if down[0].lateral is None or down[0].lateral.nade is None:
        return {}
    nade = down[0].lateral.nade
    return {
        "generative_conditional_coefs": [_double(nade.incoming), _double(nade.outgoing.T)],
        "generative_conditional_intercepts": [_double(nade.intercept)],
    }


def _laterals(down):
    if down[0].lateral is None:
        return None
    return [_double(c.lateral.weights) for c in down]


def make_case(n_units, visible, n_rows=3, scale=1.0, seed=0):
    """A machine, its parameters for the oracles, and rows of data of the kernels' type."""
    drawn = _draw(n_units, visible, scale, seed + 1)
    machine = machine_of(drawn)
    return machine, params_of(machine), make_rows(n_units[0], visible, n_rows, seed)


def small_machine(n_units, visible, scale=1.5, seed=1, n_idle=0, **params):
    """An estimator, and its stored parameters in float64 for the oracles.

    n_idle : further units of the first hidden layer, which the oracles leave out: no data depend on
    them, but machines of more than 14 hidden units are not enumerated.
    """
    drawn = _draw(n_units, visible, scale, seed)
    model = _estimator(with_idle_units(drawn, n_idle), params)
    return model, stored(model) if not n_idle else stored(_estimator(drawn, {}))


def _draw(n_units, visible, scale, seed):
    return exact.random_parameters(
        n_units, scale, seed, gaussian="gaussian" in visible, autoregressive="ordered" in visible,
        n_conditional=N_CONDITIONAL if "neural" in visible else 0,
    )  # fmt: skip


def _estimator(drawn, params):
    return HelmholtzMachine.from_parameters(
        drawn.generative_coefs, drawn.generative_intercepts, drawn.recognition_coefs,
        drawn.recognition_intercepts, noise_variance=drawn.noise_variance,
        generative_lateral_coefs=drawn.generative_lateral_coefs, **_conditional(drawn), **params,
    )  # fmt: skip


def _conditional(drawn):
    """The deterministic units of conditionals as `from_parameters` takes them, if any."""
    if drawn.generative_conditional_coefs is None:
        return {}
    return {
        "generative_conditional_coefs": drawn.generative_conditional_coefs,
        "generative_conditional_intercepts": drawn.generative_conditional_intercepts[0],
    }


def with_idle_units(params, n):
    """A net with n more units in the first hidden layer, which generate nothing."""
    rng = np.random.default_rng(n)
    (down, *coefs), (up, *recognition) = params.generative_coefs, params.recognition_coefs
    bottom, first, *intercepts = params.generative_intercepts
    n_features = down.shape[1]
    coefs = [*(np.hstack([c, rng.normal(size=(len(c), n))]) for c in coefs[:1]), *coefs[1:]]
    recognition = [
        *(np.vstack([r, np.zeros((n, r.shape[1]))]) for r in recognition[:1]), *recognition[1:]
    ]  # fmt: skip
    return exact.Parameters(
        [np.vstack([down, np.zeros((n, n_features))]), *coefs],
        [bottom, np.append(first, rng.normal(size=n)), *intercepts],
        [np.hstack([up, rng.normal(size=(n_features, n))]), *recognition],
        [np.append(params.recognition_intercepts[0], rng.normal(size=n)),
         *params.recognition_intercepts[1:]],
        params.noise_variance,
        _with_idle_laterals(params.generative_lateral_coefs, n),
        params.generative_conditional_coefs,
        params.generative_conditional_intercepts,
    )  # fmt: skip


def _with_idle_laterals(laterals, n):
    """Lateral weights where the n further units of the first hidden layer touch no others."""
    if laterals is None:
        return None
    visible, first, *others = laterals
    return [visible, np.pad(first, (0, n)), *others]


def stored(model):
    """The parameters of an estimator in the user's units, float64."""
    lists = (
        "generative_coefs_", "generative_intercepts_", "recognition_coefs_",
        "recognition_intercepts_",
    )  # fmt: skip
    noise = getattr(model, "noise_variance_", None)
    return exact.Parameters(
        *([_double(array) for array in getattr(model, name)] for name in lists),
        noise_variance=None if noise is None else _double(noise),
        generative_lateral_coefs=None
        if not model.autoregressive
        else [_double(array) for array in model.generative_lateral_coefs_],
        **_stored_conditional(model),
    )


def _stored_conditional(model):
    if not getattr(model, "n_conditional_units", 0):
        return {}
    coefs = [_double(array) for array in model.generative_conditional_coefs_]
    intercepts = [_double(model.generative_conditional_intercepts_)]
    return {
        "generative_conditional_coefs": coefs, "generative_conditional_intercepts": intercepts,
    }  # fmt: skip


def assert_frequencies(numbers, probabilities, level=1e-3):
    """Independent draws of numbers from 0 have these probabilities, by a chi-square test.

    What is expected fewer than five times is taken together.
    """
    probabilities = np.asarray(probabilities, np.float64)
    assert probabilities.sum() == pytest.approx(1)
    counts = np.bincount(numbers, minlength=len(probabilities))
    assert not counts[probabilities == 0].any()
    order = np.argsort(-probabilities)
    counts, expected = counts[order], len(numbers) * probabilities[order]
    common = (expected >= 5).sum()
    last = common if expected[common:].sum() >= 5 else common - 1
    starts = np.arange(min(last + 1, len(expected)))
    counts, expected = (np.add.reduceat(values, starts) for values in (counts, expected))
    assert len(counts) > 2
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert stats.chi2.sf(statistic, len(counts) - 1) > level


def make_rows(n_features, visible, n_rows, seed=0):
    """Rows of data: uint8 zeros and ones, or float32."""
    rng = np.random.default_rng(seed)
    if "gaussian" in visible:
        return (1.5 * rng.standard_normal((n_rows, n_features))).astype(np.float32)
    uniform = rng.uniform(0.02, 0.98, (n_rows, n_features))
    if "fractional" in visible:
        return uniform.astype(np.float32)
    return (uniform < 0.5).astype(np.uint8)


def all_rows(n_features):
    """All 2^d rows of zeros and ones, uint8."""
    return exact.all_states(n_features).astype(np.uint8)


def make_draws(n_rows, n_particles=1, *, purpose=Purpose.WAKE, first=0, start=0, step=1):
    """Random numbers as training addresses them."""
    addresses = _keys.training_addresses(step, start, start + n_rows)
    return Draws(_keys.key(SEED, purpose), addresses, n_particles, first)


def rows_of(x):
    """The table of which a block of rows is all."""
    if isinstance(x, Block):
        return Table(x.values, False, fill_values=x.fill_values)
    return Table(x, x.dtype == np.uint8)


def place_of(numbers):
    """Where a block stands that has some rows of a table, and of a minibatch all."""
    numbers = np.asarray(numbers)
    return Place(numbers, 0, len(numbers), len(numbers))


def empty_gradient(machine):
    """Room for a gradient, filled with NaN so that what is not written shows."""
    gradient = _tree.copy(machine)
    for leaf in _tree.leaves(gradient):
        leaf[...] = np.nan
    return gradient


def state_numbers(states):
    """Each row of zeros and ones as a number, in the order of `exact.all_states`."""
    return np.asarray(states, np.int64) @ (1 << np.arange(states.shape[1])[::-1])


def _single(array):
    return np.ascontiguousarray(array, np.float32)


def _double(array):
    return np.array(array, np.float64)
