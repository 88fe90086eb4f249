"""The partition function of a Boltzmann machine: exactly, or by annealing there and back."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import run_blocks
from ..inference import MAX_AUTOMATIC_SIDE, MAX_SIDE, chains_of, enumeration_of
from ..inference.resampling import fine_uniforms, resample_evenly
from .weights import estimate_from_weights, tail_shapes

METHODS = ("auto", "exact", "annealed")
FEWEST_TEMPERATURES, MOST_TEMPERATURES = 500, 32_000  # of the automatic choice
_AGREE, _WORTH = 0.2, 20  # nats apart, and chains' worth, at which it is content
RELIABLE_GAP, RELIABLE_WORTH = 0.5, 10
_SWEEPS_BETWEEN = 100  # of the ends of chains, before they go back
_FEWEST_CHAINS = 32  # of a thread: tables are made for all chains of a call together


@dataclass(frozen=True)
class Partition:
    """Log Z in nats, and how well it is known.

    value : of log Z; variance : of it by the delta method; effective_sample_size : of the chains,
    infinite where exact; lower, upper : what annealing towards the machine and back from it say,
    of which the first is too low on average and the second too high, if its chains start in
    samples of the machine; method : ``"exact"`` or ``"annealed"``; n_temperatures : of the way,
    0 where exact; reliable : whether lower and upper are at most half a nat apart and chains are
    worth ten or more; pareto_k : the shape of the tail of the weights, NaN where there is none.
    """

    value: float
    variance: float
    effective_sample_size: float
    lower: float
    upper: float
    method: str
    n_temperatures: int
    reliable: bool
    pareto_k: float = np.nan

    @classmethod
    def exactly(cls, value):
        """A value without an error."""
        return cls(value, 0.0, np.inf, value, value, "exact", 0, True)

    @property
    def is_exact(self):
        """Whether the value has no error."""
        return self.method == "exact"

    @property
    def standard_error(self):
        """The standard error of the value, nats."""
        return float(np.sqrt(self.variance))

    @property
    def bias(self):
        """The bias of the value by the delta method, nats: annealing is too low on average."""
        return -self.variance / 2

    @property
    def gap(self):
        """The way back less the way there, nats; negative by chance only."""
        return self.upper - self.lower


def partition_of(
    machine, method="auto", seed=None, n_chains=100, n_temperatures="auto", n_threads=1,
    chains=None,
):  # fmt: skip
    """The `Partition` of a `Boltzmann` machine.

    method : ``"exact"`` enumerates the smaller side, of at most 25 units; ``"annealed"`` is
    annealed importance sampling (Neal 2001; Salakhutdinov & Murray 2008) and its reverse;
    ``"auto"`` enumerates up to 20 units and else anneals. seed : four words, None for those of
    scoring. n_chains : either way; n_temperatures : equally spaced ones, or ``"auto"``: from 500
    on their number is doubled until both ways agree within 0.2 nats and chains are worth 20, or
    there are 32,000. chains : (n, n_visible) uint8, states of the machine from which chains go
    back, such as those of learning; None for the ends of those that came, resampled by their
    weights and moved by 100 sweeps. Neither threads nor blocks change a bit.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}.")
    smaller = machine.n_enumerable
    if method == "exact" and smaller > MAX_SIDE:
        raise ValueError(
            f"method='exact' enumerates the states of the smaller side, here 2^{smaller} of "
            f"{smaller} units, and allows at most {MAX_SIDE} units. Use method='annealed'."
        )
    if method == "exact" or (method == "auto" and smaller <= MAX_AUTOMATIC_SIDE):
        return Partition.exactly(enumeration_of(machine).log_partition(n_threads))
    seed = _keys.scoring_seed() if seed is None else seed
    if n_temperatures != "auto":
        return _annealed(machine, seed, n_chains, n_temperatures, n_threads, chains)
    n = FEWEST_TEMPERATURES
    while True:
        found = _annealed(machine, seed, n_chains, n, n_threads, chains)
        content = found.gap <= _AGREE and found.effective_sample_size >= _WORTH
        if content or n >= MOST_TEMPERATURES:
            return found
        n = min(2 * n, MOST_TEMPERATURES)


def _annealed(machine, seed, n_chains, n_temperatures, n_threads, chains):
    """The `Partition` by chains that go there and back."""
    walk = _Walk(machine, seed, n_chains, n_temperatures, n_threads)
    visible = walk.start()
    there = walk.there(visible)
    estimate = estimate_from_weights(there[None], n_chains, np.zeros(1))
    if chains is None:
        walk.settle(visible, there)
    else:
        visible[...] = chains[np.arange(n_chains) % len(chains)]
    back = walk.back(visible)
    lower = walk.log_base + float(estimate.per_sample[0])
    upper = walk.log_base + float(np.log(n_chains) - logsumexp(back))
    worth = float(estimate.effective_sample_size[0])
    reliable = upper - lower <= RELIABLE_GAP and worth >= RELIABLE_WORTH
    return Partition(
        lower, float(estimate.variance[0]), worth, lower, upper, "annealed", n_temperatures,
        reliable, float(tail_shapes(there[None])[0]),
    )  # fmt: skip


class _Walk:
    """Chains of a machine between its base and itself, some on each thread.

    Sweeps are numbered: those of the way there, of the stay, and of the way back. log_base : of the
    partition function of the base, nats.
    """

    def __init__(self, machine, seed, n_chains, n_temperatures, n_threads):
        self._chains = chains_of(machine)
        self.log_base = float(self._chains.log_base(self._chains.everywhere())[0])
        self._key = _keys.key(seed, Purpose.PARTITION)
        self._resampling = _keys.key(seed, Purpose.RESAMPLE)
        self._address = np.array([n_temperatures], np.uint64)
        self._n_chains, self._n, self._n_threads = n_chains, n_temperatures, n_threads
        n_blocks = max(min(n_threads, n_chains // _FEWEST_CHAINS), 1)
        self._limits = [n_chains * block // n_blocks for block in range(n_blocks + 1)]

    def start(self):
        """States of the base, (n_chains, n_visible) uint8."""
        return self._chains.start(Draws(self._key, self._address, self._n_chains))

    def there(self, visible):
        """Move states of the base to the machine, in place; log-weights, (n_chains,)."""
        return self._go(visible, np.linspace(0, 1, self._n + 1), 0)

    def settle(self, visible, log_weights):
        """Resample states by their weights and move them as the machine does, in place."""
        draws = Draws(self._resampling, self._address, self._n_chains)
        chosen = resample_evenly(softmax(log_weights)[None], fine_uniforms(draws))
        visible[...] = visible[chosen]
        self._go(visible, np.ones(_SWEEPS_BETWEEN + 1), self._n)

    def back(self, visible):
        """Move states of the machine to the base, in place; log-weights, (n_chains,)."""
        return self._go(visible, np.linspace(1, 0, self._n + 1), self._n + _SWEEPS_BETWEEN)

    def _go(self, visible, betas, first_sweep):
        log_weights = np.empty(self._n_chains)

        def run(block):
            place = slice(*self._limits[block : block + 2])
            draws = Draws(self._key, self._address, place.stop - place.start, place.start)
            part = visible[place]
            log_weights[place] = self._chains.anneal(part, draws, betas, first_sweep)

        run_blocks(run, len(self._limits) - 1, self._n_threads)
        return log_weights
