"""Held-out log-likelihood of a variational autoencoder of binarised MNIST against its training.

    python -m benchmarks.gaussian_mnist DATA --folder FOLDER --minutes 40

DATA as in `benchmarks.datasets`; the net is the one-layer model of Burda, Grosse & Salakhutdinov
(2016): 50 latents, two layers of 200 tanh units each way. FOLDER receives ``K.pickle``, K being the
particles, a checkpoint of every few minutes from which the same command goes on, and ``K.csv``, the
curve. Minutes are those of one thread's processor time in training: scoring and checkpoints are not
counted. The learning rate falls along half a cosine over all minutes. At the end the test rows are
scored in a random order, part by part, with many more samples: about half an hour, which can be cut
off as well, and ``--parts`` ends it after so many parts of 500 rows. The mean of all test rows is
then that by 50 samples, and what 5,000 add on the rows that have them ("rows").
"""

import argparse
import math

import numpy as np

from sklearn_helmholtz import GaussianHelmholtzMachine

from .datasets import load
from .timed_run import TimedRun, begun, in_random_order

MACHINE = {
    "n_components": 50,
    "hidden_layer_sizes": (200, 200),
    "visible": "bernoulli",
    "batch_size": 100,
    "alpha": 1e-4,
    "n_jobs": 1,
    "random_state": 0,
}
PEAK = 2e-3
TARGET = {1: -88.71, 5: -87.63}  # App. D of the paper, fixed binarisation
LOOKS = 12
LOOK_ROWS, LOOK_SAMPLES = 5000, 50
FINAL_SAMPLES, PART = 5000, 500
_MINUTES_BETWEEN_CHECKPOINTS = 5
COLUMNS = (
    "cpu_minutes", "wall_minutes", "epochs", "rate", "train_bound", "valid", "valid_bound", "test",
    "standard_error", "test_bound", "samples", "rows",
)  # fmt: skip


class Run(TimedRun):
    """A training of the net; parts : log-likelihoods and bounds of test rows by many samples."""

    peak, rate_name, columns = PEAK, "learning_rate_init", COLUMNS

    def __init__(self, n_particles, minutes, **params):
        machine = GaussianHelmholtzMachine(n_particles=n_particles, **{**MACHINE, **params})
        super().__init__(machine, minutes)

    def look(self, data):
        """Score held-out rows with few samples, and note what they say."""
        rows = data["test"][in_random_order(data["test"])[:LOOK_ROWS]]  # the file sorts them
        scores, bounds = _scores(self.machine, rows, LOOK_SAMPLES)
        error = scores.std(ddof=1) / math.sqrt(len(scores))
        self._note(data, scores.mean(), error, bounds.mean(), len(scores), LOOK_SAMPLES)

    def look_closely(self, data, write, n_parts):
        """Score test rows in random order with many samples, part by part; write after each."""
        order = in_random_order(data["test"])
        for first in range(PART * len(self.parts), len(order), PART):
            if len(self.parts) == n_parts:
                break
            rows = data["test"][order[first : first + PART]]
            self.parts.append(_scores(self.machine, rows, FINAL_SAMPLES))
            write()
        self.curve = [look for look in self.curve if look["samples"] != FINAL_SAMPLES]
        self._note(data, *self._of_all_rows(data["test"], order), FINAL_SAMPLES)

    def _of_all_rows(self, X, order):
        """The mean of all test rows, its error, the mean bound, and the rows that count for most.

        Scores of all rows with few samples, and what more of them add on the rows that have them.
        """
        many, _ = (np.concatenate(each) for each in zip(*self.parts, strict=True))
        few, bounds = _scores(self.machine, X, LOOK_SAMPLES)
        gains = many - few[order[: len(many)]]
        lacking = 1 - len(many) / len(X)
        variance = few.var(ddof=1) / len(X) + lacking * gains.var(ddof=1) / len(gains)
        return few.mean() + gains.mean(), math.sqrt(variance), bounds.mean(), len(many)

    def _note(self, data, test, error, test_bound, n_rows, n_samples):
        """Add a row to the curve."""
        valid, bound = _scores(self.machine, data["valid"][:LOOK_ROWS], LOOK_SAMPLES)
        self.note(
            train_bound=-float(self.machine.loss_curve_[-1]), valid=float(valid.mean()),
            valid_bound=float(bound.mean()), test=float(test), standard_error=float(error),
            test_bound=float(test_bound), samples=n_samples, rows=n_rows,
        )  # fmt: skip

    def write(self, folder):
        """Write the checkpoint and the curve."""
        name = str(self.machine.n_particles)
        super().write(folder / f"{name}.pickle", folder / f"{name}.csv")


def _scores(machine, X, n_samples):
    """Log-likelihoods of rows, and their bounds: minus the free energies."""
    result = machine.log_likelihood(X, n_importance_samples=n_samples)
    return result.per_sample, -result.free_energy


def go_on(run, data, folder, n_parts):
    """Train until the minutes are used up; look, and write checkpoints, on the way."""
    looks = [(i / LOOKS) ** 2 for i in range(1, LOOKS)]
    looks = [share for share in looks if share > run.progress]
    written = run.seconds
    while run.progress < 1:
        run.epoch(data["train"])
        if looks and run.progress >= looks[0]:
            looks = [share for share in looks if share > run.progress]
            run.look(data)
        if run.seconds - written > 60 * _MINUTES_BETWEEN_CHECKPOINTS:
            run.write(folder)
            written = run.seconds
    if not run.parts:
        run.look(data)
    run.write(folder)
    run.look_closely(data, lambda: run.write(folder), n_parts)
    run.write(folder)


def main():
    """Train, or go on from a checkpoint, and print the curve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of the data sets")
    parser.add_argument("--folder", required=True, help="for checkpoint and curve")
    parser.add_argument("--minutes", type=float, default=40, help="of one thread's training")
    parser.add_argument("--particles", type=int, choices=sorted(TARGET), default=1)
    parser.add_argument("--parts", type=int, help="of 500 test rows to score; default: all")
    arguments = parser.parse_args()
    data = load(arguments.data, "binarized_mnist")
    folder, run = begun(
        arguments.folder, f"{arguments.particles}.pickle",
        lambda: Run(arguments.particles, arguments.minutes),
    )  # fmt: skip
    go_on(run, data, folder, arguments.parts)
    last = run.curve[-1]
    print(f"test {last['test']:.2f} +- {last['standard_error']:.2f}", TARGET[arguments.particles])


if __name__ == "__main__":
    main()
