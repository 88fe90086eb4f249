"""scikit-learn's own checks of the estimator."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_helmholtz import HelmholtzMachine


@parametrize_with_checks(
    [
        HelmholtzMachine(),
        HelmholtzMachine(algorithm="wake-sleep"),
        HelmholtzMachine(visible="gaussian"),
    ]
)
def test_check_estimator(estimator, check):
    check(estimator)
