"""Hidden states of machines of few units, one by one: their probabilities, and the best of them."""

from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..likelihood import MAX_AUTOMATIC_UNITS
from ..models import joint_probabilities, joint_states, most_probable
from .checks import hidden_sizes
from .labels import index_of
from .public import public
from .results import JointPosteriorResult

_REMEDY = "Use posterior."


def _has_few_hidden_units(estimator):
    """True; where there are more hidden units than are enumerated an AttributeError, which says so.

    Of a fitted estimator those of the machine, otherwise those that settings ask for.
    """
    if hasattr(estimator, "_model"):
        n_hidden = estimator._machine.n_hidden
    else:
        n_hidden = sum(hidden_sizes(estimator.hidden_layer_sizes))
    if n_hidden > MAX_AUTOMATIC_UNITS:
        raise AttributeError(
            f"States of all hidden units are for machines of at most {MAX_AUTOMATIC_UNITS} of "
            f"them, and this one has {n_hidden}. {_REMEDY}"
        )
    return True


class JointMixin:
    """Answers of machines of at most 14 hidden units, whose states can be listed."""

    @available_if(_has_few_hidden_units)
    @public
    def joint_posterior(self, X):
        """Probabilities of all states of the hidden units given each row: p(h | x), exactly.

        Only of machines of at most 14 hidden units; others have no such method.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        result : JointPosteriorResult
            The states (``states``), their probabilities for each row (``probabilities``, 8 bytes
            for each of ``2**n_units``), and `most_probable` and `to_frame` of these: see
            :class:`~sklearn_helmholtz.estimators.results.JointPosteriorResult`.

        Raises
        ------
        ValueError
            Where values are missing on which other features depend, more than 14 together with
            the hidden units.

        Examples
        --------
        >>> from sklearn_helmholtz import SigmoidBeliefNet
        >>> net = SigmoidBeliefNet.from_parameters(
        ...     [[[4.0, 4.0], [0.0, 4.0]]], [[-2.0, -4.0], [0.0, 0.0]])
        >>> joint = net.joint_posterior([[1, 1], [0, 0]])
        >>> joint.probabilities.round(2)
        array([[0.  , 0.32, 0.04, 0.63],
               [0.63, 0.04, 0.32, 0.  ]])
        >>> numbers, probabilities = joint.most_probable(2)
        >>> numbers
        array([[3, 1],
               [0, 2]])
        """
        check_is_fitted(self)
        rows, machine = self._rows(X)[0], self._machine
        self._model.check_exact("joint_posterior", rows, _REMEDY)
        probabilities = joint_probabilities(machine, rows, self._n_threads)
        result = JointPosteriorResult(states=joint_states(machine), probabilities=probabilities)
        return result._about(index=index_of(X))

    @available_if(_has_few_hidden_units)
    @public
    def predict(self, X):
        """The most probable state of the hidden units of each row, as a label: its number.

        The label of the latent class, where a machine has one hidden unit; in general of one of
        ``2**n_units`` classes, of which most are empty. Unit j, counted through all hidden layers
        from the data upward, is on in those of label k if ``k >> j & 1``. Only of machines of at
        most 14 hidden units; others have no such method.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        labels : ndarray of shape (n_samples,) of int
            Numbers of the states, as in `joint_posterior`. Of equally probable ones the first.
            Where values are missing on which other features depend, more than 14 together with the
            hidden units, the state of the highest weight among ``n_importance_samples`` samples
            with fixed random numbers.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import SigmoidBeliefNet
        >>> net = SigmoidBeliefNet.from_parameters(
        ...     [[[4.0, 4.0], [0.0, 4.0]]], [[-2.0, -4.0], [0.0, 0.0]])
        >>> labels = net.predict([[1, 1], [0, 0]])
        >>> labels
        array([3, 0])
        >>> labels[:, None] >> np.arange(2) & 1  # the states themselves
        array([[1, 1],
               [0, 0]])
        """
        check_is_fitted(self)
        rows, n_samples = self._rows(X)[0], self._n_samples("importance", None)
        return most_probable(self._model, rows, n_samples, self._n_threads)
