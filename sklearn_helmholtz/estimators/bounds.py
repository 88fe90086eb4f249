"""Log-likelihoods bounded from both sides."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import _keys
from .._keys import Purpose
from .._threads import run_blocks
from ..inference import Gibbs
from ..likelihood import annealed_bounds, importance_bounds
from .checks import check_choice, check_count
from .particles import N_TEMPERATURES, count_particles
from .public import public
from .results import Result

_METHODS = ("importance", "annealed")
_BOUNDED_ROWS = 16  # of a block


class BoundsMixin:
    """Bounds the log-likelihood on dreams of ``self._machine``, whose causes are known.

    Needs the methods ``_dream`` and ``_n_threads`` and the parameter ``n_importance_samples``.
    """

    @public
    def log_likelihood_bounds(
        self, n_samples=1000, *, method="importance", n_importance_samples=None,
        n_temperatures=N_TEMPERATURES, random_state=None,
    ):  # fmt: skip
        """Bounds of the log-likelihood from both sides, on rows that the model dreams.

        The estimates of `log_likelihood` are too low on average. Where the hidden causes of a row
        are known, as for the model's own dreams, the same samples also make estimates that are too
        high. The gap between the two tells how far such estimates can be off, on rows like the
        model's own.

        Parameters
        ----------
        n_samples : int, default=1000
            Rows to dream.

        method : {"importance", "annealed"}, default="importance"
            Importance sampling, in which the true causes replace one particle for the upper bound;
            or annealing, from the prior to the posterior for the lower and from the true causes
            back to the prior for the upper bound [1]_.

        n_importance_samples : int, default=None
            As in `log_likelihood`.

        n_temperatures : int, default=1000
            As in `log_likelihood`.

        random_state : int, RandomState instance or None, default=None
            Rows and random numbers; None uses NumPy's global generator.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields (nats)

            lower, upper : float
                Means of the bounds over the rows: in expectation, the mean log-likelihood of dreams
                (minus the entropy of the model) lies between them.
            gap : float
                ``upper - lower``: no less, in expectation, than what the lower bound misses.
            gap_standard_error : float
                Standard error of ``gap``; NaN for a single row.
            lower_per_sample, upper_per_sample : ndarray of shape (n_samples,)
                The bounds of each row.
            method : str
                The method.

        References
        ----------
        .. [1] Grosse, Ghahramani & Adams (2015), Sandwiching the marginal likelihood using
               bidirectional Monte Carlo, arXiv:1511.02543.
        """
        check_is_fitted(self)
        n_samples = check_count("n_samples", n_samples)
        n_temperatures = check_count("n_temperatures", n_temperatures)
        check_choice("method", method, _METHODS)
        n_particles = count_particles(method, n_importance_samples, self.n_importance_samples)
        seed = _keys.draw_seed(check_random_state(random_state))
        lower, upper = self._bounds(n_samples, method, n_particles, n_temperatures, seed)
        gaps = upper - lower
        error = gaps.std(ddof=1) / np.sqrt(n_samples) if n_samples > 1 else np.nan
        return Result(
            lower=float(lower.mean()),
            upper=float(upper.mean()),
            gap=float(gaps.mean()),
            gap_standard_error=float(error),
            lower_per_sample=lower,
            upper_per_sample=upper,
            method=method,
        )

    def _bounds(self, n_samples, method, n_particles, n_temperatures, seed):
        """The bounds of dreamt rows, (n_samples,) each, in the user's units."""
        values = self._dream(n_samples, _keys.key(seed, Purpose.SAMPLE))
        gibbs = Gibbs.of(self._machine) if method == "annealed" else None
        addresses = np.arange(n_samples, dtype=np.uint64)
        bounds = np.empty((2, n_samples))

        def bound(block):
            place = slice(block * _BOUNDED_ROWS, (block + 1) * _BOUNDED_ROWS)
            part = tuple(layer[place] for layer in values)
            if method == "importance":
                both = importance_bounds(self._machine, part, seed, addresses[place], n_particles)
            else:
                both = annealed_bounds(
                    gibbs, part, seed, addresses[place], n_particles, n_temperatures
                )
            bounds[:, place] = both

        run_blocks(bound, -(-n_samples // _BOUNDED_ROWS), self._n_threads)
        volume = 0.0 if self._scaling is None else np.log(self._scaling.scale).sum()
        return bounds - volume
