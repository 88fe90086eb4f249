"""The contract of columns: what one column of a mixed table is to units, and units to it."""

import abc
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .draws import weighted_medians


@dataclass(frozen=True, eq=False)
class Column(abc.ABC):
    """One column of a mixed table: its values, the inputs of its units, and its code.

    A *code* is what recognition and later columns see of a value: some bits and some real numbers.
    Values are numbers, levels counted from 0; NaN is missing. All of this is float64; the kernels
    of `units.Mixed` do the same in float32, by the arrays of `Layout`.

    Attributes
    ----------
    family : int
        By which kernels know what units it has (`_kernels.mixed`).
    n_inputs, n_bits, n_reals : int
        Numbers of inputs of its units, and of the bits and real numbers of its code.
    n_levels : int
        Number of levels, of which there is a most probable one, and no mean; 0 of numbers.
    """

    family: ClassVar[int]
    n_levels: ClassVar[int] = 0
    n_inputs: ClassVar[int] = 1
    n_reals: ClassVar[int] = 0

    @property
    def is_discrete(self):
        """Whether values are levels."""
        return self.n_levels > 0

    @property
    @abc.abstractmethod
    def n_bits(self):
        """Number of bits of its code."""

    @property
    def n_free_codes(self):
        """Numbers of the code that tell something which the others, and a constant, do not."""
        n_codes = self.n_bits + self.n_reals
        return min(n_codes, self.n_levels - 1) if self.is_discrete else n_codes

    @property
    @abc.abstractmethod
    def intercept(self):
        """Inputs without any parents: those of the column on its own, (n_inputs,)."""

    @property
    @abc.abstractmethod
    def code_means(self):
        """Means of the bits and of the real numbers of the code over the training rows."""

    @abc.abstractmethod
    def code(self, values):
        """Bits (n, n_bits) uint8 and real numbers (n, n_reals) of values, none missing."""

    @abc.abstractmethod
    def log_prob(self, values, eta):
        """Log-probability, nats, of values (...,) under inputs (..., n_inputs); none missing."""

    def input_names(self, name, levels):
        """Names of the inputs of a column of some name; levels : as text, None of numbers."""
        return [name]

    def code_names(self, name, levels):
        """Names of the bits and of the real numbers of the code, likewise."""
        return [name]

    @property
    def log_volume(self):
        """Nats that turn a log-probability into a log-density in the user's units."""
        return 0.0

    @property
    def resolution(self):
        """Width of the cells that values are known by; 0.0 where values are points."""
        return 0.0

    @property
    def numbers(self):
        """Numbers that kernels have to know, by name: see `Layout`."""
        return {}

    # Answers from masses, which are linear in the distribution: those of a mixture are mixed.

    @abc.abstractmethod
    def masses(self, eta):
        """Masses (..., n_masses) under inputs (..., n_inputs): probabilities of levels or bins."""

    def mean(self, masses):
        """Expected values, (n_rows,), from masses; of levels the most probable one."""
        return self.mode(masses)

    def median(self, masses):
        """Medians, (n_rows,), from masses; of levels the most probable one."""
        return self.mode(masses)

    def mode(self, masses):
        """Most probable values, (n_rows,), from masses."""
        return masses.argmax(axis=1).astype(np.float64)

    # Answers from weighted draws (n_rows, n_draws) of the values themselves.

    def mean_of_draws(self, weights, draws):
        """Expected values, (n_rows,); of discrete columns the most probable ones."""
        if self.is_discrete:
            return self.mode_of_draws(weights, draws)
        return (weights * draws).sum(axis=1)

    def median_of_draws(self, weights, draws):
        """Medians, (n_rows,); of discrete columns the most probable values."""
        if self.is_discrete:
            return self.mode_of_draws(weights, draws)
        return weighted_medians(weights, draws[..., None])[:, 0]

    def mode_of_draws(self, weights, draws):
        """Most probable values, (n_rows,)."""
        modes = np.empty(len(draws))
        for row, (own, values) in enumerate(zip(weights, draws, strict=True)):
            distinct, numbers = np.unique(values, return_inverse=True)
            modes[row] = distinct[np.argmax(np.bincount(numbers.ravel(), own))]
        return modes
