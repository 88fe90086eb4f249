"""The command ``python -m sklearn_helmholtz``: compile all kernels, so that no first call has to.

For images of containers, continuous integration, and whoever would rather wait now.
"""

import argparse
import os
import sys
import time

from joblib import Parallel, delayed

from ._compiling import all_kernels, cache_folder, cached_files, compile_kernel
from ._kernels.intrinsics import INTERPRETED
from ._threads import count_threads
from ._version import __version__

_DESCRIPTION = (
    "Compile all kernels of sklearn_helmholtz and keep them on disk, so that no first fit has to "
    "wait for that."
)
_NOTE = (
    "Kernels are kept in the folder that the environment variable NUMBA_CACHE_DIR names, otherwise "
    "beside the package or in the user's cache folder. They are for the processor that compiled "
    "them; NUMBA_CPU_NAME and NUMBA_CPU_FEATURES choose another. The exit status is 0 if all "
    "kernels are on disk."
)


def main(arguments=None):
    """Run the command with arguments, those of the process if None; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m sklearn_helmholtz", description=_DESCRIPTION, epilog=_NOTE
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--jobs", type=int, metavar="N",
        help="kernels to compile at a time, each in a process (default: one for each processor)",
    )  # fmt: skip
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--where", action="store_true", help="only say where kernels are kept, and how large"
    )
    choice.add_argument(
        "--clear", action="store_true", help="only delete what is kept there, of all versions"
    )
    asked = parser.parse_args(arguments)
    if asked.jobs is not None and asked.jobs < 1:
        parser.error(f"--jobs must be at least 1, got {asked.jobs}")
    if INTERPRETED:
        return _fail("NUMBA_DISABLE_JIT is set: kernels are plain Python, and none is compiled.")
    try:
        folder = cache_folder()
    except (OSError, RuntimeError) as error:
        return _fail(
            f"Compiled kernels cannot be kept on disk: {error}. Set the environment variable "
            "NUMBA_CACHE_DIR to a folder that you alone can write."
        )
    if asked.where:
        return _say_where(folder)
    return _clear() if asked.clear else _compile_all(folder, count_threads(asked.jobs))


def _compile_all(folder, n_jobs):
    """Compile what is not on disk, some kernels at a time, and say so; the exit status."""
    kernels = all_kernels()
    start = time.perf_counter()
    print(f"Compiling {len(kernels)} kernels into {folder}", flush=True)
    missing = [number for number, kernel in enumerate(kernels) if not kernel.is_compiled]
    jobs = (delayed(compile_kernel)(number) for number in missing)
    try:
        compiled = Parallel(min(n_jobs, max(len(missing), 1)), return_as="generator_unordered")(
            jobs
        )
        for n_done, (number, took, complaint) in enumerate(compiled, 1):
            line = f"{n_done:3}/{len(missing)} {_name(kernels[number])} {took:.1f} s"
            print(line, flush=True)
            if complaint:
                return _fail(complaint)
    except KeyboardInterrupt:
        return _fail("\nInterrupted: what is compiled is kept, and the next run goes on.")
    seconds, n_old = time.perf_counter() - start, len(kernels) - len(missing)
    print(f"{len(missing)} kernels compiled in {seconds:.0f} s, {n_old} were there before.")
    return _say_where(folder)


def _name(kernel):
    module = kernel.__module__.rpartition(".")[2]
    return f"{module}.{kernel.__name__.lstrip('_')}{kernel._variant}"


def _say_where(folder):
    """Print what the folder holds; the exit status."""
    files = cached_files()
    own, other = ([path for path, is_own in files if is_own is wanted] for wanted in (True, False))
    print(f"{len(own)} files of this version, {_megabytes(own)}, are in {folder}")
    if other:
        print(f"{len(other)} files of other versions, {_megabytes(other)}: --clear deletes all.")
    return 0


def _megabytes(paths):
    return f"{sum(path.stat().st_size for path in paths) / 1e6:.1f} MB"


def _clear():
    """Delete compiled kernels; the exit status."""
    paths = [path for path, _ in cached_files()]
    size = _megabytes(paths)
    try:
        for path in paths:
            os.remove(path)
    except OSError as error:
        return _fail(f"Not all files could be deleted: {error}.")
    print(f"{len(paths)} files deleted, {size}.")
    return 0


def _fail(message):
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
