"""Machines of Gaussian latents on binarised digits, at equal seconds, beside the binary machine.

Run with ``python -m benchmarks.gaussian_digits [--seconds 15]`` (some minutes on one core). The
split is that of `benchmarks.digits`. Each learning rule trains the same nets for about the same
seconds of the processor, on one thread: as many epochs as fit, by what a few epochs take, while the
learning rate falls to zero. The binary machine, with the settings of the README, takes what it
takes. Scores are by 2,000 importance samples for each row. The table is written to
``benchmarks/results/gaussian_digits.csv``.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from sklearn_helmholtz import GaussianHelmholtzMachine

from .baselines import digits
from .digits import models

RESULTS = Path(__file__).parent / "results" / "gaussian_digits.csv"
COMMON = {
    "n_components": 20,
    "hidden_layer_sizes": (200,),
    "visible": "bernoulli",
    "learning_rate_init": 5e-3,
    "batch_size": 20,
    "n_jobs": 1,
    "random_state": 0,
}
RULES = {
    "VAE": {"n_particles": 1},
    "IWAE, K = 5": {"n_particles": 5},
    "IWAE, K = 50": {"n_particles": 50},
    "wake-sleep": {"algorithm": "wake-sleep", "n_particles": 1},
    "reweighted wake-sleep": {"algorithm": "reweighted-wake-sleep", "n_particles": 5},
}
PRECISION = 3.0  # of the normal prior of weights
TRIAL_EPOCHS, SAMPLES = 3, 2000
COLUMNS = (
    "model", "epochs", "cpu_seconds", "valid", "test", "standard_error",
    "monte_carlo_error", "test_bound", "active_units",
)  # fmt: skip


def seconds_of(work):
    """Seconds of the processor that a call takes, and what it returns."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def epochs_in(seconds, rule, X):
    """Epochs of a learning rule that take so many seconds."""
    machine = GaussianHelmholtzMachine(max_iter=TRIAL_EPOCHS, **COMMON, **rule)
    each = min(seconds_of(lambda: machine.fit(X))[0] for _ in range(3)) / TRIAL_EPOCHS
    return max(round(seconds / each), 1)


def score(name, machine, seconds, data):
    """A row of the table."""
    test = machine.log_likelihood(data.X_test, n_importance_samples=SAMPLES)
    valid = machine.log_likelihood(data.X_valid, n_importance_samples=SAMPLES)
    active = getattr(machine, "active_units_", None)
    found = (
        name, machine.n_iter_, seconds, valid.mean, test.mean, test.standard_error,
        test.monte_carlo_error, -test.free_energy.mean(),
        None if active is None else int(np.sum(active)),
    )  # fmt: skip
    found = [round(float(v), 4) if isinstance(v, float) else v for v in found]
    print(*found, flush=True)
    return dict(zip(COLUMNS, found, strict=True))


def of_rule(name, data, seconds):
    """The row of a learning rule."""
    X = data.X_train
    machine = GaussianHelmholtzMachine(
        alpha=PRECISION / len(X), max_iter=epochs_in(seconds, RULES[name], X), **COMMON,
        **RULES[name],
    )  # fmt: skip
    took, machine = seconds_of(lambda: machine.fit(X))
    return score(name, machine, took, data)


def binary(data):
    """The row of the machine of the README."""
    machine = models()["Helmholtz machine"].set_params(n_jobs=1)
    took, machine = seconds_of(lambda: machine.fit(data.X_train))
    return score("binary machine, 100-50-20", machine, took, data)


def main():
    """Compare, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=15, help="of the processor, each fit")
    arguments = parser.parse_args()
    data = digits()
    table = [binary(data), *(of_rule(name, data, arguments.seconds) for name in RULES)]
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
