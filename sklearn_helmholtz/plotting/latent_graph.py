"""Hidden units and columns as a graph, with the strongest weights as its edges."""

from itertools import pairwise

import numpy as np

from . import checks
from .canvas import axes_or_new
from .colours import diverging, ink, paper
from .graph_layout import kept_nodes, node_places, strongest_edges
from .names import names_of, shortened, text_width, wrapped
from .weights import comparable_weights

_THINNEST, _THICKEST = 0.8, 4.0  # points
_PALE = 0.25  # of a colour map, on each side of its middle, is too near to the paper for lines


class LatentGraphDisplay:
    """Hidden units and columns as a graph: which units drive which columns.

    Columns are at the bottom, in the order of the table, and hidden layers above. Of each unit the
    strongest weights down to the layer below are drawn: red ones add, blue ones take away, and the
    stronger, the wider. Units stand above what they drive. Where there are too many, the units with
    the largest weights are drawn, and the columns with the largest weight of any of those.
    Weights within a layer (``generative_lateral_coefs_``) are not drawn.

    Parameters
    ----------
    weights : list of array-like of shape (n_units[l + 1], n_units[l])
        Weights from each layer down to the one below, from the columns upward, as
        ``generative_coefs_``.

    feature_names : list of str, default=None
        Names of the columns; None means x0, x1, ...

    unit_names : list of list of str, default=None
        Names of the units of each hidden layer, from the data upward; None means their numbers.

    label : str, default="weight"
        What the numbers are, for the colour bar.

    Attributes
    ----------
    edges_ : list of tuple
        The edges drawn, ``(layer, unit, below, weight)``: the hidden layer, from 1, and the numbers
        of its unit and of what is driven in the layer below.

    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    lines_ : matplotlib LineCollection
        The lines, in the order of ``edges_``, the strongest last.

    unit_texts_ : dict of (int, int) to matplotlib Text
        The names of the units by layer and number.

    colorbar_ : matplotlib Colorbar
        The colour bar.

    See Also
    --------
    LoadingsDisplay : All weights of a single layer in numbers.
    ReceptiveFieldsDisplay : The weights of images.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import HelmholtzMachine
    >>> from sklearn_helmholtz.plotting import LatentGraphDisplay
    >>> data = load_wine(as_frame=True)
    >>> machine = HelmholtzMachine((6, 2), max_iter=20, random_state=0).fit(data.data)
    >>> display = LatentGraphDisplay.from_estimator(machine, n_strongest=2)
    >>> len(display.edges_)
    16
    >>> display.ax_.get_xticklabels()[0].get_text()
    'alcohol'
    """

    def __init__(self, weights, *, feature_names=None, unit_names=None, label="weight"):
        self.weights = _checked_weights(weights)
        n_columns = self.weights[0].shape[1]
        numbered = [f"x{number}" for number in range(n_columns)]
        self.feature_names = names_of("feature_names", feature_names, n_columns, numbered)
        sizes = [len(layer) for layer in self.weights]
        if unit_names is None:
            unit_names = [None] * len(sizes)
        if len(unit_names) != len(sizes):
            raise ValueError(
                f"unit_names must hold a list for each of {len(sizes)} hidden layers, got "
                f"{len(unit_names)}."
            )
        self.unit_names = [
            names_of(f"unit_names[{layer}]", names, n, range(n))
            for layer, (names, n) in enumerate(zip(unit_names, sizes, strict=True))
        ]
        self.label = label

    @classmethod
    def from_estimator(
        cls, estimator, *, feature_names=None, unit_names=None, n_strongest=3, max_units=12,
        max_columns=30, ax=None, **kwargs,
    ):  # fmt: skip
        """Draw the graph of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator with ``generative_coefs_``, ``decoder_coefs_`` or ``components_``, or
            a `DeepBoltzmannMachine`. Weights on Gaussian visible units are divided by the standard
            deviations of their noise, and loadings of factor models are standardised, so that
            columns of different units compare.

        feature_names : list of str, default=None
            Names of the columns; None means those the estimator was fitted to, and for mixed tables
            ``input_names_``, of which a column may have several.

        unit_names : list of list of str, default=None
            Names of the units of each hidden layer; None means their numbers.

        n_strongest : int, default=3
            The most weights to draw of each unit.

        max_units : int, default=12
            The most units of each layer.

        max_columns : int, default=30
            The most columns.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : LatentGraphDisplay
            The display.
        """
        weights, names, label = comparable_weights(estimator)
        names = names if feature_names is None else feature_names
        display = cls(weights, feature_names=names, unit_names=unit_names, label=label)
        sizes = {"n_strongest": n_strongest, "max_units": max_units, "max_columns": max_columns}
        return display.plot(ax, **sizes, **kwargs)

    def plot(self, ax=None, *, n_strongest=3, max_units=12, max_columns=30, **kwargs):
        """Draw the graph.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        n_strongest : int, default=3
            The most weights to draw of each unit.

        max_units : int, default=12
            The most units of each layer.

        max_columns : int, default=30
            The most columns.

        **kwargs : dict
            Passed to `matplotlib.collections.LineCollection`.

        Returns
        -------
        display : LatentGraphDisplay
            The display itself.
        """
        checks.check_axes(ax)
        n_strongest = checks.count("n_strongest", n_strongest)
        kept = kept_nodes(
            self.weights, checks.count("max_units", max_units),
            checks.count("max_columns", max_columns),
        )  # fmt: skip
        edges = strongest_edges(self.weights, kept, n_strongest)
        self.edges_ = sorted(edges, key=lambda edge: abs(edge[3]))
        places = node_places(self.edges_, kept)
        ax = axes_or_new(ax, self._figure_size(kept))
        self.lines_ = ax.add_collection(self._lines(ax, places, kwargs))
        self.colorbar_ = ax.figure.colorbar(self.lines_, ax=ax, label=self.label, shrink=0.8)
        self._name_columns(ax, kept, places)
        self._name_units(ax, kept, places)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _figure_size(self, kept):
        """Width and height in inches that have room for the names."""
        width = max(0.28 * len(kept[0]), *(0.45 * len(layer) for layer in kept[1:]), 3.5)
        longest = max(len(shortened(self.feature_names[column])) for column in kept[0])
        return 2.8 + width, 0.8 + 1.6 * len(self.weights) + 0.08 * longest

    def _lines(self, ax, places, kwargs):
        """The edges as a LineCollection."""
        from matplotlib.collections import LineCollection

        paths = [
            [(places[layer][unit], layer), (places[layer - 1][below], layer - 1)]
            for layer, unit, below, _ in self.edges_
        ]
        weights = np.array([weight for *_, weight in self.edges_])
        limit = np.abs(weights).max(initial=0) or 1.0
        widths = _THINNEST + (_THICKEST - _THINNEST) * np.abs(weights) / limit
        style = {"linewidths": widths, "cmap": _without_pale(diverging(ax)), "zorder": 1}
        lines = LineCollection(paths, array=weights, **style | kwargs)
        if "norm" not in kwargs:
            lines.set_clim(-limit, limit)
        return lines

    def _name_columns(self, ax, kept, places):
        """Write the names of columns below, and those of layers at the left."""
        names = [shortened(self.feature_names[column]) for column in kept[0]]
        ax.set_xticks([places[0][column] for column in kept[0]], names, rotation=90)
        layers = ["columns", *(f"hidden layer {n}" for n in range(1, len(kept)))]
        sizes = [len(self.feature_names), *map(len, self.weights)]
        labels = [
            layer if len(shown) == size else f"{layer}\n({len(shown)} of {size})"
            for layer, shown, size in zip(layers, kept, sizes, strict=True)
        ]
        ax.set_yticks(range(len(kept)), labels)
        ax.set(xlim=(0, 1), ylim=(-0.05, len(kept) - 0.75))
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)

    def _name_units(self, ax, kept, places):
        """Write the names of units in boxes, upright where they have no room."""
        box = {"boxstyle": "round", "facecolor": paper(ax), "edgecolor": ink(ax)}
        style = {"ha": "center", "va": "center", "fontsize": "small", "bbox": box}
        self.unit_texts_ = {}
        for layer, units in enumerate(kept[1:], 1):
            for unit in units:
                name = wrapped(self.unit_names[layer - 1][unit], 14)
                text = ax.text(places[layer][unit], layer, name, **style)
                self.unit_texts_[layer, int(unit)] = text
        root = ax.get_figure(root=True)
        root.draw_without_rendering()
        width = ax.get_window_extent().width * 72 / root.dpi
        for layer, units in enumerate(kept[1:], 1):
            texts = [self.unit_texts_[layer, unit] for unit in units]
            if 1.2 * max(map(text_width, texts)) > width / len(units):
                for text in texts:
                    text.set_rotation(90)


def _checked_weights(given):
    """Weights of layers that fit on each other, or a ValueError."""
    weights = [checks.matrix(f"weights[{layer}]", layer_weights)
               for layer, layer_weights in enumerate(given)]  # fmt: skip
    if not weights:
        raise ValueError("weights must hold a matrix for each hidden layer, got none.")
    for layer, (below, above) in enumerate(pairwise(weights), 1):
        if above.shape[1] != len(below):
            raise ValueError(
                f"weights[{layer}] must have {len(below)} columns, the units of the layer below, "
                f"got {above.shape[1]}."
            )
    return weights


def _without_pale(name):
    """A diverging colour map without its middle, which is hard to see as lines."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    half = np.linspace(0, 0.5 - _PALE, 128)
    return ListedColormap(colormaps[name](np.concatenate([half, 1 - half[::-1]])), f"{name}_lines")
