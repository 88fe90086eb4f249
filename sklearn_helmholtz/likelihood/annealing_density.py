"""log p(x) of what annealing draws: a lower bound for a density that one can sample from.

Reverse annealed importance sampling (RAISE; Burda, Grosse & Salakhutdinov 2015, Accurate and
conservative estimates of MRF log-likelihood using reverse annealing, AISTATS). States that are
annealed from the base of a Boltzmann machine to the machine itself follow a distribution of their
own, whose probabilities sum to 1 however far it is from the machine's. A chain that starts in x and
goes the same way back has a weight that is unbiased for its probability of x:

    w = f_1(x) / Z_0 prod_i f_{i-1}(v_{i-1}) / f_i(v_{i-1}).
"""

import numpy as np
from scipy.special import logsumexp

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..inference import chains_of
from ..rows import split_evenly

_CHAINS_OF_A_BLOCK = 100  # at least, that share the tables of a product


def annealing_log_density(machine, rows, n_temperatures, seed=None, n_chains=1, n_threads=1):
    """Lower bounds in expectation of log p(x) under the annealing sampler, (n_rows,) nats.

    That sampler draws from the base and makes a sweep at each of ``n_temperatures`` equally spaced
    inverse temperatures up to 1. Of rows with missing values or fractions, in which no chain can
    start, NaN. rows : a `Table`; seed : four words, None for those of scoring. Bits depend on what
    a row holds, neither on other rows nor on threads.
    """
    key = _keys.key(_keys.scoring_seed() if seed is None else seed, Purpose.BOUND)
    chains = chains_of(machine)
    log_base = chains.log_base(chains.everywhere())
    betas = np.concatenate([[1.0], np.linspace(1, 0, n_temperatures + 1)])
    work = machine.n_weights * n_chains * n_temperatures
    limits = split_evenly(len(rows), work, max(_CHAINS_OF_A_BLOCK // n_chains, 1))
    bounds = np.full(len(rows), np.nan)

    def go_back(number):
        place = np.arange(limits[number], limits[number + 1])
        x = rows.take_keyed(slice(limits[number], limits[number + 1]))
        values = x.toarray()
        kept = np.flatnonzero(chains.can_begin(values))
        if not len(kept):
            return
        own = rows.take(place[kept])
        visible = np.repeat(values[kept], n_chains, axis=0).astype(chains.dtype)
        draws = Draws(key, x.keys[kept], n_chains)
        back = chains.anneal(visible, draws, betas).reshape(len(kept), n_chains)
        log_mean = logsumexp(back, axis=1) - np.log(n_chains)
        top = machine.log_unnormalized(own, machine.hidden_eta(own.zero_filled))
        lost = 0.0 if x.log_volumes is None else x.log_volumes[kept]
        bounds[place[kept]] = top + log_mean - log_base - lost

    run_blocks(go_back, len(limits) - 1, n_threads)
    return bounds
