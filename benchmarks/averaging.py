"""How much sooner averages of the parameters reach the score of plain training, by default.

    python -m benchmarks.averaging --data DIR [--sets nltcs plants ...] [--seeds 2]

DIR as in `benchmarks.datasets`. `HelmholtzMachine` is trained as it is by default, with and without
``averaging``, of which the learning rate is twice as high. At some epochs the machine is scored on
up to 2,000 rows of ``valid``, with 50 importance samples and the same random numbers each time.
"Epochs" are the first of these, as a share of all, at which averages are as good as plain training
at its end, in the mean of the seeds; "gain" is that of the last epoch, in nats, with its standard
error over the seeds where there is more than one. The table is
``benchmarks/results/averaging.csv``, a row for each set.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from sklearn_helmholtz import HelmholtzMachine

from .datasets import TWENTY, UCI, load

FOLDER = Path(__file__).parent / "results"
SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
N_ROWS, N_SAMPLES = 2000, 50
COLUMNS = ("Data", "Rows", "Plain (nats)", "Averaged (nats)", "Gain", "Its error", "Epochs")


class Curve:
    """Scores of some rows at some epochs of a fit."""

    def __init__(self, rows, n_epochs):
        self._rows, self._epochs = rows, {round(share * n_epochs) for share in SHARES}
        self.scores = []

    def score(self, machine, epoch, X_val):
        """Note the score of an epoch, as a monitor; training goes on."""
        if epoch + 1 in self._epochs:
            self.scores.append(bound(machine, self._rows))


def bound(machine, rows):
    """The mean importance-weighted bound of some rows, nats."""
    return machine.log_likelihood(rows, method="importance", n_importance_samples=N_SAMPLES).mean


def curve(splits, seed, averaging, **params):
    """Scores of a fit by default at the shares of its epochs."""
    machine = HelmholtzMachine(averaging=averaging, random_state=seed, **params)
    seen = Curve(splits["valid"][:N_ROWS], machine.max_iter)
    machine.fit(splits["train"], monitor=seen.score)
    return np.array(seen.scores)


def compare(name, splits, n_seeds, **params):
    """A row of the table."""
    pairs = np.array([
        [curve(splits, seed, averaging, **params) for averaging in (False, True)]
        for seed in range(n_seeds)
    ])  # fmt: skip
    gains = pairs[:, 1, -1] - pairs[:, 0, -1]
    plain, averaged = pairs.mean(axis=0)
    ahead = np.flatnonzero(averaged >= plain[-1])
    sooner = SHARES[ahead[0]] if len(ahead) else None
    error = gains.std(ddof=1) / np.sqrt(n_seeds) if n_seeds > 1 else np.nan
    return name, len(splits["train"]), plain[-1], averaged[-1], gains.mean(), error, sooner


def main(arguments=None):
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=[*TWENTY, *UCI])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    with (options.folder / "averaging.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name in options.sets:
            row = compare(name, load(options.data, name), options.seeds, n_jobs=options.threads)
            row = [f"{value:.4g}" if isinstance(value, float) else value for value in row]
            writer.writerow(row)
            file.flush()
            print(*row, sep=", ", flush=True)


if __name__ == "__main__":
    main()
