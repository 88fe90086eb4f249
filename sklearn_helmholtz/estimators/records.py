"""Records of a training, epoch by epoch, as a table."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .public import public
from .results import as_frame


class RecordsMixin:
    """Makes a DataFrame of what an estimator noted after each epoch of its training.

    Estimators have ``loss_curve_``, ``validation_scores_`` and ``_scored_epochs``, the numbers of
    the epochs of the latter, from 0.
    """

    @public
    def history_frame(self):
        """Make a DataFrame of the losses and the held-out scores of all epochs of the training.

        Returns
        -------
        frame : pandas.DataFrame
            With the index ``epoch``, from 1, and the columns ``loss``, of ``loss_curve_``, and
            where rows were held out ``validation_score``, of ``validation_scores_``, in nats per
            row: NaN for epochs without such rows, as of `partial_fit`.

        Raises
        ------
        ImportError
            Where pandas is not installed.

        See Also
        --------
        HeldOutLikelihood : Keeps log-likelihoods with their errors, every few epochs.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import HelmholtzMachine
        >>> X = np.random.default_rng(0).integers(0, 2, (60, 3))
        >>> machine = HelmholtzMachine(2, max_iter=3, random_state=0).fit(X[:40], X_val=X[40:])
        >>> frame = machine.partial_fit(X).history_frame()
        >>> frame.round(2)  # doctest: +NORMALIZE_WHITESPACE
               loss  validation_score
        epoch
        1      2.16             -2.06
        2      2.16             -2.06
        3      2.13             -2.06
        4      2.08               NaN
        """
        check_is_fitted(self)
        columns = {"loss": self.loss_curve_}
        scores = scores_of_epochs(self)
        if scores is not None:
            columns["validation_score"] = scores
        return as_frame(columns, range(1, len(self.loss_curve_) + 1)).rename_axis("epoch")


def scores_of_epochs(estimator):
    """Held-out scores of all epochs, (n_epochs,), NaN where no rows were held out; None if never.

    estimator : one with the attributes that `RecordsMixin` asks for.
    """
    if estimator.validation_scores_ is None:
        return None
    scores = np.full(len(estimator.loss_curve_), np.nan)
    scores[list(estimator._scored_epochs)] = estimator.validation_scores_
    return scores
