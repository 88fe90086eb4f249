"""Trainings of a given processor time, that can be cut off and go on from a checkpoint."""

import csv
import math
import pathlib
import pickle
import time

import numpy as np

from .learning_curve import replace_file


class TimedRun:
    """A training that knows how far it has come: everything that a checkpoint has to hold.

    machine : to train; minutes : of one thread's processor time in training. The learning rate
    falls from ``peak`` along half a cosine over all of them.

    Subclasses have ``peak``, the ``rate_name`` of the learning rate among the parameters, and the
    ``columns`` of the curve. seconds, wall : of training, of the processor and by the clock;
    parts : of the test rows in random order, what was found of each.
    """

    peak, rate_name, columns = None, None, ()

    def __init__(self, machine, minutes):
        self.machine, self.minutes = machine, minutes
        self.seconds, self.wall, self.epochs = 0.0, 0.0, 0
        self.curve, self.parts = [], []

    @property
    def progress(self):
        """The share of the training time that is used up."""
        return self.seconds / (60 * self.minutes)

    def epoch(self, X):
        """Train on all rows once, with the rate that is due."""
        rate = self.peak * 0.5 * (1 + math.cos(math.pi * min(self.progress, 1)))
        self.machine.set_params(**{self.rate_name: max(rate, 1e-6)})
        cpu, wall = time.process_time(), time.perf_counter()
        self.machine.partial_fit(X)
        self.seconds += time.process_time() - cpu
        self.wall += time.perf_counter() - wall
        self.epochs += 1

    def note(self, **scores):
        """Add a row to the curve."""
        self.curve.append({
            "cpu_minutes": self.seconds / 60, "wall_minutes": self.wall / 60,
            "epochs": self.epochs, "rate": float(getattr(self.machine, self.rate_name)),
            **scores,
        })  # fmt: skip
        print({k: round(v, 4) for k, v in self.curve[-1].items()}, flush=True)

    def write(self, checkpoint, curve):
        """Write the checkpoint and the curve, to files of these names."""
        replace_file(checkpoint, "wb", lambda file: pickle.dump(self, file))

        def table(file):
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(
                {k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()}
                for row in self.curve
            )

        replace_file(curve, "w", table)


def begun(folder, name, new):
    """The folder, made if need be, and the run of a checkpoint there, or a new one."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / name
    return folder, pickle.loads(checkpoint.read_bytes()) if checkpoint.exists() else new()


def in_random_order(rows):
    """Numbers of the rows in an order that is always the same."""
    return np.random.default_rng(0).permutation(len(rows))
