"""One fitted-to-be estimator of each kind, small and quick, for tests of what all of them share."""

import numpy as np

from sklearn_helmholtz import (
    DeepBeliefNet,
    DeepBoltzmannMachine,
    FactorAnalysis,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
)

FEW = {"max_iter": 2, "batch_size": 20, "random_state": 0}
SHORT = {"max_iter": 20, "n_importance_samples": 4, "n_temperatures": 20, "random_state": 0}
REAL = {
    "factors": lambda: FactorAnalysis(1),
    "machine": lambda: HelmholtzMachine(3, visible="gaussian", **FEW),
    "net": lambda: SigmoidBeliefNet(3, visible="gaussian", **FEW),
    "latents": lambda: _latents(visible="gaussian"),
}
BINARY = {
    "machine": lambda: HelmholtzMachine((3, 2), **FEW),
    "wake-sleep": lambda: HelmholtzMachine(3, algorithm="wake-sleep", **FEW),
    "autoregressive": lambda: HelmholtzMachine(3, autoregressive=True, **FEW),
    "conditional units": lambda: HelmholtzMachine(
        3, autoregressive=True, n_conditional_units=2, **FEW
    ),
    "large": lambda: HelmholtzMachine(20, n_importance_samples=5, **FEW),
    "exact": lambda: SigmoidBeliefNet(3, inference="exact", **FEW),
    "mean-field": lambda: SigmoidBeliefNet(3, inference="mean-field", **FEW),
    "gibbs": lambda: SigmoidBeliefNet(3, inference="gibbs", **FEW),
    "nvil": lambda: SigmoidBeliefNet(3, inference="nvil", **FEW),
    "latents": lambda: _latents(),
    "deep belief": lambda: DeepBeliefNet((3, 2), pretrain_max_iter=2, n_chains=20, **FEW),
    "boltzmann": lambda: RestrictedBoltzmannMachine(3, n_iter=2, batch_size=20, random_state=0),
    "deep boltzmann": lambda: DeepBoltzmannMachine(
        (3, 2), pretrain=False, n_iter=2, batch_size=20, random_state=0
    ),
}


def _latents(**params):
    settings = {"hidden_layer_sizes": 3, "n_importance_samples": 50, **FEW}
    return GaussianHelmholtzMachine(2, **settings, **params)


def real_rows(n_rows=60, n_features=4):
    """Correlated real data, not centred."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((n_rows, 1))
    return 5 + 2 * shared + rng.standard_normal((n_rows, n_features))


def binary_rows(n_rows=60, n_features=4):
    """Correlated zeros and ones, float64."""
    rng = np.random.default_rng(1)
    shared = rng.random((n_rows, 1))
    return (rng.random((n_rows, n_features)) < 0.2 + 0.6 * shared).astype(np.float64)


def fitted_state(model):
    """All that a fit has set, by name, in a form that compares: pickles of values."""
    import pickle

    given = model.get_params(deep=False)
    return {k: pickle.dumps(v) for k, v in vars(model).items() if k not in given}
