"""Gaussian Helmholtz machines on real tables with gaps, in training and in test rows alike.

    python -m benchmarks.gaussian_gaps DATA MIXED [--sets NAME ...]

DATA as in `benchmarks.datasets`, MIXED as in `benchmarks.mixed_tables`. A quarter of all cells is
hidden at random, columns are standardised by what training rows show, and all models learn from
what is left; only scikit-learn's mixture, which takes no NaN, is given the complete training
rows. What is chosen (`GRID` for machines, numbers of factors and of components) is chosen by the
mean log-density of what validation rows show, and so is the epoch at which a machine's training
stops. The grid is the same for all tables, but that no model has more latents than columns, unless
there are 20. Of the test rows the table has the mean log-density of what they show, in nats a row,
and the root mean square error of imputed hidden cells, beside that of `IterativeImputer`. One
thread. The table is written to ``benchmarks/results/gaussian_gaps.csv``, in which tables that are
there already are not made again; runs for different tables may go on side by side.
"""

import argparse
import csv
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.special import logsumexp
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.mixture import GaussianMixture

from sklearn_helmholtz import FactorAnalysis, GaussianHelmholtzMachine

from .baselines import paired_difference
from .mixed_tables import load as load_mixed
from .mixed_tables import parts

RESULTS = Path(__file__).parent / "results" / "gaussian_gaps.csv"
TABLES = "frey_gray", "breast_cancer", "wine", "diamonds"
SHARE = 0.25
MOST_ROWS = 1000
SIZES = (5, (50,)), (20, (200,)), (40, (200,))
GRID = tuple(
    {"n_components": k, "hidden_layer_sizes": hidden, "activation": activation,
     "algorithm": algorithm, "learning_rate_init": rate}
    for k, hidden in SIZES
    for activation in ("tanh", "relu")
    for algorithm in ("importance-weighted", "reweighted-wake-sleep")
    for rate in (5e-3, 1e-3)
)  # fmt: skip
FACTORS = 1, 2, 3, 5, 10, 20, 40
COMPONENTS = 1, 2, 3, 5, 8
MACHINE = {
    "visible": "gaussian", "missing_indicator": True, "early_stopping": True, "max_iter": 400,
    "n_iter_no_change": 50, "batch_size": 20, "n_jobs": 1, "random_state": 0,
}  # fmt: skip
SAMPLES = 5000  # for each test row
_MANY = 100  # columns, from which imputers look at so many others only
_NEAREST = 50
COLUMNS = (
    "table", "model", "setting", "valid", "test", "standard_error", "minus_machine",
    "difference_error", "rmse", "cpu_seconds",
)  # fmt: skip


def complete(folder, mixed, name):
    """Training, validation and test rows of a table."""
    if name == "frey_gray":
        with np.load(Path(folder) / "frey_gray.npz") as file:
            return [file[part].astype(np.float64) for part in ("train", "valid", "test")]
    if name == "diamonds":
        table = load_mixed(mixed, name)
        real = [kind == "real" for kind in table.kinds.values()]
        X = np.concatenate([table.train, table.valid, table.test])[:MOST_ROWS, real]
    else:
        X = {"wine": load_wine, "breast_cancer": load_breast_cancer}[name]().data
    return [X[rows] for rows in parts(len(X))]


def with_gaps(splits, seed=0):
    """The three parts standardised, and the same with hidden cells as NaN."""
    rng = np.random.default_rng(seed)
    hidden = [rng.random(X.shape) < SHARE for X in splits]
    shown = np.where(hidden[0], np.nan, splits[0])
    mean, deviation = np.nanmean(shown, axis=0), np.nanstd(shown, axis=0)
    whole = [(X - mean) / deviation for X in splits]
    return whole, [np.where(gaps, np.nan, X) for X, gaps in zip(whole, hidden, strict=True)]


def error(filled, whole, gappy):
    """Root mean square error of the hidden cells."""
    return float(np.sqrt(np.mean((filled - whole)[np.isnan(gappy)] ** 2)))


def of_mixture(mixture, X):
    """Log-density of what each row shows, by the marginals of a mixture."""
    marginals = _of_diagonal if mixture.covariance_type == "diag" else _of_full
    parts = zip(mixture.means_, mixture.covariances_, strict=True)
    found = np.stack([marginals(X - mean, spread) for mean, spread in parts], axis=1)
    return logsumexp(found + np.log(mixture.weights_), axis=1)


def _of_diagonal(X, variances):
    """Log-density of what rows show around a mean of 0, with a variance for each column."""
    terms = X**2 / variances + np.log(2 * np.pi * variances)
    return -0.5 * np.nansum(terms, axis=1)


def _of_full(X, covariance):
    """The same with a covariance, of which each row has a Cholesky factor of its own."""
    found = np.empty(len(X))
    for i, row in enumerate(X):
        shown = ~np.isnan(row)
        factor = cholesky(covariance[np.ix_(shown, shown)], lower=True, check_finite=False)
        noise = solve_triangular(factor, row[shown], lower=True, check_finite=False)
        volume = np.log(np.diag(factor)).sum() + 0.5 * len(noise) * np.log(2 * np.pi)
        found[i] = -0.5 * (noise @ noise) - volume
    return found


def machines(train, valid):
    """Machines of the grid, fitted, by setting."""
    for setting in GRID:
        if setting["n_components"] > max(train.shape[1], 20):
            continue
        yield str(setting), GaussianHelmholtzMachine(**setting, **MACHINE).fit(train, X_val=valid)


def factor_models(train):
    """Factor analyses, fitted, by setting."""
    for k in FACTORS:
        if k < train.shape[1]:
            yield f"{k} factors", FactorAnalysis(k, tol=1e-6).fit(train)


def mixtures(train):
    """Gaussian mixtures, fitted to complete rows, by setting."""
    for kind in ("full", "diag"):
        for k in COMPONENTS:
            mixture = GaussianMixture(k, covariance_type=kind, n_init=3, random_state=0)
            yield f"{k} {kind}", mixture.fit(train)


def choose(candidates, valid, log_density):
    """The setting, the model and the validation log-density that is best, and seconds of all."""
    start, best = time.process_time(), None
    for setting, model in candidates:
        value = float(np.mean(log_density(model, valid)))
        print("   ", setting, round(value, 3), round(time.process_time() - start, 1), flush=True)
        if best is None or value > best[2]:
            best = setting, model, value
    return *best, time.process_time() - start


def compare(name, splits):
    """Rows of the table."""
    (whole_train, _, whole), (train, valid, test) = with_gaps(splits)
    kinds = {
        "GaussianHelmholtzMachine": (machines(train, valid), lambda m, X: m.score_samples(X)),
        "FactorAnalysis": (factor_models(train), lambda m, X: m.score_samples(X)),
        "GaussianMixture, complete rows": (mixtures(whole_train), of_mixture),
    }
    reference = None
    for kind, (candidates, log_density) in kinds.items():
        setting, model, value, seconds = choose(candidates, valid, log_density)
        if isinstance(model, GaussianHelmholtzMachine):
            model.set_params(n_importance_samples=SAMPLES)
        rows = log_density(model, test)
        reference = rows if reference is None else reference
        difference = paired_difference(rows, reference)
        filled = model.impute(test) if hasattr(model, "impute") else None
        yield (
            name, kind, setting, value, rows.mean(), rows.std(ddof=1) / np.sqrt(len(rows)),
            *difference, None if filled is None else error(filled, whole, test), seconds,
        )  # fmt: skip
    start = time.process_time()
    nearest = _NEAREST if test.shape[1] > _MANY else None
    imputer = IterativeImputer(n_nearest_features=nearest, random_state=0).fit(train)
    rmse = error(imputer.transform(test), whole, test)
    setting = f"{nearest or 'all'} features"
    blank = (None,) * 5
    yield name, "IterativeImputer", setting, *blank, rmse, time.process_time() - start


def read():
    """The table so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def write(table):
    """Write the table, in the order of `TABLES`."""
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(table, key=lambda row: TABLES.index(row["table"])))


def main():
    """Compare, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the binary data sets and of frey_gray")
    parser.add_argument("mixed", help="folder of the mixed tables")
    parser.add_argument("--sets", nargs="+", default=TABLES, choices=TABLES)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="This log-likelihood")
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in arguments.sets:
        if any(row["table"] == name for row in read()):
            continue
        found = []
        for row in compare(name, complete(arguments.data, arguments.mixed, name)):
            row = [round(float(v), 4) if isinstance(v, float) else v for v in row]
            found.append(dict(zip(COLUMNS, row, strict=True)))
            print(*row, flush=True)
        write(read() + found)


if __name__ == "__main__":
    main()
