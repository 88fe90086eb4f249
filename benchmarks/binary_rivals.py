"""Chains of boosted trees, and latent class models of StepMix, on public binary data sets.

    python -m benchmarks.binary_rivals --data DIR [--models boosted stepmix] [--sets NAME ...]
        [--minutes 15] [--csv FILE]

DIR as in `benchmarks.datasets`. "boosted" has a `HistGradientBoostingClassifier` for each column,
given those before it, of as many trees as are best on ``valid``, perhaps none; its probabilities
are kept a half row of training away from 0 and 1. "stepmix" is StepMix 3.0.0 (which has to be
installed), of as many classes as are best on ``valid``: their number doubles until that is no
better, or the minutes are over. Scores of ``test`` in nats per row, with their standard errors;
minutes of a processor, on one thread. A chain that needs more than the minutes is given up, and the
table says after how many columns. Sets that FILE has are left as they are.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from scipy.special import logsumexp
from sklearn.ensemble import HistGradientBoostingClassifier

from .datasets import TWENTY, UCI, load

HEADS = "Model", "Data", "Valid", "Test", "Error", "Choice", "Minutes"
_TREES = {
    "learning_rate": 0.1, "max_iter": 300, "max_leaf_nodes": 8, "early_stopping": True,
    "n_iter_no_change": 8, "random_state": 0,
}  # fmt: skip
_HALF = 0.5


class OutOfTimeError(Exception):
    """The minutes of a set are over."""


def boosted(splits, deadline):
    """Log-probabilities of the rows of valid and of test by a chain of boosted trees."""
    train, others = splits["train"], (splits["valid"], splits["test"])
    found = [np.zeros(len(rows)) for rows in others]
    edge = _HALF / len(train)
    for i in range(train.shape[1]):
        if time.process_time() > deadline:
            raise OutOfTimeError(f"{i} of {train.shape[1]} columns")
        share = (train[:, i].sum() + _HALF) / (len(train) + 1)
        best = [np.log(np.where(rows[:, i], share, 1 - share)) for rows in others]
        if i and 0 < train[:, i].sum() < len(train):
            model = HistGradientBoostingClassifier(**_TREES).fit(
                train[:, :i], train[:, i], X_val=others[0][:, :i], y_val=others[0][:, i]
            )
            stages = (model.staged_predict_proba(rows[:, :i]) for rows in others)
            for shares in zip(*stages, strict=True):
                p = [np.clip(each[:, 1], edge, 1 - edge) for each in shares]
                scores = [
                    np.log(np.where(rows[:, i], own, 1 - own))
                    for own, rows in zip(p, others, strict=True)
                ]
                if scores[0].sum() > best[0].sum():
                    best = scores
        for total, scores in zip(found, best, strict=True):
            total += scores
    return *found, "one chain"


def stepmix(splits, deadline):
    """Log-probabilities of the rows of valid and of test by the best number of classes."""
    best, n_classes = None, 2
    while best is None or time.process_time() < deadline:
        found = _classes(splits, n_classes)
        if best is not None and found[0].mean() <= best[0].mean():
            break
        best = *found, f"{n_classes} classes"
        n_classes *= 2
    return best


def _classes(splits, n_classes):
    """The same by some number of classes; half a count is added to each level."""
    from stepmix.stepmix import StepMix

    train = splits["train"].astype(float)
    model = StepMix(
        n_components=n_classes, measurement="binary", max_iter=300, abs_tol=1e-5, random_state=0,
        verbose=0, progress_bar=0,
    ).fit(train)  # fmt: skip
    shares = model.predict_proba(train)
    counts = shares.sum(axis=0)
    pis = (shares.T @ train + _HALF) / (counts[:, None] + 1)
    weights = np.log(counts / counts.sum())
    logits, rest = np.log(pis) - np.log1p(-pis), np.log1p(-pis).sum(axis=1)
    return [
        logsumexp(splits[name] @ logits.T + rest + weights, axis=1) for name in ("valid", "test")
    ]


MODELS = {"boosted": boosted, "stepmix": stepmix}


def compare(model, name, splits, minutes):
    """A row of the table."""
    start = time.process_time()
    try:
        valid, test, choice = MODELS[model](splits, start + 60 * minutes)
    except OutOfTimeError as stop:
        return model, name, "", "", "", f"given up after {stop}", f"{minutes:.1f}"
    error = test.std(ddof=1) / np.sqrt(len(test))
    used = (time.process_time() - start) / 60
    scores = (f"{value:.3f}" for value in (valid.mean(), test.mean(), error))
    return model, name, *scores, choice, f"{used:.1f}"


def main():
    """Compare on all sets that a table does not have yet, and add each row once it is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--sets", nargs="+", default=TWENTY + UCI, choices=TWENTY + UCI)
    parser.add_argument("--minutes", type=float, default=15, help="for a model of a set")
    parser.add_argument("--csv", type=Path, help="for the table, rows of which are added")
    options = parser.parse_args()
    there = set()
    if options.csv and options.csv.exists():
        with options.csv.open(newline="") as file:
            there = {(row["Model"], row["Data"]) for row in csv.DictReader(file)}
    for name in options.sets:
        for model in options.models:
            if (model, name) not in there:
                row = compare(model, name, load(options.data, name), options.minutes)
                print(*row, sep=", ", flush=True)
                if options.csv:
                    _add(options.csv, row)


def _add(path, row):
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADS, row] if is_new else [row])


if __name__ == "__main__":
    main()
