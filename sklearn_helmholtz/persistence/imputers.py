"""Imputers in archives."""

import numpy as np
from sklearn.impute import MissingIndicator

from .held import answering_arrays, check_held, set_features

RECORDS = frozenset(
    {"_is_mixed", "estimator_", "feature_names_in_", "indicator_", "n_features_in_",
     "observed_features_"}
)  # fmt: skip


def write_imputer(part, imputer, write_density):
    """Write what a fitted `LatentImputer` has learnt."""
    part.flag("is_mixed", imputer._is_mixed)
    part.wholes("observed_features", imputer.observed_features_)
    if imputer.indicator_ is None:
        part.nothing("indicated_features")
    else:
        part.wholes("indicated_features", imputer.indicator_.features_)
    write_density(part.part("estimator"), imputer.estimator_, "estimator.estimator_")


def read_imputer(part, imputer, n_features, names, read_density):
    """Let an imputer become the fitted one that was written."""
    observed = _read_numbers(part, "observed_features", n_features)
    held = answering_arrays(read_density(part.part("estimator")))
    check_held(held, imputer, len(observed), None if names is None else names[observed])
    imputer.estimator_, imputer.observed_features_ = held, observed
    imputer._is_mixed = part.flag("is_mixed")
    _check_mixed(imputer._is_mixed, held, len(observed) < n_features)
    imputer.indicator_ = None
    if not part.is_nothing("indicated_features"):
        numbers = _read_numbers(part, "indicated_features", n_features)
        imputer.indicator_ = _indicator(numbers, observed, n_features)
    set_features(imputer, n_features, names)


def _read_numbers(part, name, n_features):
    """Numbers of columns, rising."""
    numbers = np.array(part.wholes(name, 0, n_features - 1), np.int64)
    if (np.diff(numbers) <= 0).any():
        raise ValueError(f"its {name} are not in order")
    return numbers


def _check_mixed(is_mixed, held, is_part):
    """Refuse a model of mixed columns where others were seen, or the reverse.

    is_part : whether columns were left out, all that made the others mixed among them, perhaps.
    """
    takes_mixed = getattr(held, "_schema", None) is not None
    if takes_mixed != is_mixed and not (is_mixed and is_part):
        raise ValueError("its columns are mixed and those of its model not, or the reverse")


def _indicator(numbers, observed, n_features):
    """A `MissingIndicator`, fitted to one row with gaps in some columns."""
    flags = np.zeros((1, n_features))
    flags[:, numbers] = np.nan
    if not np.isnan(np.delete(flags, observed, axis=1)).all():
        raise ValueError("its indicated_features lack a column that was never observed")
    indicator = MissingIndicator(error_on_new=False)
    return indicator.set_output(transform="default").fit(flags)
