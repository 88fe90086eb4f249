"""Models of binary rows with hidden binary units, on the same rows: likelihood and seconds.

    python -m benchmarks.which_model DATA [--sets NAME ...] [--models NAME ...]

DATA as in `benchmarks.datasets`; ``digits`` is scikit-learn's, split as in `benchmarks.baselines`.
All settings are defaults, but for the size, `SIZE` units in a hidden layer, two equal ones where a
model has two, and the length of training (`LENGTHS`, multiples of `STEPS`; a belief net without
recognition, which infers by steps of mean field, makes a tenth of them, and the fine-tuning of a
deep belief net 40 %). Each length is fitted once and scored on validation rows; the better by
these is fitted with two seeds, whose test rows are scored once.

Scores of models with a recognition net are too low in expectation, by importance sampling of
`SAMPLES` draws; those of models with a partition function that is not summed out may be too high,
so "lower" has a lower bound of theirs, on `LOWER_ROWS` random rows: by reverse annealing, and of
deep Boltzmann machines by mean field, which is the looser one. Nats per row; CPU seconds of a fit
by one thread. ``benchmarks/results/which_model.csv`` has the table, and
``which_model_choices.csv`` what was chosen from; both grow line by line, and lines that are there
already are not made again.
"""

import argparse
import time
import warnings
from functools import partial
from pathlib import Path

from sklearn_helmholtz import (
    DeepBeliefNet,
    DeepBoltzmannMachine,
    HelmholtzMachine,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
)

from .boltzmann import Table, some, splits

RESULTS = Path(__file__).parent / "results"
SETS = "digits", "nltcs", "jester", "uci_adult"
SIZE, LENGTHS = 100, (1, 3)
STEPS = 10_000  # of 100 rows, a usual training
SAMPLES = 1000
MOST_VALID, LOWER_ROWS = 1000, 300
SEEDS = 0, 1
COLUMNS = (
    "set", "model", "length", "seed", "test", "standard_error", "lower", "known_by",
    "reliable", "cpu_seconds",
)  # fmt: skip
TRIED = "set", "model", "length", "valid", "lower", "cpu_seconds"


def epochs(length, n_rows):
    """Epochs that make `STEPS` steps of 100 rows, between 20 and 1,000, times a length."""
    return min(max(-(-STEPS * 100 // n_rows), 20), 1000) * length


MODELS = {
    "Helmholtz machine": lambda n: HelmholtzMachine((SIZE,), max_iter=n),
    "Helmholtz machine, two layers": lambda n: HelmholtzMachine((SIZE, SIZE), max_iter=n),
    "autoregressive machine": lambda n: HelmholtzMachine((SIZE,), autoregressive=True, max_iter=n),
    "sigmoid belief net": lambda n: SigmoidBeliefNet((SIZE,), max_iter=-(-n // 10)),
    "RBM": lambda n: RestrictedBoltzmannMachine(SIZE, n_iter=n),
    "deep belief net": lambda n: DeepBeliefNet(
        (SIZE, SIZE), pretrain_max_iter=n, max_iter=-(-2 * n // 5)
    ),
    "deep Boltzmann machine": lambda n: DeepBoltzmannMachine((SIZE, SIZE), n_iter=n),
}


def fitted(model, train, seed):
    """A model with a seed, fitted by one thread, and CPU seconds."""
    start = time.process_time()
    model.set_params(random_state=seed, n_jobs=1).fit(train)
    return model, time.process_time() - start


def lack(model, rows):
    """Nats that a lower bound of a model with a partition function lacks of its score."""
    if isinstance(model, DeepBoltzmannMachine):
        lower = model.mean_field_bound(rows)
    else:
        lower = model.log_likelihood_bounds(rows).lower_per_sample
    return float((model.score_samples(rows) - lower).mean())


def scores(model, rows):
    """What is known of a model on rows: likelihood, lower bound, error, and by which way."""
    warnings.filterwarnings("ignore", "This log-likelihood")  # the table says so
    if not hasattr(model, "log_partition_"):
        found = model.log_likelihood(rows, n_importance_samples=SAMPLES)
        lower = found.mean
    else:
        found = model.log_likelihood(rows)
        lower = found.mean - lack(model, some(rows, LOWER_ROWS))
    return {
        "mean": found.mean, "lower": lower, "standard_error": found.standard_error,
        "known_by": found.method, "reliable": found.reliable,
    }  # fmt: skip


def tried(make, train, valid):
    """Scores on validation rows, by name."""
    model, seconds = fitted(make(), train, SEEDS[0])
    found = scores(model, some(valid, MOST_VALID))
    return {"valid": found["mean"], "lower": found["lower"], "cpu_seconds": seconds}


def tested(make, train, test, seed):
    """Scores on test rows, by name."""
    model, seconds = fitted(make(), train, seed)
    found = scores(model, test)
    return {"test": found.pop("mean"), **found, "cpu_seconds": seconds}


def measure(name, model, parts, folder):
    """Add the lines of a model and a set to both tables."""
    train, valid, test = parts
    keys = ("set", "model", "length")
    choices = Table(folder / "which_model_choices.csv", TRIED, keys, keys)
    table = Table(
        folder / "which_model.csv", COLUMNS, (*keys, "seed"), ("set", "model", "seed")
    )  # fmt: skip
    lines = {}
    for length in LENGTHS:
        make = partial(MODELS[model], epochs(length, len(train)))
        known = {"set": name, "model": model, "length": length}
        lines[length] = choices.line(partial(tried, make, train, valid), **known)
    length = max(lines, key=lambda each: float(lines[each]["valid"]))
    make = partial(MODELS[model], epochs(length, len(train)))
    for seed in SEEDS:
        known = {"set": name, "model": model, "length": length, "seed": seed}
        table.line(partial(tested, make, train, test, seed), **known)


def main():
    """Choose, fit, score, and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the binary data sets")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--models", nargs="+", default=tuple(MODELS), choices=tuple(MODELS))
    parser.add_argument("--folder", type=Path, default=RESULTS, help="of the tables")
    arguments = parser.parse_args()
    for name in arguments.sets:
        parts = splits(arguments.data, name)
        for model in arguments.models:
            measure(name, model, parts, arguments.folder)


if __name__ == "__main__":
    main()
