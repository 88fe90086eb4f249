"""Linear factor models on one scale: nats of rows that none of them has seen.

    python -m benchmarks.linear_factors [--folder benchmarks/results] [--seeds 3]

Three kinds of rows. *Windows*: a window of 6 x 6 pixels that wanders over a photograph of
scikit-learn's (``china.jpg``, grey), 40 paths of 50 steps in its left part for training, 15 each
in the middle for validation and in the right part for the test; one row is one step, and only
`SlowFeatureAnalysis` is told of the order. *Breast cancer* and *wine*, standardised by their
training rows, are split at random into 60, 20 and 20 %. The size of each model is the one of those
listed that is best on validation rows, its test rows are scored once; means over seeds. Pixels have
a noise of half a grey level, so that all densities exist. Sparse coding is scored by annealing, a
lower bound in expectation. A mixture of normal distributions, which is not linear, stands for
comparison. Seconds are of CPU, for all sizes.
"""

import argparse
import csv
import pathlib
import time
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_sample_image, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import (
    FactorAnalysis,
    IndependentComponents,
    SlowFeatureAnalysis,
    SparseCoding,
)

SIDE, N_STEPS, N_PATHS = 6, 50, (40, 15, 15)
HEADS = ["rows", "model", "size", "test", "over the normal", "reliable", "seconds"]


def paths(grey, n_paths, low, high, rng):
    """Windows along paths between two columns of a picture, (n_paths * N_STEPS, SIDE**2)."""
    corner, span = np.array([0, low]), np.array([grey.shape[0], high - low]) - SIDE
    found = []
    for _ in range(n_paths):
        place, speed = rng.random(2) * span, rng.normal(size=2)
        for _ in range(N_STEPS):
            speed = 0.9 * speed + 0.4 * rng.normal(size=2)
            place = place + speed
            speed = np.where((place < 0) | (place > span), -speed, speed)
            place = place.clip(0, span)
            i, j = (corner + place.round()).astype(int)
            found.append(grey[i : i + SIDE, j : j + SIDE].ravel())
    noise = rng.uniform(-0.5, 0.5, (len(found), SIDE**2))
    return (np.array(found) + noise) / 255


def windows(seed):
    """Training, validation and test rows, and the paths of each."""
    rng, grey = np.random.default_rng(seed), load_sample_image("china.jpg").mean(axis=2)
    edges = (np.array([0, 0.6, 0.8, 1]) * grey.shape[1]).astype(int)
    parts = zip(N_PATHS, edges, edges[1:], strict=False)
    rows = [paths(grey, n, low, high, rng) for n, low, high in parts]
    return rows, [np.repeat(np.arange(n), N_STEPS) for n in N_PATHS]


def standardised(load):
    """A function of a seed: three parts of a table of scikit-learn's, and no order of rows."""

    def made(seed):
        X = load().data
        order = np.random.default_rng(seed).permutation(len(X))
        parts = [X[at] for at in np.split(order, [6 * len(X) // 10, 8 * len(X) // 10])]
        scaler = StandardScaler().fit(parts[0])
        return [scaler.transform(part) for part in parts], None

    return made


DATA = {
    "windows": windows,
    "breast cancer": standardised(load_breast_cancer),
    "wine": standardised(load_wine),
}


def candidates(name, n_columns):
    """Pairs of a size and an unfitted estimator."""
    sizes = [k for k in (2, 3, 5, 8, 12, 20, 30) if k < n_columns]
    if name == "normal (all of PCA)":
        return [(n_columns, FactorAnalysis(n_columns - 1, noise="isotropic"))]
    if name == "PCA":
        return [(k, PCA(k)) for k in sizes]
    if name == "FactorAnalysis":
        return [(k, FactorAnalysis(k)) for k in sizes]
    if name == "IndependentComponents":
        return [(k, IndependentComponents(k)) for k in (*sizes[1::2], n_columns)]
    if name == "SparseCoding":
        return [(k, SparseCoding(k, random_state=0)) for k in (n_columns // 2, n_columns)]
    if name == "SlowFeatureAnalysis":
        return [(k, SlowFeatureAnalysis(k, noise="diagonal")) for k in (3, 5, 8)]
    return [
        (k, GaussianMixture(k, reg_covar=1e-4, n_init=3, random_state=0)) for k in (1, 2, 3, 5, 8)
    ]


NAMES = (
    "normal (all of PCA)", "PCA", "FactorAnalysis", "IndependentComponents", "SparseCoding",
    "SlowFeatureAnalysis", "GaussianMixture",
)  # fmt: skip


def score(model, X, groups):
    """Mean log p of rows, and whether it can be relied upon."""
    if isinstance(model, SlowFeatureAnalysis):
        return model.score(X, groups=groups), True
    if isinstance(model, SparseCoding):
        found = model.log_likelihood(X)
        return found.mean, found.reliable
    return model.score(X), True


def measure(name, data, seed):
    """Size, test score, whether it is reliable, and seconds; None where there is no order."""
    (X, X_valid, X_test), groups = DATA[data](seed)
    start, best = time.process_time(), None
    if name == "SlowFeatureAnalysis" and groups is None:
        return None
    for size, model in candidates(name, X.shape[1]):
        more = {"groups": groups[0]} if name == "SlowFeatureAnalysis" else {}
        model.fit(X, **more)
        valid, _ = score(model, X_valid, groups and groups[1])
        if best is None or valid > best[0]:
            best = valid, size, model
    _, size, model = best
    test, reliable = score(model, X_test, groups and groups[2])
    return size, test, reliable, time.process_time() - start


def line(data, name, runs, normal):
    """The cells of one row of the table."""
    sizes, tests, reliable, seconds = zip(*runs, strict=True)
    over = np.array(tests) - normal
    error = over.std(ddof=1) / np.sqrt(len(over)) if len(over) > 1 else np.nan
    return [
        data, name, ", ".join(str(size) for size in sizes), f"{np.mean(tests):.2f}",
        f"{over.mean():.2f} ± {error:.2f}", "yes" if all(reliable) else "no",
        f"{np.mean(seconds):.1f}",
    ]  # fmt: skip


def main():
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", help="for the table")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", UserWarning)  # the table says what is not reliable
    table = [HEADS]
    for data in DATA:
        normal = None
        for name in NAMES:
            runs = [measure(name, data, seed) for seed in range(arguments.seeds)]
            if runs[0] is None:
                continue
            normal = np.array([run[1] for run in runs]) if normal is None else normal
            table.append(line(data, name, runs, normal))
            print(" | ".join(table[-1]), flush=True)
    if arguments.folder:
        path = pathlib.Path(arguments.folder) / "linear_factors.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(table)


if __name__ == "__main__":
    main()
