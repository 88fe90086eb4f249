"""Data given the hidden layers: draws, and the normal distributions of Gaussian data."""

import numpy as np

from .._incomplete import observed, with_gaps
from .._keys import Draws
from .gaps import gaps_of


def depends_on_gaps(machine, x):
    """Whether units of a machine depend on what is missing of a block of rows."""
    return machine.is_autoregressive and with_gaps(x)


def draw_children(conditional, parents, draws):
    """Children without lateral weights, whatever is observed of them, (draws.n_rows, n_units)."""
    return conditional.units.sample(conditional.eta(parents), draws, 0, np.zeros(draws.n_rows))


def draw_in_order(conditional, x, parents, draws):
    """Children with lateral weights, given what is observed of them, (draws.n_rows, n_units).

    x : a row for each address of draws, or one for all of them.
    """
    gaps, rows = gaps_of(conditional), observed(x)
    if len(rows) == 1:
        return gaps.draw(rows[0], parents, draws)
    parts = [
        gaps.draw(row, own, Draws(draws.key, address[None], draws.n_particles, draws.first))
        for row, own, address in zip(
            rows, np.split(parents, len(rows)), draws.addresses, strict=True
        )
    ]
    return np.concatenate(parts)


def normal_components(conditional, x, parents):
    """Means and variances of Gaussian children with lateral weights, given what is observed.

    parents : (n_rows, n_components, n_parents); means : (n_rows, n_components, n_units);
    variances : (n_rows, n_units), the same for all parents.
    """
    gaps = gaps_of(conditional)
    pairs = [gaps.normals(row, own) for row, own in zip(observed(x), parents, strict=True)]
    means, variances = zip(*pairs, strict=True)
    return np.stack(means), np.stack(variances)


def unit_variances(conditional, n_rows):
    """Variances of Gaussian children given their parents, for each row, (n_rows, n_units)."""
    return np.tile(conditional.units.variance.astype(np.float64), (n_rows, 1))
