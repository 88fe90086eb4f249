"""Nobody outside `layers` reads the weights of a map: they ask the map."""

import pathlib
import re

import sklearn_helmholtz

ROOT = pathlib.Path(sklearn_helmholtz.__file__).parent
MODULES = sorted(
    str(path.relative_to(ROOT))
    for path in ROOT.rglob("*.py")
    if path.relative_to(ROOT).parts[0] not in ("layers", "_kernels")
)


def test_no_module_reads_the_arrays_of_a_map():
    assert len(MODULES) > 200
    for module in MODULES:
        found = re.findall(r"\.map\.(weights|intercept)\b", (ROOT / module).read_text())
        assert not found, module
