"""Pictures of the two chains, drawn by the plot directive: one function, one picture."""

import matplotlib.pyplot as plt
import numpy as np

SIZES = (6, 4, 2)  # units of x, h_1, h_2
NAMES = ("$x$", "$h_1$", "$h_2$")
GENERATION, RECOGNITION, IDLE = "#c44e52", "#4c72b0", "#bbbbbb"
LEVEL = 1.5


def places(layer, left=0.0, width=5.0):
    """Positions of the units of a layer, (n_units, 2)."""
    across = left + width * (np.arange(SIZES[layer]) + 0.5) / SIZES[layer]
    return np.column_stack([across, np.full(SIZES[layer], LEVEL * layer)])


def draw_units(ax, layer, states, colour, left=0.0):
    """Filled circles for units that are on, open ones for units that are off."""
    for (x, y), on in zip(places(layer, left), states, strict=True):
        face = colour if on else "white"
        ax.add_patch(plt.Circle((x, y), 0.22, facecolor=face, edgecolor=colour, lw=1.6, zorder=3))


def draw_arrows(ax, low, up, colour, left=0.0, style="-", width=2.2):
    """One broad arrow between the middles of layer ``low`` and the next one."""
    middle, start, stop = left + 2.5, LEVEL * low + 0.36, LEVEL * (low + 1) - 0.36
    ends = (start, stop) if up else (stop, start)
    shift = 0.25 if up else -0.25
    ax.annotate(
        "",
        (middle + shift, ends[1]),
        (middle + shift, ends[0]),
        arrowprops={"arrowstyle": "-|>", "color": colour, "lw": width, "linestyle": style},
    )


def blank(width, height, xlim, ylim):
    """A figure without axes, in equal units."""
    _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    ax.set(xlim=xlim, ylim=ylim, aspect="equal")
    ax.set_axis_off()
    return ax


def chains():
    """The generative chain and the recognition chain side by side."""
    ax = blank(7, 2.7, (-0.9, 12.6), (-0.5, 4.1))
    for left, up, colour, title in (
        (0, False, GENERATION, "generation"),
        (7.2, True, RECOGNITION, "recognition"),
    ):
        for layer in range(3):
            draw_units(ax, layer, np.zeros(SIZES[layer]), colour, left)
            ax.text(left - 0.5, LEVEL * layer, NAMES[layer], ha="center", va="center")
        for low in range(2):
            draw_arrows(ax, low, up, colour, left)
        ax.text(left + 2.5, 3.75, title, ha="center", color=colour)
    below = ("$p(x\\mid h_1)$", "$p(h_1\\mid h_2)$")
    above = ("$q(h_1\\mid x)$", "$q(h_2\\mid h_1)$")
    for low in range(2):
        ax.text(2.6, LEVEL * (low + 0.5), below[low], va="center", fontsize=9)
        ax.text(10.25, LEVEL * (low + 0.5), above[low], va="center", fontsize=9)


def generation():
    """The generative chain with the states of one dream."""
    states = ([1, 1, 0, 0, 1, 0], [1, 0, 0, 1], [0, 1])
    notes = (
        "data, drawn last: $p(x\\mid h_1)$",
        "$p(h_1\\mid h_2)$",
        "causes, drawn first: $p(h_2)$",
    )
    ax = blank(6.4, 2.7, (-2.2, 10.6), (-0.5, 3.7))
    for layer in range(3):
        draw_units(ax, layer, states[layer], GENERATION)
        ax.text(-0.5, LEVEL * layer, NAMES[layer], ha="center", va="center")
        ax.text(5.4, LEVEL * layer, notes[layer], va="center", color=GENERATION, fontsize=9)
    for low in range(2):
        draw_arrows(ax, low, False, GENERATION)


def phase(up, first, learns, title):
    """One phase: states are sampled along one chain, the other one learns."""
    sampling, learning = (RECOGNITION, GENERATION) if up else (GENERATION, RECOGNITION)
    states = ([1, 1, 0, 0, 1, 0], [1, 0, 0, 1], [0, 1])
    ax = blank(6.4, 2.9, (-2.2, 9.6), (-0.5, 4.3))
    for layer in range(3):
        draw_units(ax, layer, states[layer], sampling)
        ax.text(-0.5, LEVEL * layer, NAMES[layer], ha="center", va="center")
    for low in range(2):
        draw_arrows(ax, low, up, sampling)
        draw_arrows(ax, low, not up, learning, style=(0, (2, 1.5)), width=1.8)
    ax.text(2.5, 4.0, title, ha="center", fontsize=11)
    ax.text(5.6, LEVEL * 2, first[0], va="center", color=sampling, fontsize=9)
    ax.text(5.6, LEVEL, learns, va="center", color=learning, fontsize=9)
    ax.text(5.6, 0, first[1], va="center", color=sampling, fontsize=9)


def wake():
    """The wake phase."""
    phase(
        True,
        ("… and guesses causes (sampled)", "starts from a row of data …"),
        "generation learns to make\neach layer from the one above",
        "Wake: recognition acts, generation learns",
    )


def sleep():
    """The sleep phase."""
    phase(
        False,
        ("starts from the prior …", "… and dreams a row (sampled)"),
        "recognition learns to guess\neach layer from the one below",
        "Sleep: generation acts, recognition learns",
    )


def particles():
    """Several explanations of one row, and their weights."""
    states = ([1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 1], [0, 1, 0, 0])
    weights = np.array([0.52, 0.08, 0.27, 0.1, 0.03])
    ax = blank(7, 3.3, (-1.7, 14.6), (-3.0, 4.1))
    row = [1, 1, 0, 0, 1, 0]
    for i, on in enumerate(row):
        face = "0.25" if on else "white"
        centre = (4.4 + 0.75 * i, -2.4)
        ax.add_patch(plt.Circle(centre, 0.25, facecolor=face, edgecolor="0.25", lw=1.6))
    ax.text(3.2, -2.4, "$x$", ha="center", va="center")
    for k, (state, weight) in enumerate(zip(states, weights, strict=True)):
        left = 2.85 * k
        for i, on in enumerate(state):
            face = RECOGNITION if on else "white"
            centre = (left + 0.6 * i, 0.4)
            ax.add_patch(plt.Circle(centre, 0.22, facecolor=face, edgecolor=RECOGNITION, lw=1.4))
        ax.annotate(
            "",
            (left + 0.9, 0.0),
            (6.3, -2.0),
            arrowprops={"arrowstyle": "-|>", "color": RECOGNITION, "lw": 1.2},
        )
        ax.add_patch(plt.Rectangle((left + 0.3, 1.1), 1.2, 4 * weight, color=GENERATION))
        ax.text(left + 0.9, 1.2 + 4 * weight, f"$w_{k + 1}={weight:.2f}$", ha="center", fontsize=8)
    ax.text(-0.6, 0.4, "$h$", ha="center", va="center")
    ax.text(-0.6, 1.6, "$w$", ha="center", va="center")
    ax.text(
        6.3,
        3.9,
        "weights: how much better than guessed, relative to each other",
        ha="center",
        fontsize=10,
    )


def bounds():
    """The expected importance-weighted bound of one row against the number of particles."""
    rng = np.random.default_rng(0)
    log_p = np.log(rng.dirichlet(np.full(16, 0.5)))
    log_q = np.log(rng.dirichlet(np.full(16, 3.0)))
    counts = [1, 2, 5, 10, 20, 50, 100]
    drawn = rng.choice(16, p=np.exp(log_q), size=(20_000, 100))
    ratio = np.exp(log_p - log_q)[drawn]
    mean = [np.log(ratio[:, :k].mean(axis=1)).mean() for k in counts]
    _, ax = plt.subplots(figsize=(5.4, 2.9), layout="constrained")
    ax.axhline(0, color="k", lw=1, label=r"$\log p(x)$")
    ax.plot(counts, mean, "o-", color=GENERATION, label="expected bound")
    ax.text(1.15, mean[0], "$-F(x)$", va="center")
    ax.set(xscale="log", xlabel="particles $K$", ylabel=r"nats below $\log p(x)$")
    ax.set_xticks(counts, counts)
    ax.minorticks_off()
    ax.legend()


def tables():
    """Four state bits choose one of the 16 sums of four rows of the matrix."""
    ax = blank(7, 3.2, (-0.6, 15.2), (-1.3, 5.6))
    bits = [1, 0, 1, 1]
    for i, on in enumerate(bits):
        face = RECOGNITION if on else "white"
        ax.add_patch(plt.Circle((0.3, 4.2 - i), 0.3, facecolor=face, edgecolor=RECOGNITION, lw=1.5))
        ax.text(0.3, 4.2 - i, str(on), ha="center", va="center", color="white" if on else "0.3")
        ax.text(1.5, 4.2 - i, f"$w_{i}$", va="center", alpha=1 if on else 0.35)
        for j in range(6):
            alpha = 0.75 if on else 0.15
            place = (2.2 + 0.5 * j, 3.95 - i)
            ax.add_patch(plt.Rectangle(place, 0.46, 0.5, color=GENERATION, alpha=alpha))
    ax.text(0.3, 5.1, "states", ha="center", fontsize=9)
    ax.text(3.7, 5.1, "4 rows of the matrix", ha="center", fontsize=9)
    ax.text(0.3, 0.1, "code\n1 + 4 + 8 = 13", ha="left", va="center", fontsize=9)
    ax.text(8.7, 5.1, "table of 16 sums", ha="center", fontsize=9)
    sums = {0: "0", 1: "$w_0$", 2: "$w_1$", 3: "$w_0+w_1$", 4: "$w_2$", 13: "$w_0+w_2+w_3$"}
    sums |= {15: "$w_0+w_1+w_2+w_3$"}
    y, last = 4.7, -1
    for code, label in sums.items():
        if code != last + 1:
            ax.text(8.0, y - 0.3, "…", ha="center", va="center")
            y -= 0.6
        chosen = code == 13
        colour = GENERATION if chosen else "0.85"
        ax.add_patch(plt.Rectangle((7.0, y - 0.55), 3.6, 0.5, color=colour, alpha=0.75))
        ax.text(6.8, y - 0.3, str(code), ha="right", va="center", fontsize=8)
        ax.text(8.8, y - 0.3, label, ha="center", va="center", fontsize=8)
        if chosen:
            ax.annotate(
                "",
                (12.1, y - 0.3),
                (10.7, y - 0.3),
                arrowprops={"arrowstyle": "-|>", "color": GENERATION, "lw": 1.6},
            )
            ax.text(12.2, y - 0.3, "add this row\nto the sum", va="center", fontsize=9)
            ax.annotate(
                "",
                (6.4, y - 0.3),
                (3.6, 0.1),
                arrowprops={"arrowstyle": "-|>", "color": RECOGNITION, "lw": 1.6},
            )
        y, last = y - 0.6, code
