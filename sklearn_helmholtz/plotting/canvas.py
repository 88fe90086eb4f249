"""Axes to draw in: those given, or new ones in a figure of their own."""


def axes_or_new(ax, figsize):
    """The Axes given, or those of a new figure of a size in inches."""
    if ax is not None:
        return ax
    return pyplot().subplots(figsize=figsize, layout="constrained")[1]


def line_style(kwargs):
    """Keyword arguments of a line by their full names, as those given are to replace others."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(kwargs, Line2D)


def pyplot():
    """The module `matplotlib.pyplot`, imported where it is needed."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Plotting needs matplotlib: pip install 'sklearn-helmholtz[plotting]'."
        ) from error
    return plt
