"""Do importance estimates of p(x) sum to 1 over all rows? A lost constant anywhere would show.

    python -m benchmarks.normalisation --data DIR

Trains a machine with 100 hidden units on nltcs (16 binary features; DIR as in `datasets`),
estimates p(x) for all 2^16 rows by importance sampling, and prints the sum with its standard error.
The estimates of p(x), unlike those of log p(x), are unbiased, and independent between rows.
"""

import argparse

import numpy as np

from benchmarks.datasets import load
from sklearn_helmholtz import HelmholtzMachine

N_IMPORTANCE_SAMPLES = 500


def total_probability(machine, n_importance_samples):
    """The sum of the estimates of p(x) over all binary rows, and its standard error."""
    d = machine.n_features_in_
    rows = ((np.arange(2**d)[:, None] >> np.arange(d)) & 1).astype(np.uint8)
    result = machine.log_likelihood(
        rows, method="importance", n_importance_samples=n_importance_samples
    )
    p = np.exp(result.per_sample)
    relative_variance = (n_importance_samples / result.effective_sample_size - 1) / (
        n_importance_samples - 1
    )
    return p.sum(), np.sqrt((p**2 * relative_variance).sum())


def main():
    """Train, sum and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the data sets")
    X = load(parser.parse_args().data, "nltcs")["train"]
    for algorithm in ("reweighted-wake-sleep", "wake-sleep"):
        machine = HelmholtzMachine((100,), algorithm=algorithm, max_iter=20, random_state=0).fit(X)
        total, error = total_probability(machine, N_IMPORTANCE_SAMPLES)
        print(
            f"{algorithm}: sum of p(x) over 2^16 rows {total:.5f}, standard error {error:.5f}, "
            f"z = {(total - 1) / error:+.2f}"
        )


if __name__ == "__main__":
    main()
