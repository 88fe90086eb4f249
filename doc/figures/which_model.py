"""Likelihood against seconds of models with hidden binary units, drawn by the plot directive."""

import csv
import pathlib

import matplotlib.pyplot as plt

RESULTS = pathlib.Path("../../benchmarks/results")  # from here, where the directive runs it
LOOKS = {
    "Helmholtz machine": ("#4c72b0", "o"),
    "Helmholtz machine, two layers": ("#4c72b0", "s"),
    "autoregressive machine": ("#55a868", "o"),
    "sigmoid belief net": ("#8172b3", "o"),
    "RBM": ("#c44e52", "o"),
    "deep belief net": ("#dd8452", "s"),
    "deep Boltzmann machine": ("#937860", "s"),
}


def read(name):
    """Rows of a table of the benchmark."""
    with (RESULTS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def draw(axes, rows, tested):
    """Validation scores of all fits of a set, small, and test scores of what was chosen."""
    for model, (colour, marker) in LOOKS.items():
        own = [row for row in rows if row["model"] == model]
        seconds = [float(row["cpu_seconds"]) for row in own]
        axes.scatter(
            seconds, [float(row["valid"]) for row in own], s=14, color=colour, marker=marker,
            alpha=0.35,
        )  # fmt: skip
        chosen = [row for row in tested if row["model"] == model]
        axes.scatter(
            [float(row["cpu_seconds"]) for row in chosen], [float(row["test"]) for row in chosen],
            s=60, color=colour, marker=marker, edgecolor="black", linewidth=0.8, label=model,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks([3, 10, 30, 100], ["3", "10", "30", "100"])
    axes.minorticks_off()
    axes.grid(color="0.9")


def chart():
    """A panel for each set."""
    rows, tested = read("which_model_choices.csv"), read("which_model.csv")
    sets = list(dict.fromkeys(row["set"] for row in tested))
    n_lines = -(-len(sets) // 2)
    figure, panels = plt.subplots(
        n_lines, 2, figsize=(10, 0.6 + 3.9 * n_lines), layout="constrained", squeeze=False
    )
    for axes in panels.flat[len(sets) :]:
        axes.axis("off")
    for axes, name in zip(panels.flat, sets, strict=False):
        draw(axes, [r for r in rows if r["set"] == name], [r for r in tested if r["set"] == name])
        axes.set_title(name)
    for axes in panels[-1]:
        axes.set_xlabel("CPU seconds of a fit")
    for axes in panels[:, 0]:
        axes.set_ylabel("log-likelihood, nats per row")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
