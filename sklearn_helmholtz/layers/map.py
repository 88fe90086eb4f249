"""The contract of maps: what turns the states of parents into the inputs of units."""

import abc

import numpy as np


class Map(abc.ABC):
    """A map from parents (n_rows, n_inputs) to inputs eta of units (n_rows, n_outputs).

    A frozen dataclass of the arrays that learn, of which nobody else needs to know what they mean.
    Parents are an array, uint8 where all are 0 or 1, otherwise float32, or `Lists`; a map without
    inputs takes None and makes one row.
    """

    @property
    @abc.abstractmethod
    def n_inputs(self):
        """Number of parents; 0 for a map without."""

    @property
    @abc.abstractmethod
    def n_outputs(self):
        """Number of inputs that it makes."""

    @abc.abstractmethod
    def forward(self, parents, work=np, out=None):
        """Inputs of the units, (n_rows, n_outputs) float32: a new array, or ``out``."""

    @abc.abstractmethod
    def gradient(self, parents, error, out, add=False):
        """Write, or add, derivatives by the map's parameters to ``out``, a map of the same shape.

        error : (n_rows, n_outputs), the derivatives by what `forward` makes.
        """

    @abc.abstractmethod
    def pullback(self, error, work=np, out=None):
        """Derivatives by the parents, (n_rows, n_inputs) float32, from those by the outputs."""

    @abc.abstractmethod
    def doubles(self, parents):
        """Inputs of the units in float64, for enumeration."""

    @abc.abstractmethod
    def slopes(self, parents, error):
        """Derivatives as of `gradient` in float64: an array whose last axis is the outputs'."""

    @abc.abstractmethod
    def write_slopes(self, slopes):
        """Take a sum of derivatives as of `slopes`, in place."""

    @abc.abstractmethod
    def extremes(self):
        """The lowest and the highest inputs over all states in {0, 1}, (n_outputs,) float64."""
