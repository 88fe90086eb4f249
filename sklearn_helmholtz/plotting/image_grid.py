"""Pictures as a grid in one Axes: what the displays of images have in common."""

import numpy as np

from . import checks
from .canvas import axes_or_new
from .colours import diverging, ink

_ALL_BUT_A_FEW = 0.99  # of the sizes are within the limits, so that a few large ones pale none


class ImageGridDisplay:
    """Pictures side by side in one Axes, with a thin line around each.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width[, n_channels])
        The pictures, with 3 or 4 channels if they have colours.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    image_ : matplotlib AxesImage
        The drawing.

    edges_ : matplotlib LineCollection
        The lines around the pictures.
    """

    _title = ""

    def __init__(self, images):
        self.images = checks.image_array(images)

    def plot(self, ax=None, *, n_columns=None, **kwargs):
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        n_columns : int, default=None
            Pictures in a row; None makes the grid about square.

        **kwargs : dict
            Passed to `matplotlib.axes.Axes.imshow`. ``vmin`` and ``vmax`` replace the limits that
            are chosen from the values, for colours too.

        Returns
        -------
        display : object
            The display itself.
        """
        checks.check_axes(ax)
        n_columns = number_of_columns(n_columns, len(self.images))
        ax = axes_or_new(ax, (5, 5))
        images, options = self._prepare(ax, {k: v for k, v in kwargs.items() if v is not None})
        self.image_ = ax.imshow(_tile(images, n_columns), **options)
        self.edges_ = ax.add_collection(_edges(images.shape, n_columns, ink(ax)))
        ax.set(xticks=[], yticks=[], title=self._title)
        ax.set_frame_on(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _prepare(self, ax, kwargs):
        """The images as floats, colours within [0, 1], and what imshow is told of them."""
        images = self._values()
        low, high = _limits(images[np.isfinite(images)])
        cmap = diverging(ax) if low < 0 else "gray_r"
        options = {"cmap": cmap, "interpolation": "nearest", "vmin": low, "vmax": high}
        if "norm" in kwargs:  # it has limits of its own
            del options["vmin"], options["vmax"]
        options |= kwargs
        if images.ndim == 3:
            return images, options
        low, high = kwargs.get("vmin", low), kwargs.get("vmax", high)
        return _colours(images, low, high), options | {"vmin": 0, "vmax": 1, "norm": None}

    def _values(self):
        """The images as floats."""
        return self.images.astype(np.float64)


def number_of_columns(n_columns, n_images):
    """Pictures in a row as an int: those asked for, no more than there are, or a ValueError."""
    if n_columns is None:
        return int(np.ceil(np.sqrt(n_images)))
    return min(checks.count("n_columns", n_columns), n_images)


def _limits(values):
    """Ends of the colour scale: about zero where a value is negative, otherwise from zero."""
    sizes = np.abs(values)
    if not sizes.any():
        return 0.0, 1.0
    # A quantile that is among the values, so that nothing can overflow between two of them. Where
    # nearly all are zero the few others are what there is to see.
    high = float(np.quantile(sizes, _ALL_BUT_A_FEW, method="inverted_cdf")) or float(sizes.max())
    return (-high if values.min() < 0 else 0.0), high


def _colours(images, low, high):
    """Colours within [0, 1], and opacity; a missing value takes nothing away from white."""
    scaled = np.clip((images - low) / (high - low), 0, 1)
    scaled = np.where(np.isnan(scaled), 1, scaled)
    opaque = np.ones((*scaled.shape[:3], 4 - scaled.shape[3]))
    return np.concatenate([scaled, opaque], axis=3)


def _corners(shape, n_columns):
    """The rows and columns of pixels at which pictures begin, a pixel apart, (n_images,) each."""
    places = np.arange(shape[0])
    return places // n_columns * (shape[1] + 1), places % n_columns * (shape[2] + 1)


def _tile(images, n_columns):
    """One image with a margin of a pixel between pictures: NaN, or transparent."""
    n, height, width, *channels = images.shape
    n_rows = -(-n // n_columns)
    margin = 0.0 if channels else np.nan
    grid = np.full((n_rows * (height + 1) - 1, n_columns * (width + 1) - 1, *channels), margin)
    for image, top, left in zip(images, *_corners(images.shape, n_columns), strict=True):
        grid[top : top + height, left : left + width] = image
    return grid


def _edges(shape, n_columns, colour):
    """Thin lines around the pictures, by which a white one is told from the margin."""
    from matplotlib.collections import LineCollection

    _, height, width, *_ = shape
    top, left = (corner - 0.5 for corner in _corners(shape, n_columns))
    bottom, right = top + height, left + width
    paths = np.array([[left, top], [right, top], [right, bottom], [left, bottom], [left, top]])
    style = {"linewidths": 0.6, "alpha": 0.5, "capstyle": "projecting", "clip_on": False}
    return LineCollection(paths.transpose(2, 0, 1), colors=[colour], **style)
