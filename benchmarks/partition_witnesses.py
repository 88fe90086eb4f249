"""Whether annealed partition functions of machines that have learnt are known as well as they say.

    python -m benchmarks.partition_witnesses DATA [--seeds 40]
        [--csv benchmarks/results/partition_witnesses.csv]

DATA as in `benchmarks.datasets`; ``digits`` is scikit-learn's. Restricted Boltzmann machines of
`N_HIDDEN` hidden units, whose log Z enumeration knows, learn each set in `N_STEPS` steps with a
penalty of `ALPHA`, and are annealed by 100 chains under many seeds through `TEMPERATURES`. Chains
go back from the ends of those that came ("annealing"), and from the chains of learning
("training"). The columns are as in `benchmarks.partition_coverage`, and

* delta: how often an interval of the delta method alone, without what both ways are apart, covers
  the truth, in all runs;
* wrong: the share of runs that are more than `WRONG` nats from the truth, and wrong_reliable:
  that of those among the runs called reliable.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.likelihood import partition_of

from .boltzmann import splits
from .partition_coverage import WIDTH, covers, line_of, mean_and_error

SETS = "plants", "uci_mushrooms", "accidents", "uci_adult", "jester", "digits"
N_HIDDEN, N_STEPS, ALPHA, SEED = 20, 20_000, 1e-4, 0
TEMPERATURES = 200, 1000, 4000
WRONG = 0.2  # nats
COLUMNS = (
    "set", "back_from", "temperatures", "seeds", "ess", "reliable", "covers", "covers_all", "delta",
    "wrong", "wrong_reliable", "lower", "lower_error", "upper", "upper_error",
)  # fmt: skip


def learnt(train):
    """The model of a machine that has learnt."""
    machine = RestrictedBoltzmannMachine(
        N_HIDDEN, alpha=ALPHA, visible="bernoulli", n_jobs=1, random_state=SEED,
        n_iter=-(-N_STEPS * 100 // len(train)),
    )  # fmt: skip
    return machine.fit(train)._model


def share(flags):
    """The mean of flags, NaN of none."""
    return float(np.mean(flags)) if len(flags) else np.nan


def examine(name, model, n_seeds):
    """Lines of the table of a set, as dictionaries."""
    exact = partition_of(model.machine, "exact").value
    for n_temperatures in TEMPERATURES:
        for back_from in ("annealing", "training"):
            runs = []
            for number in range(n_seeds):
                seed = number, 17, 0, 0
                chains = model.visible_chains(seed) if back_from == "training" else None
                runs.append(
                    partition_of(model.machine, "annealed", seed, 100, n_temperatures, 1, chains)
                )
            values = name, back_from, n_temperatures, *told(runs, exact)
            yield dict(zip(COLUMNS, values, strict=True))


def told(runs, exact):
    """What runs tell together, by the columns after the third."""
    errors = np.array([run.value - run.bias - exact for run in runs])
    reliable = np.array([run.reliable for run in runs])
    hits = np.array([covers(run, exact) for run in runs])
    delta = WIDTH * np.sqrt([run.variance - run.excess for run in runs])
    wrong = np.abs(errors) > WRONG
    return (
        len(runs), float(np.median([run.effective_sample_size for run in runs])),
        share(reliable), share(hits[reliable]), share(hits), share(np.abs(errors) <= delta),
        share(wrong), share(wrong[reliable]),
        *mean_and_error([run.value - exact for run in runs]),
        *mean_and_error([run.back - exact for run in runs]),
    )  # fmt: skip


def main():
    """Examine all sets, print, and where asked write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="folder of the binary data sets")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--csv", type=Path, help="file for the table")
    arguments = parser.parse_args()
    print(*COLUMNS)
    rows = []
    for name in arguments.sets:
        model = learnt(splits(arguments.data, name)[0])
        for row in examine(name, model, arguments.seeds):
            rows.append(line_of(row))
            print(*rows[-1], flush=True)
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main()
