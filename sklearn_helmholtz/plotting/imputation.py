"""Imputed values beside the observed ones, column by column."""

import numpy as np
from sklearn.utils import _safe_indexing

from ..estimators.frames import library_of
from . import checks
from .canvas import pyplot
from .colours import PALETTE, ink
from .imputed_columns import imputed_columns
from .names import turn_tick_labels, wrapped

_BAR = 0.4  # of the distance between levels


class ImputationDisplay:
    """Distributions of imputed values beside those of the observed ones, column by column.

    Real columns are drawn as histograms, and columns of categories, text or at most 12 whole
    numbers as bars. The two need not agree: what is missing may be missing in other rows than those
    that are observed. With several imputations the range over them is drawn, as a band or as
    whiskers, which shows how much is not known.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_features)
        The table with its gaps.

    imputations : array-like of shape (n_samples, n_features) or (n_imputations, n_samples, \
            n_features), DataFrame, or list of such tables
        The same table with its gaps filled, once or several times.

    columns : list of str or int, default=None
        Names or numbers of the columns to draw; None means those with the most missing values, nine
        at most.

    Attributes
    ----------
    columns_ : list
        Observed and imputed values of the columns drawn: with ``name``, ``observed``, ``imputed``
        of shape (n_imputations, n_missing), and ``levels`` or None.

    axes_ : ndarray of shape (n_columns,)
        Where they were drawn, matplotlib Axes each.

    ax_ : matplotlib Axes
        The first of them.

    figure_ : matplotlib Figure
        The figure of the Axes.

    observed_, imputed_ : list of matplotlib StepPatch or BarContainer
        Densities of the bins, or shares of the levels, of each column drawn.

    See Also
    --------
    sklearn_helmholtz.HelmholtzMachine.impute : Makes imputations.
    sklearn_helmholtz.LatentImputer.multiple_imputations : Makes them in pipelines.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_wine
    >>> from sklearn_helmholtz import FactorAnalysis
    >>> from sklearn_helmholtz.plotting import ImputationDisplay
    >>> X = load_wine().data
    >>> X = np.where(np.random.default_rng(0).random(X.shape) < 0.1, np.nan, X)
    >>> model = FactorAnalysis(3).fit(X)
    >>> display = ImputationDisplay.from_estimator(model, X, columns=[0, 6], random_state=0)
    >>> display.columns_[0].imputed.shape
    (10, 10)
    """

    def __init__(self, X, imputations, *, columns=None):
        self.columns_ = imputed_columns(X, _tables(imputations), columns)

    @classmethod
    def from_estimator(
        cls, estimator, X, *, n_imputations=10, columns=None, random_state=None, ax=None, **kwargs
    ):
        """Draw imputations of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator with a method ``impute``, or a fitted `LatentImputer`, whose draws
            are those of its ``multiple_imputations``.

        X : array-like or DataFrame of shape (n_samples, n_features)
            The table with its gaps.

        n_imputations : int, default=10
            Draws of all missing values.

        columns : list of str or int, default=None
            Names or numbers of the columns to draw; None means those with the most missing values,
            nine at most.

        random_state : int, RandomState instance or None, default=None
            Passed to ``impute`` or ``multiple_imputations``.

        ax : matplotlib Axes or array of such, default=None
            Where to draw, one for each column; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : ImputationDisplay
            The display.
        """
        checks.check_estimator(estimator, ["impute", "multiple_imputations"])
        n_imputations = checks.count("n_imputations", n_imputations)
        _checked_axes(ax, len(imputed_columns(X, [], columns)))
        imputations = _draws(estimator, X, n_imputations, random_state)
        return cls(X, imputations, columns=columns).plot(ax, **kwargs)

    @classmethod
    def from_predictions(cls, X, imputations, *, columns=None, ax=None, **kwargs):
        """Draw imputations that are given, of any imputer.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The table with its gaps.

        imputations : array-like of shape (n_samples, n_features) or (n_imputations, n_samples, \
                n_features), DataFrame, or list of such tables
            The same table with its gaps filled, once or several times.

        columns : list of str or int, default=None
            Names or numbers of the columns to draw; None means those with the most missing values,
            nine at most.

        ax : matplotlib Axes or array of such, default=None
            Where to draw, one for each column; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : ImputationDisplay
            The display.
        """
        return cls(X, imputations, columns=columns).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the distributions.

        Parameters
        ----------
        ax : matplotlib Axes or array of such, default=None
            Where to draw, one for each column; None makes a new figure.

        **kwargs : dict
            Passed to `matplotlib.axes.Axes.bar` and `matplotlib.axes.Axes.stairs` for the imputed
            values.

        Returns
        -------
        display : ImputationDisplay
            The display itself.
        """
        axes = _checked_axes(ax, len(self.columns_))
        self.axes_ = _new_axes(len(self.columns_)) if axes is None else axes
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.observed_, self.imputed_ = [], []
        for own, column in zip(self.axes_, self.columns_, strict=True):
            draw = _draw_density if column.levels is None else _draw_shares
            observed, imputed = draw(own, column, kwargs)
            self.observed_.append(observed)
            self.imputed_.append(imputed)
            title = f"{wrapped(column.name)}: {column.imputed.shape[1]} missing"
            own.set_title(title, fontsize="medium")
        handles, labels = self.ax_.get_legend_handles_labels()
        if axes is None:
            self.figure_.legend(handles, labels, loc="outside upper center", ncols=len(handles))
        else:
            self.ax_.legend(handles, labels, fontsize="small")
        return self


def _draw_density(ax, column, kwargs):
    """Histograms of a real column as densities."""
    edges, observed, imputed = column.densities()
    style = {"fill": True, "color": PALETTE[5], "alpha": 0.8, "label": "observed"}
    below = ax.stairs(observed, edges, **style)
    if len(imputed) > 1:
        low, high = imputed.min(axis=0), imputed.max(axis=0)
        ax.stairs(high, edges, baseline=low, fill=True, color=PALETTE[1], alpha=0.25)
    style = {"color": PALETTE[1], "linewidth": 1.8, "label": _label(len(imputed))}
    above = ax.stairs(imputed.mean(axis=0), edges, **style | kwargs)
    ax.set_ylabel("density")
    return below, above


def _draw_shares(ax, column, kwargs):
    """Bars of the shares of levels, and whiskers from the least to the most of the imputations."""
    names, observed, imputed = column.shares()
    places, mean = np.arange(len(names)), imputed.mean(axis=0)
    style = {"width": _BAR, "color": PALETTE[5], "label": "observed"}
    left = ax.bar(places - _BAR / 2, observed, **style)
    style = {"width": _BAR, "color": PALETTE[1], "label": _label(len(imputed))}
    if len(imputed) > 1:
        style |= {"yerr": [mean - imputed.min(axis=0), imputed.max(axis=0) - mean]}
        style |= {"error_kw": {"ecolor": ink(ax), "elinewidth": 1, "capsize": 2}}
    right = ax.bar(places + _BAR / 2, mean, **style | kwargs)
    ax.set_xticks(places, [wrapped(name, 10) for name in names])
    ax.set_ylabel("share")
    turn_tick_labels(ax)
    return left, right


def _label(n_imputations):
    """Words of the legend on imputed values."""
    return "imputed" if n_imputations == 1 else f"imputed, range of {n_imputations} draws"


def _draws(estimator, X, n_imputations, random_state):
    """Imputations of an estimator, without the indicators that an imputer sets beside them."""
    if not hasattr(estimator, "multiple_imputations"):
        return estimator.impute(X, "sample", n_imputations=n_imputations, random_state=random_state)
    tables = estimator.multiple_imputations(X, n_imputations, random_state=random_state)
    n_indicators = 0 if estimator.indicator_ is None else len(estimator.indicator_.features_)
    columns = np.arange(tables[0].shape[1] - n_indicators)
    return [_safe_indexing(table, columns, axis=1) for table in tables]


def _tables(imputations):
    """A list of tables, of one or several."""
    if library_of(imputations) is not None:
        return [imputations]
    if isinstance(imputations, list | tuple) and imputations and np.ndim(imputations[0]) == 2:
        return list(imputations)
    if isinstance(imputations, list | tuple) and not len(imputations):
        raise ValueError("imputations must hold at least one table, got none.")
    array = np.asarray(imputations)
    if array.ndim == 3 and len(array):
        return list(array)
    if array.ndim != 2:
        raise ValueError(
            "imputations must be a table, a list of tables or an array of shape (n_imputations, "
            f"n_samples, n_features), got shape {array.shape}."
        )
    return [imputations]


def _checked_axes(ax, n):
    """Axes as an array (n,), None if there are none yet, or an error."""
    if ax is None:
        return None
    axes = np.ravel(np.array(ax, dtype=object))
    for own in axes:
        checks.check_axes(own)
    if len(axes) != n or any(own is None for own in axes):
        raise ValueError(f"ax must hold {n} Axes, one for each column drawn, got {len(axes)}.")
    return axes


def _new_axes(n):
    """Axes of a new figure, at most three side by side, (n,)."""
    n_columns = min(n, 3)
    n_rows = -(-n // n_columns)
    size = max(3.2 * n_columns, 4.5), 2.5 * n_rows + 0.4
    _, axes = pyplot().subplots(
        n_rows, n_columns, figsize=size, layout="constrained", squeeze=False
    )
    for spare in axes.ravel()[n:]:
        spare.remove()
    return axes.ravel()[:n]
