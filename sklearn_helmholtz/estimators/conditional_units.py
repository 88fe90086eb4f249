"""Deterministic units in the conditionals of autoregressive machines: settings and attributes."""

import os

import numpy as np

from ..layers import Nade

_COPIES = 5  # of parameters: themselves, a gradient, two moments of Adam, and an average
_GIGABYTE = 2**30


def check_conditional_units(estimator, n_features):
    """Refuse deterministic units that depend on nothing, or that memory has no room for."""
    n = estimator.n_conditional_units
    if n and not estimator.autoregressive:
        raise ValueError(
            f"n_conditional_units={n} needs autoregressive=True: they belong to the conditional "
            "distributions of features given those before them."
        )
    needed, there_is = _COPIES * 2 * n_features * n * np.float32().nbytes, _memory()
    if needed > there_is:
        raise ValueError(
            f"n_conditional_units={n} with {n_features} features needs "
            f"{needed / _GIGABYTE:.1f} GB to train, but this machine has "
            f"{there_is / _GIGABYTE:.1f}. Set at most {there_is * n // needed}."
        )


def _memory():
    """Bytes of memory of the machine, infinite where it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        return np.inf


def check_conditional_family(n_conditional_units, units):
    """Refuse deterministic units where data are not zeros and ones."""
    if n_conditional_units and not units.is_binary:
        raise ValueError(
            f"n_conditional_units={n_conditional_units} needs Bernoulli features, values in "
            f"[0, 1], but visible is {units.name!r} here. Set n_conditional_units=0."
        )


def check_conditional_continuation(estimator):
    """Refuse to train a fitted machine further after its number of such units was changed."""
    n = n_conditional_units(estimator._machine)
    if estimator.n_conditional_units != n:
        raise ValueError(
            f"n_conditional_units is {estimator.n_conditional_units}, but the fitted machine that "
            f"is to be trained further has {n}. Fit a clone, or with warm_start=False."
        )


def n_conditional_units(machine):
    """Number of deterministic units in the conditionals of the data of a machine."""
    lateral = machine.visible.lateral
    return 0 if lateral is None or lateral.nade is None else lateral.nade.n_between


def conditional_attributes(nade):
    """Fitted attributes of deterministic units by name, none where there are none."""
    if nade is None:
        return {}
    return {
        "generative_conditional_coefs_": [nade.incoming, np.ascontiguousarray(nade.outgoing.T)],
        "generative_conditional_intercepts_": nade.intercept,
    }


def nade_of(coefs, intercepts, n_features, is_autoregressive, units):
    """Deterministic units of given parameters, float64; a ValueError where they do not fit.

    coefs : list of arrays; intercepts : array.
    """
    n = len(intercepts) if intercepts.ndim == 1 else 0
    shapes = [(n_features, n), (n, n_features)]
    if not n or [array.shape for array in coefs] != shapes:
        raise ValueError(
            "generative_conditional_coefs must hold two arrays, of shapes (n_features, n) and "
            "(n, n_features), and generative_conditional_intercepts have the shape (n,), where "
            f"n_features is {n_features} and n at least 1; got {[c.shape for c in coefs]} and "
            f"{intercepts.shape}."
        )
    if not is_autoregressive:
        raise ValueError(
            "generative_conditional_coefs need generative_lateral_coefs, zeros perhaps: only "
            "features of an autoregressive machine depend on those before them."
        )
    check_conditional_family(n, units)
    incoming, outgoing = coefs
    arrays = incoming, intercepts, outgoing.T
    return Nade(*(np.ascontiguousarray(array, np.float32) for array in arrays))
