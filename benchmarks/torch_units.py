"""Binary units in PyTorch: their random numbers and their log-probabilities, as fast as was found.

One core, 128 rows of 784 units, microseconds; what is used is marked.

=============================================================  =====
`torch.bernoulli` of probabilities                              1300
``torch.rand_like(p) < p``                                       350
``u.uniform_().lt_(p)``                                          294
``u.exponential_()`` (MKL), to compare with softplus(-eta)      2030
`random_` of int64 halved into int32, scaled, ``lt`` (used)      199
the same with four numbers of 16 bits: too coarse                114
NumPy's SFC64 into the tensor's memory, ``lt``                   202
`softplus` of the inputs                                         153
`binary_cross_entropy_with_logits` (unreduced)                   222
`binary_cross_entropy` of probabilities                         2240
sigmoid, product of 4, logarithm of the products (used)           80
=============================================================  =====
"""

import math

import torch

_GROUP = 4  # probabilities whose product is taken before the logarithm
_FEWEST = 100  # units of a layer for which that is worth a call
_WORD, _LOWEST = 2.0**-32 - 2.0**-55, -(2**63)  # so that numbers stay between 0 and 1
# Numbers as tensors: a Python number costs every call 1.5 us for its conversion.
_HALF, _ONE, _MINUS_ONE = (torch.tensor(value) for value in (0.5, 1.0, -1.0))


class Uniforms:
    """Uniform random numbers for all units of a step, drawn together.

    shapes : a list of shapes; parts : a tensor of each shape, new numbers after each `draw`.
    """

    def __init__(self, shapes):
        sizes = [math.prod(shape) for shape in shapes]
        n = sum(sizes)
        self._words = torch.empty((n + 1) // 2, dtype=torch.int64)
        self._integers = self._words.view(torch.int32)[:n]
        self._numbers = torch.empty(n)
        parts = self._numbers.split(sizes)
        self.parts = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]

    def draw(self):
        """New numbers between 0 and 1, made of 32 random bits each, in all parts; returns these."""
        self._words.random_(_LOWEST, None)
        self._numbers.copy_(self._integers)
        torch.add(_HALF, self._numbers, alpha=_WORD, out=self._numbers)
        return self.parts


def log_products(probabilities):
    """Sum of the logarithms of the absolute values in each row of (n_rows, n_units), nats.

    Logarithms are taken of products of 4 in wide layers: right as long as these exceed 1e-38.
    """
    n_rows, n_units = probabilities.shape
    if n_units < _FEWEST or n_units % _GROUP:
        return probabilities.abs().log_().sum(1)
    return probabilities.view(n_rows, _GROUP, -1).prod(1).abs_().log_().sum(1)


def signs(states, out=None):
    """-1 for 0 and 1 for 1."""
    return torch.add(_MINUS_ONE, states, alpha=2, out=out)


def log_sampled(states, p, room):
    """Log-probability of each row of states that were drawn from probabilities p, nats.

    states, room : (n_rows, n_particles, n_units); p : (n_rows, 1 or n_particles, n_units). A state
    has the probability |h + p - 1|; that costs no digits, since improbable states are rare.
    """
    torch.add(states, p - _ONE, out=room)
    return log_products(room.flatten(0, 1))


def explain(child, parent, w, b, sign, error):
    """Log p(child | parent) of each row of parents, nats, and its derivative by the inputs.

    child, sign : (n_rows, n_units), sign being room; parent : (n_rows * n_particles, n_parents);
    error : (n_rows * n_particles, n_units), the derivative. What was seen has the probability
    q = sigmoid(sign * input), and the derivative is sign * (1 - q).
    """
    torch.addmm(b, parent, w, out=error)
    particles, sign = error.view(len(child), -1, child.shape[1]), signs(child, sign).unsqueeze(1)
    particles.mul_(sign).sigmoid_()
    log_p = log_products(error)
    torch.addcmul(sign, sign, particles, value=-1, out=particles)
    return log_p
