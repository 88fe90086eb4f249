"""The examples run as they are downloaded: one file, and what is installed with the extra docs."""

import ast
import pathlib
import sys

import pytest

EXAMPLES = sorted((pathlib.Path(__file__).parents[2] / "examples").glob("plot_*.py"))
INSTALLED = {
    "matplotlib", "numpy", "pandas", "scipy", "sklearn", "sklearn_helmholtz", "threadpoolctl"
}  # fmt: skip


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_import_what_is_installed(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert {name.split(".")[0] for name in imported} <= INSTALLED | sys.stdlib_module_names
