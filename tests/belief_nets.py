"""Belief nets and rows that tests of `SigmoidBeliefNet` share, for each way to infer."""

import numpy as np
import pytest

from sklearn_helmholtz import SigmoidBeliefNet
from tests import exact
from tests.cases import make_rows

INFERENCES = {
    "exact": {"inference": "exact"},
    "mean-field": {"inference": "mean-field"},
    "gibbs": {"inference": "gibbs"},
    "nvil": {"inference": "nvil"},
    "vimco": {"inference": "nvil", "n_particles": 3},
}
VISIBLES = ["binary", "fractional", "gaussian"]
each_inference = pytest.mark.parametrize("params", INFERENCES.values(), ids=INFERENCES)
each_visible = pytest.mark.parametrize("visible", VISIBLES)
in_order_or_not = pytest.mark.parametrize("autoregressive", [False, True])


def data(visible="binary", n=40, d=5, seed=0):
    """Rows with a common cause, real ones of different places and spreads."""
    rng = np.random.default_rng(seed)
    cause = rng.random((n, 1)) < 0.5
    if visible == "gaussian":
        z = 2.0 * cause + rng.normal(scale=0.5, size=(n, d))
        return z * 10.0 ** np.arange(-1, d - 1) + 3 * np.arange(d)
    X = np.where(rng.random((n, d)) < 0.8, cause, ~cause).astype(np.float64)
    return np.clip(X, 0.05, 0.9) if visible == "fractional" else X


def with_gaps(X, share=0.3, seed=1):
    """The same rows with missing values, the second of them with nothing else."""
    gaps = np.random.default_rng(seed).random(X.shape) < share
    gaps[0], gaps[1] = False, True
    return np.where(gaps, np.nan, X)


def net(sizes=(3, 2), **params):
    defaults = {"max_iter": 3, "batch_size": 15, "n_importance_samples": 20, "random_state": 0}
    return SigmoidBeliefNet(**{"hidden_layer_sizes": sizes, **defaults, **params})


def parameters(model):
    names = ("generative_coefs_", "generative_intercepts_", "generative_lateral_coefs_")
    names += ("recognition_coefs_", "recognition_intercepts_")
    arrays = [array for name in names for array in getattr(model, name, [])]
    return [*arrays, getattr(model, "noise_variance_", np.zeros(0))]


def given(n_units, visible="binary", inference="mean-field", scale=1.5, seed=1, **params):
    """A net with random parameters, and what it stores of them, for the oracles."""
    drawn = exact.random_parameters(
        n_units, scale, seed, gaussian="gaussian" in visible, autoregressive="ordered" in visible
    )
    recognition = {}
    if inference == "nvil":
        recognition = {
            "recognition_coefs": drawn.recognition_coefs,
            "recognition_intercepts": drawn.recognition_intercepts,
        }
    model = SigmoidBeliefNet.from_parameters(
        drawn.generative_coefs, drawn.generative_intercepts, inference=inference,
        generative_lateral_coefs=drawn.generative_lateral_coefs,
        noise_variance=drawn.noise_variance, **recognition, **params,
    )  # fmt: skip
    return model, oracle_of(model, drawn)


def oracle_of(model, drawn):
    """The public attributes as parameters of the enumeration oracle.

    Which has a recognition net, whether the model does or not.
    """
    drawn = {f"{name}_": value for name, value in vars(drawn).items()}
    names = ("generative_coefs_", "generative_intercepts_")
    names += ("recognition_coefs_", "recognition_intercepts_")
    lists = [[np.float64(array) for array in getattr(model, name, drawn[name])] for name in names]
    laterals = getattr(model, "generative_lateral_coefs_", None)
    noise = getattr(model, "noise_variance_", None)
    return exact.Parameters(
        *lists,
        None if noise is None else np.float64(noise),
        None if laterals is None else [np.float64(array) for array in laterals],
    )


def first_rows(visible, n_features, n=6):
    return make_rows(n_features, visible, n).astype(np.float64)
