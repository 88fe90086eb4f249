"""Densities of linear models that sparse coding is compared with."""

import numpy as np
from scipy import stats
from sklearn.decomposition import FastICA
from sklearn.mixture import GaussianMixture


class Normal:
    """The normal distribution of some rows."""

    def fit(self, X):
        """Find mean and covariance."""
        self._normal = stats.multivariate_normal(X.mean(axis=0), np.cov(X.T, bias=True))
        return self

    def score_samples(self, X):
        """Log-densities of rows, nats."""
        return self._normal.logpdf(X)

    def score(self, X):
        """Mean log-density, nats."""
        return float(self.score_samples(X).mean())


class LaplaceICA:
    """FastICA's sources with Laplace densities: log p(x) by change of variables.

    Square and without noise; scales of the sources are those of the highest likelihood.
    """

    def __init__(self, random_state=0):
        self._ica = FastICA(
            whiten="unit-variance", max_iter=300, tol=1e-4, random_state=random_state
        )

    def fit(self, X):
        """Find the unmixing matrix and the scales."""
        self.scales_ = np.abs(self._ica.fit_transform(X)).mean(axis=0)
        self.log_volume_ = np.linalg.slogdet(self._ica.components_)[1]
        return self

    def score_samples(self, X):
        """Log-densities of rows, nats."""
        sources = stats.laplace(scale=self.scales_).logpdf(self._ica.transform(X))
        return sources.sum(axis=1) + self.log_volume_

    def score(self, X):
        """Mean log-density, nats."""
        return float(self.score_samples(X).mean())

    @property
    def atoms(self):
        """The mixing matrix, transposed, for sources of variance 1."""
        return self._ica.mixing_.T


def best_mixture(X, X_valid, sizes, random_state=0):
    """The mixture of Gaussians, of some sizes and forms, that is best on rows held out."""
    made = (
        GaussianMixture(n, covariance_type=form, reg_covar=1e-3, random_state=random_state).fit(X)
        for n in sizes
        for form in ("full", "diag")
    )
    return max(made, key=lambda model: model.score(X_valid))
