"""The memory of L-BFGS: steps, and how gradients changed by them."""

import collections

import numpy as np

_LENGTH = 7


class Memory:
    """The last seven steps and changes of the gradient, arrays of any shape."""

    def __init__(self):
        self._pairs = collections.deque(maxlen=_LENGTH)

    def __bool__(self):
        return bool(self._pairs)

    def clear(self):
        """Forget everything."""
        self._pairs.clear()

    def learn(self, step, change):
        """Remember a step and the change of the gradient, where the loss is convex along it."""
        product = (step * change).sum()
        if product > 1e-12 * np.sqrt((step**2).sum() * (change**2).sum()):
            self._pairs.append((step, change, product))

    def direction(self, gradient, precondition):
        """The product of the inverse Hessian that steps tell with a gradient.

        precondition : the product with what is known of it without them (Nocedal 1980).
        """
        rest, shares = gradient, []
        for step, change, product in reversed(self._pairs):
            shares.append((step * rest).sum() / product)
            rest = rest - shares[-1] * change
        result = precondition(rest)
        for (step, change, product), share in zip(self._pairs, reversed(shares), strict=True):
            result = result + (share - (change * result).sum() / product) * step
        return result
