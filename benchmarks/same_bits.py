"""The same model to the bit, whoever computes it: threads, 1, 2 or 4 processes, one of them lost.

    python -m benchmarks.same_bits

Two machines and factor analysis learn from the same sixteen chunks by one thread of this process,
by its threads, and on clusters of 1, 2 and 4 processes of one thread; and once more on two
processes of which one is ended by SIGKILL in the middle of the fit. Of each model the first digits
of the SHA-256 of all its learnt arrays are noted, how many tasks the workers were given, and which
of those that were done before had to be done again. Results are
``benchmarks/results/same_bits.csv``.
"""

import contextlib
import csv
import hashlib
import os
import re
import signal
import threading
from collections import Counter
from pathlib import Path

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster
from distributed.diagnostics.plugin import SchedulerPlugin

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, SigmoidBeliefNet

FILE = Path(__file__).parent / "results" / "same_bits.csv"
N_ROWS, N_COLUMNS, N_CHUNKS = 16_000, 40, 16
HEADER = ("Model", "Who", "SHA-256", "Tasks done", "Done again")
DIGITS = 12
MODELS = {
    "HelmholtzMachine": lambda: HelmholtzMachine(
        (20, 10), batch_size=1000, max_iter=4, random_state=0
    ),
    "SigmoidBeliefNet": lambda: SigmoidBeliefNet(
        8, inference="exact", batch_size=1000, max_iter=4, random_state=0
    ),
    "FactorAnalysis": lambda: FactorAnalysis(3),
}


def table():
    """Rows in chunks, which tasks make: of zeros and ones."""
    sizes = (N_ROWS // N_CHUNKS,) * N_CHUNKS
    return da.map_blocks(chunk, chunks=(sizes, (N_COLUMNS,)), dtype=float, meta=np.empty((0, 0)))


def chunk(block_info):
    """The rows of a chunk, which its number decides."""
    rng = np.random.default_rng(block_info[None]["chunk-location"][0])
    n_rows = block_info[None]["chunk-shape"][0]
    return (rng.random((n_rows, N_COLUMNS)) < rng.random((n_rows, 1))).astype(float)


def digest(model):
    """The first digits of the SHA-256 of all learnt arrays."""
    found = hashlib.sha256()
    for name, value in sorted(vars(model).items()):
        if name.endswith("_") and not name.startswith("_"):
            for array in value if isinstance(value, list) else [value]:
                if isinstance(array, np.ndarray) and array.dtype.kind == "f":
                    found.update(name.encode() + array.tobytes())
    return found.hexdigest()[:DIGITS]


class Log(SchedulerPlugin):
    """Tasks that were done, by their names without numbers, and kills a worker after some."""

    name = "log"

    def __init__(self, kill=None, after=0):
        self.done, self._kill, self._after = Counter(), kill, after

    def transition(self, key, start, finish, *args, **kwargs):
        """Note a task that is done."""
        if (start, finish) == ("processing", "memory"):
            self.done[str(key)] += 1
            if self._kill is not None and sum(self.done.values()) >= self._after:
                kill, self._kill = self._kill, None
                threading.Thread(target=kill).start()

    @property
    def again(self):
        """What was done more than once, as words with how often."""
        found = Counter()
        for key, times in self.done.items():
            found[kind(key)] += times - 1
        return "; ".join(f"{n} {name}" for name, n in sorted(found.items()) if n)


def kind(key):
    """The name of a task without what tells it from its like."""
    return re.split(r"-(?=[0-9a-f]*\d)|,|\(", key.strip("(' "))[0].strip("' ")


def here(make, scheduler):
    """A row of the table without its model: by a scheduler of this process."""
    with dask.config.set(scheduler=scheduler):
        return scheduler, digest(make().fit(table())), "", ""


def on_cluster(make, n_workers, kills=False, n_tasks=0):
    """The same on a cluster, of which a worker is killed after half of all tasks."""
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        pids = client.run(os.getpid)

        def kill():
            with contextlib.suppress(ProcessLookupError):
                os.kill(min(pids.values()), signal.SIGKILL)

        log = Log(kill if kills else None, n_tasks // 2)
        cluster.scheduler.add_plugin(log)
        found = digest(make().fit(table().persist()))
        who = f"{n_workers} processes" + (", one killed" if kills else "")
        return who, found, len(log.done), log.again


def rows():
    """Rows of the table."""
    for name, make in MODELS.items():
        for scheduler in ("synchronous", "threads"):
            yield name, *here(make, scheduler)
        n_tasks = 0
        for n_workers in (1, 2, 4):
            found = on_cluster(make, n_workers)
            n_tasks = found[2] if n_workers == 2 else n_tasks
            yield name, *found
        yield name, *on_cluster(make, 2, True, n_tasks)


def main():
    """Write the table, and say whether all bits are the same."""
    found = []
    with FILE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for row in rows():
            writer.writerow(row)
            file.flush()
            print(*row, sep=", ", flush=True)
            found.append(row[:3:2])
    differ = [name for name in MODELS if len({row for row in found if row[0] == name}) > 1]
    print(f"models of which bits differ: {', '.join(differ) or 'none'}")


if __name__ == "__main__":
    main()
