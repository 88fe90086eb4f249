"""Estimators of belief nets: features are those of a layer, or of all."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._threads import count_threads, run_blocks
from .checks import check_count, check_jobs
from .density import LatentDensityEstimator

_N_CHAINS = 20


class LayeredEstimator(LatentDensityEstimator):
    """A density estimator whose model is a `BeliefNetModel`.

    Subclasses have the parameters ``transform_layer``, ``n_importance_samples`` and ``n_jobs``.
    """

    @property
    def _machine(self):
        return self._model.machine

    def _count_parameters(self):
        return self._machine.n_parameters

    def _features(self, rows, dtype):
        layers = self._transformed_layers()
        out = np.empty((len(rows), self._n_features_out), dtype)
        limits, hidden_means = self._hidden_means(rows)

        def transform_block(block):
            place = slice(limits[block], limits[block + 1])
            means = hidden_means(place)
            np.concatenate([means[layer - 1] for layer in layers], axis=1, out=out[place])

        run_blocks(transform_block, len(limits) - 1, self._n_threads)
        return out

    def _hidden_means(self, rows):
        """Limits of blocks of rows, and a function from a slice of them to means by layer."""
        return self._model.recognition_means(rows)

    @property
    def _has_mixed_units(self):
        """Whether columns are mixed, and not all of them binary; of settings before a fit."""
        if not hasattr(self, "_model"):
            return self._is_mixed
        return self._model.visible_units.answers_by_column

    def _refuse_expected_data(self):
        """Refuse expected data of mixed columns: there is no mean of categories."""
        if self._has_mixed_units:
            raise AttributeError(
                "inverse_transform has no expected data of mixed columns: a mean of categories is "
                "nothing. Draw rows (sample), or fill in missing values (impute)."
            )

    def _expected_data(self, H):
        layer = min(self._transformed_layers())
        return self._model.expected_data(H[:, : self._model.hidden_sizes[layer - 1]], layer)

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
        names = [name for layer in self._latent_names() for name in layer]
        return np.asarray(names, dtype=object)

    def _latent_names(self):
        sizes = enumerate(self._model.hidden_sizes, 1)
        return [[f"layer{k}_{j}" for j in range(size)] for k, size in sizes]

    @property
    def _n_features_out(self):
        return sum(self._model.hidden_sizes[layer - 1] for layer in self._transformed_layers())

    def _transformed_layers(self):
        top = len(self._model.hidden_sizes)
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

    def _n_samples(self, method, given):
        if given is None:
            given = _N_CHAINS if method == "annealed" else self.n_importance_samples
        return check_count("n_importance_samples", given)
