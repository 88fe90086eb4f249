"""Steps of Boltzmann machines on rows and chains of bits, each by one kernel."""

import numpy as np

from .._kernels.boltzmann import boltzmann_step
from .._keys import layer_word
from .half_sweeps import DATA, HIDDEN
from .phases import Sums


def step_of_bits(machine, x, weights, shares, hidden, draws, out):
    """Move chains by a sweep, and write the step of a block: what `half_sweeps` and `Phases` do.

    To the bit, but for the sums of log p*. x : a `Block` of bits; weights : (n_rows,), shares :
    (n_chains,) float32, what rows and chains count; hidden : (n_chains, n_hidden), moved in place;
    draws : of the sweep, with an address for each chain. Returns `Sums`.
    """
    sums = np.empty(3)
    boltzmann_step(
        x.values, weights, machine.weights, machine.visible_intercept, machine.hidden_intercept,
        draws.key, draws.addresses, draws.first, layer_word(DATA), layer_word(HIDDEN), shares,
        hidden, out.upward.weights, out.visible_intercept, out.upward.intercept, sums,
    )  # fmt: skip
    return Sums(*sums.tolist())
