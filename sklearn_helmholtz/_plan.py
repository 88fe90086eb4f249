"""Plan of a training: how long, in what order, at what rates, and when penalties rise."""

from dataclasses import dataclass, field, replace

import numpy as np

from .rows import ChunkOrder, WholeOrder


@dataclass(frozen=True)
class Plan:
    """Length and order of a training.

    indices : the rows of an epoch; batch_size, max_iter : rows of a step and number of epochs;
    schedule : the learning rate by the share of training done; shuffle : a new order every epoch;
    goes_on : whether the machine has been trained before; warmup : the share of the epochs in which
    penalties that rise do so, 0 for those that are as strong as ever from the start; rule_warmup :
    that in which a rule that begins gently becomes what it is; order : of the rows, see
    `rows.WholeOrder`; second_rise : the epochs in which penalties that rise do so once more after
    training has stalled, 0 for never; eased : the first of these epochs, or None.
    """

    indices: np.ndarray
    batch_size: int
    max_iter: int
    schedule: object
    shuffle: bool = True
    goes_on: bool = False
    warmup: float = 0.0
    rule_warmup: float = 0.0
    order: WholeOrder | ChunkOrder = field(default_factory=WholeOrder)
    second_rise: int = 0
    eased: int | None = None

    @property
    def n_steps(self):
        """Steps of all epochs."""
        return self.max_iter * -(-len(self.indices) // self.batch_size)

    def progress(self, epoch):
        """Progress of penalties that rise, in an epoch, from 0 to 1."""
        if self.eased is not None:
            return min((epoch + 1 - self.eased) / self.second_rise, 1.0)
        return self._progress(epoch, self.warmup)

    def rule_progress(self, epoch):
        """The same of a rule that begins gently."""
        return self._progress(epoch, self.rule_warmup)

    def after_stalling(self, epoch, penalties_rise):
        """The plan to go on with after an epoch in which training has stalled; None to stop.

        What a penalty has kept at zero that was strong from the first step on may be worth much,
        as relations of rare columns that hardly ever fail are. So before the end it is let go once,
        and rises again; what is learnt then counts if held-out rows say so.
        """
        schedule = self.schedule.after_stalling()
        if schedule is not None:
            return replace(self, schedule=schedule)
        if penalties_rise and self.second_rise and self.eased is None:
            return replace(self, eased=epoch + 1)
        return None

    def _progress(self, epoch, share):
        n_epochs = share * self.max_iter
        return min((epoch + 1) / n_epochs, 1.0) if n_epochs else 1.0
