"""What an epoch on wide sparse tables costs: by panels, beside all inputs of a layer at once.

    OMP_NUM_THREADS=1 LOKY_MAX_CPU_COUNT=1 python -m benchmarks.wide_tables [--csv FILE] [--turns 5]

Microseconds of the processor for a row and an epoch of `HelmholtzMachine` on random rows of some
fifty ones, as CSR. "Before" makes the inputs of all columns for all rows of a block, fetches them
again to score, to draw and to learn, and takes dreams as dense rows; "now" goes through the columns
panel by panel where they are many, and takes short dreams as lists. Turns of both alternate;
medians.
"""

import argparse
import contextlib
import csv
import statistics
import sys
import time
from unittest import mock

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.layers import conditional
from sklearn_helmholtz.rows import Lists

from .memory import sparse_rows

ROWS, ONES = 2000, 50
CASES = [
    (n_columns, n_units, algorithm)
    for n_columns, n_units in ((5000, 100), (12_500, 100), (50_000, 20), (50_000, 100))
    for algorithm in ("wake-sleep", "reweighted-wake-sleep")
]
HEADS = "Columns", "Units", "Algorithm", "Before, us", "Now, us", "Ratio"


@contextlib.contextmanager
def as_before():
    """A context in which fits do what they did before."""
    with (
        mock.patch.object(conditional, "_WIDE", float("inf")),
        mock.patch.object(Lists, "where_short", lambda rows: rows),
    ):
        yield


def cost(X, n_units, algorithm):
    """Microseconds of a row and an epoch, those of the start of a fit taken off."""
    seconds = []
    for n_epochs in (1, 3):
        model = HelmholtzMachine(
            n_units, algorithm=algorithm, max_iter=n_epochs, early_stopping=False, random_state=0
        )
        start = time.process_time()
        model.fit(X)
        seconds.append(time.process_time() - start)
    return (seconds[1] - seconds[0]) / 2 / X.shape[0] * 1e6


def compare(n_columns, n_units, algorithm, turns):
    """A row of the table."""
    X, before, now = sparse_rows(ROWS, n_columns, ONES / n_columns), [], []
    for _ in range(turns + 1):
        with as_before():
            before.append(cost(X, n_units, algorithm))
        now.append(cost(X, n_units, algorithm))
    old, new = (statistics.median(found[1:]) for found in (before, now))  # the first ones compile
    return n_columns, n_units, algorithm, f"{old:.0f}", f"{new:.0f}", f"{old / new:.2f}"


def main():
    """Print the table, and write it to a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--csv", help="a file for the table")
    options = parser.parse_args()
    rows = []
    for case in CASES:
        rows.append(compare(*case, options.turns))
        print(*rows[-1], flush=True)
    with open(options.csv, "w", newline="") if options.csv else sys.stdout as file:
        csv.writer(file, lineterminator="\n").writerows([HEADS, *rows])


if __name__ == "__main__":
    main()
