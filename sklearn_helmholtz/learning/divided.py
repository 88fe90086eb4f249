"""The optimiser of deep belief nets: Adam for directed layers, plain steps for the undirected top.

Chains have to keep up with what they follow. Adam moves every weight by the learning rate, however
small its gradient, and leaves them behind.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np

from .. import _tree
from .._kernels.teams import counters
from .optimizers import SGD, Adam


@dataclass(frozen=True)
class Divided:
    """Adam with one learning rate, and stochastic gradient ascent with another for the top.

    share : the rate of the top in units of the other one; decay, lasso, concavity : of the penalty
    on directed weights; lateral : the same of the weights of the top, which has none of its own
    kind here. The state is Adam's, with nothing in the places of the top.
    """

    share: float
    decay: float = 0.0
    lasso: float = 0.0
    concavity: float = 0.0
    lateral: tuple | None = None

    is_shared = makes_runs = False

    def init(self, n_parameters):
        """The state, as of `Adam`."""
        return Adam().init(n_parameters)

    def move(self, parameters, gradient, scale, rate, state, progress, share):
        """Move the packed parameters of a `DeepBelief` machine, part by part."""
        first, second, count = state
        total = gradient[0] if len(gradient) == 1 else gradient.sum(axis=0)
        adam = Adam(self.decay, self.lasso, self.concavity)
        sgd = SGD(0.0, *(self.lateral or (0.0, 0.0, 0.0)))
        for start, stop, is_top in _segments(parameters):
            place = slice(start, stop)
            part = _part(parameters, place)
            state = first[place], second[place], count
            optimizer, own_rate = (sgd, self.share * rate) if is_top else (adam, rate)
            optimizer.move(part, total[None, place], scale, own_rate, state, counters(1), 0)

    def end(self, state):
        """Count the move."""
        state[2][0] += 1


def _segments(parameters):
    """Triples (start, stop, whether of the top) that the packed vector consists of, in its order.

    No segment has weights, which are penalised, and other parameters.
    """
    top = {id(leaf) for leaf in _tree.leaves(parameters.tree.top)}
    leaves = _tree.leaves(parameters.tree)
    order = np.argsort(parameters.starts, kind="stable")
    starts = [int(start) for start in parameters.starts[order]]
    stops = [*starts[1:], len(parameters.vector)]
    kinds = [(id(leaves[i]) in top, starts[k] < parameters.ends[0]) for k, i in enumerate(order)]
    for kind, group in itertools.groupby(range(len(order)), key=lambda k: kinds[k]):
        places = list(group)
        yield starts[places[0]], stops[places[-1]], kind[0]


def _part(parameters, place):
    """A segment of packed parameters, all of which are penalised, or none."""
    ends = np.full(2, place.stop - place.start if place.start < parameters.ends[0] else 0)
    return replace(parameters, vector=parameters.vector[place], ends=ends)
