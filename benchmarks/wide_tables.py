"""What epochs and scores of wide sparse tables cost: by panels, beside all inputs at once.

    OMP_NUM_THREADS=1 LOKY_MAX_CPU_COUNT=1 python -m benchmarks.wide_tables [--csv FILE] [--turns 5]

Microseconds of the processor for a row and an epoch of `HelmholtzMachine` on random rows of some
fifty ones, as CSR, and milliseconds of a row's score by 1,000 particles. "Before" makes the inputs
of all columns for all rows of a block, fetches them again to score, to draw and to learn, and takes
dreams as dense rows; "now" goes through the columns panel by panel where they are many, and takes
short dreams as lists. Turns of both alternate; medians.
"""

import argparse
import contextlib
import csv
import statistics
import sys
import time
import warnings
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
SCORED = 20
HEADS = (
    "Columns", "Units", "Algorithm", "Epoch before, us", "Now, us", "Ratio", "Score before, ms",
    "Now, ms", "Ratio",
)  # fmt: skip


@contextlib.contextmanager
def as_before():
    """A context in which fits do what they did before."""
    with (
        mock.patch.object(conditional, "_WIDE", float("inf")),
        mock.patch.object(Lists, "where_short", lambda rows: rows),
    ):
        yield


def cost(X, n_units, algorithm):
    """Microseconds of a row and an epoch, the start of a fit taken off, and ms of a score."""
    seconds = []
    for n_epochs in (1, 3):
        model = HelmholtzMachine(
            n_units, algorithm=algorithm, max_iter=n_epochs, early_stopping=False, random_state=0
        )
        start = time.process_time()
        model.fit(X)
        seconds.append(time.process_time() - start)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of so short a training
        model.log_likelihood(X[:SCORED], method="importance", n_importance_samples=1000)
    score = (time.process_time() - start) / SCORED * 1e3
    return (seconds[1] - seconds[0]) / 2 / X.shape[0] * 1e6, score


def compare(n_columns, n_units, algorithm, turns):
    """A row of the table."""
    X, before, now = sparse_rows(ROWS, n_columns, ONES / n_columns), [], []
    for _ in range(turns + 1):
        with as_before():
            before.append(cost(X, n_units, algorithm))
        now.append(cost(X, n_units, algorithm))
    cells = []
    olds, news = (zip(*found[1:], strict=True) for found in (before, now))  # the first compile
    for digits, old, new in zip((0, 1), olds, news, strict=True):
        old, new = statistics.median(old), statistics.median(new)
        cells += [f"{old:.{digits}f}", f"{new:.{digits}f}", f"{old / new:.2f}"]
    return n_columns, n_units, algorithm, *cells


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
