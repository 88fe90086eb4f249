"""Classifiers by densities in archives."""

import numpy as np

from ..applications.label_column import LabelColumn
from ..applications.measures import check_same_measure
from ..estimators.class_labels import ClassLabels
from .classes import read_classes, write_classes
from .held import check_held, set_features

GENERATIVE_RECORDS = frozenset(
    {"class_count_", "class_prior_", "classes_", "estimators_", "feature_names_in_", "loglike_",
     "n_features_in_", "n_iter_"}
)  # fmt: skip
LATENT_RECORDS = frozenset(
    {"_label", "classes_", "estimator_", "feature_names_in_", "n_features_in_"}
)


def write_generative_classifier(part, classifier, write_density):
    """Write what a fitted `GenerativeClassifier` has learnt."""
    write_classes(part, classifier.classes_)
    part.array("class_count", classifier.class_count_)
    part.array("class_prior", classifier.class_prior_)
    if classifier.loglike_ is None:
        part.nothing("n_iter")
    else:
        part.whole("n_iter", classifier.n_iter_)
        part.array("loglike", np.array(classifier.loglike_, np.float64))
    held = classifier.estimators_
    for number, own in enumerate(part.parts("estimators", len(held))):
        write_density(own, held[number], f"estimator.estimators_[{number}]")


def read_generative_classifier(part, classifier, n_features, names, read_density):
    """Let a classifier become the fitted one that was written."""
    held = [read_density(own) for own in part.parts("estimators")]
    if len({type(density) for density in held}) != 1:
        raise ValueError("its densities are none, or not of one class")
    for density in held:
        check_held(density, classifier, n_features, names)
    n = len(held)
    classes = read_classes(part, n)
    check_same_measure(held, classes, names)
    classifier._checked_priors(ClassLabels(classes, np.arange(n)))
    classifier.classes_, classifier.estimators_ = classes, held
    classifier.class_count_ = part.array("class_count", np.float64, (n,), low=0)
    classifier.class_prior_ = part.array("class_prior", np.float64, (n,), low=0, high=1)
    if not np.isclose(classifier.class_prior_.sum(), 1):
        raise ValueError("its class_prior are no probabilities that sum to 1")
    classifier.loglike_, classifier.n_iter_ = None, 1
    if not part.is_nothing("n_iter"):
        classifier.n_iter_ = n_iter = part.whole("n_iter", 1)
        classifier.loglike_ = part.array("loglike", np.float64, (n_iter,), finite=False).tolist()
    set_features(classifier, n_features, names)


def write_latent_classifier(part, classifier, write_density):
    """Write what a fitted `LatentClassifier` has learnt."""
    write_classes(part, classifier.classes_)
    write_density(part.part("estimator"), classifier.estimator_, "estimator.estimator_")


def read_latent_classifier(part, classifier, n_features, names, read_density):
    """Let a classifier become the fitted one that was written."""
    held = read_density(part.part("estimator"))
    label = _read_label(held, n_features)
    all_names = None if names is None else [*names, label.name]
    check_held(held, classifier, n_features + 1, all_names)
    classifier.classes_ = read_classes(part, label.n_classes)
    classifier._label, classifier.estimator_ = label, held
    set_features(classifier, n_features, names)


def _read_label(held, n_features):
    """The `LabelColumn` that is the last column of a fitted machine."""
    schema = getattr(held, "_schema", None)
    if schema is None or len(schema.kinds) != n_features + 1:
        raise ValueError(f"it holds no machine of {n_features} columns and a label")
    levels = schema.categories[-1]
    n_classes = 0 if levels is None else len(levels)
    kind = "bernoulli" if n_classes == 2 else "categorical"
    if schema.kinds[-1] != kind or levels.tolist() != list(range(n_classes)) or n_classes < 2:
        raise ValueError("the last column of its machine holds no codes of classes")
    return LabelColumn(n_features if schema.names is None else schema.names[-1], n_classes)
