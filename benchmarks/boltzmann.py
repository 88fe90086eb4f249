"""Restricted Boltzmann machines on public binary data sets: log-likelihoods, from both sides.

    python -m benchmarks.boltzmann DATA [--sets NAME ...]

DATA as in `benchmarks.datasets`; ``digits`` is scikit-learn's, split as in `benchmarks.baselines`.
Of each set settings are chosen in two stages, by validation rows and the first seed: all pairs of
`RATES` and `ALPHAS` with `FIRST_SIZE` hidden units, then the other `SIZES` with the best pair. A
machine is worth the middle between two estimates there: annealing forward is too high in
expectation, and reverse annealing from each row too low; chains that mix badly are seen by the
second only. The best pair without averaging is fitted for comparison, and never chosen.

The chosen settings and the defaults are then fitted with two seeds, and test rows are scored once:
"test" is log p* less an estimate of log Z, which is too low in expectation, so that "test" is too
high, by an error that all rows share ("partition_error"); "lower" is a lower bound in expectation
of a density that can be sampled from; `LOWER_ROWS` random rows have it, and what it lacks on these
is taken off "test". Sets of the UCI are also learnt by 23 hidden units, whose log Z is summed out.
Nats per row, CPU seconds of a fit by one thread. ``benchmarks/results/boltzmann.csv`` has the
table, and ``boltzmann_choices.csv`` beside it what was tried; sets that are there already are not
made again.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from sklearn.base import clone

from sklearn_helmholtz import RestrictedBoltzmannMachine

from .baselines import digits
from .datasets import load
from .learning_curve import replace_file

RESULTS = Path(__file__).parent / "results"
SETS = (
    "digits", "nltcs", "plants", "jester", "bnetflix", "accidents", "dna", "uci_adult",
    "uci_mushrooms",
)  # fmt: skip
RATES, ALPHAS = (0.05, 0.1, 0.2), (1e-4, 1e-3, 1e-2)
SIZES, FIRST_SIZE = (50, 100, 200), 100
FEW = 23  # hidden units, of machines that were published with an exact log Z
SEEDS = 0, 1
MOST_VALID, LOWER_VALID = 1000, 300  # rows by which settings are chosen
LOWER_ROWS = 500  # of test
TEMPERATURES = {"choice": 2000, "test": 4000}
COLUMNS = (
    "set", "model", "n_components", "learning_rate", "alpha", "seed", "valid", "test",
    "standard_error", "partition_error", "lower", "n_temperatures", "reliable", "cpu_seconds",
)  # fmt: skip
TRIED = (
    "set", "n_components", "learning_rate", "alpha", "averaging", "valid", "lower", "middle",
    "cpu_seconds",
)  # fmt: skip


def splits(folder, name):
    """Training, validation and test rows of a set, uint8."""
    if name == "digits":
        found = digits()
        return [found.X_train, found.X_valid, found.X_test]
    parts = load(folder, name)
    return [parts[split] for split in ("train", "valid", "test")]


def some(rows, count):
    """So many rows at random, always the same: files may be sorted."""
    return rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:count])]


def fitted(machine, train, seed):
    """A machine with a seed, fitted, and CPU seconds."""
    machine = clone(machine).set_params(random_state=seed)
    start = time.process_time()
    machine.fit(train)
    return machine, time.process_time() - start


def lack(machine, rows):
    """What the lower bound lacks of the upper one in the mean of rows, nats."""
    return machine.log_likelihood_bounds(rows).gap


def tried(name, machine, train, valid):
    """What a machine reaches on validation rows: a row of the choices."""
    machine = clone(machine).set_params(n_temperatures=TEMPERATURES["choice"])
    machine, seconds = fitted(machine, train, SEEDS[0])
    upper = machine.score(some(valid, MOST_VALID))
    gap = lack(machine, some(valid, LOWER_VALID))
    row = (
        name, machine.n_components, machine.learning_rate, machine.alpha, machine.averaging, upper,
        upper - gap, upper - gap / 2, seconds,
    )  # fmt: skip
    print(*row, flush=True)
    return dict(zip(TRIED, row, strict=True))


def best_of(rows):
    """The settings of the best of some choices."""
    best = max(rows, key=lambda row: row["middle"])
    return {name: best[name] for name in ("n_components", "learning_rate", "alpha")}


def choose(name, base, train, valid):
    """The best settings by validation rows, and all that were tried."""

    def attempt(**settings):
        return tried(name, clone(base).set_params(**settings), train, valid)

    rows = [
        attempt(n_components=FIRST_SIZE, learning_rate=rate, alpha=alpha)
        for rate in RATES
        for alpha in ALPHAS
    ]
    pair = best_of(rows)
    rows += [attempt(**{**pair, "n_components": n}) for n in SIZES if n != FIRST_SIZE]
    return best_of(rows), [*rows, attempt(**pair, averaging=False)]


def line(name, model, machine, seed, splits):
    """A row of the table, of a machine to be fitted."""
    train, valid, test = splits
    machine, seconds = fitted(machine, train, seed)
    method = "exact" if machine.n_components == FEW else "auto"
    found = machine.log_likelihood(test, method=method)
    known = {"standard_error": 0.0, "n_temperatures": None, "reliable": True}
    lower, score = found.mean, machine.log_likelihood(valid, method=method).mean
    if found.method != "exact":
        known, lower = machine.log_partition_, found.mean - lack(machine, some(test, LOWER_ROWS))
    row = (
        name, model, machine.n_components, machine.learning_rate, machine.alpha, seed, score,
        found.mean, found.standard_error, known["standard_error"], lower, known["n_temperatures"],
        known["reliable"], seconds,
    )  # fmt: skip
    print(*row, flush=True)
    return dict(zip(COLUMNS, row, strict=True))


def measure(name, parts, n_jobs=1):
    """Rows of the table, and of the choices, of a set."""
    base = RestrictedBoltzmannMachine(
        visible="bernoulli", n_temperatures=TEMPERATURES["test"], n_jobs=n_jobs
    )
    best, choices = choose(name, base, *parts[:2])
    models = {"chosen": clone(base).set_params(**best), "defaults": base}
    if name.startswith("uci"):
        models[f"{FEW} hidden units"] = clone(base).set_params(**{**best, "n_components": FEW})
    table = [
        line(name, model, machine, seed, parts)
        for model, machine in models.items()
        for seed in SEEDS
    ]
    return table, choices


def read(path):
    """A table so far."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def add(path, columns, rows):
    """Add rows to a table, in the order of the sets."""
    rows = [{k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()} for r in rows]
    table = sorted(read(path) + rows, key=lambda row: SETS.index(row["set"]))

    def write(file):
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)

    replace_file(path, "w", write)


def main():
    """Choose, fit, score, and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the binary data sets")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--folder", type=Path, default=RESULTS, help="of the tables")
    parser.add_argument("--jobs", type=int, default=1, help="threads")
    arguments = parser.parse_args()
    for name in arguments.sets:
        path = arguments.folder / "boltzmann.csv"
        if any(row["set"] == name for row in read(path)):
            continue
        table, choices = measure(name, splits(arguments.data, name), arguments.jobs)
        add(path, COLUMNS, table)
        add(arguments.folder / "boltzmann_choices.csv", TRIED, choices)


if __name__ == "__main__":
    main()
