"""Names of columns, factors and models: checked, and short enough to be drawn."""

import textwrap


def names_of(parameter, names, n, fallback):
    """Names as a list of n strings, or a ValueError; fallback : what they are if None is given."""
    if names is None:
        return [str(name) for name in fallback]
    names = [names] if isinstance(names, str) else [str(name) for name in names]
    if len(names) != n:
        raise ValueError(f"{parameter} must hold {n} names, got {len(names)}.")
    return names


def shortened(name, most=24):
    """A name of at most so many characters, of which the middle is left out where it has more."""
    name = " ".join(name.split())
    if len(name) > most:
        end = (most - 1) // 3
        name = f"{name[: most - 1 - end]}…{name[-end:]}"
    return name.replace("$", r"\$")  # which would begin a formula


def wrapped(name, width=30):
    """A name on at most two lines."""
    return "\n".join(textwrap.wrap(shortened(name, 2 * width - 6), width) or [""])


def turn_tick_labels(ax):
    """Turn the names below or above Axes upright where they have no room side by side."""
    root, labels = ax.get_figure(root=True), ax.get_xticklabels()
    root.draw_without_rendering()
    slot = ax.get_window_extent().width * 72 / root.dpi / len(labels)
    if max(map(text_width, labels)) > slot:
        ax.tick_params(axis="x", labelrotation=90)


def text_width(text):
    """The width of a drawn text in points, and that of a letter more."""
    figure = text.get_figure(root=True)
    return text.get_window_extent().width * 72 / figure.dpi + text.get_fontsize() / 2
