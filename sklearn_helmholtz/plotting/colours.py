"""Colours that go with light and dark Axes, and that colour-blind people can tell apart."""

import numpy as np

# Okabe & Ito (2008), Color universal design, without black and without what is pale on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear red, green and blue (BT.709)
_MIDDLE = 0.18  # black and white have the same contrast with it (WCAG 2)


def ink(ax):
    """The colour that the style of some Axes has for text."""
    return ax.title.get_color()


def paper(ax):
    """The colour behind some Axes: their own, or of the figure where they have none."""
    own = ax.get_facecolor()
    return own if own[3] > 0 else ax.figure.get_facecolor()


def luminance(colours):
    """Relative luminance of colours (..., 3 or 4), from 0 to 1 (WCAG 2)."""
    shares = np.asarray(colours, dtype=np.float64)[..., :3]
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return linear @ _LUMINANCE


def is_dark(colours):
    """Whether white is easier to read on colours than black."""
    return luminance(colours) < _MIDDLE


def diverging(ax):
    """The name of a colour map from blue to red, whose middle is about as light as the paper."""
    return "berlin" if is_dark(paper(ax)) else "RdBu_r"


def legible(backgrounds, *choices):
    """The one of some colours that has the highest contrast with each background (WCAG 2).

    backgrounds : (..., 4); choices : colours of matplotlib; returns an array (..., 4).
    """
    from matplotlib.colors import to_rgba_array

    choices = to_rgba_array(choices)
    ours, theirs = luminance(choices) + 0.05, luminance(backgrounds)[..., None] + 0.05
    contrast = np.maximum(ours, theirs) / np.minimum(ours, theirs)
    return choices[contrast.argmax(axis=-1)]
