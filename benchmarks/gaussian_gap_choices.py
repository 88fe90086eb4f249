"""What single choices are worth to Gaussian Helmholtz machines on small tables with gaps.

    python -m benchmarks.gaussian_gap_choices DATA MIXED [--sets NAME ...] [--changes NAME ...]

DATA and MIXED as of `benchmarks.gaussian_gaps`, whose grid came of this table. Test rows have no
part in it: of the training and validation rows together some random splits are made, in which 70 %
are to learn from, 15 % stop training early, and 15 % are scored. Each change of a machine of 20
latents and 200 tanh units is compared, over all rows that are scored, with the factor analysis
whose number of factors is best for the rows that stop training: log-densities in nats a row, and
root mean square errors of hidden cells. One thread. It is written to
``benchmarks/results/gaussian_gap_choices.csv``; tables that are there already are not made again.
"""

import argparse
import csv
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_helmholtz import GaussianHelmholtzMachine

from .baselines import paired_difference
from .gaussian_gaps import MACHINE, complete, error, factor_models, with_gaps

RESULTS = Path(__file__).parent / "results" / "gaussian_gap_choices.csv"
TABLES = "breast_cancer", "wine", "diamonds"
SPLITS = 4
BASE = {
    "n_components": 20, "hidden_layer_sizes": (200,), "activation": "tanh",
    "algorithm": "importance-weighted", "learning_rate_init": 5e-3,
}  # fmt: skip
RELU, SLOW = {"activation": "relu"}, {"learning_rate_init": 1e-3}
DREAMS = {"algorithm": "reweighted-wake-sleep"}
CHANGES = {
    "none": {},
    "200 epochs, patience 20": {"max_iter": 200, "n_iter_no_change": 20},
    "relu": RELU,
    "rate 1e-3": SLOW,
    "reweighted wake-sleep": DREAMS,
    "relu, rate 1e-3": RELU | SLOW,
    "relu, reweighted wake-sleep": RELU | DREAMS,
    "relu, rate 1e-3, reweighted wake-sleep": RELU | SLOW | DREAMS,
    "5 latents, 50 units": {"n_components": 5, "hidden_layer_sizes": (50,)},
    "5 latents, 50 units, relu": RELU | {"n_components": 5, "hidden_layer_sizes": (50,)},
    "10 latents, affine": {"n_components": 10, "hidden_layer_sizes": ()},
    "full covariance": {"covariance": "full"},
    "full covariance, rate 1e-3": SLOW | {"covariance": "full"},
    "1 particle": {"n_particles": 1},
    "20 particles": {"n_particles": 20},
    "precision 1": {"precision": 1},
    "precision 10": {"precision": 10},
}
COLUMNS = (
    "table", "model", "held_out", "minus_factors", "difference_error", "rmse", "epochs",
    "cpu_seconds",
)  # fmt: skip


def split(X, seed):
    """Rows to learn from, to stop by, and to score, of rows that are no test rows."""
    order = np.random.default_rng(seed).permutation(len(X))
    first, second = int(0.7 * len(X)), int(0.85 * len(X))
    return X[order[:first]], X[order[first:second]], X[order[second:]]


def machine(train, valid, change):
    """A machine with a change, fitted."""
    settings = MACHINE | BASE | change
    if "precision" in settings:
        settings["alpha"] = settings.pop("precision") / len(train)
    return GaussianHelmholtzMachine(**settings).fit(train, X_val=valid)


def factors(train, valid):
    """The factor analysis that is best for validation rows."""
    return max((model for _, model in factor_models(train)), key=lambda each: each.score(valid))


def measured(X, fit):
    """Log-densities of the scored rows of all splits, squared errors, epochs and seconds."""
    densities, errors, epochs, seconds = [], [], [], []
    for seed in range(SPLITS):
        (_, _, whole), (train, valid, scored) = with_gaps(split(X, seed), seed)
        start = time.process_time()
        model = fit(train, valid)
        seconds.append(time.process_time() - start)
        densities.append(model.score_samples(scored))
        errors.append(error(model.impute(scored), whole, scored) ** 2)
        epochs.append(model.n_iter_)
    return np.concatenate(densities), np.mean(errors), np.mean(epochs), np.mean(seconds)


def compare(name, X, changes):
    """Rows of the table."""
    fits = {"factor analysis": factors} | {
        change: lambda train, valid, change=change: machine(train, valid, CHANGES[change])
        for change in changes
    }
    reference = None
    for label, fit in fits.items():
        densities, square, epochs, seconds = measured(X, fit)
        reference = densities if reference is None else reference
        difference = paired_difference(densities, reference)
        yield name, label, densities.mean(), *difference, np.sqrt(square), epochs, seconds


def read():
    """The table so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def write(table):
    """Write the table."""
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def main():
    """Compare, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the data sets")
    parser.add_argument("mixed", help="folder of the mixed tables")
    parser.add_argument("--sets", nargs="+", default=TABLES, choices=TABLES)
    parser.add_argument("--changes", nargs="+", default=list(CHANGES), choices=list(CHANGES))
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="This log-likelihood")
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in arguments.sets:
        if any(row["table"] == name for row in read()):
            continue
        X = np.concatenate(complete(arguments.data, arguments.mixed, name)[:2])
        found = []
        for row in compare(name, X, arguments.changes):
            row = [round(float(v), 4) if isinstance(v, float) else v for v in row]
            found.append(dict(zip(COLUMNS, row, strict=True)))
            print(*row, flush=True)
        write(read() + found)


if __name__ == "__main__":
    main()
