"""Fitted estimators inside others, in archives."""


def check_held(held, holder, n_features, names):
    """Refuse a fitted estimator that its holder could not have fitted to its columns.

    names : of the columns, (n_features,), or None.
    """
    type(holder)(held)._validate_params()  # it has the methods that the holder calls
    if held.n_features_in_ != n_features:
        raise ValueError(
            f"it holds a {type(held).__name__} of {held.n_features_in_} features in place of "
            f"{n_features}"
        )
    own = getattr(held, "feature_names_in_", None)
    if own is not None and (names is None or list(own) != list(names)):
        raise ValueError(f"it holds a {type(held).__name__} of other names than its own")


def set_features(holder, n_features, names):
    """Set the number of the features, and their names unless these are None."""
    holder.n_features_in_ = n_features
    if names is not None:
        holder.feature_names_in_ = names


def answering_arrays(held):
    """The fitted estimator, whose answers are arrays whatever the global configuration says."""
    if hasattr(held, "set_output"):
        held.set_output(transform="default")
    return held
