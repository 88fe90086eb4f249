"""Results of `joint_posterior`."""

import numpy as np

from ..checks import check_count
from .figures import counted
from .headline import HeadlineResult


class JointPosteriorResult(HeadlineResult):
    """Probabilities of all states of the hidden units, for each of some rows.

    What `HelmholtzMachine.joint_posterior` returns: a :class:`~sklearn.utils.Bunch`, whose fields
    are attributes and items. It prints in a few lines, and is a table in notebooks.

    Attributes
    ----------
    states : ndarray of shape (n_states, n_units) of bool
        All states, of the units of all hidden layers from the data upward. The number of a state is
        ``sum_j 2**j * state_j``: the first unit varies fastest.

    probabilities : ndarray of shape (n_rows, n_states)
        p(h | x), which sum to 1 for each row.

    See Also
    --------
    HelmholtzMachine.joint_posterior : Makes such results.
    PosteriorResult : Expected states and draws, of machines of any size.

    Examples
    --------
    >>> from sklearn_helmholtz import SigmoidBeliefNet
    >>> net = SigmoidBeliefNet.from_parameters(  # an event of two causes, each of which is enough
    ...     [[[20.0], [20.0]]], [[-20.0], [-10.0, -10.0]])
    >>> joint = net.joint_posterior([[1]])
    >>> joint
    JointPosteriorResult: 1 row, 4 states of 2 hidden units
      first row  10 with probability 0.5, 01 with 0.5
    >>> joint.states.astype(int)
    array([[0, 0],
           [1, 0],
           [0, 1],
           [1, 1]])
    >>> joint.probabilities.round(3)
    array([[0. , 0.5, 0.5, 0. ]])
    """

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

    def _headline(self):
        n_states, n_units = self.states.shape
        states = f"{counted(n_states, 'state')} of {counted(n_units, 'hidden unit')}"
        return f"{counted(self._n_rows(), 'row')}, {states}"

    def _facts(self):
        numbers, probabilities = (found[0] for found in self.most_probable(2))
        (first, second), names = probabilities, self._names()
        text = f"{names[numbers[0]]} with probability {first:.3g}, {names[numbers[1]]} with "
        return [("first row", f"{text}{second:.3g}")]

    def _n_rows(self):
        return len(self.probabilities)

    def _names(self):
        """The bits of each state, the first unit first, such as "010"."""
        return ["".join(map(str, state)) for state in self.states.astype(int)]

    def _columns(self):
        return dict(zip(self._names(), self.probabilities.T, strict=True))
