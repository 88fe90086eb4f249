"""How long it takes: seconds of one core for training, scores and imputations of many shapes.

    python -m benchmarks.how_long [--only WORD ...]

Each line changes one thing of the first of its group: rows, columns, hidden units, particles,
batches, kind of data. A first fit of two epochs compiles what is needed and is not counted. An
epoch is the time of a fit of several, divided by their number; a score is that of up to 1,000 rows
by the default number of importance samples, for 1,000 rows. Both are the CPU time of the process
with ``n_jobs=1``, which other work on the machine hardly changes. The tables are
``benchmarks/results/how_long_epochs.csv`` and ``how_long_calls.csv``.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.base import clone

from sklearn_helmholtz import (
    FactorAnalysis,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
    LatentAnomalyDetector,
    LatentImputer,
    OrdinalFactorAnalysis,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
)
from sklearn_helmholtz.datasets import make_planted_net

FOLDER = Path(__file__).parent / "results"
N_EPOCHS, N_SCORED, N_SMALL = 5, 1000, 200
EPOCH_COLUMNS = "Model", "Data", "Rows", "Columns", "Epoch (s)", "Score of 1,000 rows (s)"
CALL_COLUMNS = "Call", "Data", "Rows", "Columns", "Seconds"


def bits(n, p):
    """Zeros and ones with structure, (n, p)."""
    return make_planted_net(n, n_features=p, random_state=0)[0]


def reals(n, p, gaps=0.0):
    """Real numbers of five factors, (n, p), a share of them missing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 5)) @ rng.normal(size=(5, p)) + rng.normal(size=(n, p))
    return np.where(rng.random(X.shape) < gaps, np.nan, X)


def mixed(n, p, gaps=0.1):
    """A DataFrame of p columns, a third each of categories, whole and real numbers."""
    rng = np.random.default_rng(0)
    X, columns = reals(n, p), {}
    for j in range(p):
        if j % 3 == 0:
            codes = np.digitize(X[:, j], [-2, 0, 2])
            columns[f"x{j}"] = pd.Categorical.from_codes(codes, list("abcd"))
        else:
            columns[f"x{j}"] = X[:, j].clip(0).round() if j % 3 == 1 else X[:, j].round(1)
    return pd.DataFrame(columns).mask(rng.random(X.shape) < gaps)


def items(n, p):
    """Answers from 0 to 4, (n, p)."""
    noise = 2 * np.random.default_rng(1).normal(size=(n, p))
    return np.digitize(reals(n, p) + noise, [-4, -1, 1, 4])


def words(n, p):
    """Sparse zeros and ones, one in two hundred on, (n, p)."""
    X = scipy.sparse.random_array((n, p), density=0.005, rng=np.random.default_rng(0), format="csr")
    X.data[:] = 1
    return X


PLAIN = HelmholtzMachine(100)
LATERAL = HelmholtzMachine(50, autoregressive=True, early_stopping=False)
EPOCHS = [
    ("HelmholtzMachine(100)", PLAIN, "binary", bits, 10_000, 100),
    ("HelmholtzMachine(100)", PLAIN, "binary", bits, 1000, 100),
    ("HelmholtzMachine(100)", PLAIN, "binary", bits, 10_000, 1000),
    ("HelmholtzMachine(400)", HelmholtzMachine(400), "binary", bits, 10_000, 100),
    ("HelmholtzMachine((100, 50))", HelmholtzMachine((100, 50)), "binary", bits, 10_000, 100),
    (
        "HelmholtzMachine(100, n_particles=20)", HelmholtzMachine(100, n_particles=20),
        "binary", bits, 10_000, 100,
    ),
    (
        'HelmholtzMachine(100, algorithm="wake-sleep")',
        HelmholtzMachine(100, algorithm="wake-sleep"), "binary", bits, 10_000, 100,
    ),
    (
        "HelmholtzMachine(100, batch_size=1000)", HelmholtzMachine(100, batch_size=1000),
        "binary", bits, 10_000, 100,
    ),
    (
        "HelmholtzMachine(50, autoregressive=True)", LATERAL, "binary", bits, 10_000, 100,
    ),
    ("HelmholtzMachine(100)", PLAIN, "real", reals, 10_000, 100),
    ("HelmholtzMachine(100)", PLAIN, "words, sparse", words, 5000, 10_000),
    (
        'HelmholtzMachine(100, algorithm="wake-sleep")',
        HelmholtzMachine(100, algorithm="wake-sleep"), "words, sparse", words, 5000, 10_000,
    ),
    (
        "HelmholtzMachine(50, autoregressive=True)", LATERAL, "mixed, gaps", mixed, 1000, 10,
    ),
    (
        "HelmholtzMachine(50, autoregressive=True)", LATERAL, "mixed, gaps", mixed, 1000, 30,
    ),
    (
        "HelmholtzMachine(50, autoregressive=True)", LATERAL, "mixed, gaps", mixed, 10_000, 10,
    ),
    ("GaussianHelmholtzMachine()", GaussianHelmholtzMachine(), "real", reals, 10_000, 100),
    (
        'SigmoidBeliefNet(50, inference="nvil", n_particles=5)',
        SigmoidBeliefNet(50, inference="nvil", n_particles=5), "binary", bits, 10_000, 100,
    ),
    (
        'SigmoidBeliefNet(50, inference="mean-field")', SigmoidBeliefNet(50),
        "binary", bits, 1000, 100,
    ),
    (
        "RestrictedBoltzmannMachine(100)", RestrictedBoltzmannMachine(100),
        "binary", bits, 10_000, 100,
    ),
]  # fmt: skip


def _fit_and_transform(estimator, X):
    estimator.fit(X).transform(X)


def _score_patterns(detector, X):
    detector.score_samples(X)


def _only_fit(estimator, X):
    estimator.fit(X)


ODD = LatentAnomalyDetector(clone(LATERAL).set_params(max_iter=5, n_jobs=1), random_state=0)
CALLS = [
    ("FactorAnalysis(5).fit", FactorAnalysis(5), _only_fit, "real", reals, 100_000, 50),
    (
        "FactorAnalysis(5).fit", FactorAnalysis(5), _only_fit,
        "real, a tenth missing", lambda n, p: reals(n, p, 0.1), 2000, 30,
    ),
    (
        'OrdinalFactorAnalysis(2, estimation="likelihood").fit',
        OrdinalFactorAnalysis(2, estimation="likelihood"), _only_fit, "items", items, 2000, 20,
    ),
    (
        "LatentImputer().fit, transform", LatentImputer(random_state=0), _fit_and_transform,
        "real, a tenth missing", lambda n, p: reals(n, p, 0.1), 1000, 10,
    ),
    (
        "LatentImputer().fit, transform", LatentImputer(random_state=0), _fit_and_transform,
        "mixed, a tenth missing", mixed, 1000, 30,
    ),
    (
        "LatentAnomalyDetector(machine).score_samples", ODD, _score_patterns,
        "mixed, 20 patterns of gaps", mixed, 20, 30,
    ),
]  # fmt: skip


def epoch(model, X):
    """Seconds of an epoch, and of a score of 1,000 rows."""
    name = "n_iter" if "n_iter" in model.get_params() else "max_iter"
    settings = {"n_jobs": 1, "random_state": 0}
    clone(model).set_params(**settings, **{name: 2}).fit(X[: 2 * N_SMALL]).score(X[:10])
    long = clone(model).set_params(**settings, **{name: N_EPOCHS})
    start = time.process_time()
    long.fit(X)
    fitted = time.process_time()
    n_scored = min(N_SCORED, X.shape[0])
    long.score(X[:n_scored])
    score = (time.process_time() - fitted) * N_SCORED / n_scored
    return (fitted - start) / N_EPOCHS, score


def call(estimator, function, X):
    """Seconds of a call, after a small one that compiles."""
    estimator = clone(estimator)
    if function is _score_patterns:
        estimator.fit(mixed(N_SMALL, X.shape[1]))
    else:
        function(clone(estimator), X[:N_SMALL])
    start = time.process_time()
    function(estimator, X)
    return time.process_time() - start


def rounded(seconds):
    """Two digits, as text."""
    return f"{float(f'{seconds:.2g}'):g}"


def write(name, columns, lines):
    """A table among the results."""
    with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *lines])


def main():
    """Measure, print and write both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", help="words, one of which a model has to have")
    only = parser.parse_args().only
    tables = [], []
    for title, model, data, make, n, p in EPOCHS:
        if not only or any(word in title for word in only):
            seconds = epoch(model, make(n, p))
            tables[0].append((f"``{title}``", data, f"{n:,}", f"{p:,}", *map(rounded, seconds)))
            print(*tables[0][-1], sep="  ", flush=True)
    for title, estimator, function, data, make, n, p in CALLS:
        if not only or any(word in title for word in only):
            seconds = call(estimator, function, make(n, p))
            tables[1].append((f"``{title}``", data, f"{n:,}", f"{p:,}", rounded(seconds)))
            print(*tables[1][-1], sep="  ", flush=True)
    if not only:
        write("how_long_epochs.csv", EPOCH_COLUMNS, tables[0])
        write("how_long_calls.csv", CALL_COLUMNS, tables[1])


if __name__ == "__main__":
    main()
