"""Boltzmann machines with categorical columns, where binary ones see one-hot bits; mixed tables.

    python -m benchmarks.categorical_boltzmann DATA

DATA as in `benchmarks.datasets`, with mixed tables in ``DATA/mixed``. The columns of the one-hot
`SETS` are put together again: neighbours of which no training row has two at 1 are levels of one
column, and "none of them" is a level where training rows have it. Rows and levels are then in one
to one correspondence, so that log-probabilities are of the same columns as those of
`benchmarks.boltzmann`. Of the mixed `TABLES` levels are categorical, ordered ones too, and numbers
normal; densities are turned into probabilities of rows as recorded by the width of each number's
cell, as in `benchmarks.mixed`, whose `HelmholtzMachine` stands beside.

Settings are chosen by validation rows and the first seed: of `RATES` with the first of `SIZES`,
then the other sizes with the better one. What counts is annealing back from rows ("lower"); of
mixed tables, which have gaps, the score itself. All else is as by default. Test rows are scored
once, with two seeds: "test" is too high in expectation where log Z is estimated, "lower" is a lower
bound, of `ROWS` of them. Nats per row, CPU seconds of a fit by one thread. ``benchmarks/results``
gets ``categorical_boltzmann.csv`` and ``mixed_boltzmann.csv``; sets that are there are not made
again.
"""

import argparse
import csv
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone

from sklearn_helmholtz import RestrictedBoltzmannMachine

from . import mixed_tables
from .boltzmann import RESULTS, read, some
from .boltzmann_comparison import autoregressive, mean
from .datasets import load
from .learning_curve import replace_file

SETS, TABLES = ("uci_mushrooms", "uci_adult", "dna"), ("chile", "bfi")
RATES, SIZES = (0.1, 0.3), (100, 200)
FEW = (50, 100)  # hidden units, of mixed tables
SEEDS = 0, 1
TEMPERATURES = {"choice": 500, "test": 4000}
ROWS = {"choice": 200, "test": 300}  # of which reverse annealing is asked
_MOST = 1000  # validation rows by which settings are chosen
SETTINGS = "n_components", "learning_rate"
COLUMNS = (
    "set", "columns", *SETTINGS, "seed", "valid", "test", "lower", "partition_error", "reliable",
    "binary, AIS", "binary, RAISE", "autoregressive", "CPU s",
)  # fmt: skip
MIXED = (
    "table", *SETTINGS, "seed", "valid", "test", "standard error", "partition_error", "reliable",
    "ahead of HelmholtzMachine", "error of that", "ahead of it with lateral weights",
    "error of this", "CPU s",
)  # fmt: skip


# One-hot tables


def groups(rows):
    """Neighbouring columns that are levels of one, as pairs of the first and the one after."""
    found, start, n = [], 0, rows.shape[1]
    while start < n:
        stop = start + 1
        while stop < n and rows[:, start : stop + 1].sum(axis=1).max() <= 1:
            stop += 1
        found.append((start, stop))
        start = stop
    return found


def as_levels(parts):
    """Training rows and others as data frames of categories; the first are the training rows."""
    columns = [{} for _ in parts]
    for start, stop in groups(parts[0]):
        own = [part[:, start:stop] for part in parts]
        has_none = bool((own[0].sum(axis=1) == 0).any())
        n_levels = stop - start + has_none
        for frame, bits in zip(columns, own, strict=True):
            ones = bits.sum(axis=1)
            if ones.max() > 1 or (ones.min() == 0 and not has_none):
                raise ValueError(f"Columns {start} to {stop - 1} are one-hot in training alone.")
            levels = np.where(ones == 0, stop - start, bits.argmax(axis=1))
            frame[str(start)] = pd.Categorical.from_codes(levels, range(n_levels))
    return [pd.DataFrame(frame) for frame in columns]


def fitted(machine, train, seed):
    """A machine with a seed, fitted, and CPU seconds."""
    machine = clone(machine).set_params(random_state=seed)
    start = time.process_time()
    machine.fit(train)
    return machine, time.process_time() - start


def lower(machine, rows, count):
    """The mean of annealing back from some rows, by what it lacks of all of them."""
    own = rows.iloc[some(np.arange(len(rows)), count)]
    return -machine.log_likelihood_bounds(own).gap


def worth(machine, train, valid):
    """Nats of validation rows, by annealing back from some of them."""
    machine, _ = fitted(machine.set_params(n_temperatures=TEMPERATURES["choice"]), train, SEEDS[0])
    score = machine.score(valid.iloc[some(np.arange(len(valid)), _MOST)])
    found = score + lower(machine, valid, ROWS["choice"])
    print(*settings_of(machine).values(), round(score, 3), round(found, 3), flush=True)
    return found


def settings_of(machine):
    """Settings of a machine by name."""
    return {name: getattr(machine, name) for name in SETTINGS}


def choose(base, sizes, score):
    """The best machine, not fitted; score : a function of machines that are not fitted."""
    machines = [clone(base).set_params(n_components=sizes[0], learning_rate=r) for r in RATES]
    scores = [score(machine) for machine in machines]
    best = machines[int(np.argmax(scores))]
    others = [clone(best).set_params(n_components=n) for n in sizes[1:]]
    machines, scores = [best, *others], [max(scores), *map(score, others)]
    return machines[int(np.argmax(scores))]


def one_hot_lines(folder, name):
    """The lines of a set, of what was chosen, one for each seed."""
    splits = load(folder, name)
    train, valid, test = as_levels([splits[split] for split in ("train", "valid", "test")])
    base = RestrictedBoltzmannMachine(n_jobs=1)
    chosen = choose(base, SIZES, lambda machine: worth(machine, train, valid))
    binary = [row for row in read(RESULTS / "boltzmann.csv") if row["set"] == name]
    binary = [row for row in binary if row["model"] == "chosen"]
    for seed in SEEDS:
        machine, seconds = fitted(
            chosen.set_params(n_temperatures=TEMPERATURES["test"]), train, seed
        )
        score, known = machine.score(test), machine.log_partition_
        yield {
            "set": name, "columns": train.shape[1], **settings_of(machine), "seed": seed,
            "valid": machine.score(valid), "test": score,
            "lower": score + lower(machine, test, ROWS["test"]),
            "partition_error": known.standard_error, "reliable": known.reliable,
            "binary, AIS": mean(binary, "test"), "binary, RAISE": mean(binary, "lower"),
            "autoregressive": autoregressive(name), "CPU s": seconds,
        }  # fmt: skip


# Mixed tables


def recorded(machine, table, codes):
    """Nats of rows as recorded: densities times the width of cells, and the error of log Z."""
    found = machine.score_samples(table.frame(codes))
    for column, values in zip(table.columns, codes.T, strict=True):
        if not column.is_discrete:
            found += np.where(np.isnan(values), 0.0, np.log(column.column.marginal.resolution))
    return found


def ahead(rows, name, model):
    """Mean and standard error of the nats by which rows are ahead of a model of the mixed page."""
    path = RESULTS / "mixed.json"
    if not path.exists():
        return None, None
    other = json.loads(path.read_text())[name]["densities"][model]["rows"]
    differences = rows - np.array(other)
    return differences.mean(), differences.std(ddof=1) / len(rows) ** 0.5


def mixed_lines(folder, name):
    """The lines of a mixed table."""
    table = mixed_tables.load(Path(folder) / "mixed", name)
    kinds = {c: "gaussian" if k == "real" else k for c, k in table.kinds.items()}
    base = RestrictedBoltzmannMachine(visible=kinds, n_jobs=1)

    def score(machine):
        machine, _ = fitted(machine, table.frame(table.train), SEEDS[0])
        found = float(recorded(machine, table, table.valid).mean())
        print(*settings_of(machine).values(), round(found, 3), flush=True)
        return found

    chosen = choose(base, FEW, score)
    for seed in SEEDS:
        machine, seconds = fitted(chosen, table.frame(table.train), seed)
        rows, known = recorded(machine, table, table.test), machine.log_partition_
        plain, lateral = (ahead(rows, name, model) for model in ("machine-plain", "machine"))
        yield dict(zip(MIXED, (
            name, *settings_of(machine).values(), seed,
            recorded(machine, table, table.valid).mean(), rows.mean(),
            rows.std(ddof=1) / len(rows) ** 0.5, known.standard_error, known.reliable,
            *plain, *lateral, seconds,
        ), strict=True))  # fmt: skip


def write(path, columns, make, names):
    """Add the lines of what a table lacks to it."""
    for name in names:
        rows = read(path)
        if any(row[columns[0]] == name for row in rows):
            continue
        rows += [{k: _short(v) for k, v in line.items()} for line in make(name)]

        def put(file, rows=rows):
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

        replace_file(path, "w", put)


def _short(value):
    return round(float(value), 3) if isinstance(value, float) else value


def main():
    """Choose, fit, score, and write both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the data sets")
    parser.add_argument("--sets", nargs="*", default=SETS, choices=SETS)
    parser.add_argument("--tables", nargs="*", default=TABLES, choices=mixed_tables.TABLES)
    parser.add_argument("--folder", type=Path, default=RESULTS, help="of the tables")
    arguments = parser.parse_args()

    def one_hot(name):
        return one_hot_lines(arguments.data, name)

    def mixed(name):
        return mixed_lines(arguments.data, name)

    write(arguments.folder / "categorical_boltzmann.csv", COLUMNS, one_hot, arguments.sets)
    write(arguments.folder / "mixed_boltzmann.csv", MIXED, mixed, arguments.tables)


if __name__ == "__main__":
    main()
