"""Small machines of mixed columns with random weights, and their enumeration in float64."""

import dataclasses
import itertools

import numpy as np
import pandas as pd

from sklearn_helmholtz import HelmholtzMachine, _tree
from sklearn_helmholtz.estimators.attributes import fitted_attributes
from tests import exact

SIZES = (4, 3, 2)  # levels of the columns: ordinal, categorical, binary
KINDS = {"grade": "ordinal", "job": "categorical", "flag": "bernoulli"}
N_HIDDEN = 3


def all_rows():
    """All 24 rows, (24, 3) float64, the last column fastest."""
    return np.array(list(itertools.product(*map(range, SIZES))), np.float64)


def training_rows(n=60, seed=0):
    """Some rows that hold every level."""
    rng = np.random.default_rng(seed)
    rows = all_rows()
    return np.concatenate([rows, rows[rng.integers(0, len(rows), n)]])


def make_machine(autoregressive, n_idle=0, seed=0, scale=1.0, **params):
    """An estimator whose weights are random.

    n_idle : further hidden units, which touch no others: machines of more than 14 are not
    enumerated.
    """
    params = {"n_importance_samples": 400, **params}
    machine = HelmholtzMachine(
        N_HIDDEN + n_idle, visible=list(KINDS.values()), autoregressive=autoregressive,
        max_iter=1, random_state=0, **params,
    ).fit(training_rows())  # fmt: skip
    return with_random_weights(machine, seed, scale)


def with_random_weights(machine, seed=0, scale=1.0):
    """The estimator with a copy of its machine whose weights are new; intercepts move a little.

    Hidden units beyond `N_HIDDEN` touch no others.
    """
    model, rng = machine._model, np.random.default_rng(seed)
    net = _tree.copy(model.machine)
    *hidden, visible = net.generation.conditionals

    def fill(array):
        array[...] = rng.normal(scale=scale, size=array.shape)

    for conditional in net.recognition.conditionals:
        fill(conditional.map.weights)
        fill(conditional.map.intercept)
    for conditional in (visible, *hidden):
        conditional.map.intercept[...] += rng.normal(scale=scale / 2, size=conditional.n_units)
    fill(visible.map.weights)
    visible.map.weights[N_HIDDEN:] = 0
    if machine.autoregressive:
        for conditional in (visible, *hidden):
            fill(conditional.lateral.weights)
        visible.lateral.weights[...] *= later(model)
        own = hidden[-1].lateral.weights
        own[...] = np.triu(own, 1)
        own[:, N_HIDDEN:] = 0
    changed = dataclasses.replace(model, machine=net)
    machine._become({**vars(machine), **fitted_attributes(changed)})
    return machine


def later(model):
    """Whether the column of each input comes after that of each code."""
    layout = model.encoding.scaling
    return layout.code_columns[:, None] < layout.input_columns


def log_joint(machine, rows):
    """Log p(x, h) of rows and of states of units that are not idle, nats, (n_rows, 2^3)."""
    layout = machine._model.encoding.scaling
    states = exact.all_states(N_HIDDEN)
    weights = np.float64(machine.generative_coefs_[0])[:N_HIDDEN]
    visible, prior = (np.float64(b) for b in machine.generative_intercepts_)
    top = np.tile(prior[:N_HIDDEN], (len(states), 1))
    eta = (states @ weights + visible)[None].repeat(len(rows), axis=0)
    if machine.autoregressive:
        lateral, hidden = (np.float64(a) for a in machine.generative_lateral_coefs_)
        top = top + states @ hidden[:N_HIDDEN, :N_HIDDEN]
        code = np.empty((len(rows), len(layout.code_columns)))
        for j, column in enumerate(layout.columns):
            code[:, layout.codes_of(j)] = np.concatenate(column.code(rows[:, j]), axis=1)
        eta = eta + (code @ lateral)[:, None]
    log_p = (states * top - np.logaddexp(0, top)).sum(axis=1) + np.zeros((len(rows), 1))
    for j, column in enumerate(layout.columns):
        log_p += column.log_prob(rows[:, j, None], eta[..., layout.inputs_of(j)])
    return log_p


def probabilities(machine):
    """p(x) of `all_rows`, (24,)."""
    return np.exp(log_joint(machine, all_rows())).sum(axis=1)


def given(machine, x):
    """p(row | observed values of x), (24,)."""
    seen = ~np.isnan(x)
    p = probabilities(machine) * (all_rows()[:, seen] == x[seen]).all(axis=1)
    return p / p.sum()


def numbers_of(rows):
    """Where rows stand among `all_rows`."""
    return np.ravel_multi_index(np.asarray(rows).astype(int).T, SIZES)


def table(n=80, seed=0, missing=0.0):
    """A DataFrame of all kinds of columns."""
    rng = np.random.default_rng(seed)
    cause = rng.random(n) < 0.5
    frame = pd.DataFrame({
        "job": pd.Categorical(np.where(cause, "a", rng.choice(list("abc"), n))),
        "length": np.round(rng.normal(170 + 15 * cause, 8), 1),
        "grade": pd.Categorical(
            rng.choice(["low", "mid", "high"], n), ["low", "mid", "high"], ordered=True
        ),
        "flag": rng.random(n) < 0.2 + 0.5 * cause,
        "visits": rng.poisson(2 + 4 * cause),
        "noise": rng.normal(size=n),
    })  # fmt: skip
    if missing:
        gaps = rng.random(frame.shape) < missing
        gaps[:, 3] = False  # truth values of NumPy cannot be missing
        frame = frame.mask(gaps)
        frame["flag"] = frame["flag"].astype(bool)
    return frame
