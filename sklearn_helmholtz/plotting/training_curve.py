"""Curves of training: bounds and log-likelihoods, epoch by epoch, in nats per row."""

from itertools import pairwise

import numpy as np

from ..estimators import FactorAnalysis, HeldOutLikelihood
from ..estimators.density import LatentDensityEstimator
from ..estimators.records import scores_of_epochs
from ..likelihood import weighted_mean
from . import checks
from .canvas import axes_or_new, line_style
from .colours import PALETTE, paper

_FREE_ENERGY, _GAP = "free_energy", "kl_gap"


class TrainingCurveDisplay:
    """Curves of training, in nats per row: for all of them, higher is better.

    Losses are drawn as the bounds that they are the negatives of, and free energies as the negative
    ones, so that all curves are log-likelihoods or lower bounds of such, and can be compared.

    Parameters
    ----------
    bounds : array-like of shape (n_steps,)
        Mean bound of the training rows in each epoch, or their mean log-likelihood, nats per row.

    validation_scores : array-like of shape (n_steps,), default=None
        Mean bound of held-out rows after each epoch, nats per row, NaN where none were held out.

    history : list of :class:`~sklearn.utils.Bunch`, default=None
        Looks at held-out rows, as `HeldOutLikelihood` has them: with ``epoch``, ``mean``,
        ``standard_error`` and ``reliable``, and, where they were monitored, the mean
        ``free_energy`` or ``kl_gap`` of the rows, all in nats per row.

    first_step : int, default=1
        The number of the first step.

    step : str, default="epoch"
        What a step is, for the axis.

    bound : str, default="bound"
        What the bounds are, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of the Axes.

    bound_line_ : matplotlib Line2D
        The bounds of the training rows.

    validation_line_ : matplotlib Line2D or None
        The bounds of the held-out rows.

    errorbar_ : matplotlib ErrorbarContainer or None
        The log-likelihoods of the looks, with their standard errors.

    unreliable_ : matplotlib Line2D or None
        Rings in the place of estimates that call themselves unreliable.

    free_energy_line_ : matplotlib Line2D or None
        The negative free energies of the looks.

    gap_area_ : matplotlib FillBetweenPolyCollection or None
        The gap between them and the log-likelihoods.

    See Also
    --------
    LikelihoodComparisonDisplay : Log-likelihoods of several models on the same rows.
    sklearn_helmholtz.HeldOutLikelihood : The monitor that looks at held-out rows.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import HeldOutLikelihood, HelmholtzMachine
    >>> from sklearn_helmholtz.plotting import TrainingCurveDisplay
    >>> X, monitor = load_digits().data >= 8, HeldOutLikelihood(every=2)
    >>> machine = HelmholtzMachine(8, max_iter=4, random_state=0)
    >>> machine = machine.fit(X[:400], X_val=X[400:500], monitor=monitor)
    >>> display = TrainingCurveDisplay.from_estimator(machine, monitor=monitor)
    >>> display.ax_.get_ylabel()
    'nats per row (higher is better)'
    >>> display.bound_line_.get_xdata()
    array([1, 2, 3, 4])
    """

    def __init__(
        self, bounds, *, validation_scores=None, history=None, first_step=1, step="epoch",
        bound="bound",
    ):  # fmt: skip
        self.bounds = checks.numbers("bounds", bounds)
        self.steps = first_step + np.arange(len(self.bounds))
        self.validation_scores = validation_scores
        if validation_scores is not None:
            self.validation_scores = checks.numbers(
                "validation_scores", validation_scores, len(self.bounds)
            )
        self.history = [] if history is None else list(history)
        _check_order([look["epoch"] for look in self.history])
        self.step, self.bound = step, bound

    @classmethod
    def from_estimator(cls, estimator, *, monitor=None, ax=None, **kwargs):
        """Draw what a fitted estimator remembers of its training.

        Parameters
        ----------
        estimator : object
            A fitted estimator of this library: the negative of ``loss_curve_`` is drawn, and
            ``validation_scores_``; of `FactorAnalysis`, ``loglike_`` per row.

        monitor : HeldOutLikelihood, default=None
            The monitor of its only fit, whose looks are drawn.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `plot`.

        Returns
        -------
        display : TrainingCurveDisplay
            The display.

        Raises
        ------
        TypeError, ValueError
            Where there is no training to draw, or where the monitor watched another one.
        """
        checks.check_estimator(estimator, ["loss_curve_", "loglike_"])
        if not isinstance(estimator, LatentDensityEstimator):
            raise TypeError(
                "estimator must be one of sklearn_helmholtz, whose losses are negative bounds in "
                f"nats, got {type(estimator).__name__}."
            )
        if not getattr(estimator, "_loss_is_bound", True):
            raise TypeError(
                f"The losses of {type(estimator).__name__} are no negative bounds of any "
                "log-likelihood, and are not drawn as such. Plot loss_curve_ itself."
            )
        checks.check_axes(ax)
        if isinstance(estimator, FactorAnalysis):
            return cls(**_steps(estimator, monitor)).plot(ax, **kwargs)
        return cls(**_epochs(estimator, monitor)).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        **kwargs : dict
            Passed to `matplotlib.axes.Axes.plot` for the bounds of the training rows.

        Returns
        -------
        display : TrainingCurveDisplay
            The display itself.
        """
        checks.check_axes(ax)
        ax = axes_or_new(ax, (6, 5 if self.history else 4))
        marker = "o" if len(self.bounds) == 1 else None
        style = {"color": PALETTE[0], "marker": marker, "label": f"training {self.bound}"}
        style |= line_style(kwargs)
        (self.bound_line_,) = ax.plot(self.steps, self.bounds, **style)
        self.validation_line_ = None
        if self.validation_scores is not None:
            style = {"color": PALETTE[1], "linestyle": "--", "label": "held-out bound"}
            (self.validation_line_,) = ax.plot(self.steps, self.validation_scores, **style)
        self._plot_looks(ax)
        ax.set(xlabel=self.step, ylabel="nats per row (higher is better)")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if len(self.steps) == 1:
            ax.set_xticks(self.steps)
        self._explain(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _explain(self, ax):
        """Add a legend, above the Axes where it is too large for them."""
        drawn = (
            self.bound_line_, self.validation_line_, self.errorbar_, self.unreliable_,
            self.free_energy_line_, self.gap_area_,
        )  # fmt: skip
        handles = [artist for artist in drawn if artist is not None]
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "frameon": False}
        ax.legend(handles=handles, **place if len(handles) > 3 else {})

    def _plot_looks(self, ax):
        """Draw the looks at held-out rows, and the gap below them."""
        self.errorbar_ = self.unreliable_ = self.free_energy_line_ = self.gap_area_ = None
        if not self.history:
            return
        epochs, means, errors, reliable = (
            np.array([look[name] for look in self.history])
            for name in ("epoch", "mean", "standard_error", "reliable")
        )
        style = {"color": PALETTE[2], "marker": "o", "markersize": 5, "capsize": 3, "zorder": 3}
        label = "held-out log-likelihood ± standard error"
        self.errorbar_ = ax.errorbar(epochs, means, errors, label=label, **style)
        if not reliable.all():
            style = {"color": PALETTE[2], "marker": "o", "markersize": 5, "zorder": 4}
            style |= {"linestyle": "none", "markerfacecolor": paper(ax)}
            doubtful = epochs[~reliable], means[~reliable]
            (self.unreliable_,) = ax.plot(*doubtful, label="not reliable", **style)
        self._plot_gap(ax, epochs, means)

    def _plot_gap(self, ax, epochs, means):
        """Draw negative free energies, where all looks have them, and shade what is above."""
        bounds = np.array([_negative_free_energy(look) for look in self.history])
        if np.isnan(bounds).any():
            return
        style = {"color": PALETTE[3], "linestyle": "-.", "marker": "s", "markersize": 4}
        label = "held-out negative free energy"
        (self.free_energy_line_,) = ax.plot(epochs, bounds, label=label, **style)
        label = "gap: KL(recognition || posterior)"
        style = {"color": PALETTE[3], "alpha": 0.2, "linewidth": 0, "label": label}
        self.gap_area_ = ax.fill_between(epochs, bounds, means, **style)


def _negative_free_energy(look):
    """The mean negative free energy of a look, nats per row; NaN where it was not monitored."""
    weights = getattr(look, "_weights", None)
    if _FREE_ENERGY in look:
        return -weighted_mean(np.asarray(look[_FREE_ENERGY]), weights)
    return look["mean"] - weighted_mean(np.asarray(look[_GAP]), weights) if _GAP in look else np.nan


def _check_order(epochs):
    """Refuse looks at more than one training."""
    for before, after in pairwise(epochs):
        if after <= before:
            raise ValueError(
                f"history must be of one fit, but after epoch {before} it looks at epoch {after}. "
                "Use a new monitor for every fit."
            )


def _steps(estimator, monitor):
    """Arguments of the display for a `FactorAnalysis`."""
    if monitor is not None:
        raise ValueError("monitor must be None for FactorAnalysis, which learns in no epochs.")
    if not estimator.loglike_:
        raise ValueError("This FactorAnalysis was not trained but made from given parameters.")
    weights = estimator._weights
    total = weights.n_rows if weights.total is None else weights.total
    bounds = np.divide(estimator.loglike_, total)
    return {"bounds": bounds, "first_step": 0, "step": "step", "bound": "log-likelihood"}


def _epochs(estimator, monitor):
    """Arguments of the display for an estimator that was trained in epochs."""
    losses, scores = estimator.loss_curve_, scores_of_epochs(estimator)
    if not losses:
        raise ValueError(
            f"This {type(estimator).__name__} was not trained but made from given parameters."
        )
    looks = None if monitor is None else _looks(monitor, len(losses))
    return {"bounds": np.negative(losses), "validation_scores": scores, "history": looks}


def _looks(monitor, n_epochs):
    """The history of a monitor, or an error where it is not that of so many epochs."""
    if not isinstance(monitor, HeldOutLikelihood):
        raise TypeError(f"monitor must be a HeldOutLikelihood, got {type(monitor).__name__}.")
    last = monitor.history[-1].epoch if monitor.history else 0
    if not last <= n_epochs < last + monitor.every:
        raise ValueError(
            f"monitor looked every {monitor.every} epoch(s) and last at epoch {last}, but the "
            f"estimator was trained for {n_epochs}: the monitor is of another fit, or of one of "
            "several."
        )
    return monitor.history
