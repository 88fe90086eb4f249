"""scikit-learn's own checks of mixtures of densities, also those left out."""

import pytest
from sklearn.neighbors import KernelDensity
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_helmholtz import DensityMixture, FactorAnalysis, HelmholtzMachine

from .checked import FOR_ALL

_SPARSE = ["check_estimator_sparse_array", "check_estimator_sparse_matrix"]
_EQUIVALENCE = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]


def instances():
    """Mixtures that take sparse rows and weights, or not, with and without chance."""
    return [
        DensityMixture(FactorAnalysis(1), 2, random_state=0),
        DensityMixture(KernelDensity(), 2, random_state=0),
        DensityMixture(HelmholtzMachine(1, max_iter=2), 2, random_state=0),
    ]


def expected_failures(estimator):
    """Reasons why a check fails, by its name."""
    if isinstance(estimator.estimator, KernelDensity):
        return {}
    found = dict.fromkeys(_SPARSE, "what takes sparse rows and has predict_proba is a classifier")
    if isinstance(estimator.estimator, HelmholtzMachine):
        found |= dict.fromkeys(_EQUIVALENCE, "equal rows have random numbers of their own")
    return found


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@parametrize_with_checks(instances(), expected_failed_checks=expected_failures)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@pytest.mark.parametrize("name", FOR_ALL)
def test_checks_that_check_estimator_leaves_out(name):
    estimator = instances()[0]
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)
