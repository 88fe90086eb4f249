"""The gauntlet: fits in hostile surroundings end, and have the bits of a fit that is alone.

Stale and damaged caches are met in `test_kernels`, the scheduler by itself in `test_threads`.
"""

import ast
import concurrent.futures
import contextlib
import functools
import hashlib
import importlib
import inspect
import itertools
import json
import multiprocessing
import os
import pathlib
import pickle
import pkgutil
import select
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import joblib
import numba
import numpy as np
import pytest
import scipy.sparse
from numba.extending import is_jitted

import sklearn_helmholtz
from sklearn_helmholtz import HelmholtzMachine, _kernels, _threads
from sklearn_helmholtz._kernels import cache, compilation
from sklearn_helmholtz._kernels.bernoulli import bernoulli_mean
from sklearn_helmholtz._kernels.kernel import Kernel
from sklearn_helmholtz._kernels.reweighted import reweighted_gradient
from sklearn_helmholtz._kernels.runs import reweighted_run, wake_sleep_run
from sklearn_helmholtz._kernels.wake_sleep import wake_sleep_gradient
from sklearn_helmholtz.learning import fused
from sklearn_helmholtz.rows import limits

LIMIT = 150  # seconds that anything may take, even where everything has to be compiled first
ALGORITHMS = ["wake-sleep", "reweighted-wake-sleep"]
FUSED_KERNELS = {
    "wake-sleep": (wake_sleep_gradient, wake_sleep_run),
    "reweighted-wake-sleep": (reweighted_gradient, reweighted_run),
}
FUSED_RULES = dict(
    zip(ALGORITHMS, [fused.FusedWakeSleep, fused.FusedReweightedWakeSleep], strict=True)
)
JOBS = list(itertools.product(ALGORITHMS, [None, 2]))
NETS = ["generative_coefs_", "generative_intercepts_", "recognition_coefs_"]
NETS += ["recognition_intercepts_"]
PACKAGE = pathlib.Path(sklearn_helmholtz.__file__).parent
ROOT = pathlib.Path(__file__).parents[2]

both_algorithms = pytest.mark.parametrize("algorithm", ALGORITHMS)
ignores_forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def forks(test):
    """A test that forks a process with threads, which Python 3.12 warns of."""
    marked = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")(test)
    return ignores_forks(marked)


# What is compared


def data(kind="uint8"):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 12)) + rng.normal(size=(400, 1))
    if kind == "csr":
        return scipy.sparse.csr_matrix((X > 2).astype(np.float32))
    return X.astype(kind) if kind.startswith("float") else (X > 0).astype(kind)


def fit(algorithm, n_jobs=None, X=None):
    for kernel in FUSED_KERNELS[algorithm]:
        kernel.compile()  # so short a fit does not wait for the fused rule
    model = HelmholtzMachine(
        (20, 7), algorithm=algorithm, max_iter=2, batch_size=200, n_importance_samples=9,
        random_state=0, n_jobs=n_jobs,
    )  # fmt: skip
    return model.fit(data() if X is None else X)


def digest(arrays):
    result = hashlib.sha256()
    for array in arrays:
        result.update(f"{array.dtype} {array.shape}".encode())
        result.update(np.ascontiguousarray(array).tobytes())
    return result.hexdigest()[:16]


def digest_of_parameters(model):
    return digest(array for name in NETS for array in getattr(model, name))


def judge(model, X=None):
    """Digests of everything that surroundings could change."""
    X = data() if X is None else X
    return {
        "parameters": digest_of_parameters(model),
        "scores": digest([model.score_samples(X)]),
        "features": digest([model.transform(X)]),
    }


def fit_and_judge(algorithm, n_jobs=None, X=None):
    return judge(fit(algorithm, n_jobs, X), X)


@functools.cache
def alone(algorithm, kind="uint8"):
    """What every fit must come to: one thread, nobody else about."""
    return fit_and_judge(algorithm, 1, data(kind))


def means_of_a_new_kernel():
    """What `bernoulli_mean` writes, as a process that has not compiled it finds it."""
    values = np.linspace(-3, 3, 7, dtype=np.float32)[None]
    out = np.zeros_like(values)
    Kernel(bernoulli_mean._function, bernoulli_mean.signature)(values, out)
    return digest([out])


# Surroundings


@contextlib.contextmanager
def crowded():
    """Many small blocks, four cores wherever this runs, and helpers that are new."""
    helpers = _threads._Helpers()
    try:
        with (
            mock.patch.object(limits, "_BLOCK_WORK", 1),
            mock.patch.object(joblib, "cpu_count", return_value=4),
            mock.patch.object(_threads, "_helpers", helpers),
        ):
            yield
    finally:
        if helpers.pool is not None:
            helpers.pool.shutdown(wait=False)


@pytest.fixture(autouse=True)
def _crowd():
    with crowded():
        yield


def in_a_worker(function, *arguments):
    """A call in a process that does not have the fixtures of this one."""
    with crowded():
        return function(*arguments)


def at_once(*tasks):
    """The results of tasks that start together, each on a Python thread of its own."""
    barrier = threading.Barrier(len(tasks))
    futures = [concurrent.futures.Future() for _ in tasks]

    def run(task, future):
        try:
            barrier.wait(LIMIT)
            future.set_result(task())
        except BaseException as error:
            future.set_exception(error)

    for pair in zip(tasks, futures, strict=True):
        threading.Thread(target=run, args=pair, daemon=True).start()
    return [future.result(timeout=LIMIT) for future in futures]


def in_a_fork(function, limit=LIMIT):
    """What a function returns in a forked child, which sends it through a pipe."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(function, writing)
    os.close(writing)
    try:
        with open(reading, "rb") as pipe:
            assert select.select([pipe], [], [], limit)[0], "the child hangs"
            answer = pipe.read()
    finally:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    assert answer, f"the child ended with status {status} and no result"
    return pickle.loads(answer)


def _answer(function, writing):
    """Write what a function returns and end this process, whatever happens."""
    try:
        with open(writing, "wb") as pipe:
            pickle.dump(function(), pipe)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def evaluate(expression, folder=ROOT, **environment):
    """The value of an expression, through JSON, in a crowded process with another environment."""
    code = (
        "import json\n"
        "from tests.house import test_gauntlet as gauntlet\n"
        "with gauntlet.crowded():\n"
        f"    print(json.dumps({expression}))\n"
    )
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", code]
    return json.loads(run(command, folder, **environment).splitlines()[-1])


def run(command, folder, **environment):
    """What a command prints, which must succeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    env = kept | environment | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    result = subprocess.run(
        command,
        env={name: value for name, value in env.items() if value is not None},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def loky():
    """Worker processes that get every array as a read-only memory map."""
    return joblib.Parallel(
        n_jobs=2, backend="loky", max_nbytes=1, timeout=LIMIT, idle_worker_timeout=3600
    )


# These surroundings are what they claim to be


@both_algorithms
def test_a_crowded_fit_uses_helpers_and_its_rule(monkeypatch, algorithm):
    by_helpers, by_fused_rules = set(), set()

    def make(self, *arguments, make=fused.Run.make):
        by_helpers.add(threading.current_thread().name.startswith("helmholtz"))
        make(self, *arguments)

    def watch(rule):
        def run(self, *arguments, run=rule.run):
            by_fused_rules.add(rule)
            return run(self, *arguments)

        monkeypatch.setattr(rule, "run", run)

    monkeypatch.setattr(fused.Run, "make", make)
    for rule in FUSED_RULES.values():
        watch(rule)
    assert fit_and_judge(algorithm, 1) == alone(algorithm)
    assert by_helpers == {False}
    for _ in range(8):
        assert fit_and_judge(algorithm, 4) == alone(algorithm)
    assert by_helpers == {False, True}
    assert by_fused_rules == {FUSED_RULES[algorithm]}


# Threads of Python


def fit_in_two_threads(n_jobs=None):
    """Two threads that fit again and again, in opposite order."""

    def task(algorithms):
        return lambda: [fit_and_judge(algorithm, n_jobs) for algorithm in algorithms]

    return at_once(task(ALGORITHMS * 2), task(ALGORITHMS[::-1] * 2))


def expected_of_two_threads():
    return [[alone(a) for a in order] for order in (ALGORITHMS * 2, ALGORITHMS[::-1] * 2)]


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_two_threads_fit_at_once(n_jobs):
    expected = expected_of_two_threads()
    assert fit_in_two_threads(n_jobs) == expected


@both_algorithms
def test_a_fit_while_all_helpers_are_busy(algorithm):
    expected = alone(algorithm)
    all_busy, done = threading.Barrier(5), threading.Event()

    def hold(_):
        all_busy.wait(LIMIT)
        done.wait(LIMIT)

    def fit_without_them():
        all_busy.wait(LIMIT)
        try:
            return fit_and_judge(algorithm, 4)
        finally:
            done.set()

    assert at_once(fit_without_them, lambda: _threads.run_blocks(hold, 4, 4))[0] == expected


def numba_has_threads():
    """Whether Numba has started threads of its own."""
    try:
        numba.threading_layer()
    except ValueError:
        return False
    return True


def test_two_threads_fit_at_once_where_parallel_kernels_would_abort():
    found, threads = evaluate(
        "[gauntlet.fit_in_two_threads(), gauntlet.numba_has_threads()]",
        NUMBA_THREADING_LAYER="workqueue",
    )
    assert found == expected_of_two_threads()
    assert not threads


# No parallel kernels


def jitted():
    """Everything in the folder of kernels that Numba compiles, by name."""
    found = {}
    for module in pkgutil.iter_modules(_kernels.__path__, f"{_kernels.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Kernel) or is_jitted(value):
                found[f"{module.name}.{name}"] = value
    return found


def test_no_kernel_is_compiled_as_a_parallel_one(monkeypatch):
    found = jitted()
    options = {name: value.targetoptions for name, value in found.items() if is_jitted(value)}
    kernels = {name: value for name, value in found.items() if isinstance(value, Kernel)}
    for name, kernel in kernels.items():
        options[f"{name}, cached"] = kernel._dispatcher().targetoptions
    monkeypatch.setattr(numba, "njit", lambda *signature, **options: lambda function: options)
    for name, kernel in kernels.items():
        options[f"{name}, in memory"] = kernel._compile_in_memory()
    assert len(kernels) > 20
    assert len(options) > 2 * len(kernels)
    assert not [name for name, chosen in options.items() if chosen.get("parallel", False)]
    assert not [name for name, chosen in options.items() if not chosen.get("nogil", False)]


def words(path):
    """Everything that is named or quoted in a source file, but not its prose."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for field in ("id", "attr", "name", "arg", "value"):
            word = getattr(node, field, None)
            if isinstance(word, str):
                yield word


def test_no_source_asks_for_parallel_loops():
    assert {"nogil", "inline"} <= set(words(PACKAGE / "_kernels" / "kernel.py"))
    for path in sorted(PACKAGE.rglob("*.py")):
        assert not {"prange", "parallel"} & set(words(path)), path


# joblib


def test_threads_of_joblib():
    expected = [alone(algorithm) for algorithm, _ in JOBS]
    parallel = joblib.Parallel(n_jobs=2, backend="threading", timeout=LIMIT)
    assert parallel(joblib.delayed(fit_and_judge)(*job) for job in JOBS) == expected


@ignores_forks
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_processes_of_joblib(backend):
    expected = [alone(algorithm) for algorithm, _ in JOBS]
    processes = joblib.Parallel(n_jobs=2, backend=backend, max_nbytes=1, timeout=LIMIT)
    call = joblib.delayed(in_a_worker)
    assert processes(call(fit_and_judge, *job) for job in JOBS) == expected


# Forks


@forks
@both_algorithms
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_fork_after_a_fit(algorithm, n_jobs):
    expected = alone(algorithm)
    assert fit_and_judge(algorithm, 4) == expected
    assert in_a_fork(lambda: fit_and_judge(algorithm, n_jobs)) == expected
    assert fit_and_judge(algorithm, 4) == expected


@forks
@both_algorithms
def test_a_fork_scores_with_the_model_of_its_parent(algorithm):
    model = fit(algorithm, 4)
    assert in_a_fork(lambda: judge(model)) == judge(model) == alone(algorithm)


@forks
@both_algorithms
def test_a_fork_of_a_fork(algorithm):
    def child():
        fit_and_judge(algorithm, 2)
        return in_a_fork(lambda: fit_and_judge(algorithm, 2), LIMIT / 2)

    assert fit_and_judge(algorithm, 4) == alone(algorithm)
    assert in_a_fork(child) == alone(algorithm)


@forks
@both_algorithms
def test_forks_while_another_thread_fits(algorithm):
    expected, n_forks = alone(algorithm), 3
    done = threading.Event()

    def fit_on():
        results = [fit_and_judge(algorithm, 2)]
        while not done.is_set():
            results.append(fit_and_judge(algorithm, 2))
        return results

    def fork():
        try:
            return [in_a_fork(lambda: fit_and_judge(algorithm, 2)) for _ in range(n_forks)]
        finally:
            done.set()

    fitted, forked = at_once(fit_on, fork)
    assert forked == [expected] * n_forks
    assert fitted == [expected] * len(fitted)


@forks
def test_a_pool_of_forks_after_a_fit():
    expected = [alone(algorithm) for algorithm, _ in JOBS]
    fit_and_judge("wake-sleep", 4)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.starmap_async(fit_and_judge, JOBS).get(timeout=LIMIT) == expected


def caller_of(kernel):
    """A kernel that calls another one and is not compiled, which takes a second and not ten."""
    names, compiled = inspect.signature(kernel._function).parameters, kernel.compile()
    scope = {"compiled": compiled, "__name__": __name__}
    code = f"def call({', '.join(names)}):\n    compiled({', '.join(names)})"
    exec(compile(code, __file__, "exec"), scope)
    return Kernel(scope["call"], kernel.signature)


@forks
def test_a_fork_compiles_the_fused_kernel(monkeypatch, tmp_path):
    assert fit_and_judge("wake-sleep", 4) == alone("wake-sleep")
    fresh = caller_of(wake_sleep_run)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(fused, "wake_sleep_run", fresh)
    monkeypatch.setattr(fused, "_SECONDS_TO_COMPILE_RUNS", -1)

    def child():
        assert not fresh.is_compiled
        return fit_and_judge("wake-sleep", 4), fresh.is_compiled

    assert in_a_fork(child, LIMIT) == (alone("wake-sleep"), True)
    assert fresh._compiled is None


@forks
def test_forks_while_another_thread_compiles(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    expected, done = means_of_a_new_kernel(), threading.Event()

    def compile_on():
        while not done.is_set():
            Kernel(bernoulli_mean._function, bernoulli_mean.signature)._compile_in_memory()

    def fork():
        try:
            return [in_a_fork(means_of_a_new_kernel, 20) for _ in range(3)]
        finally:
            done.set()

    assert at_once(fork, compile_on)[0] == [expected] * 3


@forks
@both_algorithms
def test_a_fork_while_helpers_are_asked(algorithm):
    expected = alone(algorithm)
    with _threads._helpers.lock:  # as another thread would hold it
        assert in_a_fork(lambda: fit_and_judge(algorithm, 4)) == expected


@forks
def test_a_fork_while_a_kernel_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    expected = means_of_a_new_kernel()
    with compilation._compiling:  # as another thread would hold it
        assert in_a_fork(means_of_a_new_kernel) == expected


# Pools within pools


def fit_in_joblib_threads():
    parallel = joblib.Parallel(n_jobs=2, backend="threading")
    return parallel(joblib.delayed(fit_and_judge)(*job) for job in JOBS)


def fit_in_an_executor():
    with ThreadPoolExecutor(2) as executor:
        return list(executor.map(fit_and_judge, *zip(*JOBS, strict=True)))


def test_joblib_threads_within_loky():
    expected = [alone(algorithm) for algorithm, _ in JOBS]
    parallel = loky()
    call = joblib.delayed(in_a_worker)(fit_in_joblib_threads)
    assert parallel([call] * 2) == [expected] * 2


@pytest.mark.parametrize("inner", [fit_in_an_executor, fit_in_joblib_threads])
def test_thread_pools_within_a_thread_pool(inner):
    expected = [alone(algorithm) for algorithm, _ in JOBS]

    def outer():
        with ThreadPoolExecutor(3) as executor:
            return list(executor.map(lambda _: inner(), range(3)))

    assert at_once(outer) == [[expected] * 3]


# pytest-xdist

TESTS_OF_A_USER = """
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.house.test_gauntlet import ALGORITHMS, LIMIT, crowded, fit_and_judge

pytestmark = pytest.mark.parametrize(("algorithm", "expected"), EXPECTED)


@pytest.fixture(autouse=True)
def crowd():
    with crowded():
        yield


def test_a_fit(algorithm, expected):
    assert fit_and_judge(algorithm) == expected


def test_a_fit_in_threads(algorithm, expected):
    with ThreadPoolExecutor(2) as executor:
        futures = [executor.submit(fit_and_judge, algorithm) for _ in range(4)]
        assert [future.result(timeout=LIMIT) for future in futures] == [expected] * 4


def test_a_fit_in_forks(algorithm, expected):
    fit_and_judge(algorithm)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(fit_and_judge, [algorithm] * 4).get(timeout=LIMIT) == [expected] * 4
"""
INI_OF_A_USER = """
[pytest]
filterwarnings =
    error
    ignore:.*fork.*:DeprecationWarning
"""


@forks
def test_tests_that_fit_in_workers_of_pytest_xdist(tmp_path):
    expected = [(algorithm, alone(algorithm)) for algorithm in ALGORITHMS]
    code = TESTS_OF_A_USER.replace("EXPECTED", repr(expected))
    (tmp_path / "test_of_a_user.py").write_text(code, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(INI_OF_A_USER, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider"]
    assert "6 passed" in run(command, tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")


# Caches that cannot be written


@pytest.fixture
def nowhere(tmp_path):
    """A file where a folder is expected: not even root can write below it."""
    path = tmp_path / "file"
    path.write_text("")
    return path


def test_a_cache_folder_that_cannot_be(nowhere):
    found = evaluate(
        "[gauntlet.fit_and_judge(algorithm, 2) for algorithm in gauntlet.ALGORITHMS]",
        NUMBA_CACHE_DIR=str(nowhere),
    )
    assert found == [alone(algorithm) for algorithm in ALGORITHMS]


@forks
def test_a_full_disk_costs_a_warning(monkeypatch, tmp_path):
    import resource

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def without_room():
        cache._told.clear()
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        with pytest.warns(RuntimeWarning, match="cannot be kept on disk"):
            return means_of_a_new_kernel()

    assert in_a_fork(without_room) == means_of_a_new_kernel()


@pytest.fixture
def frozen_copy(tmp_path):
    """A copy of the package in which nothing can be written, and no place for compiled code."""
    target = tmp_path / "frozen" / PACKAGE.name
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "_kernels" / "__pycache__").write_text("")
    folders = [path for path in (target.parent, target, *target.rglob("*")) if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    yield target
    for folder in folders:
        folder.chmod(0o755)


def test_a_read_only_copy_without_a_home(frozen_copy, nowhere):
    place, means = evaluate(
        "[gauntlet.sklearn_helmholtz.__file__, gauntlet.means_of_a_new_kernel()]",
        frozen_copy.parent,
        NUMBA_CACHE_DIR=str(nowhere / "cache"),
        XDG_CACHE_HOME=str(nowhere / "cache"),
        HOME=None,
    )
    assert place == str(frozen_copy / "__init__.py")
    assert means == means_of_a_new_kernel()
    assert not list(frozen_copy.rglob("*.nb?"))


# Memory that cannot be written


def memory_mapped(X, folder):
    """The same data as read-only memory maps of files."""
    folder.mkdir(exist_ok=True)
    if scipy.sparse.issparse(X):
        names = ("data", "indices", "indptr")
        parts = [memory_mapped(getattr(X, name), folder / name) for name in names]
        return scipy.sparse.csr_matrix(tuple(parts), X.shape, copy=False)
    np.save(folder / "array.npy", X)
    return np.load(folder / "array.npy", mmap_mode="r")


def is_memory_mapped(array):
    return isinstance(array, np.memmap) and not array.flags.writeable


@both_algorithms
@pytest.mark.parametrize("kind", ["uint8", "bool", "float32", "float64", "csr"])
def test_memory_mapped_data(tmp_path, algorithm, kind):
    X = memory_mapped(data(kind), tmp_path)
    assert kind == "csr" or is_memory_mapped(X)
    assert fit_and_judge(algorithm, 2, X) == alone(algorithm, kind)


def fit_and_judge_mapped(X, *job):
    assert is_memory_mapped(X)
    return fit_and_judge(*job, X)


def test_data_that_joblib_maps_into_its_workers():
    expected = [alone(algorithm) for algorithm, _ in JOBS]
    parallel = loky()
    call = joblib.delayed(in_a_worker)
    assert parallel(call(fit_and_judge_mapped, data(), *job) for job in JOBS) == expected


def judge_mapped(model):
    assert is_memory_mapped(model.generative_coefs_[0])
    return judge(model)


def test_a_model_that_joblib_maps_into_its_workers():
    models = [fit(*job) for job in JOBS]
    parallel = loky()
    found = parallel(joblib.delayed(in_a_worker)(judge_mapped, model) for model in models)
    assert found == [alone(algorithm) for algorithm, _ in JOBS]


@both_algorithms
def test_a_model_that_is_loaded_as_a_memory_map(tmp_path, algorithm):
    joblib.dump(fit(algorithm), tmp_path / "model.joblib")
    model = joblib.load(tmp_path / "model.joblib", mmap_mode="r").set_params(n_jobs=2)
    assert judge_mapped(model) == alone(algorithm)


# Limits that joblib and Dask set in their workers


def test_one_thread_where_the_environment_says_so():
    limits = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": None}
    n_threads, results, has_helpers = evaluate(
        "[gauntlet._threads.count_threads(),"
        " [gauntlet.fit_and_judge(algorithm) for algorithm in gauntlet.ALGORITHMS],"
        " gauntlet._threads._helpers.pool is not None]",
        **limits,
    )
    assert n_threads == 1
    assert results == [alone(algorithm) for algorithm in ALGORITHMS]
    assert not has_helpers
