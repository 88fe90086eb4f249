"""Kernels as new processes meet them: not compiled yet, or in a copy of their own."""

import compileall
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import numpy as np
from numpy.testing import assert_allclose
from scipy import special

import sklearn_helmholtz
from sklearn_helmholtz._kernels import bernoulli
from sklearn_helmholtz._kernels.kernel import Kernel

PACKAGE = pathlib.Path(sklearn_helmholtz.__file__).parent


def fresh_mean_kernel():
    """`bernoulli_mean`, not compiled yet."""
    return Kernel(bernoulli.bernoulli_mean._function, bernoulli.bernoulli_mean.signature)


def assert_means(kernel):
    out = np.zeros((1, 3), np.float32)
    kernel(np.array([[0.0, 1.0, -1.0]], np.float32), out)
    assert_allclose(out, special.expit([[0, 1, -1]]), rtol=1e-6)


def copy_kernels(folder):
    """A copy of the package that has its kernels and number only; returns its path.

    It spares a process scikit-learn, and what makes bytecode of the copy all the rest.
    """
    target, unwanted = folder / PACKAGE.name, shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE / "_kernels", target / "_kernels", ignore=unwanted)
    shutil.copy(PACKAGE / "_version.py", target)
    (target / "__init__.py").write_text("")
    return target


def to_bytecode(folder):
    """Leave only bytecode, which names no file that is there."""
    compileall.compile_dir(folder, quiet=2, legacy=True, ddir="/nowhere")
    for path in folder.rglob("*.py"):
        path.unlink()
    return folder.parent


def to_archive(folder):
    """Leave only an archive; returns its path."""
    archive = folder.parent / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*.py*"):
            if path.is_file() and path.parent.name != "__pycache__":
                file.write(path, path.relative_to(folder.parent))
    shutil.rmtree(folder)
    return archive


def bytecode_to_archive(folder):
    to_bytecode(folder)
    return to_archive(folder)


FORMS = {
    "sources": lambda folder: folder.parent,
    "bytecode": to_bytecode,
    "sources in an archive": to_archive,
    "bytecode in an archive": bytecode_to_archive,
}


def run_python(code, path, **environment):
    """Run code in a process of its own, with a path first on its list; returns what it prints."""
    env = {name: value for name, value in os.environ.items() if name not in environment}
    env |= {name: value for name, value in environment.items() if value is not None}
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=env | {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=path if path.is_dir() else path.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip(), result.stderr
