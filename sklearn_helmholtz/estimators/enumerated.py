"""Which rows are enumerated, and which are estimated."""

import numpy as np

from ..likelihood import MAX_AUTOMATIC_UNITS, MAX_UNITS, units_to_sum_out


def enumerated_rows(machine, rows, method):
    """Which rows a method enumerates, (n_rows,) bool; a ValueError where it could not.

    ``"exact"`` enumerates all rows, ``"auto"`` those that have few units to sum out, whatever the
    others have, and other methods none.
    """
    if method == "exact":
        _check_enumerable(machine, rows)
        return np.ones(len(rows), bool)
    if method == "auto":
        return units_to_sum_out(machine, rows) <= MAX_AUTOMATIC_UNITS
    return np.zeros(len(rows), bool)


def _check_enumerable(machine, rows):
    """Refuse to enumerate the states of too many hidden units, or of units that are missing."""
    n_units = units_to_sum_out(machine, rows)
    row, n_hidden = np.argmax(n_units), sum(machine.n_units[1:])
    most = n_units[row]
    if most <= MAX_UNITS:
        return
    if most == n_hidden:
        raise ValueError(
            f"method='exact' would enumerate 2**{n_hidden} hidden states; it is meant for at "
            f"most {MAX_UNITS} hidden units. Use method='importance'."
        )
    raise ValueError(
        f"method='exact' would enumerate 2**{most} states of {n_hidden} hidden units and, since "
        f"features depend on those before them, of the {most - n_hidden} missing values of row "
        f"{row}; it is meant for at most {MAX_UNITS} of both. Use method='importance'."
    )
