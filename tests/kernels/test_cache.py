"""The cache on disk of compiled kernels: calls work whatever becomes of it, on no stale code."""

import shutil

import numba
import numpy as np
import pytest

from sklearn_helmholtz._kernels import cache as cache_module
from sklearn_helmholtz._kernels.kernel import Kernel
from tests.fresh_kernels import (
    FORMS,
    PACKAGE,
    assert_means,
    copy_kernels,
    fresh_mean_kernel,
    run_python,
)

NOWHERE = {"NUMBA_CACHE_DIR": "/dev/null/x", "XDG_CACHE_HOME": "/dev/null/x", "HOME": None}


# Within a process


def test_the_cache_tells_processors_apart_by_the_features_that_code_is_chosen_by():
    """`tiles` has a height for each kind of processor."""
    kernel = fresh_mean_kernel()
    found = kernel._dispatcher()
    codegen = found.targetctx.codegen()
    assert codegen.magic_tuple() in found._cache._index_key(kernel.signature, codegen)
    assert {feature[0] for feature in codegen.magic_tuple()[2].split(",") if feature} <= {*"+-"}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder for Numba's cache, of this test alone."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def test_a_kernel_counts_as_compiled_when_it_is_in_memory_or_on_disk(cache):
    kernel = fresh_mean_kernel()
    assert not kernel.is_compiled
    assert not kernel.is_compiled  # looking does not compile
    out = np.zeros((1, 1), np.float32)
    kernel(np.zeros((1, 1), np.float32), out)
    assert kernel.is_compiled
    again = fresh_mean_kernel()
    assert again.is_compiled
    again(np.zeros((1, 1), np.float32), out)
    assert out[0, 0] == 0.5
    for path in cache.rglob("*.nbi"):
        path.write_bytes(b"")
    assert not fresh_mean_kernel().is_compiled


def test_the_disk_is_looked_at_once(cache, monkeypatch):
    kernel, looked = fresh_mean_kernel(), []
    monkeypatch.setattr(kernel, "_load", lambda: looked.append(True))
    assert not kernel.is_compiled
    assert not kernel.is_compiled
    assert len(looked) == 1


def test_the_second_process_reads_the_cache(cache):
    assert_means(fresh_mean_kernel())
    assert {path.suffix for path in cache.rglob("*.nb*")} == {".nbi", ".nbc"}
    second = fresh_mean_kernel()
    assert_means(second)
    assert sum(second._compiled.stats.cache_hits.values()) == 1


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.9])
def test_a_truncated_cache_heals(cache, suffix, share):
    assert_means(fresh_mean_kernel())
    whole = {path: path.read_bytes() for path in cache.rglob(f"*{suffix}")}
    assert whole
    for path, text in whole.items():
        path.write_bytes(text[: int(share * len(text))])
    assert_means(fresh_mean_kernel())
    for path in whole:
        assert len(path.read_bytes()) >= len(whole[path]) * 0.9


@pytest.mark.parametrize(
    "error", [AttributeError, ValueError, IndexError, ImportError, MemoryError]
)
def test_whatever_pickle_says_of_a_damaged_file_the_cache_heals(cache, monkeypatch, error):
    assert_means(fresh_mean_kernel())
    kernel, faults = fresh_mean_kernel(), [error("damaged")] * 2
    loads = numba.core.caching.IndexDataCacheFile.load

    def load(*arguments):
        if faults:
            raise faults.pop()
        return loads(*arguments)

    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "load", load)
    assert not kernel.is_compiled
    assert_means(kernel)
    assert fresh_mean_kernel().is_compiled


@pytest.fixture
def untold(monkeypatch):
    """A process in which nothing has been said of the cache."""
    monkeypatch.setattr(cache_module, "_told", set())


def test_it_is_said_once_why_kernels_are_not_kept(cache, monkeypatch, untold):
    def full(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "save", full)
    with pytest.warns(RuntimeWarning, match=r"no space left.*NUMBA_CACHE_DIR"):
        assert_means(fresh_mean_kernel())
    assert_means(fresh_mean_kernel())  # a second warning would be an error


def test_what_could_not_be_written_is_not_compiled_twice(cache, monkeypatch, untold):
    def full(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "save", full)
    monkeypatch.setattr(Kernel, "_compile_in_memory", None)
    with pytest.warns(RuntimeWarning, match="no space left"):
        assert_means(fresh_mean_kernel())


def test_without_a_digest_nothing_is_kept(cache, monkeypatch, untold):
    monkeypatch.setattr(cache_module, "DIGEST", None)
    with pytest.warns(RuntimeWarning, match="hides their code.*installed as files"):
        assert_means(fresh_mean_kernel())
    assert not list(cache.iterdir())


# In processes of their own


@pytest.fixture
def kernels_alone(tmp_path):
    """A copy of the kernels, which spares a process scikit-learn."""
    return copy_kernels(tmp_path / "place")


USE_ONE_KERNEL = """
import numpy as np
from sklearn_helmholtz._kernels.bernoulli import bernoulli_mean
out = np.zeros((1, 1), np.float32)
bernoulli_mean(np.zeros((1, 1), np.float32), out)
print(out[0, 0], *bernoulli_mean._compiled.stats.cache_hits.values())
"""
COMPILED, LOADED = "0.5", "0.5 1"

USE_ANOTHER = """
from sklearn_helmholtz._kernels.bernoulli import bernoulli_log_prob_real
log_prob = np.zeros(1)
bernoulli_log_prob_real(np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32), log_prob)
print(round(np.exp(log_prob[0]), 6))
"""


def test_without_any_place_kernels_work_and_it_is_said_once_what_that_costs(kernels_alone):
    # A file where each folder would be: not even root can write into it. That whole fits work so
    # is a part of the gauntlet.
    (kernels_alone / "_kernels" / "__pycache__").write_text("")
    printed, complaints = run_python(
        USE_ONE_KERNEL + USE_ANOTHER,
        kernels_alone.parent,
        PYTHONWARNINGS="error::RuntimeWarning",
        **NOWHERE,
    )
    assert printed.split() == [COMPILED, "0.5"]
    assert complaints.count("RuntimeWarning: ") == 1
    assert "no folder for them can be written, NUMBA_CACHE_DIR=/dev/null/x included" in complaints
    assert "Traceback" not in complaints


@pytest.mark.parametrize(
    ("form", "variable"),
    [
        ("sources in an archive", "NUMBA_CACHE_DIR"),
        ("bytecode in an archive", "XDG_CACHE_HOME"),
    ],
)
def test_without_sources_the_second_process_reads_the_cache(
    kernels_alone, tmp_path, form, variable
):
    place = {**NOWHERE, variable: str(tmp_path / "cache")}
    path = FORMS[form](kernels_alone)
    assert run_python(USE_ONE_KERNEL, path, **place) == (COMPILED, "")
    assert run_python(USE_ONE_KERNEL, path, **place) == (LOADED, "")


def test_without_sources_or_any_place_it_is_said(kernels_alone):
    path = FORMS["bytecode in an archive"](kernels_alone)
    printed, complaints = run_python(USE_ONE_KERNEL, path, **NOWHERE)
    assert printed == COMPILED
    assert complaints.count("RuntimeWarning: Compiled kernels cannot be kept on disk") == 1


def test_a_damaged_cache_does_not_break_the_next_process(kernels_alone, tmp_path):
    folder, cache = kernels_alone.parent, tmp_path / "cache"
    for damage in (None, ".nbc", ".nbi"):
        for path in cache.rglob(f"*{damage}"):
            path.write_bytes(path.read_bytes()[:100])
        assert run_python(USE_ONE_KERNEL, folder, NUMBA_CACHE_DIR=str(cache)) == (COMPILED, "")
    assert list(cache.rglob("*.nbc"))


@pytest.mark.parametrize("form", ["sources", "bytecode"])
def test_an_edited_helper_is_not_served_from_a_stale_cache(kernels_alone, tmp_path, form):
    path = kernels_alone / "_kernels" / "exponential.py"
    source, cache = path.read_text(), str(tmp_path / "cache")
    edited = source.replace("grown, _ONE) / (_ONE +", "grown, _ONE) / (_TWO + _ONE +")
    assert edited != source
    original = shutil.copytree(kernels_alone, tmp_path / "original" / PACKAGE.name)
    path.write_text(edited)
    for folder, expected in ((original, "0.5"), (kernels_alone, "0.25")):
        place = FORMS[form](folder)
        assert run_python(USE_ONE_KERNEL, place, NUMBA_CACHE_DIR=cache)[0] == expected
