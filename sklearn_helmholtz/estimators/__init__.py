"""Estimators: the shells that scikit-learn knows."""

from .helmholtz_machine import HelmholtzMachine

__all__ = ["HelmholtzMachine"]
