"""Held-out log-likelihood against minutes of training, in runs that can be cut off and resumed.

    python -m benchmarks.learning_curve --data DIR --model plain --minutes 60 --folder FOLDER

DIR as in `benchmarks.datasets`; the data set is binarized_mnist. FOLDER receives ``MODEL.pickle``,
a checkpoint of every few minutes from which the same command goes on, and ``MODEL.csv``, the curve:
minutes of training (scoring and checkpoints are not counted), and bounds of the training,
validation and test rows in nats. The learning rate falls along half a cosine, over all minutes or
in cycles; the number of particles rises. At the end of a cycle the test rows are scored with many
more samples, which may take as long as training and can be cut off, too, and ``MODEL.npz`` receives
the machine: it is small enough to be kept, and where FOLDER has no checkpoint the same command
begins the next cycle from it. The autoregressive machine begins without lateral weights: they would
learn faster than the hidden units, and leave them little to explain. Nothing else should run
meanwhile: even a process of the lowest priority slows a step down.

    python -m benchmarks.learning_curve --picture FILE --folder FOLDER

draws the curves that FOLDER holds.
"""

import argparse
import csv
import json
import math
import os
import pathlib
import pickle
import time

import joblib
import numpy as np

from sklearn_helmholtz import HelmholtzMachine

from .datasets import load
from .kept_machines import anew, from_parameters, keep, open_kept, parameters_of

MODELS = {
    "plain": {
        "machine": {
            "hidden_layer_sizes": (200, 200, 200),
            "alpha": 1e-5,
            "l1_ratio": 0,
            "batch_size": 100,
        },
        "rate": ((0.0, 3e-3),),
        "particles": ((0.0, 5), (0.05, 10), (0.2, 20), (0.4, 50), (0.85, 100)),
        "lateral": None,
        "looks": 24,
        "samples": (5_000,),
        "target": -90.1,
    },
    "autoregressive": {
        "machine": {
            "hidden_layer_sizes": (400, 200, 100),
            "alpha": 1e-5,
            "l1_ratio": 0,
            "batch_size": 100,
        },
        "rate": ((0.0, 3e-3), (0.55, 1.5e-3)),
        "particles": ((0.0, 5), (0.03, 10), (0.12, 20), (0.49, 50)),
        "lateral": (0.25, {"lateral_alpha": 6e-4, "lateral_l1_ratio": 1}),
        "looks": 12,
        "samples": (5_000, 5_000),
        "target": -84.2,
    },
}
CURVE_SAMPLES = 200
_FACTS = "seconds", "epochs", "cycle", "train_bound", "curve"
_FINAL_ROWS = 500  # of the test set between two checkpoints
_MINUTES_BETWEEN_CHECKPOINTS = 3
COLUMNS = (
    "minutes", "epochs", "particles", "rate", "train_bound", "valid", "test", "standard_error",
    "monte_carlo_error", "samples",
)  # fmt: skip


class Run:
    """A training that knows how far it has come: everything that a checkpoint has to hold.

    cycle : the number of cycles of the learning rate that have ended, closer look included;
    train_bound : of the last epoch.
    """

    cycle, train_bound = 0, math.nan
    final = ()  # of each part of the test rows: their log-likelihoods, and the error of the mean

    def __init__(self, model, minutes, random_state):
        settings = MODELS[model]
        self.machine = HelmholtzMachine(
            max_iter=1, early_stopping=False, n_iter_no_change=10, random_state=random_state,
            **settings["machine"],
        )  # fmt: skip
        self.rate, self.particles = settings["rate"], settings["particles"]
        self.lateral, self.looks = settings["lateral"], settings["looks"]
        self.samples = settings["samples"]
        self._begun_with = self.machine.get_params()
        self.minutes, self.seconds, self.epochs, self.curve = minutes, 0.0, 0, []

    @property
    def progress(self):
        """The share of the training time that is used up."""
        return self.seconds / (60 * self.minutes)

    @property
    def ended(self):
        """Whether all cycles have been trained and looked at."""
        return self.cycle == len(self.rate)

    @property
    def cycle_end(self):
        """The share of the training time at which the present cycle ends."""
        starts = [start for start, _ in self.rate]
        return [*starts[1:], 1.0][self.cycle]

    @property
    def settings(self):
        """All that decides what a run measures, by name, as JSON would give it back."""
        names = "minutes", "rate", "particles", "lateral"
        settings = self._begun_with | {name: getattr(self, name) for name in names}
        return json.loads(json.dumps(settings))

    def check(self, asked):
        """Refuse to go on as something else than what was begun. asked : a `Run` not yet begun."""
        _refuse_changes(self.settings, asked.settings)

    def epoch(self, X):
        """Train on all rows once, with the rate and the particles that are due."""
        start, peak = self.rate[self.cycle]
        done = min((self.progress - start) / (self.cycle_end - start), 1)
        rate = peak * 0.5 * (1 + math.cos(math.pi * done))
        n_particles = max(n for start, n in self.particles if start <= self.progress)
        if self.lateral and not self.machine.autoregressive and self.progress >= self.lateral[0]:
            self.machine = with_lateral_weights(self.machine, **self.lateral[1])
        self.machine.set_params(learning_rate_init=max(rate, 1e-6), n_particles=n_particles)
        # A fit counts the rows, which learnt penalties have to know.
        train = self.machine.partial_fit if self.epochs else self.machine.fit
        start = time.perf_counter()
        train(X)
        self.seconds += time.perf_counter() - start
        self.epochs += 1
        self.train_bound = -self.machine.loss_curve_[-1]

    def look(self, data):
        """Score the held-out rows with few samples, and note what they say."""
        test = self.machine.log_likelihood(data["test"], n_importance_samples=CURVE_SAMPLES)
        self._note(data, test.mean, test.standard_error, test.monte_carlo_error, CURVE_SAMPLES)

    def look_closely(self, data, write):
        """Score the test rows with many samples, part by part, and note what they say.

        write : called after each part; parts that are scored already stay as they are.
        """
        test = data["test"]
        n_samples = self.samples[self.cycle]
        for first in range(_FINAL_ROWS * len(self.final), len(test), _FINAL_ROWS):
            part = self.machine.log_likelihood(
                test[first : first + _FINAL_ROWS], n_importance_samples=n_samples
            )
            self.final += ((part.per_sample, part.monte_carlo_error),)
            write()
        scores = np.concatenate([scores for scores, _ in self.final])
        variances = [(len(scores) * error) ** 2 for scores, error in self.final]
        error = scores.std(ddof=1) / math.sqrt(len(scores))
        monte_carlo_error = math.sqrt(sum(variances)) / len(scores)
        self._note(data, scores.mean(), error, monte_carlo_error, n_samples)
        self.cycle, self.final = self.cycle + 1, ()

    def begin_cycle(self):
        """Go on from the parameters alone, if another cycle follows, whether kept or not."""
        if not self.ended:
            random_state = self._begun_with["random_state"] + self.cycle
            self.machine = anew(self.machine, random_state=random_state)

    def _note(self, data, test, standard_error, monte_carlo_error, n_samples):
        """Add a row to the curve."""
        machine = self.machine
        valid = machine.log_likelihood(data["valid"], n_importance_samples=CURVE_SAMPLES)
        self.curve.append({
            "minutes": self.seconds / 60, "epochs": self.epochs,
            "particles": machine.n_particles, "rate": machine.learning_rate_init,
            "train_bound": self.train_bound, "valid": valid.mean, "test": float(test),
            "standard_error": float(standard_error), "monte_carlo_error": monte_carlo_error,
            "samples": n_samples,
        })  # fmt: skip
        line = {k: round(v, 4) for k, v in self.curve[-1].items()}
        print(line, flush=True)

    def write(self, folder, name):
        """Write the checkpoint and the curve."""
        replace_file(folder / f"{name}.pickle", "wb", lambda file: pickle.dump(self, file))

        def table(file):
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(
                {k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()}
                for row in self.curve
            )

        replace_file(folder / f"{name}.csv", "w", table)

    def keep(self, path):
        """Write what the next cycle begins from: the machine, and how it came to be."""
        facts = {"settings": self.settings} | {name: getattr(self, name) for name in _FACTS}
        replace_file(path, "wb", lambda file: keep(file, self.machine, facts))

    def begin_from(self, path):
        """Go on from what `keep` wrote of a run with the same settings."""
        machine, facts = open_kept(path)
        _refuse_changes(facts["settings"], self.settings)
        self.machine = machine
        for name in _FACTS:
            setattr(self, name, facts[name])
        self.begin_cycle()


def _refuse_changes(begun, wanted):
    """Refuse to go on with other settings than those a run was begun with.

    Parameters that came later were what they are by default.
    """
    begun = HelmholtzMachine().get_params() | begun
    changed = [name for name in wanted if begun.get(name) != wanted[name]]
    if changed:
        raise ValueError(
            "The checkpoint is of a run with {}, got {}. Go on with the same, or name another "
            "folder.".format(
                *(" and ".join(f"{name}={of.get(name)!r}" for name in changed)
                  for of in (begun, wanted))
            )
        )  # fmt: skip


def with_lateral_weights(machine, **params):
    """A machine with the parameters of another, and lateral weights that are zero as yet.

    params : of the constructor, which change. Averages, which such machines are by default, do the
    work of a falling rate, and the rate of a `Run` falls.
    """
    sizes = [len(intercept) for intercept in machine.generative_intercepts_]
    parameters = parameters_of(machine)
    parameters["generative_lateral_coefs"] = [np.zeros((n, n)) for n in sizes]
    return from_parameters(parameters, machine.get_params() | {"averaging": False} | params)


def replace_file(path, mode, write):
    """Write a file so that a cut leaves the old one whole."""
    new = path.with_suffix(".new")
    with open(new, mode, newline="" if mode == "w" else None) as file:
        write(file)
    os.replace(new, path)


def go_on(run, data, folder, name):
    """Train until the minutes are used up; look, and write checkpoints, on the way."""
    while not run.ended:
        _train(run, data, folder, name)
        run.write(folder, name)
        run.look_closely(data, lambda: run.write(folder, name))
        run.keep(folder / f"{name}.npz")
        run.begin_cycle()
        run.write(folder, name)


def _train(run, data, folder, name):
    """Train to the end of a cycle; look, and write checkpoints, on the way."""
    looks = [(i / run.looks) ** 2 for i in range(1, run.looks)]
    looks = [share for share in looks if share > run.progress]
    written = run.seconds
    while run.progress < run.cycle_end:
        run.epoch(data["train"])
        if looks and run.progress >= looks[0]:
            looks = [share for share in looks if share > run.progress]
            run.look(data)
        if run.seconds - written > 60 * _MINUTES_BETWEEN_CHECKPOINTS:
            run.write(folder, name)
            written = run.seconds


def draw(folder, path):
    """A picture of the test curves in a folder, and of their targets."""
    import matplotlib.pyplot as plt

    tables = {name: folder / f"{name}.csv" for name in MODELS}
    found = {name: read(table) for name, table in tables.items() if table.exists()}
    if not found:
        raise ValueError(f"{folder} holds no curve of {' or '.join(MODELS)}: train one first.")
    figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name, rows in found.items():
        on_the_way, at_the_end = [], []
        for row in rows:
            few = int(row["samples"]) <= CURVE_SAMPLES
            (on_the_way if few else at_the_end).append((float(row["minutes"]), float(row["test"])))
        (line,) = axis.plot(*zip(*on_the_way, strict=True), label=name)
        colour = line.get_color()
        for minutes, test in at_the_end:
            axis.plot(minutes, test, "o", color=colour)
        axis.axhline(MODELS[name]["target"], color=colour, linestyle=":")
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set(
        xlabel="minutes of training", ylabel="test log-likelihood, nats per row",
        ylim=(-110, -82),
    )  # fmt: skip
    axis.legend()
    figure.savefig(path, dpi=100)
    plt.close(figure)
    return axis


def read(table):
    """The rows of a curve."""
    with open(table, newline="") as file:
        return list(csv.DictReader(file))


def main():
    """Train, or go on from a checkpoint, and print the curve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--picture", help="to draw, instead of training: a PNG")
    parser.add_argument("--model", choices=sorted(MODELS), default="plain")
    parser.add_argument("--minutes", type=float, default=60, help="of training")
    parser.add_argument("--folder", required=True, help="for checkpoint and curve")
    parser.add_argument("--random-state", type=int, default=0)
    arguments = parser.parse_args()
    folder = pathlib.Path(arguments.folder)
    if arguments.picture:
        draw(folder, arguments.picture)
        return
    if not arguments.data:
        parser.error("--data is needed to train")
    data = load(arguments.data, "binarized_mnist")
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / f"{arguments.model}.pickle"
    run = Run(arguments.model, arguments.minutes, arguments.random_state)
    if checkpoint.exists():
        begun = pickle.loads(checkpoint.read_bytes())
        begun.check(run)
        run = begun
    elif (kept := folder / f"{arguments.model}.npz").exists():
        run.begin_from(kept)
    go_on(run, data, folder, arguments.model)
    best, target = run.curve[-1], MODELS[arguments.model]["target"]
    print(f"test {best['test']:.2f} +- {best['standard_error']:.2f} nats, target {target}")
    print(f"numpy {np.__version__}, {joblib.cpu_count()} cores")


if __name__ == "__main__":
    main()
