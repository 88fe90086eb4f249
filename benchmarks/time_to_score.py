"""Seconds until held-out scores are within half a percent of the final one, beside PyTorch.

    python -m benchmarks.time_to_score --data DIR [--sets plants bnetflix binarized_mnist]

DIR as in `benchmarks.datasets`. `HelmholtzMachine` and a PyTorch program written by hand
(`benchmarks.torch_plain_machines`) learn with one recipe: reweighted wake-sleep with 5 particles,
minibatches of 100 rows, Adam at 0.02 with the same penalty, and the same average of the parameters,
by which both are scored after every epoch: the importance-weighted bound of up to 1,000 rows of
``valid``, 200 samples of the same random numbers. Seconds are those of the processor, on one
thread, without scores; an epoch of one is followed by an epoch of the other. "Final" is the mean
score of the last tenth of the epochs, and epochs and seconds are counted until a score is for the
first time within half a percent of the lower of both. The table is
``benchmarks/results/time_to_score.csv``.
"""

import argparse
import csv
import itertools
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from sklearn_helmholtz import HelmholtzMachine

from .blas import torch_blas
from .datasets import load
from .torch_plain_machines import PlainReweighted
from .torch_plain_net import PlainNet

FOLDER = Path(__file__).parent / "results"
RECIPES = {  # hidden layers and epochs
    "plants": ((100,), 60), "bnetflix": ((100,), 60), "binarized_mnist": ((200, 200), 30),
}  # fmt: skip
N_PARTICLES, BATCH, RATE, DECAY = 5, 100, 0.02, 1e-4
N_ROWS, N_SAMPLES, SHARE = 1000, 200, 0.005
EVERY, POWER = 4, 8  # of the average, as in `sklearn_helmholtz.learning.averages`
COLUMNS = (
    "Data", "Units", "Rows", "Epochs", "Final (nats)", "Epochs to within 0.5 %", "Seconds",
    "Final, PyTorch (nats)", "Epochs to within 0.5 %, PyTorch", "Seconds, PyTorch", "Ratio",
)  # fmt: skip


class Library:
    """A `HelmholtzMachine` that learns epoch by epoch."""

    def __init__(self, sizes, rows):
        self._rows = rows
        self.machine = HelmholtzMachine(
            sizes, n_particles=N_PARTICLES, batch_size=BATCH, learning_rate_init=RATE, alpha=DECAY,
            averaging=True, n_jobs=1, random_state=0,
        )  # fmt: skip

    def epoch(self):
        """Learn for an epoch."""
        self.machine.partial_fit(self._rows)


class Program:
    """A PyTorch program that learns epoch by epoch, and averages as the library does."""

    def __init__(self, sizes, rows):
        self._rows = torch.from_numpy(rows).float()
        self._net = PlainNet((rows.shape[1], *sizes), RATE, DECAY)
        share = rows.mean(axis=0, dtype=np.float64).clip(1 / len(rows), 1 - 1 / len(rows))
        self._net.down_bias[0].copy_(torch.from_numpy(np.log(share / (1 - share))))
        self._steps = PlainReweighted(self._net, N_PARTICLES)
        self._parts = [self._net.down, self._net.up, self._net.down_bias, self._net.up_bias]
        self._mean = [[t.clone() for t in part] for part in self._parts]
        self._n_moves = self._n_terms = 0
        self._generator = torch.Generator().manual_seed(0)

    def epoch(self):
        """Learn for an epoch."""
        order = torch.randperm(len(self._rows), generator=self._generator)
        for indices in order.split(BATCH):
            self._steps.step(self._rows, indices)
            self._average()

    def _average(self):
        self._n_moves += 1
        if self._n_moves % EVERY == 0 or self._n_terms == 0:
            self._n_terms += 1
            share = (POWER + 1) / (self._n_terms + POWER)
            mean, now = (list(itertools.chain(*parts)) for parts in (self._mean, self._parts))
            torch._foreach_lerp_(mean, now, share)

    @property
    def machine(self):
        """The averaged parameters as a `HelmholtzMachine`."""
        down, up, down_bias, up_bias = ([t.numpy() for t in part] for part in self._mean)
        return HelmholtzMachine.from_parameters(down, down_bias, up, up_bias, n_jobs=1)


def bound(machine, rows):
    """The mean importance-weighted bound of some rows, nats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few samples do to compare
        found = machine.log_likelihood(rows, method="importance", n_importance_samples=N_SAMPLES)
    return found.mean


def courses(name, splits):
    """Seconds and scores after each epoch of both, (2, n_epochs, 2)."""
    sizes, n_epochs = RECIPES[name]
    held_out = splits["valid"][:N_ROWS]
    Library(sizes, splits["train"][:BATCH]).epoch()  # compiles
    found = []
    parties = [make(sizes, splits["train"]) for make in (Library, Program)]
    spent = [0.0, 0.0]
    for _ in range(n_epochs):
        for number, party in enumerate(parties):
            start = time.process_time()
            party.epoch()
            spent[number] += time.process_time() - start
        found.append([(s, bound(p.machine, held_out)) for s, p in zip(spent, parties, strict=True)])
    return np.swapaxes(found, 0, 1)


def arrival(course, aim):
    """The epoch, from 1, and the seconds at which a course first has a score, or None."""
    there = np.flatnonzero(course[:, 1] >= aim)
    return (there[0] + 1, course[there[0], 0]) if len(there) else None


def compare(name, splits):
    """A row of the table."""
    sizes, n_epochs = RECIPES[name]
    both = courses(name, splits)
    finals = [course[-max(n_epochs // 10, 1) :, 1].mean() for course in both]
    aim = min(finals) - SHARE * abs(min(finals))
    arrivals = [arrival(course, aim) for course in both]
    texts = [(f"{a[0]}", f"{a[1]:.1f}") if a else ("never", f"> {c[-1, 0]:.1f}")
             for a, c in zip(arrivals, both, strict=True)]  # fmt: skip
    ratio = f"{arrivals[1][1] / arrivals[0][1]:.2f}" if all(arrivals) else ""
    n_rows, n_columns = splits["train"].shape
    return (
        name, "-".join(map(str, (n_columns, *sizes))), n_rows, n_epochs, f"{finals[0]:.2f}",
        *texts[0], f"{finals[1]:.2f}", *texts[1], ratio,
    )  # fmt: skip


def main(arguments=None):
    """Write the table row by row, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"PyTorch {torch.__version__}, {torch_blas()}, one thread each")
    with (options.folder / "time_to_score.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name in options.sets:
            row = compare(name, load(options.data, name))
            writer.writerow(row)
            file.flush()
            print(*row, sep=", ", flush=True)


if __name__ == "__main__":
    main()
