"""Deep belief nets on binarised digits, beside the Boltzmann machines they are built on.

    python -m benchmarks.deep_belief_net [--folder FOLDER]

scikit-learn's digits, split as in `benchmarks.baselines`. Nets that are pretrained greedily have
every pair of `SIZES` and `CENTRED`, and are otherwise what defaults make them; those that are
fine-tuned by each rule have every one of the former, and are centred or not as the best greedy one
is. Restricted Boltzmann machines have a choice of `RATES` as well, and of `COMPONENTS`, of which
256 make as many weights as the smallest net has. Of each model the best on validation rows with the
first seed is chosen, and of the machines the best of 100 units as well; only these are fitted with
all `SEEDS` and scored on test rows, once.

Nats per row. "test" is log p(x) by importance samples of the hidden layers (of the Boltzmann
machines exact) less an estimate of log Z; "monte_carlo_error" is the standard error of both
together, "common_error" that of log Z, which all rows share, "standard_error" that of the rows.
"lower" is a lower bound in expectation: log Z from its reverse, and for Boltzmann machines reverse
annealing from each row. "one_particle" is the variational bound, minus the free energy.
"first_layer" is the log-likelihood of the Boltzmann machine that the layers above were put on, as
it was when they came; "without_top" that of the net whose undirected part is replaced by
independent units with the rates that recognition has on training rows: what the net gains over it
is what its upper layers are in use for. CPU seconds of a fit by one thread.

``results/deep_belief_net.csv`` has the table, ``deep_belief_net_choices.csv`` what was tried; both
are written line by line, and lines that are there already are not made again.
"""

import argparse
import csv
import itertools
import time
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.base import clone

from sklearn_helmholtz import DeepBeliefNet, HelmholtzMachine, RestrictedBoltzmannMachine

from .baselines import digits
from .learning_curve import replace_file

RESULTS = Path(__file__).parent / "results"
SIZES = (100, 100), (200, 100), (100, 100, 100)
COMPONENTS = 100, 128, 256, 356
CENTRED, RATES = (False, True), (0.1, 0.2)  # rates of Boltzmann machines
RULES = {"greedy": None, "reweighted": "reweighted", "up-down": "up-down"}
SEEDS = 0, 1
TEMPERATURES = {"choice": 1000, "test": 4000}
SETTINGS = "sizes", "centred", "rate"
TRIED = "model", *SETTINGS, "valid", "lower", "cpu_seconds"
COLUMNS = (
    "model", *SETTINGS, "seed", "valid", "test", "standard_error", "monte_carlo_error",
    "common_error", "lower", "one_particle", "first_layer", "without_top", "reliable",
    "cpu_seconds",
)  # fmt: skip


def nets(rule, centrings):
    """Nets, not fitted, of all settings, by these."""
    for sizes, centred in itertools.product(SIZES, centrings):
        net = DeepBeliefNet(sizes, fine_tune=rule, centred=centred, visible="bernoulli", n_jobs=1)
        yield ("-".join(map(str, sizes)), centred, net.pretrain_learning_rate), net


def machines(centrings):
    """Restricted Boltzmann machines, not fitted, of all settings, by these."""
    for n, centred, rate in itertools.product(COMPONENTS, centrings, RATES):
        machine = RestrictedBoltzmannMachine(
            n, centred=centred, learning_rate=rate, visible="bernoulli", n_jobs=1
        )
        yield (str(n), centred, rate), machine


def models():
    """What is compared, by name: functions of centrings to pairs of settings and estimators."""
    return {"machine": machines} | {name: partial(nets, rule) for name, rule in RULES.items()}


def fitted(estimator, seed, rows, temperatures):
    """A fitted copy of an estimator with a seed, and CPU seconds."""
    estimator = clone(estimator).set_params(random_state=seed)
    if "n_temperatures" in estimator.get_params():
        estimator.set_params(n_temperatures=temperatures)
    start = time.process_time()
    estimator.fit(rows)
    return estimator, time.process_time() - start


def lower_bound(estimator, rows):
    """Mean of a lower bound in expectation of log p of rows."""
    return estimator.log_likelihood_bounds(rows).lower


def validated(estimator, data):
    """Scores on validation rows, by name."""
    estimator, seconds = fitted(estimator, SEEDS[0], data.X_train, TEMPERATURES["choice"])
    return {
        "valid": estimator.score(data.X_valid), "lower": lower_bound(estimator, data.X_valid),
        "cpu_seconds": seconds,
    }  # fmt: skip


def tested(estimator, seed, data):
    """Scores on test rows, by name."""
    estimator, seconds = fitted(estimator, seed, data.X_train, TEMPERATURES["test"])
    found = estimator.log_likelihood(data.X_test)
    scores = {
        "valid": estimator.score(data.X_valid), "test": found.mean,
        "standard_error": found.standard_error, "monte_carlo_error": found.monte_carlo_error,
        "common_error": found.common_error, "lower": lower_bound(estimator, data.X_test),
        "one_particle": -float(found.free_energy.mean()), "reliable": found.reliable,
        "cpu_seconds": seconds,
    }  # fmt: skip
    if isinstance(estimator, DeepBeliefNet):
        if estimator.fine_tune is None:  # later on nothing is left of it
            scores["first_layer"] = first_layer(estimator).score(data.X_test)
        scores["without_top"] = without_top(estimator, data.X_train).score(data.X_test)
    return scores


def first_layer(net):
    """The restricted Boltzmann machine that a greedy net is built on."""
    return RestrictedBoltzmannMachine.from_parameters(
        net.generative_coefs_[0], net.recognition_intercepts_[0], net.generative_intercepts_[0],
        n_temperatures=TEMPERATURES["test"], n_jobs=1,
    )  # fmt: skip


def without_top(net, rows):
    """The net with independent units in the place of its undirected part."""
    layers = net.set_params(transform_layer="all").transform(rows)
    n_below = sum(len(b) for b in net.recognition_intercepts_)
    size = len(net.recognition_intercepts_[-1])
    rates = layers[:, n_below - size : n_below].mean(axis=0, dtype=np.float64)
    rates = (rates * len(rows) + 0.5) / (len(rows) + 1)
    logits = np.log(rates) - np.log1p(-rates)
    return HelmholtzMachine.from_parameters(
        net.generative_coefs_[:-1], [*net.generative_intercepts_[:-2], logits],
        net.recognition_coefs_, net.recognition_intercepts_, n_jobs=1,
    )  # fmt: skip


def read(path):
    """A table so far."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def line(path, columns, known, make):
    """The line of a table with known values; made, and added, if it is not there yet."""
    known = {name: str(value) for name, value in known.items()}
    rows = read(path)
    for row in rows:
        if all(row[name] == value for name, value in known.items()):
            return row
    made = {k: round(v, 4) if isinstance(v, float) else v for k, v in make().items()}
    print(*known.values(), *made.values(), flush=True)

    def write(file):
        writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows([*rows, known | made])

    replace_file(path, "w", write)
    return {name: str(value) for name, value in (known | made).items()}


def measure(data, folder):
    """Add all lines to both tables."""
    centrings = CENTRED
    for model, made in models().items():
        tried, worth = folder / "deep_belief_net_choices.csv", {}
        for settings, estimator in made(centrings):
            known = {"model": model, **dict(zip(SETTINGS, settings, strict=True))}
            row = line(tried, TRIED, known, lambda each=estimator: validated(each, data))
            worth[settings] = float(row["valid"])
        best = max(worth, key=worth.get)
        if model == "greedy":
            centrings = (best[1],)
        for settings, seed in itertools.product(finalists(model, worth), SEEDS):
            known = {"model": model, **dict(zip(SETTINGS, settings, strict=True)), "seed": seed}
            chosen = dict(made(CENTRED))[settings]
            line(
                folder / "deep_belief_net.csv", COLUMNS, known,
                lambda each=chosen, seed=seed: tested(each, seed, data),
            )  # fmt: skip


def finalists(model, worth):
    """Settings that are scored on test rows: the best, and of machines the best of the smallest."""
    best = max(worth, key=worth.get)
    if model != "machine":
        return [best]
    smallest = max((s for s in worth if s[0] == str(COMPONENTS[0])), key=worth.get)
    return list(dict.fromkeys([smallest, best]))


def main():
    """Choose, fit, score, and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=RESULTS, help="of the tables")
    measure(digits(), parser.parse_args().folder)


if __name__ == "__main__":
    main()
