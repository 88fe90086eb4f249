"""The parameters of a Helmholtz machine of binary units as float32 tensors, and Adam on them."""

import itertools
import math

import torch


class Net:
    """Parameters of both nets, their gradients and Adam's moments, each in two vectors.

    One vector holds all weights and one all intercepts, since only the weights are penalised: a
    step of Adam is then two calls of PyTorch's fused kernel, whatever the number of layers.

    n_units : units of each layer from the data upward; rate : the learning rate; decay : strength
    of the penalty ``decay / 2 |W|^2``. down, up, down_bias, up_bias : lists of views from the data
    upward, down[l] of shape (n_units[l + 1], n_units[l]), up[l] of shape (n_units[l],
    n_units[l + 1]); the lists in ``gradient`` have the same names and shapes.
    """

    def __init__(self, n_units, rate=3e-3, decay=1e-4, seed=0):
        self.n_units, self.rate, self.decay = tuple(n_units), rate, decay
        pairs = list(itertools.pairwise(n_units))
        shapes = {
            "down": [(above, below) for below, above in pairs],
            "up": pairs,
            "down_bias": [(n,) for n in n_units],
            "up_bias": [(n,) for n in n_units[1:]],
        }
        self.vectors, views = _pack(shapes)
        self.down, self.up, self.down_bias, self.up_bias = views.values()
        self.gradients, views = _pack(shapes)
        self.gradient = dict(views)
        self._first, self._second = ([torch.zeros_like(v) for v in self.vectors] for _ in range(2))
        self._steps = [torch.zeros(()) for _ in self.vectors]
        generator = torch.Generator().manual_seed(seed)
        for weights in self.down + self.up:
            limit = math.sqrt(6 / sum(weights.shape))
            weights.uniform_(-limit, limit, generator=generator)

    def ascend(self):
        """Move all parameters along their gradients by one step of Adam."""
        for i, decay in enumerate((self.decay, 0.0)):
            torch._fused_adam_(
                [self.vectors[i]], [self.gradients[i]], [self._first[i]], [self._second[i]], [],
                [self._steps[i].add_(1)], lr=self.rate, beta1=0.9, beta2=0.999, weight_decay=decay,
                eps=1e-8, amsgrad=False, maximize=True,
            )  # fmt: skip

    def arrays(self):
        """Copies of the parameters by the names of `HelmholtzMachine.from_parameters`."""
        return arrays(self)


def arrays(net):
    """Copies of the parameters of any net by the names of `HelmholtzMachine.from_parameters`."""
    names = ("generative_coefs", "recognition_coefs")
    names += ("generative_intercepts", "recognition_intercepts")
    lists = (net.down, net.up, net.down_bias, net.up_bias)
    return {
        name: [t.numpy().copy() for t in tensors]
        for name, tensors in zip(names, lists, strict=True)
    }


def _pack(shapes):
    """Two vectors of zeros, weights and intercepts, and lists of views of them by name."""
    vectors, views = [], {}
    for names in (("down", "up"), ("down_bias", "up_bias")):
        sizes = [math.prod(shape) for name in names for shape in shapes[name]]
        vectors.append(torch.zeros(sum(sizes)))
        parts = iter(vectors[-1].split(sizes))
        for name in names:
            views[name] = [next(parts).view(shape) for shape in shapes[name]]
    return vectors, views
