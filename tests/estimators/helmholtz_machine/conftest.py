"""Fitted machines that tests of several methods share."""

import numpy as np
import pytest

from sklearn_helmholtz import HelmholtzMachine
from tests.estimators.helmholtz_machine.builders import DATA, FRACTIONAL, machine


@pytest.fixture(scope="module", params=["bernoulli", "fractional", "gaussian"])
def fitted(request):
    """A fitted machine of 7 hidden units and its data."""
    X = FRACTIONAL if request.param == "fractional" else DATA[request.param]
    return machine(max_iter=20).fit(X), X


@pytest.fixture(scope="module", params=["binary", "fractional", "gaussian"])
def wide(request):
    """A machine that is scored by importance sampling, on rows of 784 features."""
    X = np.random.default_rng(0).random((150, 784))
    X[:100] = X[:100] < 0.3
    if request.param == "binary":
        X = (X < 0.5).astype(np.uint8)
    if request.param == "gaussian":
        X = 100 * X - 30
    return HelmholtzMachine((60, 20), max_iter=1, n_importance_samples=7, random_state=0).fit(X), X
