"""Halves of a sweep of block Gibbs sampling: one side of a Boltzmann machine given the other."""

import numpy as np

from .._keys import Draws

DATA, HIDDEN = 0, 1  # layers, as random numbers tell them apart
BEGINNING = 2**31  # the particle by whose random numbers chains begin


def sample_hidden(machine, eta, draws, out=None):
    """Hidden states, (n_rows, n_hidden) uint8, by their inputs."""
    return machine.hidden_units.sample(eta, draws, HIDDEN, np.zeros(len(eta)), out=out)


def sample_visible(machine, hidden, draws, work=np, out=None):
    """Values of the data, (n_rows, n_visible), given hidden states."""
    eta = machine.visible_eta(hidden, work)
    return machine.units.sample(eta, draws, DATA, np.zeros(len(hidden)), work, out)


def sample_base(machine, draws):
    """Values of the data as of the machine's base, (draws.n_rows, n_visible)."""
    return machine.base.sample(draws, DATA)


def begin(machine, key, addresses, given=None):
    """Hidden states of chains at their start, (n_rows, n_hidden) uint8.

    Given data at the base rates, or ``given`` (n_rows, n_visible) where that is not NaN.
    """
    draws = Draws(key, addresses, 1, BEGINNING)
    values = sample_base(machine, draws)
    if given is not None:
        values = np.where(np.isnan(given), values, given).astype(np.float32)
    return sample_hidden(machine, machine.hidden_eta(values), draws)


def sweep(machine, hidden, draws, work=np):
    """Move hidden states in place: to data, and back."""
    visible = sample_visible(machine, hidden, draws, work)
    sample_hidden(machine, machine.hidden_eta(visible, work), draws, out=hidden)
