"""The conditional distribution of a layer given the layer of its parents."""

from dataclasses import dataclass

import numpy as np

from .. import _tree
from .._keys import Draws, layer_word
from ..rows import Lists
from ..units import Ability, Units
from .lateral import Lateral
from .map import Map
from .references import References

_LINEAR = frozenset({Ability.LEARN_EXACTLY, Ability.MEAN_FIELD})  # which are of weighted sums
_WIDE = 2**21  # inputs of all units and rows, 8 MB, that no cache holds beside all else
_NO_WEIGHTS = np.empty(0, np.float32)


@dataclass(frozen=True)
class Conditional:
    """p(child | parents): units whose inputs are a map of the parents.

    Where the map has no inputs it is a prior. With ``lateral`` weights the inputs of a unit also
    depend on the units of the same layer before it, p(child | parents) =
    prod_i p(x_i | x_1, ..., x_{i-1}, parents); a missing value is then a parent of later units,
    and has to be drawn.
    """

    map: Map
    units: Units
    lateral: Lateral | None = None

    is_normalised = True  # whether log-probabilities are known, and children can be drawn

    @property
    def n_units(self):
        """Number of the inputs of its units."""
        return self.map.n_outputs

    @property
    def n_parameters(self):
        """Free parameters: those that no others make up for."""
        own = sum(leaf.size for part in (self.map, self.units) for leaf in _tree.leaves(part))
        redundant = self.map.n_terms * self.units.n_redundant_inputs()
        return own - redundant + (0 if self.lateral is None else self.lateral.n_parameters)

    @property
    def n_connections(self):
        """Weights to the parents."""
        return self.map.n_products

    def lacks(self, ability, is_hidden):
        """Reason, in words, for which the layer lacks an `Ability`; None where it has it."""
        units = self.units
        if self.lateral is not None and self.lateral.nade is not None and ability in _LINEAR:
            return "its units depend on earlier ones by way of deterministic units"
        if ability not in (units.hidden_abilities if is_hidden else units.visible_abilities):
            return f"its units are {units.name.capitalize()}"
        return None if ability in self.map.abilities else f"its map is {self.map.kind}"

    def completes(self, ability):
        """Whether an ability reaches to missing children, on which others may depend."""
        return self.lateral is None or ability in self.lateral.missing(self.units).abilities

    def eta(self, parents, work=np, out=None):
        """Inputs that parents make, (n_rows, n_units); one row for a prior."""
        return self.map.forward(parents, work, out)

    def eta_near(self, parents, references, n_near, work=np, out=None):
        """Inputs that parents make, and those that `References` do, where they are sure.

        The first parents are ``n_near`` near each of these. Without any, or where there is nothing
        to be gained by them, the latter are None.
        """
        if references is None or not self._takes(parents):
            return self.eta(parents, work, out), None
        return self.map.forward_near(parents, references, n_near, work, out)

    def eta_over(self, children, parents, references, n_near, work=np):
        """Inputs that parents make, as of `eta_near`, where children are like these.

        Those of lists come from tables: whether they are many enough to `visit` is no matter then.
        """
        if isinstance(children, Lists):
            references = None
        return self.eta_near(parents, references, n_near, work)[0]

    def _takes(self, parents):
        """Whether sums of these may be those of others and some flips."""
        is_binary = isinstance(parents, np.ndarray) and parents.dtype == np.uint8
        return is_binary and self.map.is_affine and self.map.n_inputs > 0

    def references(self, eta, n_particles, below=None, work=np):
        """`References` of its units with some inputs, made by those of the layer below; or None."""
        if eta is None or not self.units.is_binary or self.lateral is not None:
            return None
        return References.of(eta, n_particles, below, work)

    def given(self, children, eta, work=np):
        """Inputs of all units given all children, from those that parents make.

        Where there are lateral weights ``eta`` is used up.
        """
        if self.lateral is None:
            return eta
        return self.lateral.add(self.units.shown(children), eta, work)

    def shifts(self, children):
        """Sums that children (n_rows, n_units) add to the inputs of later ones, float64."""
        return self.lateral.shifts(self.units.shown(children))

    def mean(self, parents, work=np):
        """Expected children, (n_rows, n_units).

        With lateral weights, a unit sees the *expected* values of the units before it.
        """
        eta = self.eta(parents, work)
        if self.lateral is None:
            return self.units.mean(eta, work)
        return self.lateral.means(self.units, eta, work)

    def sample(self, eta, draws, layer, log_prob, work=np, out=None):
        """Draw children, (draws.n_rows, n_units), and add their log-probability (nats).

        eta : inputs that parents make, one row for neighbouring rows of children.
        """
        if self.lateral is None:
            return self.units.sample(eta, draws, layer, log_prob, work, out)
        states, eta = self.lateral.sample(self.units, eta, draws, layer, work, out)
        self.units.log_prob(states, eta, log_prob)
        return states

    def draw(self, eta, draws, layer, work=np, out=None):
        """Draw children as `sample` does, without their log-probability."""
        if self.lateral is None:
            return self.units.draw(eta, draws, layer, work, out)
        return self.lateral.sample(self.units, eta, draws, layer, work, out)[0]

    def log_prob(self, children, eta, log_prob, work=np):
        """Add the log-probability of each row of children, nats, to ``log_prob``.

        eta : inputs that parents make; with lateral weights it is used up.
        """
        self.units.log_prob(children, self.given(children, eta, work), log_prob)

    def observe(self, block, eta, draws, layer, log_prob, work=np):
        """Draw what is missing of a `Block`, and add the log-probability of the rest.

        Returns the children, an array or `Lists`, and the inputs of their units. Without lateral
        weights nothing is drawn: what is missing adds nothing, and no other unit depends on it.
        Otherwise values are drawn autoregressively, each from its own conditional, for each row of
        eta.
        """
        completed = block.values
        if self.lateral is not None and block.has_missing:
            eta = self.lateral.add_known(self.units.shown(block.zero_filled), eta, work)
            completed = self.lateral.complete(self.units, block.dense, eta, draws, layer, work)
        else:
            eta = self.given(block.zero_filled, eta, work)
        self.units.log_prob(block.values, eta, log_prob)
        return completed, eta

    def goes_by_panels(self, n_rows, children):
        """Whether to `visit` so many rows of binary parents, where children are like these.

        Their inputs would be fetched from afar.
        """
        can = self.lateral is None and self.map.is_affine and self.units.visit_panels is not None
        return can and isinstance(children, Lists) and n_rows * self.n_units >= _WIDE

    def is_wide(self, parents, children):
        """Whether to `visit` these parents."""
        return parents.dtype == np.uint8 and self.goes_by_panels(len(parents), children)

    def visit(
        self, parents, children, log_prob, draws=None, layer=0, work=np, weights=None, out=None
    ):
        """Add log-probabilities of children, draw others and write derivatives in one walk.

        Inputs of the units are made and forgotten panel by panel. parents : (n_rows + n_drawn,
        n_parents), those of the children first; children : `Lists`, each of which neighbouring
        rows may share; log_prob : (n_rows,), to which is added; draws : random numbers of those
        that are drawn, or None; weights : (n_rows,) float32 of the derivatives that are written to
        ``out``, or None. Returns the children that were drawn.
        """
        matrix, intercept = self.map.coefficients
        n_drawn = 0 if draws is None else draws.n_rows
        states = work.empty((n_drawn, self.n_units), self.units.dtype)
        nowhere = np.empty((0, self.n_units), np.float32), np.empty(self.n_units, np.float32)
        by_matrix, by_intercept = nowhere if out is None else out.map.coefficients
        draws = draws or Draws(np.zeros(2, np.uint32), np.zeros(0, np.uint64))
        self.units.visit_panels(
            parents, matrix, intercept, *children.lists, draws.key, draws.addresses,
            draws.n_particles, draws.first, layer_word(layer), states, log_prob,
            _NO_WEIGHTS if weights is None else weights, by_matrix, by_intercept,
        )  # fmt: skip
        return states

    def observe_given(
        self, parents, block, draws, layer, log_prob, work=np, references=None
    ):  # fmt: skip
        """Draw what is missing and add log-probabilities as `observe`: the children.

        references : those that all parents are near, or None.
        """
        if self.is_wide(parents, block.values):
            self.visit(parents, block.values, log_prob)
            return block.values
        n_near = 0 if references is None else len(parents) // len(references)
        eta = self.eta_over(block.values, parents, references, n_near, work)
        return self.observe(block, eta, draws, layer, log_prob, work)[0]

    def gradient(self, parents, children, errors, out, weights=None):
        """Write the gradient of ``sum_i weight_i log p(child_i | parents_i)`` to ``out``.

        errors : those that `Units.score` left, (n_rows, n_units), which are used up, or None where
        the layer is wide; weights : (n_rows,) float32, or None where every row counts once.
        """
        if errors is None:
            n = len(parents)
            weights = np.ones(n, np.float32) if weights is None else weights
            self.visit(parents, children, np.zeros(n), weights=weights, out=out)
            return
        self.units.weigh(children, errors, weights, out.units)
        self._pass_on(parents, children, errors, out)

    def learn(self, parents, children, eta, weights, out, add=False):
        """Write the same gradient, from inputs of the units, which are used up.

        Rows of children may share a row of parents and eta. With ``add`` the gradient is added to
        what ``out`` holds, but for lateral weights.
        """
        totals = _tree.leaves(out.units) if add else []
        own = _tree.copy(out.units) if totals else out.units
        errors = self.units.errors(children, eta, weights, own)
        if totals:
            for total, part in zip(totals, _tree.leaves(own), strict=True):
                total += part
        self._pass_on(parents, children, errors, out, add)

    def _pass_on(self, parents, children, errors, out, add=False):
        """Write the derivatives by map and lateral weights; errors : weighted."""
        self.map.gradient(parents, errors, out.map, add)
        if self.lateral is not None:
            self.lateral.gradient(self.units.shown(children), errors, out.lateral)
