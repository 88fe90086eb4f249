"""What several tests of benchmarks share."""

import pytest
from threadpoolctl import threadpool_limits

from benchmarks import mixed_densities


@pytest.fixture
def few_classes(monkeypatch):
    monkeypatch.setattr(mixed_densities, "N_CLASSES", (1, 2, 4))
    monkeypatch.setattr(mixed_densities, "N_STARTS", 1)


@pytest.fixture(autouse=True)
def _one_thread_of_openmp():
    """Threads of rivals wait for each other in a loop where workers share cores."""
    with threadpool_limits(1, user_api="openmp"):
        yield
