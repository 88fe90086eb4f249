"""Which rows are enumerated, and which are estimated."""

import numpy as np

from ..likelihood import MAX_AUTOMATIC_UNITS, MAX_UNITS, units_to_sum_out


def enumerated_rows(machine, rows, method):
    """Which rows a method enumerates, (n_rows,) bool; a ValueError where it could not.

    ``"exact"`` enumerates all rows, ``"auto"`` those that have few units to sum out, whatever the
    others have, and other methods none.
    """
    if method == "exact":
        check_enumerable("method", "method='importance'", machine, rows)
        return np.ones(len(rows), bool)
    if method == "auto":
        return units_to_sum_out(machine, rows) <= MAX_AUTOMATIC_UNITS
    return np.zeros(len(rows), bool)


def check_enumerable(name, remedy, machine, rows):
    """Refuse to enumerate the states of too many hidden units, or of units that are missing.

    name : of the parameter that asks for it by ``"exact"``; remedy : what to use instead.
    """
    n_units, n_hidden = units_to_sum_out(machine, rows), sum(machine.n_units[1:])
    most = int(n_units.max())
    if most <= MAX_UNITS:
        return
    missing = ""
    if most > n_hidden:
        missing = (
            " and, since features depend on those before them, of the "
            f"{most - n_hidden} missing values of row {number_of_first(rows, n_units == most)}"
        )
    raise ValueError(
        f"{name}='exact' would enumerate 2**{most} states of {n_hidden} hidden units{missing}; "
        f"it is meant for at most {MAX_UNITS} units. Use {remedy}."
    )


def number_of_first(rows, which):
    """The number that the first of some rows, (n_rows,) bool, has in the whole table."""
    place = np.argmax(which)
    return place if rows.chosen is None else rows.chosen[place]
