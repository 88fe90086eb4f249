"""Factor models from given parameters."""

import numpy as np

from ..factors import LinearGaussian
from .labels import check_same_labels
from .tables import is_masked

_SAME = 1e-8  # differences that rounding may have made


def factor_machine(components, noise_variance, mean, factor_correlation):
    """A `LinearGaussian` of given parameters, and these as arrays, after checking them.

    mean, factor_correlation : or None. Returns the machine, the components, the transformation that
    makes the factors given ``z @ turn`` of the machine's own, and the correlations of the former.
    """
    check_same_labels(components=components, noise_variance=noise_variance, mean=mean)
    components = real_array("components", components)
    if components.ndim != 2 or not components.shape[1]:
        raise ValueError(
            "components must have two dimensions, and a column for each feature, got the shape "
            f"{components.shape}."
        )
    n, p = components.shape
    noise = real_array("noise_variance", noise_variance)
    noise = np.full(p, noise) if noise.ndim == 0 else shaped("noise_variance", noise, (p,))
    if not (noise > 0).all():
        raise ValueError(f"noise_variance must be positive, got {noise_variance!r}.")
    mean = np.zeros(p) if mean is None else shaped("mean", real_array("mean", mean), (p,))
    correlation, turn = correlation_and_turn(factor_correlation, n)
    machine = LinearGaussian(mean, turn @ components, noise)
    _check_covariance(machine)
    return machine, components, turn, correlation


def correlation_and_turn(factor_correlation, n_factors):
    """Given correlations of factors, or None, as an array, and the matrix that makes such factors.

    Factors are ``z @ turn`` of uncorrelated ones.
    """
    if factor_correlation is None:
        return np.eye(n_factors), np.eye(n_factors)
    correlation = _correlation(real_array("factor_correlation", factor_correlation), n_factors)
    return correlation, _root(correlation)


def _check_covariance(machine):
    """Refuse a covariance that is singular to rounding, of which there is no density."""
    if machine.is_singular():
        raise ValueError(
            f"noise_variance, {machine.noise.min():.3g} at least, is too small for these "
            "components: to rounding, the covariance of the features is singular."
        )


def real_array(name, value):
    """A given parameter as a float64 array of its own, or a ValueError that names it."""
    try:
        if is_masked(value):
            raise TypeError("masked values are not allowed")
        array = np.asarray(value)
        if np.iscomplexobj(array):
            raise TypeError("complex numbers are not allowed")
        array = np.array(array, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold real numbers: {error}.") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but holds NaN or infinity.")
    return array


def shaped(name, array, shape):
    """The array, or a ValueError that names the shape it must have."""
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, got {array.shape}.")
    return array


def _correlation(given, n_factors):
    given = shaped("factor_correlation", given, (n_factors, n_factors))
    if np.abs(given - given.T).max(initial=0) > _SAME:
        raise ValueError("factor_correlation must be symmetric.")
    if np.abs(np.diag(given) - 1).max(initial=0) > _SAME:
        raise ValueError(
            f"factor_correlation must have ones on its diagonal, got {np.diag(given)}."
        )
    return given


def _root(correlation):
    try:
        return np.linalg.cholesky(correlation).T
    except np.linalg.LinAlgError as error:
        raise ValueError("factor_correlation must be positive definite.") from error
