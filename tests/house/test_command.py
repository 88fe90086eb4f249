"""``python -m sklearn_helmholtz`` compiles everything, and says where it is."""

import os
import pathlib
import re
import subprocess
import sys
import types

import numba
import numpy as np
import pytest
from numba.core import event

import sklearn_helmholtz
from sklearn_helmholtz import __main__ as command
from sklearn_helmholtz import __version__, _compiling
from sklearn_helmholtz._compiling import announced, cache_folder, cached_files
from sklearn_helmholtz._kernels import cache as cache_module
from sklearn_helmholtz._kernels.kernel import Kernel
from tests.fresh_kernels import fresh_mean_kernel

ROOT = pathlib.Path(sklearn_helmholtz.__file__).parent.parent
ALONE = ["--jobs", "1"]  # in the process of the test, which has kernels of its own


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder for Numba's cache, of this test alone, and two kernels that are all there are."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    for module in (_compiling, command):
        monkeypatch.setattr(module, "all_kernels", lambda: [fresh_mean_kernel()] * 2)
    return tmp_path


def test_kernels_are_compiled_and_it_is_said_where(cache, capsys):
    assert command.main(ALONE) == 0
    lines = capsys.readouterr().out.splitlines()
    folder = cache_folder()
    assert lines[0] == f"Compiling 2 kernels into {folder}"
    assert re.fullmatch(r"  1/2 bernoulli\.bernoulli_mean \d+\.\d s", lines[1])
    assert re.fullmatch(r"2 kernels compiled in \d+ s, 0 were there before\.", lines[3])
    assert re.fullmatch(rf"2 files of this version, 0\.\d MB, are in {folder}", lines[4])
    assert fresh_mean_kernel().is_compiled
    assert command.main(ALONE) == 0
    assert "0 kernels compiled in 0 s, 2 were there before." in capsys.readouterr().out


def test_what_is_there_is_told_of_and_cleared(cache, capsys):
    assert command.main(["--where"]) == 0
    assert "0 files of this version" in capsys.readouterr().out
    assert not fresh_mean_kernel().is_compiled  # looking does not compile
    fresh_mean_kernel().compile()
    old = cache_folder() / "dense.dense_product_0123456789ab-12.py311.nbi"
    old.write_bytes(b"")
    (cache_folder() / "notes.txt").write_text("mine")
    assert [path for path, is_own in cached_files() if not is_own] == [old]
    command.main(["--where"])
    assert "1 files of other versions, 0.0 MB: --clear deletes all." in capsys.readouterr().out
    assert command.main(["--clear"]) == 0
    assert capsys.readouterr().out.startswith("3 files deleted, ")
    assert not fresh_mean_kernel().is_compiled
    assert [path.name for path in cache_folder().iterdir()] == ["notes.txt"]


def test_help_and_version(capsys):
    for option, text in (("--help", "NUMBA_CACHE_DIR"), ("--version", __version__)):
        with pytest.raises(SystemExit) as ended:
            command.main([option])
        assert ended.value.code == 0
        assert text in capsys.readouterr().out


# What goes wrong


def test_a_folder_that_is_full(cache, monkeypatch, capsys):
    def full(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(cache_module, "_told", set())
    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "save", full)
    assert command.main(ALONE) == 1
    said = capsys.readouterr().err
    assert said.startswith("Compiled kernels cannot be kept on disk (no space left)")


def test_no_folder_at_all(cache, monkeypatch, capsys):
    def nowhere(*arguments):
        raise RuntimeError("no locator available")

    monkeypatch.setattr(command, "cache_folder", nowhere)
    assert command.main(ALONE) == 1
    assert "cannot be kept on disk: no locator available. Set" in capsys.readouterr().err


def test_interpreted_kernels(monkeypatch, capsys):
    monkeypatch.setattr(command, "INTERPRETED", True)
    assert command.main(ALONE) == 1
    assert "NUMBA_DISABLE_JIT is set" in capsys.readouterr().err


def test_an_interrupt(cache, monkeypatch, capsys):
    def interrupted(kernel):
        raise KeyboardInterrupt

    monkeypatch.setattr(Kernel, "compile", interrupted)
    assert command.main(ALONE) == 1
    assert "Interrupted: what is compiled is kept" in capsys.readouterr().err


# That it is all


def test_kernels_alone_are_compiled_by_numba():
    for path in (ROOT / "sklearn_helmholtz").rglob("*.py"):
        if path.parent.name != "_kernels":
            assert not re.search(r"\b(n?jit|vectorize|guvectorize)\b", path.read_text()), path


NOTHING_LEFT = """
import gc, warnings
import numpy as np
from sklearn_helmholtz.__main__ import main
from sklearn_helmholtz._compiling import all_kernels
from sklearn_helmholtz._kernels.kernel import Kernel
known = {id(kernel) for kernel in all_kernels()}
assert len(known) > 60
assert all(id(part) in known for part in gc.get_objects() if type(part) is Kernel)
assert main([]) == 0
from numba.core import event
compiled = []
class Listener(event.Listener):
    def on_start(self, event):
        compiled.append(event.data["dispatcher"].py_func.__name__)
    def on_end(self, event):
        pass
event.register("numba:compile", Listener())
warnings.simplefilter("ignore")
from tests.persistence.fitted import CASES
for name in ("machine of bits", "gibbs of bits", "mean-field of bits", "nvil of bits", "mixed",
             "counts", "autoregressive reals", "autoregressive mixed", "factors with gaps"):
    make, X = CASES[name]
    model = make().fit(X)
    model.score(X)
    model.sample(2, given=np.full(4, np.nan) if X.shape[1] == 4 else None)
    if name in ("machine of bits", "gibbs of bits", "mixed"):
        model.log_likelihood(X[:5], method="annealed", n_temperatures=3)
print("compiled:", sorted(set(compiled)))
"""


def test_nothing_is_left_to_compile():
    ended = subprocess.run(
        [sys.executable, "-c", NOTHING_LEFT], cwd=ROOT, capture_output=True, text=True,
        timeout=1500, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "compiled: []"


def test_several_at_a_time(monkeypatch, capsys):
    alike = types.SimpleNamespace(is_compiled=False, _variant="", __module__="x", __name__="twin")
    monkeypatch.setattr(command, "all_kernels", lambda: [alike] * 3)
    monkeypatch.setattr(command, "compile_kernel", _number_and_process)
    monkeypatch.setattr(command, "_say_where", lambda folder: 0)
    assert command._compile_all("nowhere", 2) == 0
    lines = re.findall(r"  \d/3 x.twin (\d+).0 s", capsys.readouterr().out)
    assert len(lines) == 3
    assert str(os.getpid()) not in lines


def _number_and_process(number):
    """As `compile_kernel`, which took as many seconds as its process has for a number."""
    return number, float(os.getpid()), None


def test_no_jobs(capsys):
    with pytest.raises(SystemExit):
        command.main(["--jobs", "0"])
    assert "--jobs must be at least 1, got 0" in capsys.readouterr().err


def test_kernels_that_compile_are_announced(cache):
    told = []
    with announced(lambda name: told.append(f"+{name}"), lambda name: told.append(f"-{name}")):
        fresh_mean_kernel().compile()
        fresh_mean_kernel().compile()  # from disk
        numba.njit(lambda x: x + 1)(1.0)  # of somebody else
    fresh_mean_kernel()(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32))
    assert told == ["+bernoulli_mean", "-bernoulli_mean"]


def test_what_is_compiled_for_a_kernel_is_not_announced():
    def of_ours(): ...

    def of_others(): ...

    of_ours.__module__ = "sklearn_helmholtz._kernels.dense"
    kernel, routine, other = (
        ("numba:compile", {"dispatcher": types.SimpleNamespace(py_func=function)})
        for function in (of_ours, of_ours, of_others)
    )
    told = []
    with announced(told.append):
        with event.trigger_event(*kernel), event.trigger_event(*routine):
            pass
        with event.trigger_event(*other):
            pass
    assert told == ["of_ours"]
