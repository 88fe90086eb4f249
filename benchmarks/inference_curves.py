"""Bounds against seconds of training, for ways to train a sigmoid belief net on digits.

    python -m benchmarks.inference_curves --csv FILE [--picture FILE] [--seconds 60]

The 8x8 digits of scikit-learn, on where a pixel is 8 or more; 1,500 rows train, 297 are held out.
Nets have 20 hidden units. After each epoch two figures of the held-out rows are noted, in nats: the
bound that the inference itself makes, which is minus the free energy, and the log-likelihood by
importance sampling (200 samples, a lower bound in expectation). Seconds are CPU seconds, without
those of looking and compiling: training itself does not see the held-out rows, and kernels are
compiled before it starts, also those that single fits wait with. Markov chains make no bound. Runs
end after the given seconds of training.
"""

import argparse
import csv
import time

from sklearn.datasets import load_digits

from .belief_nets import METHODS, compile_for

N_TRAIN, N_HIDDEN, MOST_EPOCHS = 1500, 20, 100_000
COLUMNS = ("method", "epoch", "seconds", "bound", "log_likelihood")


class Clock:
    """A monitor of `fit` that notes figures of held-out rows against the time of training alone.

    `fit` must not be given those rows: it would validate on them, in the time that is counted.
    """

    def __init__(self, method, held_out, most_seconds):
        self.method, self.held_out, self.most_seconds = method, held_out, most_seconds
        self.rows = []
        self.seconds, self._since = 0.0, time.process_time()

    def __call__(self, net, epoch, X_val):
        """Look, and ask to stop when the time is used up. Looks are rarer as epochs are more."""
        self.seconds += time.process_time() - self._since
        done = self.seconds > self.most_seconds
        if done or epoch < 10 or epoch % (epoch // 10) == 0:
            bound = "" if self.method == "Gibbs" else -float(net.free_energy(self.held_out).mean())
            figures = epoch, self.seconds, bound, net.score(self.held_out)
            self.rows.append(dict(zip(COLUMNS, (self.method, *figures), strict=True)))
        self._since = time.process_time()
        return done


def curve(method, train, held_out, seconds):
    """The rows of one method."""
    net = METHODS[method]().set_params(hidden_layer_sizes=N_HIDDEN, random_state=0)
    compile_for(net, train)
    clock = Clock(method, held_out, seconds)
    net.set_params(max_iter=MOST_EPOCHS).fit(train, monitor=clock)
    return clock.rows


def draw(rows, path):
    """A picture of both figures."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for axis, key, title in zip(
        axes, ("bound", "log_likelihood"),
        ("What inference itself bounds", "Log-likelihood, 200 importance samples"), strict=True,
    ):  # fmt: skip
        for method in METHODS:
            points = [row for row in rows if row["method"] == method and row[key] != ""]
            seconds = [float(row["seconds"]) for row in points]
            axis.plot(seconds, [float(row[key]) for row in points], label=method)
        axis.set(xscale="log", xlabel="CPU seconds of training", title=title)
    axes[0].set(ylabel="nats per held-out row", ylim=(-26.5, -18))
    axes[1].legend()
    figure.savefig(path, dpi=100)


def main():
    """Measure all methods; write the table and the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", required=True, help="for the table")
    parser.add_argument("--picture", help="for the picture, a PNG")
    parser.add_argument("--seconds", type=float, default=60, help="of training, for each method")
    arguments = parser.parse_args()
    digits = load_digits().data >= 8
    rows = []
    for method in METHODS:
        rows += curve(method, digits[:N_TRAIN], digits[N_TRAIN:], arguments.seconds)
        print({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in rows[-1].items()})
    with open(arguments.csv, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows
        )
    if arguments.picture:
        draw(rows, arguments.picture)


if __name__ == "__main__":
    main()
