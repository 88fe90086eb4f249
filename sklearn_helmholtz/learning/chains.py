"""Memory of what teaches a Boltzmann machine: chains, the gaps of rows, and log Z."""

import copy
import threading
from dataclasses import dataclass

import numpy as np

from .. import _tree
from ..machines import MixedBoltzmann
from ..rows import means
from .averages import Average
from .gaussian_tracking import follower_of
from .memory import Memory, RowMemory, RowState

_EVERY = 16  # steps from one look at log Z to the next; fewer at first, where all is new
_FIRST_LOOK = 10  # steps until log Z is found anew; then twice as many, and so on
_KEPT = 0.99  # of the running mean of hidden units, from step to step


@dataclass(frozen=True)
class Centre:
    """Origin from which the two sides of a machine are measured.

    visible : (n_visible,), means of the data; hidden : (n_hidden,), running means of p(h | v).
    """

    visible: np.ndarray
    hidden: np.ndarray


@dataclass
class Share:
    """Share that a block of rows has of a `ChainMemory`, and what it leaves there.

    hidden : (n_chains, n_hidden) uint8, the states of its chains, which the rule moves in place, or
    None; first : the number of the first of them; gaps : `RowState` of the rows, or None where
    nothing is missing; log_partition : nats; centre : a `Centre`, or None; hidden_sum : (n_hidden,)
    the sum of p(h | v) over the rows, and their number, left by the rule where there is a centre;
    moved : (n_chains, n_visible) data of the chains as they teach, left by contrastive divergence.
    """

    hidden: np.ndarray | None = None
    first: int = 0
    gaps: RowState | None = None
    log_partition: float = 0.0
    centre: Centre | None = None
    hidden_sum: tuple | None = None
    moved: np.ndarray | None = None


@dataclass(frozen=True)
class CarriedOver:
    """Rest that a `ChainMemory` leaves to the next training.

    hidden : states of the chains, or None; partition : what follows log Z; hidden_mean : means of
    all hidden units, or None; n_steps : how many there were; followed : the packed parameters that
    it follows, and the counts of an average of its own, if it makes one, or None.
    """

    hidden: np.ndarray | None = None
    partition: object = None
    hidden_mean: np.ndarray | None = None
    n_steps: int = 0
    followed: tuple | None = None


class Followed:
    """Parameters that what follows log Z has reached, and those that it is to reach next.

    The latter are what comes of training, or where that makes no average an average of its own:
    errors of log Z add up along the way of parameters that wander, see `PartitionChains`.

    machine, result : those of the training, the same value where there is no average; state : of
    an earlier one, or None.
    """

    def __init__(self, machine, result, state=None):
        self._reached, self._average = _tree.pack(result), None
        counts = ()
        if state is not None:
            self._reached.vector[:], *counts = state
        if result is machine:
            self._mean = _tree.pack(self._reached.tree)
            self._average = Average(self._mean.vector)
            if counts:
                self._average.resume(*counts)

    @property
    def machine(self):
        """The machine that was reached."""
        return self._reached.tree

    @property
    def has_average(self):
        """Whether there is an average of its own."""
        return self._average is not None

    @property
    def state(self):
        """A copy of the parameters reached, and counts of the average."""
        counts = (self._average.n_moves, self._average.n_terms) if self.has_average else ()
        return self._reached.vector.copy(), *counts

    def next(self, machine, result):
        """The machine to reach next."""
        if not self.has_average:
            return result
        self._average.add(_tree.pack(machine).vector)
        return self._mean.tree

    def reach(self, machine):
        """Take note of what was reached."""
        self._reached = _tree.pack(machine)


class ChainMemory(Memory):
    """Chains that are no row's, chains of the gaps of rows, and log Z of what is learnt.

    The chains stand at places 0 to n_chains - 1. A block of the minibatch moves the share of them
    that it has of the rows, so that all move at each step, however short the minibatch is.

    chains_of : a function of (machine, batch_size, draws) that makes the first states of the
    chains, (n_chains, ...) uint8, or None for no chains; centred : whether states are measured from
    their centre; rows : None for states that layers below infer, of which nothing is missing and
    whose ``means``, (n_visible,), are given.

    Attributes
    ----------
    hidden : (n_chains, ..., n_hidden) uint8, states of the chains; None where there are none.
    log_partition : float, log Z as it was estimated last, nats.
    """

    def __init__(self, machine, rows, chains_of=None, centred=False, means=None):
        self._chains_of, self._centre, self._visible_means = chains_of, None, None
        if centred:
            self._visible_means = visible_centre(machine, rows) if means is None else means
        self._gaps = None
        if rows is not None and rows.fill_values is not None:
            n_hidden = machine.n_units[1]
            self._gaps = RowMemory(rows.data.shape[0], [(n_hidden,)], [np.uint8])
        self.hidden, self.log_partition, self._partition, self._followed = None, 0.0, None, None
        self._carried = CarriedOver()
        self._n_steps, self._due, self._next_look = 0, 0, _FIRST_LOOK
        self._sums, self._lock = {}, threading.Lock()

    @property
    def carry_over(self):
        """The chains, wherever rows come from: a `CarriedOver`."""
        mean = None if self._centre is None else self._centre.hidden
        followed = None if self._followed is None else self._followed.state
        return CarriedOver(self.hidden, self._partition, mean, self._n_steps, followed)

    def resume(self, carry_over):
        """Go on with the chains of an earlier training, as many of them as there are to be."""
        self._carried, self._n_steps = carry_over, carry_over.n_steps
        while self._next_look <= self._n_steps:
            self._next_look *= 2

    def begin(self, machine, result, seed, batch_size):
        """Chains at the base rates and log Z of the machine, or what was carried over."""
        carried = self._carried
        state, averages = carried.followed, result is machine
        goes_on = state is not None and (len(state) > 1) == averages
        self._followed = Followed(machine, result, state if goes_on else None)
        self._partition = copy.copy(carried.partition) if goes_on else follower_of(result, seed)
        self.log_partition = self._partition.log_partition(machine)
        if self._visible_means is not None:
            mean = carried.hidden_mean
            if mean is None:
                mean = self._first_means(machine)
            self._centre = Centre(self._visible_means, mean)
        if self._chains_of is not None:
            self.hidden = self._chains_of(machine, batch_size, seed)
            same = carried.hidden is not None and carried.hidden.shape[1:] == self.hidden.shape[1:]
            if same:
                places = np.arange(len(self.hidden)) % len(carried.hidden)
                self.hidden = carried.hidden[places]

    def _first_means(self, machine):
        """Means of the hidden units that an average row makes, (n_hidden,) float64."""
        eta = machine.hidden_eta(self._visible_means[None].astype(np.float32))
        return machine.hidden_units.mean(eta)[0].astype(np.float64)

    def take(self, place):
        """A `Share` for a block."""
        share = Share(log_partition=self.log_partition, centre=self._centre)
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
        if part.hidden_sum is not None:
            with self._lock:
                self._sums[place.start] = part.hidden_sum

    def end_step(self, machine, result):
        """Follow log Z, and let hidden units enter their running means: blocks in their order."""
        if self._centre is not None:
            parts = [self._sums[start] for start in sorted(self._sums)]
            total, weight = (sum(part[i] for part in parts) for i in (0, 1))
            self._sums = {}
            moved = _KEPT * self._centre.hidden + (1 - _KEPT) * (total / weight)
            self._centre = Centre(self._centre.visible, moved)
        self._n_steps += 1
        if self._n_steps >= self._due:
            self._due = self._n_steps + min(1 + self._n_steps // _EVERY, _EVERY)
            self._look(self._followed.next(machine, result))
            self.log_partition = self._partition.log_partition(machine)

    def _look(self, machine):
        """Follow log Z to a machine."""
        self._partition.follow(self._followed.machine, machine)
        self._followed.reach(machine)
        if self._n_steps >= self._next_look:
            self._partition.look_again(machine)
            self._next_look *= 2

    def log_partition_of(self, machine):
        """Log Z of a machine near the one that learns, nats."""
        if self._followed.has_average:
            return self._partition.bridge(self._followed.machine, machine)
        return self._partition.log_partition(machine)


def visible_centre(machine, rows):
    """Means of the columns of a `Table` in the machine's units, (n_features,) float64.

    Those of standardised data are zero; those of mixed columns are of the data that the layout was
    made for.
    """
    if isinstance(machine, MixedBoltzmann):
        return machine.layout.code_means.astype(np.float64)
    return np.zeros(machine.n_units[0]) if machine.units.standardises else data_means(rows)


def data_means(rows):
    """Means of the columns of a `Table`, those that are missing left out, (n_features,) float64."""
    numbers = np.arange(rows.data.shape[0]) if rows.chosen is None else rows.chosen
    return np.nan_to_num(means(rows.data, numbers, rows.weights)[0])
