"""A net of binary units in PyTorch, as a good engineer writes it who does not count microseconds.

No autograd, updates in place, products as large as they can be; but PyTorch's own Bernoulli numbers
and softplus, and a new tensor for every result. `torch_net` and `torch_units` are what comes of
measuring every call and replacing the slow ones.
"""

import itertools

import torch
from torch.nn.functional import linear, softplus

from .torch_net import arrays


class PlainNet:
    """Parameters of both nets as lists of tensors, what they compute, and Adam.

    Layers are tensors (n_rows, n_units), or (n_rows, n_particles, n_units).

    n_units, rate, decay, down, up, down_bias, up_bias, gradient : as in `torch_net.Net`.
    """

    def __init__(self, n_units, rate=3e-3, decay=1e-4, seed=0):
        self.n_units, self.rate, self.decay, self._t = tuple(n_units), rate, decay, 0
        generator = torch.Generator().manual_seed(seed)
        pairs = list(itertools.pairwise(n_units))
        self.down = [_uniform(above, below, generator) for below, above in pairs]
        self.up = [_uniform(below, above, generator) for below, above in pairs]
        self.down_bias = [torch.zeros(n) for n in n_units]
        self.up_bias = [torch.zeros(n) for n in n_units[1:]]
        names = ("down", "up", "down_bias", "up_bias")
        self.gradient = {name: [torch.zeros_like(p) for p in vars(self)[name]] for name in names}
        self._weights = self.down + self.up
        self._parameters = self._weights + self.down_bias + self.up_bias
        self._first = [torch.zeros_like(p) for p in self._parameters]
        self._second = [torch.zeros_like(p) for p in self._parameters]

    def recognise(self, x, shape):
        """The layers sampled upward from x, their probabilities, and log q(h | x), nats.

        x : (n_rows, n_features) for shape (n_rows,), or (n_rows, 1, n_features) for shape (n_rows,
        n_particles): the first hidden layer's inputs belong to a row and are shared.
        """
        values, probabilities, log_q = [x], [], 0
        for w, b in zip(self.up, self.up_bias, strict=True):
            eta = linear(values[-1], w.T, b)
            p = eta.sigmoid()
            h = torch.bernoulli(p.expand(*shape, -1))
            log_q = log_q + log_prob(h, eta)
            values.append(h)
            probabilities.append(p)
        return values, probabilities, log_q

    def explain(self, values):
        """The inputs of every layer but the top one, given the layer above."""
        layers = zip(values[1:], self.down, self.down_bias, strict=False)
        return [linear(parent, w.T, b) for parent, w, b in layers]

    def log_joint(self, values, inputs):
        """Log p(x, h) of each row or particle, nats, from what `explain` returned."""
        log_p = log_prob(values[-1], self.down_bias[-1])
        for child, eta in zip(values, inputs, strict=False):
            log_p += log_prob(child, eta)
        return log_p

    def dream(self, n):
        """The layers sampled downward from the prior, from the data upward, (n, n_units) each."""
        dreamt = [torch.bernoulli(self.down_bias[-1].sigmoid().expand(n, -1))]
        for w, b in zip(reversed(self.down), reversed(self.down_bias[:-1]), strict=True):
            dreamt.append(torch.bernoulli(torch.addmm(b, dreamt[-1], w).sigmoid_()))
        return dreamt[::-1]

    def ascend(self):
        """Move all parameters along their gradients by one step of Adam."""
        self._t += 1
        gradients = list(itertools.chain(*self.gradient.values()))
        torch._foreach_add_(gradients[: len(self._weights)], self._weights, alpha=-self.decay)
        torch._foreach_lerp_(self._first, gradients, 0.1)
        torch._foreach_mul_(self._second, 0.999)
        torch._foreach_addcmul_(self._second, gradients, gradients, 0.001)
        correction = (1 - 0.999**self._t) ** 0.5
        step = self.rate * correction / (1 - 0.9**self._t)
        roots = torch._foreach_sqrt(self._second)
        torch._foreach_add_(roots, 1e-8 * correction)
        torch._foreach_addcdiv_(self._parameters, self._first, roots, step)

    def arrays(self):
        """Copies of the parameters by the names of `HelmholtzMachine.from_parameters`."""
        return arrays(self)


def log_prob(states, eta):
    """Log-probability of binary states under inputs eta, summed over units, nats."""
    return states.mul(eta).sub_(softplus(eta)).sum(-1)


def _uniform(n_in, n_out, generator):
    limit = (6 / (n_in + n_out)) ** 0.5
    return torch.empty(n_in, n_out).uniform_(-limit, limit, generator=generator)
