"""Loadings of features on factors as a heat map with its numbers."""

import numpy as np

from . import checks
from .canvas import axes_or_new
from .colours import diverging, ink, legible, paper
from .names import names_of, shortened, turn_tick_labels
from .weights import STANDARDISED, comparable_weights

_FAINT = 0.3  # of a standardised loading: less than a tenth of the variance
_SMALLEST = 4.0  # points: smaller numbers cannot be read
_CELL = 0.24, 0.6  # height and width in inches, in a figure of its own


class LoadingsDisplay:
    """Loadings of features on factors, as a heat map with the numbers printed.

    Red loads positively and blue negatively, and zero has the colour of the paper.

    Parameters
    ----------
    loadings : array-like of shape (n_features, n_factors)
        The loadings.

    feature_names : list of str, default=None
        Names of the features; None means x0, x1, ...

    factor_names : list of str, default=None
        Names of the factors; None means factor 1, factor 2, ...

    label : str, default="loading"
        What the numbers are, for the colour bar.

    limit : float, default=None
        The size at which colours are deepest; None means the largest of the loadings.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    image_ : matplotlib AxesImage
        The heat map.

    texts_ : ndarray of shape (n_features, n_factors) or None
        The printed numbers, matplotlib Text each; None where cells are too small for them.

    order_ : ndarray of shape (n_features,)
        The numbers of the features, as they were drawn from the top.

    colorbar_ : matplotlib Colorbar
        The colour bar.

    See Also
    --------
    ScreeDisplay : Eigenvalues, by which the number of factors is chosen.
    LatentGraphDisplay : The strongest weights of hidden units as a graph.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import FactorAnalysis
    >>> from sklearn_helmholtz.plotting import LoadingsDisplay
    >>> data = load_wine()
    >>> model = FactorAnalysis(3, rotation="varimax").fit(data.data)
    >>> display = LoadingsDisplay.from_estimator(
    ...     model, feature_names=data.feature_names, sort=True)
    >>> display.loadings.shape
    (13, 3)
    >>> display.ax_.get_yticklabels()[0].get_text()
    'flavanoids'
    """

    def __init__(
        self, loadings, *, feature_names=None, factor_names=None, label="loading", limit=None
    ):
        self.loadings = checks.matrix("loadings", loadings)
        n_features, n_factors = self.loadings.shape
        features = [f"x{number}" for number in range(n_features)]
        factors = [f"factor {number}" for number in range(1, n_factors + 1)]
        self.feature_names = names_of("feature_names", feature_names, n_features, features)
        self.factor_names = names_of("factor_names", factor_names, n_factors, factors)
        self.label, self.limit = label, checks.size("limit", limit)

    @classmethod
    def from_estimator(
        cls, estimator, *, feature_names=None, factor_names=None, sort=False, faint_below=None,
        ax=None, **kwargs,
    ):  # fmt: skip
        """Draw the loadings of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted `FactorAnalysis`, also that of scikit-learn, whose loadings are standardised:
            they are of features divided by their standard deviations under the model. Of any other
            estimator with ``components_`` these are drawn as they are.

        feature_names : list of str, default=None
            Names of the features; None means those the estimator was fitted to, if any.

        factor_names : list of str, default=None
            Names of the factors; None means factor 1, factor 2, ...

        sort : bool, default=False
            See `plot`.

        faint_below : float, default=None
            See `plot`.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : LoadingsDisplay
            The display.
        """
        checks.check_estimator(estimator, ["components_"])
        (weights, *_), names, label = comparable_weights(estimator)
        checks.check_axes(ax)
        options = {"factor_names": factor_names, "label": label}
        if label == STANDARDISED:
            options["limit"] = max(1.0, np.abs(weights).max())
        options["feature_names"] = names if feature_names is None else feature_names
        display = cls(weights.T, **options)
        return display.plot(ax, sort=sort, faint_below=faint_below, **kwargs)

    def plot(self, ax=None, *, sort=False, faint_below=None, **kwargs):
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        sort : bool, default=False
            Whether features are grouped by the factor that they load on most, and sorted by the
            size of that loading.

        faint_below : float, default=None
            Size below which numbers are faint; None means 0.3 of ``limit``.

        **kwargs : dict
            Passed to `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : LoadingsDisplay
            The display itself.
        """
        checks.check_axes(ax)
        faint_below = checks.size("faint_below", faint_below)
        limit = float(self.limit or np.abs(self.loadings).max() or 1)
        faint_below = _FAINT * limit if faint_below is None else faint_below
        factors = [shortened(name) for name in self.factor_names]
        features = [shortened(name) for name in self.feature_names]
        ax = axes_or_new(ax, _figure_size(features, factors))
        self.order_ = _order(self.loadings) if sort else np.arange(len(features))
        style = {"cmap": diverging(ax), "vmin": -limit, "vmax": limit, "aspect": "auto"}
        values = self.loadings[self.order_]
        self.image_ = ax.imshow(values, **style | {"interpolation": "nearest"} | kwargs)
        ax.set_xticks(range(len(factors)), factors)
        ax.set_yticks(range(len(features)), [features[i] for i in self.order_])
        ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        ax.grid(visible=False)
        self.colorbar_ = ax.figure.colorbar(self.image_, ax=ax, label=self.label)
        self.texts_ = self._print(ax, values, faint_below)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _print(self, ax, values, faint_below):
        """Print numbers and names in the size that cells have room for."""
        turn_tick_labels(ax)
        height, width = _cell_size(ax, values.shape)
        label_size = ax.get_yticklabels()[0].get_fontsize()
        ax.tick_params(axis="y", labelsize=max(min(label_size, height), _SMALLEST))
        size = min(0.85 * label_size, 0.7 * height, width / 3.2)
        if size < _SMALLEST:
            return None
        colours = legible(self.image_.cmap(self.image_.norm(values)), ink(ax), paper(ax))
        texts = np.empty(values.shape, dtype=object)
        for (row, column), value in np.ndenumerate(values):
            style = {
                "color": colours[row, column],
                "alpha": 1 if abs(value) >= faint_below else 0.5,
            }
            style |= {"ha": "center", "va": "center", "fontsize": size}
            texts[row, column] = ax.text(column, row, _figures(value), **style)
        return texts


def _order(loadings):
    """The numbers of features by the factor they load on most, and by the size of that loading."""
    sizes = np.abs(loadings)
    return np.lexsort((-sizes.max(axis=1), sizes.argmax(axis=1)))


def _figures(value):
    """A number with two decimals, without the sign of what is rounded to zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def _figure_size(features, factors):
    """Width and height in inches that have room for all names and numbers."""
    letters = 0.09 * max(map(len, features)), 0.09 * max(map(len, factors))
    width = 1.5 + letters[0] + _CELL[1] * len(factors)
    height = 1 + _CELL[0] * len(features) + (letters[1] if letters[1] > _CELL[1] else 0)
    return min(width, 30), min(height, 30)


def _cell_size(ax, shape):
    """Height and width of the cells of a table of some shape, in points, as Axes are laid out."""
    ax.get_figure(root=True).draw_without_rendering()
    box, points = ax.get_window_extent(), 72 / ax.get_figure(root=True).dpi
    return box.height * points / shape[0], box.width * points / shape[1]
