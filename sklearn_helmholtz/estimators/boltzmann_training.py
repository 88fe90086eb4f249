"""Training of Boltzmann machines, in scikit-learn's words for its own."""

from sklearn.utils.validation import _num_samples

from ..learning import Adaptive, Constant, Cosine

SCHEDULES = {"constant": Constant, "cosine": Cosine, "adaptive": Adaptive}


class BoltzmannTrainingMixin:
    """Epochs and rates by the parameters ``n_iter``, ``learning_rate`` and ``schedule``.

    Subclasses have ``_rate``, and say what ``n_iter="auto"`` means: ``_steps_to_make``, and the
    fewest and the most epochs in which they are made, ``_epoch_limits``.
    """

    _steps_to_make = 10_000
    _epoch_limits = 20, 1000

    def _most_epochs(self, X):
        try:
            return self._n_epochs(_num_samples(X))
        except TypeError:  # validation says what is wrong
            return self._epoch_limits[1]

    def _n_epochs(self, n_rows):
        if self.n_iter != "auto":
            return int(self.n_iter)
        steps_of_an_epoch = -(-max(n_rows, 1) // int(self.batch_size))
        fewest, most = self._epoch_limits
        return min(max(-(-self._steps_to_make // steps_of_an_epoch), fewest), most)

    def _schedule(self):
        return SCHEDULES[self.schedule](self._rate())

    def _check_partial_fit(self):
        for name, value in (("early_stopping", False), ("schedule", "constant")):
            if getattr(self, name) != value:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} needs epochs over the same rows, which "
                    f"partial_fit does not have. Set {name}={value!r}."
                )

    def _checked_sizes(self, n_features):
        return (int(self.n_components),)
