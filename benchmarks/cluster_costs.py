"""Costs of a step on a cluster, by measured constants, and what they predict for larger clusters.

    python -m benchmarks.cluster_costs measure
    python -m benchmarks.cluster_costs predict

``measure`` finds on this machine what a model of costs needs: the milliseconds of a row's gradient
on one thread (784-200-200 units, reweighted wake-sleep with 10 particles); those of a step in which
nothing is computed, by the number of its tasks; and those of sending, for each megabyte that goes
to a worker or comes back from it. ``predict`` writes what they say about clusters that nobody here
has: of 8, 64 and 512 workers of one thread, on networks of 1, 10 and 100 Gbit/s, where each worker
has 512 rows of a minibatch, or 4,096 of them. All of the network is counted as if nothing else
happened meanwhile: parameters go out once, each worker that has them handing them on; sums come
back eight to a task, and the last eight at most to the client. Results are
``benchmarks/results/cluster_constants.csv`` and ``benchmarks/results/cluster_predictions.csv``.
"""

import argparse
import csv
import math
import statistics
from contextlib import contextmanager
from pathlib import Path

import dask
import numpy as np

from .beyond_one_machine import bits, cluster, in_chunks, milliseconds_of_steps

FOLDER = Path(__file__).parent / "results"
CONSTANTS = "cluster_constants.csv"
N_PARAMETERS = 395_216  # of 784-200-200 units
MEGABYTES = 4 * N_PARAMETERS / 1e6
WORKERS, NETWORKS, ROWS_EACH = (8, 64, 512), (1, 10, 100), (512, 4096)
COME_BACK = 8  # sums that one process adds
THREADS = (1, 2, 4, 8)  # of each of two workers


@contextmanager
def on_cluster(n_threads):
    """A context in which two processes compute, of some threads each."""
    with cluster(2, n_threads) as client, client.as_current(), dask.config.set(scheduler=client):
        yield


def step_by_tasks(few, n_epochs=15):
    """Pairs of the number of tasks of a step in which nothing is computed, and its milliseconds.

    As many tasks as there are threads, of which nothing but the number matters.
    """
    for n_threads in THREADS:
        n_tasks = 2 * n_threads
        table = in_chunks(few[:, :8], 20 * n_tasks, n_tasks)
        with (
            cluster(2, n_threads) as client,
            client.as_current(),
            dask.config.set(scheduler=client),
        ):
            found = milliseconds_of_steps(table, 20 * n_tasks, n_epochs, 10 * n_tasks, (2,))
        yield n_tasks, statistics.median(found)


def measured():
    """Names, values and units of the constants."""
    few = bits(2000)
    X = few[np.arange(8192) % len(few)]
    row = statistics.median(milliseconds_of_steps(X, 8192, 3, 4096, n_jobs=1)) / 4096
    yield "gradient of a row on one thread", row, "ms"
    slope, start = np.polyfit(*np.transpose(list(step_by_tasks(few))), 1)
    yield "a step in which nothing is computed", start, "ms"
    yield "each of its tasks", slope, "ms"
    with on_cluster(1):
        small, large = (
            statistics.median(milliseconds_of_steps(in_chunks(table, 160, 8), 160, 15, 80, sizes))
            for table, sizes in ((few[:, :8], (2,)), (few, (200, 200)))
        )
    # To both workers and back from both. Rows of the large machine take next to nothing.
    yield "a megabyte, sent and received", (large - small - 40 * row) / (4 * MEGABYTES), "ms"


def prediction(constants, n_workers, gigabits, rows_each):
    """Milliseconds of a step by its parts: computing, scheduling, network."""
    row, start, task, megabyte = constants
    computing = row * rows_each
    n_sums, n_back, levels = 0, n_workers, 0
    while n_back > COME_BACK:
        n_back = math.ceil(n_back / COME_BACK)
        n_sums, levels = n_sums + n_back, levels + 1
    scheduling = start + task * (n_workers + n_sums)
    hops = math.ceil(math.log2(n_workers)) + (COME_BACK - 1) * levels + n_back
    network = hops * MEGABYTES * (8 / gigabits + megabyte)
    return computing, scheduling, network


def predictions(constants):
    """Rows of the table of predictions."""
    row = constants[0]
    for rows_each in ROWS_EACH:
        for n_workers in WORKERS:
            for gigabits in NETWORKS:
                parts = prediction(constants, n_workers, gigabits, rows_each)
                times = row * rows_each * n_workers / sum(parts)
                yield rows_each, n_workers, gigabits, *parts, times, times / n_workers


def write(path, header, rows):
    """Write a table, and print it."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for line in (header, *rows):
            line = [f"{v:.3g}" if isinstance(v, float) else v for v in line]
            writer.writerow(line)
            print(*line, sep=", ", flush=True)


def main(arguments=None):
    """Write one of the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("table", choices=("measure", "predict"))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    if options.table == "measure":
        write(options.folder / CONSTANTS, ("What", "How much", "Unit"), measured())
        return
    with (options.folder / CONSTANTS).open() as file:
        constants = [float(line["How much"]) for line in csv.DictReader(file)]
    header = (
        "Rows of each worker", "Workers", "Gbit/s", "Computing (ms)", "Scheduling (ms)",
        "Network (ms)", "Times one thread", "Share of the ideal",
    )  # fmt: skip
    write(options.folder / "cluster_predictions.csv", header, predictions(constants))


if __name__ == "__main__":
    main()
