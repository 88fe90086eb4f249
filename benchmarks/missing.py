"""What missing values cost: training with gaps against training on the complete data.

    python -m benchmarks.missing --data DIR [--sets nltcs plants] [--share 0.2] [--csv FILE]

DIR as for `benchmarks.plain_density`, whose settings are used, unchanged, for both fits. A share of
the entries of ``train`` is taken away at random; both machines are scored on the complete ``test``.
"""

import argparse
import csv
import time

import numpy as np

from sklearn_helmholtz import HelmholtzMachine, compare_log_likelihood

from .datasets import load
from .plain_density import N_IMPORTANCE_SAMPLES, SETTINGS

LIMITS = {"nltcs": 0.05, "plants": 0.3}
COLUMNS = ("data", "share", "complete", "with_gaps", "loss", "standard_error", "limit", "seconds")


def with_gaps(X, share, seed=0):
    """Data as float32, NaN in a share of the entries."""
    missing = np.random.default_rng(seed).random(X.shape) < share
    return np.where(missing, np.float32(np.nan), X.astype(np.float32))


def evaluate(data, settings, share):
    """Train with and without gaps, and compare on the test rows."""
    settings = settings | {"n_importance_samples": N_IMPORTANCE_SAMPLES}
    complete = HelmholtzMachine(**settings).fit(data["train"])
    start = time.perf_counter()
    incomplete = HelmholtzMachine(**settings).fit(with_gaps(data["train"], share))
    seconds = time.perf_counter() - start
    result = compare_log_likelihood(complete, incomplete, data["test"])
    return {
        "share": share,
        "complete": complete.score(data["test"]),
        "with_gaps": incomplete.score(data["test"]),
        "loss": result.difference,
        "standard_error": result.standard_error,
        "seconds": seconds,
    }


def main():
    """Run the benchmark, print the table and write it as CSV where asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=list(LIMITS), choices=list(LIMITS))
    parser.add_argument("--share", type=float, default=0.2, help="of the entries, to take away")
    parser.add_argument("--csv", help="file for the table")
    arguments = parser.parse_args()
    table = []
    for name in arguments.sets:
        row = evaluate(load(arguments.data, name), SETTINGS[name], arguments.share)
        table.append({"data": name, "limit": LIMITS[name], **row})
        print({key: round(v, 4) if isinstance(v, float) else v for key, v in table[-1].items()})
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(table)


if __name__ == "__main__":
    main()
