"""The errors that annealed partition functions state against those they make.

    python -m benchmarks.partition_coverage [--models 50] [--seeds 100] [--auto-seeds 10]
        [--csv benchmarks/results/partition_coverage.csv]

Draws Boltzmann machines of 20 to 40 visible and 12 to 20 hidden units, whose weights are normal
with a standard deviation log-uniform from 0.5 to 3, biases such that units are on about as often as
off without the others, and a base of their own; enumeration knows log Z. Each is annealed by 100
chains under many seeds: through 1,000 temperatures, through 20, which are too few, and under fewer
seeds through as many as are chosen automatically. The columns of each machine and of either way are

* temperatures, ess: medians;
* reliable: in what share of the runs the value was called so;
* covers: how often ``value - bias`` +- 1.96 ``standard_error`` covers the truth where it was called
  reliable, and covers_all: in all runs;
* lower, upper: mean errors of the way there and of the way back, nats, and their standard errors;
* raise, raise_error: the mean of what reverse annealing from exact draws of the machine says of
  them (RAISE, 1,000 temperatures) less their exact log-probability, nats, and its standard error.
"""

import argparse
import csv
import time

import numpy as np

from sklearn_helmholtz.inference import EnumeratedSides
from sklearn_helmholtz.likelihood import annealing_log_density, partition_of, score_undirected
from sklearn_helmholtz.machines import assemble_boltzmann
from sklearn_helmholtz.rows import Table

SMALLEST_SD, LARGEST_SD = 0.5, 3.0
N_TEMPERATURES, TOO_FEW, N_ROWS = 1000, 20, 50
WIDTH = 1.96  # of a normal interval of 95 %
COLUMNS = (
    "model", "units", "weight_sd", "way", "seeds", "temperatures", "ess", "reliable", "covers",
    "covers_all", "lower", "lower_error", "upper", "upper_error", "raise", "raise_error",
)  # fmt: skip


def random_machine(number):
    """A machine drawn from the population of machines, and the standard deviation of its weights.

    Biases take back half of what all weights of a unit add, so that it is on about half the time.
    """
    rng = np.random.default_rng([number, 21])
    sizes = rng.integers(20, 41), rng.integers(12, 21)
    sd = np.exp(rng.uniform(np.log(SMALLEST_SD), np.log(LARGEST_SD)))
    weights = sd * rng.standard_normal(sizes)
    visible, hidden = (sd * rng.standard_normal(n) for n in sizes)
    base = rng.standard_normal(sizes[0])
    arrays = hidden - weights.sum(axis=0) / 2, visible - weights.sum(axis=1) / 2, base
    return assemble_boltzmann(weights, *arrays), sd


def covers(found, exact):
    """Whether the interval of a `Partition` covers the truth."""
    return abs(found.value - found.bias - exact) <= WIDTH * found.standard_error


def reverse_annealing(machine, partition, number):
    """What reverse annealing says of exact draws less the truth: the mean and its error, nats."""
    seed = (number, 0, 0, 0)
    rows, _ = EnumeratedSides(machine, seed).imagine(np.arange(N_ROWS, dtype=np.uint64))
    table = Table(rows, True)
    bounds = annealing_log_density(machine, table, N_TEMPERATURES, seed)
    difference = bounds - score_undirected(machine, table, partition)[0].per_sample
    return difference.mean(), difference.std(ddof=1) / np.sqrt(N_ROWS)


def mean_and_error(values):
    """The mean of some numbers and its standard error."""
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


def examine(number, ways):
    """Lines of the table of one machine, as dictionaries, and whether each run covers.

    ways : pairs of the numbers of temperatures and of seeds.
    """
    machine, sd = random_machine(number)
    partition = partition_of(machine, "exact")
    raised = reverse_annealing(machine, partition, number)
    for n_temperatures, n_seeds in ways:
        runs = [
            partition_of(machine, "annealed", (seed, number, 0, 0), 100, n_temperatures)
            for seed in range(n_seeds)
        ]
        hits = np.array([covers(run, partition.value) for run in runs])
        reliable = np.array([run.reliable for run in runs])
        values = (
            number, "-".join(map(str, machine.n_units)), sd, n_temperatures, n_seeds,
            int(np.median([run.n_temperatures for run in runs])),
            np.median([run.effective_sample_size for run in runs]), reliable.mean(),
            hits[reliable].mean() if reliable.any() else np.nan, hits.mean(),
            *mean_and_error([run.value - partition.value for run in runs]),
            *mean_and_error([run.back - partition.value for run in runs]), *raised,
        )  # fmt: skip
        yield dict(zip(COLUMNS, values, strict=True)), hits, reliable


def line_of(row):
    """A row of the table as text."""
    return [f"{v:.4f}" if isinstance(v, float) else str(v) for v in row.values()]


def report(way, found):
    """Print what all machines tell together of a way to choose temperatures."""
    rows = [row for row, *_ in found]
    hits, reliable = (np.concatenate([each[k] for each in found]) for k in (1, 2))
    single = [row["covers"] for row in rows if row["reliable"] > 0.5]
    print(f"\n{way} temperatures: {reliable.mean():.1%} of {len(hits)} runs are called reliable")
    for name, chosen in (("reliable", reliable), ("not reliable", ~reliable)):
        if chosen.any():
            print(f"{name}: {hits[chosen].mean():.1%} of {chosen.sum()} cover (target 90 to 99 %)")
    if single:
        print(f"machines mostly called reliable: from {min(single):.1%} to {max(single):.1%}")
    for side, sign in (("lower", 1), ("upper", -1), ("raise", 1)):
        excess = [sign * row[side] for row in rows]
        beyond = sum(sign * row[side] > 3 * row[f"{side}_error"] for row in rows)
        print(
            f"{side}: {sign * np.mean(excess):+.4f} nats on average; on the wrong side of the "
            f"truth by 3 standard errors in {beyond} of {len(rows)} machines"
        )


def main():
    """Examine all machines, print, and where asked write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--auto-seeds", type=int, default=10)
    parser.add_argument("--csv", help="file for the table")
    arguments = parser.parse_args()
    seeds = arguments.seeds
    ways = [(N_TEMPERATURES, seeds), (TOO_FEW, seeds), ("auto", arguments.auto_seeds)]
    start, table = time.perf_counter(), {way: [] for way, _ in ways}
    print(" ".join(COLUMNS))
    for number in range(arguments.models):
        for found in examine(number, ways):
            table[found[0]["way"]].append(found)
            print(" ".join(line_of(found[0])), flush=True)
    for way, found in table.items():
        report(way, found)
    print(f"{time.perf_counter() - start:.0f} s")
    if arguments.csv:
        rows = [line_of(row) for found in table.values() for row, *_ in found]
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main()
