"""Imports point down only: the floors of the house (CONTRIBUTING.md)."""

import ast
import pathlib

import pytest

import sklearn_helmholtz

ROOT = pathlib.Path(sklearn_helmholtz.__file__).parent
GROUND = ["_compiling", "_keys", "_tree", "_threads", "_workspace"]
STOREYS = [
    ["_version"], ["_kernels"], GROUND, ["rows"], ["columns"], ["units"], ["layers"], ["machines"],
    ["inference", "factors"], ["likelihood"], ["learning"], ["_training", "_monitor"], ["_descent"],
    ["models"], ["estimators"], ["applications", "datasets"], ["persistence", "plotting"],
    ["__init__", "__main__"],
]  # fmt: skip
FLOORS = {part: floor for floor, parts in enumerate(STOREYS) for part in parts}
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def part_of(path):
    return path.parts[0].removesuffix(".py")


def imports(path):
    """What a module imports: pairs of the top package and, inside ours, the part of it."""
    package = ("sklearn_helmholtz", *path.parts[:-1])
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) + 1 - node.level]) if node.level else []
            base += node.module.split(".") if node.module else []
            names = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from ((name[0], name[1] if len(name) > 1 else "__init__") for name in names)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_down(path):
    here = part_of(path)
    for package, part in imports(path):
        if package == "sklearn_helmholtz" and part != here:
            assert FLOORS[part] < FLOORS[here], f"{path} imports {part}"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_the_top_floor_knows_scikit_learn(path):
    if FLOORS[part_of(path)] < FLOORS["estimators"]:
        assert "sklearn" not in {package for package, _ in imports(path)}


@pytest.mark.parametrize("path", [p for p in MODULES if p.parts[0] == "datasets"], ids=str)
def test_makers_of_data_know_estimators_only(path):
    inside = {part for package, part in imports(path) if package == "sklearn_helmholtz"}
    assert inside <= {"datasets", "estimators"}


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] == "_kernels"], ids=str)
def test_kernels_know_numba_and_numpy_only(path):
    # llvmlite is Numba's own; the rest is the standard library.
    foreign = {"scipy", "sklearn", "joblib", "pandas", "matplotlib"}
    inside = {part for package, part in imports(path) if package == "sklearn_helmholtz"}
    assert not foreign & {package for package, _ in imports(path)}
    assert inside <= {"_kernels", "_version"}
