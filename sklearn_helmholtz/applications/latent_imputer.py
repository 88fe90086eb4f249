"""Imputation by a density model, as a transformer of scikit-learn."""

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.impute import MissingIndicator
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import check_is_fitted

from ..estimators._compat import (
    HasMethods,
    StrOptions,
    _check_feature_names_in,
    _fit_context,
    _get_output_config,
    _wrap_data_with_container,
)
from ..estimators.checks import check_count
from ..estimators.frames import in_library, library_of
from ..estimators.learner import learner_of
from ..estimators.notices import notify
from ..estimators.public import public
from ..estimators.tables import missing_values
from ..estimators.weights import checked_weights
from .assembly import beside, numbers_of, with_empty_columns
from .gaps import never_observed
from .wrapper import EstimatorWrapper


class LatentImputer(TransformerMixin, EstimatorWrapper):
    """Imputer that fills in gaps given what else is known of their row, by a density model.

    The model is fitted to rows with gaps as they are: nothing is guessed before. New rows are
    completed by the same model, one by one. What was observed stays as it was, to the bit.

    Read more in the :ref:`User Guide <latent_imputer>`.

    Parameters
    ----------
    estimator : estimator of this package, default=None
        The model: anything with ``fit``, ``impute`` and ``score`` as `HelmholtzMachine` has them.
        None means ``HelmholtzMachine(5, autoregressive=True)``, for the units that the table asks
        for: mixed ones for a DataFrame with categories, Bernoulli where every training value is 0
        or 1, otherwise Gaussian. Name a machine of your own to search over its parameters.

    strategy : {"mean", "median", "mode", "sample"}, default="mean"
        What to fill in: the expected value given what is observed, which has the smallest squared
        error, the median, the most probable value, or a draw of all missing values of the row
        together. Of categories means and medians are the most probable ones.

    add_indicator : bool, default=False
        Whether columns follow that say with 1 where a value was missing, one for each column that
        had gaps in training. They tell a classifier what a filled table hides.

    keep_empty_features : bool, default=False
        Whether columns without any value in training stay, with 0 where a value is missing. They
        are left out otherwise, with a warning by `fit`.

    random_state : int, RandomState instance or None, default=None
        Determines the draws of ``strategy="sample"`` (an int repeats them in every call, None uses
        NumPy's global generator) and, where the estimator has no ``random_state`` of its own, its
        training.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model, of the columns that were observed.

    observed_features_ : ndarray of shape (n_observed,)
        Numbers of the columns with at least one value in training.

    indicator_ : :class:`~sklearn.impute.MissingIndicator` or None
        What makes the columns of ``add_indicator``.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    sklearn.impute.SimpleImputer : One value for each column.
    sklearn.impute.IterativeImputer : A regression of each column on all others, in rounds.
    HelmholtzMachine.impute : The same without the interface of a transformer.

    Notes
    -----
    Missing are NaN, None, ``pd.NA``, null and masked values; replace other codes, such as -999, by
    NaN before. Values are taken to be missing at random: whether one is missing may depend on what
    is observed of the row, not on the value itself [1]_.

    A transformer answers with one table, and a filled table looks as if nothing were unknown: what
    is computed of it, such as a regression, then seems more certain than it is.
    `multiple_imputations` draws several tables for the rules of Rubin [1]_, which add the variance
    between their answers.

    References
    ----------
    .. [1] Little & Rubin (2019), Statistical analysis with missing data, 3rd edition, Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz import FactorAnalysis, LatentImputer
    >>> X = [[1, 2], [2, 4.1], [3, 5.9], [4, 8], [np.nan, 6], [2, np.nan]]
    >>> imputer = LatentImputer(FactorAnalysis(1, noise="isotropic")).fit(X)
    >>> imputer.transform([[5, np.nan], [np.nan, 2], [1, 2]]).round(1)
    array([[5. , 9.9],
           [1. , 2. ],
           [1. , 2. ]])
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "impute", "score"]), None],
        "strategy": [StrOptions({"mean", "median", "mode", "sample"})],
        "add_indicator": ["boolean"],
        "keep_empty_features": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        strategy="mean",
        add_indicator=False,
        keep_empty_features=False,
        random_state=None,
    ):
        self.estimator = estimator
        self.strategy = strategy
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    @public
    def fit(self, X, y=None, sample_weight=None):
        """Fit the model to the rows, gaps and all.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing. Of a sparse matrix only stored values can be.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for estimators that take them.

        Returns
        -------
        self : LatentImputer
            The fitted imputer.
        """
        with learner_of(self) as learner:
            learner._learn(X, sample_weight)
        return self

    def _learn(self, X, sample_weight):
        """Fit to data: the indicator, and the estimator to the columns that hold any value."""
        given, X = X, self._table(X, reset=True)
        is_empty = never_observed(X)
        self.observed_features_ = np.flatnonzero(~is_empty)
        self._tell_of_empty(is_empty, X)
        self.indicator_ = None
        if self.add_indicator:
            indicator = MissingIndicator(error_on_new=False)
            indicator.set_output(transform="default")  # a frame would have an index of its own
            self.indicator_ = indicator.fit(self._flags(X))
        self._fit_estimator(self._observed(X), sample_weight, given)

    @public
    def transform(self, X):
        """The rows with their gaps filled in.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Rows to complete.

        Returns
        -------
        X_imputed : {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_features_out)
            The same rows, dense or sparse as they came; of mixed columns a DataFrame with the types
            and levels of the training data. float32 for float32, uint8 and bool input, otherwise
            float64. Where ``strategy="sample"``, one draw.
        """
        check_is_fitted(self)
        X = self._table(X, reset=False)
        filled = self.estimator_.impute(
            self._observed(X), self.strategy, random_state=check_random_state(self.random_state)
        )
        return self._assembled(X, filled)

    @public
    def multiple_imputations(self, X, n_imputations=5, *, random_state=None):
        """Several completed tables, whose gaps hold independent draws given what is observed.

        Whatever ``strategy`` says. To pool what m analyses answer, by the rules of Rubin: the mean
        of their estimates is the estimate, and its variance is the mean of their squared standard
        errors plus ``1 + 1 / m`` times the variance between their estimates. The model is the same
        for all draws; where little is known of it, bootstrap it as the
        :ref:`User Guide <latent_imputer>` shows.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Rows to complete.

        n_imputations : int, default=5
            Number of tables.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draws; None means the parameter of the imputer.

        Returns
        -------
        tables : list of {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_features_out)
            Each like the answer of `transform`, also in its form (see ``set_output``).

        Examples
        --------
        The mean of a column with gaps, and its standard error:

        >>> import numpy as np
        >>> from sklearn_helmholtz import FactorAnalysis, LatentImputer
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(200, 1)) + 0.5 * rng.normal(size=(200, 3))
        >>> X[:120, 0] = np.nan
        >>> imputer = LatentImputer(FactorAnalysis(1)).fit(X)
        >>> tables = imputer.multiple_imputations(X, 20, random_state=0)
        >>> means = [table[:, 0].mean() for table in tables]
        >>> within = np.mean([table[:, 0].var(ddof=1) / 200 for table in tables])
        >>> total = within + (1 + 1 / 20) * np.var(means, ddof=1)
        >>> bool(total > within)
        True
        """
        check_is_fitted(self)
        n_imputations = check_count("n_imputations", n_imputations)
        given, X = X, self._table(X, reset=False)
        rng = check_random_state(self.random_state if random_state is None else random_state)
        observed = self._observed(X)
        filled = [
            self.estimator_.impute(observed, "sample", random_state=rng)
            for _ in range(n_imputations)
        ]
        tables = [self._assembled(X, table) for table in filled]
        return [_wrap_data_with_container("transform", table, given, self) for table in tables]

    @public
    def score(self, X, y=None, sample_weight=None):
        """Mean log-likelihood of what is observed of the rows: higher is better.

        It lets a search choose a model by rows held out, without values to compare with.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Rows; those columns count that held a value in training.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean.

        Returns
        -------
        score : float
            In nats per row.
        """
        check_is_fitted(self)
        given, X = X, self._table(X, reset=False)
        if sample_weight is None:
            return self.estimator_.score(self._observed(X))
        weights = checked_weights(sample_weight, X, given)
        return self.estimator_.score(self._observed(X), sample_weight=weights)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns that `transform` returns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of the training data; those seen in `fit`, or x0, x1, ..., if None.

        Returns
        -------
        feature_names_out : ndarray of str
            Those of the columns that stay, and of the indicators, ``missingindicator_...``.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        kept = names if self.keep_empty_features else names[self.observed_features_]
        if self.indicator_ is None:
            return kept
        return np.concatenate([kept, self.indicator_.get_feature_names_out(names)])

    def _tell_of_empty(self, is_empty, X):
        """Warn of columns that are left out for want of values, or refuse what cannot be."""
        if is_empty.all():
            raise ValueError("Every value of X is missing (NaN): there is nothing to learn from.")
        if not is_empty.any():
            return
        numbers = np.flatnonzero(is_empty)
        empty = getattr(self, "feature_names_in_", np.arange(len(is_empty)))[numbers].tolist()
        visible = getattr(self.estimator, "visible", None)
        if visible is not None and not isinstance(visible, str):
            raise ValueError(
                f"The columns {empty} of X hold no observed value, and visible of the estimator "
                "says what each column is. Leave them out of both."
            )
        if self.keep_empty_features:
            if self._is_mixed:
                numbers_of(X, numbers)
        else:
            notify(f"Skipping features without any observed values: {empty}.")

    def _observed(self, X):
        """The columns of a table that the estimator knows."""
        if len(self.observed_features_) == self.n_features_in_:
            return X
        return _safe_indexing(X, self.observed_features_, axis=1)

    def _flags(self, X):
        """A table of numbers with the gaps of X."""
        return np.where(missing_values(X), np.nan, 0.0) if self._is_mixed else X

    def _assembled(self, X, filled):
        """Table that `transform` returns: the columns that stay, filled, and the indicators."""
        if self.keep_empty_features and len(self.observed_features_) < self.n_features_in_:
            filled = with_empty_columns(X, filled, self.observed_features_)
        if self.indicator_ is not None:
            flags = self.indicator_.transform(self._flags(X))
            filled = beside(filled, flags, self.get_feature_names_out())
        output = _get_output_config("transform", self)["dense"]
        if library_of(filled) in (None, output) or output == "default":
            return filled
        return in_library(filled, output)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.non_deterministic = self.strategy == "sample"
        return tags
