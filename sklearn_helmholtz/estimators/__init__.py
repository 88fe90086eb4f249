"""Estimators: the shells that scikit-learn knows."""

from .comparison import compare_log_likelihood
from .helmholtz_machine import HelmholtzMachine
from .monitoring import HeldOutLikelihood

__all__ = ["HeldOutLikelihood", "HelmholtzMachine", "compare_log_likelihood"]
