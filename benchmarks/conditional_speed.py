"""Steps and draws of conditionals with deterministic units, beside PyTorch by hand.

    python -m benchmarks.conditional_speed [--threads 1] [--turns 5] [--data DIR] [--csv FILE]

784 columns, 100 deterministic units, minibatches of 100 rows. A party of PyTorch (`torch_nade`) is
a fully visible net with lateral weights and these units. Ours is a whole `HelmholtzMachine` with
one hidden unit besides and its recognition, by wake-sleep; the time of a step is that of a fit of
`EPOCHS` epochs less that of one, by the steps between, and each step draws a minibatch of dreams,
too, which no other does. "Units" are inputs and derivatives by way of the deterministic units
alone, of one minibatch. 1,000 rows are drawn. Rows are of binarised MNIST where DIR holds it
(`benchmarks.datasets`), otherwise ones are as frequent, 13 % of all. Medians of turns that
alternate. At first the same gradients are shown to be the same.
"""

import argparse
import csv
import statistics
from pathlib import Path

import numpy as np
import torch

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.layers import Nade

from .datasets import load
from .stopwatch import turns
from .torch_nade import LoopedNade, Made
from .torch_nade import Nade as WholeNade

N_COLUMNS, N_BETWEEN, N_TOGETHER, N_ROWS, N_DRAWS, EPOCHS = 784, 100, 100, 2000, 1000, 3
N_CALLS = 5  # of a turn, of the units alone
SHARE = 0.13
RIVALS = {"NADE, all columns at once": WholeNade, "NADE, a loop": LoopedNade, "MADE": Made}
HEADS = "What", "Beside", "Here, ms", "Its, ms", "Ratio", "Target"


def rows_of(folder):
    """Rows to learn from, uint8."""
    if folder:
        return load(folder, "binarized_mnist")["train"][:N_ROWS]
    return (np.random.default_rng(0).random((N_ROWS, N_COLUMNS)) < SHARE).astype(np.uint8)


def machine(n_epochs, n_threads):
    """Ours, with the settings of PyTorch's."""
    return HelmholtzMachine(
        1, autoregressive=True, n_conditional_units=N_BETWEEN, algorithm="wake-sleep", alpha=0,
        l1_ratio=0, averaging=False, early_stopping=False, learning_rate_init=1e-3,
        batch_size=N_TOGETHER, max_iter=n_epochs, n_jobs=n_threads, random_state=0,
    )  # fmt: skip


def check(X):
    """Refuse to time gradients that are not the same."""
    theirs, x = WholeNade(N_COLUMNS, N_BETWEEN), torch.tensor(X[:7], dtype=torch.float32)
    generator = torch.Generator().manual_seed(1)
    theirs.out.normal_(generator=generator)
    error = torch.randn(x.shape, generator=generator)
    arrays = [p.numpy() for p in (theirs.into, theirs.c, theirs.out)]
    ours, found = Nade(*arrays), Nade(*(np.empty_like(array) for array in arrays))
    ours.gradient(X[:7], error.numpy(), found)
    for kind in (WholeNade, LoopedNade):
        kind.learn(theirs, x, error, kind.inputs(theirs, x)[1])
        for array, p in zip(found.arrays, (theirs.into, theirs.c, theirs.out), strict=True):
            np.testing.assert_allclose(array, p.grad.numpy(), rtol=2e-3, atol=2e-4)


def measure(X, n_threads, n_turns):
    """Rows of the table."""
    rivals = {name: kind(N_COLUMNS, N_BETWEEN) for name, kind in RIVALS.items()}
    batches = torch.tensor(X, dtype=torch.float32).split(N_TOGETHER)
    ours = machine(EPOCHS, n_threads).fit(X)

    def learn(net):
        for batch in batches:
            net.step(batch)

    yield from _units(batches[0], rivals, n_threads, n_turns)
    parties = {n: lambda n=n: machine(n, n_threads).fit(X) for n in (1, EPOCHS)}
    parties |= {name: lambda net=net: learn(net) for name, net in rivals.items()}
    spent = turns(parties, n_threads, n_turns)
    steps = {name: statistics.median(spent[name]) / len(batches) for name in rivals}
    more = [long - short for short, long in zip(spent[1], spent[EPOCHS], strict=True)]
    own = statistics.median(more) / (EPOCHS - 1) / len(batches)
    yield from (_row("a step", name, own, seconds, 2) for name, seconds in steps.items())
    net = rivals["NADE, a loop"]
    parties = {
        "ours": lambda: ours.sample(N_DRAWS, random_state=0), "a loop": lambda: net.sample(N_DRAWS),
    }  # fmt: skip
    spent = {k: statistics.median(v) for k, v in turns(parties, n_threads, n_turns).items()}
    yield _row("1,000 draws", "NADE, a loop", spent["ours"], spent["a loop"], 10)


def _units(x, rivals, n_threads, n_turns):
    """Rows of the time of the deterministic units alone."""
    some = next(iter(rivals.values()))
    ours = Nade(*(p.numpy() for p in (some.into, some.c, some.out)))
    rows, found = x.numpy(), Nade(*(np.empty_like(array) for array in ours.arrays))
    eta, error = np.zeros(rows.shape, np.float32), torch.randn(x.shape)

    def learn():
        for _ in range(N_CALLS):
            ours.add(rows, eta)
            ours.gradient(rows, error.numpy(), found)

    def other(net):
        for _ in range(N_CALLS):
            net.learn(x, error, net.inputs(x)[1])

    parties = {"ours": learn} | {n: lambda net=net: other(net) for n, net in rivals.items()}
    with torch.no_grad():
        spent = turns(parties, n_threads, n_turns)
    own, *theirs = (statistics.median(v) / N_CALLS for v in spent.values())
    yield from (_row("units", name, own, s, 2) for name, s in zip(rivals, theirs, strict=True))


def _row(what, name, ours, theirs, target):
    return what, name, f"{1e3 * ours:.2f}", f"{1e3 * theirs:.2f}", f"{theirs / ours:.1f}", target


def main():
    """Print the table, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=5, help="of each party")
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--csv", type=Path, help="for the table")
    arguments = parser.parse_args()
    X = rows_of(arguments.data)
    check(X)
    rows = [HEADS, *measure(X, arguments.threads, arguments.turns)]
    for row in rows:
        print("".join(f"{text!s:>28}" for text in row))
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
