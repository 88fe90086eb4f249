"""Rows of an image-like data set, and what hidden units paint, as a grid of pictures."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

_BRIGHTEST = 0.99  # the quantile that has full colour, so that a few large weights do not pale all


class _ImageGridDisplay:
    """Pictures side by side in one Axes.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width)
        The pictures.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    image_ : matplotlib AxesImage
        The drawing.
    """

    _title, _cmap, _symmetric = "", "gray_r", False

    def __init__(self, images):
        self.images = images

    def plot(self, ax=None, *, n_columns=None, **kwargs):
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        n_columns : int, default=None
            Pictures in a row; None makes the grid about square.

        **kwargs : dict
            Passed to `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : object
            The display itself.
        """
        if ax is None:
            _, ax = _pyplot().subplots(figsize=(5, 5))
        grid = _tile(self.images, n_columns or int(np.ceil(np.sqrt(len(self.images)))))
        limit = np.quantile(np.abs(self.images), _BRIGHTEST) or 1.0
        low = -limit if self._symmetric else 0
        options = {"cmap": self._cmap, "vmin": low, "vmax": limit, "interpolation": "nearest"}
        self.image_ = ax.imshow(grid, **{**options, **kwargs})
        ax.set(xticks=[], yticks=[], title=self._title)
        ax.set_frame_on(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


class SamplesDisplay(_ImageGridDisplay):
    """Samples of a model of images, drawn as a grid.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width)
        The samples.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    image_ : matplotlib AxesImage
        The drawing.

    See Also
    --------
    ReceptiveFieldsDisplay : What the hidden units paint.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import HelmholtzMachine
    >>> from sklearn_helmholtz.plotting import SamplesDisplay
    >>> X = load_digits().data[:200] >= 8
    >>> machine = HelmholtzMachine((16,), max_iter=5, random_state=0).fit(X)
    >>> display = SamplesDisplay.from_estimator(machine, (8, 8), n_samples=9, random_state=0)
    >>> display.images.shape
    (9, 8, 8)
    """

    _title = "Samples"

    @classmethod
    def from_estimator(
        cls, estimator, image_shape, *, n_samples=64, random_state=None, ax=None, **kwargs
    ):
        """Draw samples of an estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator with a method ``sample``.

        image_shape : tuple of int
            Height and width of a row as an image.

        n_samples : int, default=64
            Samples to draw.

        random_state : int, RandomState instance or None, default=None
            Passed to ``sample``.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : SamplesDisplay
            The display.
        """
        samples = estimator.sample(n_samples, random_state=random_state)
        return cls(_as_images(samples, image_shape)).plot(ax, **kwargs)


class ReceptiveFieldsDisplay(_ImageGridDisplay):
    """What the units of a hidden layer paint: their generative weights as images.

    Weights of upper layers are passed down linearly. Red adds to a pixel, blue takes away.

    Parameters
    ----------
    images : ndarray of shape (n_fields, height, width)
        The weights.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    image_ : matplotlib AxesImage
        The drawing.

    See Also
    --------
    SamplesDisplay : Samples of a model.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import HelmholtzMachine
    >>> from sklearn_helmholtz.plotting import ReceptiveFieldsDisplay
    >>> X = load_digits().data[:200] >= 8
    >>> machine = HelmholtzMachine((16,), max_iter=5, random_state=0).fit(X)
    >>> ReceptiveFieldsDisplay.from_estimator(machine, (8, 8), n_fields=4).images.shape
    (4, 8, 8)
    """

    _title, _cmap, _symmetric = "Receptive fields", "RdBu_r", True

    @classmethod
    def from_estimator(cls, estimator, image_shape, *, layer=1, n_fields=64, ax=None, **kwargs):
        """Draw the fields of the units with the largest weights.

        Parameters
        ----------
        estimator : object
            A fitted estimator with the attribute ``generative_coefs_``.

        image_shape : tuple of int
            Height and width of a row as an image.

        layer : int, default=1
            Hidden layer, 1 being next to the data.

        n_fields : int, default=64
            The most units to draw; those with the largest weights are.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : ReceptiveFieldsDisplay
            The display.
        """
        check_is_fitted(estimator)
        coefs = estimator.generative_coefs_
        if not 1 <= layer <= len(coefs):
            raise ValueError(f"layer must be between 1 and {len(coefs)}, got {layer}.")
        fields = coefs[0]
        for weights in coefs[1:layer]:
            fields = weights @ fields
        largest = np.argsort(-np.square(fields).sum(axis=1), kind="stable")[:n_fields]
        return cls(_as_images(fields[largest], image_shape)).plot(ax, **kwargs)


def _as_images(rows, image_shape):
    height, width = image_shape
    if rows.shape[1] != height * width:
        raise ValueError(
            f"image_shape must have a product of {rows.shape[1]}, the number of features, got "
            f"{image_shape!r}."
        )
    return rows.reshape(-1, height, width)


def _tile(images, n_columns):
    """One image with a margin of a pixel (NaN) between pictures."""
    n, height, width = images.shape
    n_rows = -(-n // n_columns)
    grid = np.full((n_rows * (height + 1) - 1, n_columns * (width + 1) - 1), np.nan)
    for i, image in enumerate(images):
        top, left = i // n_columns * (height + 1), i % n_columns * (width + 1)
        grid[top : top + height, left : left + width] = image
    return grid


def _pyplot():
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Plotting needs matplotlib: pip install 'sklearn-helmholtz[plotting]'."
        ) from error
    return plt
