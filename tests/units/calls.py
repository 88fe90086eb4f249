"""How the tests of families call them: all that they know of the methods of units.

Values and inputs come in as float64 and are rounded here to what kernels take; what comes out is
float64. A change of the methods of units is a change of these few lines.
"""

import numpy as np

from sklearn_helmholtz import _tree
from sklearn_helmholtz.rows import Lists
from tests import cases

FORMS = {
    "dtype": lambda units, values: values.astype(units.dtype),
    "float32": lambda units, values: values.astype(np.float32),
    "sparse": lambda units, values: Lists.from_dense(values.astype(np.float32)),
}


def log_prob(units, values, eta, form, start=0.0):
    """Log-probabilities of rows, added to ``start``; neighbouring rows may share one of the other.

    Shapes (n, n_units) of values and of eta, where one n is a multiple of the other.
    """
    out = np.full(max(len(values), len(eta)), start)
    units.log_prob(FORMS[form](units, values), eta.astype(np.float32), out)
    return out


def derivatives(units, values, eta, weight, form):
    """Of the weighted sum of log-probabilities: by eta, then by each leaf of the units.

    Values may be shared by neighbouring rows of eta. Log-probabilities, not weighted, come first.
    """
    log_prob, gradient = np.zeros(len(eta)), cases.empty_gradient(units)
    values, weight = FORMS[form](units, values), weight.astype(np.float32)
    error = units.score(values, eta.astype(np.float32), log_prob)
    units.weigh(values, error, weight, gradient)
    return log_prob, [np.float64(error), *map(np.float64, _tree.leaves(gradient))]


def errors(units, values, eta, weight, form):
    """Of the weighted sum of log-probabilities: by eta, then by each leaf of the units.

    There is a weight for each row of the longer of values and eta, of which the other is shared.
    """
    gradient, eta = cases.empty_gradient(units), eta.astype(np.float32)
    error = units.errors(FORMS[form](units, values), eta, weight.astype(np.float32), gradient)
    assert error is eta
    return [np.float64(error), *map(np.float64, _tree.leaves(gradient))]


def leaves(units):
    """The arrays of parameters of a family."""
    return _tree.leaves(units)


def with_leaves(units, arrays):
    """The same family with other parameters."""
    return _tree.with_leaves(units, [array.astype(np.float32) for array in arrays])


def mean(units, eta):
    """Expected values."""
    return np.float64(units.mean(eta.astype(np.float32)))


def mode(units, eta):
    """Most probable values."""
    return np.float64(units.mode(eta.astype(np.float32)))


def sample(units, eta, n_particles, first_row=0, first=0):
    """Draws, ``n_particles`` for each row of eta, and their log-probabilities.

    first_row, first : where in the table of random numbers the rows and particles begin.
    """
    draws = cases.make_draws(len(eta), n_particles, first=first, start=first_row)
    out = np.zeros(draws.n_rows)
    return units.sample(eta.astype(np.float32), draws, 0, out), out


def table(units, values, eta, shifts=None):
    """Log-probabilities of each row of values under each row of eta, (n_values, n_eta).

    shifts : (n_values, n_units), added to the inputs of each row of values.
    """
    out = np.full((len(values), len(eta)), np.nan)
    columns = np.ascontiguousarray(eta.T)
    if shifts is None:
        units.table(values, columns, out)
    else:
        units.shifted_table(values, shifts, columns, out)
    return out
