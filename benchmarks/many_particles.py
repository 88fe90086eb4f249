"""Microseconds of a row of reweighted wake-sleep by its number of particles.

    python -m benchmarks.many_particles --data DIR [--csv FILE]

DIR as in `benchmarks.datasets`; the data set is binarized_mnist. A machine of 200, 200 and 200
hidden units learns for five epochs with ten particles; then 10,000 rows are learnt with each number
of particles, on one thread, medians of several turns one after the other. "For each" is the time of
the particles beyond those of the row above.
"""

import argparse
import copy
import csv
import statistics
import time
from pathlib import Path

from sklearn_helmholtz import HelmholtzMachine

from .datasets import load

NUMBERS, N_ROWS, N_EPOCHS, N_TURNS = (5, 10, 20, 50, 100), 10_000, 5, 5
HEADS = "Particles", "Row, us", "For each, us"


def turns(machine, X):
    """Microseconds of a row for each number of particles, turn by turn."""
    machines = {n: copy.deepcopy(machine).set_params(n_particles=n) for n in NUMBERS}
    found = {n: [] for n in NUMBERS}
    for _ in range(N_TURNS):
        for n, own in machines.items():
            start = time.perf_counter()
            own.partial_fit(X)
            found[n].append((time.perf_counter() - start) / len(X) * 1e6)
    return found


def table(found):
    """The rows of the table."""
    medians = {n: statistics.median(times) for n, times in found.items()}
    rows, before, so_far = [], 0, 0.0
    for n, median in medians.items():
        rows.append((n, f"{median:.1f}", f"{(median - so_far) / (n - before):.2f}"))
        before, so_far = n, median
    return rows


def main():
    """Print the table, and write it where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--csv", type=Path, help="for the table")
    options = parser.parse_args()
    X = load(options.data, "binarized_mnist")["train"]
    machine = HelmholtzMachine(
        (200, 200, 200), n_particles=10, max_iter=N_EPOCHS, early_stopping=False, n_jobs=1,
        random_state=0,
    )  # fmt: skip
    rows = table(turns(machine.fit(X), X[:N_ROWS]))
    for row in (HEADS, *rows):
        print("{:>10}{:>10}{:>15}".format(*row))
    if options.csv:
        with options.csv.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([HEADS, *rows])


if __name__ == "__main__":
    main()
