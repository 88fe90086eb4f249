"""Fitted estimators of every kind, and the difference of two of them in all that they hold."""

import dataclasses

import numpy as np
import pandas as pd
import polars as pl
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator

from sklearn_helmholtz import (
    DeepBeliefNet,
    DeepBoltzmannMachine,
    DensityMixture,
    DeterministicHelmholtzMachine,
    FactorAnalysis,
    GaussianHelmholtzMachine,
    GenerativeClassifier,
    HelmholtzMachine,
    IndependentComponents,
    LatentAnomalyDetector,
    LatentClassifier,
    LatentImputer,
    OrdinalFactorAnalysis,
    RestrictedBoltzmannClassifier,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
    SlowFeatureAnalysis,
    SparseCoding,
)
from sklearn_helmholtz.columns import Layout
from sklearn_helmholtz.machines import BaseColumns, BaseNormals, BaseRates
from tests.shells import BINARY, FEW, REAL, SHORT, binary_rows, real_rows

_RNG = np.random.default_rng(0)
_GAPS = real_rows()
_GAPS[::7, 1] = np.nan
_NAMED = pd.DataFrame(real_rows(), columns=list("abcd"))
_SOON = {"n_init": 1, "shrinkage": 0.1, "max_iter": 3}
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


def item_frame():
    """Items of two, three and four levels on two factors: truth values, numbers and words."""
    rng = np.random.default_rng(1)
    factors = np.repeat(rng.normal(size=(300, 2)), 3, axis=1)
    y = 1.2 * factors + rng.normal(size=(300, 6))
    kind = pd.CategoricalDtype(["no", "maybe", "yes"], ordered=True)
    return pd.DataFrame({
        "a": y[:, 0] > 0.3,
        "b": pd.Categorical.from_codes(np.digitize(y[:, 1], [-1, 1]), dtype=kind),
        "c": np.digitize(y[:, 2], [-1, 0, 1]),
        "d": y[:, 3] > -0.5,
        "e": np.digitize(y[:, 4], [-0.5, 0.8]) + 0.5,
        "f": y[:, 5] > 0.1,
    })  # fmt: skip


def _boltzmann(n_components=3, **params):
    return RestrictedBoltzmannMachine(n_components, n_iter=2, random_state=0, **params)


def _deep_belief(sizes=(3, 2), **params):
    return DeepBeliefNet(sizes, pretrain_max_iter=2, n_chains=7, **FEW, **params)


def _deep(*sizes, **params):
    return DeepBoltzmannMachine(sizes, n_iter=2, random_state=0, **params)


def _mixed(**params):
    return HelmholtzMachine(3, **FEW, **params)


_FRAME = mixed_frame()
_ITEMS = np.digitize(real_rows(200), [4, 5.5]).astype(np.float64)
_ITEMS[::7, 1] = np.nan
_KINDS = {"visible": {"z": "gaussian"}}
CASES = {
    **{f"{name} of reals": (make, real_rows()) for name, make in REAL.items()},
    **{f"{name} of bits": (make, binary_rows()) for name, make in BINARY.items()},
    "counts": (lambda: HelmholtzMachine(3, visible="poisson", **FEW), _COUNTS),
    "names": (lambda: HelmholtzMachine(np.int64(2), visible="gaussian", **FEW), _NAMED),
    "ordered columns": (
        lambda: HelmholtzMachine(
            3, autoregressive=True, column_order=[2, 0, 3, 1], **FEW
        ),
        real_rows(),
    ),
    "autoregressive reals": (
        lambda: HelmholtzMachine([3], visible="gaussian", autoregressive=True, **FEW), _GAPS,
    ),
    "sgd": (lambda: SigmoidBeliefNet(3, inference="exact", solver="sgd", **FEW), binary_rows()),
    "deterministic": (lambda: DeterministicHelmholtzMachine((3, 2), **FEW), binary_rows()),
    "deterministic reals": (lambda: DeterministicHelmholtzMachine((3, 2), **FEW), _GAPS),
    "sigmoid": (
        lambda: DeterministicHelmholtzMachine(3, activation="sigmoid", solver="sgd", **FEW),
        binary_rows(),
    ),
    "lbfgs": (
        lambda: DeterministicHelmholtzMachine(3, solver="lbfgs", **FEW), binary_rows(),
    ),
    "Boltzmann machine": (_boltzmann, binary_rows()),
    "Boltzmann machine with chains for log Z": (
        lambda: _boltzmann(20, centred=True, n_chains=7), np.tile(binary_rows(), (1, 5)),
    ),
    "Boltzmann machine of reals": (_boltzmann, _GAPS),
    "Boltzmann machine of reals with chains for log Z": (lambda: _boltzmann(16), _NAMED),
    "Boltzmann machine that is not averaged": (lambda: _boltzmann(averaging=False), binary_rows()),
    "Boltzmann machine of mixed columns": (_boltzmann, _FRAME.drop(columns="n")),
    "Boltzmann machine of levels with chains for log Z": (
        lambda: _boltzmann(16, visible="mixed"),
        _FRAME[["sex", "job", "grade", "is_old"] * 4].set_axis(list("abcdefghijklmnop"), axis=1),
    ),
    "deep Boltzmann machine": (lambda: _deep(3, 2, pretrain=False), binary_rows()),
    "deep Boltzmann machine with chains for log Z": (
        lambda: _deep(20, 3, 2, positive_phase="gibbs", n_chains=7),
        np.tile(binary_rows(), (1, 5)),
    ),
    "contrastive divergence": (lambda: _boltzmann(negative_phase="cd"), binary_rows()),
    "deep belief net with chains for log Z": (
        lambda: _deep_belief((20, 18, 17)), np.tile(binary_rows(), (1, 5)),
    ),
    "deep belief net of reals": (lambda: _deep_belief(fine_tune="up-down"), _GAPS),
    "deep belief net that is not averaged": (
        lambda: _deep_belief(pretrain=False, averaging=False), _NAMED,
    ),
    "held out": (lambda: HelmholtzMachine(3, early_stopping=True, **FEW), binary_rows()),
    "factors with gaps": (lambda: FactorAnalysis(1, tol=1e-3), _GAPS),
    "oblique factors": (lambda: FactorAnalysis(2, rotation="promax"), _NAMED),
    "isotropic": (lambda: FactorAnalysis(2, noise="isotropic"), real_rows()),
    "sources": (lambda: IndependentComponents(density="mixture", **_SOON), _NAMED),
    "fewer sources": (lambda: IndependentComponents(2, **_SOON), real_rows()),
    "sources of infomax": (lambda: IndependentComponents(density="logistic", **_SOON), _NAMED),
    "sources of sparse codes": (
        lambda: IndependentComponents(2, density="laplace", **_SOON), real_rows(),
    ),
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
    "items": (lambda: OrdinalFactorAnalysis(2, rotation="oblimin"), item_frame()),
    "items by likelihood": (
        lambda: OrdinalFactorAnalysis(estimation="likelihood", max_iter=100), _ITEMS,
    ),
    "correlated latents": (
        lambda: GaussianHelmholtzMachine(
            2, hidden_layer_sizes=(4, 3), covariance="full", activation="relu",
            missing_indicator=True, visible=_KINDS["visible"], **FEW), _FRAME,
    ),
    "dictionary": (lambda: SparseCoding(3, **SHORT), real_rows()),
    "many atoms": (lambda: SparseCoding(6, **SHORT), _NAMED),
    "truth values": (lambda: _mixed(visible="mixed"), _FRAME[["sex", "is_old"]]),
}  # fmt: skip


#: Models of sequences, whose rows have no scores of their own.
SEQUENCES = {
    "slow features": (lambda: SlowFeatureAnalysis(2), _NAMED),
    "slow features over a lag": (
        lambda: SlowFeatureAnalysis(lag=2).set_output(transform="pandas"), real_rows(),
    ),
    "slow features with noise": (lambda: SlowFeatureAnalysis(2, noise="diagonal"), _GAPS),
}  # fmt: skip


def _machine(**params):
    return HelmholtzMachine(2, **FEW, **params)


def _imputer(estimator=None, **params):
    return LatentImputer(estimator, add_indicator=True, random_state=0, **params)


def _mixture(estimator):
    return DensityMixture(estimator, 2, random_state=0)


def _detector(estimator, **params):
    return LatentAnomalyDetector(estimator, n_draws=20, random_state=0, **params)


_PART = np.arange(60) % 3
_WORDS = np.array(["a", "bc"])[_PART // 2]
_SOME = np.where(_PART == 1, None, _WORDS.astype(object))
_EMPTY = _FRAME[["job", "x"]].assign(none=np.nan)
_COLUMN_OF_NONE = np.column_stack([_GAPS, np.full(60, np.nan)])


def _classifier(**params):
    return RestrictedBoltzmannClassifier(3, n_iter=2, batch_size=20, random_state=0, **params)


#: Classifiers that hold no others: makers, and what they are fitted to.
CLASSIFIERS = {
    "boltzmann classifier": (_classifier, binary_rows(), _SOME),
    "discriminative": (lambda: _classifier(generative=0, momentum=0.5), _NAMED, _WORDS),
    "generative": (lambda: _classifier(generative=np.inf, early_stopping=True), _NAMED, _PART),
}
#: Estimators that hold others: makers, and what they are fitted to.
HOLDERS = {
    "imputer": (lambda: _imputer(FactorAnalysis(1), keep_empty_features=True), _COLUMN_OF_NONE),
    "imputer of counts": (
        lambda: LatentImputer(_machine(visible="poisson"), strategy="sample", random_state=0),
        csr_matrix(_COUNTS),
    ),
    "mixed imputer": (lambda: _imputer(_machine()).set_output(transform="pandas"), _EMPTY),
    "detector": (lambda: _detector(FactorAnalysis(1)), _GAPS),
    "detector of bits": (lambda: _detector(_machine(), contamination=0.1), binary_rows()),
    "mixed detector": (lambda: _detector(_machine()), _FRAME),
    "polars detector": (lambda: _detector(_machine(autoregressive=True)), polars_frame()),
    "latent classifier": (lambda: LatentClassifier(_machine()), _GAPS[:, :2], _PART),
    "mixed latent classifier": (lambda: LatentClassifier(_machine()), _EMPTY[["job", "x"]], _SOME),
    "mixture": (lambda: _mixture(_machine(autoregressive=True)), binary_rows()),
    "mixed mixture": (lambda: _mixture(_machine()), _EMPTY[["job", "x"]]),
    "generative classifier": (
        lambda: GenerativeClassifier(FactorAnalysis(1), priors=[0.25, 0.75]), _NAMED, _WORDS,
    ),
    "machines of classes": (
        lambda: GenerativeClassifier(_machine(), max_iter=2), _FRAME[["x", "is_old"]], _SOME,
    ),
}  # fmt: skip


def difference(one, other, path="estimator"):
    """Where two values first differ in anything, types and bits included; None if nowhere."""
    if isinstance(one, float) and isinstance(other, float):
        return None if one == other or np.isnan([one, other]).all() else path
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
    if isinstance(value, BaseRates | BaseNormals | BaseColumns):
        return vars(value)
    if isinstance(value, BaseEstimator):
        return {"_schema": None, "_weights": None, **vars(value)}
    if isinstance(value, dict):
        return value
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if type(value).__module__.startswith("sklearn_helmholtz.") and hasattr(value, "__dict__"):
        return vars(value)
    return None


def _are_same(one, other):
    traits = [(a.dtype, a.shape, a.flags.c_contiguous, a.flags.writeable) for a in (one, other)]
    if traits[0] != traits[1]:
        return False
    if one.dtype == object:
        return [(type(a), a) for a in one.ravel()] == [(type(a), a) for a in other.ravel()]
    return one.tobytes("A") == other.tobytes("A")
