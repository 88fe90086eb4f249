"""Learning rates at which deep Boltzmann machines of 200 and 100 units diverge, and do not.

    python -m benchmarks.deep_boltzmann_rates DATA [--csv FILE]

DATA as in `benchmarks.datasets`. Defaults but for the rate, `EPOCHS` epochs of the first `N_ROWS`
training rows. "epochs" are those that were made until training diverged, or all; "bound" is that of
mean field, nats per validation row; a machine that has diverged keeps its last good parameters.
"""

import argparse
import csv
import warnings
from pathlib import Path

from sklearn.exceptions import ConvergenceWarning

from sklearn_helmholtz import DeepBoltzmannMachine

from .boltzmann import splits

SETS, RATES, SIZES = ("nltcs", "plants", "jester", "digits", "dna"), (0.1, 0.05, 0.02), (200, 100)
EPOCHS, N_ROWS, N_VALID = 60, 1500, 300
COLUMNS = "set", "rate", "diverged", "epochs", "bound"


def tried(train, valid, rate):
    """Whether a machine diverged, its epochs, and its bound."""
    machine = DeepBoltzmannMachine(
        SIZES, learning_rate=rate, n_iter=EPOCHS, n_jobs=1, random_state=0
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        machine.fit(train[:N_ROWS])
    diverged = any(
        issubclass(w.category, ConvergenceWarning) and "diverged" in str(w.message) for w in caught
    )
    bound = float(machine.mean_field_bound(valid[:N_VALID]).mean())
    return "yes" if diverged else "no", machine.n_iter_, f"{bound:.2f}"


def main():
    """Try all, print, and write the table if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="folder of the binary data sets")
    parser.add_argument("--csv", type=Path, help="for the table")
    arguments = parser.parse_args()
    rows = [COLUMNS]
    for name in SETS:
        train, valid, _ = splits(arguments.data, name)
        for rate in RATES:
            rows.append((name, rate, *tried(train, valid, rate)))
            print(*rows[-1], flush=True)
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
