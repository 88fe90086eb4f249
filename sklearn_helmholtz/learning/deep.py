"""Learning of deep Boltzmann machines: what rows show of both sides, and persistent chains."""

import abc
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..inference import side_means
from ..likelihood import mean_field_bounds_of
from ..rows import Block, with_unseen
from .boltzmann_rule import mean_of_rows
from .deep_chains import DeepChainMemory, sides_of_centre
from .gaps import complete, fill_gaps
from .gaussian_tracking import follower_of
from .half_sweeps import begin, sample_hidden
from .memory import RowState
from .persistent import PersistentLearning
from .phases import finish


@dataclass(frozen=True)
class DeepLearning(PersistentLearning):
    """The base of the rules of a `DeepBoltzmann`, whose negative phase is persistent chains.

    That is the machine's own half of the gradient, as of `PersistentLearning`: of the sides of
    the even and of the odd layers. What rows show of both is the affair of subclasses. Their
    objective is the bound of mean field less the log Z that is followed.
    """

    keeps = np.uint8  # dtype of what the memory keeps of each row

    def make_memory(self, machine, rows):
        """The chains, what is kept of each row, and log Z."""
        return DeepChainMemory(machine, rows, self._first_states, self.centred, self.keeps)

    def objective(self, machine, rows, seed, n_samples, n_threads, memory=None):
        """Mean over rows of the bound of mean field, less log Z as it is followed, nats."""
        bounds = mean_field_bounds_of(machine, rows, n_threads)
        if memory is None:
            log_partition = follower_of(machine, seed).log_partition(machine)
        else:
            log_partition = memory.log_partition_of(machine)
        nothing = rows.count_missing() == machine.n_features
        return mean_of_rows(np.where(nothing, 0.0, bounds - log_partition), rows)

    def _is_of_bits(self, machine, x, memory):
        return False  # units that nobody sees have no bits

    @abc.abstractmethod
    def _fill(self, machine, x, draws, state, work):
        """Rows of data with what is not observed of the even side; state : `RowState`, or None."""

    def _finish(self, machine, phases, filled, weights, shares, memory, out):
        """Write the step, of weights between neighbouring layers alone."""
        own = memory
        if memory.centre is not None:
            own = replace(memory, centre=sides_of_centre(machine, memory.centre))
        constrain = partial(keep_present, machine.present)
        objective = finish(machine, phases, filled, weights, shares, own, out, constrain)
        if memory.centre is not None:
            unseen = filled.x.values[:, machine.n_features :]
            total = np.einsum("r,rk->k", weights.astype(np.float64), unseen.astype(np.float64))
            sums, weight = own.hidden_sum
            memory.hidden_sum = np.concatenate([sums, total]), weight
        return objective


def keep_present(present, out):
    """Leave only weights that there are of a step, in place; present : of a `DeepBoltzmann`."""
    if present is not None:
        out.upward.weights[...] *= present


@dataclass(frozen=True)
class DeepMeanFieldLearning(DeepLearning):
    """Stochastic maximum likelihood with mean field for what rows show.

    Under persistent chains that are the machine's, the expectation of a step is the gradient of

        E_q[log p*(v, h)] + H(q) - log Z <= log p(v)

    at the q of each row that mean field finds, from where it was at the visit before: means of what
    is not observed of the even side stand in the place of states, and with them the odd side is
    exact.

    n_inference_steps : sweeps of mean field at each visit; the rest as of `PersistentLearning`.

    References
    ----------
    Salakhutdinov & Hinton (2009), Deep Boltzmann machines, AISTATS. Goodfellow, Bengio & Courville
    (2016), Deep Learning, algorithm 20.1.
    """

    n_inference_steps: int = 5

    keeps = np.float32

    def _fill(self, machine, x, draws, state, work):
        means = side_means(machine, x, self.n_inference_steps, _first_means(machine, x, state))
        block = Block(means.even, weights=x.weights)
        return FilledByMeans(block, -means.entropy, means.odd, state)


def _first_means(machine, x, state):
    """Means of the odd side from which mean field begins, or None."""
    if state is None or not state.seen.any():
        return None
    start = state.arrays[0]
    if not state.seen.all():
        start[~state.seen] = side_means(machine, x, 1).odd[~state.seen]
    return start


@dataclass(frozen=True)
class FilledByMeans:
    """Rows whose gaps means have filled, as `Filled`.

    log_q : (n_rows,) nats, minus the entropy of what was filled in; odd : the means that belong to
    it.
    """

    x: Block
    log_q: np.ndarray
    odd: np.ndarray
    state: RowState | None

    def remember(self, machine, eta):
        """Keep the means, from which the next visit goes on."""
        if self.state is not None:
            self.state.arrays[0][...] = self.odd


@dataclass(frozen=True)
class DeepGibbsLearning(DeepLearning):
    """Stochastic maximum likelihood with a Markov chain for each row.

    The chain of a row draws what is not observed of it, and goes on at each visit. Under chains
    that are the posterior's and the machine's, the expectation of a step is the gradient of log
    p(v) itself (Younes 1989).

    n_inference_steps : sweeps of a row's chain at each visit; the rest as of `PersistentLearning`.
    """

    n_inference_steps: int = 5

    def _fill(self, machine, x, draws, state, work):
        x = with_unseen(x, machine.n_unseen)
        if state is None:
            state = RowState(
                np.zeros(len(x), bool), [np.empty((len(x), machine.n_units[1]), np.uint8)]
            )
        hidden = state.arrays[0]
        if not state.seen.all():
            new = ~state.seen
            hidden[new] = begin(machine, draws.key, draws.addresses, x.toarray())[new]
            state.seen[:] = True
        for number in range(1, self.n_inference_steps):
            own = replace(draws, first=number)
            completed, _ = complete(machine, x, own, hidden, work)
            sample_hidden(machine, machine.hidden_eta(completed.values), own, out=hidden)
        return fill_gaps(machine, x, draws, state, work)
