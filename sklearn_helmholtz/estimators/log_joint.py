"""log p(x, h): the probability of data together with given hidden states."""

import numpy as np
import scipy.sparse
from sklearn.utils.validation import check_is_fitted

from .public import public
from .tables import is_masked


class LogJointMixin:
    """Scores rows together with hidden states that are given; see `log_joint`."""

    @public
    def log_joint(self, X, H):
        """Log-probability of each row together with a state of its hidden layers: log p(x, h).

        Exact for machines of any size, in float64: nothing is summed but what is missing of a row
        (NaN). Summed over all h it is what `score_samples` has, minus that it is log p(h | x).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        H : list of array-like of shape (n_samples, n_units), or array-like
            The hidden layers of each row from the data upward, zeros and ones, as
            ``sample(return_latents=True)`` has them; or one array of the units of all layers, as
            `transform` orders them with ``transform_layer="all"``. Gaussian latents and factors are
            any numbers.

        Returns
        -------
        log_joint : ndarray of shape (n_samples,)
            In nats, and in the user's units of measurement: with Gaussian latents and factors the
            log-density of both together, log p(x, z).

        Raises
        ------
        ValueError
            Where binary units are not 0 or 1, or H has not the shape of the hidden layers; and
            where missing values of a row, on which others depend, cannot be summed out: counts,
            numbers of mixed tables, or more than 20 binary ones.

        Examples
        --------
        >>> from sklearn_helmholtz import SigmoidBeliefNet
        >>> net = SigmoidBeliefNet.from_parameters([[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]])
        >>> net.log_joint([[1, 1], [1, 1]], [[[1], [0]]]).round(3)
        array([-0.947, -4.947])
        >>> net.score_samples([[1, 1]]).round(3)
        array([-0.929])
        """
        check_is_fitted(self)
        rows = self._rows(X)[0]
        n_rows = rows.shape[0] if hasattr(rows, "shape") else len(rows)
        hidden = _layers(H, self._model.hidden_sizes, n_rows)
        self._model.check_hidden(hidden)
        return self._log_joint(rows, hidden)

    def _log_joint(self, rows, hidden):
        return self._model.log_joint(rows, hidden, self._n_threads)


def _layers(given, sizes, n_rows):
    """Hidden layers as float64 arrays (n_rows, n_units) of some sizes, or a ValueError."""
    if isinstance(given, list | tuple) and _has_layers(given, sizes):
        return [
            _real(layer, f"H[{number}]", (n_rows, size))
            for number, (layer, size) in enumerate(zip(given, sizes, strict=True))
        ]
    whole = _real(given, "H", (n_rows, sum(sizes)))
    return [np.ascontiguousarray(part) for part in np.split(whole, np.cumsum(sizes)[:-1], axis=1)]


def _has_layers(given, sizes):
    """Whether a list is one of layers, not of rows."""
    return len(given) == len(sizes) and all(np.ndim(layer) == 2 for layer in given)


def _real(given, name, shape):
    """A finite float64 array of some shape, or a ValueError that names it."""
    try:
        if is_masked(given) or scipy.sparse.issparse(given):
            raise TypeError("masked and sparse arrays are not allowed")
        array = np.asarray(given)
        if np.iscomplexobj(array):
            raise TypeError("complex numbers are not allowed")
        array = np.ascontiguousarray(array, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must hold the hidden units of each row, as numbers: {error}."
        ) from error
    if array.shape != shape:
        raise ValueError(
            f"{name} must have the shape {shape}, a row for each row of X and a column for each "
            f"hidden unit, got {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but holds NaN or infinity.")
    return array
