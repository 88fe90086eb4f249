"""Held-out log-likelihoods of plain Helmholtz machines on public binary data sets.

    python -m benchmarks.plain_density --data DIR [--sets nltcs plants] [--csv FILE]

DIR as in `benchmarks.datasets`. Each machine is trained on ``train`` with the settings below. They
came from a handful of trials that printed ``valid`` and ``test`` side by side, so ``test`` was seen
before they were fixed. Scores are by importance sampling. For autoregressive machines with settings
chosen on ``valid`` alone, see `benchmarks.density`.
"""

import argparse
import csv
import time

import numpy as np

from sklearn_helmholtz import HelmholtzMachine

from .datasets import load

N_IMPORTANCE_SAMPLES = 1000
_COMMON = {"learning_rate": "cosine", "learning_rate_init": 1e-2, "random_state": 0}
SETTINGS = {
    "nltcs": {"hidden_layer_sizes": (50, 20), "n_particles": 10, "max_iter": 40, **_COMMON},
    "plants": {"hidden_layer_sizes": (100, 50), "n_particles": 5, "max_iter": 60, **_COMMON},
}
TARGETS = {"nltcs": -6.20, "plants": -13.6}
COLUMNS = (
    "data", "settings", "train_bound", "valid", "test", "standard_error", "monte_carlo_error",
    "bias", "median_ess", "target", "fit_seconds",
)  # fmt: skip


def evaluate(data, settings):
    """Train on one data set and score its splits."""
    start = time.perf_counter()
    machine = HelmholtzMachine(**settings).fit(data["train"])
    seconds = time.perf_counter() - start
    result = machine.log_likelihood(data["test"], n_importance_samples=N_IMPORTANCE_SAMPLES)
    return {
        "train_bound": -machine.loss_curve_[-1],
        "valid": machine.score(data["valid"]),
        "test": result.mean,
        "standard_error": result.standard_error,
        "monte_carlo_error": result.monte_carlo_error,
        "bias": result.bias,
        "median_ess": float(np.median(result.effective_sample_size)),
        "fit_seconds": seconds,
    }


def main():
    """Run the benchmark and print, and where asked write, its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=sorted(SETTINGS), choices=sorted(SETTINGS))
    parser.add_argument("--csv", help="file for the table")
    arguments = parser.parse_args()
    table = []
    for name in arguments.sets:
        row = evaluate(load(arguments.data, name), SETTINGS[name])
        words = {k: v for k, v in SETTINGS[name].items() if k != "random_state"}
        table.append({"data": name, "settings": words, "target": TARGETS[name], **row})
        print(
            f"{name}: test {row['test']:.3f} nats per row (standard error "
            f"{row['standard_error']:.3f}, Monte Carlo {row['monte_carlo_error']:.3f}, bias "
            f"{row['bias']:.3f}), target {TARGETS[name]}; valid {row['valid']:.3f}, training bound "
            f"{row['train_bound']:.3f}; {row['fit_seconds']:.0f} s"
        )
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(
                {k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()}
                for row in table
            )


if __name__ == "__main__":
    main()
