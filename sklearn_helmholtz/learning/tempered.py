"""Learning of Boltzmann machines from persistent chains that are exchanged between temperatures."""

from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._keys import Draws
from ..inference.resampling import fine_uniforms
from ..machines import log_sum
from .half_sweeps import begin, sample_hidden
from .persistent import PersistentLearning

_SWAPS = 2**30  # the first particle by whose random numbers neighbours are exchanged


@dataclass(frozen=True)
class TemperedLearning(PersistentLearning):
    """Persistent chains at several temperatures, which neighbours exchange (parallel tempering).

    Chains of a machine with modes far apart stay in the one where they are, however much less
    probable it becomes. Here each has ``n_tempered - 1`` others beside it, states of machines
    between the base rates (beta = 0) and the one that learns (beta = 1),

        p_beta(v) proportional to exp((1 - beta) a'v + beta b'v) prod_j (1 + exp(beta eta_j)),

    with a the logits of the base and ``eta = c + v'W``. In each sweep neighbours exchange their
    data v and w with the probability ``min(1, p_one(w) p_other(v) / (p_one(v) p_other(w)))``, even
    pairs and then odd ones. The coldest, at beta = 1, teach.

    n_tempered : inverse temperatures, at equal distances; the rest as of `PersistentLearning`, to
    whose chains it is ``n_tempered`` times the work. Hidden states of the memory are (n_chains,
    n_tempered, n_hidden), the coldest last.

    References
    ----------
    Desjardins, Courville, Bengio, Vincent & Delalleau (2010), Tempered Markov chain Monte Carlo for
    training of restricted Boltzmann machines, AISTATS.
    """

    n_tempered: int = 10

    def _begin(self, machine, key, addresses):
        """Hidden states of new chains, all at the base rates."""
        n_chains, n_tempered = len(addresses), self.n_tempered
        many = (addresses[:, None] * n_tempered + np.arange(n_tempered, dtype=np.uint64)).ravel()
        return begin(machine, key, many).reshape(n_chains, n_tempered, -1)

    def _is_of_bits(self, machine, x, memory):
        """Not by one kernel: the sweeps of chains are others."""
        return False

    def _move(self, machine, memory, dream, phases, work):
        """Move and exchange chains; the data of the coldest are those that teach."""
        n_chains, n_tempered, n_hidden = memory.hidden.shape
        first, n_states = memory.first * n_tempered, n_chains * n_tempered
        addresses = _keys.at_same_step(dream.addresses, first, first + n_states)
        hidden = memory.hidden.reshape(n_states, n_hidden)
        ladder = _Ladder(machine, n_tempered)
        for number in range(self.n_steps):
            draws = Draws(dream.key, addresses, 1, number)
            visible = ladder.sample_visible(hidden, draws, work)
            eta = ladder.exchange(visible, draws)
            sample_hidden(machine, ladder.at_own(eta), draws, out=hidden)
        phases.infer_rows()
        coldest = slice(n_tempered - 1, None, n_tempered)
        phases.moved[:], phases.eta_of_chains[:] = visible[coldest], eta[coldest]


class _Ladder:
    """Machines from the base rates to one that learns, whose states lie side by side."""

    def __init__(self, machine, n_tempered):
        self._machine, self._n = machine, n_tempered
        self._betas = np.linspace(0, 1, n_tempered)

    def at_own(self, values):
        """Rows of values times the inverse temperature of each, (n_states, n) float32."""
        shaped = values.reshape(-1, self._n, values.shape[1])
        return (shaped * self._betas.astype(np.float32)[:, None]).reshape(values.shape)

    def sample_visible(self, hidden, draws, work):
        """Data given hidden states, each at its own temperature."""
        machine = self._machine
        eta = self.at_own(machine.visible_eta(hidden, work))
        shaped = eta.reshape(-1, self._n, eta.shape[1])
        shaped += np.multiply.outer(1 - self._betas, machine.base.logits).astype(np.float32)
        return machine.units.sample(eta, draws, 0, np.zeros(len(eta)), work)

    def exchange(self, visible, draws):
        """Exchange data of neighbours, in place; returns the inputs of hidden units they make."""
        machine, n = self._machine, self._n
        eta = machine.hidden_eta(visible)
        logits = np.stack([machine.base.logits, machine.visible_intercept]).astype(np.float64)
        energies = np.einsum("rk,ek->re", visible.astype(np.float64), logits)
        arrays = [array.reshape(-1, n, array.shape[1]) for array in (visible, eta, energies)]
        for parity in (0, 1):
            number = _SWAPS + 2 * draws.first + parity
            uniforms = fine_uniforms(Draws(draws.key, draws.addresses, 1, number)).reshape(-1, n)
            for low in range(parity, n - 1, 2):
                chosen = np.flatnonzero(np.log(uniforms[:, low]) < self._gain(arrays, low))
                for array in arrays:
                    array[chosen, low : low + 2] = array[chosen, low : low + 2][:, ::-1]
        return eta

    def _gain(self, arrays, low):
        """Log of the ratio of probabilities after and before an exchange, (n_chains,)."""
        high = low + 1
        after = self._log_p(arrays, low, high) + self._log_p(arrays, high, low)
        return after - self._log_p(arrays, low, low) - self._log_p(arrays, high, high)

    def _log_p(self, arrays, level, state):
        """Log p* at the inverse temperature of a level of one of the states of each chain."""
        beta, (_, eta, energies) = self._betas[level], (array[:, state] for array in arrays)
        linear = (1 - beta) * energies[:, 0] + beta * energies[:, 1]
        return linear + log_sum(np.float32(beta) * eta)
