"""Lateral weights: what earlier units of a layer add to the inputs of later ones."""

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._kernels.lateral import clear_lower
from .._tree import LATERAL
from ..rows import Coded
from ..units import Missing
from .affine import Affine
from .doubles import outer
from .nade import Nade


@dataclass(frozen=True)
class Lateral:
    """``eta_i += sum_{j < i} x_j weights_ji``: the units of a layer are autoregressive.

    weights : (n_units, n_units) float32, strictly upper triangular, or (n_codes, n_inputs) of mixed
    columns; layout : of these, which knows what comes before what, otherwise None; nade : what
    deterministic units in between add besides, if there are any. A layer of such units without
    parents is a fully visible sigmoid belief net (Neal 1992); with parents, a layer of a deep
    autoregressive network (Gregor, Danihelka, Mnih, Blundell & Wierstra 2014).
    """

    weights: np.ndarray
    layout: object = None
    nade: Nade | None = None

    penalty_groups: ClassVar = {"weights": LATERAL}

    @property
    def n_weights(self):
        """Number of weights that are not zero by their place."""
        if self.layout is not None:
            return int(self._is_free.sum())
        n = len(self.weights)
        return n * (n - 1) // 2

    @property
    def n_products(self):
        """Number of all weights, those of deterministic units too."""
        return self.n_weights + (0 if self.nade is None else self.nade.n_products)

    @property
    def n_parameters(self):
        """Number of weights that no other weights or intercepts make up for."""
        if self.layout is not None:
            return self.layout.n_lateral_parameters
        return self.n_weights + (0 if self.nade is None else self.nade.n_parameters)

    @property
    def shifts_whole(self):
        """Whether what a row adds to its own inputs has to be known as a whole: see `Gibbs`."""
        return self.layout is not None or self.nade is not None

    def missing(self, units):
        """Treatment of missing values of units, of which only Bernoulli ones have a `Nade`."""
        return units.missing if self.nade is None else Missing.LISTED

    def add(self, children, eta, work=np):
        """Inputs of the units given all their values, a row for each row of eta or of children.

        children : (n_rows, n_units), shared by neighbouring rows of eta if eta has more; eta : the
        inputs that parents make, one row for all children if they have none. It is overwritten and
        returned where it has a row for each result.
        """
        added = self._map.forward(children, work)
        if self.nade is not None:
            self.nade.add(children, added)
        return self._share(added, eta)

    def add_known(self, children, eta, work=np):
        """As `add`, of lateral weights alone, where zeros stand for what is yet to be drawn."""
        return self._share(self._map.forward(children, work), eta)

    def _share(self, added, eta):
        """Sums of eta and what is added to each of its rows or its neighbouring rows."""
        if len(eta) < len(added):
            added += eta
            return added
        shared = eta.reshape(len(added), -1, added.shape[1])
        shared += added[:, None]
        return eta

    def gradient(self, children, error, out):
        """Write the derivatives by the weights of what has the derivative ``error`` by eta.

        children : as for `add`; error : (n_rows, n_units); out : a `Lateral` of the same shape.
        """
        if len(error) > len(children):
            error = error.reshape(len(children), -1, error.shape[1]).sum(axis=1)
        scratch = Affine(out.weights, np.empty(error.shape[1], np.float32))
        self._map.gradient(children, error, scratch)
        if self.layout is None:
            clear_lower(out.weights)
        else:
            np.multiply(out.weights, self._is_free, out=out.weights)
        if self.nade is not None:
            self.nade.gradient(children, error, out.nade)

    def sample(self, units, eta, draws, layer, work=np, out=None):
        """Draw values of units in order, and their inputs."""
        if self.nade is not None:
            return self.nade.sample(eta, self.weights, draws, layer, work, out)
        return units.sample_autoregressive(eta, self.weights, draws, layer, work, out)

    def complete(self, units, values, eta, draws, layer, work=np):
        """Draw missing values of units in order; eta : as `add_known` makes it."""
        if self.nade is not None:
            return self.nade.complete(values, eta, self.weights, draws, layer, work)
        return units.complete(values, eta, self.weights, draws, layer, work)

    def means(self, units, eta, work=np):
        """Expected values of units that see those of earlier ones; eta is used up."""
        if self.nade is not None:
            return self.nade.means(eta, self.weights, work)
        return units.mean_autoregressive(eta, self.weights, work)

    def shifts(self, children):
        """The sums that children (n_rows, n_units) add to the inputs of later ones, float64."""
        if isinstance(children, Coded):
            children = children.code.astype(np.float64)
        shifts = outer(children, self.doubles)
        return shifts if self.nade is None else shifts + self.nade.shifts(children)

    def write_slopes(self, slopes):
        """Take derivatives by all pairs of units, float64, of which the upper triangle counts."""
        self.weights[...] = np.triu(slopes, 1)

    @property
    def doubles(self):
        """The weights in float64."""
        return self.weights.astype(np.float64)

    @functools.cached_property
    def _map(self):
        return Affine(self.weights, np.zeros(self.weights.shape[1], np.float32))

    @functools.cached_property
    def _is_free(self):
        """1 for weights of columns on later ones, 0 for all others, like ``weights``."""
        before = self.layout.code_columns[:, None] < self.layout.input_columns
        return before.astype(np.float32)
