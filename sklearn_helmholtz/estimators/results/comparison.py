"""Results of `compare_log_likelihood`."""

from .figures import with_error
from .headline import HeadlineResult

NOTABLE = 2  # standard errors, beyond which a difference is more than chance


class ComparisonResult(HeadlineResult):
    """Difference of the log-likelihoods of two models, and how sure it is.

    What `compare_log_likelihood` returns: a :class:`~sklearn.utils.Bunch`, whose fields are
    attributes and items. It prints in a few lines, and is a table in notebooks.

    Attributes
    ----------
    difference : float
        Mean of log p_a(x) - log p_b(x), nats per row: positive if ``a`` is better.

    standard_error : float
        Of ``difference``, for the population the rows come from; NaN for a single row. It contains
        the Monte Carlo noise of estimated likelihoods, but not their bias.

    summary : str
        Both in a sentence.

    per_sample : ndarray of shape (n_samples,)
        log p_a(x) - log p_b(x) of each row, nats.

    reliable : bool
        Whether the likelihoods of both models are, see `LogLikelihoodResult`; those of models of
        other libraries are taken for exact.

    remedy : str or None
        What to do where they are not.

    See Also
    --------
    compare_log_likelihood : Makes such results.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import FactorAnalysis, compare_log_likelihood
    >>> X = load_wine().data
    >>> a, b = (FactorAnalysis(n).fit(X[::2]) for n in (3, 1))
    >>> compare_log_likelihood(a, b, X[1::2])
    ComparisonResult: 0.82 ± 0.17 nats per row (difference ± standard error)
      verdict   the first model is better
      rows      89
      reliable  yes
    """

    def _headline(self):
        figures = with_error(self.difference, self.standard_error)
        return f"{figures} nats per row (difference ± standard error)"

    def _facts(self):
        facts = [("verdict", self._verdict()), ("rows", f"{self._n_rows():,}")]
        return [*facts, self._reliability()]

    def _verdict(self):
        if not is_notable(self.difference, self.standard_error):
            return "the two models cannot be told apart"
        return f"the {'first' if self.difference > 0 else 'second'} model is better"

    def _trouble(self):
        return "the likelihoods compared cannot be trusted, and may be far too low."

    def _n_rows(self):
        return len(self.per_sample)

    def _columns(self):
        return {"per_sample": self.per_sample}


def is_notable(difference, error):
    """Whether a difference is more than chance; not if its error is unknown (NaN)."""
    return abs(difference) > NOTABLE * error
