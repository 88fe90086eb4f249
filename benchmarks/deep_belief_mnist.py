"""A deep belief net of binarised MNIST beside the Boltzmann machine that it is built on.

    python -m benchmarks.deep_belief_mnist DATA [--csv FILE] [--epochs 20] [--fine-tuning 10]

DATA as in `benchmarks.datasets`. A `RestrictedBoltzmannMachine` of 500 units, a `DeepBeliefNet` of
500 and 500 that is pretrained greedily, and one that goes on by reweighted wake-sleep, all with
default settings and the same epochs of each Boltzmann machine: nothing was chosen. Salakhutdinov &
Murray (2008) have -86.3 for the machine by CD-25 and -84.6 for a net of 500 and 2,000 units.

"test" is by importance samples and annealing in `TEMPERATURES` steps: the former make it too low on
average, the latter too high; "common_error" is the error of log Z, which all rows share. "lower" is
a lower bound in expectation, of the net by what annealing back says of log Z, of the machine by
annealing back from `LOWER_ROWS` rows. Nats per row, CPU minutes of a fit by one thread.
"""

import argparse
import csv
import time
from pathlib import Path

from sklearn_helmholtz import DeepBeliefNet, RestrictedBoltzmannMachine

from .boltzmann import some
from .datasets import load

UNITS, TEMPERATURES, SAMPLES, LOWER_ROWS = 500, 10_000, 200, 200
COMMON = {"visible": "bernoulli", "n_temperatures": TEMPERATURES, "n_jobs": 1, "random_state": 0}
COLUMNS = "model", "test", "standard_error", "common_error", "lower", "reliable", "cpu_minutes"


def models(epochs, fine_tuning):
    """Models by name, not fitted."""
    deep = {"pretrain_max_iter": epochs, "n_importance_samples": SAMPLES, **COMMON}
    sizes = UNITS, UNITS
    return {
        "machine": RestrictedBoltzmannMachine(UNITS, n_iter=epochs, **COMMON),
        "greedy net": DeepBeliefNet(sizes, fine_tune=None, **deep),
        "reweighted net": DeepBeliefNet(sizes, max_iter=fine_tuning, **deep),
    }


def scores(model, X_test):
    """Scores of a fitted model on test rows, by name."""
    found = model.log_likelihood(X_test)
    own = some(X_test, LOWER_ROWS)
    lack = model.score_samples(own) - model.log_likelihood_bounds(own).lower_per_sample
    return {
        "test": found.mean, "standard_error": found.standard_error,
        "common_error": model.log_partition_["standard_error"],
        "lower": found.mean - lack.mean(), "reliable": found.reliable,
    }  # fmt: skip


def main():
    """Fit, score, print, and where asked write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the data sets")
    parser.add_argument("--csv", type=Path, help="file for the table")
    parser.add_argument("--epochs", type=int, default=20, help="of each Boltzmann machine")
    parser.add_argument("--fine-tuning", type=int, default=10, help="epochs of all layers together")
    arguments = parser.parse_args()
    data, table = load(arguments.data, "binarized_mnist"), []
    for name, model in models(arguments.epochs, arguments.fine_tuning).items():
        start = time.process_time()
        model.fit(data["train"])
        minutes = (time.process_time() - start) / 60
        row = {"model": name, **scores(model, data["test"]), "cpu_minutes": minutes}
        table.append({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()})
        print(table[-1], flush=True)
        if arguments.csv:
            with arguments.csv.open("w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(table)


if __name__ == "__main__":
    main()
