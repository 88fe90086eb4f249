"""How fast annealing of a Boltzmann machine is, beside the same algorithm in NumPy.

    python -m benchmarks.annealing_speed [--turns 9] [--csv FILE]

One thread each, 100 chains, weights N(0, 0.05^2), medians over turns that alternate. First both
estimate the partition function of a small machine, and have to be within their errors of the exact
one. The time of both includes their random numbers.
"""

import argparse
import csv
import itertools
import statistics

import numpy as np
from scipy.special import logsumexp

from sklearn_helmholtz._keys import Draws
from sklearn_helmholtz.inference import Bipartite, BlockGibbs
from sklearn_helmholtz.machines import assemble_boltzmann

from . import numpy_annealing
from .blas import numpy_blas
from .stopwatch import turns

SIZES, N_CHAINS = ((64, 128), (784, 200), (784, 500)), 100
N_TEMPERATURES = {64: 1000, 784: 200}  # of a turn: each costs the same
TARGET = 3
HEADS = ("Sizes", "Us per chain and temperature", "NumPy", "Ratio", "Target", "BLAS")


def make_machine(n_visible, n_hidden, rng):
    """A machine whose hidden units are on as often as off."""
    weights = rng.normal(0, 0.05, (n_visible, n_hidden))
    visible, base = rng.normal(-1, 1, n_visible), rng.normal(-1, 1, n_visible)
    return assemble_boltzmann(weights, -weights.sum(axis=0) / 3, visible, base)


def parties(machine, n_temperatures):
    """Functions that anneal all chains once: the library's and NumPy's, with their log-weights."""
    chains = BlockGibbs(machine)
    draws = Draws(np.array([1, 2], np.uint32), np.zeros(1, np.uint64), N_CHAINS)
    betas, rng = np.linspace(0, 1, n_temperatures + 1), np.random.default_rng(0)
    biases = machine.hidden_intercept, machine.visible_intercept, machine.base.logits
    narrow = betas.astype(np.float32)

    def ours():
        return chains.anneal(chains.start(draws), draws, betas)

    def theirs():
        return numpy_annealing.annealed_log_weights(machine.weights, *biases, N_CHAINS, narrow, rng)

    return {"ours": ours, "NumPy": theirs}


def check(rng):
    """Compare both with the exact partition function of a small machine."""
    machine = make_machine(64, 12, rng)
    exact, chains = Bipartite.of(machine).log_partition(), BlockGibbs(machine)
    log_base = chains.log_base(chains.everywhere())[0]
    for name, run in parties(machine, 300).items():
        log_weights = run()
        error = log_base + logsumexp(log_weights) - np.log(N_CHAINS) - exact
        allowed = 4 * log_weights.std() / np.sqrt(N_CHAINS) + 1e-4
        assert abs(error) < allowed, f"{name}: {error:.4f} nats off, allowed {allowed:.4f}"


def measure(n_turns):
    """The rows of the table, one after the other: medians in microseconds."""
    for sizes in SIZES:
        n = N_TEMPERATURES[sizes[0]]
        spent = turns(parties(make_machine(*sizes, np.random.default_rng(0)), n), 1, n_turns)
        ours, theirs = (statistics.median(times) / n / N_CHAINS * 1e6 for times in spent.values())
        figures = f"{ours:.2f}", f"{theirs:.2f}", f"{theirs / ours:.2f}", str(TARGET)
        yield ["-".join(map(str, sizes)), *figures, numpy_blas()]


def main():
    """Print the table, and write it if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=9, help="of each party")
    parser.add_argument("--csv", help="for the table")
    arguments = parser.parse_args()
    check(np.random.default_rng(1))
    rows = []
    for row in itertools.chain([HEADS], measure(arguments.turns)):
        print("".join(f"{text:>30}" for text in row), flush=True)
        rows.append(row)
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file).writerows(rows)


if __name__ == "__main__":
    main()
