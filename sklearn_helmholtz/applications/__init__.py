"""Applications: what densities are good for, as estimators around any of them."""

from .density_mixture import DensityMixture
from .generative_classifier import GenerativeClassifier
from .latent_anomaly_detector import LatentAnomalyDetector
from .latent_classifier import LatentClassifier
from .latent_imputer import LatentImputer
from .transformed_density import TransformedDensity

__all__ = [
    "DensityMixture",
    "GenerativeClassifier",
    "LatentAnomalyDetector",
    "LatentClassifier",
    "LatentImputer",
    "TransformedDensity",
]
