"""Units of measurement: the user's, and those in which a machine sees the data."""

from dataclasses import dataclass

import numpy as np

from .dense import dense_doubles

_FARTHEST = 1e15  # standard deviations: the square is still a float32


@dataclass(frozen=True)
class Scaling:
    """Affine map between the user's units and standardised ones, ``z = (x - centre) / scale``.

    centre, scale : (n_features,) float64; remainder : what rounding left of the centre, which
    counts where values vary by little more than rounding.
    """

    centre: np.ndarray
    scale: np.ndarray
    remainder: np.ndarray | float = 0.0

    def keeps(self, data):
        """Whether rows in standardised units are to be kept: making them anew costs little."""
        return False

    def standardise(self, values):
        """Values in standardised units, float32; beyond +-1e15 they count as that far."""
        values = dense_doubles(values)
        z = (values - self.centre - self.remainder) / self.scale
        return np.ascontiguousarray(np.clip(z, -_FARTHEST, _FARTHEST).astype(np.float32))

    def restore(self, values):
        """Standardised values in the user's units, float64."""
        return self.centre + (self.remainder + self.scale * values)

    def log_volumes(self, values):
        """Nats that the log-density of each row loses on the way to the user's units, (n_rows,).

        A missing value loses nothing.
        """
        return np.where(np.isnan(values), 0.0, np.log(self.scale)).sum(axis=1)

    def log_volume(self):
        """The same of a row without missing values."""
        return np.log(self.scale).sum()

    def mean_log_volume(self, shares):
        """Mean of the same over rows; shares : of each column's values that are not missing."""
        return float((np.log(self.scale) * shares).sum())


@dataclass(frozen=True)
class Unscaled:
    """The user's units are those of the machine."""

    def log_volumes(self, values):
        """Zeros, as nothing is lost, (n_rows,) nats."""
        return np.zeros(len(values))

    def restore(self, values):
        """Values as they are."""
        return values

    def log_volume(self):
        """Zero, as nothing is lost, nats."""
        return 0.0

    def mean_log_volume(self, shares):
        """Zero, as nothing is lost, nats."""
        return 0.0


UNSCALED = Unscaled()
