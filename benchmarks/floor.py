"""What a wake-sleep step must cost on this processor, and how far the library is from it.

    python -m benchmarks.floor

Counts the operations and bytes of one row of a step at 784-200-200 with minibatches of 128,
measures how many of each kind this processor does in a second when nothing else is asked of it, and
compares their sum with a measured step. All on one thread.
"""

import itertools
import statistics
import time

import numba
import numpy as np

from sklearn_helmholtz._kernels.arithmetic import fill
from sklearn_helmholtz._kernels.bernoulli import bernoulli_mean
from sklearn_helmholtz._kernels.kernel import kernel, reads, writes
from sklearn_helmholtz._kernels.lanes import LANES, load, store
from sklearn_helmholtz._kernels.random import uniform_row

from .workloads import SIZES, wake_sleep

BATCH = 128
_N = 4096  # floats of an array that stays in the first cache, 16 KB
_ROUNDS = 2000


@kernel(reads(numba.float32, 1), writes(numba.float32, 1))
def add_near(values, out):
    """Add lanes that stay in the first cache to eight registers: the heart of a look-up."""
    a, b, c, d = fill(values[0]), fill(values[1]), fill(values[2]), fill(values[3])
    e, f, g, h = fill(values[4]), fill(values[5]), fill(values[6]), fill(values[7])
    for _ in range(_ROUNDS):
        for i in range(0, _N, 8 * LANES):
            a, b = a + load(values, i), b + load(values, i + LANES)
            c, d = c + load(values, i + 2 * LANES), d + load(values, i + 3 * LANES)
            e, f = e + load(values, i + 4 * LANES), f + load(values, i + 5 * LANES)
            g, h = g + load(values, i + 6 * LANES), h + load(values, i + 7 * LANES)
    store(out, 0, ((a + b) + (c + d)) + ((e + f) + (g + h)))


@kernel(reads(numba.float32, 1), writes(numba.float32, 1))
def store_near(values, out):
    """Write lanes that stay in the first cache: the heart of making tables."""
    a = fill(values[0])
    for _ in range(_ROUNDS):
        for i in range(0, _N, 4 * LANES):
            store(out, i, a)
            store(out, i + LANES, a)
            store(out, i + 2 * LANES, a)
            store(out, i + 3 * LANES, a)
        a = a + load(values, 0)


@kernel(reads(numba.uint32, 1), writes(numba.float32, 1))
def draw_near(key, out):
    """Uniform numbers, written where they stay in the first cache."""
    for r in range(_ROUNDS // 20):
        uniform_row(key, numba.uint64(r), numba.int64(0), numba.uint32(0), out)


def aligned(n):
    """Zeros of float32 that start at a cache line: lanes that straddle lines take twice as long."""
    memory = np.zeros(n + LANES, np.float32)
    start = -(memory.ctypes.data // memory.itemsize) % LANES
    return memory[start : start + n]


def rate(function, amount, repeats=9):
    """Units of work in a second, the best of some turns."""
    function()
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return amount / best


def counts(sizes=SIZES, batch=BATCH):
    """Operations of one row: lanes looked up, lanes written to tables, numbers drawn, units scored.

    A product visits each pair of layers six times: wake and sleep, upward and downward, and two
    gradients. Tables are shared by the rows of a call: 128 going up, 256 coming down; those of a
    gradient by all units of the parent layer. Bytes are those of the optimiser: gradients of two
    row blocks written and read, parameters and two moments read and written, once a step.
    """
    looked_up = written = 0.0
    for below, above in itertools.pairwise(sizes):
        up, down = above / LANES, below / LANES  # lanes of a row of sums
        looked_up += below / 4 * up * 2 + above / 4 * down * 2
        looked_up += above / 4 * down + below / 4 * up
        written += 15 * (below / 4 * up * 2 / batch + above / 4 * down / batch)
        written += 15 / 4 * (down + up)
    hidden, visible = sum(sizes[1:]), sizes[0]
    n_parameters = sum(2 * below * above for below, above in itertools.pairwise(sizes))
    return {
        "lanes looked up and added": looked_up,
        "lanes written to tables": written,
        "numbers drawn": 2 * hidden + visible,
        "exponentials": 2 * (2 * hidden + visible),
        "bytes moved": 10 * 4 * n_parameters / batch,
    }


def main():
    """Print the table."""
    values, out = aligned(_N), aligned(_N)
    key, eta = np.zeros(2, np.uint32), np.zeros((1, _N), np.float32)
    far = np.zeros((3, 400_000), np.float32)
    rates = {
        "lanes looked up and added": rate(lambda: add_near(values, out), _ROUNDS * _N / LANES),
        "lanes written to tables": rate(lambda: store_near(values, out), _ROUNDS * _N / LANES),
        "numbers drawn": rate(lambda: draw_near(key, out), _ROUNDS // 20 * _N),
        "exponentials": rate(lambda: bernoulli_mean(eta, out[None]), _N),
        "bytes moved": rate(lambda: np.add(far[0], far[1], out=far[2]), far.nbytes),
    }
    print(f"{'of one row':28}{'count':>9}{'a second':>12}{'us':>8}")
    total = 0.0
    for name, count in counts().items():
        microseconds = count / rates[name] * 1e6
        total += microseconds
        print(f"{name:28}{count:9.0f}{rates[name] / 1e9:10.2f} G{microseconds:8.2f}")
    turn = wake_sleep(SIZES, BATCH, 20, None).make(1)
    turn()
    measured = statistics.median(_seconds(turn) for _ in range(9)) / (20 * BATCH) * 1e6
    print(f"{'floor':28}{'':21}{total:8.2f}")
    print(f"{'measured step':28}{'':21}{measured:8.2f}  ({measured / total:.2f} times the floor)")


def _seconds(turn):
    start = time.perf_counter()
    turn()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
