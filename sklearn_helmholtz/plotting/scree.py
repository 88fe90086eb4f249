"""Eigenvalues of the correlation matrix of a table, and thresholds that they have to pass."""

from collections.abc import Mapping

import numpy as np
import scipy.sparse

from ..estimators.checks import check_choice
from ..estimators.tables import as_numbers
from ..models import named
from . import checks
from .canvas import axes_or_new, line_style
from .colours import PALETTE, ink, paper


class ScreeDisplay:
    """Eigenvalues of a correlation matrix in falling order: how many factors are worth having.

    A thin line is at their mean, which is 1 for correlations. With thresholds, such as those of a
    parallel analysis (eigenvalues of tables of as many rows and columns in which nothing goes
    together [1]_), the eigenvalues before the first that does not pass its threshold are filled.

    Parameters
    ----------
    eigenvalues : array-like of shape (n_features,)
        The eigenvalues, in falling order.

    thresholds : array-like of shape (n_features,), default=None
        What each has to pass.

    threshold_name : str, default="parallel analysis"
        What the thresholds are, for the legend.

    Attributes
    ----------
    n_above_ : int or None
        Eigenvalues before the first that does not pass its threshold; None without thresholds.

    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    line_ : matplotlib Line2D
        The eigenvalues.

    mean_line_ : matplotlib Line2D
        Their mean.

    retained_ : matplotlib Line2D or None
        Those that pass their thresholds.

    threshold_line_ : matplotlib Line2D or None
        The thresholds.

    See Also
    --------
    LoadingsDisplay : What the factors are.

    References
    ----------
    .. [1] Horn (1965), A rationale and test for the number of factors in factor analysis,
           Psychometrika 30, 179-185.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz.plotting import ScreeDisplay
    >>> X = load_wine().data
    >>> noise = np.random.default_rng(0).normal(size=(100, *X.shape))
    >>> random = [np.linalg.eigvalsh(np.corrcoef(table.T))[::-1] for table in noise]
    >>> display = ScreeDisplay.from_data(X, thresholds=np.quantile(random, 0.95, axis=0))
    >>> display.eigenvalues[:3].round(2)
    array([4.71, 2.5 , 1.45])
    >>> display.n_above_
    3
    """

    def __init__(self, eigenvalues, *, thresholds=None, threshold_name="parallel analysis"):
        self.eigenvalues = checks.finite("eigenvalues", eigenvalues)
        rises = np.flatnonzero(np.diff(self.eigenvalues) > 0)
        if len(rises):
            raise ValueError(
                "eigenvalues must be in falling order, but number "
                f"{rises[0] + 2} is larger than the one before it."
            )
        self.thresholds, self.n_above_ = thresholds, None
        if thresholds is not None:
            self.thresholds = checks.finite("thresholds", thresholds, len(self.eigenvalues))
            fails = np.flatnonzero(self.eigenvalues <= self.thresholds)
            self.n_above_ = int(fails[0]) if len(fails) else len(self.eigenvalues)
        self.threshold_name = threshold_name

    @classmethod
    def from_data(cls, X, *, thresholds=None, ax=None, **kwargs):
        """Draw the eigenvalues of the correlation matrix of a table.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Numbers, none of them missing, and no column constant.

        thresholds : array-like of shape (n_features,), default=None
            What each eigenvalue has to pass.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : ScreeDisplay
            The display.
        """
        correlation = _correlation(X)
        checks.check_axes(ax)
        return cls(_eigenvalues(correlation), thresholds=thresholds).plot(ax, **kwargs)

    @classmethod
    def from_estimator(cls, estimator, *, thresholds=None, ax=None, **kwargs):
        """Draw the eigenvalues of the correlation matrix that a fitted model has.

        They take in missing values as the model does; but a model of few factors smooths those of
        the data.

        Parameters
        ----------
        estimator : object
            A fitted estimator with a method ``get_covariance``, such as `FactorAnalysis` and
            :class:`~sklearn.decomposition.PCA`.

        thresholds : array-like of shape (n_features,), default=None
            What each eigenvalue has to pass.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : ScreeDisplay
            The display.
        """
        checks.check_estimator(estimator, ["get_covariance"])
        checks.check_axes(ax)
        covariance = estimator.get_covariance()
        scale = np.sqrt(np.diag(covariance))
        eigenvalues = _eigenvalues(covariance / np.outer(scale, scale))
        return cls(eigenvalues, thresholds=thresholds).plot(ax, **kwargs)

    @classmethod
    def from_result(cls, result, *, of="component", ax=None, **kwargs):
        """Draw the result of a parallel analysis.

        Parameters
        ----------
        result : dict
            With ``component_eigenvalues`` and ``component_thresholds`` or, for correlations with
            communalities in the place of ones, ``factor_eigenvalues`` and ``factor_thresholds``.

        of : {"component", "factor"}, default="component"
            Which to draw.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : ScreeDisplay
            The display.
        """
        check_choice("of", of, ("component", "factor"))
        names = f"{of}_eigenvalues", f"{of}_thresholds"
        if not isinstance(result, Mapping) or not all(name in result for name in names):
            raise ValueError(f"result must have the fields {names[0]} and {names[1]}.")
        checks.check_axes(ax)
        return cls(result[names[0]], thresholds=result[names[1]]).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw eigenvalues and thresholds.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `matplotlib.axes.Axes.plot` for the eigenvalues.

        Returns
        -------
        display : ScreeDisplay
            The display itself.
        """
        checks.check_axes(ax)
        ax = axes_or_new(ax, (6, 4))
        places = np.arange(1, len(self.eigenvalues) + 1)
        mean = self.eigenvalues.mean()
        self.mean_line_ = ax.axhline(mean, color=ink(ax), lw=0.8, alpha=0.5, label="mean of all")
        style = {"marker": "o", "color": PALETTE[0], "label": "eigenvalues"}
        style |= {"markerfacecolor": paper(ax)} if self.thresholds is not None else {}
        (self.line_,) = ax.plot(places, self.eigenvalues, **style | line_style(kwargs))
        self.threshold_line_ = self.retained_ = None
        if self.thresholds is not None:
            self._plot_thresholds(ax, places)
        ax.set(xlabel="number", ylabel="eigenvalue")
        ax.set_xlim(0.5, len(places) + 0.5)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _plot_thresholds(self, ax, places):
        """Draw the thresholds, and fill the eigenvalues that pass."""
        n, colour = self.n_above_, self.line_.get_color()
        label = f"above {self.threshold_name}: {n}"
        (self.retained_,) = ax.plot(
            places[:n], self.eigenvalues[:n], "o", color=colour, zorder=3, label=label
        )
        style = {"color": PALETTE[1], "linestyle": "--", "label": self.threshold_name}
        (self.threshold_line_,) = ax.plot(places, self.thresholds, **style)


def _correlation(X):
    """The correlation matrix of a table, or an error that names what it has none for."""
    if scipy.sparse.issparse(X):
        raise TypeError("X must be dense, got a sparse matrix: give X.toarray().")
    names = list(X.columns) if hasattr(X, "columns") else None
    table = np.asarray(as_numbers(X, "X"), dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 1:
        raise ValueError(f"X must have columns and at least 2 rows, got shape {table.shape}.")
    for column, values in enumerate(table.T):
        if not np.isfinite(values).all():
            raise ValueError(
                f"Column {named(column, names)} of X holds missing or infinite values. Fit a "
                "FactorAnalysis, which takes missing ones, and use from_estimator."
            )
        if (values == values[0]).all():
            raise ValueError(
                f"Column {named(column, names)} of X is constant, so that it has no correlations. "
                "Leave it out."
            )
    return np.atleast_2d(np.corrcoef(table, rowvar=False))


def _eigenvalues(correlation):
    """Eigenvalues of a symmetric matrix in falling order."""
    return np.linalg.eigvalsh(correlation)[::-1]
