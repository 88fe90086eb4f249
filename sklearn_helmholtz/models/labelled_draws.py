"""Rows and labels drawn from Boltzmann machines, class by class."""

import numpy as np
from scipy.special import softmax

from ..machines import GaussianBoltzmann
from .boltzmann import BoltzmannModel
from .gaussian_boltzmann import GaussianBoltzmannModel


def model_of_class(encoding, machine, number):
    """The model of the rows of a class of a `LabelledBoltzmann` machine."""
    own = machine.of_class(number)
    kind = GaussianBoltzmannModel if isinstance(own, GaussianBoltzmann) else BoltzmannModel
    return kind(encoding, own)


def draw_labelled(encoding, machine, parts, places, n_rows, rng, ways):
    """Rows, in the user's units, and the numbers of their classes, (n_rows,).

    parts : a function that tells the `Partition` of each class; places : numbers of classes, or
    None to draw them as well. Rows of each class come from the machine of the class, exactly where
    a side can be enumerated and else by annealed chains.
    """
    if places is None:
        log_shares = machine.labels.intercept + np.array([part.value for part in parts()])
        places = rng.choice(machine.n_classes, n_rows, p=softmax(log_shares))
    rows = None
    for number in np.unique(places):
        own = np.flatnonzero(places == number)
        model = model_of_class(encoding, machine, number).answering_by(ways)
        drawn = model.draw(len(own), rng, ways.n_threads)[0]
        rows = np.empty((n_rows, drawn.shape[1]), drawn.dtype) if rows is None else rows
        rows[own] = drawn
    return rows, places
