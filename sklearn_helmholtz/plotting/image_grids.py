"""Rows of an image-like data set, and what hidden units paint, as a grid of pictures."""

import numpy as np

from . import checks

_ALL_BUT_A_FEW = 0.99  # of the values are within the limits, so that a few large ones pale none


class _ImageGridDisplay:
    """Pictures side by side in one Axes.

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
    """

    _title, _cmap = "", "gray_r"

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
        n_columns = _number_of_columns(n_columns, len(self.images))
        if ax is None:
            _, ax = _pyplot().subplots(figsize=(5, 5))
        images, options = self._prepare({k: v for k, v in kwargs.items() if v is not None})
        self.image_ = ax.imshow(_tile(images, n_columns), **options)
        ax.set(xticks=[], yticks=[], title=self._title)
        ax.set_frame_on(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _prepare(self, kwargs):
        """The images as floats, colours within [0, 1], and what imshow is told of them."""
        images = self.images.astype(np.float64)
        low, high = self._limits(images[np.isfinite(images)])
        options = {"cmap": self._cmap, "interpolation": "nearest", "vmin": low, "vmax": high}
        if "norm" in kwargs:  # it has limits of its own
            del options["vmin"], options["vmax"]
        options |= kwargs
        if images.ndim == 3:
            return images, options
        low, high = kwargs.get("vmin", low), kwargs.get("vmax", high)
        return self._colours(images, low, high), options | {"vmin": 0, "vmax": 1, "norm": None}

    def _colours(self, images, low, high):
        """Colours within [0, 1]; a missing value takes nothing away from white."""
        scaled = np.clip((images - low) / (high - low), 0, 1)
        return np.where(np.isnan(scaled), 1, scaled)


class SamplesDisplay(_ImageGridDisplay):
    """Samples of a model of images, drawn as a grid.

    Of zeros and ones the former are white and the latter black. Where there are other values, the
    limits of the tones contain 98 % of them or more, and begin at 0 if none is negative. Colours,
    and opacity with them, are scaled into [0, 1] by such limits.

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
    >>> display = SamplesDisplay.from_estimator(machine, (8, 8), n_samples=9, random_state=0)
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
            A fitted estimator with a method ``sample``.

        image_shape : tuple of int
            Height and width of a row as an image, and for colours the number of channels, 3 or 4.

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
        n_samples = checks.count("n_samples", n_samples)
        checks.check_axes(ax)
        _number_of_columns(n_columns, n_samples)
        samples = np.asarray(estimator.sample(n_samples, random_state=random_state))
        checks.check_product(image_shape, samples.shape[1])
        return cls(samples.reshape(-1, *image_shape)).plot(ax, n_columns=n_columns, **kwargs)

    @staticmethod
    def _limits(values):
        """The values that are drawn in the lightest and in the darkest tone."""
        if np.isin(values, (0, 1)).all():
            return 0.0, 1.0
        low, high = _quantiles(values, 1 - _ALL_BUT_A_FEW, _ALL_BUT_A_FEW)
        if low == high:  # nearly all are equal: the few others are what there is to see
            low, high = values.min(), values.max()
        if values.min() >= 0:
            low = 0.0
        elif low == high:
            low, high = low - abs(low), high + abs(high)
        return float(low), float(high)


class ReceptiveFieldsDisplay(_ImageGridDisplay):
    """Receptive fields of the units of a hidden layer: their generative weights as images.

    Weights of upper layers are passed down linearly. Red adds to a pixel, blue takes away. The
    weights of images that have colours are drawn as colours, zero as grey; those of opacity are not
    drawn.

    Parameters
    ----------
    images : array-like of shape (n_fields, height, width[, n_channels])
        The weights, with 3 (red, green, blue) or 4 (and opacity) channels if they are of colours.

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

    _title, _cmap = "Receptive fields", "RdBu_r"

    @classmethod
    def from_estimator(
        cls, estimator, image_shape, *, layer=1, n_fields=64, ax=None, n_columns=None, **kwargs
    ):
        """Draw the fields of the units with the largest weights.

        Parameters
        ----------
        estimator : object
            A fitted estimator with the attribute ``generative_coefs_``, or with ``components_``, a
            single layer of weights, as `FactorAnalysis` has them.

        image_shape : tuple of int
            Height and width of a row as an image, and for colours the number of channels, 3 or 4.

        layer : int, default=1
            Hidden layer, 1 being next to the data.

        n_fields : int, default=64
            The most units to draw; those with the largest weights are.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        n_columns : int, default=None
            Pictures in a row; None makes the grid about square.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : ReceptiveFieldsDisplay
            The display.
        """
        checks.check_estimator(estimator, ["generative_coefs_", "components_"])
        image_shape = checks.shape_of_images(image_shape)
        fields = _fields(estimator, checks.count("layer", layer))
        checks.check_product(image_shape, fields.shape[1])
        n_fields = checks.count("n_fields", n_fields)
        largest = np.argsort(-np.square(fields).sum(axis=1), kind="stable")[:n_fields]
        images = fields[largest].reshape(-1, *image_shape)
        return cls(images).plot(ax, n_columns=n_columns, **kwargs)

    @staticmethod
    def _limits(values):
        """The weights that are drawn in the deepest blue and red."""
        sizes = np.abs(values)
        if not sizes.any():
            return -1.0, 1.0
        limit = float(*_quantiles(sizes, _ALL_BUT_A_FEW)) or float(sizes.max())
        return -limit, limit

    def _colours(self, images, low, high):
        """Colours within [0, 1], all of them opaque: a weight of opacity is no opacity."""
        colours = super()._colours(images, low, high)
        colours[..., 3:] = 1
        return colours


def _fields(estimator, layer):
    """The weights from each unit of a layer to the data, (n_units, n_features)."""
    coefs = getattr(estimator, "generative_coefs_", None) or [estimator.components_]
    if layer > len(coefs):
        allowed = f"between 1 and {len(coefs)}" if len(coefs) > 1 else "1, the only one"
        raise ValueError(f"layer must be {allowed}, got {layer}.")
    fields = coefs[0]
    for weights in coefs[1:layer]:
        fields = weights @ fields
    return fields


def _quantiles(values, *shares):
    """Quantiles that are among the values, so that nothing can overflow between two of them."""
    return np.quantile(values, shares, method="inverted_cdf")


def _number_of_columns(n_columns, n_images):
    """Pictures in a row as an int: those asked for, no more than there are, or a ValueError."""
    if n_columns is None:
        return int(np.ceil(np.sqrt(n_images)))
    return min(checks.count("n_columns", n_columns), n_images)


def _tile(images, n_columns):
    """One image with a margin of a pixel between pictures: NaN, or white and not opaque."""
    n, height, width, *channels = images.shape
    n_rows = -(-n // n_columns)
    margin = [1.0, 1.0, 1.0, 0.0][: channels[0]] if channels else np.nan
    grid = np.full((n_rows * (height + 1) - 1, n_columns * (width + 1) - 1, *channels), margin)
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
