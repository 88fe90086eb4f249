"""Minibatches that grow with the table: rates that go with them, and what they cost in likelihood.

    python -m benchmarks.large_batches DATA rates [--epochs 10]
    python -m benchmarks.large_batches DATA defaults

DATA as in `benchmarks.datasets`. Rows are drawn from models that are known: "planted" is the net of
`make_planted_net`; "plants" are rows of an autoregressive machine that was fitted to the data set
of that name; "digits" are real numbers of a machine of Gaussian latents, fitted to scikit-learn's
digits. Scores are nats per row on `N_VALID` other rows, of `SAMPLES` importance samples, "truth"
those of the models the rows come from. One thread; milliseconds are of the processor.

``rates`` trains on `N_ROWS` rows with larger minibatches, and with rates that have grown with them
by a power: 0 leaves the rate as it is, 1 makes it grow in proportion. ``defaults`` compares default
minibatches and rates with those of 100 rows, in the same number of epochs. Results are
``benchmarks/results/large_batches_*.csv``.
"""

import argparse
import csv
import time
import warnings
from functools import cache, partial
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from sklearn_helmholtz import GaussianHelmholtzMachine, HelmholtzMachine
from sklearn_helmholtz.datasets import make_planted_net
from sklearn_helmholtz.estimators.defaults import batch_size

from .datasets import load

FOLDER = Path(__file__).parent / "results"
N_ROWS, N_VALID, SAMPLES = 200_000, 4000, 100
SMALL = 100  # rows of a minibatch that others are compared with
GROWN = ((100, 0), (400, 0), (400, 0.5), (400, 1), (1600, 0), (1600, 0.5), (1600, 1), (6400, 0.5))
LOOKS = 1, 3  # epochs after which rates are looked at, besides the last
SIZES, LENGTHS = {200_000: 2, 400_000: 2}, (3, 8)  # seeds for rows, and epochs
COLUMNS = {
    "rates": (
        "table", "learner", "batch", "power", "rate", "steps an epoch", "epoch 1", "epoch 3",
        "last epoch", "ms a row",
    ),
    "defaults": (
        "table", "learner", "rows", "epochs", "batch", "seeds", "truth", "batch of 100", "default",
        "worse by %", "standard error", "ms a row, 100", "ms a row, default",
    ),
}  # fmt: skip
_BINARY = partial(HelmholtzMachine, 50)
LEARNERS = {
    "K=10": ("planted", partial(_BINARY, n_particles=10)),
    "wake-sleep": ("planted", partial(_BINARY, algorithm="wake-sleep")),
    "autoregressive": ("plants", partial(_BINARY, autoregressive=True)),
    "Gaussian": ("digits", partial(GaussianHelmholtzMachine, 20, hidden_layer_sizes=100)),
    "K=10, sgd": ("planted", partial(_BINARY, n_particles=10, solver="sgd")),
}
COMPARED = "K=10", "wake-sleep", "autoregressive", "Gaussian"  # with defaults, whose solver is Adam
RATES = {"autoregressive": 2e-2, "Gaussian": 5e-3}  # for minibatches of 100 rows, if not 1e-2


def plants(folder, n_rows):
    """Binary rows of an autoregressive machine, and the machine."""
    machine = HelmholtzMachine(60, autoregressive=True, max_iter=60, n_jobs=1, random_state=0)
    machine.fit(load(folder, "plants")["train"])
    return machine.sample(n_rows, random_state=1).astype(np.uint8), machine


def digits(n_rows):
    """Real rows of a machine of Gaussian latents, and the machine."""
    X = load_digits().data
    X = X[:, X.std(axis=0) > 0.5]
    X += np.random.default_rng(0).random(X.shape)  # grey values are whole numbers
    machine = GaussianHelmholtzMachine(20, n_jobs=1, random_state=0).fit(X)
    return machine.sample(n_rows, random_state=1).astype(np.float32), machine


@cache
def drawn(folder, name, most):
    """Rows for validation, ``most`` others to learn from, and what the model scores the first."""
    n_rows = N_VALID + most
    if name == "planted":
        X, _, model = make_planted_net(n_rows, return_distribution=True, random_state=0)
        X = X.astype(np.uint8)
    else:
        X, model = plants(folder, n_rows) if name == "plants" else digits(n_rows)
    truth = float(model.set_params(n_jobs=1).score(X[:N_VALID]))
    return X[:N_VALID], X[N_VALID:], truth


def trained(make, X, valid, max_iter, looks=(), **given):
    """Scores after some epochs and the last, and milliseconds of the processor for a row."""
    scores, seconds = [], 0.0

    def look(machine, epoch, held_out):
        nonlocal seconds
        start = time.process_time()
        if epoch in (*looks, max_iter):
            scores.append(float(machine.score(valid)))
        seconds += time.process_time() - start

    machine = make(n_importance_samples=SAMPLES, max_iter=max_iter, n_jobs=1, **given)
    start = time.process_time()
    machine.fit(X, monitor=look)
    seconds = time.process_time() - start - seconds
    return scores, 1000 * seconds / (len(X) * max_iter)


def compile_for(make, X, valid):
    """Compile, so that nothing that is timed has to."""
    trained(make, X[:500], valid, max_iter=1)


def rates(options):
    """Rows of the table of rates."""
    for learner, (table, make) in LEARNERS.items():
        valid, X, _ = drawn(options.data, table, max(SIZES))
        X, first = X[:N_ROWS], RATES.get(learner, 1e-2)
        compile_for(make, X, valid)
        for batch, power in GROWN:
            rate = first * (batch / SMALL) ** power
            scores, cost = trained(
                make, X, valid, options.epochs, LOOKS, batch_size=batch, learning_rate_init=rate,
                random_state=0,
            )  # fmt: skip
            yield (
                table, learner, batch, power, f"{rate:.3g}", -(-len(X) // batch),
                *(f"{score:.3f}" for score in scores), f"{cost:.5f}",
            )  # fmt: skip


def defaults(options):
    """Rows of the table of defaults."""
    for learner in COMPARED:
        table, make = LEARNERS[learner]
        valid, rows, truth = drawn(options.data, table, max(SIZES))
        compile_for(make, rows, valid)
        for n_rows, n_seeds in SIZES.items():
            X, batch = rows[:n_rows], batch_size(make(), n_rows)
            for n_epochs in LENGTHS:
                pairs = [
                    [
                        trained(make, X, valid, n_epochs, batch_size=size, random_state=seed)
                        for size in (SMALL, "auto")
                    ]
                    for seed in range(n_seeds)
                ]
                yield table, learner, n_rows, n_epochs, batch, n_seeds, *compared(pairs, truth)


def compared(pairs, truth):
    """Means of pairs of scores and costs, and how much worse the second scores are."""
    scores = np.array([[small[0][-1], large[0][-1]] for small, large in pairs])
    small, large = scores.mean(axis=0)
    worse = 100 * (scores[:, 0] - scores[:, 1]) / abs(small)
    error = worse.std(ddof=1) / np.sqrt(len(pairs))
    costs = np.mean([[small[1], large[1]] for small, large in pairs], axis=0)
    return (
        *(f"{score:.3f}" for score in (truth, small, large)), f"{worse.mean():.2f}",
        f"{error:.2f}", *(f"{cost:.5f}" for cost in costs),
    )  # fmt: skip


def main(arguments=None):
    """Make a table, and write it line by line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the binary data sets")
    parser.add_argument("table", choices=COLUMNS)
    parser.add_argument("--epochs", type=int, default=10, help="of the table of rates")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the table")
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", message="This log-likelihood")
    makers = {"rates": rates, "defaults": defaults}
    with (options.folder / f"large_batches_{options.table}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS[options.table])
        for line in makers[options.table](options):
            writer.writerow(line)
            file.flush()
            print(*line, flush=True)


if __name__ == "__main__":
    main()
