"""What every estimator of this library offers once it holds a machine."""

import warnings
from numbers import Integral

import numpy as np
import scipy.sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    DensityMixin,
    TransformerMixin,
)
from sklearn.utils import Bunch, check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import _keys
from .._batches import split_evenly
from .._keys import Draws, Purpose
from .._threads import count_threads, run_blocks
from .._version import __version__
from ..likelihood import (
    MAX_AUTOMATIC_UNITS,
    MAX_UNITS,
    score_by_importance,
    score_exactly,
)
from .visible import as_rows

DTYPES = [np.float64, np.float32, np.uint8, np.bool_]
_METHODS = ("auto", "exact", "importance")
_FEWEST_ROWS = 64


class LatentDensityEstimator(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEstimator
):
    """A density estimator with hidden layers: scores, features and samples of ``self._machine``.

    Subclasses fit and set the attributes of `attributes.publish`, and have the parameters
    ``transform_layer``, ``n_importance_samples`` and ``n_jobs``.
    """

    def score_samples(self, X):
        """Log-likelihood of each row, exact for small machines and otherwise estimated.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            log p(x) in nats, float64: by enumeration if the machine has at most 14 hidden units,
            otherwise from ``n_importance_samples`` importance samples with fixed random numbers (a
            lower bound in expectation). A row's value depends on nothing but the row.
        """
        return self._estimate(X, "auto", None, None)[0].per_sample

    def score(self, X, y=None):
        """Mean log-likelihood of the rows: higher is better, comparable between models.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        y : None
            Ignored, present for API consistency by convention.

        Returns
        -------
        score : float
            The mean of `score_samples`, in nats per row.
        """
        return float(self.score_samples(X).mean())

    def log_likelihood(self, X, *, method="auto", n_importance_samples=None, random_state=None):
        """Mean log-likelihood of the rows and everything known about its error.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        method : {"auto", "exact", "importance"}, default="auto"
            Enumeration of the hidden states, importance sampling with the recognition net as the
            proposal, or the first where the machine has at most 14 hidden units. Enumeration
            refuses more than 20.

        n_importance_samples : int, default=None
            Samples for each row; None means the estimator's parameter. Errors need at least two.

        random_state : int, RandomState instance or None, default=None
            The random numbers of importance sampling; None means fixed ones.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields (nats)

            mean : float
                Mean of ``per_sample``. With importance sampling a lower bound in expectation.
            standard_error : float
                Of ``mean`` as an estimate for the population: rows and Monte Carlo together.
                NaN for a single row.
            monte_carlo_error : float
                Standard error for exactly these rows; 0 where exact. Equal rows share their noise.
            bias : float
                Delta-method estimate of the bias of ``mean``, never positive. Not corrected for.
            per_sample : ndarray of shape (n_samples,)
                log p(x) of each row.
            effective_sample_size : ndarray of shape (n_samples,)
                Of the importance weights of each row; infinite where exact.
            method : str
                ``"exact"`` or ``"importance"``.
            is_lower_bound : bool
                Whether ``mean`` is a lower bound in expectation, not the value itself.
            reliable : bool
                Whether at least 95 % of the rows have an effective sample size of 10 or more.

        References
        ----------
        Burda, Grosse & Salakhutdinov (2016), Importance weighted autoencoders, ICLR.
        """
        if method not in _METHODS:
            raise ValueError(f"method must be one of {_METHODS}, got {method!r}.")
        estimate, keys, method = self._estimate(X, method, n_importance_samples, random_state)
        return Bunch(**estimate.summary(keys), method=method, is_lower_bound=method == "importance")

    def free_energy(self, X):
        """Variational free energy of each row: ``E_q[log q(h | x) - log p(x, h)]``.

        It exceeds -log p(x) by the divergence of the recognition distribution q from the posterior
        (Dayan, Hinton, Neal & Zemel 1995).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        free_energy : ndarray of shape (n_samples,)
            In nats: by enumeration if the machine has at most 14 hidden units, otherwise the mean
            over ``n_importance_samples`` samples with fixed random numbers.
        """
        return self._estimate(X, "auto", None, None)[0].free_energy

    def transform(self, X):
        """Recognition probabilities of the hidden units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        H : ndarray of shape (n_samples, n_units)
            Probabilities of the layer ``transform_layer``, or of all layers side by side from the
            data upward. Upper layers see the probabilities of the layer below, so the result is
            deterministic. float32 for float32, uint8 and bool input, float64 otherwise.
        """
        rows, dtype = self._rows(X)
        layers = self._transformed_layers()
        limits = split_evenly(len(rows), self._machine.n_weights, _FEWEST_ROWS)
        out = np.empty((len(rows), self._n_features_out), dtype)

        def transform_block(block):
            place = slice(limits[block], limits[block + 1])
            means = self._machine.recognition.means(rows.take(place))
            np.concatenate([means[layer - 1] for layer in layers], axis=1, out=out[place])

        run_blocks(transform_block, len(limits) - 1, count_threads(self.n_jobs))
        return out

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
            Expected values of the features, in the units of the training data.
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

    def sample(self, n_samples=1, *, random_state=None, return_latents=False):
        """Draw rows from the model, by ancestral sampling.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        return_latents : bool, default=False
            Whether to return the hidden layers too.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            uint8 for Bernoulli visible units, float32 for Gaussian ones.

        H : list of ndarray of shape (n_samples, n_units), uint8
            The hidden layers from the data upward. Only with ``return_latents=True``.
        """
        check_is_fitted(self)
        _check_count("n_samples", n_samples)
        seed = _keys.draw_seed(check_random_state(random_state))
        X, *hidden = self._dream(n_samples, _keys.key(seed, Purpose.SAMPLE))
        if self._scaling is not None:
            X = self._scaling.restore(X).astype(np.float32)
        return (X, hidden) if return_latents else X

    def _dream(self, n_samples, key):
        """Samples of all layers from the data upward, in the machine's units."""
        machine, addresses = self._machine, np.arange(n_samples, dtype=np.uint64)
        families = [machine.visible.units, *(c.units for c in machine.recognition.conditionals)]
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

        run_blocks(dream_block, len(limits) - 1, count_threads(self.n_jobs))
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
        if not isinstance(layer, Integral) or not 1 <= layer <= top:
            raise ValueError(
                f"transform_layer must be None, 'all' or an integer from 1 to {top}, the number of "
                f"hidden layers, got {layer!r}."
            )
        return [layer]

    def _validate(self, X, reset):
        """Data as scikit-learn checked it: an array, or a CSR matrix without repeated entries."""
        X = validate_data(self, X, reset=reset, accept_sparse="csr", dtype=DTYPES)
        if scipy.sparse.issparse(X) and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X

    def _as_rows(self, X, start=None):
        """Validated data as `Rows` for the fitted machine, or for one that is about to learn.

        Bernoulli units refuse values outside [0, 1].
        """
        visible = self.visible_ if start is None else start.visible
        scaling = self._scaling if start is None else start.rows.scaling
        return as_rows(X, visible, scaling, getattr(self, "feature_names_in_", None))

    def _rows(self, X):
        """Data as `Rows`, and the dtype that answers have."""
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        return self._as_rows(X), np.float64 if X.dtype == np.float64 else np.float32

    def _hidden_values(self, H):
        H = check_array(H, dtype=DTYPES)
        if H.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {H.shape[1]} columns, but transform returns {self._n_features_out}."
            )
        return H, np.float64 if H.dtype == np.float64 else np.float32

    def _estimate(self, X, method, n_samples, random_state):
        """An `Estimate` of all rows, their content keys, and the method used."""
        rows, _ = self._rows(X)
        n_hidden, n_threads = sum(self._machine.n_units[1:]), count_threads(self.n_jobs)
        if method == "exact" and n_hidden > MAX_UNITS:
            raise ValueError(
                f"method='exact' would enumerate 2**{n_hidden} hidden states; it is meant for at "
                f"most {MAX_UNITS} hidden units. Use method='importance'."
            )
        if method == "exact" or (method == "auto" and n_hidden <= MAX_AUTOMATIC_UNITS):
            estimate, keys = score_exactly(self._machine, rows, n_threads)
            return self._in_user_units(estimate), keys, "exact"
        n_samples = self.n_importance_samples if n_samples is None else n_samples
        _check_count("n_importance_samples", n_samples)
        if random_state is not None:
            random_state = check_random_state(random_state)
        key = _keys.key(_keys.scoring_seed(random_state), Purpose.SCORE)
        estimate, keys = score_by_importance(self._machine, rows, key, n_samples, n_threads)
        return self._in_user_units(estimate), keys, "importance"

    def _in_user_units(self, estimate):
        return estimate if self._scaling is None else estimate.shift(-self._scaling.log_volume)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __getstate__(self):
        return {**super().__getstate__(), "_sklearn_helmholtz_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklearn_helmholtz_version", "unknown")
        if version != __version__:
            warnings.warn(
                f"This {type(self).__name__} was saved by sklearn_helmholtz {version} and is "
                f"loaded by {__version__}: results may differ. Fit it again, or use the version "
                "that saved it.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(state)


def _check_count(name, value):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
