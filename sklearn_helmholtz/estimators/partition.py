"""The partition function of a fitted model, as users see it."""

from dataclasses import replace

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .results import Result

_BEGINNINGS = {True: "training", False: "annealing"}  # of chains that go back
_WHOSE = {True: "chains of training", False: "ends of its own chains"}


def partition_result(found, volume=0.0):
    """The `Result` that users get of a `Partition`; volume : nats that other units add to it."""
    return Result(
        value=found.value + volume, standard_error=found.standard_error,
        effective_sample_size=found.effective_sample_size, lower=found.lower + volume,
        upper=found.upper + volume, method=found.method,
        n_temperatures=found.n_temperatures or None, reliable=found.reliable,
        reversed_from=None if found.is_exact else _BEGINNINGS[found.is_witnessed],
    )  # fmt: skip


def ways_told(found):
    """Sentence on what annealing in both directions says of log Z; found : a `Partition`."""
    return (
        f" Annealing puts log Z at {found.value:.2f}, and its reverse, from the "
        f"{_WHOSE[found.is_witnessed]}, at {found.back:.2f}."
    )


def coldest(carried):
    """Hidden states of the chains that taught, (n_chains, n_hidden) uint8, or None.

    carried : `CarriedOver`, or None; of tempered chains those of the machine itself.
    """
    hidden = None if carried is None else carried.hidden
    return hidden if hidden is None or hidden.ndim == 2 else np.ascontiguousarray(hidden[:, -1])


class PartitionMixin:
    """Tells log Z of ``self._model``; n_annealing_chains and n_temperatures are parameters."""

    @property
    def log_partition_(self):
        """Log Z, and how well it is known; made when it is first asked for, and kept.

        Of a deep belief net it is that of its two topmost layers; of Gaussian features it is an
        integral, in the units of the data. A
        :class:`~sklearn.utils.Bunch` with the fields, in nats,

        value : float
            log Z: the sum over all states of both sides (of a deep machine the even and the odd
            layers), of which that with fewer units, or the hidden one of Gaussian features, is
            enumerated where it has at most 20; otherwise estimated by ``n_annealing_chains``
            chains, a lower bound in expectation.
        standard_error : float
            By the delta method, and by what both directions are apart beyond that; 0 where exact.
            All rows share this error.
        effective_sample_size : float
            Of the chains; infinite where exact.
        lower, upper : float
            The lower and the higher of the value and of what annealing back says, an upper bound in
            expectation if its chains begin in samples of the model.
        method : {"exact", "annealed"}
            Whether states were enumerated or chains annealed.
        n_temperatures : int or None
            Steps of the chains, None where exact.
        reliable : bool
            Whether both directions agree, and the chains are worth 10 or more: they may be at most
            0.5 nats apart, and not farther than 0.1 nats or twice the error of their difference.
        reversed_from : {"training", "annealing"} or None
            Where chains that go back begin, on which the judgement rests: in those that training
            left (``h_samples_``), which find what annealing misses; or, where there are none
            (``from_parameters``, contrastive divergence, less than 20 chains), in the ends of those
            that came, which cannot. None where exact.
        """
        check_is_fitted(self)
        found = self._model.partition(self.n_annealing_chains, self.n_temperatures, self._n_threads)
        return partition_result(found, self._partition_volume)

    @property
    def _partition_volume(self):
        """Nats that the user's units of measurement add to log Z."""
        return float(self._model.encoding.scaling.log_volume())

    def _train(self, *given, **more):
        outcome = super()._train(*given, **more)
        self._recall_chains()
        return outcome

    def _recall_chains(self):
        """Let the model know the chains that taught it, which bear witness to log Z."""
        chains = coldest(self._history.past.carry_over)
        self._model = replace(self._model, chains=chains)
