"""Memory of what teaches a deep Boltzmann machine."""

import numpy as np

from ..inference import side_means
from ..rows import Block
from .chains import Centre, ChainMemory, data_means
from .memory import RowMemory


class DeepChainMemory(ChainMemory):
    """As `ChainMemory`, where every row has something that is not observed.

    What is kept of a row is its odd side, from which that follows: states of a chain, or means. The
    centre has means of all hidden units: of the odd layers, and after them of the even ones.

    dtype : of what is kept, uint8 for states, float32 for means.
    """

    def __init__(self, machine, rows, chains_of, centred, dtype):
        super().__init__(machine, rows, chains_of)
        self._gaps = RowMemory(rows.data.shape[0], [(machine.n_units[1],)], [dtype])
        if centred:
            self._visible_means = data_means(rows)

    def _first_means(self, machine):
        """Means of all hidden units that an average row makes."""
        means = side_means(machine, Block(self._visible_means[None].astype(np.float32)))
        both = means.odd[0], means.even[0, machine.n_features :]
        return np.concatenate(both).astype(np.float64)


def sides_of_centre(machine, centre):
    """The `Centre` of both sides of a machine, of one that has the means of all hidden units."""
    odd, even = np.split(centre.hidden, [machine.n_units[1]])
    return Centre(np.concatenate([centre.visible, even]), odd)
