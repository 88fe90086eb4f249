"""The public estimators of the package: found, not listed by hand."""

import inspect

import sklearn_helmholtz


def public_estimators():
    """Classes with ``fit`` among the names that the package exports, in their order."""
    exported = [getattr(sklearn_helmholtz, name) for name in sklearn_helmholtz.__all__]
    return [each for each in exported if inspect.isclass(each) and hasattr(each, "fit")]
