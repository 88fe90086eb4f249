"""Figures with the digits that their errors leave them."""

import math

_MOST_DECIMALS = 6
_LARGEST = 1e15  # beyond, float64 has no decimals


def with_error(value, error):
    """A value and its error, which has two digits, to the same decimals.

    Examples
    --------
    >>> from sklearn_helmholtz.estimators.results.figures import with_error
    >>> with_error(-16.5712, 0.2345)
    '-16.57 ± 0.23'
    >>> with_error(-1657.12, 234.5)
    '-1657 ± 234'
    >>> with_error(-16.5712, float("nan"))
    '-16.5712 ± unknown'
    """
    if not math.isfinite(error):
        return f"{value:.6g} ± unknown"
    small = 0 < error < 10**-_MOST_DECIMALS
    return f"{rounded(value, error)} ± {f'{error:.1e}' if small else rounded(error, error)}"


def rounded(value, error):
    """A value to the decimals at which its error has two digits; to six digits without an error."""
    known = math.isfinite(error) and error > 0
    if not known or abs(value) > _LARGEST or error > _LARGEST:
        return f"{value:.6g}"
    decimals = 1 - math.floor(math.log10(error))
    return f"{value:.{min(max(decimals, 0), _MOST_DECIMALS)}f}"


def counted(number, noun):
    """A number of things: ``1 row``, ``300 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
