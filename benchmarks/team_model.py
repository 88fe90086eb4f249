"""A model of teams of more threads than this machine has, from parts that are measured on it.

    python -m benchmarks.team_model [--csv FILE]

A step of wake-sleep, 784-200-200, is cut in its parts, each measured alone on one thread: products
and gradients of the layers, draws, scores and errors, and Adam's move; and what a round costs two
threads in which there is nothing to do. Two ways to share them are added up for 1 to 16 threads:

* row blocks, as runs of steps do it: of a batch of 128 rows there are two, each of which fills all
  tables anew, and the chunks of the parameters are shared by as many threads;
* panels of 64 columns of every product and gradient, and the two row blocks, with a round for each
  of them: nothing of the kind exists.

A phase of k equal tasks takes p threads ``ceil(k / p)`` of them. Nothing is taken off for memory
that threads share, so these are bounds. What is said of more than one thread is a model: none of it
was measured. What is measured is printed first; the parts are then scaled so that they add up to a
whole step. Seconds are those of the processor, so that others may share the machine.
"""

import argparse
import csv
import itertools
import math
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sklearn_helmholtz._kernels import bernoulli, steps, tables, teams
from sklearn_helmholtz._kernels.kernel import routine
from sklearn_helmholtz.learning import WakeSleep

from .workloads import SIZES, _batches, _binary, _steps

BATCH, PANEL, THREADS, REPEATS, N_STEPS = 128, 64, (1, 2, 4, 8, 16), 100, 10
N_BLOCKS = 2  # of such a batch
COLUMNS = ("Threads", "Row blocks, us", "Ratio", "Panels, us", "Ratio")


@dataclass(frozen=True)
class Phase:
    """Part of a step between two rounds.

    seconds, of_a_block : of all rows on one thread, and of a row block alone; n_tasks : into which
    panels cut it, with a half of the rows each.
    """

    seconds: float
    of_a_block: float
    n_tasks: int


def seconds_of(call):
    """Median seconds of the processor that a call takes on this thread."""
    spent = []
    for _ in range(REPEATS):
        start = time.thread_time()
        call()
        spent.append(time.thread_time() - start)
    return statistics.median(spent)


def normal(*shape):
    """Normal numbers of float32."""
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def states(n_rows, n_units):
    """States of which three in ten are 1."""
    return (np.random.default_rng(1).random((n_rows, n_units)) < 0.3).astype(np.uint8)


def product(n_rows, n_inputs, n_units):
    """Seconds of the product of a layer, of so many rows."""
    given, out = states(n_rows, n_inputs), np.empty((n_rows, n_units), np.float32)
    matrix, intercept = normal(n_inputs, n_units), normal(n_units)
    return seconds_of(lambda: tables.table_product(given, matrix, intercept, out))


def gradient(n_rows, n_inputs, n_units):
    """Seconds of the gradient of a layer by a row block."""
    given, error = states(n_rows, n_inputs), normal(n_rows, n_units)
    out = np.empty((n_inputs, n_units), np.float32), np.empty(n_units, np.float32)
    return seconds_of(lambda: tables.table_gradient(given, error, True, *out))


def draw(n_rows, n_units):
    """Seconds of the draw of a layer."""
    eta, out, log_prob = normal(n_rows, n_units), states(n_rows, n_units), np.zeros(n_rows)
    key, addresses = np.zeros(2, np.uint32), np.arange(n_rows, dtype=np.uint64)
    return seconds_of(
        lambda: bernoulli.bernoulli_sample(eta, key, addresses, 1, 0, np.uint32(0), out, log_prob)
    )


def score(n_rows, n_units):
    """Seconds of the score of a layer."""
    eta, given, log_prob = normal(n_rows, n_units), states(n_rows, n_units), np.zeros(n_rows)
    return seconds_of(lambda: bernoulli.bernoulli_score_binary(given, eta, log_prob))


def error(n_rows, n_units):
    """Seconds of the errors of a layer."""
    eta, given, weight = (
        normal(n_rows, n_units),
        states(n_rows, n_units),
        np.ones(n_rows, np.float32),
    )
    return seconds_of(lambda: bernoulli.bernoulli_error_binary(given, eta, weight, eta))


def move():
    """Seconds of Adam's move of all parameters along the sum of two parts."""
    n = 2 * (SIZES[0] * SIZES[1] + SIZES[1] * SIZES[2] + sum(SIZES))
    n += -n % 16
    parts, state, ends = normal(N_BLOCKS, n), np.abs(normal(3, n)), np.full(2, n)
    scale, penalties, rate = 1 / BATCH, np.zeros((2, 3)), 1e-6
    of_all = parts, scale, penalties, ends, rate, 0.9, 0.999, 9.0
    return seconds_of(lambda: steps.adam_move(*of_all, teams.counters(1), 0, *state, *steps.ONCE))


def phases():
    """The phases of a step but for the move."""
    rows, block, found = BATCH, BATCH // N_BLOCKS, []

    def add(part, share, *sizes):
        n_panels = math.ceil(sizes[-1] / PANEL)
        seconds = [part(share * n, *sizes) for n in (rows, block)]
        found.append(Phase(*seconds, N_BLOCKS * n_panels))

    def add_gradient(*sizes):
        of_a_block = gradient(block, *sizes)
        n_tasks = N_BLOCKS * math.ceil(sizes[-1] / PANEL)
        found.append(Phase(N_BLOCKS * of_a_block, of_a_block, n_tasks))

    for below, above in itertools.pairwise(SIZES):
        for part in (draw, error):
            add(part, 1, above)
        for part in (draw, score):
            add(part, 1, below)
        for share in (1, 1):  # explanations, and dreams
            add(product, share, below, above)
        add(product, 2, above, below)  # both together
        add_gradient(below, above)
        add_gradient(above, below)
    return found


@routine
def rounds(progress, n_threads, n_rounds):
    """Rounds in which each thread has a task, and nothing to do for it."""
    for turn in range(n_rounds):
        teams.finish(progress, 1)
        teams.wait(progress, n_threads, turn)


def seconds_of_a_round(n=1000, n_turns=500):
    """Seconds of a round of two threads, the least of many turns: others may want a processor."""
    rounds(teams.counters(1), 1, 1)
    spent = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(n_turns):
            progress = teams.counters(1)
            start = time.perf_counter()
            list(pool.map(lambda _, own=progress: rounds(own, 2, n), range(2)))
            spent.append((time.perf_counter() - start) / n)
    return min(spent)


def step():
    """Seconds of a whole step on one thread."""
    X = _binary(5000, SIZES[0])
    make = _steps(SIZES, WakeSleep(), X, _batches(X, BATCH, N_STEPS))(1)
    make()
    return seconds_of(make) / N_STEPS


def by_blocks(n_threads, found, of_move, of_round):
    """Seconds of a step whose row blocks threads share."""
    n_members = min(n_threads, N_BLOCKS)
    if n_members == 1:
        return sum(phase.seconds for phase in found) + of_move
    return sum(phase.of_a_block for phase in found) + of_move / n_members + 2 * of_round


def by_panels(n_threads, found, of_move, of_round):
    """Seconds of a step whose phases threads share, a round each."""
    if n_threads == 1:
        return by_blocks(1, found, of_move, of_round)
    shares = [math.ceil(phase.n_tasks / n_threads) / phase.n_tasks for phase in found]
    both = [N_BLOCKS * phase.of_a_block for phase in found]
    spent = sum(share * seconds for share, seconds in zip(shares, both, strict=True))
    return spent + of_move / n_threads + (len(found) + 1) * of_round


def table():
    """Rows of the table, and what they are made of, as a line."""
    found, of_move, of_round, whole = phases(), move(), seconds_of_a_round(), step()
    of_parts = by_blocks(1, found, of_move, of_round)
    note = (
        f"a step {1e6 * whole:.0f} us, its parts {1e6 * of_parts:.0f} us, of them the move "
        f"{1e6 * of_move:.0f} us; a round {1e6 * of_round:.2f} us"
    )
    grown = whole / of_parts  # parts that are measured alone find more in the cache
    found = [Phase(grown * p.seconds, grown * p.of_a_block, p.n_tasks) for p in found]
    lines = []
    for n_threads in THREADS:
        line = [n_threads]
        for way in (by_blocks, by_panels):
            seconds = way(n_threads, found, grown * of_move, of_round)
            line += [f"{1e6 * seconds:.0f}", f"{whole / seconds:.2f}"]
        lines.append(line)
    return lines, note


def main():
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--csv", help="where to write the table")
    arguments = parser.parse_args()
    lines, note = table()
    print(note)
    csv.writer(sys.stdout).writerows([COLUMNS, *lines])
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *lines])


if __name__ == "__main__":
    main()
