"""What the first use of the package in a process costs: import, and the first fit.

    python -m benchmarks.cold_start [--algorithm NAME]

Each figure comes from processes of their own: with an empty cache of compiled kernels, and with the
cache that the first of them filled. The first fit is compared with an equal second one.
"""

import argparse
import os
import subprocess
import sys
import tempfile

TARGETS = {"import": 0.3, "empty cache": 6.0, "warm cache": 0.6}
PROGRAM = """
import time
a = time.perf_counter()
import numba, sklearn.base
b = time.perf_counter()
import sklearn_helmholtz
c = time.perf_counter()
import numpy as np
X = (np.random.default_rng(0).random((500, 50)) < 0.3).astype(np.uint8)
machine = sklearn_helmholtz.HelmholtzMachine((20,), algorithm={algorithm!r}, max_iter=2)
d = time.perf_counter()
machine.fit(X)
e = time.perf_counter()
machine.fit(X)
f = time.perf_counter()
print(c - b, (e - d) - (f - e))
"""


def seconds(algorithm, cache):
    """Seconds that the import adds to numba and scikit-learn, and the first fit to a second."""
    program = PROGRAM.format(algorithm=algorithm)
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def main():
    """Print the figures beside their targets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--algorithm", default="reweighted-wake-sleep")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    found = {name: [] for name in TARGETS}
    for _ in range(arguments.repeats):
        with tempfile.TemporaryDirectory() as cache:
            found["empty cache"].append(seconds(arguments.algorithm, cache)[1])
            added, warm = seconds(arguments.algorithm, cache)
            found["import"].append(added)
            found["warm cache"].append(warm)
    for name, values in found.items():
        middle = sorted(values)[len(values) // 2]
        print(f"{name:12}{middle:7.2f} s (target {TARGETS[name]})")


if __name__ == "__main__":
    main()
