"""scikit-learn's own checks of the classifiers, also those that `check_estimator` leaves out."""

import pytest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_helmholtz import (
    GenerativeClassifier,
    HelmholtzMachine,
    LatentClassifier,
    RestrictedBoltzmannClassifier,
)

from .checked import FOR_ALL, FOR_TRANSFORMERS


def instances():
    """Classifiers around densities with and without weights, exact and trained in steps."""
    few = {"max_iter": 6, "batch_size": 32, "random_state": 0}
    return [
        GenerativeClassifier(),
        GenerativeClassifier(GaussianMixture(init_params="random_from_data", random_state=0)),
        GenerativeClassifier(KernelDensity()),
        LatentClassifier(HelmholtzMachine(1, visible="gaussian", autoregressive=True, **few)),
        *boltzmann_classifiers(),
    ]


def boltzmann_classifiers():
    """Classifiers that learn themselves, with and without the density of rows."""
    few = {"n_components": 4, "n_iter": 12, "learning_rate": 0.1, "batch_size": 20}
    return [RestrictedBoltzmannClassifier(**few, generative=part) for part in (0.0, 0.01)]


WEIGHTS = [
    "check_sample_weights_pandas_series",
    "check_sample_weights_not_an_array",
    "check_sample_weights_list",
    "check_sample_weights_shape",
    "check_sample_weights_not_overwritten",
    "check_all_zero_sample_weights_error",
    "check_classifiers_one_label_sample_weights",
]
EQUIVALENCE = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]


def expected_failures(estimator):
    """Reasons why a check fails, by its name."""
    if isinstance(estimator, RestrictedBoltzmannClassifier):
        missing = "-1 means that a label is missing, as in sklearn.semi_supervised"
        order = "minibatches are others where rows are repeated"
        return {"check_classifiers_classes": missing, **dict.fromkeys(EQUIVALENCE, order)}
    inner = estimator.estimator
    if isinstance(inner, GaussianMixture):
        return dict.fromkeys([*WEIGHTS, EQUIVALENCE[0]], "mixtures take no weights")
    if isinstance(inner, KernelDensity):
        return {}
    what = "equal rows have random numbers of their own"
    return dict.fromkeys(EQUIVALENCE, "a class has one row left" if inner is None else what)


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@parametrize_with_checks(instances(), expected_failed_checks=expected_failures)
def test_check_estimator(estimator, check):
    check(estimator)


def left_out():
    """Classifiers and names of the checks that they get: some are of transformers only."""
    pairs = []
    for estimator in instances():
        names = FOR_TRANSFORMERS if hasattr(estimator, "transform") else FOR_ALL
        pairs += [(estimator, name) for name in names if hasattr(estimator_checks, name)]
    return pairs


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@pytest.mark.parametrize(("estimator", "name"), left_out(), ids=str)
def test_checks_that_check_estimator_leaves_out(estimator, name):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)
