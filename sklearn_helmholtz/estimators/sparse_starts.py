"""Dictionaries that learning starts with."""

import warnings

import numpy as np
from sklearn import config_context
from sklearn.decomposition import FastICA, MiniBatchDictionaryLearning
from sklearn.exceptions import ConvergenceWarning

from ..dictionaries import LaplaceDictionary

_SHARE_OF_NOISE = 0.1  # of the variance, to begin with
_LEAST_SHARE = 1e-6  # of the largest singular value: below, there is nothing but rounding
_FAINT = 0.1  # length of atoms for which the data have no direction, beside the mean length
_ICA_STEPS, _ICA_TOLERANCE = 200, 1e-4


def first_dictionary(filled, n_atoms, rng):
    """The `LaplaceDictionary` that EM starts with.

    With no more atoms than the data have dimensions the mixing matrix of FastICA on the leading
    principal components, otherwise rows of the data as directions. Noise starts high. filled :
    (n_rows, n_features), nothing missing; rng : a RandomState.
    """
    mean = filled.mean(axis=0)
    x = filled - mean
    variance = max(x.var(), np.finfo(float).tiny)
    left, values, right = np.linalg.svd(x, full_matrices=False)
    rank = int((values > _LEAST_SHARE * values[:1].max(initial=0)).sum()) if x.any() else 0
    if n_atoms <= rank:
        atoms = _mixing(left[:, :n_atoms], values[:n_atoms], right[:n_atoms], rng)
    else:
        atoms = _directions(x, n_atoms, rng) * np.sqrt((x**2).sum() / len(x) / n_atoms)
    return LaplaceDictionary(mean, atoms, float(_SHARE_OF_NOISE * variance))


def _mixing(left, values, right, rng):
    """The mixing matrix of FastICA, transposed, of principal components."""
    root = np.sqrt(len(left))
    scores = left * root
    axes = right * (values / root)[:, None]
    ica = FastICA(whiten=False, max_iter=_ICA_STEPS, tol=_ICA_TOLERANCE, random_state=rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is a start
        ica.fit(scores)
    return ica.mixing_.T @ axes


def _directions(x, n_atoms, rng):
    """Rows of data of length 1, (n_atoms, n_features), or random ones where these are too few."""
    lengths = np.sqrt((x**2).sum(axis=1))
    rows = np.flatnonzero(lengths > 0)
    atoms = rng.standard_normal((n_atoms, x.shape[1])) * _FAINT
    atoms /= np.sqrt(x.shape[1])
    chosen = rng.permutation(rows)[:n_atoms]
    atoms[: len(chosen)] = x[chosen] / lengths[chosen, None]
    return atoms


def most_probable_dictionary(filled, n_atoms, n_jobs, rng):
    """The dictionary of scikit-learn's alternation, and its mean, of rows in units of their spread.

    Atoms are of length 1 at most: their scale and the noise are still to be found.
    """
    mean = filled.mean(axis=0)
    x = filled - mean
    spread = np.sqrt(x.var())
    learner = MiniBatchDictionaryLearning(
        n_atoms, random_state=rng, transform_algorithm="lasso_cd", n_jobs=n_jobs
    )
    with config_context(array_api_dispatch=False):  # for which its SVD has no algorithm
        learner.fit(x / (spread if spread > 0 else 1.0))
    atoms = learner.components_.astype(np.float64)
    scale = np.sqrt((x**2).sum() / len(x) / max((atoms**2).sum(), np.finfo(float).tiny))
    noise = max(_SHARE_OF_NOISE * spread**2, np.finfo(float).tiny)
    return LaplaceDictionary(mean, atoms * scale, float(noise))
