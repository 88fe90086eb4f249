"""Nobody outside `units` decides by family: they ask the family."""

import ast
import pathlib
import re

import sklearn_helmholtz
from sklearn_helmholtz.units import FAMILIES

ROOT = pathlib.Path(sklearn_helmholtz.__file__).parent
# Which dispatch for flat kernels, and for the columns of a mixed layer.
ALONE = {"_kernels/families.py", "_kernels/mixed.py"}
CLASSES = {family.__name__ for family in FAMILIES.values()}
CODES = {name.upper() for name in FAMILIES}
MODULES = sorted(
    str(path.relative_to(ROOT))
    for path in ROOT.rglob("*.py")
    if path.relative_to(ROOT).parts[0] not in ("units", "columns")
)


def decisions(source):
    """Lines that compare with a family, its name or its code, or test for its class."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "type"):
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            found += [node.lineno] if names & CLASSES else []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
            names = {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
            words = {n.value for part in parts for n in ast.walk(part)
                     if isinstance(n, ast.Constant) and isinstance(n.value, str)}  # fmt: skip
            found += [node.lineno] if names & (CLASSES | CODES) or words & set(FAMILIES) else []
    return found


def test_no_module_decides_by_family():
    assert len(MODULES) > 250
    for module in set(MODULES) - ALONE:
        assert decisions((ROOT / module).read_text()) == [], module


def test_no_module_takes_the_lack_of_a_scaling_for_a_family():
    for module in MODULES:
        assert not re.search(r"scaling is (not )?None", (ROOT / module).read_text()), module


def test_decisions_are_found():
    assert decisions("x = isinstance(units, Gaussian)")
    assert decisions("x = visible == 'gaussian'")
    assert decisions("x = family == GAUSSIAN")
    assert decisions((ROOT / "_kernels/families.py").read_text())
    assert not decisions("units = Bernoulli()")
