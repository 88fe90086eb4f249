"""Answers in the container that ``set_output`` asks for: arrays, or DataFrames.

scikit-learn wraps what `transform` returns alone; here the same setting holds for `sample`,
`impute` and `inverse_transform`.
"""

from ._compat import ADAPTERS_MANAGER, _get_output_config
from .frames import library_of


def container_of(estimator):
    """The name of the container that an estimator answers with, None for arrays."""
    output = _get_output_config("transform", estimator)["dense"]
    return None if output == "default" else output


def contained(estimator, table, columns, like=None):
    """A table in the container that an estimator answers with.

    table : ndarray of shape (n_rows, n_columns); columns : names, (n_columns,); like : what may be
    a DataFrame of pandas, whose index the answer has.
    """
    container = container_of(estimator)
    if container is None:
        return table
    return ADAPTERS_MANAGER.adapters[container].create_container(table, like, list(columns))


def feature_names(estimator, like=None):
    """Names of the features: those of `fit`, of a DataFrame, or ``x0``, ``x1``, ..."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None and library_of(like) is not None:
        names = like.columns
    if names is None:
        names = [f"x{column}" for column in range(estimator.n_features_in_)]
    return list(names)
