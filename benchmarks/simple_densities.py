"""Density models without hidden units: the least that a latent-variable model has to beat."""

import numpy as np
import scipy.sparse
import sklearn
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.fixes import parse_version

_L1 = (
    {"l1_ratio": 1}
    if parse_version(sklearn.__version__) >= parse_version("1.8")
    else {"penalty": "l1"}
)
_CHUNK = 20_000  # rows


class ChowLiuTree(DensityMixin, BaseEstimator):
    """The tree of pairwise dependences with the highest likelihood (Chow & Liu 1968).

    smoothing : added to each of the four counts of a pair of features, and twice that to those of a
    single one.
    """

    def __init__(self, smoothing=1.0):
        self.smoothing = smoothing

    def fit(self, X, y=None):
        """Count, and find the tree. X : (n_rows, n_features), zeros and ones."""
        n, ones, pairs = len(X), X.sum(axis=0, dtype=np.float64), 0
        for start in range(0, n, _CHUNK):
            block = X[start : start + _CHUNK].astype(np.float32)
            pairs = pairs + block.T @ block  # exact: counts of a chunk are small integers
        pairs, s = pairs.astype(np.float64), self.smoothing
        counts = np.array(
            [[n - ones[:, None] - ones + pairs, ones - pairs], [ones[:, None] - pairs, pairs]]
        )
        joint = (counts + s) / (n + 4 * s)  # [x_i, x_j, i, j]
        single = np.array([n - ones + 2 * s, ones + 2 * s]) / (n + 4 * s)  # [x_i, i]
        product = single[:, None, :, None] * single[None, :, None, :]
        information = (joint * np.log(joint / product)).sum(axis=(0, 1))
        tree = minimum_spanning_tree(-np.maximum(information, 1e-12))
        order, parents = breadth_first_order(tree, 0, directed=False)
        children, parents = order[1:], parents[order[1:]]
        conditional = joint[:, :, parents, children] / single[:, None, parents]
        self.edges_, self.log_conditional_ = (parents, children), np.log(conditional)
        self.log_root_ = np.log(single[:, 0])
        return self

    def score_samples(self, X):
        """Log p(x) of each row, nats."""
        parents, children = self.edges_
        places = np.arange(len(children))
        return np.concatenate(
            [
                self.log_root_[block[:, 0]]
                + self.log_conditional_[block[:, parents], block[:, children], places].sum(axis=1)
                for block in np.array_split(X.astype(np.int64), -(-len(X) // _CHUNK))
            ]
        )

    def score(self, X, y=None):
        """The mean of `score_samples`."""
        return float(self.score_samples(X).mean())


class LogisticAutoregression(DensityMixin, BaseEstimator):
    """A fully visible sigmoid belief net: each feature regressed on those before it (Neal 1992).

    C : inverse strength of the L1 penalty on the weights of each regression, as in
    `sklearn.linear_model.LogisticRegression`.
    """

    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y=None):
        """Regress feature by feature. X : (n_rows, n_features), zeros and ones."""
        n, d = X.shape
        self.coefs_, self.intercepts_ = np.zeros((d, d)), np.zeros(d)
        columns = scipy.sparse.csc_array(X.astype(np.float64))
        for i in range(d):
            mean = (X[:, i].sum() + 0.5) / (n + 1)
            self.intercepts_[i] = np.log(mean / (1 - mean))
            if i and 0 < X[:, i].sum() < n:
                model = LogisticRegression(
                    **_L1, C=self.C, solver="liblinear", intercept_scaling=10, tol=1e-3
                )
                model.fit(columns[:, :i].tocsr(), X[:, i])
                self.coefs_[:i, i], self.intercepts_[i] = model.coef_[0], model.intercept_[0]
        return self

    def score_samples(self, X):
        """Log p(x) of each row, nats."""
        eta = scipy.sparse.csr_array(X.astype(np.float64)) @ self.coefs_ + self.intercepts_
        return (X * eta - np.logaddexp(0, eta)).sum(axis=1)

    def score(self, X, y=None):
        """The mean of `score_samples`."""
        return float(self.score_samples(X).mean())
