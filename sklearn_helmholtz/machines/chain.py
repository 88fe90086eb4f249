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

    def sample(self, start, draws, log_prob, work=np, eta=None, references=None):
        """Draw a path; the log-probability of each row of children, nats, goes to ``log_prob``.

        eta : the inputs of the first children, where they are known; references : those that the
        children are near, of each layer, or None.
        """
        path, near = [start], references or [None] * len(self.conditionals)
        links = zip(self.conditionals, self.layers, (None, *near[:-1]), strict=True)
        for conditional, layer, own in links:
            if eta is None or len(path) > 1:
                eta, _ = conditional.eta_near(path[-1], own, draws.n_particles, work)
            path.append(conditional.sample(eta, draws, layer, log_prob, work))
        return tuple(path)

    def log_prob(self, path, log_prob, work=np, eta=None, references=None):
        """Add the log-probability of each row's children, nats, to ``log_prob``.

        eta : as above; references : those that the parents are near, of each layer, or None.
        """
        near = references or [None] * len(self.conditionals)
        links = zip(self.conditionals, path[:-1], path[1:], near, strict=True)
        for conditional, parents, child, own in links:
            known, eta = eta, None
            if own is not None:
                known, _ = conditional.eta_near(parents, own, len(parents) // len(own), work)
            inputs = conditional.eta(parents, work) if known is None else known
            conditional.log_prob(child, inputs, log_prob, work)

    def references(self, eta, n_particles):
        """`References` of the children of each layer, or None where there are none.

        eta : the inputs of the first children, of rows with so many particles each.
        """
        found = []
        for conditional in self.conditionals:
            if found:
                below = found[-1]
                eta = None if below is None else conditional.eta(below.states)
            found.append(conditional.references(eta, n_particles, found[-1] if found else None))
        return found

    def means(self, start, work=np):
        """Expected children, each given the *expected* values of its parents."""
        means = []
        for conditional in self.conditionals:
            start = conditional.mean(start, work)
            means.append(start)
        return means
