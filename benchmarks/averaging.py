"""How soon training by default reaches what it did without averages, and where it ends.

    python -m benchmarks.averaging [--data DIR] [--sets nltcs plants ...] [--seeds 2]

DIR as in `benchmarks.datasets`. `HelmholtzMachine` is trained by default, where it takes averages
at twice the rate and stops when held-out rows gain no more, and without both, for 100 epochs at the
rate that it has then. Scores are of up to 1,000 rows of ``valid`` with 200 importance samples and
the same random numbers each time: at some epochs, and of the machine that results. Tables of more
than 100,000 rows have one seed. "Sooner" is the share of the 100 epochs at which training by
default is as good as the other at its end, in the mean of the seeds, "gain" what it has won at its
own, and "epochs" where that is. The table is ``benchmarks/results/averaging.csv``.
"""

import argparse
import csv
import warnings
from pathlib import Path

import numpy as np

from sklearn_helmholtz import HelmholtzMachine

from .datasets import TWENTY, UCI, load

FOLDER = Path(__file__).parent / "results"
N_EPOCHS, EPOCHS = 100, (15, 25, 35, 50, 70, 100)
N_ROWS, N_SAMPLES, MANY_ROWS = 1000, 200, 100_000
PLAIN = {"averaging": False, "early_stopping": False}
COLUMNS = (
    "Data", "Columns", "Rows", "Plain (nats)", "Default (nats)", "Gain", "Its error", "Sooner",
    "Epochs",
)  # fmt: skip


class Course:
    """Scores at some epochs of a fit."""

    def __init__(self, machine, splits):
        self._rows, self.scores = splits["valid"][:N_ROWS], {}
        machine.fit(splits["train"], monitor=self._note)
        self.end, self.n_epochs = bound(machine, self._rows), machine.n_iter_

    def _note(self, machine, epoch, X_val):
        if epoch in EPOCHS:
            self.scores[epoch] = bound(machine, self._rows)


def bound(machine, rows):
    """The mean importance-weighted bound of some rows, nats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few samples do to compare
        found = machine.log_likelihood(rows, method="importance", n_importance_samples=N_SAMPLES)
    return found.mean


def compare(name, splits, n_seeds):
    """A row of the table."""
    plain, default = (
        [Course(HelmholtzMachine(random_state=seed, n_jobs=1, **params), splits)
         for seed in range(n_seeds)]
        for params in (PLAIN, {})
    )  # fmt: skip
    gains = [ours.end - theirs.end for ours, theirs in zip(default, plain, strict=True)]
    error = f"{np.std(gains, ddof=1) / n_seeds**0.5:.3f}" if n_seeds > 1 else ""
    ends = [np.mean([course.end for course in courses]) for courses in (plain, default)]
    n_epochs = np.mean([course.n_epochs for course in default])
    n_rows, n_columns = splits["train"].shape
    return (
        name, n_columns, n_rows, *(f"{end:.2f}" for end in ends), f"{np.mean(gains):+.3f}", error,
        sooner(default, *ends, n_epochs), f"{n_epochs:.0f}",
    )  # fmt: skip


def sooner(courses, target, end, n_epochs):
    """The share of all epochs at which the mean course has a score, as text."""
    for epoch in EPOCHS:
        scores = [course.scores[epoch] for course in courses if epoch in course.scores]
        if len(scores) == len(courses) and np.mean(scores) >= target:
            return f"{epoch / N_EPOCHS:g}"
    return f"{n_epochs / N_EPOCHS:g}" if end >= target else "never"


def main(arguments=None):
    """Write the table row by row, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=[*TWENTY, *UCI])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    with (options.folder / "averaging.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name in options.sets:
            splits = load(options.data, name)
            many = len(splits["train"]) > MANY_ROWS
            row = compare(name, splits, 1 if many else options.seeds)
            writer.writerow(row)
            file.flush()
            print(*row, sep=", ", flush=True)


if __name__ == "__main__":
    main()
