"""Records of a training as it goes: losses, held-out scores, and when to stop."""

import math
from dataclasses import dataclass, field

import numpy as np

VALIDATION_SAMPLES = 50


@dataclass
class Monitor:
    """Records of a training as it goes, and when it should stop.

    validation : rows held out, or None; patience : epochs without an improvement of at least
    ``tol`` nats, of the score or without held-out rows of the loss, after which training has
    stalled, or None; keeps_best : whether to keep the parameters of the best score; report : has
    `begin_epoch`, `end_pass` and `end_epoch`, which tell the user, or None; callbacks : has
    `begin_epoch` and `end_epoch`, which may ask to stop, or None. ``scores`` are mean objectives of
    the held-out rows, ``losses`` mean negative ones of the training rows. Both are in the user's
    units: training rows lose ``log_volume`` nats.
    """

    validation: object = None
    log_volume: float = 0.0
    patience: int | None = None
    tol: float = 0.0
    keeps_best: bool = False
    report: object = None
    callbacks: object = None
    losses: list = field(default_factory=list)
    scores: list = field(default_factory=list)
    best_score: float = -math.inf
    best: np.ndarray | None = None
    _best_loss: float = math.inf
    _waiting: int = 0

    def begin(self, training, goes_on):
        """Score the parameters of a machine that was trained before: they may stay the best."""
        if goes_on and self.validation is not None:
            self._keep(training, self._score(training))

    def begin_epoch(self):
        """Tell the user and the callbacks."""
        if self.report is not None:
            self.report.begin_epoch()
        if self.callbacks is not None:
            self.callbacks.begin_epoch()

    def end_epoch(self, training, loss):
        """Record an epoch; returns whether a callback asks to stop."""
        if self.report is not None:
            self.report.end_pass()
        self.losses.append(loss + self.log_volume)
        if self.validation is not None:
            self._validate(training)
        else:
            self._waiting = 0 if self.losses[-1] < self._best_loss - self.tol else self._waiting + 1
            self._best_loss = min(self._best_loss, self.losses[-1])
        asked = self.callbacks is not None and self.callbacks.end_epoch(training, self)
        if self.report is not None:
            self.report.end_epoch(self)
        return asked

    @property
    def has_stalled(self):
        """Whether nothing has improved for as many epochs as there is patience for."""
        return self.patience is not None and self._waiting >= self.patience

    def wait_anew(self):
        """Count epochs without improvement from zero."""
        self._waiting = 0

    def forget_losses(self):
        """Begin to wait anew: losses so far are of another objective than those that follow."""
        self._waiting, self._best_loss = 0, math.inf

    def _validate(self, training):
        score = self._score(training)
        self.scores.append(score)
        self._waiting = 0 if score > self.best_score + self.tol else self._waiting + 1
        self._keep(training, score)

    def _score(self, training):
        score = training.objective(training.result.tree, self.validation, VALIDATION_SAMPLES)
        return score - self.validation.log_volume

    def _keep(self, training, score):
        """Keep what is best so far."""
        if score > self.best_score:
            self.best_score = score
            if self.keeps_best:
                self.best = training.result.vector.copy()
