"""The two phases of a step of a Boltzmann machine: what rows show, and what chains show of it."""

from dataclasses import dataclass

import numpy as np

from .._kernels.counts import weighted_counts
from ..rows import Lists

_FARTHEST = 10  # nats per column that log p* of rows and chains may be apart


class Phases:
    """Rows and the data of chains, which go through products together where rows are bits.

    x : `Block` of n_rows complete rows; moved : (n_chains, n_visible), to be filled by the data of
    the chains.
    """

    def __init__(self, machine, x, n_chains, work=np):
        n_rows, (n_visible, n_hidden) = len(x), machine.n_units
        self._machine, self._x, self._work = machine, x, work
        self._states = None
        if x.is_binary:
            self._states = work.empty((n_rows + n_chains, n_visible), np.uint8)
            self._states[:n_rows] = x.values
            self.moved = self._states[n_rows:]
        else:
            self.moved = work.empty((n_chains, n_visible), machine.units.dtype)
        self._eta = work.empty((n_rows + n_chains, n_hidden), np.float32)
        self.eta_of_rows, self.eta_of_chains = self._eta[:n_rows], self._eta[n_rows:]

    def infer(self):
        """Inputs of the hidden units of rows and chains, by one product where that can be."""
        if self._states is not None:
            self._machine.hidden_eta(self._states, self._work, self._eta)
        else:
            self.infer_rows()
            self.infer_chains()

    def infer_rows(self):
        """Inputs of the hidden units of the rows."""
        self._machine.hidden_eta(self._x.values, self._work, self.eta_of_rows)

    def infer_chains(self):
        """Inputs of the hidden units of the chains."""
        self._machine.hidden_eta(self.moved, self._work, self.eta_of_chains)

    def write(self, weights, shares, out):
        """Write the difference of ``<v p(h | v)'>``, ``<v>`` and ``<p(h | v)>`` to ``out``.

        weights : (n_rows,), shares : (n_chains,) float32, what rows and chains count. The inputs of
        hidden units are overwritten by ``weight p(h | v)`` of rows, and ``-share p(h | v)`` of
        chains. Returns `Sums`.
        """
        n_rows = len(self._x)
        error, minus_sums = self._signed_means(weights, shares)
        upward = self._machine.upward
        if self._states is not None:
            upward.gradient(self._states, error, out.upward)
        else:
            upward.gradient(self._x.values, error[:n_rows], out.upward)
            upward.gradient(self.moved, error[n_rows:], out.upward, add=True)
        ones = counts(self._x.values, weights), counts(self.moved, shares)
        out.visible_intercept[:] = ones[0] - ones[1]
        intercept = self._machine.visible_intercept.astype(np.float64)
        of_rows, of_chains = (float((intercept * part).sum()) for part in ones)
        of_rows -= float((weights * minus_sums[:n_rows]).sum())
        of_chains -= float((shares * minus_sums[n_rows:]).sum())
        return Sums(of_rows, of_chains, float(weights.sum(dtype=np.float64)))

    def _signed_means(self, weights, shares):
        """``weight p(h | v)`` of rows and ``-share p(h | v)`` of chains in place of the inputs.

        And minus the sum of the softplus of these, (n_rows + n_chains,) float64.
        """
        signed = np.concatenate([weights, -shares])
        minus_sums = np.zeros(len(signed))
        nothing = np.zeros((1, self._eta.shape[1]), np.uint8)
        error = self._machine.hidden_units.score(nothing, self._eta, minus_sums)  # -p(h | v)
        error *= -signed[:, None]
        return error, minus_sums


@dataclass(frozen=True)
class Sums:
    """Weighted sums of log p*(v) over rows and over chains, nats, and the sum of the weights.

    farthest : nats per column that both may be apart.
    """

    rows: float
    chains: float
    weight: float
    farthest: float = _FARTHEST

    def objective(self, log_partition, n_visible):
        """The sum of log p(x) of the rows; not a number where chains have lost them out of sight.

        Chains and rows are then so far apart that the machine no longer learns.
        """
        if not abs(self.rows - self.chains) <= self.farthest * n_visible * self.weight:
            return np.nan
        return self.rows - self.weight * log_partition


def counts(values, weights):
    """``sum_i w_i x_i`` of the rows of an array or `Lists`, (n_columns,) float64."""
    out = np.empty(values.shape[1])
    if isinstance(values, Lists):
        entries = values.values * np.repeat(weights, np.diff(values.indptr))
        return np.bincount(values.indices, entries, values.n_columns)
    if values.dtype == np.uint8:
        weighted_counts(values, weights, out)
        return out
    return np.einsum("r,rk->k", weights.astype(np.float64), values.astype(np.float64))


def row_weights(x):
    """Weights of the rows of a `Block`, (n_rows,) float32."""
    return np.ones(len(x), np.float32) if x.weights is None else x.weights.astype(np.float32)


def finish(machine, phases, filled, weights, shares, memory, out, constrain=None):
    """Write the step of a block to ``out``; return the sum of log p(x) over its rows, nats.

    weights : (n_rows,), shares : (n_chains,) float32; memory : a `Share`, which is left what it
    asks for; constrain : as of `centre`.
    """
    sums = phases.write(weights, shares, out)
    if memory.centre is not None:
        own = phases.eta_of_rows.sum(axis=0, dtype=np.float64)
        memory.hidden_sum = own, sums.weight
        centre(out, memory.centre, constrain)
    elif constrain is not None:
        constrain(out)
    machine.fix_gauge(out)
    drawn = float((weights * filled.log_q).sum())
    return sums.objective(memory.log_partition, machine.n_units[0]) - drawn


def centre(out, offsets, constrain=None):
    """Turn the step of a block, in place, into that of states measured from their centre.

    With G, g_v and g_h the differences of ``<v h'>``, ``<v>`` and ``<h>`` between rows and chains,
    and mu and lambda the centres of both sides,

        W: G - mu g_h' - g_v lambda',    b: g_v - W lambda,    c: g_h - W' mu

    in parameters that are not centred: a linear image of the gradient, which vanishes where it
    does, and which does not change when ones and zeros of a column change names. constrain : turns
    a step, in place, into one that parameters that are tied or missing can take, before it is
    found what biases make up for; None where all are free.

    References
    ----------
    Montavon & Mueller (2012), Deep Boltzmann machines and the centering trick, in Neural networks:
    tricks of the trade. Melchior, Fischer & Wiskott (2016), How to center deep Boltzmann machines,
    Journal of Machine Learning Research 17 (99).
    """
    weights, hidden, visible = out.upward.weights, out.upward.intercept, out.visible_intercept
    mu, mean = (np.asarray(part, np.float32) for part in (offsets.visible, offsets.hidden))
    weights -= np.multiply.outer(mu, hidden) + np.multiply.outer(visible, mean)
    if constrain is not None:
        constrain(out)
    visible -= np.einsum("ij,j->i", weights, mean)
    hidden -= np.einsum("ij,i->j", weights, mu)
