"""Continuous mixtures with latent optimisation on public binary data sets.

    python -m benchmarks.continuous_mixtures --data DIR [--sets NAME ...] [--minutes 15]
        [--csv FILE]

The table ``benchmarks/results/continuous_mixtures.csv`` was made with 15 minutes for each set but
tretail, which had 5.

DIR as in `benchmarks.datasets`. The models of Correia et al. (2023) with their settings: 4 latents,
2^10 points, at most 200 epochs, and 15 without a better score of ``valid``; with one seed (they
show means of five), and the first column for the root of a tree. S_F has independent columns given
the latents, S_CLT those of a Chow-Liu tree that is found once (smoothing 0.01); both are scored by
2^13 points and, "LO", by 2^10 that are learnt on ``train`` for at most 150 epochs (10 without a
better score). The best of the four by ``valid`` is scored on ``test``, once; nats per row. Minutes
are those of a processor, on one thread, of all that was done for a set. "Stopped" are the courses
that ended because a set may take so many, of which each of the four has a share. Sets that FILE has
are left as they are.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
import torch

from .datasets import TWENTY, load
from .simple_densities import ChowLiuTree
from .torch_continuous_mixtures import (
    ContinuousMixture,
    Independent,
    Limits,
    Tree,
    fixed_lattice,
    learn_decoder,
    learn_points,
)  # fmt: skip

N_POINTS, N_SCORED_POINTS = 2**10, 2**13
EPOCHS, PATIENCE = 200, 15
LO_EPOCHS, LO_PATIENCE = 150, 10
SMOOTHING = 0.01
STRUCTURES = "S_F", "S_CLT"
ENDS = {"S_F": 0.2, "S_F LO": 0.3, "S_CLT": 0.75, "S_CLT LO": 1.0}  # shares of the minutes
HEADS = (
    "Data", "Columns", "Rows", "Chosen", "Valid", "Test", "Error", "Epochs", "LO epochs", "Minutes",
    *(f"{variant}, valid" for variant in ENDS), "Stopped",
)  # fmt: skip


def structure_of(name, train):
    """The structure of a name for the columns of some rows, (n_rows, n_columns) of zeros and ones.

    The root of a tree is the first column.
    """
    if name == "S_F":
        return Independent(train.shape[1])
    parents = np.full(train.shape[1], -1)
    above, below = ChowLiuTree(SMOOTHING).fit(train).edges_
    parents[below] = above
    return Tree(parents)


def fitted(name, splits, deadlines):
    """Both variants of a structure: by name, mixture, points, and courses of learning.

    deadlines : of all variants, seconds of `time.process_time`.
    """
    train, valid = (
        torch.from_numpy(splits[part].astype(np.float32)) for part in ("train", "valid")
    )
    mixture, lo = ContinuousMixture(structure_of(name, splits["train"])), f"{name} LO"
    limits = Limits(EPOCHS, PATIENCE, deadlines[name])
    course = learn_decoder(mixture, train, valid, N_POINTS, limits)
    limits = Limits(LO_EPOCHS, LO_PATIENCE, deadlines[lo])
    points, lo_course = learn_points(mixture, train, valid, N_POINTS, limits)
    return {
        name: (mixture, fixed_lattice(N_SCORED_POINTS), (course,)),
        lo: (mixture, points, (course, lo_course)),
    }


def scores(found, rows):
    """Log p(x) of rows, nats, by what is found of a variant."""
    mixture, points, _ = found
    return mixture.score_samples(_tensor(rows), points).numpy()


def _tensor(rows):
    return torch.from_numpy(rows.astype(np.float32))


def compare(name, splits, minutes):
    """A row of the table, by `HEADS`."""
    start = time.process_time()
    deadlines = {variant: start + 60 * minutes * share for variant, share in ENDS.items()}
    found = {k: v for s in STRUCTURES for k, v in fitted(s, splits, deadlines).items()}
    valid = {k: scores(v, splits["valid"]).mean(dtype=np.float64) for k, v in found.items()}
    chosen = max(valid, key=valid.get)
    test = scores(found[chosen], splits["test"]).astype(np.float64)
    courses = found[chosen][2]
    epochs = [course.n_epochs for course in courses] + [""] * (2 - len(courses))
    used = (time.process_time() - start) / 60
    return (
        name, *splits["train"].shape[::-1], chosen, _figure(valid[chosen]), _figure(test.mean()),
        f"{test.std(ddof=1) / len(test) ** 0.5:.3f}", *epochs, f"{used:.1f}",
        *map(_figure, valid.values()), " + ".join(k for k, v in found.items() if v[2][-1].stopped),
    )  # fmt: skip


def _figure(value):
    return f"{value:.3f}"


def main():
    """Print the table row by row, and add the rows to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=TWENTY, choices=TWENTY)
    parser.add_argument("--minutes", type=float, default=15, help="that a set may take")
    parser.add_argument("--csv", type=Path, help="for the table, rows of which are added")
    options = parser.parse_args()
    torch.set_num_threads(1)
    run(options.data, options.sets, options.minutes, options.csv)


def run(folder, names, minutes, path=None):
    """Compare on all sets that a table does not have yet, and add each row once it is there."""
    there = set()
    if path and path.exists():
        with path.open(newline="") as file:
            there = {row["Data"] for row in csv.DictReader(file)}
    for name in names:
        if name in there:
            continue
        row = compare(name, load(folder, name), minutes)
        print(*row, sep=", ", flush=True)
        if path:
            _add(path, row)


def _add(path, row):
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([HEADS, row] if is_new else [row])


if __name__ == "__main__":
    main()
