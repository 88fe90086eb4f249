"""Restricted Boltzmann machines on public binary data sets: log-likelihoods, from both sides.

    python -m benchmarks.boltzmann DATA [--sets NAME ...]

DATA as in `benchmarks.datasets`; ``digits`` is scikit-learn's, split as in `benchmarks.baselines`.
Of each set the settings of `GRID` are chosen by the mean log-likelihood of validation rows, by the
first seed; the chosen one is fitted with two seeds, and so are the defaults. Test rows are scored
once: "test" is log p* less an estimate of log Z, which is too low in expectation, so that "test" is
too high, by an error that all rows share ("partition_error"); "lower" anneals back from each row,
and is a lower bound in expectation of a density that can be sampled from. Sets of the UCI are also
learnt by 23 hidden units, whose log Z is summed out. Nats per row, CPU seconds of a fit. The table
is written to ``benchmarks/results/boltzmann.csv``; sets that are there already are not made again.
"""

import argparse
import csv
import itertools
import time
from pathlib import Path

from sklearn.base import clone

from sklearn_helmholtz import RestrictedBoltzmannMachine

from .baselines import digits
from .datasets import load

RESULTS = Path(__file__).parent / "results" / "boltzmann.csv"
SETS = (
    "digits", "nltcs", "plants", "jester", "bnetflix", "accidents", "dna", "uci_adult",
    "uci_mushrooms",
)  # fmt: skip
GRID = {
    "n_components": (50, 100, 200),
    "learning_rate": (0.05, 0.2),
    "alpha": (1e-4, 1e-3, 1e-2),
}
FEW = 23  # hidden units, of machines that were published with an exact log Z
SEEDS = 0, 1
MOST_VALID = 1000  # rows by which settings are chosen
COLUMNS = (
    "set", "model", "n_components", "learning_rate", "alpha", "seed", "valid", "test",
    "standard_error", "partition_error", "lower", "n_temperatures", "reliable", "cpu_seconds",
)  # fmt: skip


def splits(folder, name):
    """Training, validation and test rows of a set, uint8."""
    if name == "digits":
        found = digits()
        return [found.X_train, found.X_valid, found.X_test]
    parts = load(folder, name)
    return [parts[split] for split in ("train", "valid", "test")]


def fitted(machine, train, seed):
    """A machine with a seed, fitted, and CPU seconds."""
    machine = clone(machine).set_params(random_state=seed)
    start = time.process_time()
    machine.fit(train)
    return machine, time.process_time() - start


def chosen(base, train, valid):
    """The machine of the grid that is best on validation rows, not fitted."""
    best = None
    for values in itertools.product(*GRID.values()):
        setting = dict(zip(GRID, values, strict=True))
        machine = clone(base).set_params(**setting)
        score = fitted(machine, train, SEEDS[0])[0].score(valid[:MOST_VALID])
        print("   ", setting, round(score, 3), flush=True)
        if best is None or score > best[0]:
            best = score, machine
    return best[1]


def line(name, model, machine, seed, splits):
    """A row of the table, of a machine to be fitted."""
    train, valid, test = splits
    machine, seconds = fitted(machine, train, seed)
    found, known = machine.log_likelihood(test), machine.log_partition_
    bounds = machine.log_likelihood_bounds(test)
    return (
        name, model, machine.n_components, machine.learning_rate, machine.alpha, seed,
        machine.score(valid), found.mean, found.standard_error, known.standard_error, bounds.lower,
        known.n_temperatures, known.reliable, seconds,
    )  # fmt: skip


def lines(folder, name, n_jobs):
    """Rows of the table of a set."""
    parts = splits(folder, name)
    base = RestrictedBoltzmannMachine(visible="bernoulli", n_jobs=n_jobs)
    models = {"defaults": base, "chosen": chosen(base, *parts[:2])}
    if name.startswith("uci"):
        models[f"{FEW} hidden units"] = clone(base).set_params(n_components=FEW)
    for model, machine in models.items():
        for seed in SEEDS:
            yield line(name, model, machine, seed, parts)


def read():
    """The table so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def main():
    """Fit, score, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the binary data sets")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--jobs", type=int, default=1, help="threads")
    arguments = parser.parse_args()
    table = read()
    for name in arguments.sets:
        if any(row["set"] == name for row in table):
            continue
        for row in lines(arguments.data, name, arguments.jobs):
            row = [round(float(v), 4) if isinstance(v, float) else v for v in row]
            table.append(dict(zip(COLUMNS, row, strict=True)))
            print(*row, flush=True)
        with RESULTS.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)


if __name__ == "__main__":
    main()
