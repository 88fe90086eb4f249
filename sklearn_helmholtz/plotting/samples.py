"""Samples of a model of images as a grid of pictures."""

import inspect

import numpy as np

from . import checks
from .image_grid import ImageGridDisplay, number_of_columns


class SamplesDisplay(ImageGridDisplay):
    """Samples of a model of images, drawn as a grid.

    Zeros are white, and larger values darker; where a value is negative, colours go from blue over
    zero to red. 99 % of the values, by size, or more lie within the limits. Colours, and opacity
    with them, are scaled into [0, 1] by such limits.

    Parameters
    ----------
    images : array-like of shape (n_samples, height, width[, n_channels])
        The samples, with 3 (red, green, blue) or 4 (and opacity) channels if they have colours.

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

    See Also
    --------
    ReceptiveFieldsDisplay : The generative weights of hidden units as images.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import HelmholtzMachine
    >>> from sklearn_helmholtz.plotting import SamplesDisplay
    >>> X = load_digits().data[:200] >= 8
    >>> machine = HelmholtzMachine((16,), max_iter=5, random_state=0).fit(X)
    >>> display = SamplesDisplay.from_estimator(machine, 8, n_samples=9, random_state=0)
    >>> display.images.shape
    (9, 8, 8)
    """

    _title = "Samples"

    @classmethod
    def from_estimator(
        cls,
        estimator,
        image_shape,
        *,
        n_samples=64,
        random_state=None,
        ax=None,
        n_columns=None,
        **kwargs,
    ):
        """Draw samples of an estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator with a method ``sample``: of this library, or such as
            :class:`~sklearn.neighbors.KernelDensity` and :class:`~sklearn.mixture.GaussianMixture`.

        image_shape : int or tuple of int
            Height and width of a row as an image, and for colours the number of channels, 3 or 4.
            An int is the height and the width of a square image.

        n_samples : int, default=64
            Samples to draw.

        random_state : int, RandomState instance or None, default=None
            Passed to ``sample``.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        n_columns : int, default=None
            Pictures in a row; None makes the grid about square.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : SamplesDisplay
            The display.
        """
        checks.check_estimator(estimator, ["sample"])
        image_shape = checks.shape_of_images(image_shape)
        if hasattr(estimator, "n_features_in_"):
            checks.check_product(image_shape, estimator.n_features_in_)
        _check_levels(estimator)
        n_samples = checks.count("n_samples", n_samples)
        checks.check_axes(ax)
        number_of_columns(n_columns, n_samples)
        samples = _drawn(estimator, n_samples, random_state)
        checks.check_product(image_shape, samples.shape[1])
        return cls(samples.reshape(-1, *image_shape)).plot(ax, n_columns=n_columns, **kwargs)


def _check_levels(estimator):
    """Refuse mixed tables with columns of categories, which have no tone."""
    for column, levels in enumerate(getattr(estimator, "categories_", None) or ()):
        if levels is not None and np.asarray(levels).dtype.kind not in "buif":
            raise TypeError(
                f"SamplesDisplay draws rows of numbers, but column {column} of this mixed table "
                "has categories. Use sample, and tables or bars."
            )


def _drawn(estimator, n_samples, random_state):
    """Samples as an array (n_samples, n_features); mixtures of scikit-learn add their labels."""
    options = {"random_state": random_state}
    if "random_state" not in inspect.signature(estimator.sample).parameters:
        if random_state is not None:
            raise ValueError(
                f"random_state must be None for {type(estimator).__name__}, whose sample takes "
                f"none, got {random_state!r}."
            )
        options = {}
    drawn = estimator.sample(n_samples, **options)
    return np.asarray(drawn[0] if isinstance(drawn, tuple) else drawn)
