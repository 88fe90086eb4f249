"""Learning of all layers of a deep belief net together: wake-sleep with an undirected top."""

from dataclasses import dataclass

import numpy as np

from .._kernels.particles import self_normalise
from .._keys import Draws
from ..rows import Block
from .boltzmann_rule import are_moderate
from .chains import Share
from .contrastive import ContrastiveDivergence
from .gaussian_tracking import follower_of
from .half_sweeps import begin, sample_visible
from .lifted import Ascent
from .memory import Memory
from .passes import directed_gradient, recognition_gradient, sleep_gradient, wake_and_dream
from .persistent import PersistentLearning
from .rule import BeliefNetRule, held_out_bound, weighted

_DESCENT = 2**30  # the particle by whose random numbers dreams come down from the top


class TopMemory(Memory):
    """Memory of what teaches the top of a deep belief net: a `ChainMemory` of its machine."""

    def __init__(self, chains):
        self._chains = chains

    @property
    def carry_over(self):
        """The rest that is of use with other rows, too."""
        return self._chains.carry_over

    def resume(self, carry_over):
        """Go on from what an earlier training carried over."""
        self._chains.resume(carry_over)

    def begin(self, machine, result, seed, batch_size):
        """Get ready for the first step."""
        self._chains.begin(machine.top, result.top, seed, batch_size)

    def take(self, place):
        """The `Share` of a block."""
        return self._chains.take(place)

    def put(self, place, part):
        """Keep what is now known of a block."""
        self._chains.put(place, part)

    def end_step(self, machine, result):
        """Follow log Z of the top."""
        self._chains.end_step(machine.top, result.top)

    def log_partition_of(self, machine):
        """Log Z of a net near the one that learns, nats."""
        return self._chains.log_partition_of(machine.top)


class DeepBeliefRule(BeliefNetRule):
    """A rule for a `DeepBelief` machine; subclasses have ``top``, the rule of its undirected part.

    Its objective is the importance-weighted bound less log Z, which is followed as training goes.
    """

    def objective(self, machine, rows, seed, n_samples, n_threads, memory=None):
        """Mean importance-weighted bound of log p(x), as good as the estimate of log Z, nats."""
        if memory is None:
            log_partition = follower_of(machine.top, seed).log_partition(machine.top)
        else:
            log_partition = memory.log_partition_of(machine)
        return held_out_bound(machine, rows, seed, n_samples, n_threads, log_partition)

    def accepts(self, machine):
        """Whether weights of the top are of a size from which chains can still move."""
        return are_moderate(machine.top.weights)

    def make_memory(self, machine, rows):
        """The memory of the rule of the top, for states that recognition makes of rows."""
        means = None
        if self.top.centred:
            means = Ascent(machine.visible.units, machine.recognition).rates(rows)
        return TopMemory(self.top.make_memory(machine.top, None, means))


@dataclass(frozen=True)
class DeepReweighted(DeepBeliefRule):
    """Reweighted wake-sleep of a net with an undirected top.

    Particles h_k ~ q(h | x) have self-normalised weights w_k, in which Z cancels. Directed layers
    move along ``sum_k w_k d log p``, the top along ``sum_k w_k d log p*(h_k)`` less what persistent
    chains show of the machine: where these are in equilibrium, the expected step is the gradient of
    the importance-weighted bound of log p(x). Recognition learns half from the particles and half
    from dreams, which come down from the chains.

    top : the rule of the undirected part; n_particles : K, of each row.

    References
    ----------
    Bornschein & Bengio (2015), Reweighted wake-sleep, ICLR. Tieleman (2008), Training restricted
    Boltzmann machines using approximations to the likelihood gradient, ICML.
    """

    top: PersistentLearning
    n_particles: int = 10

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats.

        memory : a `Share`, or None for chains that begin at the base rates, one for each row, and
        log Z = 0.
        """
        if memory is None:
            memory = Share(begin(machine.top, dream.key, dream.addresses))
        dreams = Draws(dream.key, dream.addresses, 1, _DESCENT)
        states = self._top_of_dreams(machine, memory, dream, work)
        passes = wake_and_dream(machine, x, wake, dreams, work, states)
        weights = work.empty(passes.log_weights.shape, np.float32)
        bound = work.empty((len(weights),), np.float64)
        self_normalise(passes.log_weights, weights, bound)
        if x.weights is not None:
            weights *= x.weights[:, None]
        directed_gradient(machine, passes, weights, out.generation)
        recognition_gradient(machine, passes, weights, out.recognition, work)
        particles = Block(passes.inferred(-1), weights=weights.reshape(-1).astype(np.float64))
        found = self.top.gradient(machine.top, particles, wake, dream, out.top, work, memory)
        return _total(weighted(bound, x.weights), x, memory, found)

    def _top_of_dreams(self, machine, memory, dream, work):
        """States of the layer below the topmost, one for each row, given those of the chains."""
        n_rows, n_chains = len(dream.addresses), len(memory.hidden)
        hidden = memory.hidden[np.arange(n_rows) * n_chains // n_rows]
        draws = Draws(dream.key, dream.addresses, 1, _DESCENT + 1)
        return sample_visible(machine.top, hidden, draws, work)

    def limits(self, machine, n_rows):
        """Limits of blocks, each of which has chains."""
        fewest = max(self.fewest_rows, self.top.rows_of_two_chains(n_rows))
        return self.blocks(machine, n_rows, fewest)


@dataclass(frozen=True)
class UpDown(DeepBeliefRule):
    """The up-down algorithm: contrastive wake-sleep of a net with an undirected top.

    On the way up, states that recognition draws teach the directed layers to make those below from
    them. At the top, chains that start in these states make a few sweeps, and teach the undirected
    part by contrastive divergence. From where they end dreams come down, and teach recognition: a
    few sweeps from the rows, which keeps dreams near to them.

    top : the rule of the undirected part.

    References
    ----------
    Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, Neural
    Computation 18, 1527-1554, section 5.
    """

    top: ContrastiveDivergence

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats.

        memory : a `Share`, or None for log Z = 0.
        """
        memory = Share() if memory is None else memory
        recognised = machine.recognise(x, wake, work)[0][-1]
        states = Block(recognised, weights=x.weights)
        found = self.top.gradient(machine.top, states, wake, dream, out.top, work, memory)
        dreams = Draws(dream.key, dream.addresses, 1, _DESCENT)
        passes = wake_and_dream(machine, x, wake, dreams, work, memory.moved)
        weights = work.empty(passes.log_weights.shape, np.float32)
        weights[:] = 1 if x.weights is None else x.weights[:, None]
        directed_gradient(machine, passes, weights, out.generation)
        sleep_gradient(machine, passes, out.recognition, work)
        return _total(weighted(passes.log_weights[:, 0], x.weights), x, memory, found)


def _total(bounds, x, memory, found):
    """The sum of bounds of log p* less log Z; not a number where the top has lost its chains.

    found : what its rule returned.
    """
    if not np.isfinite(found):
        return np.nan
    weight = len(x) if x.weights is None else x.weights.sum()
    return float(bounds.sum() - weight * memory.log_partition)
