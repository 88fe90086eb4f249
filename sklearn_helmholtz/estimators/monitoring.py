"""Watching the held-out log-likelihood while a machine learns."""

from .checks import check_choice, check_count
from .results import as_frame
from .scoring import METHODS

_SHOWN = (
    "epoch", "mean", "standard_error", "monte_carlo_error", "bias", "bound", "method", "reliable",
)  # fmt: skip


class HeldOutLikelihood:
    """A monitor of `fit`: the log-likelihood of the validation rows, every few epochs.

    ``validation_scores_`` are quick bounds, made to choose by. This keeps what `log_likelihood`
    tells, with errors, by any of its methods. Rows have the weights that `fit` got for them, as
    ``sample_weight_val``, or as ``sample_weight`` where early stopping holds rows out. It does not
    warn of estimates that cannot be trusted, as the first ones of a training often cannot: look at
    their ``reliable``.

    Parameters
    ----------
    every : int, default=1
        Epochs from one look to the next.

    method : {"auto", "exact", "importance", "annealed"}, default="auto"
        As in `HelmholtzMachine.log_likelihood`.

    n_importance_samples : int, default=None
        As in `HelmholtzMachine.log_likelihood`.

    n_temperatures : int, default=None
        As in `HelmholtzMachine.log_likelihood`.

    Attributes
    ----------
    history : list of LogLikelihoodResult
        What `log_likelihood` returned, and the number of the epoch, from 1, as ``epoch``. A monitor
        that is used again goes on with its history.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import HeldOutLikelihood, HelmholtzMachine
    >>> X = load_digits().data >= 8
    >>> monitor = HeldOutLikelihood(every=5)
    >>> machine = HelmholtzMachine(20, max_iter=10, random_state=0)
    >>> machine = machine.fit(X[:1500], X_val=X[1500:], monitor=monitor)
    >>> [look.epoch for look in monitor.history]
    [5, 10]
    >>> monitor.history[1].mean > monitor.history[0].mean
    True
    >>> list(monitor.to_frame().columns)[:4]
    ['epoch', 'mean', 'standard_error', 'monte_carlo_error']
    """

    def __init__(self, *, every=1, method="auto", n_importance_samples=None, n_temperatures=None):
        check_choice("method", method, METHODS)
        if n_importance_samples is not None:
            n_importance_samples = check_count("n_importance_samples", n_importance_samples)
        self.every = check_count("every", every)
        self.method = method
        self.n_importance_samples = n_importance_samples
        if n_temperatures is not None:
            n_temperatures = check_count("n_temperatures", n_temperatures)
        self.n_temperatures = n_temperatures
        self.history = []

    def to_frame(self):
        """Make a DataFrame of pandas of the history.

        Returns
        -------
        frame : pandas.DataFrame
            A line for each look, with the number of the epoch in its fit and the fields of
            `LogLikelihoodResult` that are no arrays.

        Raises
        ------
        ImportError
            Where pandas is not installed.

        See Also
        --------
        HelmholtzMachine.history_frame : The losses and quick bounds of all epochs.
        """
        return as_frame({name: [look[name] for look in self.history] for name in _SHOWN})

    def check_rows(self, X_val):
        """Refuse to watch a fit that has no validation rows, before it begins.

        Parameters
        ----------
        X_val : array-like or None
            What the fit was given.
        """
        if X_val is None:
            raise ValueError(
                "HeldOutLikelihood needs validation rows: give fit X_val, or set "
                "early_stopping=True."
            )

    def look_of(self, epoch):
        """The last look, if it was after an epoch, or None.

        Parameters
        ----------
        epoch : int
            Its number.

        Returns
        -------
        look : LogLikelihoodResult or None
            Of `history`.
        """
        return self.history[-1] if self.history and self.history[-1].epoch == epoch else None

    def __call__(self, estimator, epoch, X_val, sample_weight=None):
        """Look at a fitted estimator after an epoch; never asks to stop.

        sample_weight : of the rows of X_val, (n_val,), or None.
        """
        self.check_rows(X_val)
        if epoch % self.every == 0:
            result = estimator._log_likelihood(
                X_val, self.method, self.n_importance_samples, None, self.n_temperatures,
                sample_weight,
            )  # fmt: skip
            result.epoch = epoch
            self.history.append(result)
        return False
