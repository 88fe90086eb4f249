"""Keys and counters: addresses that keep the random numbers of all purposes apart.

Every stream is named by a key of two words, made from the estimator's seed and a purpose, and a
counter of four words:

=========  =============================================  ==========================
word       training (wake, dream)                         scoring, sampling
=========  =============================================  ==========================
counter 0  layer in the high 8 bits, units in the low 24  the same
counter 1  particle                                       particle
counter 2  row of the minibatch                           low half of the row's key
counter 3  step                                           high half of the row's key
=========  =============================================  ==========================

When scoring, the key of a row is a hash of its content; when sampling, it is the sample's number.
Particles from the prior are numbered from 2^31. What is missing of the data, and a parent of other
units, is drawn as layer 0, which recognition does not use. The sweeps of Gibbs sampling use layer 0
and number all sweeps of all chains of a row, one chain after the other, in word 1. Its units are
all hidden ones, and after them those of the data, if what is missing of them is drawn as well. What
chains hold there to begin with is drawn as layer 1 of a particle numbered from 2^31. The
moves of elliptical slice sampling use layer 0 and are numbered like these sweeps. Their units are
two for each latent, in two groups of a multiple of 64, and then 64 for a threshold and the angles.
Sweeps of Laplace factors are numbered like those of Gibbs sampling, with two units of layer 0 for
each factor, high and low bits in two groups of a multiple of 64; what their chains begin with is
layer 1. Those of learning have a key of their own, and number the visits of a row in word 1.
Chains of a Boltzmann machine that are no row's are numbered in word 2 in place of rows, under the
key of dreams, and their sweeps in word 1; layer 0 are the data, layer 1 hidden units, layer 2 the
label where rows have one. What is missing of rows with labels is drawn by their wake numbers, as
particle 0 given the label, and as particle 1 without. Dreams that come down from chains are
particle 2^30 of a row, and the states where they begin are drawn as layer 0 of the next one. Chains
that follow log Z have a key of their own, and number their sweeps in word 3.
Which particles of a row learning keeps is decided by wake numbers of its particle 2^31, as layer 0,
with a unit for each of them.
Mean field starts from numbers of a purpose of its own, with the number of the start in word 1 and
the units of all layers as layer 0: in training and as a proposal under the key of the row, in
inference under key 0, whatever the row, so that nearly equal rows end alike. Chains whose means
propose particles have a purpose of their own as well, under the key of the row.
Chains of both sides of a Boltzmann machine have in word 1 the number of the chain in the high 14
bits and that of the sweep in the low 18. Visible units are layer 0, hidden ones layer 1, and what
chains begin with is layer 2, with the number of the chain alone in word 1; a side that is drawn
given an enumerated one is layer 3, or 4 if it is the visible one, numbered likewise. Real columns
beside bits and levels are drawn 16 layers above these. In the place of the key of a row stands the
number of temperatures where the partition function is estimated. Where chains of learning go on
from their hidden states, their data are drawn by the key of starts, with the number of the chain in
the place of that of a row. Samples of the odd side of a deep machine, by
which its rows are weighed, are layer 1.
Initial weights, shuffles and splits come from NumPy generators, one for each purpose.
"""

import enum
from dataclasses import dataclass

import numpy as np

MAX_LAYERS = 255
_LAYER_SHIFT = 24
_STEP_SHIFT = np.uint64(32)
_SCORING_SEED = (0x48656C6D, 0x686F6C74)


class Purpose(enum.IntEnum):
    """Purposes of random numbers, each of which has streams of its own."""

    INITIALISE = 0
    SHUFFLE = 1
    SPLIT = 2
    WAKE = 3
    DREAM = 4
    VALIDATE = 5
    SCORE = 6
    SAMPLE = 7
    ANNEAL = 8
    RESAMPLE = 9
    SWEEP = 10
    COMPLETE = 11
    BOUND = 12
    START = 13
    PROBE = 14
    PROPOSE = 15
    CHAINS = 16
    PARTITION = 17
    TRACK = 18


@dataclass(frozen=True)
class Draws:
    """Random numbers for the particles of a block of rows.

    key : (2,) uint32; addresses : (n_rows,) uint64, one for each row; n_particles : particles of a
    row that sit next to each other; first : the number of the first of them.
    """

    key: np.ndarray
    addresses: np.ndarray
    n_particles: int = 1
    first: int = 0

    @property
    def n_rows(self):
        """Rows times particles."""
        return len(self.addresses) * self.n_particles


def draw_seed(random_state):
    """Four words of 32 bits drawn from a `numpy.random.RandomState`."""
    return tuple(int(word) for word in random_state.randint(0, 2**32, size=4, dtype=np.uint64))


def scoring_seed(random_state=None):
    """The fixed seed of scoring, or one drawn from a `numpy.random.RandomState`."""
    return _SCORING_SEED if random_state is None else draw_seed(random_state)


def key(seed, purpose):
    """The key, (2,) uint32, of the streams for a purpose."""
    return _sequence(seed, purpose).generate_state(2, np.uint32)


def generator(seed, purpose, *counters):
    """A NumPy generator for a purpose, and for counters such as an epoch."""
    return np.random.default_rng(_sequence(seed, purpose, *counters))


def training_addresses(step, start, stop):
    """Addresses of rows ``start`` to ``stop - 1`` of the minibatch of a step."""
    return (np.uint64(step) << _STEP_SHIFT) | np.arange(start, stop, dtype=np.uint64)


def at_same_step(addresses, start, stop):
    """The addresses of rows or chains ``start`` to ``stop - 1`` at the step of some others."""
    step = addresses[0] >> _STEP_SHIFT
    return (step << _STEP_SHIFT) | np.arange(start, stop, dtype=np.uint64)


def layer_word(layer):
    """The part of counter word 0 that tells layers apart."""
    return np.uint32(layer << _LAYER_SHIFT)


def _sequence(seed, purpose, *counters):
    return np.random.SeedSequence(seed, spawn_key=(int(purpose), *counters))
