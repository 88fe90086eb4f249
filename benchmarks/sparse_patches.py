"""Sparse coding on patches of scikit-learn's photographs, beside other densities.

    python -m benchmarks.sparse_patches [--folder benchmarks/results] [--rows 5000]

Grey 8 x 8 patches of ``china.jpg`` and ``flower.jpg``, without those that are flat (a standard
deviation below 0.06 of the range): the mean of each patch is taken off, and what is left, in 63
dimensions, is whitened by the covariance of the training patches. Those for
training come from the left two thirds of the pictures, for validation and test from the rest.
Settings are those that are best on 200 patches of validation; the test score is of 300. Log p(x) of
sparse coding is estimated by 20 chains of 300 temperatures, a lower bound in expectation; *error*
is its standard error for these rows.
"""

import argparse
import csv
import pathlib
import time
import warnings

import numpy as np
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from sklearn_helmholtz import FactorAnalysis, SparseCoding

from .linear_densities import LaplaceICA, Normal, best_mixture

HEADS = ["model", "setting", "test", "over the normal", "error", "noise", "reliable", "seconds"]
SIDE, FLAT, N_VALID, N_TEST = 8, 0.06, 200, 300
ATOMS, N_STEPS = (63, 96), 300


def patches(n_rows, part, seed):
    """Patches without their means, (n_rows, 64); part : of the width of pictures, two numbers."""
    rng, found = np.random.default_rng(seed), []
    for name in ("china.jpg", "flower.jpg"):
        picture = load_sample_image(name).mean(axis=2) / 255
        low, high = (int(share * picture.shape[1]) for share in part)
        found.append(_of_picture(picture, n_rows // 2, low, high, rng))
    return np.concatenate(found)


def _of_picture(picture, n_rows, low, high, rng):
    """Patches of one picture, between two columns, that are not flat."""
    found = []
    while len(found) < n_rows:
        i = rng.integers(0, picture.shape[0] - SIDE)
        j = rng.integers(low, high - SIDE)
        patch = picture[i : i + SIDE, j : j + SIDE].ravel()
        if patch.std() > FLAT:
            found.append(patch - patch.mean())
    return found


def tables(n_rows):
    """Whitened rows for training, validation and test."""
    raw = patches(n_rows, (0, 2 / 3), 0)
    held_out = patches(N_VALID, (2 / 3, 1), 1), patches(N_TEST, (2 / 3, 1), 2)
    pca = PCA(SIDE**2 - 1, whiten=True).fit(raw)
    return [pca.transform(x) for x in (raw, *held_out)]


def models(X, X_valid):
    """Triples of a name, a function that makes the model, and one of its setting."""

    def best(made):
        return max(made, key=lambda model: model.score(X_valid))

    def factors():
        return best(FactorAnalysis(k).fit(X) for k in (5, 10, 20, 30))

    yield "normal (PCA)", lambda: Normal().fit(X), lambda m: ""
    yield "FactorAnalysis", factors, lambda m: f"{m.n_components} factors"
    yield "FastICA, Laplace densities", lambda: LaplaceICA().fit(X), lambda m: "63 sources"
    yield (
        "GaussianMixture",
        lambda: best_mixture(X, X_valid, (2, 5, 10, 20)),
        lambda m: f"{m.n_components} {m.covariance_type}",
    )
    for n in ATOMS:

        def learnt(n=n):
            return SparseCoding(n, max_iter=N_STEPS, random_state=0).fit(X)

        yield "SparseCoding", learnt, lambda m: f"{len(m.components_)} atoms"


def measure(n_rows):
    """The rows of the table."""
    X, X_valid, X_test = tables(n_rows)
    normal = None
    for name, make, setting in models(X, X_valid):
        start = time.process_time()
        model = make()
        row = {"model": name, "seconds": time.process_time() - start, "setting": setting(model)}
        row["test"] = model.score(X_test)
        if isinstance(model, SparseCoding):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # the table says whether
                found = model.log_likelihood(X_test)
            row |= {"test": found.mean, "error": found.monte_carlo_error}
            row |= {"noise": np.sqrt(model.noise_variance_)}
            row["reliable"] = "yes" if found.reliable else "no"
        normal = row["test"] if normal is None else normal
        yield {**row, "over the normal": row["test"] - normal}


def cells(row):
    """A row as texts."""
    digits = {"noise": 3, "error": 3, "seconds": 0}
    values = [row.get(head, "") for head in HEADS]
    return [
        value if isinstance(value, str) else f"{value:.{digits.get(head, 2)}f}"
        for head, value in zip(HEADS, values, strict=True)
    ]


def main():
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", help="for the table")
    parser.add_argument("--rows", type=int, default=5000, help="for training")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    table = [HEADS]
    for row in measure(arguments.rows):
        table.append(cells(row))
        print(" | ".join(table[-1]), flush=True)
        if arguments.folder:
            path = pathlib.Path(arguments.folder) / "sparse_patches.csv"
            with open(path, "w", newline="") as file:
                csv.writer(file).writerows(table)


if __name__ == "__main__":
    main()
