"""What deterministic units in the conditionals win over lateral weights alone.

    python -m benchmarks.conditional_units --data DIR [--sets NAME ...] [--rows N] [--epochs 100]
        [--csv FILE]

The table ``benchmarks/results/conditional_units.csv`` is that of 40 epochs of the four UCI sets,
dna and alphadigits, of 15 epochs of 10,000 rows of binarized_mnist, and of 15 of plants and
tretail.

DIR as in `benchmarks.datasets`. `HelmholtzMachine(50, autoregressive=True)` learns from ``train``,
with 0, 50 and 200 deterministic units, each by all `WAYS`: default settings, a stronger penalty,
and early stopping. "Lateral" and "Units" are the scores by default of none and 50, "tuned" the best
by ``valid`` over all ways, and all numbers of units; "Chosen" says which those are, with units.
Scores are of up to 1,000 rows of ``valid`` with 200 importance samples, nats per row; ``test`` is
not looked at. Fits have one thread and one seed; seconds are of those by default.
"""

import argparse
import csv
import itertools
import time
import warnings
from pathlib import Path

from sklearn_helmholtz import HelmholtzMachine

from .datasets import UCI, load

SETS = (*UCI, "plants", "tretail", "dna")
N_UNITS, N_VALID, N_SAMPLES = 50, 1000, 200
NUMBERS = 50, 200
WAYS = {"default": {}, "alpha=1e-3": {"alpha": 1e-3}, "early_stopping": {"early_stopping": True}}
HEADS = (
    "Data", "Columns", "Rows", "Epochs", "Lateral (nats)", "Units (nats)", "Gain", "Lateral, tuned",
    "Units, tuned", "Gain, tuned", "Chosen", "Lateral (s)", "Units (s)",
)  # fmt: skip


def fitted(splits, n_epochs, **params):
    """Score of ``valid`` and seconds of a fit."""
    machine = HelmholtzMachine(
        N_UNITS, autoregressive=True, max_iter=n_epochs, n_importance_samples=N_SAMPLES, n_jobs=1,
        random_state=0, **params,
    )  # fmt: skip
    start = time.perf_counter()
    machine.fit(splits["train"])
    seconds = time.perf_counter() - start
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few samples do to compare
        return machine.score(splits["valid"][:N_VALID]), seconds


def compare(name, splits, n_epochs):
    """A row of the table."""
    found = {
        (n, way): fitted(splits, n_epochs, n_conditional_units=n, **params)
        for n, (way, params) in itertools.product((0, *NUMBERS), WAYS.items())
    }
    lateral, units = found[0, "default"], found[NUMBERS[0], "default"]
    best = max(score for (n, _), (score, _) in found.items() if not n)
    chosen = max((place for place in found if place[0]), key=lambda place: found[place][0])
    n_rows, n_columns = splits["train"].shape
    return (
        name, n_columns, n_rows, n_epochs, *_pair(lateral[0], units[0]),
        *_pair(best, found[chosen][0]), f"{chosen[0]}, {chosen[1]}",
        *(f"{seconds:.0f}" for _, seconds in (lateral, units)),
    )  # fmt: skip


def _pair(one, other):
    return f"{one:.2f}", f"{other:.2f}", f"{other - one:+.2f}"


def main():
    """Print the table row by row, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--rows", type=int, help="the first of each to learn from")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--csv", type=Path, help="for the table, rows of which are added")
    options = parser.parse_args()
    rows = []
    for name in options.sets:
        splits = load(options.data, name)
        splits["train"] = splits["train"][: options.rows]
        rows.append(compare(name, splits, options.epochs))
        print(*rows[-1], sep=", ", flush=True)
        if options.csv:
            _add(options.csv, rows[-1])


def _add(path, row):
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([HEADS, row] if is_new else [row])


if __name__ == "__main__":
    main()
