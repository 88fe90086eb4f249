"""Partition functions of large machines under several seeds, and from several beginnings.

    python -m benchmarks.partition_seeds DATA [--sets plants uci_mushrooms]
        [--csv benchmarks/results/partition_seeds.csv]

DATA as in `benchmarks.datasets`. The machines are those of ``benchmarks/results/boltzmann.csv``,
with the settings that were chosen and the defaults, fitted once more. Nobody knows their log Z.
Each is annealed by 200 chains under `SEEDS` through `TEMPERATURES`. The columns are log Z in nats:
"there" by annealing, which is too low on average, "ess" what chains are worth; and back from the
ends of those ("from_ends"), from the chains of training ("from_training"), and from random rows of
the training data ("from_rows"). "score" is the mean log p* of test rows less "from_training": the
score, if the machine had no states but those that chains of training know.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.likelihood import partition_of

from .boltzmann import RESULTS, read, some, splits

SEEDS, TEMPERATURES, N_CHAINS = range(3), (1000, 4000), 200
COLUMNS = (
    "set", "model", "fit", "temperatures", "seed", "there", "ess", "from_ends", "from_training",
    "from_rows", "score",
)  # fmt: skip


def machine_of(row, train):
    """A machine with the settings of a row of the table, fitted."""
    alpha = row["alpha"] if row["alpha"] == "auto" else float(row["alpha"])
    machine = RestrictedBoltzmannMachine(
        int(row["n_components"]), learning_rate=float(row["learning_rate"]), alpha=alpha,
        n_steps=int(row["n_steps"]), centred=row["centred"] == "True", schedule=row["schedule"],
        visible="bernoulli", n_jobs=1, random_state=int(row["seed"]),
    )  # fmt: skip
    return machine.fit(train)


def examine(machine, rows, mean):
    """Lines on a machine, without what names it; mean : of log p* of test rows, nats."""
    model = machine._model
    for n_temperatures in TEMPERATURES:
        for number in SEEDS:
            seed = number, 19, 0, 0
            ways = [
                partition_of(model.machine, "annealed", seed, N_CHAINS, n_temperatures, 1, chains)
                for chains in (None, model.visible_chains(seed), rows)
            ]
            back = [way.back for way in ways]
            worth = ways[0].effective_sample_size
            yield n_temperatures, number, ways[0].value, worth, *back, mean - back[1]


def main():
    """Examine all machines, print, and where asked write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="folder of the binary data sets")
    parser.add_argument("--sets", nargs="+", default=("plants", "uci_mushrooms"))
    parser.add_argument("--csv", type=Path, help="file for the table")
    arguments = parser.parse_args()
    table = []
    for row in read(RESULTS / "boltzmann.csv"):
        if row["set"] not in arguments.sets or row["model"] not in ("chosen", "defaults"):
            continue
        train, _, test = splits(arguments.data, row["set"])
        machine, rows = machine_of(row, train), some(train, N_CHAINS).astype(np.uint8)
        for line in examine(machine, rows, machine.unnormalized_log_prob(test).mean()):
            values = row["set"], row["model"], row["seed"], *line
            table.append([f"{v:.3f}" if isinstance(v, float) else v for v in values])
            print(*table[-1], flush=True)
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *table])


if __name__ == "__main__":
    main()
