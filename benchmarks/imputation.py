"""Imputations of missing pixels over several splits: a machine against scikit-learn's imputers.

Run with ``python -m benchmarks.imputation`` (about five minutes on one core). For each split of
the binarised digits, 30 % of the pixels of the validation and test rows are missing. Each kind of
imputer chooses its settings, and how far its probabilities are kept away from 0 and 1, by the
log-loss on the validation rows, and fills in the test rows once. Differences from the machine are
paired over test rows. The sizes of the machine were chosen on the validation rows of the first
split, by log-likelihood; test rows of other splits are among them. The table is written to
``benchmarks/results/imputation.csv``.
"""

import csv
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer

from benchmarks.baselines import digits, paired_difference
from sklearn_helmholtz import HelmholtzMachine

RESULTS = Path(__file__).parent / "results" / "imputation.csv"
SPLITS = range(5)
SHARE = 0.3
CLIPS = (0.001, 0.01, 0.02, 0.05)
NEIGHBOURS = (5, 10, 15, 20, 30)


def with_gaps(X, seed):
    """The same rows as float64, with some of their values missing."""
    return np.where(np.random.default_rng(seed).random(X.shape) < SHARE, np.nan, X)


def losses(probability, X, gaps, clip):
    """Log-loss and squared error of each row, (2, n_rows); their means are those over pixels."""
    p, missing = np.clip(probability, clip, 1 - clip), np.isnan(gaps)
    each = np.stack([-np.log(np.where(X == 1, p, 1 - p)), (p - X) ** 2])
    return np.where(missing, each, 0).sum(axis=2) * len(X) / missing.sum()


def candidates(X, seed):
    """Functions that fill in missing values, by kind and by settings, fitted to training rows."""
    machine = HelmholtzMachine(
        (100, 50, 20), learning_rate="cosine", max_iter=1000, n_importance_samples=10_000,
        random_state=seed,
    )  # fmt: skip
    return {
        "HelmholtzMachine": {"complete rows": machine.fit(X).impute},
        "KNNImputer": {
            f"{n}, {weights}": KNNImputer(n_neighbors=n, weights=weights).fit(X).transform
            for n in NEIGHBOURS
            for weights in ("uniform", "distance")
        },
        "IterativeImputer": {
            f"{n or 'all'} features": IterativeImputer(
                n_nearest_features=n, max_iter=5, random_state=seed
            )
            .fit(X)
            .transform
            for n in (20, None)
        },
    }


def compare(split):
    """Rows of the table for one split."""
    data = digits(split)
    valid, test = with_gaps(data.X_valid, 2 * split), with_gaps(data.X_test, 2 * split + 1)
    reference = None
    for kind, imputers in candidates(data.X_train.astype(float), split).items():
        filled = {settings: fill(valid) for settings, fill in imputers.items()}
        loss, settings, clip = min(
            (losses(values, data.X_valid, valid, clip)[0].mean(), settings, clip)
            for settings, values in filled.items()
            for clip in CLIPS
        )
        found = losses(imputers[settings](test), data.X_test, test, clip)
        reference = found if reference is None else reference
        row = {"split": split, "imputer": kind, "settings": settings, "clip": clip, "valid": loss}
        for name, mine, base in zip(("log_loss", "brier"), found, reference, strict=True):
            difference, error = paired_difference(mine, base)
            row |= {name: mine.mean(), f"{name}_difference": difference, f"{name}_se": error}
        yield {key: round(v, 5) if isinstance(v, float) else v for key, v in row.items()}


def main():
    """Compare on all splits and write the table."""
    warnings.simplefilter("ignore", ConvergenceWarning)  # of five rounds of regressions
    table = []
    for split in SPLITS:
        for row in compare(split):
            print(row, flush=True)
            table.append(row)
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
