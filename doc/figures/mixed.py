"""Pictures of columns on a logistic scale, drawn by the plot directive."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit

from sklearn_helmholtz.columns import Ordered

INPUTS = {"0, 0": (0.0, 0.0), "1.5, 0": (1.5, 0.0), "0, -1": (0.0, -1.0)}
COLOURS = ("0.45", "#c44e52", "#4c72b0")


def days():
    """Days of exercise in a month, by many people's reckoning, and the column fitted to them."""
    rng = np.random.default_rng(0)
    n = 20_000
    exact = rng.poisson(rng.gamma(2.5, 1.6, n))
    rounded = np.where(rng.random(n) < 0.35, 5 * np.round(exact / 5), exact)
    values = np.where(rng.random(n) < 0.2, 0, rounded).clip(0, 15)
    return Ordered.fit_counts(values, np.ones(n))


def cells():
    """A column under three pairs of inputs, as values and on the logistic scale."""
    column, there = days(), np.arange(0, 16.0)
    _, axes = plt.subplot_mosaic(
        [["0, 0", "scale"], ["1.5, 0", "scale"], ["0, -1", "scale"]], figsize=(9, 3.8),
        layout="constrained",
    )  # fmt: skip
    right = axes["scale"]
    low, high, _ = column.marginal.cells(there)
    for a, b, value in zip(low, high, there, strict=True):
        right.axvspan(max(a, -6), b, color="0.93" if value % 2 else "0.85", lw=0, zorder=0)
        if value <= 10:
            right.text((max(a, -5) + b) / 2, 0.74, f"{value:g}", ha="center", fontsize=8)
    z = np.linspace(-6, 6, 400)
    for (name, eta), colour in zip(INPUTS.items(), COLOURS, strict=True):
        p = np.exp(column.log_prob(there, np.broadcast_to(eta, (len(there), 2))))
        axes[name].bar(there, p, 0.8, color=colour)
        axes[name].set(xticks=range(0, 16, 5), yticks=[0, 0.2], xlim=(-0.6, 15.6), ylim=(0, 0.38))
        axes[name].text(14.9, 0.25, rf"$\mu, \log s$ = {name}", ha="right", color=colour)
        below = expit((z - eta[0]) / np.exp(eta[1]))
        right.plot(z, below * (1 - below) / np.exp(eta[1]), color=colour)
    axes["0, -1"].set(xlabel="days of exercise in a month")
    axes["1.5, 0"].set(ylabel="probability")
    right.set(
        xlabel="logistic scale, and cells of values", ylabel="density", xlim=(-6, 6), ylim=(0, 0.78)
    )
