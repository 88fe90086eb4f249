"""Peak memory of one epoch of fit on a large table, by the operating system's own count.

    python -m benchmarks.memory [--rows 1000000] [--features 784] [--csr]

Prints the resident memory once the data are there, the peak during `fit`, and the difference. With
``--csr`` the data are sparse, 0.5 % ones, and a row of 20,000 features counts.
"""

import argparse
import pathlib
import re
import resource
import sys

import numpy as np
import scipy.sparse

from sklearn_helmholtz import HelmholtzMachine

TARGET = 300.0  # MB over the data


def peak():
    """The largest resident size of this process so far, MB.

    On Linux `getrusage` begins with that of the process which started this one.
    """
    if sys.platform == "linux":
        status = pathlib.Path("/proc/self/status").read_text()
        (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return int(kilobytes) * 1.024e-3
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1e6 if sys.platform == "darwin" else 1e3 / 1.024)


def dense_rows(n_rows, n_features):
    """Random binary rows, uint8, made a few at a time; every page of the memory is touched."""
    X, rng = np.empty((n_rows, n_features), np.uint8), np.random.default_rng(0)
    for start in range(0, n_rows, 10_000):
        part = X[start : start + 10_000]
        part[:] = rng.integers(0, 256, part.shape, np.uint8) < 49
    return X


def sparse_rows(n_rows, n_features, density=0.005):
    """Random binary rows as CSR, uint8."""
    n_ones, rng = int(density * n_features), np.random.default_rng(0)
    columns = [np.sort(rng.choice(n_features, n_ones, replace=False)) for _ in range(n_rows)]
    starts = np.arange(n_rows + 1) * n_ones
    ones = np.ones(n_rows * n_ones, np.uint8)
    return scipy.sparse.csr_array((ones, np.concatenate(columns), starts), (n_rows, n_features))


def main():
    """Fit once on few rows, so that kernels are compiled, then on all; print the peaks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=784)
    parser.add_argument("--csr", action="store_true")
    parser.add_argument("--algorithm", default="wake-sleep")
    arguments = parser.parse_args()
    make = sparse_rows if arguments.csr else dense_rows
    X = make(arguments.rows, arguments.features)
    machine = HelmholtzMachine(
        (200,), algorithm=arguments.algorithm, batch_size=128, max_iter=1, random_state=0
    )
    before = peak()
    machine.fit(X)
    form = "CSR" if arguments.csr else "uint8"
    print(f"fit on {X.shape[0]:,} x {X.shape[1]:,} {form}, {arguments.algorithm}")
    print(f"peak before {before:,.0f} MB, after {peak():,.0f} MB: {peak() - before:,.0f} MB more")
    print(f"(target: at most {TARGET:g} MB more than the data)")


if __name__ == "__main__":
    main()
