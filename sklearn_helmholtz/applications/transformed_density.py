"""Density behind a transformer, in the units of the data."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, DensityMixin, clone
from sklearn.preprocessing import PowerTransformer
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ..estimators import FactorAnalysis
from ..estimators._compat import ADAPTERS_MANAGER, HasMethods, _fit_context, _SetOutputMixin
from ..estimators.checks import CheckedParametersMixin
from ..estimators.comparison import RowScores, row_scores
from ..estimators.frames import library_of
from ..estimators.labels import index_of
from ..estimators.learner import learner_of
from ..estimators.public import public
from ..estimators.published import VersionedMixin
from ..estimators.tables import missing_values
from ..estimators.weights import checked_weights
from ..likelihood import Estimate, weighted_mean
from ..models import refuse_empty
from .densities import check_density, fitted, log_densities, takes_weights
from .jacobians import PROTOCOL, log_abs_det
from .measures import check_real, with_real_units
from .rows import as_floats, chosen, validated_rows
from .transformed_draws import TransformedDrawsMixin
from .transformed_features import TransformedFeaturesMixin, inner_has


@dataclass(frozen=True)
class TransformedRows:
    """Rows on both sides of a transformer.

    given : as validated; transformed : what the transformer makes of them; log_det : (n_rows,) log
    ``|det J|``, -inf where the transformer is flat or has no value: no transformed row stands for
    those.
    """

    given: object
    transformed: object
    log_det: np.ndarray

    @property
    def inside(self):
        """Flags of the rows that have a density, (n_rows,)."""
        return self.log_det > -np.inf


class TransformedDensity(
    CheckedParametersMixin,
    VersionedMixin,
    TransformedDrawsMixin,
    TransformedFeaturesMixin,
    _SetOutputMixin,
    DensityMixin,
    BaseEstimator,
):
    """Density of rows whose transforms a density estimator learns.

    In a pipeline of a transformer and a density estimator, scores are those of transformed rows:
    likelihoods with different transformers do not compare, and one that shrinks its output wins.
    Here they are densities of the rows themselves, ``log p(x) = log p(T(x)) + log |det dT / dx|``.

    Read more in the :ref:`User Guide <transformed_density>`.

    Parameters
    ----------
    transformer : transformer or None, default=None
        What the rows go through before they are learnt: of scikit-learn `StandardScaler`,
        `MinMaxScaler`, `MaxAbsScaler`, `RobustScaler`, `PowerTransformer`, `QuantileTransformer`,
        `FunctionTransformer` of functions such as ``np.log``; `PCA` and `FastICA` with all
        components; a `Pipeline` or a `ColumnTransformer` of such; and any that has the method
        ``log_abs_det_jacobian(X)``, which returns ``log |det J|`` of each row, (n_samples,). None
        means ``PowerTransformer()``.

    estimator : density estimator or None, default=None
        It learns the transformed rows. None means ``FactorAnalysis()``. Machines with
        ``visible="auto"`` get Gaussian units: a probability has no slope.

    log_det : callable, default=None
        ``log_det(X)`` returns ``log |det J|`` of each row, (n_samples,), in the place of what is
        known of the transformer.

    Attributes
    ----------
    transformer_ : transformer
        Fitted.

    estimator_ : density estimator
        Fitted to transformed rows.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    sklearn.compose.TransformedTargetRegressor : The same idea for what is predicted.
    GenerativeClassifier : A classifier by a density for each class, such as this one.

    Notes
    -----
    *Where a transformer has no value or is flat the density is zero*, and the score -inf: the
    logarithm of a number below zero; beyond the training rows of a `QuantileTransformer`, or of a
    scaler with ``clip=True``. All rows of `fit` must have a density.

    *The density may integrate to less than one*: by what the density estimator believes of values
    to which the transformer leads no row, such as those beyond [0, 1] of a `QuantileTransformer`
    with uniform output, or beyond the bound of a power. Scores do not make up for it; draws are
    made until they come from a row.

    *Missing values* have no part in the determinant, which is that of the others. Only transformers
    that map each column on its own pass them on; rotations refuse them.

    The slope of a `QuantileTransformer` at a quantile is the mean of the slopes on both sides. Tied
    quantiles, at which it jumps, are refused.

    References
    ----------
    .. [1] Papamakarios, Nalisnick, Rezende, Mohamed & Lakshminarayanan (2021), Normalizing flows
           for probabilistic modeling and inference, Journal of Machine Learning Research 22(57),
           equation 2.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.stats import lognorm
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from sklearn_helmholtz import TransformedDensity
    >>> X = np.random.default_rng(0).lognormal(size=(200, 1))
    >>> model = TransformedDensity(FunctionTransformer(np.log)).fit(X)
    >>> mean, deviation = np.log(X).mean(), np.log(X).std()
    >>> expected = lognorm(deviation, scale=np.exp(mean)).logpdf([0.5, 2.0])
    >>> bool(np.allclose(model.score_samples([[0.5], [2.0]]), expected))
    True
    """

    _parameter_constraints = {
        "transformer": [HasMethods(["fit", "transform"]), None],
        "estimator": [HasMethods(["fit", "score_samples"]), None],
        "log_det": [callable, None],
    }

    def __init__(self, transformer=None, estimator=None, *, log_det=None):
        self.transformer = transformer
        self.estimator = estimator
        self.log_det = log_det

    def _inner(self):
        return FactorAnalysis() if self.estimator is None else self.estimator

    @_fit_context(prefer_skip_nested_validation=False)
    @public
    def fit(self, X, y=None, sample_weight=None):
        """Learn the transformer, and then the density of what it makes of the rows.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Training data; NaN where transformer and density estimator take it as missing.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for the density estimator, and for the transformer if its `fit`
            takes any. Rows of weight zero are left out.

        Returns
        -------
        self : TransformedDensity
            The fitted estimator.
        """
        with learner_of(self) as learner:
            learner._learn(X, sample_weight)
        return self

    def _learn(self, X, sample_weight):
        density = self._inner()
        check_density(density)
        rows, weights = self._validated(X, reset=True), None
        if sample_weight is not None:
            weights = self._checked_weights(sample_weight, rows, X, density)
            kept = np.flatnonzero(weights)
            rows, weights = chosen(rows, kept), weights[kept]
        empty = np.flatnonzero(missing_values(rows).all(axis=0))
        if len(empty):
            refuse_empty(empty[0], getattr(self, "feature_names_in_", None))
        self._library = library_of(rows)
        self.transformer_ = self._fitted_transformer(rows, weights)
        rows = self._transformed(rows)
        self._refuse_outside(rows)
        density = with_real_units(density, rows.transformed)
        self.estimator_ = fitted(density, rows.transformed, weights)
        check_real(self.estimator_, getattr(rows.transformed, "columns", None))

    def _validated(self, X, reset):
        """Rows as transformers take them: of numbers in float32 or float64."""
        if scipy.sparse.issparse(X):
            raise TypeError("Sparse data was passed, but TransformedDensity takes dense rows only.")
        return as_floats(validated_rows(self, X, reset))

    def _checked_weights(self, sample_weight, rows, given, density):
        if not takes_weights(density):
            raise ValueError(
                f"sample_weight cannot be used: {type(density).__name__} learns from rows without "
                "weights. Leave it out, or take another estimator."
            )
        return checked_weights(sample_weight, rows, given)

    def _fitted_transformer(self, rows, weights):
        transformer = PowerTransformer() if self.transformer is None else clone(self.transformer)
        if weights is not None and has_fit_parameter(transformer, "sample_weight"):
            return transformer.fit(rows, sample_weight=weights)
        return transformer.fit(rows)

    def _rows(self, X):
        """`TransformedRows` of data."""
        check_is_fitted(self)
        return self._transformed(self._validated(X, reset=False))

    def _transformed(self, rows):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            transformed = self.transformer_.transform(rows)
            known = self.log_det or partial(log_abs_det, self.transformer_)
            log_det = np.array(known(rows), np.float64)
        self._check_log_det(log_det, len(rows))
        values = np.asarray(transformed)
        is_infinite = np.isinf(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
        is_lost = missing_values(values).sum(axis=1) > missing_values(rows).sum(axis=1)
        log_det[is_infinite.any(axis=1) | is_lost] = -np.inf
        self._check_finite(log_det)
        return TransformedRows(rows, self._framed(transformed, rows), log_det)

    def _check_log_det(self, log_det, n_rows):
        if log_det.shape != (n_rows,):
            raise ValueError(
                f"log_det, or {PROTOCOL} of the transformer, must return one number for each of "
                f"{n_rows} rows, got the shape {log_det.shape}."
            )

    def _check_finite(self, log_det):
        odd = np.flatnonzero(~(log_det < np.inf))
        if len(odd):
            raise ValueError(
                f"The transformer has no finite slope at row {odd[0]} of X: log |det J| is "
                f"{log_det[odd[0]]}."
            )

    def _framed(self, transformed, rows):
        """Transformed rows as a DataFrame with names and index, where X was one."""
        if library_of(rows) is None or library_of(transformed) is not None:
            return transformed
        try:
            names = self.transformer_.get_feature_names_out()
        except (AttributeError, ValueError):  # of functions, which say nothing of names
            return transformed
        output = ADAPTERS_MANAGER.adapters[library_of(rows)]
        return output.create_container(transformed, rows, list(names))

    def _refuse_outside(self, rows):
        """Refuse rows that have no density."""
        if rows.inside.all():
            return
        row = np.flatnonzero(~rows.inside)[0]
        values = np.asarray(chosen(rows.given, [row]))[0]
        raise ValueError(
            f"Row {row} of X has no density: the transformer has no value there, or does not "
            f"change with x. It holds {values.tolist()[:10]}. Leave it out, or take a transformer "
            "that suits it."
        )

    @public
    def score_samples(self, X):
        """Log-density of each row in the units of the data.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            ``log p(T(x)) + log |det J|`` in nats, -inf where the density is zero.
        """
        rows = self._rows(X)
        values = rows.log_det.copy()
        inside = np.flatnonzero(rows.inside)
        if len(inside):
            values[inside] += log_densities(self.estimator_, chosen(rows.transformed, inside))
        return values

    def _row_scores(self, X, weights=None):
        """The `RowScores` of rows, as sure as those of the density estimator."""
        rows = self._rows(X)
        inside, values = np.flatnonzero(rows.inside), rows.log_det.copy()
        if not len(inside):
            return RowScores(values)
        weights = None if weights is None else weights[inside]
        found = row_scores(self.estimator_, chosen(rows.transformed, inside), weights)
        values[inside] += found.log_prob
        return found._replace(log_prob=values)

    @public
    def score(self, X, y=None, sample_weight=None):
        """Mean log-density of the rows: comparable between transformers.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean.

        Returns
        -------
        score : float
            The mean of `score_samples`, in nats per row.
        """
        values = self.score_samples(X)
        if sample_weight is None:
            return float(values.mean())
        weights = checked_weights(sample_weight, values, X)
        kept = weights > 0
        return float(np.average(values[kept], weights=weights[kept]))

    @available_if(inner_has("log_likelihood"))
    @public
    def log_likelihood(self, X, *, sample_weight=None, **options):
        """Mean log-density of the rows and everything known about its error.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Data, all of which has a density.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean.

        **options : dict
            Of `log_likelihood` of the density estimator.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            What the density estimator says of the transformed rows, with ``per_sample``, ``mean``,
            ``standard_error`` and ``free_energy`` in the units of the data. Errors of estimation
            stay. ``log_probability`` is NaN: of rows there are densities only.
        """
        rows = self._rows(X)
        self._refuse_outside(rows)
        if sample_weight is not None:
            sample_weight = checked_weights(sample_weight, rows.log_det, X)
        result = self.estimator_.log_likelihood(
            rows.transformed, sample_weight=sample_weight, **options
        )
        before, after = result.per_sample, result.per_sample + rows.log_det
        between = [Estimate.variance_of_mean(each, sample_weight) for each in (before, after)]
        shared = max(result.standard_error**2 - between[0], 0.0)
        result.update(
            per_sample=after,
            mean=weighted_mean(after, sample_weight),
            standard_error=float(np.sqrt(between[1] + shared)),
            free_energy=result.free_energy - rows.log_det,
            log_probability=np.full(len(after), np.nan),
        )
        return result._about(index=index_of(X))

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self._inner())
        transformer = PowerTransformer() if self.transformer is None else self.transformer
        tags.input_tags.allow_nan = (
            inner.input_tags.allow_nan and get_tags(transformer).input_tags.allow_nan
        )
        tags.transformer_tags = inner.transformer_tags
        return tags
