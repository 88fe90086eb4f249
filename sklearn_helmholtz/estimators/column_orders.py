"""Orders of the columns in autoregressive machines: given, drawn, or those of a tree."""

import numpy as np

from ..distributed import ChunkedRows
from ..machines import tree_order


def checked_order(order, n_features):
    """An order of the columns that users give, as an array of int64, or a ValueError.

    order : (n_features,) the number of the column that comes to each place.
    """
    given = np.asarray(order)
    is_whole = given.ndim == 1 and given.dtype.kind in "iu"
    if not is_whole or not np.array_equal(np.sort(given), np.arange(n_features)):
        raise ValueError(
            f"column_order must be 'given', 'tree', 'random' or hold each of the numbers 0 to "
            f"{n_features - 1} of the {n_features} columns once, got {order!r}."
        )
    return given.astype(np.int64)


def is_given(order):
    """Whether the parameter ``column_order`` leaves the columns as they are."""
    return isinstance(order, str) and order == "given"


def check_orderly(estimator, X, family):
    """Refuse an order of columns that a fit could not make.

    X : the data as they are validated; family : of the units of the data.
    """
    order = estimator.column_order
    if isinstance(X, ChunkedRows):
        raise ValueError(
            f"column_order is {order!r}, but columns of a collection of Dask stay in their order. "
            "Set column_order='given', and put the columns in order before."
        )
    if estimator._learns_mixed_units:
        raise ValueError(
            f"column_order is {order!r}, but mixed columns stay in their order. Set "
            "column_order='given', and put the columns in order before."
        )
    if isinstance(order, str) and order == "tree" and not family.is_binary:
        raise ValueError(
            "column_order='tree' is a tree of binary columns, and this table has "
            f"{family.name!r} ones. Use 'given', 'random' or an array."
        )


def order_of_parameters(order, n_features):
    """The order of the columns of given parameters, None for theirs.

    order : the parameter ``column_order``; n_features : of the parameters.
    """
    if is_given(order):
        return None
    if isinstance(order, str):
        raise ValueError(
            f"column_order is {order!r}, but a machine made from parameters has no rows to find "
            "an order by. Give the order itself, an array, or 'given'."
        )
    return checked_order(order, n_features)


def found_order(order, X, indices, weights, rng):
    """The order of the columns for a first fit.

    order : a parameter ``column_order`` that is not ``"given"``; indices : of the rows to learn
    from; weights : (n_rows,) of all rows, or None.
    """
    if not isinstance(order, str):
        return checked_order(order, X.shape[1])
    if order == "random":
        return rng.permutation(X.shape[1])
    return tree_order(X, indices, weights)


def check_order_stays(estimator):
    """Refuse to train a fitted machine further after the order of its columns was changed."""
    order, fitted = estimator.column_order, estimator._model.encoding.order
    if isinstance(order, str):
        stays = order != "given" or fitted is None
    else:
        fitted = np.arange(estimator.n_features_in_) if fitted is None else fitted
        stays = np.array_equal(order, fitted)
    if not stays:
        raise ValueError(
            f"column_order is {order!r}, but the fitted machine that is to be trained further has "
            "its columns in another order, column_order_. Fit a clone, or with warm_start=False."
        )
