"""Estimators that hold fitted estimators, in archives."""

from ..applications import (
    DensityMixture,
    GenerativeClassifier,
    LatentAnomalyDetector,
    LatentClassifier,
    LatentImputer,
)
from . import classifiers, detectors, imputers, mixtures

KINDS = {
    kind.__name__: kind
    for kind in (
        DensityMixture,
        GenerativeClassifier,
        LatentAnomalyDetector,
        LatentClassifier,
        LatentImputer,
    )
}
#: What writes and reads each, and the attributes that are written.
STATES = {
    "DensityMixture": (mixtures.write_mixture, mixtures.read_mixture, mixtures.RECORDS),
    "GenerativeClassifier": (
        classifiers.write_generative_classifier, classifiers.read_generative_classifier,
        classifiers.GENERATIVE_RECORDS,
    ),
    "LatentAnomalyDetector": (
        detectors.write_detector, detectors.read_detector, detectors.RECORDS
    ),
    "LatentClassifier": (
        classifiers.write_latent_classifier, classifiers.read_latent_classifier,
        classifiers.LATENT_RECORDS,
    ),
    "LatentImputer": (imputers.write_imputer, imputers.read_imputer, imputers.RECORDS),
}  # fmt: skip


def estimators_in(estimator):
    """The estimators that an estimator holds, fitted or not, and itself, which comes first."""
    held = [getattr(estimator, name, None) for name in ("estimator", "estimator_")]
    held += getattr(estimator, "estimators_", [])
    return [estimator, *(inner for inner in held if inner is not None)]
