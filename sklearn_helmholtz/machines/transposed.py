"""Boltzmann machines to be put on top of each other."""

import numpy as np

from .boltzmann import assemble_boltzmann, initialise_boltzmann


def boltzmann_above(machine, n_hidden, logits, rng):
    """A machine to learn states of the hidden side of another one, with n_hidden units above it.

    Where these are as many as the other one has visible units, and binary like them, it is that
    machine upside down: then the hidden states have the same distribution, and the deep belief net
    of both is what the lower one was (Hinton, Osindero & Teh 2006, section 4). Otherwise it has
    small random weights.

    logits : (n_visible,), of the mean states that it is to learn.
    """
    if n_hidden == machine.n_units[0] and machine.units.is_binary:
        weights, biases = machine.weights.T, (machine.visible_intercept, machine.hidden_intercept)
        return assemble_boltzmann(weights.copy(), *(bias.copy() for bias in biases), logits)
    return initialise_boltzmann(machine.n_units[1], n_hidden, np.asarray(logits, np.float32), rng)
