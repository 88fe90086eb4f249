"""Docstrings of public names have the sections of numpydoc, and examples."""

import importlib
import inspect

import pytest

validate = pytest.importorskip("numpydoc.validate").validate

MODULES = (
    "sklearn_helmholtz",
    "sklearn_helmholtz.datasets",
    "sklearn_helmholtz.plotting",
    "sklearn_helmholtz.estimators.results",
)
# What is asked of everything: sections in their order, parameters that exist, are all there, in
# order and with types, and returns that are described.
ASKED = {
    "GL01", "GL05", "GL06", "GL07", "GL08", "SS01", "SS03", "SS06", "PR01", "PR02", "PR03", "PR04",
    "PR05", "PR07", "RT01", "RT03", "YD01", "SA02", "SA04",
}  # fmt: skip
OF_BUNCHES = "PR01"  # made by the package alone, of keyword arguments
INSIDE = {"NOTABLE", "Result", "as_frame", "is_notable", "TRUSTED_TYPES"}


def public_names():
    """Full names of classes and functions, those of methods of a class beside it."""
    for module in MODULES:
        space = importlib.import_module(module)
        for name in set(space.__all__) - INSIDE:
            found = getattr(space, name)
            if callable(found):
                yield pytest.param(f"{module}.{name}", found, id=name)


def own_methods(cls):
    """Names of public methods that the package defines."""
    for name in dir(cls):
        method = getattr(cls, name)
        module = getattr(getattr(method, "__func__", method), "__module__", None) or ""
        if not name.startswith("_") and callable(method) and module.startswith("sklearn_helm"):
            yield name


def errors_of(name):
    """Pairs of code and message."""
    return validate(name)["errors"]


@pytest.mark.parametrize(("name", "found"), sorted(public_names(), key=lambda each: each.id))
def test_a_public_name_is_documented(name, found):
    asked = ASKED - {OF_BUNCHES} if ".results." in name else ASKED
    errors = [error for error in errors_of(name) if error[0] in {*asked, "EX01"}]
    assert not errors, errors
    if inspect.isclass(found):
        for method in own_methods(found):
            errors = [e for e in errors_of(f"{name}.{method}") if e[0] in ASKED]
            assert not errors, (method, errors)
