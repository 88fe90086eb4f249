"""What several tests of benchmarks share."""

import pytest

from benchmarks import mixed_densities


@pytest.fixture
def few_classes(monkeypatch):
    monkeypatch.setattr(mixed_densities, "N_CLASSES", (1, 2, 4))
    monkeypatch.setattr(mixed_densities, "N_STARTS", 1)
