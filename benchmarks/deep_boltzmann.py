"""Deep Boltzmann machines on digits: whether upper layers are in use, and worth their price.

    python -m benchmarks.deep_boltzmann

Binarised digits, split as in `benchmarks.baselines`. Restricted machines of the first layer and of
as many weights, and the first deep machine, are fitted with all pairs of `RATES` and centred
steps or not; the pair is chosen by validation rows and the first seed, by the mean log p of
annealing and importance sampling. The other deep machines have its rate, and choose whether to
centre. What was chosen is fitted with all `SEEDS`, and test rows are scored once.

"valid" and "test" are mean log p in nats per row, "error" the standard error of the latter for
exactly these rows, log Z included; "bound" is that of mean field on test rows, which of restricted
machines is log p itself; "W1" and "W2" are mean sizes of weights, "alone" is the mean log p of the
test rows by the first layer alone, with upper weights set to zero; "cpu_seconds" are those of a fit
by one thread, pretraining included. ``benchmarks/results/deep_boltzmann.csv`` has the table, and
``deep_boltzmann_choices.csv`` beside it what was tried; both are written line by line, and lines
that are there already are not made again.
"""

import argparse
import csv
import itertools
import time
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.base import clone

from sklearn_helmholtz import DeepBoltzmannMachine, RestrictedBoltzmannMachine

from .baselines import digits
from .learning_curve import replace_file

RESULTS = Path(__file__).parent / "results"
SEEDS = 0, 1
RATES, CENTRED = (0.1, 0.2), (True, False)
SIZES = 64, 64
ONE = {"n_jobs": 1, "random_state": SEEDS[0]}
TRIED = "model", "learning_rate", "centred", "valid", "cpu_seconds"
COLUMNS = (
    "model", "learning_rate", "centred", "seed", "valid", "test", "error", "bound", "W1", "W2",
    "alone", "reliable", "cpu_seconds",
)  # fmt: skip


def models():
    """Machines by name, not fitted."""
    first, _ = SIZES
    deep = partial(DeepBoltzmannMachine, SIZES, **ONE)
    ways = {
        "pretrained, mean-field": {},
        "not pretrained, mean-field": {"pretrain": False},
        "pretrained, gibbs": {"positive_phase": "gibbs"},
    }
    found = {
        f"RBM, {first} units": RestrictedBoltzmannMachine(first, visible="bernoulli", **ONE),
        f"RBM, {2 * first} units": RestrictedBoltzmannMachine(
            2 * first, visible="bernoulli", **ONE
        ),
    }
    sizes = "-".join(map(str, SIZES))
    return found | {f"DBM, {sizes}, {name}": deep(**way) for name, way in ways.items()}


def read(path):
    """A table so far."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def line(path, columns, make, **known):
    """The line of a table with known values: made, and added, if it is not there yet."""
    known = {name: str(value) for name, value in known.items()}
    rows = read(path)
    for row in rows:
        if all(row[name] == value for name, value in known.items()):
            return row
    made = {k: round(v, 4) if isinstance(v, float) else v for k, v in make().items()}
    row = {name: str(value) for name, value in (known | made).items()}
    print(*row.values(), flush=True)

    def write(file):
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row])

    replace_file(path, "w", write)
    return row


def fitted(machine, train):
    """A machine, fitted, and CPU seconds."""
    start = time.process_time()
    machine = clone(machine).fit(train)
    return machine, time.process_time() - start


def tried(machine, train, valid):
    """What validation rows say of a machine."""
    machine, seconds = fitted(machine, train)
    return {"valid": machine.score(valid), "cpu_seconds": seconds}


def tested(machine, train, valid, test):
    """Scores of a machine on test rows, and what its upper layer does, by name."""
    machine, seconds = fitted(machine, train)
    found = machine.log_likelihood(test)
    sizes, alone = {"W1": size(machine.coefs_[0]), "W2": size(machine.coefs_[1])}, first(machine)
    return {
        "valid": machine.score(valid), "test": found.mean, "error": found.monte_carlo_error,
        "bound": -float(found.free_energy.mean()), **sizes, "alone": alone.score(test),
        "reliable": found.reliable, "cpu_seconds": seconds,
    }  # fmt: skip


def first(machine):
    """The restricted machine that is left of a deep one when its upper weights are zero."""
    return RestrictedBoltzmannMachine.from_parameters(
        machine.coefs_[0].T, machine.intercepts_[1], machine.intercepts_[0], n_jobs=1
    )


def restricted(machine, train, valid, test):
    """The same of a restricted machine, which has no upper layer."""
    machine, seconds = fitted(machine, train)
    found = machine.log_likelihood(test)
    return {
        "valid": machine.score(valid), "test": found.mean, "error": found.monte_carlo_error,
        "bound": found.mean, "W1": size(machine.components_), "W2": "", "alone": "",
        "reliable": found.reliable, "cpu_seconds": seconds,
    }  # fmt: skip


def size(weights):
    """The mean size of weights."""
    return float(np.abs(weights).mean())


def measure(folder, train, valid, test):
    """Choose settings of each model by validation rows, and score test rows."""
    choices, table = folder / "deep_boltzmann_choices.csv", folder / "deep_boltzmann.csv"
    rates = {RestrictedBoltzmannMachine: RATES, DeepBoltzmannMachine: RATES}
    for name, machine in models().items():
        rows = {}
        for rate, centred in itertools.product(rates[type(machine)], CENTRED):
            own = clone(machine).set_params(learning_rate=rate, centred=centred)
            known = {"model": name, "learning_rate": rate, "centred": centred}
            rows[rate, centred] = line(choices, TRIED, partial(tried, own, train, valid), **known)
        rate, centred = max(rows, key=lambda pair: float(rows[pair]["valid"]))
        score = restricted
        if isinstance(machine, DeepBoltzmannMachine):
            score, rates[DeepBoltzmannMachine] = tested, (rate,)
        for seed in SEEDS:
            own = clone(machine).set_params(learning_rate=rate, centred=centred, random_state=seed)
            known = {"model": name, "learning_rate": rate, "centred": centred, "seed": seed}
            line(table, COLUMNS, partial(score, own, train, valid, test), **known)


def main():
    """Choose, fit, score, and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=RESULTS, help="of the tables")
    found = digits()
    measure(parser.parse_args().folder, found.X_train, found.X_valid, found.X_test)


if __name__ == "__main__":
    main()
