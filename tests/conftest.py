"""Settings that must hold before anything else is imported."""

import gc
import os

import pytest

# scikit-learn's check of array API input needs SciPy's support, which is decided at its import.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Matrices of tests are small: threads of BLAS only wait for each other where workers share cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Kernels compare the shapes of their arguments with those that they declare.
os.environ.setdefault("SKLEARN_HELMHOLTZ_CHECK_SHAPES", "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect tests, all of which stay: the garbage collector never looks at them.

    There are millions of objects, and it would take seconds each time, in whatever test it came.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def short_chains(monkeypatch):
    """Features by Gibbs sampling come from few sweeps, for tests that do not ask how good they are.

    Two chains of six sweeps each way go through all that ten chains of a hundred go through.
    """
    from sklearn_helmholtz.estimators import ways

    monkeypatch.setattr(ways, "_CHAINS", 2)
    monkeypatch.setattr(ways, "_SWEEPS", 6)


@pytest.fixture
def step_by_step(monkeypatch):
    """Training takes one step at a time, as tests want it that watch each of them."""
    from sklearn_helmholtz._gradients import BlockGradients

    monkeypatch.setattr(BlockGradients, "most_together", lambda gradients, *_: 1)
