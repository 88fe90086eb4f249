"""The contract of maps: what turns the states of parents into the inputs of units."""

import abc
from typing import ClassVar

import numpy as np

from ..units import Ability


class Map(abc.ABC):
    """A map from parents (n_rows, n_inputs) to inputs eta of units (n_rows, n_outputs).

    A frozen dataclass of the arrays that learn, of which nobody else needs to know what they mean.
    Parents are an array, uint8 where all are 0 or 1, otherwise float32, or `Lists`; a map without
    inputs takes None and makes one row.

    Attributes
    ----------
    abilities : frozenset of Ability
        What algorithms can do with it: most know one kind of map only.
    kind : str
        What it is, as errors name it.
    is_affine : bool
        Whether ``coefficients`` are all there is: weights and intercept.
    published : tuple of ndarray
        Weights and intercept, or what takes their place, as users see them.
    """

    abilities: ClassVar[frozenset] = frozenset({Ability.ENUMERATE})
    kind: ClassVar[str]
    is_affine: ClassVar[bool] = False

    @property
    @abc.abstractmethod
    def n_inputs(self):
        """Number of parents; 0 for a map without."""

    @property
    @abc.abstractmethod
    def n_outputs(self):
        """Number of inputs that it makes."""

    @property
    @abc.abstractmethod
    def n_products(self):
        """Number of multiplications for each row."""

    @property
    @abc.abstractmethod
    def n_terms(self):
        """Number of parameters that only one output depends on, of each output."""

    @abc.abstractmethod
    def forward(self, parents, work=np, out=None):
        """Inputs of the units, (n_rows, n_outputs) float32: a new array, or ``out``."""

    @abc.abstractmethod
    def gradient(self, parents, error, out, add=False):
        """Write, or add, derivatives by the map's parameters to ``out``, a map of the same shape.

        error : (n_rows, n_outputs), the derivatives by what `forward` makes.
        """

    @abc.abstractmethod
    def pullback(self, parents, error, work=np, out=None):
        """Derivatives by the parents, (n_rows, n_inputs) float32, from those by the outputs."""

    def trace(self, parents, work=np):
        """All that a forward pass makes and its derivatives need: the outputs come last."""
        return parents, self.forward(parents, work)

    def learn(self, trace, error, out, add=False, work=np):
        """Write, or add, derivatives as `gradient` does, of a `trace`."""
        self.gradient(trace[0], error, out, add)

    def learn_and_pull(self, trace, error, out, add=False, work=np):
        """Do as `learn`, and return the derivatives by the parents as `pullback` does."""
        self.gradient(trace[0], error, out, add)
        return self.pullback(trace[0], error, work)

    @abc.abstractmethod
    def doubles(self, parents):
        """Inputs of the units in float64, for enumeration."""

    @abc.abstractmethod
    def extremes(self, lowest=0.0, highest=1.0):
        """Bounds of the inputs over all parents between two limits, (n_outputs,) float64 each."""
