"""The examples run as they are downloaded: one file, and what is installed with the extra docs."""

import ast
import pathlib
import re
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(FOLDER.glob("*/plot_*.py"))
GROUPS = sorted({path.parent for path in EXAMPLES})
INSTALLED = {
    "dask", "distributed", "joblib", "matplotlib", "numpy", "pandas", "scipy", "sklearn",
    "sklearn_helmholtz",
}  # fmt: skip
KILOBYTES = 128  # the most that a table may have


def name(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_examples_import_what_is_installed(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert {name.split(".")[0] for name in imported} <= INSTALLED | sys.stdlib_module_names


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_titles_of_examples_are_questions(path):
    title = ast.get_docstring(ast.parse(path.read_text("utf-8"))).splitlines()[0]
    assert title.endswith("?"), title
    assert len(title) <= 70


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_examples_choose_their_thumbnails(path):
    found = re.findall(
        r"^# sphinx_gallery_thumbnail_number = (\d+)$", path.read_text("utf-8"), re.M
    )
    assert len(found) == 1


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_code_of_examples_is_as_narrow_as_their_pages(path):
    _, _, code = path.read_text("utf-8").split('"""', 2)
    assert all(len(line) <= 76 for line in code.splitlines() if not line.startswith("#"))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_groups_of_examples_are_introduced(group):
    title, line, *text = (group / "README.rst").read_text("utf-8").splitlines()
    assert line == "-" * len(title)
    assert any(text)
    assert f'"{group.name}"' in (FOLDER.parent / "doc" / "conf.py").read_text("utf-8")


def test_no_example_is_outside_of_the_groups():
    assert not list(FOLDER.glob("plot_*.py"))
    assert len(EXAMPLES) >= 16


def test_tables_of_examples_are_read_small_and_licensed():
    tables = {path for path in (FOLDER / "data").iterdir() if path.suffix != ".md"}
    read = {
        (path.parent / place).resolve()
        for path in EXAMPLES
        for place in re.findall(r'read_csv\(\s*"([^"]+)"', path.read_text("utf-8"))
    }
    assert read == tables
    about = (FOLDER / "data" / "SOURCES.md").read_text("utf-8")
    for path in tables:
        assert path.stat().st_size <= 1024 * KILOBYTES
        (row,) = re.findall(rf"^\| `{re.escape(path.name)}` \|.*\|$", about, re.M)
        assert row.count("|") == 6
        assert row.split("|")[5].strip()
