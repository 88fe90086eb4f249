"""Images of two rows of pixels, one of which is the other one shifted."""

import itertools
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy.special import entr
from sklearn.utils import check_random_state

from ..estimators._compat import Interval, validate_params
from .distribution import Distribution, log_bernoulli, refuse_missing


@dataclass(frozen=True)
class Shifter(Distribution):
    """Distribution of images whose top is their bottom, shifted by a pixel to the left or right.

    The bottom row holds random bits. The top row is a copy, shifted with wraparound, and the two
    rows in between repeat the outer ones [1]_. Single pixels tell nothing of the way it was
    shifted: it takes pixels of both rows.

    Parameters
    ----------
    n_bits : int, default=8
        Pixels of a row.

    p_on : float, default=0.3
        Probability of each bit.

    See Also
    --------
    make_shifter : Draws images.

    References
    ----------
    .. [1] Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904.

    Examples
    --------
    >>> from sklearn_helmholtz.datasets import Shifter
    >>> round(Shifter().entropy(), 3)  # nats
    5.537
    """

    n_bits: int = 8
    p_on: float = 0.3

    @property
    def n_features(self):
        """Pixels of an image."""
        return 4 * self.n_bits

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
        X : ndarray of shape (n_samples, 4 * n_bits) of uint8
            Images, row by row from the top.

        to_the_right : ndarray of shape (n_samples,) of int
            1 where the top row is the bottom row shifted to the right, 0 where to the left.
        """
        rng = check_random_state(random_state)
        bits = (rng.random_sample((n_samples, self.n_bits)) < self.p_on).astype(np.uint8)
        to_the_right = (rng.random_sample(n_samples) < 0.5).astype(np.int64)
        return self.draw(bits, to_the_right), to_the_right

    def draw(self, bits, to_the_right):
        """Images of given bottom rows.

        Parameters
        ----------
        bits : array-like of shape (n_samples, n_bits)
            The bottom rows.

        to_the_right : array-like of shape (n_samples,)
            As `sample` returns it.

        Returns
        -------
        X : ndarray of shape (n_samples, 4 * n_bits) of uint8
            Images, row by row from the top.
        """
        bits, to_the_right = np.asarray(bits, np.uint8), np.asarray(to_the_right)[:, None]
        top = np.where(to_the_right, np.roll(bits, 1, axis=1), np.roll(bits, -1, axis=1))
        return np.hstack([top, top, bits, bits])

    def table(self):
        """All images and their probabilities.

        Returns
        -------
        images : ndarray of shape (n_images, 4 * n_bits) of uint8
            Different from each other: there are fewer than ``2 ** (n_bits + 1)``, since some look
            the same shifted either way.

        probabilities : ndarray of shape (n_images,)
            Of these.
        """
        bits = np.array(list(itertools.product((0, 1), repeat=self.n_bits)), np.uint8)
        drawn = [self.draw(bits, np.full(len(bits), way)) for way in (0, 1)]
        images = np.unique(np.vstack(drawn), axis=0)
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
        top, second, third, bits = np.split(X, 4, axis=1)
        is_doubled = ((top == second) & (third == bits)).all(axis=1)
        ways = sum((top == np.roll(bits, way, axis=1)).all(axis=1).astype(int) for way in (1, -1))
        share = np.where(is_doubled, ways / 2, 0)
        with np.errstate(divide="ignore"):
            return np.log(share) + log_bernoulli(bits, self.p_on)


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_bits": [Interval(Integral, 3, None, closed="left")],
        "p_on": [Interval(Real, 0, 1, closed="neither")],
        "return_distribution": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_shifter(
    n_samples=100, *, n_bits=8, p_on=0.3, return_distribution=False, random_state=None
):
    """Draw images whose top is their bottom, shifted, the problem of Dayan et al. (1995).

    Parameters
    ----------
    n_samples : int, default=100
        Images.

    n_bits : int, default=8
        Pixels of a row, of which there are four.

    p_on : float, default=0.3
        Probability of each bit of the bottom row.

    return_distribution : bool, default=False
        Whether to return the distribution, too.

    random_state : int, RandomState instance or None, default=None
        An int repeats the draw.

    Returns
    -------
    X : ndarray of shape (n_samples, 4 * n_bits) of uint8
        Images, row by row from the top.

    to_the_right : ndarray of shape (n_samples,) of int
        1 where the top row is the bottom row shifted to the right, 0 where to the left.

    distribution : Shifter
        Only with ``return_distribution=True``.

    See Also
    --------
    make_bars : Images of vertical or of horizontal bars.

    References
    ----------
    Dayan, Hinton, Neal & Zemel (1995), The Helmholtz machine, Neural Computation 7, 889-904.

    Examples
    --------
    >>> from sklearn_helmholtz.datasets import make_shifter
    >>> X, to_the_right = make_shifter(1, random_state=1)
    >>> X.reshape(4, 8)
    array([[0, 0, 0, 1, 0, 1, 1, 1],
           [0, 0, 0, 1, 0, 1, 1, 1],
           [0, 0, 1, 0, 1, 1, 1, 0],
           [0, 0, 1, 0, 1, 1, 1, 0]], dtype=uint8)
    >>> to_the_right
    array([1])
    """
    distribution = Shifter(int(n_bits), float(p_on))
    X, to_the_right = distribution.sample(n_samples, random_state)
    return (X, to_the_right, distribution) if return_distribution else (X, to_the_right)
