"""Wake-sleep and reweighted wake-sleep in PyTorch as a good engineer would write them for speed.

No autograd, inference mode, buffers that are allocated once, products written to their place with
``out=`` and scaled by ``alpha=``, in-place elementwise work, one call for all random numbers of a
step (`torch_units`), one vector for all weights and PyTorch's fused Adam (`torch_net`). Three
quarters of a step are then products at the speed of sgemm. Tried and not used: bfloat16 products
(twice as fast, but the weights keep 8 bits), and `torch.compile` of a functional step (slower, for
its random numbers).
"""

import math

import torch

from .torch_units import Uniforms, explain, log_sampled


class WakeSleep:
    """Steps of wake-sleep for a `Net` on minibatches of ``n_rows`` rows.

    values, dreamt : the layers, from the data upward, of the last wake and the last sleep phase.
    """

    def __init__(self, net, n_rows):
        self.net, self.n_rows = net, n_rows
        shapes = [(n_rows, n) for n in net.n_units]
        self.values, self.dreamt, self._signs, self._errors = (
            [torch.empty(shape) for shape in shapes] for _ in range(4)
        )
        self._uniforms = Uniforms(shapes + shapes[1:])

    @torch.inference_mode()
    def step(self, data, indices):
        """One step on some rows of the data; returns their mean bound before it, nats."""
        bound = self.gradient(data, indices)
        self.net.ascend()
        return float(bound.mean())

    @torch.inference_mode()
    def gradient(self, data, indices):
        """Write the mean gradient of some rows to the net; returns their bounds, nats."""
        torch.index_select(data, 0, indices, out=self.values[0])
        n_layers = len(self.net.n_units)
        numbers = self._uniforms.draw()
        log_q = self._recognise(numbers[n_layers:])
        bound = self._wake().sub_(log_q)
        dream(self.net, numbers[:n_layers], self.dreamt)
        sleep(self.net, self.dreamt, self._errors, 1.0, 0.0)
        self.net.gradients[1].mul_(1 / self.n_rows)
        return bound

    def _recognise(self, numbers):
        net, log_q = self.net, 0
        for layer, (w, b) in enumerate(zip(net.up, net.up_bias, strict=True)):
            h, p = self.values[layer + 1], self._errors[layer + 1]
            torch.addmm(b, self.values[layer], w, out=p).sigmoid_()
            torch.lt(numbers[layer], p, out=h)
            log_q = log_q + log_sampled(h.unsqueeze(1), p.unsqueeze(1), p.unsqueeze(1))
        return log_q

    def _wake(self):
        net, top = self.net, self.values[-1]
        log_p = log_prior(net, top)
        for layer, (w, b) in enumerate(zip(net.down, net.down_bias, strict=False)):
            parent, error = self.values[layer + 1], self._errors[layer]
            log_p += explain(self.values[layer], parent, w, b, self._signs[layer], error)
            net.gradient["down"][layer].addmm_(parent.T, error, beta=0, alpha=1 / self.n_rows)
            torch.sum(error, 0, out=net.gradient["down_bias"][layer])
        prior = net.down_bias[-1].sigmoid()
        torch.sum(top, 0, out=net.gradient["down_bias"][-1]).sub_(prior, alpha=self.n_rows)
        return log_p


class Reweighted:
    """Steps of reweighted wake-sleep for a `Net` on minibatches of ``n_rows`` rows.

    The generative net moves along ``sum_k w_k d log p(x, h_k)`` with self-normalised weights, the
    recognition net along the mean of ``sum_k w_k d log q(h_k | x)`` and its sleep step. The first
    recognition layer is computed once for each row, not for each particle: forward, and in the
    gradient, whose weighted errors are summed before the product with the row. Weights enter
    through the parents of a product (200 columns) and not through its errors (784).

    values : x, and the particles of each row side by side, of the last wake phase; weights :
    (n_rows, n_particles); dreamt : the layers of the last sleep phase, one dream for each row.
    """

    def __init__(self, net, n_rows, n_particles):
        self.net, self.n_rows, self.n_particles = net, n_rows, n_particles
        rows = [(n_rows, n) for n in net.n_units]
        particles = [(n_rows * n_particles, n) for n in net.n_units]
        self.values, self._signs = (
            [torch.empty(shape) for shape in rows[:1] + particles[1:]] for _ in range(2)
        )
        self._weighted, self._up_errors, self._down_errors = (
            [torch.empty(shape) for shape in particles] for _ in range(3)
        )
        self.dreamt, self._errors = ([torch.empty(shape) for shape in rows] for _ in range(2))
        self._shared = torch.empty(rows[1])
        self._uniforms = Uniforms(rows + particles[1:])

    @torch.inference_mode()
    def step(self, data, indices):
        """One step on some rows of the data; returns their mean bound before it, nats."""
        bound = self.gradient(data, indices)
        self.net.ascend()
        return float(bound.mean())

    @torch.inference_mode()
    def gradient(self, data, indices):
        """Write the mean gradient of some rows to the net; returns their bounds, nats."""
        torch.index_select(data, 0, indices, out=self.values[0])
        n_layers = len(self.net.n_units)
        numbers = self._uniforms.draw()
        log_q = self._recognise(numbers[n_layers:])
        log_weights = self._explain().sub_(log_q).view(self.n_rows, self.n_particles)
        self.weights = log_weights.softmax(1)
        for h, weighted in zip(self.values[1:], self._weighted[1:], strict=True):
            torch.mul(h, self.weights.view(-1, 1), out=weighted)
        self._teach_generation()
        self._teach_recognition()
        dream(self.net, numbers[:n_layers], self.dreamt)
        sleep(self.net, self.dreamt, self._errors, 0.5, 1.0)
        self.net.gradients[1].mul_(1 / self.n_rows)
        return log_weights.logsumexp(1).sub_(math.log(self.n_particles))

    def _of_rows(self, tensor):
        """A view (n_rows, n_particles, n_units) of the particles in a tensor."""
        return tensor.view(self.n_rows, self.n_particles, -1)

    def _recognise(self, numbers):
        net = self.net
        shared = torch.addmm(net.up_bias[0], self.values[0], net.up[0], out=self._shared).sigmoid_()
        shared, room = shared.unsqueeze(1), self._of_rows(self._weighted[1])
        h = torch.lt(self._of_rows(numbers[0]), shared, out=self._of_rows(self.values[1]))
        log_q = log_sampled(h, shared, room)
        for layer in range(1, len(net.up)):
            p, room = self._up_errors[layer + 1], self._of_rows(self._weighted[layer + 1])
            torch.addmm(net.up_bias[layer], self.values[layer], net.up[layer], out=p).sigmoid_()
            h = torch.lt(numbers[layer], p, out=self.values[layer + 1])
            log_q += log_sampled(self._of_rows(h), self._of_rows(p), room)
            torch.sub(h, p, out=p)
        return log_q

    def _explain(self):
        """Log p(x, h) of each particle, nats; leaves the errors of the generative net behind."""
        net, top = self.net, self.values[-1]
        log_p = log_prior(net, top)
        for layer, (w, b) in enumerate(zip(net.down, net.down_bias, strict=False)):
            child, parent = self.values[layer], self.values[layer + 1]
            log_p += explain(child, parent, w, b, self._signs[layer], self._down_errors[layer])
        return log_p

    def _teach_generation(self):
        net, weights = self.net, self.weights.view(-1)
        for layer, error in enumerate(self._down_errors[:-1]):
            gradient, parent = net.gradient["down"][layer], self._weighted[layer + 1]
            gradient.addmm_(parent.T, error, beta=0, alpha=1 / self.n_rows)
            torch.mv(error.T, weights, out=net.gradient["down_bias"][layer])
        prior, bias = net.down_bias[-1].sigmoid(), net.gradient["down_bias"][-1]
        torch.sum(self._weighted[-1], 0, out=bias).sub_(prior, alpha=self.n_rows)

    def _teach_recognition(self):
        """Half the wake step of the recognition net; the weights of a row sum to 1."""
        gradient, biases = self.net.gradient["up"], self.net.gradient["up_bias"]
        half = 0.5 / self.n_rows
        error = self._of_rows(self._weighted[1]).sum(1).sub_(self._shared)
        gradient[0].addmm_(self.values[0].T, error, beta=0, alpha=half)
        torch.sum(error, 0, out=biases[0]).mul_(0.5)
        for layer in range(1, len(gradient)):
            error = self._up_errors[layer + 1]
            gradient[layer].addmm_(self._weighted[layer].T, error, beta=0, alpha=half)
            torch.mv(error.T, self.weights.view(-1), out=biases[layer]).mul_(0.5)


def log_prior(net, top):
    """Log p(top) of each row of the top layer, nats."""
    b = net.down_bias[-1]
    return torch.mv(top, b).sub_(torch.nn.functional.softplus(b).sum())


def dream(net, numbers, out):
    """Ancestral samples in the tensors ``out``, from the data upward, by uniform numbers."""
    torch.lt(numbers[-1], net.down_bias[-1].sigmoid(), out=out[-1])
    for layer in range(len(net.down) - 1, -1, -1):
        p = torch.addmm(net.down_bias[layer], out[layer + 1], net.down[layer]).sigmoid_()
        torch.lt(numbers[layer], p, out=out[layer])


def sleep(net, dreamt, errors, share, keep):
    """Add ``share`` of the sleep step of the recognition net to ``keep`` times its gradient."""
    layers = zip(net.up, net.up_bias, net.gradient["up"], net.gradient["up_bias"], strict=True)
    for layer, (w, b, gradient, bias) in enumerate(layers):
        below, error = dreamt[layer], errors[layer + 1]
        torch.addmm(b, below, w, out=error).sigmoid_()
        torch.sub(dreamt[layer + 1], error, out=error)
        gradient.addmm_(below.T, error, beta=keep, alpha=share / len(below))
        bias.mul_(keep).add_(error.sum(0), alpha=share)
