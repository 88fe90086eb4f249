"""Imports point down only: the floors of the house (CONTRIBUTING.md)."""

import ast
import functools
import pathlib

import sklearn_helmholtz

ROOT = pathlib.Path(sklearn_helmholtz.__file__).parent
GROUND = ["_compiling", "_keys", "_tree", "_threads", "_workspace"]
STOREYS = [
    ["_version"], ["_kernels"], GROUND, ["rows"], ["columns"], ["units"], ["layers"], ["machines"],
    ["inference", "factors", "sources", "dictionaries", "sequences"], ["likelihood"],
    ["learning"], ["_gradients"], ["_training", "_monitor", "_plan"], ["_descent"], ["models"],
    ["distributed"], ["estimators"], ["applications", "datasets"],
    ["persistence", "plotting"], ["__init__", "__main__"],
]  # fmt: skip
FLOORS = {part: floor for floor, parts in enumerate(STOREYS) for part in parts}
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def part_of(path):
    return path.parts[0].removesuffix(".py")


@functools.cache
def imports(path):
    """What a module imports: pairs of the top package and, inside ours, the part of it."""
    return [*_imports(path)]


def _imports(path):
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


def ours(path):
    """The parts of our package that a module imports."""
    return {part for package, part in imports(path) if package == "sklearn_helmholtz"}


def others(path):
    """The other packages that a module imports."""
    return {package for package, _ in imports(path)} - {"sklearn_helmholtz"}


def test_imports_point_down():
    assert len(MODULES) > 300
    for path in MODULES:
        here = part_of(path)
        above = {part for part in ours(path) - {here} if FLOORS[part] >= FLOORS[here]}
        assert not above, f"{path} imports {above}"


def test_only_the_top_floor_knows_scikit_learn():
    low = [path for path in MODULES if FLOORS[part_of(path)] < FLOORS["estimators"]]
    assert [path for path in low if "sklearn" in others(path)] == []
    assert any("sklearn" in others(path) for path in set(MODULES) - set(low))


def test_makers_of_data_know_estimators_only():
    makers = [path for path in MODULES if path.parts[0] == "datasets"]
    assert set.union(*map(ours, makers)) <= {"datasets", "estimators"}


def test_kernels_know_numba_and_numpy_only():
    # llvmlite is Numba's own; the rest is the standard library.
    foreign = {"scipy", "sklearn", "joblib", "pandas", "matplotlib"}
    kernels = [path for path in MODULES if path.parts[0] == "_kernels"]
    assert [path for path in kernels if foreign & others(path)] == []
    assert set.union(*map(ours, kernels)) <= {"_kernels", "_version"}
