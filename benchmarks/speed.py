"""Speed, side by side in one process: this library, PyTorch, BernoulliRBM and NumPy.

    python -m benchmarks.speed [--repeats 15] [--threads 1 2] [--only NAME ...]
        [--data DIR] [--csv FILE]
    python -m benchmarks.speed --check

Prints medians over repeats that take turns, with a rest before each turn, on 1 and on 2 threads.
A ratio says how many times faster this library is; beside it stand the target and the library that
multiplies matrices for the other party (`benchmarks.blas` says how to change NumPy's). With DIR, as
in `benchmarks.datasets`, machines that have learnt binarised MNIST are among the work. PyTorch is a
dependency of this benchmark only; without it, its rows are left out. ``--check`` makes sure that
the PyTorch programs compute the same things.
"""

import argparse
import csv
import itertools
import json
import os
import platform
import statistics
import sys

import numba
import numpy as np
import scipy
import sklearn

import sklearn_helmholtz

from .blas import HAS_TORCH, numpy_blas, torch_blas
from .stopwatch import turns
from .workloads import workloads

FEWEST_REPEATS = 3
OURS = "sklearn_helmholtz"
COLUMNS = "{:>7}  {:62}{:>9} {:12}  {:22}{:>9}{:>7}{:>7}  {:7}{}"
HEADS = ("threads", "work", "ours", "unit", "against", "its", "ratio", "target", "", "BLAS")


def rows_of_table(workload, n_threads, repeats):
    """A dictionary for each rival: medians in microseconds per unit of work, and their ratio."""
    makers = {OURS: workload.make} | {rival.name: rival.make for rival in workload.rivals}
    parties = {name: make(n_threads) for name, make in makers.items()}
    seconds = turns(parties, n_threads, max(repeats // workload.thrift, FEWEST_REPEATS))
    scaled = {
        name: [round(value / workload.amount * 1e6, 4) for value in values]
        for name, values in seconds.items()
    }
    medians = {name: statistics.median(values) for name, values in scaled.items()}
    for rival in workload.rivals:
        yield {
            "threads": n_threads,
            "work": workload.title,
            "unit": f"us/{workload.unit}",
            "ours": medians[OURS],
            "against": rival.name,
            "its": medians[rival.name],
            "ratio": medians[rival.name] / medians[OURS],
            "target": rival.target,
            "blas": rival.blas,
            "turns": {"ours": scaled[OURS], "its": scaled[rival.name]},
        }


def line(row):
    """A row of the table as text."""
    target, verdict = row["target"], ""
    if target is not None:
        verdict = "met" if row["ratio"] >= target else "missed"
    return COLUMNS.format(
        row["threads"], row["work"], f"{row['ours']:.2f}", row["unit"], row["against"],
        f"{row['its']:.2f}", f"{row['ratio']:.2f}", "" if target is None else f"{target:g}",
        verdict, row["blas"] or "",
    ).rstrip()  # fmt: skip


def write_csv(table, file):
    """The table in brief, for the documentation."""
    writer = csv.writer(file)
    writer.writerow(["Threads", "Work", "Here, us", "Against", "Its, us", "Ratio", "Target"])
    for row in table:
        target = "" if row["target"] is None else f"{row['target']:g}"
        ours, its = (f"{row[who]:.2f}" for who in ("ours", "its"))
        work = f"{row['work']} ({row['unit'].replace('us/', 'each ')})"
        ratio = f"{row['ratio']:.2f}"
        writer.writerow([row["threads"], work, ours, row["against"], its, ratio, target])


def main():
    """Run the benchmark, print the table and write it as JSON where asked to."""
    arguments = _arguments()
    if arguments.check:
        return _check()
    made = workloads(arguments.score_rows, arguments.score_particles, arguments.data)
    unknown = set(arguments.only or ()) - set(made)
    if unknown:
        sys.exit(f"--only knows {', '.join(made)}; got {', '.join(sorted(unknown))}.")
    print(COLUMNS.format(*HEADS).rstrip())
    table = []
    for name in arguments.only or made:
        workload = made[name]()
        for n_threads in arguments.threads:
            if workload.rivals and workload.n_threads in (None, n_threads):
                for row in rows_of_table(workload, n_threads, arguments.repeats):
                    table.append({"name": name, **row})
                    print(line(row), flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"environment": environment(), "table": table}, file, indent=1)
            file.write("\n")
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            write_csv(table, file)
    return 0


def environment():
    """What was measured: versions, and who multiplies matrices."""
    modules = (sklearn_helmholtz, numba, np, scipy, sklearn)
    found = {"python": platform.python_version()}
    found |= {module.__name__: module.__version__ for module in modules}
    found["numpy_blas"] = numpy_blas()
    found["OPENBLAS_CORETYPE"] = os.environ.get("OPENBLAS_CORETYPE")
    if HAS_TORCH:
        import torch

        found |= {"torch": torch.__version__, "torch_blas": torch_blas()}
    return found


def _arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=15, help="turns of each party")
    parser.add_argument("--json", help="file for the table, with every turn")
    parser.add_argument("--csv", help="file for the table in brief")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="rows of the table, by name")
    parser.add_argument("--data", help="folder of the file of binarised MNIST")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--score-rows", type=int, default=1000)
    parser.add_argument("--score-particles", type=int, default=1000)
    parser.add_argument("--check", action="store_true", help="check the PyTorch programs")
    return parser.parse_args()


def _check():
    from .boltzmann_workloads import boltzmann_difference
    from .torch_checks import Finding, findings
    from .torch_gaussian_checks import gaussian_findings

    failed = 0
    step = Finding("PyTorch by hand, PCD-1: step, relative", boltzmann_difference(), 1e-5)
    for finding in itertools.chain(findings(), gaussian_findings(), [step]):
        print(finding, flush=True)
        failed += finding.figure > finding.limit
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
