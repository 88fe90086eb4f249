"""Rows of a labelled Boltzmann machine with missing values, which chains draw."""

from dataclasses import dataclass, replace

import numpy as np

from .._keys import Draws
from ..rows import UNLABELLED, Block
from .gaps import as_bits
from .half_sweeps import begin, sample_hidden, sample_visible
from .label_chains import sample_labels
from .memory import RowState

_SWEEPS, _BURN_IN = 20, 10  # of chains by which p(y | what is observed) is estimated


@dataclass(frozen=True)
class Completed:
    """Rows whose gaps chains have filled, some of them twice.

    Given its label a row has other values than without: ``p(missing | observed, y)`` is what log
    p(observed, y) asks for, ``p(missing | observed)`` what log p(observed) does, and log p(y |
    observed) is the difference of both. So rows with gaps and a label have two chains.

    values : (n_rows + n_twice, n_visible), all complete: the rows, those with a label given that,
    and then once more, without it, those of ``twice``, their numbers; state : `RowState`.
    """

    values: np.ndarray
    twice: np.ndarray
    codes: np.ndarray
    draws: object
    state: RowState

    @property
    def free(self):
        """The place of each row's values without its label, (n_rows,)."""
        places = np.arange(len(self.codes))
        places[self.twice] = len(self.codes) + np.arange(len(self.twice))
        return places

    def remember(self, machine, eta, log_posterior):
        """The other half of the sweeps: hidden states, from which chains go on.

        Labels that a chain is not given are drawn before. eta : (n_rows + n_twice, n_hidden), the
        inputs of the hidden units without a label; log_posterior : (.., n_classes).
        """
        n, own, free = len(self.codes), *both(self.draws)
        unknown = self.codes == UNLABELLED
        codes = np.where(unknown, sample_labels(log_posterior[:n], own), self.codes)
        self._move(machine, slice(n), eta, codes, own, self.state.arrays[0])
        if len(self.twice):
            free = replace(free, addresses=free.addresses[self.twice])
            codes = sample_labels(log_posterior[n:], free)
            hidden = np.empty((len(codes), eta.shape[1]), np.uint8)
            self._move(machine, slice(n, None), eta, codes, free, hidden)
            self.state.arrays[1][self.twice] = hidden

    @staticmethod
    def _move(machine, place, eta, codes, draws, hidden):
        moved = eta[place] + machine.labels.weights.T[codes]
        sample_hidden(machine, moved, draws, out=hidden)


def both(draws):
    """Random numbers of the chains that know the label of their rows, and of the others."""
    return draws, replace(draws, first=draws.first + draws.n_particles)


def complete_labelled(machine, x, draws, state, work=np):
    """The rows of a `LabelledBlock` with gaps as `Completed`.

    draws : with an address for each row; state : `RowState` with hidden states of both chains of
    each row; those of rows that were never seen begin at the base rates, as all do where it is
    None.
    """
    given, shape = x.rows.toarray(), (len(x), machine.n_units[1])
    if state is None:
        state = RowState(np.zeros(len(x), bool), [np.empty(shape, np.uint8) for _ in range(2)])
    if not state.seen.all():
        new = ~state.seen
        first = begin(machine.boltzmann, draws.key, draws.addresses, given)[new]
        for array in state.arrays:
            array[new] = first
    gaps = np.isnan(given)
    twice = np.flatnonzero(gaps.any(axis=1) & (x.codes != UNLABELLED))
    own, free = both(draws)
    values = fill(machine, given, state.arrays[0], own, work)
    if len(twice):
        free = replace(free, addresses=free.addresses[twice])
        others = fill(machine, given[twice], state.arrays[1][twice], free, work)
        values = np.concatenate([values, others])
    if machine.boltzmann.units.is_binary:
        values = as_bits(values)
    return Completed(np.ascontiguousarray(values), twice, x.codes, draws, state)


def fill(machine, given, hidden, draws, work=np):
    """Values with ``v_missing ~ p(v | h)`` in their gaps, float32.

    given : (n_rows, n_visible), NaN where missing; hidden : (n_rows, n_hidden) uint8.
    """
    drawn = sample_visible(machine.boltzmann, np.ascontiguousarray(hidden), draws, work)
    return np.where(np.isnan(given), drawn, given).astype(np.float32)


def log_posterior_observed(machine, x, key, addresses):
    """Log p(y | what is observed) of a `Block` of rows, (n_rows, n_classes) nats.

    Of rows with gaps the logarithm of a mean of p(y | observed, missing) over the later sweeps of a
    chain of each. addresses : of the rows' random numbers.
    """
    given = x.toarray()
    gaps = np.isnan(given).any(axis=1)
    if not gaps.any():
        return machine.log_posterior(machine.hidden_eta(x.values))
    result, whole = np.empty((len(x), machine.n_classes)), np.ascontiguousarray(given[~gaps])
    result[~gaps] = machine.log_posterior(machine.hidden_eta(whole))
    given, addresses = given[gaps], addresses[gaps]
    hidden, found = begin(machine.boltzmann, key, addresses, given), 0.0
    for number in range(_SWEEPS):
        draws = Draws(key, addresses, 1, number)
        eta = machine.hidden_eta(Block(fill(machine, given, hidden, draws)).values)
        log_posterior = machine.log_posterior(eta)
        if number >= _BURN_IN:
            found = found + np.exp(log_posterior)
        eta += machine.labels.weights.T[sample_labels(log_posterior, draws)]
        sample_hidden(machine, eta, draws, out=hidden)
    result[gaps] = np.log(found / (_SWEEPS - _BURN_IN))
    return result
