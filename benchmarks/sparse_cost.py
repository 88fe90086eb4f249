"""What a score of sparse coding costs: seconds of a row, and how far from the truth it may be.

    python -m benchmarks.sparse_cost [--folder benchmarks/results]

Random dictionaries of atoms of the length sqrt(2), half as many features as atoms or as many, noise
of 0.3; 20 chains of 300 temperatures on one thread, and the median of three turns. *Gap* is that of
bounds from both sides on 20 dreams.
"""

import argparse
import csv
import pathlib
import time

import numpy as np

from .sparse_planted import planted

HEADS = ["atoms", "features", "temperatures", "ms a row", "ns a draw", "gap", "its error"]
SIZES = ((16, 16), (24, 16), (64, 64), (128, 64), (256, 128))
N_ROWS, N_CHAINS, NOISE = 20, 20, 0.3


def measure(n_atoms, n_features, n_temperatures):
    """A row of the table."""
    model = planted(n_atoms, n_features, NOISE, 0)
    model.set_params(n_jobs=1, n_temperatures=n_temperatures)
    X, seconds = model.sample(N_ROWS, random_state=1), []
    for _ in range(3):
        start = time.process_time()
        model.score(X)
        seconds.append(time.process_time() - start)
    a_row = np.median(seconds) / N_ROWS
    found = model.log_likelihood_bounds(N_ROWS, random_state=2)
    return [
        n_atoms, n_features, n_temperatures, f"{1e3 * a_row:.1f}",
        f"{1e9 * a_row / (N_CHAINS * n_temperatures * n_atoms):.0f}", f"{found.gap:.3f}",
        f"{found.gap_standard_error:.3f}",
    ]  # fmt: skip


def main():
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", help="for the table")
    arguments = parser.parse_args()
    table = [HEADS]
    for n_atoms, n_features in SIZES:
        for n_temperatures in (300, 1000) if n_atoms == 24 else (300,):
            table.append(measure(n_atoms, n_features, n_temperatures))
            print(" | ".join(map(str, table[-1])), flush=True)
    if arguments.folder:
        path = pathlib.Path(arguments.folder) / "sparse_cost.csv"
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows(table)


if __name__ == "__main__":
    main()
