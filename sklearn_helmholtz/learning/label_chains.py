"""Chains of rows, labels and hidden states of a labelled Boltzmann machine."""

from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._kernels.random import uniform_rows
from .._keys import Draws
from .chains import CarriedOver
from .half_sweeps import BEGINNING, sample_base, sample_hidden, sample_visible
from .memory import Memory, RowMemory, RowState

_LABEL = 2  # layer, as random numbers tell it apart


@dataclass
class LabelShare:
    """Share that a block of rows sees of a `LabelMemory`.

    hidden : (n_chains, n_hidden) uint8, states of its chains, which the rule moves in place, or
    None; first : the number of the first of them; labelled_share : of the weight of all rows;
    gaps : `RowState` of the rows, or None where nothing is missing.
    """

    hidden: np.ndarray | None = None
    first: int = 0
    labelled_share: float = 1.0
    gaps: RowState | None = None


class LabelMemory(Memory):
    """Chains that are no row's, those of gaps, and the share of the rows that have a label.

    Each row with gaps has two chains: one that is given its label, and one that is not.

    rows : `LabelledTable`; chains_of : a function of (machine, batch_size, seed) that makes the
    first states of the chains, or None for no chains.
    """

    def __init__(self, rows, n_hidden, chains_of=None):
        self._chains_of, self._labelled_share = chains_of, rows.labelled_share
        self._carried, self.hidden, self._gaps = None, None, None
        if rows.table.fill_values is not None:
            shapes, types = [(n_hidden,)] * 2, [np.uint8] * 2
            self._gaps = RowMemory(rows.table.data.shape[0], shapes, types)

    @property
    def carry_over(self):
        """The chains, wherever rows come from: a `CarriedOver`; None where there are none."""
        return None if self.hidden is None else CarriedOver(self.hidden)

    def resume(self, carry_over):
        """Go on with the chains of an earlier training, as many of them as there are to be."""
        self._carried = carry_over.hidden

    def begin(self, machine, result, seed, batch_size):
        """Chains at the base rates, or what was carried over."""
        if self._chains_of is None:
            return
        self.hidden = self._chains_of(machine, batch_size, seed)
        if self._carried is not None:
            self.hidden = self._carried[np.arange(len(self.hidden)) % len(self._carried)]

    def take(self, place):
        """A `LabelShare` for a block: the share of the chains that it has of the rows."""
        share = LabelShare(labelled_share=self._labelled_share)
        if self.hidden is not None:
            n_chains = len(self.hidden)
            share.first, end = (n_chains * at // place.size for at in (place.start, place.stop))
            share.hidden = self.hidden[share.first : end]
        if self._gaps is not None:
            share.gaps = self._gaps.take(place)
        return share

    def put(self, place, part):
        """Keep the chains of the gaps of a block; its others have moved where they are."""
        if self._gaps is not None:
            self._gaps.put(place, part.gaps)


def begin_chains(machine, key, addresses):
    """Hidden states of chains at their start, (n_rows, n_hidden) uint8.

    Given data at the base rates, and labels by their intercepts.
    """
    draws = Draws(key, addresses, 1, BEGINNING)
    values = sample_base(machine.boltzmann, draws)
    intercepts = np.repeat(machine.labels.intercept[None], len(addresses), axis=0)
    eta = eta_given(machine, values, sample_labels(intercepts, draws))
    return sample_hidden(machine, eta, draws)


def sample_both(machine, hidden, draws, work=np):
    """Rows and labels given hidden states: (n_rows, n_visible) and the numbers of classes."""
    values = sample_visible(machine.boltzmann, hidden, draws, work)
    return values, sample_labels(machine.label_eta(hidden, work), draws)


def eta_given(machine, values, codes, work=np):
    """Inputs of the hidden units given rows and labels, (n_rows, n_hidden) float32."""
    eta = machine.hidden_eta(values, work)
    eta += machine.labels.weights.T[codes]
    return eta


def sample_labels(eta, draws):
    """Numbers of classes, (n_rows,), drawn by their softmax: exactly one for each row."""
    uniforms = np.empty((len(eta), 1), np.float32)
    layer = _keys.layer_word(_LABEL)
    uniform_rows(draws.key, draws.addresses, draws.n_particles, draws.first, layer, uniforms)
    weights = np.exp((eta - eta.max(axis=1, keepdims=True)).astype(np.float64))
    totals = np.cumsum(weights, axis=1)
    below = totals < uniforms * totals[:, -1:]
    return np.minimum(below.sum(axis=1), eta.shape[1] - 1)


def sweep_labels(machine, hidden, draws, work=np):
    """Move hidden states in place: to rows and labels, and back."""
    values, codes = sample_both(machine, hidden, draws, work)
    sample_hidden(machine, eta_given(machine, values, codes, work), draws, out=hidden)
