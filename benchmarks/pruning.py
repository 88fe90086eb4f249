"""What Russian roulette among particles is worth: seconds of a step, and held-out likelihoods.

    python -m benchmarks.pruning speed [--data DIR]
    python -m benchmarks.pruning choice --data DIR [--sets nltcs plants ...] [--seeds 10]
    python -m benchmarks.pruning scores --data DIR [--sets nltcs plants ...] [--seeds 10]

DIR as in `benchmarks.datasets`. Reweighted wake-sleep drops most particles of little weight before
it computes gradients, see `ReweightedWakeSleep`; "K t" is the weight below which they play, times
their number, and 0 means that all are kept.

``speed`` times steps of minibatches of 100 rows on one thread, parties in turns, medians in
microseconds of the processor per row; "kept" is the mean number of particles of a row, "noise" the
variance that is added to the gradient of a row, in squared gradients of a particle. Machines have
learnt scikit-learn's digits, enlarged as in `benchmarks.workloads`, and with ``--data`` a public
set, for some epochs, or nothing yet.

``choice`` fits `HelmholtzMachine`, as it is by default but for ``max_iter``, to at most `MOST_ROWS`
rows of ``train``, and scores `SCORED_ROWS` of ``valid``, or all, with importance samples, the same
random numbers in each. Pairs of fits have a seed in common; "gain" is that of the roulette, in
nats, with its standard error over the seeds. ``scores`` does the same on ``test`` rows with the
threshold that is the default, and with other seeds. Results are
``benchmarks/results/pruning_*.csv``.
"""

import argparse
import csv
import itertools
import statistics
import time
import warnings
from pathlib import Path
from unittest import mock

import numpy as np

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz._keys import Draws
from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.estimators import helmholtz_machine
from sklearn_helmholtz.inference import sample_particles
from sklearn_helmholtz.learning import Adam, ReweightedWakeSleep
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.rows import Table
from sklearn_helmholtz.units import Bernoulli

from .datasets import load
from .workloads import large_digits

FOLDER = Path(__file__).parent / "results"
SETS = ("nltcs", "plants", "jester", "uci_adult", "dna")
TIMED_SETS = ("plants",)
LAYERS = ((100,), (200, 200, 200))  # of timed machines
PARTICLES, SHARES = (5, 10), (0.0, 0.5, 1.0)
BATCH, N_STEPS, REPEATS, RATE = 100, 50, 9, 3e-3
FRESH = 100  # the first of the seeds that the threshold was not chosen by
MOST_ROWS, N_EPOCHS, SCORED_ROWS, N_SAMPLES = 5000, 40, 2000, 200
_OF_SCORES = ("Data", "Rows", "K", "K t", "Seeds", "All kept (nats)", "Gain", "Its error")
COLUMNS = {
    "speed": ("Data", "Units", "K", "Epochs", "K t", "us/row", "Times faster", "Kept", "Noise"),
    "choice": _OF_SCORES,
    "scores": _OF_SCORES,
}


def fitted(X, roulette, **params):
    """A machine whose particles play roulette."""
    rules = {"reweighted-wake-sleep": lambda own: ReweightedWakeSleep(own.n_particles, roulette)}
    with mock.patch.dict(helmholtz_machine._RULES, rules):
        return HelmholtzMachine(n_jobs=1, **params).fit(X)


def start_of(X, hidden, n_particles, n_epochs):
    """A machine that has learnt, or a new one."""
    if n_epochs:
        params = {"n_particles": n_particles, "max_iter": n_epochs, "random_state": 0}
        return fitted(X, 0.0, hidden_layer_sizes=hidden, **params)._model.machine
    sizes, rng = (X.shape[1], *hidden), np.random.default_rng(0)
    return initialise(sizes, Bernoulli(), np.zeros(sizes[0]), rng)


def steps(start, rule, X):
    """A turn of training steps, from the same machine on in each turn, and no far way from it."""
    rows, rng = Table(X, is_binary=True), np.random.default_rng(1)
    batches = [rng.choice(len(X), BATCH, replace=False) for _ in range(N_STEPS)]
    rule.fused(start).prepare()
    training = Training(start, rule, Adam(1e-4), 1, Past((0,)))
    kept = training.parameters.vector.copy()

    def turn():
        training.parameters.vector[:] = kept
        for batch in batches:
            training.step(rows, batch, RATE / 100)

    return turn


def weights_of(start, X, n_particles):
    """Self-normalised weights of the particles of some rows, (n_rows, n_particles)."""
    numbers = np.random.default_rng(2).choice(len(X), 500, replace=False)
    rows = Table(X, is_binary=True).take(numbers)
    draws = Draws(np.array([1, 2], np.uint32), np.arange(500, dtype=np.uint64), n_particles)
    logs = sample_particles(start, rows, draws).mixture_log_weights(0).reshape(500, -1)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def outcome(weights, roulette):
    """Expected number of particles of a row that are kept, and the variance that is added.

    The latter in squared gradients of particles, ``sum_k w_k (t - w_k)`` of those that play.
    """
    t = max(roulette / weights.shape[1], 1e-30)
    kept = np.minimum(weights / t, 1).sum(axis=1).mean()
    return kept, (weights * np.maximum(t - weights, 0)).sum(axis=1).mean()


def speed(options):
    """Rows of the table of times."""
    tables = {"digits": (large_digits(), 20)}
    if options.data is not None:
        tables |= {n: (load(options.data, n)["train"][:MOST_ROWS], 30) for n in TIMED_SETS}
    for name, hidden, n_particles in itertools.product(tables, LAYERS, PARTICLES):
        X, most = tables[name]
        for n_epochs in (0, most):
            start = start_of(X, hidden, n_particles, n_epochs)
            units = "-".join(map(str, (X.shape[1], *hidden)))
            for line in timed(start, X, n_particles, options.repeats):
                yield name, units, n_particles, n_epochs, *line


def turns(parties, repeats):
    """Seconds of the processor in every turn of each party, which alternate."""
    seconds = {name: [] for name in parties}
    for run in parties.values():
        run()
    for _, (name, run) in itertools.product(range(repeats), parties.items()):
        start = time.thread_time()
        run()
        seconds[name].append(time.thread_time() - start)
    return seconds


def timed(start, X, n_particles, repeats):
    """Times of the steps of one machine by threshold, and what comes of its particles."""
    rules = {share: ReweightedWakeSleep(n_particles, share) for share in SHARES}
    parties = {share: steps(start, rule, X) for share, rule in rules.items()}
    seconds = turns(parties, repeats)
    base, weights = statistics.median(seconds[0.0]), weights_of(start, X, n_particles)
    for share, own in seconds.items():
        median = statistics.median(own)
        kept, noise = outcome(weights, share)
        yield (
            f"{share:g}", f"{median / BATCH / N_STEPS * 1e6:.1f}", f"{base / median:.2f}",
            f"{kept:.1f}", f"{noise:.3f}",
        )  # fmt: skip


def choice(options):
    """Rows of the table by which the threshold is chosen."""
    return gains(options, "valid", SHARES[1:], range(options.seeds))


def scores(options):
    """Rows of the table of likelihoods."""
    seeds = range(FRESH, FRESH + options.seeds)
    return gains(options, "test", (ReweightedWakeSleep().roulette,), seeds)


def gains(options, split, shares, seeds):
    """What thresholds gain over keeping all particles, on the rows of a split."""
    for name in options.sets:
        splits = load(options.data, name)
        X, rows = splits["train"], splits[split][:SCORED_ROWS]
        if len(X) > MOST_ROWS:
            X = X[np.random.default_rng(0).choice(len(X), MOST_ROWS, replace=False)]
        for n_particles in PARTICLES:
            found = np.array([
                [
                    held_out(X, rows, share, n_particles=n_particles, random_state=seed)
                    for share in (0.0, *shares)
                ]
                for seed in seeds
            ])  # fmt: skip
            for share, own in zip(shares, found.T[1:], strict=True):
                differences = own - found[:, 0]
                error = differences.std(ddof=1) / np.sqrt(options.seeds)
                yield (
                    name, len(X), n_particles, f"{share:g}", options.seeds,
                    f"{found[:, 0].mean():.3f}", f"{differences.mean():.4f}", f"{error:.4f}",
                )  # fmt: skip


def held_out(X, rows, roulette, **params):
    """The score of rows that a fit has not seen, nats per row."""
    machine = fitted(X, roulette, max_iter=N_EPOCHS, n_importance_samples=N_SAMPLES, **params)
    return machine.log_likelihood(rows, method="importance").mean


def main(arguments=None):
    """Make a table, and write it line by line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", choices=COLUMNS)
    parser.add_argument("--data", help="folder of the binary data sets")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the table")
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", message="This log-likelihood")
    makers = {"speed": speed, "choice": choice, "scores": scores}
    with (options.folder / f"pruning_{options.table}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS[options.table])
        for line in makers[options.table](options):
            writer.writerow(line)
            file.flush()
            print(*line, sep=", ", flush=True)


if __name__ == "__main__":
    main()
