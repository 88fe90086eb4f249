"""Whether learning rules in one kernel are compiled for the trainings that they shorten.

    python -m benchmarks.fused_steps

Steps of a rule in one kernel and of its layered twin take turns on one thread; both have the same
bits. Without a cache the first costs the seconds of a compilation, which is done by a process of
its own. Of all trainings of three seconds and more, "choice costs" is the time by the rule of
`learning.fused`, over that by the better of both, at the number of steps for which it is worst;
"threshold" is the number of steps from which on the kernel is compiled. The table is
``benchmarks/results/fused_steps.csv``.
"""

import csv
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.learning import Adam, ReweightedWakeSleep, WakeSleep, is_worth_compiling
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.rows import Table
from sklearn_helmholtz.units import Bernoulli

from .stopwatch import turns

FILE = Path(__file__).parent / "results" / "fused_steps.csv"
SMALL, LARGE = ((16, 10), (64, 32), (64, 100), (300, 100)), ((784, 200, 200), (2000, 300))
RULES = {"wake_sleep": WakeSleep(), "reweighted": ReweightedWakeSleep(5)}
BATCHES, REPEATS, SECONDS_OF_A_TURN, LEAST = (20, 100, 500), 10, 0.05, 3.0
COLUMNS = (
    "Rule", "Units", "Rows of a step", "In one kernel (ms)", "Layered (ms)", "Ratio", "Threshold",
    "Choice costs",
)  # fmt: skip
COMPILES = """
import time
import numpy as np
from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz._kernels.{name} import {name}_gradient as kernel
HelmholtzMachine(3, max_iter=1).fit(np.eye(20, dtype=np.uint8))
start = time.perf_counter()
kernel.compile()
print(time.perf_counter() - start)
"""


def seconds_to_compile(name):
    """Seconds that the kernel of a rule takes, after a first fit by the layered one."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", COMPILES.format(name=name)], capture_output=True, text=True,
            check=True, env=os.environ | {"NUMBA_CACHE_DIR": folder},
        )  # fmt: skip
    return float(done.stdout)


def milliseconds(rule, sizes, n_rows):
    """Milliseconds of a step in one kernel, and of a layered one."""
    rng = np.random.default_rng(0)
    table = Table((rng.random((2000, sizes[0])) < 0.19).astype(np.uint8), is_binary=True)
    start = initialise(sizes, Bernoulli(), np.zeros(sizes[0]), rng)
    n_steps = max(
        int(SECONDS_OF_A_TURN / (1e-4 + 2e-9 * n_rows * rule.n_particles * sum(sizes))), 1
    )
    batches = [rng.choice(2000, n_rows, replace=False) for _ in range(n_steps)]
    parties = {}
    for name in ("fused", "layered"):
        training = Training(start, rule, Adam(1e-4), 1, Past((0,)))
        if name == "layered":
            training._gradients._fused = None
        parties[name] = lambda t=training: [t.step(table, batch, 1e-3) for batch in batches]
    seconds = turns(parties, 1, REPEATS)
    return [1000 * statistics.median(seconds[name]) / n_steps for name in parties]


def cost_of_choice(fused, layered, compiling, sizes, n_rows):
    """The number of steps from which on a kernel is compiled, and the worst cost of that.

    fused, layered : milliseconds of a step; compiling : seconds.
    """
    n_steps = np.unique(np.geomspace(1, 1e8, 20_000).astype(np.int64))
    whole = np.array([n_steps * layered / 1000, n_steps * fused / 1000 + compiling])
    chosen = np.array([is_worth_compiling(sizes, n_rows, n) for n in n_steps.tolist()])
    times = np.where(chosen, whole[1], whole[0])
    costs = (times / whole.min(axis=0))[times >= LEAST]
    return n_steps[np.argmax(chosen)], costs.max()


def rows_of_table():
    """The rows of the table, one after the other."""
    for name, rule in RULES.items():
        compiling = seconds_to_compile(name)
        print(f"{name}: {compiling:.1f} s to compile", flush=True)
        for sizes in SMALL + LARGE:
            for n_rows in BATCHES:
                fused, layered = milliseconds(rule, sizes, n_rows)
                threshold, cost = cost_of_choice(fused, layered, compiling, sizes, n_rows)
                units = "-".join(map(str, sizes))
                yield (
                    name.replace("_", "-"), units, n_rows, f"{fused:.3g}", f"{layered:.3g}",
                    f"{layered / fused:.2f}", f"{threshold:,}", f"{cost:.2f}",
                )  # fmt: skip


def main():
    """Write the table."""
    with FILE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows_of_table():
            writer.writerow(row)
            file.flush()
            print(*row, sep=", ", flush=True)


if __name__ == "__main__":
    main()
