"""Applications: what densities are good for, as estimators around any of them."""

from .generative_classifier import GenerativeClassifier

__all__ = ["GenerativeClassifier"]
