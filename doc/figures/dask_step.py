"""Picture of the tasks of one step of a fit to a collection, as a client has submitted them."""

from dataclasses import dataclass, field

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client, Future, LocalCluster

from sklearn_helmholtz import HelmholtzMachine

WORKERS, CLIENT = ("#4c72b0", "#dd8452"), "0.35"
N_CHUNKS, ACROSS = 8, 1.3


@dataclass
class Recorder:
    """Tasks of a fit: their keys, what they depend on, and where they are wished to be."""

    tasks: dict = field(default_factory=dict)
    homes: dict = field(default_factory=dict)

    def watch(self, client):
        """Note all that a client submits or computes from now on."""
        mapped, compute = client.map, client.compute

        def map_of_tasks(function, *iterables, key, **kwargs):
            for name, *args in zip(key, *iterables, strict=True):
                chunks = [own for own in args[-1] if isinstance(own, Future)]
                self.tasks[name] = [own.key for own in chunks]
                self.homes[name] = self.homes[chunks[0].key]
            return mapped(function, *iterables, key=key, **kwargs)

        def computed(task, workers=None, **kwargs):
            future = compute(task, workers=workers, **kwargs)
            self.homes[future.key] = workers
            return future

        client.map, client.compute = map_of_tasks, computed


def recorded():
    """The `Recorder` of a fit by two workers of two threads to a table of eight chunks."""
    X = np.random.default_rng(0).random((800, 12)) < 0.3
    recorder = Recorder()
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        recorder.watch(client)
        machine = HelmholtzMachine(4, batch_size=400, max_iter=1, random_state=0)
        machine.fit(da.from_array(X, chunks=(100, -1)))
    return recorder


def step():
    """Chunks, the tasks that read them, and what the client makes of their results."""
    recorder = recorded()
    tasks = {key: needs for key, needs in recorder.tasks.items() if key.startswith("gradient-1-")}
    workers = sorted({home[0] for home in recorder.homes.values() if home})
    _, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
    ax.set(xlim=(-0.8, 9.9), ylim=(-0.75, 5.2))
    ax.set_axis_off()
    chunk = 0
    for key in sorted(tasks, key=lambda key: int(key.split("-")[2])):
        chunks = tasks[key]
        colour = WORKERS[workers.index(recorder.homes[key][0])]
        middle = ACROSS * (chunk + (len(chunks) - 1) / 2)
        for place, name in enumerate(chunks):
            assert recorder.homes[name] == recorder.homes[key]
            x = ACROSS * (chunk + place)
            box(ax, x, 0, f"chunk {chunk + place}", colour, face="white")
            arrow(ax, (x, 0.3), (middle, 1.2), colour)
        names = f"gradients of\n{len(chunks)} pieces, added"
        box(ax, middle, 1.55, names, colour)
        arrow(ax, (middle, 1.95), (4.55, 2.95), CLIENT)
        ax.text((middle + 4.55) / 2, 2.5, "1 vector", fontsize=7, color=CLIENT, ha="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
        chunk += len(chunks)
    box(ax, 4.55, 3.3, "client: adds them, two by two; moves the parameters", CLIENT)
    box(ax, 4.55, 4.6, "parameters of the next step, to each task", CLIENT, face="white")
    arrow(ax, (4.55, 3.62), (4.55, 4.28), CLIENT)
    for number, colour in enumerate(WORKERS):
        x = ACROSS * (N_CHUNKS // 2 * number + 1.5)
        ax.text(x, -0.6, f"worker {number + 1}, two threads", color=colour, ha="center")


def box(ax, x, y, text, colour, face=None):
    """A task, or what is held."""
    style = {"boxstyle": "round,pad=0.4", "facecolor": face or colour, "edgecolor": colour}
    ink = colour if face else "white"
    ax.text(x, y, text, ha="center", va="center", fontsize=8, color=ink, bbox=style)


def arrow(ax, start, end, colour):
    """What is handed on."""
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.1})
