"""Dictionaries from given parameters, and from scikit-learn's estimators."""

from numbers import Real

import numpy as np
from sklearn.decomposition import DictionaryLearning, MiniBatchDictionaryLearning, SparseCoder
from sklearn.utils.validation import check_is_fitted

from ..dictionaries import LaplaceDictionary
from ..models import LARGEST
from .factor_parameters import real_array, shaped
from .labels import check_same_labels

KINDS = DictionaryLearning, MiniBatchDictionaryLearning, SparseCoder


def given_dictionary(dictionary, noise_variance, mean):
    """A `LaplaceDictionary` of given arrays, after checking them; mean : or None."""
    check_same_labels(dictionary=dictionary, mean=mean)
    atoms = checked_atoms("dictionary", dictionary)
    if not positive(noise_variance):
        raise ValueError(f"noise_variance must be a positive number, got {noise_variance!r}.")
    p = atoms.shape[1]
    mean = np.zeros(p) if mean is None else shaped("mean", real_array("mean", mean), (p,))
    return LaplaceDictionary(mean, atoms, float(noise_variance))


def checked_atoms(name, given):
    """Atoms as a float64 array (n_atoms, n_features), or a ValueError that names the parameter."""
    atoms = real_array(name, given)
    if atoms.ndim != 2 or not atoms.size:
        raise ValueError(
            f"{name} must have two dimensions, a row for each atom and a column for each feature, "
            f"got the shape {atoms.shape}."
        )
    if np.abs(atoms).max() > LARGEST:
        raise ValueError(f"{name} must be at most {LARGEST:g} in magnitude, got larger values.")
    return atoms


def positive(value):
    """Whether a value is a positive number."""
    is_number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    return bool(is_number and 0 < value < np.inf)


def atoms_of(estimator):
    """The atoms of a fitted estimator of scikit-learn, (n_atoms, n_features) float64."""
    if not isinstance(estimator, KINDS):
        raise TypeError(
            "estimator must be a DictionaryLearning, MiniBatchDictionaryLearning or SparseCoder of "
            f"scikit-learn, got {estimator!r}."
        )
    if isinstance(estimator, SparseCoder):
        return checked_atoms("dictionary", estimator.dictionary)
    check_is_fitted(estimator)
    return checked_atoms("components_", estimator.components_)
