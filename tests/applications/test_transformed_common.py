"""scikit-learn's own checks of densities behind transformers, also those left out."""

import pytest
from sklearn.neighbors import KernelDensity
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_helmholtz import FactorAnalysis, TransformedDensity

from .checked import FOR_ALL, FOR_TRANSFORMERS


def instances():
    """Densities behind transformers with and without weights, with and without features."""
    return [
        TransformedDensity(),
        TransformedDensity(StandardScaler(), FactorAnalysis(1)),
        TransformedDensity(StandardScaler(), KernelDensity()),
    ]


def expected_failures(estimator):
    """Reasons why a check fails, by its name."""
    if estimator.transformer is None:
        name = "check_sample_weight_equivalence_on_dense_data"
        return {name: "PowerTransformer takes no weights"}
    return {}


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@parametrize_with_checks(instances(), expected_failed_checks=expected_failures)
def test_check_estimator(estimator, check):
    check(estimator)


def left_out():
    for estimator in instances()[1:]:  # powers are slow
        names = FOR_TRANSFORMERS if hasattr(estimator, "transform") else FOR_ALL
        yield from ((estimator, name) for name in names)


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@pytest.mark.parametrize(("estimator", "name"), [*left_out()], ids=str)
def test_checks_that_check_estimator_leaves_out(estimator, name):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)
