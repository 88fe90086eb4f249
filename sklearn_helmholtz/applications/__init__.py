"""Applications: what densities are good for, as estimators around any of them."""

from .generative_classifier import GenerativeClassifier
from .latent_imputer import LatentImputer

__all__ = ["GenerativeClassifier", "LatentImputer"]
"""Applications: transformers and detectors made of a density model of whole tables."""

from .latent_anomaly_detector import LatentAnomalyDetector
from .latent_imputer import LatentImputer

__all__ = ["LatentAnomalyDetector", "LatentImputer"]
