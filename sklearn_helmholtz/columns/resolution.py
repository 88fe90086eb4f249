"""The resolution at which a column of real numbers is recorded."""

import numpy as np

_ROUNDING = 16 * np.finfo(np.float64).eps  # of the largest number, by which a difference may be off
_DIGITS = 12  # of a spacing, whose others are rounding
_MOST_PARTS = 1000  # of the smallest difference
_FEW = 8  # distances in a round, which exclude nearly all guesses of a spacing
_FINEST_GRID = 1e-5  # of the spread
FINEST = 1e-4  # of the spread: the cells of values that follow no grid


def resolution(values, weights=None):
    """The largest spacing of a grid on which all values lie, 0.0 where there is none.

    None is finer than 1e-5 times the `spread` of the values: those are as good as not on a grid. It
    goes with the units of measurement: that of ``a x + b`` is ``|a|`` times that of x. Of values
    that are all the same nothing is known: 0.0.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Real numbers, none missing.

    weights : ndarray of shape (n,), default=None
        Their counts, for the spread.
    """
    distinct = np.unique(np.asarray(values, np.float64))
    if len(distinct) < 2:
        return 0.0
    error = _ROUNDING * np.abs(distinct[[0, -1]]).max()
    steps = np.diff(distinct)
    steps = steps[steps > 4 * error]
    if not len(steps):
        return 0.0
    distances, guesses = distinct - distinct[0], steps.min() / np.arange(1, _MOST_PARTS + 1)
    for guess in guesses[_is_left(distances, guesses, error)]:
        found = _spacing(distances, guess, error)
        if found:
            is_seen = found >= _FINEST_GRID * spread(values, weights)
            return float(f"{found:.{_DIGITS}g}") if is_seen else 0.0
    return 0.0


def _spacing(distances, guess, error):
    """The spacing near a guess of which all distances are multiples, or 0.0."""
    nearby = distances[distances < 1000 * guess]
    if not _on_grid(nearby, guess, error):
        return 0.0
    # What the guess is off grows with the distance: it is corrected at ever larger ones.
    end = 1000 * guess
    while True:
        own = distances[distances <= end]
        counts = np.round(own / guess)
        guess = own[-1] / counts[-1] if counts[-1] else guess
        if not _on_grid(own, guess, error):
            return 0.0
        if end >= distances[-1]:
            return float(guess)
        end *= 1000


def _is_left(distances, guesses, error):
    """Which guesses a few distances do not exclude: what `_spacing` asks, of all guesses at once.

    It corrects guesses as `_spacing` does, and has its answer for all that it excludes.
    """
    is_left, ends = np.ones(len(guesses), bool), 1000 * guesses
    while True:
        last = np.searchsorted(distances, ends, "right") - 1
        counts = np.round(distances[last] / guesses)
        guesses = np.where(counts > 0, distances[last] / np.maximum(counts, 1), guesses)
        few = distances[np.maximum(last[:, None] - np.arange(_FEW), 0)]
        is_left &= _are_multiples(few, guesses[:, None], error).all(axis=1)
        if (ends >= distances[-1]).all():
            return is_left
        ends = 1000 * ends


def _on_grid(distances, spacing, error):
    """Whether distances are multiples of a spacing, but for rounding, which must not hide it."""
    return bool(_are_multiples(distances, spacing, error).all())


def _are_multiples(distances, spacing, error):
    slack, counts = 4 * error / spacing, distances / spacing
    return (slack < 0.05) & (np.abs(counts - np.round(counts)) <= slack + 1e-6)


def spread(values, weights=None):
    """The distance between quartiles, or what comes next where more than half are the same.

    weights : counts of the values, or None for one each.
    """
    distinct, numbers = np.unique(values, return_inverse=True)
    sums = np.cumsum(np.bincount(numbers.ravel(), weights))
    for share in (0.25, 0.1, 0.01, 0.0):
        low, high = distinct[np.searchsorted(sums, [share * sums[-1], (1 - share) * sums[-1]])]
        if high > low:
            return float(high - low)
    return float(max(np.abs(distinct[0]), 1.0))
