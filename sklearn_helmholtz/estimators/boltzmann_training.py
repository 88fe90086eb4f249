"""Training of Boltzmann machines, in scikit-learn's words for its own."""

from ..learning import Adaptive, Constant, Cosine
from ..machines import (
    initialise_boltzmann,
    initialise_gaussian_boltzmann,
    initialise_mixed_boltzmann,
)
from .epochs import epochs_for

# Of the learning rate, for Gaussian features: given hidden units, the mean of a binary one moves by
# at most a quarter of what its input does, and that of a real one by all of it.
SHARE_OF_REALS = 1 / 4
SCHEDULES = {"constant": Constant, "cosine": Cosine, "adaptive": Adaptive}


STEPS_TO_MAKE, EPOCH_LIMITS = 10_000, (20, 1000)


def new_boltzmann(n_visible, n_hidden, units, intercept, rng):
    """A machine of features that are not hidden units, with small random weights."""
    if units.order is not None:
        return initialise_mixed_boltzmann(n_hidden, units, intercept, rng)
    if units.standardises:
        return initialise_gaussian_boltzmann(n_visible, n_hidden, units, intercept, rng)
    return initialise_boltzmann(n_visible, n_hidden, intercept, rng)


class BoltzmannTrainingMixin:
    """Epochs and rates by the parameters ``n_iter``, ``learning_rate`` and ``schedule``.

    Subclasses have ``_rate``, and say what ``n_iter="auto"`` means: ``_steps_to_make``, and the
    fewest and the most epochs in which they are made, ``_epoch_limits``.
    """

    _steps_to_make = STEPS_TO_MAKE
    _epoch_limits = EPOCH_LIMITS

    def _n_epochs(self, n_rows, stops=False, encoding=None):
        if self.n_iter != "auto":
            return int(self.n_iter)
        size, limits = int(self.batch_size), self._epoch_limits
        return epochs_for(self._steps_to_make, n_rows, size, limits)

    def _schedule(self, n_together):
        return SCHEDULES[self.schedule](self._rate(n_together))

    def _check_partial_fit(self):
        for name, value in (("early_stopping", False), ("schedule", "constant")):
            if getattr(self, name) != value:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} needs epochs over the same rows, which "
                    f"partial_fit does not have. Set {name}={value!r}."
                )

    def _checked_sizes(self, n_features):
        return (int(self.n_components),)
