"""Log-likelihoods of the same rows under several models, by name."""

import numpy as np

from . import checks


def by_name(parameter, given):
    """A dict with at least one name, or an error."""
    try:
        pairs = list(given.items() if isinstance(given, dict) else given)
        names = [name for name, _ in pairs]
    except (TypeError, ValueError):
        pairs = names = []
    if not pairs or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"{parameter} must be a dict of names, or a list of pairs of a name and a value, and "
            f"not be empty, got {given!r}."
        )
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise ValueError(f"{parameter} must have names that differ, got {twice[0]!r} twice.")
    return dict(pairs)


def scores_by_name(given):
    """Log-likelihoods by name as arrays of one length, or a ValueError."""
    scores = {}
    for name, values in by_name("scores", given).items():
        n = len(next(iter(scores.values()))) if scores else None
        scores[name] = checks.numbers(f"scores[{name!r}]", values, n)
        odd = np.flatnonzero(~np.isfinite(scores[name]))
        if len(odd):
            raise ValueError(
                f"scores[{name!r}] must hold finite log-likelihoods, got "
                f"{scores[name][odd[0]]} for row {odd[0]}."
            )
    return scores


def checked_reference(reference, names):
    """The name of the reference, or a ValueError."""
    if reference is None:
        return names[0]
    if reference not in names:
        raise ValueError(f"reference must be one of {names}, got {reference!r}.")
    return reference
