"""Generative weights of hidden units as a grid of pictures."""

import numpy as np

from . import checks
from .image_grid import ImageGridDisplay
from .weights import check_one_input_each, weights_of


class ReceptiveFieldsDisplay(ImageGridDisplay):
    """Receptive fields of the units of a hidden layer: their generative weights as images.

    Weights of upper layers are passed down linearly. Red adds to a pixel, blue takes away; where no
    weight is negative, as with :class:`~sklearn.decomposition.NMF`, zero is white and larger ones
    are darker. The weights of images that have colours are drawn as colours, zero as grey if some
    are negative; those of opacity are not drawn.

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

    edges_ : matplotlib LineCollection
        The lines around the pictures.

    See Also
    --------
    SamplesDisplay : Samples of a model.
    LatentGraphDisplay : The strongest weights of tables whose columns have names.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import HelmholtzMachine
    >>> from sklearn_helmholtz.plotting import ReceptiveFieldsDisplay
    >>> X = load_digits().data[:200] >= 8
    >>> machine = HelmholtzMachine((16,), max_iter=5, random_state=0).fit(X)
    >>> ReceptiveFieldsDisplay.from_estimator(machine, 8, n_fields=4).images.shape
    (4, 8, 8)
    """

    _title = "Receptive fields"

    @classmethod
    def from_estimator(
        cls, estimator, image_shape, *, layer=1, n_fields=64, ax=None, n_columns=None, **kwargs
    ):
        """Draw the fields of the units with the largest weights.

        Parameters
        ----------
        estimator : object
            A fitted estimator with the attribute ``generative_coefs_`` or ``decoder_coefs_``, or a
            `DeepBoltzmannMachine`, whose layers between are taken for linear; or one with
            ``components_``, a single layer of weights, as have `FactorAnalysis`,
            :class:`~sklearn.decomposition.PCA` and
            :class:`~sklearn.neural_network.BernoulliRBM`.

        image_shape : int or tuple of int
            Height and width of a row as an image, and for colours the number of channels, 3 or 4.
            An int is the height and the width of a square image.

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
        weights, _ = weights_of(estimator)
        image_shape = checks.shape_of_images(image_shape)
        check_one_input_each(estimator, weights[0].shape[1])
        fields = _fields(weights, checks.count("layer", layer))
        checks.check_product(image_shape, fields.shape[1])
        n_fields = checks.count("n_fields", n_fields)
        largest = np.argsort(-np.square(fields).sum(axis=1), kind="stable")[:n_fields]
        images = fields[largest].reshape(-1, *image_shape)
        return cls(images).plot(ax, n_columns=n_columns, **kwargs)

    def _values(self):
        """The weights as floats, without those of opacity: they are no opacity."""
        return super()._values()[..., :3] if self.images.ndim == 4 else super()._values()


def _fields(weights, layer):
    """The weights from each unit of a layer to the data, (n_units, n_features)."""
    if layer > len(weights):
        allowed = f"between 1 and {len(weights)}" if len(weights) > 1 else "1, the only one"
        raise ValueError(f"layer must be {allowed}, got {layer}.")
    fields = weights[0]
    for upper in weights[1:layer]:
        fields = upper @ fields
    return fields
