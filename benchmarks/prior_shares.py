"""What particles from the prior cost an estimate of log p(x), and what they insure against.

    python -m benchmarks.prior_shares --data DIR [--sets nltcs plants ...] [--seeds 2]

DIR as in `benchmarks.datasets`. Of the particles of a row a share comes from the prior of the
hidden layers, the others from the recognition net; see `importance_estimate`. `HelmholtzMachine`,
with units and epochs as of `MACHINES` and else as it is by default, learns from at most `MOST_ROWS`
rows of ``train``, and `N_PARTICLES` particles (the default) score `N_ROWS` rows of ``valid``
("seen"), and as many rows of fair coins ("odd"), which look like nothing that the machine has
learnt from. That is compared with the truth: by enumeration where the machine has few hidden units,
else by the mean of two estimates of p(x) that have `MANY` particles, with a share of the prior and
without. Machines that are "too sure" are the trained ones, but that the weights and intercepts of
the recognition net are `SURE` times as large; their truth is the same.

Over sets and seeds: "low" is the mean of what estimates are too low by, "error" the standard
deviation of a row's estimates over `REPEATS` random states (median over rows), "worst" the row that
is too low by most, "wrong" the share of rows (per cent) that are too low by more than a nat, and
"high" that of rows too high by more than a nat. The table is
``benchmarks/results/prior_shares.csv``.
"""

import argparse
import csv
import warnings
from pathlib import Path
from unittest import mock

import numpy as np

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.inference import importance

from .datasets import load

FOLDER = Path(__file__).parent / "results"
SETS = ("nltcs", "plants", "jester", "kdd", "msnbc", "dna", "uci_adult", "uci_mushrooms")
SHARES = (0.2, 0.1, 0.05, 0.0)
MACHINES = {
    "small": {"hidden_layer_sizes": (12,), "max_iter": 20},
    "small, 1 epoch": {"hidden_layer_sizes": (12,), "max_iter": 1},
    "small, wake-sleep": {
        "hidden_layer_sizes": (12,), "max_iter": 40, "algorithm": "wake-sleep",
    },
    "large": {"hidden_layer_sizes": (100, 50), "max_iter": 15},
    "large, 1 epoch": {"hidden_layer_sizes": (100, 50), "max_iter": 1},
    "large, wake-sleep": {
        "hidden_layer_sizes": (100, 50), "max_iter": 30, "algorithm": "wake-sleep",
    },
}  # fmt: skip
SURE, TOO_SURE = 3, ("small", "large")
MOST_ROWS, N_ROWS, N_PARTICLES, MANY, REPEATS = 4000, 100, 200, 20_000, 5
COLUMNS = (
    "Machine", "Rows", "Share", "Low (nats)", "Error (nats)", "Worst (nats)", "Wrong (%)",
    "High (%)",
)  # fmt: skip


def estimates(machine, X, share, n_particles, random_state=None):
    """Estimates of log p(x) of rows, (n_rows,) nats, with a share of particles of the prior."""
    with mock.patch.object(importance, "PRIOR_SHARE", share), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = machine.log_likelihood(
            X, method="importance", n_importance_samples=n_particles, random_state=random_state
        )
    return found.per_sample


def truth(machine, X):
    """Log p(x) of rows, exactly where that takes no time."""
    if sum(machine.hidden_layer_sizes) <= 14:
        return machine.log_likelihood(X, method="exact").per_sample
    longest = [estimates(machine, X, share, MANY, 1000 + i) for i, share in enumerate((0.2, 0.0))]
    return np.logaddexp(*longest) - np.log(2)


def gaps(machine, X, expected):
    """What estimates are too high by, (n_shares, n_repeats, n_rows)."""
    return np.array([
        [estimates(machine, X, share, N_PARTICLES, seed) - expected for seed in range(REPEATS)]
        for share in SHARES
    ])  # fmt: skip


def variants(kind, machine):
    """A kind of machine, and the same with a recognition net that is too sure of itself."""
    yield kind, machine
    if kind in TOO_SURE:
        coefs, intercepts = (
            [SURE * array for array in arrays]
            for arrays in (machine.recognition_coefs_, machine.recognition_intercepts_)
        )
        yield (
            f"{kind}, too sure",
            HelmholtzMachine.from_parameters(
                machine.generative_coefs_, machine.generative_intercepts_, coefs, intercepts,
                n_jobs=1,
            ),
        )  # fmt: skip


def gaps_of_all(folder, names, seeds):
    """The gaps of each kind of machine and of rows, those of all sets and seeds side by side."""
    found = {}
    for name in names:
        data = load(folder, name)
        for kind, params in MACHINES.items():
            for seed in range(seeds):
                machine = HelmholtzMachine(**params, random_state=seed, n_jobs=1)
                rng = np.random.default_rng(seed)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    machine.fit(rng.permutation(data["train"])[:MOST_ROWS])
                seen = rng.permutation(data["valid"])[:N_ROWS]
                odd = rng.integers(0, 2, seen.shape).astype(np.uint8)
                for rows, X in (("seen", seen), ("odd", odd)):
                    expected = truth(machine, X)
                    for name_of_kind, each in variants(kind, machine):
                        of_set = gaps(each, X, expected)
                        found.setdefault((name_of_kind, rows), []).append(of_set)
        print(name, flush=True)
    return {key: np.concatenate(parts, axis=2) for key, parts in found.items()}


def lines(found):
    """The lines of the table."""
    for (kind, rows), of_shares in found.items():
        for share, gap in zip(SHARES, of_shares, strict=True):
            error = np.median(gap.std(axis=0, ddof=1))
            figures = -gap.mean(), error, -gap.min()
            percents = (100 * (gap < -1).mean(), 100 * (gap > 1).mean())
            texts = [f"{x:.3f}" for x in figures] + [f"{x:.2f}" for x in percents]
            yield kind, rows, f"{share:g}", *texts


def main(arguments=None):
    """Run the benchmark, write its table and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the table goes")
    arguments = parser.parse_args(arguments)
    found = gaps_of_all(arguments.data, arguments.sets, arguments.seeds)
    with (arguments.folder / "prior_shares.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in lines(found):
            writer.writerow(line)
            print(*line, sep="  ")


if __name__ == "__main__":
    main()
