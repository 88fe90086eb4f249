"""Comparison of the log-likelihoods of several models on the same rows."""

import numpy as np

from ..estimators.comparison import mean_with_error, row_scores
from ..estimators.results import NOTABLE
from ..estimators.results.figures import with_error
from ..estimators.weights import checked_weights
from . import checks
from .canvas import axes_or_new, line_style
from .colours import PALETTE, ink
from .names import wrapped
from .scores import by_name, checked_reference, scores_by_name


class LikelihoodComparisonDisplay:
    """Log-likelihoods of several models on the same rows, and how sure their differences are.

    A point is the mean over rows, and the thin line its standard error. Rows that are hard for one
    model are hard for the others, so that these errors say little of differences: the thick bar is
    about the same point, and 2 standard errors of the *paired* difference from the reference long
    on each side. A model whose bar does not reach the vertical line differs from the reference. The
    differences (Δ) and their standard errors are written at the right.

    Parameters
    ----------
    scores : dict of str to array-like of shape (n_samples,)
        Log-likelihoods of the same rows under each model, nats, by its name.

    reference : str, default=None
        The name of the model that others are compared with; None means the first.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the means, see `HelmholtzMachine.log_likelihood`.

    shared_variances : dict of str to float, default=None
        Variance of each mean that its rows do not show, since they share random numbers; None means
        zeros.

    Attributes
    ----------
    means_, standard_errors_ : ndarray of shape (n_models,)
        Mean log-likelihoods, and their errors for the population that the rows come from, in nats
        per row. The errors contain the Monte Carlo noise of estimates, but not their bias, and are
        NaN for a single row.

    differences_, difference_errors_ : ndarray of shape (n_models,)
        Mean differences from the reference and their paired errors, zero for the reference itself.

    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    errorbar_ : matplotlib ErrorbarContainer
        Means with standard errors.

    intervals_ : matplotlib LineCollection
        The bars of the paired differences, but for that of the reference.

    reference_line_ : matplotlib Line2D
        The mean of the reference.

    See Also
    --------
    sklearn_helmholtz.compare_log_likelihood : The same for two models, in numbers.
    TrainingCurveDisplay : Log-likelihoods of one model as it learns.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.decomposition import PCA
    >>> from sklearn_helmholtz import FactorAnalysis
    >>> from sklearn_helmholtz.plotting import LikelihoodComparisonDisplay
    >>> X = load_wine().data
    >>> models = {"2 factors": FactorAnalysis(2), "3 factors": FactorAnalysis(3), "PCA": PCA(3)}
    >>> models = {name: model.fit(X[::2]) for name, model in models.items()}
    >>> display = LikelihoodComparisonDisplay.from_estimators(models, X[1::2])
    >>> display.differences_.round(1)
    array([ 0. ,  0.1, -7.5])
    >>> display.difference_errors_.round(1)
    array([0. , 0.1, 0.8])
    """

    def __init__(self, scores, *, reference=None, sample_weight=None, shared_variances=None):
        self.scores = scores_by_name(scores)
        self.names = list(self.scores)
        self.reference = checked_reference(reference, self.names)
        self.sample_weight = sample_weight
        if sample_weight is not None:
            rows = self.scores[self.reference][:, None]
            self.sample_weight = checked_weights(sample_weight, rows, rows)
        shared = dict.fromkeys(self.names, 0.0) | dict(shared_variances or {})
        own, variance = self.scores[self.reference], shared[self.reference]
        self.means_, self.standard_errors_ = self._with_errors(self.scores, shared)
        self.differences_, self.difference_errors_ = self._with_errors(
            {name: values - own for name, values in self.scores.items()},
            {name: shared[name] + variance for name in self.names} | {self.reference: 0.0},
        )

    @classmethod
    def from_estimators(
        cls, estimators, X, *, reference=None, sample_weight=None, ax=None, **kwargs
    ):
        """Compare fitted estimators.

        Parameters
        ----------
        estimators : dict of str to estimator, or list of (str, estimator)
            Fitted density estimators with `score_samples`, by name: of this library, or such as
            :class:`~sklearn.mixture.GaussianMixture`.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows that none was trained on, of the form that all take.

        reference : str, default=None
            The name of the model that others are compared with; None means the first.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : LikelihoodComparisonDisplay
            The display.
        """
        estimators = by_name("estimators", estimators)
        reference = checked_reference(reference, list(estimators))
        for estimator in estimators.values():
            checks.check_estimator(estimator, ["score_samples"])
        checks.check_axes(ax)
        weights = sample_weight
        if weights is not None:
            weights = checked_weights(sample_weight, X, X)
        found = {name: row_scores(one, X, weights) for name, one in estimators.items()}
        scores = {name: one.log_prob for name, one in found.items()}
        shared = {name: one.shared_noise for name, one in found.items()}
        display = cls(scores, reference=reference, sample_weight=weights, shared_variances=shared)
        return display.plot(ax, **kwargs)

    @classmethod
    def from_predictions(cls, scores, *, reference=None, sample_weight=None, ax=None, **kwargs):
        """Compare log-likelihoods that are given.

        Parameters
        ----------
        scores : dict of str to array-like of shape (n_samples,), or list of (str, array-like)
            What `score_samples` of each model returned for the same rows, nats, by its name.

        reference : str, default=None
            The name of the model that others are compared with; None means the first.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : LikelihoodComparisonDisplay
            The display.
        """
        checks.check_axes(ax)
        return cls(scores, reference=reference, sample_weight=sample_weight).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw means, errors and paired intervals.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `matplotlib.axes.Axes.errorbar` for the means.

        Returns
        -------
        display : LikelihoodComparisonDisplay
            The display itself.
        """
        checks.check_axes(ax)
        ax = axes_or_new(ax, (7, 1.6 + 0.4 * len(self.names)))
        places = np.arange(len(self.names))
        others = np.array([name != self.reference for name in self.names])
        style = {"fmt": "o", "color": ink(ax), "markersize": 5, "capsize": 3, "linewidth": 1}
        style |= {"label": "mean ± standard error", "zorder": 3} | line_style(kwargs)
        self.errorbar_ = ax.errorbar(self.means_, places, xerr=self.standard_errors_, **style)
        reach = NOTABLE * self.difference_errors_
        self.intervals_ = ax.hlines(
            places[others], (self.means_ - reach)[others], (self.means_ + reach)[others],
            color=PALETTE[1], linewidth=7, alpha=0.7,
            label=f"± {NOTABLE} standard errors of the paired difference",
        )  # fmt: skip
        mean = self.means_[self.names.index(self.reference)]
        self.reference_line_ = ax.axvline(
            mean,
            color=PALETTE[0],
            linestyle="--",
            linewidth=1.5,
            label=wrapped(f"reference: {self.reference}"),
        )
        self._label(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _label(self, ax):
        """Names at the left, differences in numbers at the right."""
        places = range(len(self.names))
        ax.set_yticks(places, [wrapped(name) for name in self.names])
        ax.set(ylim=(len(self.names) - 0.5, -0.5), xlabel="log-likelihood, nats per row")
        texts = [
            "reference" if name == self.reference else _figures(*pair)
            for name, *pair in zip(
                self.names, self.differences_, self.difference_errors_, strict=True
            )
        ]
        where = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
        where |= {"xytext": (6, 0), "va": "center", "fontsize": "small"}
        for place, text in zip(places, texts, strict=True):
            ax.annotate(text, (1, place), annotation_clip=False, **where)
        handles = [self.errorbar_, self.reference_line_, self.intervals_]
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "frameon": False}
        ax.legend(handles=handles, fontsize="small", **place)

    def _with_errors(self, values, shared):
        """Means and standard errors of values by name, (n_models,) each."""
        pairs = [mean_with_error(values[n], shared[n], self.sample_weight) for n in self.names]
        return np.array(pairs).T


def _figures(difference, error):
    """A difference with its sign, and its error."""
    return f"Δ {'+' if difference > 0 else ''}{with_error(difference, error)}"
