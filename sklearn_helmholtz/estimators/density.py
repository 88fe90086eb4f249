"""What every estimator of this library offers once it holds a machine."""

from numbers import Integral

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    DensityMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import _keys
from .._batches import split_evenly
from .._incomplete import fill
from .._keys import Draws, Purpose
from .._threads import count_threads, run_blocks
from .attributes import PUBLISHED
from .bounds import BoundsMixin
from .checks import check_count, check_jobs
from .inference import InferenceMixin
from .parameters import CheckedParametersMixin
from .public import public
from .published import PublishedMixin
from .scoring import ScoringMixin
from .validation import answer_dtype, check_width, validated, validated_latents
from .versions import VersionedMixin
from .visible import as_rows

_FEWEST_ROWS = 256


class LatentDensityEstimator(
    CheckedParametersMixin,
    PublishedMixin,
    VersionedMixin,
    ScoringMixin,
    BoundsMixin,
    InferenceMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    DensityMixin,
    BaseEstimator,
):
    """A density estimator with hidden layers: scores, features and samples of ``self._machine``.

    Subclasses fit and become what `attributes.fitted_attributes` says, and have the parameters
    ``transform_layer``, ``n_importance_samples`` and ``n_jobs``.
    """

    _published = PUBLISHED
    _sparse = False  # whether rows are listed by their non-zero entries: decided at fit

    @public
    def transform(self, X):
        """Recognition probabilities of the hidden units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data. The recognition net sees ``feature_means_`` where a value is missing (NaN).

        Returns
        -------
        H : ndarray of shape (n_samples, n_units)
            Probabilities of the layer ``transform_layer``, or of all layers side by side from the
            data upward. Upper layers see the probabilities of the layer below, so the result is
            deterministic. float32 for float32, uint8 and bool input, float64 otherwise.
        """
        rows, dtype = self._rows(X)
        layers = self._transformed_layers()
        out = np.empty((len(rows), self._n_features_out), dtype)
        limits, hidden_means = self._explanation(rows)

        def transform_block(block):
            place = slice(limits[block], limits[block + 1])
            means = hidden_means(place)
            np.concatenate([means[layer - 1] for layer in layers], axis=1, out=out[place])

        run_blocks(transform_block, len(limits) - 1, self._n_threads)
        return out

    def _explanation(self, rows):
        """Limits of blocks of rows, and what is thought of the hidden layers given a block.

        The latter is a function of a slice of the rows, to a list of arrays (n_rows, n_units).
        """

        def hidden_means(place):
            return self._machine.recognition.means(fill(rows.take(place)))

        return split_evenly(len(rows), self._machine.n_weights, _FEWEST_ROWS), hidden_means

    @public
    def inverse_transform(self, X):
        """Expected data given the values of a layer.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_units)
            What `transform` returned: probabilities of the layer ``transform_layer``, which are
            passed down as probabilities. With ``transform_layer="all"`` the first hidden layer
            decides.

        Returns
        -------
        X_expected : ndarray of shape (n_samples, n_features)
            Expected values of the features, in the units of the training data. Where units depend
            on those before them (``autoregressive=True``), they too are seen by their expected
            values, in every layer on the way.
        """
        check_is_fitted(self)
        layer = min(self._transformed_layers())
        H, dtype = self._hidden_values(X)
        limit = np.finfo(np.float32).max
        H = np.clip(H[:, : self._machine.n_units[layer]], -limit, limit)
        H = np.ascontiguousarray(H, np.float32)
        for conditional in self._machine.generation.conditionals[-layer:]:
            H = conditional.mean(H)
        if self._scaling is not None:
            H = self._scaling.restore(H)
        return H.astype(dtype, copy=False)

    @public
    def sample(self, n_samples=1, *, given=None, random_state=None, return_latents=False):
        """Draw rows from the model, or what is missing of a row given the rest of it.

        Without ``given`` by ancestral sampling. Otherwise from p(missing | observed): exactly for
        machines of at most 14 hidden units (missing values count as in `log_likelihood`); else
        every draw weighs ``n_importance_samples`` particles of its own, chooses one, and moves it
        by 20 sweeps of Gibbs sampling.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        given : array-like of shape (n_features,), Series or dict, default=None
            Values to keep, and NaN for those to be drawn. A Series or a dict goes by the names of
            the features, or by their numbers where they have none; a dict may leave some out.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        return_latents : bool, default=False
            Whether to return the hidden layers too.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            uint8 for Bernoulli visible units, float32 for Gaussian ones and where fractions were
            given.

        H : list of ndarray of shape (n_samples, n_units), uint8
            The hidden layers from the data upward. Only with ``return_latents=True``.
        """
        check_is_fitted(self)
        n_samples = check_count("n_samples", n_samples)
        if given is not None:
            X, hidden = self._sample_given(given, n_samples, random_state)
            return (X, hidden) if return_latents else X
        seed = _keys.draw_seed(check_random_state(random_state))
        X, *hidden = self._dream(n_samples, _keys.key(seed, Purpose.SAMPLE))
        if self._scaling is not None:
            X = self._scaling.restore(X).astype(np.float32)
        return (X, hidden) if return_latents else X

    def _dream(self, n_samples, key):
        """Samples of all layers from the data upward, in the machine's units."""
        machine, addresses = self._machine, np.arange(n_samples, dtype=np.uint64)
        families = [conditional.units for conditional in machine.generation.conditionals[::-1]]
        values = [
            np.empty((n_samples, size), units.dtype)
            for size, units in zip(machine.n_units, families, strict=True)
        ]
        limits = split_evenly(n_samples, machine.n_weights, _FEWEST_ROWS)

        def dream_block(block):
            place = slice(limits[block], limits[block + 1])
            dreamt, _ = machine.dream(Draws(key, addresses[place]))
            for target, source in zip(values, dreamt, strict=True):
                target[place] = source

        run_blocks(dream_block, len(limits) - 1, self._n_threads)
        return values

    def get_feature_names_out(self, input_features=None):
        """Names of the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored, present for API consistency by convention.

        Returns
        -------
        names : ndarray of str
            The class name and a number, or ``layer1_0`` and so on for ``transform_layer="all"``.
        """
        check_is_fitted(self)
        if self.transform_layer != "all":
            return super().get_feature_names_out(input_features)
        sizes = self._machine.n_units
        names = [f"layer{k}_{j}" for k in self._transformed_layers() for j in range(sizes[k])]
        return np.asarray(names, dtype=object)

    @property
    def _n_features_out(self):
        return sum(self._machine.n_units[layer] for layer in self._transformed_layers())

    def _transformed_layers(self):
        top = len(self._machine.n_units) - 1
        if self.transform_layer == "all":
            return list(range(1, top + 1))
        layer = top if self.transform_layer is None else self.transform_layer
        whole = isinstance(layer, Integral) and not isinstance(layer, bool)
        if not whole or not 1 <= layer <= top:
            raise ValueError(
                f"transform_layer must be None, 'all' or an integer from 1 to {top}, the number of "
                f"hidden layers, got {layer!r}."
            )
        return [int(layer)]

    @property
    def _n_threads(self):
        return count_threads(check_jobs(self.n_jobs))

    @property
    def _names(self):
        return getattr(self, "feature_names_in_", None)

    def _validate(self, X, reset):
        """Data as scikit-learn checked it: an array, or a CSR matrix without repeated entries.

        NaN means missing; infinity is refused.
        """
        return validated(self, X, reset)

    def _as_rows(self, X, start=None):
        """Validated data as `Rows` for the fitted machine, or for one that is about to learn.

        Bernoulli units refuse values outside [0, 1].
        """
        visible = self.visible_ if start is None else start.visible
        scaling = self._scaling if start is None else start.rows.scaling
        sparse = self._sparse if start is None else start.rows.sparse
        stand_in = self._stand_in if start is None else start.stand_in
        return as_rows(X, visible, scaling, self._names, sparse).with_stand_in(stand_in)

    def _rows(self, X):
        """Data as `Rows`, and the dtype that answers have."""
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        check_width(X, self._machine.n_units[0])
        return self._as_rows(X), answer_dtype(X)

    def _hidden_values(self, H):
        H = validated_latents(H, self.get_feature_names_out())
        return H, answer_dtype(H)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
