"""Conditionals in a row."""

from dataclasses import dataclass

import numpy as np

from ..layers import Conditional


@dataclass(frozen=True)
class Chain:
    """p(s_1 | s_0) p(s_2 | s_1) ...: each child is the parent of the next.

    conditionals : one for each child; layers : the number of each child's layer, 0 for the data.
    A *path* is (s_0, s_1, ..., s_n); s_0 is None when the first conditional is a prior. Paths may
    have fewer rows at the start than at the end: particles then share their parents.
    """

    conditionals: tuple[Conditional, ...]
    layers: tuple[int, ...]

    def sample(self, start, draws, log_prob, work=np, eta=None):
        """Draw a path; the log-probability of each row of children, nats, goes to ``log_prob``.

        eta : the inputs of the first children, where they are known.
        """
        path = [start]
        for conditional, layer in zip(self.conditionals, self.layers, strict=True):
            if eta is None or len(path) > 1:
                eta = conditional.eta(path[-1], work)
            path.append(conditional.sample(eta, draws, layer, log_prob, work))
        return tuple(path)

    def log_prob(self, path, log_prob, work=np, eta=None):
        """Add the log-probability of each row's children, nats, to ``log_prob``; eta : as above."""
        for conditional, parents, child in zip(self.conditionals, path[:-1], path[1:], strict=True):
            known, eta = eta, None
            inputs = conditional.eta(parents, work) if known is None else known
            conditional.log_prob(child, inputs, log_prob, work)

    def means(self, start, work=np):
        """Expected children, each given the *expected* values of its parents."""
        means = []
        for conditional in self.conditionals:
            start = conditional.mean(start, work)
            means.append(start)
        return means
