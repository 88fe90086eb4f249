"""Gaussian Helmholtz machines without hidden layers against factor analysis, on planted factors.

Run with ``python -m benchmarks.gaussian_linear`` (some minutes on one core). Such a machine is
a factor model, whose best possible likelihood `FactorAnalysis` finds and whose log p(x) is known
exactly. For each algorithm and covariance of the recognition distribution the table has by how much
the exact mean log-likelihood of the training rows is below the maximum, and how far the estimate by
importance sampling is from the exact one of the same machine and rows, in standard errors of its
own. The table is written to ``benchmarks/results/gaussian_linear.csv``.
"""

import csv
import time
from pathlib import Path

import numpy as np
from scipy.stats import multivariate_normal

from sklearn_helmholtz import FactorAnalysis, GaussianHelmholtzMachine

RESULTS = Path(__file__).parent / "results" / "gaussian_linear.csv"
N_ROWS, N_FEATURES, N_FACTORS = 2000, 10, 3
ALGORITHMS = "importance-weighted", "wake-sleep", "reweighted-wake-sleep"
SETTINGS = {
    "hidden_layer_sizes": (),
    "alpha": 0,
    "max_iter": 400,
    "visible": "gaussian",
    "n_jobs": 1,
    "random_state": 0,
}
PARTICLES = 1, 5
SCORED, SAMPLES = 500, 2000


def planted(seed=0):
    """Rows of a factor model, (N_ROWS, N_FEATURES)."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(N_FACTORS, N_FEATURES))
    noise = rng.uniform(0.3, 1.5, N_FEATURES)
    factors = rng.normal(size=(N_ROWS, N_FACTORS))
    return factors @ loadings + np.sqrt(noise) * rng.normal(size=(N_ROWS, N_FEATURES))


def exact(machine, X):
    """Log-likelihood of each row, (n_rows,), by the covariance of the features."""
    (coefs,), (intercepts,) = machine.decoder_coefs_, machine.decoder_intercepts_
    coefs = coefs.astype(np.float64)
    covariance = coefs.T @ coefs + np.diag(machine.noise_variance_)
    return multivariate_normal(intercepts, covariance).logpdf(X)


def compare(X, maximum, **params):
    """A row of the table."""
    start = time.process_time()
    machine = GaussianHelmholtzMachine(N_FACTORS, **SETTINGS, **params).fit(X)
    seconds = time.process_time() - start
    rows = exact(machine, X)
    estimate = machine.log_likelihood(X[:SCORED], n_importance_samples=SAMPLES)
    error = estimate.mean - rows[:SCORED].mean()
    return {
        **params, "below_maximum": maximum - rows.mean(), "bound": -estimate.free_energy.mean(),
        "estimate_minus_exact": error, "monte_carlo_error": estimate.monte_carlo_error,
        "standard_errors": error / estimate.monte_carlo_error, "cpu_seconds": seconds,
    }  # fmt: skip


def rounded(row):
    """A row with fewer digits."""
    return {k: round(float(v), 5) if isinstance(v, float) else v for k, v in row.items()}


def main():
    """Compare all, print and write the table."""
    X, table = planted(), []
    maximum = FactorAnalysis(N_FACTORS).fit(X).score(X)
    print(f"maximum {maximum:.4f}")
    for algorithm in ALGORITHMS:
        for covariance in ("diag", "full"):
            for n_particles in PARTICLES:
                row = compare(
                    X, maximum, algorithm=algorithm, covariance=covariance, n_particles=n_particles
                )
                table.append(
                    {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()}
                )
                print(table[-1], flush=True)
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
