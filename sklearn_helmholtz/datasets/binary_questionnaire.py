"""Answers to yes-or-no questions that measure traits, with gaps."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy.special import expit, log_expit, logsumexp
from sklearn.utils import Bunch, check_random_state

from ..estimators._compat import Interval, validate_params
from .distribution import Distribution
from .gaps import with_gaps

_TRAITS = np.linspace(-9, 9, 721)  # the trapezoidal rule on these is as exact as float64
_LOG_DENSITY = -0.5 * _TRAITS**2 - 0.5 * np.log(2 * np.pi) + np.log(_TRAITS[1] - _TRAITS[0])


@dataclass(frozen=True)
class BinaryQuestionnaire(Distribution):
    """Distribution of answers under the two-parameter logistic model of item response theory.

    Traits are normal and independent [1]_. Each item measures one of them: the answer is 1 with the
    probability ``sigmoid(discrimination * (trait - difficulty))``.

    Parameters
    ----------
    difficulties, discriminations : ndarray of shape (n_items,)
        Of the items.

    traits_of_items : ndarray of shape (n_items,) of int
        The trait that each item measures.

    See Also
    --------
    make_binary_questionnaire : Draws answers.

    References
    ----------
    .. [1] Birnbaum (1968), Some latent trait models and their use in inferring an examinee's
           ability, in: Lord & Novick, Statistical theories of mental test scores.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_helmholtz.datasets import BinaryQuestionnaire
    >>> items = BinaryQuestionnaire(np.zeros(2), np.array([1.0, 2.0]), np.zeros(2, int))
    >>> items.probabilities([[0.0], [1.0]]).round(2)
    array([[0.5 , 0.5 ],
           [0.73, 0.88]])
    """

    difficulties: np.ndarray
    discriminations: np.ndarray
    traits_of_items: np.ndarray

    @property
    def n_features(self):
        """Items of the questionnaire."""
        return len(self.difficulties)

    @property
    def n_traits(self):
        """Traits that it measures."""
        return int(self.traits_of_items.max()) + 1

    def probabilities(self, traits):
        """Probabilities of the answer 1 given traits.

        Parameters
        ----------
        traits : array-like of shape (n_samples, n_traits)
            Of the people.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_items)
            A row for each person.
        """
        traits = np.asarray(traits, np.float64)[:, self.traits_of_items]
        return expit(self.discriminations * (traits - self.difficulties))

    def sample(self, n_samples=1, random_state=None):
        """Draw answers.

        Parameters
        ----------
        n_samples : int, default=1
            People.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw.

        Returns
        -------
        X : ndarray of shape (n_samples, n_items)
            Zeros and ones, float64.

        traits : ndarray of shape (n_samples, n_traits)
            Of the people.
        """
        rng = check_random_state(random_state)
        traits = rng.standard_normal((n_samples, self.n_traits))
        p = self.probabilities(traits)
        return (rng.random_sample(p.shape) < p).astype(np.float64), traits

    def _log_prob(self, X):
        total = np.zeros(len(X))
        for trait in range(self.n_traits):
            items = self.traits_of_items == trait
            eta = self.discriminations[items] * (_TRAITS[:, None] - self.difficulties[items])
            given = (X[:, items] == 1) @ log_expit(eta).T + (X[:, items] == 0) @ log_expit(-eta).T
            total += logsumexp(given + _LOG_DENSITY, axis=1)
        strange = ~((X == 0) | (X == 1) | np.isnan(X)).all(axis=1)
        return np.where(strange, -np.inf, total)


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_items": [Interval(Integral, 1, None, closed="left")],
        "n_traits": [Interval(Integral, 1, None, closed="left")],
        "missing": [Interval(Real, 0, 1, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_binary_questionnaire(
    n_samples=100, *, n_items=12, n_traits=2, missing=0.1, random_state=None
):
    """Draw answers of people to yes-or-no questions, some of which they leave out.

    The model is the two-parameter logistic one of item response theory, with normal difficulties
    and with discriminations between 1 and 2.5. Answers are missing completely at random.

    Parameters
    ----------
    n_samples : int, default=100
        People.

    n_items : int, default=12
        Questions.

    n_traits : int, default=2
        Traits, each of which has its share of the questions; at most ``n_items``.

    missing : float, default=0.1
        Share of the answers that are missing.

    random_state : int, RandomState instance or None, default=None
        Determines the questionnaire, the answers and the gaps.

    Returns
    -------
    questionnaire : :class:`~sklearn.utils.Bunch`
        With the fields

        data : ndarray of shape (n_samples, n_items)
            Answers 0 and 1, and NaN for those that are missing.
        complete : ndarray of shape (n_samples, n_items)
            The same without gaps.
        traits : ndarray of shape (n_samples, n_traits)
            Of the people.
        probabilities : ndarray of shape (n_samples, n_items)
            Of the answer 1 given these: the best that can be known of a missing one.
        distribution : BinaryQuestionnaire
            With difficulties, discriminations and exact scores.

    See Also
    --------
    make_mixed_questionnaire : Answers of several kinds.

    References
    ----------
    Birnbaum (1968), Some latent trait models and their use in inferring an examinee's ability, in:
    Lord & Novick, Statistical theories of mental test scores.

    Examples
    --------
    >>> from sklearn_helmholtz.datasets import make_binary_questionnaire
    >>> people = make_binary_questionnaire(200, random_state=0)
    >>> people.data[:2, :6]
    array([[ 1.,  0.,  0.,  0.,  0.,  1.],
           [ 0., nan, nan,  0.,  0.,  0.]])
    >>> round(people.distribution.score(people.data), 2)  # nats per row, of what is observed
    -5.1
    """
    if n_traits > n_items:
        raise ValueError(f"n_traits={n_traits} must be at most n_items={n_items}.")
    rng = check_random_state(random_state)
    distribution = BinaryQuestionnaire(
        rng.standard_normal(n_items), rng.uniform(1, 2.5, n_items),
        np.sort(np.arange(n_items) % n_traits),
    )  # fmt: skip
    complete, traits = distribution.sample(n_samples, rng)
    return Bunch(
        data=with_gaps(complete, missing, rng),
        complete=complete,
        traits=traits,
        probabilities=distribution.probabilities(traits),
        distribution=distribution,
    )
