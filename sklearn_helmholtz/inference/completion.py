"""Data given the hidden layers: draws, and the normal distributions of Gaussian data."""

import numpy as np

from .._keys import Draws
from ..rows import Block
from .missing import missing_posterior


def depends_on_missing(machine, block):
    """Whether units of a machine depend on what is missing of a block of rows."""
    return machine.is_autoregressive and block.has_missing


def draw_children(conditional, parents, draws):
    """Children without lateral weights, whatever is observed of them, (draws.n_rows, n_units)."""
    eta, ignored = conditional.eta(parents), np.zeros(draws.n_rows)
    return Block(conditional.units.sample(eta, draws, 0, ignored)).toarray()


def draw_autoregressive(conditional, block, parents, draws):
    """Children with lateral weights, given what is observed of them, (draws.n_rows, n_units).

    block : a row for each address of draws, or one for all of them.
    """
    missing, rows = missing_posterior(conditional), block.todoubles()
    if len(rows) == 1:
        return missing.draw(rows[0], parents, draws)
    parts = [
        missing.draw(row, own, Draws(draws.key, address[None], draws.n_particles, draws.first))
        for row, own, address in zip(
            rows, np.split(parents, len(rows)), draws.addresses, strict=True
        )
    ]
    return np.concatenate(parts)


def normal_components(conditional, block, parents):
    """Means and variances of Gaussian children with lateral weights, given what is observed.

    parents : (n_rows, n_components, n_parents); means : (n_rows, n_components, n_units);
    variances : (n_rows, n_units), the same for all parents.
    """
    missing = missing_posterior(conditional)
    pairs = [missing.normals(row, own) for row, own in zip(block.todoubles(), parents, strict=True)]
    means, variances = zip(*pairs, strict=True)
    return np.stack(means), np.stack(variances)
