"""Learning of rows and labels by Boltzmann machines, discriminative and generative."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..layers import Affine
from ..rows import UNLABELLED, split_evenly
from .half_sweeps import sample_hidden
from .label_chains import (
    LabelMemory,
    LabelShare,
    begin_chains,
    eta_given,
    sample_both,
    sweep_labels,
)
from .label_gaps import complete_labelled, log_posterior_observed
from .phases import counts, row_weights
from .rule import COST_OF_A_FUNCTION, Rule

_FEWEST_ROWS = 64  # of a block: rows share products
_TOLERANCE = 10
_LARGEST_WEIGHT = 100  # in the mean


@dataclass(frozen=True)
class LabelledLearning(Rule):
    """Hybrid learning of a `LabelledBoltzmann` machine, discriminative and generative.

    The gradient is that of

        (mean log p(y | x) + generative * mean log p(x, y)) / (1 + generative),

    where the first mean is over rows with a label, and the second over all rows, of which those
    without a label have log p(x) instead. Its first part, and what rows say in the second, are in
    closed form; what the machine says by itself comes from persistent chains of rows and labels
    together, as of `PersistentLearning`, in which a label is drawn as one of all classes.

    Missing values are summed out. What is observed of a row has the gradient of ``log p(x, y) - log
    p(x)``, and of log p(x, y), in the mean of what is missing given the label, and without it:
    chains that stay with the row draw both. With stationary chains the expectation of a step is the
    gradient.

    What is watched is mean log p(y | x) alone, which needs no log Z.

    generative : from 0 to infinity, for the second part alone; n_steps : sweeps of the chains at
    each step; n_chains : None for as many as a minibatch has rows.

    References
    ----------
    Larochelle & Bengio (2008), Classification using discriminative restricted Boltzmann machines,
    ICML, sections 4 to 6.
    """

    generative: float = 0.01
    n_steps: int = 1
    n_chains: int | None = None

    @property
    def shares(self):
        """Shares of the discriminative and of the generative part, which sum to 1."""
        if math.isinf(self.generative):
            return 0.0, 1.0
        return 1 / (1 + self.generative), self.generative / (1 + self.generative)

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of log p(y | x), nats.

        x : `LabelledBlock`. The sum is over rows with a label, divided by the share that these have
        of all rows. Of rows with gaps it is that of log p(y | completed row), which is too low in
        expectation. wake : random numbers of the chains of gaps, with an address for each row;
        dream : random numbers of one step with an address for each row; memory : a
        `LabelShare`, or None for chains that begin at the base rates, one for each row.
        """
        memory = LabelShare() if memory is None else memory
        weights, values, free = row_weights(x.rows), x.rows.values, np.arange(len(x))
        completed = None
        if x.rows.has_missing:
            completed = complete_labelled(machine, x, wake, memory.gaps, work)
            values, free = completed.values, completed.free
        eta = machine.hidden_eta(values, work)
        scores, means = machine.explain(eta, work)
        log_posterior = log_softmax(scores, axis=1)
        if completed is not None:
            completed.remember(machine, eta, log_posterior)
        labelled = _relative(weights, x.codes, memory.labelled_share)
        self._write_rows(machine, x, values, free, log_posterior, means, weights, labelled, out)
        if self.shares[1]:
            self._subtract_chains(machine, weights, dream, memory, out, work)
        known = np.flatnonzero(x.codes != UNLABELLED)
        return float((labelled[known] * log_posterior[free[known], x.codes[known]]).sum())

    def _write_rows(
        self, machine, x, values, free, log_posterior, means, weights, labelled, out
    ):  # fmt: skip
        """Write what rows say: each class of each row counts as often as it should.

        values : of the rows, and after them of some that have others without their label; free :
        (n_rows,) places of values without label; means : p(h | x, y), (n_classes, n_values,
        n_hidden), which is overwritten.
        """
        (discriminative, generative), n = self.shares, len(x)
        posterior = np.exp(log_posterior)
        known = np.flatnonzero(x.codes != UNLABELLED)
        explained = posterior[:n].copy()  # p(y | x, label)
        explained[known] = 0
        explained[known, x.codes[known]] = 1
        own = (discriminative * labelled)[:, None]
        coefficients = np.zeros(posterior.shape)
        coefficients[:n] = (generative * weights)[:, None] * explained
        coefficients[free] -= own * posterior[free]
        coefficients[:n] += own * explained
        means *= np.float32(coefficients).T[:, :, None]
        out.boltzmann.upward.gradient(values, means.sum(axis=0), out.boltzmann.upward)
        out.labels.weights[...] = means.sum(axis=1, dtype=np.float64).T
        out.labels.intercept[...] = coefficients.sum(axis=0)
        of_values = np.zeros(len(posterior))  # of complete rows both parts are the same
        of_values[:n] = generative * weights
        twice = free >= n
        of_values[:n][twice] += own[twice, 0]
        of_values[free[twice]] -= own[twice, 0]
        out.boltzmann.visible_intercept[...] = (
            counts(values, of_values.astype(np.float32)) if of_values.any() else 0
        )

    def _subtract_chains(self, machine, weights, dream, memory, out, work):
        """Move chains, and subtract what the machine says by them."""
        hidden = memory.hidden
        if hidden is None:
            hidden = begin_chains(machine, dream.key, dream.addresses)
        first, last = memory.first, self.n_steps - 1
        addresses = _keys.at_same_step(dream.addresses, first, first + len(hidden))
        for number in range(last):
            sweep_labels(machine, hidden, Draws(dream.key, addresses, 1, number), work)
        draws = Draws(dream.key, addresses, 1, last)
        values, codes = sample_both(machine, hidden, draws, work)
        eta = eta_given(machine, values, codes, work)
        sample_hidden(machine, eta, draws, out=hidden)
        share = self.shares[1] * weights.sum(dtype=np.float64) / len(hidden)
        shares = np.full(len(hidden), share, np.float32)
        error = machine.hidden_units.mean(eta, work)
        error *= -shares[:, None]
        out.boltzmann.upward.gradient(values, error, out.boltzmann.upward, add=True)
        out.boltzmann.visible_intercept[...] -= counts(values, shares)
        out.labels.weights[...] += _sums_by_class(codes, error, machine.n_classes).T
        out.labels.intercept[...] -= share * np.bincount(codes, minlength=machine.n_classes)

    def make_memory(self, machine, rows):
        """The chains, those of gaps, and the share of rows with a label: a `LabelMemory`."""
        first_states = self._first_states if self.shares[1] else None
        return LabelMemory(rows, machine.n_units[1], first_states)

    def _first_states(self, machine, batch_size, seed):
        n_chains = batch_size if self.n_chains is None else self.n_chains
        addresses = _keys.training_addresses(0, 0, n_chains)
        return begin_chains(machine, _keys.key(seed, Purpose.DREAM), addresses)

    def objective(self, machine, rows, seed, n_samples, n_threads, memory=None):
        """Mean log p(y | x) of the rows with a label, nats; 0 where there are none.

        Estimated of rows with gaps, see `log_posterior_observed`.
        """
        limits, found = self.limits(machine, len(rows)), np.zeros(len(rows))
        key = _keys.key(seed, Purpose.VALIDATE)

        def score(number):
            place = slice(limits[number], limits[number + 1])
            x = rows.take(np.arange(place.start, place.stop))
            addresses = np.arange(place.start, place.stop, dtype=np.uint64)
            log_posterior = log_posterior_observed(machine, x.rows, key, addresses)
            found[place] = log_posterior[np.arange(len(x)), x.codes]

        run_blocks(score, len(limits) - 1, n_threads)
        weights = np.where(rows.codes != UNLABELLED, rows.row_weights, 0.0)
        return float((weights * found).sum() / weights.sum()) if weights.any() else 0.0

    def limit(self, machine, first_loss):
        """Ten times what it costs to know nothing, or ten times the first loss."""
        return _TOLERANCE * max(math.log(machine.n_classes), first_loss)

    def accepts(self, machine):
        """Whether weights are of a size from which chains can still move."""
        return float(np.abs(machine.boltzmann.weights).mean(dtype=np.float64)) <= _LARGEST_WEIGHT

    def limits(self, machine, n_rows):
        """Limits of blocks that share products; each has a chain at least, where there are any."""
        functions = COST_OF_A_FUNCTION * machine.n_classes * machine.n_units[1]
        fewest = _FEWEST_ROWS
        if self.n_chains is not None and self.shares[1]:
            fewest = max(fewest, -(-n_rows // max(self.n_chains // 2, 1)))
        return split_evenly(n_rows, machine.n_weights + functions, fewest)


def _sums_by_class(codes, error, n_classes):
    """Sums of the rows of an array with the same code, (n_classes, n_columns) float32."""
    one_hot = np.zeros((len(codes), n_classes), np.uint8)
    one_hot[np.arange(len(codes)), codes] = 1
    shapes = (n_classes, error.shape[1]), error.shape[1]
    sums = Affine(*(np.empty(shape, np.float32) for shape in shapes))
    sums.gradient(one_hot, error, sums)
    return sums.weights


def _relative(weights, codes, labelled_share):
    """Weights of the rows with a label, whose mean over all rows is 1; 0 of the others."""
    if not labelled_share:
        return np.zeros(len(weights))
    return np.where(codes != UNLABELLED, weights.astype(np.float64), 0.0) / labelled_share
