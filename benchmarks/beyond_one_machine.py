"""Collections of Dask: what workers gain, what they cost, and how much memory chunks take.

    python -m benchmarks.beyond_one_machine steps [--rows 100000] [--epochs 2]
    python -m benchmarks.beyond_one_machine memory [--gigabytes 20]
    python -m benchmarks.beyond_one_machine answers [--rows 10000000]

``steps`` times the training of a 784-200-200 machine by reweighted wake-sleep with 10 particles and
minibatches of 4,096 rows: in memory with two threads, and on a cluster of this machine with one and
with two processes of one thread. And it times steps whose rows are next to nothing: of a machine
of a few weights, which is what scheduling costs, and of the same large one, which adds what sending
parameters and gradients costs. ``memory`` learns from, scores and imputes a table that is generated
by chunks and never there as a whole, and notes the largest resident size of the process, by the
operating system's count. ``answers`` compares the throughput of answers about a collection, by
threads, with those about the same rows in memory. Results are ``benchmarks/results/beyond_*.csv``.
"""

import argparse
import csv
import time
from pathlib import Path

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from sklearn_helmholtz.datasets import make_planted_net

from .memory import peak

FOLDER = Path(__file__).parent / "results"
COLUMNS = {
    "steps": ("Who", "Rows of a step", "Milliseconds a step", "Times one process"),
    "memory": ("Call", "Table (GB)", "Seconds", "Largest resident size (GB)"),
    "answers": ("Call", "Rows", "In memory (rows/s)", "By chunks (rows/s)", "Ratio"),
}
BATCH, N_CHUNKS, N_FEATURES = 4096, 16, 784
N_REALS, ROWS_OF_A_CHUNK, GIGABYTE = 256, 40_000, 1e9  # chunks of 41 MB


def bits(n_rows, n_features=N_FEATURES):
    """Zeros and ones, uint8, of few distinct rows: content is no matter of speed."""
    few = make_planted_net(2000, n_features=n_features, random_state=0)[0].astype(np.uint8)
    return few[np.random.default_rng(0).integers(0, len(few), n_rows)]


def learner(n_epochs, sizes=(200, 200), **params):
    """The machine that is timed."""
    return HelmholtzMachine(
        sizes, n_particles=10, max_iter=n_epochs, early_stopping=False, random_state=0, **params
    )


def milliseconds_a_step(X, n_rows, n_epochs, batch_size, sizes=(200, 200), **params):
    """Milliseconds of a step: the epochs of a fit beyond those of a short one, and their steps."""
    seconds = []
    for epochs in (1, 1, 1 + n_epochs):  # the first compiles
        start = time.perf_counter()
        learner(epochs, sizes, batch_size=batch_size, **params).fit(X)
        seconds.append(time.perf_counter() - start)
    return 1000 * (seconds[2] - seconds[1]) / (n_epochs * -(-n_rows // batch_size))


def in_chunks(few, n_rows, n_chunks):
    """Rows that repeat a few, in chunks that workers make: a client need not send them."""
    size = -(-n_rows // n_chunks)

    def chunk(block_info):
        start, stop = block_info[None]["array-location"][0]
        return few[np.arange(start, stop) % len(few)]

    sizes = tuple(min(size, n_rows - start) for start in range(0, n_rows, size))
    return da.map_blocks(chunk, chunks=(sizes, (few.shape[1],)), dtype=few.dtype, meta=few[:0])


def steps(options):
    """Rows of the table of steps."""
    few = bits(2000)
    chunks, X = in_chunks(few, options.rows, N_CHUNKS), few[np.arange(options.rows) % len(few)]
    memory = milliseconds_a_step(X, len(X), options.epochs, BATCH, n_jobs=2)
    found = {}
    for n_workers in (1, 2):
        with (
            LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"
            ) as cluster,
            Client(cluster),
        ):
            found[n_workers] = milliseconds_a_step(chunks.persist(), len(X), options.epochs, BATCH)
            tiny = (
                milliseconds_a_step(in_chunks(table, 160, 8), 160, 20, 80, sizes)
                for table, sizes in ((few[:, :8], (2,)), (few, (200, 200)))
            )
            sent = dict(zip(("nothing", "parameters"), tiny, strict=True))
    one = found[1]
    yield "in memory, two threads", BATCH, memory, one / memory
    yield "a cluster of one process", BATCH, one, 1.0
    yield "a cluster of two processes", BATCH, found[2], one / found[2]
    yield "two processes, a machine of few weights: scheduling", 80, sent["nothing"], np.nan
    yield "two processes, the large machine: and sending", 80, sent["parameters"], np.nan


def generated(n_rows, gaps=0.0):
    """Real rows of three factors as float32 in chunks, made when they are asked for."""
    sizes = [ROWS_OF_A_CHUNK] * (n_rows // ROWS_OF_A_CHUNK)
    sizes += [n_rows % ROWS_OF_A_CHUNK] if n_rows % ROWS_OF_A_CHUNK else []
    return da.map_blocks(
        _chunk, gaps=gaps, chunks=(tuple(sizes), (N_REALS,)), dtype=np.float32,
        meta=np.empty((0, 0), np.float32),
    )  # fmt: skip


def _chunk(gaps, block_info):
    """The rows of a chunk, which its number decides."""
    block, loadings = block_info[None], np.random.default_rng(1).normal(size=(3, N_REALS))
    n_rows, rng = block["chunk-shape"][0], np.random.default_rng((2, block["chunk-location"][0]))
    X = rng.standard_normal((n_rows, N_REALS), np.float32)
    X += rng.standard_normal((n_rows, 3), np.float32) @ loadings.astype(np.float32)
    if gaps:
        X[rng.random(X.shape, np.float32) < gaps] = np.nan
    return X


def memory(options):
    """Rows of the table of memory."""
    n_rows = int(options.gigabytes * GIGABYTE / (4 * N_REALS))
    X, gaps = generated(n_rows), generated(n_rows, gaps=0.05)
    model, machine = FactorAnalysis(3), learner(1, (20,), batch_size=BATCH, n_jobs=2)
    calls = {
        "FactorAnalysis.fit": lambda: model.fit(X),
        "FactorAnalysis.score": lambda: model.score(X),
        "FactorAnalysis.impute, its mean": lambda: model.impute(gaps).mean().compute(),
        "HelmholtzMachine.fit, one epoch": lambda: machine.fit(X),
        "HelmholtzMachine.transform, its mean": lambda: machine.transform(X).mean().compute(),
    }
    for name, call in calls.items():
        yield name, options.gigabytes, *timed(call)


def timed(call):
    """Seconds of a call, and the largest resident size of the process so far, GB."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start, peak() / 1000


def answers(options):
    """Rows of the table of answers."""
    X = bits(options.rows, 50)
    gaps = X.astype(np.float32)
    gaps[np.random.default_rng(3).random(gaps.shape, np.float32) < 0.02] = np.nan
    machine = HelmholtzMachine((10,), max_iter=2, random_state=0).fit(X[:20_000])
    rows = len(X) // 20
    for method, table in (("log_likelihood", X), ("transform", X), ("impute", gaps)):
        chunks, call = da.from_array(table, chunks=(rows, -1)), getattr(machine, method)
        call(table[:rows])  # compiles
        speeds = []
        for given in (table, chunks):
            start = time.perf_counter()
            found = call(given)
            if hasattr(found, "compute"):
                found.compute()
            speeds.append(len(X) / (time.perf_counter() - start))
            del found
        yield method, len(X), *speeds, speeds[1] / speeds[0]


def main(arguments=None):
    """Write one of the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("table", choices=COLUMNS)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--gigabytes", type=float, default=20.0)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    if options.rows is None:
        options.rows = {"steps": 100_000, "answers": 10_000_000}.get(options.table)
    make = {"steps": steps, "memory": memory, "answers": answers}[options.table]
    with (options.folder / f"beyond_{options.table}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS[options.table])
        for row in make(options):
            row = [f"{v:.3g}" if isinstance(v, float) else v for v in row]
            writer.writerow(row)
            file.flush()
            print(*row, sep=", ", flush=True)


if __name__ == "__main__":
    main()
