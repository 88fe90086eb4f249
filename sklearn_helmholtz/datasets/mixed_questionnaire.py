"""Answers of several kinds from people of three classes, with gaps."""

from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np
from scipy.special import log_softmax, logsumexp, xlog1py, xlogy
from scipy.stats import norm, poisson
from sklearn.utils import Bunch, check_random_state

from ..estimators._compat import Interval, validate_params
from .distribution import Distribution
from .gaps import with_gaps

JOBS = ("clerk", "farmer", "nurse", "student")
GRADES = ("never", "rarely", "sometimes", "often", "always")
KINDS = {
    "job": "categorical", "worry": "ordinal", "owner": "bernoulli", "visits": "count",
    "height": "real",
}  # fmt: skip
RESOLUTION = 0.5  # of heights


@dataclass(frozen=True)
class MixedQuestionnaire(Distribution):
    """Distribution of answers that are independent of each other given a class of people.

    The columns are the job, one of four; how often one worries, in five grades; whether one owns a
    home; how many visits one made, a count with a Poisson distribution; and the height, normal and
    recorded to 0.5. Levels count from 0.

    Parameters
    ----------
    shares : ndarray of shape (3,)
        Of the classes.

    jobs, grades : ndarray of shape (3, 4) and (3, 5)
        Probabilities of jobs and of grades in each class.

    owners, rates, heights, deviations : ndarray of shape (3,)
        Shares of owners, mean numbers of visits, and means and standard deviations of heights.

    See Also
    --------
    make_mixed_questionnaire : Draws answers.

    Notes
    -----
    Scores are as those of machines of mixed columns: log-probabilities of levels and counts, and
    densities of heights, constant within what was recorded as one value.

    Examples
    --------
    >>> from sklearn_helmholtz.datasets import MixedQuestionnaire
    >>> people = MixedQuestionnaire()
    >>> people.n_features
    5
    >>> answers, classes = people.sample(3, random_state=0)
    >>> answers.shape
    (3, 5)
    """

    shares: np.ndarray = field(default_factory=lambda: np.array([0.5, 0.3, 0.2]))
    jobs: np.ndarray = field(
        default_factory=lambda: np.array(
            [[0.6, 0.2, 0.15, 0.05], [0.1, 0.2, 0.6, 0.1], [0.05, 0.05, 0.1, 0.8]]
        )
    )
    grades: np.ndarray = field(
        default_factory=lambda: np.array(
            [[0.4, 0.3, 0.2, 0.07, 0.03], [0.05, 0.15, 0.3, 0.3, 0.2], [0.1, 0.2, 0.4, 0.2, 0.1]]
        )
    )
    owners: np.ndarray = field(default_factory=lambda: np.array([0.7, 0.5, 0.05]))
    rates: np.ndarray = field(default_factory=lambda: np.array([1.0, 4.0, 8.0]))
    heights: np.ndarray = field(default_factory=lambda: np.array([178.0, 166.0, 172.0]))
    deviations: np.ndarray = field(default_factory=lambda: np.array([6.0, 5.0, 8.0]))

    @property
    def n_features(self):
        """Columns of the table."""
        return len(KINDS)

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
        X : ndarray of shape (n_samples, 5)
            Answers, float64.

        classes : ndarray of shape (n_samples,) of int
            Of the people.
        """
        rng = check_random_state(random_state)
        classes = rng.choice(len(self.shares), n_samples, p=self.shares)
        heights = rng.normal(self.heights[classes], self.deviations[classes])
        columns = [
            _chosen(self.jobs[classes], rng), _chosen(self.grades[classes], rng),
            rng.random_sample(n_samples) < self.owners[classes], rng.poisson(self.rates[classes]),
            np.round(heights / RESOLUTION) * RESOLUTION,
        ]  # fmt: skip
        return np.column_stack(columns).astype(np.float64), classes

    def class_probabilities(self, X):
        """Probabilities of the classes given answers.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, 5)
            Answers, NaN where they are missing.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, 3)
            Of a row that is impossible in every class, the shares of the classes.
        """
        joint = self._log_joint(self._rows(X))
        impossible = np.isneginf(joint).all(axis=1, keepdims=True)
        return np.exp(log_softmax(np.where(impossible, np.log(self.shares), joint), axis=1))

    def _rows(self, X):
        return super()._rows(decoded(X) if hasattr(X, "columns") else X)

    def _log_prob(self, X):
        return logsumexp(self._log_joint(X), axis=1)

    def _log_joint(self, X):
        """Log p(x, class), (n_samples, 3) nats."""
        job, worry, owner, visits, height = X.T[:, :, None]
        # The distance from the mean, so that digits of small probabilities stay.
        distance = np.abs(np.round(height / RESOLUTION) * RESOLUTION - self.heights)
        low, high = (norm.logsf((distance + half) / self.deviations) for half in (0.25, -0.25))
        cells = high + np.log1p(-np.exp(low - high)) - np.log(RESOLUTION)
        is_bit = (owner == 0) | (owner == 1)
        terms = [
            _of_levels(self.jobs, job), _of_levels(self.grades, worry),
            np.where(is_bit, xlogy(owner, self.owners) + xlog1py(1 - owner, -self.owners), -np.inf),
            poisson.logpmf(visits, self.rates), cells,
        ]  # fmt: skip
        known = ~np.isnan(X.T[:, :, None])
        return np.log(self.shares) + sum(
            np.where(seen, term, 0.0) for seen, term in zip(known, terms, strict=True)
        )


def _chosen(p, rng):
    """A level of each row of probabilities."""
    return (rng.random_sample((len(p), 1)) > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)


def _of_levels(table, values):
    """Log-probabilities of levels (n_samples, 1), (n_samples, n_classes); NaN where missing."""
    n_levels, numbers = table.shape[1], np.nan_to_num(values, nan=0.0)
    is_level = np.isin(numbers, np.arange(n_levels))
    found = np.log(table.T[np.where(is_level, numbers, 0).astype(int)[:, 0]])
    return np.where(is_level, found, -np.inf)


def as_frame_of(X):
    """Answers as a DataFrame of pandas, with categories and truth values."""
    import pandas as pd

    columns = dict(zip(KINDS, X.T, strict=True))
    codes = {name: np.where(np.isnan(x), -1, x).astype(int) for name, x in columns.items()}
    owner = pd.array(columns["owner"] == 1, dtype="boolean")
    owner[np.isnan(columns["owner"])] = pd.NA
    return pd.DataFrame({
        "job": pd.Categorical.from_codes(codes["job"], JOBS),
        "worry": pd.Categorical.from_codes(codes["worry"], GRADES, ordered=True),
        "owner": owner, "visits": columns["visits"], "height": columns["height"],
    })  # fmt: skip


def decoded(frame):
    """Such a DataFrame as an array of float64, NaN where values are missing."""
    frame = frame[list(KINDS)]
    levels = [_places(frame[name], known) for name, known in (("job", JOBS), ("worry", GRADES))]
    numbers = [frame[name].astype("Float64").to_numpy(float, na_value=np.nan) for name in
               ("owner", "visits", "height")]  # fmt: skip
    return np.column_stack([*levels, *numbers])


def _places(column, levels):
    """The place of each value of a column among levels, whatever order its type has them in."""
    missing = column.isna().to_numpy()
    places = {level: float(place) for place, level in enumerate(levels)}
    found = np.array([places.get(value, -1.0) for value in column.to_numpy(dtype=object)])
    strange = np.flatnonzero((found < 0) & ~missing)
    if len(strange):
        raise ValueError(
            f"Column {column.name!r} of X holds {column.iloc[strange[0]]!r}, but its levels are "
            f"{', '.join(map(repr, levels))}."
        )
    return np.where(missing, np.nan, found)


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "missing": [Interval(Real, 0, 1, closed="left")],
        "as_frame": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_mixed_questionnaire(n_samples=100, *, missing=0.1, as_frame=False, random_state=None):
    """Draw answers of several kinds from people of three classes, some of which are missing.

    The answers of a class are independent: the model is one of latent classes, and always the same.
    Answers are missing completely at random.

    Parameters
    ----------
    n_samples : int, default=100
        People.

    missing : float, default=0.1
        Share of the answers that are missing.

    as_frame : bool, default=False
        Whether tables are DataFrames of pandas, with categories and truth values, instead of
        arrays.

    random_state : int, RandomState instance or None, default=None
        Determines answers and gaps.

    Returns
    -------
    questionnaire : :class:`~sklearn.utils.Bunch`
        With the fields

        data : {ndarray, DataFrame} of shape (n_samples, 5)
            Answers: job, worry, owner, visits and height, see `MixedQuestionnaire`.
        complete : {ndarray, DataFrame} of shape (n_samples, 5)
            The same without gaps.
        classes : ndarray of shape (n_samples,) of int
            Of the people.
        feature_names : list of str
            Names of the columns.
        kinds : list of str
            Their kinds, as ``visible`` takes them.
        distribution : MixedQuestionnaire
            With exact scores, and probabilities of the classes given answers.

    See Also
    --------
    make_binary_questionnaire : Yes-or-no questions that measure traits.

    Examples
    --------
    >>> from sklearn_helmholtz.datasets import make_mixed_questionnaire
    >>> people = make_mixed_questionnaire(300, as_frame=True, random_state=0)
    >>> people.data.head(3)
           job      worry  owner  visits  height
    0    nurse     always   <NA>     3.0     NaN
    1    nurse     always   True     4.0   167.0
    2  student  sometimes   <NA>     6.0   163.0
    >>> round(people.distribution.score(people.data), 2)  # nats per row, of what is observed
    -7.98
    """
    rng, distribution = check_random_state(random_state), MixedQuestionnaire()
    complete, classes = distribution.sample(n_samples, rng)
    data = with_gaps(complete, missing, rng)
    if as_frame:
        data, complete = as_frame_of(data), as_frame_of(complete)
    return Bunch(
        data=data,
        complete=complete,
        classes=classes,
        feature_names=list(KINDS),
        kinds=list(KINDS.values()),
        distribution=distribution,
    )
