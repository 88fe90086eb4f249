"""Rows and labels drawn from Boltzmann machines."""

import numpy as np
from scipy.special import softmax

from ..layers import outer
from ..likelihood import check_normal, class_partitions, hidden_states, normal_log_terms
from .boltzmann import BoltzmannModel


def draw_binary(encoding, machine, places, n_rows, rng, n_chains, n_temperatures, n_threads):
    """Rows of zeros and ones, and the numbers of their classes, (n_rows,).

    places : these numbers, or None to draw them as well. Rows of each class come from the machine
    of the class, exactly where a side can be enumerated and else by annealed chains.
    """
    if places is None:
        found = class_partitions(machine, n_chains, n_temperatures, n_threads)
        log_shares = machine.labels.intercept + np.array([part.value for part in found])
        places = rng.choice(machine.n_classes, n_rows, p=softmax(log_shares))
    rows = None
    for number in np.unique(places):
        own = np.flatnonzero(places == number)
        model = BoltzmannModel(encoding, machine.of_class(number))
        drawn = model.draw(len(own), rng, n_threads)[0]
        rows = np.empty((n_rows, drawn.shape[1]), drawn.dtype) if rows is None else rows
        rows[own] = drawn
    return rows, places


def draw_normal(encoding, machine, places, n_rows, rng):
    """Real rows, (n_rows, n_features) float32, and the numbers of their classes.

    Rows are in the user's units. places : these numbers, or None to draw them as well. Hidden
    states are drawn first, from all of them.
    """
    check_normal(machine)
    terms = normal_log_terms(machine)
    if places is None:
        together = rng.choice(terms.size, n_rows, p=softmax(terms.ravel()))
        chosen, places = np.divmod(together, machine.n_classes)
    else:
        chosen = np.empty(n_rows, np.int64)
        for number in np.unique(places):
            own = places == number
            chosen[own] = rng.choice(len(terms), own.sum(), p=softmax(terms[:, number]))
    boltzmann = machine.boltzmann
    means = boltzmann.visible_intercept + outer(
        hidden_states(machine, chosen), boltzmann.weights.T.astype(np.float64)
    )
    rows = encoding.scaling.restore(rng.normal(means))
    return rows.astype(np.float32), places
