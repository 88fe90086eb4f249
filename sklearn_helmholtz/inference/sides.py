"""The ways to go about both sides of a Boltzmann machine, by the kind of its data."""

from ..machines import GaussianBoltzmann, MixedBoltzmann
from .bipartite import Bipartite, log_totals_of_rows
from .block_gibbs import BlockGibbs
from .column_states import ColumnEnumeration, column_totals
from .enumerated_sides import EnumeratedSides
from .gaussian_block_gibbs import GaussianBlockGibbs
from .gaussian_sides import GaussianSides, HiddenSide, integrated_totals
from .mixed_block_gibbs import MixedBlockGibbs
from .mixed_sides import MixedSides


def enumeration_of(machine):
    """A `Bipartite`, `HiddenSide` or `ColumnEnumeration`: what knows all states of a machine."""
    return _of(machine, Bipartite, HiddenSide, ColumnEnumeration).of(machine)


def chains_of(machine):
    """Chains that move a whole side of a machine at a time, at any inverse temperature."""
    return _of(machine, BlockGibbs, GaussianBlockGibbs, MixedBlockGibbs)(machine)


def sides_of(machine, seed=None):
    """Both sides given what is observed, exactly: see `EnumeratedSides`."""
    return _of(machine, EnumeratedSides, GaussianSides, MixedSides)(machine, seed)


def totals_of_rows(machine, inputs, missing):
    """Log of the sums, or integrals, over what is missing of rows and all h, (n_rows,) nats.

    See `log_totals_of_rows`.
    """
    find = _of(machine, log_totals_of_rows, integrated_totals, column_totals)
    return find(machine, inputs, missing)


def _of(machine, of_bits, of_reals, of_columns):
    if isinstance(machine, MixedBoltzmann):
        return of_columns
    return of_reals if isinstance(machine, GaussianBoltzmann) else of_bits
