"""Docstrings say what a thing is or does: their first word is that noun or that verb."""

import ast
import pathlib

import pytest

import sklearn_helmholtz

ROOT = pathlib.Path(sklearn_helmholtz.__file__).parent
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
DOCUMENTED = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
POINTERS = {"What", "How", "Of"}  # at a noun or a verb that they do not name


def without_a_noun(source):
    """First lines of the docstrings in some source that begin with a word that names nothing."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, DOCUMENTED)]
    texts = [text for text in map(ast.get_docstring, nodes) if text]
    return [text.splitlines()[0] for text in texts if text.split()[0] in POINTERS]


def test_docstrings_name_what_they_are_about():
    assert len(MODULES) > 300
    for path in MODULES:
        assert not without_a_noun((ROOT / path).read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    "source",
    [
        '"""What is known."""',
        'class A:\n    """How it is done."""',
        'class A:\n    def f(self):\n        r"""\n        Of x.\n        """',
    ],
)
def test_pointers_are_found_everywhere(source):
    assert len(without_a_noun(source)) == 1


def test_nouns_and_verbs_are_not_found():
    assert not without_a_noun('"""Whatever is known."""\ndef f():\n    """Return it."""')
