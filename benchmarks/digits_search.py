"""Search the settings of density models on held-out binarised digits.

Run with ``python -m benchmarks.digits_search`` (about half an hour on two cores). Candidates that
are in the table of results already are not fitted again; remove the table to start afresh.
Every candidate is fitted to the training rows and ranked by its mean
log-likelihood of the validation rows, in nats. Only the best candidate of each
family is scored on the test rows, as fitted: the validation rows are never
trained on. The table is written to ``benchmarks/results/digits_search.csv``, and the best of each
family to ``digits_best.csv``.
"""

import csv
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterGrid
from sklearn.neural_network import BernoulliRBM

from benchmarks.baselines import (
    MAX_EXACT_COMPONENTS,
    BernoulliMixture,
    IndependentBernoulli,
    digits,
    paired_difference,
    rbm_log_likelihood,
    rbm_log_partition_annealed,
    rbm_log_partition_exact,
)
from sklearn_helmholtz import HelmholtzMachine, RestrictedBoltzmannMachine

RESULTS = Path(__file__).parent / "results" / "digits_search.csv"
BEST, N_BEST = RESULTS.with_name("digits_best.csv"), 5

MIXTURE_GRID = {
    "n_components": (10, 20, 40, 80, 160),
    "smoothing": (0.03, 0.1, 0.3, 1.0, 3.0),
}
RBM_GRID = [
    {
        "n_components": (16, 32, 64, 128, 256),
        "learning_rate": (0.02, 0.05, 0.1),
        "n_iter": (400, 800, 1600),
        "batch_size": (100,),
    },
    {
        "n_components": (64, 128, 256),
        "learning_rate": (0.03, 0.05, 0.1),
        "n_iter": (1600, 3200),
        "batch_size": (200,),
    },
    {
        "n_components": (16, 32, 64, 128, 256),
        "learning_rate": (0.003, 0.01, 0.03),
        "n_iter": (200,),
        "batch_size": (10,),
    },
]
MACHINE_GRID = {
    "hidden_layer_sizes": ((200,), (100, 50), (200, 100), (100, 50, 20), (200, 100, 50)),
    "learning_rate_init": (0.01, 0.03),
    "max_iter": (300, 1000),
}
AUTOREGRESSIVE_GRID = {
    "hidden_layer_sizes": ((50,), (100,), (100, 50)),
    "learning_rate_init": (0.003, 0.01),
    "max_iter": (300, 1000),
}
MACHINE_COMMON = {"learning_rate": "cosine", "random_state": 0}
RESTRICTED_GRID = {
    "n_components": (100, 200),
    "learning_rate": (0.05, 0.1, 0.2),
    "n_steps": (1, 5),
    "centred": (False, True),
}
SEARCH_SAMPLES, FINAL_SAMPLES = 500, 5000
SEARCH_ANNEALING = {"n_chains": 100, "n_temperatures": 1000}
FINAL_ANNEALING = {"n_chains": 200, "n_temperatures": 10000}


@dataclass(frozen=True)
class Candidate:
    """One model to fit and score.

    Parameters
    ----------
    family : str
        Name under which candidates compete.

    settings : dict
        Settings to show, as far as they differ within the family.

    model : BaseEstimator
        Unfitted estimator.

    score_rows : callable
        ``score_rows(model, X, X_train, final) -> (rows, shared_se)`` for the
        fitted `model`: the log-likelihood of each row of `X`, and the Monte Carlo
        standard error of a term common to all rows (0 if there is none). `final`
        asks for the slower and more accurate estimate, where there is a choice.
    """

    family: str
    settings: dict
    model: BaseEstimator
    score_rows: Callable


@dataclass
class Result:
    """Scores of one candidate, in nats and seconds.

    ``*_se`` are standard errors over rows; ``*_shared_se`` that of the estimated
    log partition function. Test scores stay empty unless the candidate is chosen.
    """

    family: str
    settings: str
    valid: float
    valid_se: float
    valid_shared_se: float
    fit_seconds: float
    score_seconds: float
    test: float | None = None
    test_se: float | None = None
    test_shared_se: float | None = None


def exact_rows(model, X, X_train, final):
    """Log-likelihood of each row under an estimator that has `score_samples`."""
    return model.score_samples(X), 0.0


def rbm_rows(model, X, X_train, final):
    """Log-likelihood of each row under an RBM, by enumeration where it is small."""
    if model.n_components <= MAX_EXACT_COMPONENTS:
        return rbm_log_likelihood(model, X, rbm_log_partition_exact(model)), 0.0
    log_partition, standard_error = rbm_log_partition_annealed(
        model,
        base_rates=IndependentBernoulli().fit(X_train).means_,
        random_state=0,
        **(FINAL_ANNEALING if final else SEARCH_ANNEALING),
    )
    return rbm_log_likelihood(model, X, log_partition), standard_error


def restricted_rows(model, X, X_train, final):
    """Log-likelihood of each row under this package's RBM, and the error of its log Z."""
    model.set_params(n_temperatures=FINAL_ANNEALING["n_temperatures"] if final else "auto")
    return model.score_samples(X), model.log_partition_["standard_error"]


def machine_rows(model, X, X_train, final):
    """Importance-sampled log-likelihood of each row, a lower bound in expectation."""
    n_samples = FINAL_SAMPLES if final else SEARCH_SAMPLES
    return model.log_likelihood(X, n_importance_samples=n_samples).per_sample, 0.0


def independent_grid():
    """List independent pixels, with Laplace's rule."""
    model = IndependentBernoulli(smoothing=1.0)
    return [Candidate("IndependentBernoulli", {"smoothing": 1.0}, model, exact_rows)]


def mixture_grid():
    """List mixtures over `MIXTURE_GRID`, the best of three starts each."""
    return [
        Candidate(
            "BernoulliMixture",
            settings,
            BernoulliMixture(**settings, n_init=3, random_state=0),
            exact_rows,
        )
        for settings in ParameterGrid(MIXTURE_GRID)
    ]


def default_rbm_grid():
    """List the RBM at scikit-learn's default parameters."""
    return [Candidate("BernoulliRBM defaults", {}, BernoulliRBM(random_state=0), rbm_rows)]


def rbm_grid():
    """List RBMs over `RBM_GRID`."""
    return [
        Candidate("BernoulliRBM", settings, BernoulliRBM(**settings, random_state=0), rbm_rows)
        for settings in ParameterGrid(RBM_GRID)
    ]


def restricted_grid():
    """List RBMs of this package over `RESTRICTED_GRID`."""
    return [
        Candidate(
            "RestrictedBoltzmannMachine",
            settings,
            RestrictedBoltzmannMachine(**settings, random_state=0),
            restricted_rows,
        )
        for settings in ParameterGrid(RESTRICTED_GRID)
    ]


def machine_grid():
    """List Helmholtz machines over `MACHINE_GRID`."""
    return [
        Candidate(
            "HelmholtzMachine",
            settings,
            HelmholtzMachine(**settings, **MACHINE_COMMON),
            machine_rows,
        )
        for settings in ParameterGrid(MACHINE_GRID)
    ]


def autoregressive_grid():
    """List autoregressive machines over `AUTOREGRESSIVE_GRID`."""
    return [
        Candidate(
            "HelmholtzMachine, autoregressive",
            settings,
            HelmholtzMachine(**settings, **MACHINE_COMMON, autoregressive=True),
            machine_rows,
        )
        for settings in ParameterGrid(AUTOREGRESSIVE_GRID)
    ]


FAMILIES = (
    independent_grid,
    mixture_grid,
    default_rbm_grid,
    rbm_grid,
    machine_grid,
    autoregressive_grid,
    restricted_grid,
)


def mean_and_error(rows):
    """Mean of per-row values and its standard error over rows."""
    return float(np.mean(rows)), float(np.std(rows, ddof=1) / np.sqrt(len(rows)))


def evaluate(candidate, data):
    """Fit a candidate in place and return its validation `Result`."""
    start = time.perf_counter()
    candidate.model.fit(data.X_train)
    fitted = time.perf_counter()
    rows, shared_se = candidate.score_rows(candidate.model, data.X_valid, data.X_train, False)
    scored = time.perf_counter()
    mean, error = mean_and_error(rows)
    return Result(
        family=candidate.family,
        settings=json.dumps(candidate.settings),
        valid=mean,
        valid_se=error,
        valid_shared_se=shared_se,
        fit_seconds=fitted - start,
        score_seconds=scored - fitted,
    )


def score_chosen(candidate, result, data):
    """Fill in the test scores of `result` and return the log-likelihood of each test row."""
    rows, shared_se = candidate.score_rows(candidate.model, data.X_test, data.X_train, True)
    result.test, result.test_se = mean_and_error(rows)
    result.test_shared_se = shared_se
    return rows


def best_of_each_family(evaluated):
    """Return each family's (candidate, result) of highest validation score, best first."""
    best = {}
    for candidate, result in sorted(evaluated, key=lambda pair: -pair[1].valid):
        best.setdefault(candidate.family, (candidate, result))
    return list(best.values())


def print_table(results):
    """Print the results in the order given."""
    print(f"\n{'family':<34}{'valid':>16}{'log Z se':>10}{'test':>16}{'fit s':>8}  settings")
    for r in results:
        valid = f"{r.valid:.2f} +- {r.valid_se:.2f}"
        test = "" if r.test is None else f"{r.test:.2f} +- {r.test_se:.2f}"
        print(
            f"{r.family:<34}{valid:>16}{r.valid_shared_se:>10.2f}{test:>16}"
            f"{r.fit_seconds:>8.1f}  {r.settings}"
        )


def print_differences(test_rows):
    """Print paired differences on the test rows from the first family, the best by validation."""
    (best, best_rows), *others = test_rows.items()
    print(f"\nTest log-likelihood relative to {best}, nats per row:")
    for family, rows in others:
        mean, error = paired_difference(rows, best_rows)
        print(f"{family:<34}{mean:>8.2f} +- {error:.2f}")


def write_csv(results):
    """Write the results to `RESULTS`, rounded to a ten-thousandth."""
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(asdict(results[0])), lineterminator="\n")
        writer.writeheader()
        for result in results:
            record = asdict(result)
            writer.writerow(
                {k: round(v, 4) if isinstance(v, float) else v for k, v in record.items()}
            )


def write_best(results):
    """Write the best of each family by validation rows, for people: to hundredths of a nat."""
    seen = Counter()
    with BEST.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("family", "settings", "valid", "test", "fit, s"))
        for result in results:
            seen[result.family] += 1
            if seen[result.family] <= N_BEST:
                settings = json.loads(result.settings).items()
                words = ", ".join(f"{name}={value}" for name, value in settings)
                test = "" if result.test is None else f"{result.test:.2f} ± {result.test_se:.2f}"
                writer.writerow(
                    (result.family, words, f"{result.valid:.2f}", test, f"{result.fit_seconds:.0f}")
                )


def read_csv():
    """Return earlier results by family and settings, without test scores."""
    if not RESULTS.exists():
        return {}
    numbers = [field.name for field in fields(Result) if field.name not in ("family", "settings")]
    with RESULTS.open(newline="") as file:
        records = list(csv.DictReader(file))
    for record in records:
        for name in numbers:
            record[name] = float(record[name]) if record[name] and "test" not in name else None
    return {(r["family"], r["settings"]): Result(**r) for r in records}


def main():
    """Search every family, then print and write the table."""
    data, known = digits(), read_csv()
    evaluated = []
    for candidate in (candidate for grid in FAMILIES for candidate in grid()):
        name = (candidate.family, json.dumps(candidate.settings))
        result = known.get(name) or evaluate(candidate, data)
        print(f"{result.valid:8.2f}  {result.family}  {result.settings}", flush=True)
        evaluated.append((candidate, result))
    chosen = best_of_each_family(evaluated)
    for candidate, _ in chosen:
        candidate.model.fit(data.X_train)
    test_rows = {c.family: score_chosen(c, result, data) for c, result in chosen}
    results = sorted((result for _, result in evaluated), key=lambda r: r.valid, reverse=True)
    print_table(results)
    print_differences(test_rows)
    write_csv(results)
    write_best(results)


if __name__ == "__main__":
    main()
