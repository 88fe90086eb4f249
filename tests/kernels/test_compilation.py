"""The compilation of one kernel: an interrupt ends it in a line, and leaves nothing half done."""

import signal
import threading
import traceback

import numba
import pytest
from numba.core import compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from sklearn_helmholtz._kernels.compilation import alone, prepare
from tests.fresh_kernels import assert_means, copy_kernels, fresh_mean_kernel, run_python


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty folder for Numba's cache, and Numba disabled as by a debugger."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    return tmp_path


def interrupted(*arguments, **options):
    raise KeyboardInterrupt


def in_another_thread(function):
    """The result of a function, which waits for no lock that this thread may have kept."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()
    thread.join(60)
    return results[0]


PLACES = {
    "the compiler": (compiler, "compile_extra"),
    "what is written": (numba.core.caching.IndexDataCacheFile, "_save_data"),
    "what is read": (numba.core.caching.IndexDataCacheFile, "load"),
}


@pytest.mark.parametrize(("owner", "name"), PLACES.values(), ids=PLACES)
def test_an_interrupt_ends_in_a_line_and_the_next_call_works(monkeypatch, owner, name):
    kernel = fresh_mean_kernel()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        with pytest.raises(KeyboardInterrupt, match="while bernoulli_mean was compiled") as caught:
            kernel.compile()
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert not [frame.filename for frame in frames if "numba" in frame.filename]
    assert caught.value.__suppress_context__
    assert numba.config.DISABLE_JIT
    in_another_thread(lambda: assert_means(kernel))
    assert fresh_mean_kernel().is_compiled


def test_an_interrupt_while_the_disk_is_looked_at(monkeypatch):
    kernel = fresh_mean_kernel()
    with monkeypatch.context() as patch:
        patch.setattr(numba.core.caching.IndexDataCacheFile, "load", interrupted)
        with pytest.raises(KeyboardInterrupt, match="bernoulli_mean"):
            kernel.is_compiled  # noqa: B018
    in_another_thread(lambda: assert_means(kernel))


def test_an_interrupt_on_the_doorstep_of_a_lock_leaves_it_open():
    def work():
        global_compiler_lock.acquire()  # and never gets to what would release it
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        alone(work)
    assert not global_compiler_lock.is_locked()
    with global_compiler_lock:  # the lock of a caller stays his
        with pytest.raises(KeyboardInterrupt):
            alone(work)
        assert global_compiler_lock.is_locked()
        global_compiler_lock.release()


@pytest.mark.parametrize("name", ["typing_context", "target_context"])
def test_an_interrupt_waits_while_numba_registers_its_modules(monkeypatch, name):
    whole = []

    def refresh(context):
        signal.raise_signal(signal.SIGINT)
        whole.append(True)

    monkeypatch.setattr(type(getattr(cpu_target, name)), "refresh", refresh)
    with pytest.raises(KeyboardInterrupt):
        prepare()
    assert whole
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


INTERRUPTED_TWICE = """
import signal, sys, traceback
from numba.core import compiler
from numba.core.typing.context import BaseContext
from sklearn_helmholtz._kernels.bernoulli import bernoulli_mean as kernel

def interrupt_once(owner, name):
    original = getattr(owner, name)
    def replaced(*arguments, **options):
        setattr(owner, name, original)
        signal.raise_signal(signal.SIGINT)
        return original(*arguments, **options)
    setattr(owner, name, replaced)

for owner, name in [(BaseContext, "insert_global"), (compiler, "compile_extra")]:
    interrupt_once(owner, name)
    try:
        kernel.compile()
    except KeyboardInterrupt as error:
        print(len(traceback.format_exc().splitlines()) < 15, error)
kernel.compile()
print(*kernel._compiled.signatures)
"""


def test_real_interrupts(tmp_path):
    place = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    printed, complaints = run_python(INTERRUPTED_TWICE, copy_kernels(tmp_path).parent, **place)
    *lines, last = printed.splitlines()
    assert (
        lines == ["True while bernoulli_mean was compiled; the next call of it compiles anew"] * 2
    )
    assert last.startswith("(")
    assert complaints == ""
