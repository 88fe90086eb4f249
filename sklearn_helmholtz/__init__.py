"""Helmholtz machines and their relatives: latent-variable density models for scikit-learn."""

from ._version import __version__
from .estimators import HelmholtzMachine

__all__ = ["HelmholtzMachine", "__version__"]
