"""The sampler of a machine: Markov chains of its hidden layers given the data.

A *sampler*, `Gibbs` or `Elliptical`, starts chains in the prior (``start``; ``completes`` and
``complete`` for what is missing of the data), moves them by sweeps, of which each leaves
p(h) p(x | h)^beta invariant, and weighs them on the way (``sweep``, ``anneal``). ``split`` parts
the states of all layers. Its ``name`` is the word for it; ``entries_per_chain`` and
``chains_of_a_block`` say how many chains are worth holding together, ``has_probabilities`` whether
states have probabilities, so that each log p(x, h) is a lower bound of log p(x). One with
``inverse_temperatures(n)`` has a path of its own.
"""

from ..units import Ability
from .elliptical import Elliptical
from .gibbs import Gibbs


def sampler_of(machine):
    """The sampler that knows all layers of a machine, or a ValueError where none does."""
    return (Elliptical if machine.can(Ability.ELLIPTICAL) else Gibbs).of(machine)
