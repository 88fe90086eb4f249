"""Applications: what densities are good for, as estimators around any of them."""

from .generative_classifier import GenerativeClassifier
from .latent_imputer import LatentImputer

__all__ = ["GenerativeClassifier", "LatentImputer"]
