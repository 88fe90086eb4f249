"""Factor analysis beside scikit-learn's: seconds, memory, and the likelihoods that both reach.

    python -m benchmarks.factor_analysis [--folder benchmarks/results] [--check]

Two tables, made in one run. *Speed* (`benchmarks.factor_speed`): medians over turns that all
parties take, with as many threads of BLAS as ``--threads`` says, one number after the other; and
the memory that a fit adds on one thread (`benchmarks.factor_memory`). Fits come within 1e-6 nats
per row of the highest likelihood; the tol of scikit-learn is the largest of some that does, looked
for until ``--seconds`` are used up. *Agreement* (`benchmarks.factor_agreement`): on 30 random
tables and four real ones, how far likelihoods and covariances are from those of scikit-learn.

With ``--folder`` both are written there, as CSV, and what came of the limits as text: the page of
the documentation reads these files. With ``--check`` the exit status is 1 if a limit is missed.
"""

import argparse
import csv
import pathlib
import sys
import warnings
from datetime import date

import joblib
import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning

from sklearn_helmholtz import __version__

from . import factor_agreement, factor_speed
from .blas import numpy_blas
from .factor_memory import peak_of_a_fit

PARTS = ("speed", "agreement")
_WHO = {factor_speed.OURS: "ours", **factor_speed.RIVALS}  # as `factor_memory` has them


def speed(arguments):
    """The rows of the table of speed, printed as they come."""
    rows = []
    print(_line(factor_speed.HEADS))
    for name in arguments.sizes:
        size = factor_speed.SIZES[name]
        shape = (size.n_rows, size.n_features, size.n_factors)
        memory = {who: peak_of_a_fit(*shape, word) for who, word in _WHO.items()}
        for row in factor_speed.measure(
            size, arguments.threads, arguments.repeats, arguments.seconds
        ):
            if row["threads"] == arguments.threads[0]:
                row["memory"] = memory.get(row["who"])
            rows.append(row)
            print(_line(factor_speed.cells(row)), flush=True)
    return rows


def agreement(arguments):
    """The rows of the table of agreement, printed as they come."""
    rows = []
    print(_line(factor_agreement.HEADS))
    for row in factor_agreement.measure(arguments.max_iter):
        rows.append(row)
        print(_line(factor_agreement.cells(row)), flush=True)
    return rows


def _line(texts):
    return " | ".join(texts)


def occasion():
    """When, with what, and on how many cores this was measured."""
    versions = f"version {__version__}, scikit-learn {sklearn.__version__}, NumPy {np.__version__}"
    blas = f"{numpy_blas()}, {joblib.cpu_count()} cores"
    return f"Measured on {date.today()} with {versions} ({blas})."


def write(path, module, rows):
    """A table as CSV."""
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([module.HEADS, *map(module.cells, rows)])


def main():
    """Measure, print and, where asked, write and check."""
    arguments = _arguments()
    warnings.simplefilter("ignore", ConvergenceWarning)  # of tols on trial; likelihoods tell
    tables, found = {}, []
    if "speed" in arguments.only:
        rows = tables["speed"] = speed(arguments)
        found += factor_speed.verdicts(rows)
    if "agreement" in arguments.only:
        rows = tables["agreement"] = agreement(arguments)
        found += factor_agreement.verdicts(rows)
    lines = [f"{'met' if kept else 'MISSED'}: {sentence}" for kept, sentence in found]
    print("\n".join(["", occasion(), *lines]))
    if arguments.folder:
        folder = pathlib.Path(arguments.folder)
        for name, rows in tables.items():
            module = {"speed": factor_speed, "agreement": factor_agreement}[name]
            write(folder / f"factor_analysis_{name}.csv", module, rows)
        if set(tables) == set(PARTS):
            (folder / "factor_analysis.txt").write_text("\n".join([occasion(), *lines]) + "\n")
    return int(arguments.check and not all(kept for kept, _ in found))


def _arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", help="for the tables")
    parser.add_argument("--check", action="store_true", help="fail where a limit is missed")
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument(
        "--sizes", nargs="+", default=list(factor_speed.SIZES), choices=list(factor_speed.SIZES)
    )
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="of BLAS")
    parser.add_argument("--repeats", type=int, default=7, help="turns of each party, at most")
    parser.add_argument(
        "--seconds", type=float, default=100, help="for each search, and for the turns of a party"
    )
    parser.add_argument("--max-iter", type=int, default=5000, help="steps in the agreement")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
