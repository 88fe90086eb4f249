"""Detection of odd rows by a density model, comparable whatever a row misses."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..estimators._compat import HasMethods, Interval, StrOptions, _fit_context
from ..estimators.learner import learner_of
from ..estimators.public import public
from .densities import drawn
from .gaps import rows_by_gaps
from .tail import Tail
from .wrapper import EstimatorWrapper

ODD = 0.05  # the share of its own draws that a model takes for outliers by itself


class LatentAnomalyDetector(OutlierMixin, EstimatorWrapper):
    r"""Outlier detector that asks how rare a row is among rows of a model with the same gaps.

    The log-likelihood of what is observed of a row, log p(x_o), says little by itself: each value
    costs what it costs, so that rows of which less is known have other scores. It is compared with
    the same of rows x' that the model draws, with the same values o left,

    .. math:: s(x) = \log P_{x' \sim p}\left(\log p(x'_o) \leq \log p(x_o)\right),

    the log-probability of drawing a row at least as odd, in nats: about minus an exponential
    variable with mean 1 for rows from the model itself, whatever is missing, and -7 for a row as
    odd as one in exp(7), about 1100. Among rows with the same gaps the order is that of log p(x).

    Read more in the :ref:`User Guide <latent_anomaly_detector>`.

    Parameters
    ----------
    estimator : density estimator, default=None
        The model: anything with ``fit``, ``sample`` and ``score_samples``, such as the estimators
        of this package, which take gaps, or :class:`~sklearn.mixture.GaussianMixture`. None means
        ``HelmholtzMachine(5, autoregressive=True)``, for the units that the table asks for, as of
        `LatentImputer`.

    contamination : "auto" or float in (0, 0.5], default="auto"
        The share of the training rows, by weight, that are outliers. ``"auto"`` looks at no rows:
        outliers are as odd as the oddest twentieth of the rows that the model draws.

    n_draws : int, default=500
        Rows that the model draws once, in `fit`, for all comparisons; at least 20. For each pattern
        of gaps among the rows to score, the model scores so many rows more.

    random_state : int, RandomState instance or None, default=None
        Determines the draws and, where the estimator has no ``random_state`` of its own, its
        training.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.

    offset_ : float
        What separates outliers: ``decision_function`` is ``score_samples - offset_``. With
        ``contamination="auto"`` it is log(0.05).

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    sklearn.ensemble.IsolationForest : Isolates rows by random splits; no gaps.
    sklearn.neighbors.LocalOutlierFactor : Compares densities of neighbours; no gaps.
    HelmholtzMachine.score_samples : The log-likelihood itself.

    Notes
    -----
    Let t_1, ..., t_n be -log p of the draws without the values that a row misses, and u the
    value that about a tenth of them exceed. Up to u, the probability of a larger value is the share
    of draws, interpolated between them. Beyond, where there are few draws or none, it falls
    exponentially, log P(T > t) = log P(T > u) - (t - u) / b, where b is the mean excess of the
    draws above u, or 1 nat if that is less. This is how tails of -log p fall under p, both where
    densities fall like normal ones, with b about 1, and where they fall like powers of the
    distance; so the order of rows beyond all draws is kept, without ties [2]_.

    Each pattern of gaps costs as much as scoring ``n_draws`` rows: milliseconds for factor models
    and small machines, some tenths of a second where the values missing of a row have particles,
    as those of mixed columns with ``autoregressive=True``. Where there are thousands of patterns,
    take fewer draws, or a machine of fewer ``n_importance_samples``.

    A row is odd where the model finds it improbable, not where it is more probable than usual. A
    model that is fitted to outliers explains them the better the more parameters it has. It
    explains its training rows better than new ones, too: where they are few beside the columns,
    more than a twentieth of usual new rows are outliers by ``contamination="auto"``, and more than
    its share by a number. Rows held out tell, and ``offset_`` may be set by a quantile of their
    scores.

    References
    ----------
    .. [1] Bishop (1994), Novelty detection and neural network validation, IEE Proceedings: Vision,
           Image and Signal Processing 141, 217-222.
    .. [2] Pickands (1975), Statistical inference using extreme order statistics, Annals of
           Statistics 3, 119-131.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz import FactorAnalysis, LatentAnomalyDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 1)) + 0.5 * rng.normal(size=(500, 3))
    >>> detector = LatentAnomalyDetector(FactorAnalysis(1), random_state=0).fit(X)
    >>> detector.predict([[1, 1, 1], [2, -2, 0], [2, np.nan, -2], [np.nan, 1, np.nan]])
    array([ 1, -1, -1,  1])
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "sample", "score_samples"]), None],
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "n_draws": [Interval(Integral, 20, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator=None, *, contamination="auto", n_draws=500, random_state=None):
        self.estimator = estimator
        self.contamination = contamination
        self.n_draws = n_draws
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    @public
    def fit(self, X, y=None, sample_weight=None):
        """Fit the model to the rows, and draw what rows are compared with.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Training data; NaN means missing.

        y : None
            Ignored, present for API consistency by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for estimators that take them.

        Returns
        -------
        self : LatentAnomalyDetector
            The fitted detector.
        """
        with learner_of(self) as learner:
            learner._learn(X, sample_weight)
        return self

    def _learn(self, X, sample_weight):
        given, X = X, self._table(X, reset=True)
        weights = self._fit_estimator(X, sample_weight, given)
        draws = drawn(self.estimator_, self.n_draws, check_random_state(self.random_state))
        self._draws = np.asarray(self._codes(draws), np.float64)
        self.offset_ = float(np.log(ODD))
        if self.contamination != "auto":
            self.offset_ = threshold(self._oddness(X), self.contamination, weights)

    @public
    def score_samples(self, X):
        """Log-probability of rows at least as odd, under the model: lower is odder.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Rows; NaN means missing.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            In nats, below 0, of each row by itself: see the class.
        """
        check_is_fitted(self)
        return self._oddness(self._table(X, reset=False))

    @public
    def decision_function(self, X):
        """Scores above 0 for inliers and below for outliers: ``score_samples(X) - offset_``.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Rows; NaN means missing.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
            In nats.
        """
        return self.score_samples(X) - self.offset_

    @public
    def predict(self, X):
        """Labels of rows: outliers or not.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            Rows; NaN means missing.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            -1 for outliers, 1 for inliers.
        """
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def _codes(self, X):
        """A table as numbers, NaN where missing: of mixed columns their codes."""
        return self.estimator_._schema.encode(X) if self._is_mixed else X

    def _oddness(self, X):
        """`score_samples` of a table as the estimator takes it."""
        surprise, scores = -self.estimator_.score_samples(X), np.empty(X.shape[0])
        for missing, rows in rows_by_gaps(self._codes(X)):
            scores[rows] = self._tail(missing).log_probability(surprise[rows])
        return scores

    def _tail(self, missing):
        """The `Tail` of -log p of draws without the values of some columns."""
        draws = self._draws.copy()
        draws[:, missing] = np.nan
        if self._is_mixed:
            draws = self.estimator_._schema.decode(draws)
        return Tail.of(-self.estimator_.score_samples(draws))


def threshold(scores, contamination, weights=None):
    """The score that separates the lowest ones, of at most a given share of the weight.

    scores, weights : (n_samples,); contamination : the share. Equal scores stay together, among
    the higher ones, so that a row of weight 2 counts as two rows.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    scores, weights = scores[weights > 0], weights[weights > 0]
    order = np.argsort(scores)
    sums = np.cumsum(weights[order])
    share = contamination * sums[-1] * (1 + 1e-9)  # the product may be rounded down
    first = min(np.searchsorted(sums, share, "right"), len(scores) - 1)
    least = scores[order[first]]
    below = scores[scores < least]
    return float((below.max() + least) / 2) if len(below) else float(least)
