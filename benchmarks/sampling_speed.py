"""How fast independent draws of a Boltzmann machine are, beside a loop over `BernoulliRBM.gibbs`.

    python -m benchmarks.sampling_speed [--turns 5] [--csv FILE]

1,000 draws of a machine of 64 and 128 units, one thread. With scikit-learn's machine people make
1,000 sweeps from noise for each draw, a call for each sweep (so do the benchmarks of quantum
machine learning); `LOOPED` of these draws are timed, and the time is multiplied. "sweeps, together"
are as many sweeps of 1,000 chains in one array by the same method, which is how it should be used.
Ours anneals 1,000 chains in 1,000 steps, and moves them on. Medians of turns that alternate.
"""

import argparse
import csv
import statistics
from pathlib import Path

import numpy as np
from sklearn.neural_network import BernoulliRBM

from sklearn_helmholtz import RestrictedBoltzmannMachine

from .stopwatch import turns

SIZES, N_DRAWS, N_SWEEPS, LOOPED = (64, 128), 1000, 1000, 2
TARGET = 100
HEADS = "Against", "Here, s", "Its, s", "Ratio", "Target"


def machines():
    """Machines with the same parameters: ours, and scikit-learn's."""
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 0.3, SIZES[::-1])
    theirs = BernoulliRBM(SIZES[1], random_state=0)
    theirs.components_ = weights
    theirs.intercept_hidden_, theirs.intercept_visible_ = (
        -weights.sum(axis=1) / 2,
        np.zeros(SIZES[0]),
    )
    theirs.h_samples_, theirs.n_features_in_ = np.zeros((1, SIZES[1])), SIZES[0]
    ours = RestrictedBoltzmannMachine.from_parameters(
        weights, theirs.intercept_hidden_, theirs.intercept_visible_, n_temperatures=N_SWEEPS,
        n_jobs=1,
    )  # fmt: skip
    return ours, theirs


def swept(machine, n_rows):
    """States after sweeps from noise, by a call for each."""
    states = np.random.default_rng(0).integers(0, 2, (n_rows, SIZES[0]))
    for _ in range(N_SWEEPS):
        states = machine.gibbs(states)
    return states


def measure(n_turns):
    """Rows of the table."""
    ours, theirs = machines()
    parties = {
        "ours": lambda: ours.sample(N_DRAWS, random_state=0),
        "loop over draws": lambda: [swept(theirs, 1) for _ in range(LOOPED)],
        "sweeps, together": lambda: swept(theirs, N_DRAWS),
    }
    spent = {k: statistics.median(v) for k, v in turns(parties, 1, n_turns).items()}
    spent["loop over draws"] *= N_DRAWS / LOOPED
    for name in list(spent)[1:]:
        ratio, target = spent[name] / spent["ours"], TARGET if name.startswith("loop") else ""
        yield name, f"{spent['ours']:.3f}", f"{spent[name]:.2f}", f"{ratio:.0f}", target


def main():
    """Print the table, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5, help="of each party")
    parser.add_argument("--csv", type=Path, help="for the table")
    arguments = parser.parse_args()
    rows = [HEADS, *measure(arguments.turns)]
    for row in rows:
        print("".join(f"{text!s:>20}" for text in row))
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
