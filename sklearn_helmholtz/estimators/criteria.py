"""Information criteria: likelihoods that pay for parameters."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..rows import missing_per_row
from .public import public
from .weights import checked_weights


class CriteriaMixin:
    """AIC and BIC where the log-likelihood is exact, and the number of parameters they count.

    Subclasses have ``_count_parameters``.
    """

    @property
    def n_parameters_(self):
        """Number of free parameters of p(x), as `aic` and `bic` count them.

        Of a machine those of the generative net alone: weights between layers, lateral weights,
        intercepts and noise variances. Recognition has no share in p(x), and does not count; nor
        do the distributions that ordinal, count and real columns of mixed tables have on their
        own, which are the same for all machines of these columns. Inputs of unordered levels count
        as one less than there are levels. Of a factor model loadings up to rotations, means and
        noise variances. Never more than a model of the same kind needs without hidden units: of d
        binary features ``2**d - 1``, of d normal ones ``d + d * (d + 1) / 2``.
        """
        check_is_fitted(self)
        return int(self._count_parameters())

    @public
    def aic(self, X, sample_weight=None):
        """Akaike's information criterion on the rows: lower is better.

        It is meant for the rows of training, and for parameters of highest likelihood: with a
        penalty (``alpha``), or where training ended before, the log-likelihood is lower than that,
        fewer parameters are free in effect, and the criterion is too high. Models of any size
        compare by their `score` on rows held out.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; of a row with missing values what is observed counts.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: a whole number counts as so many equal rows.

        Returns
        -------
        criterion : float
            Minus twice the log-likelihood of all rows in nats, plus 2 for each of the
            ``n_parameters_`` parameters.

        Raises
        ------
        ValueError
            Where the log-likelihood is not exact: machines of more than 14 hidden
            units, or with Gaussian latents.

        References
        ----------
        Akaike (1974), A new look at the statistical model identification, IEEE Transactions on
        Automatic Control 19, 716-723.

        Examples
        --------
        >>> from sklearn_helmholtz import SigmoidBeliefNet
        >>> net = SigmoidBeliefNet.from_parameters(
        ...     [[[4.0, 4.0, 4.0, 4.0]]], [[-2.0, -2.0, -2.0, -2.0], [0.0]])
        >>> net.n_parameters_  # of a model of two latent classes
        9
        >>> X = [[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 1]]
        >>> round(net.aic(X), 2), round(net.bic(X), 2)
        (29.17, 21.06)
        """
        total, _ = self._total_log_likelihood("aic", X, sample_weight)
        return float(-2 * total + 2 * self.n_parameters_)

    @public
    def bic(self, X, sample_weight=None):
        """The Bayesian information criterion on the rows: lower is better.

        As of `aic`, parameters should be those of highest likelihood.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; of a row with missing values what is observed counts.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: a whole number counts as so many equal rows.

        Returns
        -------
        criterion : float
            Minus twice the log-likelihood of all rows in nats, plus the logarithm of the number of
            those that hold any value, or of the sum of their weights, for each of the
            ``n_parameters_`` parameters.

        Raises
        ------
        ValueError
            Where the log-likelihood is not exact: machines of more than 14 hidden
            units, or with Gaussian latents.

        References
        ----------
        Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6, 461-464.
        """
        total, n_rows = self._total_log_likelihood("bic", X, sample_weight)
        return float(-2 * total + np.log(n_rows) * self.n_parameters_)

    def _total_log_likelihood(self, name, X, sample_weight):
        """The log-likelihood of all rows together, and how many they count as; name : who asks.

        Rows without any value count as none.
        """
        data, _ = self._data(X)
        weights = np.ones(data.shape[0])
        if sample_weight is not None:
            weights = checked_weights(sample_weight, data, X)
        rows = self._model.table(data)
        self._model.check_exact(name, rows)
        found, *_ = self._model.estimate(rows, "exact", 1, 1, None, self._n_threads)
        kept = weights != 0  # others may have infinite scores
        total = (weights[kept] * found.per_sample[kept]).sum()
        return float(total), float(weights[missing_per_row(data) < data.shape[1]].sum())
