"""Expected features of rows, as sums from which parameters are learnt."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse

from .gaps import places


@dataclass(frozen=True)
class Expectations:
    """Sums over rows under the posterior of the features, given a machine.

    log_prob : of all rows, nats; counts : (n_columns,) observed values; residuals : (n_columns,)
    sums of ``e = x - mean - h @ loadings``; products : (n_features, n_columns) those of ``h e``;
    squares : (n_columns,) those of ``e^2``; n_pairs : of rows that follow each other; drift, cross
    : (n_features,) sums over these of ``(h_t - h_(t-1))^2`` and of ``h_t h_(t-1)``.
    """

    log_prob: float
    counts: np.ndarray
    residuals: np.ndarray
    products: np.ndarray
    squares: np.ndarray
    n_pairs: int
    drift: np.ndarray
    cross: np.ndarray

    @classmethod
    def of(cls, machine, rows, sequences, gaps, smoothed, log_prob):
        """Those of rows with their `SmoothedFeatures`."""
        residuals, products, squares = _of_residuals(machine, rows, gaps, smoothed.means)
        spread = spreads(gaps, smoothed)
        turned = np.einsum("jkl,lj->kj", spread, machine.loadings)
        squares += (machine.loadings * turned).sum(axis=0)
        drift, cross = _of_pairs(sequences, smoothed)
        return cls(
            log_prob, gaps.counts(), residuals, products - turned, squares,
            sequences.n_pairs(1), drift, cross,
        )  # fmt: skip


def _of_residuals(machine, rows, gaps, means):
    """Sums over rows of residuals at the means of the features, times these, and squared."""
    k, p = machine.loadings.shape
    residuals, products, squares = np.zeros(p), np.zeros((k, p)), np.zeros(p)
    for place in places(len(means), p):
        e = gaps.deviations(rows, place, machine.mean)
        expected = means[place] @ machine.loadings
        if not gaps.are_none:
            expected *= gaps.patterns[gaps.numbers[place]]
        e -= expected
        residuals += e.sum(axis=0)
        products += means[place].T @ e
        squares += np.einsum("tj,tj->j", e, e)
    return residuals, products, squares


def spreads(gaps, smoothed):
    """Sums of the covariances of the features over the rows that have a column.

    (n_columns, n_features, n_features); of complete rows the same for all columns.
    """
    n_places, k, _ = smoothed.covariances.shape
    shape = len(gaps.patterns), n_places
    ones = np.ones(len(gaps.numbers))
    counts = scipy.sparse.csr_array((ones, (gaps.numbers, smoothed.places)), shape=shape)
    by_pattern = counts @ smoothed.covariances.reshape(n_places, k * k)
    return (gaps.patterns.T @ by_pattern).reshape(-1, k, k)


def _of_pairs(sequences, smoothed):
    """Sums over steps of squared moves of features, and of products with those before."""
    means, covariances = smoothed.means, smoothed.covariances
    later = np.flatnonzero(sequences.begins == 0)
    earlier = later - 1
    here, there = smoothed.places[earlier], smoothed.places[later]
    variances = np.einsum("mkk->mk", covariances)
    pairs, counts = np.unique(there * len(covariances) + here, return_counts=True)
    there, here = np.divmod(pairs, len(covariances))
    across = np.einsum("mkl,mkl->mk", covariances[there], smoothed.gains[here])
    moved = (variances[there] - across) + (variances[here] - across)
    drift = ((means[later] - means[earlier]) ** 2).sum(axis=0) + counts @ moved
    cross = (means[later] * means[earlier]).sum(axis=0) + counts @ across
    return drift, cross
