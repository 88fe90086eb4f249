"""Chains that a Boltzmann machine of two distant modes needs to give each its mass.

    python -m benchmarks.tempered_modes [--seeds 5] [--csv benchmarks/results/tempered_modes.csv]

Rows are 90 of zeros and 10 of ones, in 12 columns; machines of 4 hidden units learn them in `STEPS`
steps at the rate `RATE`, by persistent chains or by chains of several temperatures that change
places. Enumeration knows how probable rows with at least 9 ones are, which should be 0.1. Columns:
the mean and the root mean square of the error of that over seeds, and the share of the seeds in
which it is at most `BAR`.
"""

import argparse
import csv
import itertools

import numpy as np

from sklearn_helmholtz import RestrictedBoltzmannMachine

N_COLUMNS, N_HIDDEN, STEPS, RATE, BAR = 12, 4, 3000, 0.05, 0.03
CHAINS, N_TEMPERED = (10, 30, 100, 300), 10
COLUMNS = "negative_phase", "n_chains", "n_tempered", "seeds", "error", "root_square", "within"


def rows():
    """90 rows of zeros and 10 of ones."""
    return np.repeat(np.array([[0], [1]], np.uint8), N_COLUMNS, axis=1).repeat([90, 10], axis=0)


def mass_of_ones(seed, **params):
    """The probability of rows that are mostly ones under a machine that has learnt."""
    machine = RestrictedBoltzmannMachine(
        N_HIDDEN, learning_rate=RATE, n_iter=STEPS, alpha=0.0, centred=False, n_jobs=1,
        random_state=seed, **params,
    ).fit(rows())  # fmt: skip
    states = np.array(list(itertools.product([0, 1], repeat=N_COLUMNS)), np.uint8)
    return np.exp(machine.score_samples(states[states.sum(axis=1) > 8])).sum()


def line(n_seeds, **params):
    """A row of the table."""
    errors = np.array([mass_of_ones(seed, **params) for seed in range(n_seeds)]) - 0.1
    return [
        params["negative_phase"], params["n_chains"], params.get("n_tempered", ""), n_seeds,
        round(errors.mean(), 4), round(np.sqrt((errors**2).mean()), 4),
        round((np.abs(errors) <= BAR).mean(), 4),
    ]  # fmt: skip


def main():
    """Measure, print, and where asked write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--csv", help="file for the table")
    arguments = parser.parse_args()
    settings = [
        {"negative_phase": "tempered", "n_chains": n, "n_tempered": N_TEMPERED} for n in CHAINS
    ]
    settings += [{"negative_phase": "pcd", "n_chains": n} for n in CHAINS]
    table = []
    for params in settings:
        table.append(line(arguments.seeds, **params))
        print(*table[-1], flush=True)
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *table])


if __name__ == "__main__":
    main()
