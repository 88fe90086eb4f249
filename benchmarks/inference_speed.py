"""How fast inference without a recognition net is, beside the same algorithms in NumPy.

    python -m benchmarks.inference_speed [--csv FILE]

One thread, random nets of one hidden layer with weights uniform in [-2, 2), as in Frey, Hinton &
Dayan (1996), medians over turns that alternate. Results are compared first: bounds and means of
mean field to rounding, and the states of Markov chains, which get the same random numbers. The time
of the library's Gibbs sampling includes drawing them, that of NumPy's with its own generator too.
"""

import argparse
import csv
import itertools
import statistics

import numpy as np

from sklearn_helmholtz import _keys
from sklearn_helmholtz._kernels.random import uniform_rows
from sklearn_helmholtz._keys import Draws
from sklearn_helmholtz.inference import Gibbs, MeanField
from sklearn_helmholtz.machines import BeliefNet, generative_chain
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import Bernoulli

from . import numpy_inference
from .stopwatch import turns

SIZES = ((100, 20), (64, 20), (784, 200))
HEADS = ("Algorithm", "Sizes", "us per row and sweep", "NumPy", "Ratio")
N_ROWS, N_SWEEPS, N_TURNS = {100: 500, 64: 500, 784: 50}, 10, 7


def make_net(n_features, n_hidden, rng):
    """A net, and rows that it dreams."""
    weights = rng.uniform(-2, 2, (n_hidden, n_features)).astype(np.float32)
    if n_features == 784:
        weights *= 0.3
    zeros = [np.zeros(n, np.float32) for n in (n_features, n_hidden)]
    net = BeliefNet(generative_chain([weights], zeros, Bernoulli()))
    addresses = np.arange(N_ROWS[n_features], dtype=np.uint64)
    values, _ = net.dream(Draws(np.array([1, 2], np.uint32), addresses))
    return net, weights, values[0], addresses


def compare_mean_field(net, weights, x, addresses):
    """The library's and NumPy's functions, once they were seen to agree."""
    mean_field, d = MeanField.of(net), x.shape[1]
    start = mean_field.start(addresses)
    wide, zeros = weights.astype(np.float64), np.zeros(sum(weights.shape))

    def ours():
        means = start.copy()
        _, bounds, _ = mean_field.solve(Block(x), means, N_SWEEPS, -np.inf)
        return means[:, d:], bounds

    def theirs():
        return numpy_inference.mean_field(x, wide, zeros[:d], zeros[d:], start[:, d:], N_SWEEPS)

    for one, other in zip(ours(), theirs(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-7)
    return ours, theirs


def compare_gibbs(net, weights, x, addresses):
    """As for mean field; a few chains may part where a number is at the edge of a probability."""
    gibbs, (n_hidden, d) = Gibbs.of(net), weights.shape
    draws, n = Draws(np.array([3, 4], np.uint32), addresses), len(x)
    start, zeros = gibbs.start(draws), np.zeros(n_hidden + d, np.float32)
    real, rng = x.astype(np.float32), np.random.default_rng(0)

    def ours():
        states = start.copy()
        gibbs.sweep(Block(x), states, draws, N_SWEEPS)
        return states

    def theirs(uniforms=None):
        if uniforms is None:
            uniforms = rng.random((N_SWEEPS, n, n_hidden), np.float32)
        return numpy_inference.gibbs(real, weights, zeros[:d], zeros[d:], start, uniforms)

    same = (ours() == theirs(_uniforms(draws, n_hidden))).all(axis=1).mean()
    assert same > 0.99, f"only {same:.1%} of the chains are in the same state"
    return ours, theirs


def _uniforms(draws, n_hidden):
    """The numbers of the library's sweeps."""
    sweeps = np.empty((len(draws.addresses) * N_SWEEPS, n_hidden), np.float32)
    uniform_rows(draws.key, draws.addresses, N_SWEEPS, 0, _keys.layer_word(0), sweeps)
    return sweeps.reshape(len(draws.addresses), N_SWEEPS, n_hidden).transpose(1, 0, 2)


def measure():
    """The rows of the table, one after the other: medians in microseconds."""
    for sizes in SIZES:
        made = make_net(*sizes, np.random.default_rng(0))
        per = 1e6 / (len(made[2]) * N_SWEEPS)
        for name, compare in (("mean field", compare_mean_field), ("Gibbs", compare_gibbs)):
            spent = turns(dict(zip(("ours", "NumPy"), compare(*made), strict=True)), 1, N_TURNS)
            ours, theirs = (statistics.median(times) for times in spent.values())
            figures = f"{ours * per:.2f}", f"{theirs * per:.1f}", f"{theirs / ours:.1f}"
            yield [name, "-".join(map(str, sizes)), *figures]


def main():
    """Print the table, and write it if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", help="for the table")
    arguments = parser.parse_args()
    rows = []
    for row in itertools.chain([HEADS], measure()):
        print("".join(f"{text:>22}" for text in row), flush=True)
        rows.append(row)
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file).writerows(rows)


if __name__ == "__main__":
    main()
