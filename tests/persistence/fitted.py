"""Fitted estimators of every kind, and the difference of two of them in all that they hold."""

import dataclasses

import numpy as np
import pandas as pd
import polars as pl

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, SigmoidBeliefNet
from sklearn_helmholtz.columns import Layout
from tests.shells import BINARY, FEW, REAL, binary_rows, real_rows

_RNG = np.random.default_rng(0)
_GAPS = real_rows()
_GAPS[::7, 1] = np.nan
_NAMED = pd.DataFrame(real_rows(), columns=list("abcd"))
_COUNTS = np.random.default_rng(3).poisson(2, (60, 4)).astype(np.float64)


def mixed_frame(n_rows=60, seed=0):
    """Columns of all kinds: levels that are text, truth values and numbers, and gaps."""
    rng = np.random.default_rng(seed)
    job = rng.choice(["a", "b", "c"], n_rows)
    found = {
        "sex": pd.Categorical(rng.choice(["f", "m"], n_rows)),
        "job": pd.Categorical(np.where(rng.random(n_rows) < 0.2, None, job), list("cbad")),
        "grade": pd.Categorical(rng.integers(1, 4, n_rows), [1, 2, 3], ordered=True),
        "is_old": rng.random(n_rows) < 0.5,
        "n": rng.poisson(3, n_rows),
        "x": rng.normal(size=n_rows).round(1),
        "z": rng.normal(size=n_rows).astype(np.float32),
    }
    return pd.DataFrame(found)


def polars_frame():
    found = mixed_frame()
    columns = {name: found[name].to_numpy() for name in ("is_old", "n", "x", "z")}
    jobs = pl.Series(found["job"].astype(object).where(found["job"].notna(), None).tolist())
    return pl.DataFrame({**columns, "job": jobs.cast(pl.Enum(list("cbad")))})


def _mixed(**params):
    return HelmholtzMachine(3, **FEW, **params)


_FRAME = mixed_frame()
_KINDS = {"visible": {"z": "gaussian"}}
CASES = {
    **{f"{name} of reals": (make, real_rows()) for name, make in REAL.items()},
    **{f"{name} of bits": (make, binary_rows()) for name, make in BINARY.items()},
    "counts": (lambda: HelmholtzMachine(3, visible="poisson", **FEW), _COUNTS),
    "names": (lambda: HelmholtzMachine(np.int64(2), visible="gaussian", **FEW), _NAMED),
    "autoregressive reals": (
        lambda: HelmholtzMachine([3], visible="gaussian", autoregressive=True, **FEW), _GAPS,
    ),
    "sgd": (lambda: SigmoidBeliefNet(3, inference="exact", solver="sgd", **FEW), binary_rows()),
    "held out": (lambda: HelmholtzMachine(3, early_stopping=True, **FEW), binary_rows()),
    "factors with gaps": (lambda: FactorAnalysis(1, tol=1e-3), _GAPS),
    "oblique factors": (lambda: FactorAnalysis(2, rotation="promax"), _NAMED),
    "isotropic": (lambda: FactorAnalysis(2, noise="isotropic"), real_rows()),
    "mixed": (lambda: _mixed(**_KINDS), _FRAME),
    "autoregressive mixed": (lambda: _mixed(autoregressive=True, **_KINDS), _FRAME),
    "few mixed": (
        lambda: _mixed(autoregressive=True, **_KINDS), _FRAME[["job", "grade", "is_old", "z"]],
    ),
    "polars": (lambda: _mixed(visible={"z": ("real", 0.01)}), polars_frame()),
    "array of kinds": (
        lambda: _mixed(visible=["categorical", "count"]),
        np.column_stack([_RNG.integers(0, 3, 60), _RNG.poisson(2, 60)]).astype(np.float64),
    ),
    "truth values": (lambda: _mixed(visible="mixed"), _FRAME[["sex", "is_old"]]),
}  # fmt: skip


def difference(one, other, path="estimator"):
    """Where two values first differ in anything, types and bits included; None if nowhere."""
    if isinstance(one, float) and isinstance(other, float):
        return None if one == other else path
    if type(one) is not type(other):
        return f"{path}: {type(one)} and {type(other)}"
    if isinstance(one, np.ndarray):
        return None if _are_same(one, other) else path
    if isinstance(one, Layout):
        return difference(one.columns, other.columns, f"{path}.columns")
    pairs = _parts(one), _parts(other)
    if pairs[0] is None:
        return None if one == other else path
    if pairs[0].keys() != pairs[1].keys():
        return f"{path}: {pairs[0].keys() ^ pairs[1].keys()}"
    found = (difference(pairs[0][key], pairs[1][key], f"{path}.{key}") for key in pairs[0])
    return next((place for place in found if place), None)


def _parts(value):
    if isinstance(value, dict):
        return value
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def _are_same(one, other):
    traits = [(a.dtype, a.shape, a.flags.c_contiguous, a.flags.writeable) for a in (one, other)]
    if traits[0] != traits[1]:
        return False
    if one.dtype == object:
        return [(type(a), a) for a in one.ravel()] == [(type(a), a) for a in other.ravel()]
    return one.tobytes("A") == other.tobytes("A")
