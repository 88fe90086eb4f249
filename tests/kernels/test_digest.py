"""The digest of kernels: all that is imported counts, in every form, and nothing by chance."""

import importlib.machinery
import importlib.util
import itertools

import pytest

from sklearn_helmholtz._kernels import digest as digest_module
from sklearn_helmholtz._kernels.digest import package_digest
from tests.fresh_kernels import FORMS, copy_kernels, run_python

forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
names = (f"package_of_a_test_{number}" for number in itertools.count())


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that makes and imports a package of modules with given texts; returns its name."""

    def make(texts, form=FORMS["sources"]):
        folder = tmp_path / f"path_of_{len(list(tmp_path.iterdir()))}" / next(names)
        folder.mkdir(parents=True)
        for module, text in {"__init__": "", **texts}.items():
            (folder / f"{module}.py").write_text(text)
        monkeypatch.syspath_prepend(form(folder))
        importlib.import_module(folder.name)
        return folder.name

    return make


@forms
def test_the_digest_sees_every_module(package, form):
    contents = [{"a": "x=1", "b": "x=1"}, {"a": "x=1", "b": "x=2"}, {"a": "x=1", "c": "x=2"}]
    found = [package(texts, form) for texts in contents]
    digests = {package_digest(name) for name in found}
    assert len(digests) == 3
    assert None not in digests
    assert digests == {package_digest(name) for name in found}


def test_the_digest_sees_the_version(package, monkeypatch):
    name = package({"a": "x=1"})
    before = package_digest(name)
    monkeypatch.setattr(digest_module, "__version__", "another")
    assert package_digest(name) != before


class Frozen:
    """A loader as those of frozen applications are: it has code, and neither files nor bytes."""

    def __init__(self, text):
        self._text = text

    def get_data(self, path):
        raise OSError(path)

    def get_code(self, name):
        return self._text and compile(self._text, "nowhere.py", "exec")


def frozen_digest(package, monkeypatch, text):
    name = package({"a": ""})
    spec = importlib.machinery.ModuleSpec(f"{name}.a", Frozen(text))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    return package_digest(name)


def test_the_digest_of_frozen_code(package, monkeypatch):
    texts = ["f = lambda: 1", "f = lambda: 2", "f = lambda: 1.0", "f = lambda: [1]", "g = f"]
    digests = {frozen_digest(package, monkeypatch, text) for text in texts}
    assert len(digests) == len(texts)
    assert None not in digests
    assert digests == {frozen_digest(package, monkeypatch, text) for text in texts}


def test_there_is_no_digest_of_nothing(package, monkeypatch):
    assert package_digest(package({})) is None
    assert frozen_digest(package, monkeypatch, None) is None


DESCRIBE = """
from sklearn_helmholtz._kernels.digest import describe
text = "def f(x, *, y=-0.0):\\n    return x in {'a', 'b', 'c', 1} or [y for y in (1j, ..., x)]"
print(describe(compile(text, "nowhere.py", "exec")))
"""


def test_the_description_of_code_is_the_same_in_all_processes(tmp_path):
    folder = copy_kernels(tmp_path).parent
    found = {run_python(DESCRIBE, folder, PYTHONHASHSEED=str(seed)) for seed in range(4)}
    assert len(found) == 1
    assert "-0.0" in str(found)
