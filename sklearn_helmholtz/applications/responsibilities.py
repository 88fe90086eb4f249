"""Expectation-maximisation over the missing labels of rows, with a density for each class."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp
from sklearn.utils.parallel import Parallel, delayed

from ..estimators.class_labels import MISSING
from ..estimators.comparison import RowScores, row_scores
from ..estimators.given_columns import shown
from .densities import fitted, log_densities, suited
from .rows import chosen

_NO_SHARE = 1e-12  # of the rows, that a class which explains none may have


@dataclass(frozen=True)
class Classes:
    """Densities of classes, and how probable each class is.

    estimators : fitted, one for each class; counts : (n_classes,) sums of the weights of the rows
    of each; prior : (n_classes,) probabilities.
    """

    estimators: list
    counts: np.ndarray
    prior: np.ndarray

    def joint(self, rows):
        """``log p(x, y)`` of rows and classes, (n_rows, n_classes)."""
        scores = [log_densities(estimator, rows) for estimator in self.estimators]
        return np.column_stack(scores) + self.log_prior

    def row_scores(self, rows, weights=None):
        """`RowScores` of rows, whatever their classes.

        ``d log p(x) = sum_y p(y | x) d log p(x | y)``: noise of the density of a class, and doubts
        of it, count as much as the class is probable, which is known after a first look.
        """
        joint = self.joint(rows)
        shares = np.exp(log_posterior(joint, self.log_prior))
        weights = np.ones(len(joint)) if weights is None else weights
        noise, reliable = 0.0, True
        for estimator, share in zip(self.estimators, (shares * weights[:, None]).T, strict=True):
            if share.sum() <= _NO_SHARE * weights.sum():
                continue
            found = row_scores(estimator, suited(estimator, rows), share)
            noise += found.shared_noise * (share.sum() / weights.sum()) ** 2
            reliable &= found.reliable
        return RowScores(logsumexp(joint, axis=1), noise, reliable)

    @property
    def log_prior(self):
        """``log p(y)``, (n_classes,), -inf where a prior is zero."""
        with np.errstate(divide="ignore"):
            return np.log(self.prior)


def log_posterior(joint, log_prior):
    """``log p(y | x)``, (n_rows, n_classes); of rows that no class makes possible ``log p(y)``."""
    total = logsumexp(joint, axis=1, keepdims=True)
    impossible = np.isneginf(total)
    return np.where(impossible, log_prior, joint - np.where(impossible, 0, total))


@dataclass(frozen=True)
class Rows:
    """Rows to learn classes from.

    values : as densities take them; labels : `ClassLabels`; weights : (n_rows,), or None for 1
    each; priors : (n_classes,) as users gave them, or None; n_jobs : classes learnt at a time.
    """

    values: object
    labels: object
    weights: np.ndarray | None
    priors: np.ndarray | None
    n_jobs: int | None

    def classes(self, estimators, shares, are_shared):
        """`Classes` learnt from shares (n_rows, n_classes) of the rows; it fits the estimators.

        are_shared : whether shares, or weights, are others than 0 and 1.
        """
        fit = delayed(_fit_class)
        learnt = Parallel(n_jobs=self.n_jobs)(
            fit(estimator, self.values, shares[:, place], shown(label), are_shared)
            for place, (estimator, label) in enumerate(
                zip(estimators, self.labels.classes, strict=True)
            )
        )
        counts = shares.sum(axis=0)
        return Classes(
            learnt, counts, counts / counts.sum() if self.priors is None else self.priors
        )

    def shares_of_labels(self):
        """The weight of each row in its class, (n_rows, n_classes); unlabelled rows have none."""
        shares = np.zeros((len(self.labels.codes), len(self.labels.classes)))
        labelled = np.flatnonzero(~self.labels.missing)
        codes = self.labels.codes[labelled]
        shares[labelled, codes] = 1.0 if self.weights is None else self.weights[labelled]
        return shares

    def expectation(self, classes):
        """Log-likelihood of all rows, and the shares of classes in them.

        A labelled row has ``log p(x, y)``, all others ``log p(x)``.
        """
        joint, codes = classes.joint(self.values), self.labels.codes
        weights = np.ones(len(codes)) if self.weights is None else self.weights
        labelled = codes != MISSING
        known = joint[labelled, codes[labelled]]
        values = np.concatenate([known, logsumexp(joint[~labelled], axis=1)])
        ordered = np.concatenate([weights[labelled], weights[~labelled]])
        posterior = np.exp(log_posterior(joint, classes.log_prior))
        shares = np.where(labelled[:, None], self.shares_of_labels(), posterior * weights[:, None])
        return float((ordered * values).sum()), shares


def _fit_class(estimator, rows, shares, label, are_shared):
    """An estimator fitted to the rows that have a share in a class, or an error that names it."""
    kept = np.flatnonzero(shares)
    try:
        return fitted(estimator, chosen(rows, kept), shares[kept] if are_shared else None)
    except ValueError as error:
        raise ValueError(
            f"The density of class {label} cannot be learnt from its {len(kept)} row(s): {error}"
        ) from error


def maximise(rows, classes, max_iter, tol):
    """`Classes` that explain labelled and unlabelled rows, and the log-likelihoods on the way.

    Each step learns the densities from all rows, weighted by how probable their classes are, from
    where the last step left them if the estimators have ``warm_start`` (Nigam, McCallum, Thrun &
    Mitchell 2000, section 5). It ends where a step raises the log-likelihood per unit of weight by
    less than ``tol``; one that lowers it is not made. Last comes whether it ended before
    ``max_iter`` fits.
    """
    likelihood, shares = rows.expectation(classes)
    path, total = [likelihood], shares.sum()
    while len(path) < max_iter:
        estimators = [_to_go_on(estimator) for estimator in classes.estimators]
        found = rows.classes(estimators, shares, are_shared=True)
        likelihood, shares = rows.expectation(found)
        if not likelihood >= path[-1]:
            return classes, path, True
        classes, gain = found, likelihood - path[-1]
        path.append(likelihood)
        if gain < tol * total:
            return classes, path, True
    return classes, path, False


def _to_go_on(estimator):
    """A copy that begins where it is, if it can."""
    estimator = deepcopy(estimator)
    if "warm_start" in estimator.get_params(deep=False):
        estimator.set_params(warm_start=True)
    return estimator
