"""Hidden states of machines of few units, one by one: their probabilities, and the best of them."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..likelihood import MAX_AUTOMATIC_UNITS
from ..models import joint_probabilities, joint_states, most_probable
from .checks import check_count, hidden_sizes
from .public import public

_REMEDY = "Use posterior."


@dataclass(frozen=True)
class JointPosterior:
    """Probabilities of all states of the hidden units, for each of some rows.

    See `HelmholtzMachine.joint_posterior`, which returns it.

    Attributes
    ----------
    states : ndarray of shape (n_states, n_units) of bool
        All states, of the units of all hidden layers from the data upward. The number of a state is
        ``sum_j 2**j * state_j``: the first unit varies fastest.

    probabilities : ndarray of shape (n_rows, n_states)
        p(h | x), which sum to 1 for each row.

    Examples
    --------
    >>> from sklearn_helmholtz import SigmoidBeliefNet
    >>> net = SigmoidBeliefNet.from_parameters(  # an event of two causes, each of which is enough
    ...     [[[20.0], [20.0]]], [[-20.0], [-10.0, -10.0]])
    >>> joint = net.joint_posterior([[1]])
    >>> joint.states.astype(int)
    array([[0, 0],
           [1, 0],
           [0, 1],
           [1, 1]])
    >>> joint.probabilities.round(3)
    array([[0. , 0.5, 0.5, 0. ]])
    """

    states: np.ndarray
    probabilities: np.ndarray

    def __repr__(self):
        n_rows, (n_states, n_units) = len(self.probabilities), self.states.shape
        return f"JointPosterior({n_rows} rows, {n_states} states of {n_units} units)"

    def most_probable(self, n_states=1):
        """The most probable states of each row, most probable first.

        Parameters
        ----------
        n_states : int, default=1
            How many; all of them if there are fewer.

        Returns
        -------
        numbers : ndarray of shape (n_rows, n_states)
            Of the states: rows of ``states``. Of equally probable ones the first comes first.

        probabilities : ndarray of shape (n_rows, n_states)
            Of these.
        """
        n_states = check_count("n_states", n_states)
        numbers = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :n_states]
        return numbers, np.take_along_axis(self.probabilities, numbers, axis=1)

    def to_frame(self):
        """A DataFrame of pandas of the probabilities, with a column for each state.

        Returns
        -------
        frame : DataFrame of shape (n_rows, n_states)
            Names of the columns are the bits of the states, the first unit first, such as "010".
        """
        import pandas as pd

        names = ["".join(map(str, state)) for state in self.states.astype(int)]
        return pd.DataFrame(self.probabilities, columns=names)


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
        result : JointPosterior
            The states (``states``), their probabilities for each row (``probabilities``, 8 bytes
            for each of ``2**n_units``), and `most_probable` and `to_frame` of these.

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
        return JointPosterior(
            joint_states(machine), joint_probabilities(machine, rows, self._n_threads)
        )

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
