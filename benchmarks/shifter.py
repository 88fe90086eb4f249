"""The shifter of Dayan, Hinton, Neal & Zemel (1995): which layers come to read the direction.

    python -m benchmarks.shifter [--seeds 20] [--csv FILE]

Images of 4 x 8 pixels: a row of random bits (on with probability 0.2), twice, and the same row
shifted by one to the left or to the right, twice. All images are the training rows, with their
probabilities as weights; in 16.9 % of them either way looks the same. A machine is asked what it
has found out by a *probe*: how well a logistic regression on the means of a layer tells the
direction of the other images, weighted and in the sample. Whole images are not left out: in a
complete factorial design that would make chance look like much less than 1/2. Pixels alone read
1/2; an untrained layer of 24 sigmoids, whose random features are not linear, reads more.

F, which the deterministic machine lowers, is no likelihood; the score of the stochastic machine of
the same parameters stands in a column of its own.
"""

import argparse
import csv
import pathlib
import time

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

from sklearn_helmholtz import DeterministicHelmholtzMachine, HelmholtzMachine
from sklearn_helmholtz.datasets import Shifter

P_ON = 0.2
FIELDS = ("machine", "layers", "seed", "F", "score", "first_layer", "top_layer", "cpu_seconds")
BAR, SIZES = ("untrained", "competitive", "sigmoid"), ((24, 2), (24, 1))
_C = 100.0  # of the probe: hardly any penalty
_BAR, _ABOVE_UNTRAINED, _ABOVE_SIGMOID = 0.93, 0.1, 0.2
FOLDER = pathlib.Path(__file__).parent / "results"


def images():
    """All images, their probabilities, and the direction: 1 right, 0 left, -1 where it is open."""
    distribution = Shifter(p_on=P_ON)
    X, p = distribution.table()
    top, _, _, bottom = np.split(X, 4, axis=1)
    ways = [(top == np.roll(bottom, way, axis=1)).all(axis=1) for way in (1, -1)]
    return X, p, np.where(ways[0] & ways[1], -1, ways[0])


def read(H, p, direction):
    """Share of the unambiguous images whose direction a logistic regression reads from H."""
    known = direction >= 0
    weights = p[known] / p[known].mean()
    probe = LogisticRegression(C=_C, max_iter=5000)
    probe.fit(H[known], direction[known], sample_weight=weights)
    return probe.score(H[known], direction[known], sample_weight=weights)


def layers_of(machine, X):
    """Means of each hidden layer, from the data upward."""
    sizes = np.atleast_1d(machine.hidden_layer_sizes)
    H = machine.set_params(transform_layer="all").transform(X)
    return np.split(H, np.cumsum(sizes)[:-1], axis=1)


def trained(sizes, seed, **params):
    """A deterministic machine that has learnt all images."""
    X, p, _ = images()
    machine = DeterministicHelmholtzMachine(sizes, random_state=seed, n_jobs=1, **params)
    return machine.fit(X, sample_weight=p)


def untrained(sizes, seed, **params):
    """The same before it has learnt: a step of no length."""
    return trained(sizes, seed, max_iter=1, learning_rate_init=1e-30, **params)


def one_by_one(sizes, seed, joint_epochs=0):
    """A deterministic machine whose layers learn one after the other, and then all together."""
    X, p, _ = images()
    below, parts = X.astype(np.float64), []
    for size in sizes:
        part = DeterministicHelmholtzMachine(
            size, visible="bernoulli", random_state=seed, n_jobs=1
        ).fit(below, sample_weight=p)
        parts.append(part)
        below = part.transform(below)
    machine = DeterministicHelmholtzMachine.from_parameters(
        [part.generative_coefs_[0] for part in parts],
        [*(part.generative_intercepts_[0] for part in parts), parts[-1].generative_intercepts_[1]],
        [part.recognition_coefs_[0] for part in parts],
        [part.recognition_intercepts_[0] for part in parts],
        random_state=seed, n_jobs=1, warm_start=True,
    )  # fmt: skip
    if joint_epochs:
        machine.set_params(max_iter=joint_epochs).fit(X, sample_weight=p)
    return machine


def stochastic(sizes, seed):
    """A Helmholtz machine that has learnt all images by reweighted wake-sleep."""
    X, p, _ = images()
    machine = HelmholtzMachine(sizes, max_iter=300, random_state=seed, n_jobs=1)
    return machine.fit(X, sample_weight=p)


LINES = {
    "untrained": untrained,
    "competitive": trained,
    "sigmoid": lambda sizes, seed: trained(sizes, seed, activation="sigmoid"),
    "competitive, 1500 epochs": lambda sizes, seed: trained(sizes, seed, max_iter=1500),
    "competitive, L-BFGS": lambda sizes, seed: trained(sizes, seed, solver="lbfgs"),
    "competitive, layer by layer": one_by_one,
    "competitive, layer by layer, then jointly": lambda sizes, seed: one_by_one(sizes, seed, 500),
    "stochastic, reweighted wake-sleep": stochastic,
}


def line(name, sizes, seed):
    """A row of the table."""
    X, p, direction = images()
    begin = time.process_time()
    machine = LINES[name](sizes, seed)
    seconds = time.process_time() - begin
    reads = [read(H, p, direction) for H in layers_of(machine, X)]
    objective = np.nan
    if hasattr(machine, "mean_field_objective"):
        objective = np.average(machine.mean_field_objective(X), weights=p)
    score = machine.score(X, sample_weight=p)
    return [
        name, "-".join(map(str, (X.shape[1], *sizes))), seed, f"{objective:.4f}", f"{score:.4f}",
        f"{reads[0]:.4f}", f"{reads[-1]:.4f}", f"{seconds:.2f}",
    ]  # fmt: skip


def summary(rows):
    """Medians over the starts, and what the bar is about."""
    groups = {}
    for row in rows:
        groups.setdefault((row[0], row[1]), []).append([float(value) for value in row[3:]])
    print(f"{'machine':42}{'layers':10}{'F':>8}{'score':>9}{'first layer':>22}{'top layer':>22}")
    medians = {}
    for (name, layers), values in groups.items():
        low, middle, high = (find(values, axis=0) for find in (np.min, np.median, np.max))
        medians[name, layers] = middle[2]
        reads = (f"{middle[i]:.2f} ({low[i]:.2f}-{high[i]:.2f})" for i in (2, 3))
        cells = "".join(f"{cell:>22}" for cell in reads)
        print(f"{name:42}{layers:10}{middle[0]:8.2f}{middle[1]:9.2f}{cells}")
    for layers in sorted({layers for _, layers in groups}):
        found = [medians.get((name, layers)) for name in ("competitive", "untrained", "sigmoid")]
        if None not in found:
            own, start, sigmoid = found
            print(
                f"32 pixels, {layers}: first layer {own:.3f} (bar {_BAR}), {own - start:.3f} above "
                f"untrained (bar {_ABOVE_UNTRAINED}), {own - sigmoid:.3f} above sigmoid "
                f"(bar {_ABOVE_SIGMOID})"
            )


def main():
    """Train all machines from all starts, and print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="starts of the lines of the bar")
    parser.add_argument("--few", type=int, default=5, help="starts of the other lines")
    parser.add_argument("--csv", default=FOLDER / "shifter.csv", help="file for the table")
    parser.add_argument("--lines", nargs="+", default=list(LINES), choices=LINES)
    arguments = parser.parse_args()
    X, p, direction = images()
    print(f"{len(X)} images, entropy {Shifter(p_on=P_ON).entropy():.3f} nats")
    print(f"ambiguous: {p[direction < 0].sum():.3f}; pixels read {read(X, p, direction):.3f}")
    jobs = [
        joblib.delayed(line)(name, sizes, seed)
        for name in arguments.lines
        for sizes in SIZES
        for seed in range(arguments.seeds if name in BAR else arguments.few)
    ]
    rows = []
    with open(arguments.csv, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        for row in joblib.Parallel(n_jobs=-1, return_as="generator")(jobs):
            writer.writerow(row)
            file.flush()
            rows.append(row)
    summary(rows)


if __name__ == "__main__":
    main()
