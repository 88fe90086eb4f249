"""Images of bars, all vertical or all horizontal."""

import itertools
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy.special import entr
from sklearn.utils import check_random_state

from ..estimators._compat import Interval, validate_params
from .distribution import Distribution, log_bernoulli, refuse_missing


@dataclass(frozen=True)
class Bars(Distribution):
    """Distribution of images of vertical or of horizontal bars, never of both.

    First a direction is chosen, then each of its bars is there or not, by itself [1]_.

    Parameters
    ----------
    size : int, default=4
        Pixels of a side, and bars of a direction.

    p_bar : float, default=0.2
        Probability of each bar.

    p_vertical : float, default=2/3
        Probability that bars are vertical.

    See Also
    --------
    make_bars : Draws images.

    References
    ----------
    .. [1] Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural
           networks, Science 268, 1158-1161.

    Examples
    --------
    >>> from sklearn_helmholtz.datasets import Bars
    >>> images, probabilities = Bars().table()
    >>> images.shape, probabilities.shape
    ((30, 16), (30,))
    >>> round(Bars().entropy(), 3)  # nats: no model scores more than minus that, on average
    2.376
    """

    size: int = 4
    p_bar: float = 0.2
    p_vertical: float = 2 / 3

    @property
    def n_features(self):
        """Pixels of an image."""
        return self.size**2

    def sample(self, n_samples=1, random_state=None):
        """Draw images.

        Parameters
        ----------
        n_samples : int, default=1
            How many.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw.

        Returns
        -------
        X : ndarray of shape (n_samples, size ** 2) of uint8
            Images, row by row.

        bars : ndarray of shape (n_samples, 2 * size) of uint8
            Which bars are there: the vertical ones, then the horizontal ones.
        """
        rng = check_random_state(random_state)
        vertical = rng.random_sample((n_samples, 1)) < self.p_vertical
        chosen = rng.random_sample((n_samples, self.size)) < self.p_bar
        bars = np.hstack([chosen & vertical, chosen & ~vertical]).astype(np.uint8)
        return self.draw(bars), bars

    def draw(self, bars):
        """Images that hold given bars.

        Parameters
        ----------
        bars : array-like of shape (n_samples, 2 * size)
            As `sample` returns them.

        Returns
        -------
        X : ndarray of shape (n_samples, size ** 2) of uint8
            Images, row by row.
        """
        vertical, horizontal = np.split(np.asarray(bars, np.uint8), 2, axis=1)
        return (vertical[:, None, :] | horizontal[:, :, None]).reshape(-1, self.n_features)

    def table(self):
        """All images and their probabilities.

        Returns
        -------
        images : ndarray of shape (n_images, size ** 2) of uint8
            Different from each other.

        probabilities : ndarray of shape (n_images,)
            Of these.
        """
        states = np.array(list(itertools.product((0, 1), repeat=self.size)), np.uint8)
        none = np.zeros_like(states)
        bars = np.vstack([np.hstack([states, none]), np.hstack([none, states])])
        images = np.unique(self.draw(bars), axis=0)
        return images, np.exp(self.score_samples(images))

    def entropy(self):
        """Entropy of the images in nats: minus their mean log-probability.

        Returns
        -------
        entropy : float
            By all images that there are.
        """
        _, probabilities = self.table()
        return float(entr(probabilities).sum())

    def _log_prob(self, X):
        refuse_missing(X, self)
        images = X.reshape(-1, self.size, self.size)
        return np.logaddexp(
            np.log(self.p_vertical) + self._log_stripes(images),
            np.log1p(-self.p_vertical) + self._log_stripes(images.swapaxes(1, 2)),
        )

    def _log_stripes(self, images):
        """Log p of images of vertical bars alone; minus infinity of others."""
        is_striped = (images == images[:, :1]).all(axis=(1, 2))
        return np.where(is_striped, log_bernoulli(images[:, 0], self.p_bar), -np.inf)


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "size": [Interval(Integral, 2, None, closed="left")],
        "p_bar": [Interval(Real, 0, 1, closed="neither")],
        "p_vertical": [Interval(Real, 0, 1, closed="neither")],
        "return_distribution": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_bars(
    n_samples=100,
    *,
    size=4,
    p_bar=0.2,
    p_vertical=2 / 3,
    return_distribution=False,
    random_state=None,
):
    """Draw images of vertical or of horizontal bars, the problem of Hinton et al. (1995).

    Parameters
    ----------
    n_samples : int, default=100
        Images.

    size : int, default=4
        Pixels of a side, and bars of a direction.

    p_bar : float, default=0.2
        Probability of each bar.

    p_vertical : float, default=2/3
        Probability that bars are vertical.

    return_distribution : bool, default=False
        Whether to return the distribution, too.

    random_state : int, RandomState instance or None, default=None
        An int repeats the draw.

    Returns
    -------
    X : ndarray of shape (n_samples, size ** 2) of uint8
        Images, row by row.

    bars : ndarray of shape (n_samples, 2 * size) of uint8
        Which bars are there: the vertical ones, then the horizontal ones.

    distribution : Bars
        Only with ``return_distribution=True``.

    See Also
    --------
    make_shifter : Images of two rows, one of which is the other one shifted.

    References
    ----------
    Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural networks,
    Science 268, 1158-1161.

    Examples
    --------
    >>> from sklearn_helmholtz.datasets import make_bars
    >>> X, bars, truth = make_bars(5, return_distribution=True, random_state=9)
    >>> X[0].reshape(4, 4)
    array([[0, 0, 0, 1],
           [0, 0, 0, 1],
           [0, 0, 0, 1],
           [0, 0, 0, 1]], dtype=uint8)
    >>> truth.score_samples(X[:1]).round(3)  # log(2 / 3 * 0.2 * 0.8 ** 3)
    array([-2.684])
    """
    distribution = Bars(int(size), float(p_bar), float(p_vertical))
    X, bars = distribution.sample(n_samples, random_state)
    return (X, bars, distribution) if return_distribution else (X, bars)
