"""Density baselines for rows of zeros and ones.

Every log-likelihood is in nats (natural logarithm), one float64 value per row.
Three families are covered: independent pixels, a mixture of independent-pixel
components, and scikit-learn's restricted Boltzmann machine, whose log-likelihood
scikit-learn leaves out because it needs the partition function.
"""

import warnings
from itertools import pairwise
from numbers import Integral, Real

import numpy as np
from scipy.special import expit, logit, logsumexp
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch, check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = [
    "BernoulliMixture",
    "IndependentBernoulli",
    "digits",
    "paired_difference",
    "rbm_log_likelihood",
    "rbm_log_partition_annealed",
    "rbm_log_partition_exact",
]

DIGITS_THRESHOLD = 8
MAX_EXACT_COMPONENTS = 20
STATES_PER_BLOCK = 4096


class _BinaryDensity(DensityMixin, BaseEstimator):
    """Base class of the densities over rows of zeros and ones."""

    def _validate_rows(self, X, *, reset):
        """Return `X` as float64, having checked that it holds only 0 and 1."""
        X = validate_data(self, X, dtype=np.float64, reset=reset)
        if not np.all((X == 0) | (X == 1)):
            raise ValueError(f"{type(self).__name__} needs every entry of X to be 0 or 1.")
        return X

    def score(self, X, y=None):
        """Mean log-likelihood per row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of zeros and ones.

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        score : float
            Mean of :meth:`score_samples` over the rows, in nats.
        """
        return float(np.mean(self.score_samples(X)))


class IndependentBernoulli(_BinaryDensity):
    """Independent pixels, each with its own probability of being on.

    The probability of pixel `i`, which is on in ``c_i`` of ``n`` rows, is
    ``(c_i + smoothing) / (n + 2 * smoothing)``: the mode under a
    Beta(1 + smoothing, 1 + smoothing) prior (``smoothing=1`` is Laplace's rule).

    Parameters
    ----------
    smoothing : float, default=1.0
        Pseudo-count added to both values of every pixel, above zero.

    Attributes
    ----------
    means_ : ndarray of shape (n_features,)
        Probability that each pixel is on, strictly between 0 and 1.

    n_features_in_ : int
        Number of features seen during fit.
    """

    def __init__(self, smoothing=1.0):
        self.smoothing = smoothing

    def fit(self, X, y=None):
        """Estimate the probability of each pixel.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of zeros and ones.

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        self : IndependentBernoulli
            The fitted density.
        """
        check_scalar(self.smoothing, "smoothing", Real, min_val=0, include_boundaries="neither")
        X = self._validate_rows(X, reset=True)
        self.means_ = (X.sum(axis=0) + self.smoothing) / (len(X) + 2 * self.smoothing)
        return self

    def score_samples(self, X):
        """Log-likelihood of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of zeros and ones.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            ``log p(x)`` of each row, in nats.
        """
        check_is_fitted(self)
        X = self._validate_rows(X, reset=False)
        return _log_bernoulli(X, self.means_[np.newaxis])[:, 0]


class BernoulliMixture(_BinaryDensity):
    """Mixture of independent-pixel components, fitted by EM.

    ``p(x) = sum_k weights_[k] * prod_i Bernoulli(x_i; means_[k, i])``, fitted to
    the mode of the posterior [1]_. The prior gives every component `smoothing`
    imaginary rows whose pixels are on at the training base rates ``m``, where
    ``m_i = (c_i + 1) / (n + 2)`` for a pixel on in ``c_i`` of ``n`` rows:

    - ``means_[k, i]`` has a Beta(1 + smoothing * m_i, 1 + smoothing * (1 - m_i))
      prior;
    - ``weights_`` has a symmetric Dirichlet(1 + smoothing) prior.

    Parameters
    ----------
    n_components : int, default=10
        Number of components, at most the number of training rows.

    smoothing : float, default=1.0
        Number of imaginary rows given to each component, above zero.

    max_iter : int, default=500
        Largest number of EM iterations of each start.

    tol : float, default=1e-4
        EM stops once the objective per training row rises by less than this.

    n_init : int, default=1
        Number of random starts, of which the one with the highest final
        objective is kept.

    random_state : int, RandomState instance or None, default=None
        Draws the starts. Each component starts from its own training row, drawn
        without replacement, with every pixel pulled to its base rate by a random
        fraction of the way, uniform from 1/4 to 3/4, so that components which
        start from equal rows still differ.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Probability of each component.

    means_ : ndarray of shape (n_components, n_features)
        Probability that each pixel is on under each component.

    objective_path_ : ndarray of shape (n_iter_,)
        Log-likelihood of the training rows plus the log prior density, up to a
        constant, in nats, at the beginning of each iteration of the kept start.

    n_iter_ : int
        Number of iterations of the kept start.

    converged_ : bool
        Whether the kept start met `tol` within `max_iter` iterations.

    n_features_in_ : int
        Number of features seen during fit.

    References
    ----------
    .. [1] Bishop (2006). Pattern Recognition and Machine Learning, section 9.3.3
       (and exercises 9.18 and 9.19 for the priors). Springer.
    """

    def __init__(
        self,
        n_components=10,
        *,
        smoothing=1.0,
        max_iter=500,
        tol=1e-4,
        n_init=1,
        random_state=None,
    ):
        self.n_components = n_components
        self.smoothing = smoothing
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X, y=None):
        """Fit the mixture by EM from `n_init` starts and keep the best.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of zeros and ones.

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        self : BernoulliMixture
            The fitted density.
        """
        X = self._validate_rows(X, reset=True)
        self._check_parameters(len(X))
        random_state = check_random_state(self.random_state)
        base_rates = IndependentBernoulli(smoothing=1.0).fit(X).means_
        runs = [self._run_em(X, base_rates, random_state) for _ in range(self.n_init)]
        best = max(runs, key=lambda run: run.objective_path[-1])
        self.weights_, self.means_ = best.weights, best.means
        self.objective_path_ = np.array(best.objective_path)
        self.n_iter_, self.converged_ = len(best.objective_path), best.converged
        if not self.converged_:
            warnings.warn(
                f"EM stopped at max_iter={self.max_iter} before meeting tol={self.tol}.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def score_samples(self, X):
        """Log-likelihood of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of zeros and ones.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            ``log p(x)`` of each row, in nats.
        """
        check_is_fitted(self)
        X = self._validate_rows(X, reset=False)
        return logsumexp(_log_bernoulli(X, self.means_) + np.log(self.weights_), axis=1)

    def _check_parameters(self, n_samples):
        """Raise for parameters out of range; `n_samples` bounds `n_components`."""
        check_scalar(self.n_components, "n_components", Integral, min_val=1, max_val=n_samples)
        check_scalar(self.smoothing, "smoothing", Real, min_val=0, include_boundaries="neither")
        check_scalar(self.max_iter, "max_iter", Integral, min_val=1)
        check_scalar(self.tol, "tol", Real, min_val=0)
        check_scalar(self.n_init, "n_init", Integral, min_val=1)

    def _run_em(self, X, base_rates, random_state):
        """Run EM from one random start.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Training rows.

        base_rates : ndarray of shape (n_features,)
            Pixel probabilities of the imaginary rows.

        random_state : RandomState instance
            Draws the start.

        Returns
        -------
        run : Bunch
            `weights`, `means`, `objective_path` and `converged`.
        """
        rows = random_state.choice(len(X), self.n_components, replace=False)
        pull = random_state.uniform(0.25, 0.75, size=(self.n_components, X.shape[1]))
        means = X[rows] + pull * (base_rates - X[rows])
        weights = np.full(self.n_components, 1 / self.n_components)
        path, converged = [], False
        while len(path) < self.max_iter and not converged:
            log_joint = _log_bernoulli(X, means) + np.log(weights)
            log_rows = logsumexp(log_joint, axis=1)
            path.append(log_rows.sum() + self._log_prior(weights, means, base_rates))
            converged = len(path) > 1 and path[-1] - path[-2] < self.tol * len(X)
            if not converged:
                responsibilities = np.exp(log_joint - log_rows[:, np.newaxis])
                weights, means = self._maximize(X, responsibilities, base_rates)
        return Bunch(weights=weights, means=means, objective_path=path, converged=converged)

    def _log_prior(self, weights, means, base_rates):
        """Log prior density of the parameters, up to a constant, in nats."""
        pixels = base_rates * np.log(means) + (1 - base_rates) * np.log1p(-means)
        return self.smoothing * (np.log(weights).sum() + pixels.sum())

    def _maximize(self, X, responsibilities, base_rates):
        """Weights and means at the mode, given `responsibilities` (rows x components)."""
        counts = responsibilities.sum(axis=0) + self.smoothing
        on_counts = responsibilities.T @ X + self.smoothing * base_rates
        return counts / counts.sum(), on_counts / counts[:, np.newaxis]


def _log_bernoulli(X, means):
    """Log-probability of each row under each vector of independent pixels.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows of zeros and ones.

    means : ndarray of shape (n_components, n_features)
        Pixel probabilities, strictly between 0 and 1.

    Returns
    -------
    log_probability : ndarray of shape (n_samples, n_components)
        In nats.
    """
    return X @ logit(means).T + np.log1p(-means).sum(axis=1)


def _softplus(x):
    """``log(1 + exp(x))`` without overflow."""
    return np.logaddexp(0, x)


def rbm_log_partition_exact(rbm):
    """Log partition function of a small Bernoulli RBM, by enumeration.

    With weights ``W`` (`components_`), hidden biases ``c`` and visible biases
    ``b``, the visible units sum out in closed form [1]_:
    ``Z = sum_h exp(c . h) prod_i (1 + exp(b_i + (h W)_i))``.

    Parameters
    ----------
    rbm : BernoulliRBM
        Fitted machine with at most 20 hidden units.

    Returns
    -------
    log_partition : float
        ``log Z``, in nats.

    References
    ----------
    .. [1] Salakhutdinov & Murray (2008). On the quantitative analysis of deep
       belief networks. ICML, section 2.
    """
    n_components = len(rbm.intercept_hidden_)
    if n_components > MAX_EXACT_COMPONENTS:
        raise ValueError(
            f"Enumeration is limited to {MAX_EXACT_COMPONENTS} hidden units, got {n_components}."
        )
    block_sums = []
    for start in range(0, 2**n_components, STATES_PER_BLOCK):
        codes = np.arange(start, min(start + STATES_PER_BLOCK, 2**n_components))
        hidden = (codes[:, np.newaxis] >> np.arange(n_components) & 1).astype(np.float64)
        visible_sums = _softplus(hidden @ rbm.components_ + rbm.intercept_visible_).sum(axis=1)
        block_sums.append(logsumexp(hidden @ rbm.intercept_hidden_ + visible_sums))
    return float(logsumexp(block_sums))


def rbm_log_partition_annealed(
    rbm, *, base_rates, n_chains=100, n_temperatures=1000, random_state=None
):
    """Log partition function of a Bernoulli RBM, by annealed importance sampling.

    Each chain starts from independent pixels at `base_rates` and is carried to
    the RBM by one Gibbs sweep at each inverse temperature [1]_. The mean of the
    chains' weights is an unbiased estimate of the ratio of the two partition
    functions, so its logarithm lies below the truth on average: a poor run makes
    the RBM look better than it is, never worse, and the standard error does not
    show it. Compare with a run at more temperatures.

    Parameters
    ----------
    rbm : BernoulliRBM
        Fitted machine.

    base_rates : ndarray of shape (n_features,)
        Probability that each pixel is on in the starting distribution, strictly
        between 0 and 1: the smoothed base rates of the training rows.

    n_chains : int, default=100
        Number of independent chains, at least 2.

    n_temperatures : int, default=1000
        Number of inverse temperatures, evenly spaced from 0 to 1 inclusive.

    random_state : int, RandomState instance or None, default=None
        Draws the chains.

    Returns
    -------
    log_partition : float
        Estimate of ``log Z``, in nats.

    standard_error : float
        Standard error of `log_partition` by the delta method: that of the mean
        weight, divided by the mean weight.

    References
    ----------
    .. [1] Salakhutdinov & Murray (2008). On the quantitative analysis of deep
       belief networks. ICML, sections 3 and 4.1.
    """
    log_weights = _annealed_log_weights(
        rbm, logit(base_rates), n_chains, n_temperatures, check_random_state(random_state)
    )
    log_base = _softplus(logit(base_rates)).sum() + len(rbm.intercept_hidden_) * np.log(2)
    log_mean = logsumexp(log_weights) - np.log(n_chains)
    relative_weights = np.exp(log_weights - log_mean)
    standard_error = relative_weights.std(ddof=1) / np.sqrt(n_chains)
    return float(log_base + log_mean), float(standard_error)


def _annealed_log_weights(rbm, base_logits, n_chains, n_temperatures, random_state):
    """Log importance weights of annealed chains.

    The density at inverse temperature ``t`` is that of an RBM with weights
    ``t W``, hidden biases ``t c`` and visible biases ``(1 - t) a + t b``, where
    ``a`` is `base_logits`. Its log, summed over the hidden units, is
    ``v . ((1 - t) a + t b) + sum_j log(1 + exp(t (W v + c)_j))``.

    Parameters
    ----------
    rbm : BernoulliRBM
        Fitted machine.

    base_logits : ndarray of shape (n_features,)
        Visible biases of the starting distribution.

    n_chains, n_temperatures : int
        Number of chains and of inverse temperatures.

    random_state : RandomState instance
        Draws the chains.

    Returns
    -------
    log_weights : ndarray of shape (n_chains,)
        In nats.
    """
    bias_change = rbm.intercept_visible_ - base_logits
    visible = _sample_bernoulli(np.tile(base_logits, (n_chains, 1)), random_state)
    log_weights = np.zeros(n_chains)
    for colder, t in pairwise(np.linspace(0, 1, n_temperatures)):
        hidden_input = visible @ rbm.components_.T + rbm.intercept_hidden_
        log_weights += (t - colder) * (visible @ bias_change)
        log_weights += (_softplus(t * hidden_input) - _softplus(colder * hidden_input)).sum(axis=1)
        hidden = _sample_bernoulli(t * hidden_input, random_state)
        visible_input = base_logits + t * (hidden @ rbm.components_ + bias_change)
        visible = _sample_bernoulli(visible_input, random_state)
    return log_weights


def _sample_bernoulli(logits, random_state):
    """Float64 draws of 0 or 1, each on with probability ``expit(logits)``."""
    return (random_state.random_sample(logits.shape) < expit(logits)).astype(np.float64)


def rbm_log_likelihood(rbm, X, log_partition):
    """Log-likelihood of each row under a Bernoulli RBM.

    ``log p(x) = -F(x) - log Z`` with the free energy
    ``F(x) = -b . x - sum_j log(1 + exp((W x + c)_j))`` [1]_.

    Parameters
    ----------
    rbm : BernoulliRBM
        Fitted machine.

    X : array-like of shape (n_samples, n_features)
        Rows of zeros and ones.

    log_partition : float
        ``log Z`` of the machine, in nats.

    Returns
    -------
    log_likelihood : ndarray of shape (n_samples,)
        ``log p(x)`` of each row, in nats.

    References
    ----------
    .. [1] Salakhutdinov & Murray (2008). On the quantitative analysis of deep
       belief networks. ICML, section 2.
    """
    X = np.asarray(X, dtype=np.float64)
    hidden_input = X @ rbm.components_.T + rbm.intercept_hidden_
    return X @ rbm.intercept_visible_ + _softplus(hidden_input).sum(axis=1) - log_partition


def paired_difference(a, b):
    """Mean difference of two log-likelihoods of the same rows.

    Parameters
    ----------
    a, b : array-like of shape (n_samples,)
        Log-likelihood of each row under two models, rows in the same order.

    Returns
    -------
    mean : float
        Mean of ``a - b``, in nats: positive when `a` is the better model.

    standard_error : float
        Standard error of the mean over rows. Pairing removes the variation
        between easy and hard rows that both models share.
    """
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    standard_error = difference.std(ddof=1) / np.sqrt(len(difference))
    return float(difference.mean()), float(standard_error)


def digits(seed=0):
    """Binarised handwritten digits with a fixed split.

    The 1797 images of :func:`sklearn.datasets.load_digits` have 64 pixels from 0
    to 16; a pixel is on when it is at least 8. The split is stratified by class.

    Parameters
    ----------
    seed : int, default=0
        Seed of the split.

    Returns
    -------
    data : Bunch
        `X_train` of shape (1197, 64), `X_valid` and `X_test` of shape (300, 64),
        all uint8, with the classes `y_train`, `y_valid` and `y_test`.
    """
    grey, y = load_digits(return_X_y=True)
    X = (grey >= DIGITS_THRESHOLD).astype(np.uint8)
    X_rest, X_test, y_rest, y_test = train_test_split(
        X, y, test_size=300, stratify=y, random_state=seed
    )
    X_train, X_valid, y_train, y_valid = train_test_split(
        X_rest, y_rest, test_size=300, stratify=y_rest, random_state=seed
    )
    return Bunch(
        X_train=X_train,
        X_valid=X_valid,
        X_test=X_test,
        y_train=y_train,
        y_valid=y_valid,
        y_test=y_test,
    )
