"""The partition function of a Boltzmann machine: exactly, or by annealing there and back."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

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
_NOISE, _TRIFLE = 2, 0.1  # standard errors, and nats, that both ways may be apart
FEWEST_GIVEN = 20  # chains, by which a way back can be judged
_SWEEPS_BETWEEN = 100  # of chains, before they go back
_FEWEST_CHAINS = 32  # of a thread: tables are made for all chains of a call together


@dataclass(frozen=True)
class Partition:
    """Log Z in nats, and how well it is known.

    value : of log Z, what annealing towards the machine says, which is too low on average;
    variance : of it, by the delta method and by what both ways are apart; effective_sample_size :
    of the chains, infinite where exact; lower, upper : the lower and the higher of the value and of
    what annealing back says, which is too high on average if its chains start in samples of the
    machine; method : ``"exact"`` or ``"annealed"``; n_temperatures : of the way, 0 where exact;
    reliable : whether both ways agree, see `partition_of`; pareto_k : the shape of the tail of the
    weights, NaN where there is none; back : what annealing back says; is_witnessed : whether it
    began in chains that were given, which know nothing of the way there; excess : what of the
    variance is not of the delta method.
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
    back: float = np.nan
    is_witnessed: bool = False
    excess: float = 0.0

    @classmethod
    def exactly(cls, value):
        """A value without an error."""
        return cls(value, 0.0, np.inf, value, value, "exact", 0, True, back=value)

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
        return -(self.variance - self.excess) / 2

    @property
    def gap(self):
        """Nats that both ways are apart."""
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
    on their number is doubled until the value is reliable, both ways agree within 0.2 nats and
    chains are worth 20, or there are 32,000. Neither threads nor blocks change a bit.

    chains : (n, n_visible), states near the machine's distribution from which chains go back, such
    as those of learning, after 100 sweeps. They are witnesses: where annealing finds less than
    there is, its own ends find no more, and both directions agree on what is wrong. None, or less
    than 20: such ends all the same, resampled by their weights.

    A value is reliable where chains are worth ten or more, and both ways are at most half a nat
    apart, and not farther than 0.1 nats or twice the standard error of their difference. Where the
    square of what they are apart is more than the variances that they state by the delta method,
    these are too small, and the rest is added to that of the value: chains that miss a mode agree
    on their weights.
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
        agrees = found.gap <= _AGREE and found.effective_sample_size >= _WORTH
        if (agrees and found.reliable) or n >= MOST_TEMPERATURES:
            return found
        n = min(2 * n, MOST_TEMPERATURES)


def _annealed(machine, seed, n_chains, n_temperatures, n_threads, chains):
    """The `Partition` by chains that go there and back."""
    walk = _Walk(machine, seed, n_chains, n_temperatures, n_threads)
    visible = walk.start()
    there = walk.there(visible)
    is_witnessed = chains is not None and len(chains) >= FEWEST_GIVEN
    if is_witnessed:
        visible = spread(chains, n_chains)
    else:
        walk.resample(visible, there)
    walk.settle(visible)
    found, returned = (_log_mean(weights) for weights in (there, walk.back(visible)))
    value = walk.log_base + float(found.per_sample[0])
    back = walk.log_base - float(returned.per_sample[0])
    worth, own = float(found.effective_sample_size[0]), float(found.variance[0])
    apart, noise = abs(back - value), own + float(returned.variance[0])
    excess = max(apart**2 - noise, 0.0)
    agree = apart <= min(max(_TRIFLE, _NOISE * np.sqrt(noise)), RELIABLE_GAP)
    return Partition(
        value, own + excess, worth, min(value, back), max(value, back), "annealed", n_temperatures,
        bool(agree and worth >= RELIABLE_WORTH), float(tail_shapes(there[None])[0]), back,
        is_witnessed, excess,
    )  # fmt: skip


def _log_mean(log_weights):
    """The `Estimate` of the logarithm of the mean of weights."""
    return estimate_from_weights(log_weights[None], len(log_weights), np.zeros(1))


def spread(chains, n_most):
    """A copy of chains, or of so many of them at equal distances."""
    places = np.arange(len(chains))
    if len(chains) > n_most:
        places = places[np.arange(n_most) * len(chains) // n_most]
    return np.ascontiguousarray(chains[places])


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

    def start(self):
        """States of the base, (n_chains, n_visible) uint8."""
        return self._chains.start(Draws(self._key, self._address, self._n_chains))

    def there(self, visible):
        """Move states of the base to the machine, in place; log-weights, (n_chains,)."""
        return self._go(visible, np.linspace(0, 1, self._n + 1), 0)

    def resample(self, visible, log_weights):
        """Choose states by their weights, in place."""
        draws = Draws(self._resampling, self._address, self._n_chains)
        chosen = resample_evenly(softmax(log_weights)[None], fine_uniforms(draws))
        visible[...] = visible[chosen]

    def settle(self, visible):
        """Move states as the machine does, in place."""
        self._go(visible, np.ones(_SWEEPS_BETWEEN + 1), self._n)

    def back(self, visible):
        """Move states of the machine to the base, in place; log-weights, (n,)."""
        return self._go(visible, np.linspace(1, 0, self._n + 1), self._n + _SWEEPS_BETWEEN)

    def _go(self, visible, betas, first_sweep):
        n_chains = len(visible)
        n_blocks = max(min(self._n_threads, n_chains // _FEWEST_CHAINS), 1)
        limits = [n_chains * block // n_blocks for block in range(n_blocks + 1)]
        log_weights = np.empty(n_chains)

        def run(block):
            place = slice(*limits[block : block + 2])
            draws = Draws(self._key, self._address, place.stop - place.start, place.start)
            log_weights[place] = self._chains.anneal(visible[place], draws, betas, first_sweep)

        run_blocks(run, n_blocks, self._n_threads)
        return log_weights
