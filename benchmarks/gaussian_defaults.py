"""What the defaults of Gaussian Helmholtz machines are worth on tables of many kinds.

    python -m benchmarks.gaussian_defaults DATA [--changes NAME ...] [--sets NAME ...]

DATA as in `benchmarks.datasets`. Each change of one default is fitted to the training rows of each
data set (at most 1,000 of them) and compared with the defaults on validation rows (at most 400) by
the log-likelihood per row, in nats, of 200 importance samples; real tables are standardised. One
thread; rows of the table that are there already are not made again; remove the table to start
afresh. It is written to ``benchmarks/results/gaussian_defaults.csv``.
"""

import argparse
import csv
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from sklearn_helmholtz import GaussianHelmholtzMachine

from .baselines import digits, paired_difference
from .datasets import load

RESULTS = Path(__file__).parent / "results" / "gaussian_defaults.csv"
BINARY = "nltcs", "plants", "jester", "dna", "uci_mushrooms"
REAL = {"wine": load_wine, "breast_cancer": load_breast_cancer, "diabetes": load_diabetes}
MOST_ROWS, MOST_VALID = 1000, 400
BASE = {
    "n_components": 20,
    "hidden_layer_sizes": (200,),
    "activation": "tanh",
    "n_particles": 5,
    "learning_rate_init": 5e-3,
    "batch_size": 20,
    "max_iter": 200,
    "divergence_warmup": 0.0,
    "n_jobs": 1,
    "random_state": 0,
}
PRECISION = 3.0  # times n is alpha
CHANGES = {
    "defaults": {},
    "rate 2e-3": {"learning_rate_init": 2e-3},
    "batches of 100": {"batch_size": 100},
    "precision 1": {"precision": 1},
    "precision 10": {"precision": 10},
    "warm-up of 0.1": {"divergence_warmup": 0.1},
    "warm-up of 0.25": {"divergence_warmup": 0.25},
    "1 particle": {"n_particles": 1},
    "rate 1e-2": {"learning_rate_init": 1e-2},
    "100 epochs": {"max_iter": 100},
    "400 epochs": {"max_iter": 400},
    "20 particles": {"n_particles": 20},
    "relu": {"activation": "relu"},
    "2 layers": {"hidden_layer_sizes": (200, 200)},
    "100 hidden": {"hidden_layer_sizes": (100,)},
    "10 latents": {"n_components": 10},
}
COLUMNS = (
    "set", "rows", "features", "change", "valid", "difference", "standard_error", "train_bound",
    "active", "cpu_seconds",
)  # fmt: skip


def splits(folder, name):
    """Training and validation rows of a data set."""
    if name in BINARY:
        data = load(folder, name)
        return data["train"][:MOST_ROWS], data["valid"][:MOST_VALID]
    if name == "digits":
        data = digits()
        return data.X_train[:MOST_ROWS], data.X_valid
    X = REAL[name]().data
    X = X[np.random.default_rng(0).permutation(len(X))]
    train, valid = X[: 2 * len(X) // 3], X[2 * len(X) // 3 :]
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / deviation, (valid - mean) / deviation


def fit(X, change):
    """A machine with one default changed, and the processor's seconds it took."""
    params = BASE | change
    precision = params.pop("precision", PRECISION)
    start = time.process_time()
    machine = GaussianHelmholtzMachine(alpha=precision / len(X), **params).fit(X)
    return machine, time.process_time() - start


def compare(table, folder, names, changes):
    """Add to the table, a dict by data set and change, what it has not."""
    for name in names:
        train, valid = splits(folder, name)
        lacking = [change for change in changes if change not in table.get(name, {})]
        reference = None
        for change in ("defaults", *lacking) if lacking else ():
            machine, seconds = fit(train, CHANGES[change])
            scores = machine.score_samples(valid)
            reference = scores if change == "defaults" else reference
            difference, error = paired_difference(scores, reference)
            row = (
                name, len(train), train.shape[1], change, scores.mean(), difference, error,
                -machine.loss_curve_[-1], int(machine.active_units_.sum()), seconds,
            )  # fmt: skip
            row = [round(float(v), 4) if isinstance(v, float) else v for v in row]
            table.setdefault(name, {})[change] = dict(zip(COLUMNS, row, strict=True))
            print(*row, flush=True)
            write(table)


def read():
    """The table so far, by data set and change."""
    table = {}
    if RESULTS.exists():
        with RESULTS.open(newline="") as file:
            for row in csv.DictReader(file):
                table.setdefault(row["set"], {})[row["change"]] = row
    return table


def write(table):
    """Write the table."""
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for rows in table.values():
            writer.writerows(rows.values())


def main():
    """Compare, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = "digits", *BINARY, *REAL
    parser.add_argument("data", help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=names, choices=names)
    parser.add_argument("--changes", nargs="+", default=list(CHANGES), choices=list(CHANGES))
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="This log-likelihood")
    changes = [change for change in arguments.changes if change != "defaults"]
    compare(read(), arguments.data, arguments.sets, changes)


if __name__ == "__main__":
    main()
