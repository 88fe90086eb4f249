"""Restricted Boltzmann machines on public binary data sets: log-likelihoods, from both sides.

    python -m benchmarks.boltzmann DATA [--sets NAME ...]

DATA as in `benchmarks.datasets`; ``digits`` is scikit-learn's, split as in `benchmarks.baselines`.
Of each set settings are chosen in three stages, by validation rows and the first seed: all pairs of
`RATES` and `ALPHAS` with `FIRST_SIZE` hidden units, then each of `WAYS` to train with the best
pair, then the other `SIZES` with the best so far. What counts is "lower", annealing back from each
row, which is too low in expectation: where chains mix badly annealing forward ("valid") is too
high, and would choose those machines that it overrates most. The best pair without averaging is
fitted for comparison, and never chosen.

The chosen settings and the defaults, these also without centring, are then fitted with two seeds,
and test rows are scored once: "test" is log p* less an estimate of log Z, which is too low in
expectation, so that "test" is too high, by an error that all rows share ("partition_error");
"lower" is a lower bound in expectation of a density that can be sampled from; `LOWER_ROWS` random
rows have it, and what it lacks on these is taken off "test". What was chosen is scored with `MORE`
temperatures where both are apart. Sets of the UCI are also learnt by 23 hidden units, whose log Z
is summed out, and by these in `LONG` steps with a penalty of their own. Nats per row, CPU seconds
of a fit by one thread. ``benchmarks/results/boltzmann.csv`` has the table, and
``boltzmann_choices.csv`` beside it what was tried; both are written line by line, and lines that
are there already are not made again.
"""

import argparse
import csv
import time
from functools import partial
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
WAYS = {"n_steps": 5}, {"centred": True}, {"schedule": "cosine"}
SETTINGS = "n_components", "learning_rate", "alpha", "n_steps", "centred", "schedule"
FEW = 23  # hidden units, of machines that were published with an exact log Z
LONG = 50_000  # steps that these need
SEEDS = 0, 1
MOST_VALID, LOWER_VALID = 1000, 300  # rows by which settings are chosen
LOWER_ROWS = 500  # of test
TEMPERATURES, MORE = {"choice": 2000, "test": 4000}, 20_000
_APART = 0.2  # nats, beyond which what was chosen is scored with more temperatures
COLUMNS = (
    "set", "model", *SETTINGS, "seed", "valid", "test", "standard_error", "partition_error",
    "lower", "n_temperatures", "reliable", "cpu_seconds",
)  # fmt: skip
TRIED = "set", *SETTINGS, "averaging", "valid", "lower", "cpu_seconds"


class Table:
    """A table in a file, that grows line by line: other processes may write other sets.

    path : of the file; columns : their names; key : those that tell one line from another;
    place : those of which a new line takes the place of an old one.
    """

    def __init__(self, path, columns, key, place):
        self.path, self.columns, self.key, self.place = path, columns, key, place

    def line(self, make, **known):
        """The line with known values of the key; made, and added, if it is not there yet."""
        known = {name: str(value) for name, value in known.items()}
        for row in read(self.path):
            if all(row[name] == known[name] for name in self.key):
                return row
        row = {k: round(v, 4) if isinstance(v, float) else v for k, v in (known | make()).items()}
        print(*row.values(), flush=True)
        others = [r for r in read(self.path) if any(r[n] != known[n] for n in self.place)]
        rows = sorted([*others, row], key=lambda each: SETS.index(each["set"]))

        def write(file):
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

        replace_file(self.path, "w", write)
        return {name: str(value) for name, value in row.items()}


def tables(folder):
    """The table of a folder, and that of choices."""
    tested, tried = ("set", "model", *SETTINGS, "seed"), ("set", *SETTINGS, "averaging")
    return (
        Table(folder / "boltzmann.csv", COLUMNS, tested, ("set", "model", "seed")),
        Table(folder / "boltzmann_choices.csv", TRIED, tried, tried),
    )


def read(path):
    """A table so far."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


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
    """Nats that the lower bound lacks of the upper one in the mean of rows."""
    return machine.log_likelihood_bounds(rows).gap


def validated(machine, train, valid):
    """Scores of a machine on validation rows, by name."""
    machine = clone(machine).set_params(n_temperatures=TEMPERATURES["choice"])
    machine, seconds = fitted(machine, train, SEEDS[0])
    upper = machine.score(some(valid, MOST_VALID))
    gap = lack(machine, some(valid, LOWER_VALID))
    return {
        "valid": upper, "lower": upper - gap, "cpu_seconds": seconds,
    }  # fmt: skip


def settings_of(machine, names=SETTINGS):
    """Settings of a machine by name."""
    return {name: getattr(machine, name) for name in names}


def like(machine, **settings):
    """A machine, not fitted, with some other settings."""
    return clone(machine).set_params(**settings)


def best_of(name, train, valid, choices):
    """A function of machines, not fitted, that returns the best by validation rows."""

    def worth(machine):
        known = {"set": name, **settings_of(machine, (*SETTINGS, "averaging"))}
        return float(choices.line(lambda: validated(machine, train, valid), **known)["lower"])

    return lambda *machines: max(machines, key=worth)


def choose(base, best):
    """The best machine, not fitted."""
    first = like(base, n_components=FIRST_SIZE)
    pairs = [like(first, learning_rate=rate, alpha=alpha) for rate in RATES for alpha in ALPHAS]
    pair = best(*pairs)
    way = best(pair, *(like(pair, **way) for way in WAYS))
    found = best(way, *(like(way, n_components=n) for n in SIZES if n != FIRST_SIZE))
    best(like(pair, averaging=False))
    return found


def tested(machine, seed, train, valid, test, temperatures):
    """Scores of a machine on test rows, by name.

    temperatures : more of them, that are tried in turn while both bounds are apart.
    """
    machine, seconds = fitted(machine, train, seed)
    scores = bounds(machine, valid, test)
    for count in temperatures:
        if abs(scores["test"] - scores["lower"]) > _APART:
            scores = bounds(machine.set_params(n_temperatures=count), valid, test)
    return {**scores, "cpu_seconds": seconds}


def bounds(machine, valid, test):
    """Scores of a fitted machine by the temperatures that it has."""
    method = "exact" if machine.n_components == FEW else "auto"
    found = machine.log_likelihood(test, method=method)
    known = {"standard_error": 0.0, "n_temperatures": None, "reliable": True}
    lower, score = found.mean, machine.log_likelihood(valid, method=method).mean
    if found.method != "exact":
        known, lower = machine.log_partition_, found.mean - lack(machine, some(test, LOWER_ROWS))
    return {
        "valid": score, "test": found.mean, "standard_error": found.standard_error,
        "partition_error": known["standard_error"], "lower": lower,
        "n_temperatures": known["n_temperatures"], "reliable": known["reliable"],
    }  # fmt: skip


def measure(name, parts, table, choices, n_jobs=1):
    """Add the lines of a set to the table, and to the choices."""
    base = RestrictedBoltzmannMachine(
        visible="bernoulli", n_temperatures=TEMPERATURES["test"], n_jobs=n_jobs
    )
    best = best_of(name, *parts[:2], choices)
    chosen = choose(like(base, centred=False), best)
    models = {"chosen": chosen}
    if name.startswith("uci"):
        few = like(chosen, n_components=FEW)
        long = like(few, n_iter=-(-LONG * few.batch_size // len(parts[0])))
        models[f"{FEW} hidden units"] = few
        models[f"{FEW} hidden units, long"] = best(*(like(long, alpha=a) for a in ALPHAS))
    models |= {"defaults": base, "defaults, not centred": like(base, centred=False)}
    for model, machine in models.items():
        for seed in SEEDS:
            known = {"set": name, "model": model, **settings_of(machine), "seed": seed}
            more = (MORE,) if model == "chosen" else ()
            table.line(partial(tested, machine, seed, *parts, more), **known)


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
        parts = splits(arguments.data, name)
        measure(name, parts, *tables(arguments.folder), arguments.jobs)


if __name__ == "__main__":
    main()
