"""Ways to train a sigmoid belief net, on data that a known net has dreamt.

    python -m benchmarks.belief_nets --folder FOLDER [--sources 5] [--epochs 300]

After Frey, Hinton & Dayan (1996), "Does the wake-sleep algorithm produce good density estimators?":
sources are random nets, of 20 hidden units and 100 features, or of 5, 10, 15 and 20 hidden units
from the top down, with zero intercepts and weights uniform in [-2, 2). 10,000 rows are for
training, and 2,000 for the test. The paper's own draws are lost. Every method has the same number
of epochs, in which its learning rate falls along half a cosine; nothing is chosen for a source.

Nets have the form of their source. In bits: *coding cost*, the free energy, what it takes to send a
row by way of its causes (the figure of the paper); and minus the log-likelihood, by enumeration of
2^20 states for the small nets, annealed for the deep ones (an upper bound in expectation). The
entropy of a source is minus the mean log-likelihood of the test rows under the source itself.

The coding cost of reweighted wake-sleep need not be its best figure: its recognition net learns to
cover the posterior, by weighted particles and by dreams, which leaves a larger free energy than a
net that lowers the free energy itself has; its log-likelihood says what its generative net is
worth. ``"exact"`` is no method here: a step by enumeration would visit 2^20 states for each row of
the small nets, and 2^50 of the deep ones.

FOLDER receives one JSON for each source, and for each form of sources the table, as CSV; the same
command goes on from what is there, method by method. Seconds are CPU seconds of the training,
without compilation.
"""

import argparse
import csv
import itertools
import json
import math
import pathlib
import statistics
import time
import warnings

import numpy as np
from sklearn.base import clone

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet

from .learning_curve import replace_file

SMALL, DEEP = (100, 20), (100, 20, 15, 10, 5)
N_TRAIN, N_TEST = 10_000, 2000
BITS = 1 / math.log(2)
COMMON = {"alpha": 0, "learning_rate": "cosine", "random_state": 0}
METHODS = {
    "mean field": lambda: SigmoidBeliefNet(inference="mean-field"),
    "Gibbs": lambda: SigmoidBeliefNet(inference="gibbs"),
    "NVIL": lambda: SigmoidBeliefNet(inference="nvil"),
    "VIMCO": lambda: SigmoidBeliefNet(inference="nvil", n_particles=5),
    "wake-sleep": lambda: HelmholtzMachine(algorithm="wake-sleep"),
    "reweighted wake-sleep": lambda: HelmholtzMachine(),
}
HEADS = (
    "Method", "Coding cost", "above entropy", "Log-likelihood", "above entropy", "CPU s", "Paper",
)  # fmt: skip
PUBLISHED = {  # bits, Frey, Hinton & Dayan (1996): BN 20>100 and BN 5>10>15>20>100
    "source": (63.5, None), "Gibbs": (63.9, 58.1), "mean field": (64.7, 58.4),
    "wake-sleep": (65.2, 58.5),
}  # fmt: skip


def source(sizes, seed):
    """A random net, and the rows that it dreams: for training and test."""
    rng = np.random.default_rng(seed)
    coefs = [rng.uniform(-2, 2, (above, below)) for below, above in itertools.pairwise(sizes)]
    net = SigmoidBeliefNet.from_parameters(coefs, [np.zeros(n) for n in sizes])
    rows = net.sample(N_TRAIN + N_TEST, random_state=seed)
    return net, *np.split(rows, [N_TRAIN])


def score(net, test):
    """Minus the mean log-likelihood of the test rows, bits, and what it is worth."""
    method = "exact" if len(net.generative_coefs_) == 1 else "annealed"
    result = net.log_likelihood(test, method=method)
    return {
        "log_likelihood": -result.mean * BITS, "standard_error": result.standard_error * BITS,
        "reliable": result.reliable,
    }  # fmt: skip


def compile_for(net, train):
    """Compile what epochs of a net need, also the kernels that single fits wait with."""
    first = clone(net).set_params(max_iter=1).fit(train)
    fused = first._rule().fused(first._machine)
    if fused is not None:
        fused.prepare()


def fit(method, sizes, train, epochs):
    """A trained net, and how long that took: CPU seconds, whatever else the machine was doing."""
    net = METHODS[method]().set_params(hidden_layer_sizes=sizes[1:], max_iter=epochs, **COMMON)
    compile_for(net, train)
    start = time.process_time()
    net.fit(train)
    return net, {"seconds": time.process_time() - start, "epochs": net.n_iter_}


def measure(folder, sizes, seed, epochs):
    """Every method on one source: records by method, those of earlier runs as they are."""
    name = "-".join(map(str, sizes))
    path, made = folder / f"{name}_{seed}.json", None
    records = json.loads(path.read_text()) if path.exists() else {}
    for method in ["source", *METHODS]:
        if method in records:
            continue
        made = made or source(sizes, seed)
        net, train, test = made
        record = {"seconds": None}
        if method != "source":
            net, record = fit(method, sizes, train, epochs)
        record |= score(net, test)
        has_cost = method not in ("source", "Gibbs")
        record["coding_cost"] = float(net.free_energy(test).mean()) * BITS if has_cost else None
        records[method] = record
        print(name, seed, method, record, flush=True)
        text = json.dumps(records, indent=1)
        replace_file(path, "w", lambda file, text=text: file.write(text + "\n"))
    return records


def table(records, column):
    """Rows of texts, the first of heads: medians over all sources of one form, and distances."""
    yield HEADS
    for method in ["source", *METHODS]:
        figures = []
        for key in ("coding_cost", "log_likelihood"):
            values = [record[method][key] for record in records]
            sources = [record["source"]["log_likelihood"] for record in records]
            known = None not in values
            figures.append(statistics.median(values) if known else None)
            distances = [v - s for v, s in zip(values, sources, strict=True)] if known else []
            figures.append(statistics.median(distances) if known else None)
        seconds = [record[method]["seconds"] for record in records]
        figures.append(None if None in seconds else statistics.median(seconds))
        figures.append(PUBLISHED.get(method, (None, None))[column])
        yield [method, *("" if figure is None else f"{figure:.2f}" for figure in figures)]


def main():
    """Measure what is not measured yet, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", required=True, help="for the results")
    parser.add_argument("--sources", type=int, default=5, help="of one hidden layer")
    parser.add_argument("--epochs", type=int, default=300)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="This log-likelihood")  # it is in the records
    folder = pathlib.Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for column, (sizes, n) in enumerate(((SMALL, arguments.sources), (DEEP, 1))):
        records = [measure(folder, sizes, seed, arguments.epochs) for seed in range(n)]
        name, rows = "-".join(map(str, sizes)), list(table(records, column))
        print(name, f"medians over {n} sources, bits", sep=": ")
        print("\n".join("".join(f"{text:>22}" for text in row) for row in rows))
        with open(folder / f"{name}.csv", "w", newline="") as file:
            csv.writer(file).writerows(rows)


if __name__ == "__main__":
    main()
